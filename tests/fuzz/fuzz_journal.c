/*
 * Recovery of a file of any bytes. A first byte of 1 gives the records behind it right checksums,
 * so that what is behind the CRC is reached too; any other leaves them as they are.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coordinator/journal.h"
#include "coordinator/recover.h"
#include "coordinator/verdict.h"
#include "shared/crc32c.h"
#include "shared/poison.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(x) do { if (!(x)) abort(); } while (0)

static void
mend(uint8_t *p, size_t len)
{
	size_t at, n;
	uint32_t crc;
	int i;

	for (at = JOURNAL_MAGIC_LEN; at + 8 <= len; at += 8 + n) {
		n = (size_t)p[at] << 24 | (size_t)p[at + 1] << 16 | (size_t)p[at + 2] << 8 | p[at + 3];
		if (n > len - at - 8)
			return;
		crc = crc32c(0, p + at + 8, n);
		for (i = 0; i < 4; i++)
			p[at + 4 + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
	}
}

static void
check(struct recovered *r, size_t len)
{
	const struct run_result *result = aggregate_settle(r->aggregate);
	struct verdict *v = malloc(sizeof(*v));
	const struct load_stats *l;
	char *json, *md;
	int i, k;

	CHECK(r->good_bytes <= (int64_t)len && r->file_bytes == (int64_t)len);
	for (i = 0; i < result->plan.profile.scenario_count; i++) {
		for (k = 0; k < LOAD_COUNT; k++) {
			l = &result->device[0]->scenario[i].load[k];
			CHECK(l->sent == l->ok + l->errors + l->lost);
		}
	}
	CHECK(v != NULL);
	verdict_eval(result, 0, v);
	json = report_json(result, 0, v);
	md = report_md(result, 0, v);
	CHECK(json != NULL && md != NULL);
	free(json);
	free(md);
	free(v);
}

static char path[] = "/tmp/fuzz_journal.XXXXXX";

static void
remove_file(void)
{
	unlink(path);
}

/* One file for all inputs. */
static int
empty_file(void)
{
	static int fd = -1;

	if (fd == -1) {
		fd = mkstemp(path);
		atexit(remove_file);
	}
	CHECK(fd != -1 && ftruncate(fd, 0) == 0);
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct recovered r;
	struct err e;
	uint8_t *copy;
	int fd;

	if (len < 1 || len > 262144)
		return 0;
	copy = malloc(len);
	fd = empty_file();
	CHECK(copy != NULL);
	memcpy(copy, data + 1, --len);
	if (data[0] == 1)
		mend(copy, len);
	CHECK(pwrite(fd, copy, len, 0) == (ssize_t)len);
	if (recover_read(path, &r, &e) == 0) {
		check(&r, len);
		aggregate_free(r.aggregate);
	}
	free(copy);
	return 0;
}
