/* Options and environment: who wins, and that every refusal names the option and the word. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/settings.h"
#include "shared/poison.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ARGS_MAX 8

static const char *const variables[] = {"LWSTRESS_HOST", "LWSTRESS_WS_URL", "LWSTRESS_SERIAL_PORT",
    "LWSTRESS_OUT_DIR", "LWSTRESS_API_KEY"};

static struct settings s;
static enum settings_action action;

static int
read_args(const char *const *args, struct err *e)
{
	char copy[ARGS_MAX][2200];
	char *argv[ARGS_MAX + 2] = {(char *)(uintptr_t) "lwstress-coord"};
	int argc = 1;

	for (; argc <= ARGS_MAX && args[argc - 1] != NULL; argc++) {
		snprintf(copy[argc - 1], sizeof(copy[0]), "%s", args[argc - 1]);
		argv[argc] = copy[argc - 1];
	}
	e->text[0] = '\0';
	return settings_read(argc, argv, &s, &action, e);
}

static int
no_environment(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(variables); i++)
		unsetenv(variables[i]);
	return 0;
}

static void
test_defaults(void **state)
{
	const char *const none[] = {NULL};
	struct err e;

	(void)state;
	assert_int_equal(read_args(none, &e), 0);
	assert_int_equal(action, SETTINGS_RUN);
	assert_string_equal(s.url, "http://192.168.1.101");
	assert_string_equal(s.ws_url, "ws://192.168.1.101/ws");
	assert_string_equal(s.plan.device[0].serial_port, "auto");
	assert_string_equal(s.out_dir, "docs/planning/perf_runs");
	assert_string_equal(s.plan.profile.name, "typical");
	assert_int_equal(s.plan.device_count, 1);
	assert_int_equal(s.plan.rest_timeout_ms, 3000);
	assert_int_equal(s.plan.ws_timeout_ms, 2000);
	assert_int_equal(s.plan.connect_timeout_ms, 2000);
	assert_int_equal(s.plan.preflight_timeout_ms, 4000);
	assert_false(s.plan.simulated || s.plan.serial_only || s.plan.duration_overridden);
	assert_string_equal(s.api_key, "");
}

static void
test_who_wins(void **state)
{
	struct err e;

	(void)state;
	setenv("LWSTRESS_HOST", "http://env", 1);
	setenv("LWSTRESS_SERIAL_PORT", "/dev/env", 1);
	setenv("LWSTRESS_OUT_DIR", "", 1);
	setenv("LWSTRESS_API_KEY", "secret", 1);
	assert_int_equal(read_args((const char *const[]){NULL}, &e), 0);
	assert_string_equal(s.url, "http://env");
	assert_string_equal(s.ws_url, "ws://env/ws");
	assert_string_equal(s.plan.device[0].serial_port, "/dev/env");
	assert_string_equal(s.out_dir, "docs/planning/perf_runs");
	assert_string_equal(s.api_key, "secret");
	assert_int_equal(read_args((const char *const[]){"--host", "https://opt:8443", "--host=http://last",
	    "--serial-port", "none", NULL}, &e), 0);
	assert_string_equal(s.url, "http://last");
	assert_string_equal(s.plan.device[0].serial_port, "none");
	/* --simulate brings its own device, whatever the environment says. */
	assert_int_equal(read_args((const char *const[]){"--simulate", NULL}, &e), 0);
	assert_true(s.plan.simulated);
	/* --help works in a broken environment. */
	setenv("LWSTRESS_HOST", "nonsense", 1);
	assert_int_equal(read_args((const char *const[]){"--help", NULL}, &e), 0);
	assert_int_equal(action, SETTINGS_HELP);
}

static void
test_values(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(read_args((const char *const[]){"--rest-timeout", "1.5", "--ws-timeout", "200ms",
	    "--scenario-duration=2m", "--fresh-connections", "--no-sandbox", "--simulate=wifi=1", NULL}, &e), 0);
	assert_int_equal(s.plan.rest_timeout_ms, 1500);
	assert_int_equal(s.plan.ws_timeout_ms, 200);
	assert_int_equal(s.plan.profile.scenario[2].duration_us, 120000000);
	assert_true(s.plan.duration_overridden && s.plan.fresh_connections && s.plan.no_sandbox);
	assert_string_equal(s.plan.simulate, "wifi=1");
	assert_int_equal(read_args((const char *const[]){"--serial-only", "--serial-duration", "90", NULL},
	    &e), 0);
	assert_string_equal(s.plan.profile.scenario[0].name, "serial_only_90s");
	assert_int_equal(read_args((const char *const[]){"--version", NULL}, &e), 0);
	assert_int_equal(action, SETTINGS_VERSION);
}

/* What may be written down holds no password; what a worker is told does. */
static void
test_secrets(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(read_args((const char *const[]){"--host", "https://me:hush@dev:8443", NULL}, &e), 0);
	assert_string_equal(s.url, "https://me:hush@dev:8443");
	assert_string_equal(s.ws_url, "wss://me:hush@dev:8443/ws");
	assert_string_equal(s.plan.device[0].url, "https://dev:8443");
	assert_string_equal(s.plan.device[0].ws_url, "wss://dev:8443/ws");
	assert_int_equal(settings_set_device(&s, "http://u:hush@sim:1", "ws://u:hush@sim:1/ws", "/dev/pts/9",
	    &e), 0);
	assert_string_equal(s.plan.device[0].url, "http://sim:1");
	assert_string_equal(s.plan.device[0].ws_url, "ws://sim:1/ws");
	assert_string_equal(s.plan.device[0].serial_port, "/dev/pts/9");
}

/* Arguments that are refused, and what the message must hold. None may tell the password. */
static const struct {
	const char *args[5];
	const char *words[2];
} bad[] = {
	{{"--nonsense"}, {"--nonsense"}},
	{{"--nonsense=http://u:hush@h"}, {"--nonsense"}},
	{{"-x"}, {"-x"}},
	{{"--insecure", "-xy"}, {"-x"}},
	{{"word"}, {"word"}},
	{{"http://u:hush@h"}, {"is not an option"}},
	{{"--host"}, {"--host", "value"}},
	{{"--help=yes"}, {"--help"}},
	{{"--host", ""}, {"--host"}},
	{{"--host", "ftp://h"}, {"--host", "ftp://h"}},
	{{"--host", "http://u:hush@h:99999"}, {"--host", "h:99999"}},
	{{"--host", "http://h/api"}, {"--host", "/api"}},
	{{"--ws-url", "http://h/ws"}, {"--ws-url", "http://h/ws"}},
	{{"--profile", "slow"}, {"slow"}},
	{{"--profile", "./none.json"}, {"./none.json"}},
	{{"--scenario-duration", "0"}, {"--scenario-duration", "\"0\""}},
	{{"--scenario-duration", "1d"}, {"--scenario-duration", "1d"}},
	{{"--serial-only", "--serial-duration", "-5"}, {"--serial-duration", "-5"}},
	{{"--rest-timeout", "1z"}, {"--rest-timeout", "1z"}},
	{{"--rest-timeout", "0.0001"}, {"--rest-timeout", "0.0001"}},
	{{"--ws-timeout", "601"}, {"--ws-timeout", "601"}},
	{{"--connect-timeout", "nan"}, {"--connect-timeout", "nan"}},
	{{"--preflight-timeout", "99999999999999999999"}, {"--preflight-timeout", "99999999"}},
	{{"--ca-file", "/nowhere.pem"}, {"--ca-file", "/nowhere.pem"}},
	{{"--proxy", "gopher://u:hush@h"}, {"--proxy", "gopher"}},
	{{"--ca-file", "/dev/null", "--insecure"}, {"--ca-file", "--insecure"}},
	{{"--serial-only", "--profile", "quick"}, {"--serial-only", "--profile"}},
	{{"--serial-duration", "5"}, {"--serial-duration", "--serial-only"}},
	{{"--serial-only", "--scenario-duration", "5"}, {"--scenario-duration", "--serial-duration"}},
	{{"--serial-only", "--serial-port", "none"}, {"--serial-only", "none"}},
	{{"--simulate", "--host", "http://h"}, {"--simulate", "--host"}},
	{{"--simulate", "--ws-url", "ws://h/ws"}, {"--simulate", "--ws-url"}},
	{{"--ca-file", "/tmp"}, {"--ca-file", "/tmp"}},
	{{"--rest-timeout", "0.0015"}, {"--rest-timeout", "0.0015"}},
};

static void
test_bad(void **state)
{
	struct err e;
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		if (read_args(bad[i].args, &e) == 0)
			fail_msg("taken: %s %s", bad[i].args[0], bad[i].args[1]);
		for (k = 0; k < 2; k++)
			if (bad[i].words[k] != NULL && strstr(e.text, bad[i].words[k]) == NULL)
				fail_msg("\"%s\" does not name %s", e.text, bad[i].words[k]);
		if (strstr(e.text, "hush") != NULL)
			fail_msg("\"%s\" tells the password", e.text);
	}
}

static void
test_too_long(void **state)
{
	static char text[2100];
	const char *args[] = {"--out-dir", text, NULL};
	struct err e;

	(void)state;
	memset(text, 'a', 1024);
	assert_int_equal(read_args(args, &e), -1);
	assert_non_null(strstr(e.text, "--out-dir"));
	text[1023] = '\0';
	assert_int_equal(read_args(args, &e), 0);
	memset(text, 'a', 2000);
	args[0] = "--host";
	assert_int_equal(read_args(args, &e), -1);
	assert_non_null(strstr(e.text, "--host"));
	setenv("LWSTRESS_API_KEY", text, 1);
	args[0] = NULL;
	assert_int_equal(read_args(args, &e), -1);
	assert_non_null(strstr(e.text, "LWSTRESS_API_KEY"));
}

static void
test_bad_environment(void **state)
{
	const char *const none[] = {NULL};
	struct err e;

	(void)state;
	setenv("LWSTRESS_HOST", "gopher://u:hush@h", 1);
	assert_int_equal(read_args(none, &e), -1);
	assert_non_null(strstr(e.text, "gopher"));
	assert_null(strstr(e.text, "hush"));
	unsetenv("LWSTRESS_HOST");
	setenv("LWSTRESS_API_KEY", "a\r\nHost: x", 1);
	assert_int_equal(read_args(none, &e), -1);
	assert_non_null(strstr(e.text, "LWSTRESS_API_KEY"));
	assert_null(strstr(e.text, "Host"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_defaults, no_environment),
		cmocka_unit_test_setup(test_who_wins, no_environment),
		cmocka_unit_test_setup(test_values, no_environment),
		cmocka_unit_test_setup(test_secrets, no_environment),
		cmocka_unit_test_setup(test_bad, no_environment),
		cmocka_unit_test_setup(test_too_long, no_environment),
		cmocka_unit_test_setup(test_bad_environment, no_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
