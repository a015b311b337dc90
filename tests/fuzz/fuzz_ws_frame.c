/*
 * The frame parser, both roles. First byte: bit 0 the role, the rest how the stream is cut. What
 * comes out must not depend on the cuts, must keep the limits, and must survive the encoder.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"
#include "shared/ws_frame.h"
#include "shared/poison.h"

#define MESSAGE_MAX 4096
#define FRAGMENTS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(x) do { if (!(x)) abort(); } while (0)

struct outcome {
	uint64_t sum;
	size_t events;
	enum ws_fault fault;
};

static void
check_utf8(const uint8_t *p, size_t len)
{
	size_t n;

	for (; len > 0; p += n, len -= n) {
		n = text_utf8_len(p, len);
		CHECK(n > 0);
	}
}

static void
check_event(const struct ws_event *ev)
{
	if (ev->opcode == WS_TEXT || ev->opcode == WS_BINARY) {
		CHECK(ev->len <= MESSAGE_MAX);
		CHECK(ev->frames >= 1 && ev->frames <= FRAGMENTS_MAX);
	} else {
		CHECK(ev->len <= WS_CONTROL_MAX);
	}
	if (ev->opcode == WS_TEXT || ev->opcode == WS_CLOSE)
		check_utf8(ev->data, ev->len);
	if (ev->opcode == WS_CLOSE)
		CHECK(ev->code == WS_CODE_NONE || ws_code_valid(ev->code));
}

/* Encode the event as the other role and parse it again. */
static void
check_round_trip(const struct ws_event *ev)
{
	static const uint8_t key[4] = {1, 2, 3, 4};
	uint8_t wire[MESSAGE_MAX + WS_HEADER_MAX];
	const uint8_t *at = wire;
	struct ws_parser *p;
	struct ws_event back;
	size_t n;

	if (ev->opcode == WS_CLOSE)
		return;
	p = ws_parser_new(WS_SERVER, MESSAGE_MAX, FRAGMENTS_MAX);
	n = ws_encode(wire, sizeof(wire), ev->opcode, true, ev->data, ev->len, key);
	CHECK(p != NULL && n > 0);
	CHECK(ws_parser_next(p, &at, &n, &back) == 1 && n == 0);
	CHECK(back.opcode == ev->opcode && back.len == ev->len);
	CHECK(memcmp(back.data, ev->data, ev->len) == 0);
	ws_parser_free(p);
}

static void
sum_event(struct outcome *o, const struct ws_event *ev)
{
	size_t i;

	o->events++;
	o->sum = o->sum * 31 + (uint64_t)ev->opcode * 7 + ev->len;
	for (i = 0; i < ev->len; i++)
		o->sum = o->sum * 31 + ev->data[i];
}

static struct outcome
run(enum ws_side side, const uint8_t *data, size_t len, size_t step)
{
	struct ws_parser *p = ws_parser_new(side, MESSAGE_MAX, FRAGMENTS_MAX);
	struct outcome o = {0};
	struct ws_event ev;
	size_t n;
	int rc = 0;

	CHECK(p != NULL);
	while (len > 0 && rc != -1) {
		n = len < step ? len : step;
		len -= n;
		while ((rc = ws_parser_next(p, &data, &n, &ev)) == 1) {
			check_event(&ev);
			check_round_trip(&ev);
			sum_event(&o, &ev);
		}
		CHECK(rc == -1 || n == 0);
	}
	o.fault = ws_parser_fault(p);
	ws_parser_free(p);
	return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct outcome whole, cut;
	enum ws_side side;

	if (len == 0)
		return 0;
	side = data[0] & 1 ? WS_SERVER : WS_CLIENT;
	whole = run(side, data + 1, len - 1, SIZE_MAX);
	cut = run(side, data + 1, len - 1, 1 + (data[0] >> 1));
	CHECK(whole.sum == cut.sum && whole.events == cut.events && whole.fault == cut.fault);
	return 0;
}
