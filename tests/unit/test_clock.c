/* Stamps and spans. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include <cmocka.h>

#include "shared/clock.h"
#include "shared/poison.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
test_iso8601(void **state)
{
	static const struct {
		int64_t us;
		const char *want;
	} t[] = {
	    {0, "1970-01-01T00:00:00.000Z"},
	    {INT64_C(951782400000000), "2000-02-29T00:00:00.000Z"},
	    {INT64_C(1234567890123999), "2009-02-13T23:31:30.123Z"},
	    {INT64_C(1772323199999999), "2026-02-28T23:59:59.999Z"},
	    {INT64_C(1772323200000000), "2026-03-01T00:00:00.000Z"},
	    {INT64_C(4102444800001000), "2100-01-01T00:00:00.001Z"},
	};
	char s[32];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		clock_iso8601(s, sizeof(s), t[i].us);
		assert_string_equal(s, t[i].want);
	}
	clock_iso8601(s, 11, t[0].us);
	assert_string_equal(s, "1970-01-01");
}

static void
test_local(void **state)
{
	char s[32];

	(void)state;
	setenv("TZ", "XYZ-5:30", 1);
	tzset();
	clock_local(s, sizeof(s), "%Y-%m-%d_%H%M%S", INT64_C(1772323199000000));
	assert_string_equal(s, "2026-03-01_052959");
	clock_iso8601(s, sizeof(s), INT64_C(1772323199000000));
	assert_string_equal(s, "2026-02-28T23:59:59.000Z");
	clock_local(s, 4, "%Y-%m-%d", 0);
	assert_string_equal(s, "");
}

static void
test_timeval(void **state)
{
	struct timeval tv = clock_timeval(1999999);

	(void)state;
	assert_int_equal(tv.tv_sec, 1);
	assert_int_equal(tv.tv_usec, 999999);
	tv = clock_timeval(-1);
	assert_int_equal(tv.tv_sec, 0);
	assert_int_equal(tv.tv_usec, 0);
}

/* The system's own clocks, read before and after, enclose ours. */
static void
test_now(void **state)
{
	struct timespec a, b;
	struct mono m;
	int64_t w;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &a);
	m = clock_mono();
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true(m.us >= (int64_t)a.tv_sec * 1000000 + a.tv_nsec / 1000);
	assert_true(m.us <= (int64_t)b.tv_sec * 1000000 + b.tv_nsec / 1000);
	clock_gettime(CLOCK_REALTIME, &a);
	w = clock_wall_us();
	assert_true(llabs(w / 1000000 - (int64_t)a.tv_sec) <= 1);
	assert_int_equal(mono_sub(mono_add(m, -7), m), -7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_iso8601),
	    cmocka_unit_test(test_local),
	    cmocka_unit_test(test_timeval),
	    cmocka_unit_test(test_now),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
