/*
 * One reboot is one reset, however many sources saw it. Each source (REST uptime, WS uptime,
 * the clock of console lines) gives boot moments, at - uptime, where at is when the question
 * was sent: a slow answer can then only make the moment earlier, never feign a reset. The
 * latest moment seen is kept, which also follows the drift of clocks; one that is later by more
 * than 3 s, and lies not before the source's last answer, is a reset. The clock of console
 * lines is exact, so there running backwards suffices; but lines can lie in a buffer while
 * nobody reads, so a later boot alone needs a second line to confirm it. Sightings are fused by
 * boot moment. Pure.
 */
#ifndef LWS_REBOOT_H
#define LWS_REBOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/result.h"

#define REBOOT_MOVE_US INT64_C(3000000)		/* a boot moment moves later by more: a reset */
#define REBOOT_FUSE_US INT64_C(30000000) /* sources start their clocks this far apart at most  \
					  */

struct reboot_clock {
	bool known;
	int64_t boot_us;	/* latest seen of this boot */
	int64_t uptime_ms;	/* last told */
	int64_t at_us;		/* when */
	bool doubted;		/* a console line spoke of a later boot, at doubt_at_us */
	int64_t doubt_boot_us, doubt_at_us;
};

struct reboot_tracker {
	struct reboot_clock clock[SAW_COUNT];
};

/*
 * A source tells the device's uptime at at_us. Returns the index in d->reboot of the reboot
 * that this reveals or confirms, -1 if it reveals none. scenario is noted in a new entry.
 */
int reboot_uptime(struct reboot_tracker *t, struct device_result *d, enum reboot_source source,
    int64_t at_us, int64_t uptime_ms, int scenario);

/*
 * The console says at at_us that the device crashed or begins again (fatal indicator, reset
 * line): a new entry, since the console tells of each at once. Returns its index, -1 when there
 * is no room.
 */
int reboot_seen(struct device_result *d, enum reboot_source source, int64_t at_us, int scenario);

#endif
