/* One parser of decimal digits underneath; scale and words of the error differ. */
#include "config.h"

#include "shared/number.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "shared/poison.h"

#define DIGITS_MAX 9

/* v = v * 10 - digit, on the negative side because it reaches one further. */
static bool
push_digit(int64_t *v, int digit)
{
	if (*v < (INT64_MIN + digit) / 10)
		return false;
	*v = *v * 10 - digit;
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits of s up to end or a byte that is none; returns where it stopped, NULL on overflow. */
static const char *
parse_digits(const char *s, const char *end, int64_t *v, int *count)
{
	for (*count = 0; s < end && is_digit(*s); s++, ++*count)
		if (!push_digit(v, *s - '0'))
			return NULL;
	return s;
}

/* "[-]digits[.digits]" in s .. end as an integer scaled by 10^places. */
static bool
parse_scaled(const char *s, const char *end, int places, int64_t *out)
{
	bool negative = s < end && *s == '-';
	int64_t v = 0;
	int count;

	s = parse_digits(s + negative, end, &v, &count);
	if (s == NULL || count == 0)
		return false;
	count = 0;
	if (s < end && *s == '.' && places > 0) {
		s = parse_digits(s + 1, end, &v, &count);
		if (s == NULL || count == 0 || count > places)
			return false;
	}
	if (s != end)
		return false;
	for (; count < places; count++)
		if (!push_digit(&v, 0))
			return false;
	if (!negative && v == INT64_MIN)
		return false;
	*out = negative ? v : -v;
	return true;
}

static bool
in_range(int64_t v, int64_t min, int64_t max)
{
	return v >= min && v <= max;
}

int
number_i64(
    const char *what, const char *s, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	int64_t v;

	if (!parse_scaled(s, s + strlen(s), 0, &v) || !in_range(v, min, max))
		return err_set(e, "%s: \"%.100s\" is not a whole number from %lld to %lld",
		    what, s, (long long)min, (long long)max);
	*out = v;
	return 0;
}

/* A scaled integer in words, without needless zeros: 4500 with 3 places is "4.5". */
static void
format_scaled(char dst[32], int64_t v, int places)
{
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v, scale = 1;
	int i;

	for (i = 0; i < places; i++)
		scale *= 10;
	while (places > 0 && u % 10 == 0 && scale > 1) {
		u /= 10;
		scale /= 10;
		places--;
	}
	if (places == 0)
		snprintf(dst, 32, "%s%llu", v < 0 ? "-" : "", (unsigned long long)u);
	else
		snprintf(dst, 32, "%s%llu.%0*llu", v < 0 ? "-" : "",
		    (unsigned long long)(u / scale), places, (unsigned long long)(u % scale));
}

int
number_fixed(const char *what, const char *s, int digits, int64_t min, int64_t max,
    int64_t *out, struct err *e)
{
	char lo[32], hi[32];
	int64_t v;

	if (digits < 0 || digits > DIGITS_MAX)
		return err_set(e, "%s: %d decimal places are not supported", what, digits);
	if (!parse_scaled(s, s + strlen(s), digits, &v) || !in_range(v, min, max)) {
		format_scaled(lo, min, digits);
		format_scaled(hi, max, digits);
		return err_set(e,
		    "%s: \"%.100s\" is not a number from %s to %s with at most %d decimal "
		    "places",
		    what, s, lo, hi, digits);
	}
	*out = v;
	return 0;
}

/* A unit is factor * 10^-places seconds, in microseconds: places digits stay whole. */
struct unit {
	const char *suffix;
	int places;
	int64_t factor;
};

/* "ms" before "s", which it ends with; the last row takes a bare number. */
static const struct unit units[] = {
    {"ms", 3, 1},
    {"s", 6, 1},
    {"m", 6, 60},
    {"h", 6, 3600},
    {"", 6, 1},
};

static bool
parse_duration(const char *s, int64_t *out)
{
	const struct unit *u = units;
	size_t len = strlen(s), n;
	int64_t v;

	for (n = strlen(u->suffix); len < n || strcmp(s + len - n, u->suffix) != 0;) {
		u++;
		n = strlen(u->suffix);
	}
	if (!parse_scaled(s, s + len - n, u->places, &v))
		return false;
	if (v > INT64_MAX / u->factor || v < INT64_MIN / u->factor)
		return false;
	*out = v * u->factor;
	return true;
}

int
number_duration_us(const char *what, const char *s, int64_t min_us, int64_t max_us,
    int64_t *out, struct err *e)
{
	char lo[32], hi[32];
	int64_t v;

	if (!parse_duration(s, &v) || !in_range(v, min_us, max_us)) {
		format_scaled(lo, min_us, 6);
		format_scaled(hi, max_us, 6);
		return err_set(e,
		    "%s: \"%.100s\" is not a duration from %s to %s seconds "
		    "(a number, then ms, s, m, h or nothing for seconds)",
		    what, s, lo, hi);
	}
	*out = v;
	return 0;
}
