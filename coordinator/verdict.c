/* The verdict: gates first, then how the run ended, then the evidence (design section 5). Pure.
 */
#include "config.h"

#include "coordinator/verdict.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "shared/text.h"
#include "shared/poison.h"

static const struct gate *
gate_failed(const struct verdict *v, int *count)
{
	const struct gate *first = NULL;
	int i;

	*count = 0;
	for (i = 0; i < v->gate_count; i++) {
		if (v->gate[i].ok)
			continue;
		if (first == NULL)
			first = &v->gate[i];
		(*count)++;
	}
	return first;
}

static bool
worker_lost(const struct device_result *d)
{
	int i;

	for (i = 0; i < ROLE_COUNT; i++)
		if (d->worker[i].used && d->worker[i].given_up)
			return true;
	return false;
}

static void
reason_gate(const struct run_result *run, const struct gate *g, int failed, struct verdict *v)
{
	const char *name = run->plan.profile.scenario[g->scenario].name;
	char observed[48], limit[48], more[64] = "";

	gate_value_text(g, g->observed, observed, sizeof(observed));
	gate_value_text(g, g->limit, limit, sizeof(limit));
	if (failed > 1)
		snprintf(more, sizeof(more), "; %d more gate%s crossed", failed - 1,
		    failed > 2 ? "s were" : " was");
	snprintf(v->reason, sizeof(v->reason),
	    "gate %s was crossed in %s: %s = %s of %" PRId64 " sample%s, limit %s%s%s%s",
	    g->name, name, g->metric, observed, g->samples, text_plural(g->samples), limit,
	    g->blame[0] != '\0' ? ": " : "", g->blame, more);
}

static void
reason_gap(const struct run_result *run, struct verdict *v)
{
	const struct evidence_gap *g = &v->evidence.gap[0];
	char more[64] = "";

	if (v->evidence.count > 1)
		snprintf(more, sizeof(more), "; %" PRId64 " more gap%s",
		    v->evidence.count - 1 + v->evidence.other,
		    text_plural(v->evidence.count - 1 + v->evidence.other));
	snprintf(v->reason, sizeof(v->reason),
	    "no gate was crossed, but the evidence is incomplete: %s%s%s%s%s",
	    g->scenario >= 0 ? run->plan.profile.scenario[g->scenario].name : "",
	    g->scenario >= 0 ? ": " : "", g->detail, more,
	    v->exit_status == EXIT_PASS ? " (allowed by --allow-incomplete)" : "");
}

static void
reason_pass(const struct run_result *run, const struct device_result *d, struct verdict *v)
{
	int64_t calls = 0, errors = 0, messages = 0, ws_errors = 0, lines = 0;
	const struct scenario_result *s;
	int i, n = run->plan.profile.scenario_count;

	for (i = 0; i < n; i++) {
		s = &d->scenario[i];
		calls += s->load[LOAD_REST].ok + s->load[LOAD_REST].errors;
		errors += s->load[LOAD_REST].errors;
		messages += s->load[LOAD_WS].ok + s->load[LOAD_WS].errors;
		ws_errors += s->load[LOAD_WS].errors + s->load[LOAD_WS].connect_errors;
		lines += s->serial.lines;
	}
	snprintf(v->reason, sizeof(v->reason),
	    "every gate held in %d scenario%s: %" PRId64 " REST call%s with %" PRId64
	    " error%s, %" PRId64 " WS message%s with %" PRId64 " error%s, %" PRId64
	    " console line%s, no uptime reset and no fatal line",
	    n, text_plural(n), calls, text_plural(calls), errors, text_plural(errors), messages,
	    text_plural(messages), ws_errors, text_plural(ws_errors), lines, text_plural(lines));
}

static void
reason_end(const struct run_result *run, const char *otherwise, struct verdict *v)
{
	snprintf(v->reason, sizeof(v->reason), "%s%s%s", otherwise,
	    run->end_text[0] != '\0' ? ": " : "", run->end_text);
}

static int
incomplete_status(const struct run_result *run)
{
	return run->end == RUN_DONE && run->plan.allow_incomplete ? EXIT_PASS : EXIT_INCOMPLETE;
}

static void
decide(const struct run_result *run, const struct device_result *d, struct verdict *v)
{
	const struct gate *g;
	int failed;

	g = gate_failed(v, &failed);
	if (run->end == RUN_UNREACHABLE) {
		v->exit_status = EXIT_UNREACHABLE;
		reason_end(run, "the preflight failed, no load was sent", v);
	} else if (g != NULL) {
		v->exit_status = EXIT_FAIL;
		reason_gate(run, g, failed, v);
	} else if (run->end == RUN_FAULT || worker_lost(d)) {
		v->exit_status = EXIT_FAULT;
		reason_end(
		    run, "the harness itself failed, this says nothing about the device", v);
	} else if (run->end == RUN_INTERRUPTED) {
		v->exit_status = run->end_signal == SIGINT ? EXIT_SIGINT : EXIT_SIGTERM;
		reason_end(run,
		    "the run was interrupted before its end, no gate was crossed until then",
		    v);
	} else if (v->evidence.count > 0) {
		v->exit_status = incomplete_status(run);
		reason_gap(run, v);
	} else {
		v->exit_status = EXIT_PASS;
		reason_pass(run, d, v);
	}
	if (v->exit_status == EXIT_INCOMPLETE && v->gate_count == 0)
		v->exit_status = EXIT_FAULT;
	v->pass = v->exit_status == EXIT_PASS || v->exit_status == EXIT_INCOMPLETE;
}

void
verdict_eval(const struct run_result *run, int device, struct verdict *out)
{
	const struct device_result *d = run->device[device];
	char clean[sizeof(out->reason)];

	memset(out, 0, sizeof(*out));
	out->gate_count = gate_eval(&run->plan, d, out->gate);
	evidence_eval(run, d, &out->evidence);
	decide(run, d, out);
	text_utf8_clean(clean, sizeof(clean), out->reason, strlen(out->reason));
	text_copy(out->reason, sizeof(out->reason), clean);
}

void
verdict_fault(struct verdict *v, const char *why)
{
	size_t len = strlen(v->reason);

	if (v->exit_status != EXIT_FAIL && v->exit_status != EXIT_UNREACHABLE)
		v->exit_status = EXIT_FAULT;
	v->pass = false;
	snprintf(v->reason + len, sizeof(v->reason) - len, "; a fault of the harness: %.200s", why);
}
