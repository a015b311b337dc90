/*
 * REST bodies. The first byte picks the HTTP status; a second look at the same bytes, through the
 * cache, must say the same.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worker/api_body.h"
#include "shared/poison.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(x) do { if (!(x)) abort(); } while (0)

static const int statuses[] = {200, 200, 204, 302, 401, 429, 500, 503};

static void
member_cb(void *arg, const char *member)
{
	int *count = arg;

	CHECK(strlen(member) <= PROTO_TEXT_MAX && strchr(member, '=') != NULL);
	CHECK(++*count <= 4);
}

static void
check_reply(const struct api_reply *r)
{
	int m;

	CHECK(strlen(r->code) < sizeof(r->code) && strlen(r->message) < sizeof(r->message));
	CHECK(r->seen < 1U << METRIC_COUNT);
	for (m = 0; m < METRIC_COUNT; m++)
		CHECK(r->value[m] >= -(INT64_C(1) << 53) && r->value[m] <= INT64_C(1) << 53);
}

static void
check_cache(const char *body, size_t len, int rc, const struct api_reply *r)
{
	struct api_cache c = {.body = NULL};
	struct api_reply again = {.success = false};
	int i;

	for (i = 0; i < 2; i++) {
		CHECK(api_body_cached(&c, body, len, &again, NULL) == rc);
		CHECK(rc == -1 || (again.success == r->success && again.seen == r->seen));
		CHECK(rc == -1 || strcmp(again.code, r->code) == 0);
	}
	api_cache_free(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[PROTO_TEXT_MAX + 1];
	struct api_reply r = {.success = false};
	struct err e = {""};
	enum op_class class;
	const char *body;
	int status, rc, members = 0;

	if (len == 0)
		return 0;
	status = statuses[data[0] % (sizeof(statuses) / sizeof(statuses[0]))];
	body = (const char *)data + 1;
	rc = api_body_parse(body, len - 1, &r, &e);
	CHECK(rc == 0 || (rc == -1 && e.text[0] != '\0'));
	check_reply(&r);
	check_cache(body, len - 1, rc, &r);
	class = api_body_judge(status, rc == 0 ? &r : NULL, e.text, text);
	CHECK((class == OP_OK) == (status == 200 && rc == 0 && r.success));
	CHECK((class == OP_OK) == (text[0] == '\0') && strlen(text) <= PROTO_TEXT_MAX);
	api_body_members(body, len - 1, 4, member_cb, &members);
	return 0;
}
