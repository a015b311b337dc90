#include "config.h"

#include "worker/sim/rest.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <string.h>

#include "worker/sim/conn.h"
#include "worker/sim/console.h"
#include "worker/sim/data.h"
#include "worker/sim/sim.h"
#include "shared/poison.h"

#define MALLOC_FLOOR 1436	/* with less heap than one segment nothing can be answered */

static const struct {
	int status;
	const char *code;
	const char *message;
} errors[] = {
    {400, "INVALID_VALUE", "Bad request"},
    {401, "UNAUTHORIZED", "Missing or wrong API key"},
    {403, "UNAUTHORIZED", "Origin not allowed"},
    {404, "NOT_FOUND", "Endpoint not found"},
    {405, "INVALID_ACTION", "Method not allowed"},
    {429, "RATE_LIMITED", "Too many requests"},
    {500, "INTERNAL_ERROR", "Internal error"},
    {503, "SYSTEM_NOT_READY", "System not ready"},
    {507, "BUSY", "Out of memory"},
};

#define ERRORS (sizeof(errors) / sizeof(errors[0]))

static int
fault_status(struct sim *s)
{
	int64_t since_boot_us = mono_sub(clock_mono(), s->web_start);

	if (since_boot_us < s->faults.not_ready_us)
		return 503;
	if (s->served > s->faults.after && sim_chance(s, s->faults.error_rate))
		return 500;
	return 200;
}

static int
device_status(struct conn *c, int path)
{
	struct sim *s = c->sim;

	if (!limiter_allow(&s->limiter, c->ip, LIMITER_REST, sim_ms(s))) {
		s->stats.rate_limited++;
		return 429;
	}
	heap_load(&s->heap, HEAP_REST_BYTES, sim_ms(s));
	if (s->api_key[0] != '\0' && strcmp(c->request.api_key, s->api_key) != 0)
		return 401;
	if (path == -1)
		return 404;
	if (strcmp(c->request.method, "GET") != 0)
		return 405;
	if (sim_heap(s) < MALLOC_FLOOR) {
		console_malloc_failed(s->console, MALLOC_FLOOR);
		return 507;
	}
	return fault_status(s);
}

int
rest_status(struct conn *c)
{
	int path = data_path(c->request.path), status;

	c->sim->stats.requests++;
	c->sim->stats.path[path == -1 ? STATS_PATHS - 1 : path]++;
	c->sim->served++;
	status = device_status(c, path);
	sim_log(c->sim, "rest", c->request.path, status);
	return status;
}

static void
put_error(struct conn *c, int status, struct evbuffer *out)
{
	size_t i;

	for (i = 0; i < ERRORS - 1 && errors[i].status != status; i++)
		;
	if (errors[i].status != status)
		i = 0;
	evbuffer_add_printf(out, "\"error\":{\"code\":\"%s\",\"message\":\"%s\"", errors[i].code,
	    errors[i].message);
	if (status == 429)
		evbuffer_add_printf(out, ",\"retryAfter\":%d",
		    limiter_retry_after_s(&c->sim->limiter, c->ip, sim_ms(c->sim)));
	evbuffer_add_printf(out, "}");
}

void
rest_put_body(struct conn *c, int status, struct evbuffer *out)
{
	evbuffer_add_printf(out, "{\"success\":%s,", status == 200 ? "true" : "false");
	if (status == 200) {
		evbuffer_add_printf(out, "\"data\":");
		data_path_row(data_path(c->request.path))->put(c->sim, out);
	} else {
		put_error(c, status, out);
	}
	evbuffer_add_printf(out, ",\"timestamp\":%" PRId64 ",\"version\":\"2.0\"}", sim_ms(c->sim));
}

void
rest_write(struct conn *c, int status, struct evbuffer *out)
{
	struct evbuffer *body = evbuffer_new();

	if (body == NULL)
		return;
	stats_status(&c->sim->stats, status);
	rest_put_body(c, status, body);
	evbuffer_add_printf(out,
	    "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: %s\r\n",
	    status, http_reason(status), evbuffer_get_length(body),
	    c->request.keep_alive ? "keep-alive" : "close");
	if (status == 429)
		evbuffer_add_printf(out, "Retry-After: %d\r\n",
		    limiter_retry_after_s(&c->sim->limiter, c->ip, sim_ms(c->sim)));
	if (status == 405)
		evbuffer_add_printf(out, "Allow: GET\r\n");
	evbuffer_add_printf(out, "\r\n");
	if (strcmp(c->request.method, "HEAD") != 0)
		evbuffer_add_buffer(out, body);
	evbuffer_free(body);
}
