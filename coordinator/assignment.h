/* What one worker is told to do, out of what the user wants. Holds secrets, see shared/workplan.h. */
#ifndef LWS_ASSIGNMENT_H
#define LWS_ASSIGNMENT_H

#include "coordinator/settings.h"
#include "shared/proto.h"
#include "shared/workplan.h"

/* The work plan of a role of device number device, for its first life. */
void assignment_make(const struct settings *s, int device, enum role role, struct workplan *out);

#endif
