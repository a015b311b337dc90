/* redact: texts before and after, by hand; the base64 by another program. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/redact.h"
#include "shared/poison.h"

static void
test_texts(void **state)
{
	char text[] = "key s3cret! again s3cret!s3cret! Basic QWxhZGRpbjpvcGVuc2VzYW1l";
	struct redact r = {0};

	(void)state;
	redact_add(&r, "s3cret!");
	redact_add_url(&r, "http://h/");
	redact_apply(&r, text, strlen(text));
	assert_string_equal(text,
	    "key ******* again ************** Basic QWxhZGRpbjpvcGVuc2VzYW1l");
}

static void
test_url(void **state)
{
	char text[] = "sent Authorization: Basic Ym9iOmh1bnRlcjI= of hunter2";
	struct redact r = {0};

	(void)state;
	redact_add_url(&r, "http://bob:hunter2@127.0.0.1:20003");
	redact_apply(&r, text, strlen(text));
	assert_string_equal(text, "sent Authorization: Basic **************** of *******");
}

static void
test_bounds(void **state)
{
	char text[] = "abcab", edge[] = "xabcd";
	struct redact r = {0};
	int i;

	(void)state;
	redact_add(&r, "abc");
	assert_int_equal(r.count, 0);
	for (i = 0; i < REDACT_MAX + 2; i++)
		redact_add(&r, "abcd");
	assert_int_equal(r.count, REDACT_MAX);
	redact_apply(&r, text, strlen(text));
	assert_string_equal(text, "abcab");
	redact_apply(&r, edge, 4);
	assert_string_equal(edge, "xabcd");
	redact_apply(&r, edge, 5);
	assert_string_equal(edge, "x****");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
