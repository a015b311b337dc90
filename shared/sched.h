/* Slot arithmetic of an open loop: slot i is due at start + i / rate on an absolute grid. Pure. */
#ifndef LWS_SCHED_H
#define LWS_SCHED_H

#include <stdint.h>

#include "shared/clock.h"

#define SCHED_RATE_MAX_MHZ INT64_C(1000000000)	/* 1,000,000 a second */
#define SCHED_DURATION_MAX_US (INT64_C(31) * 86400 * US_PER_S)

/* Rates are in millihertz: 4/s is 4000, one in two seconds is 500. 0: no slots. */
struct sched {
	struct mono start;
	int64_t rate_mhz;
	int64_t duration_us;
};

/* Number of slots due in [start, start + duration). */
int64_t sched_planned(const struct sched *s);

/* When slot i is due (rounded down to 1 us). */
struct mono sched_due(const struct sched *s, int64_t i);

/* How many slots are due at or before t (0 to sched_planned). */
int64_t sched_due_by(const struct sched *s, struct mono t);

#endif
