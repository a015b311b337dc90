/*
 * The JSON report, "lwstress-report/1": the fields of lwstress-report(5) in their order, which
 * lwstress-report.schema.json describes. A pure function of the result: no clock but the zone.
 */
#include "config.h"

#include "coordinator/report.h"

#include <string.h>

#include "coordinator/json_out.h"
#include "coordinator/report_load.h"
#include "shared/clock.h"
#include "shared/reset_reason.h"
#include "shared/poison.h"

#define SCHEMA_NAME "lwstress-report/1"

struct report {
	const struct run_result *run;
	const struct plan *plan;
	const struct device_result *d;
	int device;
	const struct verdict *v;
	struct json_out *j;
};

static const char *
scenario_name(const struct report *r, int i)
{
	return r->plan->profile.scenario[i].name;
}

static void
put_scenario(const struct report *r, cJSON *o, int i)
{
	if (i >= 0 && i < r->plan->profile.scenario_count)
		json_out_text(r->j, o, "scenario", scenario_name(r, i));
	else
		json_out_null(r->j, o, "scenario");
}

/* A moment in seconds since the start of the run. */
static void
put_moment(const struct report *r, cJSON *o, const char *key, int64_t at_us)
{
	if (at_us < 0)
		json_out_null(r->j, o, key);
	else
		json_out_milli(r->j, o, key, (at_us - r->plan->mono_us) / US_PER_MS);
}

static void
put_stamp(const struct report *r, cJSON *o, const char *key, int64_t wall_us)
{
	char iso[40];

	if (wall_us < 0) {
		json_out_null(r->j, o, key);
		return;
	}
	clock_iso8601(iso, sizeof(iso), wall_us);
	json_out_text(r->j, o, key, iso);
}

static void
put_head(const struct report *r)
{
	const struct plan_device *pd = &r->plan->device[r->device];
	cJSON *root = r->j->root, *tool;
	const char *port = report_serial_port(pd, r->d);
	char local[32];

	json_out_text(r->j, root, "schema", SCHEMA_NAME);
	tool = json_out_object(r->j, root, "tool");
	json_out_text(r->j, tool, "name", "lwstress");
	json_out_text(r->j, tool, "version", r->plan->tool_version);
	clock_local(local, sizeof(local), "%Y-%m-%d %H:%M:%S", r->plan->wall_us);
	json_out_text(r->j, root, "timestamp", local);
	put_stamp(r, root, "started_at", r->plan->wall_us);
	put_stamp(r, root, "ended_at", r->run->end_wall_us);
	json_out_text(r->j, root, "host", pd->url);
	json_out_text(r->j, root, "ws_url", pd->ws_url);
	if (port == NULL)
		json_out_null(r->j, root, "serial_port");
	else
		json_out_text(r->j, root, "serial_port", port);
	json_out_text(r->j, root, "profile", r->plan->profile.name);
	json_out_bool(r->j, root, "scenario_duration_overridden", r->plan->duration_overridden);
	json_out_text(r->j, root, "overall", r->v->pass ? "PASS" : "FAIL");
	json_out_i64(r->j, root, "exit_code", r->v->exit_status);
	json_out_text(r->j, root, "exit_reason", r->v->reason);
	json_out_bool(r->j, root, "interrupted", r->run->end == RUN_INTERRUPTED);
	json_out_bool(r->j, root, "complete", r->run->end != RUN_ON);
}

static void
put_evidence(const struct report *r)
{
	const struct evidence *e = &r->v->evidence;
	cJSON *o = json_out_object(r->j, r->j->root, "evidence"), *list, *g;
	int i;

	json_out_bool(r->j, o, "complete", e->count == 0);
	list = json_out_array(r->j, o, "gaps");
	for (i = 0; i < e->count; i++) {
		g = json_out_object(r->j, list, NULL);
		put_scenario(r, g, e->gap[i].scenario);
		json_out_text(r->j, g, "what", e->gap[i].what);
		json_out_text(r->j, g, "detail", e->gap[i].detail);
	}
	json_out_i64(r->j, o, "gaps_other", e->other);
}

static void
put_gate(const struct report *r, cJSON *list, const struct gate *g)
{
	cJSON *o = json_out_object(r->j, list, NULL);
	void (*put)(struct json_out *, cJSON *, const char *, int64_t) =
	    g->is_rate ? json_out_micro : json_out_i64;

	json_out_text(r->j, o, "name", g->name);
	put_scenario(r, o, g->scenario);
	json_out_text(r->j, o, "metric", g->metric);
	put(r->j, o, "limit", g->limit);
	if (g->samples == 0)
		json_out_null(r->j, o, "observed");
	else
		put(r->j, o, "observed", g->observed);
	json_out_i64(r->j, o, "samples", g->samples);
	json_out_bool(r->j, o, "ok", g->ok);
	if (g->blame[0] == '\0')
		json_out_null(r->j, o, "blame");
	else
		json_out_text(r->j, o, "blame", g->blame);
}

/* heap_samples heap_min heap_max heap_avg, largest_… */
static void
put_heap_flat(const struct report *r, cJSON *o, const char *prefix, const struct series *s)
{
	static const char *const parts[] = {"samples", "min", "max", "avg"};
	char key[4][32];
	int i;

	for (i = 0; i < 4; i++)
		report_key(key[i], sizeof(key[i]), prefix, parts[i]);
	json_out_i64(r->j, o, key[0], s->samples);
	if (s->samples == 0) {
		for (i = 1; i < 4; i++)
			json_out_null(r->j, o, key[i]);
		return;
	}
	json_out_i64(r->j, o, key[1], s->min);
	json_out_i64(r->j, o, key[2], s->max);
	json_out_ratio(r->j, o, key[3], s->sum, s->samples);
}

static void
put_quantile(
    const struct report *r, cJSON *o, const char *key, const struct histogram *h, int q)
{
	if (histogram_count(h) == 0)
		json_out_null(r->j, o, key);
	else
		json_out_milli(r->j, o, key, histogram_quantile(h, q));
}

static const char *
scenario_state(const struct scenario_result *s)
{
	if (!s->started)
		return "not_started";
	if (s->interrupted)
		return "interrupted";
	return s->ended ? "done" : "running";
}

/* The flat names, stable since the harness's first form. */
static void
put_flat(const struct report *r, cJSON *o, int i)
{
	const struct scenario_result *s = &r->d->scenario[i];
	const struct load_stats *rest = &s->load[LOAD_REST], *ws = &s->load[LOAD_WS];

	json_out_text(r->j, o, "name", scenario_name(r, i));
	json_out_text(r->j, o, "state", scenario_state(s));
	json_out_milli(
	    r->j, o, "duration_s", r->plan->profile.scenario[i].duration_us / US_PER_MS);
	if (result_span_us(s) < 0)
		json_out_null(r->j, o, "actual_s");
	else
		json_out_milli(r->j, o, "actual_s", result_span_us(s) / US_PER_MS);
	json_out_i64(r->j, o, "rest_calls", rest->ok + rest->errors);
	json_out_i64(r->j, o, "rest_errors", rest->errors);
	json_out_i64(r->j, o, "ws_messages", ws->ok + ws->errors);
	json_out_i64(r->j, o, "ws_errors", ws->errors + ws->connect_errors);
	json_out_i64(r->j, o, "ws_connects", ws->connects);
	json_out_i64(r->j, o, "ws_receives", ws->receives);
	put_quantile(r, o, "rest_p50_ms", rest->service, 50000);
	put_quantile(r, o, "rest_p95_ms", rest->service, 95000);
	put_quantile(r, o, "ws_p50_ms", ws->service, 50000);
	put_quantile(r, o, "ws_p95_ms", ws->service, 95000);
	json_out_i64(r->j, o, "serial_lines", s->serial.lines);
	json_out_i64(r->j, o, "shedding_lines", s->serial.shedding_lines);
	json_out_i64(r->j, o, "ws_diag_lines", s->serial.ws_diag_lines);
	put_heap_flat(r, o, "heap", &s->heap[HEAP_SERIAL]);
	put_heap_flat(r, o, "largest", &s->heap[HEAP_SERIAL_LARGEST]);
	json_out_i64(r->j, o, "uptime_resets", s->uptime_resets);
	json_out_i64(r->j, o, "fatal_lines", s->serial.fatal_lines);
}

static void
put_heaps(const struct report *r, cJSON *parent, const struct scenario_result *s)
{
	cJSON *all = json_out_object(r->j, parent, "heap"), *o;
	const struct series *h;
	int i;

	for (i = 0; i < HEAP_COUNT; i++) {
		h = &s->heap[i];
		o = json_out_object(r->j, all, heap_names[i]);
		json_out_i64(r->j, o, "samples", h->samples);
		if (h->samples == 0) {
			json_out_null(r->j, o, "min");
			json_out_null(r->j, o, "max");
			json_out_null(r->j, o, "avg");
			json_out_null(r->j, o, "first");
			json_out_null(r->j, o, "last");
			continue;
		}
		json_out_i64(r->j, o, "min", h->min);
		json_out_i64(r->j, o, "max", h->max);
		json_out_ratio(r->j, o, "avg", h->sum, h->samples);
		json_out_i64(r->j, o, "first", h->first);
		json_out_i64(r->j, o, "last", h->last);
	}
}

static void
put_results(const struct report *r)
{
	cJSON *list = json_out_array(r->j, r->j->root, "results"), *o;
	int i, k;

	for (i = 0; i < r->plan->profile.scenario_count; i++) {
		o = json_out_object(r->j, list, NULL);
		put_flat(r, o, i);
		for (k = 0; k < LOAD_COUNT; k++)
			report_load_json(r->j, o, r->plan, &r->d->scenario[i], i, k);
		report_serial_json(r->j, o, r->plan, r->device, r->d, i);
		put_heaps(r, o, &r->d->scenario[i]);
	}
}

static void
put_reboot(const struct report *r, cJSON *list, const struct reboot *b)
{
	cJSON *o = json_out_object(r->j, list, NULL), *a;
	int i;

	put_moment(r, o, "at_s", b->boot_us);
	put_moment(r, o, "seen_s", b->seen_us);
	put_scenario(r, o, b->scenario);
	if (b->reset_reason < 0) {
		json_out_null(r->j, o, "reset_reason");
		json_out_null(r->j, o, "reset_reason_text");
	} else {
		json_out_i64(r->j, o, "reset_reason", b->reset_reason);
		json_out_text(r->j, o, "reset_reason_text", reset_reason_words(b->reset_reason));
	}
	a = json_out_array(r->j, o, "sources");
	for (i = 0; i < SAW_COUNT; i++)
		if (b->sources & 1u << i)
			json_out_text(r->j, a, NULL, reboot_source_names[i]);
	json_out_bool(r->j, o, "harness_caused", b->harness_caused);
	a = json_out_array(r->j, o, "lines");
	for (i = 0; i < b->line_count; i++)
		json_out_text(r->j, a, NULL, b->line[i] == NULL ? "" : b->line[i]);
	json_out_i64(r->j, o, "lines_cut", b->lines_cut);
}

static void
put_worker(const struct report *r, cJSON *list, const struct worker_life *w)
{
	cJSON *o = json_out_object(r->j, list, NULL);
	char exit_text[48];

	json_out_text(r->j, o, "role", role_names[w->role]);
	json_out_i64(r->j, o, "generation", w->generation);
	json_out_i64(r->j, o, "pid", w->pid);
	put_moment(r, o, "start_s", w->start_us);
	put_moment(r, o, "end_s", w->end_us);
	result_exit_text(exit_text, sizeof(exit_text), w->exit_status);
	if (w->end_us < 0 && w->exit_status < 0)
		json_out_null(r->j, o, "exit");
	else
		json_out_text(r->j, o, "exit", exit_text);
	json_out_bool(r->j, o, "wanted_exit", w->wanted_exit);
	if (w->reason[0] == '\0')
		json_out_null(r->j, o, "reason");
	else
		json_out_text(r->j, o, "reason", w->reason);
	json_out_i64(r->j, o, "restarts", r->d->worker[w->role].restarts);
	json_out_i64(r->j, o, "frames", w->frames);
	json_out_i64(r->j, o, "holes", w->holes);
	json_out_i64(r->j, o, "frames_dropped", w->counters.frames_dropped);
	json_out_i64(r->j, o, "ops_begun", w->begun);
	json_out_i64(r->j, o, "ops_ended", w->ended);
	json_out_i64(r->j, o, "lost_ops", w->lost_ops);
	json_out_i64(r->j, o, "rss_kb", w->counters.rss_kb);
	json_out_milli(r->j, o, "cpu_ms", w->counters.cpu_us);
}

static void
put_preflight(const struct report *r)
{
	cJSON *list = json_out_array(r->j, r->j->root, "preflight"), *o;
	const struct worker_total *w;
	int i;

	for (i = 0; i < ROLE_COUNT; i++) {
		w = &r->d->worker[i];
		if (!w->used || !w->ready)
			continue;
		o = json_out_object(r->j, list, NULL);
		json_out_text(r->j, o, "role", role_names[i]);
		json_out_bool(r->j, o, "ok", w->ready_ok);
		json_out_text(r->j, o, "class", op_class_names[w->ready_class]);
		json_out_milli(r->j, o, "latency_ms", w->ready_latency_us);
		json_out_text(r->j, o, "text", w->ready_text);
	}
}

static void
put_sandbox(const struct report *r)
{
	cJSON *o = json_out_object(r->j, r->j->root, "sandbox");
	const struct worker_total *w;
	int i;

	for (i = 0; i < ROLE_COUNT; i++) {
		w = &r->d->worker[i];
		if (w->sandbox[0] == '\0')
			json_out_null(r->j, o, role_names[i]);
		else
			json_out_text(r->j, o, role_names[i], w->sandbox);
	}
}

static void
put_lists(const struct report *r)
{
	cJSON *root = r->j->root, *list;
	int i;

	list = json_out_array(r->j, root, "reboots");
	for (i = 0; i < r->d->reboot_count; i++)
		put_reboot(r, list, &r->d->reboot[i]);
	json_out_i64(r->j, root, "reboots_other", r->d->reboots_other);
	report_silences_json(r->j, root, r->plan, r->d);
	list = json_out_array(r->j, root, "workers");
	for (i = 0; i < r->d->life_count; i++)
		put_worker(r, list, &r->d->life[i]);
	json_out_i64(r->j, root, "workers_other", r->d->lives_other);
	put_sandbox(r);
	put_preflight(r);
	list = json_out_array(r->j, root, "notes");
	for (i = 0; i < r->d->note_count; i++)
		json_out_text(r->j, list, NULL, r->d->note[i]);
	json_out_i64(r->j, root, "notes_other", r->d->notes_other);
}

/* The device names the keys: the first of each name counts. */
static void
put_device(const struct report *r)
{
	cJSON *o = json_out_object(r->j, r->j->root, "device");
	int i, k;

	for (i = 0; i < r->d->info_count; i++) {
		for (k = 0; k < i; k++)
			if (strcmp(r->d->info[k].key, r->d->info[i].key) == 0)
				break;
		if (k == i)
			json_out_text(r->j, o, r->d->info[i].key, r->d->info[i].value);
	}
}

static void
put_environment(const struct report *r)
{
	cJSON *o = json_out_object(r->j, r->j->root, "environment"), *t;

	json_out_text(r->j, o, "os", r->plan->os);
	json_out_bool(r->j, o, "simulated", r->plan->simulated);
	if (r->plan->simulated)
		json_out_text(r->j, o, "faults", r->plan->simulate);
	else
		json_out_null(r->j, o, "faults");
	json_out_bool(r->j, o, "serial_only", r->plan->serial_only);
	json_out_bool(r->j, o, "allow_incomplete", r->plan->allow_incomplete);
	json_out_bool(r->j, o, "insecure", r->plan->insecure);
	json_out_bool(r->j, o, "fresh_connections", r->plan->fresh_connections);
	if (r->plan->proxy[0] != '\0')
		json_out_text(r->j, o, "proxy", r->plan->proxy);
	else
		json_out_null(r->j, o, "proxy");
	t = json_out_object(r->j, o, "timeouts_ms");
	json_out_i64(r->j, t, "rest", r->plan->rest_timeout_ms);
	json_out_i64(r->j, t, "connect", r->plan->connect_timeout_ms);
	json_out_i64(r->j, t, "ws", r->plan->ws_timeout_ms);
	json_out_i64(r->j, t, "preflight", r->plan->preflight_timeout_ms);
}

static void
put_timeline(const struct report *r)
{
	const struct timeline *t = &r->d->timeline;
	cJSON *o = json_out_object(r->j, r->j->root, "timeline"), *all, *list;
	int i, k;

	json_out_milli(r->j, o, "step_s", t->step_us / US_PER_MS);
	if (t->points == 0)
		json_out_null(r->j, o, "start_s");
	else
		put_moment(r, o, "start_s", t->start_us);
	all = json_out_object(r->j, o, "series");
	for (k = 0; k < TL_COUNT; k++) {
		list = json_out_array(r->j, all, timeline_names[k]);
		for (i = 0; i < t->points; i++) {
			if (k == TL_HEAP_MIN && t->value[k][i] < 0)
				json_out_null(r->j, list, NULL);
			else
				json_out_i64(r->j, list, NULL, t->value[k][i]);
		}
	}
}

char *
report_json(const struct run_result *run, int device, const struct verdict *v)
{
	struct json_out j;
	struct report r = {run, &run->plan, run->device[device], device, v, &j};
	cJSON *list;
	int i;

	json_out_init(&j);
	put_head(&r);
	put_evidence(&r);
	list = json_out_array(&j, j.root, "gates");
	for (i = 0; i < v->gate_count; i++)
		put_gate(&r, list, &v->gate[i]);
	put_results(&r);
	put_lists(&r);
	put_device(&r);
	put_environment(&r);
	put_timeline(&r);
	return json_out_finish(&j);
}
