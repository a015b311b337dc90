/* Markdown sections about the run: gates, evidence, reboots, workers, device, notes.
 */
#include "config.h"

#include "coordinator/report_md.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "coordinator/md_text.h"
#include "coordinator/report_load.h"
#include "shared/clock.h"
#include "shared/reset_reason.h"
#include "shared/poison.h"

#define HEAP_LOW 12000

void
md_moment(const struct md *m, int64_t at_us)
{
	int64_t ms = (at_us - m->plan->mono_us) / US_PER_MS;

	if (at_us < 0)
		fputs("-", m->f);
	else
		fprintf(m->f, "%s%" PRId64 ".%03d s", ms < 0 ? "-" : "",
		    (ms < 0 ? -ms : ms) / 1000, (int)((ms < 0 ? -ms : ms) % 1000));
}

static void
gate_row(const struct md *m, const struct gate *g)
{
	char limit[48], observed[48] = "-";

	gate_value_text(g, g->limit, limit, sizeof(limit));
	if (g->samples > 0)
		gate_value_text(g, g->observed, observed, sizeof(observed));
	fputs("| ", m->f);
	md_scenario(m, g->scenario);
	fprintf(m->f, " | %s | %s | %s | %s | %" PRId64 " | %s | ", g->name, g->metric,
	    observed, limit, g->samples,
	    !g->ok           ? "**FAIL**"
	    : g->samples > 0 ? "ok"
			     : "no data");
	md_text(m->f, g->blame);
	fputs(" |\n", m->f);
}

void
md_gates(const struct md *m)
{
	int i;

	if (m->v->gate_count == 0)
		return;
	md_section(m, "Gates");
	md_table(
	    m, "Scenario | Gate | What | Observed | Limit | Samples | Result | Whose fault");
	for (i = 0; i < m->v->gate_count; i++)
		gate_row(m, &m->v->gate[i]);
}

void
md_gaps(const struct md *m)
{
	const struct evidence *e = &m->v->evidence;
	int i;

	if (e->count == 0)
		return;
	md_section(m, "Evidence gaps");
	for (i = 0; i < e->count; i++) {
		fputs("- ", m->f);
		md_scenario(m, e->gap[i].scenario);
		fprintf(m->f, ": %s: ", e->gap[i].what);
		md_text(m->f, e->gap[i].detail);
		fputc('\n', m->f);
	}
}

static void
put_reboot(const struct md *m, int i)
{
	const struct reboot *b = &m->d->reboot[i];
	const char *sep = "";
	int k;

	fprintf(m->f, "%s%d. In ", i > 0 ? "\n" : "", i + 1);
	md_scenario(m, b->scenario);
	fputs(", began again at ", m->f);
	md_moment(m, b->boot_us);
	fputs(", noticed at ", m->f);
	md_moment(m, b->seen_us);
	if (b->reset_reason >= 0)
		fprintf(m->f, "; reset reason 0x%x (%s)", (unsigned)b->reset_reason,
		    reset_reason_words(b->reset_reason));
	fputs("; seen by ", m->f);
	for (k = 0; k < SAW_COUNT; k++) {
		if (!(b->sources & 1u << k))
			continue;
		fprintf(m->f, "%s%s", sep, reboot_source_names[k]);
		sep = ", ";
	}
	if (b->harness_caused)
		fputs("; caused by the harness opening the port, not gated", m->f);
	fputc('\n', m->f);
	if (b->line_count == 0)
		return;
	fputc('\n', m->f);
	md_code(m->f, b->line, b->line_count);
	if (b->lines_cut > 0)
		fprintf(m->f, "\nFurther lines, in the serial log only: %" PRId64 "\n",
		    b->lines_cut);
}

void
md_reboots(const struct md *m)
{
	int i;

	if (m->d->reboot_count == 0)
		return;
	md_section(m, "Reboots");
	for (i = 0; i < m->d->reboot_count; i++)
		put_reboot(m, i);
}

static void
worker_row(const struct md *m, const struct worker_life *w)
{
	char text[48];

	result_exit_text(text, sizeof(text), w->exit_status);
	fprintf(m->f, "| %s | %" PRId64 " | %" PRId64 " | %s | ", role_names[w->role],
	    w->generation, w->pid, w->end_us < 0 && w->exit_status < 0 ? "alive" : text);
	if (w->reason[0] == '\0')
		fputc('-', m->f);
	md_text(m->f, w->reason);
	fprintf(m->f,
	    " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64
	    " |\n",
	    w->frames, w->holes, w->counters.frames_dropped, w->lost_ops, w->counters.rss_kb,
	    w->counters.cpu_us / US_PER_MS);
}

static void
put_sandbox(const struct md *m)
{
	const char *between = "\nIsolation: ";
	int i;

	for (i = 0; i < ROLE_COUNT; i++) {
		if (m->d->worker[i].sandbox[0] == '\0')
			continue;
		fprintf(m->f, "%s%s: ", between, role_names[i]);
		md_text(m->f, m->d->worker[i].sandbox);
		between = "; ";
	}
	if (between[0] == ';')
		fputc('\n', m->f);
}

void
md_workers(const struct md *m)
{
	int i;

	if (m->d->life_count == 0)
		return;
	md_section(m, "Workers");
	md_table(m, "Role | Generation | Pid | Exit | Reason | Frames | Holes | Frames dropped "
		    "| Lost ops | RSS (KB) | CPU (ms)");
	for (i = 0; i < m->d->life_count; i++)
		worker_row(m, &m->d->life[i]);
	put_sandbox(m);
}

void
md_device(const struct md *m)
{
	int i;

	if (m->d->info_count > 0) {
		md_section(m, "Device");
		md_table(m, "Key | Value");
	}
	for (i = 0; i < m->d->info_count; i++) {
		fputs("| ", m->f);
		md_text(m->f, m->d->info[i].key);
		fputs(" | ", m->f);
		md_text(m->f, m->d->info[i].value);
		fputs(" |\n", m->f);
	}
}

static void note(const struct md *m, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
note(const struct md *m, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fputs("- ", m->f);
	md_text(m->f, text);
	fputc('\n', m->f);
}

static void
notes_plan(const struct md *m)
{
	const struct plan *p = m->plan;

	note(m,
	    "lwstress %s on %s; timeouts: REST %" PRId64 " ms, connect %" PRId64
	    " ms, WS reply %" PRId64 " ms, preflight %" PRId64 " ms",
	    p->tool_version, p->os, p->rest_timeout_ms, p->connect_timeout_ms, p->ws_timeout_ms,
	    p->preflight_timeout_ms);
	if (p->simulated)
		note(m, "the device was simulated by lwstress-sim%s%s",
		    p->simulate[0] != '\0' ? ", with faults: " : "", p->simulate);
	if (p->duration_overridden)
		note(m, "the scenarios' durations were overridden by --scenario-duration: this "
			"is not the profile's full length");
	if (p->allow_incomplete)
		note(m, "incomplete evidence was allowed by --allow-incomplete");
	if (p->insecure)
		note(m, "TLS certificates were not verified (--insecure)");
	if (p->proxy[0] != '\0')
		note(m, "the device was loaded through the proxy %s", p->proxy);
	if (p->fresh_connections)
		note(m, "each REST request used a connection of its own (--fresh-connections)");
	if (p->no_sandbox)
		note(m, "the worker processes were not isolated (--no-sandbox)");
	if (m->run->end == RUN_ON && m->run->recovered)
		note(m, "recovered from the journal of a run that did not end by itself");
}

static void
notes_load(const struct md *m, const char *name, const char *kind, const struct load_stats *l)
{
	if (l->lost > 0)
		note(m,
		    "%s: %s requests in flight when their worker ended, outcome unknown: "
		    "%" PRId64,
		    name, kind, l->lost);
	if (l->texts.other > 0)
		note(m, "%s: %s errors with texts not listed: %" PRId64, name, kind,
		    l->texts.other);
	if (l->close_codes_other > 0)
		note(m, "%s: closes with codes not listed: %" PRId64, name,
		    l->close_codes_other);
	if (histogram_overflow(l->service) + histogram_overflow(l->response) +
		histogram_overflow(l->lateness) >
	    0)
		note(m, "%s: some %s latencies were over 1 h and are counted as 1 h", name,
		    kind);
}

static void
notes_scenario(const struct md *m, int i)
{
	const struct scenario_result *s = &m->d->scenario[i];
	const char *name = m->plan->profile.scenario[i].name;
	const struct serial_stats *c = &s->serial;
	int k;

	if (s->heap[HEAP_SERIAL].samples > 0 && s->heap[HEAP_SERIAL].min < HEAP_LOW)
		note(m, "%s: internal heap fell below 12,000 bytes: its lowest was %" PRId64,
		    name, s->heap[HEAP_SERIAL].min);
	notes_load(m, name, "REST", &s->load[LOAD_REST]);
	notes_load(m, name, "WS", &s->load[LOAD_WS]);
	for (k = 0; k < WARNING_COUNT; k++)
		if (c->warnings[k] > 0)
			note(m, "%s: the console said \"%s\": %" PRId64, name, warning_names[k],
			    c->warnings[k]);
	if (c->truncated > 0)
		note(m, "%s: console lines that were too long and were cut: %" PRId64, name,
		    c->truncated);
	if (c->unlogged > 0)
		note(m,
		    "%s: console lines that could not be written to the serial log: %" PRId64,
		    name, c->unlogged);
	if (c->gaps_other > 0)
		note(
		    m, "%s: gaps of the serial port not listed: %" PRId64, name, c->gaps_other);
}

static void
notes_device(const struct md *m)
{
	const struct device_result *d = m->d;
	int i, own = 0;

	for (i = 0; i < d->reboot_count; i++)
		own += d->reboot[i].harness_caused;
	if (own > 0)
		note(m, "resets caused by the harness opening the serial port, not gated: %d",
		    own);
	for (i = 0; i < ROLE_COUNT; i++)
		if (d->worker[i].restarts > 0)
			note(m, "restarts of the %s worker: %" PRId64, role_names[i],
			    d->worker[i].restarts);
	if (d->silences_other > 0)
		note(m, "silences of the console not listed: %" PRId64, d->silences_other);
	if (d->reboots_other > 0)
		note(m, "reboots not listed: %" PRId64, d->reboots_other);
	if (d->lives_other > 0)
		note(m, "lives of workers not listed: %" PRId64, d->lives_other);
	if (m->v->evidence.other > 0)
		note(m, "evidence gaps not listed: %" PRId64, m->v->evidence.other);
	for (i = 0; i < d->note_count; i++)
		note(m, "%s", d->note[i]);
	if (d->notes_other > 0)
		note(m, "notes not listed: %" PRId64, d->notes_other);
}

void
md_notes(const struct md *m)
{
	int i;

	md_section(m, "Notes");
	notes_plan(m);
	for (i = 0; i < m->plan->profile.scenario_count; i++)
		notes_scenario(m, i);
	notes_device(m);
}
