/*
 * What a worker is told to do: the PLAN message's content, as JSON text. It may hold the API key
 * and a password, so it travels down the control pipe only, never into a file.
 */
#ifndef LWS_WORKPLAN_H
#define LWS_WORKPLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/sched.h"

#define WORKPLAN_SCENARIOS_MAX 64
#define WORKPLAN_KINDS_MAX 16
#define WORKPLAN_TEXT_MAX (256 * 1024)

/* Load of one kind in one scenario. rate_mhz -1: closed loop, as fast as the answers come ("max"). */
#define RATE_CLOSED_LOOP (-1)

struct workplan_load {
	int64_t rate_mhz;	/* total per device; 0: none */
	int64_t duration_us;
	int64_t lanes;		/* REST connections or WS sessions, 0 to 256 */
	int64_t window;		/* WS: requests outstanding per session, 1 to 64; REST: 1 */
};

/* One thing to ask, in turn: a REST path, or a WS command with its payload (JSON text). */
struct workplan_kind {
	char name[128];
	char payload[512];
	char reply[64];		/* WS: the type of the reply, "" when any will do */
};

struct workplan {
	char url[1024];		/* REST base (http://host:port) or WS URL; may hold userinfo */
	char api_key[256];	/* "" if none */
	char ca_file[1024];	/* "" for the system's */
	char proxy[1024];	/* "" for none */
	char serial_path[1024];	/* "auto" or a path */
	char usb_serial[128];	/* USB serial number wanted on reopening, "" for any */
	char fatal_pattern[512];	/* one more fatal indicator (POSIX extended), "" for none */
	bool preflight;			/* ask the device before READY; false after a restart */
	bool insecure;
	bool fresh_connections;
	bool sandbox;			/* isolate the worker (worker/sandbox.h) */
	int64_t timeout_ms;		/* REST answer or WS reply */
	int64_t connect_timeout_ms;
	int64_t preflight_timeout_ms;
	int64_t body_max;		/* bytes */
	int64_t scenario_count;
	struct workplan_load load[WORKPLAN_SCENARIOS_MAX];
	int64_t kind_count;
	struct workplan_kind kind[WORKPLAN_KINDS_MAX];
};

/* JSON text of p (caller frees), or NULL when memory is out. */
char *workplan_encode(const struct workplan *p);

/* Fill *out from JSON text; every member is required and bounded. 0, or -1 with e. */
int workplan_decode(const char *text, size_t len, struct workplan *out, struct err *e);

#endif
