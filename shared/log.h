/* Talk goes to stderr, a line at a time, escaped, under the process name. */
#ifndef LWS_LOG_H
#define LWS_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Name that precedes each message, "lwstress-coord" or "lwstress-worker rest"; kept, not copied. */
void log_init(const char *name);

/*
 * Write a line of at most 4096 bytes to stderr unless that would block for longer than wait_ms:
 * a reader that has stopped reading never stops us. true if it was written.
 */
bool log_write(const char *line, size_t len, int wait_ms);

/* One line to stderr: "name: message". A failing stderr is ignored. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
