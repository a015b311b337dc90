/*
 * Makes a result out of records, live or from a journal: a pure function of data, without
 * clock, without event loop. What a worker claims is checked here for sense; a worker that lies
 * is refused.
 */
#ifndef LWS_AGGREGATE_H
#define LWS_AGGREGATE_H

#include "coordinator/record.h"
#include "coordinator/result.h"
#include "shared/err.h"

struct aggregate;

/* For a run of this plan (copied). NULL when memory is out. */
struct aggregate *aggregate_new(const struct plan *plan);
void aggregate_free(struct aggregate *a);

/*
 * Take one record. 0, or -1 with e when it makes no sense: then nothing was changed, and the worker
 * that sent it cannot be trusted any more.
 */
int aggregate_apply(struct aggregate *a, const struct record *r, struct err *e);

/* Operations that a worker has begun and not ended. */
int aggregate_in_flight(const struct aggregate *a, int device, int role);

/* First slot of a scenario that no record accounts for: where a restarted worker goes on. */
int64_t aggregate_next_slot(
    const struct aggregate *a, int device, enum load_kind kind, int scenario);

/*
 * The end of all records: what is still in flight is lost, slots that nobody accounts for are
 * missed, resets find their scenario. The result stays owned by a. No aggregate_apply() after
 * it.
 */
const struct run_result *aggregate_settle(struct aggregate *a);

/* The result as it stands; counts in flight are neither ok, error nor lost. */
const struct run_result *aggregate_peek(const struct aggregate *a);

/* The result comes from a journal; a report says so where the run did not end by itself. */
void aggregate_mark_recovered(struct aggregate *a);

/* The grid of one load of a scenario, once it has started. */
struct sched aggregate_grid(
    const struct aggregate *a, int device, enum load_kind kind, int scenario);

#endif
