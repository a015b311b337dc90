/* The device's JSON messages, in the ws worker. They are hostile until api_body_object took them. */
#include "config.h"

#include "worker/ws_reply.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "shared/poison.h"

static const char *const metric_types[] = {"status", "device.status"};

/* Error codes by which the device refuses on purpose. */
static const char *const policy_codes[] = {"RATE_LIMITED", "BUSY"};

static bool
is_one_of(const char *s, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(s, list[i]) == 0)
			return true;
	return false;
}

#define IS_ONE_OF(s, list) is_one_of(s, list, sizeof(list) / sizeof((list)[0]))

int
ws_reply_parse(const char *text, size_t len, struct ws_reply *out, struct err *e)
{
	cJSON *root = api_body_object(text, len, e);
	const cJSON *item, *error, *data;

	if (root == NULL)
		return -1;
	memset(out, 0, sizeof(*out));
	api_body_text(root, "type", out->type, sizeof(out->type));
	item = cJSON_GetObjectItemCaseSensitive(root, "requestId");
	out->has_id = item != NULL && !cJSON_IsNull(item);
	api_body_text(root, "requestId", out->id, sizeof(out->id));
	item = cJSON_GetObjectItemCaseSensitive(root, "success");
	out->has_success = cJSON_IsBool(item);
	out->api.success = cJSON_IsTrue(item);
	error = cJSON_GetObjectItemCaseSensitive(root, "error");
	api_body_text(error, "code", out->api.code, sizeof(out->api.code));
	api_body_text(error, "message", out->api.message, sizeof(out->api.message));
	if (IS_ONE_OF(out->type, metric_types)) {
		data = cJSON_GetObjectItemCaseSensitive(root, "data");
		api_body_metrics(data != NULL ? data : root, &out->api);
	}
	cJSON_Delete(root);
	return 0;
}

bool
ws_reply_is_limit(const struct ws_reply *r)
{
	return !r->has_id && strcmp(r->type, "error") == 0 && strcmp(r->api.code, "RATE_LIMITED") == 0;
}

enum op_class
ws_reply_judge(const struct ws_reply *r, const char *wanted, char *text)
{
	const struct api_reply *a = &r->api;

	text[0] = '\0';
	if (r->has_success && !a->success) {
		snprintf(text, PROTO_TEXT_MAX + 1, "%s%s%s", a->code[0] != '\0' ? a->code : "no code",
		    a->message[0] != '\0' ? ": " : "", a->message);
		return IS_ONE_OF(a->code, policy_codes) ? OP_REJECTED : OP_API;
	}
	if (wanted[0] != '\0' && strcmp(r->type, wanted) != 0) {
		snprintf(text, PROTO_TEXT_MAX + 1, "reply of type \"%s\" in place of \"%s\"", r->type,
		    wanted);
		return OP_BODY;
	}
	if (!r->has_success) {
		snprintf(text, PROTO_TEXT_MAX + 1, "reply without \"success\"");
		return OP_BODY;
	}
	return OP_OK;
}
