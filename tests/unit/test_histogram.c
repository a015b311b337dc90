/* Histograms against sorted arrays: 3 significant digits from 1 us to 1 h, exact min, max and
 * mean. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/histogram.h"
#include "shared/poison.h"

#define VALUES 50000

/* xorshift64*, with a fixed seed: the same values on every machine. */
static uint64_t
next(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(2685821657736338717);
}

static int64_t
uniform(uint64_t *seed)
{
	return 1 + (int64_t)(next(seed) % (uint64_t)HISTOGRAM_MAX_US);
}

/* Every power of two equally often. */
static int64_t
logarithmic(uint64_t *seed)
{
	int64_t v =
	    (INT64_C(1) << next(seed) % 32) + (int64_t)(next(seed) % (UINT64_C(1) << 31));

	v >>= next(seed) % 32;
	return v < 1 ? 1 : v > HISTOGRAM_MAX_US ? HISTOGRAM_MAX_US : v;
}

/* Answers in about 8 ms, one in a hundred takes seconds. */
static int64_t
bimodal(uint64_t *seed)
{
	if (next(seed) % 100 == 0)
		return 2000000 + (int64_t)(next(seed) % 3000000);
	return 7000 + (int64_t)(next(seed) % 1000) + (int64_t)(next(seed) % 1000);
}

static int64_t
tiny(uint64_t *seed)
{
	return 1 + (int64_t)(next(seed) % 5000);
}

static int64_t
constant(uint64_t *seed)
{
	(void)seed;
	return 1234567;
}

static int64_t (*const distributions[])(uint64_t *) = {
    uniform, logarithmic, bimodal, tiny, constant};

#define DISTRIBUTIONS (sizeof(distributions) / sizeof(distributions[0]))

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Within a thousandth of the exact value, the claim of 3 significant digits. */
static void
assert_3_digits(int64_t got, int64_t exact)
{
	assert_true(llabs(got - exact) * 1000 <= exact);
	if (exact < 2048)
		assert_int_equal(got, exact);
}

static void
assert_like_sorted(const struct histogram *h, int64_t *v, int64_t n)
{
	static const int q[] = {
	    0, 1, 1000, 25000, 50000, 75000, 90000, 95000, 99000, 99900, 99990, 99999, 100000};
	int64_t rank, sum = 0, i;
	size_t k;

	qsort(v, (size_t)n, sizeof(v[0]), compare);
	for (i = 0; i < n; i++)
		sum += v[i];
	assert_int_equal(histogram_count(h), n);
	assert_int_equal(histogram_min(h), v[0]);
	assert_int_equal(histogram_max(h), v[n - 1]);
	assert_int_equal(histogram_mean(h), (2 * sum + n) / (2 * n));
	for (k = 0; k < sizeof(q) / sizeof(q[0]); k++) {
		rank = (n * q[k] + 99999) / 100000;
		assert_3_digits(histogram_quantile(h, q[k]), v[rank == 0 ? 0 : rank - 1]);
	}
}

static void
test_sorted(void **state)
{
	static const int64_t sizes[] = {1, 2, 3, 10, 99, 100, 101, 1000, VALUES};
	int64_t *v = malloc(VALUES * sizeof(*v)), i;
	struct histogram *h;
	size_t d, k;
	uint64_t seed;

	(void)state;
	assert_non_null(v);
	for (d = 0; d < DISTRIBUTIONS; d++)
		for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			seed = 20260301 + d;
			h = histogram_new();
			assert_non_null(h);
			for (i = 0; i < sizes[k]; i++) {
				v[i] = distributions[d](&seed);
				histogram_add(h, v[i]);
			}
			assert_like_sorted(h, v, sizes[k]);
			histogram_free(h);
		}
	free(v);
}

/* Every value around every bucket border, alone between two others, so that it is not clamped.
 */
static void
test_borders(void **state)
{
	int64_t base, v, step;
	struct histogram *h;
	int i;

	(void)state;
	for (base = 1; base <= HISTOGRAM_MAX_US; base *= 2)
		for (i = -2; i <= 2; i++)
			for (step = 0; step < 4; step++) {
				v = base + i + base / 4 * step;
				if (v < 1 || v > HISTOGRAM_MAX_US)
					continue;
				h = histogram_new();
				histogram_add(h, 1);
				histogram_add(h, v);
				histogram_add(h, HISTOGRAM_MAX_US);
				assert_3_digits(histogram_quantile(h, 50000), v);
				histogram_free(h);
			}
}

static void
test_merge_is_union(void **state)
{
	struct histogram *a = histogram_new(), *b = histogram_new(), *all = histogram_new();
	int64_t *v = malloc(VALUES * sizeof(*v)), i, q;
	uint64_t seed = 7;

	(void)state;
	assert_non_null(v);
	for (i = 0; i < VALUES; i++) {
		v[i] = distributions[i % 4](&seed);
		histogram_add(i % 3 == 0 ? a : b, v[i]);
		histogram_add(all, v[i]);
	}
	histogram_add(b, HISTOGRAM_MAX_US + 1);
	histogram_add(all, HISTOGRAM_MAX_US + 1);
	histogram_merge(a, b);
	histogram_merge(a, NULL);
	assert_int_equal(histogram_count(a), histogram_count(all));
	assert_int_equal(histogram_overflow(a), 1);
	assert_int_equal(histogram_mean(a), histogram_mean(all));
	assert_int_equal(histogram_min(a), histogram_min(all));
	assert_int_equal(histogram_max(a), histogram_max(all));
	for (q = 0; q <= 100000; q += 500)
		assert_int_equal(
		    histogram_quantile(a, (int)q), histogram_quantile(all, (int)q));
	histogram_free(a);
	histogram_free(b);
	histogram_free(all);
	free(v);
}

static void
test_out_of_range(void **state)
{
	struct histogram *h = histogram_new();

	(void)state;
	histogram_add(h, 0);
	histogram_add(h, INT64_MIN);
	histogram_add(h, INT64_MAX);
	histogram_add_n(h, 5, 0);
	histogram_add_n(h, 5, -3);
	assert_int_equal(histogram_count(h), 3);
	assert_int_equal(histogram_underflow(h), 2);
	assert_int_equal(histogram_overflow(h), 1);
	assert_int_equal(histogram_min(h), 1);
	assert_int_equal(histogram_max(h), HISTOGRAM_MAX_US);
	histogram_free(h);
}

/* add_n is n times add; the sum does not overflow where 64 bits would. */
static void
test_many(void **state)
{
	struct histogram *one = histogram_new(), *n = histogram_new();
	const int64_t many = INT64_C(1) << 60;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		histogram_add(one, 77777);
	histogram_add_n(n, 77777, 1000);
	assert_int_equal(histogram_mean(n), histogram_mean(one));
	assert_int_equal(histogram_quantile(n, 50000), histogram_quantile(one, 50000));
	histogram_free(n);
	n = histogram_new();
	histogram_add_n(n, HISTOGRAM_MAX_US, many);
	histogram_add_n(n, HISTOGRAM_MAX_US - 2, many);
	assert_int_equal(histogram_count(n), 2 * many);
	assert_int_equal(histogram_mean(n), HISTOGRAM_MAX_US - 1);
	histogram_add_n(n, 1, 2 * many);
	assert_int_equal(histogram_mean(n), HISTOGRAM_MAX_US / 2);
	assert_int_equal(histogram_quantile(n, 50000), 1);
	assert_3_digits(histogram_quantile(n, 50001), HISTOGRAM_MAX_US - 2);
	histogram_free(one);
	histogram_free(n);
}

static void
test_empty(void **state)
{
	struct histogram *h = histogram_new(), *two[2];
	int i;

	(void)state;
	two[0] = NULL;
	two[1] = h;
	for (i = 0; i < 2; i++) {
		assert_int_equal(histogram_count(two[i]), 0);
		assert_int_equal(histogram_overflow(two[i]), 0);
		assert_int_equal(histogram_underflow(two[i]), 0);
		assert_int_equal(histogram_min(two[i]), -1);
		assert_int_equal(histogram_max(two[i]), -1);
		assert_int_equal(histogram_mean(two[i]), -1);
		assert_int_equal(histogram_quantile(two[i], 50000), -1);
	}
	histogram_add(h, 5);
	histogram_merge(h, two[0]);
	assert_int_equal(histogram_count(h), 1);
	histogram_free(h);
	histogram_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sorted),
	    cmocka_unit_test(test_borders),
	    cmocka_unit_test(test_merge_is_union),
	    cmocka_unit_test(test_out_of_range),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
