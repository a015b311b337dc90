/* ws_pending: taken by id, in order of age; and which requestIds are ours. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/ws_pending.h"
#include "shared/poison.h"

static struct ws_pending
filled(int n)
{
	struct ws_pending p = {.count = 0};
	struct ws_request r;
	int i;

	for (i = 1; i <= n; i++) {
		r = (struct ws_request){.id = i * 10, .kind = i, .deadline = {i * 100}};
		ws_pending_add(&p, &r);
	}
	return p;
}

static void
test_take(void **state)
{
	struct ws_pending p = filled(WS_WINDOW_MAX);
	struct ws_request r;
	int i;

	(void)state;
	assert_false(ws_pending_take(&p, 15, &r));
	assert_true(ws_pending_take(&p, 30, &r));
	assert_int_equal(r.kind, 3);
	assert_false(ws_pending_take(&p, 30, &r));
	assert_true(ws_pending_take(&p, 10 * WS_WINDOW_MAX, &r));
	assert_true(ws_pending_take(&p, 10, &r));
	assert_int_equal(p.count, WS_WINDOW_MAX - 3);
	assert_int_equal(p.list[0].id, 20);
	for (i = 1; i < p.count; i++)
		assert_int_equal(p.list[i].id, 10 * (i + 3));
}

static void
test_clamp(void **state)
{
	struct ws_pending p = filled(3);

	(void)state;
	ws_pending_clamp(&p, (struct mono){150});
	assert_int_equal(p.list[0].deadline.us, 100);
	assert_int_equal(p.list[1].deadline.us, 150);
	assert_int_equal(p.list[2].deadline.us, 150);
}

static void
test_request_number(void **state)
{
	static const char *const foreign[] = {"", "lw-", "lw-0", "lw-01", "lw--1", "lw-+1", "lw- 1", "lw-1 ",
		"lw-1x", "LW-1", "1", "lw-9223372036854775808", "lw-99999999999999999999999"};
	size_t i;

	(void)state;
	assert_int_equal(ws_request_number("lw-1"), 1);
	assert_int_equal(ws_request_number("lw-1234567890123"), 1234567890123);
	assert_int_equal(ws_request_number("lw-9223372036854775807"), INT64_MAX);
	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		assert_int_equal(ws_request_number(foreign[i]), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_clamp),
		cmocka_unit_test(test_request_number),
	};

	return cmocka_run_group_tests_name("ws_pending", tests, NULL, NULL);
}
