/* Where a WebSocket session goes: the plan's URL, made ready for libcurl and for the handshake. */
#ifndef LWS_WS_TARGET_H
#define LWS_WS_TARGET_H

#include <stdbool.h>

#include "shared/err.h"
#include "shared/url.h"

struct ws_target {
	char url[URL_MAX];	/* http or https, without user information: what libcurl connects to */
	char host[300];		/* Host header */
	char path[sizeof(((struct url *)0)->path)];
	char extra[1024];	/* further request lines; may hold a password */
	bool tls;
};

/* Take the plan's ws or wss URL apart. 0, or -1 with e. */
int ws_target_parse(const char *url, struct ws_target *out, struct err *e);

#endif
