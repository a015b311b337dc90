/* Starting programs: fork and exec with fixed descriptors, nothing else inherited. */
#ifndef LWS_SPAWN_H
#define LWS_SPAWN_H

#include <sys/types.h>

#include "shared/err.h"

/* What the program gets. Descriptors that are -1: /dev/null for 0 and 1, nothing for 3 and 4. stderr is ours. */
struct spawn {
	const char *path;
	char *const *argv;
	int fd_stdout;		/* becomes 1 */
	int fd3, fd4;
};

/*
 * Start it with signals at their defaults and unblocked, without LWSTRESS_ variables (an API key
 * travels in the plan) but LWSTRESS_SIM_API_KEY. 0 and *pid, or -1 with e. A failing exec shows as exit status 127.
 */
int spawn_start(const struct spawn *s, pid_t *pid, struct err *e);

/*
 * Find a program of this package: beside this program (build tree), in ../libexec/lwstress beside
 * it, then where it was configured to be. 0, or -1 with e.
 */
int spawn_find(const char *program, char *dst, size_t size, struct err *e);

#endif
