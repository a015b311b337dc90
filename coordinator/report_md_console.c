/* The Markdown section about the serial console. */
#include "config.h"

#include "coordinator/report_md.h"

#include <inttypes.h>

#include "coordinator/md_text.h"
#include "shared/clock.h"
#include "shared/poison.h"

static bool
has_console(const struct serial_stats *c)
{
	return c->lines > 0 || c->bytes > 0 || c->opens > 0 || c->held_us > 0;
}

static void
console_row(const struct md *m, int i)
{
	const struct serial_stats *c = &m->d->scenario[i].serial;
	int k;

	fputs("| ", m->f);
	md_scenario(m, i);
	fprintf(m->f,
	    " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64
	    " | %" PRId64 "%s | ",
	    c->lines, c->bytes, c->opens, c->held_us / US_PER_S, c->warning_lines,
	    c->ws_diag_lines, c->shed_us / US_PER_S, c->shedding ? ", on at its end" : "");
	for (k = 0; k < c->gap_count; k++) {
		fputs(k == 0 ? "" : ", ", m->f);
		md_moment(m, c->gap[k].from_us);
		fputs(" to ", m->f);
		md_moment(m, c->gap[k].to_us);
	}
	fputs(c->gap_count == 0 ? "- |\n" : " |\n", m->f);
}

static bool
has_comparison(const struct serial_stats *c)
{
	return c->ws_diag_lines > 0 && c->ws_diag.to_us > c->ws_diag.from_us;
}

/* The device's own counters beside what the WebSocket worker saw in the same time. */
static void
comparison(const struct md *m, int i)
{
	const struct ws_diag *w = &m->d->scenario[i].serial.ws_diag;

	fputs("- ", m->f);
	md_scenario(m, i);
	fputs(", from ", m->f);
	md_moment(m, w->from_us);
	fputs(" to ", m->f);
	md_moment(m, w->to_us);
	fprintf(m->f,
	    ": the device counted %" PRId64 " sessions accepted, %" PRId64 " refused, %" PRId64
	    " ended; the WebSocket worker saw %" PRId64 " opened, %" PRId64 " refused, %" PRId64
	    " closed.\n",
	    result_diag_counted(w, "ok"), result_diag_counted(w, "rej"),
	    result_diag_counted(w, "disc"), w->seen.connects, w->seen.rejected, w->seen.closes);
}

static void
comparisons(const struct md *m)
{
	int i, rows = 0;

	for (i = 0; i < m->plan->profile.scenario_count; i++) {
		if (!has_comparison(&m->d->scenario[i].serial))
			continue;
		if (rows++ == 0)
			fputs("\nWebSocket sessions by the device's own WS diag lines (since its "
			      "boot, other clients included) and by the harness:\n\n",
			    m->f);
		comparison(m, i);
	}
}

static void
silences(const struct md *m)
{
	const struct silence *s;
	int i;

	if (m->d->silence_count > 0)
		fputs("\nTimes in which a console that had printed lines printed none:\n\n", m->f);
	for (i = 0; i < m->d->silence_count; i++) {
		s = &m->d->silence[i];
		fputs("- from ", m->f);
		md_moment(m, s->from_us);
		fputs(" to ", m->f);
		md_moment(m, s->to_us);
		fprintf(m->f, ": %s", silence_words[result_silence_state(s)]);
		if (s->last_answer_us != -1) {
			fputs("; last answer at ", m->f);
			md_moment(m, s->last_answer_us);
		}
		fputc('\n', m->f);
	}
}

void
md_console(const struct md *m)
{
	int i, rows = 0;

	for (i = 0; i < m->plan->profile.scenario_count; i++) {
		if (!has_console(&m->d->scenario[i].serial))
			continue;
		if (rows++ == 0) {
			md_section(m, "Console");
			md_table(m, "Scenario | Lines | Bytes | Opens | Held (s) | Warnings | "
				    "WS diag | Shedding (s) | Gaps");
		}
		console_row(m, i);
	}
	comparisons(m);
	silences(m);
}
