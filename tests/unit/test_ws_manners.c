/* ws_manners: the waits of the device contract, and where chance may take them. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/ws_manners.h"
#include "shared/poison.h"

#define MS US_PER_MS

static void
assert_between(int64_t us, int64_t least_ms, int64_t most_ms)
{
	assert_true(us >= least_ms * MS);
	assert_true(us <= most_ms * MS);
}

/* 2.2, 4.4, 8.8, 17.6, 30, 30 s; chance takes up to a quarter off, never below 2.2 s. */
static void
test_backoff(void **state)
{
	static const int64_t most_ms[] = {2200, 4400, 8800, 17600, 30000, 30000, 30000};
	static const int64_t least_ms[] = {2200, 3300, 6600, 13200, 22500, 22500, 22500};
	static const uint32_t chances[] = {0, 0x80000000, UINT32_MAX};
	struct ws_backoff b;
	size_t c, i;
	int64_t us;

	(void)state;
	for (c = 0; c < 3; c++) {
		b = (struct ws_backoff){0, 0};
		for (i = 0; i < 7; i++) {
			us = ws_backoff_next(&b, WS_ENDED_LOST, 0, false, chances[c]);
			assert_between(us, least_ms[i], most_ms[i]);
			if (c == 0)
				assert_int_equal(us, most_ms[i] * MS);
		}
	}
	for (i = 0; i < 1000; i++)
		us = ws_backoff_next(&b, WS_ENDED_LOST, 0, true, 0);
	assert_int_equal(us, 30000 * MS);
}

static void
test_standby(void **state)
{
	static const int64_t most_s[] = {30, 60, 120, 240, 300, 300};
	struct ws_backoff b = {0, 0};
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++)
		assert_int_equal(ws_backoff_next(&b, WS_ENDED_REFUSED, 0, true, 0), most_s[i] * US_PER_S);
	/* With no other session open the load needs this one. */
	assert_int_equal(ws_backoff_next(&b, WS_ENDED_REFUSED, 0, false, 0), 2200 * MS);
}

static void
test_success_starts_anew(void **state)
{
	struct ws_backoff b = {0, 0};

	(void)state;
	ws_backoff_next(&b, WS_ENDED_LOST, 0, false, 0);
	ws_backoff_next(&b, WS_ENDED_LOST, 0, false, 0);
	assert_int_equal(ws_backoff_next(&b, WS_ENDED_LOST, WS_LASTED_US - 1, false, 0), 8800 * MS);
	assert_int_equal(ws_backoff_next(&b, WS_ENDED_LOST, WS_LASTED_US, false, 0), 2200 * MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_standby),
		cmocka_unit_test(test_success_starts_anew),
	};

	return cmocka_run_group_tests_name("ws_manners", tests, NULL, NULL);
}
