/*
 * The yardstick of tests/bench/bench.py: libcurl's multi interface on libevent and nothing else. No
 * schedule, no clock, no record of what was asked, no look at the answers. Flat out over N connections:
 * bare_curl URL CONNECTIONS SECONDS prints {"requests": n, "per_s": x, "failed": n}.
 */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "shared/clock.h"
#include "shared/number.h"
#include "shared/poison.h"

#define PATH_COUNT 4
#define URL_SIZE 256

static const char *const paths[PATH_COUNT] = {
	"/api/v1/device/status",
	"/api/v1/effects/current",
	"/api/v1/effects",
	"/api/v1/parameters",
};

struct bare {
	struct event_base *base;
	struct event *timer_ev;
	CURLM *multi;
	char url[PATH_COUNT][URL_SIZE];
	int64_t done, failed;
	struct mono end;
	bool over;
};

static size_t
discard_cb(char *p, size_t size, size_t n, void *arg)
{
	(void)p;
	(void)arg;
	return size * n;
}

static void
ask(struct bare *b, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_URL, b->url[b->done % PATH_COUNT]);
	curl_multi_add_handle(b->multi, easy);
}

static void
collect(struct bare *b)
{
	CURLMsg *msg;
	CURL *easy;
	int left;

	while ((msg = curl_multi_info_read(b->multi, &left)) != NULL) {
		easy = msg->easy_handle;
		b->failed += msg->data.result != CURLE_OK;
		b->done++;
		curl_multi_remove_handle(b->multi, easy);
		if (!b->over)
			ask(b, easy);
	}
	if (!b->over && mono_sub(clock_mono(), b->end) >= 0) {
		b->over = true;
		event_base_loopbreak(b->base);
	}
}

static void
socket_ready_cb(evutil_socket_t fd, short what, void *arg)
{
	struct bare *b = arg;
	int running;

	curl_multi_socket_action(b->multi, fd,
	    (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0), &running);
	collect(b);
}

static void
timer_ready_cb(evutil_socket_t fd, short what, void *arg)
{
	struct bare *b = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(b->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(b);
}

static int
socket_cb(CURL *easy, curl_socket_t fd, int what, void *arg, void *sockp)
{
	struct bare *b = arg;
	struct event *ev = sockp;
	short kind = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
	    (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);

	(void)easy;
	if (ev != NULL)
		event_free(ev);
	ev = NULL;
	if (what != CURL_POLL_REMOVE) {
		ev = event_new(b->base, fd, kind, socket_ready_cb, b);
		event_add(ev, NULL);
	}
	curl_multi_assign(b->multi, fd, ev);
	return 0;
}

static int
timer_cb(CURLM *multi, long timeout_ms, void *arg)
{
	struct bare *b = arg;
	struct timeval tv = clock_timeval(timeout_ms * US_PER_MS);

	(void)multi;
	if (timeout_ms < 0)
		evtimer_del(b->timer_ev);
	else
		evtimer_add(b->timer_ev, &tv);
	return 0;
}

static int
set_up(struct bare *b, const char *url, int64_t connections)
{
	struct event_config *config = event_config_new();
	CURL *easy;
	int i;

	if (config == NULL)
		return -1;
	event_config_set_flag(config,
	    EVENT_BASE_FLAG_PRECISE_TIMER | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	b->base = event_base_new_with_config(config);
	event_config_free(config);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	b->multi = curl_multi_init();
	if (b->base == NULL || b->multi == NULL)
		return -1;
	b->timer_ev = evtimer_new(b->base, timer_ready_cb, b);
	for (i = 0; i < PATH_COUNT; i++)
		snprintf(b->url[i], URL_SIZE, "%s%s", url, paths[i]);
	curl_multi_setopt(b->multi, CURLMOPT_SOCKETFUNCTION, socket_cb);
	curl_multi_setopt(b->multi, CURLMOPT_SOCKETDATA, b);
	curl_multi_setopt(b->multi, CURLMOPT_TIMERFUNCTION, timer_cb);
	curl_multi_setopt(b->multi, CURLMOPT_TIMERDATA, b);
	curl_multi_setopt(b->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(b->multi, CURLMOPT_MAXCONNECTS, (long)connections);
	for (; connections > 0; connections--) {
		easy = curl_easy_init();
		if (easy == NULL)
			return -1;
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard_cb);
		curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
		ask(b, easy);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	int64_t connections, seconds, us;
	struct bare b = {0};
	struct mono start;
	struct err e;

	if (argc != 4 || number_i64("connections", argv[2], 1, 256, &connections, &e) == -1 ||
	    number_i64("seconds", argv[3], 1, 600, &seconds, &e) == -1) {
		fprintf(stderr, "usage: bare_curl URL CONNECTIONS SECONDS\n");
		return 2;
	}
	if (set_up(&b, argv[1], connections) == -1) {
		fprintf(stderr, "bare_curl: out of memory\n");
		return 1;
	}
	start = clock_mono();
	b.end = mono_add(start, seconds * US_PER_S);
	event_base_dispatch(b.base);
	us = mono_sub(clock_mono(), start);
	printf("{\"requests\": %" PRId64 ", \"failed\": %" PRId64 ", \"per_s\": %.1f}\n", b.done, b.failed,
	    (double)b.done * 1e6 / (double)us);
	return b.failed == 0 && b.done > 0 ? 0 : 1;
}
