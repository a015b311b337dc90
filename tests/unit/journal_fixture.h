/* A journal of a small run, written by journal.c, for the tests of what reads journals. */
#ifndef LWS_JOURNAL_FIXTURE_H
#define LWS_JOURNAL_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/journal.h"

#define FIXTURE_T0 INT64_C(1000000000)

static inline void
fixture_plan(struct plan *p)
{
	memset(p, 0, sizeof(*p));
	p->device_count = 1;
	p->mono_us = FIXTURE_T0;
	p->wall_us = INT64_C(1772366400000000);
	p->rest_timeout_ms = p->connect_timeout_ms = p->ws_timeout_ms = p->preflight_timeout_ms = 1000;
	snprintf(p->device[0].url, sizeof(p->device[0].url), "http://h");
	snprintf(p->device[0].serial_port, sizeof(p->device[0].serial_port), "none");
	snprintf(p->profile.name, sizeof(p->profile.name), "small");
	p->profile.path_count = 1;
	snprintf(p->profile.path[0], sizeof(p->profile.path[0]), "/api/v1/effects");
	p->profile.scenario_count = 1;
	snprintf(p->profile.scenario[0].name, sizeof(p->profile.scenario[0].name), "only");
	p->profile.scenario[0].duration_us = INT64_C(3600000000);
	p->profile.scenario[0].rate_mhz[LOAD_REST] = 10000;
	p->profile.scenario[0].lanes[LOAD_REST] = 4;
	p->profile.scenario[0].ws_window = 1;
}

static inline void
fixture_own(struct journal *j, int role, struct msg m)
{
	struct record r = {0, role, role == -1 ? 0 : 1, m};

	r.msg.seq = 1;
	journal_add(j, &r, NULL, 0);
}

static inline void
fixture_up(struct journal *j, int role, int64_t *seq, struct msg m)
{
	struct record r = {0, role, 1, m};

	r.msg.seq = ++*seq;
	journal_add(j, &r, NULL, 0);
}

static inline void
fixture_worker(struct journal *j, int role, int64_t *seq)
{
	fixture_own(j, role, (struct msg){.type = MSG_WORKER_START, .u.worker_start = {FIXTURE_T0, 41}});
	fixture_up(j, role, seq, (struct msg){.type = MSG_HELLO, .u.hello = {1, role, 1, 41}});
}

/* To fd (owned): a rest and a serial worker, ops operations and lines of line_len bytes. */
static inline void
fixture_journal(int fd, int ops, size_t line_len)
{
	struct plan *plan = malloc(sizeof(*plan));
	struct journal *j = journal_new(fd, "fixture");
	int64_t rest = 0, serial = 0, due;
	uint8_t line[PROTO_PART_MAX];
	int i;

	memset(line, 'x', sizeof(line));
	fixture_plan(plan);
	journal_plan(j, plan);
	fixture_worker(j, ROLE_REST, &rest);
	fixture_worker(j, ROLE_SERIAL, &serial);
	fixture_own(j, -1, (struct msg){.type = MSG_SCENARIO_START, .u.scenario = {0, FIXTURE_T0, 0}});
	for (i = 0; i < ops; i++) {
		due = FIXTURE_T0 + i * INT64_C(100000);
		fixture_up(j, ROLE_REST, &rest, (struct msg){.type = MSG_OP_BEGIN,
		    .u.begin = {i + 1, 0, i, 0, due, due + 70}});
		fixture_up(j, ROLE_SERIAL, &serial, (struct msg){.type = MSG_LINE,
		    .u.line = {due, i, 0, {line, line_len}}});
		fixture_up(j, ROLE_REST, &rest, (struct msg){.type = MSG_OP_END,
		    .u.end = {i + 1, due + 5000, i % 5 ? OP_OK : OP_RESET, 200, -1, -1, -1, 4000, 99,
			{NULL, 0}}});
	}
	fixture_own(j, -1, (struct msg){.type = MSG_SCENARIO_END,
	    .u.scenario = {0, FIXTURE_T0 + INT64_C(3600000000), 0}});
	fixture_own(j, -1, (struct msg){.type = MSG_END,
	    .u.run_end = {1, 0, INT64_C(1772370000000000), {NULL, 0}}});
	journal_free(j);
	free(plan);
}

#endif
