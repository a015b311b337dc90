/* Exit statuses and their precedence: 2 and 3 end early; then 1 > 5 > 130/143 > 4 > 0. */
#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/verdict.h"
#include "tests/unit/result_fixture.h"
#include "shared/poison.h"

struct row {
	enum run_end end;
	int signal;
	bool gate, given_up, gap, allow;
	int status;
	bool pass;
};

static const struct row table[] = {
    {RUN_DONE, 0, false, false, false, false, EXIT_PASS, true},
    {RUN_DONE, 0, false, false, true, false, EXIT_INCOMPLETE, true},
    {RUN_DONE, 0, false, false, true, true, EXIT_PASS, true},
    {RUN_DONE, 0, true, false, false, false, EXIT_FAIL, false},
    {RUN_DONE, 0, true, false, true, true, EXIT_FAIL, false},
    {RUN_DONE, 0, false, true, false, true, EXIT_FAULT, false},
    {RUN_DONE, 0, true, true, false, false, EXIT_FAIL, false},
    {RUN_FAULT, 0, false, false, false, false, EXIT_FAULT, false},
    {RUN_FAULT, 0, true, false, false, false, EXIT_FAIL, false},
    {RUN_INTERRUPTED, SIGINT, false, false, true, false, EXIT_SIGINT, false},
    {RUN_INTERRUPTED, SIGTERM, false, false, true, true, EXIT_SIGTERM, false},
    {RUN_INTERRUPTED, SIGHUP, false, false, true, false, EXIT_SIGTERM, false},
    {RUN_INTERRUPTED, SIGINT, true, false, true, false, EXIT_FAIL, false},
    {RUN_INTERRUPTED, SIGINT, false, true, true, false, EXIT_FAULT, false},
    {RUN_UNREACHABLE, 0, false, false, false, false, EXIT_UNREACHABLE, false},
    {RUN_ON, 0, false, false, false, true, EXIT_INCOMPLETE, true},
    {RUN_ON, 0, true, false, false, false, EXIT_FAIL, false},
};

static void
judge(const struct row *r, struct verdict *v)
{
	struct run_result *run = fixture_new(1);
	struct scenario_result *s = &run->device[0]->scenario[0];

	run->end = r->end;
	run->end_signal = r->signal;
	run->plan.allow_incomplete = r->allow;
	fixture_load(&s->load[LOAD_REST], 600, 0, OP_TIMEOUT);
	fixture_load(&s->load[LOAD_WS], 600, 0, OP_TIMEOUT);
	if (r->gate)
		s->uptime_resets = 1;
	if (r->gap)
		s->load[LOAD_REST].planned = 1000;
	run->device[0]->worker[ROLE_REST].used = run->device[0]->worker[ROLE_REST].given_up =
	    r->given_up;
	verdict_eval(run, 0, v);
	fixture_free(run);
}

static void
test_precedence(void **state)
{
	static struct verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		judge(&table[i], &v);
		if (v.exit_status != table[i].status || v.pass != table[i].pass)
			fail_msg("row %zu: %d, %s", i, v.exit_status, v.pass ? "PASS" : "FAIL");
		assert_true(v.reason[0] != '\0');
	}
}

static void
test_reasons(void **state)
{
	struct run_result *run = fixture_new(1);
	struct scenario_result *s = &run->device[0]->scenario[0];
	static struct verdict v;

	(void)state;
	fixture_load(&s->load[LOAD_REST], 600, 0, OP_TIMEOUT);
	fixture_load(&s->load[LOAD_WS], 590, 10, OP_UNANSWERED);
	verdict_eval(run, 0, &v);
	assert_string_equal(v.reason,
	    "every gate held in 1 scenario: 600 REST calls with 0 errors, 600 WS messages with "
	    "10 errors, 0 console lines, no uptime reset and no fatal line");
	s->load[LOAD_REST].sent = 100;
	verdict_eval(run, 0, &v);
	assert_string_equal(v.reason,
	    "no gate was crossed, but the evidence is incomplete: s0: 100 of 600 planned REST "
	    "requests were sent, under 90% (0 due while every connection was busy, 0 missed)");
	s->load[LOAD_WS].ok = s->load[LOAD_WS].errors =
	    s->load[LOAD_WS].by_class[OP_UNANSWERED] = 0;
	s->load[LOAD_WS].connect_errors = s->load[LOAD_WS].connect_by_class[OP_CONNECT] = 80;
	verdict_eval(run, 0, &v);
	assert_string_equal(
	    v.reason, "gate ws_error_rate was crossed in s0: (WS errors + failed connects) / "
		      "(WS messages + failed connects) = 100.00% of 80 samples, limit 30.00%: "
		      "all 80 errors are failed TCP connections: the device was not reachable");
	fixture_free(run);
}

/* A run that never started a scenario has seen nothing and is no PASS, however it ended. */
static void
test_nothing_seen(void **state)
{
	struct run_result *run = fixture_new(1);
	static struct verdict v;

	(void)state;
	run->device[0]->scenario[0].started = false;
	run->end = RUN_UNREACHABLE;
	text_copy(
	    run->end_text, sizeof(run->end_text), "http://192.168.1.101: connection refused");
	verdict_eval(run, 0, &v);
	assert_int_equal(v.exit_status, EXIT_UNREACHABLE);
	assert_false(v.pass);
	assert_string_equal(v.reason,
	    "the preflight failed, no load was sent: http://192.168.1.101: connection refused");
	assert_string_equal(v.evidence.gap[0].what, "not_started");
	run->end = RUN_INTERRUPTED;
	run->end_signal = SIGINT;
	verdict_eval(run, 0, &v);
	assert_int_equal(v.exit_status, EXIT_SIGINT);
	assert_false(v.pass);
	fixture_free(run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_precedence),
	    cmocka_unit_test(test_reasons),
	    cmocka_unit_test(test_nothing_seen),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
