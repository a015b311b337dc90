/* The incremental UTF-8 check behind WebSocket text messages. */
#include "config.h"

#include "shared/utf8.h"

#include "shared/poison.h"

/* Lead bytes up to `last`, what follows them, and the range of the byte after the lead. */
static const struct lead {
	uint8_t last, need, low, high;
} leads[] = {
	{0x7f, 0, 0, 0},
	{0xc1, 0xff, 0, 0},	/* continuation bytes and overlong forms */
	{0xdf, 1, 0x80, 0xbf},
	{0xe0, 2, 0xa0, 0xbf},
	{0xec, 2, 0x80, 0xbf},
	{0xed, 2, 0x80, 0x9f},	/* no surrogates */
	{0xef, 2, 0x80, 0xbf},
	{0xf0, 3, 0x90, 0xbf},
	{0xf3, 3, 0x80, 0xbf},
	{0xf4, 3, 0x80, 0x8f},	/* up to U+10FFFF */
	{0xff, 0xff, 0, 0},
};

static bool
begin(struct utf8 *u, uint8_t b)
{
	const struct lead *l = leads;

	while (b > l->last)
		l++;
	if (l->need == 0xff)
		return false;
	*u = (struct utf8){l->need, l->low, l->high};
	return true;
}

bool
utf8_feed(struct utf8 *u, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (u->need == 0) {
			if (p[i] >= 0x80 && !begin(u, p[i]))
				return false;
			continue;
		}
		if (p[i] < u->low || p[i] > u->high)
			return false;
		u->need--;
		u->low = 0x80;
		u->high = 0xbf;
	}
	return true;
}

bool
utf8_whole(const struct utf8 *u)
{
	return u->need == 0;
}
