/* Whether a verdict rests on enough: what should have been seen and was not. Pure. */
#ifndef LWS_EVIDENCE_H
#define LWS_EVIDENCE_H

#include "coordinator/result.h"

#define EVIDENCE_GAPS_MAX 256

struct evidence_gap {
	int scenario;		/* -1: the run */
	const char *what;	/* a name: rest_no_answer rest_under_plan ws_… serial_… worker_data_holes host_too_slow interrupted */
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
