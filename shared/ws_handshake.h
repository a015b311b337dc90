/*
 * The opening handshake (RFC 6455 section 4), both roles, as pure functions of text. No
 * extension and no subprotocol is ever offered or accepted. A head is at most WS_HEAD_MAX bytes.
 */
#ifndef LWS_WS_HANDSHAKE_H
#define LWS_WS_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"

#define WS_HEAD_MAX 8192
#define WS_NONCE_LEN 16
#define WS_KEY_SIZE 25		/* 24 characters and a NUL */
#define WS_ACCEPT_SIZE 29

/* Sec-WebSocket-Key of 16 random bytes. */
void ws_key(char out[WS_KEY_SIZE], const uint8_t nonce[WS_NONCE_LEN]);

/* Sec-WebSocket-Accept that answers a key. */
void ws_accept(char out[WS_ACCEPT_SIZE], const char *key);

/*
 * Client: write the request. host as in the Host header ("name" or "name:port"), path with its
 * '/', extra: more header lines, each ended by CRLF, or "". Returns its length, or -1 with e when it
 * does not fit or an operand holds a control byte.
 */
int ws_request(char *dst, size_t size, const char *host, const char *path, const char *key,
    const char *extra, struct err *e);

/*
 * Client: check the answer to a request that carried key. Returns the length of its head (frames
 * may follow), 0 when more bytes are needed, -1 with e when it is not the 101 that was asked for.
 * *status gets the HTTP status as soon as it was read, else 0.
 */
int ws_answer_check(const char *buf, size_t len, const char *key, int *status, struct err *e);

/* What an upgrade request said. */
struct ws_upgrade {
	char path[512];			/* request target */
	char host[256];
	char origin[256];		/* "" if there was none */
	char key[WS_KEY_SIZE];
	bool has_origin;
	bool has_extensions;		/* it offered some (not an error: none is accepted) */
	bool has_protocols;
};

/*
 * Server: check a request. Returns the length of its head, 0 when more bytes are needed, -1 with e
 * when it is not a good upgrade request; *status is then what to answer (400, 405, 414, 426, 431, 505).
 */
int ws_upgrade_parse(const char *buf, size_t len, struct ws_upgrade *out, int *status, struct err *e);

/* Server: write the 101 that accepts key. extra as for ws_request. Returns its length, or -1. */
int ws_upgrade_answer(char *dst, size_t size, const char *key, const char *extra);

#endif
