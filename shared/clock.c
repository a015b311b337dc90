#include "config.h"

#include "shared/clock.h"

#include <stdio.h>
#include <sys/time.h>
#include <time.h>

#include "shared/poison.h"

static int64_t
now_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

struct mono
clock_mono(void)
{
	return (struct mono){now_us(CLOCK_MONOTONIC)};
}

int64_t
clock_wall_us(void)
{
	return now_us(CLOCK_REALTIME);
}

struct timeval
clock_timeval(int64_t us)
{
	struct timeval tv = {0, 0};

	if (us > 0) {
		tv.tv_sec = us / US_PER_S;
		tv.tv_usec = us % US_PER_S;
	}
	return tv;
}

void
clock_iso8601(char *dst, size_t size, int64_t wall_us)
{
	time_t t = wall_us / US_PER_S;
	char base[32];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(base, sizeof(base), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(dst, size, "%s.%03dZ", base, (int)(wall_us % US_PER_S / 1000));
}

void
clock_local(char *dst, size_t size, const char *fmt, int64_t wall_us)
{
	time_t t = wall_us / US_PER_S;
	struct tm tm;

	localtime_r(&t, &tm);
	if (strftime(dst, size, fmt, &tm) == 0 && size > 0)
		dst[0] = '\0';
}
