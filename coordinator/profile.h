/* Profiles: the scenarios of a run, built in or from a JSON file (lwstress-profile(5)). Plain data. */
#ifndef LWS_PROFILE_H
#define LWS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/workplan.h"

#define PROFILE_SCENARIOS_MAX WORKPLAN_SCENARIOS_MAX
#define PROFILE_PATHS_MAX WORKPLAN_KINDS_MAX
#define PROFILE_NAME_MAX 40

/* The two loads of a scenario. */
enum load_kind { LOAD_REST, LOAD_WS, LOAD_COUNT };

extern const char *const load_names[LOAD_COUNT];	/* "rest" "ws" */

struct scenario {
	char name[PROFILE_NAME_MAX + 24];
	int64_t duration_us;
	int64_t rate_mhz[LOAD_COUNT];	/* total per device; RATE_CLOSED_LOOP for "max" */
	int64_t lanes[LOAD_COUNT];	/* REST connections, WS sessions */
	int64_t ws_window;		/* requests outstanding per WS session */
};

struct profile {
	char name[PROFILE_NAME_MAX + 1];
	int scenario_count;
	struct scenario scenario[PROFILE_SCENARIOS_MAX];
	int path_count;			/* REST paths, asked in turn */
	char path[PROFILE_PATHS_MAX][128];
};

/* "quick", "typical", "stress" or the path of a file. 0, or -1 with e. */
int profile_load(const char *name_or_path, struct profile *out, struct err *e);

/* A profile file's text; source names it in messages. Unknown keys are errors. 0, or -1 with e. */
int profile_parse(const char *source, const char *text, size_t len, struct profile *out, struct err *e);

/* The serial profile: one scenario serial_only_<N>s without any load. */
void profile_serial(int64_t duration_us, struct profile *out);

/* Give every scenario the same duration. */
void profile_set_duration(struct profile *p, int64_t duration_us);

/* True if any scenario has load of this kind. */
bool profile_has_load(const struct profile *p, enum load_kind kind);

#endif
