/* The timeline against a plain list: whatever the step has become, no count is lost. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/aggregate_state.h"
#include "shared/poison.h"

#define START INT64_C(5000000)

static struct timeline t;

static int64_t
sum_of(int series)
{
	int64_t sum = 0;
	int i;

	for (i = 0; i < TIMELINE_POINTS; i++)
		sum += t.value[series][i];
	return sum;
}

static int64_t
min_of(void)
{
	int64_t min = INT64_MAX;
	int i;

	for (i = 0; i < t.points; i++)
		if (t.value[TL_HEAP_MIN][i] != -1 && t.value[TL_HEAP_MIN][i] < min)
			min = t.value[TL_HEAP_MIN][i];
	return min;
}

static void
test_not_begun(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	timeline_add(&t, TL_REST_OK, START, 1);
	assert_int_equal(t.points, 0);
	timeline_init(&t, START);
	timeline_add(&t, TL_REST_OK, START - 1, 1);
	assert_int_equal(t.points, 0);
}

static void
test_doubling(void **state)
{
	int64_t s, total = 0;

	(void)state;
	timeline_init(&t, START);
	for (s = 0; s < 86400; s += 7) {
		timeline_add(&t, TL_REST_OK, START + s * US_PER_S, s % 5);
		timeline_add(&t, TL_WS_ERRORS, START + s * US_PER_S, 1);
		timeline_add(&t, TL_HEAP_MIN, START + s * US_PER_S, 90000 - s);
		total += s % 5;
		assert_int_equal(sum_of(TL_REST_OK), total);
		assert_int_equal(sum_of(TL_WS_ERRORS), s / 7 + 1);
		assert_int_equal(min_of(), 90000 - s);
		assert_in_range(t.points, 1, TIMELINE_POINTS);
	}
	assert_int_equal(t.step_us, 256 * US_PER_S);
	assert_int_equal(sum_of(TL_DROPPED), 0);
}

/* Each count stands in the point whose time it fell into, also when it comes late. */
static void
test_places(void **state)
{
	int i;

	(void)state;
	timeline_init(&t, START);
	timeline_add(&t, TL_REST_OK, START + 1199 * US_PER_S, 9);
	assert_int_equal(t.step_us, 2 * US_PER_S);
	assert_int_equal(t.points, 600);
	timeline_add(&t, TL_REST_OK, START + 3 * US_PER_S, 4);
	timeline_add(&t, TL_HEAP_MIN, START + 3 * US_PER_S, 4);
	for (i = 0; i < TIMELINE_POINTS; i++) {
		assert_int_equal(t.value[TL_REST_OK][i], i == 1 ? 4 : i == 599 ? 9 : 0);
		assert_int_equal(t.value[TL_HEAP_MIN][i], i == 1 ? 4 : -1);
	}
}

/* The furthest moment that the wire can name. */
static void
test_far(void **state)
{
	(void)state;
	timeline_init(&t, START);
	timeline_add(&t, TL_REST_OK, START, 3);
	timeline_add(&t, TL_REST_OK, INT64_C(4000000000000000000), 5);
	assert_int_equal(sum_of(TL_REST_OK), 8);
	assert_int_equal(t.value[TL_REST_OK][0], 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_begun),
		cmocka_unit_test(test_doubling),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
