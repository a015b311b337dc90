/* URLs of devices, taken apart strictly: scheme, host, port, path. */
#ifndef LWS_URL_H
#define LWS_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/err.h"

#define URL_MAX 1024

struct url {
	char scheme[8];		/* lower case: http https ws wss */
	char userinfo[256];	/* "user:password", "" if none; appears in no file and no message */
	char host[256];		/* without brackets */
	int port;		/* 1 to 65535, the scheme's default if none was given */
	bool port_given;
	char path[512];		/* begins with '/', or "" */
};

/*
 * Take s apart. schemes is a space separated list of those allowed ("http https").
 * No query, no fragment, no white space or control bytes. 0, or -1 with a message that names
 * what (an option) and s (its password masked).
 */
int url_parse(const char *what, const char *s, const char *schemes, struct url *out, struct err *e);

/* Write u with another scheme and path; with_secret: userinfo included. Returns 0, -1 if it does not fit. */
int url_format(const struct url *u, const char *scheme, const char *path, bool with_secret, char *dst,
    size_t size);

/* Copy s with any password masked ("http://user:***@host/"), whether s is valid or not. */
void url_mask(char *dst, size_t size, const char *s);

#endif
