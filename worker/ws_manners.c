/* Back-off of WebSocket sessions, in the ws worker. */
#include "config.h"

#include "worker/ws_manners.h"

#include "shared/poison.h"

#define DOUBLINGS_MAX 10

/* first * 2^n up to max, of which the last quarter is left to chance. */
static int64_t
spread(int64_t first, int n, int64_t max, uint32_t random)
{
	int64_t wait = first << (n < DOUBLINGS_MAX ? n : DOUBLINGS_MAX);

	if (wait > max)
		wait = max;
	wait -= (wait / 4) * (int64_t)(random >> 16) / 65536;
	return wait > WS_SPACING_US ? wait : WS_SPACING_US;
}

int64_t
ws_backoff_next(struct ws_backoff *b, enum ws_ending ending, int64_t lasted_us, bool others_open,
    uint32_t random)
{
	if (lasted_us >= WS_LASTED_US)
		*b = (struct ws_backoff){0, 0};
	if (ending == WS_ENDED_REFUSED && others_open)
		return spread(WS_STANDBY_US, b->refusals++, WS_STANDBY_MAX_US, random);
	return spread(WS_SPACING_US, b->failures++, WS_BACKOFF_MAX_US, random);
}
