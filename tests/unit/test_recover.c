/*
 * Recovery of harmed journals: whatever is cut or flipped, the longest good prefix comes out.
 * Where that ends, and what stands in it, a second reader of the format in journal.h says.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "coordinator/recover.h"
#include "journal_fixture.h"
#include "shared/poison.h"

#define RECORDS_MAX 4096
#define FILE_SIZE_MAX (256 * 1024)
#define TAIL (64 * 1024)

struct good {
	int64_t end;		/* offset behind the record */
	int64_t begun, ended;	/* operations up to and with it */
	int64_t parts;		/* of the plan */
};

static char dir[] = "/tmp/test_recover.XXXXXX", path[64];
static uint8_t file[FILE_SIZE_MAX];
static size_t file_len;
static struct good good[RECORDS_MAX];
static int good_count;
static int64_t plan_parts;

/* Record types as their msgpack bytes; the array's head of one byte stands before. */
static void
note_record(const uint8_t *payload, struct good *g)
{
	const uint8_t *type = payload + 1;

	g->begun += type[0] == 18;
	g->ended += type[0] == 19;
	g->parts += type[0] == 64;
}

static void
find_records(void)
{
	struct good g = {JOURNAL_MAGIC_LEN, 0, 0, 0};
	const uint8_t *p;

	for (good_count = 0; (size_t)g.end < file_len; good_count++) {
		p = file + g.end;
		assert_true(good_count < RECORDS_MAX);
		note_record(p + 12, &g);
		g.end += 8 + (p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]);
		good[good_count] = g;
	}
	assert_int_equal(g.end, file_len);
	plan_parts = g.parts;
}

static void
make_journal(int ops, size_t line_len)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	assert_true(fd != -1);
	fixture_journal(dup(fd), ops, line_len);
	n = pread(fd, file, sizeof(file), 0);
	assert_true(n > 0 && (size_t)n < sizeof(file));
	file_len = (size_t)n;
	close(fd);
	find_records();
}

static void
put_file(const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd != -1);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static void
refused(const char *name, const char *words)
{
	struct recovered r;
	struct err e = {""};

	assert_int_equal(recover_read(name, &r, &e), -1);
	assert_null(r.aggregate);
	if (strstr(e.text, words) == NULL || strstr(e.text, dir) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", e.text, words);
}

/* The file at path must give the first n records, with damage unless it ends there. */
static void
check_prefix(int n, bool whole)
{
	const struct load_stats *l;
	struct recovered r;
	struct err e = {""};

	if (n == 0 || good[n - 1].parts < plan_parts) {
		refused(path, n == 0 && !whole ? "" : "plan");
		return;
	}
	if (recover_read(path, &r, &e) == -1)
		fail_msg("%d records: %s", n, e.text);
	assert_int_equal(r.records, n);
	assert_int_equal(r.good_bytes, good[n - 1].end);
	assert_int_equal(r.damage[0] == '\0', whole);
	l = &aggregate_settle(r.aggregate)->device[0]->scenario[0].load[LOAD_REST];
	assert_int_equal(l->sent, good[n - 1].begun);
	assert_int_equal(l->ok + l->errors, good[n - 1].ended);
	assert_int_equal(l->lost, good[n - 1].begun - good[n - 1].ended);
	aggregate_free(r.aggregate);
}

static int
records_within(int64_t len)
{
	int n = 0;

	while (n < good_count && good[n].end <= len)
		n++;
	return n;
}

static void
cut_at(size_t len)
{
	int n = records_within((int64_t)len);

	assert_int_equal(truncate(path, (off_t)len), 0);
	check_prefix(n, n > 0 && good[n - 1].end == (int64_t)len);
}

static void
test_cut_small(void **state)
{
	size_t len;

	(void)state;
	make_journal(6, 30);
	check_prefix(good_count, true);
	for (len = file_len; len-- > JOURNAL_MAGIC_LEN + 1;)
		cut_at(len);
	for (len = 0; len < JOURNAL_MAGIC_LEN; len++) {
		put_file(file, len);
		refused(path, "is not a journal");
	}
	put_file(file, len);
	refused(path, "plan");
}

/* Each byte of the last 64 KiB with LWS_SOAK in the environment, one in 61 without. */
static void
test_cut_last_64k(void **state)
{
	size_t step = getenv("LWS_SOAK") != NULL ? 1 : 61, len;

	(void)state;
	make_journal(150, 384);
	assert_true(file_len > TAIL);
	for (len = file_len; len >= file_len - TAIL; len -= step)
		cut_at(len);
}

static void
flip(size_t at, uint8_t bits)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	uint8_t b = file[at] ^ bits;

	assert_true(fd != -1);
	assert_int_equal(pwrite(fd, &b, 1, (off_t)at), 1);
	if (at < JOURNAL_MAGIC_LEN)
		refused(path, "is not a journal");
	else
		check_prefix(records_within((int64_t)at), false);
	assert_int_equal(pwrite(fd, &file[at], 1, (off_t)at), 1);
	close(fd);
}

static void
test_flip(void **state)
{
	size_t at;

	(void)state;
	make_journal(4, 30);
	for (at = 0; at < file_len; at++) {
		flip(at, 0xff);
		flip(at, (uint8_t)(1 << at % 8));
	}
	check_prefix(good_count, true);
}

static void
test_refused(void **state)
{
	static const char zeros[4096];
	char name[96];
	size_t last;

	(void)state;
	make_journal(1, 1);
	snprintf(name, sizeof(name), "%s/nothing", dir);
	refused(name, strerror(ENOENT));
	refused(dir, "is not a file");
	snprintf(name, sizeof(name), "%s/fifo", dir);
	assert_int_equal(mkfifo(name, 0600), 0);
	refused(name, "is not a file");
	unlink(name);
	put_file("", 0);
	refused(path, "is not a journal");
	put_file(zeros, sizeof(zeros));
	refused(path, "is not a journal");
	put_file("LWSJRNL2", 8);
	refused(path, "is not a journal");
	put_file(file, (size_t)good[0].end);
	refused(path, "plan");
	/* The plan's last part alone: its first is missing. */
	last = (size_t)(good[plan_parts - 1].end - good[plan_parts - 2].end);
	memmove(file + JOURNAL_MAGIC_LEN, file + good[plan_parts - 2].end, last);
	put_file(file, JOURNAL_MAGIC_LEN + last);
	refused(path, "plan");
}

/* 8 GiB of nothing behind a magic, and behind a good journal: neither is read to its end. */
static void
test_huge(void **state)
{
	off_t size = (off_t)8 << 30;
	struct recovered r;
	struct err e;

	(void)state;
	make_journal(3, 9);
	put_file(JOURNAL_MAGIC, JOURNAL_MAGIC_LEN);
	assert_int_equal(truncate(path, size), 0);
	refused(path, "plan");
	put_file(file, file_len);
	assert_int_equal(truncate(path, size), 0);
	assert_int_equal(recover_read(path, &r, &e), 0);
	assert_int_equal(r.good_bytes, file_len);
	assert_int_equal(r.file_bytes, size);
	assert_string_equal(r.damage, "a record of 0 bytes");
	aggregate_free(r.aggregate);
}

static int
make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/journal", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_small),
		cmocka_unit_test(test_cut_last_64k),
		cmocka_unit_test(test_flip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_huge),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
