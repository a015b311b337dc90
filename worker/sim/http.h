/*
 * The head of an HTTP/1.1 request, taken apart. Pure: given all bytes received so far it says
 * whether they hold a whole head, so it does not matter where the stream was cut.
 */
#ifndef LWS_SIM_HTTP_H
#define LWS_SIM_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX 8192
#define HTTP_BODY_MAX 65536
#define HTTP_KEY_SIZE 128

struct http_request {
	char method[16];
	char path[256];		/* without the query */
	char api_key[HTTP_KEY_SIZE];	/* X-API-Key, "" if none */
	bool keep_alive;
	bool upgrade;		/* Upgrade: websocket */
	size_t head_len;	/* bytes up to and including the empty line */
	size_t body_len;	/* bytes of body to skip */
};

/*
 * 1: *out is filled. 0: more bytes are needed. -1: not a request to be served; *status is what to
 * answer (400, 413, 431, 501, 505) before closing.
 */
int http_parse(const char *buf, size_t len, struct http_request *out, int *status);

/* "Too Many Requests" for 429; "Unknown" for a status that the simulator does not send. */
const char *http_reason(int status);

#endif
