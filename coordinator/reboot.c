#include "config.h"

#include "coordinator/reboot.h"

#include <stdlib.h>
#include <string.h>

#include "shared/poison.h"

/* The device's millisecond counter has 32 bits: uptime falls by this much and nothing happened. */
#define WRAP_US (INT64_C(4294967296) * 1000)
#define WRAP_SLACK_US INT64_C(10000000)
#define CONFIRM_US INT64_C(1000000)
#define LOG_CLOCK_BACK_MS 1000
#define LOG_CLOCK_SLACK_US INT64_C(500000)	/* between a reset line and the zero of the log's clock */

static int64_t
distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

/*
 * The nearest reboot that this source has not told of yet. One from before known_us, since when the
 * source has seen the device live on, cannot be meant: the reset that our opening of the port caused
 * must not swallow the next.
 */
static int
find_match(const struct device_result *d, enum reboot_source source, int64_t known_us, int64_t boot_us)
{
	int64_t slack = source == SAW_LOG_CLOCK ? LOG_CLOCK_SLACK_US : REBOOT_MOVE_US;
	int best = -1, i;

	for (i = 0; i < d->reboot_count; i++) {
		if (d->reboot[i].sources & 1U << source || d->reboot[i].boot_us <= known_us + slack)
			continue;
		if (distance(d->reboot[i].boot_us, boot_us) > REBOOT_FUSE_US)
			continue;
		if (best == -1 || distance(d->reboot[i].boot_us, boot_us) <
		    distance(d->reboot[best].boot_us, boot_us))
			best = i;
	}
	return best;
}

static int
reboot_new(struct device_result *d, int64_t boot_us, int64_t seen_us, int scenario)
{
	struct reboot *r;

	if (d->reboot_count == RESULT_REBOOTS_MAX) {
		d->reboots_other++;
		return -1;
	}
	r = &d->reboot[d->reboot_count];
	memset(r, 0, sizeof(*r));
	r->boot_us = boot_us;
	r->seen_us = seen_us;
	r->scenario = scenario;
	r->reset_reason = -1;
	return d->reboot_count++;
}

static int
reboot_report(struct device_result *d, enum reboot_source source, int64_t known_us, int64_t boot_us,
    int64_t seen_us, int scenario)
{
	int i = find_match(d, source, known_us, boot_us);

	if (i == -1)
		i = reboot_new(d, boot_us, seen_us, scenario);
	if (i != -1)
		d->reboot[i].sources |= 1U << source;
	return i;
}

/*
 * A console line that does not run backwards but speaks of a later boot may just have been read late.
 * Another one, a second later, that agrees with it is proof.
 */
static bool
confirmed(struct reboot_clock *c, int64_t boot_us, int64_t at_us)
{
	if (c->doubted && at_us - c->doubt_at_us < CONFIRM_US)
		return false;
	if (c->doubted && distance(boot_us, c->doubt_boot_us) <= REBOOT_MOVE_US)
		return true;
	c->doubted = true;
	c->doubt_boot_us = boot_us;
	c->doubt_at_us = at_us;
	return false;
}

int
reboot_uptime(struct reboot_tracker *t, struct device_result *d, enum reboot_source source,
    int64_t at_us, int64_t uptime_ms, int scenario)
{
	struct reboot_clock *c = &t->clock[source];
	int64_t boot_us = at_us - uptime_ms * 1000;
	int64_t back_ms = c->uptime_ms - uptime_ms, known_us = c->boot_us;
	bool reset, back;

	/* The last life ended after its last answer: a first answer that was slow feigns no reset. */
	back = c->known && source == SAW_LOG_CLOCK && back_ms > LOG_CLOCK_BACK_MS;
	reset = back || (c->known && boot_us - c->boot_us > REBOOT_MOVE_US &&
	    boot_us > c->at_us - REBOOT_MOVE_US);
	if (reset && !back && source == SAW_LOG_CLOCK && !confirmed(c, boot_us, at_us))
		return -1;
	c->doubted = false;
	if (reset && distance(boot_us - c->boot_us, WRAP_US) <= WRAP_SLACK_US)
		reset = false;
	else if (c->known && !reset && boot_us < c->boot_us)
		boot_us = c->boot_us;
	c->known = true;
	c->boot_us = boot_us;
	c->uptime_ms = uptime_ms;
	c->at_us = at_us;
	return reset ? reboot_report(d, source, known_us, boot_us, at_us, scenario) : -1;
}

/* A reboot that clocks asked over the network told of just now, and the console not yet. */
static int
find_untold(const struct device_result *d, int64_t at_us)
{
	const unsigned network = 1U << SAW_REST | 1U << SAW_WS;
	int i = d->reboot_count - 1;

	if (i == -1 || (d->reboot[i].sources & ~network) != 0 ||
	    distance(d->reboot[i].boot_us, at_us) > REBOOT_MOVE_US)
		return -1;
	return i;
}

int
reboot_seen(struct device_result *d, enum reboot_source source, int64_t at_us, int scenario)
{
	int i = find_untold(d, at_us);

	if (i == -1)
		i = reboot_new(d, at_us, at_us, scenario);
	if (i != -1)
		d->reboot[i].sources |= 1U << source;
	return i;
}
