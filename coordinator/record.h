/*
 * What happened, one record at a time: a worker's message, or one of the coordinator's own. The
 * journal is a list of records, and a run's result is what aggregate.c makes of them, live or recovered.
 */
#ifndef LWS_RECORD_H
#define LWS_RECORD_H

#include "shared/proto.h"

struct record {
	int device;
	int role;		/* enum role, -1 for what concerns no worker */
	int64_t generation;	/* of the worker, from 1 */
	struct msg msg;
};

#endif
