/*
 * The conformance list tests/data/ws_cases.txt against the parser: every case in both roles, fed
 * whole, byte by byte, and in odd cuts. The frames are built here, not by the code under test.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/fd.h"
#include "shared/ws_frame.h"
#include "shared/poison.h"

#define STREAM_MAX (1024 * 1024)
#define SHOWN_MAX 40

struct stream {
	uint8_t bytes[STREAM_MAX];
	size_t len;
};

static struct stream stream;
static uint8_t payload[STREAM_MAX];

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};

static void
put(const void *p, size_t n)
{
	assert_true(STREAM_MAX - stream.len >= n);
	memcpy(stream.bytes + stream.len, p, n);
	stream.len += n;
}

static void
put_number(uint64_t v, int bytes)
{
	uint8_t b;

	while (bytes-- > 0) {
		b = (uint8_t)(v >> 8 * bytes);
		put(&b, 1);
	}
}

/* %XX and plain characters up to a blank, '*' or '@'; then "*N". */
static size_t
read_payload(const char **s)
{
	size_t n = 0, times = 1, i;

	for (; **s != '\0' && strchr(" *@", **s) == NULL; (*s)++) {
		payload[n] = (uint8_t)**s;
		if (**s == '%') {
			payload[n] = (uint8_t)strtoul((char[]){(*s)[1], (*s)[2], 0}, NULL, 16);
			*s += 2;
		}
		n++;
	}
	if (**s == '*')
		times = strtoul(*s + 1, (char **)s, 10);
	assert_true(n * times <= sizeof(payload));
	for (i = n; i < n * times; i++)
		payload[i] = payload[i - n];
	return n * times;
}

static void
put_frame(unsigned first, char form, uint64_t announced, size_t len, bool masked)
{
	uint8_t bit = masked ? 0x80 : 0;
	size_t i;
	uint8_t b;

	put_number(first, 1);
	if (form == '2' || (form == 0 && announced >= 126 && announced <= 65535)) {
		put_number(bit | 126, 1);
		put_number(announced, 2);
	} else if (form == '8' || form == 'h' || announced > 65535) {
		put_number(bit | 127, 1);
		put_number(form == 'h' ? UINT64_C(1) << 63 : announced, 8);
	} else {
		put_number(bit | announced, 1);
	}
	if (masked)
		put(key, 4);
	for (i = 0; i < len; i++) {
		b = masked ? payload[i] ^ key[i % 4] : payload[i];
		put(&b, 1);
	}
}

/* One frame of the notation at *s, as often as "@N" says. */
static void
read_frame(const char **s, bool masked)
{
	unsigned first = (unsigned)strtoul(*s, (char **)s, 16);
	unsigned long times = 1;
	uint64_t announced = 0;
	bool announces = false;
	char form = 0;
	size_t len;

	if (**s == '/') {
		form = (*s)[1];
		announces = (*s)[2] != ':';
		if (announces) {
			form = 0;
			announced = strtoull(*s + 1, (char **)s, 10);
		} else {
			*s += 2;
		}
	}
	assert_int_equal(**s, ':');
	(*s)++;
	len = read_payload(s);
	if (!announces)
		announced = len;
	if (**s == '@')
		times = strtoul(*s + 1, (char **)s, 10);
	while (times-- > 0)
		put_frame(first, form, announced, len, form == 'm' ? !masked : masked);
}

static void
build(const char *frames, bool masked)
{
	stream.len = 0;
	while (*frames == ' ')
		frames++;
	while (*frames != '\0') {
		read_frame(&frames, masked);
		while (*frames == ' ')
			frames++;
	}
}

/* What was seen, in the notation of the list; equal events in a row are folded to "@N". */
struct trace {
	char text[4096];
	char last[512];
	int times;
};

static void
trace_flush(struct trace *t)
{
	size_t n = strlen(t->text);

	if (t->times == 0)
		return;
	snprintf(t->text + n, sizeof(t->text) - n, t->times > 1 ? "%s%s@%d" : "%s%s", n > 0 ? " " : "",
	    t->last, t->times);
	t->times = 0;
}

static void
trace_add(struct trace *t, const char *event)
{
	if (strcmp(event, t->last) != 0)
		trace_flush(t);
	snprintf(t->last, sizeof(t->last), "%s", event);
	t->times++;
}

static void
show(char *dst, size_t size, const struct ws_event *ev)
{
	size_t n = 0, i;

	if (ev->len > SHOWN_MAX) {
		snprintf(dst, size, "[%zu]", ev->len);
		return;
	}
	dst[0] = '\0';
	for (i = 0; i < ev->len; i++)
		n += (size_t)snprintf(dst + n, size - n,
		    ev->data[i] > ' ' && ev->data[i] < 0x7f ? "%c" : "%%%02x", ev->data[i]);
}

static void
trace_event(struct trace *t, const struct ws_event *ev)
{
	static const char *const names[] = {
		[WS_TEXT] = "text", [WS_BINARY] = "binary", [WS_PING] = "ping", [WS_PONG] = "pong",
	};
	char content[256], event[512];

	show(content, sizeof(content), ev);
	if (ev->opcode == WS_CLOSE)
		snprintf(event, sizeof(event), "close(%d,%s)", ev->code, content);
	else if (ev->len > SHOWN_MAX)
		snprintf(event, sizeof(event), "%s%s", names[ev->opcode], content);
	else
		snprintf(event, sizeof(event), "%s(%s)", names[ev->opcode], content);
	trace_add(t, event);
}

static void
trace_fault(struct trace *t, enum ws_fault f, enum ws_side side)
{
	enum ws_fault wrong = side == WS_CLIENT ? WS_FAULT_MASKED : WS_FAULT_UNMASKED;
	char event[128], *p;

	snprintf(event, sizeof(event), "fault(%s)", f == wrong ? "wrong_masking" : ws_fault_name(f));
	for (p = event; *p != '\0'; p++)
		if (*p == ' ')
			*p = '_';
	trace_add(t, event);
}

/* Feed the stream in pieces of at most step bytes, each copied so that a read too far is seen. */
static void
feed(enum ws_side side, size_t step, struct trace *t)
{
	struct ws_parser *p = ws_parser_new(side, 0, 0);
	struct ws_event ev;
	const uint8_t *at;
	uint8_t *copy;
	size_t done, n, left;
	int rc = 0;

	*t = (struct trace){0};
	for (done = 0; done < stream.len && rc != -1; done += n) {
		n = left = stream.len - done < step ? stream.len - done : step;
		copy = malloc(n);
		memcpy(copy, stream.bytes + done, n);
		at = copy;
		while ((rc = ws_parser_next(p, &at, &left, &ev)) == 1)
			trace_event(t, &ev);
		free(copy);
	}
	if (rc == -1) {
		trace_fault(t, ws_parser_fault(p), side);
		left = 0;
		assert_int_equal(ws_parser_next(p, &at, &left, &ev), -1);
	}
	trace_flush(t);
	ws_parser_free(p);
}

static void
run_case(const char *id, const char *frames, const char *want)
{
	static const size_t steps[] = {STREAM_MAX, 1, 3, 1000};
	struct trace t;
	size_t i;
	int side;

	for (side = WS_CLIENT; side <= WS_SERVER; side++) {
		build(frames, side == WS_SERVER);
		for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			feed((enum ws_side)side, steps[i], &t);
			if (strcmp(t.text, want) != 0)
				fail_msg("case %s, %s, cut at %zu: wanted \"%s\", got \"%s\"", id,
				    side == WS_CLIENT ? "client" : "server", steps[i], want, t.text);
		}
	}
}

static void
test_cases(void **state)
{
	const char *dir = getenv("LWS_SRCDIR");
	char path[4096], *text, *line, *next, *frames, *events;
	struct err e;
	size_t len;
	int cases = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/tests/data/ws_cases.txt", dir != NULL ? dir : ".");
	if (fd_read_file(path, 1 << 20, &text, &len, &e) == -1)
		fail_msg("%s", e.text);
	for (line = text; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		frames = strchr(line, '\t');
		events = strstr(line, " => ");
		if (line[0] == '#' || frames == NULL || events == NULL)
			continue;
		*frames++ = '\0';
		*events = '\0';
		run_case(line, frames, events + 4);
		cases++;
	}
	free(text);
	assert_true(cases >= 60);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests_name("ws_cases", tests, NULL, NULL);
}
