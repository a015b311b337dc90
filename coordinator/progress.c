#include "config.h"

#include "coordinator/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/histogram.h"
#include "shared/indicator.h"
#include "shared/log.h"
#include "shared/text.h"
#include "shared/poison.h"

#define CONSOLE_LINES 10
#define CONSOLE_WINDOW_US (10 * US_PER_S)
#define LINE_MAX_BYTES 1200

void
progress_init(struct progress *p, struct mono start)
{
	const char *no_colour = getenv("NO_COLOR");

	memset(p, 0, sizeof(*p));
	p->start = start;
	p->colour = isatty(STDERR_FILENO) && (no_colour == NULL || no_colour[0] == '\0');
}

void
progress_say(struct progress *p, const char *fmt, ...)
{
	char raw[LINE_MAX_BYTES], clean[2 * LINE_MAX_BYTES], line[2 * LINE_MAX_BYTES + 64];
	int64_t s = mono_sub(clock_mono(), p->start) / US_PER_S;
	char missed[64] = "";
	va_list ap;
	int n;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	text_printable(clean, sizeof(clean), raw, strlen(raw));
	if (p->unsaid > 0)
		snprintf(missed, sizeof(missed), " (%lld lines were not taken)",
		    (long long)p->unsaid);
	n = snprintf(line, sizeof(line), "%s[%02lld:%02lld]%s%s %s\n", p->colour ? "\033[2m" : "",
	    (long long)(s / 60), (long long)(s % 60), p->colour ? "\033[0m" : "", missed, clean);
	if (n > 0 && log_write(line, (size_t)n, 0))
		p->unsaid = 0;
	else
		p->unsaid++;
}

void
progress_preflight(struct progress *p, const struct run_result *run, int device, enum role role)
{
	const struct worker_total *t = &run->device[device]->worker[role];

	if (t->ready_ok && role != ROLE_SERIAL)
		progress_say(p, "preflight %s: answered in %lld.%01lld ms%s%s",
		    role_names[role], (long long)(t->ready_latency_us / 1000),
		    (long long)(t->ready_latency_us % 1000 / 100),
		    t->ready_text[0] != '\0' ? ": " : "", t->ready_text);
	else
		progress_say(p, "preflight %s: %s", role_names[role], t->ready_text);
}

/* "REST 4/s on 1 connection" */
static void
describe_load(char *dst, size_t size, const struct scenario *s, enum load_kind kind)
{
	static const char *const names[LOAD_COUNT] = {"REST", "WS"};
	static const char *const lanes[LOAD_COUNT] = {"connection", "session"};
	char rate[32];

	if (s->rate_mhz[kind] == RATE_CLOSED_LOOP)
		snprintf(rate, sizeof(rate), "flat out");
	else if (s->rate_mhz[kind] % 1000 == 0)
		snprintf(rate, sizeof(rate), "%lld/s", (long long)(s->rate_mhz[kind] / 1000));
	else
		snprintf(rate, sizeof(rate), "%lld.%03lld/s", (long long)(s->rate_mhz[kind] / 1000),
		    (long long)(s->rate_mhz[kind] % 1000));
	snprintf(dst, size, ", %s %s on %lld %s%s", names[kind], rate, (long long)s->lanes[kind],
	    lanes[kind], text_plural(s->lanes[kind]));
}

void
progress_scenario(struct progress *p, const struct run_result *run, int device, int i)
{
	const struct scenario *s = &run->plan.profile.scenario[i];
	char loads[LOAD_COUNT][96] = {"", ""};
	int k;

	(void)device;
	for (k = 0; k < LOAD_COUNT; k++)
		if (s->rate_mhz[k] != 0)
			describe_load(loads[k], sizeof(loads[k]), s, (enum load_kind)k);
	progress_say(p, "%s (%d of %d): %lld.%lld s%s%s", s->name, i + 1,
	    run->plan.profile.scenario_count, (long long)(s->duration_us / US_PER_S),
	    (long long)(s->duration_us % US_PER_S / 100000), loads[LOAD_REST], loads[LOAD_WS]);
}

static size_t
describe_counts(char *dst, size_t size, const struct load_stats *l, const char *name)
{
	int64_t p95 = histogram_quantile(l->service, 95000);
	int n;

	n = snprintf(dst, size, "%s %lld sent, %lld ok, %lld error%s", name, (long long)l->sent,
	    (long long)l->ok, (long long)(l->errors + l->connect_errors),
	    text_plural(l->errors + l->connect_errors));
	if (p95 >= 0 && n < (int)size)
		n += snprintf(dst + n, size - (size_t)n, ", p95 %lld.%lld ms",
		    (long long)(p95 / 1000), (long long)(p95 % 1000 / 100));
	if (l->dropped_slots > 0 && n < (int)size)
		n += snprintf(dst + n, size - (size_t)n, ", %lld slot%s dropped",
		    (long long)l->dropped_slots, text_plural(l->dropped_slots));
	return n < (int)size ? (size_t)n : size - 1;
}

static void
say_counts(struct progress *p, const struct run_result *run, int device, int i, const char *how)
{
	const struct scenario_result *r = &run->device[device]->scenario[i];
	const struct scenario *s = &run->plan.profile.scenario[i];
	static const char *const names[LOAD_COUNT] = {"REST", "WS"};
	char text[600] = "";
	size_t n = 0;
	int k;

	for (k = 0; k < LOAD_COUNT; k++) {
		if (s->rate_mhz[k] == 0)
			continue;
		if (n > 0 && n + 2 < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "; ");
		n += describe_counts(text + n, sizeof(text) - n, &r->load[k], names[k]);
	}
	if (r->serial.lines > 0)
		snprintf(text + n, sizeof(text) - n, "%sserial %lld line%s", n > 0 ? "; " : "",
		    (long long)r->serial.lines, text_plural(r->serial.lines));
	progress_say(p, "%s%s: %s", s->name, how, text);
}

void
progress_status(struct progress *p, const struct run_result *run, int device, int i)
{
	say_counts(p, run, device, i, "");
}

void
progress_done(struct progress *p, const struct run_result *run, int device, int i)
{
	say_counts(p, run, device, i, " ended");
}

/* A device in a boot loop prints thousands of these; all are in the serial log. */
static void
say_console(struct progress *p, const char *text, int len)
{
	struct mono now = clock_mono();

	if (mono_sub(now, p->window) > CONSOLE_WINDOW_US) {
		if (p->console_hidden > 0)
			progress_say(
			    p, "console: %lld more such lines", (long long)p->console_hidden);
		p->window = now;
		p->console_shown = 0;
		p->console_hidden = 0;
	}
	if (p->console_shown++ < CONSOLE_LINES)
		progress_say(p, "console: %.*s", len, text);
	else
		p->console_hidden++;
}

static void
say_event(struct progress *p, const struct msg_event *m)
{
	int len = (int)m->text.len;
	const char *text = (const char *)m->text.p;

	switch ((enum event_kind)m->kind) {
	case EV_WS_CLOSE:
		if (m->value == 1006)
			progress_say(p, "ws: session lost: %.*s", len, text);
		else if (m->value != 1000)
			progress_say(p, "ws: session closed with %lld %.*s",
			    (long long)m->value, len, text);
		break;
	case EV_SERIAL_FATAL:
		if (m->value == FATAL_RST)
			break;	/* EV_SERIAL_RESET has told */
		say_console(p, text, len);
		break;
	case EV_SERIAL_WARNING:
	case EV_SERIAL_RESET:
		say_console(p, text, len);
		break;
	case EV_SERIAL_OPEN:
		progress_say(p, "serial: %.*s is open", len, text);
		break;
	case EV_SERIAL_CLOSE:
		progress_say(p, "serial: closed: %.*s", len, text);
		break;
	case EV_NOTE:
	case EV_HOLD:
		progress_say(p, "note: %.*s", len, text);
		break;
	default:
		break;
	}
}

void
progress_silence(struct progress *p, const struct silence *s)
{
	progress_say(p, "no line for %lld s: %s", (long long)(s->least_us / US_PER_S),
	    silence_words[result_silence_state(s)]);
}

void
progress_record(struct progress *p, const struct record *r)
{
	const struct msg_worker_exit *x = &r->msg.u.worker_exit;

	if (r->msg.type == MSG_EVENT)
		say_event(p, &r->msg.u.event);
	else if (r->msg.type == MSG_WORKER_EXIT && !x->wanted)
		progress_say(p, "worker %s (generation %lld) ended: %.*s%s", role_names[r->role],
		    (long long)r->generation, (int)x->text.len, (const char *)x->text.p,
		    x->given_up ? "; given up" : "");
}
