/* Frames a second through encode, frame reader (which walks) and decode, on one core. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/proto.h"
#include "shared/poison.h"

#define ROUNDS 2000
#define PAIRS 500

static uint8_t stream[2 * PAIRS * 96];

static void
report(const char *what, int64_t frames, struct mono begin)
{
	int64_t us = mono_sub(clock_mono(), begin);

	printf("%-16s %10" PRId64 " frames/s\n", what, frames * US_PER_S / (us > 0 ? us : 1));
}

/* A pair of frames as a run sends them: one operation's begin and end. */
static size_t
encode_pairs(void)
{
	struct msg begin = {.type = MSG_OP_BEGIN}, end = {.type = MSG_OP_END};
	int64_t i, now = INT64_C(86400000000);
	uint8_t frame[FRAME_MAX];
	size_t len = 0;
	int n;

	for (i = 1; i <= PAIRS; i++, now += 50000) {
		begin.seq = 2 * i - 1;
		begin.u.begin = (struct msg_op_begin){i, 1, i - 1, i % 4, now, now + 60};
		n = proto_encode(&begin, frame, NULL);
		memcpy(stream + len, frame, (size_t)n);
		len += (size_t)n;
		end.seq = 2 * i;
		end.u.end = (struct msg_op_end){.id = i,
		    .end_us = now + 9000,
		    .status = 200,
		    .dns_us = -1,
		    .connect_us = -1,
		    .tls_us = -1,
		    .first_byte_us = 8000,
		    .bytes = 420};
		n = proto_encode(&end, frame, NULL);
		memcpy(stream + len, frame, (size_t)n);
		len += (size_t)n;
	}
	return len;
}

/* Feed the stream to a reader; decode each frame if asked. Returns the frames seen. */
static int64_t
read_stream(size_t len, int decode)
{
	static struct frame_reader r;
	const uint8_t *payload;
	size_t at = 0, n;
	int64_t frames = 0;
	struct msg m;
	uint8_t *p;

	frame_reader_init(&r);
	while (at < len) {
		n = frame_reader_room(&r, &p);
		n = n < len - at ? n : len - at;
		memcpy(p, stream + at, n);
		frame_reader_added(&r, n);
		at += n;
		while (frame_reader_next(&r, &payload, &n, NULL) == 1) {
			if (decode && proto_decode(payload, n, &m, NULL) == -1)
				return -1;
			frames++;
		}
	}
	return frames;
}

int
main(void)
{
	struct mono begin = clock_mono();
	int64_t frames = 0;
	size_t len = 0;
	int i, decode;

	for (i = 0; i < ROUNDS; i++)
		len = encode_pairs();
	report("encode", (int64_t)ROUNDS * 2 * PAIRS, begin);
	for (decode = 0; decode <= 1; decode++) {
		begin = clock_mono();
		for (i = 0, frames = 0; i < ROUNDS; i++)
			frames += read_stream(len, decode);
		report(decode ? "walk and decode" : "walk", frames, begin);
	}
	return frames == (int64_t)ROUNDS * 2 * PAIRS ? 0 : 1;
}
