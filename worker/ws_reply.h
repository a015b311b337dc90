/* What a text message of the device says (device contract, "WebSocket"). Pure. */
#ifndef LWS_WS_REPLY_H
#define LWS_WS_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/err.h"
#include "shared/proto.h"
#include "worker/api_body.h"

struct ws_reply {
	char type[64];
	char id[64];		/* requestId */
	bool has_id;
	bool has_success;
	struct api_reply api;	/* success, error, and the metrics of "status" and "device.status" */
};

/* Parse one text message. 0, or -1 with e: it is not one whole JSON object. */
int ws_reply_parse(const char *text, size_t len, struct ws_reply *out, struct err *e);

/* Whether it is the limiter's word on a request that it did not look into. */
bool ws_reply_is_limit(const struct ws_reply *r);

/*
 * The class of a request that r answers. wanted: the reply type, "" for any. text
 * (PROTO_TEXT_MAX + 1 bytes) gets the words for the report, "" for OP_OK.
 */
enum op_class ws_reply_judge(const struct ws_reply *r, const char *wanted, char *text);

#endif
