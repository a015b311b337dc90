/*
 * The ws role: requests on the open loop's grid, or as fast as they are answered, over WebSocket
 * sessions of one device. One attempt to connect at a time, far enough from the one before; a
 * session that the device's policy refuses stands by while the others carry the whole load.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/util.h>

#include "shared/ws_frame.h"
#include "worker/pace.h"
#include "worker/role.h"
#include "worker/sandbox.h"
#include "worker/ws_lane.h"
#include "worker/ws_manners.h"
#include "shared/poison.h"

struct slot_lane {
	struct ws_lane *lane;
	bool open;
	struct mono opened_at;
	struct mono retry_at;
	struct ws_backoff backoff;
};

struct ws {
	struct ws_shared shared;
	struct pace *pace;
	struct event *attempt_ev, *closed_ev, *second_ev;
	struct slot_lane *lanes;
	int lane_count;
	int attempting;		/* the lane whose attempt is under way, -1: none */
	int next_lane;		/* slots go to the lanes in turn */
	struct mono earliest;	/* no attempt before */
	struct mono preflight_end;
	bool ready_sent, noted;
	bool quitting, closing;
	bool closed;		/* a closed loop runs, until end */
	int64_t next_slot;
	struct mono end;
};

static const struct workplan_load *
load_of(const struct ws *w)
{
	return &w->shared.plan->load[w->shared.scenario];
}

static int
open_count(const struct ws *w)
{
	int i, n = 0;

	for (i = 0; i < w->lane_count; i++)
		n += w->lanes[i].open;
	return n;
}

/* A scenario uses as many of the open sessions as it has lanes, lowest first. */
static bool
is_usable(const struct ws *w, int index)
{
	int64_t before = 0;
	int i;

	if (w->shared.scenario == -1 || !w->lanes[index].open)
		return false;
	for (i = 0; i < index; i++)
		before += w->lanes[i].open;
	return before < load_of(w)->lanes;
}

static int
index_of(const struct ws *w, const struct ws_lane *lane)
{
	int i = 0;

	while (w->lanes[i].lane != lane)
		i++;
	return i;
}

static bool
slot_cb(void *arg, int64_t slot, struct mono due)
{
	struct ws *w = arg;
	int i, at;

	for (i = 0; i < w->lane_count; i++) {
		at = (w->next_lane + i) % w->lane_count;
		if (!is_usable(w, at) || !ws_lane_ready(w->lanes[at].lane, load_of(w)->window))
			continue;
		w->next_lane = (at + 1) % w->lane_count;
		ws_lane_send(w->lanes[at].lane, slot, due.us);
		return true;
	}
	return false;
}

/* Closed loop: fill the lane's window. */
static void
refill(struct ws *w, int index)
{
	if (w->closed && mono_sub(clock_mono(), w->end) >= 0)
		w->closed = false;
	while (w->closed && is_usable(w, index) &&
	    ws_lane_ready(w->lanes[index].lane, load_of(w)->window))
		ws_lane_send(w->lanes[index].lane, w->next_slot++, -1);
}

static void
refill_all(struct ws *w)
{
	int i;

	for (i = 0; i < w->lane_count; i++)
		refill(w, i);
}

static void
closed_cb(evutil_socket_t fd, short what, void *arg)
{
	struct ws *w = arg;

	(void)fd;
	(void)what;
	w->closed = true;
	refill_all(w);
}

static void
report_tally(struct ws *w, enum event_kind kind, int64_t *n)
{
	if (*n > 0)
		link_event(w->shared.link, w->shared.scenario, kind, *n, "");
	*n = 0;
}

static void
report_tallies(struct ws *w)
{
	report_tally(w, EV_WS_BROADCAST, &w->shared.broadcasts);
	report_tally(w, EV_WS_UNMATCHED, &w->shared.unmatched);
	report_tally(w, EV_WS_LATE, &w->shared.late);
}

static void
second_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	report_tallies(arg);
}

/* Quitting: when nothing waits close what is open, and leave when all is closed. */
static void
finish_if_idle(struct ws *w)
{
	int i;

	for (i = 0; i < w->lane_count; i++)
		if (ws_lane_pending(w->lanes[i].lane) > 0)
			return;
	if (!w->closing) {
		w->closing = true;
		for (i = 0; i < w->lane_count; i++)
			ws_session_close(ws_lane_session(w->lanes[i].lane));
	}
	if (open_count(w) > 0 || w->attempting != -1)
		return;
	report_tallies(w);
	link_final(w->shared.link);
}

static void
schedule_attempt(struct ws *w)
{
	struct mono at = {INT64_MAX};
	struct timeval tv;
	int i;

	if (w->attempting != -1 || w->quitting)
		return;
	for (i = 0; i < w->lane_count; i++)
		if (!w->lanes[i].open && w->lanes[i].retry_at.us < at.us)
			at = w->lanes[i].retry_at;
	if (at.us == INT64_MAX)
		return;
	if (at.us < w->earliest.us)
		at = w->earliest;
	tv = clock_timeval(mono_sub(at, clock_mono()));
	evtimer_add(w->attempt_ev, &tv);
}

static void
send_ready(struct ws *w, enum op_class class, int64_t latency_us, const char *text)
{
	if (!w->ready_sent)
		link_ready(w->shared.link, class, latency_us, text);
	w->ready_sent = true;
}

/* When the lane whose session ended may try again. */
static void
plan_retry(struct ws *w, struct slot_lane *l, enum ws_ending ending, int64_t lasted_us)
{
	struct mono now = clock_mono();
	uint32_t chance;
	int64_t wait;

	evutil_secure_rng_get_bytes(&chance, sizeof(chance));
	wait = ws_backoff_next(&l->backoff, ending, lasted_us, open_count(w) > 0, chance);
	l->retry_at = mono_add(now, wait);
	w->earliest = mono_add(now, WS_SPACING_US);
}

static void
note_refusal(struct ws *w, const struct ws_end *end)
{
	char text[PROTO_TEXT_MAX + 1];
	int open = open_count(w);

	if (w->noted || open == 0 || end->code != WS_CODE_POLICY)
		return;
	w->noted = true;
	snprintf(text, sizeof(text), "the device allows %d of %d WebSocket sessions (close 1008%s%.100s); "
	    "the others stand by", open, w->lane_count, end->text[0] != '\0' ? ": " : "", end->text);
	link_event(w->shared.link, w->shared.scenario, EV_NOTE, 0, text);
}

static void
report_end(struct ws *w, const struct ws_end *end)
{
	char text[PROTO_TEXT_MAX + 1];
	bool closed_by_peer = end->code != WS_CODE_ABNORMAL;

	if (!end->opened) {
		ws_end_words(end, text);
		link_event(w->shared.link, w->shared.scenario, EV_WS_CONNECT_FAIL,
		    (int64_t)end->op_class, text);
	}
	if (end->opened || (end->handshaken && closed_by_peer))
		link_event(w->shared.link, w->shared.scenario, EV_WS_CLOSE, end->code, end->text);
}

/* The preflight's first session failed. A refusal of a moment is waited out as far as time allows. */
static void
preflight_failed(struct ws *w, const struct ws_end *end, const struct slot_lane *l)
{
	bool refused = end->op_class == OP_REJECTED;
	char text[PROTO_TEXT_MAX + 1];

	if (w->ready_sent || (refused && l->retry_at.us < w->preflight_end.us))
		return;
	ws_end_words(end, text);
	send_ready(w, end->op_class, 0, text);
}

static void
lane_end_cb(void *arg, struct ws_lane *lane, const struct ws_end *end)
{
	struct ws *w = arg;
	int i = index_of(w, lane);
	struct slot_lane *l = &w->lanes[i];
	enum ws_ending ending = end->op_class == OP_REJECTED ? WS_ENDED_REFUSED : WS_ENDED_LOST;
	int64_t lasted_us = l->open ? mono_sub(clock_mono(), l->opened_at) : 0;

	if (w->attempting == i)
		w->attempting = -1;
	l->open = false;
	plan_retry(w, l, ending, lasted_us);
	if (w->quitting) {
		if (end->opened)
			report_end(w, end);
		finish_if_idle(w);
		return;
	}
	report_end(w, end);
	note_refusal(w, end);
	preflight_failed(w, end, l);
	schedule_attempt(w);
}

static void
attempt_cb(evutil_socket_t fd, short what, void *arg)
{
	struct ws *w = arg;
	struct ws_end end = {.op_class = OP_CONNECT, .code = WS_CODE_ABNORMAL};
	int i, first = -1;
	struct err e;

	(void)fd;
	(void)what;
	for (i = 0; i < w->lane_count; i++)
		if (!w->lanes[i].open &&
		    (first == -1 || w->lanes[i].retry_at.us < w->lanes[first].retry_at.us))
			first = i;
	if (first == -1)
		return;
	w->attempting = first;
	if (ws_session_connect(ws_lane_session(w->lanes[first].lane), &e) == 0)
		return;
	snprintf(end.text, sizeof(end.text), "%.250s", e.text);
	lane_end_cb(w, w->lanes[first].lane, &end);
}

static void
lane_open_cb(void *arg, struct ws_lane *lane, int64_t latency_us)
{
	struct ws *w = arg;
	int i = index_of(w, lane);
	char text[64];

	pace_lane_free(w->pace, clock_mono());
	w->attempting = -1;
	w->earliest = mono_add(clock_mono(), WS_SPACING_US);
	w->lanes[i].open = true;
	w->lanes[i].opened_at = clock_mono();
	link_event(w->shared.link, w->shared.scenario, EV_WS_CONNECT_OK, i + 1, "");
	snprintf(text, sizeof(text), "session open in %lld ms", (long long)(latency_us / US_PER_MS));
	send_ready(w, OP_OK, latency_us, text);
	schedule_attempt(w);
	refill(w, i);
}

static void
lane_freeing_cb(void *arg, struct ws_lane *lane, struct mono now)
{
	struct ws *w = arg;

	if (is_usable(w, index_of(w, lane)))
		pace_lane_free(w->pace, now);
}

static void
lane_freed_cb(void *arg, struct ws_lane *lane)
{
	struct ws *w = arg;

	if (w->quitting)
		finish_if_idle(w);
	else if (w->closed)
		refill(w, index_of(w, lane));
}

static int
make_lanes(struct ws *w, struct err *e)
{
	const struct workplan *p = w->shared.plan;
	int64_t i, most = 1;

	for (i = 0; i < p->scenario_count; i++)
		most = p->load[i].lanes > most ? p->load[i].lanes : most;
	for (i = 0; i < p->kind_count; i++)
		if (ws_command_init(&w->shared.command[i], &p->kind[i], e) == -1)
			return -1;
	if (ws_target_parse(p->url, &w->shared.target, e) == -1)
		return -1;
	multi_keep(w->shared.multi, (long)most);
	w->lanes = calloc((size_t)most, sizeof(*w->lanes));
	for (i = 0; w->lanes != NULL && i < most; i++) {
		w->lanes[i].lane = ws_lane_new(&w->shared);
		if (w->lanes[i].lane == NULL)
			break;
		w->lane_count++;
	}
	return w->lane_count == most ? 0 : err_set(e, "out of memory");
}

static void
ws_plan(void *self, const struct workplan *plan)
{
	struct ws *w = self;
	struct timeval second = {1, 0};
	struct err e;

	w->shared.plan = plan;
	sandbox_enter(w->shared.link, ROLE_WS, plan, "");
	w->pace = pace_new(w->shared.base, w->shared.link, slot_cb, w);
	if (w->pace == NULL || evtimer_add(w->second_ev, &second) == -1) {
		send_ready(w, OP_PROTOCOL, 0, "out of memory");
		return;
	}
	if (make_lanes(w, &e) == -1) {
		send_ready(w, OP_PROTOCOL, 0, e.text);
		return;
	}
	w->preflight_end = mono_add(clock_mono(), plan->preflight_timeout_ms * US_PER_MS);
	/* After a restart the device may have seen our last session a moment ago. */
	if (!plan->preflight) {
		w->earliest = mono_add(clock_mono(), WS_SPACING_US);
		send_ready(w, OP_OK, 0, "");
	}
	schedule_attempt(w);
}

static void
ws_stop(void *self, int64_t drain_us)
{
	struct ws *w = self;
	struct mono now = clock_mono();
	int i;

	if (w->pace != NULL)
		pace_stop(w->pace, now);
	evtimer_del(w->closed_ev);
	w->closed = false;
	report_tallies(w);
	w->shared.scenario = -1;
	for (i = 0; i < w->lane_count; i++)
		ws_lane_drain(w->lanes[i].lane, mono_add(now, drain_us));
}

static void
ws_start(void *self, int scenario, struct mono start, int64_t first_slot)
{
	struct ws *w = self;
	const struct workplan_load *load = &w->shared.plan->load[scenario];
	struct sched sched = {start, load->rate_mhz, load->duration_us};
	struct timeval tv = clock_timeval(mono_sub(start, clock_mono()));

	if (w->quitting || w->lane_count == 0 || w->shared.plan->kind_count == 0)
		return;
	ws_stop(w, w->shared.plan->timeout_ms * US_PER_MS);
	w->shared.scenario = scenario;
	w->shared.thin_metrics = load->rate_mhz == RATE_CLOSED_LOOP;
	if (load->rate_mhz != RATE_CLOSED_LOOP) {
		pace_start(w->pace, scenario, &sched, first_slot);
		return;
	}
	w->next_slot = first_slot;
	w->end = mono_add(start, load->duration_us);
	evtimer_add(w->closed_ev, &tv);
}

static void
ws_quit(void *self, int64_t drain_us)
{
	struct ws *w = self;

	w->quitting = true;
	evtimer_del(w->attempt_ev);
	ws_stop(w, drain_us);
	finish_if_idle(w);
}

static void
free_event(struct event *ev)
{
	if (ev != NULL)
		event_free(ev);
}

static void
ws_destroy(void *self)
{
	struct ws *w = self;
	int i;

	if (w == NULL)
		return;
	for (i = 0; i < w->lane_count; i++)
		ws_lane_free(w->lanes[i].lane);
	free(w->lanes);
	if (w->pace != NULL)
		pace_free(w->pace);
	multi_free(w->shared.multi);
	free_event(w->attempt_ev);
	free_event(w->closed_ev);
	free_event(w->second_ev);
	free(w);
}

static void *
ws_create(struct event_base *base)
{
	struct ws *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->shared = (struct ws_shared){.base = base, .scenario = -1, .freeing_cb = lane_freeing_cb,
	    .freed_cb = lane_freed_cb, .open_cb = lane_open_cb, .end_cb = lane_end_cb, .arg = w};
	w->attempting = -1;
	w->shared.multi = multi_new(base);
	w->attempt_ev = evtimer_new(base, attempt_cb, w);
	w->closed_ev = evtimer_new(base, closed_cb, w);
	w->second_ev = event_new(base, -1, EV_PERSIST, second_cb, w);
	if (w->shared.multi == NULL || w->attempt_ev == NULL || w->closed_ev == NULL ||
	    w->second_ev == NULL || evutil_secure_rng_init() == -1) {
		ws_destroy(w);
		return NULL;
	}
	return w;
}

static void
ws_attach(void *self, struct link *link)
{
	struct ws *w = self;

	w->shared.link = link;
}

const struct role_ops ws_role = {
	.name = "ws",
	.role = ROLE_WS,
	.create = ws_create,
	.attach = ws_attach,
	.handler = {ws_plan, ws_start, ws_stop, ws_quit},
	.destroy = ws_destroy,
};
