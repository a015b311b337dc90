/*
 * The workers of one device: started, greeted under a deadline, watched for silence, reaped,
 * restarted with back-off (0.25 s doubling to 5 s, at most 20 starts a minute), ended. A worker
 * that five times in a row does not get READY is given up.
 */
#ifndef LWS_SUPERVISE_H
#define LWS_SUPERVISE_H

#include <stdbool.h>

#include "coordinator/peer.h"
#include "coordinator/record.h"
#include "shared/workplan.h"

struct event_base;
struct supervise;

struct supervise_handler {
	/* Something to be kept: a frame (payload not NULL) or a start or an end of a worker. */
	int (*record_cb)(void *arg, const struct record *r, const uint8_t *payload, size_t len,
	    struct err *e);
	void (*turn_cb)(void *arg);
	/* A worker has sent READY: for the first time or after a restart. */
	void (*ready_cb)(void *arg, enum role role, bool restarted);
	/* A worker is gone and no other follows: it was told to quit, or it was given up. */
	void (*over_cb)(void *arg, enum role role, bool given_up);
};

struct supervise *supervise_new(struct event_base *base, const char *worker_path, int device,
    const struct supervise_handler *handler, void *arg);

/* Kills what lives and waits for it (at most 1 s each). */
void supervise_free(struct supervise *s);

/* Start the worker of a role with this plan (copied; the preflight only in its first life). 0
 * or -1 with e. */
int supervise_start(
    struct supervise *s, enum role role, const struct workplan *plan, struct err *e);

/* Send m to the role's worker if it is ready. true if it was sent. */
bool supervise_send(struct supervise *s, enum role role, struct msg *m);

/* This role has nothing to do: its worker is told to leave and no other follows. */
void supervise_dismiss(struct supervise *s, enum role role);

/* End all workers: they get drain_ms for what is in flight, are killed 2 s later. over_cb tells
 * of each. */
void supervise_quit(struct supervise *s, int64_t drain_ms);

/* True while a worker of this role lives or will be restarted. */
bool supervise_active(const struct supervise *s, enum role role);

#endif
