#include "config.h"

#include "worker/sim/stats.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/fd.h"
#include "worker/sim/data.h"
#include "shared/poison.h"

/* The statuses in the order of stats.status; the last place counts all others. */
static const int statuses[STATS_STATUSES] = {
    200, 302, 400, 401, 403, 404, 405, 413, 414, 429, 431, 500, 501, 503, 505};

#define ROW(member) {#member, offsetof(struct stats, member)}

static const struct {
	const char *name;
	size_t offset;
} counters[] = {
    ROW(connects),
    ROW(connects_refused),
    ROW(requests),
    ROW(requests_bad),
    ROW(answers),
    ROW(rate_limited),
    ROW(hostile),
    ROW(reboots),
    ROW(panics),
    ROW(ws_upgrades),
    ROW(ws_upgrades_refused),
    ROW(ws_sessions),
    ROW(ws_rejected_cooldown),
    ROW(ws_rejected_overlap),
    ROW(ws_rejected_limit),
    ROW(ws_disconnects),
    ROW(ws_shed),
    ROW(ws_messages),
    ROW(ws_binaries),
    ROW(ws_pings),
    ROW(ws_pongs),
    ROW(ws_closes),
    ROW(ws_faults),
    ROW(ws_replies),
    ROW(ws_errors),
    ROW(ws_rate_limited),
    ROW(ws_unanswered),
    ROW(ws_broadcasts),
    ROW(ws_dropped),
    ROW(ws_parse_errors),
    ROW(ws_oversize),
    ROW(ws_unknown),
    ROW(console_lines),
    ROW(console_bytes),
    ROW(console_dropped),
    ROW(console_noise),
};

void
stats_status(struct stats *s, int status)
{
	int i;

	for (i = 0; i < STATS_STATUSES - 1 && statuses[i] != status; i++)
		;
	s->status[i]++;
	s->answers++;
}

void
stats_sample(struct stats_series *s, int64_t value)
{
	if (s->samples == 0 || value < s->min)
		s->min = value;
	if (s->samples == 0 || value > s->max)
		s->max = value;
	s->samples++;
	s->sum += value;
}

static void
add_series(cJSON *root, const char *name, const struct stats_series *s)
{
	cJSON *o = cJSON_AddObjectToObject(root, name);

	cJSON_AddNumberToObject(o, "samples", (double)s->samples);
	cJSON_AddNumberToObject(o, "min", (double)s->min);
	cJSON_AddNumberToObject(o, "max", (double)s->max);
	cJSON_AddNumberToObject(o, "sum", (double)s->sum);
}

static char *
stats_json(const struct stats *s)
{
	cJSON *root = cJSON_CreateObject(), *o;
	char name[16], *text;
	size_t i;

	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		cJSON_AddNumberToObject(root, counters[i].name,
		    (double)*(const int64_t *)(const void *)((const char *)s + counters[i].offset));
	o = cJSON_AddObjectToObject(root, "by_path");
	for (i = 0; i < STATS_PATHS; i++)
		cJSON_AddNumberToObject(o, data_path_name((int)i), (double)s->path[i]);
	o = cJSON_AddObjectToObject(root, "by_status");
	for (i = 0; i < STATS_STATUSES; i++) {
		snprintf(name, sizeof(name), "%d", statuses[i]);
		if (s->status[i] > 0)
			cJSON_AddNumberToObject(o, statuses[i] == 0 ? "other" : name, (double)s->status[i]);
	}
	o = cJSON_AddObjectToObject(root, "by_command");
	for (i = 0; i < STATS_COMMANDS; i++)
		cJSON_AddNumberToObject(o, data_command_name((int)i), (double)s->ws_command[i]);
	add_series(root, "console_internal", &s->console_internal);
	add_series(root, "console_largest", &s->console_largest);
	text = cJSON_Print(root);
	cJSON_Delete(root);
	return text;
}

int
stats_write(const struct stats *s, const char *path, struct err *e)
{
	char temp[1024], *text = stats_json(s);
	int fd = -1, rc = -1;

	if (text == NULL)
		return err_set(e, "cannot write %s: out of memory", path);
	if (snprintf(temp, sizeof(temp), "%s.part", path) >= (int)sizeof(temp)) {
		err_set(e, "cannot write %s: the name is too long", path);
		goto out;
	}
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd == -1 || fd_write_all(fd, text, strlen(text)) == -1 ||
	    fd_write_all(fd, "\n", 1) == -1 || rename(temp, path) == -1)
		err_set(e, "cannot write %s: %s", path, strerror(errno));
	else
		rc = 0;
out:
	fd_close(&fd);
	free(text);
	return rc;
}
