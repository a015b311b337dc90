/* The only mutable global of the project lives here: the name of the process. */
#include "config.h"

#include "shared/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/text.h"
#include "shared/poison.h"

#define WAIT_MS 1000

static const char *process_name = "lwstress";

void
log_init(const char *name)
{
	process_name = name;
}

bool
log_write(const char *line, size_t len, int wait_ms)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&p, 1, wait_ms) != 1 || (p.revents & POLLOUT) == 0)
		return false;
	return write(STDERR_FILENO, line, len) == (ssize_t)len;
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
	if (n > 0)
		log_write(line, (size_t)n, WAIT_MS);
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
