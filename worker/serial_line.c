#include "config.h"

#include "worker/serial_line.h"

#include <string.h>

#include "shared/poison.h"

#define ESC 0x1b
#define BEL 0x07
#define HEAP_MAX (INT64_C(64) << 20)	/* more is no internal heap but garbage */
#define CLOCK_MAX INT64_C(0xffffffff)	/* millis() has 32 bits */

static size_t
skip_range(const uint8_t *p, size_t len, size_t i, uint8_t lo, uint8_t hi)
{
	while (i < len && p[i] >= lo && p[i] <= hi)
		i++;
	return i;
}

/* OSC, DCS and the like: up to BEL or ESC \; one without its end loses only its introducer. */
static size_t
string_len(const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 2; i < len; i++) {
		if (p[i] == BEL)
			return i + 1;
		if (p[i] == ESC)
			return i + 1 < len && p[i + 1] == '\\' ? i + 2 : 2;
	}
	return 2;
}

/* Length of the escape sequence (ECMA-48) at p, which begins with ESC. */
static size_t
escape_len(const uint8_t *p, size_t len)
{
	size_t i;

	if (len < 2)
		return 1;
	if (p[1] == '[') {
		i = skip_range(p, len, 2, 0x30, 0x3f);
		i = skip_range(p, len, i, 0x20, 0x2f);
		return i < len && p[i] >= 0x40 && p[i] <= 0x7e ? i + 1 : i;
	}
	if (p[1] == ']' || p[1] == 'P' || p[1] == 'X' || p[1] == '^' || p[1] == '_')
		return string_len(p, len);
	i = skip_range(p, len, 1, 0x20, 0x2f);
	return i < len && p[i] >= 0x30 && p[i] <= 0x7e ? i + 1 : i;
}

static size_t
strip(char *dst, const uint8_t *p, size_t len)
{
	size_t i = 0, n = 0;

	while (i < len) {
		if (p[i] == ESC) {
			i += escape_len(p + i, len - i);
			continue;
		}
		dst[n++] = p[i] == '\0' ? 0x7f : (char)p[i];
		i++;
	}
	dst[n] = '\0';
	return n;
}

static bool
bytes_hold(const uint8_t *p, size_t len, const char *needle)
{
	size_t n = strlen(needle);
	const uint8_t *q;

	while (len >= n && (q = memchr(p, needle[0], len - n + 1)) != NULL) {
		if (memcmp(q, needle, n) == 0)
			return true;
		len -= (size_t)(q + 1 - p);
		p = q + 1;
	}
	return false;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Digits at *p, 0 to max, moving *p behind them; -1 when there are none or more than max. */
static int64_t
read_number(const char **p, int64_t max)
{
	int64_t v = 0;
	const char *s = *p;

	while (is_digit(*s) && v <= max)
		v = v * 10 + (*s++ - '0');
	if (s == *p || v > max)
		return -1;
	*p = s;
	return v;
}

/* The value of a whole token "name=digits", -1 if the line has none. */
static int64_t
token_value(const struct serial_line *l, const char *name)
{
	const char *p = l->text, *v;
	size_t n = strlen(name);
	int64_t value;

	for (; (p = strstr(p, name)) != NULL; p += n) {
		if (p > l->text && (is_word(p[-1]) || strchr(".-+:/", p[-1]) != NULL))
			continue;
		v = p + n;
		value = read_number(&v, HEAP_MAX);
		if (value >= 0 && !is_word(*v) && *v != '%' && !(*v == '.' && is_digit(v[1])))
			return value;
	}
	return -1;
}

static int
fatal_find(const struct serial_line *l, const uint8_t *raw, size_t len, const regex_t *user)
{
	int i;

	if (len == 0 || memchr(raw, ESC, len) == NULL)
		len = 0;
	for (i = 0; i < FATAL_USER; i++)
		if (strstr(l->text, fatal_names[i]) != NULL ||
		    bytes_hold(raw, len, fatal_names[i]))
			return i;
	if (user != NULL && regexec(user, l->text, 0, NULL, 0) == 0)
		return FATAL_USER;
	return -1;
}

static int
warning_find(const struct serial_line *l)
{
	int i;

	for (i = 0; i < WARNING_COUNT; i++)
		if (strstr(l->text, warning_names[i]) != NULL)
			return i;
	return -1;
}

static int
shed_find(const struct serial_line *l)
{
	static const struct {
		const char *word;
		enum shed shed;
	} states[] = {
		{"ENABLED", SHED_ENABLED},
		{"active", SHED_ACTIVE},
		{"DISABLED", SHED_DISABLED},
	};
	static const char intro[] = "Low-heap shedding ";
	const char *p = strstr(l->text, intro);
	size_t i, n;

	if (p == NULL)
		return -1;
	p += sizeof(intro) - 1;
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		n = strlen(states[i].word);
		if (strncmp(p, states[i].word, n) == 0 && !is_word(p[n]))
			return (int)states[i].shed;
	}
	return -1;
}

/* "[12787][INFO]…" and "[ 14424][W]…": without a level in brackets behind it, it is no clock. */
static int64_t
clock_bracket(const char *p)
{
	int64_t ms;

	if (*p++ != '[')
		return -1;
	p += strspn(p, " ");
	ms = read_number(&p, CLOCK_MAX);
	if (ms < 0 || strncmp(p, "][", 2) != 0)
		return -1;
	p += 2;
	if (*p < 'A' || *p > 'Z')
		return -1;
	while (*p >= 'A' && *p <= 'Z')
		p++;
	return *p == ']' ? ms : -1;
}

/* One whole JSON object a line; a member name inside a text has a backslash before its quote. */
static int64_t
clock_json(const struct serial_line *l)
{
	static const char member[] = "\"ts_mono_ms\":";
	const char *p = l->text;
	int64_t ms;

	if (p[0] != '{' || l->text[l->len - 1] != '}')
		return -1;
	while ((p = strstr(p, member)) != NULL) {
		if (strchr("{, ", p[-1]) == NULL) {
			p++;
			continue;
		}
		p += sizeof(member) - 1;
		p += strspn(p, " ");
		ms = read_number(&p, CLOCK_MAX);
		return *p == ',' || *p == '}' || *p == ' ' ? ms : -1;
	}
	return -1;
}

static int64_t
reason_find(const struct serial_line *l)
{
	const char *p = strstr(l->text, fatal_names[FATAL_RST]);
	int64_t v = 0;
	size_t n, i;

	if (p == NULL)
		return -1;
	p += strlen(fatal_names[FATAL_RST]);
	n = strspn(p, "0123456789abcdefABCDEF");
	if (n < 1 || n > 2)
		return -1;
	for (i = 0; i < n; i++)
		v = v * 16 + (is_digit(p[i]) ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
	return v;
}

/* Length of a counter "name=digits" at p, 0 if there is none. */
static size_t
counter_len(const char *p)
{
	size_t name = 0, digits;

	while (is_word(p[name]))
		name++;
	if (name == 0 || p[name] != '=')
		return 0;
	digits = strspn(p + name + 1, "0123456789");
	if (digits == 0 || is_word(p[name + 1 + digits]))
		return 0;
	return name + 1 + digits;
}

/* Keep the counters that are whole, in case the line was cut or garbled. */
static void
ws_diag_find(struct serial_line *l)
{
	static const char intro[] = "WS diag: ";
	const char *p = strstr(l->text, intro), *q;
	size_t n, used = 0;

	if (p == NULL)
		return;
	p += sizeof(intro) - 1;
	for (q = p; (n = counter_len(q)) > 0; q++) {
		q += n;
		if ((size_t)(q - p) >= sizeof(l->ws_diag))
			break;
		used = (size_t)(q - p);
		if (*q != ' ')
			break;
	}
	memcpy(l->ws_diag, p, used);
	l->ws_diag[used] = '\0';
}

void
serial_line_parse(struct serial_line *l, const uint8_t *bytes, size_t len, const regex_t *user)
{
	if (len > SERIAL_LINE_MAX)
		len = SERIAL_LINE_MAX;
	l->len = strip(l->text, bytes, len);
	l->fatal = fatal_find(l, bytes, len, user);
	l->warning = warning_find(l);
	l->shed = shed_find(l);
	l->heap = token_value(l, "internal=");
	if (l->heap == -1)
		l->heap = token_value(l, "internal_heap=");
	l->largest = token_value(l, "largest=");
	l->clock_ms = clock_bracket(l->text);
	if (l->clock_ms == -1)
		l->clock_ms = clock_json(l);
	l->reset_reason = l->fatal == -1 ? -1 : reason_find(l);
	l->heap_diag = strstr(l->text, "Heap diag: ") != NULL;
	l->ws_diag[0] = '\0';
	ws_diag_find(l);
}
