#include "config.h"

#include "worker/sim/pty.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#ifdef HAVE_PTY_H
#include <pty.h>
#elif defined(HAVE_UTIL_H)
#include <util.h>
#elif defined(HAVE_LIBUTIL_H)
#include <libutil.h>
#endif

#include "shared/fd.h"
#include "shared/poison.h"

int
pty_init(struct pty *p, const char *link, struct err *e)
{
	*p = (struct pty){.master = -1, .slave = -1};
	if (link != NULL && snprintf(p->link, sizeof(p->link), "%s", link) >= (int)sizeof(p->link)) {
		p->link[0] = '\0';
		return err_set(e, "--console-link: the name is too long");
	}
	return 0;
}

static int
set_link(struct pty *p, struct err *e)
{
	char temp[sizeof(p->link) + 8];
	struct stat st;

	if (p->link[0] == '\0')
		return 0;
	if (lstat(p->link, &st) == 0 && !S_ISLNK(st.st_mode))
		return err_set(e, "--console-link %s: something else than a link is there", p->link);
	snprintf(temp, sizeof(temp), "%s.new", p->link);
	unlink(temp);
	if (symlink(p->path, temp) == -1 || rename(temp, p->link) == -1)
		return err_set(e, "--console-link %s: %s", p->link, strerror(errno));
	return 0;
}

static int
open_raw(struct pty *p, struct err *e)
{
	struct termios t = {0};
	const char *name;

	cfmakeraw(&t);
	t.c_cflag |= CREAD | CLOCAL;
	cfsetispeed(&t, B115200);
	cfsetospeed(&t, B115200);
	if (openpty(&p->master, &p->slave, NULL, &t, NULL) == -1)
		return err_set(e, "cannot open a pseudo terminal: %s", strerror(errno));
	name = ttyname(p->slave);
	if (name == NULL || fd_set_cloexec(p->master, true) == -1 ||
	    fd_set_cloexec(p->slave, true) == -1 || fd_set_nonblock(p->master, true) == -1)
		return err_set(e, "cannot set up a pseudo terminal: %s", strerror(errno));
	snprintf(p->path, sizeof(p->path), "%s", name);
	return 0;
}

int
pty_open(struct pty *p, struct err *e)
{
	if (open_raw(p, e) == 0 && set_link(p, e) == 0)
		return 0;
	fd_close(&p->master);
	fd_close(&p->slave);
	return -1;
}

void
pty_close(struct pty *p)
{
	if (p->link[0] != '\0' && p->master != -1)
		unlink(p->link);
	fd_close(&p->master);
	fd_close(&p->slave);
}
