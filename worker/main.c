/*
 * lwstress-worker: one process per role. The coordinator starts it with the control pipe on
 * descriptor 3 and the sample pipe on 4; it leaves when told so or when the control pipe ends.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif

#include <event2/event.h>

#include "shared/fd.h"
#include "shared/log.h"
#include "shared/number.h"
#include "worker/list_ports.h"
#include "worker/role.h"
#include "shared/poison.h"

#define EXIT_USAGE 2
#define EXIT_FAULT 5
#define GENERATION_MAX 1000000

static const struct role_ops *const roles[] = {
	&rest_role,
	&ws_role,
	&serial_role,
};

static const char usage[] =
    "usage: lwstress-worker ROLE GENERATION\n"
    "       lwstress-worker list-ports\n"
    "\n"
    "One load or telemetry process of lwstress. lwstress-coord starts it, with pipes on\n"
    "descriptors 3 and 4; it is not for use by hand. Run lwstress-coord instead.\n"
    "\n"
    "  --help     this text\n"
    "  --version  the version\n";

static const struct role_ops *
find_role(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(roles[i]->name, name) == 0)
			return roles[i];
	return NULL;
}

static bool
is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* These go to whole groups, but the coordinator alone decides when a run ends. */
static void
ignore_signals(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_IGN;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
}

/* Sleeps end when they are due, not up to 50 us later to save power. */
static void
sharpen_timers(void)
{
#ifdef PR_SET_TIMERSLACK
	prctl(PR_SET_TIMERSLACK, 1UL);
#endif
}

static struct event_base *
new_base(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base;

	if (cfg == NULL)
		return NULL;
	/* Without the time cache a timer set late in a turn is not early by the turn's length. */
	event_config_set_flag(cfg, EVENT_BASE_FLAG_PRECISE_TIMER);
	event_config_set_flag(cfg, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	event_config_set_flag(cfg, EVENT_BASE_FLAG_NO_CACHE_TIME);
	event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	return base;
}

static int
run(const struct role_ops *ops, int64_t generation)
{
	struct event_base *base = new_base();
	struct link *link = NULL;
	void *self = NULL;
	int rc = EXIT_FAULT;

	if (base == NULL)
		goto out;
	self = ops->create(base);
	if (self == NULL)
		goto out;
	link = link_new(base, FD_CONTROL, FD_SAMPLES, ops->role, generation, &ops->handler, self);
	if (link == NULL)
		goto out;
	ops->attach(self, link);
	if (event_base_dispatch(base) != -1)
		rc = 0;
out:
	if (rc != 0)
		log_warn("cannot start, or the event loop failed: out of memory or descriptors");
	if (self != NULL)
		ops->destroy(self);
	link_free(link);
	if (base != NULL)
		event_base_free(base);
	return rc;
}

int
main(int argc, char **argv)
{
	const struct role_ops *ops;
	int64_t generation;
	struct err e;

	log_init("lwstress-worker");
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("lwstress-worker " PACKAGE_VERSION) == EOF ? EXIT_FAULT : 0;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) == EOF ? EXIT_FAULT : 0;
	if (argc == 2 && strcmp(argv[1], "list-ports") == 0)
		return list_ports_main();
	if (argc != 3) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	ops = find_role(argv[1]);
	if (ops == NULL) {
		log_warn("no role is called \"%s\"; run lwstress-coord instead", argv[1]);
		return EXIT_USAGE;
	}
	if (number_i64("GENERATION", argv[2], 0, GENERATION_MAX, &generation, &e) == -1) {
		log_warn("%s", e.text);
		return EXIT_USAGE;
	}
	if (!is_pipe(FD_CONTROL) || !is_pipe(FD_SAMPLES)) {
		log_warn("descriptors 3 and 4 are not pipes: lwstress-coord starts its workers "
		    "itself; run lwstress-coord instead");
		return EXIT_USAGE;
	}
	ignore_signals();
	sharpen_timers();
	return run(ops, generation);
}
