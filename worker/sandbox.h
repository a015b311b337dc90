/*
 * What a worker can still do when a device, or whoever speaks for it, has taken it over: as little
 * as its role needs. Entered once, by the role itself, when the plan is known and before the first
 * byte of the device is read. Each layer is best effort, and what is on is told in words:
 *
 *	user=NAME	root becomes lwstress or nobody, unless what the plan names needs root
 *	no_new_privs	no program started from here gains rights
 *	rlimits		memory, descriptors, no core file, no file written
 *	landlock(ABI)	Linux: which files exist at all, see landlock.c
 *	seccomp		Linux: which calls are refused, see filter.c
 *
 * A layer that is not there reads "landlock=off(why)". Elsewhere than on Linux there are the user
 * and the limits.
 */
#ifndef LWS_SANDBOX_H
#define LWS_SANDBOX_H

#include "shared/proto.h"
#include "shared/workplan.h"
#include "worker/link.h"

#define SANDBOX_TEXT_MAX (PROTO_TEXT_MAX + 1)

struct sandbox {
	enum role role;
	const char *ca_file;	/* to be read later, "" for none */
	const char *tty;	/* the serial role's port, to be opened again later, "" if not known */
};

/* Enter it for good; text says what is on. */
void sandbox_apply(const struct sandbox *s, char text[SANDBOX_TEXT_MAX]);

/* The same for the plan, unless it says no; what is on goes up as EV_SANDBOX. */
void sandbox_enter(struct link *link, enum role role, const struct workplan *plan, const char *tty);

#endif
