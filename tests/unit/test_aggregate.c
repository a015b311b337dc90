/* From records to a result: sums hold whatever dies, and frames that make no sense change nothing. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "coordinator/aggregate.h"
#include "shared/poison.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define T0 INT64_C(1000000000)
#define MS INT64_C(1000)

/* One device, two scenarios of 10 s at 10 REST/s and 5 WS/s; the third is a closed loop. */
struct world {
	struct aggregate *a;
	int64_t seq[ROLE_COUNT], generation[ROLE_COUNT];
	struct err e;
};

static struct plan plan;

static void
plan_fill(void)
{
	int i;

	memset(&plan, 0, sizeof(plan));
	plan.device_count = 1;
	plan.profile.path_count = 2;
	plan.profile.scenario_count = 3;
	for (i = 0; i < 3; i++) {
		snprintf(plan.profile.scenario[i].name, sizeof(plan.profile.scenario[i].name), "s%d", i);
		plan.profile.scenario[i].duration_us = 10 * US_PER_S;
		plan.profile.scenario[i].rate_mhz[LOAD_REST] = i == 2 ? RATE_CLOSED_LOOP : 10000;
		plan.profile.scenario[i].rate_mhz[LOAD_WS] = i == 2 ? 0 : 5000;
	}
}

static int
apply(struct world *w, int role, int64_t generation, struct msg m)
{
	struct record r = {0, role, generation, m};

	w->e.text[0] = '\0';
	return aggregate_apply(w->a, &r, &w->e);
}

/* A worker's frame with the next number; the number is used up only if it was taken. */
static int
up(struct world *w, int role, struct msg m)
{
	int rc;

	m.seq = w->seq[role] + 1;
	rc = apply(w, role, w->generation[role], m);
	if (rc == 0)
		w->seq[role]++;
	return rc;
}

static void
good(struct world *w, int role, struct msg m)
{
	if (up(w, role, m) == -1)
		fail_msg("%s: %s", msg_type_name(m.type), w->e.text);
}

static void
own(struct world *w, int role, struct msg m)
{
	m.seq = 1;
	if (apply(w, role, role == -1 ? 0 : w->generation[role], m) == -1)
		fail_msg("%s: %s", msg_type_name(m.type), w->e.text);
}

static struct msg
begin(int64_t id, int64_t scenario, int64_t slot, int64_t late_us)
{
	int64_t due = T0 + scenario * 20 * US_PER_S + slot * 100 * MS;

	return (struct msg){.type = MSG_OP_BEGIN, .u.begin = {id, scenario, slot, slot % 2, due,
	    due + late_us}};
}

static struct msg
end(int64_t id, int64_t end_us, int64_t op_class)
{
	return (struct msg){.type = MSG_OP_END, .u.end = {id, end_us, op_class, 200, -1, -1, -1, -1, 100,
	    {(const uint8_t *)"why", 3}}};
}

static struct msg
slots(int64_t scenario, int64_t first, int64_t count, int64_t free_us)
{
	return (struct msg){.type = MSG_SLOTS, .u.slots = {scenario, first, count, free_us}};
}

static struct msg
scenario(int64_t type, int64_t number, int64_t at_us)
{
	return (struct msg){.type = type, .u.scenario = {number, at_us, 0}};
}

static struct msg
hello(int64_t role, int64_t generation)
{
	return (struct msg){.type = MSG_HELLO, .u.hello = {PROTO_VERSION, role, generation, 4242}};
}

static struct msg
event(int64_t scenario_no, int64_t kind, int64_t value)
{
	return (struct msg){.type = MSG_EVENT, .u.event = {T0, scenario_no, kind, value, {NULL, 0}}};
}

static struct msg
telemetry(int64_t at_us, int64_t metric, int64_t value)
{
	return (struct msg){.type = MSG_TELEMETRY, .u.telemetry = {at_us, 0, metric, value}};
}

static struct msg
counters(int64_t type, int64_t dropped)
{
	return (struct msg){.type = type, .u.counters = {.at_us = T0, .frames_dropped = dropped}};
}

static void
life_start(struct world *w, int role)
{
	w->generation[role]++;
	w->seq[role] = 0;
	own(w, role, (struct msg){.type = MSG_WORKER_START, .u.worker_start = {T0 - US_PER_S, 4242}});
	good(w, role, hello(role, w->generation[role]));
	good(w, role, (struct msg){.type = MSG_READY, .u.ready = {1, 0, 1000, {NULL, 0}}});
}

static void
life_end(struct world *w, int role, int64_t at_us)
{
	own(w, role, (struct msg){.type = MSG_WORKER_EXIT, .u.worker_exit = {at_us, 9, 0, 0,
	    {(const uint8_t *)"killed", 6}}});
}

static void
world_new(struct world *w)
{
	int role;

	memset(w, 0, sizeof(*w));
	plan_fill();
	w->a = aggregate_new(&plan);
	assert_non_null(w->a);
	for (role = 0; role < ROLE_COUNT; role++)
		life_start(w, role);
	own(w, -1, scenario(MSG_SCENARIO_START, 0, T0));
}

static struct load_stats *
rest(struct world *w)
{
	return &aggregate_peek(w->a)->device[0]->scenario[0].load[LOAD_REST];
}

static struct load_stats *
ws(struct world *w)
{
	return &aggregate_peek(w->a)->device[0]->scenario[0].load[LOAD_WS];
}

static void
check_sums(const struct run_result *run)
{
	const struct load_stats *l;
	int64_t classes;
	int i, k, c;

	for (i = 0; i < 3; i++)
		for (k = 0; k < LOAD_COUNT; k++) {
			l = &run->device[0]->scenario[i].load[k];
			assert_int_equal(l->sent, l->ok + l->errors + l->lost);
			if (run->device[0]->scenario[i].started && l->planned >= 0)
				assert_int_equal(l->planned, l->sent + l->dropped_slots + l->missed_slots);
			for (classes = 0, c = 0; c < OP_CLASS_COUNT; c++)
				classes += l->by_class[c];
			assert_int_equal(classes, l->ok + l->errors);
			assert_int_equal(l->by_class[OP_OK], l->ok);
		}
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Nearest rank in a sorted array. */
static int64_t
rank_of(int64_t *v, int n, double q)
{
	int rank = (int)(q * n);

	qsort(v, (size_t)n, sizeof(v[0]), by_value);
	if ((double)rank < q * n)
		rank++;
	return v[rank - 1];
}

static void
near(int64_t got, int64_t want)
{
	if (got < want - want / 1000 - 1 || got > want + want / 1000 + 1)
		fail_msg("%lld is not near %lld", (long long)got, (long long)want);
}

/* A stall: slots 40 to 69 find the one lane busy until slot 70's moment. */
static void
test_response_shows_the_stall(void **state)
{
	int64_t service[100], response[100], slot, took;
	struct world w;
	int n = 0, answered = 0;

	(void)state;
	world_new(&w);
	for (slot = 0; slot < 100; slot++) {
		if (slot >= 40 && slot < 70) {
			response[n++] = (70 - slot) * 100 * MS - 1;
			continue;
		}
		if (slot == 70)
			good(&w, ROLE_REST, slots(0, 40, 30, T0 + 7000 * MS - 1));
		took = 1000 + slot * 37;
		good(&w, ROLE_REST, begin(slot + 1, 0, slot, 250));
		good(&w, ROLE_REST, end(slot + 1, T0 + slot * 100 * MS + 250 + took, OP_OK));
		service[answered++] = took;
		response[n++] = took + 250;
	}
	assert_int_equal(n, 100);
	assert_int_equal(histogram_count(rest(&w)->response), 100);
	assert_int_equal(histogram_count(rest(&w)->service), 70);
	near(histogram_quantile(rest(&w)->service, 50000), rank_of(service, 70, 0.5));
	near(histogram_quantile(rest(&w)->service, 95000), rank_of(service, 70, 0.95));
	near(histogram_quantile(rest(&w)->response, 50000), rank_of(response, 100, 0.5));
	near(histogram_quantile(rest(&w)->response, 75000), rank_of(response, 100, 0.75));
	near(histogram_quantile(rest(&w)->response, 99000), rank_of(response, 100, 0.99));
	assert_int_equal(histogram_max(rest(&w)->response), 30 * 100 * MS - 1);
	assert_int_equal(histogram_max(rest(&w)->lateness), 250);
	check_sums(aggregate_settle(w.a));
	assert_int_equal(rest(&w)->dropped_slots, 30);
	assert_int_equal(rest(&w)->missed_slots, 0);
	aggregate_free(w.a);
}

static void
test_death_in_flight(void **state)
{
	const struct device_result *d;
	struct world w;
	int i;

	(void)state;
	world_new(&w);
	for (i = 0; i < 10; i++)
		good(&w, ROLE_REST, begin(i + 1, 0, i, 10));
	for (i = 0; i < 6; i++)
		good(&w, ROLE_REST, end(i + 1, T0 + 2 * US_PER_S, i % 2 ? OP_TIMEOUT : OP_OK));
	assert_int_equal(aggregate_in_flight(w.a, 0, ROLE_REST), 4);
	life_end(&w, ROLE_REST, T0 + 3 * US_PER_S);
	assert_int_equal(aggregate_in_flight(w.a, 0, ROLE_REST), 0);
	assert_int_equal(aggregate_next_slot(w.a, 0, LOAD_REST, 0), 10);
	/* The dead say no more; the next life counts its ids from 1 again and goes on at slot 30. */
	assert_int_equal(up(&w, ROLE_REST, end(7, T0 + 4 * US_PER_S, OP_OK)), -1);
	life_start(&w, ROLE_REST);
	good(&w, ROLE_REST, begin(1, 0, 30, 0));
	good(&w, ROLE_REST, begin(2, 0, 31, 0));
	good(&w, ROLE_REST, end(1, T0 + 4 * US_PER_S, OP_OK));
	own(&w, -1, scenario(MSG_SCENARIO_END, 0, T0 + 10 * US_PER_S));
	d = aggregate_settle(w.a)->device[0];
	check_sums(aggregate_peek(w.a));
	assert_int_equal(rest(&w)->sent, 12);
	assert_int_equal(rest(&w)->ok, 4);
	assert_int_equal(rest(&w)->errors, 3);
	assert_int_equal(rest(&w)->lost, 5);
	assert_int_equal(rest(&w)->missed_slots, 88);
	assert_int_equal(rest(&w)->texts.used, 1);
	assert_int_equal(rest(&w)->texts.at[0].count, 3);
	assert_int_equal(d->worker[ROLE_REST].lives, 2);
	assert_int_equal(d->worker[ROLE_REST].restarts, 1);
	assert_int_equal(d->worker[ROLE_REST].lost_ops, 5);
	assert_string_equal(d->life[0].reason, "killed");
	assert_int_equal(d->life[0].lost_ops, 4);
	assert_int_equal(d->life[3].lost_ops, 1);
	aggregate_free(w.a);
}

/* Two frames never come, the OP_BEGIN of 2 among them: its end is no lie then, only a hole. */
static void
test_holes(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	good(&w, ROLE_REST, begin(1, 0, 0, 0));
	w.seq[ROLE_REST] += 2;
	good(&w, ROLE_REST, end(2, T0 + US_PER_S, OP_OK));
	good(&w, ROLE_REST, end(1, T0 + US_PER_S, OP_OK));
	assert_int_equal(aggregate_peek(w.a)->device[0]->worker[ROLE_REST].holes, 2);
	assert_int_equal(aggregate_peek(w.a)->device[0]->worker[ROLE_REST].frames, 5);
	check_sums(aggregate_settle(w.a));
	assert_int_equal(rest(&w)->ok, 1);
	aggregate_free(w.a);
}

static void
test_counters(void **state)
{
	const struct worker_total *t;
	struct world w;
	int i;

	(void)state;
	world_new(&w);
	t = &aggregate_peek(w.a)->device[0]->worker[ROLE_REST];
	good(&w, ROLE_REST, counters(MSG_COUNTERS, 3));
	good(&w, ROLE_REST, counters(MSG_FINAL, 5));
	assert_int_equal(t->frames_dropped, 5);
	/* Beyond the lives that are kept one by one the totals still count. */
	for (i = 0; i < RESULT_WORKERS_MAX + 2; i++) {
		life_end(&w, ROLE_REST, T0);
		life_start(&w, ROLE_REST);
		good(&w, ROLE_REST, counters(MSG_COUNTERS, 2));
	}
	assert_int_equal(t->frames_dropped, 5 + 2 * (RESULT_WORKERS_MAX + 2));
	assert_int_equal(aggregate_peek(w.a)->device[0]->lives_other, 5);
	aggregate_free(w.a);
}

/* The preflight's outcome is the first life's, though a restarted worker is ready as well. */
static void
test_ready_is_kept(void **state)
{
	const struct worker_total *t;
	struct world w;

	(void)state;
	world_new(&w);
	t = &aggregate_peek(w.a)->device[0]->worker[ROLE_REST];
	life_end(&w, ROLE_REST, T0);
	w.generation[ROLE_REST]++;
	w.seq[ROLE_REST] = 0;
	own(&w, ROLE_REST, (struct msg){.type = MSG_WORKER_START, .u.worker_start = {T0, 4243}});
	good(&w, ROLE_REST, hello(ROLE_REST, 2));
	good(&w, ROLE_REST, (struct msg){.type = MSG_READY, .u.ready = {1, 0, 0, {NULL, 0}}});
	assert_int_equal(t->ready_latency_us, 1000);
	aggregate_free(w.a);
}

static void
test_events(void **state)
{
	const struct load_stats *l;
	struct world w;
	int i;

	(void)state;
	world_new(&w);
	l = ws(&w);
	for (i = 0; i < RESULT_CLOSE_CODES_MAX + 5; i++)
		good(&w, ROLE_WS, event(0, EV_WS_CLOSE, 4000 + i));
	good(&w, ROLE_WS, event(0, EV_WS_CLOSE, 4001));
	good(&w, ROLE_WS, event(0, EV_WS_CONNECT_OK, 1));
	good(&w, ROLE_WS, event(0, EV_WS_CONNECT_FAIL, OP_REJECTED));
	good(&w, ROLE_WS, event(0, EV_WS_CONNECT_FAIL, 99));
	good(&w, ROLE_WS, event(0, EV_WS_BROADCAST, 7));
	good(&w, ROLE_WS, event(0, EV_WS_UNMATCHED, 2));
	good(&w, ROLE_WS, event(0, EV_WS_LATE, 3));
	good(&w, ROLE_WS, event(1, EV_WS_LATE, 3));
	good(&w, ROLE_WS, event(-1, EV_WS_LATE, 3));
	assert_int_equal(l->close_code_count, RESULT_CLOSE_CODES_MAX);
	assert_int_equal(l->close_codes_other, 5);
	assert_int_equal(l->close_code[1].count, 2);
	assert_int_equal(l->connects, 1);
	assert_int_equal(l->connect_errors, 2);
	assert_int_equal(l->connect_by_class[OP_REJECTED], 1);
	assert_int_equal(l->connect_texts.used, 1);
	assert_int_equal(l->connect_texts.at[0].code, OP_REJECTED);
	assert_int_equal(l->close_texts.used, RESULT_TEXTS_MAX);
	assert_int_equal(l->close_texts.other, RESULT_CLOSE_CODES_MAX + 5 - RESULT_TEXTS_MAX);
	assert_int_equal(l->close_texts.at[1].code, 4001);
	assert_int_equal(l->close_texts.at[1].count, 2);
	assert_int_equal(l->broadcasts, 7);
	assert_int_equal(l->unmatched, 2);
	/* What names no scenario that has started counts in the one that runs. */
	assert_int_equal(l->late, 9);
	assert_int_equal(l->receives, 11);
	aggregate_free(w.a);
}

static void
test_series(void **state)
{
	static const int64_t heap[] = {24000, 11252, 23000};
	const struct scenario_result *s;
	struct world w;
	size_t i;

	(void)state;
	world_new(&w);
	s = &aggregate_peek(w.a)->device[0]->scenario[0];
	for (i = 0; i < COUNT(heap); i++)
		good(&w, ROLE_REST, telemetry(T0, METRIC_HEAP, heap[i]));
	good(&w, ROLE_SERIAL, telemetry(T0, METRIC_LARGEST, 9000));
	good(&w, ROLE_REST, telemetry(T0, METRIC_LARGEST, 1));
	assert_int_equal(s->heap[HEAP_REST].samples, 3);
	assert_int_equal(s->heap[HEAP_REST].min, 11252);
	assert_int_equal(s->heap[HEAP_REST].max, 24000);
	assert_int_equal(s->heap[HEAP_REST].sum, 58252);
	assert_int_equal(s->heap[HEAP_REST].first, 24000);
	assert_int_equal(s->heap[HEAP_REST].last, 23000);
	assert_int_equal(s->heap[HEAP_SERIAL].samples, 0);
	assert_int_equal(s->heap[HEAP_SERIAL_LARGEST].samples, 1);
	aggregate_free(w.a);
}

static struct msg
serial(int64_t kind, int64_t at_us)
{
	return (struct msg){.type = MSG_EVENT, .u.event = {at_us, 0, kind, 1,
	    {(const uint8_t *)"/dev/ttyX", 9}}};
}

/* Open 2 s, closed 3 s, open 1 s, the worker dies for 2 s, open 1 s, closed beyond the end. */
static void
test_serial_port_held(void **state)
{
	const struct scenario_result *s;
	struct world w;

	(void)state;
	world_new(&w);
	s = aggregate_peek(w.a)->device[0]->scenario;
	good(&w, ROLE_SERIAL, serial(EV_SERIAL_OPEN, T0 - US_PER_S));
	good(&w, ROLE_SERIAL, serial(EV_SERIAL_CLOSE, T0 + 2 * US_PER_S));
	good(&w, ROLE_SERIAL, serial(EV_SERIAL_OPEN, T0 + 5 * US_PER_S));
	life_end(&w, ROLE_SERIAL, T0 + 6 * US_PER_S);
	life_start(&w, ROLE_SERIAL);
	good(&w, ROLE_SERIAL, serial(EV_SERIAL_OPEN, T0 + 8 * US_PER_S));
	good(&w, ROLE_SERIAL, serial(EV_SERIAL_CLOSE, T0 + 9 * US_PER_S));
	own(&w, -1, scenario(MSG_SCENARIO_END, 0, T0 + 10 * US_PER_S));
	own(&w, -1, scenario(MSG_SCENARIO_START, 1, T0 + 20 * US_PER_S));
	assert_int_equal(s[0].serial.held_us, 4 * US_PER_S);
	assert_int_equal(s[0].serial.opens, 3);
	assert_int_equal(s[0].serial.gap_count, 3);
	assert_int_equal(s[0].serial.gap[1].from_us, T0 + 6 * US_PER_S);
	assert_int_equal(s[0].serial.gap[1].to_us, T0 + 8 * US_PER_S);
	assert_int_equal(s[0].serial.gap[2].to_us, s[0].end_us);
	assert_int_equal(s[1].serial.gap_count, 1);
	assert_int_equal(s[1].serial.gap[0].from_us, T0 + 20 * US_PER_S);
	/* Closed between two scenarios, it is a gap in neither. */
	good(&w, ROLE_SERIAL, serial(EV_SERIAL_OPEN, T0 + 21 * US_PER_S));
	own(&w, -1, scenario(MSG_SCENARIO_END, 1, T0 + 30 * US_PER_S));
	good(&w, ROLE_SERIAL, serial(EV_SERIAL_CLOSE, T0 + 31 * US_PER_S));
	good(&w, ROLE_SERIAL, serial(EV_SERIAL_OPEN, T0 + 32 * US_PER_S));
	assert_int_equal(s[1].serial.gap_count, 1);
	assert_int_equal(s[1].serial.gap[0].to_us, T0 + 21 * US_PER_S);
	assert_int_equal(s[1].serial.held_us, 9 * US_PER_S);
	aggregate_free(w.a);
}

/* A closed loop has no plan, and its operations no moment at which they were due. */
static void
test_closed_loop(void **state)
{
	const struct load_stats *l;
	struct world w;
	struct msg m;

	(void)state;
	world_new(&w);
	own(&w, -1, scenario(MSG_SCENARIO_END, 0, T0 + 10 * US_PER_S));
	own(&w, -1, scenario(MSG_SCENARIO_START, 2, T0 + 40 * US_PER_S));
	l = &aggregate_peek(w.a)->device[0]->scenario[2].load[LOAD_REST];
	m = begin(1, 2, 0, 10);
	assert_int_equal(up(&w, ROLE_REST, m), -1);
	m.u.begin.due_us = -1;
	good(&w, ROLE_REST, m);
	good(&w, ROLE_REST, end(1, m.u.begin.sent_us + 500, OP_OK));
	assert_int_equal(up(&w, ROLE_REST, slots(2, 1, 1, T0 + 50 * US_PER_S)), -1);
	assert_int_equal(histogram_max(l->response), 500);
	assert_int_equal(histogram_count(l->lateness), 0);
	assert_int_equal(l->planned, -1);
	check_sums(aggregate_settle(w.a));
	assert_int_equal(l->missed_slots, 0);
	aggregate_free(w.a);
}

/* All that a refused frame could have changed. */
static char *
snapshot(struct world *w)
{
	const struct device_result *d = aggregate_peek(w->a)->device[0];
	size_t size = sizeof(*d) + sizeof(int64_t) * 8;
	int64_t own_state[8] = {aggregate_in_flight(w->a, 0, ROLE_REST),
	    aggregate_in_flight(w->a, 0, ROLE_WS), aggregate_next_slot(w->a, 0, LOAD_REST, 0),
	    aggregate_next_slot(w->a, 0, LOAD_WS, 0), histogram_count(rest(w)->response),
	    histogram_count(rest(w)->lateness), histogram_count(rest(w)->service), 0};
	char *p = malloc(size);

	assert_non_null(p);
	memcpy(p, d, sizeof(*d));
	memcpy(p + sizeof(*d), own_state, sizeof(own_state));
	return p;
}

static void
refused(struct world *w, int role, int64_t generation, struct msg m, const char *word)
{
	char *before = snapshot(w), *after;

	if (m.seq == 0)
		m.seq = role == -1 ? 1 : w->seq[role] + 1;
	if (apply(w, role, generation, m) == 0)
		fail_msg("taken: %s, which should be refused for %s", msg_type_name(m.type), word);
	if (strstr(w->e.text, word) == NULL)
		fail_msg("\"%s\" does not say %s", w->e.text, word);
	after = snapshot(w);
	assert_memory_equal(before, after, sizeof(struct device_result) + sizeof(int64_t) * 8);
	free(before);
	free(after);
}

static struct msg
changed(struct msg m, size_t offset, int64_t value)
{
	memcpy((char *)&m + offset, &value, sizeof(value));
	return m;
}

#define WITH(m, member, value) changed(m, offsetof(struct msg, member), value)

static void
test_hostile_operations(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	good(&w, ROLE_REST, begin(5, 0, 5, 0));
	refused(&w, ROLE_REST, 1, begin(5, 0, 6, 0), "id 5");
	refused(&w, ROLE_REST, 1, begin(4, 0, 6, 0), "id 4");
	refused(&w, ROLE_REST, 1, begin(6, 0, 5, 0), "slot 5");
	refused(&w, ROLE_REST, 1, begin(6, 0, 0, 0), "slot 0");
	refused(&w, ROLE_REST, 1, begin(6, 0, 100, 0), "plan of 100");
	refused(&w, ROLE_REST, 1, WITH(begin(6, 0, 6, 0), u.begin.slot, INT64_C(1) << 53),
	    "plan of 100");
	refused(&w, ROLE_REST, 1, begin(6, 0, 6, -1), "before it was due");
	refused(&w, ROLE_REST, 1, WITH(begin(6, 0, 6, 0), u.begin.due_us, T0), "slot 6");
	refused(&w, ROLE_REST, 1, WITH(begin(6, 0, 6, 0), u.begin.due_us, -1), "slot 6");
	refused(&w, ROLE_REST, 1, WITH(begin(6, 0, 6, 0), u.begin.kind, 2), "kind 2");
	refused(&w, ROLE_WS, 1, WITH(begin(6, 0, 6, 0), u.begin.kind, 3), "kind 3");
	refused(&w, ROLE_REST, 1, begin(6, 1, 6, 0), "scenario 1");
	refused(&w, ROLE_REST, 1, begin(6, 63, 6, 0), "scenario 63");
	refused(&w, ROLE_SERIAL, 1, begin(6, 0, 6, 0), "OP_BEGIN");
	refused(&w, ROLE_SERIAL, 1, end(5, T0 + US_PER_S, OP_OK), "serial");
	refused(&w, ROLE_WS, 1, end(5, T0 + US_PER_S, OP_OK), "id 5");
	refused(&w, ROLE_REST, 1, end(6, T0 + US_PER_S, OP_OK), "id 6");
	refused(&w, ROLE_REST, 1, end(5, T0 + 500 * MS - 1, OP_OK), "before it was sent");
	good(&w, ROLE_REST, end(5, T0 + 500 * MS, OP_OK));
	refused(&w, ROLE_REST, 1, end(5, T0 + 500 * MS, OP_OK), "id 5");
	aggregate_free(w.a);
}

static void
test_hostile_slots(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	good(&w, ROLE_REST, begin(1, 0, 5, 0));
	refused(&w, ROLE_REST, 1, slots(0, 5, 1, T0 + US_PER_S), "slot 5");
	refused(&w, ROLE_REST, 1, slots(0, 6, 95, T0 + US_PER_S), "95");
	refused(&w, ROLE_REST, 1, slots(0, 6, INT64_C(1) << 53, T0 + US_PER_S), "plan");
	refused(&w, ROLE_REST, 1, slots(0, INT64_C(1) << 53, 1, T0 + US_PER_S), "plan");
	refused(&w, ROLE_REST, 1, slots(0, 6, 1, T0 + 600 * MS - 1), "due");
	refused(&w, ROLE_REST, 1, slots(1, 6, 1, T0 + US_PER_S), "scenario 1");
	refused(&w, ROLE_SERIAL, 1, slots(0, 6, 1, T0 + US_PER_S), "scenario 0");
	good(&w, ROLE_REST, slots(0, 6, 94, T0 + 10 * US_PER_S));
	refused(&w, ROLE_REST, 1, begin(2, 0, 50, 0), "slot 50");
	aggregate_free(w.a);
}

static void
test_hostile_lives(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	good(&w, ROLE_REST, counters(MSG_COUNTERS, 3));
	refused(&w, ROLE_REST, 1, hello(ROLE_REST, 1), "twice");
	refused(&w, ROLE_REST, 1, (struct msg){.type = MSG_READY, .u.ready = {1, 0, 0, {NULL, 0}}},
	    "twice");
	refused(&w, ROLE_REST, 2, begin(1, 0, 0, 0), "generation 2");
	refused(&w, ROLE_REST, 1, WITH(begin(1, 0, 0, 0), seq, 3), "3 after 3");
	refused(&w, ROLE_REST, 1, WITH(begin(1, 0, 0, 0), seq, 1), "1 after 3");
	refused(&w, ROLE_REST, 1, counters(MSG_COUNTERS, 2), "from 3 to 2");
	refused(&w, ROLE_REST, 1, counters(MSG_FINAL, 2), "from 3 to 2");
	refused(&w, ROLE_REST, 1, event(0, EV_WS_BROADCAST, -1), "ws_broadcast");
	refused(&w, ROLE_WS, 1, event(0, EV_WS_LATE, INT64_C(1) << 53), "ws_late");
	refused(&w, ROLE_REST, 1, telemetry(T0, METRIC_HEAP, -1), "heap");
	refused(&w, ROLE_REST, 1, telemetry(T0, METRIC_HEAP, INT64_C(1) << 53), "heap");
	refused(&w, ROLE_REST, 1, telemetry(T0, METRIC_UPTIME_MS, INT64_C(1) << 53), "uptime");
	refused(&w, ROLE_REST, 1, (struct msg){.type = MSG_LINE}, "rest");
	refused(&w, ROLE_REST, 1, (struct msg){.type = MSG_WORKER_START}, "lives already");
	refused(&w, -1, 0, scenario(MSG_SCENARIO_START, 1, T0), "scenario 1");
	refused(&w, -1, 0, scenario(MSG_SCENARIO_END, 1, T0), "scenario 1");
	own(&w, -1, scenario(MSG_SCENARIO_END, 0, T0 + US_PER_S));
	refused(&w, -1, 0, scenario(MSG_SCENARIO_START, 0, T0), "scenario 0");
	life_end(&w, ROLE_REST, T0);
	refused(&w, ROLE_REST, 1, begin(1, 0, 0, 0), "does not live");
	w.seq[ROLE_REST] = 0;
	w.generation[ROLE_REST] = 2;
	own(&w, ROLE_REST, (struct msg){.type = MSG_WORKER_START, .u.worker_start = {T0, 1}});
	refused(&w, ROLE_REST, 2, begin(1, 0, 0, 0), "before HELLO");
	refused(&w, ROLE_REST, 2, hello(ROLE_REST, 1), "generation 1");
	refused(&w, ROLE_REST, 2, hello(ROLE_WS, 2), "role 1");
	refused(&w, ROLE_REST, 2, WITH(hello(ROLE_REST, 2), u.hello.version, 2), "protocol 2");
	aggregate_free(w.a);
}

/* Records that no pipe could bring. */
static void
test_hostile_records(void **state)
{
	struct record r = {1, ROLE_REST, 1, {.type = MSG_COUNTERS, .seq = 9}};
	struct world w;

	(void)state;
	world_new(&w);
	assert_int_equal(aggregate_apply(w.a, &r, &w.e), -1);
	r.device = -1;
	assert_int_equal(aggregate_apply(w.a, &r, &w.e), -1);
	r = (struct record){0, ROLE_COUNT, 1, {.type = MSG_COUNTERS, .seq = 9}};
	assert_int_equal(aggregate_apply(w.a, &r, &w.e), -1);
	r = (struct record){0, -1, 1, {.type = MSG_COUNTERS, .seq = 9}};
	assert_int_equal(aggregate_apply(w.a, &r, &w.e), -1);
	r = (struct record){0, -1, 0, {.type = MSG_WORKER_EXIT, .seq = 1}};
	assert_int_equal(aggregate_apply(w.a, &r, &w.e), -1);
	r = (struct record){0, -1, 0, {.type = MSG_PLAN, .seq = 1}};
	assert_int_equal(aggregate_apply(w.a, &r, &w.e), -1);
	r = (struct record){0, -1, 0, {.type = MSG_END, .seq = 1, .u.run_end = {9, 0, 0, {NULL, 0}}}};
	assert_int_equal(aggregate_apply(w.a, &r, &w.e), -1);
	aggregate_free(w.a);
}

/* The largest grid there can be, dropped in one frame: counted in bounded time. */
static void
test_huge_counts(void **state)
{
	struct world w = {.generation = {0}};
	struct timespec from, to;
	int64_t planned;

	(void)state;
	plan_fill();
	plan.profile.scenario[0].rate_mhz[LOAD_REST] = SCHED_RATE_MAX_MHZ;
	plan.profile.scenario[0].duration_us = SCHED_DURATION_MAX_US;
	w.a = aggregate_new(&plan);
	life_start(&w, ROLE_REST);
	own(&w, -1, scenario(MSG_SCENARIO_START, 0, T0));
	planned = rest(&w)->planned;
	assert_int_equal(planned, SCHED_DURATION_MAX_US);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	good(&w, ROLE_REST, slots(0, 0, planned, T0 + SCHED_DURATION_MAX_US));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_true(to.tv_sec - from.tv_sec < 2);
	assert_int_equal(histogram_count(rest(&w)->response), planned);
	/* All times of a frame at the edge of what the wire allows. */
	good(&w, ROLE_REST, telemetry(INT64_C(4000000000000000000), METRIC_HEAP, 5));
	check_sums(aggregate_settle(w.a));
	aggregate_free(w.a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_response_shows_the_stall),
		cmocka_unit_test(test_death_in_flight),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_ready_is_kept),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_serial_port_held),
		cmocka_unit_test(test_closed_loop),
		cmocka_unit_test(test_hostile_operations),
		cmocka_unit_test(test_hostile_slots),
		cmocka_unit_test(test_hostile_lives),
		cmocka_unit_test(test_hostile_records),
		cmocka_unit_test(test_huge_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
