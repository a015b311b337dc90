/* Numbers: what is accepted, with its value, and what is refused, with its words. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/number.h"
#include "shared/poison.h"

struct number_case {
	const char *s;
	int64_t want;
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
test_i64(void **state)
{
	static const struct number_case good[] = {{"0", 0}, {"-0", 0}, {"7", 7}, {"007", 7},
	    {"-12", -12}, {"9223372036854775807", INT64_MAX},
	    {"-9223372036854775808", INT64_MIN}};
	static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "1\n", "12z", "0x10",
	    "1e3", "1.0", "1.", ".", "--1", "1-", "9223372036854775808", "-9223372036854775809",
	    "99999999999999999999", "\xd9\xa1", "1,000"};
	int64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		assert_int_equal(number_i64("x", good[i].s, INT64_MIN, INT64_MAX, &v, NULL), 0);
		assert_int_equal(v, good[i].want);
	}
	for (i = 0, v = 42; i < COUNT(bad); i++) {
		assert_int_equal(number_i64("x", bad[i], INT64_MIN, INT64_MAX, &v, NULL), -1);
		assert_int_equal(v, 42);
	}
}

static void
test_range(void **state)
{
	struct err e;
	int64_t v = 42;

	(void)state;
	assert_int_equal(number_i64("--n", "1", 1, 3, &v, &e), 0);
	assert_int_equal(number_i64("--n", "3", 1, 3, &v, &e), 0);
	assert_int_equal(v, 3);
	assert_int_equal(number_i64("--n", "0", 1, 3, &v, &e), -1);
	assert_int_equal(number_i64("--n", "4", 1, 3, &v, &e), -1);
	assert_string_equal(e.text, "--n: \"4\" is not a whole number from 1 to 3");
	assert_int_equal(number_i64("--n", "1\x1b[m", 1, 3, &v, &e), -1);
	assert_non_null(strstr(e.text, "\"1\\x1b[m\""));
	assert_int_equal(v, 3);
}

static void
test_fixed(void **state)
{
	static const struct number_case good[] = {{"4.5", 4500}, {"4", 4000}, {"0.333", 333},
	    {"-1.25", -1250}, {"0.000", 0}, {"-0.001", -1}, {"10.010", 10010}};
	static const char *const bad[] = {"", ".", ".5", "5.", "1.2.3", "0.3333", "1.0000",
	    "1e3", "-", "-.5", "1,5", "nan", "inf", "1.-5", "9223372036854775.808",
	    "9300000000000000"};
	struct err e;
	int64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		assert_int_equal(
		    number_fixed("x", good[i].s, 3, INT64_MIN, INT64_MAX, &v, NULL), 0);
		assert_int_equal(v, good[i].want);
	}
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(
		    number_fixed("x", bad[i], 3, INT64_MIN, INT64_MAX, &v, NULL), -1);
	assert_int_equal(number_fixed("x", "9.223372036", 9, 0, INT64_MAX, &v, NULL), 0);
	assert_int_equal(v, 9223372036);
	assert_int_equal(number_fixed("x", "5", 0, 0, 9, &v, NULL), 0);
	assert_int_equal(number_fixed("x", "5.0", 0, 0, 9, &v, NULL), -1);
	assert_int_equal(number_fixed("rest_hz", "0", 3, 1, 1000500, &v, &e), -1);
	assert_string_equal(e.text,
	    "rest_hz: \"0\" is not a number from 0.001 to 1000.5 with at most 3 "
	    "decimal places");
	assert_int_equal(number_fixed("x", "1", 10, 0, 9, &v, NULL), -1);
}

static void
test_duration(void **state)
{
	static const struct number_case good[] = {{"30", 30000000}, {"1.5", 1500000},
	    {"200ms", 200000}, {"0.5ms", 500}, {"30s", 30000000}, {"0.000001s", 1},
	    {"5m", 300000000}, {"2h", 7200000000}, {"1.5h", 5400000000}, {"0.000001h", 3600},
	    {"0", 0}, {"-1s", -1000000}};
	static const char *const bad[] = {"", "s", "ms", "5x", "5 s", "5S", "5sec", "5mm",
	    "5hs", "1e3s", "0.0001ms", "0.0000001", "1h30m", "m5", "99999999999999h",
	    "-99999999999999h", "9223372036854.775808", "--1s", " 5s"};
	struct err e;
	int64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		assert_int_equal(
		    number_duration_us("x", good[i].s, INT64_MIN, INT64_MAX, &v, NULL), 0);
		assert_int_equal(v, good[i].want);
	}
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(
		    number_duration_us("x", bad[i], INT64_MIN, INT64_MAX, &v, NULL), -1);
	assert_int_equal(
	    number_duration_us("--serial-duration", "0", 100000, 86400000000, &v, &e), -1);
	assert_string_equal(e.text,
	    "--serial-duration: \"0\" is not a duration from 0.1 to 86400 seconds "
	    "(a number, then ms, s, m, h or nothing for seconds)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_i64),
	    cmocka_unit_test(test_range),
	    cmocka_unit_test(test_fixed),
	    cmocka_unit_test(test_duration),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
