/* What the parts of aggregate (aggregate*.c) share among themselves; nobody else includes it. */
#ifndef LWS_AGGREGATE_STATE_H
#define LWS_AGGREGATE_STATE_H

#include "coordinator/aggregate.h"
#include "coordinator/inflight.h"
#include "coordinator/reboot.h"

/* The present life of one worker. */
struct worker_state {
	bool alive, greeted, ready;
	int64_t generation, seq, last_op_id;
	int64_t holes, frames_dropped;
	struct inflight *inflight;
	struct worker_life *life;	/* into device_result, NULL when that is full */
};

struct device_state {
	struct worker_state worker[ROLE_COUNT];
	struct reboot_tracker reboots;
	int running;			/* scenario, -1 none */
	int last_started;		/* -1 none */
	int64_t serial_open_us;		/* -1: closed */
	int64_t harness_open_us;	/* last time we opened the port, -1 never */
	int panic;			/* reboot whose console block is being kept, -1 none */
	bool own_reset;			/* the reset line that is being told was our doing */
	int64_t next_slot[LOAD_COUNT][PROFILE_SCENARIOS_MAX];
};

struct aggregate {
	struct run_result run;
	struct device_state device[PLAN_DEVICES_MAX];
};

/* aggregate_load.c: operations and slots */
int aggregate_op_begin(struct aggregate *a, const struct record *r, struct err *e);
int aggregate_op_end(struct aggregate *a, const struct record *r, struct err *e);
int aggregate_slots(struct aggregate *a, const struct record *r, struct err *e);
void aggregate_lose_ops(struct aggregate *a, int device, int role);

/* Count a text of a worker under its code. */
void aggregate_text(struct texts *t, int64_t code, struct span span);

/* aggregate_event.c: telemetry, events, console lines */
int aggregate_telemetry(struct aggregate *a, const struct record *r, struct err *e);
int aggregate_event(struct aggregate *a, const struct record *r, struct err *e);
int aggregate_line(struct aggregate *a, const struct record *r, struct err *e);

/* Time until which the serial port was held is now at_us. */
void aggregate_serial_settle(struct aggregate *a, int device, int64_t at_us);

/* The port is closed from at_us on, if it was open. */
void aggregate_serial_close(struct aggregate *a, int device, int64_t at_us);

/* A time without the port begins in the running scenario. */
void aggregate_serial_gap(struct aggregate *a, int device, int64_t at_us);

/* A note for people, once; bounded. */
void aggregate_note(struct device_result *d, const char *text);

/* timeline.c */
void timeline_init(struct timeline *t, int64_t start_us);
void timeline_add(struct timeline *t, enum timeline_series series, int64_t at_us, int64_t n);

#endif
