/* Request texts of the ws worker. */
#include "config.h"

#include "worker/ws_command.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "worker/api_body.h"
#include "shared/poison.h"

int
ws_command_init(struct ws_command *c, const struct workplan_kind *kind, struct err *e)
{
	const char *payload = kind->payload[0] != '\0' ? kind->payload : "{}";
	cJSON *object, *type = cJSON_CreateString(kind->name);
	char *text = type != NULL ? cJSON_PrintUnformatted(type) : NULL;
	int n = -1;

	cJSON_Delete(type);
	if (text != NULL)
		n = snprintf(c->before, sizeof(c->before), "{\"type\":%s,\"requestId\":\"lw-", text);
	cJSON_free(text);
	if (n < 0 || (size_t)n >= sizeof(c->before))
		return err_set(e, "command \"%s\" is too long", kind->name);
	object = api_body_object(payload, strlen(payload), NULL);
	if (object == NULL)
		return err_set(e, "payload of command \"%s\" is not a JSON object", kind->name);
	cJSON_Delete(object);
	snprintf(c->after, sizeof(c->after), "\",\"payload\":%s}", payload);
	return 0;
}

size_t
ws_command_text(const struct ws_command *c, int64_t id, char dst[WS_COMMAND_MAX])
{
	return (size_t)snprintf(dst, WS_COMMAND_MAX, "%s%lld%s", c->before, (long long)id, c->after);
}
