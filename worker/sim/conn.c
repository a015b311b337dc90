#include "config.h"

#include "worker/sim/conn.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/sim/body.h"
#include "worker/sim/rest.h"
#include "worker/sim/server.h"
#include "worker/sim/sim.h"
#include "worker/sim/ws.h"
#include "shared/poison.h"

#define IDLE_S 75
#define LINGER_US US_PER_S
#define INPUT_MAX (HTTP_HEAD_MAX + HTTP_BODY_MAX)

void
conn_later(struct conn *c, int64_t delay_us)
{
	struct timeval tv = clock_timeval(delay_us);

	event_add(c->timer, &tv);
}

struct conn *
conn_next(const struct conn *c)
{
	return TAILQ_NEXT(c, entry);
}

/* By way of the timer, so that pipelined requests neither nest nor starve the others. */
void
conn_again(struct conn *c)
{
	c->state = CONN_READING;
	if (evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)
		conn_later(c, 0);
}

/* True while the device is stalled; the timer then calls again when it goes on. */
static bool
conn_stalled(struct conn *c)
{
	int64_t now = sim_elapsed_us(c->sim);
	int64_t end = faults_stall_end(&c->sim->faults, now);

	if (end > now)
		conn_later(c, end - now);
	return end > now;
}

static void
conn_write(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);

	evbuffer_drain(in, c->request.head_len + c->request.body_len);
	if (body_wanted(c)) {
		body_send(c);
		return;
	}
	rest_write(c, c->status, bufferevent_get_output(c->bev));
	if (!c->request.keep_alive) {
		conn_finish(c);
		return;
	}
	conn_again(c);
}

/* The device looks at the request: its limits count now, its answer goes out after the latency. */
static void
conn_work(struct conn *c)
{
	int64_t delay_us;

	c->state = CONN_WORKING;
	if (c->request.upgrade && strcmp(c->request.path, "/ws") == 0) {
		ws_begin(c);
		return;
	}
	c->status = rest_status(c);
	delay_us = sim_delay_us(c->sim, c->sim->faults.latency_us);
	if (delay_us > 0)
		conn_later(c, delay_us);
	else
		conn_write(c);
}

static void conn_read(struct conn *c);

static void
conn_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	switch (c->state) {
	case CONN_STALLED:
		if (!conn_stalled(c))
			conn_work(c);
		break;
	case CONN_WORKING:
		if (!conn_stalled(c))
			conn_write(c);
		break;
	case CONN_DRIPPING:
		body_drip(c);
		break;
	case CONN_CLOSING:
		conn_free(c, false);
		break;
	case CONN_SESSION:
		ws_timer(c->ws);
		break;
	case CONN_READING:
		conn_read(c);
		break;
	case CONN_STREAMING:
		break;
	}
}

static void
conn_refuse(struct conn *c, int status)
{
	c->sim->stats.requests_bad++;
	c->request = (struct http_request){.keep_alive = false};
	rest_write(c, status, bufferevent_get_output(c->bev));
	conn_finish(c);
}

static void
conn_read(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t len = evbuffer_get_length(in);
	size_t head = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX;
	int status, rc;

	if (len == 0)
		return;
	rc = http_parse((const char *)evbuffer_pullup(in, (ev_ssize_t)head), head, &c->request, &status);
	if (rc == -1) {
		conn_refuse(c, status);
		return;
	}
	if (rc == 0 || len < c->request.head_len + c->request.body_len)
		return;
	c->state = CONN_STALLED;
	if (!conn_stalled(c))
		conn_work(c);
}

static void
read_cb(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct conn *c = arg;

	switch (c->state) {
	case CONN_READING:
		conn_read(c);
		break;
	case CONN_SESSION:
		ws_read(c->ws);
		break;
	case CONN_STREAMING:
	case CONN_DRIPPING:
	case CONN_CLOSING:
		evbuffer_drain(in, evbuffer_get_length(in));
		break;
	case CONN_STALLED:
	case CONN_WORKING:
		break;
	}
}

/* The output has drained. */
static void
write_cb(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	switch (c->state) {
	case CONN_STREAMING:
		body_refill(c);
		break;
	case CONN_SESSION:
		ws_drained(c->ws);
		break;
	case CONN_CLOSING:
		shutdown(bufferevent_getfd(bev), SHUT_WR);
		conn_later(c, LINGER_US);
		break;
	case CONN_READING:
	case CONN_STALLED:
	case CONN_WORKING:
	case CONN_DRIPPING:
		break;
	}
}

static void
event_cb(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;

	if ((what & BEV_EVENT_TIMEOUT) && c->state != CONN_READING) {
		bufferevent_enable(bev, EV_READ);
		return;
	}
	conn_free(c, false);
}

struct conn *
conn_new(struct sim *s, int fd, uint32_t ip)
{
	struct timeval idle = {IDLE_S, 0};
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		goto fail;
	c->sim = s;
	c->ip = ip;
	c->timer = evtimer_new(s->base, conn_timer_cb, c);
	c->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (c->timer == NULL || c->bev == NULL)
		goto fail;
	bufferevent_setcb(c->bev, read_cb, write_cb, event_cb, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_MAX);
	bufferevent_set_timeouts(c->bev, &idle, NULL);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	return c;
fail:
	if (c == NULL || c->bev == NULL)
		close(fd);
	if (c != NULL && c->bev != NULL)
		bufferevent_free(c->bev);
	if (c != NULL && c->timer != NULL)
		event_free(c->timer);
	free(c);
	return NULL;
}

void
conn_free(struct conn *c, bool reset)
{
	struct linger now = {1, 0};

	if (c->ws != NULL)
		ws_free(c->ws);
	if (c->drip != NULL)
		evbuffer_free(c->drip);
	if (reset)
		setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	server_forget(c->sim->server, c);
	bufferevent_free(c->bev);
	event_free(c->timer);
	free(c);
}

/*
 * The write side is shut first and the peer's bytes are read for a moment more: closing with bytes
 * unread would send a reset that can overtake the answer.
 */
void
conn_finish(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);

	c->state = CONN_CLOSING;
	evbuffer_drain(in, evbuffer_get_length(in));
	bufferevent_enable(c->bev, EV_READ);
	if (evbuffer_get_length(bufferevent_get_output(c->bev)) == 0)
		write_cb(c->bev, c);
	else
		conn_later(c, 10 * LINGER_US);
}
