/* The device's rate limits per source IP, as a pure function of time (device contract, "policy"). */
#ifndef LWS_SIM_LIMITER_H
#define LWS_SIM_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#define LIMITER_PEERS 8
#define LIMITER_WINDOW_MS 1000
#define LIMITER_BLOCK_MS 5000

enum limiter_kind { LIMITER_REST, LIMITER_WS, LIMITER_KINDS };

struct limiter_peer {
	uint32_t ip;	/* 0: unused */
	int64_t window_ms;
	int64_t blocked_ms;	/* blocked until then */
	int count[LIMITER_KINDS];
};

struct limiter {
	bool off;
	struct limiter_peer peer[LIMITER_PEERS];
};

void limiter_init(struct limiter *l, bool off);

/*
 * Count one request (limit 20 in a window) or WS message (50) from ip, at now_ms of the device's
 * clock. False: refused, because ip is blocked or because this one begins its block of 5 s, which
 * holds for both kinds. Refused ones count for nothing.
 */
bool limiter_allow(struct limiter *l, uint32_t ip, enum limiter_kind kind, int64_t now_ms);

/* Whole seconds, rounded up, until ip is served again; 0 when it is not blocked. */
int limiter_retry_after_s(const struct limiter *l, uint32_t ip, int64_t now_ms);

#endif
