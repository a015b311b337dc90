/* The table of operations against a plain list, with ids that crowd into clusters across its end. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/inflight.h"
#include "shared/poison.h"

#define SLOTS (2 * INFLIGHT_MAX)
#define LIST 64

struct list {
	int n;
	int64_t id[LIST];
};

static uint64_t seed = 20260301;

static unsigned
random_below(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % n;
}

static int
list_find(const struct list *l, int64_t id)
{
	int i;

	for (i = 0; i < l->n; i++)
		if (l->id[i] == id)
			return i;
	return -1;
}

/* Homes in the last 6 and first 6 places of the table, several ids for each. */
static int64_t
crowded_id(void)
{
	return (int64_t)SLOTS * (1 + random_below(4)) - 6 + random_below(12);
}

static void
check_op(const struct op *op)
{
	assert_int_equal(op->sent_us, op->id * 3);
	assert_int_equal(op->kind, op->id % 7);
}

static void
put(struct inflight *t, struct list *l, int64_t id)
{
	struct op op = {id, -1, id * 3, 1, (int)(id % 7)};
	bool fresh = list_find(l, id) == -1;

	assert_int_equal(inflight_put(t, &op), fresh);
	if (fresh)
		l->id[l->n++] = id;
}

static void
take(struct inflight *t, struct list *l, int64_t id)
{
	int i = list_find(l, id);
	struct op op;

	assert_int_equal(inflight_take(t, id, &op), i != -1);
	if (i == -1)
		return;
	assert_int_equal(op.id, id);
	check_op(&op);
	l->id[i] = l->id[--l->n];
}

static void
pop(struct inflight *t, struct list *l)
{
	struct op op;
	int i;

	assert_int_equal(inflight_pop(t, &op), l->n > 0);
	if (l->n == 0)
		return;
	check_op(&op);
	i = list_find(l, op.id);
	assert_true(i != -1);
	l->id[i] = l->id[--l->n];
}

static void
test_random(void **state)
{
	struct inflight *t = inflight_new();
	struct list l = {0, {0}};
	int step;

	(void)state;
	for (step = 0; step < 200000; step++) {
		switch (random_below(9)) {
		case 0:
			pop(t, &l);
			break;
		case 1: case 2: case 3: case 4:
			take(t, &l, crowded_id());
			break;
		default:
			if (l.n < LIST)
				put(t, &l, crowded_id());
			break;
		}
		assert_int_equal(inflight_count(t), l.n);
	}
	inflight_free(t);
}

static void
test_full(void **state)
{
	struct inflight *t = inflight_new();
	struct op op = {0, 0, 0, 0, 0};
	int64_t id, sum = 0;

	(void)state;
	for (id = 1; id <= INFLIGHT_MAX; id++) {
		op.id = id * 3;
		assert_true(inflight_put(t, &op));
	}
	op.id = 1;
	assert_false(inflight_put(t, &op));
	assert_false(inflight_take(t, 1, &op));
	while (inflight_pop(t, &op))
		sum += op.id;
	assert_true(sum == INT64_C(3) * INFLIGHT_MAX * (INFLIGHT_MAX + 1) / 2);
	assert_int_equal(inflight_count(t), 0);
	inflight_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
