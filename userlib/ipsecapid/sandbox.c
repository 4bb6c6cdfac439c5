// SPDX-License-Identifier: GPL-2.0-or-later
/* Dropping privileges: capabilities by libcap-ng, system calls by libseccomp. */
#include <cap-ng.h>
#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sandbox.h"

static uid_t to_uid = (uid_t)-1;
static gid_t to_gid = (gid_t)-1;

#define CALL(name) SCMP_SYS(name)

/* Memory, time, signals, descriptors: what any process of ours does. */
static const int base_calls[] = {
	CALL(read), CALL(write), CALL(close), CALL(recvmsg), CALL(recvfrom), CALL(sendmsg),
	CALL(sendto), CALL(poll), CALL(ppoll), CALL(epoll_wait), CALL(epoll_pwait),
	CALL(epoll_pwait2), CALL(epoll_ctl), CALL(epoll_create1), CALL(clock_gettime),
	CALL(clock_nanosleep), CALL(exit), CALL(exit_group), CALL(rt_sigreturn),
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(sigaltstack), CALL(brk), CALL(mmap),
	CALL(munmap), CALL(mremap), CALL(mprotect), CALL(madvise), CALL(futex), CALL(getpid),
	CALL(gettid), CALL(getuid), CALL(geteuid), CALL(restart_syscall), CALL(getrandom),
	CALL(fstat), CALL(newfstatat), CALL(lseek), CALL(fcntl), CALL(timerfd_create),
	CALL(timerfd_settime), CALL(rseq), CALL(tgkill), CALL(sched_yield), CALL(getsockopt),
	CALL(setsockopt), CALL(prlimit64), CALL(set_robust_list),
};

static const int front_calls[] = {
	CALL(memfd_create), CALL(ftruncate), CALL(ioctl), CALL(pread64), CALL(signalfd4),
	CALL(eventfd2), CALL(accept4), CALL(bind), CALL(getsockname), CALL(shutdown), CALL(setitimer),
};

/* libnftables waits for its answers by select(). */
static const int applier_calls[] = {
	CALL(setitimer), CALL(pread64), CALL(pwrite64), CALL(select), CALL(pselect6),
	CALL(getsockname), CALL(uname),
};

static const int worker_calls[] = {
	CALL(getsockname), CALL(getpeername), CALL(setitimer), CALL(alarm), CALL(accept4), CALL(fstatfs),
};

static const int metrics_calls[] = {
	CALL(accept4), CALL(shutdown),
};

/* Its children, which it forks while it runs, can do no more than it can. */
static const int keeper_calls[] = {
	CALL(clone), CALL(clone3), CALL(wait4), CALL(waitid), CALL(socketpair), CALL(pipe2), CALL(prctl),
	CALL(seccomp), CALL(capget), CALL(capset), CALL(openat), CALL(kill), CALL(signalfd4),
	CALL(pidfd_open), CALL(pidfd_send_signal), CALL(socket), CALL(connect), CALL(accept4),
	CALL(setitimer), CALL(alarm), CALL(getsockname), CALL(getpeername), CALL(ioctl),
	CALL(unlink), CALL(unlinkat), CALL(getppid), CALL(setuid), CALL(setgid), CALL(setgroups),
	CALL(setresuid), CALL(setresgid), CALL(eventfd2), CALL(dup), CALL(faccessat),
	CALL(readlink), CALL(readlinkat), CALL(access), CALL(statx),
	CALL(shutdown), CALL(fstatfs),
};

static const int scrubber_calls[] = {
	CALL(openat), CALL(open), CALL(getdents64), CALL(ioctl), CALL(readlink),
	CALL(readlinkat), CALL(access), CALL(faccessat), CALL(faccessat2), CALL(statx),
	CALL(statfs), CALL(fstatfs), CALL(pread64),
};

/* It speaks to one daemon, and has no files. */
static const int ike_calls[] = {
	CALL(socket), CALL(connect),
};

/* Names of users and groups may be in files, or with a daemon on a local socket. */
static const int reader_calls[] = {
	CALL(openat), CALL(open), CALL(getdents64), CALL(stat), CALL(lstat), CALL(statx), CALL(ioctl),
	CALL(readlink), CALL(readlinkat), CALL(access), CALL(faccessat), CALL(faccessat2),
	CALL(pread64), CALL(memfd_create), CALL(socket), CALL(connect), CALL(uname),
};

struct call_list {
	const int *calls;
	size_t count;
};

#define LIST(a) { a, sizeof(a) / sizeof((a)[0]) }

static const struct call_list extra[] = {
	[SANDBOX_KEEPER] = LIST(keeper_calls),
	[SANDBOX_WORKER] = LIST(worker_calls),
	[SANDBOX_FRONT] = LIST(front_calls),
	[SANDBOX_APPLIER] = LIST(applier_calls),
	[SANDBOX_SCRUBBER] = LIST(scrubber_calls),
	[SANDBOX_METRICS] = LIST(metrics_calls),
	[SANDBOX_IKE] = LIST(ike_calls),
	[SANDBOX_READER] = LIST(reader_calls),
};

static int allow(scmp_filter_ctx ctx, const struct call_list *l)
{
	size_t i;
	int err;

	for (i = 0; i < l->count; i++) {
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, l->calls[i], 0);
		/* -EDOM and -EFAULT: no such call on this architecture */
		if (err && err != -EDOM && err != -EFAULT && err != -EEXIST)
			return err;
	}
	return 0;
}

static int filter_calls(enum sandbox kind)
{
	static const struct call_list base = LIST(base_calls);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;

	if (!ctx)
		return -ENOMEM;
	err = allow(ctx, &base);
	if (!err)
		err = allow(ctx, &extra[kind]);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}

static int drop_capabilities(enum sandbox kind)
{
	bool admin = kind == SANDBOX_APPLIER || kind == SANDBOX_SCRUBBER;
	bool stays = kind == SANDBOX_SCRUBBER || kind == SANDBOX_READER || kind == SANDBOX_IKE;
	int err;

	capng_clear(CAPNG_SELECT_BOTH);
	if (admin)
		capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN, -1);
	if (stays || to_uid == (uid_t)-1 || geteuid())
		err = capng_apply(CAPNG_SELECT_BOTH);
	else
		err = capng_change_id(to_uid, to_gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
	return err ? -EPERM : 0;
}

void sandbox_identity(uid_t uid, gid_t gid)
{
	to_uid = uid;
	to_gid = gid;
}

int sandbox_enter(enum sandbox kind)
{
	static const char *const names[] = {
		[SANDBOX_KEEPER] = "ipsecapid", [SANDBOX_WORKER] = "ipsecapi-worker",
		[SANDBOX_FRONT] = "ipsecapi-front", [SANDBOX_APPLIER] = "ipsecapi-apply",
		[SANDBOX_SCRUBBER] = "ipsecapi-scrub",
		[SANDBOX_METRICS] = "ipsecapi-stats",
		[SANDBOX_IKE] = "ipsecapi-ike",
		[SANDBOX_READER] = "ipsecapi-policy",
	};
	const struct rlimit none = { 0, 0 };
	int err = 0;

	prctl(PR_SET_NAME, names[kind]);

	/* these are children of the keeper, which has none left */
	if (kind != SANDBOX_WORKER && kind != SANDBOX_METRICS)
		err = drop_capabilities(kind);
	if (err)
		return err;
	if (prctl(PR_SET_DUMPABLE, 0) || setrlimit(RLIMIT_CORE, &none) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return filter_calls(kind);
}
