/* Landlock (Linux 5.13): which files a worker can see, by path and below. */
#ifndef LWS_LANDLOCK_H
#define LWS_LANDLOCK_H

#include "shared/err.h"
#include "worker/sandbox.h"

/* Enter; no_new_privs must be on. The kernel's ABI number, or -1 with e (a few words). */
int landlock_enter(const struct sandbox *s, struct err *e);

#endif
