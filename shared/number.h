/* Strict numbers: the whole string or nothing, a range always, and a message that names the
 * operand. */
#ifndef LWS_NUMBER_H
#define LWS_NUMBER_H

#include <stdint.h>

#include "shared/err.h"

/* Decimal integer "[-]digits" in min..max. 0, or -1 with e ("--x: \"12z\" is not a whole number
 * …"). */
int number_i64(const char *what, const char *s, int64_t min, int64_t max, int64_t *out,
    struct err *e);

/*
 * Decimal number with up to `digits` places (0 to 9) as an integer of that scale:
 * number_fixed("4.5", 3) gives 4500. min and max are in that scale. No exponent, sign only '-'.
 * 0, or -1 with e.
 */
int number_fixed(const char *what, const char *s, int digits, int64_t min, int64_t max,
    int64_t *out, struct err *e);

/* Duration "30", "1.5", "200ms", "30s", "5m", "2h" (no suffix: seconds) in microseconds. 0, or
 * -1 with e. */
int number_duration_us(const char *what, const char *s, int64_t min_us, int64_t max_us,
    int64_t *out, struct err *e);

#endif
