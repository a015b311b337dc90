/* The only mutable global of the project lives here: the name of the process. */
#include "config.h"

#include "shared/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/text.h"
#include "shared/poison.h"

static const char *process_name = "lwstress";

void
log_init(const char *name)
{
	process_name = name;
}

static void
log_line(const char *level, const char *fmt, va_list ap)
{
	char raw[1024], clean[2048], line[2304];
	int n;

	vsnprintf(raw, sizeof(raw), fmt, ap);
	text_printable(clean, sizeof(clean), raw, strlen(raw));
	n = snprintf(line, sizeof(line), "%s: %s%s\n", process_name, level, clean);
	if (n > (int)sizeof(line) - 1)
		n = (int)sizeof(line) - 1;
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) == -1)
		return;
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("warning: ", fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("", fmt, ap);
	va_end(ap);
}
