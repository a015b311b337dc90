/*
 * A plain socket instead of evconnlistener: to refuse connections while the port stays ours, the
 * socket must stop listening, so it is replaced by one that is bound and does not listen.
 */
#include "config.h"

#include "worker/sim/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/fd.h"
#include "worker/sim/conn.h"
#include "worker/sim/sim.h"
#include "shared/poison.h"

#define BACKLOG 16
#define SEND_BUFFER 16384	/* small as the device's, so that its queue of frames is what fills */

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct server {
	struct sim *sim;
	union address address;
	socklen_t address_len;
	char name[64];
	int fd;
	struct event *ev;
	TAILQ_HEAD(conn_list, conn) conns;
	int count;
};

static void
reset_fd(int fd)
{
	struct linger now = {1, 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* The source as a number: the IPv4 address, or 1 for ::1. */
static uint32_t
peer_ip(const union address *a)
{
	return a->sa.sa_family == AF_INET ? ntohl(a->in.sin_addr.s_addr) : 1;
}

static void
accept_cb(evutil_socket_t fd, short what, void *arg)
{
	union address peer = {.in.sin_family = AF_INET};
	struct server *v = arg;
	socklen_t len = sizeof(peer);
	struct conn *c;
	int on = 1, size = SEND_BUFFER;
	int client = accept((int)fd, &peer.sa, &len);

	(void)what;
	if (client == -1)
		return;
	if (v->count >= v->sim->faults.max_connections || fd_set_cloexec(client, true) == -1 ||
	    fd_set_nonblock(client, true) == -1) {
		v->sim->stats.connects_refused++;
		sim_log(v->sim, "refused", "connection", 0);
		reset_fd(client);
		return;
	}
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(client, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	v->sim->stats.connects++;
	c = conn_new(v->sim, client, peer_ip(&peer));
	if (c == NULL)
		return;
	TAILQ_INSERT_TAIL(&v->conns, c, entry);
	v->count++;
}

static int
server_bind(struct server *v)
{
	int on = 1;

	v->fd = socket(v->address.sa.sa_family, SOCK_STREAM, 0);
	if (v->fd == -1 || fd_set_cloexec(v->fd, true) == -1 || fd_set_nonblock(v->fd, true) == -1 ||
	    setsockopt(v->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
		return -1;
	if (bind(v->fd, &v->address.sa, v->address_len) == -1)
		return -1;
	return getsockname(v->fd, &v->address.sa, &v->address_len);
}

static void
server_close(struct server *v)
{
	if (v->ev != NULL)
		event_free(v->ev);
	v->ev = NULL;
	fd_close(&v->fd);
}

static int
set_address(struct server *v, const char *address, int port, struct err *e)
{
	if (strcmp(address, "127.0.0.1") == 0) {
		v->address.in.sin_family = AF_INET;
		v->address.in.sin_port = htons((uint16_t)port);
		v->address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		v->address_len = sizeof(v->address.in);
		return 0;
	}
	if (strcmp(address, "::1") == 0) {
		v->address.in6.sin6_family = AF_INET6;
		v->address.in6.sin6_port = htons((uint16_t)port);
		v->address.in6.sin6_addr = in6addr_loopback;
		v->address_len = sizeof(v->address.in6);
		return 0;
	}
	return err_set(e, "--listen %s: only 127.0.0.1 and ::1 are possible; "
	    "the simulated device is for this host alone", address);
}

static void
set_name(struct server *v)
{
	if (v->address.sa.sa_family == AF_INET)
		snprintf(v->name, sizeof(v->name), "127.0.0.1:%d", ntohs(v->address.in.sin_port));
	else
		snprintf(v->name, sizeof(v->name), "[::1]:%d", ntohs(v->address.in6.sin6_port));
}

struct server *
server_new(struct sim *s, const char *address, int port, struct err *e)
{
	struct server *v = calloc(1, sizeof(*v));

	if (v == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	v->sim = s;
	v->fd = -1;
	TAILQ_INIT(&v->conns);
	if (set_address(v, address, port, e) == -1)
		goto fail;
	if (server_bind(v) == -1 || server_up(v) == -1) {
		err_set(e, "cannot listen on %s port %d: %s", address, port, strerror(errno));
		goto fail;
	}
	set_name(v);
	return v;
fail:
	server_free(v);
	return NULL;
}

void
server_free(struct server *v)
{
	struct conn *c;

	if (v == NULL)
		return;
	while ((c = TAILQ_FIRST(&v->conns)) != NULL)
		conn_free(c, false);
	server_close(v);
	free(v);
}

const char *
server_name(const struct server *v)
{
	return v->name;
}

int
server_connections(const struct server *v)
{
	return v->count;
}

struct conn *
server_first(const struct server *v)
{
	return TAILQ_FIRST(&v->conns);
}

void
server_forget(struct server *v, struct conn *c)
{
	TAILQ_REMOVE(&v->conns, c, entry);
	v->count--;
}

void
server_down(struct server *v)
{
	struct conn *c;

	server_close(v);
	while ((c = TAILQ_FIRST(&v->conns)) != NULL)
		conn_free(c, true);
	if (server_bind(v) == -1)
		fd_close(&v->fd);
}

int
server_up(struct server *v)
{
	if (v->fd == -1 && server_bind(v) == -1)
		return -1;
	if (listen(v->fd, BACKLOG) == -1)
		return -1;
	v->ev = event_new(v->sim->base, v->fd, EV_READ | EV_PERSIST, accept_cb, v);
	if (v->ev == NULL || event_add(v->ev, NULL) == -1)
		return -1;
	return 0;
}
