#include "config.h"

#include "shared/redact.h"

#include <string.h>

#include "shared/base64.h"
#include "shared/text.h"
#include "shared/url.h"
#include "shared/poison.h"

void
redact_add(struct redact *r, const char *secret)
{
	if (r->count == REDACT_MAX || strlen(secret) < REDACT_MIN_LEN)
		return;
	if (text_copy(r->secret[r->count], sizeof(r->secret[0]), secret))
		r->count++;
}

void
redact_add_url(struct redact *r, const char *url)
{
	char encoded[512];
	struct url u;
	char *colon;

	if (url_parse("", url, "http https ws wss socks5 socks5h", &u, NULL) == -1 ||
	    u.userinfo[0] == '\0')
		return;
	base64_encode(encoded, u.userinfo, strlen(u.userinfo));
	redact_add(r, encoded);
	colon = strchr(u.userinfo, ':');
	if (colon != NULL)
		redact_add(r, colon + 1);
}

void
redact_apply(const struct redact *r, char *text, size_t len)
{
	size_t n, at;
	int i;

	for (i = 0; i < r->count; i++) {
		n = strlen(r->secret[i]);
		for (at = 0; at + n <= len; at++)
			if (memcmp(text + at, r->secret[i], n) == 0)
				memset(text + at, '*', n);
	}
}
