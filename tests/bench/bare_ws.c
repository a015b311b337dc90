/*
 * The yardstick of tests/bench/bench_ws.py: the WebSocket codec on libevent and nothing else. No
 * schedule, no clock, no record of what was asked, no look at the answers but to count them; each
 * is followed at once by the next command.
 * bare_ws PORT WINDOW SECONDS keeps WINDOW commands outstanding in one session and prints
 * {"replies": n, "per_s": x}.
 */
#include "config.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/util.h>

#include "shared/clock.h"
#include "shared/fd.h"
#include "shared/number.h"
#include "shared/ws_frame.h"
#include "shared/ws_handshake.h"
#include "shared/poison.h"

static const char *const commands[] = {"\"device.getStatus\"", "\"effects.getCurrent\"",
    "\"effects.parameters.get\""};
static const char *const payloads[] = {"{}", "{}", "{\"effectId\":6912}"};

struct bare {
	struct event_base *base;
	struct ws_parser *parser;
	int64_t asked, replies;
	struct mono end;
	bool failed;
};

static void
ask(struct bare *b, int fd)
{
	int64_t kind = b->asked % 3;
	uint8_t frame[512], key[4];
	char text[256];
	size_t len;
	int n;

	n = snprintf(text, sizeof(text), "{\"type\":%s,\"requestId\":\"lw-%" PRId64 "\",\"payload\":%s}",
	    commands[kind], ++b->asked, payloads[kind]);
	evutil_secure_rng_get_bytes(key, sizeof(key));
	len = ws_encode(frame, sizeof(frame), WS_TEXT, true, text, (size_t)n, key);
	b->failed |= write(fd, frame, len) != (ssize_t)len;
}

static void
read_cb(evutil_socket_t fd, short what, void *arg)
{
	struct bare *b = arg;
	uint8_t buf[16384];
	const uint8_t *data = buf;
	ssize_t n = read(fd, buf, sizeof(buf));
	size_t len = n > 0 ? (size_t)n : 0;
	struct ws_event ev;
	int rc;

	(void)what;
	while ((rc = ws_parser_next(b->parser, &data, &len, &ev)) == 1) {
		b->replies++;
		ask(b, fd);
	}
	b->failed |= n <= 0 || rc == -1;
	if (b->failed || mono_sub(clock_mono(), b->end) >= 0)
		event_base_loopbreak(b->base);
}

/* A session, made with blocking calls before anything is measured; -1 when there is none. */
static int
open_session(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons((uint16_t)port)};
	static const uint8_t nonce[WS_NONCE_LEN];
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, status, n;
	char text[1024], key[WS_KEY_SIZE];
	ssize_t got;

	ws_key(key, nonce);
	n = ws_request(text, sizeof(text), "127.0.0.1", "/ws", key, "", NULL);
	if (fd == -1 || connect(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    write(fd, text, (size_t)n) != n || (got = read(fd, text, sizeof(text))) <= 0 ||
	    ws_answer_check(text, (size_t)got, key, &status, NULL) != got)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd_set_nonblock(fd, true) == 0 ? fd : -1;
}

int
main(int argc, char **argv)
{
	int64_t port, window, seconds, us, i;
	struct event *ev;
	struct mono start;
	struct bare b = {0};
	int fd;

	if (argc != 4 || number_i64("port", argv[1], 1, 65535, &port, NULL) == -1 ||
	    number_i64("window", argv[2], 1, 64, &window, NULL) == -1 ||
	    number_i64("seconds", argv[3], 1, 600, &seconds, NULL) == -1) {
		fprintf(stderr, "usage: bare_ws PORT WINDOW SECONDS\n");
		return 2;
	}
	fd = open_session((int)port);
	b.base = event_base_new();
	b.parser = ws_parser_new(WS_CLIENT, 0, 0);
	if (fd == -1 || b.base == NULL || b.parser == NULL) {
		fprintf(stderr, "bare_ws: no session with port %s\n", argv[1]);
		return 1;
	}
	start = clock_mono();
	b.end = mono_add(start, seconds * US_PER_S);
	ev = event_new(b.base, fd, EV_READ | EV_PERSIST, read_cb, &b);
	event_add(ev, NULL);
	for (i = 0; i < window; i++)
		ask(&b, fd);
	event_base_dispatch(b.base);
	us = mono_sub(clock_mono(), start);
	printf("{\"replies\": %" PRId64 ", \"per_s\": %.1f}\n", b.replies,
	    (double)b.replies * 1e6 / (double)us);
	return b.failed;
}
