/* ws_target: URLs for libcurl, Host headers, and passwords (RFC 7617) in the request only. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/ws_target.h"
#include "shared/poison.h"

static void
test_urls(void **state)
{
	static const struct {
		const char *in, *url, *host, *path;
		bool tls;
	} rows[] = {
		{"ws://device/ws", "http://device/ws", "device", "/ws", false},
		{"ws://device:80/ws", "http://device:80/ws", "device", "/ws", false},
		{"ws://192.168.1.101:8080", "http://192.168.1.101:8080/", "192.168.1.101:8080", "/", false},
		{"wss://device/ws", "https://device/ws", "device", "/ws", true},
		{"wss://device:80/ws", "https://device:80/ws", "device:80", "/ws", true},
		{"ws://[::1]:81/a/b", "http://[::1]:81/a/b", "[::1]:81", "/a/b", false},
	};
	struct ws_target t;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ws_target_parse(rows[i].in, &t, &e), 0);
		assert_string_equal(t.url, rows[i].url);
		assert_string_equal(t.host, rows[i].host);
		assert_string_equal(t.path, rows[i].path);
		assert_int_equal(t.tls, rows[i].tls);
		assert_null(strstr(t.extra, "Authorization"));
	}
	assert_int_equal(ws_target_parse("http://device/", &t, &e), -1);
}

/* The example of RFC 7617 section 2, with its space as %20. */
static void
test_password(void **state)
{
	struct ws_target t;

	(void)state;
	assert_int_equal(ws_target_parse("ws://Aladdin:open%20sesame@device/", &t, NULL), 0);
	assert_non_null(strstr(t.extra, "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
	assert_null(strstr(t.url, "Aladdin"));
	assert_null(strstr(t.host, "Aladdin"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_password),
	};

	return cmocka_run_group_tests_name("ws_target", tests, NULL, NULL);
}
