/* One GET after another over an easy handle of its own, each with a bounded answer and a class. */
#ifndef LWS_EXCHANGE_H
#define LWS_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/proto.h"
#include "shared/workplan.h"
#include "worker/api_body.h"
#include "worker/multi.h"

struct exchange;

struct exchange_result {
	enum op_class op_class;
	int64_t status;		/* HTTP status, 0 when there was no answer */
	/* Spans in us, -1 for what did not happen; first_byte: request sent to first byte of the answer. */
	int64_t dns_us, connect_us, tls_us, first_byte_us;
	int64_t bytes;		/* of the body */
	bool opened;		/* over a TCP connection opened for it */
	char text[PROTO_TEXT_MAX + 1];
	struct api_reply reply;	/* of OP_OK */
};

typedef void (*exchange_done_cb)(void *arg, const struct exchange_result *r);

/* NULL with e. plan and multi must outlive it. */
struct exchange *exchange_new(struct multi *multi, const struct workplan *plan, int64_t timeout_ms,
    exchange_done_cb cb, void *arg, struct err *e);
void exchange_free(struct exchange *x);

/*
 * Ask for url, which must stay in place while it is in use; cache may be NULL. done_cb follows from
 * the event loop. 0, or -1 with e and no done_cb.
 */
int exchange_start(struct exchange *x, const char *url, struct api_cache *cache, struct err *e);

/* Give the running request up and close its connection; no done_cb. */
void exchange_cancel(struct exchange *x);

/* The body of the last answer, valid within done_cb. */
const char *exchange_body(const struct exchange *x, size_t *len);

#endif
