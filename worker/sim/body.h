/* The hostile answers of the fault "body". */
#ifndef LWS_SIM_BODY_H
#define LWS_SIM_BODY_H

#include <stdbool.h>

struct conn;

/* Whether the answer to the request at hand is to be hostile. */
bool body_wanted(const struct conn *c);

/* Write it and set what becomes of the connection. c may be gone afterwards. */
void body_send(struct conn *c);

/* From conn.c: the next byte of a dripping answer, the next piece of an endless one. */
void body_drip(struct conn *c);
void body_refill(struct conn *c);

#endif
