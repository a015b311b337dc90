/*
 * A worker's two pipes: control frames come down, sample frames go up. Runs inside lwstress-worker
 * on its libevent base. Frames that the pipe does not take wait in a bounded ring (1 MiB); what
 * the ring cannot hold is dropped, counted (frames_dropped) and leaves a hole in the sequence.
 */
#ifndef LWS_LINK_H
#define LWS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/clock.h"
#include "shared/proto.h"
#include "shared/workplan.h"

struct event_base;
struct link;

/* What comes down. link calls these from the event loop; arg is link_new's. */
struct link_handler {
	/* The plan, once; it lives as long as the link. The role makes its preflight and
	 * answers with link_ready(). */
	void (*plan_cb)(void *arg, const struct workplan *plan);
	/* Begin a scenario; start may lie some ms ahead or, after a restart, behind. */
	void (*start_cb)(void *arg, int scenario, struct mono start, int64_t first_slot);
	/* End the running scenario; in-flight operations get drain_us, then end as timeout or
	 * unanswered. */
	void (*stop_cb)(void *arg, int64_t drain_us);
	/* The last STOP, perhaps before any plan: as stop_cb, then close everything and call
	 * link_final(). */
	void (*quit_cb)(void *arg, int64_t drain_us);
};

/*
 * Take over both descriptors (made non-blocking), send HELLO, read control frames, send
 * COUNTERS each second. When the control pipe ends or sends nonsense the process exits at once,
 * status 0 or 1.
 */
struct link *link_new(struct event_base *base, int control_fd, int samples_fd, enum role role,
    int64_t generation, const struct link_handler *handler, void *arg);
void link_free(struct link *l);

/* Number m and send it, in order; frames are gathered and written before the loop next sleeps. */
void link_send(struct link *l, struct msg *m);

/* Bytes that the ring still takes, for those who have something to leave out before it is full. */
size_t link_room(const struct link *l);

/* Write what is gathered now. */
void link_flush(struct link *l);

/* An operation begins: counted, sent and flushed before this returns. Returns its id. */
int64_t link_op_begin(struct link *l, const struct msg_op_begin *begin);

/*
 * The same without the flush, for several operations that begin at once: link_flush() must be
 * called before any of their requests reaches a socket.
 */
int64_t link_op_queue(struct link *l, const struct msg_op_begin *begin);

/* It ended. end->id is what link_op_begin or link_op_queue returned. */
void link_op_end(struct link *l, const struct msg_op_end *end);

/* Slots first .. first+count-1 were dropped (MSG_SLOTS); counted. */
void link_slots(struct link *l, int scenario, int64_t first, int64_t count, struct mono free_at);

/* One sample. at: when it was asked for, so that at minus an uptime is never later than the
 * boot. */
void link_telemetry(
    struct link *l, struct mono at, int scenario, enum metric metric, int64_t value);
void link_event(
    struct link *l, int scenario, enum event_kind kind, int64_t value, const char *text);

/* The device told these metrics (bits 1 << m) with values that cannot be: said once each, as a
 * note. */
void link_nonsense(struct link *l, unsigned metrics);

/* The preflight's outcome (class OP_OK: fine). */
void link_ready(struct link *l, enum op_class class, int64_t latency_us, const char *text);

/* Send FINAL, write everything out (at most 2 s), then leave the event loop. */
void link_final(struct link *l);

#endif
