/* frame and proto against hand-made msgpack bytes (the spec's own formats). */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/proto.h"
#include "shared/poison.h"

static void
test_begin_bytes(void **state)
{
	/* array of 8: 18, 7, 1, 0, 5, 2, -1, 300 */
	static const uint8_t want[] = {0, 0, 0, 11, 0x98, 18, 7, 1, 0, 5, 2, 0xff, 0xcd, 1, 44};
	struct msg m = {.type = MSG_OP_BEGIN, .seq = 7};
	uint8_t out[FRAME_MAX];
	struct msg back;
	int n;

	(void)state;
	m.u.begin = (struct msg_op_begin){.id = 1, .slot = 5, .kind = 2, .due_us = -1, .sent_us = 300};
	n = proto_encode(&m, out, NULL);
	assert_int_equal(n, (int)sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
	assert_int_equal(proto_decode(want + 4, sizeof(want) - 4, &back, NULL), 0);
	assert_int_equal(back.u.begin.due_us, -1);
	assert_int_equal(back.u.begin.sent_us, 300);
}

static void
test_out_of_range(void **state)
{
	struct msg m = {.type = MSG_OP_BEGIN, .seq = 1};
	uint8_t out[FRAME_MAX];
	struct err e;

	(void)state;
	m.u.begin.id = 0;
	assert_int_equal(proto_encode(&m, out, &e), -1);
	assert_string_equal(e.text, "OP_BEGIN: begin.id is 0, out of its range");
}

static void
test_walk_rejects(void **state)
{
	static const uint8_t huge[] = {0xdd, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t bin[] = {0x91, 0xc6, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t deep[] = {0x91, 0x91, 0x91, 0x91, 0x91, 1};
	static const uint8_t tail[] = {0x91, 1, 2};
	static const uint8_t never[] = {0x91, 0xc1};
	static const uint8_t map[] = {0xdf, 0, 0, 0, 0};
	static const uint8_t good[] = {0x92, 0x81, 1, 0x90, 0xa1, 'x'};

	(void)state;
	assert_int_equal(frame_walk(huge, sizeof(huge), NULL), -1);
	assert_int_equal(frame_walk(bin, sizeof(bin), NULL), -1);
	assert_int_equal(frame_walk(deep, sizeof(deep), NULL), -1);
	assert_int_equal(frame_walk(tail, sizeof(tail), NULL), -1);
	assert_int_equal(frame_walk(never, sizeof(never), NULL), -1);
	assert_int_equal(frame_walk(map, sizeof(map), NULL), -1);
	assert_int_equal(frame_walk(huge, 0, NULL), -1);
	assert_int_equal(frame_walk(good, sizeof(good), NULL), 0);
}

/* A stream cut at every byte gives the same frames. */
static void
test_reader_cuts(void **state)
{
	struct msg m = {.type = MSG_EVENT, .seq = 1}, back;
	uint8_t stream[3 * FRAME_MAX], *p;
	static struct frame_reader r;
	const uint8_t *payload;
	size_t total = 0, i, len;
	int frames = 0;

	(void)state;
	m.u.event.text = (struct span){(const uint8_t *)"hello", 5};
	for (; m.seq <= 3; m.seq++)
		total += (size_t)proto_encode(&m, stream + total, NULL);
	frame_reader_init(&r);
	for (i = 0; i < total; i++) {
		assert_true(frame_reader_room(&r, &p) > 0);
		*p = stream[i];
		frame_reader_added(&r, 1);
		while (frame_reader_next(&r, &payload, &len, NULL) == 1) {
			assert_int_equal(proto_decode(payload, len, &back, NULL), 0);
			assert_int_equal(back.seq, ++frames);
			assert_int_equal(back.u.event.text.len, 5);
		}
	}
	assert_int_equal(frames, 3);
	assert_int_equal(frame_reader_pending(&r), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin_bytes),
		cmocka_unit_test(test_out_of_range),
		cmocka_unit_test(test_walk_rejects),
		cmocka_unit_test(test_reader_cuts),
	};

	return cmocka_run_group_tests_name("proto", tests, NULL, NULL);
}
