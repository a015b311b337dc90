/* The table of faults. A new fault is a member of struct faults and a row here. */
#include "config.h"

#include "worker/sim/faults.h"

#include <stddef.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/number.h"
#include "shared/poison.h"

#define ITEM_MAX 128
#define DAY_US (86400 * US_PER_S)

enum kind { FLAG, NUMBER, PERCENT, TIME, TIMES, PAIR, RANGE, WORD };

struct fault_def {
	const char *name;
	const char *arg;	/* how its value looks, "" for a flag */
	const char *dflt;	/* the value that holds when it is not named, NULL: none */
	const char *bare;	/* the value when it is named without one, NULL: a value is required */
	enum kind kind;
	size_t offset;
	int64_t min, max;
	const char *const *words;
	const char *help;
};

static const char *const dists[] = {"uniform", "exp", NULL};
static const char *const limit_words[] = {"on", "off", NULL};
static const char *const bodies[] = {
    [BODY_PROPER] = "proper",
    [BODY_GARBAGE] = "garbage",
    [BODY_NOT_HTTP] = "not-http",
    [BODY_ENDLESS] = "endless",
    [BODY_DRIP] = "drip",
    [BODY_HUGE_HEADER] = "huge-header",
    [BODY_REDIRECT] = "redirect",
    [BODY_DEEP] = "deep",
    [BODY_SHORT_LENGTH] = "short-length",
    [BODY_LONG_LENGTH] = "long-length",
    [BODY_EARLY_CLOSE] = "early-close",
    [BODY_RESET] = "reset",
    [BODY_NONE] = "none",
    [BODY_WRONG_TYPE] = "wrong-type",
    [BODY_COUNT] = NULL,
};

#define AT(member) offsetof(struct faults, member)

static const struct fault_def table[] = {
    {"latency", "MS[-MS]", "0", NULL, RANGE, AT(latency_us), 0, 600 * US_PER_S, NULL,
     "time taken to answer a REST request"},
    {"latency-dist", "uniform|exp", "uniform", NULL, WORD, AT(latency_dist), 0, 0, dists,
     "how latency lies between its two ends; exp: mostly near the first, cut at the second"},
    {"stall", "S/EVERY", NULL, NULL, PAIR, AT(stall_us), 1000, DAY_US, NULL,
     "answer nothing during the last S of each EVERY, then go on"},
    {"error-rate", "PCT", "0", NULL, PERCENT, AT(error_rate), 0, 100000, NULL,
     "part of the REST requests answered 500 INTERNAL_ERROR"},
    {"body", "KIND", "proper", NULL, WORD, AT(body), 0, 0, bodies,
     "hostile answer to every REST request"},
    {"after", "N", "0", NULL, NUMBER, AT(after), 0, 1000000000, NULL,
     "requests that error-rate and body spare, from the start"},
    {"not-ready", "S", "0", NULL, TIME, AT(not_ready_us), 0, DAY_US, NULL,
     "503 SYSTEM_NOT_READY for the first S after each boot"},
    {"reboot-at", "S", NULL, NULL, TIMES, AT(reboot_at), 0, 31 * DAY_US, NULL,
     "reboot S after the start; may be given several times"},
    {"reboot-time", "S", "2", NULL, TIME, AT(reboot_us), 0, DAY_US, NULL,
     "how long a reboot refuses connections"},
    {"refuse", "[S]", NULL, "0", TIME, AT(refuse_at_us), 0, DAY_US, NULL,
     "refuse all connections from S after the start on"},
    {"api-key", "", "0", NULL, FLAG, AT(api_key), 0, 1, NULL,
     "401 without the key that LWSTRESS_SIM_API_KEY holds"},
    {"limits", "on|off", "on", NULL, WORD, AT(limits), 0, 0, limit_words,
     "the rate limits, the reconnect pause and the sessions per address"},
    {"max-connections", "N", "10", NULL, NUMBER, AT(max_connections), 1, 1000, NULL,
     "TCP connections held at once; more are reset"},
    {"heap", "BYTES", "36000", NULL, NUMBER, AT(heap_bytes), 0, 327680, NULL,
     "free internal heap of the idle device"},
    {"heap-leak", "BYTES", "0", NULL, NUMBER, AT(heap_leak), 0, 1000000, NULL,
     "heap lost in each second since boot"},
    {"seed", "N", "1", NULL, NUMBER, AT(seed), 0, INT32_MAX, NULL, "seed of all random choices"},
    {"ws-latency", "MS[-MS]", "0", NULL, RANGE, AT(ws_latency_us), 0, 600 * US_PER_S, NULL,
     "time taken to answer a WebSocket command"},
    {"ws-sessions", "N", "1", NULL, NUMBER, AT(ws_sessions), 0, 1000, NULL,
     "WebSocket sessions allowed to one address"},
    {"ws-clients", "N", "8", NULL, NUMBER, AT(ws_clients), 0, 1000, NULL,
     "WebSocket sessions allowed in all"},
    {"ws-no-reply", "[PCT]", "0", "100", PERCENT, AT(ws_no_reply), 0, 100000, NULL,
     "part of the commands never answered"},
    {"ws-wrong-id", "[PCT]", "0", "100", PERCENT, AT(ws_wrong_id), 0, 100000, NULL,
     "part of the commands answered with another requestId"},
    {"ws-garbage", "[PCT]", "0", "100", PERCENT, AT(ws_garbage), 0, 100000, NULL,
     "part of the commands answered with bytes that are no frame"},
    {"ws-fragment", "", "0", NULL, FLAG, AT(ws_fragment), 0, 1, NULL,
     "replies in three fragments with a ping between them"},
    {"ws-ping", "", "0", NULL, FLAG, AT(ws_ping), 0, 1, NULL, "a ping before each reply"},
    {"ws-binary", "", "0", NULL, FLAG, AT(ws_binary), 0, 1, NULL,
     "a binary stream frame before each reply"},
    {"ws-flood", "N", "0", NULL, NUMBER, AT(ws_flood), 0, 100000, NULL,
     "status broadcasts a second to each session"},
    {"ws-abrupt", "N", "0", NULL, NUMBER, AT(ws_abrupt), 0, 1000000000, NULL,
     "reset each session at its Nth message, without a close frame"},
    {"panic-at", "S", NULL, NULL, TIMES, AT(panic_at), 0, 31 * DAY_US, NULL,
     "panic S after the start: panic block on the console, then reboot; may be repeated"},
    {"console-rate", "N", "0", NULL, NUMBER, AT(console_rate), 0, 5000, NULL,
     "extra log lines a second, each tenth a Heap diag line"},
    {"console-silent", "", "0", NULL, FLAG, AT(console_silent), 0, 1, NULL,
     "a console that prints nothing"},
    {"console-garbage", "BYTES", "0", NULL, NUMBER, AT(console_garbage), 0, 50000000, NULL,
     "binary noise in each second, between the lines"},
    {"console-cut", "", "0", NULL, FLAG, AT(console_cut), 0, 1, NULL,
     "console writes cut at random bytes"},
    {"console-vanish", "AT/FOR", NULL, NULL, PAIR, AT(console_vanish_us), 0, DAY_US, NULL,
     "the port disappears AT after the start and comes back after FOR, under another name"},
    {"console-dead-at", "S", NULL, NULL, TIME, AT(console_dead_us), 0, DAY_US, NULL,
     "the console prints nothing from S on; the application lives"},
};

#define TABLE_LEN (sizeof(table) / sizeof(table[0]))

/* A plain number of milliseconds, or a duration with its unit. */
static int
parse_ms(const char *name, const char *s, const struct fault_def *d, int64_t *out, struct err *e)
{
	int64_t v;

	if (strspn(s, "0123456789.") != strlen(s))
		return number_duration_us(name, s, d->min, d->max, out, e);
	if (number_fixed(name, s, 3, d->min, d->max, &v, e) == -1)
		return -1;
	*out = v;
	return 0;
}

static int
parse_range(const struct fault_def *d, char *value, struct fault_pair *out, struct err *e)
{
	char *second = strchr(value, '-');
	struct fault_pair p;

	if (second != NULL)
		*second++ = '\0';
	if (parse_ms(d->name, value, d, &p.a, e) == -1)
		return -1;
	p.b = p.a;
	if (second != NULL && parse_ms(d->name, second, d, &p.b, e) == -1)
		return -1;
	if (p.b < p.a)
		return err_set(e, "%s=%s-%s: the second is below the first", d->name, value, second);
	*out = p;
	return 0;
}

static int
parse_pair(const struct fault_def *d, char *value, struct fault_pair *out, struct err *e)
{
	char *second = strchr(value, '/');
	struct fault_pair p;

	if (second == NULL)
		return err_set(e, "%s=%s: %s is wanted, for example 2s/10s", d->name, value, d->arg);
	*second++ = '\0';
	if (number_duration_us(d->name, value, d->min, d->max, &p.a, e) == -1 ||
	    number_duration_us(d->name, second, 1000, d->max, &p.b, e) == -1)
		return -1;
	*out = p;
	return 0;
}

static int
parse_times(const struct fault_def *d, const char *value, struct fault_times *out, struct err *e)
{
	if (out->count == FAULT_TIMES_MAX)
		return err_set(e, "%s=%s: at most %d are possible", d->name, value, FAULT_TIMES_MAX);
	if (number_duration_us(d->name, value, d->min, d->max, &out->at_us[out->count], e) == -1)
		return -1;
	out->count++;
	return 0;
}

static int
parse_word(const struct fault_def *d, const char *value, int64_t *out, struct err *e)
{
	int i;

	for (i = 0; d->words[i] != NULL; i++) {
		if (strcmp(d->words[i], value) == 0) {
			*out = i;
			return 0;
		}
	}
	return err_set(e, "%s: \"%s\" is none of its values; see --help", d->name, value);
}

static int
parse_value(const struct fault_def *d, char *value, struct faults *f, struct err *e)
{
	void *at = (char *)f + d->offset;

	switch (d->kind) {
	case FLAG:
	case NUMBER:
		return number_i64(d->name, value, d->min, d->max, at, e);
	case PERCENT:
		return number_fixed(d->name, value, 3, d->min, d->max, at, e);
	case TIME:
		return number_duration_us(d->name, value, d->min, d->max, at, e);
	case TIMES:
		return parse_times(d, value, at, e);
	case PAIR:
		return parse_pair(d, value, at, e);
	case RANGE:
		return parse_range(d, value, at, e);
	case WORD:
		return parse_word(d, value, at, e);
	}
	return -1;
}

static int
set_defaults(struct faults *f, struct err *e)
{
	char value[ITEM_MAX];
	size_t i;

	memset(f, 0, sizeof(*f));
	for (i = 0; i < TABLE_LEN; i++) {
		const struct fault_def *d = &table[i];

		if (d->dflt == NULL && d->kind == TIME)
			*(int64_t *)(void *)((char *)f + d->offset) = -1;
		if (d->dflt == NULL)
			continue;
		snprintf(value, sizeof(value), "%s", d->dflt);
		if (parse_value(d, value, f, e) == -1)
			return -1;
	}
	return 0;
}

static int
parse_item(char *item, struct faults *f, bool seen[TABLE_LEN], struct err *e)
{
	char *value = strchr(item, '=');
	char given[ITEM_MAX];
	size_t i;

	if (value != NULL)
		*value++ = '\0';
	for (i = 0; i < TABLE_LEN && strcmp(table[i].name, item) != 0; i++)
		;
	if (i == TABLE_LEN)
		return err_set(e, "unknown fault \"%s\"; see lwstress-sim --help", item);
	if (seen[i] && table[i].kind != TIMES)
		return err_set(e, "fault %s is given twice", item);
	seen[i] = true;
	if (table[i].kind == FLAG && value != NULL)
		return err_set(e, "fault %s takes no value (\"%s\")", item, value);
	if (value == NULL && table[i].kind != FLAG && table[i].bare == NULL)
		return err_set(e, "fault %s needs a value: %s=%s", item, item, table[i].arg);
	if (value == NULL)
		value = table[i].kind == FLAG ? (char *)"1" : (char *)table[i].bare;
	snprintf(given, sizeof(given), "%s", value);
	return parse_value(&table[i], given, f, e);
}

static int
check_whole(const struct faults *f, struct err *e)
{
	if (f->stall_us.b > 0 && f->stall_us.a >= f->stall_us.b)
		return err_set(e, "stall: it must be shorter than its period");
	if (f->latency_dist == DIST_EXP && f->latency_us.a == f->latency_us.b)
		return err_set(e, "latency-dist=exp: it needs a range, latency=MS-MS");
	return 0;
}

int
faults_parse(const char *list, struct faults *out, struct err *e)
{
	bool seen[TABLE_LEN] = {false};
	char item[ITEM_MAX];
	struct faults f;
	size_t len;

	if (set_defaults(&f, e) == -1)
		return -1;
	while (*list != '\0') {
		len = strcspn(list, ",");
		if (len == 0 || len >= sizeof(item))
			return err_set(e, "fault list: \"%.40s\": %s", list,
			    len == 0 ? "a name is missing" : "a word is too long");
		memcpy(item, list, len);
		item[len] = '\0';
		list += len;
		if (*list == ',' && *++list == '\0')
			return err_set(e, "fault list: a name is missing after the last comma");
		if (parse_item(item, &f, seen, e) == -1)
			return -1;
	}
	if (check_whole(&f, e) == -1)
		return -1;
	*out = f;
	return 0;
}

void
faults_help(FILE *f)
{
	char left[64];
	size_t i;
	int k;

	for (i = 0; i < TABLE_LEN; i++) {
		const struct fault_def *d = &table[i];
		const char *eq = d->arg[0] == '\0' || d->arg[0] == '[' ? "" : "=";

		if (d->arg[0] == '[')
			snprintf(left, sizeof(left), "%s[=%s", d->name, d->arg + 1);
		else
			snprintf(left, sizeof(left), "%s%s%s", d->name, eq, d->arg);
		fprintf(f, "  %-26s %s", left, d->help);
		if (d->dflt != NULL && d->kind != FLAG)
			fprintf(f, " (%s)", d->dflt);
		fputc('\n', f);
		for (k = 0; d->words == bodies && bodies[k] != NULL; k++)
			fprintf(f, "%s%s%s", k % 7 == 0 ? "                             " : " ", bodies[k],
			    k % 7 == 6 || bodies[k + 1] == NULL ? "\n" : "");
	}
}

int64_t
faults_stall_end(const struct faults *f, int64_t at_us)
{
	int64_t phase;

	if (f->stall_us.b == 0)
		return at_us;
	phase = at_us % f->stall_us.b;
	return phase < f->stall_us.b - f->stall_us.a ? at_us : at_us + f->stall_us.b - phase;
}
