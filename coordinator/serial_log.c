#include "config.h"

#include "coordinator/serial_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/err.h"
#include "shared/fd.h"
#include "shared/poison.h"

#define GATHER 65536
#define LOG_MAX (INT64_C(4) << 30)	/* a device gone mad must not fill the disk */

struct serial_log {
	int fd;
	bool within;		/* a line's parts are not all there yet */
	int64_t line;		/* its number */
	bool dirty;
	int64_t written;
	int64_t wall_offset_us;	/* wall clock - monotonic clock */
	size_t used;
	struct err error;
	char path[1300];
	uint8_t buf[GATHER];
};

struct serial_log *
serial_log_new(const char *base, const struct plan *plan)
{
	struct serial_log *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->fd = -1;
	l->wall_offset_us = plan->wall_us - plan->mono_us;
	snprintf(l->path, sizeof(l->path), "%s.serial.log", base);
	return l;
}

static void
put(struct serial_log *l, const void *p, size_t len)
{
	if (l->used + len > sizeof(l->buf))
		serial_log_flush(l, false);
	memcpy(l->buf + l->used, p, len);
	l->used += len;
}

void
serial_log_add(struct serial_log *l, const struct msg_line *m)
{
	char stamp[40];

	/* The worker died within a line: the next one begins anew. */
	if (l->within && m->line != l->line) {
		put(l, "\n", 1);
		l->within = false;
	}
	l->line = m->line;
	if (!l->within) {
		clock_iso8601(stamp, sizeof(stamp), m->at_us + l->wall_offset_us);
		put(l, stamp, strlen(stamp));
		put(l, " ", 1);
	}
	put(l, m->data.p, m->data.len);
	l->within = m->more != 0;
	if (!l->within)
		put(l, "\n", 1);
}

void
serial_log_flush(struct serial_log *l, bool sync)
{
	if (l->used > 0 && l->error.text[0] == '\0' && l->written > LOG_MAX)
		err_set(&l->error, "%s is full at %lld bytes", l->path, (long long)l->written);
	if (l->used > 0 && l->error.text[0] == '\0') {
		l->written += (int64_t)l->used;
		if (l->fd == -1)
			l->fd = open(l->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
		if (l->fd == -1 || fd_write_all(l->fd, l->buf, l->used) == -1)
			err_set(&l->error, "cannot write %s: %s", l->path, strerror(errno));
		l->dirty = true;
	}
	l->used = 0;
	if (sync && l->dirty && l->fd != -1) {
		fsync(l->fd);
		l->dirty = false;
	}
}

const char *
serial_log_error(const struct serial_log *l)
{
	return l->error.text;
}

void
serial_log_free(struct serial_log *l)
{
	if (l == NULL)
		return;
	serial_log_flush(l, true);
	fd_close(&l->fd);
	free(l);
}
