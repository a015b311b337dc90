/*
 * Cuts the console's bytes into lines, wherever the reads were cut. A line ends with CR, LF or
 * CRLF; every byte but these is kept, NULs and invalid UTF-8 too. Pure: no clock, no descriptor.
 */
#ifndef LWS_SERIAL_SPLIT_H
#define LWS_SERIAL_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIAL_LINE_MAX 4096

/* One line without its end; truncated: it was longer than SERIAL_LINE_MAX, the rest is dropped. */
typedef void (*serial_split_cb)(void *arg, const uint8_t *line, size_t len, bool truncated);

struct serial_split {
	uint8_t buf[SERIAL_LINE_MAX];
	size_t len;
	bool skip_lf;	/* the last line ended with CR: an LF now belongs to it */
	bool skip_end;	/* the last line was flushed: a line end now belongs to it */
	bool skip_rest;	/* the last line was truncated: drop up to its end */
};

void serial_split_init(struct serial_split *s);

/* Take len bytes; cb is called for each line that they end or overfill. */
void serial_split_feed(struct serial_split *s, const void *bytes, size_t len, serial_split_cb cb,
    void *arg);

/* Is a line begun? */
bool serial_split_pending(const struct serial_split *s);

/* Silence, hangup or the end: give out the line that is begun, if any. */
void serial_split_flush(struct serial_split *s, serial_split_cb cb, void *arg);

#endif
