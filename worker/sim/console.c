#include "config.h"

#include "worker/sim/console.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/log.h"
#include "worker/sim/pty.h"
#include "worker/sim/sim.h"
#include "shared/poison.h"

#define QUEUE_MAX (256 * 1024)
#define LINE_MAX_BYTES 1024
#define PACE_US (10 * US_PER_MS)
#define CUT_US US_PER_MS
#define DIAG_EVERY_MS 10000
#define CHATTER_EVERY_MS 1000

enum timer {
	TIMER_CUT,	/* the pause between two cut writes */
	TIMER_PACE,	/* lines and noise at a rate */
	TIMER_VANISH,
	TIMER_APPEAR,
	TIMERS
};

struct console {
	struct sim *sim;
	struct pty pty;
	struct evbuffer *queue;
	struct event *writable;
	struct event *timers[TIMERS];
	struct mono paced;		/* up to then lines and noise were made */
	int64_t line_debt, noise_debt;	/* millionths of a line and of a byte */
	int64_t line_count;
	int64_t next_diag_ms, next_chatter_ms, next_shed_ms;
	int chatter;
	struct stats at_boot;
};

static bool
console_quiet(const struct console *c)
{
	const struct faults *f = &c->sim->faults;

	return c->pty.master == -1 || f->console_silent ||
	    (f->console_dead_us >= 0 && sim_elapsed_us(c->sim) >= f->console_dead_us);
}

static void
console_flush(struct console *c)
{
	size_t len = evbuffer_get_length(c->queue);
	struct timeval tv = clock_timeval(CUT_US);

	while (len > 0 && c->pty.master != -1) {
		if (c->sim->faults.console_cut && event_pending(c->timers[TIMER_CUT], EV_TIMEOUT, NULL))
			return;
		if (c->sim->faults.console_cut)
			len = (size_t)sim_below(c->sim, (int64_t)len) + 1;
		if (evbuffer_write_atmost(c->queue, c->pty.master, (ev_ssize_t)len) <= 0) {
			event_add(c->writable, NULL);
			return;
		}
		if (c->sim->faults.console_cut)
			event_add(c->timers[TIMER_CUT], &tv);
		len = evbuffer_get_length(c->queue);
	}
}

static void
flush_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	console_flush(arg);
}

static bool
console_put(struct console *c, const void *data, size_t len)
{
	if (evbuffer_get_length(c->queue) + len > QUEUE_MAX)
		return false;
	evbuffer_add(c->queue, data, len);
	console_flush(c);
	return true;
}

/* Queue one line; it is counted only if it was taken. */
static bool
console_vline(struct console *c, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES];
	int n;

	if (c == NULL || console_quiet(c))
		return false;
	n = vsnprintf(line, sizeof(line) - 2, fmt, ap);
	if (n > (int)sizeof(line) - 3)
		n = (int)sizeof(line) - 3;
	line[n++] = '\r';
	line[n++] = '\n';
	if (!console_put(c, line, (size_t)n)) {
		c->sim->stats.console_dropped++;
		return false;
	}
	c->sim->stats.console_lines++;
	c->sim->stats.console_bytes += n;
	return true;
}

void
console_line(struct console *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	console_vline(c, fmt, ap);
	va_end(ap);
}

static bool __attribute__((format(printf, 2, 3)))
console_taken(struct console *c, const char *fmt, ...)
{
	va_list ap;
	bool taken;

	va_start(ap, fmt);
	taken = console_vline(c, fmt, ap);
	va_end(ap);
	return taken;
}

static const struct {
	const char *colour, *name;
} levels[] = {
    [CONSOLE_ERROR] = {"1;31", "ERROR"},
    [CONSOLE_WARN] = {"1;33", "WARN"},
    [CONSOLE_INFO] = {"1;32", "INFO"},
    [CONSOLE_DEBUG] = {"0;37", "DEBUG"},
};

void
console_log(struct console *c, enum console_level level, const char *tag, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES / 2];
	va_list ap;

	if (c == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_line(c, "[%" PRId64 "]\033[%sm[%s]\033[0m[%s] %s", sim_ms(c->sim),
	    levels[level].colour, levels[level].name, tag, text);
}

/* A log line that carries heap samples; they enter the statistics if the line was taken. */
static void
log_heap(struct console *c, enum console_level level, int64_t internal, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void
log_heap(struct console *c, enum console_level level, int64_t internal, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!console_taken(c, "[%" PRId64 "]\033[%sm[%s]\033[0m[WebServer] %s", sim_ms(c->sim),
	        levels[level].colour, levels[level].name, text))
		return;
	stats_sample(&c->sim->stats.console_internal, internal);
	stats_sample(&c->sim->stats.console_largest, heap_largest(internal));
}

void
console_shed(struct console *c, enum console_shed what, int64_t internal)
{
	int64_t largest = heap_largest(internal);

	if (c == NULL)
		return;
	c->next_shed_ms = sim_ms(c->sim) + DIAG_EVERY_MS;
	if (what == CONSOLE_SHED_ENABLED)
		log_heap(c, CONSOLE_WARN, internal, "Low-heap shedding ENABLED (internal=%" PRId64
		    ", largest=%" PRId64 ", shed<%d,resume>%d)", internal, largest,
		    HEAP_SHED_BELOW, HEAP_RESUME_ABOVE);
	else if (what == CONSOLE_SHED_ACTIVE)
		log_heap(c, CONSOLE_WARN, internal, "Low-heap shedding active (internal=%" PRId64
		    ", largest=%" PRId64 ", resume>%d)", internal, largest, HEAP_RESUME_ABOVE);
	else
		log_heap(c, CONSOLE_INFO, internal, "Low-heap shedding DISABLED (internal=%" PRId64
		    ", largest=%" PRId64 ")", internal, largest);
}

static void
heap_diag(struct console *c)
{
	int64_t internal = sim_heap(c->sim);

	log_heap(c, CONSOLE_INFO, internal, "Heap diag: internal=%" PRId64 " largest=%" PRId64 " shed=%d",
	    internal, heap_largest(internal), c->sim->heap.shedding ? 1 : 0);
}

static void
ws_diag(struct console *c)
{
	const struct stats *s = &c->sim->stats, *b = &c->at_boot;

	console_log(c, CONSOLE_INFO, "WsGateway", "WS diag: active=%d ok=%" PRId64
	    " rejCooldown=%" PRId64 " rejOverlap=%" PRId64 " rejLimit=%" PRId64 " disc=%" PRId64
	    " parseErr=%" PRId64 " oversize=%" PRId64 " unknown=%" PRId64,
	    c->sim->guard.active, s->ws_sessions - b->ws_sessions,
	    s->ws_rejected_cooldown - b->ws_rejected_cooldown,
	    s->ws_rejected_overlap - b->ws_rejected_overlap,
	    s->ws_rejected_limit - b->ws_rejected_limit, s->ws_disconnects - b->ws_disconnects,
	    s->ws_parse_errors - b->ws_parse_errors, s->ws_oversize - b->ws_oversize,
	    s->ws_unknown - b->ws_unknown);
}

static void
chatter(struct console *c)
{
	int64_t ms = sim_ms(c->sim), heap = sim_heap(c->sim);

	switch (c->chatter++ % 4) {
	case 0:
		console_log(c, CONSOLE_INFO, "AudioCapture", "rms=0.%03d peak=0.%03d",
		    (int)(ms % 997), (int)(ms % 613));
		break;
	case 1:
		console_log(c, CONSOLE_DEBUG, "Renderer", "fps=120 frame=%" PRId64 " µs=8333", ms * 120 / 1000);
		break;
	case 2:
		console_line(c, "[%6" PRId64 "][W][WiFiGeneric.cpp:1062] _eventCallback(): Reason: 8 - "
		    "ASSOC_LEAVE", ms);
		break;
	default:
		/* All heaps, with PSRAM: not the quantity that the gates look at. */
		console_log(c, CONSOLE_INFO, "System", "Heap: %" PRId64 " / min %" PRId64,
		    8000000 + heap, 7900000 + heap);
		break;
	}
}

void
console_boot_rom(struct console *c, int reason)
{
	static const struct {
		int reason;
		const char *name;
	} names[] = {
	    {SIM_POWERON, "POWERON"},
	    {SIM_SOFTWARE, "RTC_SW_SYS_RST"},
	    {SIM_PANIC, "RTC_SW_CPU_RST"},
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]) - 1 && names[i].reason != reason; i++)
		;
	console_line(c, "ESP-ROM:esp32s3-20210327");
	console_line(c, "Build:Mar 27 2021");
	console_line(c, "rst:0x%x (%s),boot:0x8 (SPI_FAST_FLASH_BOOT)", (unsigned)reason, names[i].name);
	if (reason != SIM_POWERON)
		console_line(c, "Saved PC:0x420fe706");
	console_line(c, "SPIWP:0xee");
	console_line(c, "mode:DIO, clock div:1");
	console_line(c, "load:0x3fce3808,len:0x4bc");
	console_line(c, "entry 0x403c98d0");
	console_line(c, "{\"event\":\"telemetry.boot\",\"ts_mono_ms\":0,\"version\":\"2.0\"}");
}

void
console_boot_app(struct console *c)
{
	if (c == NULL)
		return;
	c->at_boot = c->sim->stats;
	c->next_chatter_ms = sim_ms(c->sim) + CHATTER_EVERY_MS;
	c->next_diag_ms = sim_ms(c->sim) + DIAG_EVERY_MS / 2;
	console_log(c, CONSOLE_INFO, "Main", "LightwaveOS 2.0.0 starting");
	console_log(c, CONSOLE_INFO, "WiFi", "connected, ip=127.0.0.1 rssi=-52");
	console_log(c, CONSOLE_INFO, "WebServer", "listening");
}

void
console_panic(struct console *c)
{
	console_line(c, "Guru Meditation Error: Core  1 panic'ed (LoadProhibited). "
	    "Exception was unhandled.");
	console_line(c, "%s", "");
	console_line(c, "Core  1 register dump:");
	console_line(c, "PC      : 0x4200f9d2  PS      : 0x00060c30  A0      : 0x82010b60  "
	    "A1      : 0x3fcebc40");
	console_line(c, "A2      : 0x00000000  A3      : 0x3fca0a34  A4      : 0x00000020  "
	    "A5      : 0x00000004");
	console_line(c, "EXCVADDR: 0x00000000  LBEG    : 0x40056f08  LEND    : 0x40056f12  "
	    "LCOUNT  : 0x00000000");
	console_line(c, "%s", "");
	console_line(c, "Backtrace: 0x4200f9cf:0x3fcebc40 0x42010b5d:0x3fcebc60 0x4037dd15:0x3fcebc80");
	console_line(c, "%s", "");
	console_line(c, "ELF file SHA256: 1f2e3d4c5b6a7988");
	console_line(c, "%s", "");
	console_line(c, "Rebooting...");
}

void
console_malloc_failed(struct console *c, int bytes)
{
	console_log(c, CONSOLE_ERROR, "Heap", "MALLOC FAILED: Requested %d bytes", bytes);
}

void
console_tick(struct console *c)
{
	int64_t ms;

	if (c == NULL || c->sim->down)
		return;
	ms = sim_ms(c->sim);
	if (ms >= c->next_chatter_ms) {
		c->next_chatter_ms += CHATTER_EVERY_MS;
		chatter(c);
	}
	if (ms >= c->next_diag_ms) {
		c->next_diag_ms += DIAG_EVERY_MS;
		heap_diag(c);
		ws_diag(c);
	}
	if (c->sim->heap.shedding && ms >= c->next_shed_ms)
		console_shed(c, CONSOLE_SHED_ACTIVE, sim_heap(c->sim));
}

static void
pace_lines(struct console *c)
{
	for (; c->line_debt >= US_PER_S; c->line_debt -= US_PER_S) {
		c->line_count++;
		if (c->line_count % 10 == 0)
			heap_diag(c);
		else
			console_log(c, CONSOLE_INFO, "Stress", "line %" PRId64, c->line_count);
	}
}

static void
pace_noise(struct console *c)
{
	uint8_t noise[512];
	size_t i, n;

	while (c->noise_debt >= US_PER_S) {
		n = sizeof(noise);
		if (c->noise_debt / US_PER_S < (int64_t)n)
			n = (size_t)(c->noise_debt / US_PER_S);
		c->noise_debt -= (int64_t)n * US_PER_S;
		for (i = 0; i < n; i++)
			noise[i] = (uint8_t)sim_below(c->sim, 256);
		if (!console_quiet(c) && console_put(c, noise, n))
			c->sim->stats.console_noise += (int64_t)n;
	}
}

static void
pace_cb(evutil_socket_t fd, short what, void *arg)
{
	struct console *c = arg;
	struct mono now = clock_mono();
	int64_t us = mono_sub(now, c->paced);

	(void)fd;
	(void)what;
	c->paced = now;
	if (us > US_PER_S)
		us = US_PER_S;
	if (!c->sim->down)
		c->line_debt += us * c->sim->faults.console_rate;
	c->noise_debt += us * c->sim->faults.console_garbage;
	pace_lines(c);
	pace_noise(c);
}

static void
console_close(struct console *c)
{
	if (c->writable != NULL)
		event_free(c->writable);
	c->writable = NULL;
	evbuffer_drain(c->queue, evbuffer_get_length(c->queue));
	pty_close(&c->pty);
}

static int
console_open(struct console *c, struct err *e)
{
	if (pty_open(&c->pty, e) == -1)
		return -1;
	c->writable = event_new(c->sim->base, c->pty.master, EV_WRITE, flush_cb, c);
	return c->writable != NULL ? 0 : err_set(e, "out of memory");
}

static void
vanish_cb(evutil_socket_t fd, short what, void *arg)
{
	struct console *c = arg;

	(void)fd;
	(void)what;
	console_close(c);
}

static void
appear_cb(evutil_socket_t fd, short what, void *arg)
{
	struct console *c = arg;
	struct err e;

	(void)fd;
	(void)what;
	if (console_open(c, &e) == -1) {
		log_warn("%s", e.text);
		console_close(c);
	}
}

static int
arm(struct console *c, struct err *e)
{
	static const event_callback_fn callbacks[TIMERS] = {
	    [TIMER_CUT] = flush_cb,
	    [TIMER_PACE] = pace_cb,
	    [TIMER_VANISH] = vanish_cb,
	    [TIMER_APPEAR] = appear_cb,
	};
	const struct faults *f = &c->sim->faults;
	struct timeval pace = clock_timeval(PACE_US);
	struct timeval gone = clock_timeval(f->console_vanish_us.a - sim_elapsed_us(c->sim));
	struct timeval back = clock_timeval(f->console_vanish_us.a + f->console_vanish_us.b -
	    sim_elapsed_us(c->sim));
	int i;

	for (i = 0; i < TIMERS; i++) {
		c->timers[i] = event_new(c->sim->base, -1, i == TIMER_PACE ? EV_PERSIST : 0, callbacks[i], c);
		if (c->timers[i] == NULL)
			return err_set(e, "out of memory");
	}
	c->paced = clock_mono();
	if (f->console_rate > 0 || f->console_garbage > 0)
		event_add(c->timers[TIMER_PACE], &pace);
	if (f->console_vanish_us.b > 0) {
		event_add(c->timers[TIMER_VANISH], &gone);
		event_add(c->timers[TIMER_APPEAR], &back);
	}
	return 0;
}

struct console *
console_new(struct sim *s, const char *link, struct err *e)
{
	struct console *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	c->sim = s;
	c->queue = evbuffer_new();
	if (pty_init(&c->pty, link, e) == -1)
		goto fail;
	if (c->queue == NULL) {
		err_set(e, "out of memory");
		goto fail;
	}
	if (console_open(c, e) == -1)
		goto fail;
	if (arm(c, e) == 0)
		return c;
fail:
	console_free(c);
	return NULL;
}

void
console_free(struct console *c)
{
	size_t i;

	if (c == NULL)
		return;
	if (c->queue != NULL) {
		console_close(c);
		evbuffer_free(c->queue);
	}
	for (i = 0; i < sizeof(c->timers) / sizeof(c->timers[0]); i++) {
		if (c->timers[i] != NULL)
			event_free(c->timers[i]);
	}
	free(c);
}

const char *
console_path(const struct console *c)
{
	return c->pty.path;
}
