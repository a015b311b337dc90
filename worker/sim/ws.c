#include "config.h"

#include "worker/sim/ws.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shared/ws_frame.h"
#include "shared/ws_handshake.h"
#include "worker/sim/conn.h"
#include "worker/sim/console.h"
#include "worker/sim/data.h"
#include "worker/sim/rest.h"
#include "worker/sim/server.h"
#include "worker/sim/sim.h"
#include "worker/sim/wscommand.h"
#include "worker/sim/wsreply.h"
#include "shared/poison.h"

#define TURN_MESSAGES 16	/* handled before the others get their turn */
#define CLOSE_WAIT_US (2 * US_PER_S)
#define BROADCAST_EVERY_MS 5000
#define TICKS_PER_S 10

struct ws {
	struct conn *c;
	struct ws_parser *parser;
	struct wsreply reply;
	bool counted;			/* a session of the guard */
	bool closing;			/* our close frame is out */
	bool authorized;
	int64_t messages;
	int64_t flood_debt;
};

static void
ws_leave(struct ws *w)
{
	struct sim *s = w->c->sim;

	if (!w->counted)
		return;
	w->counted = false;
	wsguard_leave(&s->guard, w->c->ip);
	s->stats.ws_disconnects++;
	sim_log(s, "ws", "disconnect", 0);
	console_line(s->console, "{\"event\":\"ws.disconnect\",\"ts_mono_ms\":%" PRId64
	    ",\"ip\":\"127.0.0.1\"}", sim_ms(s));
}

/* Our close frame goes out; the peer has a moment to answer it. */
static void
ws_close(struct ws *w, int code, const char *reason)
{
	uint8_t frame[WS_HEADER_MAX + WS_CONTROL_MAX];
	size_t n = ws_encode_close(frame, sizeof(frame), code, reason, NULL);

	ws_leave(w);
	if (w->closing)
		return;
	w->closing = true;
	wsreply_clear(&w->reply);
	evbuffer_add(bufferevent_get_output(w->c->bev), frame, n);
	conn_later(w->c, CLOSE_WAIT_US);
}

static const struct {
	int code;
	const char *reason;
	size_t counter;
} verdicts[] = {
    [WSGUARD_COOLDOWN] = {WS_CODE_TRY_LATER, "Reconnect too fast",
        offsetof(struct stats, ws_rejected_cooldown)},
    [WSGUARD_OVERLAP] = {WS_CODE_POLICY, "Only one session per device",
        offsetof(struct stats, ws_rejected_overlap)},
    [WSGUARD_LIMIT] = {WS_CODE_POLICY, "Connection limit",
        offsetof(struct stats, ws_rejected_limit)},
};

/* The session is upgraded; the device now decides whether it stays. */
static void
ws_admit(struct ws *w)
{
	struct sim *s = w->c->sim;
	bool off = s->faults.limits == LIMITS_OFF;
	enum wsguard_verdict v = wsguard_attempt(&s->guard, w->c->ip, sim_ms(s),
	    off ? 0 : WSGUARD_PAUSE_MS, off ? INT32_MAX : s->faults.ws_sessions,
	    off ? INT32_MAX : s->faults.ws_clients);

	sim_log(s, "ws", "connect", v == WSGUARD_OK ? 0 : verdicts[v].code);
	if (v != WSGUARD_OK) {
		++*(int64_t *)(void *)((char *)&s->stats + verdicts[v].counter);
		ws_close(w, verdicts[v].code, verdicts[v].reason);
		return;
	}
	w->counted = true;
	s->stats.ws_sessions++;
	console_line(s->console, "{\"event\":\"ws.connect\",\"ts_mono_ms\":%" PRId64
	    ",\"ip\":\"127.0.0.1\",\"result\":\"ok\"}", sim_ms(s));
	if (s->heap.shedding) {
		s->stats.ws_shed++;
		ws_close(w, WS_CODE_TRY_LATER, "Low heap");
		return;
	}
	wsreply_broadcast(&w->reply);
}

/* Scheme and port aside, the device knows its own names only. */
static bool
origin_known(const char *origin)
{
	static const char *const known[] = {"lightwaveos.local", "lightwaveos", "127.0.0.1", "[::1]"};
	const char *host = strstr(origin, "://");
	size_t i, n;

	if (host == NULL)
		return origin[0] == '\0';
	host += 3;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		n = strlen(known[i]);
		if (strncmp(host, known[i], n) == 0 && (host[n] == '\0' || host[n] == ':'))
			return true;
	}
	return false;
}

/* Returns the status that refuses the upgrade, or 101. */
static int
upgrade_status(struct conn *c, struct ws_upgrade *up)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	const char *head = (const char *)evbuffer_pullup(in, (ev_ssize_t)c->request.head_len);
	int status = 400;

	if (ws_upgrade_parse(head, c->request.head_len, up, &status, NULL) <= 0)
		return status;
	if (up->has_origin && !origin_known(up->origin))
		return 403;
	if (limiter_retry_after_s(&c->sim->limiter, c->ip, sim_ms(c->sim)) > 0)
		return 429;
	if (mono_sub(clock_mono(), c->sim->web_start) < c->sim->faults.not_ready_us)
		return 503;
	return 101;
}

static struct ws *
ws_new(struct conn *c)
{
	struct ws *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->c = c;
	w->authorized = c->sim->api_key[0] == '\0';
	wsreply_init(&w->reply, c);
	w->parser = ws_parser_new(WS_SERVER, WS_MESSAGE_MAX, 0);
	if (w->parser == NULL) {
		free(w);
		return NULL;
	}
	return w;
}

void
ws_free(struct ws *w)
{
	ws_leave(w);
	wsreply_clear(&w->reply);
	ws_parser_free(w->parser);
	free(w);
}

static void
ws_refuse(struct conn *c, int status)
{
	c->sim->stats.ws_upgrades_refused++;
	sim_log(c->sim, "ws", "upgrade", status);
	c->request.keep_alive = false;
	rest_write(c, status, bufferevent_get_output(c->bev));
	conn_finish(c);
}

void
ws_begin(struct conn *c)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	struct ws_upgrade up;
	char answer[512];
	int status = upgrade_status(c, &up), n = -1;

	if (status == 101)
		n = ws_upgrade_answer(answer, sizeof(answer), up.key, "");
	if (n > 0)
		c->ws = ws_new(c);
	if (c->ws == NULL) {
		ws_refuse(c, status == 101 ? 500 : status);
		return;
	}
	c->sim->stats.ws_upgrades++;
	evbuffer_drain(bufferevent_get_input(c->bev), c->request.head_len + c->request.body_len);
	evbuffer_add(out, answer, (size_t)n);
	c->state = CONN_SESSION;
	ws_admit(c->ws);
	ws_read(c->ws);
}

static void
count_command(struct sim *s, const struct wscommand *cmd)
{
	int i = STATS_COMMANDS - 1;

	if (cmd->kind == WSCOMMAND_DATA)
		i = cmd->index;
	else if (cmd->kind == WSCOMMAND_AUTH)
		i = STATS_COMMANDS - 2;
	s->stats.ws_command[i]++;
	sim_log(s, "ws", data_command_name(i), 0);
}

static void
authorize(struct ws *w, const struct wscommand *cmd)
{
	w->authorized = w->authorized || strcmp(cmd->api_key, w->c->sim->api_key) == 0;
	if (w->authorized)
		wsreply_authorized(&w->reply, cmd->id);
	else
		wsreply_error(&w->reply, "UNAUTHORIZED", "Wrong API key", cmd->id);
}

static void
ws_command(struct ws *w, struct wscommand *cmd)
{
	struct stats *st = &w->c->sim->stats;

	count_command(w->c->sim, cmd);
	switch (cmd->kind) {
	case WSCOMMAND_BAD:
		st->ws_parse_errors++;
		wsreply_error(&w->reply, "INVALID_JSON", "Parse error", NULL);
		return;
	case WSCOMMAND_DEEP:
		st->ws_parse_errors++;
		wsreply_error(&w->reply, "INVALID_JSON", "JSON nesting depth exceeds limit", NULL);
		return;
	case WSCOMMAND_AUTH:
		authorize(w, cmd);
		return;
	case WSCOMMAND_UNKNOWN:
	case WSCOMMAND_DATA:
		break;
	}
	if (!w->authorized) {
		wsreply_error(&w->reply, "UNAUTHORIZED", "Authenticate first", cmd->id);
	} else if (cmd->kind == WSCOMMAND_UNKNOWN) {
		st->ws_unknown++;
		wsreply_error(&w->reply, "UNKNOWN_COMMAND", "Unknown command", cmd->id);
	} else {
		wsreply_data(&w->reply, cmd->index, cmd->id);
	}
}

/* False: the connection is gone. */
static bool
ws_message(struct ws *w, const struct ws_event *ev)
{
	struct sim *s = w->c->sim;
	struct wscommand cmd;

	s->stats.ws_messages++;
	if (++w->messages == s->faults.ws_abrupt) {
		conn_free(w->c, true);
		return false;
	}
	if (!limiter_allow(&s->limiter, w->c->ip, LIMITER_WS, sim_ms(s))) {
		s->stats.ws_rate_limited++;
		sim_log(s, "ws", "rate-limited", 429);
		wsreply_rate_limited(&w->reply);
		return true;
	}
	heap_load(&s->heap, HEAP_WS_BYTES, sim_ms(s));
	wscommand_parse(ev->data, ev->len, &cmd);
	ws_command(w, &cmd);
	wscommand_clear(&cmd);
	return true;
}

/* False: the connection is gone, or nothing more is to be read from it. */
static bool
ws_event(struct ws *w, const struct ws_event *ev)
{
	struct stats *st = &w->c->sim->stats;

	switch (ev->opcode) {
	case WS_CLOSE:
		st->ws_closes++;
		ws_close(w, ev->code, "");
		conn_finish(w->c);
		return false;
	case WS_PING:
		st->ws_pings++;
		if (!w->closing)
			wsreply_frame(&w->reply, WS_PONG, ev->data, ev->len);
		return true;
	case WS_PONG:
		st->ws_pongs++;
		return true;
	case WS_BINARY:
		st->ws_binaries++;
		return true;
	default:
		return w->closing || ws_message(w, ev);
	}
}

/* The peer broke the protocol: say with which code, and end. */
static void
ws_fault(struct ws *w)
{
	enum ws_fault f = ws_parser_fault(w->parser);
	struct sim *s = w->c->sim;

	s->stats.ws_faults++;
	if (f == WS_FAULT_MESSAGE_SIZE || f == WS_FAULT_LENGTH_HUGE)
		s->stats.ws_oversize++;
	sim_log(s, "ws", "fault", ws_fault_code(f));
	ws_close(w, ws_fault_code(f), ws_fault_name(f));
	conn_finish(w->c);
}

static bool
ws_stalled(struct ws *w)
{
	int64_t now = sim_elapsed_us(w->c->sim);
	int64_t end = faults_stall_end(&w->c->sim->faults, now);

	if (end > now && !w->closing)
		conn_later(w->c, end - now);
	return end > now && !w->closing;
}

void
ws_read(struct ws *w)
{
	struct evbuffer *in = bufferevent_get_input(w->c->bev);
	size_t len = evbuffer_get_length(in), left = len;
	const uint8_t *p = evbuffer_pullup(in, -1);
	struct ws_event ev;
	int turn, rc = 1;

	if (len == 0 || ws_stalled(w))
		return;
	for (turn = 0; turn < TURN_MESSAGES && rc == 1; turn++) {
		rc = ws_parser_next(w->parser, &p, &left, &ev);
		if (rc == 1 && !ws_event(w, &ev))
			return;
	}
	if (rc == -1) {
		ws_fault(w);
		return;
	}
	evbuffer_drain(in, len - left);
	if (left > 0 && !w->closing)
		conn_later(w->c, 0);
}

void
ws_drained(struct ws *w)
{
	wsreply_drained(&w->reply);
}

void
ws_timer(struct ws *w)
{
	if (w->closing) {
		conn_finish(w->c);
		return;
	}
	if (ws_stalled(w))
		return;
	wsreply_due(&w->reply);
	ws_read(w);
}

static void
ws_flood(struct ws *w)
{
	w->flood_debt += w->c->sim->faults.ws_flood;
	for (; w->flood_debt >= TICKS_PER_S; w->flood_debt -= TICKS_PER_S)
		wsreply_broadcast(&w->reply);
}

static void
broadcast_all(struct sim *s)
{
	struct conn *c;

	for (c = server_first(s->server); c != NULL; c = conn_next(c)) {
		if (c->state == CONN_SESSION && c->ws->counted)
			wsreply_broadcast(&c->ws->reply);
	}
}

void
ws_tick(struct sim *s)
{
	int64_t now_us = sim_elapsed_us(s);
	struct conn *c;

	if (s->heap.shedding || faults_stall_end(&s->faults, now_us) > now_us)
		return;
	if (sim_ms(s) >= s->broadcast_ms) {
		s->broadcast_ms = sim_ms(s) + BROADCAST_EVERY_MS;
		broadcast_all(s);
	}
	for (c = server_first(s->server); s->faults.ws_flood > 0 && c != NULL; c = conn_next(c)) {
		if (c->state == CONN_SESSION && c->ws->counted)
			ws_flood(c->ws);
	}
}

void
ws_shed(struct sim *s)
{
	struct conn *c;

	for (c = server_first(s->server); c != NULL; c = conn_next(c)) {
		if (c->state == CONN_SESSION && c->ws->counted) {
			s->stats.ws_shed++;
			ws_close(c->ws, WS_CODE_TRY_LATER, "Low heap");
		}
	}
}

void
ws_resume(struct sim *s)
{
	broadcast_all(s);
}
