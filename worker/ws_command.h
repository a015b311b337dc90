/* The JSON text of a request: {"type":"<command>","requestId":"lw-<id>","payload":{…}}. Pure. */
#ifndef LWS_WS_COMMAND_H
#define LWS_WS_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/workplan.h"

#define WS_COMMAND_MAX 2048

/* What of the text does not change from one request to the next. */
struct ws_command {
	char before[1024];
	char after[600];
};

/* 0, or -1 with e: the payload is not a JSON object, or all of it is too long. */
int ws_command_init(struct ws_command *c, const struct workplan_kind *kind, struct err *e);

/* Write the text of request id; returns its length. */
size_t ws_command_text(const struct ws_command *c, int64_t id, char dst[WS_COMMAND_MAX]);

#endif
