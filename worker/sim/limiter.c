/*
 * A window opens with the first request after the last one expired and holds for 1000 ms, its end
 * included: the 21st request at exact 20/s falls on that end and is refused, at 19/s it comes after.
 */
#include "config.h"

#include "worker/sim/limiter.h"

#include <stddef.h>
#include <string.h>
#include "shared/poison.h"


static const int limits[LIMITER_KINDS] = {[LIMITER_REST] = 20, [LIMITER_WS] = 50};

void
limiter_init(struct limiter *l, bool off)
{
	memset(l, 0, sizeof(*l));
	l->off = off;
}

static struct limiter_peer *
limiter_peer(struct limiter *l, uint32_t ip, int64_t now_ms)
{
	struct limiter_peer *oldest = &l->peer[0];
	int i;

	for (i = 0; i < LIMITER_PEERS; i++) {
		if (l->peer[i].ip == ip)
			return &l->peer[i];
		if (oldest->ip != 0 &&
		    (l->peer[i].ip == 0 || l->peer[i].window_ms < oldest->window_ms))
			oldest = &l->peer[i];
	}
	*oldest = (struct limiter_peer){.ip = ip, .window_ms = now_ms};
	return oldest;
}

bool
limiter_allow(struct limiter *l, uint32_t ip, enum limiter_kind kind, int64_t now_ms)
{
	struct limiter_peer *p;

	if (l->off)
		return true;
	p = limiter_peer(l, ip, now_ms);
	if (p->blocked_ms > now_ms)
		return false;
	if (now_ms - p->window_ms > LIMITER_WINDOW_MS) {
		p->window_ms = now_ms;
		memset(p->count, 0, sizeof(p->count));
	}
	if (p->count[kind] >= limits[kind]) {
		p->blocked_ms = now_ms + LIMITER_BLOCK_MS;
		return false;
	}
	p->count[kind]++;
	return true;
}

int
limiter_retry_after_s(const struct limiter *l, uint32_t ip, int64_t now_ms)
{
	int i;

	for (i = 0; i < LIMITER_PEERS; i++) {
		if (l->peer[i].ip == ip && l->peer[i].blocked_ms > now_ms)
			return (int)((l->peer[i].blocked_ms - now_ms + 999) / 1000);
	}
	return 0;
}
