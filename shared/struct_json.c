/* See struct_json.h; cJSON does the text, the tables decide what may stand in it. */
#include "config.h"

#include "shared/struct_json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "shared/poison.h"

static bool
encode_members(cJSON *o, const struct member *m, size_t n, const void *base)
{
	const char *p;
	char number[24];
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
			/* cJSON itself rounds a number of 16 digits. */
			snprintf(number, sizeof(number), "%lld", (long long)v);
			added = cJSON_AddRawToObject(o, m->name, number);
		}
		if (added == NULL)
			return false;
	}
	return true;
}

static int64_t
count_get(const struct member_array *a, const void *base)
{
	const char *p = (const char *)base + a->count_offset;
	int64_t wide;
	int narrow;

	if (a->count_size == sizeof(narrow)) {
		memcpy(&narrow, p, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, p, sizeof(wide));
	return wide;
}

static void
count_set(const struct member_array *a, void *base, int64_t n)
{
	char *p = (char *)base + a->count_offset;
	int narrow = (int)n;

	if (a->count_size == sizeof(narrow))
		memcpy(p, &narrow, sizeof(narrow));
	else
		memcpy(p, &n, sizeof(n));
}

static bool
encode_array(cJSON *root, const struct member_array *a, const void *p)
{
	cJSON *list = cJSON_AddArrayToObject(root, a->name), *o;
	const char *base = (const char *)p + a->offset;
	int64_t n = count_get(a, p), i;

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
struct_json_encode(const struct struct_map *map, const void *p)
{
	cJSON *root = cJSON_CreateObject();
	char *text = NULL;
	size_t i;
	bool ok;

	ok = root != NULL && encode_members(root, map->members, map->member_count, p);
	for (i = 0; ok && i < map->array_count; i++)
		ok = encode_array(root, &map->arrays[i], p);
	if (ok)
		text = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	return text;
}

static int
decode_text(const struct struct_map *map, const cJSON *item, const struct member *m, char *dst,
    struct err *e)
{
	size_t len;

	if (!cJSON_IsString(item))
		return err_set(e, "%s: %s is not a string", map->what, m->name);
	len = strlen(item->valuestring);
	if (len >= (size_t)m->max)
		return err_set(e, "%s: %s is longer than %lld bytes", map->what, m->name,
		    (long long)m->max - 1);
	memcpy(dst, item->valuestring, len + 1);
	return 0;
}

static int
decode_int(const struct struct_map *map, const cJSON *item, const struct member *m, void *dst,
    struct err *e)
{
	double d = item->valuedouble;
	int64_t v;

	/* The bounds lie within 2^53, so that they and all numbers between are exact in a
	 * double. */
	if (!cJSON_IsNumber(item) || !(d >= (double)m->min && d <= (double)m->max) ||
	    d != (double)(int64_t)d)
		return err_set(e, "%s: %s is not a whole number from %lld to %lld", map->what,
		    m->name, (long long)m->min, (long long)m->max);
	v = (int64_t)d;
	memcpy(dst, &v, sizeof(v));
	return 0;
}

static int
decode_member(const struct struct_map *map, const cJSON *item, const struct member *m, void *base,
    struct err *e)
{
	char *dst = (char *)base + m->offset;
	bool b;

	if (m->kind == MEMBER_TEXT)
		return decode_text(map, item, m, dst, e);
	if (m->kind == MEMBER_INT)
		return decode_int(map, item, m, dst, e);
	if (!cJSON_IsBool(item))
		return err_set(e, "%s: %s is not true or false", map->what, m->name);
	b = cJSON_IsTrue(item);
	memcpy(dst, &b, sizeof(b));
	return 0;
}

/* Every row found once; members that no row has are left to refuse_unknown. */
static int
decode_members(const struct struct_map *map, const cJSON *o, const struct member *m, size_t n,
    void *base, struct err *e)
{
	const cJSON *item;

	for (; n > 0; n--, m++) {
		item = cJSON_GetObjectItemCaseSensitive(o, m->name);
		if (item == NULL)
			return err_set(e, "%s: %s is missing", map->what, m->name);
		if (decode_member(map, item, m, base, e) == -1)
			return -1;
	}
	return 0;
}

static bool
name_known(const struct struct_map *map, const char *name, const struct member *m, size_t n,
    bool with_arrays)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(m[i].name, name) == 0)
			return true;
	for (i = 0; with_arrays && i < map->array_count; i++)
		if (strcmp(map->arrays[i].name, name) == 0)
			return true;
	return false;
}

static int
refuse_unknown(const struct struct_map *map, const cJSON *o, const struct member *m, size_t n,
    bool with_arrays, struct err *e)
{
	const cJSON *item, *other;

	cJSON_ArrayForEach(item, o) {
		if (!name_known(map, item->string, m, n, with_arrays))
			return err_set(e, "%s: %.64s is unknown", map->what, item->string);
		for (other = item->next; other != NULL; other = other->next)
			if (strcmp(item->string, other->string) == 0)
				return err_set(
				    e, "%s: %.64s is there twice", map->what, item->string);
	}
	return 0;
}

static int
decode_array(const struct struct_map *map, const cJSON *root, const struct member_array *a, void *p,
    struct err *e)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, a->name), *o;
	char *element = (char *)p + a->offset;
	int64_t n = 0;

	if (list == NULL)
		return err_set(e, "%s: %s is missing", map->what, a->name);
	if (!cJSON_IsArray(list))
		return err_set(e, "%s: %s is not an array", map->what, a->name);
	cJSON_ArrayForEach(o, list) {
		if (n++ == a->max)
			return err_set(
			    e, "%s: %s has more than %d elements", map->what, a->name, a->max);
		if (!cJSON_IsObject(o))
			return err_set(e, "%s: %s holds what is not an object", map->what, a->name);
		if (refuse_unknown(map, o, a->members, a->member_count, false, e) == -1 ||
		    decode_members(map, o, a->members, a->member_count, element, e) == -1)
			return -1;
		element += a->size;
	}
	count_set(a, p, n);
	return 0;
}

bool
struct_json_holds_nul(const char *text, size_t len)
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
struct_json_decode(const struct struct_map *map, const char *text, size_t len, void *out,
    struct err *e)
{
	cJSON *root = NULL;
	int rc = -1;
	size_t i;

	if (len > map->text_max)
		return err_set(e, "%s: longer than %zu bytes", map->what, map->text_max);
	if (struct_json_holds_nul(text, len))
		return err_set(e, "%s: holds a NUL", map->what);
	root = parse_whole(text, len);
	if (!cJSON_IsObject(root)) {
		err_set(e, "%s: not a JSON object", map->what);
		goto out;
	}
	if (refuse_unknown(map, root, map->members, map->member_count, true, e) == -1 ||
	    decode_members(map, root, map->members, map->member_count, out, e) == -1)
		goto out;
	for (i = 0; i < map->array_count; i++)
		if (decode_array(map, root, &map->arrays[i], out, e) == -1)
			goto out;
	rc = 0;
out:
	cJSON_Delete(root);
	return rc;
}
