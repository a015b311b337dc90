/* WebSocket messages taken apart: commands, ids, depth, and texts that are none. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/sim/data.h"
#include "worker/sim/wscommand.h"
#include "shared/poison.h"

/* Parse a heap copy without a NUL behind it, so that the sanitizers see any read beyond. */
static struct wscommand
parse(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len > 0 ? len : 1);
	struct wscommand w;

	assert_non_null(copy);
	memcpy(copy, text, len);
	wscommand_parse(copy, len, &w);
	free(copy);
	return w;
}

static void
test_kinds(void **state)
{
	static const struct {
		const char *text;
		enum wscommand_kind kind;
		const char *id;
	} rows[] = {
	    {"{\"type\":\"device.getStatus\",\"requestId\":\"a\"}", WSCOMMAND_DATA, "\"a\""},
	    {"{\"requestId\":7,\"type\":\"effects.getCurrent\"} \r\n", WSCOMMAND_DATA, "7"},
	    {"{\"type\":\"effects.getCurrent\",\"requestId\":\"\\u00e9\\\"\"}", WSCOMMAND_DATA, "\"é\\\"\""},
	    {"{\"type\":\"effects.parameters.get\",\"requestId\":{}}", WSCOMMAND_DATA, NULL},
	    {"{\"type\":\"auth\"}", WSCOMMAND_AUTH, NULL},
	    {"{\"type\":\"nothing\",\"requestId\":\"b\"}", WSCOMMAND_UNKNOWN, "\"b\""},
	    {"{\"type\":5}", WSCOMMAND_UNKNOWN, NULL},
	    {"{}", WSCOMMAND_UNKNOWN, NULL},
	    {"", WSCOMMAND_BAD, NULL},
	    {"[]", WSCOMMAND_BAD, NULL},
	    {"\"type\"", WSCOMMAND_BAD, NULL},
	    {"{\"type\":\"auth\"", WSCOMMAND_BAD, NULL},
	    {"{\"type\":\"auth\"}x", WSCOMMAND_BAD, NULL},
	    {"{\"type\":\"auth\"}{}", WSCOMMAND_BAD, NULL},
	    {"\"\\", WSCOMMAND_BAD, NULL},
	    {"{\"a\":[[[[[[[[[]]]]]]]]]}", WSCOMMAND_UNKNOWN, NULL},
	    {"{\"a\":[[[[[[[[[[]]]]]]]]]]}", WSCOMMAND_DEEP, NULL},
	    {"{\"a\":\"[[[[[[[[[[[[\\\"[[[[\"}", WSCOMMAND_UNKNOWN, NULL},
	    {"[][][][][][][][][][][][]", WSCOMMAND_BAD, NULL},
	};
	struct wscommand w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w = parse(rows[i].text);
		if (w.kind != rows[i].kind)
			fail_msg("%s: kind %d", rows[i].text, (int)w.kind);
		if (rows[i].id == NULL)
			assert_null(w.id);
		else
			assert_string_equal(w.id, rows[i].id);
		wscommand_clear(&w);
	}
}

static void
test_command_and_key(void **state)
{
	char long_key[400];
	struct wscommand w = parse("{\"type\":\"effects.parameters.get\"}");

	(void)state;
	assert_string_equal(data_command_row(w.index)->reply, "effects.parameters");
	wscommand_clear(&w);
	w = parse("{\"type\":\"auth\",\"apiKey\":\"k3y\"}");
	assert_string_equal(w.api_key, "k3y");
	wscommand_clear(&w);
	memset(long_key, 'k', sizeof(long_key));
	memcpy(long_key, "{\"type\":\"auth\",\"apiKey\":\"", 25);
	memcpy(long_key + sizeof(long_key) - 3, "\"}", 3);
	w = parse(long_key);
	assert_int_equal(w.kind, WSCOMMAND_AUTH);
	assert_string_equal(w.api_key, "");
	wscommand_clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_command_and_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
