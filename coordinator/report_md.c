/*
 * The Markdown report: verdict and the table of scenarios first, then what the JSON report
 * adds, notes last. Whatever came from the device or the user goes through md_text.c.
 */
#include "config.h"

#include "coordinator/report_md.h"

#include <inttypes.h>
#include <stdlib.h>

#include "coordinator/md_text.h"
#include "coordinator/report.h"
#include "coordinator/report_load.h"
#include "shared/clock.h"
#include "shared/poison.h"

void
md_section(const struct md *m, const char *title)
{
	fprintf(m->f, "\n## %s\n\n", title);
}

void
md_table(const struct md *m, const char *columns)
{
	const char *p;

	fprintf(m->f, "| %s |\n|", columns);
	fputs(" --- |", m->f);
	for (p = columns; *p != '\0'; p++)
		if (*p == '|')
			fputs(" --- |", m->f);
	fputc('\n', m->f);
}

void
md_scenario(const struct md *m, int i)
{
	if (i >= 0 && i < m->plan->profile.scenario_count)
		md_text(m->f, m->plan->profile.scenario[i].name);
	else
		fputs("run", m->f);
}

static void
bullet(const struct md *m, const char *name, const char *value)
{
	fprintf(m->f, "- %s: ", name);
	md_text(m->f, value);
	fputc('\n', m->f);
}

static void
put_why(const struct md *m)
{
	if (m->v->pass && m->v->evidence.count == 0 && m->v->exit_status == EXIT_PASS)
		return;
	fprintf(m->f, "**Why:** ");
	md_text(m->f, m->v->reason);
	fputs("\n\n", m->f);
}

static void
put_head(const struct md *m)
{
	const struct plan_device *pd = &m->plan->device[m->device];
	const char *port = report_serial_port(pd, m->d);
	int64_t gaps = m->v->evidence.count + m->v->evidence.other;
	char local[32];

	fputs("# LightwaveOS Stress Harness Report\n\n", m->f);
	put_why(m);
	clock_local(local, sizeof(local), "%Y-%m-%d %H:%M:%S", m->plan->wall_us);
	bullet(m, "Timestamp", local);
	bullet(m, "Host", pd->url);
	bullet(m, "WS URL", pd->ws_url);
	bullet(m, "Serial", port == NULL ? "none" : port);
	bullet(m, "Profile", m->plan->profile.name);
	fprintf(m->f, "- Overall: **%s** (exit status %d)\n", m->v->pass ? "PASS" : "FAIL",
	    m->v->exit_status);
	if (gaps == 0)
		fputs("- Evidence: complete\n", m->f);
	else
		fprintf(m->f, "- Evidence: **incomplete** (%" PRId64 " gap%s, see below)\n",
		    gaps, gaps == 1 ? "" : "s");
}

static void
put_series(const struct md *m, const struct series *s)
{
	if (s->samples == 0)
		fputs(" - | - |", m->f);
	else
		fprintf(m->f, " %" PRId64 " | %" PRId64 " |", s->min,
		    (s->sum + s->samples / 2) / s->samples);
}

static void
put_row(const struct md *m, int i)
{
	const struct scenario_result *s = &m->d->scenario[i];
	const struct load_stats *rest = &s->load[LOAD_REST], *ws = &s->load[LOAD_WS];
	int64_t ms = m->plan->profile.scenario[i].duration_us / US_PER_MS;

	fputs("| ", m->f);
	md_scenario(m, i);
	fprintf(m->f, " | %" PRId64, ms / 1000);
	if (ms % 1000 != 0)
		fprintf(m->f, ".%03d", (int)(ms % 1000));
	fprintf(m->f, " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64 " |",
	    rest->ok + rest->errors, rest->errors, ws->ok + ws->errors,
	    ws->errors + ws->connect_errors);
	put_series(m, &s->heap[HEAP_SERIAL]);
	put_series(m, &s->heap[HEAP_SERIAL_LARGEST]);
	fprintf(m->f, " %" PRId64 " | %" PRId64 " | %" PRId64 " |\n", s->serial.shedding_lines,
	    s->uptime_resets, s->serial.fatal_lines);
}

static void
put_table(const struct md *m)
{
	int i;

	fputc('\n', m->f);
	md_table(
	    m, "Scenario | Dur(s) | REST Calls | REST Err | WS Msg | WS Err | Heap Min | Heap "
	       "Avg | Largest Min | Largest Avg | Shedding | Uptime Resets | Fatal Lines");
	for (i = 0; i < m->plan->profile.scenario_count; i++)
		put_row(m, i);
}

static void (*const sections[])(const struct md *m) = {
    put_head,
    put_table,
    md_gates,
    md_gaps,
    md_latency,
    md_requests,
    md_errors,
    md_kinds,
    md_sessions,
    md_console,
    md_reboots,
    md_workers,
    md_device,
    md_notes,
};

char *
report_md(const struct run_result *run, int device, const struct verdict *v)
{
	struct md m = {NULL, run, &run->plan, run->device[device], v, device};
	char *text = NULL;
	size_t len = 0, i;
	int bad;

	m.f = open_memstream(&text, &len);
	if (m.f == NULL)
		return NULL;
	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		sections[i](&m);
	bad = ferror(m.f);
	if (fclose(m.f) == EOF || bad) {
		free(text);
		return NULL;
	}
	return text;
}
