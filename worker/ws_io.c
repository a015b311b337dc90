/*
 * libcurl's CONNECT_ONLY connection on libevent. The easy handle stays in its multi while the
 * connection lives. TLS may hold bytes that the socket no longer shows, so that reading goes on
 * until CURLE_AGAIN there; each turn of the loop reads a bounded amount. What a turn sends leaves in
 * one write at its end: flush_ev, made active by hand, runs behind all that the turn still has to do
 * and before the next poll.
 */
#include "config.h"

#include "worker/ws_io.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "worker/transport.h"
#include "shared/poison.h"

#define READ_SIZE 16384
#define READS_A_TURN 4
#define FIRST_BUFFER 4096

struct ws_io {
	struct event_base *base;
	struct multi *multi;
	const struct ws_io_handler *handler;
	void *arg;
	CURL *easy;		/* NULL: closed */
	struct multi_transfer transfer;
	struct event *read_ev, *write_ev, *flush_ev;
	bool tls;
	bool broken;		/* a send failed; the next read event reports it */
	uint8_t *out;
	size_t out_cap, out_len;
	char errors[CURL_ERROR_SIZE];
};

static void
free_event(struct event **ev)
{
	if (*ev != NULL)
		event_free(*ev);
	*ev = NULL;
}

void
ws_io_close(struct ws_io *io)
{
	free_event(&io->read_ev);
	free_event(&io->write_ev);
	free_event(&io->flush_ev);
	if (io->easy != NULL) {
		multi_remove(io->multi, io->easy, &io->transfer);
		curl_easy_cleanup(io->easy);
	}
	io->easy = NULL;
	io->broken = false;
	io->out_len = 0;
	free(io->out);
	io->out = NULL;
	io->out_cap = 0;
}

static void
fail(struct ws_io *io, enum op_class class, const char *why)
{
	ws_io_close(io);
	io->handler->failed_cb(io->arg, class, why);
}

static void
read_cb(evutil_socket_t fd, short what, void *arg)
{
	struct ws_io *io = arg;
	uint8_t buf[READ_SIZE];
	CURLcode rc;
	size_t n;
	int i;

	(void)fd;
	(void)what;
	if (io->broken) {
		fail(io, OP_RESET, "connection broke while sending");
		return;
	}
	for (i = 0; i < READS_A_TURN; i++) {
		n = 0;
		rc = curl_easy_recv(io->easy, buf, sizeof(buf), &n);
		if (rc == CURLE_AGAIN)
			return;
		if (rc != CURLE_OK || n == 0) {
			fail(io, OP_RESET, rc != CURLE_OK ? "connection reset" :
			    "connection closed without a close frame");
			return;
		}
		io->handler->data_cb(io->arg, buf, n);
		if (io->read_ev == NULL)
			return;
		if (!io->tls && n < sizeof(buf))
			return;
	}
	event_active(io->read_ev, EV_READ, 0);
}

/* Send what waits, as far as the socket takes it. */
static void
flush_out(struct ws_io *io)
{
	CURLcode rc = CURLE_OK;
	size_t n, done = 0;

	io->handler->sending_cb(io->arg);
	while (done < io->out_len) {
		n = 0;
		rc = curl_easy_send(io->easy, io->out + done, io->out_len - done, &n);
		if (rc != CURLE_OK)
			break;
		done += n;
	}
	io->out_len -= done;
	if (io->out_len > 0 && done > 0)
		memmove(io->out, io->out + done, io->out_len);
	if (rc == CURLE_AGAIN) {
		event_add(io->write_ev, NULL);
	} else if (rc != CURLE_OK && !io->broken) {
		io->broken = true;
		if (io->read_ev != NULL)
			event_active(io->read_ev, EV_READ, 0);
	}
}

static void
write_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush_out(arg);
}

static bool
make_room(struct ws_io *io, size_t more)
{
	size_t cap = io->out_cap > 0 ? io->out_cap : FIRST_BUFFER;
	uint8_t *out;

	if (more > WS_UNSENT_MAX - io->out_len)
		return false;
	while (cap < io->out_len + more)
		cap *= 2;
	if (cap == io->out_cap)
		return true;
	out = realloc(io->out, cap);
	if (out == NULL)
		return false;
	io->out = out;
	io->out_cap = cap;
	return true;
}

int
ws_io_send(struct ws_io *io, const void *data, size_t len)
{
	if (io->write_ev == NULL || io->broken || !make_room(io, len))
		return -1;
	memcpy(io->out + io->out_len, data, len);
	io->out_len += len;
	if (io->out_len == len)
		event_active(io->flush_ev, EV_TIMEOUT, 0);
	return 0;
}

size_t
ws_io_unsent(const struct ws_io *io)
{
	return io->out_len;
}

void
ws_io_pause(struct ws_io *io)
{
	free_event(&io->read_ev);
}

static void
connect_done_cb(void *arg, CURL *easy, CURLcode code)
{
	struct ws_io *io = arg;
	curl_socket_t fd = CURL_SOCKET_BAD;
	enum op_class class;

	if (code != CURLE_OK) {
		class = transport_class(easy, code, io->tls);
		fail(io, class, io->errors[0] != '\0' ? io->errors : curl_easy_strerror(code));
		return;
	}
	curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd);
	if (fd != CURL_SOCKET_BAD) {
		io->read_ev = event_new(io->base, fd, EV_READ | EV_PERSIST, read_cb, io);
		io->write_ev = event_new(io->base, fd, EV_WRITE, write_cb, io);
		io->flush_ev = event_new(io->base, -1, 0, write_cb, io);
	}
	if (io->read_ev == NULL || io->write_ev == NULL || io->flush_ev == NULL ||
	    event_add(io->read_ev, NULL) == -1) {
		fail(io, OP_CONNECT, "connection cannot be watched");
		return;
	}
	io->handler->connected_cb(io->arg);
	/* TLS may have read the first frames together with its handshake. */
	if (io->tls && io->read_ev != NULL)
		event_active(io->read_ev, EV_READ, 0);
}

struct ws_io *
ws_io_new(struct event_base *base, struct multi *multi, const struct ws_io_handler *handler,
    void *arg)
{
	struct ws_io *io = calloc(1, sizeof(*io));

	if (io == NULL)
		return NULL;
	io->base = base;
	io->multi = multi;
	io->handler = handler;
	io->arg = arg;
	io->transfer = (struct multi_transfer){connect_done_cb, io, false};
	return io;
}

void
ws_io_free(struct ws_io *io)
{
	if (io == NULL)
		return;
	ws_io_close(io);
	free(io);
}

int
ws_io_connect(struct ws_io *io, const struct workplan *plan, const struct ws_target *target,
    struct err *e)
{
	int rc = 0;

	io->errors[0] = '\0';
	io->tls = target->tls;
	io->easy = multi_easy(plan, io->errors, e);
	if (io->easy == NULL)
		return -1;
	rc |= curl_easy_setopt(io->easy, CURLOPT_URL, target->url);
	rc |= curl_easy_setopt(io->easy, CURLOPT_CONNECT_ONLY, 1L);
	rc |= curl_easy_setopt(io->easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
	rc |= curl_easy_setopt(io->easy, CURLOPT_FRESH_CONNECT, 1L);
	rc |= curl_easy_setopt(io->easy, CURLOPT_HTTPPROXYTUNNEL, plan->proxy[0] != '\0' ? 1L : 0L);
	if (rc != CURLE_OK) {
		ws_io_close(io);
		return err_set(e, "cannot set up a connection: out of memory");
	}
	if (multi_start(io->multi, io->easy, &io->transfer, e) == -1) {
		ws_io_close(io);
		return -1;
	}
	return 0;
}
