/*
 * The plan as JSON, both ways from the same tables. Strict: each member once, no other, each in
 * its bounds. Messages name members, never their values, which may be secret.
 */
#include "config.h"

#include "shared/workplan.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "shared/poison.h"

enum member_kind { MEMBER_TEXT, MEMBER_INT, MEMBER_BOOL };

struct member {
	const char *name;
	enum member_kind kind;
	size_t offset;
	int64_t min;
	int64_t max;	/* MEMBER_TEXT: room in bytes, NUL included */
};

#define MS_MAX INT64_C(3600000)
#define BODY_MAX (INT64_C(1) << 30)

#define TEXT(type, field)                                                                        \
	{#field, MEMBER_TEXT, offsetof(struct type, field), 0, sizeof(((struct type *)0)->field)}
#define INT(type, field, min, max) {#field, MEMBER_INT, offsetof(struct type, field), min, max}
#define BOOL(type, field) {#field, MEMBER_BOOL, offsetof(struct type, field), 0, 1}
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct member plan_members[] = {
	TEXT(workplan, url),
	TEXT(workplan, api_key),
	TEXT(workplan, ca_file),
	TEXT(workplan, proxy),
	TEXT(workplan, serial_path),
	TEXT(workplan, usb_serial),
	TEXT(workplan, fatal_pattern),
	BOOL(workplan, insecure),
	BOOL(workplan, fresh_connections),
	INT(workplan, timeout_ms, 1, MS_MAX),
	INT(workplan, connect_timeout_ms, 1, MS_MAX),
	INT(workplan, preflight_timeout_ms, 1, MS_MAX),
	INT(workplan, body_max, 1, BODY_MAX),
};

static const struct member load_members[] = {
	INT(workplan_load, rate_mhz, RATE_CLOSED_LOOP, SCHED_RATE_MAX_MHZ),
	INT(workplan_load, duration_us, 0, SCHED_DURATION_MAX_US),
	INT(workplan_load, lanes, 0, 256),
	INT(workplan_load, window, 1, 64),
};

static const struct member kind_members[] = {
	TEXT(workplan_kind, name),
	TEXT(workplan_kind, payload),
	TEXT(workplan_kind, reply),
};

struct array {
	const char *name;
	const struct member *members;
	size_t member_count;
	size_t offset;		/* of the elements */
	size_t size;		/* of one element */
	size_t count_offset;
	int max;
};

#define ARRAY(field, count, max)                                                                 \
	{#field, field##_members, COUNT(field##_members), offsetof(struct workplan, field),      \
	    sizeof(((struct workplan *)0)->field[0]), offsetof(struct workplan, count), max}

static const struct array arrays[] = {
	ARRAY(load, scenario_count, WORKPLAN_SCENARIOS_MAX),
	ARRAY(kind, kind_count, WORKPLAN_KINDS_MAX),
};

static bool
encode_members(cJSON *o, const struct member *m, size_t n, const void *base)
{
	const char *p;
	cJSON *added;
	int64_t v;
	bool b;

	for (; n > 0; n--, m++) {
		p = (const char *)base + m->offset;
		if (m->kind == MEMBER_TEXT) {
			added = cJSON_AddStringToObject(o, m->name, p);
		} else if (m->kind == MEMBER_BOOL) {
			memcpy(&b, p, sizeof(b));
			added = cJSON_AddBoolToObject(o, m->name, b);
		} else {
			memcpy(&v, p, sizeof(v));
			added = cJSON_AddNumberToObject(o, m->name, (double)v);
		}
		if (added == NULL)
			return false;
	}
	return true;
}

static bool
encode_array(cJSON *root, const struct array *a, const struct workplan *p)
{
	cJSON *list = cJSON_AddArrayToObject(root, a->name), *o;
	const char *base = (const char *)p + a->offset;
	int64_t n, i;

	memcpy(&n, (const char *)p + a->count_offset, sizeof(n));
	for (i = 0; list != NULL && i < n && i < a->max; i++) {
		o = cJSON_CreateObject();
		if (o == NULL || !cJSON_AddItemToArray(list, o))
			return false;
		if (!encode_members(o, a->members, a->member_count, base + (size_t)i * a->size))
			return false;
	}
	return list != NULL;
}

char *
workplan_encode(const struct workplan *p)
{
	cJSON *root = cJSON_CreateObject();
	char *text = NULL;
	size_t i;
	bool ok;

	ok = root != NULL && encode_members(root, plan_members, COUNT(plan_members), p);
	for (i = 0; ok && i < COUNT(arrays); i++)
		ok = encode_array(root, &arrays[i], p);
	if (ok)
		text = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	return text;
}

static int
decode_text(const cJSON *item, const struct member *m, char *dst, struct err *e)
{
	size_t len;

	if (!cJSON_IsString(item))
		return err_set(e, "plan: %s is not a string", m->name);
	len = strlen(item->valuestring);
	if (len >= (size_t)m->max)
		return err_set(e, "plan: %s is longer than %lld bytes", m->name, (long long)m->max - 1);
	memcpy(dst, item->valuestring, len + 1);
	return 0;
}

static int
decode_int(const cJSON *item, const struct member *m, void *dst, struct err *e)
{
	double d = item->valuedouble;
	int64_t v;

	/* The bounds lie within 2^53, so that they and all numbers between are exact in a double. */
	if (!cJSON_IsNumber(item) || !(d >= (double)m->min && d <= (double)m->max) ||
	    d != (double)(int64_t)d)
		return err_set(e, "plan: %s is not a whole number from %lld to %lld", m->name,
		    (long long)m->min, (long long)m->max);
	v = (int64_t)d;
	memcpy(dst, &v, sizeof(v));
	return 0;
}

static int
decode_member(const cJSON *item, const struct member *m, void *base, struct err *e)
{
	char *dst = (char *)base + m->offset;
	bool b;

	if (m->kind == MEMBER_TEXT)
		return decode_text(item, m, dst, e);
	if (m->kind == MEMBER_INT)
		return decode_int(item, m, dst, e);
	if (!cJSON_IsBool(item))
		return err_set(e, "plan: %s is not true or false", m->name);
	b = cJSON_IsTrue(item);
	memcpy(dst, &b, sizeof(b));
	return 0;
}

/* Every row found once; members that no row has are left to refuse_unknown. */
static int
decode_members(const cJSON *o, const struct member *m, size_t n, void *base, struct err *e)
{
	const cJSON *item;

	for (; n > 0; n--, m++) {
		item = cJSON_GetObjectItemCaseSensitive(o, m->name);
		if (item == NULL)
			return err_set(e, "plan: %s is missing", m->name);
		if (decode_member(item, m, base, e) == -1)
			return -1;
	}
	return 0;
}

static bool
name_known(const char *name, const struct member *m, size_t n, bool with_arrays)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(m[i].name, name) == 0)
			return true;
	for (i = 0; with_arrays && i < COUNT(arrays); i++)
		if (strcmp(arrays[i].name, name) == 0)
			return true;
	return false;
}

static int
refuse_unknown(const cJSON *o, const struct member *m, size_t n, bool with_arrays, struct err *e)
{
	const cJSON *item, *other;

	cJSON_ArrayForEach(item, o) {
		if (!name_known(item->string, m, n, with_arrays))
			return err_set(e, "plan: %.64s is unknown", item->string);
		for (other = item->next; other != NULL; other = other->next)
			if (strcmp(item->string, other->string) == 0)
				return err_set(e, "plan: %.64s is there twice", item->string);
	}
	return 0;
}

static int
decode_array(const cJSON *root, const struct array *a, struct workplan *p, struct err *e)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, a->name), *o;
	char *element = (char *)p + a->offset;
	int64_t n = 0;

	if (list == NULL)
		return err_set(e, "plan: %s is missing", a->name);
	if (!cJSON_IsArray(list))
		return err_set(e, "plan: %s is not an array", a->name);
	cJSON_ArrayForEach(o, list) {
		if (n++ == a->max)
			return err_set(e, "plan: %s has more than %d elements", a->name, a->max);
		if (!cJSON_IsObject(o))
			return err_set(e, "plan: %s holds what is not an object", a->name);
		if (refuse_unknown(o, a->members, a->member_count, false, e) == -1 ||
		    decode_members(o, a->members, a->member_count, element, e) == -1)
			return -1;
		element += a->size;
	}
	memcpy((char *)p + a->count_offset, &n, sizeof(n));
	return 0;
}

/* cJSON ends a string silently at a NUL; so neither the byte nor its escape may be there. */
static bool
holds_nul(const char *text, size_t len)
{
	size_t i;

	if (memchr(text, '\0', len) != NULL)
		return true;
	for (i = 0; i + 1 < len; i++) {
		if (text[i] != '\\')
			continue;
		if (len - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0)
			return true;
		i++;
	}
	return false;
}

static cJSON *
parse_whole(const char *text, size_t len)
{
	const char *end;
	cJSON *root = cJSON_ParseWithLengthOpts(text, len, &end, 0);

	if (root == NULL)
		return NULL;
	while (end < text + len && strchr(" \t\r\n", *end) != NULL)
		end++;
	if (end == text + len)
		return root;
	cJSON_Delete(root);
	return NULL;
}

int
workplan_decode(const char *text, size_t len, struct workplan *out, struct err *e)
{
	struct workplan p;
	cJSON *root = NULL;
	int rc = -1;
	size_t i;

	if (len > WORKPLAN_TEXT_MAX)
		return err_set(e, "plan: longer than %d bytes", WORKPLAN_TEXT_MAX);
	if (holds_nul(text, len))
		return err_set(e, "plan: holds a NUL");
	root = parse_whole(text, len);
	if (!cJSON_IsObject(root)) {
		err_set(e, "plan: not a JSON object");
		goto out;
	}
	memset(&p, 0, sizeof(p));
	if (refuse_unknown(root, plan_members, COUNT(plan_members), true, e) == -1 ||
	    decode_members(root, plan_members, COUNT(plan_members), &p, e) == -1)
		goto out;
	for (i = 0; i < COUNT(arrays); i++)
		if (decode_array(root, &arrays[i], &p, e) == -1)
			goto out;
	*out = p;
	rc = 0;
out:
	cJSON_Delete(root);
	return rc;
}
