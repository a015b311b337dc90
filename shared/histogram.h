/*
 * Log-linear histogram of microseconds: 3 significant digits from 1 us to 1 h in fixed memory
 * (about 190 KB). Values below 1 count as 1 (and as underflow), above 1 h as 1 h (and as overflow).
 */
#ifndef LWS_HISTOGRAM_H
#define LWS_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_MAX_US INT64_C(3600000000)

struct histogram;

/* NULL when memory is out. */
struct histogram *histogram_new(void);
void histogram_free(struct histogram *h);

/* Count one value, or n of it. */
void histogram_add(struct histogram *h, int64_t us);
void histogram_add_n(struct histogram *h, int64_t us, int64_t n);

/* Add all of src to dst: the same as having added every value of src to dst. */
void histogram_merge(struct histogram *dst, const struct histogram *src);

/* All of these take NULL as an empty histogram; on an empty one values are -1, counts 0. */
int64_t histogram_count(const struct histogram *h);
int64_t histogram_overflow(const struct histogram *h);
int64_t histogram_underflow(const struct histogram *h);
int64_t histogram_min(const struct histogram *h);	/* exact */
int64_t histogram_max(const struct histogram *h);	/* exact */
int64_t histogram_mean(const struct histogram *h);	/* exact, rounded to 1 us */

/*
 * The value at a quantile given in parts per 100,000 (50000 = p50, 99900 = p99.9): the smallest
 * value with at least ceil(q/100000 * count) values at or below it (nearest rank), to 3 digits.
 */
int64_t histogram_quantile(const struct histogram *h, int q_1e5);

#endif
