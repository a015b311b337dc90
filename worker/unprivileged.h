/* A worker of root becomes a user who owns nothing. */
#ifndef LWS_UNPRIVILEGED_H
#define LWS_UNPRIVILEGED_H

#include <stddef.h>

#include "worker/sandbox.h"

/*
 * Become lwstress if there is such a user, else nobody, without groups; the serial role keeps the
 * group of its port and that of serial ports. Stays as it is when that user could not open what s
 * names. words: the user's name, and why if it is still root.
 */
void unprivileged_become(const struct sandbox *s, char *words, size_t size);

#endif
