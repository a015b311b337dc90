/*
 * A request and its answer on one easy handle. Nothing that the peer sends grows without a
 * bound: headers are counted, the body is capped, time is limited by libcurl.
 */
#include "config.h"

#include "worker/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"
#include "worker/transport.h"
#include "shared/poison.h"

#define HEADERS_MAX 65536
#define BODY_FIRST 4096
#define BODY_KEEP 65536	/* a larger buffer is given back after its answer */

struct exchange {
	struct multi *multi;
	CURL *easy;
	struct curl_slist *headers;
	struct multi_transfer transfer;
	exchange_done_cb cb;
	void *arg;
	const char *url;
	struct api_cache *cache;
	char *body;
	size_t len, size, body_max;
	size_t header_len;
	bool active, body_over, headers_over;
	bool asked, broken;	/* the request was sent; its connection ended without an answer */
	struct exchange_result result;
	char errors[CURL_ERROR_SIZE];
};

static int64_t
info_us(CURL *easy, CURLINFO what)
{
	curl_off_t v = 0;

	curl_easy_getinfo(easy, what, &v);
	return v;
}

static enum op_class
failure_class(const struct exchange *x, CURLcode code)
{
	/* A malformed chunk has the code of a broken connection. */
	if (code == CURLE_RECV_ERROR && strstr(x->errors, "chunked-encoding") != NULL)
		return OP_PROTOCOL;
	return transport_class(x->easy, code, strncmp(x->url, "https:", 6) == 0);
}

static size_t
header_cb(char *p, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;

	(void)p;
	x->header_len += size * n;
	if (x->header_len <= HEADERS_MAX)
		return size * n;
	x->headers_over = true;
	return 0;
}

#if LIBCURL_VERSION_NUM >= 0x075000
/*
 * Called before a request is sent. libcurl sends it once more, on a new connection, when a kept one
 * ended under it; then the device would be asked twice and the report would say once.
 */
static int
prereq_cb(void *arg, char *peer, char *own, int peer_port, int own_port)
{
	struct exchange *x = arg;

	(void)peer, (void)own, (void)peer_port, (void)own_port;
	x->broken = x->asked;
	x->asked = true;
	return x->broken ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}
#endif

static bool
body_grow(struct exchange *x, size_t need)
{
	size_t size = x->size == 0 ? BODY_FIRST : x->size;
	char *p;

	while (size < need)
		size *= 2;
	p = realloc(x->body, size);
	if (p == NULL)
		return false;
	x->body = p;
	x->size = size;
	return true;
}

static size_t
write_cb(char *p, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	size_t add = size * n;

	if (add > x->body_max - x->len) {
		x->body_over = true;
		return 0;
	}
	if (x->len + add > x->size && !body_grow(x, x->len + add))
		return 0;
	memcpy(x->body + x->len, p, add);
	x->len += add;
	return add;
}

static void
judge_body(struct exchange *x)
{
	struct exchange_result *r = &x->result;
	const struct api_reply *reply = NULL;
	struct err e = {""};
	int rc;

	if (x->body_over)
		rc = err_set(&e, "a body longer than %zu bytes", x->body_max);
	else if (x->cache != NULL)
		rc = api_body_cached(x->cache, x->body, x->len, &r->reply, &e);
	else
		rc = api_body_parse(x->body, x->len, &r->reply, &e);
	if (rc == 0)
		reply = &r->reply;
	r->op_class = api_body_judge((int)r->status, reply, e.text, r->text);
}

static void
judge_failure(struct exchange *x, CURLcode code)
{
	struct exchange_result *r = &x->result;
	const char *why = x->errors[0] != '\0' ? x->errors : curl_easy_strerror(code);

	r->op_class = x->headers_over ? OP_PROTOCOL : x->broken ? OP_RESET : failure_class(x, code);
	if (x->headers_over)
		why = "headers longer than 65536 bytes";
	else if (x->broken)
		why = "the connection ended before an answer came";
	else if (code == CURLE_OUT_OF_MEMORY)
		why = "a header line longer than libcurl takes, or out of memory";
	text_copy(r->text, sizeof(r->text), why);
}

/* Spans between the moments that libcurl noted; 0 there means that it did not come to that. */
static void
read_phases(struct exchange *x)
{
	struct exchange_result *r = &x->result;
	int64_t dns = info_us(x->easy, CURLINFO_NAMELOOKUP_TIME_T);
	int64_t tcp = info_us(x->easy, CURLINFO_CONNECT_TIME_T);
	int64_t tls = info_us(x->easy, CURLINFO_APPCONNECT_TIME_T);
	int64_t pre = info_us(x->easy, CURLINFO_PRETRANSFER_TIME_T);
	int64_t first = info_us(x->easy, CURLINFO_STARTTRANSFER_TIME_T);

	r->dns_us = r->opened && dns > 0 ? dns : -1;
	r->connect_us = r->opened && tcp >= dns && tcp > 0 ? tcp - dns : -1;
	r->tls_us = r->opened && tls >= tcp && tls > 0 ? tls - tcp : -1;
	r->first_byte_us = first >= pre && first > 0 ? first - pre : -1;
}

static void
transfer_cb(void *arg, CURL *easy, CURLcode code)
{
	struct exchange *x = arg;
	long status = 0, connects = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	x->result.status = status;
	x->result.bytes = (int64_t)x->len;
	x->result.opened = connects > 0;
	read_phases(x);
	if (code == CURLE_OK || code == CURLE_FILESIZE_EXCEEDED || x->body_over) {
		x->body_over |= code != CURLE_OK;
		judge_body(x);
	} else {
		judge_failure(x, code);
	}
	multi_remove(x->multi, easy, &x->transfer);
	x->active = false;
	x->cb(x->arg, &x->result);
	if (!x->active && x->size > BODY_KEEP) {
		free(x->body);
		x->body = NULL;
		x->size = 0;
	}
}

static int
set_options(struct exchange *x, const struct workplan *plan, int64_t timeout_ms)
{
	int rc = 0;

	rc |= curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	rc |= curl_easy_setopt(x->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)plan->body_max);
	rc |= curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, write_cb);
	rc |= curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
	rc |= curl_easy_setopt(x->easy, CURLOPT_HEADERFUNCTION, header_cb);
	rc |= curl_easy_setopt(x->easy, CURLOPT_HEADERDATA, x);
#if LIBCURL_VERSION_NUM >= 0x075000
	rc |= curl_easy_setopt(x->easy, CURLOPT_PREREQFUNCTION, prereq_cb);
	rc |= curl_easy_setopt(x->easy, CURLOPT_PREREQDATA, x);
#endif
	rc |= curl_easy_setopt(x->easy, CURLOPT_FORBID_REUSE, plan->fresh_connections ? 1L : 0L);
	rc |= curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, plan->fresh_connections ? 1L : 0L);
	rc |= curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
	return rc;
}

struct exchange *
exchange_new(struct multi *multi, const struct workplan *plan, int64_t timeout_ms,
    exchange_done_cb cb, void *arg, struct err *e)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	x->multi = multi;
	x->cb = cb;
	x->arg = arg;
	x->body_max = (size_t)plan->body_max;
	x->transfer = (struct multi_transfer){transfer_cb, x, false};
	x->headers = multi_headers(plan);
	x->easy = multi_easy(plan, x->errors, e);
	if (x->easy == NULL)
		goto fail;
	if ((plan->api_key[0] != '\0' && x->headers == NULL) ||
	    set_options(x, plan, timeout_ms) != CURLE_OK) {
		err_set(e, "cannot set up a request: out of memory");
		goto fail;
	}
	return x;
fail:
	exchange_free(x);
	return NULL;
}

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	if (x->easy != NULL) {
		multi_remove(x->multi, x->easy, &x->transfer);
		curl_easy_cleanup(x->easy);
	}
	curl_slist_free_all(x->headers);
	free(x->body);
	free(x);
}

int
exchange_start(struct exchange *x, const char *url, struct api_cache *cache, struct err *e)
{
	if (x->url != url && curl_easy_setopt(x->easy, CURLOPT_URL, url) != CURLE_OK)
		return err_set(e, "cannot start a request: out of memory");
	x->url = url;
	x->cache = cache;
	x->len = x->header_len = 0;
	x->body_over = x->headers_over = x->asked = x->broken = false;
	x->errors[0] = '\0';
	if (multi_start(x->multi, x->easy, &x->transfer, e) == -1)
		return -1;
	x->active = true;
	return 0;
}

void
exchange_cancel(struct exchange *x)
{
	multi_remove(x->multi, x->easy, &x->transfer);
	x->active = false;
}

const char *
exchange_body(const struct exchange *x, size_t *len)
{
	*len = x->len;
	return x->body;
}
