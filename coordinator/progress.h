/* What the coordinator says while it runs, to stderr: one line each, plain text, escaped. */
#ifndef LWS_PROGRESS_H
#define LWS_PROGRESS_H

#include <stdbool.h>

#include "coordinator/record.h"
#include "coordinator/result.h"
#include "shared/clock.h"

struct progress {
	bool colour;		/* stderr is a terminal and NO_COLOR is unset */
	struct mono start;
	struct mono window;	/* console lines are shown CONSOLE_LINES at most in 10 s */
	int console_shown;
	int64_t console_hidden;
	int64_t unsaid;		/* lines that nobody took from stderr */
};

void progress_init(struct progress *p, struct mono start);

/* A line with the time since start: "[mm:ss] text". */
void progress_say(struct progress *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Preflight of a role ended. */
void progress_preflight(struct progress *p, const struct run_result *run, int device, enum role role);

/* Scenario i starts; where it stands; it ended. */
void progress_scenario(struct progress *p, const struct run_result *run, int device, int i);
void progress_status(struct progress *p, const struct run_result *run, int device, int i);
void progress_done(struct progress *p, const struct run_result *run, int device, int i);

/* A record worth a line as it happens: a worker's end, a session closed, a reboot, a fatal line. */
void progress_record(struct progress *p, const struct record *r);

/* The console fell silent. */
void progress_silence(struct progress *p, const struct silence *s);

#endif
