/* Talk goes to stderr, a line at a time, escaped, under the process name. */
#ifndef LWS_LOG_H
#define LWS_LOG_H

/* Name that precedes each message, "lwstress-coord" or "lwstress-worker rest"; kept, not copied. */
void log_init(const char *name);

/* One line to stderr: "name: message". A failing stderr is ignored. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
