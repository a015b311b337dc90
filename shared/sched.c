/* Exact grid arithmetic: products are split at 1e9, so that nothing exceeds 64 bits. */
#include "config.h"

#include "shared/sched.h"

#include "shared/poison.h"

/* One slot takes SLOT_UNIT / rate_mhz microseconds. */
#define SLOT_UNIT INT64_C(1000000000)

/* Later than any grid; where a wild slot number ends instead of overflowing. */
#define FAR_UNITS INT64_C(4000000000)

/* Slots due earlier than us after the start: ceil(us * rate / 1e9). */
static int64_t
slots_before(int64_t rate_mhz, int64_t us)
{
	if (us <= 0 || rate_mhz <= 0)
		return 0;
	return us / SLOT_UNIT * rate_mhz +
	       (us % SLOT_UNIT * rate_mhz + SLOT_UNIT - 1) / SLOT_UNIT;
}

int64_t
sched_planned(const struct sched *s)
{
	return slots_before(s->rate_mhz, s->duration_us);
}

struct mono
sched_due(const struct sched *s, int64_t i)
{
	int64_t units, rest;

	if (i <= 0)
		return s->start;
	if (s->rate_mhz <= 0)
		return mono_add(s->start, FAR_UNITS * SLOT_UNIT);
	units = i / s->rate_mhz;
	rest = i % s->rate_mhz * SLOT_UNIT / s->rate_mhz;
	if (units >= FAR_UNITS)
		return mono_add(s->start, FAR_UNITS * SLOT_UNIT);
	return mono_add(s->start, units * SLOT_UNIT + rest);
}

int64_t
sched_due_by(const struct sched *s, struct mono t)
{
	if (t.us < s->start.us)
		return 0;
	if (t.us >= mono_add(s->start, s->duration_us).us)
		return sched_planned(s);
	return slots_before(s->rate_mhz, mono_sub(t, s->start) + 1);
}
