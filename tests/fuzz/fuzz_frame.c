/*
 * The frame reader and the decoder, fed as the coordinator feeds them, in pieces whose size the first
 * byte chooses. What decodes encodes again to a frame that decodes to the same.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/proto.h"
#include "shared/poison.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(x) do { if (!(x)) abort(); } while (0)

/* Our own encoding is canonical: decoded and encoded once more it gives the same bytes. */
static void
check_again(const struct msg *m)
{
	uint8_t frame[FRAME_MAX], again[FRAME_MAX];
	struct msg back;
	struct err e;
	int n;

	n = proto_encode(m, frame, &e);
	CHECK(n > FRAME_HEADER && n <= FRAME_MAX);
	CHECK(frame_walk(frame + FRAME_HEADER, (size_t)n - FRAME_HEADER, &e) == 0);
	CHECK(proto_decode(frame + FRAME_HEADER, (size_t)n - FRAME_HEADER, &back, &e) == 0);
	CHECK(back.type == m->type && back.seq == m->seq);
	CHECK(proto_encode(&back, again, &e) == n && memcmp(frame, again, (size_t)n) == 0);
	CHECK(msg_direction(m->type) != MSG_NONE);
}

/* false: the stream is bad. */
static int
take_frames(struct frame_reader *r)
{
	const uint8_t *payload;
	struct msg m;
	struct err e;
	size_t len;
	int rc;

	while ((rc = frame_reader_next(r, &payload, &len, &e)) == 1) {
		CHECK(len >= 1 && len <= FRAME_PAYLOAD_MAX);
		if (proto_decode(payload, len, &m, &e) == 0)
			check_again(&m);
	}
	return rc == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct frame_reader *r;
	size_t piece, room, n, i;
	uint8_t *p;

	if (len < 1 || len > 65536)
		return 0;
	r = malloc(sizeof(*r));
	CHECK(r != NULL);
	frame_reader_init(r);
	piece = data[0] > 0 ? data[0] : 4096;
	for (i = 1; i < len; i += n) {
		room = frame_reader_room(r, &p);
		CHECK(room > 0);
		n = len - i < piece ? len - i : piece;
		n = n < room ? n : room;
		memcpy(p, data + i, n);
		frame_reader_added(r, n);
		if (!take_frames(r))
			break;
		CHECK(frame_reader_pending(r) < FRAME_MAX);
	}
	free(r);
	return 0;
}
