#include "config.h"

#include "worker/sim/data.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "worker/sim/server.h"
#include "worker/sim/sim.h"
#include "shared/poison.h"

#define EFFECTS_TOTAL 171
#define EFFECTS_LIMIT 20
#define EFFECT_CURRENT 6912

static const char *const effect_words[] = {"Ember", "Ripple", "Prism", "Tide", "Lattice"};

static const char *
effect_name(int i)
{
	return effect_words[i % 5];
}

static void
put_status(struct sim *s, struct evbuffer *out)
{
	int64_t ms = sim_ms(s);
	int64_t fps_deci = 1197 + ms / 1000 % 5;

	evbuffer_add_printf(out,
	    "{\"uptime\":%" PRId64 ",\"freeHeap\":%" PRId64 ",\"heapSize\":%d,\"cpuFreq\":240,"
	    "\"fps\":%" PRId64 ".%" PRId64 ",\"cpuPercent\":%" PRId64 ",\"framesRendered\":%" PRId64 ","
	    "\"network\":{\"connected\":true,\"apMode\":false,\"ip\":\"127.0.0.1\",\"rssi\":-52},"
	    "\"wsClients\":%d}",
	    sim_uptime_s(s), sim_heap(s), HEAP_SIZE, fps_deci / 10, fps_deci % 10,
	    41 + s->heap.load_bytes / 500, ms * 120 / 1000, s->guard.active);
}

static void
put_info(struct sim *s, struct evbuffer *out)
{
	(void)s;
	evbuffer_add_printf(out,
	    "{\"name\":\"LightwaveOS\",\"firmware\":\"2.0.0\",\"firmwareVersionNumber\":20000,"
	    "\"board\":\"ESP32-S3-DevKitC-1\",\"sdk\":\"v4.4.7\",\"flashSize\":16777216,"
	    "\"sketchSize\":2097152,\"freeSketch\":4456448,\"architecture\":\"Actor System v2\","
	    "\"simulated\":true}");
}

static void
put_current(struct sim *s, struct evbuffer *out)
{
	(void)s;
	evbuffer_add_printf(out,
	    "{\"effectId\":%d,\"name\":\"%s\",\"brightness\":128,\"speed\":25,\"paletteId\":3,"
	    "\"hue\":96,\"intensity\":128,\"saturation\":255,\"complexity\":128,\"variation\":0}",
	    EFFECT_CURRENT, effect_name(EFFECT_CURRENT / 256));
}

static void
put_effects(struct sim *s, struct evbuffer *out)
{
	int i;

	(void)s;
	evbuffer_add_printf(out,
	    "{\"total\":%d,\"offset\":0,\"limit\":%d,"
	    "\"pagination\":{\"total\":%d,\"offset\":0,\"limit\":%d,\"hasMore\":true},\"effects\":[",
	    EFFECTS_TOTAL, EFFECTS_LIMIT, EFFECTS_TOTAL, EFFECTS_LIMIT);
	for (i = 0; i < EFFECTS_LIMIT; i++)
		evbuffer_add_printf(out, "%s{\"id\":%d,\"name\":\"%s %d\",\"category\":\"%s\"}",
		    i == 0 ? "" : ",", 256 * (i + 1), effect_name(i), i + 1, effect_name(i / 5));
	evbuffer_add_printf(out, "]}");
}

static void
put_parameters(struct sim *s, struct evbuffer *out)
{
	(void)s;
	evbuffer_add_printf(out,
	    "{\"brightness\":128,\"speed\":25,\"paletteId\":3,\"hue\":96,\"intensity\":128,"
	    "\"saturation\":255,\"complexity\":128,\"variation\":0,\"mood\":128,\"fadeAmount\":20}");
}

static void
put_effect_parameters(struct sim *s, struct evbuffer *out)
{
	(void)s;
	evbuffer_add_printf(out,
	    "{\"effectId\":%d,\"name\":\"%s\",\"hasParameters\":true,\"parameters\":["
	    "{\"name\":\"decay\",\"displayName\":\"Decay\",\"min\":0,\"max\":1,\"default\":0.5,\"value\":0.5},"
	    "{\"name\":\"spread\",\"displayName\":\"Spread\",\"min\":0,\"max\":4,\"default\":1,\"value\":1}]}",
	    EFFECT_CURRENT, effect_name(EFFECT_CURRENT / 256));
}

void
data_put_broadcast(struct sim *s, struct evbuffer *out)
{
	evbuffer_add_printf(out,
	    "\"effectId\":%d,\"effectName\":\"%s\",\"brightness\":128,\"speed\":25,\"paletteId\":3,"
	    "\"hue\":96,\"fps\":120,\"cpuPercent\":%" PRId64 ",\"freeHeap\":%" PRId64
	    ",\"uptime\":%" PRId64,
	    EFFECT_CURRENT, effect_name(EFFECT_CURRENT / 256), 41 + s->heap.load_bytes / 500,
	    sim_heap(s), sim_ms(s) / 1000);
}

static const struct data_row paths[] = {
    {"/api/v1/device/status", NULL, put_status},
    {"/api/v1/device/info", NULL, put_info},
    {"/api/v1/effects/current", NULL, put_current},
    {"/api/v1/effects", NULL, put_effects},
    {"/api/v1/parameters", NULL, put_parameters},
};

static const struct data_row commands[] = {
    {"device.getStatus", "device.status", put_status},
    {"effects.getCurrent", "effects.current", put_current},
    {"effects.parameters.get", "effects.parameters", put_effect_parameters},
};

#define PATHS (int)(sizeof(paths) / sizeof(paths[0]))
#define COMMANDS (int)(sizeof(commands) / sizeof(commands[0]))

static int
find(const struct data_row *rows, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return i;
	}
	return -1;
}

int
data_path(const char *path)
{
	return find(paths, PATHS, path);
}

int
data_command(const char *command)
{
	return find(commands, COMMANDS, command);
}

const struct data_row *
data_path_row(int i)
{
	return &paths[i];
}

const struct data_row *
data_command_row(int i)
{
	return &commands[i];
}

const char *
data_path_name(int i)
{
	return i < PATHS ? paths[i].name : "other";
}

const char *
data_command_name(int i)
{
	if (i == COMMANDS)
		return "auth";
	return i < COMMANDS ? commands[i].name : "other";
}
