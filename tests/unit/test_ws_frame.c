/* ws_frame against the examples of RFC 6455 section 5.7, and what the conformance list cannot say. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/ws_frame.h"
#include "shared/poison.h"

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
static const uint8_t unmasked_hello[] = {0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f};
static const uint8_t masked_hello[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
static const uint8_t fragments[] = {0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f};
static const uint8_t unmasked_ping[] = {0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f};
static const uint8_t masked_pong[] = {0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};

static void
assert_event(enum ws_side side, const uint8_t *bytes, size_t len, enum ws_opcode opcode, size_t frames)
{
	struct ws_parser *p = ws_parser_new(side, 0, 0);
	struct ws_event ev;

	assert_int_equal(ws_parser_next(p, &bytes, &len, &ev), 1);
	assert_int_equal(ev.opcode, opcode);
	assert_int_equal(ev.frames, frames);
	assert_int_equal(ev.len, 5);
	assert_memory_equal(ev.data, "Hello", 5);
	assert_int_equal(len, 0);
	assert_false(ws_parser_pending(p));
	ws_parser_free(p);
}

static void
test_rfc_parse(void **state)
{
	(void)state;
	assert_event(WS_CLIENT, unmasked_hello, sizeof(unmasked_hello), WS_TEXT, 1);
	assert_event(WS_SERVER, masked_hello, sizeof(masked_hello), WS_TEXT, 1);
	assert_event(WS_CLIENT, fragments, sizeof(fragments), WS_TEXT, 2);
	assert_event(WS_CLIENT, unmasked_ping, sizeof(unmasked_ping), WS_PING, 0);
	assert_event(WS_SERVER, masked_pong, sizeof(masked_pong), WS_PONG, 0);
}

static void
test_rfc_encode(void **state)
{
	uint8_t out[64];

	(void)state;
	assert_int_equal(ws_encode(out, sizeof(out), WS_TEXT, true, "Hello", 5, NULL), 7);
	assert_memory_equal(out, unmasked_hello, 7);
	assert_int_equal(ws_encode(out, sizeof(out), WS_TEXT, true, "Hello", 5, key), 11);
	assert_memory_equal(out, masked_hello, 11);
	assert_int_equal(ws_encode(out, sizeof(out), WS_TEXT, false, "Hel", 3, NULL), 5);
	assert_int_equal(ws_encode(out + 5, 59, WS_CONTINUATION, true, "lo", 2, NULL), 4);
	assert_memory_equal(out, fragments, 9);
	assert_int_equal(ws_encode(out, sizeof(out), WS_PONG, true, "Hello", 5, key), 11);
	assert_memory_equal(out, masked_pong, 11);
	assert_int_equal(ws_encode(out, 10, WS_PONG, true, "Hello", 5, key), 0);
	assert_int_equal(ws_encode(out, 1, WS_PONG, true, NULL, 0, NULL), 0);
}

/* The 256 byte and the 64 KiB message of section 5.7, and the borders of the length forms. */
static void
test_lengths(void **state)
{
	static const struct {
		uint64_t len;
		size_t head;
		uint8_t bytes[10];
	} rows[] = {
		{125, 2, {0x82, 0x7d}},
		{126, 4, {0x82, 0x7e, 0x00, 0x7e}},
		{256, 4, {0x82, 0x7e, 0x01, 0x00}},
		{65535, 4, {0x82, 0x7e, 0xff, 0xff}},
		{65536, 10, {0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}},
		{INT64_MAX, 10, {0x82, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
	};
	uint8_t out[WS_HEADER_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ws_header(out, WS_BINARY, true, rows[i].len, NULL), rows[i].head);
		assert_memory_equal(out, rows[i].bytes, rows[i].head);
		assert_int_equal(ws_header(out, WS_BINARY, true, rows[i].len, key), rows[i].head + 4);
		assert_int_equal(out[1], rows[i].bytes[1] | 0x80);
		assert_memory_equal(out + rows[i].head, key, 4);
	}
}

static void
test_close(void **state)
{
	static const uint8_t policy[] = {0x88, 0x08, 0x03, 0xf0, 'g', 'o', ' ', 'n', 'o', 'w'};
	char reason[200];
	uint8_t out[256];
	int i;

	(void)state;
	assert_int_equal(ws_encode_close(out, sizeof(out), 1008, "go now", NULL), sizeof(policy));
	assert_memory_equal(out, policy, sizeof(policy));
	assert_int_equal(ws_encode_close(out, sizeof(out), WS_CODE_NONE, "unused", NULL), 2);
	assert_memory_equal(out, "\x88\x00", 2);
	/* 41 characters of 3 bytes are 123 bytes; with one byte before them only 40 fit. */
	for (i = 0; i < 50; i++)
		memcpy(reason + 3 * i, "\xe2\x82\xac", 4);
	assert_int_equal(ws_encode_close(out, sizeof(out), 1000, reason, NULL), 2 + 125);
	memmove(reason + 1, reason, 151);
	reason[0] = 'x';
	assert_int_equal(ws_encode_close(out, sizeof(out), 1000, reason, NULL), 2 + 2 + 1 + 120);
}

/* The last byte of each row is the first that shows the fault; the byte before must still pass. */
static void
test_fails_fast(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t len;
		enum ws_fault fault;
		int code;
	} rows[] = {
		{{0xc1}, 1, WS_FAULT_RESERVED_BITS, 1002},
		{{0x83}, 1, WS_FAULT_OPCODE, 1002},
		{{0x09}, 1, WS_FAULT_CONTROL_FRAGMENT, 1002},
		{{0x80}, 1, WS_FAULT_CONTINUATION, 1002},
		{{0x01, 0x00, 0x81}, 3, WS_FAULT_INTERLEAVED, 1002},
		{{0x81, 0x80}, 2, WS_FAULT_MASKED, 1002},
		{{0x89, 0x7e}, 2, WS_FAULT_CONTROL_LENGTH, 1002},
		{{0x81, 0x7e, 0, 125}, 4, WS_FAULT_LENGTH_FORM, 1002},
		{{0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 1}, 10, WS_FAULT_MESSAGE_SIZE, 1009},
		{{0x82, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0}, 10, WS_FAULT_LENGTH_HUGE, 1002},
		{{0x81, 0x05, 'a', 0xed, 0xa0}, 5, WS_FAULT_UTF8, 1007},
		{{0x01, 0x01, 0xf4, 0x00, 0x04, 0x90}, 6, WS_FAULT_UTF8, 1007},
		{{0x81, 0x01, 0xce}, 3, WS_FAULT_UTF8, 1007},
		{{0x88, 0x01, 0x03}, 3, WS_FAULT_CLOSE_LENGTH, 1002},
		{{0x88, 0x02, 0x03, 0xed}, 4, WS_FAULT_CLOSE_CODE, 1002},
		{{0x88, 0x03, 0x03, 0xe8, 0xff}, 5, WS_FAULT_CLOSE_UTF8, 1007},
	};
	struct ws_parser *p;
	struct ws_event ev;
	const uint8_t *at;
	size_t i, left;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		p = ws_parser_new(WS_CLIENT, 0, 0);
		at = rows[i].bytes;
		left = rows[i].len - 1;
		assert_int_equal(ws_parser_next(p, &at, &left, &ev), 0);
		left = 1;
		assert_int_equal(ws_parser_next(p, &at, &left, &ev), -1);
		assert_int_equal(ws_parser_fault(p), rows[i].fault);
		assert_int_equal(ws_fault_code(rows[i].fault), rows[i].code);
		ws_parser_free(p);
	}
}

static void
test_limits(void **state)
{
	struct ws_parser *p = ws_parser_new(WS_CLIENT, 10, 2);
	static const uint8_t ten[] = {0x01, 5, 'a', 'a', 'a', 'a', 'a', 0x80, 5, 'b', 'b', 'b', 'b', 'b'};
	static const uint8_t eleven[] = {0x01, 5, 'a', 'a', 'a', 'a', 'a', 0x80, 6};
	const uint8_t *at = ten;
	size_t left = sizeof(ten);
	struct ws_event ev;

	(void)state;
	assert_int_equal(ws_parser_next(p, &at, &left, &ev), 1);
	assert_int_equal(ev.len, 10);
	at = eleven;
	left = sizeof(eleven);
	assert_int_equal(ws_parser_next(p, &at, &left, &ev), -1);
	assert_int_equal(ws_parser_fault(p), WS_FAULT_MESSAGE_SIZE);
	ws_parser_free(p);

	p = ws_parser_new(WS_CLIENT, 10, 2);
	at = (const uint8_t *)"\x01\x00\x00\x00\x80";
	left = 5;
	assert_int_equal(ws_parser_next(p, &at, &left, &ev), -1);
	assert_int_equal(ws_parser_fault(p), WS_FAULT_FRAGMENTS);
	ws_parser_free(p);
}

static void
test_pending(void **state)
{
	struct ws_parser *p = ws_parser_new(WS_CLIENT, 0, 0);
	struct ws_event ev;
	const uint8_t *at = fragments;
	size_t left = 1;

	(void)state;
	assert_false(ws_parser_pending(p));
	assert_int_equal(ws_parser_next(p, &at, &left, &ev), 0);
	assert_true(ws_parser_pending(p));
	left = 4;
	assert_int_equal(ws_parser_next(p, &at, &left, &ev), 0);
	assert_true(ws_parser_pending(p));
	left = 4;
	assert_int_equal(ws_parser_next(p, &at, &left, &ev), 1);
	assert_false(ws_parser_pending(p));
	ws_parser_free(p);
}

/* Every code against RFC 6455 section 7.4 and IANA's registry (1012 to 1014). */
static void
test_codes(void **state)
{
	static const int good[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014};
	int code, count = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(ws_code_valid(good[i]));
	for (code = 0; code < 3000; code++)
		count += ws_code_valid(code);
	assert_int_equal(count, sizeof(good) / sizeof(good[0]));
	for (code = 3000; code < 65536; code++)
		assert_int_equal(ws_code_valid(code), code < 5000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_parse),
		cmocka_unit_test(test_rfc_encode),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_fails_fast),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_codes),
	};

	return cmocka_run_group_tests_name("ws_frame", tests, NULL, NULL);
}
