/* A run's result out of its journal, by the same aggregation that the live run used. */
#ifndef LWS_RECOVER_H
#define LWS_RECOVER_H

#include "coordinator/aggregate.h"
#include "coordinator/report.h"
#include "shared/err.h"

struct recovered {
	struct aggregate *aggregate;	/* owned by the caller */
	int64_t records;
	int64_t good_bytes;		/* up to the last whole record */
	int64_t file_bytes;
	char damage[200];		/* "" or what stands behind the good bytes */
};

/*
 * Read the journal at path up to its last whole record. 0, or -1 with e when it cannot be read, is not a
 * journal, or ends before its plan is whole.
 */
int recover_read(const char *path, struct recovered *out, struct err *e);

/*
 * Name the reports of a recovery: beside the journal (or in dir, "" for none) under its name, with
 * _recovered, _recovered_2, … where that is taken. 0, or -1 with e.
 */
int recover_paths(const char *path, const char *dir, struct report_paths *out, struct err *e);

#endif
