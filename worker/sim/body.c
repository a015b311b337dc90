#include "config.h"

#include "worker/sim/body.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <string.h>

#include "worker/sim/conn.h"
#include "worker/sim/rest.h"
#include "worker/sim/server.h"
#include "worker/sim/sim.h"
#include "shared/poison.h"

#define DRIP_US (100 * US_PER_MS)
#define PIECE 4096
#define PIECES 4
#define HUGE_HEADER (1024 * 1024)
#define DEEP 20000
#define GARBAGE 512

/* How a hostile answer is made from the proper body; proper is the sender's to drain. */
typedef void (*body_fn)(struct conn *c, struct evbuffer *out, struct evbuffer *proper);

static void
put_head(struct evbuffer *out, const char *type, size_t len)
{
	evbuffer_add_printf(out,
	    "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: keep-alive\r\n\r\n",
	    type, len);
}

static void
put_run(struct evbuffer *out, char byte, size_t len)
{
	char piece[PIECE];
	size_t n;

	memset(piece, byte, sizeof(piece));
	for (; len > 0; len -= n) {
		n = len < sizeof(piece) ? len : sizeof(piece);
		evbuffer_add(out, piece, n);
	}
}

static void
put_noise(struct sim *s, struct evbuffer *out, size_t len)
{
	unsigned char byte;

	for (; len > 0; len--) {
		byte = (unsigned char)sim_below(s, 256);
		evbuffer_add(out, &byte, 1);
	}
}

static void
send_garbage(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	(void)proper;
	put_head(out, "application/json", GARBAGE);
	put_noise(c->sim, out, GARBAGE);
	conn_again(c);
}

static void
send_not_http(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	(void)proper;
	evbuffer_add_printf(out, "\x01\x02Guru");
	put_noise(c->sim, out, GARBAGE);
	conn_finish(c);
}

static void
send_endless(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	(void)proper;
	evbuffer_add_printf(out,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
	    "{\"success\":true,\"data\":\"");
	c->state = CONN_STREAMING;
}

static void
send_drip(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	c->drip = evbuffer_new();
	if (c->drip == NULL)
		return;
	put_head(out, "application/json", evbuffer_get_length(proper));
	evbuffer_add_buffer(c->drip, proper);
	c->state = CONN_DRIPPING;
	conn_later(c, DRIP_US);
}

static void
send_huge_header(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	evbuffer_add_printf(out, "HTTP/1.1 200 OK\r\nX-Filler: ");
	put_run(out, 'h', HUGE_HEADER);
	evbuffer_add_printf(out, "\r\nContent-Length: %zu\r\n\r\n", evbuffer_get_length(proper));
	evbuffer_add_buffer(out, proper);
	conn_again(c);
}

static void
send_redirect(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	(void)proper;
	evbuffer_add_printf(out,
	    "HTTP/1.1 302 Found\r\nLocation: http://%s%s\r\nContent-Length: 0\r\n\r\n",
	    server_name(c->sim->server), c->request.path);
	conn_again(c);
}

static void
send_deep(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	(void)proper;
	put_head(out, "application/json", 2 * DEEP);
	put_run(out, '[', DEEP);
	put_run(out, ']', DEEP);
	conn_again(c);
}

static void
send_short_length(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	put_head(out, "application/json", evbuffer_get_length(proper) / 2);
	evbuffer_add_buffer(out, proper);
	conn_again(c);
}

static void
send_long_length(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	put_head(out, "application/json", evbuffer_get_length(proper) + 100);
	evbuffer_add_buffer(out, proper);
	c->state = CONN_WORKING;
}

static void
send_early_close(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	size_t len = evbuffer_get_length(proper);

	put_head(out, "application/json", len);
	evbuffer_remove_buffer(proper, out, len / 2);
	conn_finish(c);
}

static void
send_reset(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	(void)out;
	(void)proper;
	conn_free(c, true);
}

static void
send_none(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	(void)out;
	(void)proper;
	c->state = CONN_WORKING;
}

static void
send_wrong_type(struct conn *c, struct evbuffer *out, struct evbuffer *proper)
{
	static const char page[] = "<!DOCTYPE html><title>LightwaveOS</title><p>Setup portal</p>\n";

	(void)proper;
	put_head(out, "text/html", sizeof(page) - 1);
	evbuffer_add(out, page, sizeof(page) - 1);
	conn_again(c);
}

static const body_fn senders[BODY_COUNT] = {
    [BODY_GARBAGE] = send_garbage,
    [BODY_NOT_HTTP] = send_not_http,
    [BODY_ENDLESS] = send_endless,
    [BODY_DRIP] = send_drip,
    [BODY_HUGE_HEADER] = send_huge_header,
    [BODY_REDIRECT] = send_redirect,
    [BODY_DEEP] = send_deep,
    [BODY_SHORT_LENGTH] = send_short_length,
    [BODY_LONG_LENGTH] = send_long_length,
    [BODY_EARLY_CLOSE] = send_early_close,
    [BODY_RESET] = send_reset,
    [BODY_NONE] = send_none,
    [BODY_WRONG_TYPE] = send_wrong_type,
};

bool
body_wanted(const struct conn *c)
{
	const struct sim *s = c->sim;

	return c->status == 200 && s->faults.body != BODY_PROPER && s->served > s->faults.after;
}

void
body_send(struct conn *c)
{
	struct evbuffer *proper = evbuffer_new();

	if (proper == NULL)
		return;
	rest_put_body(c, 200, proper);
	c->sim->stats.hostile++;
	senders[c->sim->faults.body](c, bufferevent_get_output(c->bev), proper);
	evbuffer_free(proper);
}

void
body_drip(struct conn *c)
{
	evbuffer_remove_buffer(c->drip, bufferevent_get_output(c->bev), 1);
	if (evbuffer_get_length(c->drip) > 0) {
		conn_later(c, DRIP_US);
		return;
	}
	evbuffer_free(c->drip);
	c->drip = NULL;
	conn_again(c);
}

void
body_refill(struct conn *c)
{
	put_run(bufferevent_get_output(c->bev), 'e', PIECE * PIECES);
}
