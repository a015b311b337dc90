/* Requests and replies of one session. What comes back is matched by requestId and nothing else. */
#include "config.h"

#include "worker/ws_lane.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "worker/ws_pending.h"
#include "worker/ws_reply.h"
#include "shared/poison.h"

#define METRICS_EVERY_US (10 * US_PER_MS)	/* in a closed loop */

struct ws_lane {
	struct ws_shared *shared;
	struct ws_session *session;
	struct event *timer;	/* for the oldest request's deadline, or earlier */
	struct ws_pending pending;
	struct mono asked;	/* when the request was sent whose reply came last */
};

static void
finish(struct ws_lane *l, const struct ws_request *r, enum op_class class, size_t bytes,
    const char *text)
{
	struct msg_op_end end = {.id = r->id, .end_us = clock_mono().us, .op_class = class,
	    .dns_us = -1, .connect_us = -1, .tls_us = -1, .first_byte_us = -1,
	    .bytes = (int64_t)bytes, .text = {(const uint8_t *)text, strlen(text)}};

	link_op_end(l->shared->link, &end);
}

/* End the pending request id while the session lives. */
static void
end_request(struct ws_lane *l, int64_t id, enum op_class class, size_t bytes, const char *text)
{
	struct ws_shared *sh = l->shared;
	struct ws_request r;

	sh->freeing_cb(sh->arg, l, clock_mono());
	if (ws_pending_take(&l->pending, id, &r))
		finish(l, &r, class, bytes, text);
	sh->freed_cb(sh->arg, l);
}

static void
arm(struct ws_lane *l)
{
	struct timeval tv;

	if (l->pending.count == 0)
		return;
	tv = clock_timeval(mono_sub(l->pending.list[0].deadline, clock_mono()));
	evtimer_add(l->timer, &tv);
}

static void
timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct ws_lane *l = arg;
	struct mono now = clock_mono();
	int left = l->pending.count;

	(void)fd;
	(void)what;
	while (left-- > 0 && l->pending.count > 0 &&
	    mono_sub(l->pending.list[0].deadline, now) <= 0)
		end_request(l, l->pending.list[0].id, OP_UNANSWERED, 0,
		    "no reply with our requestId in time");
	arm(l);
}

/* The device made what it tells after it had read the request that it last answered. */
static void
send_metrics(struct ws_lane *l, const struct api_reply *reply)
{
	struct ws_shared *sh = l->shared;
	struct mono now;
	int m;

	link_nonsense(sh->link, reply->nonsense);
	if (reply->seen == 0)
		return;
	now = clock_mono();
	if (sh->thin_metrics && mono_sub(now, sh->metrics_at) < METRICS_EVERY_US)
		return;
	sh->metrics_at = now;
	for (m = 0; m < METRIC_COUNT; m++)
		if ((reply->seen & 1U << m) != 0)
			link_telemetry(sh->link, l->asked, sh->scenario, (enum metric)m,
			    reply->value[m]);
}

/* A text that is no JSON object can only be taken as the answer to what has waited longest. */
static bool
take_garbage(struct ws_lane *l, size_t len, const char *why)
{
	if (l->pending.count == 0) {
		l->shared->unmatched++;
		return false;
	}
	end_request(l, l->pending.list[0].id, OP_BODY, len, why);
	return true;
}

static bool
take_unasked(struct ws_lane *l, const struct ws_reply *r, size_t len)
{
	char text[PROTO_TEXT_MAX + 1];

	if (!ws_reply_is_limit(r) || l->pending.count == 0) {
		l->shared->broadcasts++;
		return false;
	}
	ws_reply_judge(r, "", text);
	end_request(l, l->pending.list[0].id, OP_REJECTED, len, text);
	return true;
}

static bool
take_reply(struct ws_lane *l, const struct ws_reply *r, size_t len)
{
	struct ws_shared *sh = l->shared;
	int64_t id = ws_request_number(r->id);
	char text[PROTO_TEXT_MAX + 1];
	enum op_class class;
	int i;

	for (i = 0; i < l->pending.count; i++) {
		if (l->pending.list[i].id != id)
			continue;
		l->asked = l->pending.list[i].sent;
		send_metrics(l, &r->api);
		class = ws_reply_judge(r, sh->plan->kind[l->pending.list[i].kind].reply, text);
		end_request(l, id, class, len, text);
		return true;
	}
	if (id > 0 && id <= sh->last_id)
		sh->late++;
	else
		sh->unmatched++;
	return false;
}

static bool
message_cb(void *arg, const uint8_t *data, size_t len, bool is_text)
{
	struct ws_lane *l = arg;
	struct ws_reply r;
	struct err e;

	if (!is_text) {
		l->shared->broadcasts++;
		return false;
	}
	if (ws_reply_parse((const char *)data, len, &r, &e) == -1)
		return take_garbage(l, len, e.text);
	if (r.has_id)
		return take_reply(l, &r, len);
	send_metrics(l, &r.api);
	return take_unasked(l, &r, len);
}

static void
open_cb(void *arg, int64_t latency_us)
{
	struct ws_lane *l = arg;

	l->asked = mono_add(clock_mono(), -latency_us);
	l->shared->open_cb(l->shared->arg, l, latency_us);
}

static void
end_cb(void *arg, const struct ws_end *end)
{
	struct ws_lane *l = arg;
	char text[PROTO_TEXT_MAX + 1];
	struct ws_request r;

	ws_end_words(end, text);
	while (l->pending.count > 0 && ws_pending_take(&l->pending, l->pending.list[0].id, &r))
		finish(l, &r, end->op_class, 0, text);
	evtimer_del(l->timer);
	l->shared->end_cb(l->shared->arg, l, end);
}

/* What began reaches the pipe before its request reaches the socket. */
static void
sending_cb(void *arg)
{
	struct ws_lane *l = arg;

	link_flush(l->shared->link);
}

static const struct ws_session_handler session_handler = {open_cb, message_cb, end_cb, sending_cb};

struct ws_lane *
ws_lane_new(struct ws_shared *shared)
{
	struct ws_lane *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->shared = shared;
	l->timer = evtimer_new(shared->base, timer_cb, l);
	l->session = ws_session_new(shared->base, shared->multi, shared->plan, &shared->target,
	    &session_handler, l);
	if (l->timer == NULL || l->session == NULL) {
		ws_lane_free(l);
		return NULL;
	}
	return l;
}

void
ws_lane_free(struct ws_lane *l)
{
	if (l == NULL)
		return;
	ws_session_free(l->session);
	if (l->timer != NULL)
		event_free(l->timer);
	free(l);
}

struct ws_session *
ws_lane_session(struct ws_lane *l)
{
	return l->session;
}

int
ws_lane_pending(const struct ws_lane *l)
{
	return l->pending.count;
}

bool
ws_lane_ready(const struct ws_lane *l, int64_t window)
{
	return l->pending.count < window && l->pending.count < WS_WINDOW_MAX &&
	    ws_session_ready(l->session);
}

void
ws_lane_send(struct ws_lane *l, int64_t slot, int64_t due_us)
{
	struct ws_shared *sh = l->shared;
	struct ws_request r = {.kind = (int)(slot % sh->plan->kind_count), .sent = clock_mono()};
	struct msg_op_begin begin = {.scenario = sh->scenario, .slot = slot, .kind = r.kind,
	    .due_us = due_us, .sent_us = r.sent.us};
	char text[WS_COMMAND_MAX];
	size_t len;

	r.deadline = mono_add(r.sent, sh->plan->timeout_ms * US_PER_MS);
	r.id = link_op_queue(sh->link, &begin);
	sh->last_id = r.id;
	ws_pending_add(&l->pending, &r);
	len = ws_command_text(&sh->command[r.kind], r.id, text);
	ws_session_send(l->session, text, len);
	if (!evtimer_pending(l->timer, NULL))
		arm(l);
}

void
ws_lane_drain(struct ws_lane *l, struct mono latest)
{
	ws_pending_clamp(&l->pending, latest);
	arm(l);
}
