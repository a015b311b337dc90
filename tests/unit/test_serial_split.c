/* The line splitter, fed at random cuts, against a reference that sees the whole text at once. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/serial_split.h"
#include "shared/poison.h"

#define TEXT_MAX 60000

/* Lines as a netstring-like record, so that two lists are equal when the bytes are. */
struct list {
	char buf[TEXT_MAX * 6];
	size_t len;
	int count;
};

static void
list_add_cb(void *arg, const uint8_t *line, size_t len, bool truncated)
{
	struct list *l = arg;

	l->len += (size_t)snprintf(l->buf + l->len, 16, "%zu%c", len, truncated ? '!' : ':');
	memcpy(l->buf + l->len, line, len);
	l->len += len;
	l->count++;
}

/* Reference: CRLF to LF, then CR to LF, then cut at LF. */
static void
reference(const uint8_t *text, size_t len, struct list *out)
{
	static uint8_t s[TEXT_MAX];
	size_t i, n = 0, start = 0;

	for (i = 0; i < len; i++)
		if (!(text[i] == '\r' && i + 1 < len && text[i + 1] == '\n'))
			s[n++] = text[i] == '\r' ? '\n' : text[i];
	for (i = 0; i <= n; i++) {
		if (i < n && s[i] != '\n')
			continue;
		if (i < n || i > start)
			list_add_cb(out, s + start,
			    i - start > SERIAL_LINE_MAX ? SERIAL_LINE_MAX : i - start,
			    i - start > SERIAL_LINE_MAX);
		start = i + 1;
	}
}

static size_t
random_text(uint8_t *p)
{
	static const char *const ends[] = {"\r", "\n", "\r\n", "\n\n", "\r\r\n", "\n\r"};
	size_t len = 0, run, i;

	while (len < TEXT_MAX - 6000) {
		run = rand() % 10 == 0 ? (size_t)rand() % 5500 : (size_t)rand() % 90;
		if (rand() % 20 == 0)
			run = SERIAL_LINE_MAX + (size_t)(rand() % 3) - 1;
		for (i = 0; i < run; i++)
			p[len++] = (uint8_t)(rand() % 2 ? rand() % 10 : 128 + rand() % 128);
		run = (size_t)rand() % 6;
		memcpy(p + len, ends[run], strlen(ends[run]));
		len += strlen(ends[run]);
	}
	if (rand() % 2)
		p[len++] = 'x';
	return len;
}

static void
test_random_cuts(void **state)
{
	static uint8_t text[TEXT_MAX];
	static struct list want, got;
	static struct serial_split s;
	size_t len, at, n;
	unsigned seed;

	(void)state;
	for (seed = 1; seed <= 60; seed++) {
		srand(seed);
		len = random_text(text);
		want.len = got.len = 0;
		want.count = got.count = 0;
		reference(text, len, &want);
		serial_split_init(&s);
		for (at = 0; at < len; at += n) {
			n = 1 + (size_t)rand() % (seed % 3 == 0 ? 3 : 4000);
			n = n < len - at ? n : len - at;
			serial_split_feed(&s, text + at, n, list_add_cb, &got);
		}
		serial_split_flush(&s, list_add_cb, &got);
		assert_int_equal(got.count, want.count);
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.buf, want.buf, want.len);
	}
}

static struct list *
feed(struct serial_split *s, const char *text, bool flush)
{
	static struct list l;

	l.len = 0;
	l.count = 0;
	serial_split_feed(s, text, strlen(text), list_add_cb, &l);
	if (flush)
		serial_split_flush(s, list_add_cb, &l);
	l.buf[l.len] = '\0';
	return &l;
}

/* A line end that comes after a flushed line belongs to it; text makes a new line. */
static void
test_flush(void **state)
{
	struct serial_split s;

	(void)state;
	serial_split_init(&s);
	assert_string_equal(feed(&s, "prompt> ", true)->buf, "8:prompt> ");
	assert_false(serial_split_pending(&s));
	assert_string_equal(feed(&s, "\r", false)->buf, "");
	assert_string_equal(feed(&s, "\n", false)->buf, "");
	assert_string_equal(feed(&s, "\n", false)->buf, "0:");
	assert_string_equal(feed(&s, "ab", true)->buf, "2:ab");
	assert_string_equal(feed(&s, "cd\n\n", true)->buf, "2:cd0:");
	assert_string_equal(feed(&s, "", true)->buf, "");
}

static void
test_nul_kept(void **state)
{
	static struct list l;
	struct serial_split s;

	(void)state;
	serial_split_init(&s);
	serial_split_feed(&s, "a\0b\xff\n", 5, list_add_cb, &l);
	assert_int_equal(l.len, 6);
	assert_memory_equal(l.buf, "4:a\0b\xff", 6);
}

/* A line that never ends is given out once, at the cap. */
static void
test_endless(void **state)
{
	static struct list l;
	struct serial_split s;
	int i;

	(void)state;
	serial_split_init(&s);
	for (i = 0; i < 100000; i++)
		serial_split_feed(&s, "0123456789", 10, list_add_cb, &l);
	assert_int_equal(l.count, 1);
	assert_memory_equal(l.buf, "4096!0123", 9);
	serial_split_feed(&s, "\nok\n", 4, list_add_cb, &l);
	assert_int_equal(l.count, 2);
	assert_memory_equal(l.buf + l.len - 4, "2:ok", 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_cuts),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_nul_kept),
		cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests_name("serial_split", tests, NULL, NULL);
}
