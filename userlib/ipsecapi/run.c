// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsecapi run: a command of which nothing leaves in clear. It begins in a cgroup that the broker
 * has confined before; we wait for its end outside, to remove the cgroup and to be the command for
 * whoever started us.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"
#include "tool.h"

/* What is sent to us is meant for the command. */
static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH };

static void fill_signals(sigset_t *set)
{
	size_t i;

	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(set, passed_on[i]);
}

static int start(const struct run_cgroup *g, char **command, const sigset_t *mask)
{
	int err = run_cgroup_enter(g);

	if (err) {
		fprintf(stderr, "ipsecapi: run: the command can't enter %s: %s\n", g->path, strerror(-err));
		return RUN_FAILED;
	}
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	err = errno;
	fprintf(stderr, "ipsecapi: run: %s: %s\n", command[0], strerror(err));
	return err == ENOENT ? RUN_NOT_FOUND : RUN_CANT_EXECUTE;
}

/* What a terminal sends, it sends to the command as well. */
static void pass_on(pid_t pid, const siginfo_t *si)
{
	if (si->si_signo != SIGCHLD && si->si_code != SI_KERNEL)
		kill(pid, si->si_signo);
}

static int await(pid_t pid, const sigset_t *set)
{
	siginfo_t si;
	int status;

	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		if (sigwaitinfo(set, &si) >= 0)
			pass_on(pid, &si);
	}
}

/* End as the command did, but leave its core dump alone. */
static int end_as(int status, const sigset_t *mask)
{
	const struct rlimit none = { 0, 0 };

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	setrlimit(RLIMIT_CORE, &none);
	signal(WTERMSIG(status), SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

static int supervise(const struct run_cgroup *g, char **command)
{
	sigset_t set, old;
	int status;
	pid_t pid;

	fill_signals(&set);
	signal(SIGCHLD, SIG_DFL);	/* of one that is ignored, no status is left */
	sigprocmask(SIG_BLOCK, &set, &old);
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(start(g, command, &old));
	if (pid < 0) {
		fprintf(stderr, "ipsecapi: run: no process can be made: %s\n", strerror(errno));
		run_cgroup_leave(g);
		return RUN_FAILED;
	}
	status = await(pid, &set);
	run_cgroup_leave(g);
	return end_as(status, &old);
}

static void tell(const struct tool *t, const struct run_cgroup *g)
{
	struct json_object *o;

	if (!t->json)
		return;
	o = json_object_new_object();
	json_object_object_add(o, "cgroup", json_object_new_string(g->path));
	json_object_object_add(o, "loopback", json_object_new_string(t->loopback_blocked ? "block" : "allow"));
	fprintf(stderr, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

int cmd_run(struct tool *t, char **command)
{
	uint32_t flags = t->loopback_blocked ? IPSECAPI_CONFINE_BLOCK_LOOPBACK : 0;
	int fd = run_inherited(), err;
	struct run_cgroup g;

	if (fd >= 0) {
		fprintf(stderr, "ipsecapi: run: descriptor %d is a socket that was made outside, which can't be confined: close it, in a shell by %d>&-\n",
			fd, fd);
		return RUN_FAILED;
	}
	if (run_cgroup_make(&g)) {
		run_cgroup_leave(&g);
		return RUN_FAILED;
	}
	err = ipsecapi_confine(t->ctx, g.fd, flags);
	if (err) {
		fail(t, "run", err);
		run_cgroup_leave(&g);
		return RUN_FAILED;
	}
	tell(t, &g);
	return supervise(&g, command);
}
