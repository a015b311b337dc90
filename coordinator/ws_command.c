#include "config.h"

#include "coordinator/ws_command.h"

#include "shared/poison.h"

const struct ws_command ws_commands[WS_COMMAND_COUNT] = {
	{"device.getStatus", "{}", "device.status"},
	{"effects.getCurrent", "{}", "effects.current"},
	{"effects.parameters.get", "{\"effectId\":6912}", "effects.parameters"},
};
