/*
 * The worker's end of its two pipes. Frames up are gathered in a ring and leave in writes of at
 * most PIPE_BUF bytes of whole frames, so that a killed worker leaves no half frame.
 *
 * libevent 2.1 has no hook "before the loop sleeps". The first frame of a turn therefore makes
 * flush_ev active by hand: libevent puts it at the end of the queue of the callbacks that are
 * being run, behind all that the turn still has to do, and always before the next poll.
 */
#include "config.h"

#include "worker/link.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <event2/event.h>

#include "shared/fd.h"
#include "shared/log.h"
#include "shared/redact.h"
#include "worker/memory.h"
#include "worker/ring.h"
#include "shared/poison.h"

#ifndef PIPE_BUF
#define PIPE_BUF 512
#endif

#define RING_SIZE (1024 * 1024)
#define FINAL_WAIT_S 2

/* The plan on its way: its parts come in order and are put together here. */
struct plan_text {
	char *buf;
	size_t len;
	int64_t parts, next;
};

struct link {
	struct event_base *base;
	int control_fd, samples_fd;
	struct event *control_ev, *write_ev, *flush_ev, *second_ev;
	const struct link_handler *handler;
	void *arg;
	struct ring ring;
	bool full;	/* the pipe is full: write_ev waits for room */
	bool final;	/* FINAL is in the ring: leave the loop when it is out */
	int64_t seq_up, seq_down;
	struct msg_counters total;
	struct frame_reader reader;
	struct plan_text text;
	struct workplan *plan;
	struct redact redact;
	unsigned nonsense;	/* metrics whose nonsense was told */
};

static void
link_write(struct link *l)
{
	struct iovec iov[2];
	size_t len;
	ssize_t n;
	int cnt;

	while ((cnt = ring_batch(&l->ring, PIPE_BUF, iov, &len)) > 0) {
		n = writev(l->samples_fd, iov, cnt);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			l->full = true;
			event_add(l->write_ev, NULL);
			return;
		}
		if (n == -1 && errno == EPIPE)
			exit(0);
		if (n != (ssize_t)len) {
			log_warn("cannot write %zu bytes of samples: %s", len,
			    n == -1 ? strerror(errno) : "half written");
			exit(1);
		}
		ring_drop(&l->ring, len);
	}
	if (l->final)
		event_base_loopbreak(l->base);
}

void
link_flush(struct link *l)
{
	if (!l->full)
		link_write(l);
}

static void
write_cb(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;

	(void)fd;
	(void)what;
	l->full = false;
	link_write(l);
}

static void
flush_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	link_flush(arg);
}

/* What the device says of us may quote our key; what goes up ends in files. */
static void
hide_secrets(const struct link *l, struct msg *m, char buf[PROTO_TEXT_MAX])
{
	struct span *text = m->type == MSG_OP_END ? &m->u.end.text
	    : m->type == MSG_EVENT		  ? &m->u.event.text
	    : m->type == MSG_READY		  ? &m->u.ready.text
						  : NULL;

	if (text == NULL || text->len == 0 || l->redact.count == 0)
		return;
	if (text->len > PROTO_TEXT_MAX)
		text->len = PROTO_TEXT_MAX;
	memcpy(buf, text->p, text->len);
	redact_apply(&l->redact, buf, text->len);
	text->p = (const uint8_t *)buf;
}

void
link_send(struct link *l, struct msg *m)
{
	uint8_t frame[FRAME_MAX];
	char text[PROTO_TEXT_MAX];
	bool first = ring_held(&l->ring) == 0;
	struct err e;
	int n;

	hide_secrets(l, m, text);
	m->seq = ++l->seq_up;
	n = proto_encode(m, frame, &e);
	if (n == -1)
		log_warn("frame dropped: %s", e.text);
	if (n == -1 || !ring_put(&l->ring, frame, (size_t)n)) {
		l->total.frames_dropped++;
		return;
	}
	if (first)
		event_active(l->flush_ev, EV_TIMEOUT, 0);
}

size_t
link_room(const struct link *l)
{
	return l->ring.size - ring_held(&l->ring);
}

int64_t
link_op_queue(struct link *l, const struct msg_op_begin *begin)
{
	struct msg m = {.type = MSG_OP_BEGIN, .u.begin = *begin};

	m.u.begin.id = ++l->total.begun;
	link_send(l, &m);
	return m.u.begin.id;
}

int64_t
link_op_begin(struct link *l, const struct msg_op_begin *begin)
{
	int64_t id = link_op_queue(l, begin);

	link_flush(l);
	return id;
}

void
link_op_end(struct link *l, const struct msg_op_end *end)
{
	struct msg m = {.type = MSG_OP_END, .u.end = *end};

	l->total.ended++;
	link_send(l, &m);
}

void
link_slots(struct link *l, int scenario, int64_t first, int64_t count, struct mono free_at)
{
	struct msg m = {.type = MSG_SLOTS};

	m.u.slots = (struct msg_slots){scenario, first, count, free_at.us};
	l->total.dropped_slots += count;
	link_send(l, &m);
}

void
link_telemetry(struct link *l, struct mono at, int scenario, enum metric metric, int64_t value)
{
	struct msg m = {.type = MSG_TELEMETRY};

	m.u.telemetry = (struct msg_telemetry){at.us, scenario, metric, value};
	link_send(l, &m);
}

static struct span
span_of(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

void
link_nonsense(struct link *l, unsigned metrics)
{
	char text[128];
	int m;

	for (m = 0; m < METRIC_COUNT; m++) {
		if ((metrics & ~l->nonsense & 1U << m) == 0)
			continue;
		l->nonsense |= 1U << m;
		snprintf(text, sizeof(text),
		    "the device told a value of %s that cannot be; it is left out",
		    metric_names[m]);
		link_event(l, -1, EV_NOTE, 0, text);
	}
}

void
link_event(struct link *l, int scenario, enum event_kind kind, int64_t value, const char *text)
{
	struct msg m = {.type = MSG_EVENT};

	m.u.event = (struct msg_event){clock_mono().us, scenario, kind, value, span_of(text)};
	link_send(l, &m);
}

void
link_ready(struct link *l, enum op_class class, int64_t latency_us, const char *text)
{
	struct msg m = {.type = MSG_READY};

	m.u.ready = (struct msg_ready){class == OP_OK, class, latency_us, span_of(text)};
	link_send(l, &m);
}

static int64_t
timeval_us(struct timeval tv)
{
	return tv.tv_sec * US_PER_S + tv.tv_usec;
}

/* COUNTERS or FINAL. */
static void
send_counters(struct link *l, enum msg_type type)
{
	struct msg m = {.type = type};
	struct rusage ru;

	memset(&ru, 0, sizeof(ru));
	getrusage(RUSAGE_SELF, &ru);
	l->total.at_us = clock_mono().us;
	l->total.ring_peak_bytes = (int64_t)l->ring.peak;
	l->total.cpu_us = timeval_us(ru.ru_utime) + timeval_us(ru.ru_stime);
	l->total.rss_kb = memory_peak_kb();
	m.u.counters = l->total;
	link_send(l, &m);
}

static void
second_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_counters(arg, MSG_COUNTERS);
}

void
link_final(struct link *l)
{
	struct timeval most = {FINAL_WAIT_S, 0};

	if (l->final)
		return;
	event_del(l->second_ev);
	send_counters(l, MSG_FINAL);
	l->final = true;
	event_base_loopexit(l->base, &most);
	link_flush(l);
}

/* Append a part; 1 when the text is whole, 0 when more is to come, -1 with e. */
static int
plan_text_add(struct plan_text *t, const struct msg_plan *p, struct err *e)
{
	if (p->part != t->next || (t->parts != 0 && p->parts != t->parts))
		return err_set(e, "PLAN: part %lld of %lld out of turn", (long long)p->part,
		    (long long)p->parts);
	if (t->buf == NULL)
		t->buf = malloc(WORKPLAN_TEXT_MAX);
	if (t->buf == NULL)
		return err_set(e, "PLAN: out of memory");
	if (p->data.len > WORKPLAN_TEXT_MAX - t->len)
		return err_set(e, "PLAN: longer than %d bytes", WORKPLAN_TEXT_MAX);
	if (p->data.len > 0)
		memcpy(t->buf + t->len, p->data.p, p->data.len);
	t->len += p->data.len;
	t->parts = p->parts;
	return ++t->next == t->parts;
}

/* The text may hold a key and a password: it does not stay in memory. */
static void
plan_text_free(struct plan_text *t)
{
	if (t->buf != NULL)
		memset(t->buf, 0, t->len);
	free(t->buf);
	*t = (struct plan_text){.buf = NULL};
}

static int
take_plan(struct link *l, const struct msg *m, struct err *e)
{
	int rc;

	if (l->plan != NULL)
		return err_set(e, "PLAN: sent twice");
	rc = plan_text_add(&l->text, &m->u.plan, e);
	if (rc <= 0)
		return rc;
	l->plan = malloc(sizeof(*l->plan));
	if (l->plan == NULL)
		return err_set(e, "PLAN: out of memory");
	rc = workplan_decode(l->text.buf, l->text.len, l->plan, e);
	plan_text_free(&l->text);
	if (rc == -1)
		return -1;
	redact_add(&l->redact, l->plan->api_key);
	redact_add_url(&l->redact, l->plan->url);
	redact_add_url(&l->redact, l->plan->proxy);
	l->handler->plan_cb(l->arg, l->plan);
	return 0;
}

static int
take_start(struct link *l, const struct msg *m, struct err *e)
{
	const struct msg_start *s = &m->u.start;

	if (l->plan == NULL)
		return err_set(e, "START before PLAN");
	if (s->scenario >= l->plan->scenario_count)
		return err_set(e, "START: the plan has no scenario %lld", (long long)s->scenario);
	l->handler->start_cb(l->arg, (int)s->scenario, (struct mono){s->start_us}, s->first_slot);
	return 0;
}

static int
take_stop(struct link *l, const struct msg *m, struct err *e)
{
	int64_t drain_us = m->u.stop.drain_ms * US_PER_MS;

	(void)e;
	if (m->u.stop.last != 0)
		l->handler->quit_cb(l->arg, drain_us);
	else if (l->plan != NULL)
		l->handler->stop_cb(l->arg, drain_us);
	return 0;
}

static const struct {
	int64_t type;
	int (*take)(struct link *l, const struct msg *m, struct err *e);
} down[] = {
	{MSG_PLAN, take_plan},
	{MSG_START, take_start},
	{MSG_STOP, take_stop},
};

static int
take_frame(struct link *l, const uint8_t *payload, size_t len, struct err *e)
{
	struct msg m;
	size_t i;

	if (proto_decode(payload, len, &m, e) == -1)
		return -1;
	if (m.seq != ++l->seq_down)
		return err_set(e, "%s: sequence number %lld instead of %lld", msg_type_name(m.type),
		    (long long)m.seq, (long long)l->seq_down);
	for (i = 0; i < sizeof(down) / sizeof(down[0]); i++)
		if (down[i].type == m.type)
			return l->final ? 0 : down[i].take(l, &m, e);
	return err_set(e, "%s is not for a worker", msg_type_name(m.type));
}

static void
control_cb(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;
	const uint8_t *payload;
	size_t len, room;
	struct err e;
	uint8_t *p;
	ssize_t n;
	int rc;

	(void)what;
	room = frame_reader_room(&l->reader, &p);
	n = read(fd, p, room);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		exit(0);
	frame_reader_added(&l->reader, (size_t)n);
	while ((rc = frame_reader_next(&l->reader, &payload, &len, &e)) == 1 &&
	    (rc = take_frame(l, payload, len, &e)) == 0)
		continue;
	if (rc == -1) {
		log_warn("control pipe: %s", e.text);
		exit(1);
	}
}

static int
link_events(struct link *l)
{
	struct timeval second = {1, 0};

	l->control_ev = event_new(l->base, l->control_fd, EV_READ | EV_PERSIST, control_cb, l);
	l->write_ev = event_new(l->base, l->samples_fd, EV_WRITE, write_cb, l);
	l->flush_ev = event_new(l->base, -1, 0, flush_cb, l);
	l->second_ev = event_new(l->base, -1, EV_PERSIST, second_cb, l);
	if (l->control_ev == NULL || l->write_ev == NULL || l->flush_ev == NULL ||
	    l->second_ev == NULL)
		return -1;
	if (event_add(l->control_ev, NULL) == -1)
		return -1;
	return event_add(l->second_ev, &second);
}

struct link *
link_new(struct event_base *base, int control_fd, int samples_fd, enum role role,
    int64_t generation, const struct link_handler *handler, void *arg)
{
	struct msg hello = {.type = MSG_HELLO};
	struct link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->base = base;
	l->control_fd = control_fd;
	l->samples_fd = samples_fd;
	l->handler = handler;
	l->arg = arg;
	frame_reader_init(&l->reader);
	if (ring_init(&l->ring, RING_SIZE) == -1 || link_events(l) == -1 ||
	    fd_set_nonblock(control_fd, true) == -1 || fd_set_nonblock(samples_fd, true) == -1 ||
	    fd_set_cloexec(control_fd, true) == -1 || fd_set_cloexec(samples_fd, true) == -1) {
		link_free(l);
		return NULL;
	}
	hello.u.hello = (struct msg_hello){PROTO_VERSION, role, generation, getpid()};
	link_send(l, &hello);
	link_flush(l);
	return l;
}

static void
free_event(struct event *ev)
{
	if (ev != NULL)
		event_free(ev);
}

void
link_free(struct link *l)
{
	if (l == NULL)
		return;
	free_event(l->control_ev);
	free_event(l->write_ev);
	free_event(l->flush_ev);
	free_event(l->second_ev);
	ring_free(&l->ring);
	plan_text_free(&l->text);
	free(l->plan);
	free(l);
}
