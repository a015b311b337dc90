#include "config.h"

#include "coordinator/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "coordinator/spawn.h"
#include "shared/fd.h"
#include "shared/text.h"
#include "shared/poison.h"

#define PIPE_BYTES (1024 * 1024)
/* After a read: a busy worker does not wake us for every frame. */
#define REST_US (2 * US_PER_MS)
/* A dead worker's pipe is at its end by then, or held by a stranger. */
#define LINGER_US (2 * US_PER_S)

struct peer {
	int device;
	enum role role;
	int64_t generation;
	const struct peer_handler *handler;
	void *arg;
	pid_t pid;
	int status;
	bool reaped, eof;
	int control, samples;
	int64_t seq_out;
	struct mono heard;
	struct event *readable, *writable, *linger, *rest;
	struct evbuffer *out;
	char reason[200];
	struct frame_reader reader;
};

static void
check_gone(struct peer *p)
{
	if (p->reaped && p->eof)
		p->handler->gone_cb(p->arg, p);
}

static void
stop_reading(struct peer *p)
{
	event_del(p->readable);
	event_del(p->rest);
	fd_close(&p->samples);
	p->eof = true;
}

static void
bad_stream(struct peer *p, const char *why)
{
	char reason[sizeof(p->reason)];

	snprintf(reason, sizeof(reason), "bad frame: %.180s", why);
	peer_kill(p, reason);
	stop_reading(p);
}

static int
take_frames(struct peer *p, struct err *e)
{
	const uint8_t *payload;
	struct msg m;
	size_t len;
	int rc;

	while ((rc = frame_reader_next(&p->reader, &payload, &len, e)) == 1) {
		if (proto_decode(payload, len, &m, e) == -1)
			return -1;
		if (msg_direction(m.type) != MSG_UP)
			return err_set(e, "%s is not for workers to send", msg_type_name(m.type));
		if (p->handler->frame_cb(p->arg, p, &m, payload, len, e) == -1)
			return -1;
	}
	return rc;
}

static void
rest_cb(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	(void)fd, (void)what;
	event_add(p->readable, NULL);
}

static void
readable_cb(evutil_socket_t fd, short what, void *arg)
{
	struct timeval rest = clock_timeval(REST_US);
	struct peer *p = arg;
	struct err e;
	uint8_t *buf;
	size_t room;
	ssize_t n;

	(void)what;
	room = frame_reader_room(&p->reader, &buf);
	n = read(fd, buf, room);
	if (n == (ssize_t)room)
		event_add(p->readable, NULL);
	else
		event_add(p->rest, &rest);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		p->heard = clock_mono();
		frame_reader_added(&p->reader, (size_t)n);
		if (take_frames(p, &e) == -1)
			bad_stream(p, e.text);
	} else {
		if (frame_reader_pending(&p->reader) > 0)
			peer_kill(p, "its pipe ended within a frame");
		stop_reading(p);
	}
	p->handler->turn_cb(p->arg, p);
	check_gone(p);
}

static void
writable_cb(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	(void)what;
	if (evbuffer_write(p->out, fd) == -1 && errno != EAGAIN && errno != EINTR) {
		evbuffer_drain(p->out, evbuffer_get_length(p->out));
		event_del(p->writable);
		fd_close(&p->control);
		return;
	}
	if (evbuffer_get_length(p->out) > 0)
		event_add(p->writable, NULL);
}

static void
linger_cb(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	(void)fd, (void)what;
	if (!p->eof)
		stop_reading(p);
	check_gone(p);
}

static int
start_process(struct peer *p, const char *path, int control_read, int samples_write, struct err *e)
{
	char generation[24];
	char *argv[] = {
	    (char *)(uintptr_t)path, (char *)(uintptr_t)role_names[p->role], generation, NULL};
	struct spawn s = {path, argv, -1, control_read, samples_write};

	snprintf(generation, sizeof(generation), "%lld", (long long)p->generation);
	return spawn_start(&s, &p->pid, e);
}

static int
make_events(struct peer *p, struct event_base *base, struct err *e)
{
	p->readable = event_new(base, p->samples, EV_READ, readable_cb, p);
	p->writable = event_new(base, p->control, EV_WRITE, writable_cb, p);
	p->linger = evtimer_new(base, linger_cb, p);
	p->rest = evtimer_new(base, rest_cb, p);
	p->out = evbuffer_new();
	if (p->readable == NULL || p->writable == NULL || p->linger == NULL ||
	    p->rest == NULL || p->out == NULL)
		return err_set(e, "out of memory");
	return event_add(p->readable, NULL);
}

struct peer *
peer_start(struct event_base *base, const char *path, int device, enum role role,
    int64_t generation, const struct peer_handler *handler, void *arg, struct err *e)
{
	struct peer *p = calloc(1, sizeof(*p));
	int down[2] = {-1, -1}, up[2] = {-1, -1}, rc = -1;

	if (p == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	*p = (struct peer){.device = device,
	    .role = role,
	    .generation = generation,
	    .handler = handler,
	    .arg = arg,
	    .pid = -1,
	    .control = -1,
	    .samples = -1,
	    .heard = clock_mono()};
	if (fd_pipe(down) == -1 || fd_pipe(up) == -1) {
		err_set(e, "cannot make a pipe: %s", strerror(errno));
		goto out;
	}
#ifdef F_SETPIPE_SZ
	fcntl(up[1], F_SETPIPE_SZ, PIPE_BYTES);
#endif
	p->control = down[1];
	p->samples = up[0];
	down[1] = up[0] = -1;
	if (make_events(p, base, e) == -1)
		goto out;
	rc = start_process(p, path, down[0], up[1], e);
out:
	fd_close(&down[0]);
	fd_close(&down[1]);
	fd_close(&up[0]);
	fd_close(&up[1]);
	if (rc == -1) {
		peer_free(p);
		return NULL;
	}
	return p;
}

static void
event_drop(struct event *ev)
{
	if (ev != NULL)
		event_free(ev);
}

void
peer_free(struct peer *p)
{
	if (p == NULL)
		return;
	if (p->pid > 0 && !p->reaped)
		kill(p->pid, SIGKILL);
	event_drop(p->readable);
	event_drop(p->writable);
	event_drop(p->linger);
	event_drop(p->rest);
	if (p->out != NULL)
		evbuffer_free(p->out);
	fd_close(&p->control);
	fd_close(&p->samples);
	free(p);
}

void
peer_send(struct peer *p, struct msg *m)
{
	uint8_t frame[FRAME_MAX];
	int n;

	if (p->control == -1)
		return;
	m->seq = ++p->seq_out;
	n = proto_encode(m, frame, NULL);
	if (n == -1 || evbuffer_add(p->out, frame, (size_t)n) == -1) {
		peer_kill(p, "a message to it could not be made");
		return;
	}
	writable_cb(p->control, EV_WRITE, p);
}

void
peer_send_plan(struct peer *p, const char *text)
{
	struct msg m = {.type = MSG_PLAN};
	size_t len = strlen(text), off;

	m.u.plan.parts = (int64_t)((len + PROTO_PART_MAX - 1) / PROTO_PART_MAX);
	for (off = 0; off < len; off += PROTO_PART_MAX) {
		m.u.plan.data.p = (const uint8_t *)text + off;
		m.u.plan.data.len = len - off < PROTO_PART_MAX ? len - off : PROTO_PART_MAX;
		peer_send(p, &m);
		m.u.plan.part++;
	}
}

void
peer_kill(struct peer *p, const char *reason)
{
	if (p->reason[0] == '\0')
		text_copy(p->reason, sizeof(p->reason), reason);
	if (!p->reaped)
		kill(p->pid, SIGKILL);
}

void
peer_reaped(struct peer *p, int status)
{
	struct timeval tv = clock_timeval(LINGER_US);

	p->reaped = true;
	p->status = status;
	event_add(p->linger, &tv);
	check_gone(p);
}

int
peer_device(const struct peer *p)
{
	return p->device;
}

enum role
peer_role(const struct peer *p)
{
	return p->role;
}

int64_t
peer_generation(const struct peer *p)
{
	return p->generation;
}

pid_t
peer_pid(const struct peer *p)
{
	return p->reaped ? -1 : p->pid;
}

int
peer_status(const struct peer *p)
{
	return p->status;
}

const char *
peer_reason(const struct peer *p)
{
	return p->reason;
}

struct mono
peer_heard(const struct peer *p)
{
	return p->heard;
}
