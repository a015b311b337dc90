/*
 * What a reply of the device's REST API says (device contract, "REST"): the envelope
 * {"success":…,"data":{…}} or {"success":false,"error":{…}}. Bodies come from the network and
 * are checked before they are parsed; the caller bounds their length.
 */
#ifndef LWS_API_BODY_H
#define LWS_API_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/proto.h"

#define API_BODY_DEPTH_MAX 32
#define API_BODY_KEEP_MAX 16384

struct api_reply {
	bool success;
	char code[64];		/* error.code and error.message, "" if absent */
	char message[160];
	unsigned seen;		/* bit 1 << m is set when value[m] was in the reply */
	int64_t value[METRIC_COUNT];
	unsigned nonsense;	/* metrics that were there with a value that cannot be */
};

/* The last body of one path and what it said: the same bytes need no second parse. */
struct api_cache {
	char *body;
	size_t len;
	struct api_reply reply;
};

struct cJSON;

/* len bytes as one JSON object with nothing behind it (caller deletes), or NULL with e. */
struct cJSON *api_body_object(const char *body, size_t len, struct err *e);

/* Copy the text member `name` of object (NULL: no member) to dst, which stays as it is without one. */
void api_body_text(const struct cJSON *object, const char *name, char *dst, size_t size);

/* Add to out what data (NULL: nothing) tells of metrics. */
void api_body_metrics(const struct cJSON *data, struct api_reply *out);

/* Parse len bytes. 0, or -1 with e: not one whole JSON object with a boolean "success". */
int api_body_parse(const char *body, size_t len, struct api_reply *out, struct err *e);

/* The same, remembering the body in c when it is at most API_BODY_KEEP_MAX bytes. */
int api_body_cached(struct api_cache *c, const char *body, size_t len, struct api_reply *out,
    struct err *e);
void api_cache_free(struct api_cache *c);

/*
 * The class of an answered request. r is NULL when the body was no envelope, why then says what
 * it was. text (PROTO_TEXT_MAX + 1 bytes) gets the words for the report, "" for OP_OK.
 */
enum op_class api_body_judge(int status, const struct api_reply *r, const char *why, char *text);

/* Call cb for each scalar member of "data", at most max of them, as "key=value". */
void api_body_members(const char *body, size_t len, int max,
    void (*cb)(void *arg, const char *member), void *arg);

#endif
