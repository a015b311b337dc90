/* The WebSocket commands of the load, asked in turn (device contract, WebSocket). */
#ifndef LWS_WS_COMMAND_H
#define LWS_WS_COMMAND_H

#define WS_COMMAND_COUNT 3

struct ws_command {
	const char *name;	/* "type" of the request */
	const char *payload;	/* JSON text */
	const char *reply;	/* "type" of the reply */
};

extern const struct ws_command ws_commands[WS_COMMAND_COUNT];

#endif
