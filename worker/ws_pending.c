/* Outstanding WebSocket requests: at most a window's worth, so a plain array does. */
#include "config.h"

#include "worker/ws_pending.h"

#include <string.h>

#include "shared/number.h"
#include "shared/poison.h"

void
ws_pending_add(struct ws_pending *p, const struct ws_request *r)
{
	p->list[p->count++] = *r;
}

static int
find(const struct ws_pending *p, int64_t id)
{
	int i;

	for (i = 0; i < p->count; i++)
		if (p->list[i].id == id)
			return i;
	return -1;
}

bool
ws_pending_has(const struct ws_pending *p, int64_t id)
{
	return find(p, id) != -1;
}

bool
ws_pending_take(struct ws_pending *p, int64_t id, struct ws_request *out)
{
	int i = find(p, id);

	if (i == -1)
		return false;
	*out = p->list[i];
	p->count--;
	memmove(p->list + i, p->list + i + 1, (size_t)(p->count - i) * sizeof(p->list[0]));
	return true;
}

void
ws_pending_clamp(struct ws_pending *p, struct mono latest)
{
	int i;

	for (i = 0; i < p->count; i++)
		if (mono_sub(p->list[i].deadline, latest) > 0)
			p->list[i].deadline = latest;
}

int64_t
ws_request_number(const char *id)
{
	int64_t n;

	if (strncmp(id, "lw-", 3) != 0 || id[3] < '1' || id[3] > '9')
		return -1;
	return number_i64("requestId", id + 3, 1, INT64_MAX, &n, NULL) == 0 ? n : -1;
}
