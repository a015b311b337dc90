/* What the simulated device is told to do wrong: one comma separated list, "latency=20-40,stall=2s/10s". */
#ifndef LWS_SIM_FAULTS_H
#define LWS_SIM_FAULTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/err.h"

#define FAULT_TIMES_MAX 8

enum fault_limits { LIMITS_ON, LIMITS_OFF };
enum fault_dist { DIST_UNIFORM, DIST_EXP };

enum fault_body {
	BODY_PROPER,
	BODY_GARBAGE,
	BODY_NOT_HTTP,
	BODY_ENDLESS,
	BODY_DRIP,
	BODY_HUGE_HEADER,
	BODY_REDIRECT,
	BODY_DEEP,
	BODY_SHORT_LENGTH,
	BODY_LONG_LENGTH,
	BODY_EARLY_CLOSE,
	BODY_RESET,
	BODY_NONE,
	BODY_WRONG_TYPE,
	BODY_COUNT
};

struct fault_pair {
	int64_t a, b;
};

struct fault_times {
	int64_t count;
	int64_t at_us[FAULT_TIMES_MAX];
};

/* Times are microseconds, rates parts of 100,000; a time that was not given is -1. */
struct faults {
	struct fault_pair latency_us;		/* from a to b */
	int64_t latency_dist;			/* enum fault_dist */
	struct fault_pair stall_us;		/* the last a of every b */
	int64_t error_rate;
	int64_t body;				/* enum fault_body */
	int64_t after;				/* requests spared by error-rate and body */
	int64_t not_ready_us;
	struct fault_times reboot_at;
	int64_t reboot_us;
	int64_t refuse_at_us;
	int64_t api_key;
	int64_t limits;				/* enum fault_limits */
	int64_t max_connections;
	int64_t heap_bytes;
	int64_t heap_leak;			/* bytes per second */
	int64_t seed;
	struct fault_pair ws_latency_us;
	int64_t ws_sessions;			/* per source IP */
	int64_t ws_clients;			/* in all */
	int64_t ws_no_reply;
	int64_t ws_wrong_id;
	int64_t ws_garbage;
	int64_t ws_fragment;
	int64_t ws_ping;
	int64_t ws_binary;
	int64_t ws_flood;			/* frames per second */
	int64_t ws_abrupt;			/* message at which the connection is reset, 0: none */
	struct fault_times panic_at;
	int64_t console_rate;			/* lines per second */
	int64_t console_silent;
	int64_t console_garbage;		/* bytes per second */
	int64_t console_cut;
	struct fault_pair console_vanish_us;	/* at a, for b */
	int64_t console_dead_us;
};

/* Fill *out from list ("" for the defaults). 0, or -1 with e, which names the word that is wrong. */
int faults_parse(const char *list, struct faults *out, struct err *e);

/* Print the table of faults, as --help shows it. */
void faults_help(FILE *f);

/* The moment, at or after at_us since start, at which the device is not stalled. */
int64_t faults_stall_end(const struct faults *f, int64_t at_us);

#endif
