/*
 * Plain structs to JSON text and back, both ways from one table. Strict: each member once, no
 * other, each within its bounds. Messages name members, never their values, which may be secret.
 */
#ifndef LWS_STRUCT_JSON_H
#define LWS_STRUCT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"

enum member_kind { MEMBER_TEXT, MEMBER_INT, MEMBER_BOOL };

struct member {
	const char *name;
	enum member_kind kind;
	size_t offset;
	int64_t min;	/* bounds of numbers lie within 2^53, so that they are exact in JSON */
	int64_t max;	/* MEMBER_TEXT: room in bytes, NUL included */
};

#define MEMBER_TEXT_OF(type, field)                                                              \
	{#field, MEMBER_TEXT, offsetof(struct type, field), 0, sizeof(((struct type *)0)->field)}
#define MEMBER_INT_OF(type, field, min, max)                                                     \
	{#field, MEMBER_INT, offsetof(struct type, field), min, max}
#define MEMBER_BOOL_OF(type, field) {#field, MEMBER_BOOL, offsetof(struct type, field), 0, 1}
#define MEMBER_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* An array of structs inside the struct, with its count (an int or an int64_t) elsewhere in it. */
struct member_array {
	const char *name;
	const struct member *members;
	size_t member_count;
	size_t offset;		/* of the elements */
	size_t size;		/* of one element */
	size_t count_offset;
	size_t count_size;
	int max;
};

struct struct_map {
	const char *what;	/* names the struct in messages */
	const struct member *members;
	size_t member_count;
	const struct member_array *arrays;
	size_t array_count;
	size_t text_max;	/* bytes of JSON that are read at most */
};

/* True if text holds a NUL or its escape: cJSON would end a string there, silently. */
bool struct_json_holds_nul(const char *text, size_t len);

/* JSON text of the struct at p (caller frees), or NULL when memory is out. */
char *struct_json_encode(const struct struct_map *map, const void *p);

/* Fill the struct at out, which the caller has zeroed. 0, or -1 with e and out half filled. */
int struct_json_decode(const struct struct_map *map, const char *text, size_t len, void *out,
    struct err *e);

#endif
