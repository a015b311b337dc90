/*
 * Everything that is not in the table is out of reach, and nothing can be made, removed or
 * executed. The table holds folders rather than files: /etc/resolv.conf and the certificates are
 * replaced by new files in the course of a run, and a port that vanished comes back as a new node.
 */
#include "config.h"

#include "worker/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#endif

#include "shared/fd.h"
#include "shared/poison.h"

#if defined(HAVE_LINUX_LANDLOCK_H) && defined(SYS_landlock_create_ruleset)

/* What the headers at hand may not know yet (linux/landlock.h of Linux 6.12). */
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)
#define NET_BIND_TCP (UINT64_C(1) << 0)
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

struct ruleset {
	uint64_t fs, net, scoped;
};

/* Rights by the ABI that brought them: [0] is ABI 1. */
static const struct ruleset by_abi[] = {
	{.fs = (UINT64_C(1) << 13) - 1},
	{.fs = LANDLOCK_ACCESS_FS_REFER},
	{.fs = FS_TRUNCATE},
	{.net = NET_BIND_TCP | NET_CONNECT_TCP},
	{.fs = FS_IOCTL_DEV},
	{.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL},
};

#define LOOK (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define NETWORK (1U << ROLE_REST | 1U << ROLE_WS)
#define SERIAL (1U << ROLE_SERIAL)

static const struct place {
	const char *path;
	unsigned roles;
	uint64_t rights;
} places[] = {
	{"/etc", NETWORK | SERIAL, LOOK},
	{"/usr", NETWORK | SERIAL, LOOK},
	{"/lib", NETWORK | SERIAL, LOOK},
	{"/lib64", NETWORK | SERIAL, LOOK},
	{"/nix/store", NETWORK | SERIAL, LOOK},
	{"/gnu/store", NETWORK | SERIAL, LOOK},
	{"/var/lib/ca-certificates", NETWORK, LOOK},
	{"/run/systemd/resolve", NETWORK, LOOK},
	{"/run/resolvconf", NETWORK, LOOK},
	{"/run/NetworkManager", NETWORK, LOOK},
	{"/run/connman", NETWORK, LOOK},
	{"/mnt/wsl", NETWORK, LOOK},
	{"/dev/urandom", NETWORK, LOOK},
	{"/dev", SERIAL, LOOK | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_IOCTL_DEV},
	{"/sys", SERIAL, LOOK},
	{"/run/udev", SERIAL, LOOK},
	/* Its own status; entries below /proc come and go, so that a rule for one would not last. */
	{"/proc", NETWORK | SERIAL, LOOK},
#ifdef LWS_SANITIZED
	/* Reports of the sanitizers name lines of the program. */
	{"/proc/self/exe", NETWORK | SERIAL, LOOK},
#endif
};

static struct ruleset
rights_of(int abi, enum role role)
{
	struct ruleset r = {0, 0, 0};
	int i;

	for (i = 0; i < abi && i < (int)(sizeof(by_abi) / sizeof(by_abi[0])); i++) {
		r.fs |= by_abi[i].fs;
		r.net |= by_abi[i].net;
		r.scoped |= by_abi[i].scoped;
	}
	if (role != ROLE_SERIAL)
		r.net &= ~NET_CONNECT_TCP;
	return r;
}

/* Allow rights at path and below, as far as they are handled. A path that is not there is no loss. */
static int
allow(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rights};
	struct stat st;
	long rc = 0;
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd == -1)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : -1;
	rule.parent_fd = fd;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= ~(uint64_t)LANDLOCK_ACCESS_FS_READ_DIR;
	rc = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	fd_close(&fd);
	return (int)rc;
}

static int
allow_places(int ruleset, const struct sandbox *s, uint64_t handled)
{
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if ((places[i].roles & 1U << s->role) != 0 &&
		    allow(ruleset, places[i].path, places[i].rights & handled) == -1)
			return -1;
	return s->ca_file[0] == '\0' ? 0 : allow(ruleset, s->ca_file, LOOK);
}

int
landlock_enter(const struct sandbox *s, struct err *e)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset r;
	size_t size;
	int fd, rc = -1;

	if (abi < 1)
		return err_set(e, "%s", errno == EOPNOTSUPP || errno == ENOSYS ? "not in this kernel" :
		    strerror(errno));
	r = rights_of((int)abi, s->role);
	size = abi < 4 ? sizeof(r.fs) : abi < 6 ? 2 * sizeof(r.fs) : sizeof(r);
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (fd == -1)
		return err_set(e, "%s", strerror(errno));
	if (allow_places(fd, s, r.fs) == 0 && syscall(SYS_landlock_restrict_self, fd, 0) == 0)
		rc = (int)abi;
	else
		err_set(e, "%s", strerror(errno));
	fd_close(&fd);
	return rc;
}

#else

int
landlock_enter(const struct sandbox *s, struct err *e)
{
	(void)s;
	return err_set(e, "not on this system");
}

#endif
