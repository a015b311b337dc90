#include "config.h"

#include "coordinator/admission.h"

#include <stdio.h>

#include "shared/poison.h"

/* What to try when the preflight of a REST or WebSocket worker failed in this way. */
static const char *const remedies[OP_CLASS_COUNT] = {
	[OP_DNS] = "check the name in --host",
	[OP_CONNECT] = "is the device switched on and in this network? --host names another",
	[OP_TLS] = "name its certificate with --ca-file, or give --insecure",
	[OP_TIMEOUT] = "is it the right --host? --preflight-timeout waits longer",
	[OP_RESET] = "is it a LightwaveOS device? --host names another",
	[OP_PROTOCOL] = "is it a LightwaveOS device? --host names another",
	[OP_STATUS] = "is it a LightwaveOS device, and does it want a key in LWSTRESS_API_KEY?",
	[OP_API] = "is the device ready, and does it want a key in LWSTRESS_API_KEY?",
	[OP_BODY] = "is it a LightwaveOS device? --host names another",
	[OP_REJECTED] = "wait 10 seconds: the device's limiter refuses this address",
};

/* The same where the way there has a part of its own. */
static const char proxy_remedy[] = "check --proxy";
static const char insecure_remedy[] = "does that port speak TLS? --host names another";

static const char serial_remedy[] = "--list-ports shows what is attached, --serial-port names one";

static bool
cannot_be_reached(int op_class)
{
	return op_class == OP_DNS || op_class == OP_CONNECT || op_class == OP_TIMEOUT ||
	    op_class == OP_TLS;
}

static int
failed_role(const struct device_result *d)
{
	const struct worker_total *w = d->worker;

	if (w[ROLE_REST].used && !w[ROLE_REST].ready_ok)
		return ROLE_REST;
	if (!w[ROLE_REST].used && w[ROLE_WS].used && !w[ROLE_WS].ready_ok &&
	    cannot_be_reached(w[ROLE_WS].ready_class))
		return ROLE_WS;
	if (!w[ROLE_REST].used && !w[ROLE_WS].used &&
	    (!w[ROLE_SERIAL].ready_ok || d->serial_port[0] == '\0'))
		return ROLE_SERIAL;
	return -1;
}

static const char *
remedy_of(const struct plan *plan, int role, int op_class)
{
	if (role == ROLE_SERIAL)
		return serial_remedy;
	if (plan->proxy[0] != '\0' && (op_class == OP_DNS || op_class == OP_CONNECT))
		return proxy_remedy;
	if (plan->insecure && op_class == OP_TLS)
		return insecure_remedy;
	return remedies[op_class];
}

bool
admission_granted(const struct plan *plan, const struct device_result *d, char *why, size_t size)
{
	int role = failed_role(d);
	const char *text, *remedy;

	if (role == -1)
		return true;
	text = d->worker[role].ready_text;
	remedy = remedy_of(plan, role, d->worker[role].ready_class);
	snprintf(why, size, "%s%s%s", text[0] != '\0' ? text : "the preflight was not answered",
	    remedy != NULL ? "; " : "", remedy != NULL ? remedy : "");
	return false;
}
