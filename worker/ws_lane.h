/*
 * A lane of the ws worker: one session and the requests that wait for replies on it. It begins
 * and ends operations; which lane gets which slot, and when a lane connects, is the role's matter.
 */
#ifndef LWS_WS_LANE_H
#define LWS_WS_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/clock.h"
#include "worker/link.h"
#include "worker/multi.h"
#include "worker/ws_command.h"
#include "worker/ws_session.h"

struct event_base;
struct ws_lane;

/* What all lanes of the process share; the role's, and longer-lived than the lanes. */
struct ws_shared {
	struct event_base *base;
	struct multi *multi;
	struct link *link;
	const struct workplan *plan;
	struct ws_target target;
	struct ws_command command[WORKPLAN_KINDS_MAX];
	int scenario;			/* -1: none runs */
	bool thin_metrics;		/* closed loop: one set of measurements in a while is enough */
	struct mono metrics_at;
	int64_t last_id;		/* of the operations begun */
	int64_t broadcasts, unmatched, late;	/* not yet reported */

	/* A request is about to end, so that its lane can take another; called with arg. */
	void (*freeing_cb)(void *arg, struct ws_lane *lane, struct mono now);
	/* It ended. */
	void (*freed_cb)(void *arg, struct ws_lane *lane);
	void (*open_cb)(void *arg, struct ws_lane *lane, int64_t latency_us);
	/* The session ended, or its attempt failed; its requests have ended. */
	void (*end_cb)(void *arg, struct ws_lane *lane, const struct ws_end *end);
	void *arg;
};

/* NULL when memory is out. */
struct ws_lane *ws_lane_new(struct ws_shared *shared);
void ws_lane_free(struct ws_lane *l);

struct ws_session *ws_lane_session(struct ws_lane *l);

/* Requests without reply so far. */
int ws_lane_pending(const struct ws_lane *l);

/* Whether it can take one more, window being the most that may wait at a time. */
bool ws_lane_ready(const struct ws_lane *l, int64_t window);

/* Send the request of a slot on a ready lane; due_us -1: closed loop. */
void ws_lane_send(struct ws_lane *l, int64_t slot, int64_t due_us);

/* What waits now ends as unanswered by `latest` at the latest. */
void ws_lane_drain(struct ws_lane *l, struct mono latest);

#endif
