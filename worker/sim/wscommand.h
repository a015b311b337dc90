/* One WebSocket message taken apart: {"type":…,"requestId":…,"payload":{…}}. Pure. */
#ifndef LWS_SIM_WSCOMMAND_H
#define LWS_SIM_WSCOMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/sim/http.h"

#define WSCOMMAND_DEPTH_MAX 10

enum wscommand_kind {
	WSCOMMAND_DATA,		/* data_command_row(index) answers it */
	WSCOMMAND_AUTH,
	WSCOMMAND_UNKNOWN,	/* no command of that name, or no name */
	WSCOMMAND_BAD,		/* not JSON, or no object */
	WSCOMMAND_DEEP		/* nested more than WSCOMMAND_DEPTH_MAX deep */
};

struct wscommand {
	enum wscommand_kind kind;
	int index;
	char *id;			/* requestId as JSON text, NULL if there was none */
	char api_key[HTTP_KEY_SIZE];	/* AUTH: "" if it is missing or too long */
};

/* Fill *out from len bytes of text. */
void wscommand_parse(const void *text, size_t len, struct wscommand *out);

/* Give back what *w owns. */
void wscommand_clear(struct wscommand *w);

#endif
