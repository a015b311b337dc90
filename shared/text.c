/* Escaping and UTF-8 checks, used by every process. Nothing here allocates. */
#include "config.h"

#include "shared/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "shared/poison.h"

size_t
text_utf8_len(const void *src, size_t len)
{
	const uint8_t *p = src;
	uint32_t c;
	size_t n, i;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2, c = p[0] & 0x1f;
	else if ((p[0] & 0xf0) == 0xe0)
		n = 3, c = p[0] & 0x0f;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4, c = p[0] & 0x07;
	else
		return 0;
	if (len < n)
		return 0;
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || c > 0x10ffff)
		return 0;
	return c >= 0xd800 && c <= 0xdfff ? 0 : n;
}

/* C0, DEL, and C1 (which some terminals obey in its UTF-8 form). */
static bool
is_control(const uint8_t *p, size_t n)
{
	return p[0] < 0x20 || p[0] == 0x7f || (n == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

size_t
text_printable(char *dst, size_t size, const void *src, size_t len)
{
	const uint8_t *p = src;
	size_t out = 0, i = 0, n, k, need;

	if (size == 0)
		return 0;
	while (i < len) {
		n = text_utf8_len(p + i, len - i);
		if (n > 0 && !is_control(p + i, n)) {
			if (out + n >= size)
				break;
			memcpy(dst + out, p + i, n);
			out += n;
			i += n;
			continue;
		}
		need = n == 0 ? 1 : n;
		if (out + 4 * need >= size)
			break;
		for (k = 0; k < need; k++)
			out += (size_t)snprintf(dst + out, size - out, "\\x%02x", p[i + k]);
		i += need;
	}
	dst[out] = '\0';
	return out;
}

size_t
text_utf8_clean(char *dst, size_t size, const void *src, size_t len)
{
	const uint8_t *p = src;
	size_t out = 0, i = 0, n;
	bool good;

	if (size == 0)
		return 0;
	while (i < len) {
		n = text_utf8_len(p + i, len - i);
		good = n > 0 && p[i] != '\0';
		if (out + (good ? n : 3) >= size)
			break;
		memcpy(dst + out, good ? (const void *)(p + i) : "\xef\xbf\xbd", good ? n : 3);
		out += good ? n : 3;
		i += good ? n : 1;
	}
	dst[out] = '\0';
	return out;
}

bool
text_copy(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);
	bool fits = len < size;

	if (size == 0)
		return false;
	if (!fits)
		len = size - 1;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return fits;
}

const char *
text_plural(int64_t n)
{
	return n == 1 ? "" : "s";
}
