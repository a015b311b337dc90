/*
 * What a rest worker asks before it reports READY: device/status, whose answer decides, then
 * device/info, whose members go up as EV_DEVICE events. These requests are not operations.
 */
#ifndef LWS_PREFLIGHT_H
#define LWS_PREFLIGHT_H

#include "worker/link.h"
#include "worker/multi.h"

struct preflight;

/* Begin; ends with link_ready(). NULL with e. plan, link and multi must outlive it. */
struct preflight *preflight_start(struct multi *multi, struct link *link,
    const struct workplan *plan, struct err *e);

/* Give up what is left of it. */
void preflight_free(struct preflight *p);

#endif
