/* Built-in profiles as a table, and profile files by cJSON. Reads nothing but the file it is given. */
#include "config.h"

#include "coordinator/profile.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "shared/fd.h"
#include "shared/struct_json.h"
#include "shared/text.h"
#include "shared/poison.h"

#define PROFILE_FILE_MAX (64 * 1024)
#define LANES_MAX 256
#define WINDOW_MAX 64
#define RATE_MAX_HZ 100000
#define SECONDS_MAX (31 * 86400)

const char *const load_names[LOAD_COUNT] = {"rest", "ws"};

static const char *const default_paths[] = {
	"/api/v1/device/status",
	"/api/v1/effects/current",
	"/api/v1/effects",
	"/api/v1/parameters",
};

/* name, seconds, REST/s, WS/s, REST connections, WS sessions (design section 4) */
struct builtin_scenario {
	const char *profile, *name;
	int seconds, rest_hz, ws_hz, connections, sessions;
};

static const struct builtin_scenario builtins[] = {
	{"quick", "rest_quick", 30, 4, 0, 1, 0},
	{"quick", "ws_quick", 30, 0, 8, 0, 1},
	{"quick", "mixed_quick", 60, 3, 6, 1, 1},
	{"typical", "rest_typical_5m", 300, 4, 0, 1, 0},
	{"typical", "ws_typical_5m", 300, 0, 8, 0, 1},
	{"typical", "mixed_typical_10m", 600, 3, 6, 1, 1},
	{"stress", "rest_stress_5m", 300, 12, 0, 2, 0},
	{"stress", "ws_stress_5m", 300, 0, 25, 0, 2},
	{"stress", "mixed_stress_15m", 900, 10, 20, 2, 2},
};

static void
profile_init(struct profile *p, const char *name)
{
	size_t i;

	memset(p, 0, sizeof(*p));
	text_copy(p->name, sizeof(p->name), name);
	for (i = 0; i < sizeof(default_paths) / sizeof(default_paths[0]); i++)
		text_copy(p->path[p->path_count++], sizeof(p->path[0]), default_paths[i]);
}

static bool
load_builtin(const char *name, struct profile *out)
{
	const struct builtin_scenario *b;
	struct scenario *s;
	size_t i;

	profile_init(out, name);
	for (i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
		b = &builtins[i];
		if (strcmp(b->profile, name) != 0)
			continue;
		s = &out->scenario[out->scenario_count++];
		text_copy(s->name, sizeof(s->name), b->name);
		s->duration_us = b->seconds * US_PER_S;
		s->rate_mhz[LOAD_REST] = b->rest_hz * 1000;
		s->rate_mhz[LOAD_WS] = b->ws_hz * 1000;
		s->lanes[LOAD_REST] = b->connections;
		s->lanes[LOAD_WS] = b->sessions;
		s->ws_window = 1;
	}
	return out->scenario_count > 0;
}

/* A number with up to three decimals, in thousandths. */
static int
read_milli(const char *where, const char *key, const cJSON *v, double min, double max, int64_t *out,
    struct err *e)
{
	double milli;

	if (!cJSON_IsNumber(v) || !(v->valuedouble >= min && v->valuedouble <= max))
		return err_set(e, "%s: \"%s\" must be a number from %g to %g", where, key, min, max);
	milli = v->valuedouble * 1000;
	if (fabs(milli - round(milli)) > 1e-6 * fmax(1, fabs(milli)) * 1e-3)
		return err_set(e, "%s: \"%s\" has more than three decimals", where, key);
	*out = (int64_t)round(milli);
	return 0;
}

static int
read_rate(const char *where, const char *key, const cJSON *v, int64_t *out, struct err *e)
{
	if (cJSON_IsString(v) && strcmp(v->valuestring, "max") == 0) {
		*out = RATE_CLOSED_LOOP;
		return 0;
	}
	if (cJSON_IsString(v))
		return err_set(e, "%s: \"%s\" is \"%s\"; it must be a number or \"max\"", where, key,
		    v->valuestring);
	return read_milli(where, key, v, 0, RATE_MAX_HZ, out, e);
}

static int
read_count(const char *where, const char *key, const cJSON *v, int64_t min, int64_t max, int64_t *out,
    struct err *e)
{
	if (!cJSON_IsNumber(v) || v->valuedouble != floor(v->valuedouble) ||
	    v->valuedouble < (double)min || v->valuedouble > (double)max)
		return err_set(e, "%s: \"%s\" must be a whole number from %lld to %lld", where, key,
		    (long long)min, (long long)max);
	*out = (int64_t)v->valuedouble;
	return 0;
}

static bool
is_name(const char *s)
{
	size_t n = strlen(s), i;

	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_' && s[i] != '-')
			return false;
	return n > 0 && n <= PROFILE_NAME_MAX;
}

static int
read_name(const char *where, const cJSON *v, char *dst, size_t size, struct err *e)
{
	if (!cJSON_IsString(v) || !is_name(v->valuestring))
		return err_set(e,
		    "%s: \"name\" must be 1 to %d letters, digits, \"_\" or \"-\", not \"%s\"", where,
		    PROFILE_NAME_MAX, cJSON_IsString(v) ? v->valuestring : "");
	text_copy(dst, size, v->valuestring);
	return 0;
}

enum scenario_key {
	KEY_NAME, KEY_SECONDS, KEY_REST_HZ, KEY_WS_HZ, KEY_REST_CONNECTIONS, KEY_WS_SESSIONS,
	KEY_WS_WINDOW, KEY_COUNT
};

static const char *const scenario_keys[KEY_COUNT] = {"name", "seconds", "rest_hz", "ws_hz",
    "rest_connections", "ws_sessions", "ws_window"};

static int
key_index(const char *key, const char *const *keys, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (strcmp(key, keys[i]) == 0)
			return i;
	return -1;
}

static int
read_scenario_key(const char *where, int key, const cJSON *v, struct scenario *s, struct err *e)
{
	const char *name = scenario_keys[key];
	int64_t milli;

	switch ((enum scenario_key)key) {
	case KEY_NAME:
		return read_name(where, v, s->name, sizeof(s->name), e);
	case KEY_SECONDS:
		if (read_milli(where, name, v, 0.1, SECONDS_MAX, &milli, e) == -1)
			return -1;
		s->duration_us = milli * 1000;
		return 0;
	case KEY_REST_HZ:
		return read_rate(where, name, v, &s->rate_mhz[LOAD_REST], e);
	case KEY_WS_HZ:
		return read_rate(where, name, v, &s->rate_mhz[LOAD_WS], e);
	case KEY_REST_CONNECTIONS:
		return read_count(where, name, v, 0, LANES_MAX, &s->lanes[LOAD_REST], e);
	case KEY_WS_SESSIONS:
		return read_count(where, name, v, 0, LANES_MAX, &s->lanes[LOAD_WS], e);
	case KEY_WS_WINDOW:
		return read_count(where, name, v, 1, WINDOW_MAX, &s->ws_window, e);
	case KEY_COUNT:
		break;
	}
	return -1;
}

static int
check_scenario(const char *where, const struct scenario *s, const bool seen[KEY_COUNT], struct err *e)
{
	static const char *const lane_keys[LOAD_COUNT] = {"rest_connections", "ws_sessions"};
	static const char *const rate_keys[LOAD_COUNT] = {"rest_hz", "ws_hz"};
	int k;

	if (!seen[KEY_NAME] || !seen[KEY_SECONDS])
		return err_set(e, "%s: \"%s\" is missing", where, seen[KEY_NAME] ? "seconds" : "name");
	for (k = 0; k < LOAD_COUNT; k++)
		if (s->rate_mhz[k] != 0 && s->lanes[k] == 0)
			return err_set(e, "%s: \"%s\" must be 1 or more when \"%s\" is not 0", where,
			    lane_keys[k], rate_keys[k]);
	return 0;
}

static int
read_scenario(const char *source, const cJSON *o, int index, struct scenario *s, struct err *e)
{
	bool seen[KEY_COUNT] = {false};
	char where[300];
	const cJSON *v;
	int key, k;

	snprintf(where, sizeof(where), "%s: scenarios[%d]", source, index);
	if (!cJSON_IsObject(o))
		return err_set(e, "%s is not an object", where);
	s->lanes[LOAD_REST] = s->lanes[LOAD_WS] = -1;
	s->ws_window = 1;
	cJSON_ArrayForEach(v, o) {
		key = key_index(v->string, scenario_keys, KEY_COUNT);
		if (key == -1)
			return err_set(e, "%s: unknown key \"%s\"; see lwstress-profile(5)", where, v->string);
		if (seen[key])
			return err_set(e, "%s: key \"%s\" stands twice", where, v->string);
		seen[key] = true;
		if (read_scenario_key(where, key, v, s, e) == -1)
			return -1;
	}
	for (k = 0; k < LOAD_COUNT; k++)
		if (s->lanes[k] == -1)
			s->lanes[k] = s->rate_mhz[k] != 0;
	return check_scenario(where, s, seen, e);
}

static int
read_scenarios(const char *source, const cJSON *a, struct profile *p, struct err *e)
{
	const cJSON *o;
	int i;

	if (!cJSON_IsArray(a) || cJSON_GetArraySize(a) < 1 ||
	    cJSON_GetArraySize(a) > PROFILE_SCENARIOS_MAX)
		return err_set(e, "%s: \"scenarios\" must be a list of 1 to %d scenarios", source,
		    PROFILE_SCENARIOS_MAX);
	cJSON_ArrayForEach(o, a) {
		if (read_scenario(source, o, p->scenario_count, &p->scenario[p->scenario_count], e) == -1)
			return -1;
		for (i = 0; i < p->scenario_count; i++)
			if (strcmp(p->scenario[i].name, p->scenario[p->scenario_count].name) == 0)
				return err_set(e, "%s: two scenarios are named \"%s\"", source,
				    p->scenario[i].name);
		p->scenario_count++;
	}
	return 0;
}

static bool
is_path(const char *s)
{
	size_t i;

	if (s[0] != '/' || strlen(s) >= sizeof(((struct profile *)0)->path[0]))
		return false;
	for (i = 0; s[i] != '\0'; i++)
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 0x7f || s[i] == '#')
			return false;
	return true;
}

static int
read_paths(const char *source, const cJSON *a, struct profile *p, struct err *e)
{
	const cJSON *v;

	if (!cJSON_IsArray(a) || cJSON_GetArraySize(a) < 1 || cJSON_GetArraySize(a) > PROFILE_PATHS_MAX)
		return err_set(e, "%s: \"rest_paths\" must be a list of 1 to %d paths", source,
		    PROFILE_PATHS_MAX);
	p->path_count = 0;
	memset(p->path, 0, sizeof(p->path));
	cJSON_ArrayForEach(v, a) {
		if (!cJSON_IsString(v) || !is_path(v->valuestring))
			return err_set(e, "%s: \"rest_paths\": \"%s\" is not a path such as /api/v1/effects",
			    source, cJSON_IsString(v) ? v->valuestring : "?");
		text_copy(p->path[p->path_count++], sizeof(p->path[0]), v->valuestring);
	}
	return 0;
}

enum top_key { TOP_NAME, TOP_SCENARIOS, TOP_PATHS, TOP_COUNT };

static const char *const top_keys[TOP_COUNT] = {"name", "scenarios", "rest_paths"};

static int
read_profile(const char *source, const cJSON *o, struct profile *p, struct err *e)
{
	bool seen[TOP_COUNT] = {false};
	const cJSON *v;
	int key, rc;

	if (!cJSON_IsObject(o))
		return err_set(e, "%s: a profile is one JSON object; see lwstress-profile(5)", source);
	cJSON_ArrayForEach(v, o) {
		key = key_index(v->string, top_keys, TOP_COUNT);
		if (key == -1)
			return err_set(e, "%s: unknown key \"%s\"; see lwstress-profile(5)", source, v->string);
		if (seen[key])
			return err_set(e, "%s: key \"%s\" stands twice", source, v->string);
		seen[key] = true;
		rc = key == TOP_NAME ? read_name(source, v, p->name, sizeof(p->name), e)
		    : key == TOP_SCENARIOS ? read_scenarios(source, v, p, e)
					   : read_paths(source, v, p, e);
		if (rc == -1)
			return -1;
	}
	if (!seen[TOP_NAME] || !seen[TOP_SCENARIOS])
		return err_set(e, "%s: \"%s\" is missing", source, seen[TOP_NAME] ? "scenarios" : "name");
	return 0;
}

/* Nesting is bounded before cJSON recurses; a profile needs three levels. */
static bool
nested_too_deep(const char *text, size_t len)
{
	bool in_string = false;
	int depth = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (in_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_string = !in_string;
		else if (!in_string && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!in_string && (text[i] == '}' || text[i] == ']'))
			depth--;
		if (depth > 16)
			return true;
	}
	return false;
}

static int
line_of(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

int
profile_parse(const char *source, const char *text, size_t len, struct profile *out, struct err *e)
{
	const char *end = text;
	struct profile p;
	cJSON *json;
	int rc = -1;

	if (nested_too_deep(text, len))
		return err_set(e, "%s: nested too deep for a profile", source);
	if (struct_json_holds_nul(text, len))
		return err_set(e, "%s: holds a NUL, so it is not a profile", source);
	json = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	while (json != NULL && end < text + len && strchr(" \t\r\n", *end) != NULL)
		end++;
	if (json == NULL || end != text + len) {
		err_set(e, "%s: line %d is not valid JSON", source, line_of(text, end));
	} else {
		profile_init(&p, "");
		rc = read_profile(source, json, &p, e);
	}
	cJSON_Delete(json);
	if (rc == 0)
		*out = p;
	return rc;
}

int
profile_load(const char *name_or_path, struct profile *out, struct err *e)
{
	struct profile p;
	char *text;
	size_t len;
	int rc;

	if (load_builtin(name_or_path, &p)) {
		*out = p;
		return 0;
	}
	if (strchr(name_or_path, '/') == NULL && strchr(name_or_path, '.') == NULL)
		return err_set(e, "profile \"%s\" is unknown; built in are quick, typical and stress, "
		    "a file is named with its path (./%s.json)", name_or_path, name_or_path);
	if (fd_read_file(name_or_path, PROFILE_FILE_MAX, &text, &len, e) == -1)
		return -1;
	rc = profile_parse(name_or_path, text, len, out, e);
	free(text);
	return rc;
}

void
profile_serial(int64_t duration_us, struct profile *out)
{
	struct scenario *s;

	profile_init(out, "serial");
	out->scenario_count = 1;
	s = &out->scenario[0];
	snprintf(s->name, sizeof(s->name), "serial_only_%llds", (long long)(duration_us / US_PER_S));
	s->duration_us = duration_us;
	s->ws_window = 1;
}

void
profile_set_duration(struct profile *p, int64_t duration_us)
{
	int i;

	for (i = 0; i < p->scenario_count; i++)
		p->scenario[i].duration_us = duration_us;
}

bool
profile_has_load(const struct profile *p, enum load_kind kind)
{
	int i;

	for (i = 0; i < p->scenario_count; i++)
		if (p->scenario[i].rate_mhz[kind] != 0)
			return true;
	return false;
}
