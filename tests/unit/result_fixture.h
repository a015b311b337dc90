/* A run of one device, filled by hand, for the tests of what judges and writes results. */
#ifndef LWS_RESULT_FIXTURE_H
#define LWS_RESULT_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "coordinator/result.h"
#include "shared/clock.h"
#include "shared/text.h"

#define FIXTURE_MONO INT64_C(1000000000)       /* the run's start on both clocks */
#define FIXTURE_WALL INT64_C(1772366400000000) /* 2026-03-01 12:00:00 UTC */

/* n scenarios s0, s1, … of 60 s, REST 10/s and WS 10/s each, all started and ended in time. */
static inline struct run_result *
fixture_new(int n)
{
	struct run_result *run = calloc(1, sizeof(*run));
	struct plan *p = &run->plan;
	struct scenario_result *s;
	int i, k;

	p->wall_us = FIXTURE_WALL;
	p->mono_us = FIXTURE_MONO;
	p->rest_timeout_ms = 3000;
	p->connect_timeout_ms = 2000;
	p->ws_timeout_ms = 2000;
	p->preflight_timeout_ms = 4000;
	p->profile.scenario_count = n;
	p->device_count = 1;
	text_copy(p->tool_version, sizeof(p->tool_version), "0.1.0");
	text_copy(p->os, sizeof(p->os), "Linux 6.1.0 x86_64");
	text_copy(p->profile.name, sizeof(p->profile.name), "test");
	text_copy(p->device[0].url, sizeof(p->device[0].url), "http://192.168.1.101");
	text_copy(p->device[0].ws_url, sizeof(p->device[0].ws_url), "ws://192.168.1.101/ws");
	text_copy(p->device[0].serial_port, sizeof(p->device[0].serial_port), "none");
	run->end = RUN_DONE;
	run->end_wall_us = FIXTURE_WALL + n * 60 * US_PER_S;
	run->device[0] = result_device_new();
	for (i = 0; i < n; i++) {
		snprintf(
		    p->profile.scenario[i].name, sizeof(p->profile.scenario[i].name), "s%d", i);
		p->profile.scenario[i].duration_us = 60 * US_PER_S;
		s = &run->device[0]->scenario[i];
		s->started = s->ended = true;
		s->start_us = FIXTURE_MONO + i * 60 * US_PER_S;
		s->end_us = s->start_us + 60 * US_PER_S;
		for (k = 0; k < LOAD_COUNT; k++) {
			p->profile.scenario[i].rate_mhz[k] = 10000;
			p->profile.scenario[i].lanes[k] = 1;
			s->load[k].planned = 600;
		}
	}
	return run;
}

static inline void
fixture_free(struct run_result *run)
{
	result_device_free(run->device[0]);
	free(run);
}

/* ok answers and errors of one class; sent follows, planned too. */
static inline void
fixture_load(struct load_stats *l, int64_t ok, int64_t errors, int class)
{
	l->ok = ok;
	l->errors = errors;
	l->by_class[OP_OK] = ok;
	l->by_class[class] += errors;
	l->sent = ok + l->errors + l->lost;
	l->planned = l->sent;
}

#endif
