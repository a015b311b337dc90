/*
 * The open loop of one worker: calls back when slots fall due, on the absolute grid of
 * shared/sched.h. A slot that finds every lane (connection or session) busy is dropped, never sent
 * later; the run of dropped slots is reported by link_slots() when a lane becomes free.
 */
#ifndef LWS_PACE_H
#define LWS_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/sched.h"
#include "worker/link.h"

struct event_base;
struct pace;

/* Send slot, due at due. true: it was sent; false: every lane is busy. */
typedef bool (*pace_slot_cb)(void *arg, int64_t slot, struct mono due);

struct pace *pace_new(struct event_base *base, struct link *link, pace_slot_cb cb, void *arg);
void pace_free(struct pace *p);

/* Begin the grid of a scenario at first_slot. */
void pace_start(struct pace *p, int scenario, const struct sched *sched, int64_t first_slot);

/*
 * A lane becomes free at `at`. To be called before that lane can take a slot: what fell due until
 * now is offered to the other lanes, and the dropped slots are reported. Slots due later are sent
 * normally. Does nothing when no grid runs.
 */
void pace_lane_free(struct pace *p, struct mono at);

/*
 * No more slots. Those due by `at` and not sent are dropped, and the pending run is reported as
 * free at `at`.
 */
void pace_stop(struct pace *p, struct mono at);

bool pace_running(const struct pace *p);

#endif
