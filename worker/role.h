/* What worker/main.c needs of a role: a row in its table. */
#ifndef LWS_ROLE_H
#define LWS_ROLE_H

#include "worker/link.h"

struct event_base;

struct role_ops {
	const char *name;			/* "rest", "ws", "serial" */
	enum role role;
	void *(*create)(struct event_base *base);	/* NULL when memory is out */
	void (*attach)(void *self, struct link *link);	/* called once, before the loop runs */
	struct link_handler handler;			/* called with self */
	void (*destroy)(void *self);
};

extern const struct role_ops rest_role;
extern const struct role_ops ws_role;
extern const struct role_ops serial_role;

#endif
