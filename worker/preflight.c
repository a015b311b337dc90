#include "config.h"

#include "worker/preflight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/url.h"
#include "worker/exchange.h"
#include "worker/rest_url.h"
#include "shared/poison.h"

#define MEMBERS_MAX 32

struct preflight {
	struct link *link;
	const struct workplan *plan;
	struct exchange *exchange;
	char status_url[REST_URL_MAX], info_url[REST_URL_MAX];
	struct mono begun;
	int64_t latency_us;
	bool status_done;
	char learned[PROTO_TEXT_MAX + 1];
};

/* "GET http://user:***@host/…: connect: Connection refused" */
static void
report_failure(struct preflight *p, enum op_class class, const char *text)
{
	char masked[URL_MAX], line[PROTO_TEXT_MAX + 1];

	url_mask(masked, sizeof(masked), p->status_url);
	snprintf(line, sizeof(line), "GET %.120s: %s: %s", masked, op_class_names[class], text);
	link_ready(p->link, class, mono_sub(clock_mono(), p->begun), line);
}

/* How the preflight's line shows what was learned: value / scale, in whole numbers. */
static const struct {
	const char *before;
	int64_t scale;
	const char *behind;
} shown[METRIC_COUNT] = {
	[METRIC_UPTIME_MS] = {"up ", 1000, " s"},
	[METRIC_HEAP] = {"", 1, " bytes of heap free"},
	[METRIC_LARGEST] = {"largest block ", 1, ""},
	[METRIC_FPS_MILLI] = {"", 1000, " fps"},
	[METRIC_CPU_MILLI] = {"CPU ", 1000, "%"},
	[METRIC_RSSI_DBM] = {"RSSI ", 1, " dBm"},
	[METRIC_WS_CLIENTS] = {"WebSocket clients ", 1, ""},
};

static void
learn(struct preflight *p, const struct api_reply *r)
{
	int n = 0, m;

	link_nonsense(p->link, r->nonsense);
	for (m = 0; m < METRIC_COUNT; m++) {
		if ((r->seen & 1U << m) == 0 || n >= (int)sizeof(p->learned))
			continue;
		link_telemetry(p->link, p->begun, -1, (enum metric)m, r->value[m]);
		n += snprintf(p->learned + n, sizeof(p->learned) - (size_t)n, "%s%s%lld%s",
		    n == 0 ? "" : ", ", shown[m].before, (long long)(r->value[m] / shown[m].scale),
		    shown[m].behind);
	}
}

static void
member_cb(void *arg, const char *member)
{
	struct preflight *p = arg;

	link_event(p->link, -1, EV_DEVICE, 0, member);
}

static void
done_cb(void *arg, const struct exchange_result *r)
{
	struct preflight *p = arg;
	const char *body;
	size_t len;

	if (p->status_done) {
		body = exchange_body(p->exchange, &len);
		if (r->op_class == OP_OK)
			api_body_members(body, len, MEMBERS_MAX, member_cb, p);
		link_ready(p->link, OP_OK, p->latency_us, p->learned);
		return;
	}
	if (r->op_class != OP_OK) {
		report_failure(p, r->op_class, r->text);
		return;
	}
	p->status_done = true;
	p->latency_us = mono_sub(clock_mono(), p->begun);
	learn(p, &r->reply);
	if (exchange_start(p->exchange, p->info_url, NULL, NULL) == -1)
		link_ready(p->link, OP_OK, p->latency_us, p->learned);
}

struct preflight *
preflight_start(struct multi *multi, struct link *link, const struct workplan *plan, struct err *e)
{
	struct preflight *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	p->link = link;
	p->plan = plan;
	rest_url(p->status_url, plan->url, "device/status");
	rest_url(p->info_url, plan->url, "device/info");
	p->exchange = exchange_new(multi, plan, plan->preflight_timeout_ms, done_cb, p, e);
	p->begun = clock_mono();
	if (p->exchange == NULL || exchange_start(p->exchange, p->status_url, NULL, e) == -1) {
		preflight_free(p);
		return NULL;
	}
	return p;
}

void
preflight_free(struct preflight *p)
{
	if (p == NULL)
		return;
	exchange_free(p->exchange);
	free(p);
}
