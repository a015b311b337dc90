/*
 * A model of the device's internal heap, in whole bytes and as a pure function of time: connections
 * and sessions hold some, each request takes some for a moment, and below a threshold the device
 * sheds its WebSocket clients.
 */
#ifndef LWS_SIM_HEAP_H
#define LWS_SIM_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#define HEAP_SIZE 327680
#define HEAP_SHED_BELOW 20480
#define HEAP_RESUME_ABOVE 26624
#define HEAP_LOAD_MAX 8192	/* load alone takes 5 to 8 KB of a real device */
#define HEAP_REST_BYTES 1000
#define HEAP_WS_BYTES 300

struct heap {
	int64_t idle_bytes;
	int64_t leak_per_s;
	int64_t start_ms;
	int64_t load_bytes;
	int64_t step_ms;
	bool shedding;
};

enum heap_change { HEAP_SAME, HEAP_SHED, HEAP_RESUME };

/* now_ms: any clock that never runs backwards, the same in all calls. */
void heap_init(struct heap *h, int64_t idle_bytes, int64_t leak_per_s, int64_t now_ms);

/* A request or message takes bytes; a quarter of what load holds comes back each 100 ms. */
void heap_load(struct heap *h, int64_t bytes, int64_t now_ms);

/* Free internal heap, never below 0. */
int64_t heap_free_bytes(struct heap *h, int connections, int sessions, int64_t now_ms);

/* Largest free block when free_bytes are free. */
int64_t heap_largest(int64_t free_bytes);

/* Shedding begins below HEAP_SHED_BELOW and ends above HEAP_RESUME_ABOVE. */
enum heap_change heap_shed(struct heap *h, int64_t free_bytes);

#endif
