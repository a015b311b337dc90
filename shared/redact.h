/* Secrets that a peer may echo (an error page that quotes headers): overwritten before they are
 * told. */
#ifndef LWS_REDACT_H
#define LWS_REDACT_H

#include <stddef.h>

#define REDACT_MAX 8
#define REDACT_MIN_LEN 4	/* a shorter secret would blot out everything */

struct redact {
	int count;
	char secret[REDACT_MAX][512];
};

/* Add a secret; one that is too short or too long, or over REDACT_MAX, is left out. */
void redact_add(struct redact *r, const char *secret);

/* Add what a URL with userinfo gives away: the password, and the base64 of an Authorization
 * header. */
void redact_add_url(struct redact *r, const char *url);

/* Overwrite every secret in len bytes of text with '*'. */
void redact_apply(const struct redact *r, char *text, size_t len);

#endif
