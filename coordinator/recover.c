/*
 * Reads records through one bounded buffer and believes none before its length, its CRC-32C, its
 * msgpack and its sense were checked; the first that fails ends the reading.
 */
#include "config.h"

#include "coordinator/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coordinator/journal.h"
#include "shared/crc32c.h"
#include "shared/fd.h"
#include "shared/frame.h"
#include "shared/text.h"
#include "shared/poison.h"

#define BUFFER (1024 * 1024)
#define PREFIX 8
#define HEAD 4
#define PLAN_TEXT_MAX (256 * 1024)

struct reader {
	int fd;
	size_t start, end;
	int64_t taken;		/* bytes of the file in good records */
	char *plan;
	size_t plan_len;
	int64_t plan_parts;	/* that have come */
	struct recovered *out;
	uint8_t buf[BUFFER];
};

static uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Make n bytes available at buf + start. 1, 0 when the file ends before, -1 with e. */
static int
need(struct reader *r, size_t n, struct err *e)
{
	ssize_t got;

	if (r->end - r->start < n && r->start > 0) {
		memmove(r->buf, r->buf + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	while (r->end - r->start < n) {
		got = read(r->fd, r->buf + r->end, sizeof(r->buf) - r->end);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return err_set(e, "%s", strerror(errno));
		if (got == 0)
			return 0;
		r->end += (size_t)got;
	}
	return 1;
}

static int
take_plan_part(struct reader *r, const struct msg_run *m, struct err *e)
{
	struct plan plan;

	if (r->out->aggregate != NULL || m->part != r->plan_parts || m->parts <= m->part ||
	    r->plan_len + m->data.len > PLAN_TEXT_MAX)
		return err_set(e, "a part of the plan that does not fit");
	memcpy(r->plan + r->plan_len, m->data.p, m->data.len);
	r->plan_len += m->data.len;
	r->plan_parts++;
	if (r->plan_parts < m->parts)
		return 0;
	if (plan_decode(r->plan, r->plan_len, &plan, e) == -1)
		return -1;
	r->out->aggregate = aggregate_new(&plan);
	return r->out->aggregate == NULL ? err_set(e, "out of memory") : 0;
}

static int
take_record(struct reader *r, const uint8_t *p, size_t len, struct err *e)
{
	struct record rec = {p[0], p[1] == 0xff ? -1 : p[1], p[2] << 8 | p[3], {0}};

	if (frame_walk(p + HEAD, len - HEAD, e) == -1 ||
	    proto_decode(p + HEAD, len - HEAD, &rec.msg, e) == -1)
		return -1;
	if (rec.msg.type == MSG_RUN)
		return take_plan_part(r, &rec.msg.u.run, e);
	if (r->out->aggregate == NULL)
		return err_set(e, "a record before the plan");
	return aggregate_apply(r->out->aggregate, &rec, e);
}

/* 1 a record was taken, 0 the file is at its end, -1 with e what is not a record. */
static int
next_record(struct reader *r, struct err *e)
{
	uint32_t len;
	int rc = need(r, PREFIX, e);

	if (rc != 1)
		return rc == 0 && r->end > r->start ? err_set(e, "a record that is cut") : rc;
	len = get_u32(r->buf + r->start);
	if (len < HEAD || len > HEAD + FRAME_PAYLOAD_MAX)
		return err_set(e, "a record of %" PRIu32 " bytes", len);
	rc = need(r, PREFIX + len, e);
	if (rc != 1)
		return rc == 0 ? err_set(e, "a record that is cut") : -1;
	if (crc32c(0, r->buf + r->start + PREFIX, len) != get_u32(r->buf + r->start + 4))
		return err_set(e, "a record whose checksum is wrong");
	if (take_record(r, r->buf + r->start + PREFIX, len, e) == -1)
		return -1;
	r->start += PREFIX + len;
	r->taken += (int64_t)(PREFIX + len);
	r->out->records++;
	return 1;
}

static int
read_all(struct reader *r, const char *path, struct err *e)
{
	struct err why = {""};
	int rc;

	if (need(r, JOURNAL_MAGIC_LEN, &why) != 1 ||
	    memcmp(r->buf, JOURNAL_MAGIC, JOURNAL_MAGIC_LEN) != 0)
		return err_set(e, "%s is not a journal of lwstress-coord%s%s", path,
		    why.text[0] != '\0' ? ": " : "", why.text);
	r->start = (size_t)(r->taken = JOURNAL_MAGIC_LEN);
	while ((rc = next_record(r, &why)) == 1)
		;
	r->out->good_bytes = r->taken;
	if (rc == -1)
		text_copy(r->out->damage, sizeof(r->out->damage), why.text);
	if (r->out->aggregate == NULL)
		return err_set(e,
		    "%s ends before its plan is whole%s%s: nothing can be recovered", path,
		    rc == -1 ? ", with " : "", why.text);
	return 0;
}

static void
note_damage(struct recovered *out)
{
	struct record note = {0, -1, 0, {.type = MSG_NOTE, .seq = 1}};
	char text[PROTO_TEXT_MAX];

	if (out->damage[0] == '\0')
		return;
	snprintf(text, sizeof(text),
	    "recovered from the first %" PRId64 " of %" PRId64
	    " bytes of the journal; behind them stands %.120s",
	    out->good_bytes, out->file_bytes, out->damage);
	note.msg.u.note.text = (struct span){(const uint8_t *)text, strlen(text)};
	aggregate_apply(out->aggregate, &note, NULL);
}

int
recover_read(const char *path, struct recovered *out, struct err *e)
{
	struct reader *r = calloc(1, sizeof(*r));
	struct stat st;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (r == NULL)
		return err_set(e, "out of memory");
	r->out = out;
	r->plan = malloc(PLAN_TEXT_MAX);
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (r->plan == NULL)
		err_set(e, "out of memory");
	else if (r->fd == -1 || fstat(r->fd, &st) == -1)
		err_set(e, "cannot open %s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		err_set(e, "%s is not a file; name the run's .journal", path);
	else
		rc = read_all(r, path, e);
	if (rc == 0) {
		out->file_bytes = st.st_size;
		note_damage(out);
		aggregate_mark_recovered(out->aggregate);
	} else {
		aggregate_free(out->aggregate);
		out->aggregate = NULL;
	}
	fd_close(&r->fd);
	free(r->plan);
	free(r);
	return rc;
}

static bool
taken(const char *base)
{
	static const char *const extensions[] = {".json", ".md"};
	char path[1300];
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", base, extensions[i]);
		if (lstat(path, &st) == 0)
			return true;
	}
	return false;
}

#define TRIES_MAX 1000

int
recover_paths(const char *path, const char *dir, struct report_paths *out, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	size_t len = strlen(name), suffix = strlen(".journal"), end;
	struct report_paths p;
	int n;

	if (len > suffix && strcmp(name + len - suffix, ".journal") == 0)
		len -= suffix;
	if (dir[0] != '\0')
		n = snprintf(p.dir, sizeof(p.dir), "%s", dir);
	else
		n = snprintf(p.dir, sizeof(p.dir), "%.*s",
		    slash == NULL   ? 1
		    : slash == path ? 1
				    : (int)(slash - path),
		    slash == NULL ? "." : path);
	if (n < (int)sizeof(p.dir) && dir[0] != '\0' && report_make_dir(dir, e) == -1)
		return -1;
	if (n >= (int)sizeof(p.dir) || len > 200)
		return err_set(e, "%s: the name is too long", path);
	end = (size_t)snprintf(p.base, sizeof(p.base), "%s/%.*s", p.dir, (int)len, name);
	for (n = 0; n < TRIES_MAX; n++) {
		if (n == 1)
			snprintf(p.base + end, sizeof(p.base) - end, "_recovered");
		else if (n > 1)
			snprintf(p.base + end, sizeof(p.base) - end, "_recovered_%d", n);
		if (!taken(p.base)) {
			*out = p;
			return 0;
		}
	}
	return err_set(e, "every name from %s_recovered on is taken", path);
}
