/* What this process has taken of the machine's memory. */
#ifndef LWS_MEMORY_H
#define LWS_MEMORY_H

#include <stdint.h>

/*
 * The largest resident set so far, KiB; 0 when unknown. From /proc where there is one: what
 * getrusage() tells holds the parent's as well, as exec keeps it.
 */
int64_t memory_peak_kb(void);

#endif
