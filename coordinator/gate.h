/* The gates: what makes a run FAIL. A table; pure functions of a result. */
#ifndef LWS_GATE_H
#define LWS_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/result.h"

#define GATE_COUNT 4
#define GATES_MAX (GATE_COUNT * PROFILE_SCENARIOS_MAX)

/* One gate of one scenario. Rates are in 1/1,000,000 (300000 = 30%), counts are counts. */
struct gate {
	const char *name;	/* uptime_reset rest_error_rate ws_error_rate fatal_serial */
	const char *metric;	/* in words, with unit */
	int scenario;
	bool is_rate;
	int64_t limit, observed;
	int64_t samples;	/* what it was judged on; 0: no data, and then ok says nothing */
	bool ok;
	char blame[240];	/* "" or whose fault it is, in words */
};

/* Judge every started scenario of one device. Returns how many gates were written to out (GATES_MAX). */
int gate_eval(const struct plan *plan, const struct device_result *d, struct gate *out);

#endif
