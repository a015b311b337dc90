/*
 * Frames on the pipes: u32 length (big endian), then one msgpack array. A frame is at most
 * FRAME_MAX bytes in all, which every system writes to a pipe at once or not at all (POSIX
 * grants PIPE_BUF >= 512), so a killed worker never leaves half a frame.
 */
#ifndef LWS_FRAME_H
#define LWS_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"

#define FRAME_HEADER 4
#define FRAME_MAX 512
#define FRAME_PAYLOAD_MAX (FRAME_MAX - FRAME_HEADER)

/*
 * Check that len bytes are exactly one msgpack array whose nesting (at most 4) and element
 * counts fit into those bytes. Reads only; to be called before any unpacking, since msgpack-c
 * trusts the counts it reads. 0, or -1 with e.
 */
int frame_walk(const uint8_t *payload, size_t len, struct err *e);

/* Write the 4 byte header of a payload of len bytes. */
void frame_header(uint8_t out[FRAME_HEADER], size_t len);

/* Cuts a byte stream into frames; holds at most FRAME_READER_SIZE bytes. */
#define FRAME_READER_SIZE 65536

struct frame_reader {
	uint8_t buf[FRAME_READER_SIZE];
	size_t start;
	size_t end;
};

void frame_reader_init(struct frame_reader *r);

/* Where to read to: returns the room (never 0 after frame_reader_next gave 0) and sets *p. */
size_t frame_reader_room(struct frame_reader *r, uint8_t **p);

/* Tell that n bytes were read to *p. */
void frame_reader_added(struct frame_reader *r, size_t n);

/*
 * The next whole frame's payload (walked; valid until the next frame_reader_room).
 * 1 a frame, 0 more bytes are needed, -1 the stream is bad (e says why).
 */
int frame_reader_next(struct frame_reader *r, const uint8_t **payload, size_t *len, struct err *e);

/* Bytes of an unfinished frame that are held (not 0 at end-of-file: the stream was cut). */
size_t frame_reader_pending(const struct frame_reader *r);

#endif
