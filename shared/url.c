/* A strict reader of the few URLs we need; what it does not know, it refuses with a reason. */
#include "config.h"

#include "shared/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "shared/number.h"
#include "shared/text.h"
#include "shared/poison.h"

struct scheme {
	const char *name;
	int port;
};

static const struct scheme known[] = {{"http", 80}, {"https", 443}, {"ws", 80}, {"wss", 443}};

#define ALPHA "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define UNRESERVED ALPHA DIGIT "-._~"
#define SUB_DELIMS "!$&'()*+,;="

/* A part of the text: s .. end. */
struct part {
	const char *s;
	const char *end;
};

static const char *
find(struct part p, char c)
{
	return memchr(p.s, c, (size_t)(p.end - p.s));
}

static bool
part_copy(char *dst, size_t size, struct part p)
{
	size_t len = (size_t)(p.end - p.s);

	if (len >= size)
		return false;
	memcpy(dst, p.s, len);
	dst[len] = '\0';
	return true;
}

/* Only bytes of set, and %XX. */
static bool
only(const char *s, const char *set)
{
	static const char hex[] = DIGIT "abcdefABCDEF";

	for (; *s != '\0'; s++) {
		if (*s == '%' && s[1] != '\0' && strchr(hex, s[1]) != NULL && s[2] != '\0' &&
		    strchr(hex, s[2]) != NULL)
			s += 2;
		else if (strchr(set, *s) == NULL)
			return false;
	}
	return true;
}

static const char *
parse_scheme(struct part *rest, const char *schemes, struct url *u)
{
	const char *mark = strstr(rest->s, "://"), *at;
	size_t i, n;
	char *c;

	if (mark == NULL ||
	    !part_copy(u->scheme, sizeof(u->scheme), (struct part){rest->s, mark}))
		return "does not begin with a scheme";
	for (c = u->scheme; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	rest->s = mark + 3;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		n = strlen(known[i].name);
		if (strcmp(known[i].name, u->scheme) != 0)
			continue;
		u->port = known[i].port;
		for (at = strstr(schemes, u->scheme); at != NULL;
		     at = strstr(at + 1, u->scheme))
			if ((at == schemes || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
				return NULL;
	}
	return "has another scheme";
}

/* Labels of letters, digits, '-' and '_'; four numbers if it looks like an IPv4 address. */
static bool
host_name_ok(const char *h)
{
	struct in_addr v4;
	const char *c;

	if (strspn(h, ALPHA DIGIT "-_.") != strlen(h) || strlen(h) > 253)
		return false;
	if (strspn(h, DIGIT ".") == strlen(h))
		return inet_pton(AF_INET, h, &v4) == 1;
	for (c = h; c != NULL; c = strchr(c, '.') == NULL ? NULL : strchr(c, '.') + 1)
		if (strcspn(c, ".") > 63 || *c == '-' || *c == '.' || (*c == '\0' && c == h))
			return false;
	return true;
}

static const char *
parse_host(struct part *rest, struct url *u)
{
	struct in6_addr v6;
	const char *end;

	if (rest->s < rest->end && *rest->s == '[') {
		end = find(*rest, ']');
		if (end == NULL ||
		    !part_copy(u->host, sizeof(u->host), (struct part){rest->s + 1, end}) ||
		    inet_pton(AF_INET6, u->host, &v6) != 1)
			return "has no valid IPv6 address in its brackets";
		rest->s = end + 1;
		return NULL;
	}
	end = find(*rest, ':');
	if (end == NULL)
		end = rest->end;
	if (end == rest->s)
		return "has no host";
	if (!part_copy(u->host, sizeof(u->host), (struct part){rest->s, end}) ||
	    !host_name_ok(u->host))
		return "has a malformed host (an IPv6 address needs brackets)";
	rest->s = end;
	return NULL;
}

static const char *
parse_port(struct part rest, struct url *u)
{
	static const char why[] = "has a bad port (1 to 65535)";
	int64_t port;
	char text[8];

	if (rest.s == rest.end)
		return NULL;
	if (*rest.s != ':')
		return "has more than a port behind its host";
	if (!part_copy(text, sizeof(text), (struct part){rest.s + 1, rest.end}) ||
	    strspn(text, DIGIT) != strlen(text) ||
	    number_i64("port", text, 1, 65535, &port, NULL) == -1)
		return why;
	u->port = (int)port;
	u->port_given = true;
	return NULL;
}

static const char *
parse_authority(struct part rest, struct url *u)
{
	const char *at = find(rest, '@'), *why;

	if (at != NULL) {
		if (!part_copy(u->userinfo, sizeof(u->userinfo), (struct part){rest.s, at}) ||
		    at == rest.s || !only(u->userinfo, UNRESERVED SUB_DELIMS ":"))
			return "has a malformed user or password (write special characters as "
			       "%XX)";
		rest.s = at + 1;
	}
	why = parse_host(&rest, u);
	return why != NULL ? why : parse_port(rest, u);
}

/* No '@' in a path: url_mask could not tell it from the end of a password with a '/' in it. */
static const char *
parse_path(struct part rest, struct url *u)
{
	if (!part_copy(u->path, sizeof(u->path), rest))
		return "has a path that is too long";
	if (!only(u->path, UNRESERVED SUB_DELIMS ":/"))
		return "has a character in its path that does not belong there";
	return NULL;
}

static const char *
parse(const char *s, const char *schemes, struct url *u)
{
	struct part rest = {s, s + strlen(s)}, authority;
	const char *c, *why;

	if (rest.end - s >= URL_MAX)
		return "is too long";
	for (c = s; c < rest.end; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
			return "holds a space, a control character or one outside of ASCII";
	why = parse_scheme(&rest, schemes, u);
	if (why != NULL)
		return why;
	if (strpbrk(rest.s, "?#") != NULL)
		return "has a query or a fragment, which is not wanted here";
	authority = rest;
	rest.s += strcspn(rest.s, "/");
	authority.end = rest.s;
	why = parse_authority(authority, u);
	return why != NULL ? why : parse_path(rest, u);
}

int
url_parse(const char *what, const char *s, const char *schemes, struct url *out, struct err *e)
{
	char masked[200];
	struct url u;
	const char *why;

	memset(&u, 0, sizeof(u));
	why = parse(s, schemes, &u);
	if (why != NULL) {
		url_mask(masked, sizeof(masked), s);
		return err_set(e,
		    "%s: \"%s\" %s; wanted is SCHEME://HOST[:PORT][/PATH], SCHEME one of: %s",
		    what, masked, why, schemes);
	}
	*out = u;
	return 0;
}

int
url_format(const struct url *u, const char *scheme, const char *path, bool with_secret,
    char *dst, size_t size)
{
	bool v6 = strchr(u->host, ':') != NULL;
	bool user = with_secret && u->userinfo[0] != '\0';
	char port[16] = "";
	int n;

	if (u->port_given)
		snprintf(port, sizeof(port), ":%d", u->port);
	n = snprintf(dst, size, "%s://%s%s%s%s%s%s%s", scheme, user ? u->userinfo : "",
	    user ? "@" : "", v6 ? "[" : "", u->host, v6 ? "]" : "", port, path);
	return n < 0 || (size_t)n >= size ? -1 : 0;
}

/* Everything from the first ':' of the authority to the last '@' of all may be the password. */
void
url_mask(char *dst, size_t size, const char *s)
{
	const char *mark = strstr(s, "://"), *at = strrchr(s, '@'), *begin, *colon;

	begin = mark == NULL || (at != NULL && mark > at) ? s : mark + 3;
	colon = strchr(begin, ':');
	if (at == NULL || colon == NULL || colon > at)
		text_copy(dst, size, s);
	else if (size > 0)
		snprintf(dst, size, "%.*s:***%s", (int)(colon - s), s, at);
}
