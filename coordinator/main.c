/*
 * lwstress-coord: reads what is wanted, makes room for the report, runs, judges, writes. Exit
 * statuses are in verdict.h. Results go to stdout, talk goes to stderr.
 */
#include "config.h"

#include <fcntl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coordinator/aggregate.h"
#include "coordinator/journal.h"
#include "coordinator/recover.h"
#include "coordinator/report.h"
#include "coordinator/run.h"
#include "coordinator/settings.h"
#include "coordinator/simulator.h"
#include "coordinator/spawn.h"
#include "coordinator/verdict.h"
#include "shared/clock.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/poison.h"

static int
fail(int status, const struct err *e)
{
	log_info("%s", e->text);
	return status;
}

static int
print_help(void)
{
	char *text = settings_help();
	int rc = text == NULL || fputs(text, stdout) == EOF || fflush(stdout) == EOF;

	free(text);
	return rc ? EXIT_FAULT : EXIT_PASS;
}

/* Where the reports could not be written they go to $TMPDIR: a result is never thrown away. */
static int
write_elsewhere(
    struct report_paths *paths, const struct run_result *result, const struct verdict *v)
{
	const char *dir = getenv("TMPDIR");
	struct report_paths other;
	struct err e;
	int fd;

	if (dir == NULL || dir[0] == '\0')
		dir = "/tmp";
	if (report_reserve(
		dir, result->plan.profile.name, result->plan.wall_us, &other, &fd, &e) == -1) {
		log_warn("%s", e.text);
		return -1;
	}
	report_discard(&other, fd);
	if (report_write(&other, result, 0, v, &e) == -1) {
		log_warn("%s", e.text);
		return -1;
	}
	log_warn("the reports are in %s instead", dir);
	*paths = other;
	return 0;
}

/* 0, or -1 when what was printed did not get out. A reader that went away is its own business. */
static int
flush_stdout(void)
{
	if (fflush(stdout) == 0 || errno == EPIPE)
		return 0;
	log_warn("cannot write to standard output: %s", strerror(errno));
	return -1;
}

/* Judge, write the reports, say what came out. fault: what could not be written, "" for nothing. */
static int
conclude(struct aggregate *a, struct report_paths *paths, const char *fault)
{
	const struct run_result *result = aggregate_settle(a);
	struct verdict *v = calloc(1, sizeof(*v));
	int status = EXIT_FAULT;
	bool written = true;
	struct err e;

	if (v == NULL) {
		log_warn("out of memory for the verdict");
		return status;
	}
	verdict_eval(result, 0, v);
	if (fault[0] != '\0')
		verdict_fault(v, fault);
	status = v->exit_status;
	if (report_write(paths, result, 0, v, &e) == -1) {
		log_warn("%s", e.text);
		verdict_fault(v, e.text);
		status = v->exit_status;
		written = write_elsewhere(paths, result, v) == 0;
	}
	log_info("%s: %s", v->pass ? "PASS" : "FAIL", v->reason);
	printf("verdict: %s (exit status %d)\n", v->pass ? "PASS" : "FAIL", status);
	if (written)
		printf("report: %s.md\njson: %s.json\n", paths->base, paths->base);
	if (flush_stdout() == -1 && status != EXIT_FAIL)
		status = EXIT_FAULT;
	free(v);
	return status;
}

/* The journal comes first: without it nothing can be recovered. */
static const char *
write_error(const struct journal *j, const struct serial_log *l)
{
	return journal_error(j)[0] != '\0' ? journal_error(j) : serial_log_error(l);
}

static int
run_and_conclude(struct settings *s, struct report_paths *paths, int journal_fd)
{
	struct aggregate *a = NULL;
	struct journal *j = NULL;
	struct serial_log *l = NULL;
	char path[sizeof(paths->base) + 16];
	bool begun = false;
	struct err e;
	int status;

	snprintf(path, sizeof(path), "%s.journal", paths->base);
	s->plan.wall_us = clock_wall_us();
	s->plan.mono_us = clock_mono().us;
	a = aggregate_new(&s->plan);
	j = journal_new(journal_fd, path);
	l = serial_log_new(paths->base, &s->plan);
	if (a == NULL || j == NULL || l == NULL) {
		err_set(&e, "out of memory");
		status = fail(EXIT_FAULT, &e);
	} else {
		journal_plan(j, &s->plan);
		begun = run_execute(s, a, j, l, &e) == 0;
		status = begun ? conclude(a, paths, write_error(j, l)) : fail(EXIT_FAULT, &e);
	}
	serial_log_free(l);
	journal_free(j);
	if (!begun)
		report_discard(paths, -1);
	aggregate_free(a);
	return status;
}

static int
run(struct settings *s)
{
	struct simulator *sim = NULL;
	struct report_paths paths;
	int journal_fd, status;
	struct err e;

	if (report_reserve(s->out_dir, s->plan.profile.name, clock_wall_us(), &paths,
		&journal_fd, &e) == -1)
		return fail(EXIT_USAGE, &e);
	if (s->plan.simulated) {
		sim = simulator_start(s->plan.simulate, &e);
		if (sim == NULL || settings_set_device(s, simulator_url(sim), simulator_ws_url(sim),
		    simulator_console(sim), &e) == -1) {
			simulator_stop(sim);
			report_discard(&paths, journal_fd);
			return fail(EXIT_USAGE, &e);
		}
	}
	log_info("%s %s, profile %s, report %s.md", s->plan.serial_only ? "console" : "device",
	    s->plan.serial_only ? s->plan.device[0].serial_port : s->plan.device[0].url,
	    s->plan.profile.name, paths.base);
	status = run_and_conclude(s, &paths, journal_fd);
	simulator_stop(sim);
	return status;
}

/* The reports of a run that left its journal. */
static int
recover(const struct settings *s)
{
	struct report_paths paths;
	struct recovered r;
	struct err e;
	int status;

	if (recover_paths(s->journal, s->out_dir, &paths, &e) == -1 ||
	    recover_read(s->journal, &r, &e) == -1)
		return fail(EXIT_USAGE, &e);
	if (r.damage[0] != '\0')
		log_warn("%s: %lld of %lld bytes are good, behind them stands %s", s->journal,
		    (long long)r.good_bytes, (long long)r.file_bytes, r.damage);
	log_info("%s: %lld records", s->journal, (long long)r.records);
	status = conclude(r.aggregate, &paths, "");
	aggregate_free(r.aggregate);
	return status;
}

/* Serial ports are the worker's business: this program is not linked with libserialport. */
static int
list_ports(void)
{
	char path[4096];
	char *argv[] = {path, (char *)(uintptr_t) "list-ports", NULL};
	struct err e;

	if (spawn_find("lwstress-worker", path, sizeof(path), &e) == -1)
		return fail(EXIT_FAULT, &e);
	execv(path, argv);
	err_set(&e, "cannot run %s", path);
	return fail(EXIT_FAULT, &e);
}

static int
act(struct settings *s, enum settings_action action)
{
	switch (action) {
	case SETTINGS_HELP:
		return print_help();
	case SETTINGS_VERSION:
		return puts("lwstress-coord " PACKAGE_VERSION) == EOF || flush_stdout() == -1
		    ? EXIT_FAULT
		    : EXIT_PASS;
	case SETTINGS_LIST_PORTS:
		return list_ports();
	case SETTINGS_RECOVER:
		return recover(s);
	case SETTINGS_RUN:
		break;
	}
	return run(s);
}

/* Where a standard descriptor is closed, the first file that we open would take its place. */
static bool
hold_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	fd_close(&fd);
	return fcntl(STDERR_FILENO, F_GETFD) != -1;
}

int
main(int argc, char **argv)
{
	struct settings *s = calloc(1, sizeof(*s));
	enum settings_action action;
	int status;
	struct err e;

	log_init("lwstress-coord");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (s == NULL || !hold_standard_fds())
		return EXIT_FAULT;
	if (settings_read(argc, argv, s, &action, &e) == -1)
		status = fail(EXIT_USAGE, &e);
	else
		status = act(s, action);
	free(s);
	return status;
}
