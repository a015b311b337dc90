/* The wire format as tables: each row a message, each entry a field of its struct in order. */
#include "config.h"

#include "shared/proto.h"

#include <msgpack.h>
#include <string.h>

#include "shared/poison.h"

const char *const role_names[ROLE_COUNT] = {"rest", "ws", "serial"};

const char *const op_class_names[OP_CLASS_COUNT] = {"ok", "dns", "connect", "tls", "timeout",
    "reset", "protocol", "status", "api", "body", "rejected", "unanswered"};

const char *const metric_names[METRIC_COUNT] = {
	"uptime_ms", "heap", "largest", "fps_milli", "cpu_milli", "rssi_dbm", "ws_clients"};

const char *const event_names[EV_KIND_COUNT] = {
	[EV_NOTE] = "note",
	[EV_CONNECT] = "connect",
	[EV_WS_CONNECT_OK] = "ws_connect_ok",
	[EV_WS_CONNECT_FAIL] = "ws_connect_fail",
	[EV_WS_CLOSE] = "ws_close",
	[EV_WS_BROADCAST] = "ws_broadcast",
	[EV_WS_UNMATCHED] = "ws_unmatched",
	[EV_WS_LATE] = "ws_late",
	[EV_SERIAL_OPEN] = "serial_open",
	[EV_SERIAL_CLOSE] = "serial_close",
	[EV_SERIAL_SHED] = "serial_shed",
	[EV_SERIAL_FATAL] = "serial_fatal",
	[EV_SERIAL_RESET] = "serial_reset",
	[EV_SERIAL_WS_DIAG] = "serial_ws_diag",
	[EV_SERIAL_WARNING] = "serial_warning",
	[EV_SERIAL_LINES] = "serial_lines",
	[EV_SERIAL_BYTES] = "serial_bytes",
	[EV_SERIAL_TRUNCATED] = "serial_truncated",
	[EV_DEVICE] = "device",
	[EV_HOLD] = "hold",
	[EV_SERIAL_UNLOGGED] = "serial_unlogged",
	[EV_SANDBOX] = "sandbox",
};

enum field_kind { FIELD_INT, FIELD_BYTES };

struct field {
	const char *name;
	size_t offset;
	enum field_kind kind;
	int64_t min, max;	/* FIELD_BYTES: max is the bound in bytes */
};

#define FIELDS_MAX 12
#define TIME_MAX INT64_C(4000000000000000000)
#define SPAN_MAX (INT64_C(366) * 86400 * 1000000)
#define COUNT_MAX (INT64_C(1) << 53)

#define INT(member, lo, hi) {#member, offsetof(struct msg, u.member), FIELD_INT, lo, hi}
#define BYTES(member, bound) {#member, offsetof(struct msg, u.member), FIELD_BYTES, 0, bound}

struct schema {
	int64_t type;
	enum msg_direction direction;
	const char *name;
	struct field fields[FIELDS_MAX];
};

#define COUNTER_FIELDS                                                                           \
	INT(counters.at_us, 0, TIME_MAX), INT(counters.begun, 0, COUNT_MAX),                     \
	    INT(counters.ended, 0, COUNT_MAX), INT(counters.dropped_slots, 0, COUNT_MAX),        \
	    INT(counters.frames_dropped, 0, COUNT_MAX),                                          \
	    INT(counters.ring_peak_bytes, 0, COUNT_MAX), INT(counters.rss_kb, 0, COUNT_MAX),     \
	    INT(counters.cpu_us, 0, COUNT_MAX)

#define SCENARIO_FIELDS                                                                          \
	INT(scenario.scenario, 0, 63), INT(scenario.at_us, 0, TIME_MAX),                         \
	    INT(scenario.interrupted, 0, 1)

static const struct schema schemas[] = {
	{MSG_PLAN, MSG_DOWN, "PLAN",
	    {INT(plan.part, 0, 9999), INT(plan.parts, 1, 10000), BYTES(plan.data, PROTO_PART_MAX)}},
	{MSG_START, MSG_DOWN, "START",
	    {INT(start.scenario, 0, 63), INT(start.start_us, 0, TIME_MAX),
		INT(start.first_slot, 0, COUNT_MAX)}},
	{MSG_STOP, MSG_DOWN, "STOP", {INT(stop.drain_ms, 0, 3600000), INT(stop.last, 0, 1)}},
	{MSG_HELLO, MSG_UP, "HELLO",
	    {INT(hello.version, 0, 1000000), INT(hello.role, 0, ROLE_COUNT - 1),
		INT(hello.generation, 0, 1000000), INT(hello.pid, 1, INT32_MAX)}},
	{MSG_READY, MSG_UP, "READY",
	    {INT(ready.ok, 0, 1), INT(ready.op_class, 0, OP_CLASS_COUNT - 1),
		INT(ready.latency_us, 0, SPAN_MAX), BYTES(ready.text, PROTO_TEXT_MAX)}},
	{MSG_OP_BEGIN, MSG_UP, "OP_BEGIN",
	    {INT(begin.id, 1, COUNT_MAX), INT(begin.scenario, 0, 63), INT(begin.slot, 0, COUNT_MAX),
		INT(begin.kind, 0, 15), INT(begin.due_us, -1, TIME_MAX),
		INT(begin.sent_us, 0, TIME_MAX)}},
	{MSG_OP_END, MSG_UP, "OP_END",
	    {INT(end.id, 1, COUNT_MAX), INT(end.end_us, 0, TIME_MAX),
		INT(end.op_class, 0, OP_CLASS_COUNT - 1), INT(end.status, 0, 9999),
		INT(end.dns_us, -1, SPAN_MAX), INT(end.connect_us, -1, SPAN_MAX),
		INT(end.tls_us, -1, SPAN_MAX), INT(end.first_byte_us, -1, SPAN_MAX),
		INT(end.bytes, 0, INT32_MAX), BYTES(end.text, PROTO_TEXT_MAX)}},
	{MSG_SLOTS, MSG_UP, "SLOTS",
	    {INT(slots.scenario, 0, 63), INT(slots.first, 0, COUNT_MAX),
		INT(slots.count, 1, COUNT_MAX), INT(slots.free_us, 0, TIME_MAX)}},
	{MSG_TELEMETRY, MSG_UP, "TELEMETRY",
	    {INT(telemetry.at_us, 0, TIME_MAX), INT(telemetry.scenario, -1, 63),
		INT(telemetry.metric, 0, METRIC_COUNT - 1),
		INT(telemetry.value, -COUNT_MAX, COUNT_MAX)}},
	{MSG_EVENT, MSG_UP, "EVENT",
	    {INT(event.at_us, 0, TIME_MAX), INT(event.scenario, -1, 63),
		INT(event.kind, 0, EV_KIND_COUNT - 1), INT(event.value, -COUNT_MAX, COUNT_MAX),
		BYTES(event.text, PROTO_TEXT_MAX)}},
	{MSG_LINE, MSG_UP, "LINE",
	    {INT(line.at_us, 0, TIME_MAX), INT(line.line, 0, COUNT_MAX), INT(line.more, 0, 1),
		BYTES(line.data, PROTO_PART_MAX)}},
	{MSG_COUNTERS, MSG_UP, "COUNTERS", {COUNTER_FIELDS}},
	{MSG_FINAL, MSG_UP, "FINAL", {COUNTER_FIELDS}},
	{MSG_RUN, MSG_OWN, "RUN",
	    {INT(run.part, 0, 9999), INT(run.parts, 1, 10000), BYTES(run.data, PROTO_PART_MAX)}},
	{MSG_SCENARIO_START, MSG_OWN, "SCENARIO_START", {SCENARIO_FIELDS}},
	{MSG_SCENARIO_END, MSG_OWN, "SCENARIO_END", {SCENARIO_FIELDS}},
	{MSG_WORKER_START, MSG_OWN, "WORKER_START",
	    {INT(worker_start.at_us, 0, TIME_MAX), INT(worker_start.pid, 1, INT32_MAX)}},
	{MSG_WORKER_EXIT, MSG_OWN, "WORKER_EXIT",
	    {INT(worker_exit.at_us, 0, TIME_MAX), INT(worker_exit.status, -1, INT32_MAX),
		INT(worker_exit.wanted, 0, 1), INT(worker_exit.given_up, 0, 1),
		BYTES(worker_exit.text, PROTO_TEXT_MAX)}},
	{MSG_NOTE, MSG_OWN, "NOTE", {INT(note.at_us, 0, TIME_MAX), BYTES(note.text, PROTO_TEXT_MAX)}},
	{MSG_END, MSG_OWN, "END",
	    {INT(run_end.how, 0, 16), INT(run_end.signal, 0, 128), INT(run_end.wall_us, 0, TIME_MAX),
		BYTES(run_end.text, PROTO_PART_MAX)}},
};

static const struct schema *
schema_find(int64_t type)
{
	size_t i;

	for (i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		if (schemas[i].type == type)
			return &schemas[i];
	return NULL;
}

static size_t
schema_field_count(const struct schema *s)
{
	size_t n = 0;

	while (n < FIELDS_MAX && s->fields[n].name != NULL)
		n++;
	return n;
}

const char *
msg_type_name(int64_t type)
{
	const struct schema *s = schema_find(type);

	return s == NULL ? "?" : s->name;
}

enum msg_direction
msg_direction(int64_t type)
{
	const struct schema *s = schema_find(type);

	return s == NULL ? MSG_NONE : s->direction;
}

struct sink {
	uint8_t *p;
	size_t len, size;
};

static int
sink_write_cb(void *arg, const char *buf, size_t len)
{
	struct sink *s = arg;

	if (len > s->size - s->len)
		return -1;
	memcpy(s->p + s->len, buf, len);
	s->len += len;
	return 0;
}

static int
encode_field(msgpack_packer *pk, const struct schema *s, const struct field *f, const void *base,
    struct err *e)
{
	const struct span *span;
	size_t len;
	int64_t v;

	if (f->kind == FIELD_BYTES) {
		span = base;
		len = span->len < (size_t)f->max ? span->len : (size_t)f->max;
		msgpack_pack_bin(pk, len);
		return len == 0 ? 0 : msgpack_pack_bin_body(pk, span->p, len);
	}
	memcpy(&v, base, sizeof(v));
	if (v < f->min || v > f->max)
		return err_set(e, "%s: %s is %lld, out of its range", s->name, f->name, (long long)v);
	return msgpack_pack_int64(pk, v);
}

int
proto_encode(const struct msg *m, uint8_t out[FRAME_MAX], struct err *e)
{
	struct sink sink = {out + FRAME_HEADER, 0, FRAME_PAYLOAD_MAX};
	const struct schema *s = schema_find(m->type);
	msgpack_packer pk;
	size_t n, i;
	int rc = 0;

	if (s == NULL)
		return err_set(e, "message type %lld is unknown", (long long)m->type);
	if (m->seq < 1 || m->seq > COUNT_MAX)
		return err_set(e, "%s: sequence number %lld", s->name, (long long)m->seq);
	n = schema_field_count(s);
	msgpack_packer_init(&pk, &sink, sink_write_cb);
	rc |= msgpack_pack_array(&pk, n + 2);
	rc |= msgpack_pack_int64(&pk, m->type);
	rc |= msgpack_pack_int64(&pk, m->seq);
	for (i = 0; i < n && rc == 0; i++)
		rc = encode_field(&pk, s, &s->fields[i], (const char *)m + s->fields[i].offset, e);
	if (rc != 0)
		return -1;
	frame_header(out, sink.len);
	return (int)(FRAME_HEADER + sink.len);
}

static bool
object_int(const msgpack_object *o, int64_t *out)
{
	if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER && o->via.u64 <= INT64_MAX) {
		*out = (int64_t)o->via.u64;
		return true;
	}
	if (o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER) {
		*out = o->via.i64;
		return true;
	}
	return false;
}

static int
decode_field(const msgpack_object *o, const struct schema *s, const struct field *f, void *base,
    struct err *e)
{
	struct span span;
	int64_t v;

	if (f->kind == FIELD_BYTES) {
		if (o->type != MSGPACK_OBJECT_BIN || o->via.bin.size > (uint64_t)f->max)
			return err_set(e, "%s: %s is not %lld bytes or fewer", s->name, f->name,
			    (long long)f->max);
		span.p = (const uint8_t *)o->via.bin.ptr;
		span.len = o->via.bin.size;
		memcpy(base, &span, sizeof(span));
		return 0;
	}
	if (!object_int(o, &v) || v < f->min || v > f->max)
		return err_set(e, "%s: %s is not a number in its range", s->name, f->name);
	memcpy(base, &v, sizeof(v));
	return 0;
}

static int
decode_object(const msgpack_object *o, struct msg *out, struct err *e)
{
	const struct schema *s;
	const msgpack_object *a;
	struct msg m;
	size_t i, n;

	memset(&m, 0, sizeof(m));
	if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size < 2)
		return err_set(e, "frame is not an array [type, seq, …]");
	a = o->via.array.ptr;
	if (!object_int(&a[0], &m.type) || !object_int(&a[1], &m.seq) || m.seq < 1 || m.seq > COUNT_MAX)
		return err_set(e, "frame does not begin with type and sequence number");
	s = schema_find(m.type);
	if (s == NULL)
		return err_set(e, "message type %lld is unknown", (long long)m.type);
	n = schema_field_count(s);
	if (o->via.array.size != n + 2)
		return err_set(e, "%s: %u fields instead of %zu", s->name,
		    (unsigned)o->via.array.size - 2, n);
	for (i = 0; i < n; i++)
		if (decode_field(&a[i + 2], s, &s->fields[i], (char *)&m + s->fields[i].offset, e) == -1)
			return -1;
	*out = m;
	return 0;
}

int
proto_decode(const uint8_t *payload, size_t len, struct msg *out, struct err *e)
{
	msgpack_object o;
	msgpack_zone zone;
	size_t off = 0;
	int rc;

	if (!msgpack_zone_init(&zone, 1024))
		return err_set(e, "out of memory");
	rc = msgpack_unpack((const char *)payload, len, &off, &zone, &o);
	if (rc != MSGPACK_UNPACK_SUCCESS || off != len)
		rc = err_set(e, "frame of %zu bytes does not unpack", len);
	else
		rc = decode_object(&o, out, e);
	msgpack_zone_destroy(&zone);
	return rc;
}
