/*
 * What the user wants: the options and the environment, checked. Holds secrets (URLs with passwords,
 * the API key); the plan inside it has them masked and is what may be written down.
 */
#ifndef LWS_SETTINGS_H
#define LWS_SETTINGS_H

#include <stdbool.h>

#include "coordinator/plan.h"
#include "shared/err.h"

struct settings {
	struct plan plan;
	char url[1100];		/* with userinfo */
	char ws_url[1100];
	char api_key[256];
	char ca_file[1024];
	char proxy[1024];
	char out_dir[1024];
	bool out_dir_given;
	char journal[1024];	/* to be recovered */
	int64_t deadline_us;	/* for the whole run, 0: none */
	char fatal_pattern[512];	/* one more fatal indicator, POSIX extended, "" for none */
};

enum settings_action {
	SETTINGS_RUN,
	SETTINGS_HELP,		/* --help: print it to stdout, exit 0 */
	SETTINGS_LIST_PORTS,	/* --list-ports: have the serial ports printed, exit 0 */
	SETTINGS_RECOVER,	/* --recover: make reports of a journal */
	SETTINGS_VERSION
};

/* Read environment and command line. 0 with *action, or -1 with e: a usage error (exit 2). */
int settings_read(int argc, char **argv, struct settings *out, enum settings_action *action,
    struct err *e);

/* The simulated device is there: its URLs become the run's. 0, or -1 with e. */
int settings_set_device(struct settings *s, const char *url, const char *ws_url, const char *console,
    struct err *e);

/* The text of --help (caller frees), NULL when memory is out. */
char *settings_help(void);

#endif
