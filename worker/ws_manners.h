/*
 * When a WebSocket session may be tried (device contract: from one address not within 2 s, and
 * every refused attempt starts those 2 s again). Pure: the caller brings time and chance.
 */
#ifndef LWS_WS_MANNERS_H
#define LWS_WS_MANNERS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/clock.h"

#define WS_SPACING_US (INT64_C(2200) * US_PER_MS)	/* between the attempts of this process */
#define WS_BACKOFF_MAX_US (INT64_C(30) * US_PER_S)
#define WS_STANDBY_US (INT64_C(30) * US_PER_S)		/* first wait of a session not allowed */
#define WS_STANDBY_MAX_US (INT64_C(300) * US_PER_S)
#define WS_LASTED_US (INT64_C(5) * US_PER_S)		/* open for so long: back-off starts anew */

enum ws_ending {
	WS_ENDED_LOST,		/* no connection, or it broke */
	WS_ENDED_REFUSED	/* closed by policy: 1008 or 1013 */
};

struct ws_backoff {
	int failures;
	int refusals;
};

/*
 * A session ended, lasted_us after it had opened (0: it never did). others_open: the load goes on
 * without it. random: any 32 bits. Returns how long to wait before its next attempt, in us.
 */
int64_t ws_backoff_next(struct ws_backoff *b, enum ws_ending ending, int64_t lasted_us,
    bool others_open, uint32_t random);

#endif
