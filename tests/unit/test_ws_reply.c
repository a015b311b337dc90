/* ws_reply and ws_command: the messages of the device contract, and what only looks like them. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/ws_command.h"
#include "worker/ws_reply.h"
#include "shared/poison.h"

#define ERROR(more) "{\"type\":\"error\",\"success\":false," more "}"

static void
test_judge(void **state)
{
	static const struct {
		const char *text;
		enum op_class op_class;
		const char *words;
	} rows[] = {
		{"{\"type\":\"device.status\",\"requestId\":\"lw-1\",\"success\":true,\"data\":{}}", OP_OK, ""},
		{" {\"success\":true,\"type\":\"device.status\"}\n", OP_OK, ""},
		{"{\"type\":\"status\",\"success\":true}", OP_BODY,
		    "reply of type \"status\" in place of \"device.status\""},
		{"{\"success\":true}", OP_BODY, "reply of type \"\" in place of \"device.status\""},
		{"{\"type\":\"device.status\"}", OP_BODY, "reply without \"success\""},
		{"{\"type\":\"device.status\",\"success\":\"true\"}", OP_BODY, "reply without \"success\""},
		{ERROR("\"error\":{\"code\":\"RATE_LIMITED\",\"message\":\"slow\"}"), OP_REJECTED,
		    "RATE_LIMITED: slow"},
		{ERROR("\"error\":{\"code\":\"BUSY\"}"), OP_REJECTED, "BUSY"},
		{ERROR("\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"x\"}"), OP_API, "NOT_FOUND: x"},
		{ERROR("\"error\":\"text\""), OP_API, "no code"},
		{"{\"type\":\"device.status\",\"success\":false}", OP_API, "no code"},
	};
	char words[PROTO_TEXT_MAX + 1];
	struct ws_reply r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ws_reply_parse(rows[i].text, strlen(rows[i].text), &r, NULL), 0);
		assert_int_equal(ws_reply_judge(&r, "device.status", words), rows[i].op_class);
		assert_string_equal(words, rows[i].words);
	}
	assert_int_equal(ws_reply_parse("{\"type\":\"any\",\"success\":true}", 29, &r, NULL), 0);
	assert_int_equal(ws_reply_judge(&r, "", words), OP_OK);
}

static void
test_not_json(void **state)
{
	static const char *const rows[] = {"", "x", "[]", "17", "{}x", "{\"a\":1", "{} {}", "nullnull"};
	char deep[200];
	struct ws_reply r;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(ws_reply_parse(rows[i], strlen(rows[i]), &r, &e), -1);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(ws_reply_parse(deep, sizeof(deep), &r, &e), -1);
	assert_string_equal(e.text, "JSON nested deeper than 32");
}

static void
test_ids(void **state)
{
	static const struct {
		const char *text;
		bool has_id, limit;
		const char *id;
	} rows[] = {
		{"{\"requestId\":\"lw-7\"}", true, false, "lw-7"},
		{"{\"requestId\":7}", true, false, ""},
		{"{\"requestId\":null}", false, false, ""},
		{"{\"RequestId\":\"lw-7\"}", false, false, ""},
		{ERROR("\"error\":{\"code\":\"RATE_LIMITED\"}"), false, true, ""},
		{ERROR("\"error\":{\"code\":\"RATE_LIMITED\"},\"requestId\":\"lw-7\""), true, false, "lw-7"},
		{ERROR("\"error\":{\"code\":\"PARSE\"}"), false, false, ""},
		{"{\"type\":\"note\",\"error\":{\"code\":\"RATE_LIMITED\"}}", false, false, ""},
	};
	struct ws_reply r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ws_reply_parse(rows[i].text, strlen(rows[i].text), &r, NULL), 0);
		assert_int_equal(r.has_id, rows[i].has_id);
		assert_int_equal(ws_reply_is_limit(&r), rows[i].limit);
		assert_string_equal(r.id, rows[i].id);
	}
}

/* Uptime and heap stand in data of a reply, at the top of a broadcast, and count nowhere else. */
static void
test_metrics(void **state)
{
	static const struct {
		const char *text;
		int64_t uptime_ms;	/* -1: not seen */
	} rows[] = {
		{"{\"type\":\"device.status\",\"data\":{\"uptime\":12,\"freeHeap\":5}}", 12000},
		{"{\"type\":\"status\",\"uptime\":13,\"freeHeap\":5}", 13000},
		{"{\"type\":\"status\",\"data\":{\"uptime\":14}}", 14000},
		{"{\"type\":\"effects.current\",\"data\":{\"uptime\":15}}", -1},
		{"{\"type\":\"status\",\"uptime\":\"16\"}", -1},
		{"{\"type\":\"status\",\"uptime\":1e300}", -1},
	};
	struct ws_reply r;
	size_t i;
	bool seen;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ws_reply_parse(rows[i].text, strlen(rows[i].text), &r, NULL), 0);
		seen = r.api.seen & 1U << METRIC_UPTIME_MS;
		assert_int_equal(seen, rows[i].uptime_ms != -1);
		if (seen)
			assert_int_equal(r.api.value[METRIC_UPTIME_MS], rows[i].uptime_ms);
	}
}

static void
test_command(void **state)
{
	struct workplan_kind kind = {"effects.parameters.get", "{\"effectId\":6912}", ""};
	struct ws_command c;
	char text[WS_COMMAND_MAX];
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(ws_command_init(&c, &kind, &e), 0);
	n = ws_command_text(&c, 42, text);
	assert_string_equal(text, "{\"type\":\"effects.parameters.get\",\"requestId\":\"lw-42\","
	    "\"payload\":{\"effectId\":6912}}");
	assert_int_equal(n, strlen(text));
	kind = (struct workplan_kind){"a\"b", "", ""};
	assert_int_equal(ws_command_init(&c, &kind, &e), 0);
	ws_command_text(&c, 1, text);
	assert_string_equal(text, "{\"type\":\"a\\\"b\",\"requestId\":\"lw-1\",\"payload\":{}}");
	kind = (struct workplan_kind){"a", "[1]", ""};
	assert_int_equal(ws_command_init(&c, &kind, &e), -1);
	assert_string_equal(e.text, "payload of command \"a\" is not a JSON object");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_not_json),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_command),
	};

	return cmocka_run_group_tests_name("ws_reply", tests, NULL, NULL);
}
