/* The plan that comes down to a worker: taken, it encodes to a text that decodes to the same. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/workplan.h"
#include "shared/poison.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(x) do { if (!(x)) abort(); } while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct workplan *p = calloc(2, sizeof(*p)), *again = p + 1;
	struct err e = {""};
	char *text;

	CHECK(p != NULL);
	if (workplan_decode((const char *)data, len, p, &e) == 0) {
		CHECK(p->scenario_count >= 0 && p->scenario_count <= WORKPLAN_SCENARIOS_MAX);
		CHECK(p->kind_count >= 0 && p->kind_count <= WORKPLAN_KINDS_MAX);
		text = workplan_encode(p);
		CHECK(text != NULL && workplan_decode(text, strlen(text), again, &e) == 0);
		CHECK(memcmp(p, again, sizeof(*p)) == 0);
		free(text);
	} else {
		CHECK(e.text[0] != '\0');
	}
	free(p);
	return 0;
}
