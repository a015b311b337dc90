/* Dispatch by message type, the lives of workers, scenarios, and the end of all records. */
#include "config.h"

#include "coordinator/aggregate_state.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "shared/sched.h"
#include "shared/text.h"
#include "shared/poison.h"

static int64_t
load_planned(const struct scenario *s, enum load_kind kind)
{
	struct sched grid = {{0}, s->rate_mhz[kind], s->duration_us};

	return s->rate_mhz[kind] == RATE_CLOSED_LOOP ? -1 : sched_planned(&grid);
}

static struct device_result *
device_result_new(const struct plan *plan)
{
	struct device_result *d = result_device_new();
	struct scenario_result *s;
	int i, k;

	if (d == NULL)
		return NULL;
	for (i = 0; i < plan->profile.scenario_count; i++) {
		s = &d->scenario[i];
		for (k = 0; k < LOAD_COUNT; k++)
			s->load[k].planned =
			    load_planned(&plan->profile.scenario[i], (enum load_kind)k);
	}
	return d;
}

static int
device_state_init(struct device_state *s)
{
	int i;

	s->running = s->last_started = s->panic = -1;
	s->serial_open_us = s->harness_open_us = -1;
	aggregate_console_init(&s->console);
	for (i = 0; i < ROLE_COUNT; i++) {
		s->worker[i].inflight = inflight_new();
		if (s->worker[i].inflight == NULL)
			return -1;
	}
	return 0;
}

struct aggregate *
aggregate_new(const struct plan *plan)
{
	struct aggregate *a = calloc(1, sizeof(*a));
	int i;

	if (a == NULL)
		return NULL;
	a->run.plan = *plan;
	a->run.end = RUN_ON;
	a->run.end_wall_us = -1;
	for (i = 0; i < plan->device_count; i++) {
		a->run.device[i] = device_result_new(plan);
		if (a->run.device[i] == NULL || device_state_init(&a->device[i]) == -1) {
			aggregate_free(a);
			return NULL;
		}
	}
	return a;
}

void
aggregate_free(struct aggregate *a)
{
	int i, k;

	if (a == NULL)
		return;
	for (i = 0; i < PLAN_DEVICES_MAX; i++) {
		result_device_free(a->run.device[i]);
		for (k = 0; k < ROLE_COUNT; k++)
			inflight_free(a->device[i].worker[k].inflight);
	}
	free(a);
}

void
aggregate_note(struct device_result *d, const char *text)
{
	int i;

	for (i = 0; i < d->note_count; i++)
		if (strcmp(d->note[i], text) == 0)
			return;
	if (d->note_count == RESULT_NOTES_MAX) {
		d->notes_other++;
		return;
	}
	text_copy(d->note[d->note_count++], sizeof(d->note[0]), text);
}

static void
span_text(char *dst, size_t size, struct span s)
{
	text_utf8_clean(dst, size, s.p, s.len);
}

/* The coordinator's own records. */

/* A port was open once, or is named. */
static bool
serial_wanted(const struct aggregate *a, int device)
{
	const char *named = a->run.plan.device[device].serial_port;

	return a->run.device[device]->serial_port[0] != '\0' ||
	    (named[0] != '\0' && strcmp(named, "auto") != 0 && strcmp(named, "none") != 0);
}

static int
on_scenario_start(struct aggregate *a, const struct record *r, struct err *e)
{
	const struct msg_scenario *m = &r->msg.u.scenario;
	struct device_result *d = a->run.device[r->device];
	struct device_state *s = &a->device[r->device];
	struct scenario_result *sr;
	int i;

	if (m->scenario >= a->run.plan.profile.scenario_count || s->running != -1 ||
	    d->scenario[m->scenario].started)
		return err_set(e, "scenario %lld cannot start", (long long)m->scenario);
	sr = &d->scenario[m->scenario];
	sr->started = true;
	sr->start_us = m->at_us;
	s->running = s->last_started = (int)m->scenario;
	if (d->timeline.step_us == 0)
		timeline_init(&d->timeline, m->at_us);
	for (i = 0; i < d->reboot_count; i++)
		if (d->reboot[i].scenario == -1)
			d->reboot[i].scenario = s->running;
	aggregate_console_shed_settle(a, r->device, m->at_us);
	if (serial_wanted(a, r->device) && s->serial_open_us == -1)
		aggregate_serial_gap(a, r->device, m->at_us);
	return 0;
}

static int
on_scenario_end(struct aggregate *a, const struct record *r, struct err *e)
{
	const struct msg_scenario *m = &r->msg.u.scenario;
	struct scenario_result *sr;

	if (a->device[r->device].running != m->scenario)
		return err_set(e, "scenario %lld is not running", (long long)m->scenario);
	aggregate_serial_settle(a, r->device, m->at_us);
	aggregate_console_shed_settle(a, r->device, m->at_us);
	sr = &a->run.device[r->device]->scenario[m->scenario];
	sr->ended = true;
	sr->interrupted = m->interrupted != 0;
	sr->end_us = m->at_us;
	if (sr->serial.gap_count > 0 && sr->serial.gap[sr->serial.gap_count - 1].to_us == -1)
		sr->serial.gap[sr->serial.gap_count - 1].to_us = m->at_us;
	a->device[r->device].running = -1;
	return 0;
}

static struct worker_life *
life_new(struct device_result *d, const struct record *r)
{
	struct worker_life *l;

	if (d->life_count == RESULT_WORKERS_MAX) {
		d->lives_other++;
		return NULL;
	}
	l = &d->life[d->life_count++];
	l->role = r->role;
	l->generation = r->generation;
	l->pid = r->msg.u.worker_start.pid;
	l->start_us = r->msg.u.worker_start.at_us;
	l->end_us = -1;
	l->exit_status = -1;
	return l;
}

static int
on_worker_start(struct aggregate *a, const struct record *r, struct err *e)
{
	struct worker_state *w = &a->device[r->device].worker[r->role];
	struct device_result *d = a->run.device[r->device];
	struct inflight *table = w->inflight;

	if (w->alive)
		return err_set(e, "worker %s lives already", role_names[r->role]);
	memset(w, 0, sizeof(*w));
	w->inflight = table;
	w->alive = true;
	w->generation = r->generation;
	w->life = life_new(d, r);
	d->worker[r->role].used = true;
	d->worker[r->role].restarts = d->worker[r->role].lives++;
	return 0;
}

static int
on_worker_exit(struct aggregate *a, const struct record *r, struct err *e)
{
	const struct msg_worker_exit *m = &r->msg.u.worker_exit;
	struct worker_state *w = &a->device[r->device].worker[r->role];
	struct device_result *d = a->run.device[r->device];

	if (!w->alive || w->generation != r->generation)
		return err_set(e, "worker %s is not alive", role_names[r->role]);
	aggregate_lose_ops(a, r->device, r->role);
	if (r->role == ROLE_SERIAL)
		aggregate_serial_close(a, r->device, m->at_us);
	w->alive = false;
	d->worker[r->role].given_up = m->given_up != 0;
	if (w->life != NULL) {
		w->life->end_us = m->at_us;
		w->life->exit_status = m->status;
		w->life->wanted_exit = m->wanted != 0;
		span_text(w->life->reason, sizeof(w->life->reason), m->text);
	}
	return 0;
}

static int
on_note(struct aggregate *a, const struct record *r, struct err *e)
{
	char text[PROTO_TEXT_MAX + 1];

	(void)e;
	span_text(text, sizeof(text), r->msg.u.note.text);
	aggregate_note(a->run.device[r->device], text);
	return 0;
}

static int
on_end(struct aggregate *a, const struct record *r, struct err *e)
{
	const struct msg_end *m = &r->msg.u.run_end;

	if (m->how > RUN_FAULT)
		return err_set(e, "END: a run cannot end like %lld", (long long)m->how);
	a->run.end = (enum run_end)m->how;
	a->run.end_signal = (int)m->signal;
	a->run.end_wall_us = m->wall_us;
	span_text(a->run.end_text, sizeof(a->run.end_text), m->text);
	return 0;
}

/* Messages of workers. */

static int
on_hello(struct aggregate *a, const struct record *r, struct err *e)
{
	struct worker_state *w = &a->device[r->device].worker[r->role];
	const struct msg_hello *m = &r->msg.u.hello;

	if (w->greeted)
		return err_set(e, "HELLO came twice");
	if (m->version != PROTO_VERSION)
		return err_set(e,
		    "worker speaks protocol %lld, the coordinator %d; reinstall lwstress",
		    (long long)m->version, PROTO_VERSION);
	if (m->role != r->role || m->generation != r->generation)
		return err_set(e, "HELLO is of role %lld generation %lld", (long long)m->role,
		    (long long)m->generation);
	w->greeted = true;
	return 0;
}

static int
on_ready(struct aggregate *a, const struct record *r, struct err *e)
{
	struct worker_state *w = &a->device[r->device].worker[r->role];
	struct worker_total *t = &a->run.device[r->device]->worker[r->role];
	const struct msg_ready *m = &r->msg.u.ready;

	if (w->ready)
		return err_set(e, "READY came twice");
	w->ready = true;
	/* The preflight is the first life's; a restarted worker makes none. */
	if (t->ready)
		return 0;
	t->ready = true;
	t->ready_ok = m->ok != 0;
	t->ready_class = (int)m->op_class;
	t->ready_latency_us = m->latency_us;
	span_text(t->ready_text, sizeof(t->ready_text), m->text);
	return 0;
}

static int
on_counters(struct aggregate *a, const struct record *r, struct err *e)
{
	struct worker_total *t = &a->run.device[r->device]->worker[r->role];
	struct worker_state *w = &a->device[r->device].worker[r->role];
	const struct msg_counters *m = &r->msg.u.counters;

	if (m->frames_dropped < w->frames_dropped)
		return err_set(e, "%s: frames_dropped fell from %lld to %lld",
		    msg_type_name(r->msg.type), (long long)w->frames_dropped,
		    (long long)m->frames_dropped);
	t->frames_dropped += m->frames_dropped - w->frames_dropped;
	w->frames_dropped = m->frames_dropped;
	if (w->life != NULL)
		w->life->counters = *m;
	if (r->role == ROLE_SERIAL)
		aggregate_console_tick(a, r->device, m->at_us);
	return 0;
}

static int
on_final(struct aggregate *a, const struct record *r, struct err *e)
{
	struct worker_state *w = &a->device[r->device].worker[r->role];

	if (on_counters(a, r, e) == -1)
		return -1;
	if (w->life != NULL)
		w->life->wanted_exit = true;
	return 0;
}

struct handler {
	int64_t type;
	int (*apply)(struct aggregate *a, const struct record *r, struct err *e);
};

static const struct handler handlers[] = {
	{MSG_OP_BEGIN, aggregate_op_begin},
	{MSG_OP_END, aggregate_op_end},
	{MSG_SLOTS, aggregate_slots},
	{MSG_TELEMETRY, aggregate_telemetry},
	{MSG_EVENT, aggregate_event},
	{MSG_LINE, aggregate_line},
	{MSG_COUNTERS, on_counters},
	{MSG_FINAL, on_final},
	{MSG_HELLO, on_hello},
	{MSG_READY, on_ready},
	{MSG_SCENARIO_START, on_scenario_start},
	{MSG_SCENARIO_END, on_scenario_end},
	{MSG_WORKER_START, on_worker_start},
	{MSG_WORKER_EXIT, on_worker_exit},
	{MSG_NOTE, on_note},
	{MSG_END, on_end},
};

/* A worker's frame: it must have greeted, and its number must be higher than the last. */
static int
check_worker_frame(struct aggregate *a, const struct record *r, struct err *e)
{
	struct worker_state *w = &a->device[r->device].worker[r->role];

	if (!w->alive || w->generation != r->generation)
		return err_set(e, "frame of generation %lld, which does not live",
		    (long long)r->generation);
	if (!w->greeted && r->msg.type != MSG_HELLO)
		return err_set(e, "%s came before HELLO", msg_type_name(r->msg.type));
	if (r->msg.seq <= w->seq)
		return err_set(e, "sequence number %lld after %lld", (long long)r->msg.seq,
		    (long long)w->seq);
	return 0;
}

static void
count_worker_frame(struct aggregate *a, const struct record *r)
{
	struct worker_state *w = &a->device[r->device].worker[r->role];
	struct worker_total *t = &a->run.device[r->device]->worker[r->role];
	int64_t holes = r->msg.seq - w->seq - 1;

	w->seq = r->msg.seq;
	w->holes += holes;
	t->frames++;
	t->holes += holes;
	if (w->life != NULL) {
		w->life->frames++;
		w->life->holes += holes;
	}
}

int
aggregate_apply(struct aggregate *a, const struct record *r, struct err *e)
{
	bool from_worker = msg_direction(r->msg.type) == MSG_UP;
	size_t i;

	if (r->device < 0 || r->device >= a->run.plan.device_count || r->role < -1 ||
	    r->role >= ROLE_COUNT || (r->role == -1 && from_worker))
		return err_set(e, "record of device %d, role %d", r->device, r->role);
	if (r->role == -1 && (r->msg.type == MSG_WORKER_START || r->msg.type == MSG_WORKER_EXIT))
		return err_set(e, "record of a worker without a role");
	if (from_worker && check_worker_frame(a, r, e) == -1)
		return -1;
	for (i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (handlers[i].type == r->msg.type)
			break;
	if (i == sizeof(handlers) / sizeof(handlers[0]))
		return err_set(e, "%s is not a record", msg_type_name(r->msg.type));
	if (handlers[i].apply(a, r, e) == -1)
		return -1;
	if (from_worker)
		count_worker_frame(a, r);
	return 0;
}

int
aggregate_in_flight(const struct aggregate *a, int device, int role)
{
	return inflight_count(a->device[device].worker[role].inflight);
}

int64_t
aggregate_next_slot(const struct aggregate *a, int device, enum load_kind kind, int scenario)
{
	return a->device[device].next_slot[kind][scenario];
}

struct sched
aggregate_grid(const struct aggregate *a, int device, enum load_kind kind, int scenario)
{
	const struct scenario *s = &a->run.plan.profile.scenario[scenario];
	struct sched grid = {{a->run.device[device]->scenario[scenario].start_us},
	    s->rate_mhz[kind], s->duration_us};

	return grid;
}

void
aggregate_mark_recovered(struct aggregate *a)
{
	a->run.recovered = true;
}

const struct run_result *
aggregate_peek(const struct aggregate *a)
{
	return &a->run;
}

static void
settle_scenario(struct scenario_result *s)
{
	struct load_stats *l;
	int k;

	for (k = 0; k < LOAD_COUNT; k++) {
		l = &s->load[k];
		if (s->started && l->planned > 0)
			l->missed_slots = l->planned - l->sent - l->dropped_slots;
	}
}

/*
 * A reset counts in the scenario that ran, or in the next, or in the last one. A crash that
 * nobody saw the device come back from is a crash (the fatal gate's), not a reset.
 */
static void
settle_resets(struct device_result *d, int last_started)
{
	const struct reboot *r;
	int i;

	for (i = 0; i < d->reboot_count; i++) {
		r = &d->reboot[i];
		if (r->scenario == -1)
			d->reboot[i].scenario = last_started;
		if (r->scenario != -1 && !r->harness_caused && r->sources != 1U << SAW_FATAL)
			d->scenario[r->scenario].uptime_resets++;
	}
}

const struct run_result *
aggregate_settle(struct aggregate *a)
{
	struct device_result *d;
	int i, k;

	for (i = 0; i < a->run.plan.device_count; i++) {
		d = a->run.device[i];
		for (k = 0; k < ROLE_COUNT; k++)
			aggregate_lose_ops(a, i, k);
		for (k = 0; k < a->run.plan.profile.scenario_count; k++)
			settle_scenario(&d->scenario[k]);
		settle_resets(d, a->device[i].last_started);
	}
	return &a->run;
}
