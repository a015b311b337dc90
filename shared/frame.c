/*
 * Cutting and checking of frames. Runs in every process; the coordinator feeds it bytes from
 * workers it does not trust, so nothing is believed before it was compared with what is there.
 */
#include "config.h"

#include "shared/frame.h"

#include <stdbool.h>
#include <string.h>

#include "shared/poison.h"

#define WALK_DEPTH 4

struct cursor {
	const uint8_t *p;
	size_t left;
};

static bool
take_be(struct cursor *c, size_t n, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (c->left < n)
		return false;
	for (i = 0; i < n; i++)
		v = v << 8 | c->p[i];
	c->p += n;
	c->left -= n;
	*out = v;
	return true;
}

static bool
skip(struct cursor *c, uint64_t n)
{
	if (n > c->left)
		return false;
	c->p += n;
	c->left -= (size_t)n;
	return true;
}

/*
 * The msgpack format table (spec, "Formats"): for each first byte how many bytes of length
 * follow, how many bytes of content, and how many elements (counted by the length if LEN_*).
 */
enum shape { SHAPE_BYTES, SHAPE_LEN_BYTES, SHAPE_LEN_ITEMS, SHAPE_LEN_PAIRS, SHAPE_BAD };

struct format {
	uint8_t shape;
	uint8_t len_size;
	uint8_t extra;	/* fixed bytes besides the length */
};

static const struct format formats[0xe0 - 0xc0] = {
	[0xc0 - 0xc0] = {SHAPE_BYTES, 0, 0},	/* nil */
	[0xc1 - 0xc0] = {SHAPE_BAD, 0, 0},	/* never used */
	[0xc2 - 0xc0] = {SHAPE_BYTES, 0, 0},	/* false */
	[0xc3 - 0xc0] = {SHAPE_BYTES, 0, 0},	/* true */
	[0xc4 - 0xc0] = {SHAPE_LEN_BYTES, 1, 0},	/* bin 8, 16, 32 */
	[0xc5 - 0xc0] = {SHAPE_LEN_BYTES, 2, 0},
	[0xc6 - 0xc0] = {SHAPE_LEN_BYTES, 4, 0},
	[0xc7 - 0xc0] = {SHAPE_LEN_BYTES, 1, 1},	/* ext 8, 16, 32 */
	[0xc8 - 0xc0] = {SHAPE_LEN_BYTES, 2, 1},
	[0xc9 - 0xc0] = {SHAPE_LEN_BYTES, 4, 1},
	[0xca - 0xc0] = {SHAPE_BYTES, 0, 4},	/* float 32, 64 */
	[0xcb - 0xc0] = {SHAPE_BYTES, 0, 8},
	[0xcc - 0xc0] = {SHAPE_BYTES, 0, 1},	/* uint 8 to 64 */
	[0xcd - 0xc0] = {SHAPE_BYTES, 0, 2},
	[0xce - 0xc0] = {SHAPE_BYTES, 0, 4},
	[0xcf - 0xc0] = {SHAPE_BYTES, 0, 8},
	[0xd0 - 0xc0] = {SHAPE_BYTES, 0, 1},	/* int 8 to 64 */
	[0xd1 - 0xc0] = {SHAPE_BYTES, 0, 2},
	[0xd2 - 0xc0] = {SHAPE_BYTES, 0, 4},
	[0xd3 - 0xc0] = {SHAPE_BYTES, 0, 8},
	[0xd4 - 0xc0] = {SHAPE_BYTES, 0, 2},	/* fixext 1 to 16 */
	[0xd5 - 0xc0] = {SHAPE_BYTES, 0, 3},
	[0xd6 - 0xc0] = {SHAPE_BYTES, 0, 5},
	[0xd7 - 0xc0] = {SHAPE_BYTES, 0, 9},
	[0xd8 - 0xc0] = {SHAPE_BYTES, 0, 17},
	[0xd9 - 0xc0] = {SHAPE_LEN_BYTES, 1, 0},	/* str 8, 16, 32 */
	[0xda - 0xc0] = {SHAPE_LEN_BYTES, 2, 0},
	[0xdb - 0xc0] = {SHAPE_LEN_BYTES, 4, 0},
	[0xdc - 0xc0] = {SHAPE_LEN_ITEMS, 2, 0},	/* array 16, 32 */
	[0xdd - 0xc0] = {SHAPE_LEN_ITEMS, 4, 0},
	[0xde - 0xc0] = {SHAPE_LEN_PAIRS, 2, 0},	/* map 16, 32 */
	[0xdf - 0xc0] = {SHAPE_LEN_PAIRS, 4, 0},
};

/* Read one object's head and skip its own bytes; *items gets the number of objects inside it. */
static bool
walk_head(struct cursor *c, uint64_t *items, bool *is_array)
{
	const struct format *f;
	uint64_t b, n = 0;

	*items = 0;
	*is_array = false;
	if (!take_be(c, 1, &b))
		return false;
	if (b <= 0x7f || b >= 0xe0)
		return true;
	if (b <= 0x8f) {
		*items = 2 * (b & 0x0f);
		return true;
	}
	if (b <= 0x9f) {
		*is_array = true;
		*items = b & 0x0f;
		return true;
	}
	if (b <= 0xbf)
		return skip(c, b & 0x1f);
	f = &formats[b - 0xc0];
	if (f->shape == SHAPE_BAD || !take_be(c, f->len_size, &n))
		return false;
	if (f->shape == SHAPE_BYTES || f->shape == SHAPE_LEN_BYTES)
		return skip(c, n + f->extra);
	*is_array = f->shape == SHAPE_LEN_ITEMS;
	*items = f->shape == SHAPE_LEN_PAIRS ? 2 * n : n;
	return true;
}

int
frame_walk(const uint8_t *payload, size_t len, struct err *e)
{
	struct cursor c = {payload, len};
	uint64_t left[WALK_DEPTH], items;
	bool is_array;
	int depth = 0;

	if (!walk_head(&c, &items, &is_array) || !is_array)
		return err_set(e, "frame of %zu bytes is not a msgpack array", len);
	left[0] = items;
	while (depth >= 0) {
		if (left[depth] == 0) {
			depth--;
			continue;
		}
		if (left[depth] > c.left)
			return err_set(e, "frame announces more elements than its %zu bytes", len);
		left[depth]--;
		if (!walk_head(&c, &items, &is_array))
			return err_set(e, "frame of %zu bytes is cut or malformed", len);
		if (items == 0)
			continue;
		if (++depth == WALK_DEPTH)
			return err_set(e, "frame is nested deeper than %d", WALK_DEPTH);
		left[depth] = items;
	}
	if (c.left != 0)
		return err_set(e, "frame has %zu bytes behind its array", c.left);
	return 0;
}

void
frame_header(uint8_t out[FRAME_HEADER], size_t len)
{
	out[0] = (uint8_t)(len >> 24);
	out[1] = (uint8_t)(len >> 16);
	out[2] = (uint8_t)(len >> 8);
	out[3] = (uint8_t)len;
}

void
frame_reader_init(struct frame_reader *r)
{
	r->start = r->end = 0;
}

size_t
frame_reader_room(struct frame_reader *r, uint8_t **p)
{
	if (r->start > 0) {
		memmove(r->buf, r->buf + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	*p = r->buf + r->end;
	return sizeof(r->buf) - r->end;
}

void
frame_reader_added(struct frame_reader *r, size_t n)
{
	r->end += n;
}

int
frame_reader_next(struct frame_reader *r, const uint8_t **payload, size_t *len, struct err *e)
{
	struct cursor c = {r->buf + r->start, r->end - r->start};
	uint64_t n;

	if (!take_be(&c, FRAME_HEADER, &n))
		return 0;
	if (n == 0 || n > FRAME_PAYLOAD_MAX)
		return err_set(e, "frame of %llu bytes; 1 to %d are allowed", (unsigned long long)n,
		    FRAME_PAYLOAD_MAX);
	if (c.left < n)
		return 0;
	if (frame_walk(c.p, (size_t)n, e) == -1)
		return -1;
	*payload = c.p;
	*len = (size_t)n;
	r->start += FRAME_HEADER + (size_t)n;
	return 1;
}

size_t
frame_reader_pending(const struct frame_reader *r)
{
	return r->end - r->start;
}
