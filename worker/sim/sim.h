/*
 * The simulated LightwaveOS device as a whole: its clocks, its limits, its heap, and what belongs
 * to one boot. Runs inside lwstress-sim on one libevent base; knows neither worker nor coordinator.
 */
#ifndef LWS_SIM_SIM_H
#define LWS_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/clock.h"
#include "shared/err.h"
#include "worker/sim/faults.h"
#include "worker/sim/heap.h"
#include "worker/sim/limiter.h"
#include "worker/sim/stats.h"
#include "worker/sim/wsguard.h"

struct event_base;
struct event;
struct console;
struct server;

#define SIM_TIMED_MAX (2 * FAULT_TIMES_MAX + 1)

enum sim_reset { SIM_POWERON = 0x1, SIM_SOFTWARE = 0x3, SIM_PANIC = 0xc };

struct sim {
	struct event_base *base;
	struct faults faults;
	struct stats stats;
	struct server *server;
	struct console *console;	/* NULL without one */
	const char *api_key;		/* "" if none is wanted */
	FILE *log;			/* NULL without one */
	uint64_t random;
	struct mono started;		/* of the process */

	/* of one boot */
	struct mono boot;
	struct mono web_start;		/* uptime counts from here */
	bool down;			/* rebooting */
	bool refusing;			/* for good */
	enum sim_reset reason;
	struct limiter limiter;
	struct heap heap;
	struct wsguard guard;
	int64_t broadcast_ms;		/* when the next one is due */
	int64_t served;			/* REST requests seen by the faults, over all boots */

	struct event *tick;
	struct event *up;
	struct event *timed[SIM_TIMED_MAX];
	int timed_count;
};

/* Fill *s and start the device's clocks; server and console are set by the caller. 0, or -1 with e. */
int sim_init(struct sim *s, struct event_base *base, const struct faults *f, struct err *e);

/* Arm what happens at given times; called when server and console exist. 0, or -1 with e. */
int sim_start(struct sim *s, struct err *e);
void sim_free(struct sim *s);

/* Microseconds since the process began. */
int64_t sim_elapsed_us(const struct sim *s);

/* The device's own clock: ms since its boot, and whole seconds since its web server started. */
int64_t sim_ms(const struct sim *s);
int64_t sim_uptime_s(const struct sim *s);

/* Free internal heap now. */
int64_t sim_heap(struct sim *s);

/* Pseudo random, repeatable by seed: below n (n > 0); true for a part of 100,000. */
int64_t sim_below(struct sim *s, int64_t n);
bool sim_chance(struct sim *s, int64_t per_100000);

/* A delay between range.a and range.b. */
int64_t sim_delay_us(struct sim *s, struct fault_pair range);

/* Reset all connections, be gone for the reboot time, come back with clocks at zero. */
void sim_reboot(struct sim *s, enum sim_reset reason);

/* One line to the log, if there is one: microseconds of CLOCK_MONOTONIC, kind, name, status. */
void sim_log(const struct sim *s, const char *kind, const char *name, int status);

#endif
