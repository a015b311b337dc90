/* Whether the preflight's answers let a run begin. A pure function of a result. */
#ifndef LWS_ADMISSION_H
#define LWS_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>

#include "coordinator/result.h"

/*
 * True when load may be sent. Else why (size bytes) says what failed and what to try. Without
 * an answer to REST there is no run. A WebSocket that refuses is a finding of the run, as long
 * as there is somebody who refuses; a console that cannot be opened ends only a run that has
 * nothing else.
 */
bool admission_granted(
    const struct plan *plan, const struct device_result *d, char *why, size_t size);

#endif
