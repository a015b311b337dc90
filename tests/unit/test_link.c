/* worker/link on real pipes: order, one write a turn, and what a full pipe costs. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/fd.h"
#include "worker/link.h"
#include "shared/poison.h"

#define RING_SIZE (1024 * 1024)

struct fixture {
	struct event_base *base;
	struct link *link;
	int control[2], samples[2];
	struct frame_reader reader;
	int64_t frames, seq, holes;
	struct msg last;
};

static const struct link_handler no_handler;

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || fd_pipe(f->control) == -1 || fd_pipe(f->samples) == -1)
		return -1;
	f->base = event_base_new();
	frame_reader_init(&f->reader);
	f->link = link_new(f->base, f->control[0], f->samples[1], ROLE_REST, 3, &no_handler, f);
	*state = f;
	return f->link == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	int i;

	link_free(f->link);
	event_base_free(f->base);
	for (i = 0; i < 2; i++) {
		fd_close(&f->control[i]);
		fd_close(&f->samples[i]);
	}
	free(f);
	return 0;
}

/* Read what is in the pipe; true if there was something. */
static bool
drain(struct fixture *f)
{
	const uint8_t *payload;
	uint8_t *p;
	size_t len, room = frame_reader_room(&f->reader, &p);
	ssize_t n = read(f->samples[0], p, room);

	if (n <= 0)
		return false;
	frame_reader_added(&f->reader, (size_t)n);
	while (frame_reader_next(&f->reader, &payload, &len, NULL) == 1) {
		assert_int_equal(proto_decode(payload, len, &f->last, NULL), 0);
		f->holes += f->last.seq - f->seq - 1;
		f->seq = f->last.seq;
		f->frames++;
	}
	return true;
}

static void
test_hello_first(void **state)
{
	struct fixture *f = *state;

	assert_true(drain(f));
	assert_int_equal(f->frames, 1);
	assert_int_equal(f->last.type, MSG_HELLO);
	assert_int_equal(f->last.u.hello.generation, 3);
	assert_int_equal(f->last.u.hello.version, PROTO_VERSION);
}

/* Frames wait for the end of the turn; OP_BEGIN does not, and takes along what is before it. */
static void
test_flush(void **state)
{
	struct fixture *f = *state;
	struct msg_op_begin begin = {.sent_us = 1};

	drain(f);
	link_event(f->link, -1, EV_NOTE, 0, "one");
	assert_false(drain(f));
	assert_int_equal(link_op_begin(f->link, &begin), 1);
	assert_true(drain(f));
	assert_int_equal(f->frames, 3);
	assert_int_equal(f->last.type, MSG_OP_BEGIN);
	link_event(f->link, -1, EV_NOTE, 0, "two");
	assert_false(drain(f));
	event_base_loop(f->base, EVLOOP_NONBLOCK);
	assert_true(drain(f));
	assert_int_equal(f->frames, 4);
	assert_int_equal(f->holes, 0);
}

/* Nobody reads: nothing blocks, memory is bounded, and every frame that is missing is counted. */
static void
test_full_pipe(void **state)
{
	struct fixture *f = *state;
	struct msg_op_begin begin = {.sent_us = 1};
	const int many = 100000;
	int i;

	for (i = 0; i < many; i++)
		link_op_begin(f->link, &begin);
	while (drain(f))
		event_base_loop(f->base, EVLOOP_NONBLOCK);
	assert_true(f->holes == 0);
	assert_true(f->frames < many);
	link_final(f->link);
	event_base_loop(f->base, EVLOOP_NONBLOCK);
	assert_true(drain(f));
	assert_int_equal(f->last.type, MSG_FINAL);
	assert_int_equal(f->last.u.counters.begun, many);
	assert_true(f->holes > 0);
	assert_int_equal(f->last.u.counters.frames_dropped, f->holes);
	assert_int_equal(f->frames + f->holes, 1 + many + 1);
	assert_true(f->last.u.counters.ring_peak_bytes <= RING_SIZE);
	assert_true(f->last.u.counters.ring_peak_bytes > RING_SIZE - FRAME_MAX);
}

/* A number out of its range is a dropped frame, not the worker's end. */
static void
test_bad_number(void **state)
{
	struct fixture *f = *state;

	drain(f);
	link_telemetry(f->link, clock_mono(), 64, METRIC_HEAP, 1);
	link_telemetry(f->link, clock_mono(), 1, METRIC_HEAP, 1);
	link_flush(f->link);
	drain(f);
	assert_int_equal(f->holes, 1);
	assert_int_equal(f->last.type, MSG_TELEMETRY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hello_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_pipe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_number, setup, teardown),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
