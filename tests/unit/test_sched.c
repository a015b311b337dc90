/* The grid against long multiplication and division on decimal digits, which cannot overflow.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/sched.h"
#include "shared/poison.h"

#define DIGITS 48

/* floor(a * b / c), and whether anything was left, by hand as at school. */
static int64_t
by_hand(int64_t a, int64_t b, int64_t c, int *left)
{
	int digit[DIGITS] = {0}, i, j;
	uint64_t rest = 0, quotient = 0, y;

	for (i = 0; a > 0; a /= 10, i++)
		for (y = (uint64_t)b, j = i; y > 0; y /= 10, j++)
			digit[j] += (int)(a % 10) * (int)(y % 10);
	for (i = 0; i < DIGITS - 1; i++) {
		digit[i + 1] += digit[i] / 10;
		digit[i] %= 10;
	}
	for (i = DIGITS - 1; i >= 0; i--) {
		rest = rest * 10 + (uint64_t)digit[i];
		quotient = quotient * 10 + rest / (uint64_t)c;
		rest %= (uint64_t)c;
	}
	*left = rest != 0;
	return (int64_t)quotient;
}

static const int64_t rates[] = {1, 7, 333, 500, 1000, 3000, 4000, 19000, 24000, 33333, 99999,
    1000003, 7777777, 333333333, 999999937, SCHED_RATE_MAX_MHZ};
static const int64_t durations[] = {
    1, 999999, 1000000, 30000000, 59999999, 900000000, 86400000000, SCHED_DURATION_MAX_US};

/* All that must hold around slot i: its due moment, and how many are due just then. */
static void
check_slot(const struct sched *s, int64_t i)
{
	int64_t planned = sched_planned(s), before;
	struct mono due = sched_due(s, i);
	int left;

	assert_int_equal(mono_sub(due, s->start), by_hand(i, 1000000000, s->rate_mhz, &left));
	if (i >= planned) {
		assert_true(mono_sub(due, s->start) >= s->duration_us);
		return;
	}
	assert_true(mono_sub(due, s->start) < s->duration_us);
	assert_true(sched_due_by(s, due) > i);
	before = sched_due_by(s, mono_add(due, -1));
	assert_true(before <= i);
	/* due_by counts all slots with the same rounded moment, and no other */
	assert_true(before == 0 || sched_due(s, before - 1).us < due.us);
	assert_true(sched_due(s, before).us == due.us);
	if (sched_due_by(s, due) < planned)
		assert_true(sched_due(s, sched_due_by(s, due)).us > due.us);
}

static void
test_grid(void **state)
{
	struct sched s = {.start = {INT64_C(123456789012345)}};
	int64_t planned, i;
	size_t r, d;
	int left;

	(void)state;
	for (r = 0; r < sizeof(rates) / sizeof(rates[0]); r++)
		for (d = 0; d < sizeof(durations) / sizeof(durations[0]); d++) {
			s.rate_mhz = rates[r];
			s.duration_us = durations[d];
			planned = by_hand(s.duration_us, s.rate_mhz, 1000000000, &left);
			planned += left;
			assert_int_equal(sched_planned(&s), planned);
			for (i = 0; i < 50; i++) {
				check_slot(&s, i);
				check_slot(&s, planned - 25 + i < 0 ? 0 : planned - 25 + i);
				check_slot(&s, planned / 50 * i);
			}
			assert_int_equal(sched_due_by(&s, mono_add(s.start, -1)), 0);
			assert_int_equal(
			    sched_due_by(&s, mono_add(s.start, s.duration_us)), planned);
			assert_int_equal(
			    sched_due_by(&s, mono_add(s.start, s.duration_us - 1)), planned);
		}
}

/* Every slot of a minute at 19 a second, one by one. */
static void
test_each_microsecond(void **state)
{
	struct sched s = {.start = {1000}, .rate_mhz = 19000, .duration_us = 60000000};
	int64_t us, i = 0;

	(void)state;
	assert_int_equal(sched_planned(&s), 19 * 60);
	for (us = 0; us < 2000000; us++) {
		while (i < 19 * 60 && i * 1000000 / 19 <= us)
			i++;
		assert_int_equal(sched_due_by(&s, mono_add(s.start, us)), i);
	}
}

static void
test_known(void **state)
{
	struct sched s = {.rate_mhz = 333, .duration_us = 30000000};

	(void)state;
	assert_int_equal(sched_planned(&s), 10); /* 9.99 of them, so 0 to 9 */
	assert_int_equal(sched_due(&s, 1).us, 3003003);
	assert_int_equal(sched_due(&s, 9).us, 27027027);
	s = (struct sched){
	    .rate_mhz = SCHED_RATE_MAX_MHZ, .duration_us = SCHED_DURATION_MAX_US};
	assert_int_equal(sched_planned(&s), INT64_C(2678400000000));
	assert_int_equal(sched_due(&s, INT64_C(2678399999999)).us, INT64_C(2678399999999));
	s = (struct sched){.rate_mhz = 4000, .duration_us = 300000000};
	assert_int_equal(sched_planned(&s), 1200);
	assert_int_equal(sched_due(&s, 1199).us, 299750000);
}

static void
test_extremes(void **state)
{
	struct sched none = {.start = {500}, .rate_mhz = 0, .duration_us = 1000000};
	struct sched slow = {
	    .start = {500}, .rate_mhz = 1, .duration_us = SCHED_DURATION_MAX_US};

	(void)state;
	assert_int_equal(sched_planned(&none), 0);
	assert_int_equal(sched_due_by(&none, (struct mono){INT64_MAX}), 0);
	assert_true(sched_due(&none, 1).us > INT64_C(1000000000000000));
	assert_true(sched_due(&slow, INT64_MAX).us > SCHED_DURATION_MAX_US);
	assert_int_equal(sched_due(&slow, -1).us, 500);
	assert_int_equal(sched_due_by(&slow, (struct mono){INT64_MIN}), 0);
	assert_int_equal(sched_due_by(&slow, (struct mono){INT64_MAX}), sched_planned(&slow));
	slow.duration_us = 0;
	assert_int_equal(sched_planned(&slow), 0);
	assert_int_equal(sched_due_by(&slow, slow.start), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_grid),
	    cmocka_unit_test(test_each_microsecond),
	    cmocka_unit_test(test_known),
	    cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests_name("sched", tests, NULL, NULL);
}
