// SPDX-License-Identifier: LGPL-2.1-or-later
/* A unit of one's own: a helper program at the other end of a socket pair, which goes with it. */
#include "priv.h"

#include <errno.h>
#include <espvault/unit_socket.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM		"espvault-unit"
#define VARIABLE	"ESPVAULT_UNIT"
#define FAREWELL_MS	2000	/* for a helper that lost its connection to end by itself */

extern char **environ;

static const char *program_of(const char *program)
{
	const char *set = getenv(VARIABLE);

	return *program ? program : set && *set ? set : PROGRAM;
}

/* Nothing of this process but standard error and the connection. 0 or an error number. */
static int set_files(posix_spawn_file_actions_t *files, int fd)
{
	int err = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);

	if (!err)
		err = posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_WRONLY, 0);
	/* also when it is that one already: then it stays open */
	if (!err)
		err = posix_spawn_file_actions_adddup2(files, fd, UNIT_SOCKET_FD);
	return err ? err : posix_spawn_file_actions_addclosefrom_np(files, UNIT_SOCKET_FD + 1);
}

/* In a group of its own, so that what a terminal sends does not end it before its work is done. */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	err = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (!err)
		err = posix_spawnattr_setpgroup(attr, 0);
	if (!err)
		err = posix_spawnattr_setsigmask(attr, &none);
	return err ? err : posix_spawnattr_setsigdefault(attr, &all);
}

/* 0 or a negative errno, that of execve() among them. */
static int spawn(const char *program, int fd, pid_t *pid)
{
	char *argv[] = { (char *)(uintptr_t)program, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int err = posix_spawn_file_actions_init(&files);

	if (err)
		return -err;
	err = posix_spawnattr_init(&attr);
	if (err)
		goto no_attr;
	err = set_files(&files, fd);
	if (!err)
		err = set_attributes(&attr);
	if (!err)
		err = posix_spawnp(pid, program, &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
no_attr:
	posix_spawn_file_actions_destroy(&files);
	return -err;
}

/* It ends when its connection is closed; one that does not is killed. */
static void reap(struct espvault *unit)
{
	struct pollfd p = { .fd = unit->pidfd, .events = POLLIN };
	siginfo_t info;
	int n;

	do {
		n = poll(&p, 1, FAREWELL_MS);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		pidfd_send_signal(unit->pidfd, SIGKILL, NULL, 0);
	/* it may have been reaped: by a handler of the program's own, or by nobody's wish */
	while (waitid(P_PIDFD, (id_t)unit->pidfd, &info, WEXITED) && errno == EINTR)
		;
	close(unit->pidfd);
}

static void backend_close(struct espvault *unit)
{
	esp_socket_close(unit);
	reap(unit);
}

static int backend_open(struct espvault *unit, const char *program)
{
	int pair[2], err;
	pid_t pid;

	/* Whose rights are not its user's must not run what that user names. */
	if (getauxval(AT_SECURE))
		return -EPERM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	err = spawn(program_of(program), pair[1], &pid);
	close(pair[1]);
	if (err)
		goto no_child;
	unit->fd = pair[0];
	unit->pidfd = pidfd_open(pid, 0);
	if (unit->pidfd < 0) {
		err = -errno;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		goto no_child;
	}
	err = esp_socket_hello(unit);
	if (err)
		backend_close(unit);
	return err;

no_child:
	close(pair[0]);
	return err;
}

const struct esp_transport esp_backend = {
	.open = backend_open, .close = backend_close, .info = esp_socket_info, .cmd = esp_socket_cmd,
	.is_process = true,
};
