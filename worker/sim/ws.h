/* WebSocket sessions on /ws: the device's commands, broadcasts, limits and faults. */
#ifndef LWS_SIM_WS_H
#define LWS_SIM_WS_H

struct conn;
struct sim;
struct ws;

/* Answer the upgrade request that c has read; its bytes are still in the input. c may be gone afterwards. */
void ws_begin(struct conn *c);

/* From conn.c, for a connection in CONN_SESSION. */
void ws_read(struct ws *w);
void ws_drained(struct ws *w);
void ws_timer(struct ws *w);
void ws_free(struct ws *w);

/* Each tick of the device: broadcasts that are due. */
void ws_tick(struct sim *s);

/* The heap is low: close every session with 1013. */
void ws_shed(struct sim *s);

/* The heap has recovered: a status broadcast to all. */
void ws_resume(struct sim *s);

#endif
