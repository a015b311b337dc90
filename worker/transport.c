/* libcurl's error codes as error classes of the report. */
#include "config.h"

#include "worker/transport.h"

#include "shared/poison.h"

static const struct {
	CURLcode code;
	enum op_class op_class;
} classes[] = {
	{CURLE_COULDNT_RESOLVE_HOST, OP_DNS},
	{CURLE_COULDNT_RESOLVE_PROXY, OP_DNS},
	{CURLE_COULDNT_CONNECT, OP_CONNECT},
	{CURLE_INTERFACE_FAILED, OP_CONNECT},
	{CURLE_PROXY, OP_CONNECT},
	{CURLE_SSL_CONNECT_ERROR, OP_TLS},
	{CURLE_PEER_FAILED_VERIFICATION, OP_TLS},
	{CURLE_SSL_CACERT_BADFILE, OP_TLS},
	{CURLE_SSL_CERTPROBLEM, OP_TLS},
	{CURLE_SSL_CIPHER, OP_TLS},
	{CURLE_SSL_ISSUER_ERROR, OP_TLS},
	{CURLE_SSL_INVALIDCERTSTATUS, OP_TLS},
	{CURLE_SSL_PINNEDPUBKEYNOTMATCH, OP_TLS},
	{CURLE_SSL_ENGINE_NOTFOUND, OP_TLS},
	{CURLE_OPERATION_TIMEDOUT, OP_TIMEOUT},
	{CURLE_SEND_ERROR, OP_RESET},
	{CURLE_RECV_ERROR, OP_RESET},
	{CURLE_GOT_NOTHING, OP_RESET},
	{CURLE_PARTIAL_FILE, OP_RESET},
	{CURLE_FILESIZE_EXCEEDED, OP_BODY},
};

static bool
reached(CURL *easy, CURLINFO moment)
{
	curl_off_t us = 0;

	curl_easy_getinfo(easy, moment, &us);
	return us > 0;
}

/*
 * libcurl has one code for every timeout; how far the connection came tells them apart. It counts
 * a connection as soon as TCP has it, and notes PRETRANSFER when a request can be sent.
 */
static enum op_class
timeout_class(CURL *easy, bool tls)
{
	long connects = 0;

	if (reached(easy, CURLINFO_PRETRANSFER_TIME_T))
		return OP_TIMEOUT;
	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	if (connects > 0)
		return tls ? OP_TLS : OP_TIMEOUT;
	return reached(easy, CURLINFO_NAMELOOKUP_TIME_T) ? OP_CONNECT : OP_DNS;
}

enum op_class
transport_class(CURL *easy, CURLcode code, bool tls)
{
	size_t i;

	if (code == CURLE_OPERATION_TIMEDOUT)
		return timeout_class(easy, tls);
	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].code == code)
			return classes[i].op_class;
	return OP_PROTOCOL;
}
