/* A pseudo terminal in raw mode whose other end a serial program opens, and a link that leads to it. */
#ifndef LWS_SIM_PTY_H
#define LWS_SIM_PTY_H

#include "shared/err.h"

struct pty {
	int master;		/* -1: closed */
	int slave;		/* stays open, so that a reader's close is no hangup */
	char path[128];
	char link[1024];	/* "" for none */
};

/* Closed for now; link may be NULL. 0, or -1 with e when link is too long. */
int pty_init(struct pty *p, const char *link, struct err *e);

/* Open a new terminal and let the link lead to it. 0, or -1 with e. */
int pty_open(struct pty *p, struct err *e);

/* Close it (its readers see a hangup) and remove the link. */
void pty_close(struct pty *p);

#endif
