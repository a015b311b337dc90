/* An open-addressing table with linear probing; removal shifts the cluster back, so no tombstones. */
#include "config.h"

#include "coordinator/inflight.h"

#include <stdlib.h>

#include "shared/poison.h"

#define SLOTS (2 * INFLIGHT_MAX)

struct inflight {
	int count;
	int scan;	/* where inflight_pop goes on */
	struct op op[SLOTS];
};

struct inflight *
inflight_new(void)
{
	return calloc(1, sizeof(struct inflight));
}

void
inflight_free(struct inflight *t)
{
	free(t);
}

static unsigned
home_of(int64_t id)
{
	return (unsigned)((uint64_t)id % SLOTS);
}

static unsigned
find(const struct inflight *t, int64_t id)
{
	unsigned i = home_of(id);

	while (t->op[i].id != 0 && t->op[i].id != id)
		i = (i + 1) % SLOTS;
	return i;
}

bool
inflight_put(struct inflight *t, const struct op *op)
{
	unsigned i = find(t, op->id);

	if (t->op[i].id != 0 || t->count == INFLIGHT_MAX)
		return false;
	t->op[i] = *op;
	t->count++;
	return true;
}

static void
remove_at(struct inflight *t, unsigned hole)
{
	unsigned i = hole, home;

	t->count--;
	for (;;) {
		i = (i + 1) % SLOTS;
		if (t->op[i].id == 0)
			break;
		home = home_of(t->op[i].id);
		if ((i - home) % SLOTS < (i - hole) % SLOTS)
			continue;
		t->op[hole] = t->op[i];
		hole = i;
	}
	t->op[hole].id = 0;
}

bool
inflight_take(struct inflight *t, int64_t id, struct op *out)
{
	unsigned i = find(t, id);

	if (t->op[i].id == 0)
		return false;
	*out = t->op[i];
	remove_at(t, i);
	return true;
}

bool
inflight_pop(struct inflight *t, struct op *out)
{
	if (t->count == 0)
		return false;
	while (t->op[t->scan].id == 0)
		t->scan = (t->scan + 1) % SLOTS;
	*out = t->op[t->scan];
	remove_at(t, (unsigned)t->scan);
	return true;
}

int
inflight_count(const struct inflight *t)
{
	return t->count;
}
