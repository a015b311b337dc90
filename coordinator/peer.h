/*
 * One worker process as the coordinator sees it: its process, the control pipe down and the sample
 * pipe up. It is gone when it is reaped and its pipe is at end-of-file; data can come after SIGCHLD.
 */
#ifndef LWS_PEER_H
#define LWS_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/clock.h"
#include "shared/err.h"
#include "shared/proto.h"

struct event_base;
struct peer;

struct peer_handler {
	/* A decoded frame that came up. -1 with e: it makes no sense, and the worker is ended. */
	int (*frame_cb)(void *arg, struct peer *p, const struct msg *m, const uint8_t *payload, size_t len,
	    struct err *e);
	/* All frames of this turn were given. */
	void (*turn_cb)(void *arg, struct peer *p);
	/* Gone. The handler may free it. */
	void (*gone_cb)(void *arg, struct peer *p);
};

/* Start worker program `path` as role and generation. NULL with e. */
struct peer *peer_start(struct event_base *base, const char *path, int device, enum role role,
    int64_t generation, const struct peer_handler *handler, void *arg, struct err *e);

/* Kills the process if it lives, without waiting for it. */
void peer_free(struct peer *p);

/* Send a message down (numbered here), or the whole work plan in parts. Never blocks. */
void peer_send(struct peer *p, struct msg *m);
void peer_send_plan(struct peer *p, const char *text);

/* End it now (SIGKILL); reason is for the report, the first one stays. */
void peer_kill(struct peer *p, const char *reason);

/* Its process ended with this wait(2) status. */
void peer_reaped(struct peer *p, int status);

int peer_device(const struct peer *p);
enum role peer_role(const struct peer *p);
int64_t peer_generation(const struct peer *p);
pid_t peer_pid(const struct peer *p);	/* -1 once reaped */
int peer_status(const struct peer *p);	/* as in wait(2), once reaped */
const char *peer_reason(const struct peer *p);	/* "" if it was not ended by us */

/* When the last frame came (or it was started). */
struct mono peer_heard(const struct peer *p);

#endif
