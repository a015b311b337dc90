/* The REST paths: which status a request gets, and the answer as bytes. */
#ifndef LWS_SIM_REST_H
#define LWS_SIM_REST_H

struct conn;
struct evbuffer;

/* Decide the status of the request at hand; counts it against the limits and loads the heap. */
int rest_status(struct conn *c);

/* Write head and body of the answer to c's request with this status to out, and count it. */
void rest_write(struct conn *c, int status, struct evbuffer *out);

/* The body alone: the contract's envelope around data or error. */
void rest_put_body(struct conn *c, int status, struct evbuffer *out);

#endif
