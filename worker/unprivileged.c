#include "config.h"

#include "worker/unprivileged.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(LWS_SANITIZED) && defined(HAVE_SYS_PRCTL_H)
#include <sys/prctl.h>
#endif

#include "shared/poison.h"

#define OLD_GROUPS_MAX 1024

static const char *const users[] = {"lwstress", "nobody"};
static const char *const serial_groups[] = {"dialout", "uucp"};

struct identity {
	char name[64];
	uid_t uid;
	gid_t gid;
	int count;
	gid_t group[1 + sizeof(serial_groups) / sizeof(serial_groups[0])];
};

static bool
find_user(struct identity *id)
{
	const struct passwd *pw = NULL;
	size_t i;

	for (i = 0; pw == NULL && i < sizeof(users) / sizeof(users[0]); i++)
		pw = getpwnam(users[i]);
	if (pw == NULL || pw->pw_uid == 0 || pw->pw_gid == 0)
		return false;
	snprintf(id->name, sizeof(id->name), "%s", pw->pw_name);
	id->uid = pw->pw_uid;
	id->gid = pw->pw_gid;
	return true;
}

static void
find_groups(const struct sandbox *s, struct identity *id)
{
	const struct group *gr;
	struct stat st;
	size_t i;

	id->count = 0;
	if (s->role != ROLE_SERIAL)
		return;
	if (s->tty[0] != '\0' && stat(s->tty, &st) == 0 && st.st_gid != 0)
		id->group[id->count++] = st.st_gid;
	for (i = 0; i < sizeof(serial_groups) / sizeof(serial_groups[0]); i++)
		if ((gr = getgrnam(serial_groups[i])) != NULL && gr->gr_gid != 0)
			id->group[id->count++] = gr->gr_gid;
}

static const char *
out_of_reach(const struct sandbox *s)
{
	if (s->ca_file[0] != '\0' && faccessat(AT_FDCWD, s->ca_file, R_OK, AT_EACCESS) == -1)
		return s->ca_file;
	if (s->tty[0] != '\0' && faccessat(AT_FDCWD, s->tty, R_OK | W_OK, AT_EACCESS) == -1)
		return s->tty;
	return NULL;
}

/* Try the user on, and take it off again: what could it not open? */
static const char *
try_on(const struct sandbox *s, const struct identity *id)
{
	gid_t old[OLD_GROUPS_MAX];
	int n = getgroups(OLD_GROUPS_MAX, old);
	const char *missing = "setting its groups";

	if (n == -1 || setgroups((size_t)id->count, id->group) == -1)
		return missing;
	if (setegid(id->gid) == 0) {
		if (seteuid(id->uid) == 0)
			missing = out_of_reach(s);
		if (seteuid(0) == -1)
			return "coming back";
	}
	if (setegid(getgid()) == -1 || setgroups((size_t)n, old) == -1)
		return "coming back";
	return missing;
}

static bool
put_on(const struct identity *id)
{
	if (setgroups((size_t)id->count, id->group) == -1 || setgid(id->gid) == -1 ||
	    setuid(id->uid) == -1)
		return false;
#if defined(LWS_SANITIZED) && defined(HAVE_SYS_PRCTL_H)
	/* The leak checker attaches to its own process. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
#endif
	return setuid(0) == -1;
}

void
unprivileged_become(const struct sandbox *s, char *words, size_t size)
{
	const char *missing;
	struct identity id;
	const struct passwd *pw;

	if (geteuid() != 0) {
		pw = getpwuid(geteuid());
		if (pw != NULL)
			snprintf(words, size, "%.60s", pw->pw_name);
		else
			snprintf(words, size, "%ld", (long)geteuid());
		return;
	}
	if (!find_user(&id)) {
		snprintf(words, size, "root(there is no user nobody)");
		return;
	}
	find_groups(s, &id);
	missing = try_on(s, &id);
	if (missing != NULL)
		snprintf(words, size, "root(%s cannot open %.100s)", id.name, missing);
	else if (put_on(&id))
		snprintf(words, size, "%s", id.name);
	else
		snprintf(words, size, "root(%s)", strerror(errno));
}
