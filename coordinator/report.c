/*
 * Report files on disk. A run reserves its base name by creating the journal exclusively;
 * reports are written to a temporary name in the same directory, flushed, closed and renamed,
 * so that a reader never sees half of one. Runs in the coordinator.
 */
#include "config.h"

#include "coordinator/report.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/fd.h"
#include "shared/text.h"
#include "shared/poison.h"

#define TRIES_MAX 10000
#define REMEDY "; choose another directory with --out-dir"

struct format {
	const char *ext;
	char *(*render)(const struct run_result *run, int device, const struct verdict *v);
};

static const struct format formats[] = {{".json", report_json}, {".md", report_md}};

/* What a run leaves beside its journal; any of them means that a base is taken. */
static const char *const taken_by[] = {".json", ".md", ".serial.log"};

static int
make_one(const char *path, const char *dir, struct err *e)
{
	struct stat st;
	int saved;

	if (mkdir(path, 0777) == 0)
		return 0;
	saved = errno;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	if (saved == EEXIST)
		saved = ENOTDIR;
	return err_set(
	    e, "cannot make %s for the report directory %s: %s" REMEDY, path, dir,
	    strerror(saved));
}

int
report_make_dir(const char *dir, struct err *e)
{
	char path[sizeof(((struct report_paths *)0)->dir)];
	char *p;

	if (dir[0] == '\0')
		return err_set(e, "the report directory's name is empty" REMEDY);
	if (!text_copy(path, sizeof(path), dir))
		return err_set(e,
		    "the report directory's name is longer than %zu bytes: %.60s…" REMEDY,
		    sizeof(path) - 1, dir);
	for (p = path + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (make_one(path, dir, e) == -1)
			return -1;
		*p = '/';
	}
	return make_one(path, dir, e);
}

/* A profile's name as part of a file name. */
static void
file_part(char *dst, size_t size, const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0' && i + 1 < size; i++)
		dst[i] = isalnum((unsigned char)name[i]) || strchr("._-", name[i]) != NULL
			     ? name[i]
			     : '_';
	dst[i] = '\0';
}

static bool
base_taken(const char *base)
{
	char path[1300];
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(taken_by) / sizeof(taken_by[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", base, taken_by[i]);
		if (lstat(path, &st) == 0)
			return true;
	}
	return false;
}

/* Descriptor of a new base.journal, or -1 with errno (EEXIST: this base is taken). */
static int
base_take(const char *base)
{
	char path[1300];

	if (base_taken(base)) {
		errno = EEXIST;
		return -1;
	}
	snprintf(path, sizeof(path), "%s.journal", base);
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
}

int
report_reserve(const char *dir, const char *profile, int64_t wall_us, struct report_paths *out,
    int *journal_fd, struct err *e)
{
	struct report_paths p;
	char stamp[32], name[64];
	size_t len;
	int n, fd;

	if (report_make_dir(dir, e) == -1)
		return -1;
	text_copy(p.dir, sizeof(p.dir), dir);
	clock_local(stamp, sizeof(stamp), "%Y-%m-%d_%H%M%S", wall_us);
	file_part(name, sizeof(name), profile);
	len = (size_t)snprintf(
	    p.base, sizeof(p.base), "%s/stress_harness_%s_%s", dir, name, stamp);
	for (n = 1; n < TRIES_MAX; n++) {
		if (n > 1)
			snprintf(p.base + len, sizeof(p.base) - len, "_%d", n);
		fd = base_take(p.base);
		if (fd != -1) {
			*out = p;
			*journal_fd = fd;
			return 0;
		}
		if (errno != EEXIST)
			return err_set(
			    e, "cannot create %s.journal: %s" REMEDY, p.base, strerror(errno));
	}
	return err_set(
	    e, "every name from %.*s to _%d is taken" REMEDY, (int)len, p.base, TRIES_MAX - 1);
}

void
report_discard(const struct report_paths *paths, int journal_fd)
{
	char path[sizeof(paths->base) + 16];

	snprintf(path, sizeof(path), "%s.journal", paths->base);
	unlink(path);
	fd_close(&journal_fd);
}

/* Write and flush path, which must not exist. 0, or -1 with errno. */
static int
file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), saved;

	if (fd == -1)
		return -1;
	if (fd_write_all(fd, text, strlen(text)) == -1 || fsync(fd) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return close(fd);
}

/* Whole or not at all: temporary name, then rename. */
static int
file_replace(const char *path, const char *text, struct err *e)
{
	char temp[1400];
	int saved;

	snprintf(temp, sizeof(temp), "%s.tmp%ld", path, (long)getpid());
	unlink(temp);
	if (file_write(temp, text) == 0 && rename(temp, path) == 0)
		return 0;
	saved = errno;
	unlink(temp);
	return err_set(e, "cannot write the report %s: %s", path, strerror(saved));
}

/* The rename is on disk when its directory is; file systems that cannot do this are forgiven.
 */
static void
dir_flush(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_CLOEXEC);

	if (fd != -1)
		fsync(fd);
	fd_close(&fd);
}

static int
format_write(const struct report_paths *paths, const struct format *f,
    const struct run_result *run, int device, const struct verdict *v, struct err *e)
{
	char path[1300], number[24] = "";
	char *text = f->render(run, device, v);
	int rc;

	if (device > 0)
		snprintf(number, sizeof(number), "_device%d", device + 1);
	snprintf(path, sizeof(path), "%s%s%s", paths->base, number, f->ext);
	if (text == NULL)
		return err_set(e, "cannot write the report %s: out of memory", path);
	rc = file_replace(path, text, e);
	free(text);
	return rc;
}

int
report_write(const struct report_paths *paths, const struct run_result *run, int device,
    const struct verdict *v, struct err *e)
{
	struct err first = {""}, this;
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (format_write(paths, &formats[i], run, device, v, &this) == -1 &&
		    first.text[0] == '\0')
			first = this;
	dir_flush(paths->dir);
	return first.text[0] == '\0' ? 0 : err_set(e, "%s", first.text);
}
