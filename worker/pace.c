/*
 * The timer around worker/grid.h. It wakes at each slot's due moment. A wake-up that comes late
 * sends what is due in order as far as lanes are free and drops the rest, so that it never sends
 * more than one request a lane.
 */
#include "config.h"

#include "worker/pace.h"

#include <stdlib.h>
#include <sys/time.h>

#include <event2/event.h>

#include "worker/grid.h"
#include "shared/poison.h"

struct pace {
	struct link *link;
	struct event *timer;
	pace_slot_cb cb;
	void *arg;
	struct grid grid;
	int scenario;
	bool running;
};

static void
report_run(struct pace *p, struct mono free_at)
{
	int64_t first, count;

	if (grid_run(&p->grid, &first, &count))
		link_slots(p->link, p->scenario, first, count, free_at);
}

/* Offer every slot due by now to the lanes. */
static void
offer_due(struct pace *p, struct mono now)
{
	struct mono due;
	int64_t slot;

	while (p->running && grid_take(&p->grid, now, &slot, &due)) {
		if (!p->cb(p->arg, slot, due))
			grid_drop(&p->grid, slot, now);
		else if (p->grid.drop_count > 0)
			report_run(p, now);
	}
}

static void
arm(struct pace *p)
{
	struct timeval tv;
	struct mono due;

	if (!p->running || !grid_next_due(&p->grid, &due))
		return;
	tv = clock_timeval(mono_sub(due, clock_mono()));
	evtimer_add(p->timer, &tv);
}

static void
timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct pace *p = arg;

	(void)fd;
	(void)what;
	offer_due(p, clock_mono());
	arm(p);
}

struct pace *
pace_new(struct event_base *base, struct link *link, pace_slot_cb cb, void *arg)
{
	struct pace *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->link = link;
	p->cb = cb;
	p->arg = arg;
	p->timer = evtimer_new(base, timer_cb, p);
	if (p->timer == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

void
pace_free(struct pace *p)
{
	if (p == NULL)
		return;
	event_free(p->timer);
	free(p);
}

void
pace_start(struct pace *p, int scenario, const struct sched *sched, int64_t first_slot)
{
	grid_init(&p->grid, sched, first_slot);
	p->scenario = scenario;
	p->running = true;
	arm(p);
}

void
pace_lane_free(struct pace *p, struct mono at)
{
	if (!p->running)
		return;
	offer_due(p, at);
	report_run(p, at);
}

void
pace_stop(struct pace *p, struct mono at)
{
	struct mono due;
	int64_t slot;

	if (!p->running)
		return;
	p->running = false;
	evtimer_del(p->timer);
	if (grid_take(&p->grid, at, &slot, &due))
		grid_drop(&p->grid, slot, at);
	report_run(p, at);
}

bool
pace_running(const struct pace *p)
{
	return p->running;
}
