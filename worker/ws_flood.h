/*
 * How much a peer may send that nobody asked for, in windows of a second. Pure. The bounds lie
 * far above what the device sends (50 messages a second) and keep a flood, until it is seen, to
 * a small part of a processor.
 */
#ifndef LWS_WS_FLOOD_H
#define LWS_WS_FLOOD_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/clock.h"

#define WS_FLOOD_EVENTS 1000			/* pings, pongs, broadcasts, stray replies */
#define WS_FLOOD_BYTES (4u * 1024 * 1024)	/* beside what answers may take */
#define WS_ANSWER_BYTES (128u * 1024)

struct ws_flood {
	struct mono window;
	size_t events;
	size_t bytes;
	size_t answers;
};

/* Begin now. */
void ws_flood_start(struct ws_flood *f, struct mono now);

/* Bytes were read. What is in them is counted one by one: as an answer, or as unasked. */
void ws_flood_bytes(struct ws_flood *f, struct mono now, size_t n);
void ws_flood_answer(struct ws_flood *f);
void ws_flood_unasked(struct ws_flood *f);

/* Whether a bound is passed. */
bool ws_flood_over(const struct ws_flood *f);

#endif
