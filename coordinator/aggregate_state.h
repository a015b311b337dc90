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

/* The console as it was last heard. */
struct console_state {
	bool heard;			/* at least one line, ever */
	int64_t quiet_us;		/* since when it is quiet: last line, or open; -1 port closed */
	int64_t longest_us;		/* pause between lines so far */
	int64_t asked, last_answer_us;	/* REST and WS since quiet_us */
	int silence;			/* index of the silence that is on, -1 none */
	int64_t shed_us;		/* shedding since, -1 no */
	bool shed_known;
	struct ws_seen seen;		/* by the WS worker since the run's start */
	struct ws_seen diag_seen;	/* the same at the last WS diag line */
	struct ws_diag diag;		/* the last WS diag line of the run */
	int64_t line_no;		/* the line being put together, or the last */
	size_t line_len;
	uint8_t line[2048];
};

struct device_state {
	struct worker_state worker[ROLE_COUNT];
	struct reboot_tracker reboots;
	int running;			/* scenario, -1 none */
	int last_started;		/* -1 none */
	int64_t serial_open_us;		/* -1: closed */
	int64_t harness_open_us;	/* last time we opened the port, -1 never */
	int panic;			/* reboot whose console block is being kept, -1 none */
	struct console_state console;
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

/* aggregate_console.c: what the console's lines mean beyond counting them */
void aggregate_console_init(struct console_state *c);
void aggregate_console_heard(struct aggregate *a, int device, int64_t at_us);
void aggregate_console_opened(struct aggregate *a, int device, int64_t at_us);
void aggregate_console_closed(struct aggregate *a, int device, int64_t at_us);
void aggregate_console_tick(struct aggregate *a, int device, int64_t at_us);
void aggregate_console_answer(struct aggregate *a, int device, const struct msg_op_end *m);
void aggregate_console_shed(struct aggregate *a, int device, int64_t at_us, bool on);
void aggregate_console_shed_settle(struct aggregate *a, int device, int64_t at_us);
void aggregate_console_ws_seen(struct aggregate *a, int device, const struct msg_event *m);
void aggregate_console_ws_diag(struct aggregate *a, int device, int scenario, const struct msg_event *m);

/* A line or a part of one; true when it is whole (its text is in console.line). */
bool aggregate_console_line(struct console_state *c, const struct msg_line *m);

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
