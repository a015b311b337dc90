/* Which slots of an open loop are sent and which are dropped. Pure: the caller brings the time. */
#ifndef LWS_GRID_H
#define LWS_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/sched.h"

struct grid {
	struct sched sched;
	int64_t planned;
	int64_t next;		/* the first slot not yet taken or dropped */
	int64_t drop_first;	/* the run of dropped slots not yet reported */
	int64_t drop_count;
};

/* Begin at slot first; earlier ones are somebody else's. */
void grid_init(struct grid *g, const struct sched *s, int64_t first);

/* When the next slot is due; false when none is left. */
bool grid_next_due(const struct grid *g, struct mono *due);

/* The next slot that is due at or before now, to be sent or given to grid_drop; false: none. */
bool grid_take(struct grid *g, struct mono now, int64_t *slot, struct mono *due);

/* No lane took `slot`: it and all that are due by now join the run of dropped slots. */
void grid_drop(struct grid *g, int64_t slot, struct mono now);

/* Take the run of dropped slots off, to be reported; false: there is none. */
bool grid_run(struct grid *g, int64_t *first, int64_t *count);

#endif
