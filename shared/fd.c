/* Descriptor helpers with fallbacks for systems without pipe2 and close_range. */
#include "config.h"

#include "shared/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/poison.h"

int
fd_set_nonblock(int fd, bool on)
{
	int fl = fcntl(fd, F_GETFL);

	if (fl == -1)
		return -1;
	return fcntl(fd, F_SETFL, on ? fl | O_NONBLOCK : fl & ~O_NONBLOCK) == -1 ? -1 : 0;
}

int
fd_set_cloexec(int fd, bool on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) == -1 ? -1 : 0;
}

void
fd_close(int *fd)
{
	int saved = errno;

	if (*fd != -1)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int
fd_pipe(int p[2])
{
#ifdef HAVE_PIPE2
	return pipe2(p, O_CLOEXEC | O_NONBLOCK);
#else
	if (pipe(p) == -1)
		return -1;
	if (fd_set_cloexec(p[0], true) == 0 && fd_set_cloexec(p[1], true) == 0 &&
	    fd_set_nonblock(p[0], true) == 0 && fd_set_nonblock(p[1], true) == 0)
		return 0;
	fd_close(&p[0]);
	fd_close(&p[1]);
	return -1;
#endif
}

void
fd_close_from(int lowest)
{
	int fd, top;

#if defined(HAVE_CLOSE_RANGE)
	if (close_range((unsigned)lowest, ~0U, 0) == 0)
		return;
#elif defined(HAVE_CLOSEFROM)
	closefrom(lowest);
	return;
#endif
	top = (int)sysconf(_SC_OPEN_MAX);
	if (top < 0 || top > 65536)
		top = 65536;
	for (fd = lowest; fd < top; fd++)
		close(fd);
}

int
fd_write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
read_up_to(int fd, char *buf, size_t max, size_t *len)
{
	ssize_t n;

	*len = 0;
	while (*len < max) {
		n = read(fd, buf + *len, max - *len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return 0;
}

int
fd_read_file(const char *path, size_t max, char **out, size_t *len, struct err *e)
{
	char *buf = NULL;
	int fd, rc = -1;
	struct stat st;
	size_t n;

	/* O_NONBLOCK: a FIFO without a writer would hold us here. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return err_set(e, "cannot open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		err_set(e, "%s is not a regular file", path);
		goto out;
	}
	buf = malloc(max + 2);
	if (buf == NULL) {
		err_set(e, "cannot read %s: out of memory", path);
		goto out;
	}
	if (read_up_to(fd, buf, max + 1, &n) == -1) {
		err_set(e, "cannot read %s: %s", path, strerror(errno));
		goto out;
	}
	if (n > max) {
		err_set(e, "%s is longer than %zu bytes", path, max);
		goto out;
	}
	buf[n] = '\0';
	*out = buf;
	*len = n;
	buf = NULL;
	rc = 0;
out:
	free(buf);
	fd_close(&fd);
	return rc;
}
