/* The device's TCP side: one listening socket on loopback, and the connections it accepted. */
#ifndef LWS_SIM_SERVER_H
#define LWS_SIM_SERVER_H

#include <stdint.h>

#include "shared/err.h"

struct conn;
struct server;
struct sim;

/* Listen on address ("127.0.0.1" or "::1", nothing else) and port (0: a free one). NULL with e. */
struct server *server_new(struct sim *s, const char *address, int port, struct err *e);
void server_free(struct server *v);

/* "127.0.0.1:8080", "[::1]:8080"; lives as long as v. */
const char *server_name(const struct server *v);

/* Connections held now. */
int server_connections(const struct server *v);

/* The first of them (walk on with conn_next), NULL if none. */
struct conn *server_first(const struct server *v);

/* Reset all connections; refuse new ones, keeping the port, until server_up. */
void server_down(struct server *v);

/* Listen again. 0, or -1 with errno. */
int server_up(struct server *v);

/* From conn.c: c is gone. */
void server_forget(struct server *v, struct conn *c);

#endif
