/* Whether a verdict rests on enough: what should have been seen and was not. Pure. */
#ifndef LWS_EVIDENCE_H
#define LWS_EVIDENCE_H

#include "coordinator/result.h"

#define EVIDENCE_GAPS_MAX 256

struct evidence_gap {
	int scenario;		/* -1: the run */
	/*
	 * A name: rest_no_answer ws_no_answer rest_under_plan ws_under_plan rest_ops_lost ws_ops_lost
	 * serial_never_open serial_held serial_no_line serial_no_known_line serial_silent
	 * worker_data_holes worker_lost host_too_slow
	 * interrupted not_started run_not_ended
	 */
	const char *what;
	char detail[240];	/* in words with the figures */
};

struct evidence {
	int count;
	int64_t other;
	struct evidence_gap gap[EVIDENCE_GAPS_MAX];
};

/* Judge one device's result; complete means count == 0 (design section 6). */
void evidence_eval(const struct run_result *run, const struct device_result *d, struct evidence *out);

#endif
