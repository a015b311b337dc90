/*
 * The options as one table: parsing, the environment and --help come from it. Adding an option is
 * adding a row here, in man/lwstress-coord.1 and in the completions (a test compares them).
 */
#include "config.h"

#include "coordinator/settings.h"

#include <getopt.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "shared/number.h"
#include "shared/text.h"
#include "shared/url.h"
#include "shared/poison.h"

#define DEFAULT_URL "http://192.168.1.101"
#define DEFAULT_OUT_DIR "docs/planning/perf_runs"
#define DEFAULT_PROFILE "typical"
#define DAY_US (INT64_C(86400) * US_PER_S)

/* What was said, before it is put together; "" where nothing was. */
struct draft {
	struct settings s;
	char host[1100], ws_url[1100], profile[1024];
	bool host_by_option, ws_by_option, serial_only, simulate;
	const char *host_what, *ws_what;	/* who said it: the option or the variable */
	int64_t scenario_us, serial_us;
	enum settings_action action;
};

struct option_row;
typedef int (*apply_fn)(struct draft *d, const struct option_row *o, const char *what,
    const char *value, struct err *e);

struct option_row {
	const char *name;	/* long option, without dashes */
	int has_arg;		/* of getopt_long */
	const char *arg;	/* shown in --help */
	const char *env;	/* environment variable, or NULL */
	apply_fn apply;
	size_t offset;		/* into struct draft, for the general apply functions */
	int64_t min, max;
	const char *help;
};

static int
put_text(struct draft *d, const struct option_row *o, const char *what, const char *value,
    struct err *e)
{
	if (value[0] == '\0')
		return err_set(e, "%s: an empty value makes no sense", what);
	if (!text_copy((char *)d + o->offset, (size_t)o->max, value))
		return err_set(e, "%s: longer than %lld bytes", what, (long long)o->max - 1);
	return 0;
}

static int
put_flag(struct draft *d, const struct option_row *o, const char *what, const char *value,
    struct err *e)
{
	(void)what, (void)value, (void)e;
	memcpy((char *)d + o->offset, &(bool){true}, sizeof(bool));
	return 0;
}

static int
put_ms(struct draft *d, const struct option_row *o, const char *what, const char *value, struct err *e)
{
	int64_t us, ms;

	if (number_duration_us(what, value, o->min * 1000, o->max * 1000, &us, e) == -1)
		return -1;
	if (us % 1000 != 0)
		return err_set(e, "%s: \"%s\" is not a whole number of milliseconds", what, value);
	ms = us / 1000;
	memcpy((char *)d + o->offset, &ms, sizeof(ms));
	return 0;
}

static int
put_duration(struct draft *d, const struct option_row *o, const char *what, const char *value,
    struct err *e)
{
	int64_t us;

	if (number_duration_us(what, value, o->min, o->max, &us, e) == -1)
		return -1;
	memcpy((char *)d + o->offset, &us, sizeof(us));
	return 0;
}

static int
put_host(struct draft *d, const struct option_row *o, const char *what, const char *value,
    struct err *e)
{
	bool is_host = o->offset == offsetof(struct draft, host);

	if (what[0] == '-')
		*(is_host ? &d->host_by_option : &d->ws_by_option) = true;
	*(is_host ? &d->host_what : &d->ws_what) = what[0] == '-' ? (is_host ? "--host" : "--ws-url") : o->env;
	return put_text(d, o, what, value, e);
}

static int
put_simulate(struct draft *d, const struct option_row *o, const char *what, const char *value,
    struct err *e)
{
	(void)o;
	d->simulate = true;
	if (value == NULL)
		return 0;
	if (!text_copy(d->s.plan.simulate, sizeof(d->s.plan.simulate), value))
		return err_set(e, "%s: longer than %zu bytes", what, sizeof(d->s.plan.simulate) - 1);
	return 0;
}

static int
put_out_dir(struct draft *d, const struct option_row *o, const char *what, const char *value,
    struct err *e)
{
	d->s.out_dir_given = true;
	return put_text(d, o, what, value, e);
}

static int
put_journal(struct draft *d, const struct option_row *o, const char *what, const char *value,
    struct err *e)
{
	d->action = SETTINGS_RECOVER;
	return put_text(d, o, what, value, e);
}

/* Compiled here too, so that a mistake in it is a usage error; the serial worker compiles its own. */
static int
put_pattern(struct draft *d, const struct option_row *o, const char *what, const char *value,
    struct err *e)
{
	char why[128];
	regex_t re;
	int rc;

	if (put_text(d, o, what, value, e) == -1)
		return -1;
	rc = regcomp(&re, value, REG_EXTENDED | REG_NOSUB);
	if (rc != 0) {
		regerror(rc, &re, why, sizeof(why));
		return err_set(e, "%s: \"%s\" is not an extended regular expression: %s", what, value, why);
	}
	regfree(&re);
	return 0;
}

static int
put_action(struct draft *d, const struct option_row *o, const char *what, const char *value,
    struct err *e)
{
	(void)what, (void)value, (void)e;
	d->action = (enum settings_action)o->min;
	return 0;
}

#define D(member) offsetof(struct draft, member), 0, sizeof(((struct draft *)0)->member)
#define FLAG(member) put_flag, offsetof(struct draft, member), 0, 0
#define MS(member) put_ms, offsetof(struct draft, member), 1, 600000

static const struct option_row rows[] = {
	{"host", required_argument, "URL", "LWSTRESS_HOST", put_host, D(host),
	    "device under test, http or https (default " DEFAULT_URL ")"},
	{"ws-url", required_argument, "URL", "LWSTRESS_WS_URL", put_host, D(ws_url),
	    "its WebSocket, ws or wss (default: the host, path /ws)"},
	{"serial-port", required_argument, "PATH|auto|none", "LWSTRESS_SERIAL_PORT", put_text,
	    D(s.plan.device[0].serial_port),
	    "its console; auto takes the one attached port with USB id 303a:1001 (default auto)"},
	{"profile", required_argument, "NAME|FILE", NULL, put_text, D(profile),
	    "quick, typical, stress, or a file, see lwstress-profile(5) (default " DEFAULT_PROFILE ")"},
	{"out-dir", required_argument, "DIR", "LWSTRESS_OUT_DIR", put_out_dir, D(s.out_dir),
	    "where the report files go (default " DEFAULT_OUT_DIR ")"},
	{"scenario-duration", required_argument, "S", NULL, put_duration,
	    offsetof(struct draft, scenario_us), US_PER_S / 10, 31 * DAY_US,
	    "run every scenario for S seconds instead of its own time"},
	{"deadline", required_argument, "S", NULL, put_duration, offsetof(struct draft, s.deadline_us),
	    US_PER_S, 31 * DAY_US, "end the whole run after S seconds, whatever it waits for"},
	{"serial-only", no_argument, NULL, NULL, FLAG(serial_only),
	    "no load: watch the console only"},
	{"serial-duration", required_argument, "S", NULL, put_duration,
	    offsetof(struct draft, serial_us), US_PER_S, 31 * DAY_US,
	    "how long --serial-only watches (default 600)"},
	{"simulate", optional_argument, "FAULTS", NULL, put_simulate, 0, 0, 0,
	    "start a simulated device and test that, see lwstress-sim(1)"},
	{"recover", required_argument, "JOURNAL", NULL, put_journal, D(s.journal),
	    "write the reports of a run from its journal, whatever ended the run"},
	{"list-ports", no_argument, NULL, NULL, put_action, 0, SETTINGS_LIST_PORTS, 0,
	    "show the serial ports of this machine and exit"},
	{"fatal-pattern", required_argument, "REGEX", NULL, put_pattern, D(s.fatal_pattern),
	    "a console line that matches is fatal too (POSIX extended)"},
	{"fresh-connections", no_argument, NULL, NULL, FLAG(s.plan.fresh_connections),
	    "a new REST connection for each request instead of kept ones"},
	{"rest-timeout", required_argument, "S", NULL, MS(s.plan.rest_timeout_ms),
	    "an unanswered REST request is an error after S seconds (default 3)"},
	{"ws-timeout", required_argument, "S", NULL, MS(s.plan.ws_timeout_ms),
	    "an unanswered WebSocket request is an error after S seconds (default 2)"},
	{"connect-timeout", required_argument, "S", NULL, MS(s.plan.connect_timeout_ms),
	    "a connection must stand within S seconds (default 2)"},
	{"preflight-timeout", required_argument, "S", NULL, MS(s.plan.preflight_timeout_ms),
	    "the device must answer within S seconds before the run (default 4)"},
	{"insecure", no_argument, NULL, NULL, FLAG(s.plan.insecure),
	    "do not verify the certificate of an https or wss device"},
	{"ca-file", required_argument, "FILE", NULL, put_text, D(s.ca_file),
	    "verify it against the PEM certificates in FILE"},
	{"proxy", required_argument, "URL", NULL, put_text, D(s.proxy),
	    "go through this proxy (default: none, whatever the environment says)"},
	{"no-sandbox", no_argument, NULL, NULL, FLAG(s.plan.no_sandbox),
	    "leave the worker processes the rights of who starts them"},
	{"allow-incomplete", no_argument, NULL, NULL, FLAG(s.plan.allow_incomplete),
	    "exit 0 instead of 4 when a PASS rests on incomplete evidence"},
	{"help", no_argument, NULL, NULL, put_action, 0, SETTINGS_HELP, 0, "show this and exit"},
	{"version", no_argument, NULL, NULL, put_action, 0, SETTINGS_VERSION, 0,
	    "show the version and exit"},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static int
read_environment(struct draft *d, struct err *e)
{
	const char *value;
	size_t i;

	for (i = 0; i < ROW_COUNT; i++) {
		value = rows[i].env == NULL ? NULL : getenv(rows[i].env);
		if (value != NULL && value[0] != '\0' &&
		    rows[i].apply(d, &rows[i], rows[i].env, value, e) == -1)
			return -1;
	}
	value = getenv("LWSTRESS_API_KEY");
	if (value != NULL && !text_copy(d->s.api_key, sizeof(d->s.api_key), value))
		return err_set(e, "LWSTRESS_API_KEY: longer than %zu bytes", sizeof(d->s.api_key) - 1);
	for (i = 0; d->s.api_key[i] != '\0'; i++)
		if ((unsigned char)d->s.api_key[i] < ' ' || d->s.api_key[i] == 0x7f)
			return err_set(e, "LWSTRESS_API_KEY: holds a control character");
	return 0;
}

/* Name the option that getopt_long refused; the value that came with it may hold a password. */
static int
refuse_option(const char *how, const char *word, struct err *e)
{
	char masked[1100];

	if (optopt > 0 && optopt < 256)
		return err_set(e, "option -%c %s; see lwstress-coord --help", optopt, how);
	url_mask(masked, sizeof(masked), word);
	return err_set(e, "option %s %s; see lwstress-coord --help", masked, how);
}

static int
read_arguments(struct draft *d, int argc, char **argv, struct err *e)
{
	struct option longs[ROW_COUNT + 1] = {{0}};
	const struct option_row *row;
	char what[64], word[1100];
	int c, index;
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		longs[i] = (struct option){rows[i].name, rows[i].has_arg, NULL, (int)i + 256};
	opterr = 0;
#ifdef __GLIBC__
	optind = 0;	/* 1 would go on within a word that was refused before */
#else
	optind = 1;
#endif
	while ((c = getopt_long(argc, argv, ":", longs, &index)) != -1) {
		if (c == '?')
			return refuse_option("is unknown or takes no value", argv[optind - 1], e);
		if (c == ':')
			return refuse_option("needs a value", argv[optind - 1], e);
		row = &rows[c - 256];
		snprintf(what, sizeof(what), "--%s", row->name);
		if (row->apply(d, row, what, optarg, e) == -1)
			return -1;
	}
	if (optind == argc)
		return 0;
	url_mask(word, sizeof(word), argv[optind]);
	return err_set(e, "%s is not an option; see lwstress-coord --help", word);
}

/* The URL of the WebSocket that belongs to a REST URL: scheme ws or wss, path /ws. */
static int
derive_ws_url(const struct url *u, char *dst, size_t size)
{
	return url_format(u, strcmp(u->scheme, "https") == 0 ? "wss" : "ws", "/ws", true, dst, size);
}

static int
put_device(struct settings *s, const char *host_what, const char *host, const char *ws_what,
    const char *ws_url, struct err *e)
{
	struct plan_device *d = &s->plan.device[0];
	struct url u;

	if (url_parse(host_what, host, "http https", &u, e) == -1)
		return -1;
	if (u.path[0] != '\0' && strcmp(u.path, "/") != 0)
		return err_set(e, "%s: the device's URL has no path, but \"%s\" was given", host_what, u.path);
	if (url_format(&u, u.scheme, "", true, s->url, sizeof(s->url)) == -1 ||
	    url_format(&u, u.scheme, "", false, d->url, sizeof(d->url)) == -1)
		return err_set(e, "%s: the URL is too long", host_what);
	if (ws_url[0] == '\0') {
		if (derive_ws_url(&u, s->ws_url, sizeof(s->ws_url)) == -1)
			return err_set(e, "%s: the URL is too long", host_what);
		ws_url = s->ws_url;
	}
	if (url_parse(ws_what, ws_url, "ws wss", &u, e) == -1)
		return -1;
	if (url_format(&u, u.scheme, u.path, true, s->ws_url, sizeof(s->ws_url)) == -1 ||
	    url_format(&u, u.scheme, u.path, false, d->ws_url, sizeof(d->ws_url)) == -1)
		return err_set(e, "%s: the URL is too long", ws_what);
	return 0;
}

static bool
is_readable_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, R_OK) == 0;
}

static int
check_files(const struct draft *d, struct err *e)
{
	struct url u;

	if (d->s.ca_file[0] != '\0' && !is_readable_file(d->s.ca_file))
		return err_set(e, "--ca-file: cannot read %s; name a PEM file", d->s.ca_file);
	if (d->s.ca_file[0] != '\0' && d->s.plan.insecure)
		return err_set(e, "--ca-file and --insecure contradict each other; give one");
	if (d->s.proxy[0] != '\0' &&
	    url_parse("--proxy", d->s.proxy, "http https socks5 socks5h", &u, e) == -1)
		return -1;
	return 0;
}

static int
check_together(const struct draft *d, struct err *e)
{
	if (d->serial_only && d->profile[0] != '\0')
		return err_set(e, "--serial-only and --profile contradict each other; give one");
	if (!d->serial_only && d->serial_us != 0)
		return err_set(e, "--serial-duration needs --serial-only");
	if (d->serial_only && d->scenario_us != 0)
		return err_set(e, "--scenario-duration does not go with --serial-only; "
		    "use --serial-duration");
	if (d->serial_only && strcmp(d->s.plan.device[0].serial_port, "none") == 0)
		return err_set(e, "--serial-only has nothing to do with --serial-port none");
	if (d->simulate && (d->host_by_option || d->ws_by_option))
		return err_set(e, "--simulate tests a device of its own; leave out --%s",
		    d->host_by_option ? "host" : "ws-url");
	return check_files(d, e);
}

/* Without load and without a console a run would prove nothing. */
static int
check_purpose(const struct draft *d, struct err *e)
{
	const struct profile *p = &d->s.plan.profile;

	if (strcmp(d->s.plan.device[0].serial_port, "none") != 0 || profile_has_load(p, LOAD_REST) ||
	    profile_has_load(p, LOAD_WS))
		return 0;
	return err_set(e, "profile %s sends nothing and --serial-port none watches nothing; "
	    "give one of them something to do", p->name);
}

static int
put_profile(struct draft *d, struct err *e)
{
	struct profile *p = &d->s.plan.profile;

	if (d->serial_only) {
		profile_serial(d->serial_us != 0 ? d->serial_us : 600 * US_PER_S, p);
		return 0;
	}
	if (profile_load(d->profile[0] != '\0' ? d->profile : DEFAULT_PROFILE, p, e) == -1)
		return -1;
	if (d->scenario_us != 0)
		profile_set_duration(p, d->scenario_us);
	return 0;
}

static void
put_defaults(struct draft *d)
{
	struct plan *p = &d->s.plan;
	struct utsname u;

	text_copy(d->host, sizeof(d->host), DEFAULT_URL);
	d->host_what = "--host";
	d->ws_what = "--ws-url";
	text_copy(d->s.out_dir, sizeof(d->s.out_dir), DEFAULT_OUT_DIR);
	text_copy(p->device[0].serial_port, sizeof(p->device[0].serial_port), "auto");
	text_copy(p->tool_version, sizeof(p->tool_version), PACKAGE_VERSION);
	p->device_count = 1;
	p->rest_timeout_ms = 3000;
	p->ws_timeout_ms = 2000;
	p->connect_timeout_ms = 2000;
	p->preflight_timeout_ms = 4000;
	if (uname(&u) == 0)
		snprintf(p->os, sizeof(p->os), "%.40s %.60s %.40s", u.sysname, u.release, u.machine);
}

int
settings_read(int argc, char **argv, struct settings *out, enum settings_action *action,
    struct err *e)
{
	struct draft *d = calloc(1, sizeof(*d));
	int rc = -1;

	if (d == NULL)
		return err_set(e, "out of memory");
	put_defaults(d);
	if (read_arguments(d, argc, argv, e) == -1)
		goto out;
	if (d->action == SETTINGS_RECOVER && !d->s.out_dir_given)
		d->s.out_dir[0] = '\0';
	if (d->action == SETTINGS_RUN) {
		memset(d, 0, sizeof(*d));
		put_defaults(d);
		if (read_environment(d, e) == -1 || read_arguments(d, argc, argv, e) == -1 ||
		    check_together(d, e) == -1 || put_profile(d, e) == -1 || check_purpose(d, e) == -1)
			goto out;
		url_mask(d->s.plan.proxy, sizeof(d->s.plan.proxy), d->s.proxy);
		d->s.plan.serial_only = d->serial_only;
		d->s.plan.simulated = d->simulate;
		d->s.plan.duration_overridden = d->scenario_us != 0;
		if (d->simulate)
			text_copy(d->host, sizeof(d->host), DEFAULT_URL);
		/* A device named here is not the one whose WebSocket the environment names. */
		if (d->simulate || (d->host_by_option && !d->ws_by_option))
			d->ws_url[0] = '\0';
		if (put_device(&d->s, d->host_what, d->host, d->ws_what, d->ws_url, e) == -1)
			goto out;
	}
	*out = d->s;
	*action = d->action;
	rc = 0;
out:
	free(d);
	return rc;
}

int
settings_set_device(struct settings *s, const char *url, const char *ws_url, const char *console,
    struct err *e)
{
	struct plan_device *d = &s->plan.device[0];

	if (put_device(s, "simulated device", url, "simulated device", ws_url, e) == -1)
		return -1;
	if (console[0] != '\0' && strcmp(d->serial_port, "auto") == 0 &&
	    !text_copy(d->serial_port, sizeof(d->serial_port), console))
		return err_set(e, "simulated device: console path is too long");
	return 0;
}

static void
print_row(FILE *f, const struct option_row *o)
{
	char left[80];

	snprintf(left, sizeof(left), "--%s%s%s%s", o->name,
	    o->has_arg == optional_argument ? "[=" : o->arg != NULL ? " " : "",
	    o->arg != NULL ? o->arg : "", o->has_arg == optional_argument ? "]" : "");
	fprintf(f, "  %-30s %s%s%s%s\n", left, o->help, o->env != NULL ? " [" : "",
	    o->env != NULL ? o->env : "", o->env != NULL ? "]" : "");
}

char *
settings_help(void)
{
	char *text = NULL;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return NULL;
	fputs("usage: lwstress-coord [options]\n"
	      "Load a networked microcontroller, watch it, and report PASS or FAIL.\n\n", f);
	for (i = 0; i < ROW_COUNT; i++)
		print_row(f, &rows[i]);
	fputs("\nDurations: 30, 1.5, 200ms, 5m, 2h. An API key comes from LWSTRESS_API_KEY only.\n"
	      "A simulated device that wants a key takes it from LWSTRESS_SIM_API_KEY.\n"
	      "Exit status: 0 PASS, 1 FAIL, 2 usage, 3 device unreachable, 4 PASS on incomplete\n"
	      "evidence, 5 harness fault, 130 and 143 interrupted.\n", f);
	if (fclose(f) == EOF) {
		free(text);
		return NULL;
	}
	return text;
}
