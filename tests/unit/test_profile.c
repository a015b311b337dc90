/* The built-in profiles against design section 4, and every way in which a file can be wrong. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/profile.h"
#include "shared/poison.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Copied from the design: name, seconds, REST/s, WS/s, REST connections, WS sessions. */
static const struct {
	const char *profile, *name;
	int64_t v[5];
} design[] = {
	{"quick", "rest_quick", {30, 4, 0, 1, 0}},
	{"quick", "ws_quick", {30, 0, 8, 0, 1}},
	{"quick", "mixed_quick", {60, 3, 6, 1, 1}},
	{"typical", "rest_typical_5m", {300, 4, 0, 1, 0}},
	{"typical", "ws_typical_5m", {300, 0, 8, 0, 1}},
	{"typical", "mixed_typical_10m", {600, 3, 6, 1, 1}},
	{"stress", "rest_stress_5m", {300, 12, 0, 2, 0}},
	{"stress", "ws_stress_5m", {300, 0, 25, 0, 2}},
	{"stress", "mixed_stress_15m", {900, 10, 20, 2, 2}},
};

static struct profile p;

static void
test_built_in(void **state)
{
	static const char *const paths[] = {"/api/v1/device/status", "/api/v1/effects/current",
	    "/api/v1/effects", "/api/v1/parameters"};
	const struct scenario *s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(design); i++) {
		assert_int_equal(profile_load(design[i].profile, &p, NULL), 0);
		assert_string_equal(p.name, design[i].profile);
		assert_int_equal(p.scenario_count, 3);
		s = &p.scenario[i % 3];
		assert_string_equal(s->name, design[i].name);
		assert_int_equal(s->duration_us, design[i].v[0] * 1000000);
		assert_int_equal(s->rate_mhz[LOAD_REST], design[i].v[1] * 1000);
		assert_int_equal(s->rate_mhz[LOAD_WS], design[i].v[2] * 1000);
		assert_int_equal(s->lanes[LOAD_REST], design[i].v[3]);
		assert_int_equal(s->lanes[LOAD_WS], design[i].v[4]);
		assert_int_equal(s->ws_window, 1);
	}
	assert_int_equal(p.path_count, COUNT(paths));
	for (i = 0; i < COUNT(paths); i++)
		assert_string_equal(p.path[i], paths[i]);
}

static void
test_serial(void **state)
{
	(void)state;
	profile_serial(600 * INT64_C(1000000), &p);
	assert_string_equal(p.name, "serial");
	assert_string_equal(p.scenario[0].name, "serial_only_600s");
	assert_int_equal(p.scenario[0].duration_us, 600000000);
	assert_false(profile_has_load(&p, LOAD_REST));
	assert_false(profile_has_load(&p, LOAD_WS));
}

static int
parse(const char *text, struct err *e)
{
	size_t len = strlen(text);
	char *exact = malloc(len > 0 ? len : 1);
	int rc;

	/* No byte behind the text may be read. */
	assert_non_null(exact);
	memcpy(exact, text, len);
	rc = profile_parse("p.json", exact, len, &p, e);
	free(exact);
	return rc;
}

#define SCENARIO(members) "{\"name\":\"p\",\"scenarios\":[{" members "}]}"
#define ONE(members) SCENARIO("\"name\":\"a\",\"seconds\":1," members)

static void
test_good(void **state)
{
	struct err e = {""};

	(void)state;
	if (parse(" {\"rest_paths\":[\"/x?a=1\"],\"scenarios\":[{\"name\":\"a\",\"seconds\":0.1,"
	    "\"rest_hz\":0.001,\"ws_hz\":\"max\",\"ws_window\":64,\"ws_sessions\":256},"
	    "{\"name\":\"b\",\"seconds\":2678400,\"rest_hz\":100000,\"ws_hz\":4.5}],\"name\":\"A-_9\"}\r\n",
	    &e) == -1)
		fail_msg("%s", e.text);
	assert_string_equal(p.name, "A-_9");
	assert_int_equal(p.path_count, 1);
	assert_string_equal(p.path[0], "/x?a=1");
	assert_int_equal(p.scenario[0].duration_us, 100000);
	assert_int_equal(p.scenario[0].rate_mhz[LOAD_REST], 1);
	assert_int_equal(p.scenario[0].rate_mhz[LOAD_WS], RATE_CLOSED_LOOP);
	assert_int_equal(p.scenario[0].lanes[LOAD_REST], 1);
	assert_int_equal(p.scenario[0].lanes[LOAD_WS], 256);
	assert_int_equal(p.scenario[0].ws_window, 64);
	assert_int_equal(p.scenario[1].duration_us, INT64_C(2678400000000));
	assert_int_equal(p.scenario[1].rate_mhz[LOAD_REST], 100000000);
	assert_int_equal(p.scenario[1].rate_mhz[LOAD_WS], 4500);
	assert_int_equal(p.scenario[1].lanes[LOAD_WS], 1);
	assert_true(profile_has_load(&p, LOAD_WS));
	profile_set_duration(&p, 5);
	assert_int_equal(p.scenario[1].duration_us, 5);
}

static const struct {
	const char *text, *word;
} bad[] = {
	{"", "line 1"},
	{"{\n\"name\":\n}", "line 3"},
	{"{} x", "line 1"},
	{"[]", "one JSON object"},
	{"null", "one JSON object"},
	{"{}", "\"name\" is missing"},
	{"{\"name\":\"p\"}", "\"scenarios\" is missing"},
	{"{\"scenarios\":[{\"name\":\"a\",\"seconds\":1}]}", "\"name\" is missing"},
	{"{\"name\":\"p\",\"scenarios\":[]}", "\"scenarios\""},
	{"{\"name\":\"p\",\"scenarios\":{}}", "\"scenarios\""},
	{"{\"name\":\"p\",\"scenarios\":[1]}", "scenarios[0] is not an object"},
	{"{\"name\":\"p\",\"name\":\"p\",\"scenarios\":[]}", "\"name\" stands twice"},
	{"{\"name\":\"p\",\"colour\":1}", "\"colour\""},
	{"{\"Name\":\"p\"}", "\"Name\""},
	{"{\"name\":\"\"}", "\"name\""},
	{"{\"name\":\"../p\"}", "\"../p\""},
	{"{\"name\":\"p p\"}", "\"p p\""},
	{"{\"name\":7}", "\"name\""},
	{"{\"name\":\"12345678901234567890123456789012345678901\"}", "1 to 40"},
	{"{\"name\":\"p\\u0000q\",\"scenarios\":[{\"name\":\"a\",\"seconds\":1}]}", "NUL"},
	{"{\"name\\u0000\":\"p\",\"scenarios\":[{\"name\":\"a\",\"seconds\":1}]}", "NUL"},
	{"{\"name\":\"p\",\"rest_paths\":[]}", "\"rest_paths\""},
	{"{\"name\":\"p\",\"rest_paths\":\"/a\"}", "\"rest_paths\""},
	{"{\"name\":\"p\",\"rest_paths\":[\"api\"]}", "\"api\""},
	{"{\"name\":\"p\",\"rest_paths\":[\"/a b\"]}", "\"/a b\""},
	{"{\"name\":\"p\",\"rest_paths\":[\"/a#b\"]}", "\"/a#b\""},
	{"{\"name\":\"p\",\"rest_paths\":[\"/\\r\\nHost: x\"]}", "\"rest_paths\""},
	{"{\"name\":\"p\",\"rest_paths\":[1]}", "\"rest_paths\""},
	{SCENARIO("\"name\":\"a\""), "\"seconds\" is missing"},
	{SCENARIO("\"seconds\":1"), "\"name\" is missing"},
	{SCENARIO("\"name\":\"a\",\"seconds\":1},{\"name\":\"a\",\"seconds\":1"), "named \"a\""},
	{SCENARIO("\"name\":\"a\",\"seconds\":1},{\"name\":\"b\",\"seconds\":0"), "scenarios[1]"},
	{SCENARIO("\"name\":\"a/b\",\"seconds\":1"), "\"a/b\""},
	{SCENARIO("\"name\":\"a\",\"seconds\":0.09"), "\"seconds\""},
	{SCENARIO("\"name\":\"a\",\"seconds\":2678400.001"), "\"seconds\""},
	{SCENARIO("\"name\":\"a\",\"seconds\":-1"), "\"seconds\""},
	{SCENARIO("\"name\":\"a\",\"seconds\":\"max\""), "\"seconds\""},
	{SCENARIO("\"name\":\"a\",\"seconds\":NaN"), "not valid JSON"},
	{SCENARIO("\"name\":\"a\",\"seconds\":1e999"), "\"seconds\""},
	{ONE("\"seconds\":2"), "\"seconds\" stands twice"},
	{ONE("\"rest_hz\":-1"), "\"rest_hz\""},
	{ONE("\"rest_hz\":100000.5"), "\"rest_hz\""},
	{ONE("\"rest_hz\":0.0001"), "\"rest_hz\" has more than three decimals"},
	{ONE("\"rest_hz\":4.0005"), "\"rest_hz\" has more than three decimals"},
	{ONE("\"rest_hz\":\"fast\""), "\"fast\""},
	{ONE("\"rest_hz\":null"), "\"rest_hz\""},
	{ONE("\"ws_hz\":[8]"), "\"ws_hz\""},
	{ONE("\"ws_hz\":1e308"), "\"ws_hz\""},
	{ONE("\"rest_connections\":257"), "\"rest_connections\""},
	{ONE("\"rest_connections\":1.5"), "\"rest_connections\""},
	{ONE("\"rest_connections\":-1"), "\"rest_connections\""},
	{ONE("\"rest_connections\":\"1\""), "\"rest_connections\""},
	{ONE("\"ws_sessions\":1e30"), "\"ws_sessions\""},
	{ONE("\"ws_window\":0"), "\"ws_window\""},
	{ONE("\"ws_window\":65"), "\"ws_window\""},
	{ONE("\"rest_hz\":1,\"rest_connections\":0"), "\"rest_connections\" must be 1 or more"},
	{ONE("\"ws_hz\":\"max\",\"ws_sessions\":0"), "\"ws_sessions\" must be 1 or more"},
	{ONE("\"rest_Hz\":1"), "\"rest_Hz\""},
	{"[[[[[[[[[[[[[[[[[", "nested"},
	{"{\"name\":\"p\",\"scenarios\":[{\"name\":\"a\",\"seconds\":1}]", "not valid JSON"},
};

static void
test_bad(void **state)
{
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		memset(&p, 'x', sizeof(p));
		if (parse(bad[i].text, &e) == 0)
			fail_msg("taken: %s", bad[i].text);
		if (strstr(e.text, bad[i].word) == NULL || strncmp(e.text, "p.json: ", 8) != 0)
			fail_msg("%s: \"%s\" does not say %s", bad[i].text, e.text, bad[i].word);
		assert_int_equal(p.name[0], 'x');
	}
	assert_int_equal(profile_parse("p.json", "{}\0{}", 5, &p, &e), -1);
	assert_non_null(strstr(e.text, "NUL"));
}

static void
test_too_many(void **state)
{
	static char text[65536];
	struct err e;
	int n, i;

	(void)state;
	for (n = 64; n <= 65; n++) {
		snprintf(text, sizeof(text), "{\"name\":\"p\",\"scenarios\":[");
		for (i = 0; i < n; i++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
			    "%s{\"name\":\"s%d\",\"seconds\":1}", i > 0 ? "," : "", i);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "]}");
		assert_int_equal(parse(text, &e), n == 64 ? 0 : -1);
	}
	assert_non_null(strstr(e.text, "1 to 64"));
	for (n = 16; n <= 17; n++) {
		snprintf(text, sizeof(text), "{\"name\":\"p\",\"scenarios\":[{\"name\":\"a\",\"seconds\":1}],"
		    "\"rest_paths\":[");
		for (i = 0; i < n; i++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\"/%d\"", i > 0 ? "," : "",
			    i);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "]}");
		assert_int_equal(parse(text, &e), n == 16 ? 0 : -1);
	}
	assert_non_null(strstr(e.text, "1 to 16"));
}

static void
test_names_of_files(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(profile_load("slow", &p, &e), -1);
	assert_non_null(strstr(e.text, "\"slow\""));
	assert_int_equal(profile_load("./nowhere.json", &p, &e), -1);
	assert_non_null(strstr(e.text, "./nowhere.json"));
	assert_int_equal(profile_load("/dev/null", &p, &e), -1);
	assert_non_null(strstr(e.text, "/dev/null"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_built_in),
		cmocka_unit_test(test_serial),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_names_of_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
