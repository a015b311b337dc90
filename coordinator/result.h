/*
 * What a run has seen, as plain data: filled by aggregate.c, judged by gate.c and evidence.c,
 * written by report_json.c and report_md.c. All times are microseconds of CLOCK_MONOTONIC unless
 * they are called wall. -1 means "not seen" wherever a moment or an extreme is meant.
 */
#ifndef LWS_RESULT_H
#define LWS_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/plan.h"
#include "shared/histogram.h"
#include "shared/indicator.h"
#include "shared/proto.h"

/* A series of values: 0 samples means that the others mean nothing. */
struct series {
	int64_t samples, min, max, sum, first, last;
};

/* Distinct texts of one code with their counts; what does not fit is counted in other. */
#define RESULT_TEXTS_MAX 12

struct text_count {
	char text[PROTO_TEXT_MAX + 1];
	int64_t code;	/* enum op_class of an error, close code of a session */
	int64_t count;
};

struct texts {
	int used;
	struct text_count at[RESULT_TEXTS_MAX];
	int64_t other;
};

/* One REST path or WS command. */
struct kind_stats {
	int64_t calls, errors;
	struct histogram *service;
};

enum phase { PHASE_DNS, PHASE_CONNECT, PHASE_TLS, PHASE_FIRST_BYTE, PHASE_COUNT };

extern const char *const phase_names[PHASE_COUNT];

#define RESULT_CLOSE_CODES_MAX 32

struct close_code {
	int64_t code, count;
};

/* One kind of load in one scenario. sent = ok + errors + lost; planned = sent + dropped + missed. */
struct load_stats {
	int64_t planned;		/* slots of the grid; -1 for a closed loop */
	int64_t sent, ok, errors, lost;
	int64_t dropped_slots;		/* due while every connection was busy */
	int64_t missed_slots;		/* due while no worker was there to send, or after an interruption */
	int64_t by_class[OP_CLASS_COUNT];
	int64_t by_status_rejected;	/* HTTP 429 among the rejected */
	int64_t bytes;
	int64_t first_sent_us, last_end_us;
	struct histogram *service;	/* ok: sent to answered */
	struct histogram *response;	/* due to answered; errors but rejected, and dropped slots, included */
	struct histogram *lateness;	/* sent - due */
	struct histogram *phase[PHASE_COUNT];
	struct kind_stats kind[WORKPLAN_KINDS_MAX];
	struct texts texts;
	/* WS only */
	int64_t connects, connect_errors, receives, broadcasts, unmatched, late;
	int64_t connect_by_class[OP_CLASS_COUNT];
	struct texts connect_texts, close_texts;
	int close_code_count;
	struct close_code close_code[RESULT_CLOSE_CODES_MAX];
	int64_t close_codes_other;
};

#define RESULT_GAPS_MAX 64

struct gap {
	int64_t from_us, to_us;
};

#define RESULT_COUNTERS_MAX 16

/* A counter of the device's WS diag lines; it begins anew at a reboot. */
struct diag_counter {
	char name[32];
	int64_t first, last, counted;	/* counted: increases between the two, over reboots too */
};

/* What the WebSocket worker saw of the same. */
struct ws_seen {
	int64_t connects, rejected, closes;
};

/* The device's own WebSocket counters, from the last line before a scenario (else its first) to its last. */
struct ws_diag {
	int64_t from_us, to_us;		/* when these lines came */
	int count;
	struct diag_counter counter[RESULT_COUNTERS_MAX];
	struct ws_seen seen;		/* by the worker, between these lines */
};

struct serial_stats {
	int64_t lines, bytes, opens, truncated, unlogged;
	int64_t shedding_lines, ws_diag_lines, fatal_lines, warning_lines;
	int64_t warnings[WARNING_COUNT];
	int64_t shed_us;		/* time spent shedding, as far as the console tells */
	bool shed_known, shedding;	/* the last state that it told */
	struct ws_diag ws_diag;		/* ws_diag_lines 0: nothing */
	int64_t held_us;
	int gap_count;
	int64_t gaps_other;
	struct gap gap[RESULT_GAPS_MAX];
};

/* Where a heap figure comes from. */
enum heap_source { HEAP_SERIAL, HEAP_REST, HEAP_WS, HEAP_SERIAL_LARGEST, HEAP_COUNT };

extern const char *const heap_names[HEAP_COUNT];	/* "serial" "rest" "ws" "serial_largest" */

struct scenario_result {
	bool started, ended;
	bool interrupted;
	int64_t start_us, end_us;
	struct load_stats load[LOAD_COUNT];
	struct serial_stats serial;
	struct series heap[HEAP_COUNT];
	int64_t uptime_resets;
	int64_t clock_readings;		/* of the device's clock, by whichever source */
};

#define RESULT_REBOOTS_MAX 64
#define RESULT_REBOOT_LINES_MAX 64

/* Who saw a reboot, as bits of reboot.sources. */
enum reboot_source { SAW_REST, SAW_WS, SAW_LOG_CLOCK, SAW_RESET_LINE, SAW_FATAL, SAW_COUNT };

extern const char *const reboot_source_names[SAW_COUNT];

struct reboot {
	int64_t boot_us;	/* when the device began again */
	int64_t seen_us;	/* when that was noticed first */
	int scenario;		/* -1: before the first */
	int reset_reason;	/* of the rst: line, -1 unknown */
	unsigned sources;
	bool harness_caused;
	int line_count;
	int64_t lines_cut;
	char *line[RESULT_REBOOT_LINES_MAX];	/* console lines of the panic block, owned */
};

#define RESULT_SILENCES_MAX 64
#define SILENCE_US INT64_C(15000000)	/* and 5 times the longest pause before: the console is silent */

/* A time in which a console that had printed lines, and whose port was open, printed none. */
struct silence {
	int64_t from_us, to_us;		/* to_us -1: to the end */
	bool resumed;			/* a line ended it, not the run's or the port's end */
	int scenario;			/* in which it was noticed, -1 before the first */
	int64_t least_us;		/* how long it was when it was noticed */
	int64_t asked;			/* operations that ended in it */
	int64_t last_answer_us;		/* of REST or WS in it, -1 none */
};

/* What a silence means. */
enum silence_state {
	SILENCE_CONSOLE_DEAD,	/* the device still answered when half of least_us was over */
	SILENCE_DEVICE_SILENT,	/* neither answered */
	SILENCE_NOT_ASKED	/* nothing but the console was watched */
};

extern const char *const silence_names[];	/* "console_dead" "device_silent" "not_asked" */
extern const char *const silence_words[];

#define RESULT_WORKERS_MAX 128

/* One life of a worker process. */
struct worker_life {
	int role;
	int64_t generation, pid;
	int64_t start_us, end_us;	/* end_us -1: alive */
	int64_t exit_status;		/* of waitpid: as in wait(2); -1 alive or unknown */
	bool wanted_exit;		/* it sent FINAL, or the coordinator ended it */
	char reason[200];		/* why it was ended: bad frame, silence, signal */
	int64_t frames, holes;		/* frames taken, sequence numbers that never came */
	int64_t begun, ended, lost_ops;
	struct msg_counters counters;	/* its own last figures */
};

/* Totals of one role of a device. */
struct worker_total {
	bool used;
	int64_t lives, restarts, frames, holes, lost_ops, frames_dropped;
	bool given_up;			/* lost for good */
	bool ready, ready_ok;
	int ready_class;
	int64_t ready_latency_us;
	char ready_text[PROTO_TEXT_MAX + 1];
	char sandbox[PROTO_TEXT_MAX + 1];	/* how it is isolated, "" if it did not say */
};

#define RESULT_NOTES_MAX 64
#define RESULT_INFO_MAX 32

struct info {
	char key[64];
	char value[128];
};

/* Counts per step of time; when all points are used, neighbours are merged and the step doubles. */
#define TIMELINE_POINTS 600

enum timeline_series { TL_REST_OK, TL_REST_ERRORS, TL_WS_OK, TL_WS_ERRORS, TL_DROPPED, TL_HEAP_MIN, TL_COUNT };

extern const char *const timeline_names[TL_COUNT];

struct timeline {
	int64_t step_us;
	int64_t start_us;
	int points;		/* used */
	int64_t value[TL_COUNT][TIMELINE_POINTS];	/* TL_HEAP_MIN: -1 where there is none */
};

struct device_result {
	struct scenario_result scenario[PROFILE_SCENARIOS_MAX];
	struct worker_total worker[ROLE_COUNT];
	int life_count;
	int64_t lives_other;
	struct worker_life life[RESULT_WORKERS_MAX];
	int reboot_count;
	int64_t reboots_other;
	struct reboot reboot[RESULT_REBOOTS_MAX];
	int silence_count;
	int64_t silences_other;
	struct silence silence[RESULT_SILENCES_MAX];
	int note_count;
	int64_t notes_other;
	char note[RESULT_NOTES_MAX][PROTO_TEXT_MAX + 1];
	int info_count;
	struct info info[RESULT_INFO_MAX];
	char serial_port[PROTO_TEXT_MAX + 1];	/* the port that was opened, "" for none */
	struct timeline timeline;
};

/* An empty result: everything 0, moments -1 ("not seen"), no histograms. NULL when memory is out. */
struct device_result *result_device_new(void);

/* Free d with its histograms and console lines. */
void result_device_free(struct device_result *d);

/* REST paths or WS commands: how many there are, and the name of number i ("?" when there is none). */
int result_kind_count(const struct profile *p, enum load_kind kind);
const char *result_kind_name(const struct profile *p, enum load_kind kind, int i);

/* Measured length of a scenario in us; -1 while it has no end or was never started. */
int64_t result_span_us(const struct scenario_result *s);

/* A status of wait(2) in words: "exit 0", "signal 9 (KILL)", "unknown" for -1. */
void result_exit_text(char *dst, size_t size, int64_t status);

/* Which of its states a silence was. */
enum silence_state result_silence_state(const struct silence *s);

/* Increase of a WS diag counter in this scenario, summed over all whose name begins with prefix. */
int64_t result_diag_counted(const struct ws_diag *w, const char *prefix);

/* Does this counter say how many there are now, not how many there were? */
bool result_diag_is_gauge(const struct diag_counter *c);

/* How a run ended. */
enum run_end {
	RUN_ON,			/* not ended: a report of a living or a dead run */
	RUN_DONE,
	RUN_UNREACHABLE,	/* preflight failed */
	RUN_INTERRUPTED,	/* signal */
	RUN_FAULT		/* the harness itself failed */
};

struct run_result {
	struct plan plan;
	enum run_end end;
	int end_signal;			/* of RUN_INTERRUPTED */
	int64_t end_wall_us;		/* -1 while it is on */
	char end_text[400];		/* in words: why it ended so */
	bool recovered;			/* written by --recover */
	struct device_result *device[PLAN_DEVICES_MAX];	/* plan.device_count of them */
};

#endif
