/* Telemetry, events and console lines: heap series, sessions, the serial console, reboots. */
#include "config.h"

#include "coordinator/aggregate_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/indicator.h"
#include "shared/reset_reason.h"
#include "shared/text.h"
#include "shared/poison.h"

#define HARNESS_RESET_US INT64_C(3000000)	/* device contract: within 3 s of our own open */
#define UPTIME_MAX_MS (INT64_C(100) * 366 * 86400 * 1000)
#define COUNT_MAX INT64_C(1000000000)	/* in one event; a worker tells many times a minute */
#define PANIC_US INT64_C(30000000)	/* a crash prints its block and begins again within this time */

/*
 * Where a worker's message counts: the scenario it names if that one has started; what happens before
 * the first counts in the first, what happens between two counts in the one before.
 */
static int
index_of(struct aggregate *a, int device, int64_t scenario)
{
	struct device_result *d = a->run.device[device];
	int last = a->device[device].last_started;

	if (scenario < 0 || scenario >= a->run.plan.profile.scenario_count ||
	    !d->scenario[scenario].started)
		return last == -1 ? 0 : last;
	return (int)scenario;
}

static struct scenario_result *
scenario_of(struct aggregate *a, int device, int64_t scenario)
{
	return &a->run.device[device]->scenario[index_of(a, device, scenario)];
}

/* Sessions serve the scenarios with WebSocket load: what happens to them elsewhere counts in the next such. */
static struct load_stats *
ws_load_of(struct aggregate *a, int device, int64_t scenario)
{
	const struct profile *p = &a->run.plan.profile;
	int at = index_of(a, device, scenario), i = at;

	while (i < p->scenario_count && p->scenario[i].rate_mhz[LOAD_WS] == 0)
		i++;
	if (i == p->scenario_count)
		for (i = at; i > 0 && p->scenario[i].rate_mhz[LOAD_WS] == 0; i--)
			;
	return &a->run.device[device]->scenario[i].load[LOAD_WS];
}

static void
series_add(struct series *s, int64_t v)
{
	if (s->samples == 0)
		s->first = s->min = s->max = v;
	if (v < s->min)
		s->min = v;
	if (v > s->max)
		s->max = v;
	s->last = v;
	s->sum += v;
	s->samples++;
}

static const int heap_of_role[ROLE_COUNT] = {HEAP_REST, HEAP_WS, HEAP_SERIAL};
static const enum reboot_source clock_of_role[ROLE_COUNT] = {SAW_REST, SAW_WS, SAW_LOG_CLOCK};

static void
add_heap(struct aggregate *a, const struct record *r, int which)
{
	const struct msg_telemetry *m = &r->msg.u.telemetry;
	struct scenario_result *s = scenario_of(a, r->device, m->scenario);

	series_add(&s->heap[which], m->value);
	if (which != HEAP_SERIAL_LARGEST)
		timeline_add(&a->run.device[r->device]->timeline, TL_HEAP_MIN, m->at_us, m->value);
}

/* The console shows a new beginning: the crash before it has been told, and nothing is shed. */
static void
device_booted(struct aggregate *a, int device, int64_t at_us)
{
	a->device[device].panic = -1;
	if (a->device[device].console.shed_us != -1)
		aggregate_console_shed(a, device, at_us, false);
}

int
aggregate_telemetry(struct aggregate *a, const struct record *r, struct err *e)
{
	const struct msg_telemetry *m = &r->msg.u.telemetry;
	struct device_state *s = &a->device[r->device];
	int i;

	if (m->metric == METRIC_HEAP || m->metric == METRIC_LARGEST) {
		if (m->value < 0 || m->value > UINT32_MAX)
			return err_set(e, "TELEMETRY: %s of %lld bytes", metric_names[m->metric],
			    (long long)m->value);
		if (m->metric == METRIC_HEAP)
			add_heap(a, r, heap_of_role[r->role]);
		else if (r->role == ROLE_SERIAL)
			add_heap(a, r, HEAP_SERIAL_LARGEST);
	} else if (m->metric == METRIC_UPTIME_MS) {
		if (m->value < 0 || m->value > UPTIME_MAX_MS)
			return err_set(e, "TELEMETRY: uptime of %lld ms", (long long)m->value);
		scenario_of(a, r->device, m->scenario)->clock_readings++;
		i = reboot_uptime(&s->reboots, a->run.device[r->device], clock_of_role[r->role],
		    m->at_us, m->value, s->running);
		if (i != -1 && r->role == ROLE_SERIAL)
			device_booted(a, r->device, m->at_us);
	}
	return 0;
}

static void
count_close(struct load_stats *l, int64_t code)
{
	int i;

	for (i = 0; i < l->close_code_count; i++)
		if (l->close_code[i].code == code)
			break;
	if (i == RESULT_CLOSE_CODES_MAX) {
		l->close_codes_other++;
		return;
	}
	if (i == l->close_code_count) {
		l->close_code[i].code = code;
		l->close_code_count++;
	}
	l->close_code[i].count++;
}

static void
ws_event(struct load_stats *l, const struct msg_event *m)
{
	switch ((enum event_kind)m->kind) {
	case EV_WS_CONNECT_OK:
		l->connects++;
		break;
	case EV_WS_CONNECT_FAIL:
		l->connect_errors++;
		if (m->value < 0 || m->value >= OP_CLASS_COUNT)
			break;
		l->connect_by_class[m->value]++;
		aggregate_text(&l->connect_texts, m->value, m->text);
		break;
	case EV_WS_CLOSE:
		count_close(l, m->value);
		aggregate_text(&l->close_texts, m->value, m->text);
		break;
	case EV_WS_BROADCAST:
		l->broadcasts += m->value;
		break;
	case EV_WS_UNMATCHED:
		l->unmatched += m->value;
		l->receives += m->value;
		break;
	case EV_WS_LATE:
		l->late += m->value;
		l->receives += m->value;
		break;
	default:
		break;
	}
}

static void
add_info(struct device_result *d, const char *text)
{
	const char *eq = strchr(text, '=');
	struct info *info;
	size_t len;
	int i;

	if (eq == NULL)
		return;
	len = (size_t)(eq - text);
	for (i = 0; i < d->info_count; i++)
		if (strncmp(d->info[i].key, text, len) == 0 && d->info[i].key[len] == '\0')
			return;
	if (d->info_count == RESULT_INFO_MAX || len >= sizeof(d->info[0].key))
		return;
	info = &d->info[d->info_count++];
	memcpy(info->key, text, len);
	info->key[len] = '\0';
	text_copy(info->value, sizeof(info->value), eq + 1);
}

/* The serial console. */

void
aggregate_serial_settle(struct aggregate *a, int device, int64_t at_us)
{
	struct device_state *s = &a->device[device];
	struct scenario_result *sr = scenario_of(a, device, s->running);
	int64_t from;

	if (s->serial_open_us == -1 || s->running == -1)
		return;
	from = s->serial_open_us > sr->start_us ? s->serial_open_us : sr->start_us;
	if (at_us > from)
		sr->serial.held_us += at_us - from;
	if (at_us > s->serial_open_us)
		s->serial_open_us = at_us;
}

static void
serial_opened(struct aggregate *a, const struct record *r, const char *text)
{
	const struct msg_event *m = &r->msg.u.event;
	struct device_state *s = &a->device[r->device];
	struct device_result *d = a->run.device[r->device];
	struct scenario_result *sr = scenario_of(a, r->device, s->running);

	text_copy(d->serial_port, sizeof(d->serial_port), text);
	sr->serial.opens++;
	if (sr->serial.gap_count > 0 && sr->serial.gap[sr->serial.gap_count - 1].to_us == -1)
		sr->serial.gap[sr->serial.gap_count - 1].to_us = m->at_us;
	s->serial_open_us = s->harness_open_us = m->at_us;
	aggregate_console_opened(a, r->device, m->at_us);
}

void
aggregate_serial_gap(struct aggregate *a, int device, int64_t at_us)
{
	struct scenario_result *sr = scenario_of(a, device, a->device[device].running);

	if (a->device[device].running == -1)
		return;
	if (sr->serial.gap_count == RESULT_GAPS_MAX) {
		sr->serial.gaps_other++;
		return;
	}
	sr->serial.gap[sr->serial.gap_count++] = (struct gap){at_us, -1};
}

void
aggregate_serial_close(struct aggregate *a, int device, int64_t at_us)
{
	if (a->device[device].serial_open_us == -1)
		return;
	aggregate_serial_settle(a, device, at_us);
	a->device[device].serial_open_us = -1;
	aggregate_console_closed(a, device, at_us);
	aggregate_serial_gap(a, device, at_us);
}

/* A crash whose next boot was never told is over after a while. */
static void
panic_expire(struct aggregate *a, int device, int64_t at_us)
{
	int *panic = &a->device[device].panic;

	if (*panic != -1 && at_us - a->run.device[device]->reboot[*panic].seen_us > PANIC_US)
		*panic = -1;
}

static void
add_panic_line(struct aggregate *a, int device, struct span text)
{
	struct reboot *r = &a->run.device[device]->reboot[a->device[device].panic];
	char clean[2048];
	size_t len;

	if (r->line_count == RESULT_REBOOT_LINES_MAX) {
		r->lines_cut++;
		return;
	}
	len = text_printable(clean, sizeof(clean), text.p, text.len);
	r->line[r->line_count] = malloc(len + 1);
	if (r->line[r->line_count] != NULL)
		memcpy(r->line[r->line_count++], clean, len + 1);
}

static void
serial_fatal(struct aggregate *a, const struct record *r)
{
	struct device_state *s = &a->device[r->device];
	struct scenario_result *sr = scenario_of(a, r->device, s->running);
	const struct msg_event *m = &r->msg.u.event;

	if (m->value == FATAL_RST && s->own_reset)
		return;
	sr->serial.fatal_lines++;
	panic_expire(a, r->device, m->at_us);
	if (s->panic != -1 || m->value == FATAL_RST || m->value == FATAL_USER)
		return;
	s->panic = reboot_seen(a->run.device[r->device], SAW_FATAL, m->at_us, s->running);
	if (s->panic == -1)
		return;
	/* An event's text is cut where a line's is not. */
	if (m->text.len + 4 < PROTO_TEXT_MAX)
		add_panic_line(a, r->device, m->text);
	else
		add_panic_line(a, r->device, (struct span){s->console.line, s->console.line_len});
}

/* A reset line ends the panic block; ours (just after we opened the port) is noted, not gated. */
static void
serial_reset(struct aggregate *a, const struct record *r)
{
	const struct msg_event *m = &r->msg.u.event;
	struct device_state *s = &a->device[r->device];
	struct device_result *d = a->run.device[r->device];
	bool ours = reset_reason_by_open(m->value) && s->harness_open_us != -1 &&
	    m->at_us - s->harness_open_us <= HARNESS_RESET_US;
	int i;

	s->own_reset = ours;
	panic_expire(a, r->device, m->at_us);
	i = s->panic != -1 ? s->panic
			   : reboot_seen(d, SAW_RESET_LINE, m->at_us, s->running);
	device_booted(a, r->device, m->at_us);
	if (i == -1)
		return;
	d->reboot[i].sources |= 1U << SAW_RESET_LINE;
	d->reboot[i].reset_reason = (int)m->value;
	d->reboot[i].boot_us = m->at_us;
	d->reboot[i].harness_caused = ours;
}

static void
serial_event(struct aggregate *a, const struct record *r, const char *text)
{
	const struct msg_event *m = &r->msg.u.event;
	struct scenario_result *sr = scenario_of(a, r->device, m->scenario);
	struct serial_stats *st = &sr->serial;

	switch ((enum event_kind)m->kind) {
	case EV_SERIAL_OPEN:
		serial_opened(a, r, text);
		break;
	case EV_SERIAL_CLOSE:
		aggregate_serial_close(a, r->device, m->at_us);
		break;
	case EV_SERIAL_SHED:
		st->shedding_lines++;
		aggregate_console_shed(a, r->device, m->at_us, m->value != 0);
		break;
	case EV_SERIAL_FATAL:
		serial_fatal(a, r);
		break;
	case EV_SERIAL_RESET:
		serial_reset(a, r);
		break;
	case EV_SERIAL_WS_DIAG:
		aggregate_console_ws_diag(a, r->device, (int)(sr - a->run.device[r->device]->scenario), m);
		break;
	case EV_SERIAL_WARNING:
		st->warning_lines++;
		if (m->value >= 0 && m->value < WARNING_COUNT)
			st->warnings[m->value]++;
		break;
	case EV_SERIAL_LINES:
		st->lines += m->value;
		aggregate_console_heard(a, r->device, m->at_us);
		break;
	case EV_SERIAL_BYTES:
		st->bytes += m->value;
		break;
	case EV_SERIAL_TRUNCATED:
		st->truncated += m->value;
		break;
	case EV_SERIAL_UNLOGGED:
		st->unlogged += m->value;
		break;
	default:
		break;
	}
}

static bool
kind_counts(int64_t kind)
{
	return kind == EV_WS_BROADCAST || kind == EV_WS_UNMATCHED || kind == EV_WS_LATE ||
	    kind == EV_SERIAL_LINES || kind == EV_SERIAL_BYTES || kind == EV_SERIAL_TRUNCATED ||
	    kind == EV_SERIAL_UNLOGGED;
}

int
aggregate_event(struct aggregate *a, const struct record *r, struct err *e)
{
	const struct msg_event *m = &r->msg.u.event;
	char text[PROTO_TEXT_MAX * 4 + 1];

	if (kind_counts(m->kind) && (m->value < 0 || m->value > COUNT_MAX))
		return err_set(e, "EVENT: %s counts %lld", event_names[m->kind], (long long)m->value);
	text_utf8_clean(text, sizeof(text), m->text.p, m->text.len);
	if (m->kind == EV_NOTE || m->kind == EV_HOLD)
		aggregate_note(a->run.device[r->device], text);
	else if (m->kind == EV_SANDBOX)
		text_copy(a->run.device[r->device]->worker[r->role].sandbox, PROTO_TEXT_MAX + 1, text);
	else if (m->kind == EV_DEVICE)
		add_info(a->run.device[r->device], text);
	else if (r->role == ROLE_SERIAL)
		serial_event(a, r, text);
	else if (r->role == ROLE_WS) {
		ws_event(ws_load_of(a, r->device, m->scenario), m);
		aggregate_console_ws_seen(a, r->device, m);
	}
	return 0;
}

int
aggregate_line(struct aggregate *a, const struct record *r, struct err *e)
{
	struct console_state *c = &a->device[r->device].console;

	if (r->role != ROLE_SERIAL)
		return err_set(e, "LINE from a %s worker", role_names[r->role]);
	if (!aggregate_console_line(c, &r->msg.u.line))
		return 0;
	panic_expire(a, r->device, r->msg.u.line.at_us);
	if (a->device[r->device].panic != -1)
		add_panic_line(a, r->device, (struct span){c->line, c->line_len});
	return 0;
}
