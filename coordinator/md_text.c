#include "config.h"

#include "coordinator/md_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "shared/text.h"
#include "shared/poison.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* U+200B to U+200F, U+2028 to U+202E, U+2066 to U+2069: not seen, or turning what is. */
static bool
is_invisible(const uint8_t *p, size_t n)
{
	if (n == 3 && p[0] == 0xe2 && p[1] == 0x80)
		return (p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae);
	if (n == 3 && p[0] == 0xe2 && p[1] == 0x81)
		return p[2] >= 0xa6 && p[2] <= 0xa9;
	return n == 2 && p[0] == 0xc2 && p[1] < 0xa0;
}

/* An underscore inside a word is no markup. */
static bool
in_word(const char *s, size_t i)
{
	return i > 0 && isalnum((unsigned char)s[i - 1]) && isalnum((unsigned char)s[i + 1]);
}

static const char *
entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	default:
		return NULL;
	}
}

/* Characters that are markup only where a block begins: "# x", "- x", "12. x". */
static bool
opens_block(const char *s, size_t i)
{
	if (i == 0)
		return s[0] != '\0' && strchr("#+-=~:", s[0]) != NULL;
	if (s[i] != '.' && s[i] != ')')
		return false;
	return strspn(s, "0123456789") == i && (s[i + 1] == ' ' || s[i + 1] == '\0');
}

static void
put_ascii(FILE *f, const char *s, size_t i)
{
	unsigned char c = (unsigned char)s[i];

	if (c == '\n' || c == '\r' || c == '\t')
		fputc(' ', f);
	else if (c < 0x20 || c == 0x7f)
		fputs(REPLACEMENT, f);
	else if (entity(s[i]) != NULL)
		fputs(entity(s[i]), f);
	else if (strchr("\\`*[]|~$", c) != NULL || (c == '_' && !in_word(s, i)) ||
		 opens_block(s, i))
		fprintf(f, "\\%c", c);
	else
		fputc(c, f);
}

void
md_text(FILE *f, const char *s)
{
	size_t len = strlen(s), i, n;
	const uint8_t *p;

	for (i = 0; i < len; i += n) {
		p = (const uint8_t *)s + i;
		n = text_utf8_len(p, len - i);
		if (n == 1)
			put_ascii(f, s, i);
		else if (n == 0 || is_invisible(p, n))
			fputs(REPLACEMENT, f);
		else
			fwrite(p, 1, n, f);
		n = n == 0 ? 1 : n;
	}
}

static int
backticks(const char *s)
{
	int run = 0, most = 0;

	for (; *s != '\0'; s++) {
		run = *s == '`' ? run + 1 : 0;
		if (run > most)
			most = run;
	}
	return most;
}

/* Printable text of one line, what turns the direction of writing replaced. */
static void
put_code(FILE *f, const char *s)
{
	size_t len = strlen(s), i, n;

	for (i = 0; i < len; i += n) {
		n = text_utf8_len(s + i, len - i);
		if (is_invisible((const uint8_t *)s + i, n))
			fputs(REPLACEMENT, f);
		else
			fwrite(s + i, 1, n, f);
	}
	fputc('\n', f);
}

static void
put_fence(FILE *f, int len, const char *info)
{
	while (len-- > 0)
		fputc('`', f);
	fprintf(f, "%s\n", info);
}

void
md_code(FILE *f, char *const *lines, int n)
{
	char line[2048];
	int i, most = 2;

	for (i = 0; i < n; i++)
		if (lines[i] != NULL && backticks(lines[i]) > most)
			most = backticks(lines[i]);
	put_fence(f, most + 1, "text");
	for (i = 0; i < n; i++) {
		line[0] = '\0';
		if (lines[i] != NULL)
			text_printable(line, sizeof(line), lines[i], strlen(lines[i]));
		put_code(f, line);
	}
	put_fence(f, most + 1, "");
}
