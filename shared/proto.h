/*
 * Messages between coordinator and workers, one per frame (shared/frame.h). The tables in
 * proto.c are the wire format: a message is an array [type, seq, field, ...] with the fields of
 * its struct in order. Every number is a 64 bit integer checked against the range in its table,
 * every text is bounded. Times are microseconds of CLOCK_MONOTONIC.
 *
 * Down (coordinator to worker): PLAN START STOP. Up: all others. seq counts from 1 without a
 * hole in each direction of a worker's life; a frame that the worker had to drop leaves a hole.
 */
#ifndef LWS_PROTO_H
#define LWS_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/frame.h"

#define PROTO_VERSION 1

enum role { ROLE_REST, ROLE_WS, ROLE_SERIAL, ROLE_COUNT };

extern const char *const role_names[ROLE_COUNT];	/* "rest" "ws" "serial" */

/* How an operation ended. OK is first; the others are the error classes of a report. */
enum op_class {
	OP_OK,
	OP_DNS,		/* the name did not resolve */
	OP_CONNECT,	/* no TCP connection */
	OP_TLS,		/* handshake or certificate */
	OP_TIMEOUT,	/* begun, not answered in time (REST) */
	OP_RESET,	/* closed or reset before the answer was whole */
	OP_PROTOCOL,	/* not HTTP, not WebSocket, or against their rules */
	OP_STATUS,	/* an HTTP status other than 200 and not a policy refusal */
	OP_API,		/* a well-formed answer with "success": false */
	OP_BODY,	/* 200, but not the JSON that was asked for, or over the cap */
	OP_REJECTED,	/* the device's policy refused: 429, RATE_LIMITED, 1008, 1013 */
	OP_UNANSWERED,	/* no reply with our requestId in time (WS) */
	OP_CLASS_COUNT
};

extern const char *const op_class_names[OP_CLASS_COUNT];

/* What is measured besides operations. */
enum metric {
	METRIC_UPTIME_MS,	/* the device's own clock at at_us, since its boot */
	METRIC_HEAP,		/* free internal heap, bytes */
	METRIC_LARGEST,		/* largest free internal block, bytes */
	METRIC_FPS_MILLI,
	METRIC_CPU_MILLI,	/* percent * 1000 */
	METRIC_RSSI_DBM,
	METRIC_WS_CLIENTS,
	METRIC_COUNT
};

extern const char *const metric_names[METRIC_COUNT];

/* Things that happen, counted and shown by kind. value and text depend on the kind. */
enum event_kind {
	EV_NOTE,		/* text for the report's notes */
	EV_CONNECT,		/* TCP connection opened; value: phase total us */
	EV_WS_CONNECT_OK,	/* session open; value: session number */
	EV_WS_CONNECT_FAIL,	/* attempt failed; value: enum op_class; text: why */
	EV_WS_CLOSE,		/* session ended; value: close code (1006: no close frame) ; text: reason */
	EV_WS_BROADCAST,	/* value: how many since the last such event */
	EV_WS_UNMATCHED,	/* replies with an id that was never asked; value: how many */
	EV_WS_LATE,		/* replies whose request was over; value: how many */
	EV_SERIAL_OPEN,		/* text: path; value: open number of this worker's life, from 1 */
	EV_SERIAL_CLOSE,	/* text: why */
	EV_SERIAL_SHED,		/* value: 1 ENABLED, 2 active, 0 DISABLED; text: line */
	EV_SERIAL_FATAL,	/* value: indicator number; text: line */
	EV_SERIAL_RESET,	/* rst:0xNN line; value: reason; text: line */
	EV_SERIAL_WS_DIAG,	/* text: the counters as "active=1 ok=3 …" */
	EV_SERIAL_WARNING,	/* value: warning number; text: line */
	EV_SERIAL_LINES,	/* value: lines since the last such event; text: "" */
	EV_SERIAL_BYTES,	/* value: bytes since the last such event */
	EV_SERIAL_TRUNCATED,	/* value: lines over the cap since the last such event */
	EV_DEVICE,		/* one member of device/info: text "key=value" */
	EV_HOLD,		/* load held back on purpose; value: us; text: why */
	EV_SERIAL_UNLOGGED,	/* value: lines not sent as MSG_LINE since the last such event */
	EV_SANDBOX,		/* the worker is isolated; value: 0 not at all; text: by what (worker/sandbox.h) */
	EV_KIND_COUNT
};

extern const char *const event_names[EV_KIND_COUNT];

enum msg_type {
	/* down */
	MSG_PLAN = 1,
	MSG_START = 2,
	MSG_STOP = 3,
	/* up */
	MSG_HELLO = 16,
	MSG_READY = 17,
	MSG_OP_BEGIN = 18,
	MSG_OP_END = 19,
	MSG_SLOTS = 20,
	MSG_TELEMETRY = 21,
	MSG_EVENT = 22,
	MSG_LINE = 23,
	MSG_COUNTERS = 24,
	MSG_FINAL = 25,
	/* the coordinator's own, in the journal only */
	MSG_RUN = 64,
	MSG_SCENARIO_START = 65,
	MSG_SCENARIO_END = 66,
	MSG_WORKER_START = 67,
	MSG_WORKER_EXIT = 68,
	MSG_NOTE = 69,
	MSG_END = 70
};

/* Who may send a type. */
enum msg_direction { MSG_NONE, MSG_DOWN, MSG_UP, MSG_OWN };

/* Bytes inside the frame they came in; not ended by a NUL. */
struct span {
	const uint8_t *p;
	size_t len;
};

#define PROTO_TEXT_MAX 256	/* text fields */
#define PROTO_PART_MAX 384	/* one part of what travels in parts */

/* A part of the JSON text of shared/workplan.h; parts are numbered 0 to parts - 1, in order. */
struct msg_plan {
	int64_t part, parts;
	struct span data;
};

/* Begin scenario; slots before first_slot are somebody else's (a worker restarted in mid-scenario). */
struct msg_start {
	int64_t scenario, start_us, first_slot;
};

/* End the running scenario: no new request, those in flight may take drain_ms. last: then FINAL and exit. */
struct msg_stop {
	int64_t drain_ms, last;
};

struct msg_hello {
	int64_t version, role, generation, pid;
};

/*
 * The preflight's outcome. ok 0: text says why, op_class is its class. ok 1: text is what the worker
 * learned in one line. What device/info answered goes up before READY as EV_DEVICE events.
 */
struct msg_ready {
	int64_t ok, op_class, latency_us;
	struct span text;
};

/*
 * An operation begins; reaches the pipe before the request reaches the socket. id counts from 1
 * in a worker's life. kind: index of the path or command in the plan. due_us is -1 for closed loop.
 */
struct msg_op_begin {
	int64_t id, scenario, slot, kind, due_us, sent_us;
};

/*
 * It ended. status: HTTP status or 0. Phases in us, -1 when the phase did not happen (a kept
 * connection has no DNS, connect and TLS). bytes: body or message length.
 */
struct msg_op_end {
	int64_t id, end_us, op_class, status, dns_us, connect_us, tls_us, first_byte_us, bytes;
	struct span text;	/* "" or the error's own words: code and message of the device, or the library's */
};

/* Slots first .. first + count - 1 fell due while every connection was busy; one became free at free_us. */
struct msg_slots {
	int64_t scenario, first, count, free_us;
};

/* One sample; scenario is -1 outside of scenarios. */
struct msg_telemetry {
	int64_t at_us, scenario, metric, value;
};

struct msg_event {
	int64_t at_us, scenario, kind, value;
	struct span text;
};

/* A console line or a part of one: parts of a line follow each other, the last has more == 0. */
struct msg_line {
	int64_t at_us, line, more;
	struct span data;
};

/* Totals of this worker's life, each second and last of all (FINAL). */
struct msg_counters {
	int64_t at_us, begun, ended, dropped_slots, frames_dropped, ring_peak_bytes, rss_kb, cpu_us;
};

/* A part of the plan of the run (coordinator/plan.h), first of all records. */
struct msg_run {
	int64_t part, parts;
	struct span data;
};

/* A scenario began, at start_us on the grid; or ended. interrupted: before its time. */
struct msg_scenario {
	int64_t scenario, at_us, interrupted;
};

struct msg_worker_start {
	int64_t at_us, pid;
};

/* status as in wait(2), -1 unknown; wanted 1: the coordinator had told it to go; given_up 1: no other follows. */
struct msg_worker_exit {
	int64_t at_us, status, wanted, given_up;
	struct span text;
};

/* The run ended: how (coordinator/result.h enum run_end), by which signal, when by the wall clock. */
struct msg_end {
	int64_t how, signal, wall_us;
	struct span text;
};

struct msg_note {
	int64_t at_us;
	struct span text;
};

struct msg {
	int64_t type;	/* enum msg_type */
	int64_t seq;
	union {
		struct msg_plan plan;
		struct msg_start start;
		struct msg_stop stop;
		struct msg_hello hello;
		struct msg_ready ready;
		struct msg_op_begin begin;
		struct msg_op_end end;
		struct msg_slots slots;
		struct msg_telemetry telemetry;
		struct msg_event event;
		struct msg_line line;
		struct msg_counters counters;	/* COUNTERS and FINAL */
		struct msg_run run;
		struct msg_scenario scenario;	/* SCENARIO_START and SCENARIO_END */
		struct msg_worker_start worker_start;
		struct msg_worker_exit worker_exit;
		struct msg_note note;
		struct msg_end run_end;
	} u;
};

/*
 * Encode m as a whole frame, header included. Texts over their bound are cut at the bound.
 * Returns its length, or -1 with e when a number is out of its range or type is unknown.
 */
int proto_encode(const struct msg *m, uint8_t out[FRAME_MAX], struct err *e);

/*
 * Decode a walked payload. Spans in *out point into payload. 0, or -1 with e: not an array of
 * the right length, a field of another type, a number out of its range, an unknown type.
 */
int proto_decode(const uint8_t *payload, size_t len, struct msg *out, struct err *e);

/* "OP_BEGIN" and so on; "?" for an unknown type. */
const char *msg_type_name(int64_t type);

/* MSG_NONE for an unknown type. */
enum msg_direction msg_direction(int64_t type);

#endif
