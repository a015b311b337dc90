/* One run from preflight to the last worker's end, on a libevent loop of its own. */
#ifndef LWS_RUN_H
#define LWS_RUN_H

#include "coordinator/aggregate.h"
#include "coordinator/journal.h"
#include "coordinator/serial_log.h"
#include "coordinator/settings.h"
#include "shared/err.h"

/*
 * Run what settings say. Every record goes into a and j, the last one (END) too, and
 * console lines into l. 0: it ended somehow,
 * which the result tells; -1 with e: it could not begin (nothing was sent).
 */
int run_execute(const struct settings *s, struct aggregate *a, struct journal *j, struct serial_log *l,
    struct err *e);

#endif
