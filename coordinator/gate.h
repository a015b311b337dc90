/* The gates: what makes a run FAIL. A table; pure functions of a result. */
#ifndef LWS_GATE_H
#define LWS_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/result.h"

#define GATE_COUNT 4
#define GATES_MAX (GATE_COUNT * PROFILE_SCENARIOS_MAX)

/*
 * One gate of one scenario. Rates are in 1/1,000,000 (300000 = 30%), rounded up, so that
 * observed > limit says exactly that the limit was crossed; counts are counts.
 */
struct gate {
	const char *name;	/* uptime_reset rest_error_rate ws_error_rate fatal_serial */
	const char *metric;	/* in words, with unit */
	int scenario;
	bool is_rate;
	int64_t limit, observed;
	int64_t samples;	/* what it was judged on; 0: no data, and then ok says nothing */
	bool ok;
	char blame[360];	/* "" or whose fault it is, in words */
};

/* Judge every started scenario of one device. Returns how many gates were written to out (GATES_MAX). */
int gate_eval(const struct plan *plan, const struct device_result *d, struct gate *out);

/* What errors of this class are and whose fault they are, in words ("failed TCP connections: …"). */
const char *gate_class_words(enum op_class class, enum load_kind kind);

/* A limit or an observed value of g for people: "30.00%" (rounded up) or "2". */
void gate_value_text(const struct gate *g, int64_t value, char *dst, size_t size);

/* part / whole in 1/1,000,000, rounded up; 0 when whole is 0. */
int64_t gate_share(int64_t part, int64_t whole);

#endif
