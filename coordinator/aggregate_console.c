/* What the console's lines mean beyond counting them: silence, shedding, the device's WS counters. */
#include "config.h"

#include "coordinator/aggregate_state.h"

#include <string.h>

#include "shared/poison.h"

#define PAUSES 5
#define COUNTER_MAX INT64_C(1000000000000)

void
aggregate_console_init(struct console_state *c)
{
	c->quiet_us = c->last_answer_us = c->shed_us = c->line_no = -1;
	c->silence = -1;
}

/* Silence: noticed when the serial worker tells, each second, that it still reads and there was no line. */

static void
quiet_from(struct aggregate *a, int device, int64_t at_us)
{
	struct console_state *c = &a->device[device].console;

	c->quiet_us = at_us;
	c->asked = 0;
	c->last_answer_us = -1;
}

static void
silence_end(struct aggregate *a, int device, int64_t at_us)
{
	struct console_state *c = &a->device[device].console;

	if (c->silence != -1)
		a->run.device[device]->silence[c->silence].to_us = at_us;
	c->silence = -1;
}

void
aggregate_console_heard(struct aggregate *a, int device, int64_t at_us)
{
	struct console_state *c = &a->device[device].console;

	if (c->heard && c->quiet_us != -1 && at_us - c->quiet_us > c->longest_us)
		c->longest_us = at_us - c->quiet_us;
	if (c->silence != -1)
		a->run.device[device]->silence[c->silence].resumed = true;
	silence_end(a, device, at_us);
	c->heard = true;
	quiet_from(a, device, at_us);
}

void
aggregate_console_opened(struct aggregate *a, int device, int64_t at_us)
{
	quiet_from(a, device, at_us);
}

void
aggregate_console_closed(struct aggregate *a, int device, int64_t at_us)
{
	silence_end(a, device, at_us);
	quiet_from(a, device, -1);
}

static void
silence_update(struct aggregate *a, int device)
{
	struct console_state *c = &a->device[device].console;
	struct silence *s;

	if (c->silence == -1)
		return;
	s = &a->run.device[device]->silence[c->silence];
	s->asked = c->asked;
	s->last_answer_us = c->last_answer_us;
}

void
aggregate_console_tick(struct aggregate *a, int device, int64_t at_us)
{
	struct console_state *c = &a->device[device].console;
	struct device_result *d = a->run.device[device];
	int64_t least = PAUSES * c->longest_us > SILENCE_US ? PAUSES * c->longest_us : SILENCE_US;

	if (!c->heard || c->quiet_us == -1 || c->silence != -1 || at_us - c->quiet_us < least)
		return;
	if (d->silence_count == RESULT_SILENCES_MAX) {
		d->silences_other++;
		return;
	}
	c->silence = d->silence_count++;
	d->silence[c->silence] = (struct silence){.from_us = c->quiet_us,
	    .to_us = -1,
	    .scenario = a->device[device].running,
	    .least_us = least,
	    .last_answer_us = -1};
	silence_update(a, device);
}

void
aggregate_console_answer(struct aggregate *a, int device, const struct msg_op_end *m)
{
	struct console_state *c = &a->device[device].console;
	bool answered = m->op_class == OP_OK || m->op_class == OP_STATUS || m->op_class == OP_API ||
	    m->op_class == OP_BODY || m->op_class == OP_REJECTED;

	c->asked++;
	if (answered && m->end_us > c->last_answer_us)
		c->last_answer_us = m->end_us;
	silence_update(a, device);
}

/* Shedding. */

void
aggregate_console_shed_settle(struct aggregate *a, int device, int64_t at_us)
{
	struct device_state *s = &a->device[device];
	struct console_state *c = &s->console;
	struct scenario_result *sr;
	int64_t from;

	if (s->running == -1)
		return;
	sr = &a->run.device[device]->scenario[s->running];
	sr->serial.shed_known = c->shed_known;
	sr->serial.shedding = c->shed_us != -1;
	if (c->shed_us == -1)
		return;
	from = c->shed_us > sr->start_us ? c->shed_us : sr->start_us;
	if (at_us > from)
		sr->serial.shed_us += at_us - from;
	if (at_us > c->shed_us)
		c->shed_us = at_us;
}

void
aggregate_console_shed(struct aggregate *a, int device, int64_t at_us, bool on)
{
	struct console_state *c = &a->device[device].console;

	c->shed_known = true;
	aggregate_console_shed_settle(a, device, at_us);
	if (!on)
		c->shed_us = -1;
	else if (c->shed_us == -1)
		c->shed_us = at_us;
	aggregate_console_shed_settle(a, device, at_us);
}

/* The device's WebSocket counters. */

void
aggregate_console_ws_seen(struct aggregate *a, int device, const struct msg_event *m)
{
	struct ws_seen *seen = &a->device[device].console.seen;

	if (m->kind == EV_WS_CONNECT_OK)
		seen->connects++;
	else if (m->kind == EV_WS_CONNECT_FAIL && m->value == OP_REJECTED)
		seen->rejected++;
	else if (m->kind == EV_WS_CLOSE)
		seen->closes++;
}

static struct diag_counter *
counter_find(struct ws_diag *w, const uint8_t *name, size_t len, bool *known)
{
	int i;

	for (i = 0; i < w->count; i++)
		if (strlen(w->counter[i].name) == len && memcmp(w->counter[i].name, name, len) == 0)
			break;
	*known = i < w->count;
	if (i == RESULT_COUNTERS_MAX || len == 0 || len >= sizeof(w->counter[0].name))
		return NULL;
	if (!*known) {
		memset(&w->counter[i], 0, sizeof(w->counter[i]));
		memcpy(w->counter[i].name, name, len);
		w->count++;
	}
	return &w->counter[i];
}

static void
counter_set(struct ws_diag *w, const uint8_t *name, size_t len, int64_t value)
{
	bool known;
	struct diag_counter *c = counter_find(w, name, len, &known);

	if (c == NULL)
		return;
	if (!known)
		c->first = value;
	else
		c->counted += value >= c->last ? value - c->last : value;
	c->last = value;
}

/* "active=1 ok=3 …", as the worker has checked it. */
static void
counters_set(struct ws_diag *w, const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len, *eq, *next;
	int64_t value;

	for (; p < end; p = next + 1) {
		next = memchr(p, ' ', (size_t)(end - p));
		if (next == NULL)
			next = end;
		eq = memchr(p, '=', (size_t)(next - p));
		if (eq == NULL)
			continue;
		for (value = 0, len = 1; eq + len < next && value < COUNTER_MAX; len++) {
			if (eq[len] < '0' || eq[len] > '9')
				break;
			value = value * 10 + (eq[len] - '0');
		}
		if (len > 1 && eq + len == next && value < COUNTER_MAX)
			counter_set(w, p, (size_t)(eq - p), value);
	}
}

/* Counting begins anew where it stands. */
static void
counters_begin(struct ws_diag *w)
{
	int i;

	for (i = 0; i < w->count; i++) {
		w->counter[i].first = w->counter[i].last;
		w->counter[i].counted = 0;
	}
}

void
aggregate_console_ws_diag(struct aggregate *a, int device, int scenario, const struct msg_event *m)
{
	struct console_state *c = &a->device[device].console;
	struct serial_stats *st = &a->run.device[device]->scenario[scenario].serial;
	struct ws_diag *w = &st->ws_diag;

	if (st->ws_diag_lines++ == 0) {
		*w = c->diag;
		counters_begin(w);
		w->seen = (struct ws_seen){0, 0, 0};
		if (w->count == 0)
			w->from_us = m->at_us;
	}
	if (c->diag.count > 0) {
		w->seen.connects += c->seen.connects - c->diag_seen.connects;
		w->seen.rejected += c->seen.rejected - c->diag_seen.rejected;
		w->seen.closes += c->seen.closes - c->diag_seen.closes;
	}
	counters_set(w, m->text.p, m->text.len);
	w->to_us = m->at_us;
	c->diag_seen = c->seen;
	c->diag = *w;
	c->diag.from_us = m->at_us;
}

/* Lines, put together from their parts. */

bool
aggregate_console_line(struct console_state *c, const struct msg_line *m)
{
	size_t room, len = m->data.len;

	if (m->line != c->line_no)
		c->line_len = 0;
	c->line_no = m->more != 0 ? m->line : -1;
	room = sizeof(c->line) - c->line_len;
	if (len > room)
		len = room;
	memcpy(c->line + c->line_len, m->data.p, len);
	c->line_len += len;
	return m->more == 0;
}
