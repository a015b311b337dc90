/*
 * Values up to 2047 have a counter each; above, every power of two is cut into 1024 equal
 * buckets, so that a bucket is narrower than a thousandth of its values (as HdrHistogram does).
 */
#include "config.h"

#include "shared/histogram.h"

#include <stdlib.h>

#include "shared/poison.h"

#define HALF_BITS 10
#define HALF (1 << HALF_BITS) /* buckets in a power of two */
#define SHIFT_MAX 21          /* (2 * HALF << SHIFT_MAX) is above HISTOGRAM_MAX_US */
#define BUCKETS ((SHIFT_MAX + 2) * HALF)

#define Q_ONE 100000

_Static_assert(((int64_t)2 * HALF << SHIFT_MAX) > HISTOGRAM_MAX_US, "too few buckets for 1 h");
_Static_assert(HISTOGRAM_MAX_US <= UINT32_MAX, "sum_add multiplies 32 bit values");

struct histogram {
	int64_t count;
	int64_t overflow;
	int64_t underflow;
	int64_t min, max;
	/* The sum of all values is sum_high * 2^32 + sum_low. */
	uint64_t sum_high;
	uint64_t sum_low;
	int64_t buckets[BUCKETS];
};

struct histogram *
histogram_new(void)
{
	return calloc(1, sizeof(struct histogram));
}

void
histogram_free(struct histogram *h)
{
	free(h);
}

/* Bits that a value has beyond the 11 that its bucket keeps. */
static int
bucket_shift(int64_t us)
{
	return 63 - HALF_BITS - __builtin_clzll((unsigned long long)us | (2 * HALF - 1));
}

static int
bucket_of(int64_t us)
{
	int shift = bucket_shift(us);

	return shift * HALF + (int)(us >> shift);
}

/* The middle of a bucket. */
static int64_t
bucket_value(int i)
{
	int shift = i < 2 * HALF ? 0 : i / HALF - 1;
	int64_t low = (int64_t)(i - shift * HALF) << shift;

	return low + (INT64_C(1) << shift) / 2;
}

static void
sum_carry(struct histogram *h)
{
	h->sum_high += h->sum_low >> 32;
	h->sum_low &= UINT32_MAX;
}

static void
sum_add(struct histogram *h, uint64_t us, uint64_t n)
{
	h->sum_high += us * (n >> 32);
	sum_carry(h);
	h->sum_high += (us * (n & UINT32_MAX)) >> 32;
	h->sum_low += (us * (n & UINT32_MAX)) & UINT32_MAX;
	sum_carry(h);
}

static void
widen(struct histogram *h, int64_t min, int64_t max)
{
	if (h->count == 0 || min < h->min)
		h->min = min;
	if (h->count == 0 || max > h->max)
		h->max = max;
}

void
histogram_add(struct histogram *h, int64_t us)
{
	histogram_add_n(h, us, 1);
}

void
histogram_add_n(struct histogram *h, int64_t us, int64_t n)
{
	if (h == NULL || n <= 0)
		return;
	if (us < 1) {
		us = 1;
		h->underflow += n;
	} else if (us > HISTOGRAM_MAX_US) {
		us = HISTOGRAM_MAX_US;
		h->overflow += n;
	}
	widen(h, us, us);
	h->count += n;
	sum_add(h, (uint64_t)us, (uint64_t)n);
	h->buckets[bucket_of(us)] += n;
}

void
histogram_merge(struct histogram *dst, const struct histogram *src)
{
	int i;

	if (dst == NULL || src == NULL || src->count == 0)
		return;
	widen(dst, src->min, src->max);
	dst->count += src->count;
	dst->overflow += src->overflow;
	dst->underflow += src->underflow;
	dst->sum_high += src->sum_high;
	dst->sum_low += src->sum_low;
	sum_carry(dst);
	for (i = 0; i < BUCKETS; i++)
		dst->buckets[i] += src->buckets[i];
}

int64_t
histogram_count(const struct histogram *h)
{
	return h == NULL ? 0 : h->count;
}

int64_t
histogram_overflow(const struct histogram *h)
{
	return h == NULL ? 0 : h->overflow;
}

int64_t
histogram_underflow(const struct histogram *h)
{
	return h == NULL ? 0 : h->underflow;
}

int64_t
histogram_min(const struct histogram *h)
{
	return histogram_count(h) == 0 ? -1 : h->min;
}

int64_t
histogram_max(const struct histogram *h)
{
	return histogram_count(h) == 0 ? -1 : h->max;
}

/* Long division; the mean is below 2^32, so 32 steps give all of it. */
int64_t
histogram_mean(const struct histogram *h)
{
	uint64_t rest, mean = 0, count;
	int bit;

	if (histogram_count(h) == 0)
		return -1;
	count = (uint64_t)h->count;
	rest = h->sum_high;
	for (bit = 31; bit >= 0; bit--) {
		rest = rest << 1 | (h->sum_low >> bit & 1);
		mean <<= 1;
		if (rest >= count) {
			rest -= count;
			mean |= 1;
		}
	}
	return (int64_t)(rest >= count - rest ? mean + 1 : mean);
}

static int64_t
nearest_rank(int64_t count, int q_1e5)
{
	int64_t rank;

	if (q_1e5 <= 0)
		return 1;
	if (q_1e5 >= Q_ONE)
		return count;
	rank = count / Q_ONE * q_1e5 + (count % Q_ONE * q_1e5 + Q_ONE - 1) / Q_ONE;
	return rank;
}

int64_t
histogram_quantile(const struct histogram *h, int q_1e5)
{
	int64_t rank, seen = 0, v;
	int i;

	if (histogram_count(h) == 0)
		return -1;
	rank = nearest_rank(h->count, q_1e5);
	if (rank == h->count)
		return h->max;
	for (i = 0; seen + h->buckets[i] < rank; i++)
		seen += h->buckets[i];
	v = bucket_value(i);
	if (v < h->min)
		return h->min;
	return v > h->max ? h->max : v;
}
