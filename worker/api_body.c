/*
 * Bodies are hostile until shown otherwise: nesting is counted before cJSON recurses into it,
 * and the whole input must be one value.
 */
#include "config.h"

#include "worker/api_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "shared/text.h"
#include "shared/poison.h"

#define STATUS_OK 200
#define STATUS_TOO_MANY 429

/* Where each metric stands in "data", and by what it is multiplied. */
static const struct {
	enum metric metric;
	const char *object;	/* member of data that holds it, NULL: data itself */
	const char *name;
	double scale;
	double min, max;	/* in the device's own unit; beyond is nonsense */
} fields[] = {
	{METRIC_UPTIME_MS, NULL, "uptime", 1000, 0, 4294967.0},
	{METRIC_HEAP, NULL, "freeHeap", 1, 0, 4294967295.0},
	{METRIC_FPS_MILLI, NULL, "fps", 1000, 0, 1e6},
	{METRIC_CPU_MILLI, NULL, "cpuPercent", 1000, 0, 1000},
	{METRIC_WS_CLIENTS, NULL, "wsClients", 1, 0, 1e6},
	{METRIC_RSSI_DBM, "network", "rssi", 1, -1000, 1000},
};

/* Deepest nesting of brackets outside of strings, counted no further than one over the limit. */
static int
depth_of(const char *p, size_t len)
{
	int depth = 0, most = 0;
	bool in_string = false;
	size_t i;

	for (i = 0; i < len && most <= API_BODY_DEPTH_MAX; i++) {
		if (in_string) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == '"')
				in_string = false;
		} else if (p[i] == '"') {
			in_string = true;
		} else if (p[i] == '{' || p[i] == '[') {
			if (++depth > most)
				most = depth;
		} else if (p[i] == '}' || p[i] == ']') {
			depth--;
		}
	}
	return most;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* cJSON takes any control byte for white space, JSON does not. */
static bool
holds_control(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)p[i] < 0x20 && !is_blank(p[i]))
			return true;
	return false;
}

cJSON *
api_body_object(const char *body, size_t len, struct err *e)
{
	const char *end = NULL;
	cJSON *root;

	if (len == 0) {
		err_set(e, "an empty body");
		return NULL;
	}
	if (holds_control(body, len)) {
		err_set(e, "a body with control bytes, which is not JSON");
		return NULL;
	}
	if (depth_of(body, len) > API_BODY_DEPTH_MAX) {
		err_set(e, "JSON nested deeper than %d", API_BODY_DEPTH_MAX);
		return NULL;
	}
	root = cJSON_ParseWithLengthOpts(body, len, &end, 0);
	while (root != NULL && end < body + len && is_blank(*end))
		end++;
	if (root != NULL && end == body + len && cJSON_IsObject(root))
		return root;
	err_set(e, root == NULL ? "a body that is not JSON" :
	    cJSON_IsObject(root) ? "JSON with something behind it" : "JSON that is not an object");
	cJSON_Delete(root);
	return NULL;
}

void
api_body_metrics(const cJSON *data, struct api_reply *out)
{
	const cJSON *from, *item;
	double v;
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		from = fields[i].object == NULL ? data :
		    cJSON_GetObjectItemCaseSensitive(data, fields[i].object);
		item = cJSON_GetObjectItemCaseSensitive(from, fields[i].name);
		if (!cJSON_IsNumber(item))
			continue;
		v = item->valuedouble * fields[i].scale;
		if (!(item->valuedouble >= fields[i].min && item->valuedouble <= fields[i].max)) {
			out->nonsense |= 1U << fields[i].metric;
			continue;
		}
		out->value[fields[i].metric] = (int64_t)(v < 0 ? v - 0.5 : v + 0.5);
		out->seen |= 1U << fields[i].metric;
	}
}

void
api_body_text(const cJSON *object, const char *name, char *dst, size_t size)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (cJSON_IsString(item))
		text_utf8_clean(dst, size, item->valuestring, strlen(item->valuestring));
}

int
api_body_parse(const char *body, size_t len, struct api_reply *out, struct err *e)
{
	cJSON *root = api_body_object(body, len, e);
	const cJSON *success, *error;
	struct api_reply r = {.success = false};

	if (root == NULL)
		return -1;
	success = cJSON_GetObjectItemCaseSensitive(root, "success");
	if (!cJSON_IsBool(success)) {
		cJSON_Delete(root);
		return err_set(e, "JSON without \"success\"");
	}
	r.success = cJSON_IsTrue(success);
	error = cJSON_GetObjectItemCaseSensitive(root, "error");
	api_body_text(error, "code", r.code, sizeof(r.code));
	api_body_text(error, "message", r.message, sizeof(r.message));
	api_body_metrics(cJSON_GetObjectItemCaseSensitive(root, "data"), &r);
	*out = r;
	cJSON_Delete(root);
	return 0;
}

static void
cache_store(struct api_cache *c, const char *body, size_t len, const struct api_reply *r)
{
	if (c->body == NULL)
		c->body = malloc(API_BODY_KEEP_MAX);
	if (c->body == NULL)
		return;
	memcpy(c->body, body, len);
	c->len = len;
	c->reply = *r;
}

int
api_body_cached(struct api_cache *c, const char *body, size_t len, struct api_reply *out,
    struct err *e)
{
	if (c->body != NULL && len > 0 && c->len == len && memcmp(c->body, body, len) == 0) {
		*out = c->reply;
		return 0;
	}
	if (api_body_parse(body, len, out, e) == -1)
		return -1;
	if (len <= API_BODY_KEEP_MAX)
		cache_store(c, body, len, out);
	return 0;
}

void
api_cache_free(struct api_cache *c)
{
	free(c->body);
	c->body = NULL;
	c->len = 0;
}

enum op_class
api_body_judge(int status, const struct api_reply *r, const char *why, char *text)
{
	const char *code = r != NULL ? r->code : "";
	const char *message = r != NULL ? r->message : "";
	bool limited = status == STATUS_TOO_MANY || strcmp(code, "RATE_LIMITED") == 0;

	text[0] = '\0';
	if (status == STATUS_OK && r != NULL && r->success)
		return OP_OK;
	if (status == STATUS_OK && r == NULL) {
		text_copy(text, PROTO_TEXT_MAX + 1, why);
		return OP_BODY;
	}
	snprintf(text, PROTO_TEXT_MAX + 1, "%d%s%s%s%s", status, code[0] != '\0' ? " " : "", code,
	    message[0] != '\0' ? ": " : "", message);
	if (limited)
		return OP_REJECTED;
	return status == STATUS_OK ? OP_API : OP_STATUS;
}

static bool
format_member(const cJSON *item, char *dst, size_t size)
{
	int n = -1;

	if (cJSON_IsString(item))
		n = snprintf(dst, size, "%s=%s", item->string, item->valuestring);
	else if (cJSON_IsNumber(item))
		n = snprintf(dst, size, "%s=%.15g", item->string, item->valuedouble);
	else if (cJSON_IsBool(item))
		n = snprintf(
		    dst, size, "%s=%s", item->string, cJSON_IsTrue(item) ? "true" : "false");
	return n > 0;
}

void
api_body_members(const char *body, size_t len, int max,
    void (*cb)(void *arg, const char *member), void *arg)
{
	char raw[PROTO_TEXT_MAX + 1], clean[PROTO_TEXT_MAX + 1];
	cJSON *root = api_body_object(body, len, NULL);
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(root, "data"), *item;

	cJSON_ArrayForEach(item, data) {
		if (max == 0)
			break;
		if (item->string == NULL || !format_member(item, raw, sizeof(raw)))
			continue;
		text_utf8_clean(clean, sizeof(clean), raw, strlen(raw));
		if (strchr(clean, '=') == NULL)
			continue;	/* a name so long that its value was cut off */
		cb(arg, clean);
		max--;
	}
	cJSON_Delete(root);
}
