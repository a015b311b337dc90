/* The work plan: what goes in comes out, and every change to the text is noticed by name. */
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

#include "shared/workplan.h"
#include "shared/poison.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define HEAD                                                                                   \
	"\"url\":\"http://"                                                                    \
	"h\",\"api_key\":\"\",\"ca_file\":\"\",\"proxy\":\"\",\"serial_path\":\"auto\","       \
	"\"usb_serial\":\"\",\"fatal_pattern\":\"\","
#define FLAGS "\"preflight\":true,\"insecure\":false,\"fresh_connections\":true,\"sandbox\":true,"
#define TIMES "\"timeout_ms\":3000,\"connect_timeout_ms\":2000,\"preflight_timeout_ms\":4000,"
#define BODY "\"body_max\":262144,"
#define LOAD "{\"rate_mhz\":4000,\"duration_us\":30000000,\"lanes\":1,\"window\":1}"
#define KIND "{\"name\":\"device/status\",\"payload\":\"\",\"reply\":\"\"}"
#define LISTS "\"load\":[" LOAD "],\"kind\":[" KIND "]"
#define GOOD "{" HEAD FLAGS TIMES BODY LISTS "}"

static struct workplan decoded;

static void
fill(struct workplan *p)
{
	int64_t i;

	memset(p, 0, sizeof(*p));
	snprintf(p->url, sizeof(p->url),
	    "http://u:p@[::1]:8080/\"\\/\x01\n\xc3\xa4\xf0\x9f\x92\xa1");
	memset(p->api_key, 'k', sizeof(p->api_key) - 1);
	memset(p->fatal_pattern, '\\', sizeof(p->fatal_pattern) - 1);
	snprintf(p->serial_path, sizeof(p->serial_path), "/dev/serial/by-id/\\u0000");
	p->insecure = true;
	p->timeout_ms = 1;
	p->connect_timeout_ms = 3600000;
	p->preflight_timeout_ms = 4000;
	p->body_max = INT64_C(1) << 30;
	p->scenario_count = WORKPLAN_SCENARIOS_MAX;
	for (i = 0; i < p->scenario_count; i++)
		p->load[i] =
		    (struct workplan_load){i == 0 ? RATE_CLOSED_LOOP : SCHED_RATE_MAX_MHZ - i,
			SCHED_DURATION_MAX_US - i, i * 4, i + 1};
	p->kind_count = WORKPLAN_KINDS_MAX;
	for (i = 0; i < p->kind_count; i++) {
		snprintf(p->kind[i].name, sizeof(p->kind[i].name), "effects.get%d", (int)i);
		snprintf(p->kind[i].payload, sizeof(p->kind[i].payload), "{\"a\":\"\\u0000\"}");
		memset(p->kind[i].reply, 'r', sizeof(p->kind[i].reply) - 1);
	}
}

static void
test_round_trip(void **state)
{
	static struct workplan in;
	struct err e = {""};
	char *text;

	(void)state;
	fill(&in);
	text = workplan_encode(&in);
	assert_non_null(text);
	assert_int_equal(workplan_decode(text, strlen(text), &decoded, &e), 0);
	assert_memory_equal(&in, &decoded, sizeof(in));
	free(text);
}

static void
test_good(void **state)
{
	(void)state;
	assert_int_equal(workplan_decode(GOOD " \n", strlen(GOOD " \n"), &decoded, NULL), 0);
	assert_string_equal(decoded.url, "http://h");
	assert_string_equal(decoded.serial_path, "auto");
	assert_false(decoded.insecure);
	assert_true(decoded.fresh_connections);
	assert_true(decoded.sandbox);
	assert_int_equal(decoded.preflight_timeout_ms, 4000);
	assert_int_equal(decoded.scenario_count, 1);
	assert_int_equal(decoded.load[0].rate_mhz, 4000);
	assert_int_equal(decoded.load[0].duration_us, 30000000);
	assert_string_equal(decoded.kind[0].name, "device/status");
}

/* Refused, with a message that names the word; the plan as it was before. */
static void
refuse(const char *text, size_t len, const char *word)
{
	struct err e = {""};

	snprintf(decoded.url, sizeof(decoded.url), "untouched");
	if (workplan_decode(text, len, &decoded, &e) == 0)
		fail_msg("accepted: %.*s", len < 100 ? (int)len : 100, text);
	if (strstr(e.text, word) == NULL)
		fail_msg("\"%s\" does not name %s", e.text, word);
	assert_string_equal(decoded.url, "untouched");
}

static void
refuse_json(cJSON *root, const char *word)
{
	char *text = cJSON_PrintUnformatted(root);

	assert_non_null(text);
	refuse(text, strlen(text), word);
	free(text);
	cJSON_Delete(root);
}

/* The objects whose members are mutated: 0 the plan, 1 its first load, 2 its first kind. */
static cJSON *
object_of(cJSON *root, int which)
{
	static const char *const list[] = {NULL, "load", "kind"};

	return which == 0 ? root
			  : cJSON_GetArrayItem(cJSON_GetObjectItem(root, list[which]), 0);
}

/* A text for a text or a bool for a bool would rightly be accepted; the numbers are out of
 * bounds. */
static bool
same_type(const cJSON *a, const cJSON *b)
{
	return (cJSON_IsString(a) && cJSON_IsString(b)) || (cJSON_IsBool(a) && cJSON_IsBool(b));
}

/* Drop member i of object which, double it, add another, or give it a value of every other
 * type. */
static void
mutate_member(int which, int i)
{
	static const char *const values[] = {
	    "null", "1.5", "\"abc\"", "true", "{}", "[1]", "-2", "1e300"};
	cJSON *root, *o, *value;
	char name[64];
	size_t k;

	for (k = 0; k < COUNT(values) + 3; k++) {
		root = cJSON_Parse(GOOD);
		o = object_of(root, which);
		snprintf(name, sizeof(name), "%s", cJSON_GetArrayItem(o, i)->string);
		value = k < COUNT(values) ? cJSON_Parse(values[k]) : cJSON_CreateNull();
		if (k < COUNT(values) && same_type(cJSON_GetArrayItem(o, i), value)) {
			cJSON_Delete(value);
			cJSON_Delete(root);
			continue;
		}
		if (k < COUNT(values)) {
			assert_true(cJSON_ReplaceItemInObjectCaseSensitive(o, name, value));
		} else if (k == COUNT(values)) {
			cJSON_Delete(value);
			cJSON_DeleteItemFromObjectCaseSensitive(o, name);
		} else {
			cJSON_AddItemToObject(
			    o, k == COUNT(values) + 1 ? name : "extra", value);
			snprintf(name, sizeof(name), "%s", value->string);
		}
		refuse_json(root, name);
	}
}

static void
test_each_member(void **state)
{
	cJSON *root = cJSON_Parse(GOOD);
	int which, i;

	(void)state;
	assert_non_null(root);
	assert_int_equal(cJSON_GetArraySize(root), 17);
	for (which = 0; which < 3; which++)
		for (i = 0; i < cJSON_GetArraySize(object_of(root, which)); i++)
			mutate_member(which, i);
	cJSON_Delete(root);
}

/* One below and one above each bound. */
static void
test_bounds(void **state)
{
	static const struct {
		const char *name;
		int which;
		double min, max;
	} bounds[] = {
	    {"timeout_ms", 0, 1, 3600000},
	    {"connect_timeout_ms", 0, 1, 3600000},
	    {"preflight_timeout_ms", 0, 1, 3600000},
	    {"body_max", 0, 1, 1073741824},
	    {"rate_mhz", 1, -1, 1e9},
	    {"duration_us", 1, 0, 31.0 * 86400 * 1e6},
	    {"lanes", 1, 0, 256},
	    {"window", 1, 1, 64},
	};
	cJSON *root;
	char *text;
	size_t i;
	int side;

	(void)state;
	for (i = 0; i < COUNT(bounds); i++)
		for (side = 0; side < 4; side++) {
			root = cJSON_Parse(GOOD);
			cJSON_SetNumberValue(
			    cJSON_GetObjectItem(
				object_of(root, bounds[i].which), bounds[i].name),
			    (side & 1 ? bounds[i].max : bounds[i].min) + (side < 2       ? 0
									     : side == 2 ? -1
											 : 1));
			if (side >= 2) {
				refuse_json(root, bounds[i].name);
				continue;
			}
			text = cJSON_PrintUnformatted(root);
			assert_int_equal(
			    workplan_decode(text, strlen(text), &decoded, NULL), 0);
			free(text);
			cJSON_Delete(root);
		}
}

static void
test_too_much(void **state)
{
	static char big[WORKPLAN_TEXT_MAX + 2];
	char text[1100];
	cJSON *root;
	int i;

	(void)state;
	memset(text, 'x', 1024);
	text[1024] = '\0';
	root = cJSON_Parse(GOOD);
	cJSON_SetValuestring(cJSON_GetObjectItem(root, "url"), text);
	refuse_json(root, "url is longer than 1023");
	root = cJSON_Parse(GOOD);
	for (i = 0; i < 64; i++)
		cJSON_AddItemToArray(cJSON_GetObjectItem(root, "load"), cJSON_Parse(LOAD));
	refuse_json(root, "load has more than 64");
	root = cJSON_Parse(GOOD);
	for (i = 0; i < 16; i++)
		cJSON_AddItemToArray(cJSON_GetObjectItem(root, "kind"), cJSON_Parse(KIND));
	refuse_json(root, "kind has more than 16");
	memset(big, ' ', sizeof(big));
	memcpy(big, GOOD, strlen(GOOD));
	assert_int_equal(workplan_decode(big, WORKPLAN_TEXT_MAX, &decoded, NULL), 0);
	refuse(big, WORKPLAN_TEXT_MAX + 1, "longer");
}

static void
test_not_json(void **state)
{
	static const char *const bad[] = {
	    "", "{", "[]", "null", "1", "\"x\"", "{}x", "{} {}", GOOD "x"};
	char text[sizeof(GOOD)];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		refuse(bad[i], strlen(bad[i]), "plan: ");
	/* cut anywhere, or a NUL anywhere */
	for (i = 0; i < strlen(GOOD); i++) {
		memcpy(text, GOOD, sizeof(text));
		refuse(text, i, "plan: ");
		text[i] = '\0';
		refuse(text, strlen(GOOD), "NUL");
	}
	refuse("{\"url\":\"a\\u0000b\"}", 18, "NUL");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_each_member),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_too_much),
	    cmocka_unit_test(test_not_json),
	};

	return cmocka_run_group_tests_name("workplan", tests, NULL, NULL);
}
