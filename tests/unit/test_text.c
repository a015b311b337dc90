/* Escaping and UTF-8: vectors from the Unicode standard (table 3-7) and every cut of the room.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/text.h"
#include "shared/poison.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FFFD "\xef\xbf\xbd"

struct vector {
	const char *src;
	size_t len;
	const char *printable;
	const char *clean;
};

#define V(src, printable, clean)                                                               \
	{                                                                                      \
		src, sizeof(src) - 1, printable, clean                                         \
	}

static const struct vector vectors[] = {
    V("", "", ""),
    V("plain ~", "plain ~", "plain ~"),
    V("\x1b[31m", "\\x1b[31m", "\x1b[31m"),
    V("a\0b", "a\\x00b", "a" FFFD "b"),
    V("\r\n\t\x7f", "\\x0d\\x0a\\x09\\x7f", "\r\n\t\x7f"),
    V("\xc2\x80\xc2\x9b\xc2\x9f", "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f", "\xc2\x80\xc2\x9b\xc2\x9f"),
    V("\xc2\xa0", "\xc2\xa0", "\xc2\xa0"),
    V("\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xa1", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xa1",
	"\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xa1"),
    V("\x80", "\\x80", FFFD),                                           /* stray continuation */
    V("\xc0\x80\xc1\xbf", "\\xc0\\x80\\xc1\\xbf", FFFD FFFD FFFD FFFD), /* overlong, 2 bytes */
    V("\xe0\x9f\xbf", "\\xe0\\x9f\\xbf", FFFD FFFD FFFD),               /* overlong, 3 bytes */
    V("\xe0\xa0\x80", "\xe0\xa0\x80", "\xe0\xa0\x80"),                  /* U+0800 */
    V("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf", FFFD FFFD FFFD FFFD), /* overlong, 4 bytes */
    V("\xf0\x90\x80\x80", "\xf0\x90\x80\x80", "\xf0\x90\x80\x80"),      /* U+10000 */
    V("\xed\x9f\xbf", "\xed\x9f\xbf", "\xed\x9f\xbf"),                  /* U+D7FF */
    V("\xed\xa0\x80", "\\xed\\xa0\\x80", FFFD FFFD FFFD),               /* U+D800 */
    V("\xed\xbf\xbf", "\\xed\\xbf\\xbf", FFFD FFFD FFFD),               /* U+DFFF */
    V("\xee\x80\x80", "\xee\x80\x80", "\xee\x80\x80"),                  /* U+E000 */
    V("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"),      /* U+10FFFF */
    V("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", FFFD FFFD FFFD FFFD), /* above */
    V("\xf5\xff\xfe", "\\xf5\\xff\\xfe", FFFD FFFD FFFD),
    V("\xe2\x82", "\\xe2\\x82", FFFD FFFD), /* cut */
    V("\xe2\x82x", "\\xe2\\x82x", FFFD FFFD "x"),
    V("\xf0\x9f\x92", "\\xf0\\x9f\\x92", FFFD FFFD FFFD),
};

typedef size_t convert(char *dst, size_t size, const void *src, size_t len);

/*
 * Into every size of room: the longest prefix that ends at a border of what was converted,
 * never half a character or half an escape, and no byte beyond the room.
 */
static void
check_cuts(convert *f, const struct vector *v, const char *want)
{
	char dst[128], prefix[128], guard[128];
	size_t size, n, k, longest;

	for (size = 1; size <= strlen(want) + 2; size++) {
		memset(dst, '#', sizeof(dst));
		n = f(dst, size, v->src, v->len);
		assert_int_equal(n, strlen(dst));
		assert_true(n < size);
		memset(guard, '#', sizeof(guard));
		assert_memory_equal(dst + size, guard + size, sizeof(dst) - size);
		assert_memory_equal(dst, want, n);
		for (k = 0, longest = 0; k <= v->len; k++) {
			f(prefix, sizeof(prefix), v->src, k);
			if (strlen(prefix) < size &&
			    strncmp(prefix, want, strlen(prefix)) == 0 &&
			    strlen(prefix) > longest)
				longest = strlen(prefix);
		}
		assert_int_equal(n, longest);
	}
	assert_int_equal(f(dst, 0, v->src, v->len), 0);
}

static void
test_vectors(void **state)
{
	char dst[128];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(vectors); i++) {
		assert_int_equal(
		    text_printable(dst, sizeof(dst), vectors[i].src, vectors[i].len),
		    strlen(vectors[i].printable));
		assert_string_equal(dst, vectors[i].printable);
		assert_int_equal(
		    text_utf8_clean(dst, sizeof(dst), vectors[i].src, vectors[i].len),
		    strlen(vectors[i].clean));
		assert_string_equal(dst, vectors[i].clean);
	}
}

static void
test_cuts(void **state)
{
	static const struct vector mixed = V("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xa1z", "", "");
	static const struct vector escapes = V("a\x1b\xff\0z", "", "");

	(void)state;
	check_cuts(text_printable, &mixed, mixed.src);
	check_cuts(text_utf8_clean, &mixed, mixed.src);
	check_cuts(text_printable, &escapes, "a\\x1b\\xff\\x00z");
	check_cuts(text_utf8_clean, &escapes, "a\x1b" FFFD FFFD "z");
}

/* Every code point, encoded by the definition, has its length; every surrogate has none. */
static void
test_all_code_points(void **state)
{
	uint8_t b[4];
	uint32_t c;
	size_t n, i;

	(void)state;
	for (c = 0; c <= 0x10ffff; c++) {
		n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		b[0] = (uint8_t)(n == 1 ? c : (0xf00u >> n & 0xff) | c >> 6 * (n - 1));
		for (i = 1; i < n; i++)
			b[i] = (uint8_t)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
		if (text_utf8_len(b, n) != (c >= 0xd800 && c <= 0xdfff ? 0 : n))
			fail_msg("U+%04X", (unsigned)c);
		if (n > 1)
			assert_int_equal(text_utf8_len(b, n - 1), 0);
	}
	assert_int_equal(text_utf8_len(b, 0), 0);
}

static void
test_copy(void **state)
{
	char dst[4] = "xxx";

	(void)state;
	assert_true(text_copy(dst, sizeof(dst), "abc"));
	assert_string_equal(dst, "abc");
	assert_false(text_copy(dst, sizeof(dst), "defg"));
	assert_string_equal(dst, "def");
	assert_false(text_copy(dst, 0, ""));
	assert_string_equal(dst, "def");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_cuts),
	    cmocka_unit_test(test_all_code_points),
	    cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
