/*
 * lwstress-sim: one simulated LightwaveOS device on loopback. It says on stdout where it listens,
 * in one line of JSON, and ends on SIGTERM, SIGINT or when --control-fd ends.
 */
#include "config.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/log.h"
#include "worker/sim/console.h"
#include "worker/sim/http.h"
#include "worker/sim/options.h"
#include "worker/sim/server.h"
#include "worker/sim/sim.h"
#include "shared/poison.h"

struct program {
	struct options options;
	struct sim sim;
	struct event_base *base;
	struct event *events[4];	/* SIGTERM, SIGINT, SIGUSR1, control */
};

static int
write_stats(struct program *p)
{
	struct err e;

	if (p->options.stats == NULL || stats_write(&p->sim.stats, p->options.stats, &e) == 0)
		return 0;
	log_info("%s", e.text);
	return -1;
}

static void
quit_cb(evutil_socket_t sig, short what, void *arg)
{
	struct program *p = arg;

	(void)sig;
	(void)what;
	event_base_loopbreak(p->base);
}

static void
stats_cb(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	write_stats(arg);
}

static void
control_cb(evutil_socket_t fd, short what, void *arg)
{
	struct program *p = arg;
	char buf[256];
	ssize_t n = read((int)fd, buf, sizeof(buf));

	(void)what;
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		event_base_loopbreak(p->base);
}

static int
watch(struct program *p, struct err *e)
{
	int i, fd = p->options.control_fd;

	p->events[0] = evsignal_new(p->base, SIGTERM, quit_cb, p);
	p->events[1] = evsignal_new(p->base, SIGINT, quit_cb, p);
	p->events[2] = evsignal_new(p->base, SIGUSR1, stats_cb, p);
	for (i = 0; i < 3; i++) {
		if (p->events[i] == NULL || event_add(p->events[i], NULL) == -1)
			return err_set(e, "out of memory");
	}
	if (fd == -1)
		return 0;
	if (fd_set_cloexec(fd, true) == -1 || fd_set_nonblock(fd, true) == -1)
		return err_set(e, "--control-fd %d: %s", fd, strerror(errno));
	p->events[3] = event_new(p->base, fd, EV_READ | EV_PERSIST, control_cb, p);
	if (p->events[3] == NULL || event_add(p->events[3], NULL) == -1)
		return err_set(e, "--control-fd %d: it cannot be watched; it must be a pipe or socket", fd);
	return 0;
}

/* Changes its ways by the environment, not by an argument, which ps would show. */
static int
take_key(struct sim *s, struct err *e)
{
	const char *key = getenv("LWSTRESS_SIM_API_KEY");

	if (!s->faults.api_key)
		return 0;
	if (key == NULL || key[0] == '\0' || strlen(key) >= HTTP_KEY_SIZE)
		return err_set(e, "fault api-key: set LWSTRESS_SIM_API_KEY to a key of 1 to %d characters",
		    HTTP_KEY_SIZE - 1);
	s->api_key = key;
	return 0;
}

static int
open_log(struct program *p, struct err *e)
{
	const char *path = p->options.log;
	int fd;

	if (path == NULL)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd != -1)
		p->sim.log = fdopen(fd, "a");
	if (p->sim.log == NULL) {
		err_set(e, "--log %s: %s", path, strerror(errno));
		fd_close(&fd);
		return -1;
	}
	setvbuf(p->sim.log, NULL, _IOLBF, 0);
	return 0;
}

static int
setup(struct program *p, struct err *e)
{
	struct event_config *cfg = event_config_new();

	if (cfg == NULL)
		return err_set(e, "out of memory");
	event_config_set_flag(cfg, EVENT_BASE_FLAG_PRECISE_TIMER);
	p->base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	if (p->base == NULL)
		return err_set(e, "cannot make an event loop");
	if (sim_init(&p->sim, p->base, &p->options.faults, e) == -1 || take_key(&p->sim, e) == -1 ||
	    open_log(p, e) == -1)
		return -1;
	p->sim.server = server_new(&p->sim, p->options.listen, p->options.port, e);
	if (p->sim.server == NULL)
		return -1;
	if (p->options.console) {
		p->sim.console = console_new(&p->sim, p->options.console_link, e);
		if (p->sim.console == NULL)
			return -1;
	}
	return watch(p, e) == -1 ? -1 : sim_start(&p->sim, e);
}

static void
say_ready(const struct program *p)
{
	const char *name = server_name(p->sim.server);

	printf("{\"url\":\"http://%s\",\"ws_url\":\"ws://%s/ws\",\"console\":", name, name);
	if (p->sim.console != NULL)
		printf("\"%s\"", console_path(p->sim.console));
	else
		printf("null");
	printf(",\"pid\":%ld}\n", (long)getpid());
	fflush(stdout);
}

static void
teardown(struct program *p)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (p->events[i] != NULL)
			event_free(p->events[i]);
	}
	sim_free(&p->sim);
	if (p->sim.log != NULL)
		fclose(p->sim.log);
	if (p->base != NULL)
		event_base_free(p->base);
}

int
main(int argc, char *argv[])
{
	struct program p = {.base = NULL};
	struct err e;
	int rc = 2;

	log_init("lwstress-sim");
	signal(SIGPIPE, SIG_IGN);
	if (options_parse(argc, argv, &p.options, &e) == -1) {
		log_info("%s", e.text);
		return 2;
	}
	if (p.options.help || p.options.version) {
		if (p.options.help)
			options_help();
		else
			puts("lwstress-sim (" PACKAGE_NAME ") " PACKAGE_VERSION);
		return fflush(stdout) == 0 ? 0 : 2;
	}
	if (setup(&p, &e) == -1) {
		log_info("%s", e.text);
		goto out;
	}
	say_ready(&p);
	event_base_dispatch(p.base);
	rc = write_stats(&p) == 0 ? 0 : 5;
out:
	teardown(&p);
	return rc;
}
