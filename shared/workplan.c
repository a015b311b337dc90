/* The plan's tables: what members it has and what they may hold. */
#include "config.h"

#include "shared/workplan.h"

#include <string.h>

#include "shared/struct_json.h"
#include "shared/poison.h"

#define MS_MAX INT64_C(3600000)
#define BODY_MAX (INT64_C(1) << 30)

static const struct member plan_members[] = {
	MEMBER_TEXT_OF(workplan, url),
	MEMBER_TEXT_OF(workplan, api_key),
	MEMBER_TEXT_OF(workplan, ca_file),
	MEMBER_TEXT_OF(workplan, proxy),
	MEMBER_TEXT_OF(workplan, serial_path),
	MEMBER_TEXT_OF(workplan, usb_serial),
	MEMBER_TEXT_OF(workplan, fatal_pattern),
	MEMBER_BOOL_OF(workplan, preflight),
	MEMBER_BOOL_OF(workplan, insecure),
	MEMBER_BOOL_OF(workplan, fresh_connections),
	MEMBER_BOOL_OF(workplan, sandbox),
	MEMBER_INT_OF(workplan, timeout_ms, 1, MS_MAX),
	MEMBER_INT_OF(workplan, connect_timeout_ms, 1, MS_MAX),
	MEMBER_INT_OF(workplan, preflight_timeout_ms, 1, MS_MAX),
	MEMBER_INT_OF(workplan, body_max, 1, BODY_MAX),
};

static const struct member load_members[] = {
	MEMBER_INT_OF(workplan_load, rate_mhz, RATE_CLOSED_LOOP, SCHED_RATE_MAX_MHZ),
	MEMBER_INT_OF(workplan_load, duration_us, 0, SCHED_DURATION_MAX_US),
	MEMBER_INT_OF(workplan_load, lanes, 0, 256),
	MEMBER_INT_OF(workplan_load, window, 1, 64),
};

static const struct member kind_members[] = {
	MEMBER_TEXT_OF(workplan_kind, name),
	MEMBER_TEXT_OF(workplan_kind, payload),
	MEMBER_TEXT_OF(workplan_kind, reply),
};

#define ARRAY(field, count, max)                                                                 \
	{#field, field##_members, MEMBER_COUNT(field##_members), offsetof(struct workplan, field), \
	    sizeof(((struct workplan *)0)->field[0]), offsetof(struct workplan, count),          \
	    sizeof(int64_t), max}

static const struct member_array arrays[] = {
	ARRAY(load, scenario_count, WORKPLAN_SCENARIOS_MAX),
	ARRAY(kind, kind_count, WORKPLAN_KINDS_MAX),
};

static const struct struct_map map = {"plan", plan_members, MEMBER_COUNT(plan_members), arrays,
    MEMBER_COUNT(arrays), WORKPLAN_TEXT_MAX};

char *
workplan_encode(const struct workplan *p)
{
	return struct_json_encode(&map, p);
}

int
workplan_decode(const char *text, size_t len, struct workplan *out, struct err *e)
{
	struct workplan p;

	memset(&p, 0, sizeof(p));
	if (struct_json_decode(&map, text, len, &p, e) == -1)
		return -1;
	*out = p;
	return 0;
}
