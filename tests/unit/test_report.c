/*
 * Both report formats, byte for byte against tests/golden, made from results filled by hand:
 * a good run, one in which everything is hostile, and a device that was never reached. With
 * LWS_GOLDEN_UPDATE=1 in the environment the golden files are written anew, to be read and
 * committed.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "coordinator/report.h"
#include "shared/fd.h"
#include "tests/unit/result_fixture.h"
#include "shared/poison.h"

#define AT(s) (FIXTURE_MONO + (int64_t)((s)*1000000.0))

/* Everything that has a meaning in Markdown, HTML, JSON or a terminal. */
static const char evil[] =
    "# | a\\b `c` **d** _e_ [x](http://evil) <script>alert(1)</script> & \"q\" "
    "\n## not a heading\r\t\x1b[31m\x01\x7f\xff\xc3 \xe2\x80\xae ```` ü €";

static void
set(char *dst, size_t size, const char *src)
{
	text_copy(dst, size, src);
}

#define SET(array, src) set(array, sizeof(array), src)

static void
fill_latency(struct load_stats *l, int64_t n)
{
	int64_t i;

	l->service = histogram_new();
	l->response = histogram_new();
	l->lateness = histogram_new();
	l->phase[PHASE_CONNECT] = histogram_new();
	l->phase[PHASE_FIRST_BYTE] = histogram_new();
	for (i = 1; i <= n; i++) {
		histogram_add(l->service, 1000 * i);
		histogram_add(l->response, 1000 * i + 50);
		histogram_add(l->lateness, 50);
		histogram_add(l->phase[PHASE_FIRST_BYTE], 900 * i);
	}
	histogram_add(l->phase[PHASE_CONNECT], 700);
}

static void
fill_kinds(struct load_stats *l, int count, int64_t calls, int64_t errors)
{
	int i;

	for (i = 0; i < count; i++) {
		l->kind[i].calls = calls;
		l->kind[i].errors = errors;
		l->kind[i].service = histogram_new();
		histogram_add(l->kind[i].service, 2000 + i);
	}
}

static void
fill_paths(struct profile *p)
{
	static const char *const paths[] = {"/api/v1/device/status", "/api/v1/effects/current"};
	int i;

	p->path_count = 2;
	for (i = 0; i < 2; i++)
		SET(p->path[i], paths[i]);
}

static void
fill_worker(struct device_result *d, int role, int64_t generation, int64_t status)
{
	struct worker_life *w = &d->life[d->life_count++];

	d->worker[role].used = d->worker[role].ready = d->worker[role].ready_ok = true;
	d->worker[role].ready_latency_us = 4321;
	SET(d->worker[role].ready_text, "200 in time");
	SET(d->worker[role].sandbox, "user=nobody no_new_privs rlimits landlock=off(not in this kernel)");
	w->role = role;
	w->generation = generation;
	w->pid = 4000 + d->life_count;
	w->start_us = AT(0.5);
	w->end_us = AT(120.25);
	w->exit_status = status;
	w->wanted_exit = status == 0;
	w->frames = 1234;
	w->begun = w->ended = 600;
	w->counters.rss_kb = 8192;
	w->counters.cpu_us = 123456;
}

static void
fill_timeline(struct timeline *t)
{
	int i;

	t->step_us = US_PER_S;
	t->start_us = AT(1);
	t->points = 3;
	for (i = 0; i < 3; i++) {
		t->value[TL_REST_OK][i] = 10;
		t->value[TL_HEAP_MIN][i] = i == 1 ? -1 : 20000 + i;
	}
}

static void
fill_series(struct series *s, int64_t first, int64_t min, int64_t max, int64_t last)
{
	*s = (struct series){4, min, max, first + min + max + last, first, last};
}

static struct run_result *
run_good(void)
{
	struct run_result *run = fixture_new(2);
	struct device_result *d = run->device[0];
	struct scenario_result *s;
	int i, k;

	SET(run->plan.profile.name, "quick");
	SET(run->plan.device[0].serial_port, "auto");
	SET(d->serial_port, "/dev/ttyACM0");
	fill_paths(&run->plan.profile);
	run->plan.profile.scenario[0].rate_mhz[LOAD_WS] = 0;
	for (i = 0; i < 2; i++) {
		s = &d->scenario[i];
		fixture_load(&s->load[LOAD_REST], 600, 0, OP_TIMEOUT);
		fill_latency(&s->load[LOAD_REST], 600);
		fill_kinds(&s->load[LOAD_REST], 2, 300, 0);
		s->serial.lines = 42;
		s->clock_readings = 46;
		s->serial.bytes = 4200;
		s->serial.opens = i == 0;
		s->serial.held_us = 60 * US_PER_S;
		fill_series(&s->heap[HEAP_SERIAL], 25000, 20480, 27000, 24331);
		fill_series(&s->heap[HEAP_REST], 25000, 20000, 27000, 24000);
	}
	d->scenario[0].load[LOAD_WS].planned = 0;
	fixture_load(&s->load[LOAD_WS], 590, 10, OP_API);
	fill_latency(&s->load[LOAD_WS], 590);
	fill_kinds(&s->load[LOAD_WS], 3, 200, 3);
	s->load[LOAD_WS].connects = 1;
	s->load[LOAD_WS].receives = 600;
	s->load[LOAD_WS].broadcasts = 12;
	for (k = 0; k < ROLE_COUNT; k++)
		fill_worker(d, k, 1, 0);
	fill_timeline(&d->timeline);
	d->info_count = 1;
	SET(d->info[0].key, "firmware");
	SET(d->info[0].value, "2.1.0");
	return run;
}

static void
fill_evil_load(struct load_stats *l, int class)
{
	int i;

	fixture_load(l, 5, 95, class);
	fill_latency(l, 5);
	fill_kinds(l, 2, 50, 48);
	l->lost = 20;
	l->sent += 20;
	l->planned = l->sent + 7 + 3;
	l->dropped_slots = 7;
	l->missed_slots = 3;
	l->texts.used = 2;
	l->texts.other = 9;
	for (i = 0; i < 2; i++) {
		SET(l->texts.at[i].text, i == 0 ? evil : "RATE_LIMITED: Too many requests");
		l->texts.at[i].code = class;
		l->texts.at[i].count = 40 + i;
	}
}

static void
fill_evil_reboot(struct reboot *b, int scenario)
{
	b->boot_us = AT(31.5);
	b->seen_us = AT(33.25);
	b->scenario = scenario;
	b->reset_reason = 0xc;
	b->sources =
	    1u << SAW_REST | 1u << SAW_LOG_CLOCK | 1u << SAW_RESET_LINE | 1u << SAW_FATAL;
	b->line_count = 3;
	b->lines_cut = 2;
	b->line[0] = strdup("Guru Meditation Error: Core  1 panic'ed (LoadProhibited).");
	b->line[1] = strdup(evil);
	b->line[2] = strdup("```` <b>rst:0xc</b>");
}

static void
fill_evil_console(struct scenario_result *s)
{
	s->serial = (struct serial_stats){.lines = 10,
	    .bytes = 999,
	    .opens = 2,
	    .truncated = 1,
	    .unlogged = 4,
	    .shedding_lines = 3,
	    .ws_diag_lines = 1,
	    .fatal_lines = 4,
	    .warning_lines = 1,
	    .held_us = 30 * US_PER_S,
	    .gap_count = 1,
	    .gaps_other = 5};
	s->serial.gap[0] = (struct gap){AT(40), -1};
	s->serial.warnings[WARNING_MALLOC] = 1;
	s->serial.shed_us = 12345678;
	s->serial.shed_known = s->serial.shedding = true;
	s->serial.ws_diag = (struct ws_diag){.from_us = AT(5),
	    .to_us = AT(55),
	    .count = 4,
	    .counter = {{"active", 1, 0, 0}, {"ok", 3, 2, 5}, {"rejCooldown", 0, 7, 7},
		{"disc", 2, 1, 4}},
	    .seen = {5, 8, 12}};
	s->uptime_resets = 1;
	s->clock_readings = 10;
	fill_series(&s->heap[HEAP_SERIAL], 20000, 11252, 22968, 20000);
	fill_series(&s->heap[HEAP_SERIAL_LARGEST], 9000, 8000, 11252, 9000);
}

static void
fill_evil_plan(struct plan *p)
{
	SET(p->tool_version, "0.1.0");
	SET(p->os, evil);
	SET(p->simulate, evil);
	p->simulated = p->duration_overridden = p->insecure = p->fresh_connections = true;
	p->no_sandbox = true;
	SET(p->profile.name, "a|b*c");
	SET(p->device[0].url, "http://user:***@h|ost/<i>");
	SET(p->device[0].ws_url, evil);
	SET(p->device[0].serial_port, evil);
	SET(p->profile.scenario[0].name, "mixed|`x`");
	fill_paths(&p->profile);
	SET(p->profile.path[1], "/a|b?c=<d>&e=_f_");
	p->profile.scenario[0].rate_mhz[LOAD_REST] = 24000;
}

static struct run_result *
run_hostile(void)
{
	struct run_result *run = fixture_new(2);
	struct device_result *d = run->device[0];
	struct load_stats *ws = &d->scenario[0].load[LOAD_WS];

	fill_evil_plan(&run->plan);
	run->recovered = true;
	run->end = RUN_ON;
	run->end_wall_us = -1;
	fill_evil_load(&d->scenario[0].load[LOAD_REST], OP_REJECTED);
	d->scenario[0].load[LOAD_REST].by_status_rejected = 95;
	fill_evil_load(ws, OP_UNANSWERED);
	ws->connects = 3;
	ws->connect_errors = ws->connect_by_class[OP_REJECTED] = 8;
	ws->close_code_count = 2;
	ws->close_code[0] = (struct close_code){1008, 8};
	ws->close_code[1] = (struct close_code){1006, 3};
	ws->close_codes_other = 2;
	ws->connect_texts.used = ws->close_texts.used = 1;
	ws->connect_texts.at[0] = (struct text_count){.code = OP_REJECTED, .count = 8};
	SET(ws->connect_texts.at[0].text, evil);
	ws->close_texts.at[0] = (struct text_count){.code = 1006, .count = 3};
	SET(ws->close_texts.at[0].text, evil);
	ws->close_texts.other = 10;
	fill_evil_console(&d->scenario[0]);
	d->scenario[1].started = d->scenario[1].ended = false;
	d->scenario[1].start_us = d->scenario[1].end_us = -1;
	d->silence_count = 3;
	d->silences_other = 6;
	d->silence[0] = (struct silence){AT(10), AT(30), true, 0, SILENCE_US, 9, AT(29)};
	d->silence[1] = (struct silence){AT(0.5), AT(16), false, -1, SILENCE_US, 0, -1};
	d->silence[2] = (struct silence){AT(33), -1, false, 0, SILENCE_US, 9, AT(34)};
	d->reboot_count = 2;
	fill_evil_reboot(&d->reboot[0], 0);
	d->reboot[1] = (struct reboot){.boot_us = AT(2),
	    .seen_us = AT(2),
	    .scenario = -1,
	    .reset_reason = 0x15,
	    .sources = 1u << SAW_RESET_LINE,
	    .harness_caused = true};
	d->reboots_other = 1;
	fill_worker(d, ROLE_REST, 1, 9);
	SET(d->life[0].reason, evil);
	fill_worker(d, ROLE_REST, 2, -1);
	d->life[1].end_us = -1;
	d->worker[ROLE_REST].restarts = 1;
	d->worker[ROLE_REST].holes = 3;
	SET(d->worker[ROLE_REST].ready_text, evil);
	SET(d->worker[ROLE_REST].sandbox, evil);
	d->lives_other = 2;
	d->note_count = 1;
	SET(d->note[0], evil);
	d->notes_other = 3;
	d->info_count = 3;
	SET(d->info[0].key, "na|me");
	SET(d->info[0].value, evil);
	SET(d->info[1].key, "na|me");
	SET(d->info[1].value, "said twice");
	SET(d->info[2].key, "");
	return run;
}

static struct run_result *
run_unreachable(void)
{
	struct run_result *run = fixture_new(2);
	struct device_result *d = run->device[0];
	int i;

	for (i = 0; i < 2; i++) {
		d->scenario[i].started = d->scenario[i].ended = false;
		d->scenario[i].start_us = d->scenario[i].end_us = -1;
	}
	run->end = RUN_UNREACHABLE;
	run->end_wall_us = FIXTURE_WALL + 4 * US_PER_S;
	SET(run->end_text,
	    "http://192.168.1.101 does not answer: connect timed out after 4 s; is the "
	    "device on, and is --host right?");
	fill_worker(d, ROLE_REST, 1, 0);
	d->worker[ROLE_REST].ready_ok = false;
	d->worker[ROLE_REST].ready_class = OP_CONNECT;
	SET(d->worker[ROLE_REST].ready_text, "connect timed out");
	return run;
}

struct golden {
	const char *name;
	struct run_result *(*make)(void);
};

static const struct golden goldens[] = {
    {"good", run_good}, {"hostile", run_hostile}, {"unreachable", run_unreachable}};

static void
golden_path(char *dst, size_t size, const char *name, const char *ext)
{
	const char *src = getenv("LWS_SRCDIR");

	snprintf(dst, size, "%s/tests/golden/%s.%s", src == NULL ? "." : src, name, ext);
}

static void
check_text(const char *name, const char *ext, const char *text)
{
	char path[1024], *want = NULL;
	size_t len;
	FILE *f;

	assert_non_null(text);
	golden_path(path, sizeof(path), name, ext);
	if (getenv("LWS_GOLDEN_UPDATE") != NULL) {
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(text, f);
		assert_int_equal(fclose(f), 0);
		return;
	}
	assert_int_equal(fd_read_file(path, 1 << 20, &want, &len, NULL), 0);
	assert_string_equal(text, want);
	free(want);
}

static void
test_golden(void **state)
{
	static struct verdict v;
	struct run_result *run;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
		run = goldens[i].make();
		verdict_eval(run, 0, &v);
		text = report_json(run, 0, &v);
		check_text(goldens[i].name, "json", text);
		free(text);
		text = report_md(run, 0, &v);
		check_text(goldens[i].name, "md", text);
		free(text);
		fixture_free(run);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),
	};

	setenv("TZ", "UTC0", 1);
	tzset();
	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
