#include "config.h"

#include "worker/rest_url.h"

#include <stdio.h>
#include <string.h>

#include "shared/poison.h"

void
rest_url(char *dst, const char *base, const char *path)
{
	int len = (int)strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	snprintf(dst, REST_URL_MAX, "%.*s%s%s", len, base, path[0] == '/' ? "" : "/api/v1/", path);
}
