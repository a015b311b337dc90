/* The heap model and its shedding, and who may open a WebSocket session. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/sim/heap.h"
#include "worker/sim/wsguard.h"
#include "shared/poison.h"

#define IP 0x7f000001u

static void
test_load_and_recovery(void **state)
{
	struct heap h;

	(void)state;
	heap_init(&h, 36000, 0, 0);
	assert_int_equal(heap_free_bytes(&h, 0, 0, 0), 36000);
	heap_load(&h, 4000, 50);
	assert_int_equal(heap_free_bytes(&h, 0, 0, 99), 32000);
	/* a quarter comes back each 100 ms: 4000, 3000, 2250 */
	assert_int_equal(heap_free_bytes(&h, 0, 0, 100), 33000);
	assert_int_equal(heap_free_bytes(&h, 0, 0, 250), 33750);
	assert_int_equal(heap_free_bytes(&h, 0, 0, 100000), 36000);
	assert_int_equal(heap_free_bytes(&h, 2, 1, 100000), 36000 - 2 * 250 - 1200);
}

/* The contract's field data: load alone takes 5 to 8 KB, whatever its rate. */
static void
test_load_is_bounded(void **state)
{
	struct heap h;
	int64_t low = 36000, n;
	int ms;

	(void)state;
	heap_init(&h, 36000, 0, 0);
	for (ms = 0; ms < 60000; ms++) {
		heap_load(&h, HEAP_REST_BYTES, ms);
		n = heap_free_bytes(&h, 0, 0, ms);
		low = n < low ? n : low;
	}
	assert_int_equal(low, 36000 - HEAP_LOAD_MAX);
	heap_init(&h, 36000, 0, 0);
	for (ms = 0; ms < 60000; ms += 83)
		heap_load(&h, HEAP_REST_BYTES, ms);
	n = 36000 - heap_free_bytes(&h, 0, 0, 60000);
	assert_in_range(n, 3000, 8000);
}

static void
test_leak_ends_at_zero(void **state)
{
	struct heap h;

	(void)state;
	heap_init(&h, 36000, 1000, 500);
	assert_int_equal(heap_free_bytes(&h, 0, 0, 10500), 26000);
	assert_int_equal(heap_free_bytes(&h, 0, 0, 1000000), 0);
}

static void
test_shedding_hysteresis(void **state)
{
	struct heap h;

	(void)state;
	heap_init(&h, 36000, 0, 0);
	assert_int_equal(heap_shed(&h, 20480), HEAP_SAME);
	assert_int_equal(heap_shed(&h, 20479), HEAP_SHED);
	assert_true(h.shedding);
	assert_int_equal(heap_shed(&h, 19000), HEAP_SAME);
	assert_int_equal(heap_shed(&h, 26624), HEAP_SAME);
	assert_int_equal(heap_shed(&h, 26625), HEAP_RESUME);
	assert_false(h.shedding);
}

static void
test_guard_pause_is_rearmed(void **state)
{
	struct wsguard g = {.active = 0};

	(void)state;
	assert_int_equal(wsguard_attempt(&g, IP, 0, 2000, 1, 8), WSGUARD_OK);
	wsguard_leave(&g, IP);
	assert_int_equal(wsguard_attempt(&g, IP, 1999, 2000, 1, 8), WSGUARD_COOLDOWN);
	assert_int_equal(wsguard_attempt(&g, IP, 3998, 2000, 1, 8), WSGUARD_COOLDOWN);
	assert_int_equal(wsguard_attempt(&g, IP, 5998, 2000, 1, 8), WSGUARD_OK);
	assert_int_equal(wsguard_attempt(&g, IP, 7998, 2000, 1, 8), WSGUARD_OVERLAP);
	assert_int_equal(wsguard_attempt(&g, IP, 9997, 2000, 1, 8), WSGUARD_COOLDOWN);
	wsguard_leave(&g, IP);
	assert_int_equal(wsguard_attempt(&g, IP, 11997, 2000, 1, 8), WSGUARD_OK);
}

static void
test_guard_client_limit(void **state)
{
	struct wsguard g = {.active = 0};
	uint32_t i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(wsguard_attempt(&g, IP + i, 0, 2000, 1, 8), WSGUARD_OK);
	assert_int_equal(wsguard_attempt(&g, IP + 8, 0, 2000, 1, 8), WSGUARD_LIMIT);
	wsguard_leave(&g, IP + 3);
	wsguard_leave(&g, IP + 3);
	assert_int_equal(g.active, 7);
	assert_int_equal(wsguard_attempt(&g, IP + 9, 0, 2000, 1, 8), WSGUARD_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_load_and_recovery),
	    cmocka_unit_test(test_load_is_bounded),
	    cmocka_unit_test(test_leak_ends_at_zero),
	    cmocka_unit_test(test_shedding_hysteresis),
	    cmocka_unit_test(test_guard_pause_is_rearmed),
	    cmocka_unit_test(test_guard_client_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
