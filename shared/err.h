/* An error as text: what went wrong, with which operand, and what to do about it. */
#ifndef LWS_ERR_H
#define LWS_ERR_H

struct err {
	char text[512];
};

/* Format a message into e (truncated to fit, control bytes escaped) and return -1; e may be NULL. */
int err_set(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
