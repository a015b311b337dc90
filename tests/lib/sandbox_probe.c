/*
 * What is possible inside of a role's sandbox, tried from inside: one line per attempt, "NAME ok" or
 * "NAME" and what refused it. Each attempt is made by a process of its own; "off" makes the same
 * attempts without the sandbox. The first line is what the sandbox says of itself.
 *
 *	sandbox_probe ROLE on|off FOLDER [GROUP|- [CA-FILE]]
 *
 * GROUP (a number): the pty that stands for the port is open to this group too.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#ifdef __linux__
#include <sys/ptrace.h>
#endif
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "worker/sandbox.h"
#include "shared/poison.h"

struct probe {
	struct sandbox sandbox;
	bool on;
	const char *dir;
	int pty, tty;		/* both ends of a pty, opened before */
	char tty_path[128];
};

static int
try_open(const struct probe *p, const char *name, int flags)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	return open(path, flags | O_CLOEXEC, 0666);
}

static int
create_file(const struct probe *p)
{
	return try_open(p, "new", O_WRONLY | O_CREAT);
}

static int
open_write(const struct probe *p)
{
	return try_open(p, "existing", O_WRONLY);
}

static int
open_read(const struct probe *p)
{
	return try_open(p, "existing", O_RDONLY);
}

static int
remove_file(const struct probe *p)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/spare", p->dir);
	return unlink(path);
}

static int
run_program(const struct probe *p)
{
	(void)p;
	return execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
}

static int
make_process(const struct probe *p)
{
	pid_t pid = fork();

	(void)p;
	if (pid == 0)
		_exit(0);
	return pid == -1 ? -1 : 0;
}

static void *
thread_main(void *arg)
{
	return arg;
}

static int
make_thread(const struct probe *p)
{
	pthread_t t;
	int rc = pthread_create(&t, NULL, thread_main, NULL);

	(void)p;
	if (rc == 0)
		return pthread_join(t, NULL);
	errno = rc;
	return -1;
}

static int
trace_process(const struct probe *p)
{
	(void)p;
#ifdef __linux__
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
#else
	return 0;
#endif
}

static int
signal_parent(const struct probe *p)
{
	(void)p;
	return kill(getppid(), 0);
}

static int
socket_inet(const struct probe *p)
{
	(void)p;
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
socket_local(const struct probe *p)
{
	(void)p;
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int
socket_other(const struct probe *p)
{
	(void)p;
#ifdef AF_PACKET
	return socket(AF_PACKET, SOCK_RAW, 0);
#else
	return 0;
#endif
}

static int
find_name(const struct probe *p)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list = NULL;
	int rc = getaddrinfo("localhost", "80", &hints, &list);

	(void)p;
	if (rc != 0) {
		errno = ENOENT;
		return -1;
	}
	freeaddrinfo(list);
	return 0;
}

static int
open_tty(const struct probe *p)
{
	return open(p->tty_path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static int
read_tty(const struct probe *p)
{
	return open(p->tty_path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static int
set_tty(const struct probe *p)
{
	struct termios t;

	return tcgetattr(p->tty, &t) == -1 ? -1 : tcsetattr(p->tty, TCSANOW, &t);
}

static int
core_file(const struct probe *p)
{
	struct rlimit r;

	(void)p;
	errno = EPERM;
	return getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_max > 0 ? 0 : -1;
}

static int
be_root(const struct probe *p)
{
	(void)p;
	return setuid(0);
}

static int
read_ca(const struct probe *p)
{
	return p->sandbox.ca_file[0] == '\0' ? 0 : open(p->sandbox.ca_file, O_RDONLY | O_CLOEXEC);
}

static const struct {
	const char *name;
	int (*attempt)(const struct probe *p);
} attempts[] = {
	{"create_file", create_file},
	{"open_write", open_write},
	{"open_read", open_read},
	{"remove_file", remove_file},
	{"run_program", run_program},
	{"make_process", make_process},
	{"make_thread", make_thread},
	{"trace_process", trace_process},
	{"signal_parent", signal_parent},
	{"socket_inet", socket_inet},
	{"socket_local", socket_local},
	{"socket_other", socket_other},
	{"find_name", find_name},
	{"open_tty", open_tty},
	{"read_tty", read_tty},
	{"set_tty", set_tty},
	{"core_file", core_file},
	{"be_root", be_root},
	{"read_ca", read_ca},
};

static void
tell(const char *name, int status)
{
	if (WIFSIGNALED(status))
		printf("%s signal %d\n", name, WTERMSIG(status));
	else if (WEXITSTATUS(status) == 0)
		printf("%s ok\n", name);
	else
		printf("%s %s\n", name, strerror(WEXITSTATUS(status)));
}

/* What the sandbox says goes through a pipe: the process that entered it may not do much else. */
static int
say_what_is_on(const struct probe *p)
{
	char text[SANDBOX_TEXT_MAX] = "off";
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (p->on)
			sandbox_apply(&p->sandbox, text);
		_exit(dprintf(STDOUT_FILENO, "%s\n", text) < 0);
	}
	return pid != -1 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static int
try_each(const struct probe *p)
{
	char text[SANDBOX_TEXT_MAX];
	int status;
	size_t i;
	pid_t pid;

	for (i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			if (p->on)
				sandbox_apply(&p->sandbox, text);
			_exit(attempts[i].attempt(p) == -1 ? errno : 0);
		}
		if (pid == -1 || waitpid(pid, &status, 0) != pid)
			return -1;
		tell(attempts[i].name, status);
	}
	return 0;
}

static int
find_role(const char *name)
{
	int role = 0;

	while (role < ROLE_COUNT && strcmp(role_names[role], name) != 0)
		role++;
	return role;
}

int
main(int argc, char **argv)
{
	struct probe p = {.pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
	int role;

	if (argc < 4 || argc > 6 || (role = find_role(argv[1])) == ROLE_COUNT)
		return 2;
	if (p.pty == -1 || grantpt(p.pty) == -1 || unlockpt(p.pty) == -1)
		return 5;
	snprintf(p.tty_path, sizeof(p.tty_path), "%s", ptsname(p.pty));
	p.tty = open(p.tty_path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p.tty == -1 || (argc > 4 && strcmp(argv[4], "-") != 0 &&
	    (fchown(p.tty, (uid_t)-1, (gid_t)strtol(argv[4], NULL, 10)) == -1 ||
	    fchmod(p.tty, 0660) == -1)))
		return 5;
	p.sandbox = (struct sandbox){(enum role)role, argc > 5 ? argv[5] : "",
	    role == ROLE_SERIAL ? p.tty_path : ""};
	p.on = strcmp(argv[2], "on") == 0;
	p.dir = argv[3];
	return say_what_is_on(&p) == -1 || try_each(&p) == -1 ? 5 : 0;
}
