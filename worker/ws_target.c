/* Pure preparation of a WebSocket URL, in the ws worker. */
#include "config.h"

#include "worker/ws_target.h"

#include <stdio.h>
#include <string.h>

#include "shared/base64.h"
#include "shared/text.h"
#include "shared/poison.h"

static const int default_port[2] = {80, 443};

static bool
format_host(const struct url *u, bool tls, char *dst, size_t size)
{
	const char *open = strchr(u->host, ':') != NULL ? "[" : "", *close = *open ? "]" : "";
	int n;

	if (u->port == default_port[tls])
		n = snprintf(dst, size, "%s%s%s", open, u->host, close);
	else
		n = snprintf(dst, size, "%s%s%s:%d", open, u->host, close, u->port);
	return n >= 0 && (size_t)n < size;
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* %XX in place; returns the length, as a secret may hold any byte. */
static size_t
percent_decode(char *s)
{
	size_t from, to = 0;

	for (from = 0; s[from] != '\0'; from++) {
		if (s[from] == '%' && hex_digit(s[from + 1]) >= 0 && hex_digit(s[from + 2]) >= 0) {
			s[to++] = (char)(hex_digit(s[from + 1]) << 4 | hex_digit(s[from + 2]));
			from += 2;
		} else {
			s[to++] = s[from];
		}
	}
	return to;
}

static bool
format_extra(struct url *u, char *dst, size_t size)
{
	char secret[BASE64_LEN(sizeof(u->userinfo)) + 1];
	int n;

	if (u->userinfo[0] == '\0') {
		n = snprintf(dst, size, "User-Agent: lwstress/%s\r\n", PACKAGE_VERSION);
	} else {
		base64_encode(secret, u->userinfo, percent_decode(u->userinfo));
		n = snprintf(dst, size, "User-Agent: lwstress/%s\r\nAuthorization: Basic %s\r\n",
		    PACKAGE_VERSION, secret);
	}
	return n >= 0 && (size_t)n < size;
}

int
ws_target_parse(const char *url, struct ws_target *out, struct err *e)
{
	struct ws_target t = {.tls = false};
	struct url u;

	if (url_parse("WS URL", url, "ws wss", &u, e) == -1)
		return -1;
	t.tls = strcmp(u.scheme, "wss") == 0;
	text_copy(t.path, sizeof(t.path), u.path[0] != '\0' ? u.path : "/");
	if (url_format(&u, t.tls ? "https" : "http", t.path, false, t.url, sizeof(t.url)) == -1 ||
	    !format_host(&u, t.tls, t.host, sizeof(t.host)) ||
	    !format_extra(&u, t.extra, sizeof(t.extra)))
		return err_set(e, "WS URL is too long");
	*out = t;
	return 0;
}
