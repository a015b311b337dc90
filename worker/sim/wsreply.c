#include "config.h"

#include "worker/sim/wsreply.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "worker/sim/conn.h"
#include "worker/sim/data.h"
#include "worker/sim/server.h"
#include "worker/sim/sim.h"
#include "shared/poison.h"

#define QUEUE_MAX 32
#define LATE_MAX 32
#define FLOOD_BYTES (256 * 1024)

struct wsreply_late {
	TAILQ_ENTRY(wsreply_late) entry;
	int64_t due_us;
	int index;
	char id[];	/* "" for none */
};

void
wsreply_init(struct wsreply *r, struct conn *c)
{
	r->c = c;
	r->queued = 0;
	r->late_count = 0;
	TAILQ_INIT(&r->late);
}

static void
late_remove(struct wsreply *r, struct wsreply_late *l)
{
	TAILQ_REMOVE(&r->late, l, entry);
	r->late_count--;
	free(l);
}

void
wsreply_clear(struct wsreply *r)
{
	while (!TAILQ_EMPTY(&r->late))
		late_remove(r, TAILQ_FIRST(&r->late));
}

void
wsreply_drained(struct wsreply *r)
{
	r->queued = 0;
}

static void
put_frame(struct wsreply *r, enum ws_opcode opcode, bool fin, const void *data, size_t len)
{
	struct evbuffer *out = bufferevent_get_output(r->c->bev);
	uint8_t head[WS_HEADER_MAX];

	evbuffer_add(out, head, ws_header(head, opcode, fin, len, NULL));
	evbuffer_add(out, data, len);
}

/* Whether the device's queue takes one more message; what it does not take is lost without a word. */
static bool
queue_takes(struct wsreply *r)
{
	if (r->queued >= QUEUE_MAX) {
		r->c->sim->stats.ws_dropped++;
		return false;
	}
	r->queued++;
	return true;
}

void
wsreply_frame(struct wsreply *r, enum ws_opcode opcode, const void *data, size_t len)
{
	if (queue_takes(r))
		put_frame(r, opcode, true, data, len);
}

static void
put_fragments(struct wsreply *r, const uint8_t *data, size_t len)
{
	size_t third = len / 3;

	put_frame(r, WS_TEXT, false, data, third);
	put_frame(r, WS_PING, true, "between", 7);
	put_frame(r, WS_CONTINUATION, false, data + third, third);
	put_frame(r, WS_CONTINUATION, true, data + 2 * third, len - 2 * third);
}

/* Send text (consumed) as one message; false when the queue was full. */
static bool
send_text(struct wsreply *r, struct evbuffer *text, bool fragments)
{
	size_t len = evbuffer_get_length(text);
	const uint8_t *p = evbuffer_pullup(text, -1);
	bool taken = queue_takes(r);

	if (taken && fragments)
		put_fragments(r, p, len);
	else if (taken)
		put_frame(r, WS_TEXT, true, p, len);
	evbuffer_free(text);
	return taken;
}

static void
put_end(struct wsreply *r, struct evbuffer *text)
{
	evbuffer_add_printf(text, ",\"timestamp\":%" PRId64 ",\"version\":\"2.0\"}", sim_ms(r->c->sim));
}

static void
put_id(struct evbuffer *text, const char *id)
{
	if (id != NULL && id[0] != '\0')
		evbuffer_add_printf(text, ",\"requestId\":%s", id);
}

/* Frames without a request that some faults put before a reply. */
static void
send_before(struct wsreply *r)
{
	static const uint8_t leds[] = {0xfe, 1, 0, 0, 255, 128, 64, 0, 0};
	const struct faults *f = &r->c->sim->faults;

	if (f->ws_ping)
		wsreply_frame(r, WS_PING, "sim", 3);
	if (f->ws_binary)
		wsreply_frame(r, WS_BINARY, leds, sizeof(leds));
}

/* Reserved bits and an unknown opcode: no client can take this for a frame. */
static void
send_garbage(struct wsreply *r)
{
	static const uint8_t bytes[] = {0xf3, 0xff, 0x00, 'G', 'u', 'r', 'u', 0x80};

	evbuffer_add(bufferevent_get_output(r->c->bev), bytes, sizeof(bytes));
}

static void
send_data(struct wsreply *r, int index, const char *id)
{
	const struct data_row *row = data_command_row(index);
	struct sim *s = r->c->sim;
	struct evbuffer *text;
	bool wrong = sim_chance(s, s->faults.ws_wrong_id);

	send_before(r);
	if (sim_chance(s, s->faults.ws_garbage)) {
		s->stats.ws_unanswered++;
		send_garbage(r);
		return;
	}
	text = evbuffer_new();
	if (text == NULL)
		return;
	evbuffer_add_printf(text, "{\"type\":\"%s\"", row->reply);
	put_id(text, wrong ? "\"nobody-asked\"" : id);
	evbuffer_add_printf(text, ",\"success\":true,\"data\":");
	row->put(s, text);
	put_end(r, text);
	if (!send_text(r, text, s->faults.ws_fragment))
		return;
	if (wrong)
		s->stats.ws_unanswered++;
	else
		s->stats.ws_replies++;
}

static void
hold_back(struct wsreply *r, int index, const char *id, int64_t delay_us)
{
	size_t len = id != NULL ? strlen(id) + 1 : 1;
	struct wsreply_late *l, *after;

	if (r->late_count >= LATE_MAX || (l = malloc(sizeof(*l) + len)) == NULL) {
		r->c->sim->stats.ws_dropped++;
		return;
	}
	l->due_us = clock_mono().us + delay_us;
	l->index = index;
	memcpy(l->id, id != NULL ? id : "", len);
	TAILQ_FOREACH(after, &r->late, entry) {
		if (after->due_us > l->due_us)
			break;
	}
	if (after != NULL)
		TAILQ_INSERT_BEFORE(after, l, entry);
	else
		TAILQ_INSERT_TAIL(&r->late, l, entry);
	r->late_count++;
	wsreply_due(r);
}

void
wsreply_due(struct wsreply *r)
{
	int64_t now = clock_mono().us;
	struct wsreply_late *l;

	while ((l = TAILQ_FIRST(&r->late)) != NULL && l->due_us <= now) {
		send_data(r, l->index, l->id);
		late_remove(r, l);
	}
	if (l != NULL)
		conn_later(r->c, l->due_us - now);
}

void
wsreply_data(struct wsreply *r, int index, const char *id)
{
	struct sim *s = r->c->sim;
	int64_t delay_us = sim_delay_us(s, s->faults.ws_latency_us);

	if (sim_chance(s, s->faults.ws_no_reply))
		s->stats.ws_unanswered++;
	else if (delay_us > 0)
		hold_back(r, index, id, delay_us);
	else
		send_data(r, index, id);
}

void
wsreply_authorized(struct wsreply *r, const char *id)
{
	struct evbuffer *text = evbuffer_new();

	if (text == NULL)
		return;
	evbuffer_add_printf(text, "{\"type\":\"auth\"");
	put_id(text, id);
	evbuffer_add_printf(text, ",\"success\":true}");
	if (send_text(r, text, false))
		r->c->sim->stats.ws_replies++;
}

void
wsreply_error(struct wsreply *r, const char *code, const char *message, const char *id)
{
	struct evbuffer *text = evbuffer_new();

	if (text == NULL)
		return;
	evbuffer_add_printf(text, "{\"type\":\"error\"");
	put_id(text, id);
	evbuffer_add_printf(text, ",\"success\":false,\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}",
	    code, message);
	if (send_text(r, text, false))
		r->c->sim->stats.ws_errors++;
}

void
wsreply_rate_limited(struct wsreply *r)
{
	struct sim *s = r->c->sim;
	struct evbuffer *text = evbuffer_new();

	if (text == NULL)
		return;
	evbuffer_add_printf(text,
	    "{\"type\":\"error\",\"success\":false,\"error\":{\"code\":\"RATE_LIMITED\","
	    "\"message\":\"Too many messages\",\"retryAfter\":%d}}",
	    limiter_retry_after_s(&s->limiter, r->c->ip, sim_ms(s)));
	send_text(r, text, false);
}

void
wsreply_broadcast(struct wsreply *r)
{
	struct evbuffer *out = bufferevent_get_output(r->c->bev), *text;
	struct sim *s = r->c->sim;

	if (s->faults.ws_flood > 0) {
		/* A flood is not held by the device's queue, only by a bound on memory. */
		r->queued = 0;
		if (evbuffer_get_length(out) > FLOOD_BYTES)
			return;
	}
	text = evbuffer_new();
	if (text == NULL)
		return;
	evbuffer_add_printf(text, "{\"type\":\"status\",");
	data_put_broadcast(s, text);
	evbuffer_add_printf(text, "}");
	if (send_text(r, text, false))
		s->stats.ws_broadcasts++;
}
