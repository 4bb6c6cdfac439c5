// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel does, which is why the broker does otherwise: api-rules 8 (a socket of another
 * namespace is refused), 10 (pages are sealed before they are shared) and 30 (each message's
 * credentials count, not the connection's). Without these rules somebody gets what is shown here.
 * Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/xfrm.h>

#include "unit.h"

#define USER 1000
#ifndef IP_XFRM_POLICY
#define IP_XFRM_POLICY 17
#endif

static void become_user(void)
{
	if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
		_exit(2);
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* --- 30: who is at the other end, when it was root once --------------------------------------- */

static struct ucred of_message(int s)
{
	union {
		struct cmsghdr hdr;
		uint8_t buf[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { &(char){ 0 }, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = &control, .msg_controllen = sizeof(control) };
	struct ucred who;

	assert_int_equal(recvmsg(s, &msg, 0), 1);
	assert_int_equal(control.hdr.cmsg_type, SCM_CREDENTIALS);
	memcpy(&who, CMSG_DATA(&control.hdr), sizeof(who));
	return who;
}

static void credentials_of_a_connection_stay(void **state)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int s[2];
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	assert_int_equal(setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)), 0);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		become_user();
		_exit(send(s[1], "x", 1, 0) != 1);
	}
	assert_int_equal(status_of(pid), 0);
	assert_int_equal(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &peer, &len), 0);
	assert_int_equal(peer.uid, 0);
	assert_int_equal(of_message(s[0]).uid, USER);
	close(s[0]);
	close(s[1]);
}

/* --- 10: a descriptor to read from is one to write by ----------------------------------------- */

/* A user that has it for reading alone opens it again. Returns 0 when it could be written. */
static int write_anew(int reader)
{
	char path[32];
	pid_t pid;
	int fd;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		become_user();
		snprintf(path, sizeof(path), "/proc/self/fd/%d", reader);
		fd = open(path, O_RDWR);
		_exit(fd < 0 ? errno : pwrite(fd, "lie", 3, 0) == 3 ? 0 : errno);
	}
	return status_of(pid);
}

static void what_can_be_read_can_be_written(void **state)
{
	int fd = memfd_create("pages", MFD_ALLOW_SEALING), reader;
	char path[32], text[4] = "";

	(void)state;
	assert_int_equal(ftruncate(fd, 4096), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY);
	assert_int_equal(write_anew(reader), 0);
	assert_int_equal(pread(fd, text, 3, 0), 3);
	assert_string_equal(text, "lie");
	/* the one who mapped it before still writes */
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
	assert_int_equal(write_anew(reader), EPERM);
	close(reader);
	close(fd);
}

/* --- 8: a socket of another namespace, where somebody else may make SAs with any reqid --------- */

static void give(int s, int fd)
{
	union {
		struct cmsghdr hdr;
		uint8_t buf[CMSG_SPACE(sizeof(int))];
	} control = { .hdr = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { &(char){ 'x' }, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = &control, .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.hdr), &fd, sizeof(fd));
	if (sendmsg(s, &msg, 0) != 1)
		_exit(3);
}

static int get(int s)
{
	union {
		struct cmsghdr hdr;
		uint8_t buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { &(char){ 0 }, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = &control, .msg_controllen = sizeof(control) };
	int fd;

	if (recvmsg(s, &msg, 0) != 1 || !msg.msg_controllen)
		return -1;
	memcpy(&fd, CMSG_DATA(&control.hdr), sizeof(fd));
	return fd;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len), 0);
	return cookie;
}

static void another_namespace_takes_policies(void **state)
{
	const struct xfrm_userpolicy_info block = { .sel.family = AF_INET, .dir = XFRM_POLICY_OUT,
						    .action = XFRM_POLICY_BLOCK };
	int s[2], fd, own = socket(AF_INET, SOCK_DGRAM, 0);
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(s[0]);
		if (unshare(CLONE_NEWNET))
			_exit(errno);
		give(s[1], socket(AF_INET, SOCK_DGRAM, 0));
		_exit(0);
	}
	close(s[1]);
	fd = get(s[0]);
	assert_int_equal(status_of(pid), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_XFRM_POLICY, &block, sizeof(block)), 0);
	assert_int_not_equal(cookie_of(fd), cookie_of(own));	/* which tells */
	close(fd);
	close(own);
	close(s[0]);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(credentials_of_a_connection_stay),
	cmocka_unit_test(what_can_be_read_can_be_written),
	cmocka_unit_test(another_namespace_takes_policies),
};
RUN(tests)
