/* The request parser: whole heads cut at every byte, and what it refuses. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/sim/http.h"
#include "shared/poison.h"

/* Parse a heap copy of exactly len bytes, so that the sanitizers see any read beyond. */
static int
parse(const char *text, size_t len, struct http_request *r, int *status)
{
	char *copy = malloc(len > 0 ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, len);
	rc = http_parse(copy, len, r, status);
	free(copy);
	return rc;
}

static void
test_cut_everywhere(void **state)
{
	static const char text[] = "GET /api/v1/effects?offset=20 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n"
	    "User-Agent: x\r\nX-API-Key:  abc \r\nContent-Length: 5\r\n\r\nhello";
	size_t head = sizeof(text) - 1 - 5, i;
	struct http_request r;
	int status;

	(void)state;
	for (i = 0; i < head; i++)
		assert_int_equal(parse(text, i, &r, &status), 0);
	for (i = head; i < sizeof(text); i++) {
		assert_int_equal(parse(text, i, &r, &status), 1);
		assert_string_equal(r.method, "GET");
		assert_string_equal(r.path, "/api/v1/effects");
		assert_string_equal(r.api_key, "abc");
		assert_true(r.keep_alive);
		assert_false(r.upgrade);
		assert_int_equal(r.head_len, head);
		assert_int_equal(r.body_len, 5);
	}
}

static void
test_connection(void **state)
{
	static const struct {
		const char *text;
		bool keep_alive, upgrade;
	} rows[] = {
	    {"GET / HTTP/1.0\r\n\r\n", false, false},
	    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, false},
	    {"GET / HTTP/1.1\r\nconnection: Close\r\n\r\n", false, false},
	    {"GET /ws HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n", true, true},
	    {"GET /ws HTTP/1.1\r\nUpgrade: websockets\r\n\r\n", true, false},
	};
	struct http_request r;
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i].text, strlen(rows[i].text), &r, &status), 1);
		assert_int_equal(r.keep_alive, rows[i].keep_alive);
		assert_int_equal(r.upgrade, rows[i].upgrade);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *text;
		int status;
	} rows[] = {
	    {"\x16\x03\x01", 400},
	    {"garbage\r\n\r\n", 400},
	    {"GET /\r\n\r\n", 400},
	    {"GET  / HTTP/1.1\r\n\r\n", 400},
	    {"GET x HTTP/1.1\r\n\r\n", 400},
	    {"GET / HTTP/2.0\r\n\r\n", 505},
	    {"GET / http/1.1\r\n\r\n", 400},
	    {"GET / HTTP/1.1\nHost: x\r\n\r\n", 400},
	    {"GET / HTTP/1.1\r\nHost\r\n\r\n", 400},
	    {"GET / HTTP/1.1\r\nBad name: x\r\n\r\n", 400},
	    {"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400},
	    {"GET / HTTP/1.1\r\nA: x\x01y\r\n\r\n", 400},
	    {"GET / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n", 400},
	    {"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
	    {"GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400},
	    {"GET / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413},
	    {"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413},
	    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
	    {"AVERYLONGMETHODNAME / HTTP/1.1\r\n\r\n", 501},
	};
	struct http_request r;
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i].text, strlen(rows[i].text), &r, &status), -1);
		assert_int_equal(status, rows[i].status);
	}
}

static void
test_bounds(void **state)
{
	static const char line[] = "GET / HTTP/1.1\r\nA: ";
	char text[HTTP_HEAD_MAX + 8];
	struct http_request r;
	int status;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, line, sizeof(line) - 1);
	memcpy(text + HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
	assert_int_equal(parse(text, HTTP_HEAD_MAX, &r, &status), 1);
	assert_int_equal(r.head_len, HTTP_HEAD_MAX);
	memcpy(text + HTTP_HEAD_MAX - 4, "aaaa\r\n\r\n", 8);
	assert_int_equal(parse(text, HTTP_HEAD_MAX - 1, &r, &status), 0);
	assert_int_equal(parse(text, HTTP_HEAD_MAX, &r, &status), -1);
	assert_int_equal(status, 431);
	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);
	memcpy(text + 500, " HTTP/1.1\r\n\r\n", 13);
	assert_int_equal(parse(text, 513, &r, &status), -1);
	assert_int_equal(status, 414);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cut_everywhere),
	    cmocka_unit_test(test_connection),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
