/* The rest role: HTTP requests at a fixed rate or as fast as they are answered. */
#include "config.h"

#include <stdlib.h>

#include "worker/role.h"
#include "shared/poison.h"

struct rest {
	struct event_base *base;
	struct link *link;
};

static void *
rest_create(struct event_base *base)
{
	struct rest *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->base = base;
	return r;
}

static void
rest_attach(void *self, struct link *link)
{
	struct rest *r = self;

	r->link = link;
}

static void
rest_plan(void *self, const struct workplan *plan)
{
	struct rest *r = self;

	(void)plan;
	link_ready(r->link, OP_OK, 0, "");
}

static void
rest_start(void *self, int scenario, struct mono start, int64_t first_slot)
{
	(void)self;
	(void)scenario;
	(void)start;
	(void)first_slot;
}

static void
rest_stop(void *self, int64_t drain_us)
{
	(void)self;
	(void)drain_us;
}

static void
rest_quit(void *self, int64_t drain_us)
{
	struct rest *r = self;

	(void)drain_us;
	link_final(r->link);
}

const struct role_ops rest_role = {
	.name = "rest",
	.role = ROLE_REST,
	.create = rest_create,
	.attach = rest_attach,
	.handler = {rest_plan, rest_start, rest_stop, rest_quit},
	.destroy = free,
};
