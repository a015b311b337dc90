#include "config.h"

#include "shared/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/text.h"
#include "shared/poison.h"

int
err_set(struct err *e, const char *fmt, ...)
{
	char raw[sizeof(e->text)];
	va_list ap;

	if (e == NULL)
		return -1;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	text_printable(e->text, sizeof(e->text), raw, strlen(raw));
	return -1;
}
