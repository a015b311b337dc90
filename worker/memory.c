/* VmHWM of /proc/self/status, or the peak of getrusage() where there is no /proc. */
#include "config.h"

#include "worker/memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shared/poison.h"

/* The VmHWM line lies within the first KiB. */
static int64_t
from_proc(void)
{
	char text[4096];
	const char *line;
	ssize_t n;
	int fd;

	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, "\nVmHWM:");
	return line != NULL ? strtoll(line + strlen("\nVmHWM:"), NULL, 10) : 0;
}

static int64_t
from_rusage(void)
{
	struct rusage ru;

	if (getrusage(RUSAGE_SELF, &ru) == -1)
		return 0;
#ifdef __APPLE__
	return ru.ru_maxrss / 1024;
#else
	return ru.ru_maxrss;
#endif
}

int64_t
memory_peak_kb(void)
{
	int64_t kb = from_proc();

	return kb > 0 ? kb : from_rusage();
}
