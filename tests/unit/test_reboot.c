/* One reboot is one reset, whoever saw it; slow answers, drifting and wrapping clocks are none. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/reboot.h"
#include "shared/poison.h"

#define S INT64_C(1000000)
#define WRAP_MS INT64_C(4294967296)

struct world {
	struct reboot_tracker t;
	struct device_result *d;
};

static void
world_new(struct world *w)
{
	memset(&w->t, 0, sizeof(w->t));
	w->d = result_device_new();
	assert_non_null(w->d);
}

static int
told(struct world *w, enum reboot_source source, int64_t at_us, int64_t uptime_ms)
{
	return reboot_uptime(&w->t, w->d, source, at_us, uptime_ms, 0);
}

static void
test_each_clock(void **state)
{
	static const enum reboot_source sources[] = {SAW_REST, SAW_WS, SAW_LOG_CLOCK};
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		world_new(&w);
		assert_int_equal(told(&w, sources[i], 100 * S, 50000), -1);
		assert_int_equal(told(&w, sources[i], 110 * S, 60000), -1);
		assert_int_equal(told(&w, sources[i], 120 * S, 4000), 0);
		assert_int_equal(told(&w, sources[i], 130 * S, 14000), -1);
		assert_int_equal(w.d->reboot_count, 1);
		assert_int_equal(w.d->reboot[0].sources, 1U << sources[i]);
		assert_int_equal(w.d->reboot[0].boot_us, 116 * S);
		assert_int_equal(w.d->reboot[0].seen_us, 120 * S);
		result_device_free(w.d);
	}
}

static void
test_console_alone(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	assert_int_equal(reboot_seen(w.d, SAW_FATAL, 100 * S, 0), 0);
	assert_int_equal(reboot_seen(w.d, SAW_RESET_LINE, 100 * S + 1, 0), 1);
	result_device_free(w.d);
}

/* The console sees it at 100 s; the web server counts from 105 s and is asked at 110 s. */
static void
test_many_witnesses(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	told(&w, SAW_LOG_CLOCK, 99 * S, 500000);
	told(&w, SAW_REST, 98 * S, 490000);
	told(&w, SAW_WS, 97 * S, 489000);
	assert_int_equal(reboot_seen(w.d, SAW_RESET_LINE, 100 * S, 0), 0);
	assert_int_equal(told(&w, SAW_LOG_CLOCK, 101 * S, 800), 0);
	assert_int_equal(told(&w, SAW_REST, 110 * S, 5000), 0);
	assert_int_equal(told(&w, SAW_WS, 111 * S, 6000), 0);
	assert_int_equal(w.d->reboot_count, 1);
	assert_int_equal(w.d->reboot[0].sources,
	    1U << SAW_RESET_LINE | 1U << SAW_LOG_CLOCK | 1U << SAW_REST | 1U << SAW_WS);
	result_device_free(w.d);
}

/* Asked over the network before the console's line was read: still one. */
static void
test_console_is_last(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	told(&w, SAW_REST, 98 * S, 490000);
	assert_int_equal(told(&w, SAW_REST, 102 * S, 1000), 0);
	assert_int_equal(reboot_seen(w.d, SAW_RESET_LINE, 102 * S + 500000, 0), 0);
	assert_int_equal(told(&w, SAW_REST, 110 * S, 9000), -1);
	assert_int_equal(reboot_seen(w.d, SAW_RESET_LINE, 115 * S, 0), 1);
	assert_int_equal(told(&w, SAW_REST, 120 * S, 4000), 1);
	assert_int_equal(w.d->reboot_count, 2);
	result_device_free(w.d);
}

static void
test_two_reboots(void **state)
{
	struct world w;
	int i;

	(void)state;
	world_new(&w);
	told(&w, SAW_LOG_CLOCK, 99 * S, 500000);
	told(&w, SAW_REST, 99 * S, 490000);
	for (i = 0; i < 2; i++) {
		reboot_seen(w.d, SAW_RESET_LINE, (100 + 40 * i) * S, 0);
		told(&w, SAW_LOG_CLOCK, (101 + 40 * i) * S, 700);
		told(&w, SAW_LOG_CLOCK, (102 + 40 * i) * S, 1700);
		told(&w, SAW_REST, (112 + 40 * i) * S, 8000);
	}
	assert_int_equal(w.d->reboot_count, 2);
	assert_int_equal(w.d->reboot[0].sources, w.d->reboot[1].sources);
	result_device_free(w.d);
}

static void
test_wrap(void **state)
{
	static const enum reboot_source sources[] = {SAW_REST, SAW_WS, SAW_LOG_CLOCK};
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		world_new(&w);
		told(&w, sources[i], 100 * S, WRAP_MS - 3000);
		assert_int_equal(told(&w, sources[i], 105 * S, 2000), -1);
		assert_int_equal(told(&w, sources[i], 115 * S, 12000), -1);
		/* And a reset soon after is one. */
		assert_int_equal(told(&w, sources[i], 125 * S, 3000), 0);
		result_device_free(w.d);
	}
}

static void
drift(int ppm, int64_t every_s)
{
	int64_t s, up_ms;
	struct world w;

	world_new(&w);
	for (s = 0; s <= 86400; s += every_s) {
		up_ms = 5000000 + s * 1000 + s * ppm / 1000;
		/* Whole seconds, as REST tells them; milliseconds, as the log does. */
		assert_int_equal(told(&w, SAW_REST, (1000 + s) * S, up_ms / 1000 * 1000), -1);
		assert_int_equal(told(&w, SAW_LOG_CLOCK, (1000 + s) * S, up_ms), -1);
	}
	assert_int_equal(told(&w, SAW_REST, (1000 + s) * S, 2000), 0);
	assert_int_equal(told(&w, SAW_LOG_CLOCK, (1000 + s) * S, 2500), 0);
	result_device_free(w.d);
}

/* A day with samples each 10 s, and one with a single sample at its end. */
static void
test_drift(void **state)
{
	(void)state;
	drift(100, 10);
	drift(-100, 10);
	drift(100, 86400);
	drift(-100, 86400);
}

/*
 * A reset that the device lived on from since 100 s, by this very clock, is not the one of 110 s: else the
 * reset that opening the port caused would hide the next.
 */
static void
test_known_boot(void **state)
{
	static const enum reboot_source sources[] = {SAW_REST, SAW_WS, SAW_LOG_CLOCK};
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		world_new(&w);
		assert_int_equal(reboot_seen(w.d, SAW_RESET_LINE, 100 * S, 0), 0);
		told(&w, sources[i], 101 * S, 900);
		told(&w, sources[i], 109 * S, 8900);
		assert_int_equal(told(&w, sources[i], 112 * S, 2000), 1);
		assert_int_equal(w.d->reboot[0].sources, 1U << SAW_RESET_LINE);
		result_device_free(w.d);
	}
}

/* at is when the question was sent; the device read its clock up to 4 s later, the first time too. */
static void
test_slow_answers(void **state)
{
	static const int64_t slow_ms[] = {3900, 0, 3900, 0, 0, 3000, 100, 0};
	struct world w;
	size_t i;

	(void)state;
	world_new(&w);
	for (i = 0; i < sizeof(slow_ms) / sizeof(slow_ms[0]); i++)
		assert_int_equal(told(&w, SAW_REST, (int64_t)(1000 + 5 * i) * S,
		    (int64_t)(70150 + 5000 * i + (size_t)slow_ms[i]) / 1000 * 1000), -1);
	result_device_free(w.d);
}

/* The device never lives for longer than 2 s: no boot moment moves by 3 s, yet each is a reset. */
static void
test_crash_loop(void **state)
{
	struct world w;
	int i;

	(void)state;
	world_new(&w);
	told(&w, SAW_LOG_CLOCK, 100 * S, 90000);
	for (i = 0; i < 5; i++) {
		told(&w, SAW_LOG_CLOCK, (102 + 2 * i) * S, 300);
		told(&w, SAW_LOG_CLOCK, (102 + 2 * i) * S + S, 1300);
		told(&w, SAW_LOG_CLOCK, (102 + 2 * i) * S + 3 * S / 2, 1800);
	}
	assert_int_equal(w.d->reboot_count, 5);
	result_device_free(w.d);
}

/* The same loop with its reset lines: five, not ten. */
static void
test_crash_loop_in_full(void **state)
{
	struct world w;
	int i;

	(void)state;
	world_new(&w);
	told(&w, SAW_LOG_CLOCK, 100 * S, 90000);
	for (i = 0; i < 5; i++) {
		reboot_seen(w.d, SAW_RESET_LINE, (102 + 2 * i) * S, 0);
		told(&w, SAW_LOG_CLOCK, (102 + 2 * i) * S + S / 2, 300);
		told(&w, SAW_LOG_CLOCK, (102 + 2 * i) * S + 3 * S / 2, 1500);
	}
	assert_int_equal(w.d->reboot_count, 5);
	result_device_free(w.d);
}

static void
test_lines_in_disorder(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	told(&w, SAW_LOG_CLOCK, 100 * S, 90000);
	assert_int_equal(told(&w, SAW_LOG_CLOCK, 100 * S, 89100), -1);
	assert_int_equal(told(&w, SAW_LOG_CLOCK, 110 * S, 100000), -1);
	result_device_free(w.d);
}

static void
test_too_many(void **state)
{
	struct world w;
	int i;

	(void)state;
	world_new(&w);
	for (i = 0; i < RESULT_REBOOTS_MAX; i++)
		assert_int_equal(reboot_seen(w.d, SAW_RESET_LINE, i * S, 0), i);
	assert_int_equal(reboot_seen(w.d, SAW_RESET_LINE, i * S, 0), -1);
	assert_int_equal(w.d->reboots_other, 1);
	result_device_free(w.d);
}

/* Nobody read the console for 15 s of a device that is up for 10: what lay in the buffer is no reboot. */
static void
test_stale_lines(void **state)
{
	struct world w;
	int i;

	(void)state;
	world_new(&w);
	told(&w, SAW_LOG_CLOCK, 100 * S, 10000);
	for (i = 0; i < 15; i++)
		assert_int_equal(told(&w, SAW_LOG_CLOCK, 115 * S, 10500 + 1000 * i), -1);
	assert_int_equal(told(&w, SAW_LOG_CLOCK, 116 * S, 26000), -1);
	assert_int_equal(told(&w, SAW_LOG_CLOCK, 118 * S, 28000), -1);
	/* One that rebooted meanwhile and is up for longer than before: the second line proves it. */
	assert_int_equal(told(&w, SAW_LOG_CLOCK, 190 * S, 40000), -1);
	assert_int_equal(told(&w, SAW_LOG_CLOCK, 191 * S, 41000), 0);
	result_device_free(w.d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_clock),
		cmocka_unit_test(test_console_alone),
		cmocka_unit_test(test_many_witnesses),
		cmocka_unit_test(test_console_is_last),
		cmocka_unit_test(test_two_reboots),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_known_boot),
		cmocka_unit_test(test_slow_answers),
		cmocka_unit_test(test_crash_loop),
		cmocka_unit_test(test_crash_loop_in_full),
		cmocka_unit_test(test_lines_in_disorder),
		cmocka_unit_test(test_stale_lines),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
