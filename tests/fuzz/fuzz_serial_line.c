/*
 * Console bytes. The first byte says how the stream is cut: the lines must not depend on it, and
 * what a line is said to hold must keep its bounds.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worker/serial_line.h"
#include "worker/serial_split.h"
#include "shared/poison.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(x) do { if (!(x)) abort(); } while (0)

struct outcome {
	uint64_t sum;
	size_t lines, bytes, truncated;
	const regex_t *user;
};

static void
check_line(const struct serial_line *l, size_t len)
{
	CHECK(l->len <= len && l->text[l->len] == '\0' && strlen(l->text) == l->len);
	CHECK(memchr(l->text, 0x1b, l->len) == NULL);
	CHECK(l->fatal >= -1 && l->fatal < FATAL_COUNT);
	CHECK(l->warning >= -1 && l->warning < WARNING_COUNT);
	CHECK(l->shed >= -1 && l->shed <= SHED_ACTIVE);
	CHECK(l->heap >= -1 && l->heap <= INT32_MAX && l->largest >= -1 && l->largest <= INT32_MAX);
	CHECK(l->clock_ms >= -1 && l->clock_ms <= UINT32_MAX);
	CHECK(l->reset_reason >= -1 && l->reset_reason <= 0xff);
	CHECK(l->reset_reason == -1 || l->fatal != -1);
	CHECK(strlen(l->ws_diag) < sizeof(l->ws_diag) && strchr(l->ws_diag, 0x7f) == NULL);
}

static void
line_cb(void *arg, const uint8_t *p, size_t len, bool truncated)
{
	static struct serial_line line;
	struct outcome *o = arg;
	size_t i;

	CHECK(len <= SERIAL_LINE_MAX && (!truncated || len == SERIAL_LINE_MAX));
	o->lines++;
	o->bytes += len;
	o->truncated += truncated;
	for (i = 0; i < len; i++) {
		CHECK(p[i] != '\r' && p[i] != '\n');
		o->sum = o->sum * 31 + p[i];
	}
	o->sum = o->sum * 31 + 256;
	serial_line_parse(&line, p, len, o->user);
	check_line(&line, len);
}

static struct outcome
split(const uint8_t *p, size_t len, size_t cut, const regex_t *user)
{
	static struct serial_split s;
	struct outcome o = {.user = user};
	size_t n;

	serial_split_init(&s);
	for (; len > 0; p += n, len -= n) {
		n = len < cut ? len : cut;
		serial_split_feed(&s, p, n, line_cb, &o);
	}
	serial_split_flush(&s, line_cb, &o);
	CHECK(!serial_split_pending(&s));
	return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct outcome whole, parts;
	regex_t user;

	if (len == 0)
		return 0;
	CHECK(regcomp(&user, "panic|^E \\([0-9]+\\)", REG_EXTENDED | REG_NOSUB) == 0);
	whole = split(data + 1, len - 1, len, &user);
	parts = split(data + 1, len - 1, 1 + data[0] % 64, NULL);
	regfree(&user);
	CHECK(whole.sum == parts.sum && whole.lines == parts.lines);
	CHECK(whole.bytes == parts.bytes && whole.truncated == parts.truncated);
	CHECK(whole.bytes <= len - 1);
	return 0;
}
