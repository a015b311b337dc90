/* Appending. What a full disk does to the journal is remembered and told once; the run goes on. */
#include "config.h"

#include "coordinator/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/crc32c.h"
#include "shared/fd.h"
#include "shared/frame.h"
#include "shared/text.h"
#include "shared/poison.h"

#define GATHER 65536
#define HEAD 4		/* device, role, generation */
#define PREFIX 8	/* length, CRC */
#define JOURNAL_MAX (INT64_C(4) << 30)	/* a device gone mad must not fill the disk */

struct journal {
	int fd;
	bool dirty;
	int64_t written;
	size_t used;
	struct err error;
	char path[1300];
	uint8_t buf[GATHER];
};

struct journal *
journal_new(int fd, const char *path)
{
	struct journal *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->fd = fd;
	text_copy(j->path, sizeof(j->path), path);
	memcpy(j->buf, JOURNAL_MAGIC, JOURNAL_MAGIC_LEN);
	j->used = JOURNAL_MAGIC_LEN;
	return j;
}

static void
put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static void
append(struct journal *j, const struct record *r, const uint8_t *payload, size_t len)
{
	uint8_t *p;

	if (j->used + PREFIX + HEAD + len > sizeof(j->buf))
		journal_flush(j);
	p = j->buf + j->used;
	p[PREFIX] = (uint8_t)r->device;
	p[PREFIX + 1] = (uint8_t)r->role;
	p[PREFIX + 2] = (uint8_t)(r->generation >> 8);
	p[PREFIX + 3] = (uint8_t)r->generation;
	memcpy(p + PREFIX + HEAD, payload, len);
	put_u32(p, (uint32_t)(HEAD + len));
	put_u32(p + 4, crc32c(0, p + PREFIX, HEAD + len));
	j->used += PREFIX + HEAD + len;
}

void
journal_add(struct journal *j, const struct record *r, const uint8_t *payload, size_t len)
{
	uint8_t frame[FRAME_MAX];
	struct err e;
	int n;

	if (j->error.text[0] != '\0')
		return;
	if (payload != NULL) {
		append(j, r, payload, len);
		return;
	}
	n = proto_encode(&r->msg, frame, &e);
	if (n != -1)
		append(j, r, frame + FRAME_HEADER, (size_t)n - FRAME_HEADER);
}

void
journal_plan(struct journal *j, const struct plan *plan)
{
	struct record r = {0, -1, 0, {.type = MSG_RUN, .seq = 1}};
	char *text = plan_encode(plan);
	size_t len, off;

	if (text == NULL) {
		err_set(&j->error, "cannot write %s: out of memory", j->path);
		return;
	}
	len = strlen(text);
	r.msg.u.run.parts = (int64_t)((len + PROTO_PART_MAX - 1) / PROTO_PART_MAX);
	for (off = 0; off < len; off += PROTO_PART_MAX) {
		r.msg.u.run.data.p = (const uint8_t *)text + off;
		r.msg.u.run.data.len = len - off < PROTO_PART_MAX ? len - off : PROTO_PART_MAX;
		journal_add(j, &r, NULL, 0);
		r.msg.u.run.part++;
		r.msg.seq++;
	}
	free(text);
}

void
journal_flush(struct journal *j)
{
	if (j->used > 0 && j->error.text[0] == '\0' && j->written > JOURNAL_MAX)
		err_set(&j->error, "%s is full at %lld bytes", j->path, (long long)j->written);
	if (j->used > 0 && j->error.text[0] == '\0') {
		j->written += (int64_t)j->used;
		if (fd_write_all(j->fd, j->buf, j->used) == -1)
			err_set(&j->error, "cannot write %s: %s", j->path, strerror(errno));
		j->dirty = true;
	}
	j->used = 0;
}

/* Not even a name is left: somebody removed the file, or the directory that it was in. */
static bool
is_removed(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0;
}

void
journal_sync(struct journal *j)
{
	int rc;

	journal_flush(j);
	if (!j->dirty || j->error.text[0] != '\0')
		return;
#ifdef HAVE_FDATASYNC
	rc = fdatasync(j->fd);
#else
	rc = fsync(j->fd);
#endif
	if (rc == -1 && errno != EINVAL && errno != ENOTSUP)
		err_set(&j->error, "cannot write %s: %s", j->path, strerror(errno));
	else if (is_removed(j->fd))
		err_set(&j->error, "%s was removed in mid-run", j->path);
	j->dirty = false;
}

const char *
journal_error(const struct journal *j)
{
	return j->error.text;
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	journal_sync(j);
	fd_close(&j->fd);
	free(j);
}
