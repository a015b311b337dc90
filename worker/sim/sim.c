#include "config.h"

#include "worker/sim/sim.h"

#include <event2/event.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "shared/log.h"
#include "worker/sim/console.h"
#include "worker/sim/server.h"
#include "worker/sim/ws.h"
#include "shared/poison.h"

#define TICK_US (100 * US_PER_MS)
#define BOOT_US (1200 * US_PER_MS)	/* from reset to web server */

int64_t
sim_elapsed_us(const struct sim *s)
{
	return mono_sub(clock_mono(), s->started);
}

int64_t
sim_ms(const struct sim *s)
{
	return mono_sub(clock_mono(), s->boot) / US_PER_MS;
}

int64_t
sim_uptime_s(const struct sim *s)
{
	return mono_sub(clock_mono(), s->web_start) / US_PER_S;
}

int64_t
sim_heap(struct sim *s)
{
	return heap_free_bytes(&s->heap, server_connections(s->server), s->guard.active, sim_ms(s));
}

/* xorshift64*: Marsaglia 2003, Vigna 2016. */
static uint64_t
sim_random(struct sim *s)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return s->random * UINT64_C(2685821657736338717);
}

int64_t
sim_below(struct sim *s, int64_t n)
{
	return (int64_t)((sim_random(s) >> 1) % (uint64_t)n);
}

bool
sim_chance(struct sim *s, int64_t per_100000)
{
	return per_100000 > 0 && sim_below(s, 100000) < per_100000;
}

int64_t
sim_delay_us(struct sim *s, struct fault_pair range)
{
	int64_t width = range.b - range.a;
	double u;

	if (width == 0)
		return range.a;
	if (s->faults.latency_dist == DIST_UNIFORM)
		return range.a + sim_below(s, width + 1);
	u = -log((double)(sim_below(s, 1000000) + 1) / 1e6) / 4;
	return range.a + (int64_t)(u < 1 ? u * (double)width : (double)width);
}

/* What a boot sets back. */
static void
boot_state(struct sim *s, struct mono boot)
{
	s->boot = boot;
	limiter_init(&s->limiter, s->faults.limits == LIMITS_OFF);
	heap_init(&s->heap, s->faults.heap_bytes, s->faults.heap_leak, sim_ms(s));
	memset(&s->guard, 0, sizeof(s->guard));
	s->broadcast_ms = 0;
}

static void
up_after(struct sim *s, int64_t us)
{
	struct timeval tv = clock_timeval(us);

	event_add(s->up, &tv);
}

/* Two steps of a reboot: the ROM starts the program, then the web server answers. */
static void
up_cb(evutil_socket_t fd, short what, void *arg)
{
	struct sim *s = arg;

	(void)fd;
	(void)what;
	if (s->boot.us < s->web_start.us) {
		boot_state(s, clock_mono());
		s->web_start = s->boot;
		console_boot_rom(s->console, s->reason);
		up_after(s, s->faults.reboot_us < BOOT_US ? s->faults.reboot_us : BOOT_US);
		return;
	}
	if (!s->refusing && server_up(s->server) == -1) {
		log_warn("cannot listen again on %s; trying on", server_name(s->server));
		up_after(s, US_PER_S / 10);
		return;
	}
	s->web_start = clock_mono();
	s->down = false;
	console_boot_app(s->console);
}

void
sim_reboot(struct sim *s, enum sim_reset reason)
{
	int64_t rest = s->faults.reboot_us - BOOT_US;

	if (s->down)
		return;
	s->down = true;
	s->reason = reason;
	s->stats.reboots++;
	sim_log(s, "reboot", "device", (int)reason);
	server_down(s->server);
	up_after(s, rest > 0 ? rest : 0);
}

static void
reboot_cb(evutil_socket_t fd, short what, void *arg)
{
	struct sim *s = arg;

	(void)fd;
	(void)what;
	if (!s->down)
		console_log(s->console, CONSOLE_WARN, "Main", "Restart requested");
	sim_reboot(s, SIM_SOFTWARE);
}

static void
panic_cb(evutil_socket_t fd, short what, void *arg)
{
	struct sim *s = arg;

	(void)fd;
	(void)what;
	if (s->down)
		return;
	s->stats.panics++;
	console_panic(s->console);
	sim_reboot(s, SIM_PANIC);
}

static void
refuse_cb(evutil_socket_t fd, short what, void *arg)
{
	struct sim *s = arg;

	(void)fd;
	(void)what;
	s->refusing = true;
	server_down(s->server);
}

static void
tick_heap(struct sim *s)
{
	int64_t internal = sim_heap(s);

	switch (heap_shed(&s->heap, internal)) {
	case HEAP_SHED:
		console_shed(s->console, CONSOLE_SHED_ENABLED, internal);
		ws_shed(s);
		break;
	case HEAP_RESUME:
		console_shed(s->console, CONSOLE_SHED_DISABLED, internal);
		ws_resume(s);
		break;
	case HEAP_SAME:
		break;
	}
}

static void
tick_cb(evutil_socket_t fd, short what, void *arg)
{
	struct sim *s = arg;

	(void)fd;
	(void)what;
	if (!s->down) {
		tick_heap(s);
		ws_tick(s);
	}
	console_tick(s->console);
}

static int
at_time(struct sim *s, int64_t at_us, event_callback_fn cb)
{
	struct timeval tv = clock_timeval(at_us - sim_elapsed_us(s));
	struct event *ev = evtimer_new(s->base, cb, s);

	if (ev == NULL)
		return -1;
	s->timed[s->timed_count++] = ev;
	return event_add(ev, &tv);
}

static int
at_times(struct sim *s, const struct fault_times *t, event_callback_fn cb)
{
	int i;

	for (i = 0; i < t->count; i++) {
		if (at_time(s, t->at_us[i], cb) == -1)
			return -1;
	}
	return 0;
}

int
sim_init(struct sim *s, struct event_base *base, const struct faults *f, struct err *e)
{
	memset(s, 0, sizeof(*s));
	s->base = base;
	s->faults = *f;
	s->api_key = "";
	s->random = ((uint64_t)f->seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	s->started = clock_mono();
	s->web_start = s->started;
	s->reason = SIM_POWERON;
	boot_state(s, mono_add(s->started, -BOOT_US));
	s->tick = event_new(base, -1, EV_PERSIST, tick_cb, s);
	s->up = evtimer_new(base, up_cb, s);
	if (s->tick == NULL || s->up == NULL)
		return err_set(e, "out of memory");
	return 0;
}

int
sim_start(struct sim *s, struct err *e)
{
	struct timeval tv = clock_timeval(TICK_US);

	console_boot_rom(s->console, s->reason);
	console_boot_app(s->console);
	if (event_add(s->tick, &tv) == -1 || at_times(s, &s->faults.reboot_at, reboot_cb) == -1 ||
	    at_times(s, &s->faults.panic_at, panic_cb) == -1)
		return err_set(e, "out of memory");
	if (s->faults.refuse_at_us >= 0 && at_time(s, s->faults.refuse_at_us, refuse_cb) == -1)
		return err_set(e, "out of memory");
	return 0;
}

void
sim_free(struct sim *s)
{
	int i;

	for (i = 0; i < s->timed_count; i++)
		event_free(s->timed[i]);
	if (s->tick != NULL)
		event_free(s->tick);
	if (s->up != NULL)
		event_free(s->up);
	server_free(s->server);
	console_free(s->console);
}

void
sim_log(const struct sim *s, const char *kind, const char *name, int status)
{
	if (s->log != NULL)
		fprintf(s->log, "%" PRId64 " %s %s %d\n", clock_mono().us, kind, name, status);
}
