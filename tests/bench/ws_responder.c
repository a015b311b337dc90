/*
 * The device of tests/bench/bench_ws.py: answers every command at once and does nothing else, so that
 * it is not what is measured. Serves one free port of 127.0.0.1, prints it, and ends with its
 * standard input.
 */
#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "shared/fd.h"
#include "shared/ws_frame.h"
#include "shared/ws_handshake.h"
#include "shared/poison.h"

#define OUT_SIZE (1 << 18)

static const struct {
	const char *asked, *type;
} replies[] = {
	{"\"device.getStatus\"", "device.status"},
	{"\"effects.getCurrent\"", "effects.current"},
	{"\"effects.parameters.get\"", "effects.parameters"},
};

struct session {
	struct event *ev;
	struct ws_parser *parser;	/* NULL before the handshake */
	char head[WS_HEAD_MAX];
	size_t head_len;
	uint8_t out[OUT_SIZE];
	size_t out_len;
};

static void
session_end(struct session *s)
{
	close(event_get_fd(s->ev));
	event_free(s->ev);
	ws_parser_free(s->parser);
	free(s);
}

/* Commands look like {"type":"…","requestId":"…",…}: the worker and bare_ws write them so. */
static void
answer(struct session *s, const char *text, size_t len)
{
	static const char key[] = "\"requestId\":\"";
	const char *id = memmem(text, len, key, sizeof(key) - 1), *end;
	char reply[256];
	size_t i;
	int n;

	if (id == NULL)
		return;
	id += sizeof(key) - 1;
	end = memchr(id, '"', (size_t)(text + len - id));
	for (i = 0; end != NULL && i < sizeof(replies) / sizeof(replies[0]); i++) {
		if (memmem(text, len, replies[i].asked, strlen(replies[i].asked)) == NULL)
			continue;
		n = snprintf(reply, sizeof(reply),
		    "{\"type\":\"%s\",\"requestId\":\"%.*s\",\"success\":true,\"data\":{}}",
		    replies[i].type, (int)(end - id), id);
		s->out_len += ws_encode(s->out + s->out_len, OUT_SIZE - s->out_len, WS_TEXT, true, reply,
		    (size_t)n, NULL);
		return;
	}
}

/* False: the session is over. */
static bool
take_frames(struct session *s, const uint8_t *data, size_t len)
{
	struct ws_event ev;
	int rc;

	while ((rc = ws_parser_next(s->parser, &data, &len, &ev)) == 1) {
		if (ev.opcode == WS_TEXT)
			answer(s, (const char *)ev.data, ev.len);
		else if (ev.opcode == WS_CLOSE)
			s->out_len += ws_encode_close(s->out + s->out_len, OUT_SIZE - s->out_len, ev.code,
			    "", NULL);
	}
	return rc == 0;
}

static bool
take_head(struct session *s, const uint8_t *data, size_t len)
{
	struct ws_upgrade up;
	int status, rc;

	if (len > sizeof(s->head) - s->head_len)
		return false;
	memcpy(s->head + s->head_len, data, len);
	s->head_len += len;
	rc = ws_upgrade_parse(s->head, s->head_len, &up, &status, NULL);
	if (rc <= 0)
		return rc == 0;
	s->parser = ws_parser_new(WS_SERVER, 0, 0);
	s->out_len = (size_t)ws_upgrade_answer((char *)s->out, OUT_SIZE, up.key, "");
	return s->parser != NULL &&
	    take_frames(s, (const uint8_t *)s->head + rc, s->head_len - (size_t)rc);
}

static void
read_cb(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;
	uint8_t buf[16384];
	ssize_t n = read(fd, buf, sizeof(buf)), done;
	bool good;

	(void)what;
	if (n <= 0) {
		session_end(s);
		return;
	}
	s->out_len = 0;
	good = s->parser != NULL ? take_frames(s, buf, (size_t)n) : take_head(s, buf, (size_t)n);
	done = s->out_len > 0 ? write(fd, s->out, s->out_len) : 0;
	if (!good || done != (ssize_t)s->out_len)
		session_end(s);
}

static void
accept_cb(evutil_socket_t fd, short what, void *arg)
{
	int peer = accept(fd, NULL, NULL), one = 1;
	struct session *s = calloc(1, sizeof(*s));

	(void)what;
	if (peer == -1 || s == NULL) {
		free(s);
		return;
	}
	fd_set_cloexec(peer, true);
	fd_set_nonblock(peer, true);
	setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	s->ev = event_new(arg, peer, EV_READ | EV_PERSIST, read_cb, s);
	event_add(s->ev, NULL);
}

static void
stdin_cb(evutil_socket_t fd, short what, void *arg)
{
	char buf[64];

	(void)what;
	if (read(fd, buf, sizeof(buf)) <= 0)
		event_base_loopbreak(arg);
}

int
main(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct event_base *base = event_base_new();
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(a);

	if (before == SIG_ERR || base == NULL || fd == -1 || bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, 16) == -1 || getsockname(fd, (struct sockaddr *)&a, &len) == -1) {
		perror("ws_responder");
		return 1;
	}
	event_add(event_new(base, fd, EV_READ | EV_PERSIST, accept_cb, base), NULL);
	event_add(event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, stdin_cb, base), NULL);
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	event_base_dispatch(base);
	return 0;
}
