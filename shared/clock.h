/* Time. Monotonic time has a struct of its own, so that it cannot mix with spans or wall clock. */
#ifndef LWS_CLOCK_H
#define LWS_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define US_PER_S INT64_C(1000000)
#define US_PER_MS INT64_C(1000)

struct timeval;

/* A moment on CLOCK_MONOTONIC, in microseconds; the same clock in every process of a host. */
struct mono {
	int64_t us;
};

struct mono clock_mono(void);

/* Microseconds since 1970 on CLOCK_REALTIME; for stamps only, never for spans. */
int64_t clock_wall_us(void);

/* t moved by us microseconds (may be negative). */
static inline struct mono
mono_add(struct mono t, int64_t us)
{
	return (struct mono){t.us + us};
}

/* a - b in microseconds. */
static inline int64_t
mono_sub(struct mono a, struct mono b)
{
	return a.us - b.us;
}

/* A span of us microseconds (below 0 counts as 0) as a timeval, for libevent. */
struct timeval clock_timeval(int64_t us);

/* Write wall_us as "YYYY-MM-DDTHH:MM:SS.mmmZ" (UTC, ISO 8601). */
void clock_iso8601(char *dst, size_t size, int64_t wall_us);

/* Write wall_us as local time with an strftime format. */
void clock_local(char *dst, size_t size, const char *fmt, int64_t wall_us);

#endif
