#include "config.h"

#include "worker/sim/ws.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "worker/sim/conn.h"
#include "worker/sim/rest.h"
#include "shared/poison.h"

/* Sessions come with the codec; until then every upgrade is refused. */
void
ws_begin(struct conn *c)
{
	c->request.keep_alive = false;
	rest_write(c, 501, bufferevent_get_output(c->bev));
	conn_finish(c);
}

void
ws_read(struct ws *w)
{
	(void)w;
}

void
ws_drained(struct ws *w)
{
	(void)w;
}

void
ws_timer(struct ws *w)
{
	(void)w;
}

void
ws_free(struct ws *w)
{
	(void)w;
}

void
ws_tick(struct sim *s)
{
	(void)s;
}

void
ws_shed(struct sim *s)
{
	(void)s;
}

void
ws_resume(struct sim *s)
{
	(void)s;
}
