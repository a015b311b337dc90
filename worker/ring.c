/* Bytes wrap around; the two pieces of a batch go out in one writev, which a pipe keeps whole. */
#include "config.h"

#include "worker/ring.h"

#include <stdlib.h>
#include <string.h>

#include "shared/frame.h"
#include "shared/poison.h"

int
ring_init(struct ring *r, size_t size)
{
	*r = (struct ring){.buf = malloc(size), .size = size};
	return r->buf == NULL ? -1 : 0;
}

void
ring_free(struct ring *r)
{
	free(r->buf);
	r->buf = NULL;
}

size_t
ring_held(const struct ring *r)
{
	return r->tail - r->head;
}

bool
ring_put(struct ring *r, const uint8_t *frame, size_t len)
{
	size_t at = r->tail & (r->size - 1);
	size_t first = r->size - at < len ? r->size - at : len;

	if (len > r->size - ring_held(r))
		return false;
	memcpy(r->buf + at, frame, first);
	memcpy(r->buf, frame + first, len - first);
	r->tail += len;
	if (ring_held(r) > r->peak)
		r->peak = ring_held(r);
	return true;
}

/* Length of the frame that begins at count `at`, header included. */
static size_t
frame_len(const struct ring *r, size_t at)
{
	size_t n = 0, i;

	for (i = 0; i < FRAME_HEADER; i++)
		n = n << 8 | r->buf[(at + i) & (r->size - 1)];
	return FRAME_HEADER + n;
}

int
ring_batch(const struct ring *r, size_t max, struct iovec iov[2], size_t *len)
{
	size_t at = r->head & (r->size - 1);
	size_t n = 0, next, first;

	while (r->head + n != r->tail) {
		next = frame_len(r, r->head + n);
		if (n + next > max)
			break;
		n += next;
	}
	*len = n;
	if (n == 0)
		return 0;
	first = r->size - at < n ? r->size - at : n;
	iov[0] = (struct iovec){r->buf + at, first};
	iov[1] = (struct iovec){r->buf, n - first};
	return n > first ? 2 : 1;
}

void
ring_drop(struct ring *r, size_t len)
{
	r->head += len;
	if (r->head == r->tail)
		r->head = r->tail = 0;
}
