/*
 * Calls that libserialport makes of the C library, answered first by the program: paths under
 * /dev/tty and /sys/class/tty are looked up below $LWS_SHIM_ROOT, where a test has put a sysfs and
 * symlinks to ptys, and the modem lines, which ptys lack, are a number (at first $LWS_SHIM_LINES)
 * whose value after each change goes to $LWS_SHIM_LOG. For tests on Linux only.
 */
#include "config.h"

#include <limits.h>	/* tells __GLIBC__ */

#ifdef __GLIBC__
#undef _FORTIFY_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/poison.h"

int __lxstat(int version, const char *path, struct stat *st);
int __open_2(const char *path, int flags);
char *__realpath_chk(const char *path, char *out, size_t size);

static int modem_lines = -1;

static int
is_port(const char *path)
{
	return strncmp(path, "/dev/tty", 8) == 0 || strncmp(path, "/sys/class/tty", 14) == 0;
}

static const char *
mapped(const char *path, char buf[PATH_MAX])
{
	const char *root = getenv("LWS_SHIM_ROOT");

	if (root == NULL || !is_port(path))
		return path;
	snprintf(buf, PATH_MAX, "%s%s", root, path);
	return buf;
}

int
open(const char *path, int flags, ...)
{
	char buf[PATH_MAX];
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return (int)syscall(SYS_openat, AT_FDCWD, mapped(path, buf), flags, mode);
}

int
__open_2(const char *path, int flags)
{
	return open(path, flags);
}

DIR *
opendir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd == -1 ? NULL : fdopendir(fd);
}

FILE *
fopen(const char *path, const char *mode)
{
	FILE *(*next)(const char *, const char *);
	void *sym = dlsym(RTLD_NEXT, "fopen");
	char buf[PATH_MAX];

	memcpy(&next, &sym, sizeof(next));
	return next(mapped(path, buf), mode);
}

ssize_t
readlink(const char *path, char *out, size_t size)
{
	char buf[PATH_MAX];

	return readlinkat(AT_FDCWD, mapped(path, buf), out, size);
}

int
lstat(const char *path, struct stat *st)
{
	char buf[PATH_MAX];

	return fstatat(AT_FDCWD, mapped(path, buf), st, AT_SYMLINK_NOFOLLOW);
}

int
__lxstat(int version, const char *path, struct stat *st)
{
	(void)version;
	return lstat(path, st);
}

/* A port's path is its own; a symlink to it is followed once. */
char *
realpath(const char *path, char *out)
{
	char *(*next)(const char *, char *);
	void *sym = dlsym(RTLD_NEXT, "realpath");
	char link[PATH_MAX], buf[PATH_MAX];
	ssize_t n = readlinkat(AT_FDCWD, path, link, sizeof(link) - 1);

	link[n > 0 ? n : 0] = '\0';
	if (is_port(link))
		path = link;
	if (!is_port(path) || getenv("LWS_SHIM_ROOT") == NULL) {
		memcpy(&next, &sym, sizeof(next));
		return next(path, out);
	}
	if (faccessat(AT_FDCWD, mapped(path, buf), F_OK, 0) == -1)
		return NULL;
	return out == NULL ? strdup(path) : memcpy(out, path, strlen(path) + 1);
}

char *
__realpath_chk(const char *path, char *out, size_t size)
{
	(void)size;
	return realpath(path, out);
}

static void
log_lines(void)
{
	const char *path = getenv("LWS_SHIM_LOG");
	int fd = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd == -1)
		return;
	dprintf(fd, "%d\n", modem_lines);
	close(fd);
}

static int
modem(unsigned long request, int *arg)
{
	const char *first = getenv("LWS_SHIM_LINES");

	if (modem_lines == -1)
		modem_lines = first == NULL ? 0 : (int)strtol(first, NULL, 10);
	if (request == TIOCMGET)
		*arg = modem_lines;
	else if (request == TIOCMBIS)
		modem_lines |= *arg;
	else if (request == TIOCMBIC)
		modem_lines &= ~*arg;
	else
		modem_lines = *arg;
	log_lines();
	return 0;
}

int
ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == TIOCMGET || request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC)
		return modem(request, arg);
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

#else
typedef int port_shim_is_empty;
#endif
