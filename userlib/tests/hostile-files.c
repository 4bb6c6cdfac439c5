// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: hostile-files SOCKET
 *
 * Can a file of a hostile file system stop the broker that listens at SOCKET? Mounts one that
 * never answers a close(), shows its file to the broker as an unprivileged user, and prints TAP.
 * Needs root and /dev/fuse.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <linux/fuse.h>

#include "raw.h"

#define USER		1000
#define OTHER		1001
#define SESSIONS	16	/* of a user */
#define TRIES		500	/* of 20 ms */

static char file[64];
static unsigned int *held;	/* shared: closes of others that have no answer */

/* --- the file system ---------------------------------------------------------------------- */

static void answer(int dev, const struct fuse_in_header *in, int error, const void *body, size_t len)
{
	struct {
		struct fuse_out_header hdr;
		uint8_t body[256];
	} out = { .hdr = { .len = sizeof(out.hdr) + len, .error = error, .unique = in->unique } };

	memcpy(out.body, body, len);
	if (write(dev, &out, out.hdr.len) < 0 && errno != ENOENT)
		_exit(1);
}

/* Our own processes must get on: only the broker's wait. */
static bool is_ours(uint32_t pid)
{
	return getpgid(pid) == getpgrp();
}

static void serve_one(int dev, const struct fuse_in_header *in)
{
	const struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31,
					    .max_write = 4096 };
	const struct fuse_attr_out attr = { .attr = { .ino = 1, .mode = S_IFREG | 0666, .nlink = 1 } };
	const struct fuse_open_out opened = { .fh = 1 };

	switch (in->opcode) {
	case FUSE_INIT:
		answer(dev, in, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		answer(dev, in, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		answer(dev, in, 0, &opened, sizeof(opened));
		break;
	case FUSE_FLUSH:
		if (is_ours(in->pid))
			answer(dev, in, 0, NULL, 0);
		else
			__atomic_add_fetch(held, 1, __ATOMIC_SEQ_CST);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	case FUSE_RELEASE:
		answer(dev, in, 0, NULL, 0);
		break;
	default:
		answer(dev, in, -ENOSYS, NULL, 0);
	}
}

static void serve(int dev)
{
	static uint8_t buf[FUSE_MIN_READ_BUFFER + 4096] __attribute__((aligned(8)));

	while (read(dev, buf, sizeof(buf)) > 0 || errno == EINTR || errno == ENOENT)
		serve_one(dev, (struct fuse_in_header *)buf);
	_exit(0);
}

/* Returns the process that serves it. Nobody else keeps the device, so it dies with that. */
static pid_t mount_it(void)
{
	int dev = open("/dev/fuse", O_RDWR | O_CLOEXEC), fd;
	char options[128];
	pid_t pid;

	strcpy(file, "/tmp/hostile-XXXXXX");
	fd = mkstemp(file);
	CHECK(dev >= 0 && fd >= 0 && !fchmod(fd, 0666));
	close(fd);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=100666,user_id=0,group_id=0,allow_other", dev);
	CHECK(!mount("hostile", file, "fuse", MS_NOSUID | MS_NODEV, options));
	pid = fork();
	if (!pid)
		serve(dev);
	close(dev);
	return pid;
}

/* --- the users ---------------------------------------------------------------------------- */

/* Show the file. Returns the reason in the answer, or UINT32_MAX when the connection ends. */
static uint32_t show_file(int s)
{
	struct pollfd pfd = { .fd = s, .events = POLLIN };
	int fd = open(file, O_RDWR | O_CLOEXEC);
	uint8_t buf[128];
	uint32_t reason = UINT32_MAX;

	CHECK(fd >= 0);
	raw_send_try(s, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), &fd, 1);
	CHECK(poll(&pfd, 1, 5000) == 1);
	if (recv(s, buf, 1, MSG_PEEK) > 0)
		reason = reply(s, NULL, NULL);
	close(fd);
	return reason;
}

static void wait_held(unsigned int n)
{
	int tries;

	for (tries = 0; tries < TRIES && __atomic_load_n(held, __ATOMIC_SEQ_CST) < n; tries++)
		poll(NULL, 0, 20);
	CHECK(tries < TRIES);
}

static void is_served(void)
{
	uint8_t buf[128];
	int s = raw_hello();

	raw_send(s, buf, message(buf, WIRE_CAPS, 1, 0), NULL, 0);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_NONE);
}

static uint32_t say_hello(void)
{
	uint8_t buf[128];
	int s = raw_connect();
	uint32_t reason;

	raw_send(s, buf, message(buf, WIRE_HELLO, 0, 0), NULL, 0);
	reason = reply(s, NULL, NULL);
	close(s);
	return reason;
}

static void one_file(void)
{
	CHECK(show_file(raw_hello()) == IPSECAPI_REASON_NOT_A_SOCKET);
	wait_held(1);
	is_served();
}

/* Every session of the user hangs, and goes on counting although the user has let go of it. */
static void all_sessions(void)
{
	int i, s;

	for (i = 1; i < SESSIONS; i++) {
		s = raw_hello();
		CHECK(show_file(s) == IPSECAPI_REASON_NOT_A_SOCKET);
		close(s);
	}
	wait_held(SESSIONS);
	CHECK(say_hello() == IPSECAPI_REASON_SESSION_LIMIT);
}

/* Nor does it help to begin without HELLO. */
static void without_hello(void)
{
	unsigned int i, answered = 0;
	uint32_t reason;

	for (i = 0; i < 3 * SESSIONS; i++) {
		reason = show_file(raw_connect());
		CHECK(reason == UINT32_MAX || reason == IPSECAPI_REASON_NO_HELLO);
		answered += reason != UINT32_MAX;
	}
	CHECK(answered && answered <= SESSIONS);
}

static void comes_back(void)
{
	int tries;

	for (tries = 0; tries < TRIES && say_hello() != IPSECAPI_REASON_NONE; tries++)
		poll(NULL, 0, 20);
	CHECK(tries < TRIES);
}

static int tests, failures;

static void test(const char *name, uid_t uid, void (*fn)(void))
{
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
			_exit(2);
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	failures += !!status;
	printf("%sok %d - %s\n", status ? "not " : "", ++tests, name);
}

int main(int argc, char **argv)
{
	pid_t server;

	if (argc != 2 || strlen(argv[1]) >= sizeof(path)) {
		fprintf(stderr, "usage: hostile-files SOCKET\n");
		return 2;
	}
	strcpy(path, argv[1]);
	setpgid(0, 0);
	held = mmap(NULL, sizeof(*held), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(held != MAP_FAILED);
	server = mount_it();
	test("a file that can't be closed is answered, and others are served", USER, one_file);
	test("a session that hangs goes on counting for its user", USER, all_sessions);
	test("connections without HELLO are limited as well", USER, without_hello);
	test("another user does not notice", OTHER, is_served);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	test("once the file system is gone the user is served again", USER, comes_back);
	umount2(file, MNT_DETACH);
	unlink(file);
	printf("1..%d\n", tests);
	return failures > 0;
}
