/* A bounded queue of whole frames for a pipe: gives them out in batches that fit one write. */
#ifndef LWS_RING_H
#define LWS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct ring {
	uint8_t *buf;
	size_t size;		/* a power of two */
	size_t head, tail;	/* free-running byte counts: taken out, put in */
	size_t peak;		/* most bytes ever held */
};

/* Empty ring of size bytes (a power of two). 0, or -1 when memory is out. */
int ring_init(struct ring *r, size_t size);
void ring_free(struct ring *r);

/* Append one whole frame (header included); false, and nothing changed, if it does not fit. */
bool ring_put(struct ring *r, const uint8_t *frame, size_t len);

size_t ring_held(const struct ring *r);

/*
 * Point iov at as many whole frames from the front as fit max bytes (at least FRAME_MAX).
 * Returns the number of elements used, 0 when the ring is empty; *len gets their bytes.
 */
int ring_batch(const struct ring *r, size_t max, struct iovec iov[2], size_t *len);

/* Take len bytes, as given by ring_batch, off the front. */
void ring_drop(struct ring *r, size_t len);

#endif
