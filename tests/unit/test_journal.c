/* The journal's bytes, taken apart by a second, naive reader of the format in journal.h. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "coordinator/journal.h"
#include "shared/poison.h"

#define FILE_MAX (4 * 1024 * 1024)

static uint8_t file[FILE_MAX];

/* CRC-32C (Castagnoli), bit by bit. */
static uint32_t
naive_crc(const uint8_t *p, size_t len)
{
	uint32_t crc = 0xffffffff;
	int bit;

	for (; len > 0; len--)
		for (crc ^= *p++, bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	return ~crc;
}

static uint32_t
u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The payload of the record at *at, checked; NULL at the end of the file. */
static const uint8_t *
next_record(size_t *at, size_t end, const uint8_t **head, size_t *len)
{
	const uint8_t *p = file + *at;

	if (*at == end)
		return NULL;
	assert_true(end - *at >= 8);
	*len = u32(p);
	assert_true(*len >= 4 && *len <= end - *at - 8);
	assert_int_equal(u32(p + 4), naive_crc(p + 8, *len));
	*head = p + 8;
	*at += 8 + *len;
	*len -= 4;
	return p + 12;
}

static char temp[32];

static int
temp_file(void)
{
	int fd;

	snprintf(temp, sizeof(temp), "/tmp/test_journal.XXXXXX");
	fd = mkstemp(temp);
	assert_true(fd != -1);
	return fd;
}

static size_t
read_back(int fd)
{
	ssize_t n = pread(fd, file, sizeof(file), 0);

	unlink(temp);
	assert_true(n >= JOURNAL_MAGIC_LEN);
	assert_memory_equal(file, JOURNAL_MAGIC, JOURNAL_MAGIC_LEN);
	return (size_t)n;
}

static struct record
note_of(int i)
{
	static const char text[] = "a note for the report, as long as it takes";

	return (struct record){i % 3, i % 4 - 1, i * 37 % 65536, {.type = MSG_NOTE, .seq = i + 1,
	    .u.note = {i, {(const uint8_t *)text, (size_t)i % sizeof(text)}}}};
}

/* More records than the buffer holds, each as payload or encoded here, flushed by chance. */
static void
test_records(void **state)
{
	int fd = temp_file(), own = dup(fd), i;
	struct journal *j = journal_new(own, "x");
	uint8_t frame[FRAME_MAX];
	const uint8_t *head, *payload;
	size_t at = JOURNAL_MAGIC_LEN, end, len;
	struct record r;
	int n;

	(void)state;
	for (i = 0; i < 5000; i++) {
		r = note_of(i);
		n = proto_encode(&r.msg, frame, NULL);
		if (i % 2)
			journal_add(j, &r, frame + FRAME_HEADER, (size_t)n - FRAME_HEADER);
		else
			journal_add(j, &r, NULL, 0);
		if (i % 333 == 0)
			journal_flush(j);
		if (i % 1000 == 0)
			journal_sync(j);
	}
	assert_string_equal(journal_error(j), "");
	journal_free(j);
	end = read_back(fd);
	for (i = 0; i < 5000; i++) {
		r = note_of(i);
		n = proto_encode(&r.msg, frame, NULL);
		payload = next_record(&at, end, &head, &len);
		assert_non_null(payload);
		assert_int_equal(len, n - FRAME_HEADER);
		assert_memory_equal(payload, frame + FRAME_HEADER, len);
		assert_int_equal(head[0], r.device);
		assert_int_equal(head[1], r.role == -1 ? 0xff : r.role);
		assert_int_equal(head[2] << 8 | head[3], r.generation);
	}
	assert_null(next_record(&at, end, &head, &len));
	close(fd);
}

static void
test_plan_comes_first(void **state)
{
	static struct plan in, out;
	static char text[65536];
	int fd = temp_file(), parts = 0;
	struct journal *j = journal_new(dup(fd), "x");
	const uint8_t *head, *payload;
	size_t at = JOURNAL_MAGIC_LEN, end, len, used = 0;
	struct err e = {""};
	struct msg m;

	(void)state;
	assert_int_equal(profile_load("stress", &in.profile, NULL), 0);
	in.device_count = 1;
	in.rest_timeout_ms = in.connect_timeout_ms = in.ws_timeout_ms = in.preflight_timeout_ms = 1;
	snprintf(in.device[0].url, sizeof(in.device[0].url), "http://h");
	journal_plan(j, &in);
	journal_free(j);
	end = read_back(fd);
	for (; (payload = next_record(&at, end, &head, &len)) != NULL; parts++) {
		assert_int_equal(proto_decode(payload, len, &m, &e), 0);
		assert_int_equal(m.type, MSG_RUN);
		assert_int_equal(m.u.run.part, parts);
		assert_int_equal(m.seq, parts + 1);
		memcpy(text + used, m.u.run.data.p, m.u.run.data.len);
		used += m.u.run.data.len;
		assert_int_equal(head[1], 0xff);
	}
	assert_int_equal(m.u.run.parts, parts);
	if (plan_decode(text, used, &out, &e) == -1)
		fail_msg("%s", e.text);
	assert_memory_equal(&in, &out, sizeof(in));
	close(fd);
}

/* Told once, with path and reason; what comes after is dropped, and nothing crashes. */
static void
test_full_disk(void **state)
{
	struct journal *j = journal_new(open("/dev/full", O_WRONLY | O_CLOEXEC), "some.journal");
	struct record r = note_of(7);
	char first[512];
	int i;

	(void)state;
	journal_add(j, &r, NULL, 0);
	assert_string_equal(journal_error(j), "");
	journal_flush(j);
	assert_non_null(strstr(journal_error(j), "some.journal"));
	assert_non_null(strstr(journal_error(j), "No space"));
	snprintf(first, sizeof(first), "%s", journal_error(j));
	for (i = 0; i < 5000; i++)
		journal_add(j, &r, NULL, 0);
	journal_sync(j);
	assert_string_equal(journal_error(j), first);
	journal_free(j);
}

/* A run goes on without its journal, but does not keep that to itself. */
static void
test_removed(void **state)
{
	struct journal *j = journal_new(temp_file(), "some.journal");
	struct record r = note_of(7);

	(void)state;
	journal_add(j, &r, NULL, 0);
	journal_sync(j);
	assert_string_equal(journal_error(j), "");
	unlink(temp);
	journal_add(j, &r, NULL, 0);
	journal_sync(j);
	assert_string_equal(journal_error(j), "some.journal was removed in mid-run");
	journal_free(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_plan_comes_first),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
