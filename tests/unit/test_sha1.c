/* sha1 against the vectors of RFC 3174 section 7.3 and, at every block border, Python's hashlib. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/sha1.h"
#include "shared/poison.h"

static void
assert_digest(const void *data, size_t len, const char *hex)
{
	uint8_t digest[SHA1_LEN];
	char got[2 * SHA1_LEN + 1];
	int i;

	sha1(data, len, digest);
	for (i = 0; i < SHA1_LEN; i++)
		snprintf(got + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(got, hex);
}

static void
test_rfc3174(void **state)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	static char million[1000000];
	char eight[640];
	int i;

	(void)state;
	memset(million, 'a', sizeof(million));
	for (i = 0; i < 640; i++)
		eight[i] = (char)('0' + i % 8);
	assert_digest("abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_digest(two_blocks, 56, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	assert_digest(million, sizeof(million), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	assert_digest(eight, 640, "dea356a2cddd90c7a7ecedc5ebb563934f460452");
	assert_digest("", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

/* hashlib.sha1(b"x" * n).hexdigest() */
static void
test_borders(void **state)
{
	static const struct {
		size_t n;
		const char *hex;
	} rows[] = {
		{55, "cef734ba81a024479e09eb5a75b6ddae62e6abf1"},
		{56, "901305367c259952f4e7af8323f480d59f81335b"},
		{57, "025ecbd5d70f8fb3c5457cd96bab13fda305dc59"},
		{63, "0ddc4e0cccd9a12850deb5abb0853a4425559fec"},
		{64, "bb2fa3ee7afb9f54c6dfb5d021f14b1ffe40c163"},
		{65, "78c741ddc482e4cdf8c474a0876347a0905b6233"},
		{119, "4300320394f7ee239bcdce7d3b8bcee173a0cd5c"},
		{120, "ceb2821639c4b6dcb10bce0e522ca2e608ce056d"},
		{127, "e463484d274607e1897d4099497cbf2aedcf8206"},
		{128, "150fa3fbdc899bd0b8f95a9fb6027f564d953762"},
		{129, "2699b675922cc84a9b0dfd926eb7f8211c78693d"},
	};
	char text[200];
	size_t i;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_digest(text, rows[i].n, rows[i].hex);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3174),
		cmocka_unit_test(test_borders),
	};

	return cmocka_run_group_tests_name("sha1", tests, NULL, NULL);
}
