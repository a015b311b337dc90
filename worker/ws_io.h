/*
 * The byte stream under a WebSocket session: libcurl makes the connection (name, proxy, TLS) and
 * libevent waits for it. Nothing blocks; what waits to be sent is bounded.
 */
#ifndef LWS_WS_IO_H
#define LWS_WS_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/proto.h"
#include "shared/workplan.h"
#include "worker/multi.h"
#include "worker/ws_target.h"

struct event_base;
struct ws_io;

#define WS_UNSENT_MAX (128 * 1024)

/* All are called from the event loop, never from within a function of ws_io. */
struct ws_io_handler {
	void (*connected_cb)(void *arg);
	/* Bytes came. It may call ws_io_close and ws_io_pause. */
	void (*data_cb)(void *arg, const uint8_t *data, size_t len);
	/* No connection, or it ended; it is closed already. */
	void (*failed_cb)(void *arg, enum op_class class, const char *why);
	/* Bytes are about to be given to the socket. */
	void (*sending_cb)(void *arg);
};

/* NULL when memory is out. */
struct ws_io *ws_io_new(struct event_base *base, struct multi *multi,
    const struct ws_io_handler *handler, void *arg);
void ws_io_free(struct ws_io *io);

/* Begin to connect; the io must be closed. 0, or -1 with e. */
int ws_io_connect(struct ws_io *io, const struct workplan *plan, const struct ws_target *target,
    struct err *e);

/*
 * Send len bytes before the loop next sleeps, together with what else this turn sends, or when the
 * socket takes them. 0, or -1: over WS_UNSENT_MAX, or no connection.
 */
int ws_io_send(struct ws_io *io, const void *data, size_t len);

/* Bytes that wait to be sent. */
size_t ws_io_unsent(const struct ws_io *io);

/* Read no more. */
void ws_io_pause(struct ws_io *io);

/* Drop the connection at once; no callback follows. */
void ws_io_close(struct ws_io *io);

#endif
