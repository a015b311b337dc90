/*
 * A table of what is refused; all else is allowed. A list of what is allowed would be tighter, but
 * it must hold every call of every version of libc, OpenSSL and libcurl on every architecture: a
 * gap there ends a run of a day, a gap here leaves what Landlock, the user and the limits refuse
 * anyway. Refusals are errors, so that a library's probe does no harm; only starting a program
 * kills. Arguments are int in the kernel but compared with 64 bits here, hence the masks.
 */
#include "config.h"

#include "worker/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#ifdef HAVE_LIBSECCOMP
#include <asm/termbits.h>
#include <sched.h>
#include <seccomp.h>
#endif

#include "shared/poison.h"

#ifdef HAVE_LIBSECCOMP

#define NETWORK (1U << ROLE_REST | 1U << ROLE_WS)
#define SERIAL (1U << ROLE_SERIAL)
#define ALL (NETWORK | SERIAL)
#ifdef LWS_SANITIZED
#define NOT_LEAK_CHECKER 0	/* which stops its own process by a clone and ptrace */
#else
#define NOT_LEAK_CHECKER ALL
#endif
#define INT_MASK UINT64_C(0xffffffff)
#define FAMILY_MAX 16	/* AF_NETLINK, the highest that is allowed */

#define DENY(name) {SCMP_SYS(name), ALL, EPERM}
#define DENY_FOR(name, roles) {SCMP_SYS(name), roles, EPERM}

static const struct denied {
	int call;
	unsigned roles;
	int error;
} denied[] = {
	/* New processes. libc falls back from clone3 to clone, whose flags can be seen. */
	{SCMP_SYS(clone3), ALL, ENOSYS},
	DENY_FOR(fork, NOT_LEAK_CHECKER), DENY_FOR(vfork, NOT_LEAK_CHECKER),
	/* Other processes. */
	DENY_FOR(ptrace, NOT_LEAK_CHECKER), DENY(process_vm_readv), DENY(process_vm_writev),
	DENY(kcmp), DENY(kill), DENY(rt_sigqueueinfo), DENY(pidfd_send_signal), DENY(pidfd_open),
	DENY(setpriority), DENY(prlimit64), DENY(sched_setaffinity),
	/* Ways around this table: flags in memory, and calls made by the kernel for us. */
	{SCMP_SYS(openat2), ALL, ENOSYS},
	{SCMP_SYS(io_uring_setup), ALL, ENOSYS},
	DENY(open_by_handle_at),
	/* Files. */
	DENY(creat), DENY(truncate), DENY(truncate64), DENY(mknod), DENY(mknodat), DENY(mkdir),
	DENY(mkdirat), DENY(rmdir), DENY(unlink), DENY(unlinkat), DENY(rename), DENY(renameat),
	DENY(renameat2), DENY(link), DENY(linkat), DENY(symlink), DENY(symlinkat), DENY(chmod),
	DENY(fchmod), DENY(fchmodat), DENY(chown), DENY(fchown), DENY(lchown), DENY(fchownat),
	DENY(setxattr), DENY(lsetxattr), DENY(fsetxattr), DENY(removexattr), DENY(lremovexattr),
	DENY(fremovexattr), DENY(utime), DENY(utimes), DENY(utimensat), DENY(futimesat),
	/* The system. */
	DENY(mount), DENY(umount), DENY(umount2), DENY(pivot_root), DENY(chroot), DENY(setns),
	DENY(unshare), DENY(fsopen), DENY(fsmount), DENY(move_mount), DENY(open_tree), DENY(bpf),
	DENY(perf_event_open), DENY(userfaultfd), DENY(add_key), DENY(request_key), DENY(keyctl),
	DENY(init_module), DENY(finit_module), DENY(delete_module), DENY(kexec_load),
	DENY(kexec_file_load), DENY(reboot), DENY(swapon), DENY(swapoff), DENY(syslog), DENY(acct),
	DENY(quotactl), DENY(personality), DENY(settimeofday), DENY(clock_settime), DENY(adjtimex),
	DENY(clock_adjtime), DENY(sethostname), DENY(setdomainname), DENY(vhangup), DENY(iopl),
	DENY(ioperm),
	/* The console's worker has no business on a network. */
	DENY_FOR(socket, SERIAL), DENY_FOR(connect, SERIAL), DENY_FOR(bind, SERIAL),
	DENY_FOR(listen, SERIAL), DENY_FOR(accept, SERIAL), DENY_FOR(accept4, SERIAL),
};

/* Requests on a terminal; asking (TCGETS) is allowed, stdio does so. */
static const struct {
	unsigned long request;
	unsigned roles;
} denied_ioctls[] = {
	{TIOCSTI, ALL}, {TIOCLINUX, ALL}, {TIOCCONS, ALL}, {TIOCSETD, ALL}, {TIOCSCTTY, ALL},
	{TCSETS, NETWORK}, {TCSETSW, NETWORK}, {TCSETSF, NETWORK}, {TCSETA, NETWORK},
	{TCSETAW, NETWORK}, {TCSETAF, NETWORK}, {TCSBRK, NETWORK}, {TCSBRKP, NETWORK},
	{TCXONC, NETWORK}, {TCFLSH, NETWORK}, {TIOCMSET, NETWORK}, {TIOCMBIS, NETWORK},
	{TIOCMBIC, NETWORK}, {TIOCSBRK, NETWORK}, {TIOCCBRK, NETWORK}, {TIOCEXCL, NETWORK},
	{TIOCNXCL, NETWORK}, {TIOCSPGRP, NETWORK}, {TIOCSWINSZ, NETWORK},
#ifdef TCSETS2
	{TCSETS2, NETWORK}, {TCSETSW2, NETWORK}, {TCSETSF2, NETWORK},
#endif
};

static int
deny_calls(scmp_filter_ctx ctx, unsigned role)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(denied) / sizeof(denied[0]) && rc == 0; i++)
		if ((denied[i].roles & role) != 0)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO((uint32_t)denied[i].error),
			    denied[i].call, 0);
	for (i = 0; i < sizeof(denied_ioctls) / sizeof(denied_ioctls[0]) && rc == 0; i++)
		if ((denied_ioctls[i].roles & role) != 0)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
			    SCMP_A1_64(SCMP_CMP_MASKED_EQ, INT_MASK, denied_ioctls[i].request));
	return rc;
}

static int
deny_programs(scmp_filter_ctx ctx)
{
	int rc = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, SCMP_SYS(execve), 0);

	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, SCMP_SYS(execveat), 0);
#if !defined(LWS_SANITIZED) && !defined(__s390__)
	/* Threads only. */
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
		    SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
#endif
	return rc;
}

/* No role makes a file; the console's writes to a tty, which Landlock and the user bound. */
static int
deny_writing(scmp_filter_ctx ctx, enum role role)
{
	const struct {
		unsigned mask, value;
	} flags[] = {{O_CREAT, O_CREAT}, {O_TRUNC, O_TRUNC}, {O_ACCMODE, O_WRONLY}, {O_ACCMODE, O_RDWR},
	    {O_ACCMODE, O_ACCMODE}};
	size_t i, n = role == ROLE_SERIAL ? 2 : sizeof(flags) / sizeof(flags[0]);
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(open), 1,
		    SCMP_A1_64(SCMP_CMP_MASKED_EQ, flags[i].mask, flags[i].value));
		if (rc == 0)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(openat), 1,
			    SCMP_A2_64(SCMP_CMP_MASKED_EQ, flags[i].mask, flags[i].value));
	}
	return rc;
}

static int
deny_families(scmp_filter_ctx ctx)
{
	int family, rc;

	rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
	    SCMP_A0_64(SCMP_CMP_GT, FAMILY_MAX, 0));
	for (family = 0; family <= FAMILY_MAX && rc == 0; family++)
		if (family != AF_UNIX && family != AF_INET && family != AF_INET6 && family != AF_NETLINK)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
			    SCMP_A0_64(SCMP_CMP_EQ, (unsigned)family, 0));
	return rc;
}

int
filter_enter(enum role role, struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int rc;

	if (ctx == NULL)
		return err_set(e, "no filter can be made");
	/* A binary tree instead of a list, where libseccomp can: every call of the load goes through it. */
#if SCMP_VER_MAJOR > 2 || (SCMP_VER_MAJOR == 2 && SCMP_VER_MINOR >= 5)
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
#endif
	rc = deny_calls(ctx, 1U << role);
	if (rc == 0)
		rc = deny_programs(ctx);
	if (rc == 0)
		rc = deny_writing(ctx, role);
	if (rc == 0 && role != ROLE_SERIAL)
		rc = deny_families(ctx);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc == 0 ? 0 : err_set(e, "%s", strerror(-rc));
}

#else

int
filter_enter(enum role role, struct err *e)
{
	(void)role;
	return err_set(e, "built without libseccomp");
}

#endif
