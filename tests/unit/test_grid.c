/*
 * worker/grid driven as worker/pace drives it, against brute force: a slot is sent if a lane is
 * free at its due moment, else dropped until the first lane comes free.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/grid.h"
#include "shared/poison.h"

#define SLOTS 2000
#define LANES 4
#define START INT64_C(1000000)

struct outcome {
	int64_t sent_us[SLOTS];	/* -1: dropped */
	int64_t free_us[SLOTS];	/* of dropped slots */
};

struct sim {
	struct grid grid;
	int64_t busy_until[LANES];
	int lanes;
	struct outcome out;
};

/* How long slot i keeps its lane: quick, but for a stall of 2 s in every 10 s. */
static int64_t
service_us(int64_t sent_us, int64_t slot)
{
	int64_t phase = (sent_us - START) % 10000000;

	if (phase >= 8000000)
		return 10000000 - phase + 3000;
	return 2000 + slot % 7 * 9000;
}

static int64_t
first_free_at(const int64_t *busy, int lanes)
{
	int64_t least = busy[0];
	int i;

	for (i = 1; i < lanes; i++)
		least = busy[i] < least ? busy[i] : least;
	return least;
}

static void
brute_force(struct outcome *o, int lanes, int64_t step_us, int64_t slots)
{
	int64_t busy[LANES] = {0}, i, due;
	int k;

	for (i = 0; i < slots; i++) {
		due = START + i * step_us;
		for (k = 0; k < lanes && busy[k] >= due; k++)
			continue;
		o->sent_us[i] = k < lanes ? due : -1;
		o->free_us[i] = k < lanes ? -1 : first_free_at(busy, lanes);
		if (k < lanes)
			busy[k] = due + service_us(due, i);
	}
}

static void
report(struct sim *s, int64_t at)
{
	int64_t first, count, i;

	if (!grid_run(&s->grid, &first, &count))
		return;
	for (i = first; i < first + count; i++) {
		assert_int_equal(s->out.sent_us[i], 0);
		s->out.sent_us[i] = -1;
		s->out.free_us[i] = at;
	}
}

static void
offer(struct sim *s, int64_t now)
{
	struct mono due, t = {now};
	int64_t slot;
	int k;

	while (grid_take(&s->grid, t, &slot, &due)) {
		for (k = 0; k < s->lanes && s->busy_until[k] >= now; k++)
			continue;
		if (k == s->lanes) {
			grid_drop(&s->grid, slot, t);
			continue;
		}
		report(s, now);
		assert_int_equal(s->out.sent_us[slot], 0);
		s->out.sent_us[slot] = now;
		s->out.free_us[slot] = -1;
		s->busy_until[k] = now + service_us(now, slot);
	}
}

/* Events in order of time: a lane comes free (reported first), a slot falls due. */
static void
drive(struct sim *s)
{
	struct mono due = {0};
	int64_t t = 0, next;
	bool more = true;
	int k;

	while (more) {
		more = grid_next_due(&s->grid, &due);
		next = more ? due.us : INT64_MAX;
		for (k = 0; k < s->lanes; k++)
			if (s->busy_until[k] > t && s->busy_until[k] < next)
				next = s->busy_until[k];
		if (next == INT64_MAX)
			break;
		t = next;
		for (k = 0; k < s->lanes; k++)
			if (s->busy_until[k] == t) {
				offer(s, t);
				report(s, t);
			}
		offer(s, t);
		more = true;
	}
}

static void
check(int lanes, int64_t rate_mhz, int64_t step_us)
{
	static struct sim s;
	static struct outcome want;
	struct sched sched = {{START}, rate_mhz, SLOTS * step_us};
	int64_t i;

	memset(&s, 0, sizeof(s));
	memset(&want, 0, sizeof(want));
	s.lanes = lanes;
	grid_init(&s.grid, &sched, 0);
	assert_int_equal(s.grid.planned, SLOTS);
	drive(&s);
	brute_force(&want, lanes, step_us, SLOTS);
	for (i = 0; i < SLOTS; i++) {
		assert_int_equal(s.out.sent_us[i], want.sent_us[i]);
		assert_int_equal(s.out.free_us[i], want.free_us[i]);
	}
}

static void
test_one_lane(void **state)
{
	(void)state;
	check(1, 20000, 50000);
}

static void
test_lanes(void **state)
{
	(void)state;
	check(2, 50000, 20000);
	check(4, 200000, 5000);
}

/* The generator wakes 330 ms late: what is due goes out in order, no more than the lanes take. */
static void
test_late_wake(void **state)
{
	static struct sim s;
	struct sched sched = {{START}, 10000, 10000000};
	int64_t first = 0, count = 0;

	(void)state;
	memset(&s, 0, sizeof(s));
	s.lanes = 2;
	grid_init(&s.grid, &sched, 0);
	offer(&s, START + 330000);
	assert_int_equal(s.out.sent_us[0], START + 330000);
	assert_int_equal(s.out.sent_us[1], START + 330000);
	assert_int_equal(s.out.sent_us[2], 0);
	assert_int_equal(s.grid.next, 4);
	assert_true(grid_run(&s.grid, &first, &count));
	assert_int_equal(first, 2);
	assert_int_equal(count, 2);
}

static void
test_ends(void **state)
{
	struct sched sched = {{START}, 10000, 1000000};
	struct mono due, later = {START + 50000000};
	struct grid g;
	int64_t slot, first, count;

	(void)state;
	grid_init(&g, &sched, 7);
	assert_false(grid_take(&g, (struct mono){START + 699999}, &slot, &due));
	assert_true(grid_take(&g, (struct mono){START + 700000}, &slot, &due));
	assert_int_equal(slot, 7);
	assert_int_equal(due.us, START + 700000);
	assert_true(grid_take(&g, later, &slot, &due));
	grid_drop(&g, slot, later);
	assert_false(grid_next_due(&g, &due));
	assert_true(grid_run(&g, &first, &count));
	assert_int_equal(first, 8);
	assert_int_equal(count, 2);
	assert_false(grid_run(&g, &first, &count));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_lane),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_late_wake),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests_name("grid", tests, NULL, NULL);
}
