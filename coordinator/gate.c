/*
 * The gates as a table. Each row says what is counted, on how many samples, against which
 * limit, and finds words for whose fault a crossing is. Pure functions of plan and result.
 */
#include "config.h"

#include "coordinator/gate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/text.h"
#include "shared/reset_reason.h"
#include "shared/poison.h"

#define RATE_LIMIT 300000
#define REST_LIMITER_MHZ 20000 /* refused from here on (device contract) */
#define WS_LIMITER_MHZ 50000
#define NOT_ITS_FAULT "the device did not malfunction"

struct context {
	const struct plan *plan;
	const struct device_result *d;
	int index;
	const struct scenario *plan_s;
	const struct scenario_result *s;
};

struct row {
	const char *name, *metric;
	bool is_rate;
	int64_t limit;
	void (*judge)(const struct context *c, struct gate *g);
};

static const char *const class_words[OP_CLASS_COUNT][LOAD_COUNT] = {
    [OP_OK] = {"", ""},
    [OP_DNS] =
	{"failed look-ups of the device's name: check the host name and this network's DNS",
	    "failed look-ups of the device's name: check the host name and this network's DNS"},
    [OP_CONNECT] = {"failed TCP connections: the device was not reachable",
	"failed TCP connections: the device was not reachable"},
    [OP_TLS] =
	{"failed TLS handshakes: the device's certificate or TLS version was not accepted",
	    "failed TLS handshakes: the device's certificate or TLS version was not accepted"},
    [OP_TIMEOUT] = {"answers that did not come in time: the device or the network was too slow",
	"connects or replies that did not come in time: the device or the network was too "
	"slow"},
    [OP_RESET] = {"connections that ended before the answer was whole: the device or the "
		  "network cut them off",
	"sessions that ended before the reply came: the device or the network cut them off"},
    [OP_PROTOCOL] =
	{"answers that are not HTTP: something else answers there, or the device is damaged",
	    "answers that are not WebSocket: something else answers there, or the device is "
	    "damaged"},
    [OP_STATUS] = {"HTTP statuses other than 200: the device answered that it could not",
	"HTTP statuses other than 101: the device did not open a WebSocket"},
    [OP_API] = {"answers with \"success\": false: the device answered that it could not",
	"answers with \"success\": false: the device answered that it could not"},
    [OP_BODY] = {"answers that are not the JSON that was asked for: the device's firmware is "
		 "at fault",
	"replies that are not the JSON that was asked for: the device's firmware is at fault"},
    [OP_REJECTED] = {"refusals by the device's own policy; " NOT_ITS_FAULT,
	"refusals by the device's own policy; " NOT_ITS_FAULT},
    [OP_UNANSWERED] = {"requests without an answer: the device took them and never answered",
	"requests without a reply: the device took them and never answered"},
};

const char *
gate_class_words(enum op_class class, enum load_kind kind)
{
	return class_words[class][kind];
}

int64_t
gate_share(int64_t part, int64_t whole)
{
	while (part > INT64_MAX / 2000000 || whole > INT64_MAX / 2000000) {
		part = part / 2 + part % 2;
		whole /= 2;
	}
	return whole <= 0 ? 0 : (part * 1000000 + whole - 1) / whole;
}

void
gate_value_text(const struct gate *g, int64_t value, char *dst, size_t size)
{
	if (g->is_rate)
		snprintf(dst, size, "%" PRId64 ".%02d%%", (value + 99) / 10000,
		    (int)((value + 99) % 10000 / 100));
	else
		snprintf(dst, size, "%" PRId64, value);
}

static int64_t
class_count(const struct load_stats *l, enum load_kind kind, int class)
{
	return l->by_class[class] + (kind == LOAD_WS ? l->connect_by_class[class] : 0);
}

static int
class_top(const struct load_stats *l, enum load_kind kind)
{
	int i, top = OP_OK + 1;

	for (i = top + 1; i < OP_CLASS_COUNT; i++)
		if (class_count(l, kind, i) > class_count(l, kind, top))
			top = i;
	return top;
}

static void
span_text(char *dst, size_t size, int64_t ms)
{
	if (ms % 1000 == 0)
		snprintf(dst, size, "%" PRId64 " s", ms / 1000);
	else
		snprintf(dst, size, "%" PRId64 " ms", ms);
}

/* Who set the limiter off: the plan itself when it asks for more than the limit. */
static void
limiter_words(const struct context *c, enum load_kind kind, char *dst, size_t size)
{
	int64_t limit = kind == LOAD_REST ? REST_LIMITER_MHZ : WS_LIMITER_MHZ;
	const char *what = kind == LOAD_REST ? "requests" : "messages";
	int64_t rate = c->plan_s->rate_mhz[kind];

	if (rate < 0 || rate >= limit)
		snprintf(dst, size,
		    "%s refused by the device's own rate limiter (%" PRId64
		    " %s a second per IP, then a 5 s block): the offered load is over the "
		    "device's limit; " NOT_ITS_FAULT,
		    what, limit / 1000, what);
	else
		snprintf(dst, size,
		    "%s refused by the device's own rate limiter (%" PRId64
		    " %s a second per IP, then a 5 s block shared by REST and WS): %" PRId64
		    ".%03d/s is below it, so other traffic of this IP set it "
		    "off; " NOT_ITS_FAULT,
		    what, limit / 1000, what, rate / 1000,
		    (int)(rate % 1000));
}

static int64_t
close_count(const struct load_stats *l, int64_t code)
{
	int i;

	for (i = 0; i < l->close_code_count; i++)
		if (l->close_code[i].code == code)
			return l->close_code[i].count;
	return 0;
}

/* Refused sessions: by count or by pace (device contract). */
static const char *
session_words(const struct context *c, const struct load_stats *l)
{
	if (c->s->serial.shedding_lines > 0 && close_count(l, 1013) > 0)
		return "refusals (close 1013) while the device shed its WS clients for want of "
		       "internal heap; that is its policy, " NOT_ITS_FAULT;
	if (close_count(l, 1013) > close_count(l, 1008))
		return "refused sessions (close 1013): the device refuses a reconnect within 2 "
		       "s and while it is short of heap; " NOT_ITS_FAULT;
	return "refused sessions (close 1008): the device allows 1 session per IP and 8 in all "
	       "(2 without PSRAM); " NOT_ITS_FAULT;
}

static void
rejected_words(const struct context *c, enum load_kind kind, char *dst, size_t size)
{
	const struct load_stats *l = &c->s->load[kind];
	int64_t ops = l->by_class[OP_REJECTED];

	if (kind == LOAD_WS && l->connect_by_class[OP_REJECTED] > ops)
		text_copy(dst, size, session_words(c, l));
	else if (kind == LOAD_WS && close_count(l, 1008) + close_count(l, 1013) >= ops)
		text_copy(dst, size, session_words(c, l));
	else if (kind == LOAD_WS || l->by_status_rejected * 10 >= ops * 9)
		limiter_words(c, kind, dst, size);
	else
		text_copy(dst, size, class_words[OP_REJECTED][kind]);
}

static void
timeout_words(const struct context *c, enum load_kind kind, int class, char *dst, size_t size)
{
	const struct load_stats *l = &c->s->load[kind];
	int64_t ms = kind == LOAD_REST ? c->plan->rest_timeout_ms : c->plan->ws_timeout_ms;
	char span[32];

	if (kind == LOAD_WS && l->connect_by_class[class] > l->by_class[class])
		ms = c->plan->connect_timeout_ms;
	span_text(span, sizeof(span), ms);
	snprintf(dst, size, "%s that the device did not answer within %s",
	    kind == LOAD_WS && class == OP_TIMEOUT ? "requests or connects" : "requests", span);
}

static void
class_blame(const struct context *c, enum load_kind kind, int class, char *dst, size_t size)
{
	if (class == OP_REJECTED)
		rejected_words(c, kind, dst, size);
	else if (class == OP_TIMEOUT || class == OP_UNANSWERED)
		timeout_words(c, kind, class, dst, size);
	else
		text_copy(dst, size, class_words[class][kind]);
}

static void
mixed_blame(const struct load_stats *l, enum load_kind kind, char *dst, size_t size)
{
	size_t used = 0;
	int i;

	for (i = OP_OK + 1; i < OP_CLASS_COUNT; i++)
		if (class_count(l, kind, i) > 0 && used < size)
			used += (size_t)snprintf(dst + used, size - used, "%s%" PRId64 " %s",
			    used == 0 ? "errors of several kinds: " : ", ",
			    class_count(l, kind, i), op_class_names[i]);
}

static void
rate_blame(const struct context *c, enum load_kind kind, int64_t errors, struct gate *g)
{
	const struct load_stats *l = &c->s->load[kind];
	int top = class_top(l, kind);
	int64_t n = class_count(l, kind, top);
	const char *rebooted;
	char words[256];

	if (errors == 0)
		return;
	if (n < errors - errors / 10) {
		mixed_blame(l, kind, g->blame, sizeof(g->blame));
		return;
	}
	class_blame(c, kind, top, words, sizeof(words));
	rebooted = c->s->uptime_resets > 0 && top != OP_REJECTED
		       ? "; it rebooted in this scenario"
		       : "";
	if (n >= errors)
		snprintf(g->blame, sizeof(g->blame), "all %" PRId64 " errors are %s%s", errors,
		    words, rebooted);
	else
		snprintf(g->blame, sizeof(g->blame),
		    "%" PRId64 " of %" PRId64 " errors are %s%s", n, errors, words, rebooted);
}

static void
judge_rest(const struct context *c, struct gate *g)
{
	const struct load_stats *l = &c->s->load[LOAD_REST];

	g->samples = l->ok + l->errors;
	g->observed = gate_share(l->errors, g->samples);
	rate_blame(c, LOAD_REST, l->errors, g);
}

static void
judge_ws(const struct context *c, struct gate *g)
{
	const struct load_stats *l = &c->s->load[LOAD_WS];
	int64_t errors = l->errors + l->connect_errors;

	g->samples = l->ok + l->errors + l->connect_errors;
	g->observed = gate_share(errors, g->samples);
	rate_blame(c, LOAD_WS, errors, g);
}

/* The first reboot of this scenario that is the device's own, NULL if there is none. */
static const struct reboot *
reboot_first(const struct context *c)
{
	int i;

	for (i = 0; i < c->d->reboot_count; i++)
		if (c->d->reboot[i].scenario == c->index && !c->d->reboot[i].harness_caused)
			return &c->d->reboot[i];
	return NULL;
}

static void
judge_uptime(const struct context *c, struct gate *g)
{
	const struct reboot *r = reboot_first(c);

	g->observed = c->s->uptime_resets;
	g->samples = c->s->clock_readings;
	if (g->samples < g->observed)
		g->samples = g->observed;
	if (g->observed == 0)
		return;
	if (r != NULL && r->reset_reason >= 0)
		snprintf(g->blame, sizeof(g->blame),
		    "the device rebooted; reset reason 0x%x (%s)", (unsigned)r->reset_reason,
		    reset_reason_words(r->reset_reason));
	else
		snprintf(
		    g->blame, sizeof(g->blame), "the device rebooted: its uptime began again");
}

static void
judge_fatal(const struct context *c, struct gate *g)
{
	const struct reboot *r = reboot_first(c);
	char line[160];

	g->observed = c->s->serial.fatal_lines;
	g->samples = c->s->serial.lines;
	if (g->samples < g->observed)
		g->samples = g->observed;
	if (g->observed == 0)
		return;
	if (r != NULL && r->line_count > 0 && r->line[0] != NULL) {
		text_printable(line, sizeof(line), r->line[0], strlen(r->line[0]));
		snprintf(g->blame, sizeof(g->blame), "the device's own console says: %s", line);
	} else {
		snprintf(g->blame, sizeof(g->blame),
		    "the device's own console reports a crash or reset");
	}
}

static const struct row rows[GATE_COUNT] = {
    {"uptime_reset", "resets of the device's uptime", false, 0, judge_uptime},
    {"rest_error_rate", "REST errors / REST calls", true, RATE_LIMIT, judge_rest},
    {"ws_error_rate", "(WS errors + failed connects) / (WS messages + failed connects)", true,
	RATE_LIMIT, judge_ws},
    {"fatal_serial", "console lines with a fatal indicator", false, 0, judge_fatal},
};

static void
scenario_eval(const struct context *c, struct gate *out)
{
	struct gate *g;
	int i;

	for (i = 0; i < GATE_COUNT; i++) {
		g = &out[i];
		memset(g, 0, sizeof(*g));
		g->name = rows[i].name;
		g->metric = rows[i].metric;
		g->scenario = c->index;
		g->is_rate = rows[i].is_rate;
		g->limit = rows[i].limit;
		rows[i].judge(c, g);
		g->ok = g->observed <= g->limit;
	}
}

int
gate_eval(const struct plan *plan, const struct device_result *d, struct gate *out)
{
	struct context c = {.plan = plan, .d = d};
	int n = 0;

	for (c.index = 0; c.index < plan->profile.scenario_count; c.index++) {
		c.plan_s = &plan->profile.scenario[c.index];
		c.s = &d->scenario[c.index];
		if (!c.s->started)
			continue;
		scenario_eval(&c, out + n);
		n += GATE_COUNT;
	}
	return n;
}
