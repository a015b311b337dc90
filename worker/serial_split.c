#include "config.h"

#include "worker/serial_split.h"

#include <string.h>

#include "shared/poison.h"

void
serial_split_init(struct serial_split *s)
{
	s->len = 0;
	s->skip_lf = s->skip_end = s->skip_rest = false;
}

static void
split_end(struct serial_split *s, char c, serial_split_cb cb, void *arg)
{
	bool owned = (s->skip_lf && c == '\n') || s->skip_end || s->skip_rest;

	s->skip_lf = c == '\r';
	s->skip_end = s->skip_rest = false;
	if (owned)
		return;
	cb(arg, s->buf, s->len, false);
	s->len = 0;
}

static void
split_text(struct serial_split *s, const uint8_t *p, size_t len, serial_split_cb cb, void *arg)
{
	size_t room = SERIAL_LINE_MAX - s->len;

	s->skip_lf = s->skip_end = false;
	if (s->skip_rest)
		return;
	memcpy(s->buf + s->len, p, len < room ? len : room);
	s->len += len < room ? len : room;
	if (len <= room)
		return;
	cb(arg, s->buf, s->len, true);
	s->len = 0;
	s->skip_rest = true;
}

static size_t
text_run(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (n < len && p[n] != '\r' && p[n] != '\n')
		n++;
	return n;
}

void
serial_split_feed(struct serial_split *s, const void *bytes, size_t len, serial_split_cb cb,
    void *arg)
{
	const uint8_t *p = bytes, *end = p + len;
	size_t run;

	while (p < end) {
		run = text_run(p, (size_t)(end - p));
		if (run > 0)
			split_text(s, p, run, cb, arg);
		p += run;
		if (p < end)
			split_end(s, (char)*p++, cb, arg);
	}
}

bool
serial_split_pending(const struct serial_split *s)
{
	return s->len > 0;
}

void
serial_split_flush(struct serial_split *s, serial_split_cb cb, void *arg)
{
	if (s->len == 0)
		return;
	cb(arg, s->buf, s->len, false);
	s->len = 0;
	s->skip_end = true;
}
