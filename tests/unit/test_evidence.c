/* Each rule of what a verdict needs, at its border: the last that is enough, then not. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/evidence.h"
#include "tests/unit/result_fixture.h"
#include "shared/poison.h"

/* A run with nothing missing: console wanted and heard. */
static struct run_result *
good(void)
{
	struct run_result *run = fixture_new(1);
	struct scenario_result *s = &run->device[0]->scenario[0];

	text_copy(
	    run->plan.device[0].serial_port, sizeof(run->plan.device[0].serial_port), "/dev/x");
	fixture_load(&s->load[LOAD_REST], 600, 0, OP_TIMEOUT);
	fixture_load(&s->load[LOAD_WS], 600, 0, OP_TIMEOUT);
	s->serial.lines = 10;
	s->serial.opens = 1;
	s->serial.held_us = 60 * US_PER_S;
	return run;
}

#define REST(run) (&(run)->device[0]->scenario[0].load[LOAD_REST])
#define CONSOLE(run) (&(run)->device[0]->scenario[0].serial)

static void
change_none(struct run_result *r)
{
	(void)r;
}

static void
change_no_answer(struct run_result *r)
{
	REST(r)->ok = 0;
	REST(r)->errors = 600;
}

static void
change_refused(struct run_result *r)
{
	change_no_answer(r);
	REST(r)->by_class[OP_REJECTED] = 1;
}

static void
change_90(struct run_result *r)
{
	REST(r)->sent = 540;
}

static void
change_under_90(struct run_result *r)
{
	REST(r)->sent = 539;
}

static void
change_closed_loop(struct run_result *r)
{
	REST(r)->planned = -1;
}

static void
change_no_load(struct run_result *r)
{
	memset(REST(r), 0, sizeof(*REST(r)));
	r->plan.profile.scenario[0].rate_mhz[LOAD_REST] = 0;
}

static void
change_lost_10(struct run_result *r)
{
	REST(r)->lost = 60;
}

static void
change_lost_over(struct run_result *r)
{
	REST(r)->lost = 61;
}

static void
change_unopened(struct run_result *r)
{
	memset(CONSOLE(r), 0, sizeof(*CONSOLE(r)));
}

static void
change_auto_none(struct run_result *r)
{
	change_unopened(r);
	text_copy(r->plan.device[0].serial_port, 8, "auto");
}

static void
change_auto_found(struct run_result *r)
{
	change_auto_none(r);
	text_copy(r->device[0]->serial_port, 8, "/dev/y");
}

static void
change_serial_only(struct run_result *r)
{
	change_auto_none(r);
	r->plan.serial_only = true;
}

static void
change_none_wanted(struct run_result *r)
{
	change_unopened(r);
	text_copy(r->plan.device[0].serial_port, 8, "none");
}

static void
change_held_95(struct run_result *r)
{
	CONSOLE(r)->held_us = 57 * US_PER_S;
}

static void
change_held_under(struct run_result *r)
{
	CONSOLE(r)->held_us = 57 * US_PER_S - 1;
}

static void
change_silent(struct run_result *r)
{
	CONSOLE(r)->lines = 0;
}

static void
change_silent_short(struct run_result *r)
{
	change_silent(r);
	r->device[0]->scenario[0].end_us--;
}

static void
change_silent_serial_only(struct run_result *r)
{
	change_silent_short(r);
	r->plan.serial_only = true;
}

static void
change_noise(struct run_result *r)
{
	r->plan.serial_only = true;
	r->device[0]->scenario[0].clock_readings = 0;
	r->device[0]->scenario[0].heap[HEAP_SERIAL].samples = 0;
}

static void
change_one_known_line(struct run_result *r)
{
	change_noise(r);
	r->device[0]->scenario[0].clock_readings = 1;
}

static void
silence(struct run_result *r, int64_t from_s, int64_t to_s, bool resumed, int64_t answer_s)
{
	struct device_result *d = r->device[0];

	d->silence[d->silence_count++] = (struct silence){
	    .from_us = FIXTURE_MONO + from_s * US_PER_S,
	    .to_us = to_s == -1 ? -1 : FIXTURE_MONO + to_s * US_PER_S,
	    .resumed = resumed,
	    .least_us = SILENCE_US,
	    .asked = answer_s != 0,
	    .last_answer_us = answer_s <= 0 ? -1 : FIXTURE_MONO + answer_s * US_PER_S};
}

static void
change_dead_to_end(struct run_result *r)
{
	silence(r, 40, 60, false, 58);
}

static void
change_dead_killed(struct run_result *r)
{
	silence(r, 40, -1, false, 58);
}

static void
change_both_dead(struct run_result *r)
{
	silence(r, 40, 60, false, 41);
}

static void
change_not_asked(struct run_result *r)
{
	silence(r, 40, 60, false, 0);
}

static void
change_silence_ended(struct run_result *r)
{
	silence(r, 0, 59, true, 50);
}

static void
change_long_silence_ended(struct run_result *r)
{
	silence(r, 0, 60, true, 50);
}

static void
change_silence_5_percent(struct run_result *r)
{
	silence(r, 57, 60, false, 58);
}

static void
change_holes(struct run_result *r)
{
	r->device[0]->worker[ROLE_WS].used = true;
	r->device[0]->worker[ROLE_WS].holes = 1;
}

static void
change_dropped(struct run_result *r)
{
	r->device[0]->worker[ROLE_WS].used = true;
	r->device[0]->worker[ROLE_WS].frames_dropped = 1;
}

static void
change_given_up(struct run_result *r)
{
	r->device[0]->worker[ROLE_REST].used = r->device[0]->worker[ROLE_REST].given_up = true;
}

static void
change_interrupted(struct run_result *r)
{
	r->device[0]->scenario[0].interrupted = true;
}

static void
change_running(struct run_result *r)
{
	r->device[0]->scenario[0].ended = false;
}

static void
change_on(struct run_result *r)
{
	r->end = RUN_ON;
}

static void
change_unstarted(struct run_result *r)
{
	r->device[0]->scenario[0].started = false;
}

static void
change_late(struct run_result *r)
{
	REST(r)->lateness = histogram_new();
	histogram_add_n(REST(r)->lateness, 100, 980);
	histogram_add_n(REST(r)->lateness, 6000, 20);
}

static void
change_three_late(struct run_result *r)
{
	REST(r)->lateness = histogram_new();
	histogram_add_n(REST(r)->lateness, 100, 17);
	histogram_add_n(REST(r)->lateness, 6000, 3);
}

static void
change_four_late(struct run_result *r)
{
	REST(r)->lateness = histogram_new();
	histogram_add_n(REST(r)->lateness, 100, 395);
	histogram_add_n(REST(r)->lateness, 6000, 4);
}

static void
change_late_in_time(struct run_result *r)
{
	REST(r)->lateness = histogram_new();
	histogram_add_n(REST(r)->lateness, 4900, 100);
}

struct rule {
	void (*change)(struct run_result *r);
	const char *what, *detail; /* NULL: complete */
};

static const struct rule rules[] = {
    {change_none, NULL, NULL},
    {change_no_answer, "rest_no_answer",
	"REST load was planned, but not one answer came (600 sent, 600 errors, 0 failed "
	"connects)"},
    {change_refused, NULL, NULL},
    {change_90, NULL, NULL},
    {change_under_90, "rest_under_plan",
	"539 of 600 planned REST requests were sent, under 90% (0 due while every connection "
	"was busy, 0 missed)"},
    {change_closed_loop, NULL, NULL},
    {change_no_load, NULL, NULL},
    {change_lost_10, NULL, NULL},
    {change_lost_over, "rest_ops_lost",
	"the outcome of 61 of 600 REST requests is not known, over 10%: they ended with the "
	"worker that sent them"},
    {change_unopened, "serial_never_open", "the serial port /dev/x was wanted and never open"},
    {change_auto_none, NULL, NULL},
    {change_auto_found, "serial_never_open",
	"the serial port /dev/y was wanted and never open"},
    {change_serial_only, "serial_never_open", "the serial port auto was wanted and never open"},
    {change_none_wanted, NULL, NULL},
    {change_held_95, NULL, NULL},
    {change_held_under, "serial_held",
	"the serial port /dev/x was open for 56 of 60 s, under 95%"},
    {change_silent, "serial_no_line", "the serial port /dev/x gave not one line in 60 s"},
    {change_silent_short, NULL, NULL},
    {change_silent_serial_only, "serial_no_line",
	"the serial port /dev/x gave not one line in 59 s"},
    {change_noise, "serial_no_known_line",
	"the serial port /dev/x gave 10 lines, none of them such as a LightwaveOS console prints: "
	"another device, or not its console?"},
    {change_one_known_line, NULL, NULL},
    {change_dead_to_end, "serial_silent",
	"the serial port /dev/x fell silent for 20 of 60 s, over 5%: console dead, REST or "
	"WebSocket alive"},
    {change_dead_killed, "serial_silent",
	"the serial port /dev/x fell silent for 20 of 60 s, over 5%: console dead, REST or "
	"WebSocket alive"},
    {change_both_dead, "serial_silent",
	"the serial port /dev/x fell silent for 20 of 60 s, over 5%: console silent, and no answer "
	"to REST or WebSocket either"},
    {change_not_asked, "serial_silent",
	"the serial port /dev/x fell silent for 20 of 60 s, over 5%: console silent, and nothing "
	"else was asked"},
    {change_silence_ended, NULL, NULL},
    {change_long_silence_ended, "serial_silent",
	"the serial port /dev/x fell silent for 60 of 60 s, over 5%: console dead, REST or "
	"WebSocket alive"},
    {change_silence_5_percent, NULL, NULL},
    {change_holes, "worker_data_holes",
	"the ws worker's data has holes: 1 frames never came, 0 were dropped by the worker"},
    {change_dropped, "worker_data_holes",
	"the ws worker's data has holes: 0 frames never came, 1 were dropped by the worker"},
    {change_given_up, "worker_lost",
	"the rest worker was lost for good after 0 restarts: a fault of the harness"},
    {change_late, "host_too_slow",
	"REST requests were sent late: one in a hundred by 6.000 ms or more, over 5 ms; the host, "
	"not the device, may be to blame"},
    {change_three_late, NULL, NULL},
    {change_four_late, "host_too_slow",
	"REST requests were sent late: four by 6.000 ms or more, over 5 ms; the host, not the "
	"device, may be to blame"},
    {change_late_in_time, NULL, NULL},
    {change_interrupted, "interrupted", "this scenario was interrupted before its planned end"},
    {change_running, "interrupted", "this scenario had not ended when the report was written"},
    {change_on, "run_not_ended", "the run has no end: it is still on, or it was killed"},
    {change_unstarted, "not_started", "no scenario was started"},
};

static void
test_rules(void **state)
{
	static struct evidence e;
	struct run_result *run;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		run = good();
		rules[i].change(run);
		evidence_eval(run, run->device[0], &e);
		assert_int_equal(e.count, rules[i].what == NULL ? 0 : 1);
		if (rules[i].what != NULL) {
			assert_string_equal(e.gap[0].what, rules[i].what);
			assert_string_equal(e.gap[0].detail, rules[i].detail);
		}
		fixture_free(run);
	}
}

static void
test_second_not_started(void **state)
{
	struct run_result *run = fixture_new(2);
	static struct evidence e;
	int k;

	(void)state;
	for (k = 0; k < LOAD_COUNT; k++)
		fixture_load(&run->device[0]->scenario[0].load[k], 600, 0, OP_TIMEOUT);
	run->device[0]->scenario[1].started = false;
	evidence_eval(run, run->device[0], &e);
	assert_int_equal(e.count, 1);
	assert_int_equal(e.gap[0].scenario, 1);
	assert_string_equal(e.gap[0].what, "not_started");
	fixture_free(run);
}

/* 64 scenarios with 6 gaps each are over the table's size: counted, not lost. */
static void
test_overflow(void **state)
{
	struct run_result *run = fixture_new(PROFILE_SCENARIOS_MAX);
	static struct evidence e;
	int i, k;

	(void)state;
	for (i = 0; i < PROFILE_SCENARIOS_MAX; i++) {
		run->device[0]->scenario[i].interrupted = true;
		for (k = 0; k < LOAD_COUNT; k++)
			run->device[0]->scenario[i].load[k].planned = 600;
	}
	evidence_eval(run, run->device[0], &e);
	assert_int_equal(e.count, EVIDENCE_GAPS_MAX);
	assert_int_equal(e.other, 5 * PROFILE_SCENARIOS_MAX - EVIDENCE_GAPS_MAX);
	fixture_free(run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rules),
	    cmocka_unit_test(test_second_not_started),
	    cmocka_unit_test(test_overflow),
	};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
