/* worker/api_body against replies as the device contract writes them, and against what is none. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "worker/api_body.h"
#include "worker/rest_url.h"
#include "shared/poison.h"

#define STATUS                                                                                   \
	"{\"success\":true,\"data\":{\"uptime\":4294967,\"freeHeap\":27664,\"heapSize\":327680,"     \
	"\"cpuFreq\":240,\"fps\":119.5,\"cpuPercent\":37.25,\"framesRendered\":9,\"network\":"        \
	"{\"connected\":true,\"ip\":\"10.0.0.2\",\"rssi\":-61},\"wsClients\":2},"                      \
	"\"timestamp\":99,\"version\":\"2.0\"}"

static void
test_status(void **state)
{
	struct api_reply r;

	(void)state;
	assert_int_equal(api_body_parse(STATUS, strlen(STATUS), &r, NULL), 0);
	assert_true(r.success);
	assert_int_equal(r.seen, 1U << METRIC_UPTIME_MS | 1U << METRIC_HEAP | 1U << METRIC_FPS_MILLI |
	    1U << METRIC_CPU_MILLI | 1U << METRIC_RSSI_DBM | 1U << METRIC_WS_CLIENTS);
	assert_int_equal(r.value[METRIC_UPTIME_MS], 4294967000);
	assert_int_equal(r.value[METRIC_HEAP], 27664);
	assert_int_equal(r.value[METRIC_FPS_MILLI], 119500);
	assert_int_equal(r.value[METRIC_CPU_MILLI], 37250);
	assert_int_equal(r.value[METRIC_RSSI_DBM], -61);
	assert_int_equal(r.value[METRIC_WS_CLIENTS], 2);
}

static const struct {
	const char *body;
	const char *why;	/* NULL: an envelope */
} bodies[] = {
	{"{\"success\":true}", NULL},
	{" {\"success\":false}\r\n", NULL},
	{"{\"success\":true,\"data\":{\"fps\":1e300,\"freeHeap\":\"x\",\"network\":7}}", NULL},
	{"{\"success\":true,\"data\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\"}", NULL},
	{"", "an empty body"},
	{"{", "a body that is not JSON"},
	{"<html>", "a body that is not JSON"},
	{"{\"success\":true", "a body that is not JSON"},
	{"{\"success\":true}x", "JSON with something behind it"},
	{"{\"success\":true}{}", "JSON with something behind it"},
	{"[true]", "JSON that is not an object"},
	{"true", "JSON that is not an object"},
	{"{\"a\":1}", "JSON without \"success\""},
	{"{\"success\":1}", "JSON without \"success\""},
	{"{\"Success\":true}", "JSON without \"success\""},
	{"{\"success\":true\001}", "a body with control bytes, which is not JSON"},
};

static void
test_bodies(void **state)
{
	struct api_reply r;
	struct err e;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		e.text[0] = '\0';
		rc = api_body_parse(bodies[i].body, strlen(bodies[i].body), &r, &e);
		assert_int_equal(rc, bodies[i].why == NULL ? 0 : -1);
		assert_string_equal(e.text, bodies[i].why == NULL ? "" : bodies[i].why);
		if (bodies[i].why == NULL)
			assert_int_equal(r.seen, 0);
	}
	assert_int_equal(api_body_parse("{\"success\":true}\0", 17, &r, &e), -1);
}

static void
test_depth(void **state)
{
	char body[128];
	struct api_reply r;
	int depth, n;

	(void)state;
	for (depth = API_BODY_DEPTH_MAX - 1; depth <= API_BODY_DEPTH_MAX; depth++) {
		n = snprintf(body, sizeof(body), "{\"success\":true,\"data\":%.*s%.*s}", depth,
		    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", depth, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
		assert_int_equal(api_body_parse(body, (size_t)n, &r, NULL),
		    depth < API_BODY_DEPTH_MAX ? 0 : -1);
	}
}

#define ERR(code, msg) "{\"success\":false,\"error\":{\"code\":\"" code "\",\"message\":\"" msg "\"}}"

static const struct {
	int status;
	const char *body;
	enum op_class want;
	const char *text;
} verdicts[] = {
	{200, "{\"success\":true}", OP_OK, ""},
	{200, "{\"a\":1}", OP_BODY, "JSON without \"success\""},
	{200, ERR("NOT_FOUND", "gone"), OP_API, "200 NOT_FOUND: gone"},
	{200, ERR("RATE_LIMITED", "slow"), OP_REJECTED, "200 RATE_LIMITED: slow"},
	{429, ERR("RATE_LIMITED", "slow"), OP_REJECTED, "429 RATE_LIMITED: slow"},
	{429, "busy", OP_REJECTED, "429"},
	{503, ERR("SYSTEM_NOT_READY", "booting"), OP_STATUS, "503 SYSTEM_NOT_READY: booting"},
	{503, ERR("BUSY", ""), OP_STATUS, "503 BUSY"},
	{401, ERR("UNAUTHORIZED", "key"), OP_STATUS, "401 UNAUTHORIZED: key"},
	{302, "", OP_STATUS, "302"},
	{201, "{\"success\":true}", OP_STATUS, "201"},
};

static void
test_verdicts(void **state)
{
	char text[PROTO_TEXT_MAX + 1];
	struct api_reply r;
	struct err e;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		rc = api_body_parse(verdicts[i].body, strlen(verdicts[i].body), &r, &e);
		assert_int_equal(
		    api_body_judge(verdicts[i].status, rc == 0 ? &r : NULL, e.text, text),
		    verdicts[i].want);
		assert_string_equal(text, verdicts[i].text);
	}
}

/* The cache answers only for the same bytes. */
static void
test_cache(void **state)
{
	struct api_cache c = {.body = NULL};
	char body[] = "{\"success\":true,\"data\":{\"uptime\":1}}";
	struct api_reply r;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(api_body_cached(&c, body, strlen(body), &r, NULL), 0);
		assert_int_equal(r.value[METRIC_UPTIME_MS], 1000);
	}
	body[strlen(body) - 3] = '7';
	assert_int_equal(api_body_cached(&c, body, strlen(body), &r, NULL), 0);
	assert_int_equal(r.value[METRIC_UPTIME_MS], 7000);
	assert_int_equal(api_body_cached(&c, "{}", 2, &r, NULL), -1);
	assert_int_equal(api_body_cached(&c, body, strlen(body) - 1, &r, NULL), -1);
	api_cache_free(&c);
}

struct seen {
	char all[512];
	int count;
};

static void
member_cb(void *arg, const char *member)
{
	struct seen *s = arg;
	size_t len = strlen(s->all);

	snprintf(s->all + len, sizeof(s->all) - len, "%s;", member);
	s->count++;
}

static void
test_members(void **state)
{
	static const char body[] = "{\"success\":true,\"data\":{\"name\":\"LightwaveOS\",\"n\":20100,"
	    "\"o\":{},\"ok\":true,\"x\":null,\"f\":1.5}}";
	struct seen s = {.count = 0};
	char name[400];
	int n;

	(void)state;
	api_body_members(body, strlen(body), 32, member_cb, &s);
	assert_string_equal(s.all, "name=LightwaveOS;n=20100;ok=true;f=1.5;");
	s = (struct seen){.count = 0};
	api_body_members(body, strlen(body), 2, member_cb, &s);
	assert_int_equal(s.count, 2);
	api_body_members("nonsense", 8, 2, member_cb, &s);
	assert_int_equal(s.count, 2);
	n = snprintf(name, sizeof(name), "{\"success\":true,\"data\":{\"%0300d\":1}}", 0);
	api_body_members(name, (size_t)n, 2, member_cb, &s);
	assert_int_equal(s.count, 2);
}

static void
test_url(void **state)
{
	char url[REST_URL_MAX];

	(void)state;
	rest_url(url, "http://h:80", "device/status");
	assert_string_equal(url, "http://h:80/api/v1/device/status");
	rest_url(url, "http://h/base/", "/x");
	assert_string_equal(url, "http://h/base/x");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_url),
	};

	return cmocka_run_group_tests_name("api_body", tests, NULL, NULL);
}
