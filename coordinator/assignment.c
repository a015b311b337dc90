#include "config.h"

#include "coordinator/assignment.h"

#include <string.h>

#include "coordinator/ws_command.h"
#include "shared/text.h"
#include "shared/poison.h"

#define BODY_MAX (256 * 1024)	/* cJSON needs 40 times that */

#define COPY(dst, src) text_copy(dst, sizeof(dst), src)

static void
put_target(const struct settings *s, int device, enum role role, struct workplan *w)
{
	const struct plan *p = &s->plan;

	COPY(w->url, role == ROLE_WS ? s->ws_url : s->url);
	COPY(w->api_key, s->api_key);
	COPY(w->ca_file, s->ca_file);
	COPY(w->proxy, s->proxy);
	COPY(w->fatal_pattern, s->fatal_pattern);
	COPY(w->serial_path, p->device[device].serial_port);
	w->preflight = true;
	w->insecure = p->insecure;
	w->fresh_connections = p->fresh_connections;
	w->sandbox = !p->no_sandbox;
	w->timeout_ms = role == ROLE_WS ? p->ws_timeout_ms : p->rest_timeout_ms;
	w->connect_timeout_ms = p->connect_timeout_ms;
	w->preflight_timeout_ms = p->preflight_timeout_ms;
	w->body_max = BODY_MAX;
}

static void
put_loads(const struct profile *p, enum load_kind kind, struct workplan *w)
{
	const struct scenario *s;
	int i;

	w->scenario_count = p->scenario_count;
	for (i = 0; i < p->scenario_count; i++) {
		s = &p->scenario[i];
		w->load[i] = (struct workplan_load){s->rate_mhz[kind], s->duration_us, s->lanes[kind],
		    s->ws_window};
	}
}

static void
put_paths(const struct profile *p, struct workplan *w)
{
	int i;

	for (i = 0; i < p->path_count; i++)
		COPY(w->kind[i].name, p->path[i]);
	w->kind_count = p->path_count;
}

static void
put_commands(struct workplan *w)
{
	int i;

	for (i = 0; i < WS_COMMAND_COUNT; i++) {
		COPY(w->kind[i].name, ws_commands[i].name);
		COPY(w->kind[i].payload, ws_commands[i].payload);
		COPY(w->kind[i].reply, ws_commands[i].reply);
	}
	w->kind_count = WS_COMMAND_COUNT;
}

void
assignment_make(const struct settings *s, int device, enum role role, struct workplan *out)
{
	memset(out, 0, sizeof(*out));
	put_target(s, device, role, out);
	put_loads(&s->plan.profile, role == ROLE_WS ? LOAD_WS : LOAD_REST, out);
	if (role == ROLE_REST)
		put_paths(&s->plan.profile, out);
	else if (role == ROLE_WS)
		put_commands(out);
}
