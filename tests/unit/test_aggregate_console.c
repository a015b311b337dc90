/* What the console tells beyond counts: silence and what it means, shedding, WS counters, crash blocks. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/aggregate.h"
#include "shared/clock.h"
#include "shared/poison.h"

#define T0 INT64_C(1000000000)
#define AT(s) (T0 + (int64_t)((s)*1000) * 1000)

struct world {
	struct aggregate *a;
	const struct device_result *d;
	int64_t seq[ROLE_COUNT], op;
};

static struct plan plan;

static void
take(struct world *w, int role, struct msg m)
{
	struct record r = {0, role, 1, m};
	struct err e = {""};

	r.msg.seq = role == -1 ? 1 : ++w->seq[role];
	if (aggregate_apply(w->a, &r, &e) == -1)
		fail_msg("%s: %s", msg_type_name(m.type), e.text);
}

static void
life(struct world *w, int role)
{
	struct record r = {0, role, 1, {.type = MSG_WORKER_START, .seq = 1, .u.worker_start = {T0, 77}}};

	assert_int_equal(aggregate_apply(w->a, &r, NULL), 0);
	take(w, role, (struct msg){.type = MSG_HELLO, .u.hello = {PROTO_VERSION, role, 1, 77}});
}

static void
said(struct world *w, int role, double at_s, int64_t kind, int64_t value, const char *text)
{
	take(w, role, (struct msg){.type = MSG_EVENT,
	    .u.event = {AT(at_s), 0, kind, value, {(const uint8_t *)text, strlen(text)}}});
}

static void
scenario(struct world *w, int64_t type, int64_t number, double at_s)
{
	take(w, -1, (struct msg){.type = type, .u.scenario = {number, AT(at_s), 0}});
}

static void
world_new(struct world *w)
{
	int i;

	memset(&plan, 0, sizeof(plan));
	plan.device_count = 1;
	plan.profile.path_count = 1;
	plan.profile.scenario_count = 2;
	for (i = 0; i < 2; i++) {
		plan.profile.scenario[i].duration_us = 100 * US_PER_S;
		plan.profile.scenario[i].rate_mhz[LOAD_REST] = RATE_CLOSED_LOOP;
	}
	memset(w, 0, sizeof(*w));
	w->a = aggregate_new(&plan);
	w->d = aggregate_peek(w->a)->device[0];
	life(w, ROLE_REST);
	life(w, ROLE_WS);
	life(w, ROLE_SERIAL);
	said(w, ROLE_SERIAL, 0, EV_SERIAL_OPEN, 1, "/dev/x");
	scenario(w, MSG_SCENARIO_START, 0, 0);
}

static void
heard(struct world *w, double at_s)
{
	said(w, ROLE_SERIAL, at_s, EV_SERIAL_LINES, 1, "");
}

static void
alive(struct world *w, double at_s)
{
	take(w, ROLE_SERIAL, (struct msg){.type = MSG_COUNTERS, .u.counters = {.at_us = AT(at_s)}});
}

static void
asked(struct world *w, double at_s, int op_class)
{
	take(w, ROLE_REST, (struct msg){.type = MSG_OP_BEGIN,
	    .u.begin = {++w->op, 0, w->op, 0, -1, AT(at_s)}});
	take(w, ROLE_REST, (struct msg){.type = MSG_OP_END,
	    .u.end = {w->op, AT(at_s), op_class, 200, -1, -1, -1, 1, 1, {NULL, 0}}});
}

static void
check_silence(const struct world *w, int i, double from_s, double to_s, bool resumed,
    enum silence_state state)
{
	const struct silence *s = &w->d->silence[i];

	assert_int_equal(s->from_us, AT(from_s));
	assert_int_equal(s->to_us, to_s < 0 ? -1 : AT(to_s));
	assert_int_equal(s->resumed, resumed);
	assert_int_equal(result_silence_state(s), state);
}

static void
test_console_dead(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	alive(&w, 19);	/* it never printed a line: that is another finding */
	assert_int_equal(w.d->silence_count, 0);
	heard(&w, 20);
	asked(&w, 27.4, OP_OK);
	alive(&w, 34.9);
	assert_int_equal(w.d->silence_count, 0);
	alive(&w, 35);
	assert_int_equal(w.d->silence_count, 1);
	check_silence(&w, 0, 20, -1, false, SILENCE_DEVICE_SILENT);
	asked(&w, 35, OP_REJECTED);
	check_silence(&w, 0, 20, -1, false, SILENCE_CONSOLE_DEAD);
	asked(&w, 40, OP_TIMEOUT);
	alive(&w, 41);
	heard(&w, 42);
	check_silence(&w, 0, 20, 42, true, SILENCE_CONSOLE_DEAD);
	assert_int_equal(w.d->silence[0].last_answer_us, AT(35));
	assert_int_equal(w.d->silence_count, 1);
	aggregate_free(w.a);
}

/* Pauses of 10 s are usual here: silence begins at 50 s; timeouts are no answers. */
static void
test_usual_pause(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	heard(&w, 0);
	heard(&w, 10);
	heard(&w, 10.001);
	asked(&w, 35, OP_OK);
	asked(&w, 40, OP_TIMEOUT);
	alive(&w, 60);
	assert_int_equal(w.d->silence_count, 0);
	alive(&w, 60.001);
	check_silence(&w, 0, 10.001, -1, false, SILENCE_DEVICE_SILENT);
	asked(&w, 61, OP_STATUS);
	check_silence(&w, 0, 10.001, -1, false, SILENCE_CONSOLE_DEAD);
	aggregate_free(w.a);
}

/* A closed port is a gap, not a silence; an open one that stays quiet after it is one. */
static void
test_port_closed(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	heard(&w, 1);
	alive(&w, 16);
	said(&w, ROLE_SERIAL, 20, EV_SERIAL_CLOSE, 0, "hangup");
	check_silence(&w, 0, 1, 20, false, SILENCE_NOT_ASKED);
	alive(&w, 50);
	said(&w, ROLE_SERIAL, 60, EV_SERIAL_OPEN, 2, "/dev/x");
	alive(&w, 74);
	assert_int_equal(w.d->silence_count, 1);
	alive(&w, 75);
	check_silence(&w, 1, 60, -1, false, SILENCE_NOT_ASKED);
	aggregate_free(w.a);
}

/* 5 s, then 10 s to the end of the scenario and 3 s into the next, where a reset ends it. */
static void
test_shedding(void **state)
{
	const struct scenario_result *s;
	struct world w;

	(void)state;
	world_new(&w);
	s = w.d->scenario;
	assert_false(s[0].serial.shed_known);
	said(&w, ROLE_SERIAL, 10, EV_SERIAL_SHED, 1, "");
	said(&w, ROLE_SERIAL, 12, EV_SERIAL_SHED, 2, "");
	said(&w, ROLE_SERIAL, 15, EV_SERIAL_SHED, 0, "");
	assert_int_equal(s[0].serial.shed_us, 5 * US_PER_S);
	assert_true(s[0].serial.shed_known && !s[0].serial.shedding);
	said(&w, ROLE_SERIAL, 90, EV_SERIAL_SHED, 2, "");
	scenario(&w, MSG_SCENARIO_END, 0, 100);
	assert_int_equal(s[0].serial.shed_us, 15 * US_PER_S);
	assert_true(s[0].serial.shedding);
	scenario(&w, MSG_SCENARIO_START, 1, 110);
	assert_true(s[1].serial.shed_known && s[1].serial.shedding);
	said(&w, ROLE_SERIAL, 113, EV_SERIAL_RESET, 0xc, "rst:0xc");
	scenario(&w, MSG_SCENARIO_END, 1, 200);
	assert_int_equal(s[1].serial.shed_us, 3 * US_PER_S);
	assert_false(s[1].serial.shedding);
	assert_int_equal(s[1].serial.shedding_lines, 0);
	aggregate_free(w.a);
}

/* From the last line before the scenario; a reboot between two lines does not make a count negative. */
static void
test_ws_diag(void **state)
{
	const struct ws_diag *g;
	struct world w;

	(void)state;
	world_new(&w);
	said(&w, ROLE_WS, 5, EV_WS_CONNECT_OK, 1, "");
	said(&w, ROLE_SERIAL, 10, EV_SERIAL_WS_DIAG, 0, "active=1 ok=3 rejCooldown=0 rejLimit=2 bad=x");
	g = &w.d->scenario[0].serial.ws_diag;
	assert_int_equal(g->from_us, AT(10));
	assert_int_equal(g->to_us, AT(10));
	assert_int_equal(g->count, 4);
	said(&w, ROLE_WS, 11, EV_WS_CONNECT_OK, 1, "");
	said(&w, ROLE_WS, 12, EV_WS_CONNECT_FAIL, OP_REJECTED, "");
	said(&w, ROLE_WS, 12, EV_WS_CONNECT_FAIL, OP_CONNECT, "");
	said(&w, ROLE_WS, 13, EV_WS_CLOSE, 1008, "");
	said(&w, ROLE_SERIAL, 20, EV_SERIAL_WS_DIAG, 0, "active=2 ok=5 rejCooldown=1 rejLimit=2");
	assert_int_equal(result_diag_counted(g, "ok"), 2);
	assert_int_equal(result_diag_counted(g, "rej"), 1);
	assert_int_equal(g->seen.connects, 1);
	assert_int_equal(g->seen.rejected, 1);
	assert_int_equal(g->seen.closes, 1);
	scenario(&w, MSG_SCENARIO_END, 0, 100);
	said(&w, ROLE_WS, 101, EV_WS_CONNECT_OK, 1, "");
	scenario(&w, MSG_SCENARIO_START, 1, 110);
	take(&w, ROLE_SERIAL, (struct msg){.type = MSG_EVENT,
	    .u.event = {AT(120), 1, EV_SERIAL_WS_DIAG, 0, {(const uint8_t *)"active=0 ok=4", 13}}});
	g = &w.d->scenario[1].serial.ws_diag;
	assert_int_equal(g->from_us, AT(20));
	assert_int_equal(g->to_us, AT(120));
	assert_int_equal(g->counter[1].first, 5);
	assert_int_equal(g->counter[1].last, 4);
	assert_int_equal(result_diag_counted(g, "ok"), 4);
	assert_int_equal(result_diag_counted(g, "active"), 0);
	assert_int_equal(g->seen.connects, 1);
	assert_int_equal(g->seen.rejected, 0);
	assert_int_equal(w.d->scenario[0].serial.ws_diag_lines, 2);
	assert_int_equal(w.d->scenario[1].serial.ws_diag_lines, 1);
	aggregate_free(w.a);
}

/* More counters than fit, and names that are too long: kept out, nothing else. */
static void
test_ws_diag_hostile(void **state)
{
	char text[PROTO_TEXT_MAX];
	struct world w;
	int i, n = 0;

	(void)state;
	world_new(&w);
	for (i = 0; n < 200; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "c%d=9999999999999 ", i);
	said(&w, ROLE_SERIAL, 10, EV_SERIAL_WS_DIAG, 0, text);
	said(&w, ROLE_SERIAL, 11, EV_SERIAL_WS_DIAG, 0,
	    "=1 a_name_that_is_longer_than_the_32_bytes_for_it=1 ok= =");
	assert_int_equal(w.d->scenario[0].serial.ws_diag.count, 0);
	for (n = i = 0; n < 200; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "c%d=%d ", i, i);
	assert_true(i > RESULT_COUNTERS_MAX);
	said(&w, ROLE_SERIAL, 12, EV_SERIAL_WS_DIAG, 0, text);
	assert_int_equal(w.d->scenario[0].serial.ws_diag.count, RESULT_COUNTERS_MAX);
	aggregate_free(w.a);
}

static void
line(struct world *w, double at_s, int64_t number, int64_t more, const char *text)
{
	take(w, ROLE_SERIAL, (struct msg){.type = MSG_LINE,
	    .u.line = {AT(at_s), number, more, {(const uint8_t *)text, strlen(text)}}});
}

/* Parts are put together, a line cut off by its worker's end is not; the next boot ends the block. */
static void
test_crash_block(void **state)
{
	const struct reboot *r;
	struct world w;

	(void)state;
	world_new(&w);
	line(&w, 1, 1, 0, "Guru");
	said(&w, ROLE_SERIAL, 1, EV_SERIAL_FATAL, FATAL_GURU, "Guru");
	line(&w, 1, 2, 1, "Backtrace: 0x1 ");
	line(&w, 1, 2, 1, "0x2 ");
	line(&w, 1, 2, 0, "0x3");
	line(&w, 1, 3, 1, "half");
	line(&w, 1, 4, 0, "whole");
	line(&w, 20, 5, 0, "rst:0xc");
	said(&w, ROLE_SERIAL, 20, EV_SERIAL_RESET, 0xc, "rst:0xc");
	line(&w, 20, 6, 0, "hello");
	r = &w.d->reboot[0];
	assert_int_equal(w.d->reboot_count, 1);
	assert_int_equal(r->line_count, 4);
	assert_string_equal(r->line[1], "Backtrace: 0x1 0x2 0x3");
	assert_string_equal(r->line[2], "whole");
	assert_string_equal(r->line[3], "rst:0xc");
	aggregate_free(w.a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_console_dead),
		cmocka_unit_test(test_usual_pause),
		cmocka_unit_test(test_port_closed),
		cmocka_unit_test(test_shedding),
		cmocka_unit_test(test_ws_diag),
		cmocka_unit_test(test_ws_diag_hostile),
		cmocka_unit_test(test_crash_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
