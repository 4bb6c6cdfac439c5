// SPDX-License-Identifier: GPL-2.0-or-later
#include "lockdown.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int lockdown_memory(void)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    setrlimit(RLIMIT_CORE, &none))
		return -errno;
	return 0;
}

#ifdef __SANITIZE_ADDRESS__
/* A sanitizer reads /proc and starts processes for its report. */
int lockdown_calls(void)
{
	return 0;
}
#else
#define CALL(name) SCMP_SYS(name)

static const int calls[] = {
	CALL(read), CALL(write), CALL(close), CALL(recvfrom), CALL(sendto), CALL(poll), CALL(ppoll), CALL(accept4),
	CALL(signalfd4), CALL(getsockopt), CALL(geteuid), CALL(getuid), CALL(getpid), CALL(gettid),
	CALL(clock_gettime), CALL(getrandom), CALL(brk), CALL(mmap), CALL(munmap), CALL(mremap), CALL(mprotect),
	CALL(madvise), CALL(mlock), CALL(mlock2), CALL(munlock), CALL(futex), CALL(rseq), CALL(rt_sigreturn),
	CALL(rt_sigprocmask), CALL(restart_syscall), CALL(sched_yield), CALL(unlink), CALL(unlinkat), CALL(exit),
	CALL(exit_group), CALL(tgkill), CALL(fstat), CALL(newfstatat),
};

int lockdown_calls(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < sizeof(calls) / sizeof(calls[0]); i++) {
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
		/* no such call on this architecture */
		if (err == -EDOM || err == -EFAULT)
			err = 0;
	}
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}
#endif
