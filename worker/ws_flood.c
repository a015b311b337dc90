/* Counting what nobody asked for, in the ws worker. */
#include "config.h"

#include "worker/ws_flood.h"

#include "shared/poison.h"

void
ws_flood_start(struct ws_flood *f, struct mono now)
{
	*f = (struct ws_flood){.window = now};
}

void
ws_flood_bytes(struct ws_flood *f, struct mono now, size_t n)
{
	if (mono_sub(now, f->window) >= US_PER_S)
		ws_flood_start(f, now);
	f->bytes += n;
}

void
ws_flood_answer(struct ws_flood *f)
{
	f->answers++;
}

void
ws_flood_unasked(struct ws_flood *f)
{
	f->events++;
}

bool
ws_flood_over(const struct ws_flood *f)
{
	return f->events > WS_FLOOD_EVENTS ||
	    f->bytes > WS_FLOOD_BYTES + f->answers * WS_ANSWER_BYTES;
}
