#include "config.h"

#include "coordinator/json_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"
#include "shared/poison.h"

void
json_out_init(struct json_out *j)
{
	j->root = cJSON_CreateObject();
	j->failed = j->root == NULL;
}

char *
json_out_finish(struct json_out *j)
{
	char *text = j->failed ? NULL : cJSON_Print(j->root), *out = NULL;
	size_t len;

	cJSON_Delete(j->root);
	j->root = NULL;
	if (text == NULL)
		return NULL;
	len = strlen(text);
	out = malloc(len + 2);
	if (out != NULL) {
		memcpy(out, text, len);
		memcpy(out + len, "\n", 2);
	}
	cJSON_free(text);
	return out;
}

/* Cleaned copy of s, NULL when memory is out. A bad byte becomes three. */
static char *
clean_dup(const char *s)
{
	size_t len = strlen(s);
	char *out = malloc(3 * len + 4);

	if (out != NULL)
		text_utf8_clean(out, 3 * len + 4, s, len);
	return out;
}

static cJSON *
put(struct json_out *j, cJSON *to, const char *key, cJSON *item)
{
	char *clean = key == NULL ? NULL : clean_dup(key);
	bool ok = false;

	if (item != NULL && to != NULL && key == NULL)
		ok = cJSON_AddItemToArray(to, item);
	else if (item != NULL && to != NULL && clean != NULL)
		ok = cJSON_AddItemToObject(to, clean, item);
	free(clean);
	if (ok)
		return item;
	cJSON_Delete(item);
	j->failed = true;
	return NULL;
}

cJSON *
json_out_object(struct json_out *j, cJSON *to, const char *key)
{
	return put(j, to, key, cJSON_CreateObject());
}

cJSON *
json_out_array(struct json_out *j, cJSON *to, const char *key)
{
	return put(j, to, key, cJSON_CreateArray());
}

void
json_out_null(struct json_out *j, cJSON *to, const char *key)
{
	put(j, to, key, cJSON_CreateNull());
}

void
json_out_bool(struct json_out *j, cJSON *to, const char *key, bool value)
{
	put(j, to, key, cJSON_CreateBool(value));
}

void
json_out_text(struct json_out *j, cJSON *to, const char *key, const char *value)
{
	char *clean = clean_dup(value);

	put(j, to, key, clean == NULL ? NULL : cJSON_CreateString(clean));
	free(clean);
}

void
json_out_i64(struct json_out *j, cJSON *to, const char *key, int64_t value)
{
	char raw[32];

	snprintf(raw, sizeof(raw), "%" PRId64, value);
	put(j, to, key, cJSON_CreateRaw(raw));
}

static void
fixed(struct json_out *j, cJSON *to, const char *key, int64_t value, int64_t scale, int digits)
{
	int64_t whole = value / scale, rest = value % scale;
	char raw[64];

	snprintf(raw, sizeof(raw), "%s%" PRId64 ".%0*" PRId64, value < 0 ? "-" : "",
	    whole < 0 ? -whole : whole, digits, rest < 0 ? -rest : rest);
	put(j, to, key, cJSON_CreateRaw(raw));
}

void
json_out_milli(struct json_out *j, cJSON *to, const char *key, int64_t value)
{
	fixed(j, to, key, value, 1000, 3);
}

void
json_out_micro(struct json_out *j, cJSON *to, const char *key, int64_t value)
{
	fixed(j, to, key, value, 1000000, 6);
}

void
json_out_ratio(struct json_out *j, cJSON *to, const char *key, int64_t part, int64_t whole)
{
	int64_t q, r;

	if (whole <= 0) {
		json_out_null(j, to, key);
		return;
	}
	while (whole > INT64_MAX / 4000) {
		whole /= 2;
		part /= 2;
	}
	q = part / whole;
	r = (part % whole * 2000 + whole) / (2 * whole);
	fixed(j, to, key, q * 1000 + r, 1000, 3);
}
