/* CRC-32C against RFC 3720 B.4 and a bit-by-bit computation. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/crc32c.h"
#include "shared/poison.h"

/* The polynomial division itself, a bit at a time. */
static uint32_t
by_bits(const uint8_t *p, size_t len)
{
	uint32_t crc = UINT32_MAX;
	int bit;

	for (; len > 0; p++, len--) {
		crc ^= *p;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
	}
	return ~crc;
}

static void
test_rfc3720(void **state)
{
	static const uint8_t read10[48] = {0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0x14, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0,
	    2};
	uint8_t b[32];
	int i;

	(void)state;
	memset(b, 0, sizeof(b));
	assert_int_equal(crc32c(0, b, sizeof(b)), 0x8a9136aa);
	memset(b, 0xff, sizeof(b));
	assert_int_equal(crc32c(0, b, sizeof(b)), 0x62a8ab43);
	for (i = 0; i < 32; i++)
		b[i] = (uint8_t)i;
	assert_int_equal(crc32c(0, b, sizeof(b)), 0x46dd794e);
	for (i = 0; i < 32; i++)
		b[i] = (uint8_t)(31 - i);
	assert_int_equal(crc32c(0, b, sizeof(b)), 0x113fdb5c);
	assert_int_equal(crc32c(0, read10, sizeof(read10)), 0xd9963a56);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c(0, "", 0), 0);
}

/* Every length and alignment agrees with the bits; every cut gives the same sum. */
static void
test_cuts(void **state)
{
	uint8_t b[96];
	uint32_t seed = 12345, whole;
	size_t off, len, cut;

	(void)state;
	for (len = 0; len < sizeof(b); len++) {
		seed = seed * 1664525 + 1013904223;
		b[len] = (uint8_t)(seed >> 24);
	}
	for (off = 0; off < 8; off++)
		for (len = 0; off + len <= sizeof(b); len++) {
			whole = crc32c(0, b + off, len);
			assert_int_equal(whole, by_bits(b + off, len));
			for (cut = 0; cut <= len; cut++)
				assert_int_equal(
				    crc32c(crc32c(0, b + off, cut), b + off + cut, len - cut),
				    whole);
		}
}

/* Each single byte value in each of the eight lanes. */
static void
test_tables(void **state)
{
	uint8_t b[8];
	int lane, v;

	(void)state;
	for (lane = 0; lane < 8; lane++)
		for (v = 0; v < 256; v++) {
			memset(b, 0, sizeof(b));
			b[lane] = (uint8_t)v;
			assert_int_equal(crc32c(0, b, 8), by_bits(b, 8));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rfc3720),
	    cmocka_unit_test(test_cuts),
	    cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
