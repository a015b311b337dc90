#include "config.h"

#include "worker/sim/heap.h"
#include "shared/poison.h"


#define STEP_MS 100
#define CONNECTION_BYTES 250
#define SESSION_BYTES 1200

void
heap_init(struct heap *h, int64_t idle_bytes, int64_t leak_per_s, int64_t now_ms)
{
	*h = (struct heap){
	    .idle_bytes = idle_bytes,
	    .leak_per_s = leak_per_s,
	    .start_ms = now_ms,
	    .step_ms = now_ms,
	};
}

static void
heap_recover(struct heap *h, int64_t now_ms)
{
	while (h->load_bytes > 0 && now_ms - h->step_ms >= STEP_MS) {
		h->load_bytes -= (h->load_bytes + 3) / 4;
		h->step_ms += STEP_MS;
	}
	if (now_ms - h->step_ms >= STEP_MS)
		h->step_ms += (now_ms - h->step_ms) / STEP_MS * STEP_MS;
}

void
heap_load(struct heap *h, int64_t bytes, int64_t now_ms)
{
	heap_recover(h, now_ms);
	h->load_bytes += bytes;
	if (h->load_bytes > HEAP_LOAD_MAX)
		h->load_bytes = HEAP_LOAD_MAX;
}

int64_t
heap_free_bytes(struct heap *h, int connections, int sessions, int64_t now_ms)
{
	int64_t n;

	heap_recover(h, now_ms);
	n = h->idle_bytes - h->load_bytes;
	n -= (int64_t)connections * CONNECTION_BYTES + (int64_t)sessions * SESSION_BYTES;
	n -= h->leak_per_s * (now_ms - h->start_ms) / 1000;
	return n > 0 ? n : 0;
}

int64_t
heap_largest(int64_t free_bytes)
{
	return free_bytes * 5 / 8;
}

enum heap_change
heap_shed(struct heap *h, int64_t free_bytes)
{
	if (!h->shedding && free_bytes < HEAP_SHED_BELOW) {
		h->shedding = true;
		return HEAP_SHED;
	}
	if (h->shedding && free_bytes > HEAP_RESUME_ABOVE) {
		h->shedding = false;
		return HEAP_RESUME;
	}
	return HEAP_SAME;
}
