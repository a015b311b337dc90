/*
 * JSON built with cJSON so that callers need no checks: the first failed allocation is latched
 * and the text is then NULL. Numbers are written from integers, so the same data gives the same
 * bytes.
 */
#ifndef LWS_JSON_OUT_H
#define LWS_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

struct json_out {
	cJSON *root;
	bool failed;
};

/* Begin an object. */
void json_out_init(struct json_out *j);

/* The whole as indented text with a newline at its end (caller frees), or NULL; everything else
 * is freed. */
char *json_out_finish(struct json_out *j);

/*
 * Add a member to the object `to` (key given) or an element to the array `to` (key NULL). A
 * NULL `to` is what a failed call returned: nothing happens.
 */
cJSON *json_out_object(struct json_out *j, cJSON *to, const char *key);
cJSON *json_out_array(struct json_out *j, cJSON *to, const char *key);
void json_out_null(struct json_out *j, cJSON *to, const char *key);
void json_out_bool(struct json_out *j, cJSON *to, const char *key, bool value);
void json_out_i64(struct json_out *j, cJSON *to, const char *key, int64_t value);

/* Text from anywhere, cleaned to valid UTF-8. */
void json_out_text(struct json_out *j, cJSON *to, const char *key, const char *value);

/* value / 1000 with three decimals (microseconds as ms, milliseconds as s). */
void json_out_milli(struct json_out *j, cJSON *to, const char *key, int64_t value);

/* value / 1,000,000 with six decimals (shares). */
void json_out_micro(struct json_out *j, cJSON *to, const char *key, int64_t value);

/* part / whole with three decimals, rounded to nearest; null when whole is 0 or less. */
void json_out_ratio(
    struct json_out *j, cJSON *to, const char *key, int64_t part, int64_t whole);

#endif
