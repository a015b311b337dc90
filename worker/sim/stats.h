/* What the simulated device counted itself, since its process began: the truth that tests compare with. */
#ifndef LWS_SIM_STATS_H
#define LWS_SIM_STATS_H

#include <stdint.h>

#include "shared/err.h"

#define STATS_PATHS 6		/* the five of the contract, in order, and all others */
#define STATS_STATUSES 16
#define STATS_COMMANDS 5	/* the three of the contract, auth, and all others */

struct stats_series {
	int64_t samples, min, max, sum;
};

struct stats {
	int64_t connects;
	int64_t connects_refused;	/* over max-connections */
	int64_t requests;		/* whole heads, upgrades apart */
	int64_t requests_bad;
	int64_t answers;
	int64_t rate_limited;		/* REST */
	int64_t hostile;		/* answers of the fault "body" */
	int64_t reboots;
	int64_t panics;
	int64_t path[STATS_PATHS];
	int64_t status[STATS_STATUSES];

	int64_t ws_upgrades;		/* 101 sent */
	int64_t ws_upgrades_refused;	/* answered by an HTTP error */
	int64_t ws_sessions;		/* upgraded and kept */
	int64_t ws_rejected_cooldown;
	int64_t ws_rejected_overlap;
	int64_t ws_rejected_limit;
	int64_t ws_disconnects;
	int64_t ws_shed;		/* sessions closed by heap shedding */
	int64_t ws_messages;		/* whole text messages received */
	int64_t ws_binaries;
	int64_t ws_pings;
	int64_t ws_pongs;
	int64_t ws_closes;		/* close frames received */
	int64_t ws_faults;		/* sessions ended by a breach of the protocol */
	int64_t ws_replies;		/* answers with the request's own id sent */
	int64_t ws_errors;		/* error replies sent, RATE_LIMITED apart */
	int64_t ws_rate_limited;
	int64_t ws_unanswered;		/* held back or altered on purpose */
	int64_t ws_broadcasts;
	int64_t ws_dropped;		/* frames that found the queue full */
	int64_t ws_parse_errors;
	int64_t ws_oversize;
	int64_t ws_unknown;
	int64_t ws_command[STATS_COMMANDS];

	int64_t console_lines;		/* whole lines taken by the terminal's queue */
	int64_t console_bytes;
	int64_t console_dropped;	/* lines that found the queue full */
	int64_t console_noise;		/* bytes of noise queued */
	struct stats_series console_internal;
	struct stats_series console_largest;
};

/* Count one REST answer under its HTTP status. */
void stats_status(struct stats *s, int status);

void stats_sample(struct stats_series *s, int64_t value);

/* Write s as JSON to path, by way of a temporary file. 0, or -1 with e. */
int stats_write(const struct stats *s, const char *path, struct err *e);

#endif
