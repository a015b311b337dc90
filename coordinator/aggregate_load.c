/* Operations and slots: counts, latencies, lost ones. sent = ok + errors + lost holds at the
 * end. */
#include "config.h"

#include "coordinator/aggregate_state.h"

#include <string.h>

#include "coordinator/ws_command.h"
#include "shared/sched.h"
#include "shared/text.h"
#include "shared/poison.h"

static int
load_of_role(int role)
{
	return role == ROLE_REST ? LOAD_REST : role == ROLE_WS ? LOAD_WS : -1;
}

static void
hist_add(struct histogram **h, int64_t us)
{
	if (*h == NULL)
		*h = histogram_new();
	if (*h != NULL)
		histogram_add(*h, us);
}

static int
kind_count(const struct aggregate *a, int load)
{
	return load == LOAD_REST ? a->run.plan.profile.path_count : WS_COMMAND_COUNT;
}

/* An open loop's slots come in order, each at its moment; a closed loop has no moments. */
static int
check_slot(const struct aggregate *a, const struct record *r, int load, struct err *e)
{
	const struct msg_op_begin *m = &r->msg.u.begin;
	const struct load_stats *l = &a->run.device[r->device]->scenario[m->scenario].load[load];
	struct sched grid;

	if (l->planned < 0)
		return m->due_us == -1 ? 0 : err_set(e, "OP_BEGIN: a slot without a moment is due");
	if (m->slot >= l->planned || l->sent + l->dropped_slots >= l->planned)
		return err_set(e, "OP_BEGIN: slot %lld is over the plan of %lld",
		    (long long)m->slot, (long long)l->planned);
	if (m->slot < a->device[r->device].next_slot[load][m->scenario])
		return err_set(
		    e, "OP_BEGIN: slot %lld was accounted for before", (long long)m->slot);
	grid = aggregate_grid(a, r->device, (enum load_kind)load, (int)m->scenario);
	if (m->due_us != sched_due(&grid, m->slot).us)
		return err_set(e, "OP_BEGIN: slot %lld is not due then", (long long)m->slot);
	return 0;
}

static int
check_begin(const struct aggregate *a, const struct record *r, struct err *e)
{
	const struct msg_op_begin *m = &r->msg.u.begin;
	const struct worker_state *w = &a->device[r->device].worker[r->role];
	const struct scenario_result *s;
	int load = load_of_role(r->role);

	if (load == -1 || m->scenario >= a->run.plan.profile.scenario_count ||
	    m->kind >= kind_count(a, load))
		return err_set(e, "OP_BEGIN: scenario %lld, kind %lld do not exist",
		    (long long)m->scenario, (long long)m->kind);
	s = &a->run.device[r->device]->scenario[m->scenario];
	if (!s->started)
		return err_set(
		    e, "OP_BEGIN: scenario %lld has not started", (long long)m->scenario);
	if (m->id <= w->last_op_id)
		return err_set(e, "OP_BEGIN: id %lld after %lld", (long long)m->id,
		    (long long)w->last_op_id);
	if (check_slot(a, r, load, e) == -1)
		return -1;
	if (m->due_us > m->sent_us || m->sent_us < s->start_us)
		return err_set(e, "OP_BEGIN: sent before it was due");
	return 0;
}

int
aggregate_op_begin(struct aggregate *a, const struct record *r, struct err *e)
{
	const struct msg_op_begin *m = &r->msg.u.begin;
	struct worker_state *w = &a->device[r->device].worker[r->role];
	struct op op = {m->id, m->due_us, m->sent_us, (int)m->scenario, (int)m->kind};
	int load = load_of_role(r->role);
	struct load_stats *l;

	if (check_begin(a, r, e) == -1)
		return -1;
	if (!inflight_put(w->inflight, &op))
		return err_set(e, "OP_BEGIN: more than %d operations in flight", INFLIGHT_MAX);
	w->last_op_id = m->id;
	l = &a->run.device[r->device]->scenario[m->scenario].load[load];
	l->sent++;
	if (l->first_sent_us == -1)
		l->first_sent_us = m->sent_us;
	if (m->due_us >= 0)
		hist_add(&l->lateness, m->sent_us - m->due_us);
	if (m->slot >= a->device[r->device].next_slot[load][m->scenario])
		a->device[r->device].next_slot[load][m->scenario] = m->slot + 1;
	if (w->life != NULL)
		w->life->begun++;
	return 0;
}

void
aggregate_text(struct texts *t, int64_t code, struct span span)
{
	char text[PROTO_TEXT_MAX + 1];
	int i;

	text_utf8_clean(text, sizeof(text), span.p, span.len);
	for (i = 0; i < t->used; i++)
		if (t->at[i].code == code && strcmp(t->at[i].text, text) == 0)
			break;
	if (i == RESULT_TEXTS_MAX) {
		t->other++;
		return;
	}
	if (i == t->used) {
		text_copy(t->at[i].text, sizeof(t->at[i].text), text);
		t->at[i].code = code;
		t->used++;
	}
	t->at[i].count++;
}

static void
count_phases(struct load_stats *l, const struct msg_op_end *m)
{
	const int64_t us[PHASE_COUNT] = {m->dns_us, m->connect_us, m->tls_us, m->first_byte_us};
	int i;

	for (i = 0; i < PHASE_COUNT; i++)
		if (us[i] >= 0)
			hist_add(&l->phase[i], us[i]);
}

static void
count_end(struct device_result *d, int load, const struct op *op, const struct msg_op_end *m)
{
	struct load_stats *l = &d->scenario[op->scenario].load[load];
	struct kind_stats *k = &l->kind[op->kind];
	bool ok = m->op_class == OP_OK;

	l->by_class[m->op_class]++;
	l->bytes += m->bytes;
	l->receives += m->bytes > 0;
	if (m->end_us > l->last_end_us)
		l->last_end_us = m->end_us;
	k->calls++;
	if (ok) {
		l->ok++;
		hist_add(&l->service, m->end_us - op->sent_us);
		hist_add(&k->service, m->end_us - op->sent_us);
	} else {
		l->errors++;
		k->errors++;
		l->by_status_rejected += m->op_class == OP_REJECTED && m->status == 429;
		aggregate_text(&l->texts, m->op_class, m->text);
	}
	if (m->op_class != OP_REJECTED)
		hist_add(&l->response, m->end_us - (op->due_us >= 0 ? op->due_us : op->sent_us));
	count_phases(l, m);
	timeline_add(&d->timeline, (enum timeline_series)(2 * load + (ok ? 0 : 1)), m->end_us, 1);
}

int
aggregate_op_end(struct aggregate *a, const struct record *r, struct err *e)
{
	const struct msg_op_end *m = &r->msg.u.end;
	struct worker_state *w = &a->device[r->device].worker[r->role];
	int load = load_of_role(r->role);
	struct op op;

	if (load == -1)
		return err_set(e, "OP_END: a %s worker has no operations", role_names[r->role]);
	if (!inflight_take(w->inflight, m->id, &op)) {
		/* Its OP_BEGIN may be in a hole, which is an evidence gap of its own. */
		return w->holes > 0 || r->msg.seq > w->seq + 1
			   ? 0
			   : err_set(e, "OP_END: id %lld was not begun", (long long)m->id);
	}
	if (m->end_us < op.sent_us) {
		inflight_put(w->inflight, &op);
		return err_set(e, "OP_END: id %lld ended before it was sent", (long long)m->id);
	}
	count_end(a->run.device[r->device], load, &op, m);
	aggregate_console_answer(a, r->device, m);
	if (w->life != NULL)
		w->life->ended++;
	return 0;
}

/* At most this many values stand for a run of dropped slots; a longer run is counted in steps. */
#define DROP_STEPS 65536

static void
count_dropped(struct load_stats *l, const struct sched *grid, const struct msg_slots *m)
{
	int64_t step = m->count / DROP_STEPS + 1, i, n;

	if (l->response == NULL)
		l->response = histogram_new();
	for (i = 0; i < m->count; i += n) {
		n = m->count - i < step ? m->count - i : step;
		if (l->response != NULL)
			histogram_add_n(l->response,
			    m->free_us - sched_due(grid, m->first + i + n / 2).us, n);
	}
	l->dropped_slots += m->count;
}

int
aggregate_slots(struct aggregate *a, const struct record *r, struct err *e)
{
	const struct msg_slots *m = &r->msg.u.slots;
	struct device_result *d = a->run.device[r->device];
	int load = load_of_role(r->role);
	struct load_stats *l;
	struct sched grid;
	int64_t *next;

	if (load == -1 || m->scenario >= a->run.plan.profile.scenario_count ||
	    !d->scenario[m->scenario].started)
		return err_set(e, "SLOTS: scenario %lld has not started", (long long)m->scenario);
	l = &d->scenario[m->scenario].load[load];
	next = &a->device[r->device].next_slot[load][m->scenario];
	if (m->first < *next || m->count > l->planned - m->first ||
	    m->count > l->planned - l->sent - l->dropped_slots)
		return err_set(e, "SLOTS: %lld from slot %lld on are over the plan of %lld",
		    (long long)m->count, (long long)m->first, (long long)l->planned);
	grid = aggregate_grid(a, r->device, (enum load_kind)load, (int)m->scenario);
	if (m->free_us < sched_due(&grid, m->first).us)
		return err_set(e, "SLOTS: free before slot %lld was due", (long long)m->first);
	*next = m->first + m->count;
	count_dropped(l, &grid, m);
	timeline_add(&d->timeline, TL_DROPPED, m->free_us, m->count);
	return 0;
}

void
aggregate_lose_ops(struct aggregate *a, int device, int role)
{
	struct worker_state *w = &a->device[device].worker[role];
	struct device_result *d = a->run.device[device];
	int load = load_of_role(role);
	struct op op;

	while (load != -1 && inflight_pop(w->inflight, &op)) {
		d->scenario[op.scenario].load[load].lost++;
		d->worker[role].lost_ops++;
		if (w->life != NULL)
			w->life->lost_ops++;
	}
}
