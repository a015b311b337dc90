/* rest{} and ws{} of a scenario in the JSON report. */
#include "config.h"

#include "coordinator/report_load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/poison.h"

struct quantile {
	const char *name;
	int q_1e5;
};

static const struct quantile full[] = {
    {"p50", 50000}, {"p90", 90000}, {"p95", 95000}, {"p99", 99000}, {"p999", 99900}};
static const struct quantile phase[] = {{"p50", 50000}, {"p95", 95000}, {"p99", 99000}};
static const struct quantile kind_ms[] = {
    {"p50_ms", 50000}, {"p95_ms", 95000}, {"p99_ms", 99000}};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void
report_key(char *dst, size_t size, const char *prefix, const char *name)
{
	snprintf(dst, size, "%s_%s", prefix, name);
}

const char *
report_serial_port(const struct plan_device *pd, const struct device_result *d)
{
	if (d->serial_port[0] != '\0')
		return d->serial_port;
	if (pd->serial_port[0] == '\0' || strcmp(pd->serial_port, "auto") == 0 ||
	    strcmp(pd->serial_port, "none") == 0)
		return NULL;
	return pd->serial_port;
}

static void
put_ms(struct json_out *j, cJSON *o, const char *key, const struct histogram *h, int64_t us)
{
	if (histogram_count(h) == 0)
		json_out_null(j, o, key);
	else
		json_out_milli(j, o, key, us);
}

static void
put_quantiles(
    struct json_out *j, cJSON *o, const struct histogram *h, const struct quantile *q, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		put_ms(j, o, q[i].name, h, histogram_quantile(h, q[i].q_1e5));
}

static void
put_latency(struct json_out *j, cJSON *parent, const char *key, const struct histogram *h)
{
	cJSON *o = json_out_object(j, parent, key);

	put_quantiles(j, o, h, full, COUNT(full));
	put_ms(j, o, "max", h, histogram_max(h));
	put_ms(j, o, "mean", h, histogram_mean(h));
	json_out_i64(j, o, "samples", histogram_count(h));
}

static void
put_phases(struct json_out *j, cJSON *parent, const struct load_stats *l)
{
	cJSON *all = json_out_object(j, parent, "phases_ms"), *o;
	int i;

	for (i = 0; i < PHASE_COUNT; i++) {
		o = json_out_object(j, all, phase_names[i]);
		put_quantiles(j, o, l->phase[i], phase, COUNT(phase));
		put_ms(j, o, "max", l->phase[i], histogram_max(l->phase[i]));
		json_out_i64(j, o, "samples", histogram_count(l->phase[i]));
	}
}

static void
put_classes(struct json_out *j, cJSON *parent, const char *key, const int64_t *by_class)
{
	cJSON *o = json_out_object(j, parent, key);
	int i;

	for (i = OP_OK + 1; i < OP_CLASS_COUNT; i++)
		json_out_i64(j, o, op_class_names[i], by_class[i]);
}

static void
put_texts(struct json_out *j, cJSON *parent, const char *what, const struct texts *t, bool codes)
{
	cJSON *list, *o;
	char key[64];
	int i;

	report_key(key, sizeof(key), what, "texts");
	list = json_out_array(j, parent, key);

	for (i = 0; i < t->used; i++) {
		o = json_out_object(j, list, NULL);
		json_out_text(j, o, "text", t->at[i].text);
		if (codes)
			json_out_i64(j, o, "code", t->at[i].code);
		else
			json_out_text(j, o, "class", op_class_names[t->at[i].code]);
		json_out_i64(j, o, "count", t->at[i].count);
	}
	report_key(key, sizeof(key), what, "texts_other");
	json_out_i64(j, parent, key, t->other);
}

static void
put_kinds(struct json_out *j, cJSON *parent, const struct profile *p,
    const struct load_stats *l, enum load_kind kind, bool planned)
{
	cJSON *list = json_out_array(j, parent, kind == LOAD_REST ? "by_path" : "by_command"),
	      *o;
	int i, n = planned ? result_kind_count(p, kind) : 0;

	for (i = 0; i < n; i++) {
		o = json_out_object(j, list, NULL);
		json_out_text(
		    j, o, kind == LOAD_REST ? "path" : "command", result_kind_name(p, kind, i));
		json_out_i64(j, o, "calls", l->kind[i].calls);
		json_out_i64(j, o, "errors", l->kind[i].errors);
		put_quantiles(j, o, l->kind[i].service, kind_ms, COUNT(kind_ms));
	}
}

static void
put_ws(struct json_out *j, cJSON *o, const struct load_stats *l)
{
	cJSON *codes;
	char code[24];
	int i;

	json_out_i64(j, o, "connects", l->connects);
	json_out_i64(j, o, "connect_errors", l->connect_errors);
	put_classes(j, o, "connect_errors_by_class", l->connect_by_class);
	put_texts(j, o, "connect_error", &l->connect_texts, false);
	json_out_i64(j, o, "receives", l->receives);
	json_out_i64(j, o, "broadcasts", l->broadcasts);
	json_out_i64(j, o, "unmatched", l->unmatched);
	json_out_i64(j, o, "late", l->late);
	codes = json_out_object(j, o, "close_codes");
	for (i = 0; i < l->close_code_count; i++) {
		snprintf(code, sizeof(code), "%" PRId64, l->close_code[i].code);
		json_out_i64(j, codes, code, l->close_code[i].count);
	}
	json_out_i64(j, o, "close_codes_other", l->close_codes_other);
	put_texts(j, o, "close", &l->close_texts, true);
}

void
report_load_json(struct json_out *j, cJSON *parent, const struct plan *plan,
    const struct scenario_result *s, int i, enum load_kind kind)
{
	const struct load_stats *l = &s->load[kind];
	const struct scenario *p = &plan->profile.scenario[i];
	bool planned = p->rate_mhz[kind] != 0 && p->lanes[kind] > 0;
	cJSON *o = json_out_object(j, parent, load_names[kind]);

	if (l->planned < 0)
		json_out_null(j, o, "planned");
	else
		json_out_i64(j, o, "planned", l->planned);
	json_out_i64(j, o, "sent", l->sent);
	json_out_i64(j, o, "ok", l->ok);
	json_out_i64(j, o, "errors", l->errors);
	json_out_i64(j, o, "lost", l->lost);
	json_out_i64(j, o, "dropped_slots", l->dropped_slots);
	json_out_i64(j, o, "missed_slots", l->missed_slots);
	json_out_ratio(j, o, "achieved_hz", l->sent * US_PER_S, result_span_us(s));
	json_out_i64(j, o, "bytes", l->bytes);
	put_latency(j, o, "service_ms", l->service);
	put_latency(j, o, "response_ms", l->response);
	put_latency(j, o, "lateness_ms", l->lateness);
	put_phases(j, o, l);
	put_classes(j, o, "errors_by_class", l->by_class);
	if (kind == LOAD_REST)
		json_out_i64(j, o, "rejected_429", l->by_status_rejected);
	put_texts(j, o, "error", &l->texts, false);
	put_kinds(j, o, &plan->profile, l, kind, planned);
	if (kind == LOAD_WS)
		put_ws(j, o, l);
}
