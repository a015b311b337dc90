/* UTF-8 checked as it comes, cut anywhere (Unicode, table 3-7: well-formed byte sequences). */
#ifndef LWS_UTF8_H
#define LWS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: at a character border. */
struct utf8 {
	uint8_t need;	/* bytes still to come of the character begun */
	uint8_t low;	/* range of the next one */
	uint8_t high;
};

/* Take len bytes; false at the first byte that no continuation can make valid. */
bool utf8_feed(struct utf8 *u, const uint8_t *p, size_t len);

/* Whether the bytes so far end at a character border. */
bool utf8_whole(const struct utf8 *u);

#endif
