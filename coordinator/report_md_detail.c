/* Markdown sections about the loads: latency, requests, errors, paths and commands, sessions.
 */
#include "config.h"

#include "coordinator/report_md.h"

#include <inttypes.h>
#include <stdio.h>

#include "coordinator/md_text.h"
#include "shared/clock.h"
#include "shared/poison.h"

typedef void (*load_fn)(
    const struct md *m, int i, enum load_kind kind, const struct load_stats *l);

static bool
has_load(const struct load_stats *l)
{
	return l->planned != 0 || l->sent > 0 || l->connects > 0 || l->connect_errors > 0;
}

static void
each_load(const struct md *m, load_fn fn)
{
	const struct load_stats *l;
	int i, k;

	for (i = 0; i < m->plan->profile.scenario_count; i++) {
		for (k = 0; k < LOAD_COUNT; k++) {
			l = &m->d->scenario[i].load[k];
			if (m->d->scenario[i].started && has_load(l))
				fn(m, i, k, l);
		}
	}
}

static bool
any_load(const struct md *m, bool (*wanted)(const struct load_stats *l))
{
	int i, k;

	for (i = 0; i < m->plan->profile.scenario_count; i++)
		for (k = 0; k < LOAD_COUNT; k++)
			if (m->d->scenario[i].started && wanted(&m->d->scenario[i].load[k]))
				return true;
	return false;
}

static void
put_ms(const struct md *m, const struct histogram *h, int64_t us)
{
	if (histogram_count(h) == 0)
		fputs(" - |", m->f);
	else
		fprintf(m->f, " %" PRId64 ".%03d |", us / 1000, (int)(us % 1000));
}

static void
put_percentiles(const struct md *m, const struct histogram *h)
{
	put_ms(m, h, histogram_quantile(h, 50000));
	put_ms(m, h, histogram_quantile(h, 95000));
	put_ms(m, h, histogram_quantile(h, 99000));
}

static void
put_start(const struct md *m, int i, enum load_kind kind, const char *what)
{
	fputs("| ", m->f);
	md_scenario(m, i);
	fprintf(m->f, " | %s | %s |", kind == LOAD_REST ? "REST" : "WS", what);
}

static void
latency_row(
    const struct md *m, int i, enum load_kind kind, const char *what, const struct histogram *h)
{
	if (histogram_count(h) == 0)
		return;
	put_start(m, i, kind, what);
	fprintf(m->f, " %" PRId64 " |", histogram_count(h));
	put_percentiles(m, h);
	put_ms(m, h, histogram_max(h));
	fputc('\n', m->f);
}

static void
latency_rows(const struct md *m, int i, enum load_kind kind, const struct load_stats *l)
{
	char name[32];
	int k;

	latency_row(m, i, kind, "service", l->service);
	latency_row(m, i, kind, "response", l->response);
	latency_row(m, i, kind, "lateness", l->lateness);
	for (k = 0; k < PHASE_COUNT; k++) {
		snprintf(name, sizeof(name), "phase %s", phase_names[k]);
		latency_row(m, i, kind, name, l->phase[k]);
	}
}

static bool
has_latency(const struct load_stats *l)
{
	return histogram_count(l->service) > 0 || histogram_count(l->response) > 0 ||
	       histogram_count(l->lateness) > 0;
}

void
md_latency(const struct md *m)
{
	if (!any_load(m, has_latency))
		return;
	md_section(m, "Latency (ms)");
	fputs("Service is from sending to the answer. Response is from the moment the request "
	      "was due, and counts what could not be sent in time as well: it shows a stall at "
	      "its true weight. Lateness is the harness's own delay in sending.\n\n",
	    m->f);
	md_table(m, "Scenario | Load | Latency | Samples | p50 | p95 | p99 | Max");
	each_load(m, latency_rows);
}

static void
request_row(const struct md *m, int i, enum load_kind kind, const struct load_stats *l)
{
	int64_t span = result_span_us(&m->d->scenario[i]), milli = 0;
	char planned[32];

	snprintf(planned, sizeof(planned), "%" PRId64, l->planned);
	put_start(m, i, kind, l->planned < 0 ? "as fast as possible" : planned);
	fprintf(m->f,
	    " %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64
	    " |",
	    l->sent, l->ok, l->errors, l->lost, l->dropped_slots, l->missed_slots);
	if (span > 0)
		milli = (int64_t)((double)l->sent * 1e9 / (double)span + 0.5);
	if (span > 0)
		fprintf(m->f, " %" PRId64 ".%03d |\n", milli / 1000, (int)(milli % 1000));
	else
		fputs(" - |\n", m->f);
}

void
md_requests(const struct md *m)
{
	if (!any_load(m, has_load))
		return;
	md_section(m, "Requests");
	fputs("Sent = OK + errors + lost. Dropped: due while every connection was busy. "
	      "Missed: due while no worker was there to send. Lost: outcome unknown, the "
	      "worker that sent them ended.\n\n",
	    m->f);
	md_table(m, "Scenario | Load | Planned | Sent | OK | Errors | Lost | Dropped | Missed "
		    "| Per second");
	each_load(m, request_row);
}

static bool
has_errors(const struct load_stats *l)
{
	return l->errors > 0 || l->connect_errors > 0;
}

static void
class_row(
    const struct md *m, int i, enum load_kind kind, const char *what, int class, int64_t count)
{
	if (count == 0)
		return;
	put_start(m, i, kind, what);
	fprintf(m->f, " %s | %" PRId64 " | ", op_class_names[class], count);
	md_text(m->f, gate_class_words(class, kind));
	fputs(" |\n", m->f);
}

static void
class_rows(const struct md *m, int i, enum load_kind kind, const struct load_stats *l)
{
	int c;

	for (c = OP_OK + 1; c < OP_CLASS_COUNT; c++)
		class_row(
		    m, i, kind, kind == LOAD_REST ? "request" : "message", c, l->by_class[c]);
	for (c = OP_OK + 1; c < OP_CLASS_COUNT; c++)
		class_row(m, i, kind, "connect", c, l->connect_by_class[c]);
}

static bool
has_texts(const struct load_stats *l)
{
	return l->texts.used > 0 || l->connect_texts.used > 0 || l->close_texts.used > 0;
}

static void
text_row(const struct md *m, int i, enum load_kind kind, const char *of, const struct text_count *t)
{
	if (t->text[0] == '\0')
		return;
	put_start(m, i, kind, of);
	fprintf(m->f, " %" PRId64 " | ", t->count);
	md_text(m->f, t->text);
	fputs(" |\n", m->f);
}

static void
text_rows(const struct md *m, int i, enum load_kind kind, const struct load_stats *l)
{
	const struct text_count *t;
	char of[48];
	int k;

	for (k = 0; k < l->texts.used; k++)
		text_row(m, i, kind, op_class_names[l->texts.at[k].code], &l->texts.at[k]);
	for (k = 0; k < l->connect_texts.used; k++) {
		t = &l->connect_texts.at[k];
		snprintf(of, sizeof(of), "no session: %s", op_class_names[t->code]);
		text_row(m, i, kind, of, t);
	}
	for (k = 0; k < l->close_texts.used; k++) {
		t = &l->close_texts.at[k];
		snprintf(of, sizeof(of), "close %" PRId64, t->code);
		text_row(m, i, kind, of, t);
	}
}

void
md_errors(const struct md *m)
{
	if (any_load(m, has_errors)) {
		md_section(m, "Errors by class");
		md_table(m, "Scenario | Load | Of | Class | Count | What it means");
		each_load(m, class_rows);
	}
	if (any_load(m, has_texts)) {
		md_section(m, "Errors in their own words");
		md_table(m, "Scenario | Load | Class or end | Count | Text");
		each_load(m, text_rows);
	}
}

static void
kind_rows(const struct md *m, int i, enum load_kind kind, const struct load_stats *l)
{
	int k, n = result_kind_count(&m->plan->profile, kind);

	for (k = 0; k < n && k < WORKPLAN_KINDS_MAX; k++) {
		if (l->kind[k].calls == 0)
			continue;
		fputs("| ", m->f);
		md_scenario(m, i);
		fputs(" | ", m->f);
		md_text(m->f, result_kind_name(&m->plan->profile, kind, k));
		fprintf(m->f, " | %" PRId64 " | %" PRId64 " |", l->kind[k].calls,
		    l->kind[k].errors);
		put_percentiles(m, l->kind[k].service);
		fputc('\n', m->f);
	}
}

static bool
has_kinds(const struct load_stats *l)
{
	int k;

	for (k = 0; k < WORKPLAN_KINDS_MAX; k++)
		if (l->kind[k].calls > 0)
			return true;
	return false;
}

void
md_kinds(const struct md *m)
{
	if (!any_load(m, has_kinds))
		return;
	md_section(m, "Paths and commands (service, ms)");
	md_table(m, "Scenario | Path or command | Calls | Errors | p50 | p95 | p99");
	each_load(m, kind_rows);
}

static bool
has_sessions(const struct load_stats *l)
{
	return l->connects > 0 || l->connect_errors > 0 || l->close_code_count > 0;
}

static void
session_row(const struct md *m, int i, enum load_kind kind, const struct load_stats *l)
{
	int k;

	if (kind != LOAD_WS)
		return;
	fputs("| ", m->f);
	md_scenario(m, i);
	fprintf(m->f,
	    " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64
	    " | ",
	    l->connects, l->connect_errors, l->receives, l->broadcasts, l->unmatched, l->late);
	for (k = 0; k < l->close_code_count; k++)
		fprintf(m->f, "%s%" PRId64 " (%" PRId64 ")", k == 0 ? "" : ", ",
		    l->close_code[k].code, l->close_code[k].count);
	fputs(l->close_code_count == 0 ? "- |\n" : " |\n", m->f);
}

void
md_sessions(const struct md *m)
{
	if (!any_load(m, has_sessions))
		return;
	md_section(m, "WebSocket sessions");
	md_table(m, "Scenario | Connects | Failed | Replies | Broadcasts | Unmatched | Late | "
		    "Close codes (times)");
	each_load(m, session_row);
}
