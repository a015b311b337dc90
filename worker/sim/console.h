/*
 * The serial console on a pseudo terminal. Writes never block: what nobody reads waits in a bounded
 * queue, and whole lines that find it full are dropped and counted. All functions take NULL as a
 * device without a console.
 */
#ifndef LWS_SIM_CONSOLE_H
#define LWS_SIM_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/err.h"

struct console;
struct sim;

enum console_level { CONSOLE_ERROR, CONSOLE_WARN, CONSOLE_INFO, CONSOLE_DEBUG };

/* Open a pseudo terminal in raw mode; link (or NULL) becomes a symbolic link to it. NULL with e. */
struct console *console_new(struct sim *s, const char *link, struct err *e);
void console_free(struct console *c);

/* "/dev/pts/N"; another one after console-vanish. */
const char *console_path(const struct console *c);

/* "[ms][LEVEL][tag] text" with the level in colour. */
void console_log(struct console *c, enum console_level level, const char *tag, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A line as it is. */
void console_line(struct console *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The boot ROM's text with the reset reason; then what the application prints while it starts. */
void console_boot_rom(struct console *c, int reason);
void console_boot_app(struct console *c);

/* The panic block, up to "Rebooting...". */
void console_panic(struct console *c);

void console_malloc_failed(struct console *c, int bytes);

/* Shedding began, goes on, ended, at this much free heap. */
enum console_shed { CONSOLE_SHED_ENABLED, CONSOLE_SHED_ACTIVE, CONSOLE_SHED_DISABLED };
void console_shed(struct console *c, enum console_shed what, int64_t internal);

/* Each tick of the device: periodic lines, the faults' lines and noise. */
void console_tick(struct console *c);

#endif
