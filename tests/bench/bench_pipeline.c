/*
 * Operations through what the coordinator does with them: frame reader, decoder, aggregate,
 * journal on disk. bench_pipeline [OPERATIONS]; of the 10 million by default a million a second and
 * core are wanted, and no more than 2 MB of growth after the first. The workers' part (encoding) is
 * timed apart.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "coordinator/aggregate.h"
#include "coordinator/journal.h"
#include "shared/clock.h"
#include "shared/number.h"
#include "shared/poison.h"

#define BATCH 500
#define MILLION 1000000
#define RATE_HZ 10000
#define PERIOD_US (US_PER_S / RATE_HZ)
#define T0 INT64_C(86400000000)
#define GROWTH_MAX_KB 2048
#define WANTED_HZ 1000000

struct bench {
	struct aggregate *aggregate;
	struct journal *journal;
	char path[1100];
	int64_t seq;
	int64_t encode_ns, take_ns;
	struct frame_reader reader;
	size_t len;
	uint8_t stream[BATCH * 2 * 128];
};

/* Time of this thread on its core: what others do on a busy machine does not count. */
static int64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t
rss_kb(void)
{
	long pages = 0, rss = 0;
	struct rusage usage;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f != NULL && fscanf(f, "%ld %ld", &pages, &rss) != 2)
		rss = 0;
	if (f != NULL)
		fclose(f);
	if (rss > 0)
		return (int64_t)rss * sysconf(_SC_PAGESIZE) / 1024;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void
put(struct bench *b, struct msg *m)
{
	uint8_t frame[FRAME_MAX];
	int n;

	m->seq = ++b->seq;
	n = proto_encode(m, frame, NULL);
	if (n == -1 || b->len + (size_t)n > sizeof(b->stream))
		abort();
	memcpy(b->stream + b->len, frame, (size_t)n);
	b->len += (size_t)n;
}

/* Operation number i as a REST worker tells it, four of five on a kept connection. */
static void
put_op(struct bench *b, int64_t i)
{
	int64_t due = T0 + i * PERIOD_US, took = 3000 + i * 7919 % 20000;
	bool fresh = i % 5 == 0;
	struct msg begin = {.type = MSG_OP_BEGIN,
	    .u.begin = {i + 1, 0, i, i % 4, due, due + 40 + i % 90}};
	struct msg end = {.type = MSG_OP_END, .u.end = {i + 1, due + took, OP_OK, 200, fresh ? 20 : -1,
	    fresh ? 900 : -1, -1, took - 200, 420, {NULL, 0}}};

	put(b, &begin);
	put(b, &end);
}

static int
take_frames(struct bench *b, struct err *e)
{
	const uint8_t *payload;
	struct record r = {0, ROLE_REST, 1, {0}};
	size_t len;
	int rc;

	while ((rc = frame_reader_next(&b->reader, &payload, &len, e)) == 1) {
		if (proto_decode(payload, len, &r.msg, e) == -1 ||
		    aggregate_apply(b->aggregate, &r, e) == -1)
			return -1;
		journal_add(b->journal, &r, payload, len);
	}
	return rc;
}

/* As the coordinator's read callback: what the reader has room for, its frames, a flush. */
static int
take_stream(struct bench *b, struct err *e)
{
	size_t at, n, room;
	uint8_t *p;

	for (at = 0; at < b->len; at += n) {
		room = frame_reader_room(&b->reader, &p);
		n = b->len - at < room ? b->len - at : room;
		memcpy(p, b->stream + at, n);
		frame_reader_added(&b->reader, n);
		if (take_frames(b, e) == -1)
			return -1;
		journal_flush(b->journal);
	}
	b->len = 0;
	return 0;
}

static int
apply_own(struct bench *b, int role, struct msg m, struct err *e)
{
	struct record r = {0, role, role == -1 ? 0 : 1, m};

	r.msg.seq = role == -1 || m.type == MSG_WORKER_START ? 1 : ++b->seq;
	journal_add(b->journal, &r, NULL, 0);
	return aggregate_apply(b->aggregate, &r, e);
}

static int
begin(struct bench *b, int64_t ops, struct err *e)
{
	const struct msg start = {.type = MSG_WORKER_START, .u.worker_start = {T0, 4}};
	const struct msg hello = {.type = MSG_HELLO, .u.hello = {1, ROLE_REST, 1, 4}};
	const struct msg scenario = {.type = MSG_SCENARIO_START, .u.scenario = {0, T0, 0}};
	const char *dir = getenv("TMPDIR");
	struct plan *plan = calloc(1, sizeof(*plan));
	struct scenario *s = &plan->profile.scenario[0];
	int fd;

	snprintf(b->path, sizeof(b->path), "%s/bench_pipeline.XXXXXX", dir != NULL ? dir : "/tmp");
	fd = mkstemp(b->path);
	if (fd == -1)
		return err_set(e, "cannot make %s", b->path);
	fcntl(fd, F_SETFL, O_APPEND);
	plan->device_count = 1;
	plan->profile.scenario_count = 1;
	plan->profile.path_count = 4;
	s->rate_mhz[LOAD_REST] = RATE_HZ * 1000;
	s->duration_us = ops * PERIOD_US;
	b->aggregate = aggregate_new(plan);
	b->journal = journal_new(fd, b->path);
	free(plan);
	frame_reader_init(&b->reader);
	if (apply_own(b, ROLE_REST, start, e) == -1 || apply_own(b, ROLE_REST, hello, e) == -1)
		return -1;
	return apply_own(b, -1, scenario, e);
}

/* A million operations, or what is left; the journal's file begins anew with each million. */
static int64_t
run_million(struct bench *b, int64_t from, int64_t ops, int64_t *bytes, struct err *e)
{
	int64_t until = ops - from < MILLION ? ops : from + MILLION, i = from, t0, t1;
	struct stat st;

	while (i < until) {
		t0 = cpu_ns();
		for (; i < until && b->len + 256 < sizeof(b->stream); i++)
			put_op(b, i);
		t1 = cpu_ns();
		b->encode_ns += t1 - t0;
		if (take_stream(b, e) == -1)
			return -1;
		b->take_ns += cpu_ns() - t1;
	}
	if (stat(b->path, &st) == 0)
		*bytes += st.st_size;
	return until;
}

static int
judge(struct bench *b, int64_t ops, int64_t first_kb, int64_t bytes)
{
	int64_t hz = ops * 1000000000 / b->take_ns, last_kb = rss_kb();
	const struct device_result *d = aggregate_settle(b->aggregate)->device[0];
	bool good = d->scenario[0].load[LOAD_REST].ok == ops &&
	    journal_error(b->journal)[0] == '\0';

	printf("coordinator      %10" PRId64 " operations/s on one core, journal on\n", hz);
	printf("worker's encoder %10" PRId64 " operations/s on one core\n",
	    ops * 1000000000 / b->encode_ns);
	printf("journal          %10" PRId64 " bytes an operation\n", bytes / ops);
	printf("memory           %10" PRId64 " kB after the first million, %" PRId64
	    " kB at the end\n", first_kb, last_kb);
	if (!good)
		printf("not all was counted: %s\n", journal_error(b->journal));
	if (ops > MILLION && (hz < WANTED_HZ || last_kb - first_kb > GROWTH_MAX_KB)) {
		printf("wanted: %d operations/s and no more than %d kB of growth\n", WANTED_HZ,
		    GROWTH_MAX_KB);
		good = false;
	}
	return good ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct bench *b = calloc(1, sizeof(*b));
	int64_t ops = 10 * MILLION, at = 0, first_kb = 0, bytes = 0;
	struct err e = {""};
	int rc = 1;

	if (argc > 1 && number_i64("OPERATIONS", argv[1], 1, 1000000000, &ops, &e) == -1)
		goto out;
	if (b == NULL || begin(b, ops, &e) == -1)
		goto out;
	while (at != -1 && at < ops) {
		at = run_million(b, at, ops, &bytes, &e);
		if (first_kb == 0)
			first_kb = rss_kb();
		if (truncate(b->path, 0) == -1)
			at = -1;
	}
	if (at != -1)
		rc = judge(b, ops, first_kb, bytes);
out:
	if (e.text[0] != '\0')
		printf("%s\n", e.text);
	if (b != NULL) {
		unlink(b->path);
		journal_free(b->journal);
		aggregate_free(b->aggregate);
	}
	free(b);
	return rc;
}
