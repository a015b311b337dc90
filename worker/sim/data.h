/* What the device answers: the `data` of the REST paths and of the WebSocket replies. */
#ifndef LWS_SIM_DATA_H
#define LWS_SIM_DATA_H

struct evbuffer;
struct sim;

/* One way to ask for a piece of data. */
struct data_row {
	const char *name;	/* path or command */
	const char *reply;	/* type of the WebSocket reply; NULL for a path */
	void (*put)(struct sim *s, struct evbuffer *out);
};

/* Index of a REST path or WebSocket command, -1 if the device has none of that name. */
int data_path(const char *path);
int data_command(const char *command);

/* The row behind an index. */
const struct data_row *data_path_row(int i);
const struct data_row *data_command_row(int i);

/* Names for the statistics; "other" behind the last. */
const char *data_path_name(int i);
const char *data_command_name(int i);

/* The members of a status broadcast, without the braces. */
void data_put_broadcast(struct sim *s, struct evbuffer *out);

#endif
