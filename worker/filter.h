/* The system calls that a worker is refused (Linux, libseccomp). */
#ifndef LWS_FILTER_H
#define LWS_FILTER_H

#include "shared/err.h"
#include "shared/proto.h"

/* Enter, for this thread and all that it starts; no_new_privs must be on. 0, or -1 with e (a few words). */
int filter_enter(enum role role, struct err *e);

#endif
