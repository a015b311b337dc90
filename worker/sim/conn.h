/* One TCP connection: HTTP requests one after the other, or, after an upgrade, a WebSocket session. */
#ifndef LWS_SIM_CONN_H
#define LWS_SIM_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "worker/sim/http.h"

struct bufferevent;
struct evbuffer;
struct event;
struct sim;
struct ws;

enum conn_state {
	CONN_READING,	/* the head of a request */
	CONN_STALLED,	/* it is whole; the device does not look at it yet */
	CONN_WORKING,	/* it is being answered */
	CONN_STREAMING,	/* a hostile answer without end */
	CONN_DRIPPING,	/* a hostile answer byte by byte */
	CONN_CLOSING,	/* the last bytes are on their way */
	CONN_SESSION	/* WebSocket */
};

struct conn {
	TAILQ_ENTRY(conn) entry;
	struct sim *sim;
	struct bufferevent *bev;
	struct event *timer;
	uint32_t ip;
	enum conn_state state;
	struct http_request request;
	int status;			/* of the answer under way */
	struct evbuffer *drip;		/* what CONN_DRIPPING has left */
	struct ws *ws;			/* in CONN_SESSION */
};

/* Take over fd. NULL when memory is out (fd is closed). */
struct conn *conn_new(struct sim *s, int fd, uint32_t ip);

/* Close with what is in flight lost; a reset goes out when reset is set. */
void conn_free(struct conn *c, bool reset);

struct conn *conn_next(const struct conn *c);

/* The answer is written: go on to the next request. */
void conn_again(struct conn *c);

/* Write what is queued, then close in order. */
void conn_finish(struct conn *c);

/* Call the connection's state again after delay_us. */
void conn_later(struct conn *c, int64_t delay_us);

#endif
