/* The plan in the journal: what goes in comes out, and damage is noticed. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "coordinator/plan.h"
#include "shared/poison.h"

static struct plan in, out;

static void
fill(struct plan *p)
{
	int i;

	memset(p, 0, sizeof(*p));
	snprintf(p->tool_version, sizeof(p->tool_version), "1.2.3");
	snprintf(p->os, sizeof(p->os), "Linux \"6\" \xc3\xa4");
	memset(p->simulate, '\\', sizeof(p->simulate) - 1);
	p->simulated = p->insecure = p->duration_overridden = true;
	p->wall_us = INT64_C(1) << 53;
	p->mono_us = 1;
	p->rest_timeout_ms = 3600000;
	p->connect_timeout_ms = p->ws_timeout_ms = p->preflight_timeout_ms = 1;
	snprintf(p->profile.name, sizeof(p->profile.name), "stress");
	p->profile.scenario_count = PROFILE_SCENARIOS_MAX;
	for (i = 0; i < PROFILE_SCENARIOS_MAX; i++) {
		memset(p->profile.scenario[i].name, 'a' + i % 26, sizeof(p->profile.scenario[i].name) - 1);
		p->profile.scenario[i].duration_us = SCHED_DURATION_MAX_US - i;
		p->profile.scenario[i].rate_mhz[LOAD_REST] = i == 0 ? RATE_CLOSED_LOOP : SCHED_RATE_MAX_MHZ - i;
		p->profile.scenario[i].rate_mhz[LOAD_WS] = i;
		p->profile.scenario[i].lanes[LOAD_REST] = 256;
		p->profile.scenario[i].lanes[LOAD_WS] = i;
		p->profile.scenario[i].ws_window = 64;
	}
	p->profile.path_count = PROFILE_PATHS_MAX;
	for (i = 0; i < PROFILE_PATHS_MAX; i++)
		snprintf(p->profile.path[i], sizeof(p->profile.path[i]), "/api/%d", i);
	p->device_count = PLAN_DEVICES_MAX;
	for (i = 0; i < PLAN_DEVICES_MAX; i++) {
		snprintf(p->device[i].url, sizeof(p->device[i].url), "http://10.0.0.%d", i);
		snprintf(p->device[i].ws_url, sizeof(p->device[i].ws_url), "ws://10.0.0.%d/ws", i);
		snprintf(p->device[i].serial_port, sizeof(p->device[i].serial_port), "auto");
	}
}

static void
test_round_trip(void **state)
{
	struct err e = {""};
	char *text;

	(void)state;
	fill(&in);
	text = plan_encode(&in);
	assert_non_null(text);
	if (plan_decode(text, strlen(text), &out, &e) == -1)
		fail_msg("%s", e.text);
	assert_memory_equal(&in, &out, sizeof(in));
	free(text);
}

static void
refuse(const char *text, size_t len, const char *word)
{
	struct err e = {""};

	snprintf(out.os, sizeof(out.os), "untouched");
	if (plan_decode(text, len, &out, &e) == 0)
		fail_msg("taken without %s", word);
	if (strstr(e.text, word) == NULL)
		fail_msg("\"%s\" does not name %s", e.text, word);
	assert_string_equal(out.os, "untouched");
}

static void
refuse_json(const cJSON *root, const char *word)
{
	char *text = cJSON_PrintUnformatted(root);

	assert_non_null(text);
	refuse(text, strlen(text), word);
	free(text);
}

/* The first member of o twice, of another type, gone. */
static void
mutate(cJSON *root, cJSON *o)
{
	cJSON *twin = cJSON_Duplicate(o->child, 1);
	char name[64];

	snprintf(name, sizeof(name), "%s", o->child->string);
	cJSON_AddItemToObject(o, name, twin);
	refuse_json(root, name);
	cJSON_Delete(cJSON_DetachItemViaPointer(o, twin));
	cJSON_ReplaceItemInObjectCaseSensitive(o, name, cJSON_CreateNull());
	refuse_json(root, name);
	cJSON_DeleteItemFromObjectCaseSensitive(o, name);
	refuse_json(root, "is missing");
}

/* Member number i of the plan (0), its first scenario, path or device. */
static void
test_mutations(void **state)
{
	static const char *const lists[] = {NULL, "scenarios", "rest_paths", "devices"};
	cJSON *root, *o, *item;
	size_t which;
	int i, n;
	char *text;

	(void)state;
	fill(&in);
	in.profile.scenario_count = in.profile.path_count = in.device_count = 1;
	text = plan_encode(&in);
	for (which = 0; which < 4; which++)
		for (i = 0, n = 1; i < n; i++) {
			root = cJSON_Parse(text);
			o = which == 0 ? root : cJSON_GetArrayItem(cJSON_GetObjectItem(root, lists[which]), 0);
			n = cJSON_GetArraySize(o);
			item = cJSON_DetachItemFromArray(o, i);
			cJSON_InsertItemInArray(o, 0, item);
			mutate(root, o);
			cJSON_Delete(root);
		}
	free(text);
}

static void
test_cut(void **state)
{
	size_t len, n;
	char *text;

	(void)state;
	fill(&in);
	in.profile.scenario_count = in.device_count = 2;
	text = plan_encode(&in);
	len = strlen(text);
	for (n = 0; n < len; n++)
		refuse(text, n, "run");
	text[len / 2] = '\0';
	refuse(text, len, "NUL");
	free(text);
}

static void
test_nothing_to_do(void **state)
{
	char *text;

	(void)state;
	fill(&in);
	in.device_count = 0;
	text = plan_encode(&in);
	refuse(text, strlen(text), "no device");
	free(text);
	fill(&in);
	in.profile.scenario_count = 0;
	text = plan_encode(&in);
	refuse(text, strlen(text), "no scenario");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
