/* The console in the JSON report: serial{} of a scenario, and the times when it was silent. */
#include "config.h"

#include "coordinator/report_load.h"

#include "shared/clock.h"
#include "shared/poison.h"

static void
put_moment(struct json_out *j, cJSON *o, const char *key, const struct plan *plan, int64_t at_us)
{
	if (at_us < 0)
		json_out_null(j, o, key);
	else
		json_out_milli(j, o, key, (at_us - plan->mono_us) / US_PER_MS);
}

static void
put_warnings(struct json_out *j, cJSON *parent, const struct serial_stats *c)
{
	static const char *const keys[WARNING_COUNT] = {
	    [WARNING_CORRUPTION] = "heap_corruption", [WARNING_MALLOC] = "malloc_failed"};
	cJSON *o = json_out_object(j, parent, "warnings");
	int i;

	for (i = 0; i < WARNING_COUNT; i++)
		json_out_i64(j, o, keys[i], c->warnings[i]);
}

static void
put_shedding(struct json_out *j, cJSON *parent, const struct serial_stats *c)
{
	cJSON *o = json_out_object(j, parent, "shedding");

	json_out_milli(j, o, "duration_s", c->shed_us / US_PER_MS);
	if (!c->shed_known)
		json_out_null(j, o, "last");
	else
		json_out_text(j, o, "last", c->shedding ? "on" : "off");
}

enum which { FIRST, LAST, COUNTED };

static void
put_counters(struct json_out *j, cJSON *parent, const struct ws_diag *w, enum which which)
{
	static const char *const names[] = {"first", "last", "counted"};
	cJSON *o = json_out_object(j, parent, names[which]);
	const struct diag_counter *c;
	int i;

	for (i = 0; i < w->count; i++) {
		c = &w->counter[i];
		if (which != COUNTED || !result_diag_is_gauge(c))
			json_out_i64(j, o, c->name,
			    which == FIRST  ? c->first
			    : which == LAST ? c->last
					    : c->counted);
	}
}

static void
put_ws_diag(struct json_out *j, cJSON *parent, const struct plan *plan, const struct serial_stats *c)
{
	const struct ws_diag *w = &c->ws_diag;
	cJSON *o, *seen;
	int i;

	if (c->ws_diag_lines == 0) {
		json_out_null(j, parent, "ws_diag");
		return;
	}
	o = json_out_object(j, parent, "ws_diag");
	put_moment(j, o, "from_s", plan, w->from_us);
	put_moment(j, o, "to_s", plan, w->to_us);
	for (i = FIRST; i <= COUNTED; i++)
		put_counters(j, o, w, (enum which)i);
	seen = json_out_object(j, o, "worker");
	json_out_i64(j, seen, "connects", w->seen.connects);
	json_out_i64(j, seen, "rejected", w->seen.rejected);
	json_out_i64(j, seen, "closes", w->seen.closes);
}

static void
put_gaps(struct json_out *j, cJSON *parent, const struct plan *plan, const struct serial_stats *c)
{
	cJSON *list = json_out_array(j, parent, "gaps"), *g;
	int i;

	for (i = 0; i < c->gap_count; i++) {
		g = json_out_object(j, list, NULL);
		put_moment(j, g, "from_s", plan, c->gap[i].from_us);
		put_moment(j, g, "to_s", plan, c->gap[i].to_us);
	}
	json_out_i64(j, parent, "gaps_other", c->gaps_other);
}

void
report_serial_json(struct json_out *j, cJSON *parent, const struct plan *plan, int device,
    const struct device_result *d, int i)
{
	const struct scenario_result *s = &d->scenario[i];
	const struct serial_stats *c = &s->serial;
	cJSON *o = json_out_object(j, parent, "serial");

	json_out_i64(j, o, "lines", c->lines);
	json_out_i64(j, o, "bytes", c->bytes);
	json_out_i64(j, o, "opens", c->opens);
	if (report_serial_port(&plan->device[device], d) == NULL)
		json_out_null(j, o, "held_ratio");
	else
		json_out_ratio(j, o, "held_ratio", c->held_us, result_span_us(s));
	json_out_i64(j, o, "truncated_lines", c->truncated);
	json_out_i64(j, o, "unlogged_lines", c->unlogged);
	json_out_i64(j, o, "warning_lines", c->warning_lines);
	put_warnings(j, o, c);
	put_shedding(j, o, c);
	put_ws_diag(j, o, plan, c);
	put_gaps(j, o, plan, c);
}

void
report_silences_json(struct json_out *j, cJSON *root, const struct plan *plan,
    const struct device_result *d)
{
	cJSON *list = json_out_array(j, root, "silences"), *o;
	const struct silence *s;
	int i;

	for (i = 0; i < d->silence_count; i++) {
		s = &d->silence[i];
		o = json_out_object(j, list, NULL);
		put_moment(j, o, "from_s", plan, s->from_us);
		put_moment(j, o, "to_s", plan, s->to_us);
		json_out_bool(j, o, "resumed", s->resumed);
		if (s->scenario == -1)
			json_out_null(j, o, "scenario");
		else
			json_out_text(j, o, "scenario", plan->profile.scenario[s->scenario].name);
		json_out_text(j, o, "state", silence_names[result_silence_state(s)]);
		put_moment(j, o, "last_answer_s", plan, s->last_answer_us);
	}
	json_out_i64(j, root, "silences_other", d->silences_other);
}
