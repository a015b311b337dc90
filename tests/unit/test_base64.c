/* base64 against the vectors of RFC 4648 section 10, and texts that are not base64. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base64.h"
#include "shared/poison.h"

static void
test_rfc4648(void **state)
{
	static const char *const rows[][2] = {
		{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
		{"\xfb\xff\xbf", "+/+/"}, {"\xff\xef\xbe", "/+++"},
	};
	uint8_t back[16];
	char text[32];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		base64_encode(text, rows[i][0], strlen(rows[i][0]));
		assert_string_equal(text, rows[i][1]);
		assert_int_equal(strlen(text), BASE64_LEN(strlen(rows[i][0])));
		assert_true(base64_decode(text, strlen(text), back, sizeof(back), &n));
		assert_int_equal(n, strlen(rows[i][0]));
		assert_memory_equal(back, rows[i][0], n);
	}
}

static void
test_bad_texts(void **state)
{
	static const char *const rows[] = {"Zg=", "Zg", "Z", "Zh==", "Zm9=", "Zg==Zg==", "====", "Z===",
		"Zm 9", "Zm9\n", "Zm-_", "=Zg=", "Zg=v"};
	uint8_t out[16];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(base64_decode(rows[i], strlen(rows[i]), out, sizeof(out), &n));
	assert_false(base64_decode("Zm9vYg==", 8, out, 3, &n));
	assert_false(base64_decode("Zm9v\0m9v", 8, out, sizeof(out), &n));
	assert_true(base64_decode("Zm9vYg==", 8, out, 4, &n));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc4648),
		cmocka_unit_test(test_bad_texts),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
