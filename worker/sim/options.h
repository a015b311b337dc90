/* The command line of lwstress-sim. */
#ifndef LWS_SIM_OPTIONS_H
#define LWS_SIM_OPTIONS_H

#include <stdbool.h>

#include "shared/err.h"
#include "worker/sim/faults.h"

struct options {
	const char *listen;
	int port;
	struct faults faults;
	bool console;
	const char *console_link;	/* NULL: none */
	const char *log;		/* NULL: none */
	const char *stats;		/* NULL: none */
	int control_fd;			/* -1: none */
	bool help;
	bool version;
};

/* Fill *out; its strings point into argv. 0, or -1 with e, which names the word that is wrong. */
int options_parse(int argc, char *const argv[], struct options *out, struct err *e);

/* Print --help to stdout. */
void options_help(void);

#endif
