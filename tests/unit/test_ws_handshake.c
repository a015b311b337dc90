/* ws_handshake against the example of RFC 6455 section 1.3, and tables of bad answers and requests. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/ws_handshake.h"
#include "shared/poison.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define OK101 "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPTED "Sec-WebSocket-Accept: " ACCEPT "\r\n"

#define GET "GET /ws HTTP/1.1\r\n"
#define HOST "Host: device\r\n"
#define KEYED "Sec-WebSocket-Key: " KEY "\r\n"
#define VERSION13 "Sec-WebSocket-Version: 13\r\n"

static void
test_rfc_key(void **state)
{
	static const uint8_t nonce[16] = "the sample nonce";
	char key[WS_KEY_SIZE], accept[WS_ACCEPT_SIZE];

	(void)state;
	ws_key(key, nonce);
	assert_string_equal(key, KEY);
	ws_accept(accept, KEY);
	assert_string_equal(accept, ACCEPT);
}

/* Both functions, with the head whole, byte by byte, and with frames behind it. */
static int
answer_in_cuts(const char *head, int *status, struct err *e)
{
	size_t len = strlen(head), i;
	int rc = 0;

	for (i = 0; i <= len && rc == 0; i++)
		rc = ws_answer_check(head, i, KEY, status, e);
	return rc;
}

static void
test_answers(void **state)
{
	static const struct {
		const char *head;
		int status;
		const char *why;	/* NULL: good */
	} rows[] = {
		{OK101 UPGRADE ACCEPTED "\r\n", 101, NULL},
		{"HTTP/1.1 101\r\n" UPGRADE ACCEPTED "\r\n", 101, NULL},
		{OK101 "upgrade: WebSocket\r\nCONNECTION: keep-alive, UPGRADE\r\n"
		    "sec-websocket-accept:\t" ACCEPT " \r\n\r\n", 101, NULL},
		{"HTTP/1.1 200 OK\r\n\r\n", 200, "answered HTTP 200 in place of 101"},
		{"HTTP/1.1 503 \r\n", 503, "answered HTTP 503 in place of 101"},
		{"HTTP/1.0 101 X\r\n", 0, "answer is not HTTP/1.1"},
		{"HTTP/1.1 1o1", 0, "answer is not HTTP/1.1"},
		{"HTTP/1.1 1011 ", 101, "answer is not HTTP/1.1"},
		{"\x81\x05Hello", 0, "answer is not HTTP/1.1"},
		{OK101 "Connection: Upgrade\r\n" ACCEPTED "\r\n", 101, "answer does not say \"Upgrade: websocket\""},
		{OK101 "Upgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPTED "\r\n", 101,
		    "answer does not say \"Upgrade: websocket\""},
		{OK101 "Upgrade: websocket\r\n" ACCEPTED "\r\n", 101,
		    "answer does not say \"Connection: Upgrade\""},
		{OK101 "Upgrade: websocket\r\nConnection: not-upgrade\r\n" ACCEPTED "\r\n", 101,
		    "answer does not say \"Connection: Upgrade\""},
		{OK101 UPGRADE "\r\n", 101, "answer has 0 Sec-WebSocket-Accept headers in place of one"},
		{OK101 UPGRADE ACCEPTED ACCEPTED "\r\n", 101,
		    "answer has 2 Sec-WebSocket-Accept headers in place of one"},
		{OK101 UPGRADE "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", 101,
		    "wrong Sec-WebSocket-Accept \"S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\""},
		{OK101 UPGRADE ACCEPTED "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 101,
		    "answer names an extension that was not asked for"},
		{OK101 UPGRADE ACCEPTED "Sec-WebSocket-Protocol: chat\r\n\r\n", 101,
		    "answer names a subprotocol that was not asked for"},
		{OK101 "Upgrade\r\n\r\n", 101, "header line without a colon: \"Upgrade\""},
		{OK101 "Upgrade : websocket\r\n\r\n", 101, "bad header name \"Upgrade \""},
		{OK101 UPGRADE " folded: line\r\n\r\n", 101, "bad header name \" folded\""},
		{OK101 "Upgrade: websocket\n\r\n", 101, "line of the head ends without CR"},
		{OK101 "Server: a\x01" "b\r\n\r\n", 101, "control byte in the head: \"Server: a\\x01\""},
		{OK101 "Server: a\rb\r\n\r\n", 101, "control byte in the head: \"Server: a\\x0db\""},
	};
	struct err e;
	int status, rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		e.text[0] = '\0';
		rc = answer_in_cuts(rows[i].head, &status, &e);
		if (rows[i].why == NULL) {
			assert_int_equal(rc, strlen(rows[i].head));
		} else {
			assert_int_equal(rc, -1);
			assert_string_equal(e.text, rows[i].why);
		}
		assert_int_equal(status, rows[i].status);
	}
}

static void
test_answer_with_frames(void **state)
{
	static const char head[] = OK101 UPGRADE ACCEPTED "\r\n" "\x81\x01\x00";
	int status;

	(void)state;
	assert_int_equal(ws_answer_check(head, sizeof(head) - 1, KEY, &status, NULL), sizeof(head) - 4);
}

static void
test_endless_head(void **state)
{
	char *head = malloc(2 * WS_HEAD_MAX);
	struct ws_upgrade u;
	struct err e;
	int status, n;

	(void)state;
	n = snprintf(head, WS_HEAD_MAX, OK101 "Endless: ");
	memset(head + n, 'x', (size_t)(2 * WS_HEAD_MAX - n));
	assert_int_equal(ws_answer_check(head, WS_HEAD_MAX - 1, KEY, &status, &e), 0);
	assert_int_equal(ws_answer_check(head, WS_HEAD_MAX, KEY, &status, &e), -1);
	assert_string_equal(e.text, "head of the handshake is over 8192 bytes");
	n = snprintf(head, WS_HEAD_MAX, GET "Endless: ");
	head[n] = 'x';
	assert_int_equal(ws_upgrade_parse(head, WS_HEAD_MAX - 1, &u, &status, &e), 0);
	assert_int_equal(ws_upgrade_parse(head, 2 * WS_HEAD_MAX, &u, &status, &e), -1);
	assert_int_equal(status, 431);
	free(head);
}

static void
test_requests(void **state)
{
	static const struct {
		const char *head;
		int status;	/* 0: good */
	} rows[] = {
		{GET HOST UPGRADE KEYED VERSION13 "\r\n", 0},
		{GET HOST "Upgrade: h2c, WebSocket\r\nConnection: keep-alive\r\nConnection: x, upgrade\r\n"
		    KEYED VERSION13 "\r\n", 0},
		{"POST /ws HTTP/1.1\r\n" HOST UPGRADE KEYED VERSION13 "\r\n", 405},
		{"get /ws HTTP/1.1\r\n" HOST UPGRADE KEYED VERSION13 "\r\n", 405},
		{"GET /ws HTTP/1.0\r\n" HOST UPGRADE KEYED VERSION13 "\r\n", 505},
		{"GET /ws\r\n" HOST UPGRADE KEYED VERSION13 "\r\n", 505},
		{"GET\r\n" HOST "\r\n", 400},
		{"\r\n\r\n", 400},
		{GET UPGRADE KEYED VERSION13 "\r\n", 400},
		{GET HOST HOST UPGRADE KEYED VERSION13 "\r\n", 400},
		{GET HOST KEYED VERSION13 "\r\n", 426},
		{GET HOST UPGRADE VERSION13 "\r\n", 400},
		{GET HOST UPGRADE KEYED KEYED VERSION13 "\r\n", 400},
		{GET HOST UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ===\r\n" VERSION13 "\r\n", 400},
		{GET HOST UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n" VERSION13 "\r\n", 400},
		{GET HOST UPGRADE "Sec-WebSocket-Key: c2hvcnQ=\r\n" VERSION13 "\r\n", 400},
		{GET HOST UPGRADE KEYED "\r\n", 426},
		{GET HOST UPGRADE KEYED "Sec-WebSocket-Version: 8\r\n\r\n", 426},
		{GET HOST UPGRADE KEYED VERSION13 "Bad header\r\n\r\n", 400},
		{GET HOST UPGRADE KEYED VERSION13 "Bare: lf\n\r\n", 400},
	};
	struct ws_upgrade u;
	struct err e;
	int status, rc;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (n = 0, rc = 0; n <= strlen(rows[i].head) && rc == 0; n++)
			rc = ws_upgrade_parse(rows[i].head, n, &u, &status, &e);
		assert_int_equal(rc, rows[i].status == 0 ? (int)strlen(rows[i].head) : -1);
		if (rows[i].status != 0)
			assert_int_equal(status, rows[i].status);
	}
}

static void
test_both_ends(void **state)
{
	char request[512], answer[512];
	struct ws_upgrade u;
	struct err e;
	int n, status;

	(void)state;
	n = ws_request(request, sizeof(request), "192.168.1.101:8080", "/ws", KEY,
	    "Origin: http://x\r\nSec-WebSocket-Extensions: a\r\n", NULL);
	assert_int_equal(n, strlen(request));
	assert_int_equal(ws_upgrade_parse(request, (size_t)n, &u, &status, NULL), n);
	assert_string_equal(u.path, "/ws");
	assert_string_equal(u.host, "192.168.1.101:8080");
	assert_string_equal(u.key, KEY);
	assert_true(u.has_origin);
	assert_string_equal(u.origin, "http://x");
	assert_true(u.has_extensions);
	assert_false(u.has_protocols);
	n = ws_upgrade_answer(answer, sizeof(answer), u.key, "");
	assert_int_equal(ws_answer_check(answer, (size_t)n, KEY, &status, NULL), n);

	assert_int_equal(ws_upgrade_answer(answer, 20, u.key, ""), -1);
	assert_int_equal(ws_request(request, 60, "h", "/", KEY, "", &e), -1);
	assert_int_equal(ws_request(request, sizeof(request), "h", "/a b", KEY, "", &e), -1);
	assert_int_equal(ws_request(request, sizeof(request), "h\r\nX: y", "/", KEY, "", &e), -1);
}

static void
test_long_target(void **state)
{
	char head[2048];
	struct ws_upgrade u;
	int status, n;

	(void)state;
	n = snprintf(head, sizeof(head), "GET /%0600d HTTP/1.1\r\n" HOST UPGRADE KEYED VERSION13 "\r\n", 0);
	assert_int_equal(ws_upgrade_parse(head, (size_t)n, &u, &status, NULL), -1);
	assert_int_equal(status, 414);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_key),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_answer_with_frames),
		cmocka_unit_test(test_endless_head),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_both_ends),
		cmocka_unit_test(test_long_target),
	};

	return cmocka_run_group_tests_name("ws_handshake", tests, NULL, NULL);
}
