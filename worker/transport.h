/* What libcurl's errors mean in our classes; shared by the roles that use it. */
#ifndef LWS_TRANSPORT_H
#define LWS_TRANSPORT_H

#include <stdbool.h>

#include <curl/curl.h>

#include "shared/proto.h"

/*
 * The class of a transfer that ended with code; for a timeout it depends on how far the connection
 * of easy came. OP_PROTOCOL for codes that fit nowhere else.
 */
enum op_class transport_class(CURL *easy, CURLcode code, bool tls);

#endif
