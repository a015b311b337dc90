#include "config.h"

#include "worker/grid.h"

#include "shared/poison.h"

void
grid_init(struct grid *g, const struct sched *s, int64_t first)
{
	*g = (struct grid){.sched = *s, .planned = sched_planned(s), .next = first};
}

bool
grid_next_due(const struct grid *g, struct mono *due)
{
	if (g->next >= g->planned)
		return false;
	*due = sched_due(&g->sched, g->next);
	return true;
}

bool
grid_take(struct grid *g, struct mono now, int64_t *slot, struct mono *due)
{
	struct mono d;

	if (!grid_next_due(g, &d) || mono_sub(d, now) > 0)
		return false;
	*slot = g->next++;
	*due = d;
	return true;
}

void
grid_drop(struct grid *g, int64_t slot, struct mono now)
{
	int64_t due = sched_due_by(&g->sched, now);

	if (g->drop_count == 0)
		g->drop_first = slot;
	if (due > g->next)
		g->next = due;
	g->drop_count = g->next - g->drop_first;
}

bool
grid_run(struct grid *g, int64_t *first, int64_t *count)
{
	if (g->drop_count == 0)
		return false;
	*first = g->drop_first;
	*count = g->drop_count;
	g->drop_count = 0;
	return true;
}
