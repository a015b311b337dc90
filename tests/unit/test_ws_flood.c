/* ws_flood: what a device sends passes, what it never sends does not. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/ws_flood.h"
#include "shared/poison.h"

static struct mono
at_ms(int64_t ms)
{
	return (struct mono){ms * US_PER_MS};
}

static void
test_events(void **state)
{
	struct ws_flood f;
	int i;

	(void)state;
	ws_flood_start(&f, at_ms(0));
	for (i = 0; i < WS_FLOOD_EVENTS; i++)
		ws_flood_unasked(&f);
	assert_false(ws_flood_over(&f));
	ws_flood_bytes(&f, at_ms(1000), 1);
	ws_flood_unasked(&f);
	assert_false(ws_flood_over(&f));
	for (i = 0; i < WS_FLOOD_EVENTS; i++)
		ws_flood_unasked(&f);
	assert_true(ws_flood_over(&f));
}

/* Answers of the largest size, as fast as they come, are no flood. */
static void
test_answers(void **state)
{
	struct ws_flood f;
	int i;

	(void)state;
	ws_flood_start(&f, at_ms(0));
	for (i = 0; i < 100000; i++) {
		ws_flood_bytes(&f, at_ms(i / 1000), 65536 + 10);
		ws_flood_answer(&f);
		assert_false(ws_flood_over(&f));
	}
}

static void
test_bytes(void **state)
{
	struct ws_flood f;

	(void)state;
	ws_flood_start(&f, at_ms(0));
	ws_flood_bytes(&f, at_ms(1), WS_FLOOD_BYTES);
	assert_false(ws_flood_over(&f));
	ws_flood_bytes(&f, at_ms(2), 1);
	assert_true(ws_flood_over(&f));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests_name("ws_flood", tests, NULL, NULL);
}
