/*
 * The WebSocket opening handshake. Runs in the ws worker (client) and in the simulated device
 * (server). Heads are read strictly: CRLF line ends, no control bytes, no folded lines.
 */
#include "config.h"

#include "shared/ws_handshake.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shared/base64.h"
#include "shared/sha1.h"
#include "shared/poison.h"

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"	/* RFC 6455 section 1.3 */
#define KEY_LEN (WS_KEY_SIZE - 1)

_Static_assert(BASE64_LEN(WS_NONCE_LEN) + 1 == WS_KEY_SIZE, "key");
_Static_assert(BASE64_LEN(SHA1_LEN) + 1 == WS_ACCEPT_SIZE, "accept");

/* Bytes of the head, not ended by a NUL. */
struct piece {
	const char *p;
	size_t len;
};

enum field {
	FIELD_HOST,
	FIELD_UPGRADE,
	FIELD_CONNECTION,
	FIELD_KEY,
	FIELD_VERSION,
	FIELD_ACCEPT,
	FIELD_EXTENSIONS,
	FIELD_PROTOCOL,
	FIELD_ORIGIN,
	FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
	[FIELD_HOST] = "Host",
	[FIELD_UPGRADE] = "Upgrade",
	[FIELD_CONNECTION] = "Connection",
	[FIELD_KEY] = "Sec-WebSocket-Key",
	[FIELD_VERSION] = "Sec-WebSocket-Version",
	[FIELD_ACCEPT] = "Sec-WebSocket-Accept",
	[FIELD_EXTENSIONS] = "Sec-WebSocket-Extensions",
	[FIELD_PROTOCOL] = "Sec-WebSocket-Protocol",
	[FIELD_ORIGIN] = "Origin",
};

struct head {
	struct piece first;			/* request or status line */
	struct piece field[FIELD_COUNT];	/* the last one of its name */
	int count[FIELD_COUNT];
	bool upgrade_websocket;		/* Upgrade lists "websocket" */
	bool connection_upgrade;	/* Connection lists "upgrade" */
	size_t len;
};

void
ws_key(char out[WS_KEY_SIZE], const uint8_t nonce[WS_NONCE_LEN])
{
	base64_encode(out, nonce, WS_NONCE_LEN);
}

void
ws_accept(char out[WS_ACCEPT_SIZE], const char *key)
{
	char text[128];
	uint8_t digest[SHA1_LEN];
	int n = snprintf(text, sizeof(text), "%.64s%s", key, GUID);

	sha1(text, (size_t)n, digest);
	base64_encode(out, digest, sizeof(digest));
}

static bool
piece_is(struct piece a, const char *word)
{
	return a.len == strlen(word) && strncasecmp(a.p, word, a.len) == 0;
}

static struct piece
trim(struct piece a)
{
	while (a.len > 0 && (a.p[0] == ' ' || a.p[0] == '\t'))
		a.p++, a.len--;
	while (a.len > 0 && (a.p[a.len - 1] == ' ' || a.p[a.len - 1] == '\t'))
		a.len--;
	return a;
}

/* Cut a at the first separator: returns what is before it, *a keeps what is behind. */
static struct piece
cut(struct piece *a, char separator)
{
	const char *at = memchr(a->p, separator, a->len);
	struct piece before = {a->p, at != NULL ? (size_t)(at - a->p) : a->len};
	size_t taken = before.len + (at != NULL);

	a->p += taken;
	a->len -= taken;
	return before;
}

static bool
lists_token(struct piece list, const char *token)
{
	bool found = false;

	while (list.len > 0 && !found)
		found = piece_is(trim(cut(&list, ',')), token);
	return found;
}

static bool
has_control(struct piece a)
{
	size_t i;

	for (i = 0; i < a.len; i++)
		if (((unsigned char)a.p[i] < ' ' && a.p[i] != '\t') || a.p[i] == 0x7f)
			return true;
	return false;
}

/* A header name is a token (RFC 7230 section 3.2.6). */
static bool
is_token(struct piece a)
{
	size_t i;

	for (i = 0; i < a.len; i++)
		if (a.p[i] <= ' ' || a.p[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", a.p[i]) != NULL)
			return false;
	return a.len > 0;
}

static int
read_field(struct head *h, struct piece line, struct err *e)
{
	struct piece value = line, name;
	int i;

	if (memchr(line.p, ':', line.len) == NULL)
		return err_set(e, "header line without a colon: \"%.*s\"", (int)line.len, line.p);
	name = cut(&value, ':');
	if (!is_token(name))
		return err_set(e, "bad header name \"%.*s\"", (int)name.len, name.p);
	value = trim(value);
	for (i = 0; i < FIELD_COUNT; i++) {
		if (!piece_is(name, field_names[i]))
			continue;
		h->field[i] = value;
		h->count[i]++;
	}
	if (piece_is(name, field_names[FIELD_UPGRADE]))
		h->upgrade_websocket |= lists_token(value, "websocket");
	if (piece_is(name, field_names[FIELD_CONNECTION]))
		h->connection_upgrade |= lists_token(value, "upgrade");
	return 0;
}

/* The line that begins at *at, its CRLF taken off. 1 a line, 0 it is not whole yet, -1 bad. */
static int
next_line(const char *buf, size_t len, size_t *at, struct piece *line, struct err *e)
{
	const char *end = memchr(buf + *at, '\n', len - *at);

	*line = (struct piece){buf + *at, end != NULL ? (size_t)(end - buf) - *at : len - *at};
	if (end != NULL) {
		*at += line->len + 1;
		if (line->len == 0 || line->p[--line->len] != '\r')
			return err_set(e, "line of the head ends without CR");
	} else if (line->len > 0 && line->p[line->len - 1] == '\r') {
		line->len--;
	}
	if (has_control(*line))
		return err_set(e, "control byte in the head: \"%.*s\"", (int)line->len, line->p);
	return end != NULL;
}

/* 1 the head is whole, 0 more bytes are needed, -1 it is bad. *h holds what was read so far. */
static int
read_head(const char *buf, size_t len, struct head *h, struct err *e)
{
	size_t bounded = len < WS_HEAD_MAX ? len : WS_HEAD_MAX, at = 0;
	struct piece line;
	int more;

	*h = (struct head){0};
	while ((more = next_line(buf, bounded, &at, &line, e)) == 1) {
		if (h->first.p == NULL) {
			h->first = line;
		} else if (line.len == 0) {
			h->len = at;
			return 1;
		} else if (read_field(h, line, e) == -1) {
			return -1;
		}
	}
	if (more == -1)
		return -1;
	if (len >= WS_HEAD_MAX)
		return err_set(e, "head of the handshake is over %d bytes", WS_HEAD_MAX);
	return 0;
}

static bool
operand_is_clean(const char *s)
{
	struct piece a = {s, strlen(s)};

	return a.len > 0 && !has_control(a) && memchr(a.p, ' ', a.len) == NULL;
}

int
ws_request(char *dst, size_t size, const char *host, const char *path, const char *key,
    const char *extra, struct err *e)
{
	int n;

	if (!operand_is_clean(host) || !operand_is_clean(path))
		return err_set(e, "cannot ask for \"%s\" of \"%s\": white space or control byte", path, host);
	n = snprintf(dst, size,
	    "GET %s HTTP/1.1\r\n"
	    "Host: %s\r\n"
	    "Upgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Key: %s\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "%s\r\n", path, host, key, extra);
	if (n < 0 || (size_t)n >= size)
		return err_set(e, "request for \"%s\" does not fit into %zu bytes", path, size);
	return n;
}

/* "HTTP/1.1 NNN", cut anywhere: false as soon as it cannot become that. */
static bool
status_line_fits(const char *buf, size_t len, int *status)
{
	static const char start[] = "HTTP/1.1 ";
	size_t known = sizeof(start) - 1, i;
	int value = 0;

	if (memcmp(buf, start, len < known ? len : known) != 0)
		return false;
	for (i = known; i < len && i < known + 3; i++) {
		if (buf[i] < '0' || buf[i] > '9')
			return false;
		value = 10 * value + buf[i] - '0';
	}
	if (len <= known + 3)
		return true;
	*status = value;
	return buf[known + 3] == ' ' || buf[known + 3] == '\r';
}

static int
check_accept(const struct head *h, const char *key, struct err *e)
{
	struct piece got = h->field[FIELD_ACCEPT];
	char want[WS_ACCEPT_SIZE];

	if (h->count[FIELD_ACCEPT] != 1)
		return err_set(e, "answer has %d Sec-WebSocket-Accept headers in place of one",
		    h->count[FIELD_ACCEPT]);
	ws_accept(want, key);
	if (got.len != strlen(want) || memcmp(got.p, want, got.len) != 0)
		return err_set(e, "wrong Sec-WebSocket-Accept \"%.*s\"", (int)got.len, got.p);
	return 0;
}

int
ws_answer_check(const char *buf, size_t len, const char *key, int *status, struct err *e)
{
	struct head h;
	int whole;

	*status = 0;
	if (!status_line_fits(buf, len, status))
		return err_set(e, "answer is not HTTP/1.1");
	if (*status != 0 && *status != 101)
		return err_set(e, "answered HTTP %d in place of 101", *status);
	whole = read_head(buf, len, &h, e);
	if (whole != 1)
		return whole;
	if (h.count[FIELD_UPGRADE] != 1 || !piece_is(h.field[FIELD_UPGRADE], "websocket"))
		return err_set(e, "answer does not say \"Upgrade: websocket\"");
	if (!h.connection_upgrade)
		return err_set(e, "answer does not say \"Connection: Upgrade\"");
	if (h.count[FIELD_EXTENSIONS] > 0)
		return err_set(e, "answer names an extension that was not asked for");
	if (h.count[FIELD_PROTOCOL] > 0)
		return err_set(e, "answer names a subprotocol that was not asked for");
	return check_accept(&h, key, e) == -1 ? -1 : (int)h.len;
}

static int
refuse(int *status, int code, struct err *e, const char *why)
{
	*status = code;
	return err_set(e, "%s", why);
}

static bool
piece_copy(char *dst, size_t size, struct piece a)
{
	if (a.len >= size)
		return false;
	if (a.len > 0)
		memcpy(dst, a.p, a.len);
	dst[a.len] = '\0';
	return true;
}

static int
read_request_line(struct piece line, struct ws_upgrade *out, int *status, struct err *e)
{
	struct piece method = cut(&line, ' '), target = cut(&line, ' ');

	if (!is_token(method) || target.len == 0)
		return refuse(status, 400, e, "malformed request line");
	if (!piece_is(line, "HTTP/1.1"))
		return refuse(status, 505, e, "request is not HTTP/1.1");
	if (method.len != 3 || memcmp(method.p, "GET", 3) != 0)
		return refuse(status, 405, e, "method is not GET");
	if (!piece_copy(out->path, sizeof(out->path), target))
		return refuse(status, 414, e, "request target is too long");
	return 0;
}

/* What else an upgrade must say (RFC 6455 section 4.2.1), in the order of its list. */
static int
read_upgrade(const struct head *h, struct ws_upgrade *out, int *status, struct err *e)
{
	struct piece key = h->field[FIELD_KEY];
	uint8_t nonce[WS_NONCE_LEN];
	size_t n;

	if (h->count[FIELD_HOST] != 1 ||
	    !piece_copy(out->host, sizeof(out->host), h->field[FIELD_HOST]))
		return refuse(status, 400, e, "not exactly one Host header of fair length");
	if (!h->upgrade_websocket || !h->connection_upgrade)
		return refuse(status, 426, e, "not a request to upgrade to websocket");
	if (h->count[FIELD_KEY] != 1 || key.len != KEY_LEN ||
	    !base64_decode(key.p, key.len, nonce, sizeof(nonce), &n) || n != WS_NONCE_LEN)
		return refuse(status, 400, e, "Sec-WebSocket-Key is not one base64 text of 16 bytes");
	piece_copy(out->key, sizeof(out->key), key);
	if (h->count[FIELD_VERSION] != 1 || !piece_is(h->field[FIELD_VERSION], "13"))
		return refuse(status, 426, e, "Sec-WebSocket-Version is not 13");
	out->has_origin = h->count[FIELD_ORIGIN] > 0;
	if (!piece_copy(out->origin, sizeof(out->origin), h->field[FIELD_ORIGIN]))
		return refuse(status, 400, e, "Origin is too long");
	out->has_extensions = h->count[FIELD_EXTENSIONS] > 0;
	out->has_protocols = h->count[FIELD_PROTOCOL] > 0;
	return 0;
}

int
ws_upgrade_parse(const char *buf, size_t len, struct ws_upgrade *out, int *status, struct err *e)
{
	struct ws_upgrade u = {0};
	struct head h;
	int whole = read_head(buf, len, &h, e);

	*status = len >= WS_HEAD_MAX && h.len == 0 ? 431 : 400;
	if (whole != 1)
		return whole;
	if (read_request_line(h.first, &u, status, e) == -1 ||
	    read_upgrade(&h, &u, status, e) == -1)
		return -1;
	*out = u;
	return (int)h.len;
}

int
ws_upgrade_answer(char *dst, size_t size, const char *key, const char *extra)
{
	char accept[WS_ACCEPT_SIZE];
	int n;

	ws_accept(accept, key);
	n = snprintf(dst, size,
	    "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: %s\r\n"
	    "%s\r\n", accept, extra);
	return n < 0 || (size_t)n >= size ? -1 : n;
}
