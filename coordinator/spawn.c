/*
 * fork and exec. libcurl and libevent are not fork-safe, so a child never goes on as a copy: it
 * execs, and between fork and exec it calls nothing but async-signal-safe functions.
 */
#include "config.h"

#include "coordinator/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "shared/fd.h"
#include "shared/poison.h"

extern char **environ;

#define FD_SAFE 16	/* above every fixed descriptor */

/* environ without our own variables but the simulated device's key; the strings stay where they
 * are. */
static char **
child_environ(void)
{
	size_t n = 0, kept = 0, i;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = calloc(n + 1, sizeof(*env));
	for (i = 0; env != NULL && i < n; i++)
		if (strncmp(environ[i], "LWSTRESS_", 9) != 0 ||
		    strncmp(environ[i], "LWSTRESS_SIM_API_KEY=", 21) == 0)
			env[kept++] = environ[i];
	return env;
}

static void
default_signals(void)
{
	struct sigaction sa;
	sigset_t none;
	int i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	for (i = 1; i < NSIG; i++)
		sigaction(i, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Put from (or /dev/null, if null is set) at the fixed number to. */
static bool
place(int from, int to, bool null)
{
	int flags = to == STDIN_FILENO ? O_RDONLY : O_WRONLY;

	if (from == -1 && !null)
		return true;
	if (from == -1)
		from = open("/dev/null", flags);
	return from != -1 && dup2(from, to) != -1;
}

/* A child that is stopped cannot see its pipe's end; where the system can, it goes with us. */
static void
die_with_parent(void)
{
#if defined(HAVE_SYS_PRCTL_H) && defined(PR_SET_PDEATHSIG)
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
#endif
}

static void
child(const struct spawn *s, char **env)
{
	struct spawn c = *s;

	/* First out of the way of the fixed numbers, so that none is overwritten before it is
	 * placed. */
	if ((c.fd_stdout != -1 && (c.fd_stdout = fcntl(c.fd_stdout, F_DUPFD, FD_SAFE)) == -1) ||
	    (c.fd3 != -1 && (c.fd3 = fcntl(c.fd3, F_DUPFD, FD_SAFE)) == -1) ||
	    (c.fd4 != -1 && (c.fd4 = fcntl(c.fd4, F_DUPFD, FD_SAFE)) == -1))
		_exit(126);
	close(FD_CONTROL);
	close(FD_SAMPLES);
	if (!place(-1, STDIN_FILENO, true) || !place(c.fd_stdout, STDOUT_FILENO, true) ||
	    !place(c.fd3, FD_CONTROL, false) || !place(c.fd4, FD_SAMPLES, false))
		_exit(126);
	fd_close_from(FD_SAMPLES + 1);
	default_signals();
	die_with_parent();
	execve(s->path, s->argv, env);
	_exit(127);
}

int
spawn_start(const struct spawn *s, pid_t *pid, struct err *e)
{
	char **env = child_environ();
	sigset_t all, before;
	int rc = 0;
	pid_t p;

	if (env == NULL)
		return err_set(e, "cannot start %s: out of memory", s->path);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	p = fork();
	if (p == 0)
		child(s, env);
	if (p == -1)
		rc = err_set(e, "cannot start %s: %s", s->path, strerror(errno));
	else
		*pid = p;
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(env);
	return rc;
}

static bool
self_dir(char *dst, size_t size)
{
	char *slash;
#ifdef __APPLE__
	uint32_t n = (uint32_t)size;

	if (_NSGetExecutablePath(dst, &n) != 0)
		return false;
#else
	ssize_t n = readlink("/proc/self/exe", dst, size - 1);

	if (n == -1)
		n = readlink("/proc/curproc/file", dst, size - 1);
	if (n == -1)
		return false;
	dst[n] = '\0';
#endif
	slash = strrchr(dst, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

int
spawn_find(const char *program, char *dst, size_t size, struct err *e)
{
	static const char *const beside[] = {"", "/../libexec/lwstress", "/../lib/lwstress"};
	static const char *const fixed[] = {LWS_PKGLIBEXECDIR, LWS_BINDIR};
	char dir[PATH_MAX];
	size_t i;

	if (self_dir(dir, sizeof(dir)))
		for (i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
			if (snprintf(dst, size, "%s%s/%s", dir, beside[i], program) < (int)size &&
			    access(dst, X_OK) == 0)
				return 0;
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (snprintf(dst, size, "%s/%s", fixed[i], program) < (int)size &&
		    access(dst, X_OK) == 0)
			return 0;
	return err_set(e, "cannot find %s beside this program nor in %s; reinstall lwstress",
	    program, LWS_PKGLIBEXECDIR);
}
