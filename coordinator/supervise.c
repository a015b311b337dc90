#include "config.h"

#include "coordinator/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <event2/event.h>

#include "shared/log.h"
#include "shared/poison.h"

#define HELLO_US (5 * US_PER_S)		/* from start to HELLO */
#define READY_SLACK_US (5 * US_PER_S)	/* from HELLO to READY, beyond the preflight's own time */
#define SILENCE_US (5 * US_PER_S)	/* COUNTERS come each second */
#define GAP_US (2 * US_PER_S)		/* between ticks: we stood still */
#define QUIT_US (2 * US_PER_S)
#define TICK_US (US_PER_S / 4)
#define BACKOFF_MIN_US (US_PER_S / 4)
#define BACKOFF_MAX_US (5 * US_PER_S)
#define SETTLED_US (10 * US_PER_S)	/* a life this long resets the back-off */
#define STARTS_PER_MINUTE 20
#define STILLBORN_MAX 5			/* lives in a row that never said READY: given up */
#define GENERATION_MAX 65535		/* what a journal can number */
#define FRAMES_PER_TICK 100000		/* besides operations: more only fills the disk */

enum stage { STAGE_NONE, STAGE_STARTED, STAGE_GREETED, STAGE_READY, STAGE_WAITING, STAGE_OVER };

struct worker {
	enum stage stage;
	struct peer *peer;
	int64_t generation;
	struct mono since;		/* of the stage */
	int64_t backoff_us;
	int stillborn;
	bool dismissed;			/* told to leave while the others stay */
	int64_t frames;			/* in this tick */
	struct mono starts[STARTS_PER_MINUTE];
	struct workplan plan;
};

struct supervise {
	struct event_base *base;
	const char *path;
	int device;
	const struct supervise_handler *handler;
	void *arg;
	bool quitting;
	struct mono ticked, patient_until;
	struct mono quit_at;		/* workers that live then are killed */
	struct event *tick, *child;
	struct worker worker[ROLE_COUNT];
};

static void
set_stage(struct worker *w, enum stage stage)
{
	w->stage = stage;
	w->since = clock_mono();
}

static void
send_plan(struct worker *w)
{
	char *text = workplan_encode(&w->plan);

	if (text == NULL)
		peer_kill(w->peer, "out of memory for its plan");
	else
		peer_send_plan(w->peer, text);
	free(text);
}

/* Operations are bound to what the device answers, which can be much on a fast host. */
static bool
is_operation(const struct msg *m)
{
	return m->type == MSG_OP_BEGIN || m->type == MSG_OP_END;
}

/* A device is found again by its USB serial number, whatever port it gets: the next life is
 * told it. */
static void
learn_usb_serial(struct worker *w, const struct msg *m)
{
	static const char key[] = "usb_serial=";
	const struct span text = m->u.event.text;
	size_t len = sizeof(key) - 1;

	if (m->type != MSG_EVENT || m->u.event.kind != EV_DEVICE || text.len <= len ||
	    text.len - len >= sizeof(w->plan.usb_serial) || memcmp(text.p, key, len) != 0)
		return;
	memcpy(w->plan.usb_serial, text.p + len, text.len - len);
	w->plan.usb_serial[text.len - len] = '\0';
}

static int
frame_cb(void *arg, struct peer *p, const struct msg *m, const uint8_t *payload, size_t len,
    struct err *e)
{
	struct supervise *s = arg;
	enum role role = peer_role(p);
	struct worker *w = &s->worker[role];
	struct record r = {s->device, (int)role, peer_generation(p), *m};

	if (m->type == MSG_HELLO && m->u.hello.pid != peer_pid(p) && peer_pid(p) != -1)
		return err_set(e, "HELLO of process %lld", (long long)m->u.hello.pid);
	if (!is_operation(m) && ++w->frames > FRAMES_PER_TICK)
		return err_set(e, "more than %d frames in %lld ms", FRAMES_PER_TICK,
		    (long long)(TICK_US / US_PER_MS));
	if (s->handler->record_cb(s->arg, &r, payload, len, e) == -1)
		return -1;
	if (role == ROLE_SERIAL)
		learn_usb_serial(w, m);
	if (m->type == MSG_HELLO && w->stage == STAGE_STARTED) {
		set_stage(w, STAGE_GREETED);
		send_plan(w);
	} else if (m->type == MSG_READY && w->stage == STAGE_GREETED) {
		set_stage(w, STAGE_READY);
		w->stillborn = 0;
		s->handler->ready_cb(s->arg, role, !w->plan.preflight);
	}
	return 0;
}

static void
turn_cb(void *arg, struct peer *p)
{
	struct supervise *s = arg;

	(void)p;
	s->handler->turn_cb(s->arg);
}

static void
describe_exit(char *dst, size_t size, const struct peer *p, bool wanted)
{
	int status = peer_status(p);

	if (peer_reason(p)[0] != '\0')
		snprintf(dst, size, "%s", peer_reason(p));
	else if (WIFSIGNALED(status))
		snprintf(dst, size, "killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == 127)
		snprintf(dst, size, "the program could not be executed");
	else if (WEXITSTATUS(status) != 0)
		snprintf(dst, size, "exit status %d", WEXITSTATUS(status));
	else
		snprintf(dst, size, "%s", wanted ? "" : "it left without being told to");
}

/* When the next start may be: after the back-off, and with fewer than 20 starts in a minute. */
static int64_t
restart_delay(struct worker *w, struct mono now)
{
	int64_t wait = w->backoff_us, minute;

	minute = 60 * US_PER_S - mono_sub(now, w->starts[(w->generation) % STARTS_PER_MINUTE]);
	if (w->generation >= STARTS_PER_MINUTE && minute > wait)
		wait = minute;
	w->backoff_us = w->backoff_us * 2 < BACKOFF_MAX_US ? w->backoff_us * 2 : BACKOFF_MAX_US;
	return wait;
}

static void
gone_cb(void *arg, struct peer *p)
{
	struct supervise *s = arg;
	enum role role = peer_role(p);
	struct worker *w = &s->worker[role];
	struct record r = {
	    s->device, (int)role, peer_generation(p), {.type = MSG_WORKER_EXIT, .seq = 1}};
	struct mono now = clock_mono();
	bool given_up, wanted = (s->quitting || w->dismissed) && peer_reason(p)[0] == '\0' &&
	    peer_status(p) == 0;
	char text[200];

	describe_exit(text, sizeof(text), p, wanted);
	if (w->stage == STAGE_STARTED || w->stage == STAGE_GREETED)
		w->stillborn++;
	given_up = !s->quitting && !w->dismissed &&
	    (w->stillborn >= STILLBORN_MAX || w->generation == GENERATION_MAX);
	r.msg.u.worker_exit = (struct msg_worker_exit){now.us, peer_status(p), wanted, given_up,
	    {(const uint8_t *)text, strlen(text)}};
	s->handler->record_cb(s->arg, &r, NULL, 0, NULL);
	if (w->stage == STAGE_READY && mono_sub(now, w->since) > SETTLED_US)
		w->backoff_us = BACKOFF_MIN_US;
	peer_free(p);
	w->peer = NULL;
	if (s->quitting || w->dismissed || given_up) {
		set_stage(w, STAGE_OVER);
		s->handler->over_cb(s->arg, role, given_up);
		return;
	}
	if (w->stage == STAGE_READY)
		w->plan.preflight = false;
	w->stage = STAGE_WAITING;
	w->since = mono_add(now, restart_delay(w, now));
}

static const struct peer_handler peer_handler = {frame_cb, turn_cb, gone_cb};

static int
start_life(struct supervise *s, enum role role, struct err *e)
{
	struct worker *w = &s->worker[role];
	struct record r = {
	    s->device, (int)role, w->generation + 1, {.type = MSG_WORKER_START, .seq = 1}};
	struct mono now = clock_mono();

	w->peer = peer_start(
	    s->base, s->path, s->device, role, w->generation + 1, &peer_handler, s, e);
	if (w->peer == NULL)
		return -1;
	w->starts[w->generation % STARTS_PER_MINUTE] = now;
	w->generation++;
	set_stage(w, STAGE_STARTED);
	r.msg.u.worker_start = (struct msg_worker_start){now.us, peer_pid(w->peer)};
	return s->handler->record_cb(s->arg, &r, NULL, 0, e);
}

static void
check_worker(struct supervise *s, enum role role, struct mono now)
{
	struct worker *w = &s->worker[role];
	int64_t age = mono_sub(now, w->since);
	struct err e;

	if (s->quitting && w->peer != NULL && mono_sub(now, s->quit_at) > 0)
		peer_kill(w->peer, "it did not leave when told to");
	else if (w->stage == STAGE_STARTED && age > HELLO_US)
		peer_kill(w->peer, "no HELLO came in time");
	else if (w->stage == STAGE_GREETED &&
	    age > w->plan.preflight_timeout_ms * 1000 * 2 + READY_SLACK_US)
		peer_kill(w->peer, "no READY came in time");
	else if (w->stage == STAGE_READY && mono_sub(now, s->patient_until) > 0 &&
	    mono_sub(now, peer_heard(w->peer)) > SILENCE_US)
		peer_kill(w->peer, "it was silent for 5 s");
	else if (w->stage == STAGE_WAITING && age >= 0 && start_life(s, role, &e) == -1) {
		log_warn("cannot restart the %s worker: %s", role_names[role], e.text);
		w->since = mono_add(now, BACKOFF_MAX_US);
	}
}

/* When we stood still ourselves (suspended, stopped), the workers' silence proves nothing yet. */
static void
notice_gap(struct supervise *s, struct mono now)
{
	struct record r = {s->device, -1, 0, {.type = MSG_NOTE, .seq = 1}};
	int64_t gap_us = mono_sub(now, s->ticked);
	char text[128];

	s->ticked = now;
	if (gap_us < GAP_US)
		return;
	s->patient_until = mono_add(now, SILENCE_US);
	snprintf(text, sizeof(text),
	    "the coordinator stood still for %lld s: was this host suspended?",
	    (long long)(gap_us / US_PER_S));
	r.msg.u.note = (struct msg_note){now.us, {(const uint8_t *)text, strlen(text)}};
	s->handler->record_cb(s->arg, &r, NULL, 0, NULL);
}

static void
tick_cb(evutil_socket_t fd, short what, void *arg)
{
	struct supervise *s = arg;
	struct mono now = clock_mono();
	int role;

	(void)fd, (void)what;
	notice_gap(s, now);
	for (role = 0; role < ROLE_COUNT; role++) {
		s->worker[role].frames = 0;
		if (s->worker[role].stage != STAGE_NONE && s->worker[role].stage != STAGE_OVER)
			check_worker(s, (enum role)role, now);
	}
}

static void
child_cb(evutil_socket_t fd, short what, void *arg)
{
	struct supervise *s = arg;
	struct peer *p;
	int role, status;

	(void)fd, (void)what;
	for (role = 0; role < ROLE_COUNT; role++) {
		p = s->worker[role].peer;
		if (p != NULL && peer_pid(p) > 0 &&
		    waitpid(peer_pid(p), &status, WNOHANG) == peer_pid(p))
			peer_reaped(p, status);
	}
}

struct supervise *
supervise_new(struct event_base *base, const char *worker_path, int device,
    const struct supervise_handler *handler, void *arg)
{
	struct supervise *s = calloc(1, sizeof(*s));
	struct timeval tv = clock_timeval(TICK_US);

	if (s == NULL)
		return NULL;
	s->base = base;
	s->path = worker_path;
	s->device = device;
	s->ticked = clock_mono();
	s->handler = handler;
	s->arg = arg;
	s->tick = event_new(base, -1, EV_PERSIST, tick_cb, s);
	s->child = evsignal_new(base, SIGCHLD, child_cb, s);
	if (s->tick == NULL || s->child == NULL || event_add(s->tick, &tv) == -1 ||
	    event_add(s->child, NULL) == -1) {
		supervise_free(s);
		return NULL;
	}
	return s;
}

/* After SIGKILL a process ends at once, unless the kernel holds it; no longer than 1 s is
 * waited. */
static void
reap_killed(pid_t pid)
{
	const struct timespec pause = {0, 10 * 1000 * 1000};
	int i;

	kill(pid, SIGKILL);
	for (i = 0; i < 100 && waitpid(pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&pause, NULL);
}

void
supervise_free(struct supervise *s)
{
	struct peer *p;
	int role;

	if (s == NULL)
		return;
	for (role = 0; role < ROLE_COUNT; role++) {
		p = s->worker[role].peer;
		if (p != NULL && peer_pid(p) > 0)
			reap_killed(peer_pid(p));
		peer_free(p);
	}
	if (s->tick != NULL)
		event_free(s->tick);
	if (s->child != NULL)
		event_free(s->child);
	free(s);
}

int
supervise_start(struct supervise *s, enum role role, const struct workplan *plan, struct err *e)
{
	struct worker *w = &s->worker[role];

	w->plan = *plan;
	w->backoff_us = BACKOFF_MIN_US;
	return start_life(s, role, e);
}

bool
supervise_send(struct supervise *s, enum role role, struct msg *m)
{
	struct worker *w = &s->worker[role];

	if (w->stage != STAGE_READY || w->peer == NULL)
		return false;
	peer_send(w->peer, m);
	return true;
}

void
supervise_dismiss(struct supervise *s, enum role role)
{
	struct msg m = {.type = MSG_STOP, .u.stop = {0, 1}};

	s->worker[role].dismissed = true;
	supervise_send(s, role, &m);
}

void
supervise_quit(struct supervise *s, int64_t drain_ms)
{
	struct msg m = {.type = MSG_STOP, .u.stop = {drain_ms, 1}};
	struct worker *w;
	int role;

	s->quitting = true;
	s->quit_at = mono_add(clock_mono(), drain_ms * 1000 + QUIT_US);
	for (role = 0; role < ROLE_COUNT; role++) {
		w = &s->worker[role];
		if (w->stage == STAGE_WAITING) {
			set_stage(w, STAGE_OVER);
			s->handler->over_cb(s->arg, (enum role)role, false);
		} else if (w->peer != NULL && w->stage == STAGE_READY) {
			peer_send(w->peer, &m);
		} else if (w->peer != NULL) {
			peer_kill(w->peer, "the run ended before it was ready");
		}
	}
}

bool
supervise_active(const struct supervise *s, enum role role)
{
	enum stage stage = s->worker[role].stage;

	return stage != STAGE_NONE && stage != STAGE_OVER;
}
