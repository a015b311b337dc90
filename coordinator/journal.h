/*
 * The journal: every record of a run in order, each with its length and CRC-32C, appended as it
 * happens. File: JOURNAL_MAGIC, then records: u32 length, u32 CRC-32C of what follows (big endian),
 * u8 device, u8 role (0xff none), u16 generation, msgpack payload. The first records hold the plan.
 * Size: about 155 bytes an operation with its telemetry; 24 h of mixed_stress (30 operations a second)
 * on a calm console are 382 MiB, measured.
 */
#ifndef LWS_JOURNAL_H
#define LWS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/plan.h"
#include "coordinator/record.h"
#include "shared/err.h"

#define JOURNAL_MAGIC "LWSJRNL1"
#define JOURNAL_MAGIC_LEN 8

struct journal;

/* Write to fd (owned from now on). path is for messages. NULL when memory is out. */
struct journal *journal_new(int fd, const char *path);

/* Begin with the plan. Then records as they come; both are gathered until journal_flush(). */
void journal_plan(struct journal *j, const struct plan *plan);

/* payload: the frame's msgpack bytes as they came (a worker's), or NULL to encode r->msg here. */
void journal_add(struct journal *j, const struct record *r, const uint8_t *payload, size_t len);

/* Write what is gathered. Errors are remembered, not returned: the run goes on. */
void journal_flush(struct journal *j);

/* fdatasync if something was written since the last time. */
void journal_sync(struct journal *j);

/* "" while all went well, else what could not be written and why (from then on nothing is). */
const char *journal_error(const struct journal *j);

/* Flush, sync, close, free. */
void journal_free(struct journal *j);

#endif
