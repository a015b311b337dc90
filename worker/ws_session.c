/*
 * The life of a session as a table of stages. A session counts as open only when the peer has
 * shown that it keeps it: with its first frame, or by silence for a moment. The device lets the
 * upgrade succeed and then closes what its policy does not allow; such a refusal costs no request.
 */
#include "config.h"

#include "worker/ws_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <event2/event.h>
#include <event2/util.h>

#include "shared/clock.h"
#include "shared/text.h"
#include "shared/ws_frame.h"
#include "shared/ws_handshake.h"
#include "worker/ws_flood.h"
#include "worker/ws_io.h"
#include "worker/ws_reply.h"
#include "shared/poison.h"

#define PROBATION_US (200 * US_PER_MS)	/* silence after which a session counts as kept */
#define CONNECT_SLACK_US (100 * US_PER_MS)	/* libcurl's own timeout says more, so it comes first */
#define CLOSE_WAIT_US US_PER_S		/* for the peer's close after ours */
#define LINGER_US (250 * US_PER_MS)	/* for our last frame to be read before the connection goes */
#define UNSENT_READY_MAX (WS_UNSENT_MAX / 2)
#define PONG_UNSENT_MAX 4096		/* a peer that does not read its pongs gets no more of them */

enum stage {
	STAGE_CLOSED,
	STAGE_CONNECT,
	STAGE_HANDSHAKE,
	STAGE_AUTH,
	STAGE_PROBATION,
	STAGE_OPEN,
	STAGE_CLOSING,	/* we sent a close frame and wait for the peer's */
	STAGE_LINGER	/* over for everyone but the socket */
};

struct ws_session {
	const struct workplan *plan;
	const struct ws_target *target;
	const struct ws_session_handler *handler;
	void *arg;
	struct ws_io *io;
	struct event *timer;
	enum stage stage;
	bool opened;
	struct mono started;
	int64_t latency_us;
	char key[WS_KEY_SIZE];
	char *head;		/* the handshake's answer, only while it is read */
	size_t head_len;
	struct ws_parser *parser;
	struct ws_flood flood;
	uint8_t keys[512];	/* random bytes for masking, those from key_next on not yet used */
	size_t key_next;
};

/* The next masking key. Random bytes are fetched many at a time: each time is a system call. */
static const uint8_t *
next_key(struct ws_session *s)
{
	const uint8_t *key;

	if (s->key_next == sizeof(s->keys)) {
		evutil_secure_rng_get_bytes(s->keys, sizeof(s->keys));
		s->key_next = 0;
	}
	key = s->keys + s->key_next;
	s->key_next += 4;
	return key;
}

void
ws_end_words(const struct ws_end *end, char dst[PROTO_TEXT_MAX + 1])
{
	if (end->code == WS_CODE_ABNORMAL)
		text_copy(dst, PROTO_TEXT_MAX + 1, end->text);
	else
		snprintf(dst, PROTO_TEXT_MAX + 1, "closed with %d%s%.*s", end->code,
		    end->text[0] != '\0' ? ": " : "", WS_REASON_MAX, end->text);
}

static void
set_timer(struct ws_session *s, int64_t us)
{
	struct timeval tv = clock_timeval(us);

	evtimer_add(s->timer, &tv);
}

static void
drop_state(struct ws_session *s)
{
	free(s->head);
	s->head = NULL;
	s->head_len = 0;
	ws_parser_free(s->parser);
	s->parser = NULL;
}

/* Tell the end. linger: give the peer a moment to read our last frame. */
static void
end(struct ws_session *s, enum op_class class, int code, const char *text, bool linger)
{
	struct ws_end e = {.opened = s->opened, .handshaken = s->stage > STAGE_HANDSHAKE,
	    .op_class = class, .code = code};

	text_utf8_clean(e.text, sizeof(e.text), text, strlen(text));
	if (linger) {
		ws_io_pause(s->io);
		s->stage = STAGE_LINGER;
		set_timer(s, LINGER_US);
	} else {
		ws_io_close(s->io);
		s->stage = STAGE_CLOSED;
		evtimer_del(s->timer);
		drop_state(s);
	}
	s->opened = false;
	s->handler->end_cb(s->arg, &e);
}

static void
send_frame(struct ws_session *s, enum ws_opcode opcode, const void *data, size_t len)
{
	uint8_t frame[WS_HEADER_MAX + 4096];
	size_t n;

	n = ws_encode(frame, sizeof(frame), opcode, true, data, len, next_key(s));
	ws_io_send(s->io, frame, n);
}

static void
send_close(struct ws_session *s, int code, const char *reason)
{
	uint8_t frame[WS_HEADER_MAX + WS_CONTROL_MAX];
	size_t n;

	n = ws_encode_close(frame, sizeof(frame), code, reason, next_key(s));
	ws_io_send(s->io, frame, n);
}

/* We end it: the peer broke the protocol, or a bound. */
static void
give_up(struct ws_session *s, int code, const char *why)
{
	char text[PROTO_TEXT_MAX + 1];

	snprintf(text, sizeof(text), "%s (closed with %d)", why, code);
	send_close(s, code, why);
	end(s, OP_PROTOCOL, WS_CODE_ABNORMAL, text, true);
}

static void
become_open(struct ws_session *s)
{
	if (s->stage != STAGE_PROBATION && s->stage != STAGE_AUTH)
		return;
	evtimer_del(s->timer);
	s->stage = STAGE_OPEN;
	s->opened = true;
	s->handler->open_cb(s->arg, s->latency_us);
}

static void
take_auth(struct ws_session *s, const struct ws_event *ev)
{
	char text[PROTO_TEXT_MAX + 1], why[sizeof(text) + 32];
	struct ws_reply r;
	enum op_class class;

	if (ev->opcode != WS_TEXT || ws_reply_parse((const char *)ev->data, ev->len, &r, NULL) == -1)
		return;
	if (strcmp(r.type, "auth") != 0 && strcmp(r.type, "error") != 0)
		return;
	class = ws_reply_judge(&r, "auth", text);
	if (class == OP_OK) {
		become_open(s);
		return;
	}
	snprintf(why, sizeof(why), "authentication failed: %s", text);
	send_close(s, WS_CODE_NORMAL, "");
	end(s, class, WS_CODE_ABNORMAL, why, true);
}

static void
take_message(struct ws_session *s, const struct ws_event *ev)
{
	bool answer = false;

	if (s->stage == STAGE_AUTH) {
		take_auth(s, ev);
	} else {
		become_open(s);
		answer = s->handler->message_cb(s->arg, ev->data, ev->len, ev->opcode == WS_TEXT);
	}
	if (answer)
		ws_flood_answer(&s->flood);
	else
		ws_flood_unasked(&s->flood);
}

static void
take_ping(struct ws_session *s, const struct ws_event *ev)
{
	ws_flood_unasked(&s->flood);
	if (ev->opcode == WS_PING && ws_io_unsent(s->io) < PONG_UNSENT_MAX)
		send_frame(s, WS_PONG, ev->data, ev->len);
	if (s->stage == STAGE_PROBATION)
		become_open(s);
}

static void
take_close(struct ws_session *s, const struct ws_event *ev)
{
	bool policy = ev->code == WS_CODE_POLICY || ev->code == WS_CODE_TRY_LATER;
	bool answered = s->stage == STAGE_CLOSING;
	char reason[WS_REASON_MAX + 1];

	memcpy(reason, ev->data, ev->len);
	reason[ev->len] = '\0';
	if (!answered)
		send_close(s, ev->code, "");
	end(s, policy ? OP_REJECTED : OP_RESET, ev->code, reason, !answered);
}

static void
take_event(struct ws_session *s, const struct ws_event *ev)
{
	if (ev->opcode == WS_CLOSE)
		take_close(s, ev);
	else if (ev->opcode == WS_TEXT || ev->opcode == WS_BINARY)
		take_message(s, ev);
	else
		take_ping(s, ev);
}

static bool
is_reading(const struct ws_session *s)
{
	return s->stage >= STAGE_AUTH && s->stage <= STAGE_CLOSING;
}

static void
check_flood(struct ws_session *s)
{
	char why[128];

	if (!is_reading(s) || !ws_flood_over(&s->flood))
		return;
	snprintf(why, sizeof(why), "flood: over %d unasked frames or %u bytes a second",
	    WS_FLOOD_EVENTS, WS_FLOOD_BYTES);
	give_up(s, WS_CODE_POLICY, why);
}

static void
take_frames(struct ws_session *s, const uint8_t *data, size_t len)
{
	enum ws_fault fault;
	struct ws_event ev;
	int rc = 0;

	ws_flood_bytes(&s->flood, clock_mono(), len);
	while (is_reading(s) && (rc = ws_parser_next(s->parser, &data, &len, &ev)) == 1) {
		take_event(s, &ev);
		check_flood(s);
	}
	if (rc == -1) {
		fault = ws_parser_fault(s->parser);
		give_up(s, ws_fault_code(fault), ws_fault_name(fault));
	}
	check_flood(s);
}

static void
send_auth(struct ws_session *s)
{
	cJSON *root = cJSON_CreateObject();
	char *text = NULL;

	if (cJSON_AddStringToObject(root, "type", "auth") != NULL &&
	    cJSON_AddStringToObject(root, "apiKey", s->plan->api_key) != NULL)
		text = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	if (text == NULL) {
		end(s, OP_PROTOCOL, WS_CODE_ABNORMAL, "out of memory", false);
		return;
	}
	send_frame(s, WS_TEXT, text, strlen(text));
	cJSON_free(text);
}

static void
handshake_done(struct ws_session *s)
{
	struct mono now = clock_mono();

	s->latency_us = mono_sub(now, s->started);
	ws_flood_start(&s->flood, now);
	if (s->plan->api_key[0] != '\0') {
		s->stage = STAGE_AUTH;
		send_auth(s);
	} else {
		s->stage = STAGE_PROBATION;
		set_timer(s, PROBATION_US);
	}
}

/* The status of an answer that is not a 101, as a class. */
static enum op_class
refusal_class(int status)
{
	if (status == 0 || status == 101)
		return OP_PROTOCOL;
	return status == 429 || status == 503 ? OP_REJECTED : OP_STATUS;
}

static void
take_head(struct ws_session *s, const uint8_t *data, size_t len)
{
	size_t room = WS_HEAD_MAX - s->head_len, n = len < room ? len : room, rest;
	struct err e;
	char *head;
	int status, rc;

	memcpy(s->head + s->head_len, data, n);
	s->head_len += n;
	rc = ws_answer_check(s->head, s->head_len, s->key, &status, &e);
	if (rc == -1) {
		end(s, refusal_class(status), WS_CODE_ABNORMAL, e.text, false);
	} else if (rc > 0) {
		head = s->head;
		rest = s->head_len - (size_t)rc;
		s->head = NULL;
		s->head_len = 0;
		handshake_done(s);
		take_frames(s, (const uint8_t *)head + rc, rest);
		free(head);
		if (n < len && is_reading(s))
			take_frames(s, data + n, len - n);
	}
}

static void
data_cb(void *arg, const uint8_t *data, size_t len)
{
	struct ws_session *s = arg;

	if (s->stage == STAGE_HANDSHAKE)
		take_head(s, data, len);
	else if (is_reading(s))
		take_frames(s, data, len);
}

static void
connected_cb(void *arg)
{
	struct ws_session *s = arg;
	uint8_t nonce[WS_NONCE_LEN];
	char request[4096];
	struct err e;
	int n;

	evutil_secure_rng_get_bytes(nonce, sizeof(nonce));
	ws_key(s->key, nonce);
	s->stage = STAGE_HANDSHAKE;
	n = ws_request(request, sizeof(request), s->target->host, s->target->path, s->key,
	    s->target->extra, &e);
	if (n == -1)
		end(s, OP_PROTOCOL, WS_CODE_ABNORMAL, e.text, false);
	else
		ws_io_send(s->io, request, (size_t)n);
}

static void
failed_cb(void *arg, enum op_class class, const char *why)
{
	struct ws_session *s = arg;

	if (s->stage == STAGE_LINGER)
		s->stage = STAGE_CLOSED;
	else
		end(s, class, WS_CODE_ABNORMAL, why, false);
}

static void
sending_cb(void *arg)
{
	struct ws_session *s = arg;

	s->handler->sending_cb(s->arg);
}

static const struct ws_io_handler io_handler = {connected_cb, data_cb, failed_cb, sending_cb};

/* What it means that the time of a stage is over. */
static const struct {
	enum op_class op_class;
	const char *why;
} overdue[] = {
	[STAGE_CONNECT] = {OP_CONNECT, "no connection in time"},
	[STAGE_HANDSHAKE] = {OP_TIMEOUT, "no whole answer to the handshake in time"},
	[STAGE_AUTH] = {OP_TIMEOUT, "no answer to the authentication in time"},
	[STAGE_CLOSING] = {OP_RESET, "no close frame in answer to ours"},
};

static void
timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct ws_session *s = arg;

	(void)fd;
	(void)what;
	if (s->stage == STAGE_PROBATION) {
		become_open(s);
	} else if (s->stage == STAGE_LINGER) {
		ws_io_close(s->io);
		drop_state(s);
		s->stage = STAGE_CLOSED;
	} else if (s->stage != STAGE_CLOSED && s->stage != STAGE_OPEN) {
		end(s, overdue[s->stage].op_class, WS_CODE_ABNORMAL, overdue[s->stage].why, false);
	}
}

struct ws_session *
ws_session_new(struct event_base *base, struct multi *multi, const struct workplan *plan,
    const struct ws_target *target, const struct ws_session_handler *handler, void *arg)
{
	struct ws_session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->plan = plan;
	s->target = target;
	s->handler = handler;
	s->arg = arg;
	s->key_next = sizeof(s->keys);
	s->io = ws_io_new(base, multi, &io_handler, s);
	s->timer = evtimer_new(base, timer_cb, s);
	if (s->io == NULL || s->timer == NULL) {
		ws_session_free(s);
		return NULL;
	}
	return s;
}

void
ws_session_free(struct ws_session *s)
{
	if (s == NULL)
		return;
	ws_io_free(s->io);
	if (s->timer != NULL)
		event_free(s->timer);
	drop_state(s);
	free(s);
}

int
ws_session_connect(struct ws_session *s, struct err *e)
{
	ws_io_close(s->io);
	drop_state(s);
	s->stage = STAGE_CLOSED;
	s->opened = false;
	s->head = malloc(WS_HEAD_MAX);
	s->parser = ws_parser_new(WS_CLIENT, 0, 0);
	if (s->head == NULL || s->parser == NULL)
		return err_set(e, "out of memory");
	s->started = clock_mono();
	if (ws_io_connect(s->io, s->plan, s->target, e) == -1)
		return -1;
	s->stage = STAGE_CONNECT;
	set_timer(s, s->plan->connect_timeout_ms * US_PER_MS + CONNECT_SLACK_US);
	return 0;
}

bool
ws_session_ready(const struct ws_session *s)
{
	return s->stage == STAGE_OPEN && ws_io_unsent(s->io) < UNSENT_READY_MAX;
}

void
ws_session_send(struct ws_session *s, const void *text, size_t len)
{
	send_frame(s, WS_TEXT, text, len);
}

void
ws_session_close(struct ws_session *s)
{
	if (s->stage == STAGE_CLOSED || s->stage == STAGE_LINGER || s->stage == STAGE_CLOSING)
		return;
	if (s->stage < STAGE_AUTH) {
		end(s, OP_RESET, WS_CODE_ABNORMAL, "given up", false);
		return;
	}
	send_close(s, WS_CODE_NORMAL, "");
	s->stage = STAGE_CLOSING;
	set_timer(s, CLOSE_WAIT_US);
}

