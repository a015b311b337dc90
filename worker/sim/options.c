#include "config.h"

#include "worker/sim/options.h"

#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>

#include "shared/number.h"
#include "shared/poison.h"

enum option_kind { OPT_TEXT, OPT_INT, OPT_FLAG, OPT_FAULTS };

struct option_def {
	const char *name;
	const char *arg;	/* NULL: takes none */
	enum option_kind kind;
	size_t offset;
	int min, max;
	const char *help;
};

#define AT(member) offsetof(struct options, member)

static const struct option_def table[] = {
    {"listen", "ADDR", OPT_TEXT, AT(listen), 0, 0, "127.0.0.1 or ::1, nothing else (127.0.0.1)"},
    {"port", "N", OPT_INT, AT(port), 0, 65535, "TCP port; 0: a free one (0)"},
    {"faults", "LIST", OPT_FAULTS, 0, 0, 0, "what to do wrong: names and values between commas"},
    {"console", NULL, OPT_FLAG, AT(console), 0, 0, "offer the serial console on a pseudo terminal"},
    {"console-link", "PATH", OPT_TEXT, AT(console_link), 0, 0,
     "symbolic link that leads to the console, kept up to date (implies --console)"},
    {"log", "FILE", OPT_TEXT, AT(log), 0, 0,
     "append a line for each request: monotonic us, kind, name, status"},
    {"stats", "FILE", OPT_TEXT, AT(stats), 0, 0,
     "write what was counted, as JSON, at the end and on SIGUSR1"},
    {"control-fd", "N", OPT_INT, AT(control_fd), 3, INT_MAX,
     "end when this descriptor comes to its end of file"},
    {"help", NULL, OPT_FLAG, AT(help), 0, 0, "show this text"},
    {"version", NULL, OPT_FLAG, AT(version), 0, 0, "show the version"},
};

#define TABLE_LEN (sizeof(table) / sizeof(table[0]))

static int
set_option(const struct option_def *d, const char *value, struct options *o, struct err *e)
{
	void *at = (char *)o + d->offset;
	char what[32];
	int64_t n;

	switch (d->kind) {
	case OPT_TEXT:
		if (value[0] == '\0')
			return err_set(e, "--%s: it is empty; %s is wanted", d->name, d->arg);
		*(const char **)at = value;
		return 0;
	case OPT_FLAG:
		*(bool *)at = true;
		return 0;
	case OPT_FAULTS:
		return faults_parse(value, &o->faults, e);
	case OPT_INT:
		snprintf(what, sizeof(what), "--%s", d->name);
		if (number_i64(what, value, d->min, d->max, &n, e) == -1)
			return -1;
		*(int *)at = (int)n;
		return 0;
	}
	return -1;
}

static int
bad_word(int c, char *const argv[], struct err *e)
{
	if (c == ':')
		return err_set(e, "%s: a value is missing; see --help", argv[optind - 1]);
	return err_set(e, "unknown option \"%s\"; see --help", argv[optind - 1]);
}

int
options_parse(int argc, char *const argv[], struct options *out, struct err *e)
{
	struct option longs[TABLE_LEN + 1] = {{NULL, 0, NULL, 0}};
	struct options o = {.listen = "127.0.0.1", .control_fd = -1};
	size_t i;
	int c, which;

	for (i = 0; i < TABLE_LEN; i++) {
		longs[i].name = table[i].name;
		longs[i].has_arg = table[i].arg != NULL ? required_argument : no_argument;
	}
	if (faults_parse("", &o.faults, e) == -1)
		return -1;
	while ((c = getopt_long(argc, argv, "+:", longs, &which)) != -1) {
		if (c != 0)
			return bad_word(c, argv, e);
		if (set_option(&table[which], optarg, &o, e) == -1)
			return -1;
	}
	if (optind < argc)
		return err_set(e, "unexpected word \"%s\"; see --help", argv[optind]);
	o.console = o.console || o.console_link != NULL;
	*out = o;
	return 0;
}

void
options_help(void)
{
	char left[64];
	size_t i;

	printf("usage: lwstress-sim [options]\n"
	       "A simulated LightwaveOS device: REST, WebSocket and serial console, on loopback only.\n\n"
	       "options:\n");
	for (i = 0; i < TABLE_LEN; i++) {
		snprintf(left, sizeof(left), "--%s %s", table[i].name,
		    table[i].arg != NULL ? table[i].arg : "");
		printf("  %-26s %s\n", left, table[i].help);
	}
	printf("\nfaults (S: seconds or 200ms, 5m, 1h; MS: milliseconds or with a unit; PCT: percent; "
	       "defaults in brackets):\n");
	faults_help(stdout);
}
