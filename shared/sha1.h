/* SHA-1 (RFC 3174), for the WebSocket handshake only; it protects nothing. */
#ifndef LWS_SHA1_H
#define LWS_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_LEN 20

/* Digest of len bytes. */
void sha1(const void *data, size_t len, uint8_t out[SHA1_LEN]);

#endif
