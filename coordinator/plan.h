/*
 * What a run is going to do, as plain data without secrets: the journal's first record. Everything
 * that a report says about the intention comes from here.
 */
#ifndef LWS_PLAN_H
#define LWS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/profile.h"
#include "shared/err.h"

#define PLAN_DEVICES_MAX 8

/* One device; texts have their passwords masked. */
struct plan_device {
	char url[1100];
	char ws_url[1100];
	char serial_port[1024];	/* as wanted: a path, "auto" or "none" */
};

struct plan {
	char tool_version[32];
	char os[160];		/* "Linux 6.1.0 x86_64" */
	char proxy[1100];	/* its password masked, "" for none */
	char simulate[512];	/* faults of the simulated device, "" for none */
	bool simulated;
	bool serial_only;
	bool allow_incomplete;
	bool insecure;
	bool fresh_connections;
	bool no_sandbox;
	bool duration_overridden;	/* --scenario-duration was given */
	int64_t wall_us;	/* the same moment on both clocks */
	int64_t mono_us;
	int64_t rest_timeout_ms, connect_timeout_ms, ws_timeout_ms, preflight_timeout_ms;
	struct profile profile;
	int device_count;
	struct plan_device device[PLAN_DEVICES_MAX];
};

/* JSON text of p (caller frees), or NULL when memory is out. */
char *plan_encode(const struct plan *p);

/* The reverse; strict and bounded, since a journal may be damaged. 0, or -1 with e. */
int plan_decode(const char *text, size_t len, struct plan *out, struct err *e);

#endif
