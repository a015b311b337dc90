/* The limiter replayed at exact pacing, against the figures of the device contract. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/sim/limiter.h"
#include "shared/poison.h"

#define IP 0x7f000001u
#define MINUTES_MS (10 * 60 * 1000)

/* Rounded percentage refused of rate a second over ten minutes. */
static int
refused_percent(enum limiter_kind kind, int64_t rate)
{
	int64_t i, total = rate * MINUTES_MS / 1000, refused = 0;
	struct limiter l;

	limiter_init(&l, false);
	for (i = 0; i < total; i++) {
		if (!limiter_allow(&l, IP, kind, i * 1000 / rate))
			refused++;
	}
	return (int)((refused * 1000 / total + 5) / 10);
}

static void
test_contract_figures(void **state)
{
	static const struct {
		enum limiter_kind kind;
		int rate, percent;
	} rows[] = {
	    {LIMITER_REST, 4, 0},
	    {LIMITER_REST, 12, 0},
	    {LIMITER_REST, 19, 0},
	    {LIMITER_REST, 20, 83},
	    {LIMITER_REST, 24, 86},
	    {LIMITER_WS, 25, 0},
	    {LIMITER_WS, 49, 0},
	    {LIMITER_WS, 50, 83},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(refused_percent(rows[i].kind, rows[i].rate), rows[i].percent);
}

static void
test_burst_blocks_both_kinds(void **state)
{
	struct limiter l;
	int i;

	(void)state;
	limiter_init(&l, false);
	for (i = 0; i < 20; i++)
		assert_true(limiter_allow(&l, IP, LIMITER_REST, 7));
	assert_true(limiter_allow(&l, IP, LIMITER_WS, 7));
	assert_int_equal(limiter_retry_after_s(&l, IP, 7), 0);
	assert_false(limiter_allow(&l, IP, LIMITER_REST, 8));
	assert_false(limiter_allow(&l, IP, LIMITER_WS, 9));
	assert_int_equal(limiter_retry_after_s(&l, IP, 8), 5);
	assert_int_equal(limiter_retry_after_s(&l, IP, 5007), 1);
	assert_false(limiter_allow(&l, IP, LIMITER_WS, 5007));
	assert_true(limiter_allow(&l, IP, LIMITER_WS, 5008));
	assert_true(limiter_allow(&l, IP, LIMITER_REST, 5008));
}

static void
test_peers_apart(void **state)
{
	struct limiter l;
	uint32_t ip;
	int i;

	(void)state;
	limiter_init(&l, false);
	for (i = 0; i < 21; i++)
		limiter_allow(&l, IP, LIMITER_REST, 0);
	assert_false(limiter_allow(&l, IP, LIMITER_REST, 1));
	assert_true(limiter_allow(&l, IP + 1, LIMITER_REST, 1));
	/* The ninth peer takes the place of the one whose window is the oldest. */
	for (ip = IP + 2; ip < IP + 9; ip++)
		assert_true(limiter_allow(&l, ip, LIMITER_REST, 2));
	assert_true(limiter_allow(&l, IP, LIMITER_REST, 3));
}

static void
test_off(void **state)
{
	struct limiter l;
	int i;

	(void)state;
	limiter_init(&l, true);
	for (i = 0; i < 1000; i++)
		assert_true(limiter_allow(&l, IP, LIMITER_REST, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_contract_figures),
	    cmocka_unit_test(test_burst_blocks_both_kinds),
	    cmocka_unit_test(test_peers_apart),
	    cmocka_unit_test(test_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
