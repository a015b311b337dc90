/* Base64 for the WebSocket handshake and HTTP authorization. */
#include "config.h"

#include "shared/base64.h"

#include <string.h>

#include "shared/poison.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(char *dst, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t v;
	size_t i, n;

	for (i = 0; i < len; i += 3, dst += 4) {
		n = len - i;
		v = (uint32_t)p[i] << 16;
		if (n > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (n > 2)
			v |= p[i + 2];
		dst[0] = alphabet[v >> 18];
		dst[1] = alphabet[v >> 12 & 63];
		dst[2] = n > 1 ? alphabet[v >> 6 & 63] : '=';
		dst[3] = n > 2 ? alphabet[v & 63] : '=';
	}
	*dst = '\0';
}

/* One group of 4 characters to n bytes (1 to 3). */
static bool
decode_group(const char *text, size_t n, uint8_t *out)
{
	uint32_t v = 0;
	const char *at;
	size_t i;

	for (i = 0; i < 4; i++) {
		at = i > n ? alphabet : strchr(alphabet, text[i]);
		if (at == NULL || *at == '\0' || (i > n && text[i] != '='))
			return false;
		v = v << 6 | (uint32_t)(at - alphabet);
	}
	if (n < 3 && (v & (n == 2 ? 0xffu : 0xffffu)) != 0)
		return false;
	for (i = 0; i < n; i++)
		out[i] = (uint8_t)(v >> (16 - 8 * i));
	return true;
}

bool
base64_decode(const char *text, size_t len, uint8_t *out, size_t size, size_t *out_len)
{
	size_t i, n, total = 0;

	if (len % 4 != 0)
		return false;
	for (i = 0; i < len; i += 4) {
		n = 3;
		if (i + 4 == len && text[i + 3] == '=')
			n = text[i + 2] == '=' ? 1 : 2;
		if (size - total < n || !decode_group(text + i, n, out + total))
			return false;
		total += n;
	}
	*out_len = total;
	return true;
}
