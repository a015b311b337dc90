/* The simulated device that --simulate starts beside the run: lwstress-sim on a free loopback port. */
#ifndef LWS_SIMULATOR_H
#define LWS_SIMULATOR_H

#include "shared/err.h"

struct simulator;

/* Start it with these faults ("" for none) and wait until it is ready, at most 5 s. NULL with e. */
struct simulator *simulator_start(const char *faults, struct err *e);

/* Ends it: it leaves when its control pipe closes, and is killed 2 s later. NULL is fine. */
void simulator_stop(struct simulator *s);

const char *simulator_url(const struct simulator *s);
const char *simulator_ws_url(const struct simulator *s);
const char *simulator_console(const struct simulator *s);	/* "" if it has none */

#endif
