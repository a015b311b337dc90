/* Gates, evidence and how the run ended, put together: the verdict and the exit status. Pure. */
#ifndef LWS_VERDICT_H
#define LWS_VERDICT_H

#include "coordinator/evidence.h"
#include "coordinator/gate.h"
#include "coordinator/result.h"

/* Exit statuses (design section 5). */
enum exit_status {
	EXIT_PASS = 0,
	EXIT_FAIL = 1,
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3,
	EXIT_INCOMPLETE = 4,
	EXIT_FAULT = 5,
	EXIT_SIGINT = 130,
	EXIT_SIGTERM = 143
};

struct verdict {
	bool pass;		/* exit status 0 or 4: the run came to its end, and no gate was crossed */
	int exit_status;
	char reason[600];	/* one sentence for people: what decided */
	int gate_count;
	struct gate gate[GATES_MAX];
	struct evidence evidence;
};

/* Judge device number device of run. */
void verdict_eval(const struct run_result *run, int device, struct verdict *out);

/*
 * Something of the harness went wrong after the verdict (a report could not be written): the exit status
 * becomes 5 unless it says more already.
 */
void verdict_fault(struct verdict *v, const char *why);

#endif
