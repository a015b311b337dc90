/*
 * What one console line says (device contract, "Serial console"). Pure. ANSI escape sequences
 * count for nothing when matching, except that they never hide a fatal indicator.
 */
#ifndef LWS_SERIAL_LINE_H
#define LWS_SERIAL_LINE_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/indicator.h"
#include "worker/serial_split.h"

enum shed { SHED_DISABLED, SHED_ENABLED, SHED_ACTIVE };	/* the values of EV_SERIAL_SHED */

/* Everything that is not in the line is -1, false or "". */
struct serial_line {
	char text[SERIAL_LINE_MAX + 1];	/* the line without escape sequences; each NUL as DEL */
	size_t len;
	int fatal;		/* enum fatal, the first that matches */
	int warning;		/* enum warning */
	int shed;		/* enum shed */
	int64_t heap;		/* internal= or internal_heap=, bytes */
	int64_t largest;	/* largest=, bytes */
	int64_t clock_ms;	/* the device's own clock: [ms][LEVEL] or "ts_mono_ms" */
	int64_t reset_reason;	/* rst:0xNN */
	bool heap_diag;
	char ws_diag[256];	/* counters of a WS diag line, "active=1 ok=3 …" */
};

/* Look at len bytes (at most SERIAL_LINE_MAX count). user: one more fatal pattern, or NULL. */
void serial_line_parse(struct serial_line *l, const uint8_t *bytes, size_t len,
    const regex_t *user);

#endif
