#include "config.h"

#include "worker/sim/wsguard.h"

#include <stddef.h>
#include "shared/poison.h"


/* The entry of ip; a new one takes the place of the peer without session that was seen longest ago. */
static struct wsguard_peer *
wsguard_peer(struct wsguard *g, uint32_t ip)
{
	struct wsguard_peer *spare = NULL;
	int i;

	for (i = 0; i < WSGUARD_PEERS; i++) {
		struct wsguard_peer *p = &g->peer[i];

		if (p->ip == ip)
			return p;
		if (p->active == 0 && (spare == NULL || p->ip == 0 ||
		    (spare->ip != 0 && p->attempt_ms < spare->attempt_ms)))
			spare = p;
	}
	if (spare != NULL)
		*spare = (struct wsguard_peer){.ip = ip, .attempt_ms = -1};
	return spare;
}

enum wsguard_verdict
wsguard_attempt(struct wsguard *g, uint32_t ip, int64_t now_ms, int64_t pause_ms,
    int64_t sessions_max, int64_t clients_max)
{
	struct wsguard_peer *p = wsguard_peer(g, ip);
	int64_t last;

	if (p == NULL)
		return WSGUARD_LIMIT;
	last = p->attempt_ms;
	p->attempt_ms = now_ms;
	if (last != -1 && now_ms - last < pause_ms)
		return WSGUARD_COOLDOWN;
	if (p->active >= sessions_max)
		return WSGUARD_OVERLAP;
	if (g->active >= clients_max)
		return WSGUARD_LIMIT;
	p->active++;
	g->active++;
	return WSGUARD_OK;
}

void
wsguard_leave(struct wsguard *g, uint32_t ip)
{
	int i;

	for (i = 0; i < WSGUARD_PEERS; i++) {
		if (g->peer[i].ip == ip && g->peer[i].active > 0) {
			g->peer[i].active--;
			g->active--;
			return;
		}
	}
}
