/* libcurl's multi interface on a libevent base, by socket action. */
#ifndef LWS_MULTI_H
#define LWS_MULTI_H

#include <stdbool.h>

#include <curl/curl.h>

#include "shared/err.h"
#include "shared/workplan.h"

struct event_base;
struct multi;

/*
 * One transfer of an easy handle, kept by its owner as long as the handle is in the multi.
 * done_cb is called once, from the event loop and never from within multi_start; the handle is
 * then still in the multi (so that a CONNECT_ONLY connection stays usable) until multi_remove.
 */
struct multi_transfer {
	void (*done_cb)(void *arg, CURL *easy, CURLcode code);
	void *arg;
	bool running;	/* multi's own */
};

/* NULL when memory is out. */
struct multi *multi_new(struct event_base *base);

/* Every handle must have been removed before. */
void multi_free(struct multi *m);

/* Keep at most n idle connections. */
void multi_keep(struct multi *m, long n);

/* Add easy and do as much as can be done at once: on a kept connection the request is then sent. */
int multi_start(struct multi *m, CURL *easy, struct multi_transfer *t, struct err *e);

/* Take easy out, done or not; done_cb is not called any more. Does nothing if it is not in. */
void multi_remove(struct multi *m, CURL *easy, struct multi_transfer *t);

/*
 * A new easy handle with what every connection of a worker has in common: limits, TLS, proxy,
 * connect timeout, HTTP/1.1, user agent, no redirects, http and https only. errors (CURL_ERROR_SIZE
 * bytes) gets libcurl's own words. NULL with e.
 */
CURL *multi_easy(const struct workplan *plan, char *errors, struct err *e);

/* The API key as a header list for CURLOPT_HTTPHEADER (caller frees); NULL with no key or no memory. */
struct curl_slist *multi_headers(const struct workplan *plan);

#endif
