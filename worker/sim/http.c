/*
 * evhttp could serve the REST paths, but it can neither hand over a connection for /ws together
 * with the bytes already read, nor misbehave byte by byte as the faults ask. Hence this parser.
 */
#include "config.h"

#include "worker/sim/http.h"

#include <string.h>
#include <strings.h>
#include "shared/poison.h"


struct slice {
	const char *p;
	size_t len;
};

static bool
is_tchar(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool
is_token(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (!is_tchar(s.p[i]))
			return false;
	}
	return s.len > 0;
}

static bool
is_visible(struct slice s, bool blanks)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == 0x7f || c < (blanks ? 0x20 : 0x21)) {
			if (!blanks || c != '\t')
				return false;
		}
	}
	return true;
}

static bool
slice_is(struct slice s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.p, word, s.len) == 0;
}

/* Whether a comma separated list holds word. */
static bool
slice_lists(struct slice s, const char *word)
{
	size_t n = strlen(word), i, end;

	for (i = 0; i < s.len; i = end + 1) {
		while (i < s.len && (s.p[i] == ' ' || s.p[i] == '\t'))
			i++;
		for (end = i; end < s.len && s.p[end] != ','; end++)
			;
		if (end - i >= n && strncasecmp(s.p + i, word, n) == 0 &&
		    (end - i == n || s.p[i + n] == ' '))
			return true;
	}
	return false;
}

static struct slice
slice_trim(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (struct slice){p, (size_t)(end - p)};
}

static bool
slice_copy(char *dst, size_t size, struct slice s)
{
	if (s.len >= size)
		return false;
	memcpy(dst, s.p, s.len);
	dst[s.len] = '\0';
	return true;
}

/* "GET /path?query HTTP/1.1" */
static int
parse_line(struct slice line, struct http_request *r)
{
	const char *end = line.p + line.len;
	const char *sp1 = memchr(line.p, ' ', line.len);
	const char *sp2, *query;
	struct slice method, target, version;

	if (sp1 == NULL)
		return 400;
	sp2 = memchr(sp1 + 1, ' ', (size_t)(end - sp1 - 1));
	if (sp2 == NULL)
		return 400;
	method = (struct slice){line.p, (size_t)(sp1 - line.p)};
	target = (struct slice){sp1 + 1, (size_t)(sp2 - sp1 - 1)};
	version = (struct slice){sp2 + 1, (size_t)(end - sp2 - 1)};
	if (!is_token(method) || target.len == 0 || target.p[0] != '/' || !is_visible(target, false))
		return 400;
	if (version.len != 8 || memcmp(version.p, "HTTP/", 5) != 0)
		return 400;
	if (memcmp(version.p, "HTTP/1.0", 8) != 0 && memcmp(version.p, "HTTP/1.1", 8) != 0)
		return 505;
	r->keep_alive = version.p[7] == '1';
	query = memchr(target.p, '?', target.len);
	if (query != NULL)
		target.len = (size_t)(query - target.p);
	if (!slice_copy(r->method, sizeof(r->method), method))
		return 501;
	return slice_copy(r->path, sizeof(r->path), target) ? 0 : 414;
}

static int
field_connection(struct slice v, struct http_request *r)
{
	if (slice_lists(v, "close"))
		r->keep_alive = false;
	else if (slice_lists(v, "keep-alive"))
		r->keep_alive = true;
	return 0;
}

static int
field_upgrade(struct slice v, struct http_request *r)
{
	r->upgrade = r->upgrade || slice_lists(v, "websocket");
	return 0;
}

static int
field_length(struct slice v, struct http_request *r)
{
	size_t i, n = 0;

	for (i = 0; i < v.len; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return 400;
		n = n * 10 + (size_t)(v.p[i] - '0');
		if (n > HTTP_BODY_MAX)
			return 413;
	}
	r->body_len = n;
	return v.len == 0 ? 400 : 0;
}

/* A body of unknown length is nothing that the five paths need. */
static int
field_coding(struct slice v, struct http_request *r)
{
	(void)v;
	(void)r;
	return 501;
}

static int
field_key(struct slice v, struct http_request *r)
{
	return slice_copy(r->api_key, sizeof(r->api_key), v) ? 0 : 431;
}

static const struct {
	const char *name;
	int (*parse)(struct slice value, struct http_request *r);
} fields[] = {
    {"Connection", field_connection},
    {"Upgrade", field_upgrade},
    {"Content-Length", field_length},
    {"Transfer-Encoding", field_coding},
    {"X-API-Key", field_key},
};

static int
parse_field(struct slice line, struct http_request *r)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct slice name, value;
	size_t i;

	if (colon == NULL)
		return 400;
	name = (struct slice){line.p, (size_t)(colon - line.p)};
	value = slice_trim(colon + 1, line.p + line.len);
	if (!is_token(name) || !is_visible(value, true))
		return 400;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (slice_is(name, fields[i].name))
			return fields[i].parse(value, r);
	}
	return 0;
}

/* The next line without its CRLF, *p moved behind it; len SIZE_MAX when there is no CRLF. */
static struct slice
next_line(const char **p, const char *end)
{
	struct slice s = {*p, SIZE_MAX};
	const char *nl = memchr(*p, '\n', (size_t)(end - *p));

	if (nl == NULL || nl == *p || nl[-1] != '\r')
		return s;
	s.len = (size_t)(nl - 1 - *p);
	*p = nl + 1;
	return s;
}

static int
parse_head(const char *buf, size_t len, struct http_request *r)
{
	const char *p = buf, *end = buf + len;
	struct slice line = next_line(&p, end);
	int status;

	if (line.len == SIZE_MAX)
		return 400;
	status = parse_line(line, r);
	while (status == 0 && p < end) {
		line = next_line(&p, end);
		if (line.len == SIZE_MAX)
			return 400;
		if (line.len > 0)
			status = parse_field(line, r);
	}
	return status;
}

/* Where the head ends, 0 if it has not ended. A first byte that no method has is garbage at once. */
static size_t
head_end(const char *buf, size_t len)
{
	size_t i;

	for (i = 3; i < len; i++) {
		if (buf[i] == '\n' && memcmp(buf + i - 3, "\r\n\r", 3) == 0)
			return i + 1;
	}
	return 0;
}

int
http_parse(const char *buf, size_t len, struct http_request *out, int *status)
{
	struct http_request r = {.keep_alive = true};
	size_t n = head_end(buf, len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX);

	*status = 400;
	if (len > 0 && !is_tchar(buf[0]))
		return -1;
	if (n == 0) {
		*status = 431;
		return len >= HTTP_HEAD_MAX ? -1 : 0;
	}
	*status = parse_head(buf, n, &r);
	if (*status != 0)
		return -1;
	r.head_len = n;
	*out = r;
	return 1;
}

const char *
http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} table[] = {
	    {200, "OK"},
	    {302, "Found"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {413, "Content Too Large"},
	    {414, "URI Too Long"},
	    {426, "Upgrade Required"},
	    {429, "Too Many Requests"},
	    {431, "Request Header Fields Too Large"},
	    {500, "Internal Server Error"},
	    {501, "Not Implemented"},
	    {503, "Service Unavailable"},
	    {505, "HTTP Version Not Supported"},
	    {507, "Insufficient Storage"},
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].status == status)
			return table[i].reason;
	}
	return "Unknown";
}
