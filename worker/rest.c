/*
 * The rest role: HTTP requests on the open loop's grid, or as fast as they are answered, over at
 * most as many lanes (connections) as the scenario has. Runs in lwstress-worker.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <event2/event.h>

#include "worker/exchange.h"
#include "worker/pace.h"
#include "worker/preflight.h"
#include "worker/rest_url.h"
#include "worker/role.h"
#include "worker/sandbox.h"
#include "shared/poison.h"

/* A closed loop does not hammer a peer that cannot be reached. */
#define RETRY_US (100 * US_PER_MS)
#define CLOSED_BATCH 8
/* In a closed loop one set of measurements in this span is enough; an open loop sends them all. */
#define METRICS_EVERY_US (10 * US_PER_MS)

struct lane {
	struct rest *rest;
	struct exchange *exchange;
	int64_t id;		/* of the operation under way, 0: the lane is free */
	struct mono sent;
	int scenario;
	int64_t kind;
	bool resting;		/* its last request failed to reach the peer; closed loop only */
	bool draining;		/* its scenario was stopped; it has until deadline */
	struct mono deadline;
};

struct rest {
	struct event_base *base;
	struct link *link;
	struct multi *multi;
	struct pace *pace;
	struct event *drain_ev, *wake_ev, *closed_ev;
	struct preflight *preflight;
	const struct workplan *plan;
	struct lane *lanes;
	int64_t lane_count;	/* that exist */
	int64_t usable;		/* of the running scenario */
	int scenario;
	bool closed;		/* a closed loop runs from begin to end */
	int64_t next_slot;
	struct mono begin, end;	/* of the closed loop */
	struct mono metrics_at;
	bool quitting;
	char (*url)[REST_URL_MAX];
	struct api_cache cache[WORKPLAN_KINDS_MAX];
};

static void
end_op(struct lane *l, struct mono at, const struct exchange_result *r)
{
	struct msg_op_end end = {.id = l->id, .end_us = at.us};

	end.op_class = r->op_class;
	end.status = r->status;
	end.dns_us = r->dns_us;
	end.connect_us = r->connect_us;
	end.tls_us = r->tls_us;
	end.first_byte_us = r->first_byte_us;
	end.bytes = r->bytes;
	end.text = (struct span){(const uint8_t *)r->text, strlen(r->text)};
	link_op_end(l->rest->link, &end);
	l->id = 0;
	l->draining = false;
}

static void
wake_at(struct rest *r, struct mono at)
{
	struct timeval tv = clock_timeval(mono_sub(at, clock_mono()));

	evtimer_add(r->wake_ev, &tv);
}

/* In a closed loop a lane that failed pauses. */
static void
lane_rest(struct lane *l)
{
	l->resting = true;
	if (!evtimer_pending(l->rest->wake_ev, NULL))
		wake_at(l->rest, mono_add(clock_mono(), RETRY_US));
}

/* End an operation that libcurl will not end. */
static void
abandon_op(struct lane *l, enum op_class class, const char *why)
{
	struct exchange_result r = {.op_class = class, .dns_us = -1, .connect_us = -1,
	    .tls_us = -1, .first_byte_us = -1};

	memcpy(r.text, why, strlen(why) + 1);
	end_op(l, clock_mono(), &r);
}

/* Announce the request for a slot; to be followed by link_flush and lane_go. */
static void
lane_begin(struct lane *l, int64_t slot, int64_t due_us)
{
	struct rest *r = l->rest;
	struct msg_op_begin begin = {.scenario = r->scenario, .slot = slot, .due_us = due_us};

	l->kind = slot % r->plan->kind_count;
	l->scenario = r->scenario;
	begin.kind = l->kind;
	l->sent = clock_mono();
	begin.sent_us = l->sent.us;
	l->id = link_op_queue(r->link, &begin);
}

static void
lane_go(struct lane *l)
{
	struct rest *r = l->rest;
	struct err e;

	if (exchange_start(l->exchange, r->url[l->kind], &r->cache[l->kind], &e) == 0)
		return;
	abandon_op(l, OP_PROTOCOL, e.text);
	lane_rest(l);
}

static bool
slot_cb(void *arg, int64_t slot, struct mono due)
{
	struct rest *r = arg;
	int64_t i;

	for (i = 0; i < r->usable; i++) {
		if (r->lanes[i].id != 0)
			continue;
		lane_begin(&r->lanes[i], slot, due.us);
		link_flush(r->link);
		lane_go(&r->lanes[i]);
		return true;
	}
	return false;
}

/*
 * The closed loop: every free lane gets a request. A few are announced in one write; more would
 * let the last of them wait too long between announcement and sending.
 */
static void
closed_cb(evutil_socket_t fd, short what, void *arg)
{
	struct rest *r = arg;
	struct lane *batch[CLOSED_BATCH];
	struct mono now = clock_mono();
	int64_t i = 0;
	int n, k;

	(void)fd;
	(void)what;
	if (mono_sub(now, r->begin) < 0) {
		wake_at(r, r->begin);
		return;
	}
	if (mono_sub(now, r->end) >= 0)
		r->closed = false;
	while (r->closed && i < r->usable) {
		for (n = 0; i < r->usable && n < CLOSED_BATCH; i++) {
			if (r->lanes[i].id != 0 || r->lanes[i].resting)
				continue;
			batch[n] = &r->lanes[i];
			lane_begin(batch[n++], r->next_slot++, -1);
		}
		link_flush(r->link);
		for (k = 0; k < n; k++)
			lane_go(batch[k]);
	}
}

/* The closed loop begins, or goes on after a pause. */
static void
wake_cb(evutil_socket_t fd, short what, void *arg)
{
	struct rest *r = arg;
	int64_t i;

	for (i = 0; i < r->lane_count; i++)
		r->lanes[i].resting = false;
	closed_cb(fd, what, r);
}

static void
send_metrics(struct rest *r, const struct lane *l, const struct api_reply *reply)
{
	int m;

	link_nonsense(r->link, reply->nonsense);
	if (reply->seen == 0 || (r->closed && mono_sub(l->sent, r->metrics_at) < METRICS_EVERY_US))
		return;
	r->metrics_at = l->sent;
	for (m = 0; m < METRIC_COUNT; m++)
		if ((reply->seen & 1U << m) != 0)
			link_telemetry(r->link, l->sent, l->scenario, (enum metric)m, reply->value[m]);
}

static void
finish_if_idle(struct rest *r)
{
	int64_t i;

	for (i = 0; i < r->lane_count; i++)
		if (r->lanes[i].id != 0)
			return;
	link_final(r->link);
}

static bool
transport_failed(enum op_class class)
{
	return class == OP_DNS || class == OP_CONNECT || class == OP_TLS || class == OP_RESET;
}

static int64_t
setup_us(const struct exchange_result *r)
{
	return (r->dns_us > 0 ? r->dns_us : 0) + (r->connect_us > 0 ? r->connect_us : 0) +
	    (r->tls_us > 0 ? r->tls_us : 0);
}

static void
done_cb(void *arg, const struct exchange_result *res)
{
	struct lane *l = arg;
	struct rest *r = l->rest;
	struct mono now = clock_mono();

	if (l - r->lanes < r->usable)
		pace_lane_free(r->pace, now);
	if (res->opened)
		link_event(r->link, l->scenario, EV_CONNECT, setup_us(res), "");
	if (res->op_class == OP_OK)
		send_metrics(r, l, &res->reply);
	end_op(l, now, res);
	if (r->quitting)
		finish_if_idle(r);
	if (!r->closed)
		return;
	if (transport_failed(res->op_class))
		lane_rest(l);
	else
		event_active(r->closed_ev, EV_TIMEOUT, 0);
}

/* Give up what has not ended by its deadline, and wait for the next deadline. */
static void
drain_cb(evutil_socket_t fd, short what, void *arg)
{
	struct rest *r = arg;
	struct mono now = clock_mono();
	int64_t i, left, least = -1;
	struct timeval tv;

	(void)fd;
	(void)what;
	for (i = 0; i < r->lane_count; i++) {
		struct lane *l = &r->lanes[i];

		if (l->id == 0 || !l->draining)
			continue;
		left = mono_sub(l->deadline, now);
		if (left > 0) {
			least = least == -1 || left < least ? left : least;
			continue;
		}
		exchange_cancel(l->exchange);
		if (i < r->usable)
			pace_lane_free(r->pace, now);
		abandon_op(l, OP_TIMEOUT, "no answer before the scenario's end");
		if (r->closed)
			event_active(r->closed_ev, EV_TIMEOUT, 0);
	}
	tv = clock_timeval(least);
	if (least != -1)
		evtimer_add(r->drain_ev, &tv);
	if (r->quitting)
		finish_if_idle(r);
}

static void
rest_stop(void *self, int64_t drain_us)
{
	struct rest *r = self;
	struct mono now = clock_mono();
	int64_t i;

	if (r->pace != NULL)
		pace_stop(r->pace, now);
	evtimer_del(r->wake_ev);
	r->closed = false;
	r->usable = 0;
	for (i = 0; i < r->lane_count; i++) {
		if (r->lanes[i].id == 0 || r->lanes[i].draining)
			continue;
		r->lanes[i].draining = true;
		r->lanes[i].deadline = mono_add(now, drain_us);
	}
	drain_cb(-1, 0, r);
}

static void
rest_quit(void *self, int64_t drain_us)
{
	struct rest *r = self;

	r->quitting = true;
	preflight_free(r->preflight);
	r->preflight = NULL;
	rest_stop(r, drain_us);
}

static void
rest_start(void *self, int scenario, struct mono start, int64_t first_slot)
{
	struct rest *r = self;
	const struct workplan_load *load = &r->plan->load[scenario];
	struct sched sched = {start, load->rate_mhz, load->duration_us};

	if (r->quitting || r->pace == NULL || r->plan->kind_count == 0)
		return;
	rest_stop(r, r->plan->timeout_ms * US_PER_MS);
	r->scenario = scenario;
	r->usable = load->lanes < r->lane_count ? load->lanes : r->lane_count;
	multi_keep(r->multi, r->usable > 0 ? (long)r->usable : 1);
	if (load->rate_mhz != RATE_CLOSED_LOOP) {
		pace_start(r->pace, scenario, &sched, first_slot);
		return;
	}
	r->closed = true;
	r->next_slot = first_slot;
	r->begin = start;
	r->end = mono_add(start, load->duration_us);
	wake_at(r, start);
}

static int
make_lanes(struct rest *r, struct err *e)
{
	const struct workplan *p = r->plan;
	int64_t i, most = 0;

	for (i = 0; i < p->scenario_count; i++)
		most = p->load[i].lanes > most ? p->load[i].lanes : most;
	r->lanes = calloc((size_t)most + 1, sizeof(*r->lanes));
	r->url = calloc((size_t)p->kind_count + 1, sizeof(*r->url));
	if (r->lanes == NULL || r->url == NULL)
		return err_set(e, "out of memory");
	for (i = 0; i < p->kind_count; i++)
		rest_url(r->url[i], p->url, p->kind[i].name);
	for (i = 0; i < most; i++) {
		r->lanes[i].rest = r;
		r->lanes[i].exchange =
		    exchange_new(r->multi, p, p->timeout_ms, done_cb, &r->lanes[i], e);
		if (r->lanes[i].exchange == NULL)
			return -1;
		r->lane_count++;
	}
	return 0;
}

static void
rest_plan(void *self, const struct workplan *plan)
{
	struct rest *r = self;
	struct err e = {""};
	int rc;

	r->plan = plan;
	sandbox_enter(r->link, ROLE_REST, plan, "");
	r->pace = pace_new(r->base, r->link, slot_cb, r);
	rc = r->pace == NULL ? err_set(&e, "out of memory") : make_lanes(r, &e);
	if (rc == 0 && plan->preflight) {
		r->preflight = preflight_start(r->multi, r->link, plan, &e);
		if (r->preflight != NULL)
			return;
		rc = -1;
	}
	link_ready(r->link, rc == 0 ? OP_OK : OP_PROTOCOL, 0, e.text);
}

static void
rest_destroy(void *self)
{
	struct rest *r = self;
	int64_t i;

	if (r == NULL)
		return;
	preflight_free(r->preflight);
	for (i = 0; i < r->lane_count; i++)
		exchange_free(r->lanes[i].exchange);
	for (i = 0; i < WORKPLAN_KINDS_MAX; i++)
		api_cache_free(&r->cache[i]);
	free(r->lanes);
	free(r->url);
	pace_free(r->pace);
	multi_free(r->multi);
	if (r->drain_ev != NULL)
		event_free(r->drain_ev);
	if (r->wake_ev != NULL)
		event_free(r->wake_ev);
	if (r->closed_ev != NULL)
		event_free(r->closed_ev);
	free(r);
}

static void *
rest_create(struct event_base *base)
{
	struct rest *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->base = base;
	r->multi = multi_new(base);
	r->drain_ev = evtimer_new(base, drain_cb, r);
	r->wake_ev = evtimer_new(base, wake_cb, r);
	r->closed_ev = event_new(base, -1, 0, closed_cb, r);
	if (r->multi == NULL || r->drain_ev == NULL || r->wake_ev == NULL || r->closed_ev == NULL) {
		rest_destroy(r);
		return NULL;
	}
	return r;
}

static void
rest_attach(void *self, struct link *link)
{
	struct rest *r = self;

	r->link = link;
}

const struct role_ops rest_role = {
	.name = "rest",
	.role = ROLE_REST,
	.create = rest_create,
	.attach = rest_attach,
	.handler = {rest_plan, rest_start, rest_stop, rest_quit},
	.destroy = rest_destroy,
};
