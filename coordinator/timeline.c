/* Counts per step of time in a fixed number of points: when they are used up, the step doubles. */
#include "config.h"

#include "coordinator/aggregate_state.h"

#include <string.h>

#include "shared/poison.h"

void
timeline_init(struct timeline *t, int64_t start_us)
{
	int i;

	memset(t, 0, sizeof(*t));
	t->step_us = US_PER_S;
	t->start_us = start_us;
	for (i = 0; i < TIMELINE_POINTS; i++)
		t->value[TL_HEAP_MIN][i] = -1;
}

static int64_t
join(enum timeline_series s, int64_t a, int64_t b)
{
	if (s != TL_HEAP_MIN)
		return a + b;
	if (a == -1 || b == -1)
		return a == -1 ? b : a;
	return a < b ? a : b;
}

static void
double_step(struct timeline *t)
{
	int s, i;

	for (s = 0; s < TL_COUNT; s++)
		for (i = 0; i < TIMELINE_POINTS; i++) {
			if (i < TIMELINE_POINTS / 2)
				t->value[s][i] = join((enum timeline_series)s, t->value[s][2 * i],
				    t->value[s][2 * i + 1]);
			else
				t->value[s][i] = s == TL_HEAP_MIN ? -1 : 0;
		}
	t->step_us *= 2;
	t->points = (t->points + 1) / 2;
}

void
timeline_add(struct timeline *t, enum timeline_series series, int64_t at_us, int64_t n)
{
	int64_t i;

	if (t->step_us == 0 || at_us < t->start_us)
		return;
	while ((i = (at_us - t->start_us) / t->step_us) >= TIMELINE_POINTS)
		double_step(t);
	t->value[series][i] = join(series, t->value[series][i], n);
	if (i >= t->points)
		t->points = (int)i + 1;
}
