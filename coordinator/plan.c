/* The plan's tables for shared/struct_json: it is written to the journal and read back from there. */
#include "config.h"

#include "coordinator/plan.h"

#include <string.h>

#include "shared/struct_json.h"
#include "shared/poison.h"

#define MS_MAX INT64_C(3600000)
#define WHEN_MAX (INT64_C(1) << 53)
#define PLAN_TEXT_MAX (256 * 1024)

#define NAMED(name, type, field, kind, min, max) {name, kind, offsetof(struct type, field), min, max}
#define NAMED_TEXT(name, type, field)                                                            \
	{name, MEMBER_TEXT, offsetof(struct type, field), 0, sizeof(((struct type *)0)->field)}
#define NAMED_INT(name, type, field, min, max) NAMED(name, type, field, MEMBER_INT, min, max)

static const struct member plan_members[] = {
	MEMBER_TEXT_OF(plan, tool_version),
	MEMBER_TEXT_OF(plan, os),
	MEMBER_TEXT_OF(plan, proxy),
	MEMBER_TEXT_OF(plan, simulate),
	MEMBER_BOOL_OF(plan, simulated),
	MEMBER_BOOL_OF(plan, serial_only),
	MEMBER_BOOL_OF(plan, allow_incomplete),
	MEMBER_BOOL_OF(plan, insecure),
	MEMBER_BOOL_OF(plan, fresh_connections),
	MEMBER_BOOL_OF(plan, no_sandbox),
	MEMBER_BOOL_OF(plan, duration_overridden),
	MEMBER_INT_OF(plan, wall_us, 0, WHEN_MAX),
	MEMBER_INT_OF(plan, mono_us, 0, WHEN_MAX),
	MEMBER_INT_OF(plan, rest_timeout_ms, 1, MS_MAX),
	MEMBER_INT_OF(plan, connect_timeout_ms, 1, MS_MAX),
	MEMBER_INT_OF(plan, ws_timeout_ms, 1, MS_MAX),
	MEMBER_INT_OF(plan, preflight_timeout_ms, 1, MS_MAX),
	NAMED_TEXT("profile", plan, profile.name),
};

static const struct member scenario_members[] = {
	MEMBER_TEXT_OF(scenario, name),
	MEMBER_INT_OF(scenario, duration_us, 0, SCHED_DURATION_MAX_US),
	NAMED_INT("rest_mhz", scenario, rate_mhz[LOAD_REST], RATE_CLOSED_LOOP, SCHED_RATE_MAX_MHZ),
	NAMED_INT("ws_mhz", scenario, rate_mhz[LOAD_WS], RATE_CLOSED_LOOP, SCHED_RATE_MAX_MHZ),
	NAMED_INT("rest_connections", scenario, lanes[LOAD_REST], 0, 256),
	NAMED_INT("ws_sessions", scenario, lanes[LOAD_WS], 0, 256),
	MEMBER_INT_OF(scenario, ws_window, 1, 64),
};

static const struct member path_members[] = {
	{"path", MEMBER_TEXT, 0, 0, sizeof(((struct profile *)0)->path[0])},
};

static const struct member device_members[] = {
	MEMBER_TEXT_OF(plan_device, url),
	MEMBER_TEXT_OF(plan_device, ws_url),
	MEMBER_TEXT_OF(plan_device, serial_port),
};

#define ARRAY(name, members, field, count, max)                                                  \
	{name, members, MEMBER_COUNT(members), offsetof(struct plan, field),                     \
	    sizeof(((struct plan *)0)->field[0]), offsetof(struct plan, count), sizeof(int), max}

static const struct member_array arrays[] = {
	ARRAY("scenarios", scenario_members, profile.scenario, profile.scenario_count,
	    PROFILE_SCENARIOS_MAX),
	ARRAY("rest_paths", path_members, profile.path, profile.path_count, PROFILE_PATHS_MAX),
	ARRAY("devices", device_members, device, device_count, PLAN_DEVICES_MAX),
};

static const struct struct_map map = {"run", plan_members, MEMBER_COUNT(plan_members), arrays,
    MEMBER_COUNT(arrays), PLAN_TEXT_MAX};

char *
plan_encode(const struct plan *p)
{
	return struct_json_encode(&map, p);
}

int
plan_decode(const char *text, size_t len, struct plan *out, struct err *e)
{
	struct plan p;

	memset(&p, 0, sizeof(p));
	if (struct_json_decode(&map, text, len, &p, e) == -1)
		return -1;
	if (p.device_count < 1 || p.profile.scenario_count < 1)
		return err_set(e, "run: no device or no scenario");
	*out = p;
	return 0;
}
