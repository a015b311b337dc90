/* Operations of one worker that have begun and not ended; at most INFLIGHT_MAX, fixed memory. */
#ifndef LWS_INFLIGHT_H
#define LWS_INFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#define INFLIGHT_MAX 16384	/* 256 lanes with a window of 64 */

struct op {
	int64_t id;
	int64_t due_us;		/* -1: closed loop */
	int64_t sent_us;
	int scenario;
	int kind;
};

struct inflight;

struct inflight *inflight_new(void);
void inflight_free(struct inflight *t);

/* false: full, or the id is there already. */
bool inflight_put(struct inflight *t, const struct op *op);

/* Remove id into *out; false: not there. */
bool inflight_take(struct inflight *t, int64_t id, struct op *out);

/* Remove any one; false: none is left. */
bool inflight_pop(struct inflight *t, struct op *out);

int inflight_count(const struct inflight *t);

#endif
