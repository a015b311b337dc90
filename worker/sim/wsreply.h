/*
 * What a session sends: replies, errors, broadcasts, through the device's queue of 32 frames, which
 * drops what finds it full; and the faults of replies.
 */
#ifndef LWS_SIM_WSREPLY_H
#define LWS_SIM_WSREPLY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "shared/ws_frame.h"

struct conn;
struct wsreply_late;

struct wsreply {
	struct conn *c;
	int queued;				/* frames that the socket has not taken yet */
	int late_count;
	TAILQ_HEAD(, wsreply_late) late;	/* replies held back by ws-latency */
};

void wsreply_init(struct wsreply *r, struct conn *c);
void wsreply_clear(struct wsreply *r);

/* The socket has taken all. */
void wsreply_drained(struct wsreply *r);

/* Send the held back replies that are due; arms the connection's timer for the next. */
void wsreply_due(struct wsreply *r);

/* One frame, as it is. */
void wsreply_frame(struct wsreply *r, enum ws_opcode opcode, const void *data, size_t len);

/* The reply to data_command_row(index), now or after ws-latency. id: JSON text or NULL. */
void wsreply_data(struct wsreply *r, int index, const char *id);

void wsreply_authorized(struct wsreply *r, const char *id);
void wsreply_error(struct wsreply *r, const char *code, const char *message, const char *id);
void wsreply_rate_limited(struct wsreply *r);
void wsreply_broadcast(struct wsreply *r);

#endif
