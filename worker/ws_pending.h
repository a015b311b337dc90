/* The requests of one session that wait for their replies, oldest first. Pure. */
#ifndef LWS_WS_PENDING_H
#define LWS_WS_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/clock.h"

#define WS_WINDOW_MAX 64

struct ws_request {
	int64_t id;	/* of the operation; the requestId is "lw-<id>" */
	int kind;
	struct mono sent;
	struct mono deadline;	/* never before that of an older request */
};

struct ws_pending {
	struct ws_request list[WS_WINDOW_MAX];
	int count;
};

/* The caller keeps count below WS_WINDOW_MAX. */
void ws_pending_add(struct ws_pending *p, const struct ws_request *r);

bool ws_pending_has(const struct ws_pending *p, int64_t id);

/* Take the request with this id out; false: it is not there. */
bool ws_pending_take(struct ws_pending *p, int64_t id, struct ws_request *out);

/* No request may wait longer than until `latest`. */
void ws_pending_clamp(struct ws_pending *p, struct mono latest);

/* The number in "lw-<number>", or -1 when id is not of that form. */
int64_t ws_request_number(const char *id);

#endif
