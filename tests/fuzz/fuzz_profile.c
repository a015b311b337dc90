/* A profile file: what is taken lies within its bounds and survives the way through a plan. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/plan.h"
#include "shared/poison.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(x) do { if (!(x)) abort(); } while (0)

static void
check_bounds(const struct profile *p)
{
	const struct scenario *s;
	int i, k;

	CHECK(p->scenario_count >= 1 && p->scenario_count <= PROFILE_SCENARIOS_MAX);
	CHECK(p->path_count >= 1 && p->path_count <= PROFILE_PATHS_MAX);
	CHECK(p->name[0] != '\0' && strpbrk(p->name, "/. ") == NULL);
	for (i = 0; i < p->scenario_count; i++) {
		s = &p->scenario[i];
		CHECK(s->duration_us >= 100000 && s->duration_us <= SCHED_DURATION_MAX_US);
		CHECK(s->ws_window >= 1 && s->ws_window <= 64);
		for (k = 0; k < LOAD_COUNT; k++) {
			CHECK(s->rate_mhz[k] >= RATE_CLOSED_LOOP && s->rate_mhz[k] <= SCHED_RATE_MAX_MHZ);
			CHECK(s->lanes[k] >= (s->rate_mhz[k] != 0) && s->lanes[k] <= 256);
		}
	}
}

static void
check_plan(const struct profile *p)
{
	struct plan *in = calloc(2, sizeof(*in)), *out = in + 1;
	struct err e;
	char *text;

	CHECK(in != NULL);
	in->profile = *p;
	in->device_count = 1;
	in->rest_timeout_ms = in->connect_timeout_ms = in->ws_timeout_ms = in->preflight_timeout_ms = 1;
	text = plan_encode(in);
	CHECK(text != NULL && plan_decode(text, strlen(text), out, &e) == 0);
	CHECK(out->profile.scenario_count == p->scenario_count);
	CHECK(memcmp(out->profile.scenario, p->scenario, sizeof(p->scenario)) == 0);
	CHECK(memcmp(out->profile.path, p->path, sizeof(p->path)) == 0);
	free(text);
	free(in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct profile *p = malloc(sizeof(*p));
	struct err e = {""};

	CHECK(p != NULL);
	if (profile_parse("fuzz", (const char *)data, len, p, &e) == 0) {
		check_bounds(p);
		check_plan(p);
	} else {
		CHECK(strncmp(e.text, "fuzz", 4) == 0);
	}
	free(p);
	return 0;
}
