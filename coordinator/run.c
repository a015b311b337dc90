/*
 * The run's state machine: preflight, scenarios one after the other, drain, end. Everything that
 * happens becomes a record first; decisions are then taken from the aggregate. One device today;
 * what belongs to a device hangs on its number.
 */
#include "config.h"

#include "coordinator/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "coordinator/admission.h"
#include "coordinator/assignment.h"
#include "coordinator/progress.h"
#include "coordinator/spawn.h"
#include "coordinator/supervise.h"
#include "shared/log.h"
#include "shared/sched.h"
#include "shared/text.h"
#include "shared/poison.h"

#define LEAD_US (20 * US_PER_MS) /* from START to the first slot: workers begin together */
#define CALM_US (1100 * US_PER_MS)	/* the preflight's requests leave the device's 1 s window */
#define CALM_ABOVE_MHZ 15000
#define SETTLE_US (30 * US_PER_MS)	/* after STOP, for frames under way */
#define DRAIN_SLACK_US (500 * US_PER_MS)
#define INTERRUPT_DRAIN_MS 3000
#define WATCHDOG_S 30		/* beyond the deadline */
#define STATUS_US (10 * US_PER_S)

enum state { RUN_PREFLIGHT, RUN_CALM, RUN_SCENARIO, RUN_DRAIN, RUN_QUIT, RUN_OVER };

struct run {
	const struct settings *settings;
	const struct plan *plan;
	struct aggregate *aggregate;
	struct journal *journal;
	struct serial_log *serial_log;
	struct event_base *base;
	struct supervise *supervise;
	struct progress progress;
	char worker_path[4096];
	enum state state;
	int device;
	int scenario;			/* running or last, -1 none */
	struct mono stopped;		/* when STOP was sent */
	struct msg_end end;		/* how it will have ended */
	char end_text[PROTO_PART_MAX];
	bool told[2];			/* that the journal, the serial log cannot be written */
	struct event *step, *sync, *status, *deadline, *signals[3];
};

static const int signal_numbers[3] = {SIGINT, SIGTERM, SIGHUP};

static int
record(struct run *r, const struct record *rec, const uint8_t *payload, size_t len, struct err *e)
{
	const struct run_result *result = aggregate_peek(r->aggregate);
	int silences = result->device[r->device]->silence_count;

	if (aggregate_apply(r->aggregate, rec, e) == -1)
		return -1;
	if (result->device[r->device]->silence_count > silences)
		progress_silence(&r->progress, &result->device[r->device]->silence[silences]);
	journal_add(r->journal, rec, payload, len);
	if (rec->msg.type == MSG_LINE)
		serial_log_add(r->serial_log, &rec->msg.u.line);
	progress_record(&r->progress, rec);
	return 0;
}

static void
record_own(struct run *r, const struct msg *m)
{
	struct record rec = {r->device, -1, 0, *m};

	rec.msg.seq = 1;
	record(r, &rec, NULL, 0, NULL);
}

static void
set_end(struct run *r, enum run_end how, int sig, const char *text)
{
	if (r->end.how != RUN_DONE)
		return;
	r->end.how = how;
	r->end.signal = sig;
	text_copy(r->end_text, sizeof(r->end_text), text);
}

static void
arm(struct event *ev, int64_t us)
{
	struct timeval tv = clock_timeval(us);

	event_add(ev, &tv);
}

static const struct device_result *
result_of(const struct run *r)
{
	return aggregate_peek(r->aggregate)->device[r->device];
}

static const enum role role_of_load[LOAD_COUNT] = {ROLE_REST, ROLE_WS};

static bool
wants_role(const struct run *r, enum role role)
{
	const struct plan_device *d = &r->plan->device[r->device];

	if (role == ROLE_SERIAL)
		return strcmp(d->serial_port, "none") != 0;
	return profile_has_load(&r->plan->profile, role == ROLE_REST ? LOAD_REST : LOAD_WS);
}

/* Scenarios. */

static void
start_role(struct run *r, enum role role, int64_t first_slot)
{
	const struct scenario_result *sr = &result_of(r)->scenario[r->scenario];
	struct msg m = {.type = MSG_START, .u.start = {r->scenario, sr->start_us, first_slot}};

	supervise_send(r->supervise, role, &m);
}

static bool
role_has_work(const struct run *r, enum role role)
{
	const struct scenario *s = &r->plan->profile.scenario[r->scenario];

	return role == ROLE_SERIAL || s->rate_mhz[role == ROLE_REST ? LOAD_REST : LOAD_WS] != 0;
}

/* A restarted worker goes on with the first slot that is not due yet. */
static void
rejoin_role(struct run *r, enum role role)
{
	enum load_kind kind = role == ROLE_WS ? LOAD_WS : LOAD_REST;
	struct sched grid = aggregate_grid(r->aggregate, r->device, kind, r->scenario);
	int64_t next = aggregate_next_slot(r->aggregate, r->device, kind, r->scenario);
	int64_t due;

	if (!role_has_work(r, role))
		return;
	due = grid.rate_mhz > 0 ? sched_due_by(&grid, clock_mono()) : 0;
	start_role(r, role, role == ROLE_SERIAL ? 0 : due > next ? due : next);
}

static void
next_scenario(struct run *r)
{
	const struct scenario *s;
	struct msg m = {.type = MSG_SCENARIO_START};
	int role;

	r->scenario++;
	s = &r->plan->profile.scenario[r->scenario];
	m.u.scenario.scenario = r->scenario;
	m.u.scenario.at_us = clock_mono().us + LEAD_US;
	record_own(r, &m);
	r->state = RUN_SCENARIO;
	for (role = 0; role < ROLE_COUNT; role++)
		if (role_has_work(r, (enum role)role))
			start_role(r, (enum role)role, 0);
	progress_scenario(&r->progress, aggregate_peek(r->aggregate), r->device, r->scenario);
	arm(r->step, LEAD_US + s->duration_us);
	arm(r->status, STATUS_US);
	journal_flush(r->journal);
}

static int64_t
drain_ms(const struct run *r)
{
	return r->plan->rest_timeout_ms > r->plan->ws_timeout_ms ? r->plan->rest_timeout_ms
								 : r->plan->ws_timeout_ms;
}

static void
stop_scenario(struct run *r)
{
	struct msg m = {.type = MSG_STOP, .u.stop = {drain_ms(r), 0}};
	int k;

	for (k = 0; k < ROLE_COUNT; k++)
		if (role_has_work(r, (enum role)k))
			supervise_send(r->supervise, (enum role)k, &m);
	r->state = RUN_DRAIN;
	r->stopped = clock_mono();
	event_del(r->status);
	arm(r->step, SETTLE_US);
}

static bool
is_drained(const struct run *r)
{
	int64_t waited = mono_sub(clock_mono(), r->stopped);
	int k, left = 0;

	for (k = 0; k < LOAD_COUNT; k++)
		left += aggregate_in_flight(r->aggregate, r->device, (int)role_of_load[k]);
	return waited >= SETTLE_US && (left == 0 || waited >= drain_ms(r) * 1000 + DRAIN_SLACK_US);
}

static void
end_scenario(struct run *r, bool interrupted)
{
	struct msg m = {.type = MSG_SCENARIO_END};

	m.u.scenario.scenario = r->scenario;
	m.u.scenario.at_us = clock_mono().us;
	m.u.scenario.interrupted = interrupted;
	record_own(r, &m);
	progress_done(&r->progress, aggregate_peek(r->aggregate), r->device, r->scenario);
}

static void quit(struct run *r, int64_t drain);

static void
after_drain(struct run *r)
{
	if (!is_drained(r)) {
		arm(r->step, SETTLE_US);
		return;
	}
	end_scenario(r, false);
	if (r->scenario + 1 < r->plan->profile.scenario_count)
		next_scenario(r);
	else
		quit(r, 0);
}

/* The end. */

static void
over(struct run *r)
{
	if (r->state == RUN_OVER)
		return;
	r->state = RUN_OVER;
	event_base_loopbreak(r->base);
}

static bool
any_active(const struct run *r)
{
	int role;

	for (role = 0; role < ROLE_COUNT; role++)
		if (supervise_active(r->supervise, (enum role)role))
			return true;
	return false;
}

static void
quit(struct run *r, int64_t drain)
{
	if (r->state >= RUN_QUIT)
		return;
	r->state = RUN_QUIT;
	event_del(r->step);
	event_del(r->status);
	supervise_quit(r->supervise, drain);
	if (!any_active(r))
		over(r);
}

static void
deadline_cb(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;
	char text[96];

	(void)fd, (void)what;
	snprintf(text, sizeof(text), "the deadline of %lld s passed",
	    (long long)(r->settings->deadline_us / US_PER_S));
	progress_say(&r->progress, "%s", text);
	set_end(r, RUN_INTERRUPTED, SIGTERM, text);
	quit(r, 0);
}

/* A terminal that was closed answers with an error of its own; what is no terminal says ENOTTY. */
static bool
terminal_is_gone(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (!isatty(fd) && (errno == EIO || errno == ENXIO))
			return true;
	return false;
}

static void
note(struct run *r, const char *text)
{
	struct msg m = {.type = MSG_NOTE};

	m.u.note.at_us = clock_mono().us;
	m.u.note.text = (struct span){(const uint8_t *)text, strlen(text)};
	record_own(r, &m);
}

static void
signal_cb(evutil_socket_t sig, short what, void *arg)
{
	struct run *r = arg;
	char text[96];

	(void)what;
	if (sig == SIGHUP && terminal_is_gone()) {
		note(r, "the terminal was closed in mid-run; the run went on");
		return;
	}
	if (r->state >= RUN_QUIT) {
		over(r);
		return;
	}
	snprintf(text, sizeof(text), "interrupted by %s", sig == SIGINT ? "SIGINT"
	    : sig == SIGHUP ? "SIGHUP" : "SIGTERM");
	progress_say(&r->progress, "%s: what is in flight may end, then the report is written; "
	    "once more ends at once", text);
	set_end(r, RUN_INTERRUPTED, (int)sig, text);
	quit(r, INTERRUPT_DRAIN_MS);
}

/* Preflight. */

static void
after_preflight(struct run *r)
{
	const struct device_result *d = result_of(r);
	int64_t rate = r->plan->profile.scenario[0].rate_mhz[LOAD_REST];
	char why[PROTO_PART_MAX];

	if (r->end.how != RUN_DONE) {
		quit(r, 0);
		return;
	}
	if (!admission_granted(r->plan, d, why, sizeof(why))) {
		set_end(r, RUN_UNREACHABLE, 0, why);
		quit(r, 0);
		return;
	}
	if (d->worker[ROLE_SERIAL].ready_ok && d->serial_port[0] == '\0')
		supervise_dismiss(r->supervise, ROLE_SERIAL);
	r->state = RUN_CALM;
	arm(r->step, rate > CALM_ABOVE_MHZ || rate == RATE_CLOSED_LOOP ? CALM_US : 0);
}

static bool
all_ready(const struct run *r)
{
	const struct worker_total *w = result_of(r)->worker;
	int role;

	for (role = 0; role < ROLE_COUNT; role++)
		if (w[role].used && !w[role].ready &&
		    supervise_active(r->supervise, (enum role)role))
			return false;
	return true;
}

static void
step_cb(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;

	(void)fd, (void)what;
	if (r->state == RUN_PREFLIGHT)
		after_preflight(r);
	else if (r->state == RUN_CALM)
		next_scenario(r);
	else if (r->state == RUN_SCENARIO)
		stop_scenario(r);
	else if (r->state == RUN_DRAIN)
		after_drain(r);
	journal_flush(r->journal);
}

static void
status_cb(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;

	(void)fd, (void)what;
	progress_status(&r->progress, aggregate_peek(r->aggregate), r->device, r->scenario);
	arm(r->status, STATUS_US);
}

/* At once, not only at the end: a long run may have time to mend it. */
static void
tell_failing_files(struct run *r)
{
	const char *errors[] = {journal_error(r->journal), serial_log_error(r->serial_log)};
	size_t i;

	for (i = 0; i < 2; i++) {
		if (errors[i][0] != '\0' && !r->told[i])
			progress_say(&r->progress, "%s; the run goes on without it", errors[i]);
		r->told[i] = errors[i][0] != '\0';
	}
}

static void
sync_cb(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;

	(void)fd, (void)what;
	journal_sync(r->journal);
	serial_log_flush(r->serial_log, true);
	tell_failing_files(r);
}

/* What the supervisor tells. */

static int
record_cb(void *arg, const struct record *rec, const uint8_t *payload, size_t len, struct err *e)
{
	return record(arg, rec, payload, len, e);
}

static void
turn_cb(void *arg)
{
	struct run *r = arg;

	journal_flush(r->journal);
	serial_log_flush(r->serial_log, false);
}

static void
ready_cb(void *arg, enum role role, bool restarted)
{
	struct run *r = arg;

	if (!restarted)
		progress_preflight(&r->progress, aggregate_peek(r->aggregate), r->device, role);
	if (r->state == RUN_PREFLIGHT && all_ready(r))
		arm(r->step, 0);
	else if (r->state == RUN_SCENARIO)
		rejoin_role(r, role);
}

static void
over_cb(void *arg, enum role role, bool given_up)
{
	struct run *r = arg;
	char text[96];

	if (given_up) {
		snprintf(text, sizeof(text), "the %s worker was lost for good", role_names[role]);
		set_end(r, RUN_FAULT, 0, text);
	}
	if (!any_active(r))
		over(r);
	else if (r->state == RUN_PREFLIGHT && all_ready(r))
		arm(r->step, 0);
}

static const struct supervise_handler supervise_handler = {record_cb, turn_cb, ready_cb, over_cb};

/* Setting up. */

static int
start_workers(struct run *r, struct err *e)
{
	struct workplan *w = malloc(sizeof(*w));
	int role, rc = 0;

	if (w == NULL)
		return err_set(e, "out of memory");
	for (role = 0; role < ROLE_COUNT && rc == 0; role++) {
		if (!wants_role(r, (enum role)role))
			continue;
		assignment_make(r->settings, r->device, (enum role)role, w);
		rc = supervise_start(r->supervise, (enum role)role, w, e);
	}
	free(w);
	return rc;
}

static int
make_events(struct run *r, struct err *e)
{
	const struct timeval second = clock_timeval(US_PER_S);
	size_t i;

	r->base = event_base_new();
	if (r->base == NULL)
		return err_set(e, "cannot make an event loop");
	r->step = evtimer_new(r->base, step_cb, r);
	r->status = evtimer_new(r->base, status_cb, r);
	r->sync = event_new(r->base, -1, EV_PERSIST, sync_cb, r);
	r->deadline = evtimer_new(r->base, deadline_cb, r);
	if (r->step == NULL || r->status == NULL || r->sync == NULL || r->deadline == NULL ||
	    event_add(r->sync, &second) == -1)
		return err_set(e, "out of memory");
	if (r->settings->deadline_us > 0)
		arm(r->deadline, r->settings->deadline_us);
	for (i = 0; i < 3; i++) {
		r->signals[i] = evsignal_new(r->base, signal_numbers[i], signal_cb, r);
		if (r->signals[i] == NULL || event_add(r->signals[i], NULL) == -1)
			return err_set(e, "cannot catch signals");
	}
	r->supervise = supervise_new(r->base, r->worker_path, r->device, &supervise_handler, r);
	return r->supervise == NULL ? err_set(e, "out of memory") : 0;
}

static void
free_events(struct run *r)
{
	struct event **all[] = {&r->step, &r->status, &r->sync, &r->deadline, &r->signals[0],
	    &r->signals[1], &r->signals[2]};
	size_t i;

	supervise_free(r->supervise);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (*all[i] != NULL)
			event_free(*all[i]);
	if (r->base != NULL)
		event_base_free(r->base);
}

static void
record_end(struct run *r)
{
	struct msg m = {.type = MSG_END};

	if (r->scenario >= 0 && !result_of(r)->scenario[r->scenario].ended)
		end_scenario(r, true);
	m.u.run_end = r->end;
	m.u.run_end.wall_us = clock_wall_us();
	m.u.run_end.text = (struct span){(const uint8_t *)r->end_text, strlen(r->end_text)};
	record_own(r, &m);
	sync_cb(-1, 0, r);
}

/* The last resort, should this very process hang (a disk that does not answer): the journal
 * remains. */
static void
set_watchdog(const struct settings *s)
{
	int64_t seconds = s->deadline_us / US_PER_S + WATCHDOG_S;

	if (s->deadline_us > 0)
		alarm((unsigned)seconds);
}

int
run_execute(const struct settings *s, struct aggregate *a, struct journal *j, struct serial_log *l,
    struct err *e)
{
	struct run r = {.settings = s,
	    .plan = &s->plan,
	    .aggregate = a,
	    .journal = j,
	    .serial_log = l,
	    .scenario = -1,
	    .end = {.how = RUN_DONE}};
	sigset_t signals;
	size_t i;
	int rc;

	progress_init(&r.progress, clock_mono());
	rc = spawn_find("lwstress-worker", r.worker_path, sizeof(r.worker_path), e);
	if (rc == 0)
		rc = make_events(&r, e);
	if (rc == 0)
		rc = start_workers(&r, e);
	if (rc == 0) {
		journal_flush(j);
		set_watchdog(s);
		event_base_dispatch(r.base);
		record_end(&r);
	}
	/* From here on nothing keeps the report from being written. */
	sigemptyset(&signals);
	for (i = 0; i < sizeof(signal_numbers) / sizeof(signal_numbers[0]); i++)
		sigaddset(&signals, signal_numbers[i]);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	free_events(&r);
	return rc;
}
