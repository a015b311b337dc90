#include "config.h"

#include "coordinator/simulator.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "coordinator/spawn.h"
#include "shared/clock.h"
#include "shared/fd.h"
#include "shared/text.h"
#include "shared/poison.h"

#define READY_US (5 * US_PER_S)
#define STOP_POLLS 200	/* of 10 ms */

struct simulator {
	pid_t pid;
	int control;		/* write end; its closing ends the simulator */
	char url[128], ws_url[128];
	char console[256];	/* a link, since terminals' names are reused */
};

/* Read one line of at most size - 1 bytes within the deadline. 0, or -1 with e. */
static int
read_line(int fd, char *dst, size_t size, struct err *e)
{
	struct mono until = mono_add(clock_mono(), READY_US);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t used = 0;
	int64_t left;
	ssize_t n;

	while (used < size - 1) {
		left = mono_sub(until, clock_mono());
		if (left <= 0 || poll(&p, 1, (int)(left / 1000) + 1) == 0)
			return err_set(e, "the simulated device was not ready in 5 s");
		n = read(fd, dst + used, 1);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return err_set(
			    e, "the simulated device did not start; its own message says why");
		if (dst[used] == '\n') {
			dst[used] = '\0';
			return 0;
		}
		used++;
	}
	return err_set(e, "the simulated device said too much");
}

static bool
take_text(const cJSON *o, const char *key, char *dst, size_t size)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	if (cJSON_IsNull(v))
		return true;
	return cJSON_IsString(v) && text_copy(dst, size, v->valuestring);
}

static void
name_console(char *dst, size_t size)
{
	const char *dir = getenv("TMPDIR");

	if (dir == NULL || dir[0] != '/' || strlen(dir) > size / 2)
		dir = "/tmp";
	snprintf(dst, size, "%s/lwstress-console-%ld-%lld", dir, (long)getpid(),
	    (long long)clock_mono().us);
}

static int
read_ready(struct simulator *s, int fd, struct err *e)
{
	char line[1024];
	cJSON *o;
	int rc = 0;

	if (read_line(fd, line, sizeof(line), e) == -1)
		return -1;
	o = cJSON_Parse(line);
	if (!cJSON_IsObject(o) || !take_text(o, "url", s->url, sizeof(s->url)) ||
	    !take_text(o, "ws_url", s->ws_url, sizeof(s->ws_url)))
		rc = err_set(e, "the simulated device said \"%s\"", line);
	cJSON_Delete(o);
	return rc;
}

struct simulator *
simulator_start(const char *faults, struct err *e)
{
	struct simulator *s = calloc(1, sizeof(*s));
	int control[2] = {-1, -1}, out[2] = {-1, -1}, rc = -1;
	char path[4096];
	char *argv[] = {path, (char *)(uintptr_t) "--console-link", s == NULL ? NULL : s->console,
	    (char *)(uintptr_t) "--control-fd", (char *)(uintptr_t) "3",
	    faults[0] != '\0' ? (char *)(uintptr_t) "--faults" : NULL,
	    (char *)(uintptr_t)faults, NULL};
	struct spawn sp = {.path = path, .argv = argv, .fd4 = -1};

	if (s == NULL)
		return NULL;
	s->pid = -1;
	s->control = -1;
	name_console(s->console, sizeof(s->console));
	if (spawn_find("lwstress-sim", path, sizeof(path), e) == -1)
		goto out;
	if (fd_pipe(control) == -1 || fd_pipe(out) == -1) {
		err_set(e, "cannot make a pipe: %s", strerror(errno));
		goto out;
	}
	sp.fd_stdout = out[1];
	sp.fd3 = control[0];
	if (spawn_start(&sp, &s->pid, e) == -1)
		goto out;
	s->control = control[1];
	control[1] = -1;
	fd_close(&out[1]);
	rc = read_ready(s, out[0], e);
out:
	fd_close(&control[0]);
	fd_close(&control[1]);
	fd_close(&out[0]);
	fd_close(&out[1]);
	if (rc == -1) {
		simulator_stop(s);
		return NULL;
	}
	return s;
}

void
simulator_stop(struct simulator *s)
{
	const struct timespec pause = {0, 10 * 1000 * 1000};
	int i;

	if (s == NULL)
		return;
	fd_close(&s->control);
	for (i = 0; s->pid > 0 && i < STOP_POLLS; i++) {
		if (waitpid(s->pid, NULL, WNOHANG) != 0) {
			s->pid = -1;
			break;
		}
		nanosleep(&pause, NULL);
	}
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	free(s);
}

const char *
simulator_url(const struct simulator *s)
{
	return s->url;
}

const char *
simulator_ws_url(const struct simulator *s)
{
	return s->ws_url;
}

const char *
simulator_console(const struct simulator *s)
{
	return s->console;
}
