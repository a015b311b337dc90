#include "config.h"

#include "worker/sim/wscommand.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "worker/sim/data.h"
#include "shared/poison.h"

/* Depth by the brackets outside of strings, so that a deep text never reaches the parser. */
static int
depth_of(const char *p, size_t len)
{
	int depth = 0, max = 0;
	bool quoted = false;
	size_t i;

	for (i = 0; i < len; i++) {
		if (quoted && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (p[i] == '{' || p[i] == '['))
			max = ++depth > max ? depth : max;
		else if (!quoted && (p[i] == '}' || p[i] == ']'))
			depth--;
	}
	return max;
}

static bool
only_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	return p == end;
}

static void
take_key(const cJSON *root, struct wscommand *out)
{
	const cJSON *key = cJSON_GetObjectItemCaseSensitive(root, "apiKey");

	if (cJSON_IsString(key) && strlen(key->valuestring) < sizeof(out->api_key))
		snprintf(out->api_key, sizeof(out->api_key), "%s", key->valuestring);
}

static void
take(const cJSON *root, struct wscommand *out)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(root, "type");
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(root, "requestId");

	if (cJSON_IsString(id) || cJSON_IsNumber(id))
		out->id = cJSON_PrintUnformatted(id);
	out->kind = WSCOMMAND_UNKNOWN;
	if (!cJSON_IsString(type))
		return;
	if (strcmp(type->valuestring, "auth") == 0) {
		out->kind = WSCOMMAND_AUTH;
		take_key(root, out);
		return;
	}
	out->index = data_command(type->valuestring);
	if (out->index != -1)
		out->kind = WSCOMMAND_DATA;
}

void
wscommand_parse(const void *text, size_t len, struct wscommand *out)
{
	const char *end = NULL;
	cJSON *root;

	*out = (struct wscommand){.kind = WSCOMMAND_BAD, .index = -1};
	if (depth_of(text, len) > WSCOMMAND_DEPTH_MAX) {
		out->kind = WSCOMMAND_DEEP;
		return;
	}
	root = cJSON_ParseWithLengthOpts(text, len, &end, false);
	if (cJSON_IsObject(root) && only_blanks(end, (const char *)text + len))
		take(root, out);
	cJSON_Delete(root);
}

void
wscommand_clear(struct wscommand *w)
{
	cJSON_free(w->id);
	w->id = NULL;
}
