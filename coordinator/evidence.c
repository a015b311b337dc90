/* What a verdict lacks. Each rule appends gaps with figures; pure functions of a result. */
#include "config.h"

#include "coordinator/evidence.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/text.h"
#include "shared/poison.h"

#define LATENESS_MAX_US 5000
#define LATE_FEW 400
#define SILENCE_MIN_US (60 * US_PER_S)

struct gap_names {
	const char *what, *no_answer, *under_plan, *ops_lost;
};

static const struct gap_names load_gaps[LOAD_COUNT] = {
    [LOAD_REST] = {"REST", "rest_no_answer", "rest_under_plan", "rest_ops_lost"},
    [LOAD_WS] = {"WS", "ws_no_answer", "ws_under_plan", "ws_ops_lost"},
};

static void gap_add(struct evidence *e, int scenario, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void
gap_add(struct evidence *e, int scenario, const char *what, const char *fmt, ...)
{
	char raw[sizeof(e->gap[0].detail)];
	struct evidence_gap *g;
	va_list ap;

	if (e->count == EVIDENCE_GAPS_MAX) {
		e->other++;
		return;
	}
	g = &e->gap[e->count++];
	g->scenario = scenario;
	g->what = what;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	text_utf8_clean(g->detail, sizeof(g->detail), raw, strlen(raw));
}

/* Outcomes that the device itself sent, wanted or not. */
static int64_t
load_answers(const struct load_stats *l)
{
	return l->ok + l->by_class[OP_STATUS] + l->by_class[OP_API] + l->by_class[OP_BODY] +
	       l->by_class[OP_REJECTED];
}

/*
 * p99; but of fewer than 400 slots the fourth latest, since a hiccup or three of a busy host prove
 * nothing against a whole run.
 */
static int
late_quantile(const struct histogram *lateness)
{
	int64_t n = histogram_count(lateness);

	if (n >= LATE_FEW)
		return 99000;
	return n <= 3 ? 0 : (int)((n - 3) * 100000 / n);
}

static void
load_eval(const struct load_stats *l, int scenario, enum load_kind kind, struct evidence *out)
{
	const struct gap_names *n = &load_gaps[kind];
	int64_t late = histogram_quantile(l->lateness, late_quantile(l->lateness));

	if (load_answers(l) == 0)
		gap_add(out, scenario, n->no_answer,
		    "%s load was planned, but not one answer came (%" PRId64 " sent, %" PRId64
		    " errors, %" PRId64 " failed connects)",
		    n->what, l->sent, l->errors, l->connect_errors);
	if (l->planned > 0 && l->sent < l->planned - l->planned / 10)
		gap_add(out, scenario, n->under_plan,
		    "%" PRId64 " of %" PRId64
		    " planned %s requests were sent, under 90%% (%" PRId64
		    " due while every connection was busy, %" PRId64 " missed)",
		    l->sent, l->planned, n->what, l->dropped_slots, l->missed_slots);
	if (l->lost > l->sent / 10)
		gap_add(out, scenario, n->ops_lost,
		    "the outcome of %" PRId64 " of %" PRId64
		    " %s requests is not known, over 10%%: they ended with the worker that "
		    "sent them",
		    l->lost, l->sent, n->what);
	if (late > LATENESS_MAX_US)
		gap_add(out, scenario, "host_too_slow",
		    "%s requests were sent late: %s by %" PRId64
		    ".%03d ms or more, over 5 ms; the host, not the device, may be to blame",
		    n->what, histogram_count(l->lateness) < LATE_FEW ? "four" : "one in a hundred",
		    late / 1000, (int)(late % 1000));
}

static void
scenario_eval(
    const struct run_result *run, const struct device_result *d, int i, struct evidence *out)
{
	const struct scenario *plan = &run->plan.profile.scenario[i];
	const struct scenario_result *s = &d->scenario[i];
	int k;

	if (!s->started) {
		gap_add(out, i, "not_started", "this scenario was not started");
		return;
	}
	if (s->interrupted)
		gap_add(out, i, "interrupted",
		    "this scenario was interrupted before its planned end");
	else if (!s->ended)
		gap_add(out, i, "interrupted",
		    "this scenario had not ended when the report was written");
	for (k = 0; k < LOAD_COUNT; k++)
		if (plan->rate_mhz[k] != 0 && plan->lanes[k] > 0)
			load_eval(&s->load[k], i, k, out);
}

struct console {
	int64_t span_us, end_us, held_us, opens, lines;
	int64_t known;		/* findings in those lines: clock, heap, WS diag, shedding, crash */
};

static struct console
console_sum(const struct run_result *run, const struct device_result *d)
{
	struct console c = {0};
	const struct scenario_result *s;
	int i;

	for (i = 0; i < run->plan.profile.scenario_count; i++) {
		s = &d->scenario[i];
		if (!s->started)
			continue;
		if (result_span_us(s) > 0)
			c.span_us += result_span_us(s);
		if (s->end_us > c.end_us)
			c.end_us = s->end_us;
		c.held_us += s->serial.held_us;
		c.opens += s->serial.opens;
		c.lines += s->serial.lines;
		c.known += s->clock_readings + s->heap[HEAP_SERIAL].samples + s->serial.ws_diag_lines +
		    s->serial.shedding_lines + s->serial.warning_lines + s->serial.fatal_lines;
	}
	return c;
}

/* A run of the console alone rests on nothing else: it always wants a port. */
static bool
console_wanted(const struct plan *plan, const char *wanted, const struct device_result *d)
{
	if (plan->serial_only)
		return true;
	if (strcmp(wanted, "auto") == 0)
		return d->serial_port[0] != '\0';
	return wanted[0] != '\0' && strcmp(wanted, "none") != 0;
}

/* A console that printed lines and fell silent for good or for long, in all over 5% of the run. */
static void
silence_eval(const struct device_result *d, const struct console *c, const char *port,
    struct evidence *out)
{
	int64_t sum = 0, longest = -1, us;
	enum silence_state state = SILENCE_NOT_ASKED;
	int i;

	for (i = 0; i < d->silence_count; i++) {
		us = d->silence[i].to_us - d->silence[i].from_us;
		if (d->silence[i].resumed && us < SILENCE_MIN_US)
			continue;
		us = (d->silence[i].to_us == -1 ? c->end_us : d->silence[i].to_us) - d->silence[i].from_us;
		sum += us > 0 ? us : 0;
		if (us > longest)
			state = result_silence_state(&d->silence[i]);
		if (us > longest)
			longest = us;
	}
	if (sum > c->span_us / 20)
		gap_add(out, -1, "serial_silent",
		    "the serial port %.100s fell silent for %" PRId64 " of %" PRId64
		    " s, over 5%%: %s", port, sum / US_PER_S, c->span_us / US_PER_S,
		    silence_words[state]);
}

static void
console_eval(const struct run_result *run, const struct device_result *d, const char *wanted,
    struct evidence *out)
{
	const char *port = d->serial_port[0] != '\0' ? d->serial_port : wanted;
	struct console c = console_sum(run, d);

	if (!console_wanted(&run->plan, wanted, d))
		return;
	if (c.held_us == 0 && c.opens == 0 && c.lines == 0) {
		gap_add(out, -1, "serial_never_open",
		    "the serial port %.100s was wanted and never open", port);
		return;
	}
	if (c.held_us < c.span_us - c.span_us / 20)
		gap_add(out, -1, "serial_held",
		    "the serial port %.100s was open for %" PRId64 " of %" PRId64
		    " s, under 95%%",
		    port, c.held_us / US_PER_S, c.span_us / US_PER_S);
	if (c.lines == 0 && (c.span_us >= SILENCE_MIN_US || run->plan.serial_only))
		gap_add(out, -1, "serial_no_line",
		    "the serial port %.100s gave not one line in %" PRId64 " s", port,
		    c.span_us / US_PER_S);
	if (c.lines > 0 && c.known == 0 && run->plan.serial_only)
		gap_add(out, -1, "serial_no_known_line",
		    "the serial port %.100s gave %" PRId64 " lines, none of them such as a LightwaveOS "
		    "console prints: another device, or not its console?",
		    port, c.lines);
	silence_eval(d, &c, port, out);
}

static void
worker_eval(const struct worker_total *w, int role, struct evidence *out)
{
	if (!w->used)
		return;
	if (w->holes > 0 || w->frames_dropped > 0)
		gap_add(out, -1, "worker_data_holes",
		    "the %s worker's data has holes: %" PRId64 " frames never came, %" PRId64
		    " were dropped by the worker",
		    role_names[role], w->holes, w->frames_dropped);
	if (w->given_up)
		gap_add(out, -1, "worker_lost",
		    "the %s worker was lost for good after %" PRId64
		    " restarts: a fault of the harness",
		    role_names[role], w->restarts);
}

static bool
any_started(const struct run_result *run, const struct device_result *d)
{
	int i;

	for (i = 0; i < run->plan.profile.scenario_count; i++)
		if (d->scenario[i].started)
			return true;
	return false;
}

void
evidence_eval(const struct run_result *run, const struct device_result *d, struct evidence *out)
{
	const struct plan *plan = &run->plan;
	const char *wanted = "none";
	int i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < plan->device_count; i++)
		if (run->device[i] == d)
			wanted = plan->device[i].serial_port;
	if (run->end == RUN_ON)
		gap_add(out, -1, "run_not_ended",
		    "the run has no end: it is still on, or it was killed");
	if (any_started(run, d)) {
		for (i = 0; i < plan->profile.scenario_count; i++)
			scenario_eval(run, d, i, out);
		console_eval(run, d, wanted, out);
	} else {
		gap_add(out, -1, "not_started", "no scenario was started%s%.180s",
		    run->end_text[0] != '\0' ? ": " : "", run->end_text);
	}
	for (i = 0; i < ROLE_COUNT; i++)
		worker_eval(&d->worker[i], i, out);
}
