/* What both report formats need of the loads, and the rest{} and ws{} objects of the JSON
 * report. */
#ifndef LWS_REPORT_LOAD_H
#define LWS_REPORT_LOAD_H

#include <stddef.h>

#include "coordinator/json_out.h"
#include "coordinator/result.h"

/* "prefix_name". */
void report_key(char *dst, size_t size, const char *prefix, const char *name);

/* The port that was opened, else the one that was named, else NULL. */
const char *report_serial_port(const struct plan_device *pd, const struct device_result *d);

/* Add the object "rest" or "ws" of scenario number i to parent. */
void report_load_json(struct json_out *j, cJSON *parent, const struct plan *plan,
    const struct scenario_result *s, int i, enum load_kind kind);

/* report_serial.c: the object "serial" of scenario number i, and the array "silences" of the run. */
void report_serial_json(struct json_out *j, cJSON *parent, const struct plan *plan, int device,
    const struct device_result *d, int i);
void report_silences_json(struct json_out *j, cJSON *root, const struct plan *plan,
    const struct device_result *d);

#endif
