/* Who may open a WebSocket session, per source IP and in all (device contract, "policy"). Pure. */
#ifndef LWS_SIM_WSGUARD_H
#define LWS_SIM_WSGUARD_H

#include <stdint.h>

#define WSGUARD_PEERS 16
#define WSGUARD_PAUSE_MS 2000

enum wsguard_verdict { WSGUARD_OK, WSGUARD_COOLDOWN, WSGUARD_OVERLAP, WSGUARD_LIMIT };

struct wsguard_peer {
	uint32_t ip;		/* 0: unused */
	int64_t attempt_ms;	/* the last one, refused or not; -1: none */
	int active;
};

struct wsguard {
	struct wsguard_peer peer[WSGUARD_PEERS];
	int active;
};

/* An attempt by ip: every one re-arms the pause. pause_ms 0: none. WSGUARD_OK counts the session. */
enum wsguard_verdict wsguard_attempt(struct wsguard *g, uint32_t ip, int64_t now_ms,
    int64_t pause_ms, int64_t sessions_max, int64_t clients_max);

/* A session that was counted is over. */
void wsguard_leave(struct wsguard *g, uint32_t ip);

#endif
