/*
 * One WebSocket session of the ws worker: connect, handshake, authenticate, exchange messages,
 * close. It can be connected again after it ended. What a hostile peer can do is bounded in
 * bytes, in time and in processor time, and ends the session with a named reason.
 */
#ifndef LWS_WS_SESSION_H
#define LWS_WS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/proto.h"
#include "shared/workplan.h"
#include "worker/multi.h"
#include "worker/ws_target.h"

struct event_base;
struct ws_session;

/* How a session, or the attempt at one, ended. */
struct ws_end {
	bool opened;		/* it had been open */
	bool handshaken;	/* it had at least become a WebSocket connection */
	enum op_class op_class;	/* for requests without reply: OP_RESET, OP_REJECTED, OP_PROTOCOL, … */
	int code;		/* close code of the peer, WS_CODE_ABNORMAL when no close frame came */
	char text[PROTO_TEXT_MAX + 1];	/* the peer's reason, or ours */
};

/* The end in words: text, with the peer's close code before it if there was one. */
void ws_end_words(const struct ws_end *end, char dst[PROTO_TEXT_MAX + 1]);

struct ws_session_handler {
	/* It is open; latency_us: connect and handshake. */
	void (*open_cb)(void *arg, int64_t latency_us);
	/* A message came. true: it was the answer to a request. */
	bool (*message_cb)(void *arg, const uint8_t *data, size_t len, bool text);
	/* It ended, or the attempt failed. */
	void (*end_cb)(void *arg, const struct ws_end *end);
	/* Messages are about to reach the socket. */
	void (*sending_cb)(void *arg);
};

/* NULL when memory is out. plan and target must outlive it. */
struct ws_session *ws_session_new(struct event_base *base, struct multi *multi,
    const struct workplan *plan, const struct ws_target *target,
    const struct ws_session_handler *handler, void *arg);
void ws_session_free(struct ws_session *s);

/* Begin an attempt; open_cb or end_cb follows from the loop. 0, or -1 with e and no callback. */
int ws_session_connect(struct ws_session *s, struct err *e);

/* Whether a request can be sent: it is open and the peer takes what was sent before. */
bool ws_session_ready(const struct ws_session *s);

/* Send a text message of a ready session, before the loop next sleeps. */
void ws_session_send(struct ws_session *s, const void *text, size_t len);

/* Close with code 1000 and wait up to 1 s for the peer's; end_cb follows. Drops an attempt. */
void ws_session_close(struct ws_session *s);

#endif
