/*
 * The serial role: reads the device's console from the plan to the end of the run, through all
 * scenarios and the gaps between, and tells what it says. It never writes to the port.
 *
 * Before READY goes up, EV_SERIAL_OPEN says that the port is open; a good READY without it says
 * that "auto" found none. Of one line go up, in this order: its parts (LINE), what it tells
 * (RESET before FATAL), then the counts, all in the turn of the loop that read it.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "shared/fd.h"
#include "shared/text.h"
#include "worker/role.h"
#include "worker/sandbox.h"
#include "worker/serial_line.h"
#include "worker/serial_port.h"
#include "worker/serial_split.h"
#include "shared/poison.h"

#define READ_MAX 65536
#define LAST_READS 16			/* at the end of the run */
#define SILENCE_US (200 * US_PER_MS)
#define RETRY_MIN_US (250 * US_PER_MS)
#define RETRY_MAX_US (2 * US_PER_S)
#define UPTIME_EVERY_US (250 * US_PER_MS)
#define RING_RESERVE (256 * 1024)	/* of the link's ring, kept for all but lines */

struct counts {
	int64_t lines, bytes, truncated, unlogged;
};

struct serial {
	struct event_base *base;
	struct link *link;
	const struct workplan *plan;
	struct serial_port port;	/* the one last open; usb_serial finds it again */
	int fd;
	struct event *read_ev, *silence_ev, *retry_ev;
	int64_t retry_us;
	int scenario;			/* -1 between scenarios */
	int64_t opens, line_no;
	int64_t clock_seen_ms;		/* of the device, -1 before the first */
	struct mono clock_sent;
	bool confined;			/* the sandbox is entered */
	struct mono read_at;
	struct counts counts;
	bool has_user;
	regex_t user;
	struct serial_split split;
	struct serial_line line;
	uint8_t buf[READ_MAX];
};

static void
send_counts(struct serial *s)
{
	const struct {
		enum event_kind kind;
		int64_t n;
	} rows[] = {
		{EV_SERIAL_LINES, s->counts.lines},
		{EV_SERIAL_BYTES, s->counts.bytes},
		{EV_SERIAL_TRUNCATED, s->counts.truncated},
		{EV_SERIAL_UNLOGGED, s->counts.unlogged},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].n > 0)
			link_event(s->link, s->scenario, rows[i].kind, rows[i].n, "");
	memset(&s->counts, 0, sizeof(s->counts));
}

/* The raw bytes, in parts; left out when the ring fills, so that counts still fit. */
static void
send_line(struct serial *s, const uint8_t *p, size_t len)
{
	struct msg m = {.type = MSG_LINE};
	size_t part;

	s->line_no++;
	if (link_room(s->link) < RING_RESERVE) {
		s->counts.unlogged++;
		return;
	}
	do {
		part = len < PROTO_PART_MAX ? len : PROTO_PART_MAX;
		m.u.line = (struct msg_line){s->read_at.us, s->line_no, part < len, {p, part}};
		link_send(s->link, &m);
		p += part;
		len -= part;
	} while (len > 0);
}

static void
send_found(struct serial *s, enum event_kind kind, int64_t value)
{
	char text[PROTO_TEXT_MAX + 1];

	text_printable(text, sizeof(text), s->line.text, s->line.len);
	link_event(s->link, s->scenario, kind, value, text);
}

/* A clock that runs backwards is a reboot and always told; otherwise a few a second will do. */
static void
send_clock(struct serial *s)
{
	int64_t ms = s->line.clock_ms;
	bool back = s->clock_seen_ms != -1 && ms < s->clock_seen_ms;

	if (s->clock_seen_ms == -1 || back ||
	    mono_sub(s->read_at, s->clock_sent) >= UPTIME_EVERY_US) {
		link_telemetry(s->link, s->read_at, s->scenario, METRIC_UPTIME_MS, ms);
		s->clock_sent = s->read_at;
	}
	s->clock_seen_ms = ms;
}

static void
send_findings(struct serial *s)
{
	const struct serial_line *l = &s->line;

	if (l->clock_ms != -1)
		send_clock(s);
	if (l->heap != -1)
		link_telemetry(s->link, s->read_at, s->scenario, METRIC_HEAP, l->heap);
	if (l->largest != -1)
		link_telemetry(s->link, s->read_at, s->scenario, METRIC_LARGEST, l->largest);
	if (l->shed != -1)
		send_found(s, EV_SERIAL_SHED, l->shed);
	if (l->warning != -1)
		send_found(s, EV_SERIAL_WARNING, l->warning);
	if (l->reset_reason != -1)
		send_found(s, EV_SERIAL_RESET, l->reset_reason);
	if (l->fatal != -1)
		send_found(s, EV_SERIAL_FATAL, l->fatal);
	if (l->ws_diag[0] != '\0')
		link_event(s->link, s->scenario, EV_SERIAL_WS_DIAG, 0, l->ws_diag);
}

static void
line_cb(void *arg, const uint8_t *p, size_t len, bool truncated)
{
	struct serial *s = arg;

	s->counts.lines++;
	s->counts.truncated += truncated;
	send_line(s, p, len);
	serial_line_parse(&s->line, p, len, s->has_user ? &s->user : NULL);
	send_findings(s);
}

static void
flush_line(struct serial *s)
{
	s->read_at = clock_mono();
	serial_split_flush(&s->split, line_cb, s);
	send_counts(s);
}

static void
silence_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush_line(arg);
}

static void
port_close(struct serial *s)
{
	if (s->read_ev != NULL)
		event_free(s->read_ev);
	s->read_ev = NULL;
	event_del(s->silence_ev);
	fd_close(&s->fd);
	flush_line(s);
}

static void
retry_later(struct serial *s)
{
	struct timeval tv = clock_timeval(s->retry_us);

	event_add(s->retry_ev, &tv);
	s->retry_us = s->retry_us * 2 < RETRY_MAX_US ? s->retry_us * 2 : RETRY_MAX_US;
}

static void
port_lost(struct serial *s, const char *why)
{
	port_close(s);
	link_event(s->link, s->scenario, EV_SERIAL_CLOSE, 0, why);
	retry_later(s);
}

/* A read of 0 bytes: is the other end gone? */
static bool
hung_up(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

/* One read of what is there; false when there was nothing or the port is lost. */
static bool
read_turn(struct serial *s)
{
	struct timeval silence = clock_timeval(SILENCE_US);
	ssize_t n = read(s->fd, s->buf, sizeof(s->buf));

	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return false;
	if (n <= 0) {
		if (n == -1)
			port_lost(s, strerror(errno));
		else if (hung_up(s->fd))
			port_lost(s, "hangup");
		return false;
	}
	s->retry_us = RETRY_MIN_US;
	s->read_at = clock_mono();
	s->counts.bytes += n;
	serial_split_feed(&s->split, s->buf, (size_t)n, line_cb, s);
	send_counts(s);
	if (serial_split_pending(&s->split))
		event_add(s->silence_ev, &silence);
	else
		event_del(s->silence_ev);
	return true;
}

static void
read_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	read_turn(arg);
}

static void
send_usb_serial(struct serial *s)
{
	char text[PROTO_TEXT_MAX + 1], safe[PROTO_TEXT_MAX - 16];

	if (s->opens != 1 || s->port.usb_serial[0] == '\0')
		return;
	text_printable(safe, sizeof(safe), s->port.usb_serial, strlen(s->port.usb_serial));
	snprintf(text, sizeof(text), "usb_serial=%s", safe);
	link_event(s->link, s->scenario, EV_DEVICE, 0, text);
}

/* 1 open, 0 there is none for "auto", -1 with e. */
static int
port_open(struct serial *s, struct err *e)
{
	const char *known = s->port.usb_serial;
	struct serial_port port;
	int rc;

	if (known[0] == '\0')
		known = s->plan->usb_serial;
	rc = serial_port_find(s->plan->serial_path, known, &port, e);
	if (rc != 1)
		return rc;
	s->fd = serial_port_open(port.path, e);
	if (s->fd == -1)
		return -1;
	s->read_ev = event_new(s->base, s->fd, EV_READ | EV_PERSIST, read_cb, s);
	if (s->read_ev == NULL || event_add(s->read_ev, NULL) == -1) {
		port_close(s);
		return err_set(e, "serial port %s: out of memory", port.path);
	}
	s->port = port;
	s->opens++;
	link_event(s->link, s->scenario, EV_SERIAL_OPEN, s->opens, port.path);
	send_usb_serial(s);
	return 1;
}

/* What leads to the port when it is opened again, "" if not known. */
static const char *
tty_path(const struct serial *s)
{
	bool named = strcmp(s->plan->serial_path, "auto") != 0;

	return named && access(s->plan->serial_path, F_OK) == 0 ? s->plan->serial_path : s->port.path;
}

/*
 * After the first open, since the sandbox keeps that port's group and hides who else holds it; before
 * the first byte is read. While a named port does not exist, nobody knows yet what it needs.
 */
static void
confine(struct serial *s)
{
	if (s->confined || (s->fd == -1 && strcmp(s->plan->serial_path, "auto") != 0 &&
	    tty_path(s)[0] == '\0'))
		return;
	s->confined = true;
	sandbox_enter(s->link, ROLE_SERIAL, s->plan, tty_path(s));
}

static void
retry_cb(evutil_socket_t fd, short what, void *arg)
{
	struct serial *s = arg;
	struct err e;

	(void)fd;
	(void)what;
	if (port_open(s, &e) != 1)
		retry_later(s);
	confine(s);
}

static int
compile_pattern(struct serial *s, struct err *e)
{
	const char *pattern = s->plan->fatal_pattern;
	char why[128];
	int rc;

	if (pattern[0] == '\0')
		return 0;
	rc = regcomp(&s->user, pattern, REG_EXTENDED | REG_NOSUB);
	if (rc != 0) {
		regerror(rc, &s->user, why, sizeof(why));
		return err_set(e, "--fatal-pattern \"%s\": %s", pattern, why);
	}
	s->has_user = true;
	return 0;
}

static void
plan_cb(void *self, const struct workplan *plan)
{
	struct serial *s = self;
	struct mono begin = clock_mono();
	struct err e;
	int rc;

	s->plan = plan;
	if (compile_pattern(s, &e) == -1) {
		link_ready(s->link, OP_PROTOCOL, 0, e.text);
		return;
	}
	rc = port_open(s, &e);
	confine(s);
	if (rc == 0)
		link_ready(s->link, OP_OK, 0, "no port with USB id 303a:1001 is attached");
	else if (rc == 1)
		link_ready(s->link, OP_OK, mono_sub(clock_mono(), begin), s->port.path);
	else
		link_ready(s->link, OP_CONNECT, mono_sub(clock_mono(), begin), e.text);
	if (rc == -1)
		retry_later(s);
}

static void
start_cb(void *self, int scenario, struct mono start, int64_t first_slot)
{
	struct serial *s = self;

	(void)start;
	(void)first_slot;
	s->scenario = scenario;
}

static void
stop_cb(void *self, int64_t drain_us)
{
	struct serial *s = self;

	(void)drain_us;
	s->scenario = -1;
}

static void
quit_cb(void *self, int64_t drain_us)
{
	struct serial *s = self;
	int i;

	(void)drain_us;
	for (i = 0; i < LAST_READS && s->fd != -1 && read_turn(s); i++)
		continue;
	s->scenario = -1;
	event_del(s->retry_ev);
	if (s->fd != -1)
		port_close(s);
	link_final(s->link);
}

static void
destroy(void *self)
{
	struct serial *s = self;

	if (s->read_ev != NULL)
		event_free(s->read_ev);
	if (s->silence_ev != NULL)
		event_free(s->silence_ev);
	if (s->retry_ev != NULL)
		event_free(s->retry_ev);
	if (s->has_user)
		regfree(&s->user);
	fd_close(&s->fd);
	free(s);
}

static void *
create(struct event_base *base)
{
	struct serial *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->base = base;
	s->fd = -1;
	s->scenario = -1;
	s->clock_seen_ms = -1;
	s->retry_us = RETRY_MIN_US;
	serial_split_init(&s->split);
	s->silence_ev = event_new(base, -1, 0, silence_cb, s);
	s->retry_ev = event_new(base, -1, 0, retry_cb, s);
	if (s->silence_ev == NULL || s->retry_ev == NULL) {
		destroy(s);
		return NULL;
	}
	return s;
}

static void
attach(void *self, struct link *link)
{
	struct serial *s = self;

	s->link = link;
}

const struct role_ops serial_role = {
	.name = "serial",
	.role = ROLE_SERIAL,
	.create = create,
	.attach = attach,
	.handler = {plan_cb, start_cb, stop_cb, quit_cb},
	.destroy = destroy,
};
