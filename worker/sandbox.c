#include "config.h"

#include "worker/sandbox.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif

#include "shared/text.h"
#include "worker/filter.h"
#include "worker/landlock.h"
#include "worker/unprivileged.h"
#include "shared/poison.h"

#define MEMORY_MAX (INT64_C(1) << 30)
#define FILES_MAX 1024	/* 256 lanes, and for each what its name's look-up holds open */

static void say(char text[SANDBOX_TEXT_MAX], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(char text[SANDBOX_TEXT_MAX], const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list ap;

	if (len > 0 && len < SANDBOX_TEXT_MAX - 1)
		text[len++] = ' ';
	va_start(ap, fmt);
	vsnprintf(text + len, SANDBOX_TEXT_MAX - len, fmt, ap);
	va_end(ap);
}

/* Lower both limits to max; those that are lower already stay. */
static bool
limit(int what, rlim_t max)
{
	struct rlimit r;

	if (getrlimit(what, &r) == -1)
		return false;
	if (r.rlim_max == RLIM_INFINITY || r.rlim_max > max)
		r.rlim_max = max;
	if (r.rlim_cur == RLIM_INFINITY || r.rlim_cur > r.rlim_max)
		r.rlim_cur = r.rlim_max;
	return setrlimit(what, &r) == 0;
}

/* Our own words on stderr may go to a file; then they matter more than this limit. */
static bool
limit_file_size(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode))
		return true;
	return limit(RLIMIT_FSIZE, 0);
}

static void
set_limits(enum role role, char text[SANDBOX_TEXT_MAX])
{
	bool ok = limit(RLIMIT_CORE, 0);

	ok = limit(RLIMIT_NOFILE, FILES_MAX) && ok;
	ok = limit_file_size() && ok;
#ifndef LWS_SANITIZED
	ok = limit(RLIMIT_DATA, MEMORY_MAX) && ok;
#ifdef RLIMIT_NPROC
	/* Resolving names takes threads, which this would count too. */
	if (role == ROLE_SERIAL)
		ok = limit(RLIMIT_NPROC, 0) && ok;
#endif
#endif
	(void)role;
	say(text, "%s", ok ? "rlimits" : "rlimits=partly");
}

static void
forbid_new_privileges(char text[SANDBOX_TEXT_MAX])
{
#if defined(HAVE_SYS_PRCTL_H) && defined(PR_SET_NO_NEW_PRIVS)
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		say(text, "no_new_privs");
	else
		say(text, "no_new_privs=off(%s)", strerror(errno));
#else
	(void)text;
#endif
}

/* A change of user makes the kernel forget which signal the coordinator's death is to send. */
static void
become_unprivileged(const struct sandbox *s, char *words, size_t size)
{
#if defined(HAVE_SYS_PRCTL_H) && defined(PR_SET_PDEATHSIG)
	int sig = 0;

	prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0);
	unprivileged_become(s, words, size);
	prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0);
#else
	unprivileged_become(s, words, size);
#endif
}

void
sandbox_apply(const struct sandbox *s, char text[SANDBOX_TEXT_MAX])
{
#ifdef LWS_GCOV
	(void)s, (void)set_limits, (void)forbid_new_privileges, (void)become_unprivileged;
	text[0] = '\0';
	say(text, "off(built to measure coverage)");
#else
	char words[160];
	struct err e;
	int abi;

	text[0] = '\0';
	become_unprivileged(s, words, sizeof(words));
	say(text, "user=%s", words);
	forbid_new_privileges(text);
	set_limits(s->role, text);
	abi = landlock_enter(s, &e);
	if (abi > 0)
		say(text, "landlock(%d)", abi);
	else
		say(text, "landlock=off(%s)", e.text);
	if (filter_enter(s->role, &e) == 0)
		say(text, "seccomp");
	else
		say(text, "seccomp=off(%s)", e.text);
#endif
}

void
sandbox_enter(struct link *link, enum role role, const struct workplan *plan, const char *tty)
{
	struct sandbox s = {role, role == ROLE_SERIAL ? "" : plan->ca_file, tty};
	char text[SANDBOX_TEXT_MAX] = "off";

	if (plan->sandbox)
		sandbox_apply(&s, text);
	link_event(link, -1, EV_SANDBOX, plan->sandbox, text);
}
