/*
 * The console as it was: base.serial.log, every line as it came with its time before it, appended at
 * once. Bytes are kept raw, NULs and bad UTF-8 too.
 */
#ifndef LWS_SERIAL_LOG_H
#define LWS_SERIAL_LOG_H

#include "coordinator/plan.h"
#include "shared/proto.h"

struct serial_log;

/* For the run of this plan; the file is made with the first line. NULL when memory is out. */
struct serial_log *serial_log_new(const char *base, const struct plan *plan);

/* Add a line or a part of one. Errors are remembered. */
void serial_log_add(struct serial_log *l, const struct msg_line *m);

/* Write what is gathered; with sync: to the disk. */
void serial_log_flush(struct serial_log *l, bool sync);

/* "" or what could not be written and why. */
const char *serial_log_error(const struct serial_log *l);

void serial_log_free(struct serial_log *l);

#endif
