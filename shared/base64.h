/* Base64 (RFC 4648 section 4: standard alphabet, padded). */
#ifndef LWS_BASE64_H
#define LWS_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters for len bytes, the ending NUL not counted. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* Write the text of len bytes and a NUL; dst holds at least BASE64_LEN(len) + 1 bytes. */
void base64_encode(char *dst, const void *data, size_t len);

/*
 * Decode len characters, strictly: padded, no white space, unused bits zero. true with *out_len
 * bytes in out (at most size), false when the text is not base64 or does not fit.
 */
bool base64_decode(const char *text, size_t len, uint8_t *out, size_t size, size_t *out_len);

#endif
