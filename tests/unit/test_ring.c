/* worker/ring against a plain list of the frames that went in. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/frame.h"
#include "worker/ring.h"
#include "shared/poison.h"

#define SIZE 2048
#define MANY 4096

struct model {
	size_t len[MANY];
	unsigned char fill[MANY];
	size_t in, out;
};

static uint32_t
next_random(uint32_t *s)
{
	*s = *s * 1664525 + 1013904223;
	return *s >> 8;
}

static void
put(struct ring *r, struct model *m, size_t len, unsigned char fill)
{
	uint8_t frame[FRAME_MAX];

	memset(frame, fill, sizeof(frame));
	frame_header(frame, len - FRAME_HEADER);
	if (!ring_put(r, frame, len))
		return;
	m->len[m->in] = len;
	m->fill[m->in++] = fill;
}

/* Take one batch and compare it byte by byte with the frames that are next. */
static size_t
take(struct ring *r, struct model *m, size_t max)
{
	struct iovec iov[2];
	uint8_t flat[SIZE];
	size_t len, at = 0;
	int n = ring_batch(r, max, iov, &len);

	if (n == 0)
		return 0;
	assert_true(len <= max && len <= sizeof(flat));
	memcpy(flat, iov[0].iov_base, iov[0].iov_len);
	if (n == 2)
		memcpy(flat + iov[0].iov_len, iov[1].iov_base, iov[1].iov_len);
	assert_int_equal(len, iov[0].iov_len + (n == 2 ? iov[1].iov_len : 0));
	while (at < len) {
		assert_true(m->out < m->in);
		assert_int_equal(flat[at + 2] << 8 | flat[at + 3], m->len[m->out] - FRAME_HEADER);
		assert_int_equal(flat[at + m->len[m->out] - 1], m->fill[m->out]);
		at += m->len[m->out++];
	}
	assert_int_equal(at, len);
	ring_drop(r, len);
	return len;
}

static void
test_random_traffic(void **state)
{
	static struct model m;
	uint32_t seed = 7;
	struct ring r;
	size_t i, held = 0, peak = 0, k;

	(void)state;
	assert_int_equal(ring_init(&r, SIZE), 0);
	for (i = 0; i < MANY; i++) {
		put(&r, &m, 5 + next_random(&seed) % (FRAME_MAX - 4), (unsigned char)i);
		for (held = 0, k = m.out; k < m.in; k++)
			held += m.len[k];
		assert_int_equal(ring_held(&r), held);
		peak = held > peak ? held : peak;
		if (next_random(&seed) % 3 == 0)
			take(&r, &m, FRAME_MAX + next_random(&seed) % 1024);
	}
	while (take(&r, &m, FRAME_MAX) > 0)
		continue;
	assert_int_equal(m.out, m.in);
	assert_int_equal(ring_held(&r), 0);
	assert_int_equal(r.peak, peak);
	ring_free(&r);
}

static void
test_full(void **state)
{
	static struct model m;
	struct ring r;

	(void)state;
	assert_int_equal(ring_init(&r, 1024), 0);
	put(&r, &m, 512, 1);
	put(&r, &m, 512, 2);
	put(&r, &m, 5, 3);
	assert_int_equal(m.in, 2);
	assert_int_equal(take(&r, &m, 512), 512);
	put(&r, &m, 512, 4);
	assert_int_equal(m.in, 3);
	assert_int_equal(take(&r, &m, 1024), 1024);
	ring_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_traffic),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
