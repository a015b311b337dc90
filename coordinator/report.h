/* Report files: a table of formats, each written to a temporary name, flushed, then renamed. */
#ifndef LWS_REPORT_H
#define LWS_REPORT_H

#include <stdio.h>

#include "coordinator/result.h"
#include "coordinator/verdict.h"
#include "shared/err.h"

/*
 * Base of the files of a run: DIR/stress_harness_<profile>_<YYYY-MM-DD_HHMMSS>, with _2, _3, … behind
 * it when any file of that name exists.
 */
struct report_paths {
	char dir[1024];
	char base[1200];	/* path without extension */
};

/*
 * Make dir with its parents if need be and reserve a free base for the run by creating
 * base.journal exclusively (its descriptor in *journal_fd, close-on-exec). 0, or -1 with e.
 */
int report_reserve(const char *dir, const char *profile, int64_t wall_us, struct report_paths *out,
    int *journal_fd, struct err *e);

/* Make dir with its parents if need be. 0, or -1 with e. */
int report_make_dir(const char *dir, struct err *e);

/* Take back a reservation: the run could not begin. Closes journal_fd. */
void report_discard(const struct report_paths *paths, int journal_fd);

/* Write base.json and base.md for one device of run. 0, or -1 with e (which files, why). */
int report_write(const struct report_paths *paths, const struct run_result *run, int device,
    const struct verdict *v, struct err *e);

/* The two formats, as text (caller frees); NULL when memory is out. */
char *report_json(const struct run_result *run, int device, const struct verdict *v);
char *report_md(const struct run_result *run, int device, const struct verdict *v);

#endif
