/*
 * libcurl tells which sockets and which timeout it waits for; libevent waits. Finished transfers
 * are collected after each action, those of multi_start by an event of their own, so that an
 * owner is never called back from within its own call.
 */
#include "config.h"

#include "worker/multi.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "shared/clock.h"
#include "shared/poison.h"

#define DNS_FOREVER (-1L)

struct multi {
	CURLM *curlm;
	struct event_base *base;
	struct event *timer_ev, *done_ev;
	int running;	/* handles added and not yet seen done */
};

/* libcurl's socket pointer: the event of one of its sockets. */
struct sock {
	struct event *ev;
};

static void
collect(struct multi *m)
{
	struct multi_transfer *t;
	CURLMsg *msg;
	CURLcode code;
	CURL *easy;
	int left;

	while ((msg = curl_multi_info_read(m->curlm, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		easy = msg->easy_handle;
		code = msg->data.result;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
		t->running = false;
		m->running--;
		t->done_cb(t->arg, easy, code);
	}
}

/* Let libcurl act; true if transfers ended by it. */
static bool
act(struct multi *m, curl_socket_t s, int mask)
{
	int still;

	curl_multi_socket_action(m->curlm, s, mask, &still);
	return still < m->running;
}

static void
socket_cb(evutil_socket_t fd, short what, void *arg)
{
	struct multi *m = arg;
	int mask = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	if (act(m, fd, mask))
		collect(m);
}

static void
timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct multi *m = arg;

	(void)fd;
	(void)what;
	if (act(m, CURL_SOCKET_TIMEOUT, 0))
		collect(m);
}

static void
done_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	collect(arg);
}

static int
curl_timer_cb(CURLM *curlm, long timeout_ms, void *arg)
{
	struct multi *m = arg;
	struct timeval tv = clock_timeval(timeout_ms * US_PER_MS);

	(void)curlm;
	if (timeout_ms < 0)
		evtimer_del(m->timer_ev);
	else
		evtimer_add(m->timer_ev, &tv);
	return 0;
}

static void
sock_free(struct sock *s)
{
	if (s == NULL)
		return;
	if (s->ev != NULL)
		event_free(s->ev);
	free(s);
}

static int
curl_socket_cb(CURL *easy, curl_socket_t fd, int what, void *arg, void *sockp)
{
	struct multi *m = arg;
	struct sock *s = sockp;
	short kind = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
	    (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		sock_free(s);
		curl_multi_assign(m->curlm, fd, NULL);
		return 0;
	}
	if (s == NULL) {
		s = calloc(1, sizeof(*s));
		if (s == NULL)
			return -1;
		curl_multi_assign(m->curlm, fd, s);
	}
	if (s->ev != NULL)
		event_free(s->ev);
	s->ev = event_new(m->base, fd, kind, socket_cb, m);
	return s->ev == NULL ? -1 : event_add(s->ev, NULL);
}

struct multi *
multi_new(struct event_base *base)
{
	struct multi *m;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return NULL;
	m = calloc(1, sizeof(*m));
	if (m == NULL) {
		curl_global_cleanup();
		return NULL;
	}
	m->base = base;
	m->curlm = curl_multi_init();
	m->timer_ev = evtimer_new(base, timer_cb, m);
	m->done_ev = event_new(base, -1, 0, done_cb, m);
	if (m->curlm == NULL || m->timer_ev == NULL || m->done_ev == NULL) {
		multi_free(m);
		return NULL;
	}
	curl_multi_setopt(m->curlm, CURLMOPT_SOCKETFUNCTION, curl_socket_cb);
	curl_multi_setopt(m->curlm, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(m->curlm, CURLMOPT_TIMERFUNCTION, curl_timer_cb);
	curl_multi_setopt(m->curlm, CURLMOPT_TIMERDATA, m);
	curl_multi_setopt(m->curlm, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	return m;
}

void
multi_free(struct multi *m)
{
	if (m == NULL)
		return;
	if (m->curlm != NULL)
		curl_multi_cleanup(m->curlm);
	if (m->timer_ev != NULL)
		event_free(m->timer_ev);
	if (m->done_ev != NULL)
		event_free(m->done_ev);
	free(m);
	curl_global_cleanup();
}

void
multi_keep(struct multi *m, long n)
{
	curl_multi_setopt(m->curlm, CURLMOPT_MAXCONNECTS, n);
}

int
multi_start(struct multi *m, CURL *easy, struct multi_transfer *t, struct err *e)
{
	CURLMcode rc;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	rc = curl_multi_add_handle(m->curlm, easy);
	if (rc != CURLM_OK)
		return err_set(e, "cannot start a request: %s", curl_multi_strerror(rc));
	t->running = true;
	m->running++;
	if (act(m, CURL_SOCKET_TIMEOUT, 0))
		event_active(m->done_ev, EV_TIMEOUT, 0);
	return 0;
}

void
multi_remove(struct multi *m, CURL *easy, struct multi_transfer *t)
{
	if (t->running)
		m->running--;
	t->running = false;
	curl_multi_remove_handle(m->curlm, easy);
}

static int
set_limits(CURL *c, const struct workplan *p)
{
	int rc = 0;

	rc |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	rc |= curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	rc |= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)p->connect_timeout_ms);
	rc |= curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
	rc |= curl_easy_setopt(c, CURLOPT_DNS_CACHE_TIMEOUT, DNS_FOREVER);
	rc |= curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	rc |= curl_easy_setopt(c, CURLOPT_USERAGENT, "lwstress/" PACKAGE_VERSION);
	rc |= curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
	rc |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	rc |= curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
#endif
	return rc;
}

/* "" as the proxy keeps libcurl from looking into the environment. */
static int
set_peer(CURL *c, const struct workplan *p)
{
	int rc = 0;

	rc |= curl_easy_setopt(c, CURLOPT_PROXY, p->proxy);
	rc |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, p->insecure ? 0L : 1L);
	rc |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, p->insecure ? 0L : 2L);
	if (p->ca_file[0] != '\0')
		rc |= curl_easy_setopt(c, CURLOPT_CAINFO, p->ca_file);
	return rc;
}

CURL *
multi_easy(const struct workplan *plan, char *errors, struct err *e)
{
	CURL *c = curl_easy_init();

	if (c == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	if (curl_easy_setopt(c, CURLOPT_ERRORBUFFER, errors) != CURLE_OK ||
	    set_limits(c, plan) != CURLE_OK || set_peer(c, plan) != CURLE_OK) {
		err_set(e, "%s lacks an option that lwstress needs", curl_version());
		curl_easy_cleanup(c);
		return NULL;
	}
	return c;
}

struct curl_slist *
multi_headers(const struct workplan *plan)
{
	char line[sizeof(plan->api_key) + 16];

	if (plan->api_key[0] == '\0')
		return NULL;
	snprintf(line, sizeof(line), "X-API-Key: %s", plan->api_key);
	return curl_slist_append(NULL, line);
}
