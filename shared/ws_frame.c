/*
 * The RFC 6455 frame codec. Runs in the ws worker (client) and in the simulated device (server);
 * pure, so that tests and fuzzers feed it bytes directly. Every check is made at the first byte
 * that shows the fault, and no announced length is believed before the bytes are there.
 */
#include "config.h"

#include "shared/ws_frame.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"
#include "shared/utf8.h"
#include "shared/poison.h"

#define FIN 0x80
#define RESERVED 0x70
#define MASKED 0x80
#define LENGTH_16 126
#define LENGTH_64 127
#define FIRST_BUFFER 1024

struct ws_parser {
	enum ws_side side;
	size_t message_max;
	size_t fragments_max;
	enum ws_fault fault;
	bool closed;

	/* The frame at hand: its header as far as it came, then what is left of its payload. */
	uint8_t head[WS_HEADER_MAX];
	size_t head_len;
	size_t head_size;	/* 0 while not known */
	uint64_t left;
	uint64_t offset;

	/* The message at hand; opcode WS_CONTINUATION when there is none. */
	enum ws_opcode message;
	uint8_t *buf;
	size_t cap;
	size_t len;
	size_t frames;
	struct utf8 utf8;

	uint8_t control[WS_CONTROL_MAX];
};

static const struct {
	const char *name;
	int code;
} faults[WS_FAULT_COUNT] = {
	[WS_FAULT_NONE] = {"no fault", WS_CODE_NORMAL},
	[WS_FAULT_RESERVED_BITS] = {"reserved bit set", WS_CODE_PROTOCOL},
	[WS_FAULT_OPCODE] = {"reserved opcode", WS_CODE_PROTOCOL},
	[WS_FAULT_MASKED] = {"masked frame from a server", WS_CODE_PROTOCOL},
	[WS_FAULT_UNMASKED] = {"unmasked frame from a client", WS_CODE_PROTOCOL},
	[WS_FAULT_LENGTH_FORM] = {"length not in its shortest form", WS_CODE_PROTOCOL},
	[WS_FAULT_LENGTH_HUGE] = {"length of 64 bits", WS_CODE_PROTOCOL},
	[WS_FAULT_CONTROL_LENGTH] = {"control frame over 125 bytes", WS_CODE_PROTOCOL},
	[WS_FAULT_CONTROL_FRAGMENT] = {"fragmented control frame", WS_CODE_PROTOCOL},
	[WS_FAULT_CONTINUATION] = {"continuation of nothing", WS_CODE_PROTOCOL},
	[WS_FAULT_INTERLEAVED] = {"new message inside a fragmented one", WS_CODE_PROTOCOL},
	[WS_FAULT_UTF8] = {"text is not UTF-8", WS_CODE_DATA},
	[WS_FAULT_CLOSE_LENGTH] = {"close frame of 1 byte", WS_CODE_PROTOCOL},
	[WS_FAULT_CLOSE_CODE] = {"close code not allowed", WS_CODE_PROTOCOL},
	[WS_FAULT_CLOSE_UTF8] = {"close reason is not UTF-8", WS_CODE_DATA},
	[WS_FAULT_MESSAGE_SIZE] = {"message too big", WS_CODE_TOO_BIG},
	[WS_FAULT_FRAGMENTS] = {"message of too many fragments", WS_CODE_POLICY},
	[WS_FAULT_MEMORY] = {"out of memory", WS_CODE_INTERNAL},
};

const char *
ws_fault_name(enum ws_fault f)
{
	return faults[f].name;
}

int
ws_fault_code(enum ws_fault f)
{
	return faults[f].code;
}

bool
ws_code_valid(int code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	    (code >= 3000 && code <= 4999);
}

struct ws_parser *
ws_parser_new(enum ws_side side, size_t message_max, size_t fragments_max)
{
	struct ws_parser *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->side = side;
	p->message_max = message_max > 0 ? message_max : WS_MESSAGE_MAX;
	p->fragments_max = fragments_max > 0 ? fragments_max : WS_FRAGMENTS_MAX;
	return p;
}

void
ws_parser_free(struct ws_parser *p)
{
	if (p == NULL)
		return;
	free(p->buf);
	free(p);
}

enum ws_fault
ws_parser_fault(const struct ws_parser *p)
{
	return p->fault;
}

bool
ws_parser_pending(const struct ws_parser *p)
{
	return !p->closed && (p->head_len > 0 || p->message != WS_CONTINUATION);
}

static enum ws_opcode
frame_opcode(const struct ws_parser *p)
{
	return (enum ws_opcode)(p->head[0] & 0x0f);
}

static bool
is_control(enum ws_opcode opcode)
{
	return (opcode & 8) != 0;
}

static enum ws_fault
check_first_byte(const struct ws_parser *p)
{
	enum ws_opcode opcode = frame_opcode(p);

	if (p->head[0] & RESERVED)
		return WS_FAULT_RESERVED_BITS;
	if (opcode > WS_PONG || (opcode > WS_BINARY && opcode < WS_CLOSE))
		return WS_FAULT_OPCODE;
	if (is_control(opcode))
		return p->head[0] & FIN ? WS_FAULT_NONE : WS_FAULT_CONTROL_FRAGMENT;
	if (opcode == WS_CONTINUATION && p->message == WS_CONTINUATION)
		return WS_FAULT_CONTINUATION;
	if (opcode != WS_CONTINUATION && p->message != WS_CONTINUATION)
		return WS_FAULT_INTERLEAVED;
	return p->frames >= p->fragments_max ? WS_FAULT_FRAGMENTS : WS_FAULT_NONE;
}

static enum ws_fault
check_second_byte(const struct ws_parser *p)
{
	bool masked = p->head[1] & MASKED;

	if (masked && p->side == WS_CLIENT)
		return WS_FAULT_MASKED;
	if (!masked && p->side == WS_SERVER)
		return WS_FAULT_UNMASKED;
	if (is_control(frame_opcode(p)) && (p->head[1] & 0x7f) > WS_CONTROL_MAX)
		return WS_FAULT_CONTROL_LENGTH;
	return WS_FAULT_NONE;
}

/* The length's own size: 0 (it is in the second byte), 2 or 8 bytes. */
static size_t
length_size(const struct ws_parser *p)
{
	switch (p->head[1] & 0x7f) {
	case LENGTH_16:
		return 2;
	case LENGTH_64:
		return 8;
	default:
		return 0;
	}
}

static enum ws_fault
check_length(struct ws_parser *p)
{
	size_t size = length_size(p), i;
	uint64_t n = 0;

	for (i = 0; i < size; i++)
		n = n << 8 | p->head[2 + i];
	if (size == 0)
		n = p->head[1] & 0x7f;
	if (n >> 63)
		return WS_FAULT_LENGTH_HUGE;
	if ((size == 2 && n < LENGTH_16) || (size == 8 && n <= UINT16_MAX))
		return WS_FAULT_LENGTH_FORM;
	if (!is_control(frame_opcode(p)) && n > p->message_max - p->len)
		return WS_FAULT_MESSAGE_SIZE;
	p->left = n;
	return WS_FAULT_NONE;
}

/* The header is whole: the payload comes next. */
static void
begin_payload(struct ws_parser *p)
{
	enum ws_opcode opcode = frame_opcode(p);

	p->offset = 0;
	if (is_control(opcode))
		return;
	p->frames++;
	if (opcode != WS_CONTINUATION) {
		p->message = opcode;
		p->utf8 = (struct utf8){0};
	}
}

/* Take one byte of the header, checking each part of it as soon as it is there. */
static enum ws_fault
take_head(struct ws_parser *p, uint8_t byte)
{
	enum ws_fault f = WS_FAULT_NONE;
	size_t length_end;

	p->head[p->head_len++] = byte;
	if (p->head_len == 1)
		return check_first_byte(p);
	if (p->head_len == 2)
		f = check_second_byte(p);
	length_end = 2 + length_size(p);
	if (f == WS_FAULT_NONE && p->head_len == length_end)
		f = check_length(p);
	p->head_size = length_end + (p->head[1] & MASKED ? 4 : 0);
	if (f == WS_FAULT_NONE && p->head_len == p->head_size)
		begin_payload(p);
	return f;
}

static bool
in_payload(const struct ws_parser *p)
{
	return p->head_size > 0 && p->head_len == p->head_size;
}

static bool
make_room(struct ws_parser *p, size_t more)
{
	size_t cap = p->cap > 0 ? p->cap : FIRST_BUFFER;
	uint8_t *buf;

	while (cap < p->len + more)
		cap *= 2;
	if (cap > p->message_max)
		cap = p->message_max;
	if (cap <= p->cap)
		return true;
	buf = realloc(p->buf, cap);
	if (buf == NULL)
		return false;
	p->buf = buf;
	p->cap = cap;
	return true;
}

/* Take n bytes of the payload to where they belong, unmasked and, if text, checked. */
static enum ws_fault
take_payload(struct ws_parser *p, const uint8_t *data, size_t n)
{
	bool control = is_control(frame_opcode(p));
	uint8_t *to;

	if (!control && !make_room(p, n))
		return WS_FAULT_MEMORY;
	to = control ? p->control + p->offset : p->buf + p->len;
	memcpy(to, data, n);
	if (p->head[1] & MASKED)
		ws_mask(to, n, p->head + p->head_size - 4, p->offset);
	p->offset += n;
	p->left -= n;
	if (control)
		return WS_FAULT_NONE;
	p->len += n;
	if (p->message == WS_TEXT && !utf8_feed(&p->utf8, to, n))
		return WS_FAULT_UTF8;
	return WS_FAULT_NONE;
}

static enum ws_fault
end_close(struct ws_parser *p, struct ws_event *out)
{
	struct utf8 u = {0};

	p->closed = true;
	out->code = WS_CODE_NONE;
	if (p->offset == 0)
		return WS_FAULT_NONE;
	if (p->offset == 1)
		return WS_FAULT_CLOSE_LENGTH;
	out->code = p->control[0] << 8 | p->control[1];
	out->data = p->control + 2;
	out->len = (size_t)p->offset - 2;
	if (!ws_code_valid(out->code))
		return WS_FAULT_CLOSE_CODE;
	if (!utf8_feed(&u, out->data, out->len) || !utf8_whole(&u))
		return WS_FAULT_CLOSE_UTF8;
	return WS_FAULT_NONE;
}

/* A frame is whole. *event tells whether that makes an event of *out. */
static enum ws_fault
end_frame(struct ws_parser *p, struct ws_event *out, bool *event)
{
	enum ws_opcode opcode = frame_opcode(p);

	*event = is_control(opcode) || (p->head[0] & FIN);
	p->head_len = p->head_size = 0;
	if (!*event)
		return WS_FAULT_NONE;
	*out = (struct ws_event){.opcode = opcode, .data = p->control, .len = (size_t)p->offset};
	if (opcode == WS_CLOSE)
		return end_close(p, out);
	if (is_control(opcode))
		return WS_FAULT_NONE;
	if (p->message == WS_TEXT && !utf8_whole(&p->utf8))
		return WS_FAULT_UTF8;
	*out = (struct ws_event){.opcode = p->message, .data = p->len > 0 ? p->buf : p->control,
	    .len = p->len, .frames = p->frames};
	p->message = WS_CONTINUATION;
	p->len = p->frames = 0;
	return WS_FAULT_NONE;
}

int
ws_parser_next(struct ws_parser *p, const uint8_t **data, size_t *len, struct ws_event *out)
{
	struct ws_event event;
	bool whole = false;
	size_t n;

	while (p->fault == WS_FAULT_NONE && !p->closed && !whole) {
		if (in_payload(p) && p->left == 0) {
			p->fault = end_frame(p, &event, &whole);
			continue;
		}
		if (*len == 0)
			return 0;
		n = 1;
		if (!in_payload(p)) {
			p->fault = take_head(p, **data);
		} else {
			n = p->left < *len ? (size_t)p->left : *len;
			p->fault = take_payload(p, *data, n);
		}
		*data += n;
		*len -= n;
	}
	if (p->fault != WS_FAULT_NONE)
		return -1;
	if (whole) {
		*out = event;
		return 1;
	}
	*data += *len;
	*len = 0;
	return 0;
}

size_t
ws_header(uint8_t *out, enum ws_opcode opcode, bool fin, uint64_t len, const uint8_t *key)
{
	size_t size = len < LENGTH_16 ? 0 : len <= UINT16_MAX ? 2 : 8, n = 2, i;

	out[0] = (uint8_t)((fin ? FIN : 0) | opcode);
	out[1] = (uint8_t)(size == 0 ? len : size == 2 ? LENGTH_16 : LENGTH_64);
	for (i = 0; i < size; i++)
		out[n++] = (uint8_t)(len >> 8 * (size - 1 - i));
	if (key != NULL) {
		out[1] |= MASKED;
		memcpy(out + n, key, 4);
		n += 4;
	}
	return n;
}

void
ws_mask(uint8_t *data, size_t len, const uint8_t key[4], uint64_t offset)
{
	size_t i;

	for (i = 0; i < len; i++)
		data[i] ^= key[(offset + i) & 3];
}

size_t
ws_encode(uint8_t *out, size_t size, enum ws_opcode opcode, bool fin, const void *data, size_t len,
    const uint8_t *key)
{
	uint8_t head[WS_HEADER_MAX];
	size_t n = ws_header(head, opcode, fin, len, key);

	if (size < n || size - n < len)
		return 0;
	memcpy(out, head, n);
	if (len > 0)
		memcpy(out + n, data, len);
	if (key != NULL)
		ws_mask(out + n, len, key, 0);
	return n + len;
}

size_t
ws_encode_close(uint8_t *out, size_t size, int code, const char *reason, const uint8_t *key)
{
	uint8_t payload[WS_CONTROL_MAX];
	size_t len = strlen(reason), fit = 0, n;

	if (code == WS_CODE_NONE)
		return ws_encode(out, size, WS_CLOSE, true, NULL, 0, key);
	while ((n = text_utf8_len(reason + fit, len - fit)) > 0 && fit + n <= WS_REASON_MAX)
		fit += n;
	payload[0] = (uint8_t)(code >> 8);
	payload[1] = (uint8_t)code;
	memcpy(payload + 2, reason, fit);
	return ws_encode(out, size, WS_CLOSE, true, payload, fit + 2, key);
}
