/* The gates against figures worked out by hand: limits, empty data, real runs, whose fault. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/gate.h"
#include "tests/unit/result_fixture.h"
#include "shared/poison.h"

enum { UPTIME, REST, WS, FATAL };

struct row {
	const char *name;
	int64_t rest_ok, rest_errors, ws_ok, ws_errors, connect_errors, resets, fatal, lines;
	int64_t rest_observed, rest_samples, ws_observed, ws_samples;
	const char *ok; /* of the four gates: y or n */
};

static const struct row table[] = {
    {"nothing at all", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "yyyy"},
    {"exactly 30% passes", 70, 30, 7, 3, 0, 0, 0, 5, 300000, 100, 300000, 10, "yyyy"},
    {"one over 30%", 69, 31, 6, 4, 0, 0, 0, 5, 310000, 100, 400000, 10, "ynny"},
    {"just over 30%", 6999999, 3000001, 1, 0, 0, 0, 0, 0, 300001, 10000000, 0, 1, "ynyy"},
    {"just over in 4e12", 2799999999999, 1200000000001, 1, 0, 0, 0, 0, 0, 300001, 4000000000000,
	0, 1, "ynyy"},
    {"exact in 4e12", 2800000000000, 1200000000000, 1, 0, 0, 0, 0, 0, 300000, 4000000000000, 0,
	1, "yyyy"},
    {"a third is rounded up", 2, 1, 0, 0, 0, 0, 0, 0, 333334, 3, 0, 0, "ynyy"},
    {"failed connects count on both sides", 1, 0, 7, 0, 3, 0, 0, 0, 0, 1, 300000, 10, "yyyy"},
    {"one reset", 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, "nyyy"},
    {"one fatal line", 1, 0, 1, 0, 0, 0, 1, 9, 0, 1, 0, 1, "yyyn"},
    /* device contract, real runs */
    {"REST only, 300 s", 1901, 0, 0, 0, 0, 0, 0, 400, 0, 1901, 0, 0, "yyyy"},
    {"WS only, 300 s", 0, 0, 2587, 0, 0, 0, 0, 400, 0, 0, 0, 2587, "yyyy"},
    {"mixed, 900 s", 705, 4131, 275, 700, 1528, 0, 0, 900, 854219, 4836, 890132, 2503, "ynny"},
    {"unreachable", 0, 75, 0, 0, 80, 0, 0, 3, 1000000, 75, 1000000, 80, "ynny"},
    {"serial only, 1800 s, silent", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "yyyy"},
};

static void
check_row(const struct row *r)
{
	struct run_result *run = fixture_new(1);
	struct scenario_result *s = &run->device[0]->scenario[0];
	struct gate g[GATES_MAX];
	int i;

	fixture_load(&s->load[LOAD_REST], r->rest_ok, r->rest_errors, OP_TIMEOUT);
	fixture_load(&s->load[LOAD_WS], r->ws_ok, r->ws_errors, OP_UNANSWERED);
	s->load[LOAD_WS].connect_errors = s->load[LOAD_WS].connect_by_class[OP_CONNECT] =
	    r->connect_errors;
	s->uptime_resets = r->resets;
	s->serial.fatal_lines = r->fatal;
	s->serial.lines = r->lines;
	assert_int_equal(gate_eval(&run->plan, run->device[0], g), GATE_COUNT);
	for (i = 0; i < GATE_COUNT; i++)
		if (g[i].ok != (r->ok[i] == 'y'))
			fail_msg("%s: gate %s", r->name, g[i].name);
	assert_int_equal(g[REST].observed, r->rest_observed);
	assert_int_equal(g[REST].samples, r->rest_samples);
	assert_int_equal(g[WS].observed, r->ws_observed);
	assert_int_equal(g[WS].samples, r->ws_samples);
	assert_int_equal(g[FATAL].samples, r->lines);
	assert_int_equal(g[UPTIME].observed, r->resets);
	fixture_free(run);
}

static void
test_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_row(&table[i]);
}

static void
test_only_started(void **state)
{
	struct run_result *run = fixture_new(3);
	struct gate g[GATES_MAX];

	(void)state;
	run->device[0]->scenario[1].started = false;
	assert_int_equal(gate_eval(&run->plan, run->device[0], g), 2 * GATE_COUNT);
	assert_int_equal(g[GATE_COUNT].scenario, 2);
	assert_string_equal(g[0].name, "uptime_reset");
	assert_string_equal(g[3].name, "fatal_serial");
	fixture_free(run);
}

struct blame {
	const char *name;
	enum load_kind kind;
	int64_t rate_mhz, ok;
	int64_t by_class[OP_CLASS_COUNT], connect[OP_CLASS_COUNT];
	int64_t http_429, code_1008, code_1013, shedding;
	const char *want;
};

static const struct blame blames[] = {
    {"none", LOAD_REST, 10000, 5, {0}, {0}, 0, 0, 0, 0, ""},
    {"limiter, over it", LOAD_REST, 24000, 705, {[OP_REJECTED] = 4131}, {0}, 4131, 0, 0, 0,
	"all 4131 errors are requests refused by the device's own rate limiter (20 requests a second "
	"per IP, then a 5 s block): the offered load is over the device's limit; the device "
	"did not malfunction"},
    {"limiter, most of them", LOAD_REST, RATE_CLOSED_LOOP, 0,
	{[OP_REJECTED] = 90, [OP_TIMEOUT] = 10}, {0}, 90, 0, 0, 0,
	"90 of 100 errors are requests refused by the device's own rate limiter (20 requests a second "
	"per IP, then a 5 s block): the offered load is over the device's limit; the device "
	"did not malfunction"},
    {"limiter, below it", LOAD_REST, 10000, 705, {[OP_REJECTED] = 4131}, {0}, 4131, 0, 0, 0,
	"all 4131 errors are requests refused by the device's own rate limiter (20 requests a second "
	"per IP, then a 5 s block shared by REST and WS): 10.000/s is below it, so other "
	"traffic of this IP set it off; the device did not malfunction"},
    {"other refusals", LOAD_REST, 10000, 0, {[OP_REJECTED] = 10}, {0}, 0, 0, 0, 0,
	"all 10 errors are refusals by the device's own policy; the device did not "
	"malfunction"},
    {"89% is mixed", LOAD_REST, 10000, 0, {[OP_TIMEOUT] = 89, [OP_RESET] = 11}, {0}, 0, 0, 0, 0,
	"errors of several kinds: 89 timeout, 11 reset"},
    {"connect", LOAD_REST, 10000, 0, {[OP_CONNECT] = 75}, {0}, 0, 0, 0, 0,
	"all 75 errors are failed TCP connections: the device was not reachable"},
    {"timeout", LOAD_REST, 10000, 0, {[OP_TIMEOUT] = 7}, {0}, 0, 0, 0, 0,
	"all 7 errors are requests that the device did not answer within 3 s"},
    {"ws failed connects", LOAD_WS, 10000, 0, {0}, {[OP_CONNECT] = 80}, 0, 0, 0, 0,
	"all 80 errors are failed TCP connections: the device was not reachable"},
    {"ws limiter", LOAD_WS, 60000, 0, {[OP_REJECTED] = 9}, {0}, 0, 0, 0, 0,
	"all 9 errors are messages refused by the device's own rate limiter (50 messages a second per "
	"IP, then a 5 s block): the offered load is over the device's limit; the device did "
	"not malfunction"},
    {"ws one session", LOAD_WS, 8000, 0, {0}, {[OP_REJECTED] = 9}, 0, 9, 0, 0,
	"all 9 errors are refused sessions (close 1008): the device allows 1 session per IP "
	"and 8 in all (2 without PSRAM); the device did not malfunction"},
    {"ws cooldown", LOAD_WS, 8000, 0, {0}, {[OP_REJECTED] = 9}, 0, 1, 8, 0,
	"all 9 errors are refused sessions (close 1013): the device refuses a reconnect within "
	"2 s and while it is short of heap; the device did not malfunction"},
    {"ws shedding", LOAD_WS, 8000, 0, {[OP_REJECTED] = 3}, {[OP_REJECTED] = 9}, 0, 0, 8, 4,
	"all 12 errors are refusals (close 1013) while the device shed its WS clients for want "
	"of internal heap; that is its policy, the device did not malfunction"},
    {"ws unanswered", LOAD_WS, 8000, 0, {[OP_UNANSWERED] = 3}, {0}, 0, 0, 0, 0,
	"all 3 errors are requests that the device did not answer within 2 s"},
};

static void
check_blame(const struct blame *b)
{
	struct run_result *run = fixture_new(1);
	struct scenario_result *s = &run->device[0]->scenario[0];
	struct load_stats *l = &s->load[b->kind];
	struct gate g[GATES_MAX];
	int i;

	run->plan.profile.scenario[0].rate_mhz[b->kind] = b->rate_mhz;
	memcpy(l->by_class, b->by_class, sizeof(l->by_class));
	memcpy(l->connect_by_class, b->connect, sizeof(l->connect_by_class));
	l->ok = b->ok;
	for (i = OP_OK + 1; i < OP_CLASS_COUNT; i++) {
		l->errors += b->by_class[i];
		l->connect_errors += b->connect[i];
	}
	l->by_status_rejected = b->http_429;
	l->close_code_count = 2;
	l->close_code[0] = (struct close_code){1008, b->code_1008};
	l->close_code[1] = (struct close_code){1013, b->code_1013};
	s->serial.shedding_lines = b->shedding;
	gate_eval(&run->plan, run->device[0], g);
	assert_string_equal(g[b->kind == LOAD_REST ? REST : WS].blame, b->want);
	fixture_free(run);
}

static void
test_blame(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(blames) / sizeof(blames[0]); i++)
		check_blame(&blames[i]);
}

static void
test_reboot_blame(void **state)
{
	struct run_result *run = fixture_new(1);
	struct device_result *d = run->device[0];
	struct gate g[GATES_MAX];

	(void)state;
	d->scenario[0].uptime_resets = 1;
	d->scenario[0].serial.fatal_lines = 3;
	fixture_load(&d->scenario[0].load[LOAD_REST], 6, 4, OP_CONNECT);
	gate_eval(&run->plan, d, g);
	assert_string_equal(
	    g[REST].blame, "all 4 errors are failed TCP connections: the device was not "
			   "reachable; it rebooted in this scenario");
	assert_string_equal(g[UPTIME].blame, "the device rebooted: its uptime began again");
	d->reboot_count = 2;
	d->reboot[0].harness_caused = true;
	d->reboot[1].reset_reason = 0xc;
	d->reboot[1].line_count = 1;
	d->reboot[1].line[0] = strdup("Guru Meditation\x1b[0m");
	gate_eval(&run->plan, d, g);
	assert_string_equal(g[UPTIME].blame,
	    "the device rebooted; reset reason 0xc (panic or ESP.restart() (RTC_SW_CPU_RST))");
	assert_string_equal(
	    g[FATAL].blame, "the device's own console says: Guru Meditation\\x1b[0m");
	fixture_free(run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_only_started),
	    cmocka_unit_test(test_blame),
	    cmocka_unit_test(test_reboot_blame),
	};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
