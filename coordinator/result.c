/* Names and small helpers of the data model. Pure; no libevent, no clock. */
#include "config.h"

#include "coordinator/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "coordinator/ws_command.h"
#include "shared/poison.h"

const char *const phase_names[PHASE_COUNT] = {"dns", "connect", "tls", "first_byte"};

const char *const heap_names[HEAP_COUNT] = {"serial", "rest", "ws", "serial_largest"};

const char *const reboot_source_names[SAW_COUNT] = {
    "rest_uptime", "ws_uptime", "log_clock", "reset_line", "fatal_line"};

const char *const timeline_names[TL_COUNT] = {
    "rest_ok", "rest_errors", "ws_ok", "ws_errors", "dropped_slots", "heap_min"};

struct name {
	int value;
	const char *text;
};

static const struct name signals[] = {{1, "HUP"}, {2, "INT"}, {3, "QUIT"}, {4, "ILL"},
    {5, "TRAP"}, {6, "ABRT"}, {7, "BUS"}, {8, "FPE"}, {9, "KILL"}, {10, "USR1"}, {11, "SEGV"},
    {12, "USR2"}, {13, "PIPE"}, {14, "ALRM"}, {15, "TERM"}, {19, "STOP"}, {24, "XCPU"},
    {25, "XFSZ"}, {31, "SYS"}};

static const char *
name_find(const struct name *table, size_t n, int value, const char *otherwise)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (table[i].value == value)
			return table[i].text;
	return otherwise;
}

struct device_result *
result_device_new(void)
{
	struct device_result *d = calloc(1, sizeof(*d));
	struct scenario_result *s;
	int i, k;

	if (d == NULL)
		return NULL;
	for (i = 0; i < PROFILE_SCENARIOS_MAX; i++) {
		s = &d->scenario[i];
		s->start_us = s->end_us = -1;
		for (k = 0; k < LOAD_COUNT; k++)
			s->load[k].first_sent_us = s->load[k].last_end_us = -1;
	}
	return d;
}

static void
load_free(struct load_stats *l)
{
	int i;

	histogram_free(l->service);
	histogram_free(l->response);
	histogram_free(l->lateness);
	for (i = 0; i < PHASE_COUNT; i++)
		histogram_free(l->phase[i]);
	for (i = 0; i < WORKPLAN_KINDS_MAX; i++)
		histogram_free(l->kind[i].service);
}

void
result_device_free(struct device_result *d)
{
	int i, k;

	if (d == NULL)
		return;
	for (i = 0; i < PROFILE_SCENARIOS_MAX; i++)
		for (k = 0; k < LOAD_COUNT; k++)
			load_free(&d->scenario[i].load[k]);
	for (i = 0; i < RESULT_REBOOTS_MAX; i++)
		for (k = 0; k < RESULT_REBOOT_LINES_MAX; k++)
			free(d->reboot[i].line[k]);
	free(d);
}

int
result_kind_count(const struct profile *p, enum load_kind kind)
{
	return kind == LOAD_REST ? p->path_count : WS_COMMAND_COUNT;
}

const char *
result_kind_name(const struct profile *p, enum load_kind kind, int i)
{
	if (i < 0 || i >= result_kind_count(p, kind))
		return "?";
	return kind == LOAD_REST ? p->path[i] : ws_commands[i].name;
}

int64_t
result_span_us(const struct scenario_result *s)
{
	if (!s->started || s->start_us < 0 || s->end_us < s->start_us)
		return -1;
	return s->end_us - s->start_us;
}

void
result_exit_text(char *dst, size_t size, int64_t status)
{
	int st = (int)status, sig;

	if (status >= 0 && WIFEXITED(st)) {
		snprintf(dst, size, "exit %d", WEXITSTATUS(st));
	} else if (status >= 0 && WIFSIGNALED(st)) {
		sig = WTERMSIG(st);
		snprintf(dst, size, "signal %d (%s)", sig,
		    name_find(signals, sizeof(signals) / sizeof(signals[0]), sig, "?"));
	} else {
		snprintf(dst, size, "unknown");
	}
}

const char *const silence_names[] = {
    [SILENCE_CONSOLE_DEAD] = "console_dead",
    [SILENCE_DEVICE_SILENT] = "device_silent",
    [SILENCE_NOT_ASKED] = "not_asked",
};

const char *const silence_words[] = {
    [SILENCE_CONSOLE_DEAD] = "console dead, REST or WebSocket alive",
    [SILENCE_DEVICE_SILENT] = "console silent, and no answer to REST or WebSocket either",
    [SILENCE_NOT_ASKED] = "console silent, and nothing else was asked",
};

enum silence_state
result_silence_state(const struct silence *s)
{
	if (s->asked == 0)
		return SILENCE_NOT_ASKED;
	if (s->last_answer_us - s->from_us >= s->least_us / 2)
		return SILENCE_CONSOLE_DEAD;
	return SILENCE_DEVICE_SILENT;
}

bool
result_diag_is_gauge(const struct diag_counter *c)
{
	return strcmp(c->name, "active") == 0;
}

int64_t
result_diag_counted(const struct ws_diag *w, const char *prefix)
{
	int64_t sum = 0;
	int i;

	for (i = 0; i < w->count; i++)
		if (!result_diag_is_gauge(&w->counter[i]) &&
		    strncmp(w->counter[i].name, prefix, strlen(prefix)) == 0)
			sum += w->counter[i].counted;
	return sum;
}
