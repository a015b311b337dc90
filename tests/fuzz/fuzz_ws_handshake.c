/* Both ends of the handshake. The first byte chooses: even a client's answer, odd a server's request. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/ws_handshake.h"
#include "shared/poison.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(x) do { if (!(x)) abort(); } while (0)

static int
check(int server, const char *text, size_t len)
{
	struct ws_upgrade u;
	struct err e;
	int status, rc;

	if (!server)
		return ws_answer_check(text, len, KEY, &status, &e);
	rc = ws_upgrade_parse(text, len, &u, &status, &e);
	CHECK(rc != -1 || (status >= 400 && status < 600));
	CHECK(rc <= 0 || (strlen(u.key) == WS_KEY_SIZE - 1 && strlen(u.path) > 0));
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data + 1;
	int server, rc;

	if (len == 0)
		return 0;
	server = data[0] & 1;
	rc = check(server, text, len - 1);
	CHECK(rc >= -1 && rc <= (int)(len - 1) && rc <= WS_HEAD_MAX);
	CHECK(rc != 0 || len - 1 < WS_HEAD_MAX);
	/* The head of a good one is good by itself, and short of one byte it is unfinished. */
	if (rc > 0) {
		CHECK(check(server, text, (size_t)rc) == rc);
		CHECK(check(server, text, (size_t)rc - 1) == 0);
	}
	return 0;
}
