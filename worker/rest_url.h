/* Where a REST path of the plan lives. */
#ifndef LWS_REST_URL_H
#define LWS_REST_URL_H

#define REST_URL_MAX 1280

/*
 * Write base + path to dst (REST_URL_MAX bytes): a path that begins with '/' stands behind the
 * base as it is ("/health"), any other behind "/api/v1/" ("device/status").
 */
void rest_url(char *dst, const char *base, const char *path);

#endif
