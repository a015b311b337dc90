/* The parts of the Markdown report; each writes its section, or nothing when there is nothing
 * to say. */
#ifndef LWS_REPORT_MD_H
#define LWS_REPORT_MD_H

#include <stdio.h>

#include "coordinator/result.h"
#include "coordinator/verdict.h"

struct md {
	FILE *f;
	const struct run_result *run;
	const struct plan *plan;
	const struct device_result *d;
	const struct verdict *v;
	int device;
};

/* "## title", then the head of a table; columns are separated by bars. */
void md_section(const struct md *m, const char *title);
void md_table(const struct md *m, const char *columns);

/* The name of scenario i escaped, "run" for -1. */
void md_scenario(const struct md *m, int i);

/* A moment as seconds since the start of the run, "-" for -1. */
void md_moment(const struct md *m, int64_t at_us);

/* report_md_detail.c */
void md_requests(const struct md *m);
void md_latency(const struct md *m);
void md_errors(const struct md *m);
void md_kinds(const struct md *m);
void md_sessions(const struct md *m);

/* report_md_console.c */
void md_console(const struct md *m);

/* report_md_run.c */
void md_gates(const struct md *m);
void md_gaps(const struct md *m);
void md_reboots(const struct md *m);
void md_workers(const struct md *m);
void md_device(const struct md *m);
void md_notes(const struct md *m);

#endif
