/* URLs: parts of the good, words for the bad, and no password in any of them. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/url.h"
#include "shared/poison.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
test_good(void **state)
{
	static const struct {
		const char *s;
		struct url want;
	} good[] = {
	    {"http://192.168.1.101", {"http", "", "192.168.1.101", 80, false, ""}},
	    {"HTTP://LightWave.local/", {"http", "", "LightWave.local", 80, false, "/"}},
	    {"https://a:8443/api/v1", {"https", "", "a", 8443, true, "/api/v1"}},
	    {"ws://h:80/ws", {"ws", "", "h", 80, true, "/ws"}},
	    {"wss://h/ws", {"wss", "", "h", 443, false, "/ws"}},
	    {"http://[::1]:8080/x", {"http", "", "::1", 8080, true, "/x"}},
	    {"http://[fe80::1]", {"http", "", "fe80::1", 80, false, ""}},
	    {"http://u:p%40ss@h:1", {"http", "u:p%40ss", "h", 1, true, ""}},
	    {"http://u@h", {"http", "u", "h", 80, false, ""}},
	    {"http://u:a:b@h", {"http", "u:a:b", "h", 80, false, ""}},
	    {"http://my_host.example.:65535/%20;x=1",
		{"http", "", "my_host.example.", 65535, true, "/%20;x=1"}},
	};
	struct url u;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		assert_int_equal(url_parse("x", good[i].s, "http https ws wss", &u, NULL), 0);
		assert_string_equal(u.scheme, good[i].want.scheme);
		assert_string_equal(u.userinfo, good[i].want.userinfo);
		assert_string_equal(u.host, good[i].want.host);
		assert_string_equal(u.path, good[i].want.path);
		assert_int_equal(u.port, good[i].want.port);
		assert_int_equal(u.port_given, good[i].want.port_given);
	}
}

static void
test_bad(void **state)
{
	static const struct {
		const char *s;
		const char *why;
	} bad[] = {
	    {"", "scheme"},
	    {"h", "scheme"},
	    {"192.168.1.1:80", "scheme"},
	    {"http:/h", "scheme"},
	    {"://h", "another scheme"},
	    {"httpverylong://h", "scheme"},
	    {"ftp://h", "another scheme"},
	    {"ws://h", "another scheme"},
	    {"htt://h", "another scheme"},
	    {"http://", "no host"},
	    {"http:///x", "no host"},
	    {"http://:80", "no host"},
	    {"http://u@", "no host"},
	    {"http://@h", "user"},
	    {"http://u@v@h", "malformed"},
	    {"http://h:", "port"},
	    {"http://h:0", "port"},
	    {"http://h:65536", "port"},
	    {"http://h:-1", "port"},
	    {"http://h:+80", "port"},
	    {"http://h:8o", "port"},
	    {"http://h:99999999999", "port"},
	    {"http://h:80:80", "port"},
	    {"http://[::1]80", "more than a port"},
	    {"http://[::1", "IPv6"},
	    {"http://[1.2.3.4]", "IPv6"},
	    {"http://[]", "IPv6"},
	    {"http://[fe80::1%25eth0]", "IPv6"},
	    {"http://::1", "no host"},
	    {"http://fe80::1/", "port"},
	    {"http://1.2.3", "host"},
	    {"http://1.2.3.256", "host"},
	    {"http://a..b", "host"},
	    {"http://.a", "host"},
	    {"http://-a", "host"},
	    {"http://a%20b", "host"},
	    {"http://h/?q=1", "query"},
	    {"http://h?q", "query"},
	    {"http://h/#f", "fragment"},
	    {"http://h/a b", "space"},
	    {" http://h", "space"},
	    {"http://h\n", "control"},
	    {"http://h\r\nX: y", "control"},
	    {"http://h\x7f", "control"},
	    {"http://h\xc3\xa4", "ASCII"},
	    {"http://h/a\\b", "path"},
	    {"http://h/%zz", "path"},
	    {"http://h/%2", "path"},
	    {"http://h/\"", "path"},
	    {"http://h/a@b", "path"},
	    {"http://h/%", "path"},
	    {"http://u%:p@h", "user"},
	    {"http://u:p\"@h", "user"},
	};
	struct url u = {.port = 42};
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(url_parse("--host", bad[i].s, "http https", &u, &e), -1);
		assert_int_equal(strncmp(e.text, "--host: \"", 9), 0);
		if (strstr(e.text, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].s, e.text);
		assert_non_null(strstr(e.text, "http https"));
		assert_int_equal(u.port, 42);
	}
	assert_int_equal(url_parse("x", "http://h", "https", &u, NULL), -1);
	assert_int_equal(url_parse("x", "ws://h", "https wss", &u, NULL), -1);
}

static void
test_long(void **state)
{
	char s[URL_MAX + 8];
	struct url u;
	size_t n;

	(void)state;
	for (n = 64; n <= URL_MAX; n += 64) {
		memset(s, 'a', sizeof(s));
		memcpy(s, "http://", 7);
		s[n] = '\0';
		assert_int_equal(url_parse("x", s, "http", &u, NULL), n - 7 <= 63 ? 0 : -1);
		s[8] = '/';
		assert_int_equal(
		    url_parse("x", s, "http", &u, NULL), n - 8 < sizeof(u.path) ? 0 : -1);
		s[8] = '@';
		s[n - 1] = '@';
		assert_int_equal(url_parse("x", s, "http", &u, NULL), -1);
	}
}

/* "SECRET" comes into no message, wherever it stands and however broken the rest is. */
static void
test_secret(void **state)
{
	static const char *const broken[] = {"http://u:SECRET@h:0", "http://u:SECRET@",
	    "http://u:SECRET@h/?q", "ftp://u:SECRET@h", "u:SECRET@h", "http:/u:SECRET@h",
	    "http:u:SECRET@h", "http://u:SECRET@x@h", "http://u:x@SECRET@h",
	    "http://u:x/SECRET@h", "http://u:x?SECRET@h", "http://u:x#SECRET@h",
	    "http://u:SECRET x@h", "http://u:SECRET\n@h", "http://u:://SECRET@h",
	    "http://:SECRET@h:x", "http://u:a:SECRET@h:x", "http://u:a\\SECRET@h"};
	char masked[64];
	struct url u;
	struct err e;
	size_t i, size;

	(void)state;
	for (i = 0; i < COUNT(broken); i++) {
		assert_int_equal(url_parse("--host", broken[i], "http", &u, &e), -1);
		if (strstr(e.text, "SECRET") != NULL)
			fail_msg("%s", e.text);
		for (size = 1; size < sizeof(masked); size++) {
			url_mask(masked, size, broken[i]);
			assert_true(strlen(masked) < size);
			assert_null(strstr(masked, "SEC"));
		}
	}
	url_mask(masked, sizeof(masked), "http://user:pw@host/x");
	assert_string_equal(masked, "http://user:***@host/x");
	url_mask(masked, sizeof(masked), "http://host:80/x");
	assert_string_equal(masked, "http://host:80/x");
	url_mask(masked, sizeof(masked), "http://user@host:80/x");
	assert_string_equal(masked, "http://user@host:80/x");
	url_mask(masked, sizeof(masked), "");
	assert_string_equal(masked, "");
}

static void
test_format(void **state)
{
	char s[64];
	struct url u;

	(void)state;
	assert_int_equal(url_parse("x", "http://u:p@[::1]:8080/base", "http", &u, NULL), 0);
	assert_int_equal(url_format(&u, "ws", "/ws", false, s, sizeof(s)), 0);
	assert_string_equal(s, "ws://[::1]:8080/ws");
	assert_int_equal(url_format(&u, u.scheme, u.path, true, s, sizeof(s)), 0);
	assert_string_equal(s, "http://u:p@[::1]:8080/base");
	assert_int_equal(url_format(&u, u.scheme, u.path, true, s, strlen(s)), -1);
	assert_int_equal(url_parse("x", "https://h", "https", &u, NULL), 0);
	assert_int_equal(url_format(&u, "wss", "/ws", true, s, sizeof(s)), 0);
	assert_string_equal(s, "wss://h/ws");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_long),
	    cmocka_unit_test(test_secret),
	    cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
