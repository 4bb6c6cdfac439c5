/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real broker, in a namespace of its own, and programs of users that ask it. Needs root. */
#ifndef USERLIB_BROKER_H
#define USERLIB_BROKER_H

#include <dirent.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "netns.h"
#include "raw.h"
#include "unit.h"

#define USER 1000

static char dir[64], broker[512], defaults[512];
static const char *policy_dir;	/* NULL: of the administrator there is none */
static const char *marks;	/* NULL: those that it uses unless it is told */
static const char *log_file;	/* NULL: what the broker says goes where the test's words go */
static pid_t broker_pid;

static inline bool wait_ready(void)
{
	struct ipsecapi *ctx;
	struct ipsecapi_host host;
	int tries;

	for (tries = 0; tries < 200; tries++) {
		if (!ipsecapi_open(path, 0, &ctx)) {
			int err = ipsecapi_host(ctx, &host, sizeof(host));

			ipsecapi_close(ctx);
			if (!err)
				return true;
		}
		poll(NULL, 0, 20);
	}
	return false;
}

static inline void fork_broker(void)
{
	const char *argv[12] = { broker, "--socket", path, "--user", "nobody", "--defaults", defaults };
	int n = 7;

	if (policy_dir) {
		argv[n++] = "--policy";
		argv[n++] = policy_dir;
	}
	if (marks) {
		argv[n++] = "--marks";
		argv[n++] = marks;
	}
	broker_pid = fork();
	if (!broker_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (log_file && !freopen(log_file, "a", stderr))
			_exit(126);
		execv(broker, (char *const *)argv);
		_exit(127);
	}
}

static inline int start_broker(void)
{
	fork_broker();
	return wait_ready() ? 0 : -1;
}

static inline bool answers(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), err;

	strcpy(at.sun_path, path);
	err = connect(s, (struct sockaddr *)&at, sizeof(at));
	close(s);
	return !err;
}

/* The last of its processes that has the socket ends a moment later; until then no other begins there. */
static inline void kill_broker(void)
{
	int tries;

	kill(broker_pid, SIGKILL);
	waitpid(broker_pid, NULL, 0);
	for (tries = 0; tries < 500 && answers(); tries++)
		poll(NULL, 0, 10);
}

/* How many processes of our broker have this name, and one of them. */
static inline int broker_processes(const char *name, pid_t *one)
{
	DIR *d = opendir("/proc");
	char file[300], comm[32];
	struct dirent *e;
	int parent, n = 0;
	pid_t pid;
	FILE *f;

	while (d && (e = readdir(d))) {
		pid = atoi(e->d_name);
		snprintf(file, sizeof(file), "/proc/%s/stat", e->d_name);
		f = pid > 0 ? fopen(file, "r") : NULL;
		if (!f)
			continue;
		if (fscanf(f, "%*d (%31[^)]) %*c %d", comm, &parent) == 2 &&
		    parent == broker_pid && !strcmp(comm, name)) {
			*one = pid;
			n++;
		}
		fclose(f);
	}
	if (d)
		closedir(d);
	return n;
}

/* The process of this name, when those of earlier sessions have ended. -1: it never was one. */
static inline pid_t broker_process(const char *name)
{
	pid_t pid;
	int tries;

	for (tries = 0; tries < 500; tries++) {
		if (broker_processes(name, &pid) == 1)
			return pid;
		poll(NULL, 0, 10);
	}
	return -1;
}

/* 'S': it waits, and what was sent to it before is done. 'T': it is stopped. */
static inline void wait_state(pid_t pid, char wanted)
{
	char file[64], state = 0;
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%d/stat", pid);
	while (state != wanted) {
		f = fopen(file, "r");
		CHECK(f && fscanf(f, "%*d (%*[^)]) %c", &state) == 1);
		fclose(f);
	}
}

static inline void stop_process(pid_t pid)
{
	CHECK(pid > 0 && !kill(pid, SIGSTOP));
	wait_state(pid, 'T');
}

static inline void continue_process(pid_t pid)
{
	CHECK(!kill(pid, SIGCONT));
}

/* Run @fn in a child as @uid; the test passes when it returns. */
static inline void as_user(uid_t uid, void (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
			_exit(2);
		fn();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A cmocka test that is @fn, run as a user. */
#define USER_TEST(fn) static void t_##fn(void **state) { (void)state; as_user(USER, fn); }

static inline struct ipsecapi *open_ctx(void)
{
	struct ipsecapi *ctx = NULL;

	CHECK(!ipsecapi_open(path, 0, &ctx));
	return ctx;
}

static inline int udp_to(const char *addr, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, addr, &to.sin_addr);
	CHECK(!connect(s, (struct sockaddr *)&to, sizeof(to)));
	return s;
}

static inline struct ipsecapi_event wait_event(struct ipsecapi *ctx)
{
	struct pollfd pfd = { .fd = ipsecapi_get_fd(ctx), .events = POLLIN };
	struct ipsecapi_event ev = { 0 };
	int tries;

	for (tries = 0; tries < 50; tries++) {
		if (ipsecapi_next_event(ctx, &ev, sizeof(ev)) == 1)
			return ev;
		poll(&pfd, 1, 100);
	}
	CHECK(!"an event");
	return ev;
}

static inline void expect_refusal(struct ipsecapi *ctx, int fd, int err, uint32_t reason)
{
	struct ipsecapi_flow *flow;

	CHECK(ipsecapi_flow_open(ctx, fd, &flow) == err);
	CHECK(ipsecapi_last_reason(ctx) == reason);
	close(fd);
}

/* A new namespace lets no group make them. */
static inline void allow_ping_sockets(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ping_group_range", "w");

	if (!f || fputs("0 2147483647", f) < 0)
		print_message("# no user may make ping sockets\n");
	if (f)
		fclose(f);
}

static inline int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ipsecapi-test-XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/s", dir);
	if (netns_enter() < 0)
		return -1;
	allow_ping_sockets();
	return start_broker();
}

static inline int tear_down(void **state)
{
	char latches[96];

	(void)state;
	kill_broker();
	unlink(path);
	snprintf(latches, sizeof(latches), "%s/latches", dir);
	unlink(latches);
	return rmdir(dir);
}

/* The main() of a test program: @tests with what @set_up_all makes for all of them. */
#define RUN_AFTER(set_up_all, tests) \
	int main(int argc, char **argv) \
	{ \
		(void)argc; \
		cmocka_set_message_output(CM_OUTPUT_TAP); \
		if (!find_broker(argv[0])) \
			return 0; \
		return cmocka_run_group_tests(tests, set_up_all, tear_down); \
	}

/* With one broker. */
#define RUN_WITH_BROKER(tests) RUN_AFTER(set_up, tests)

/* Root of a user namespace may have nobody but itself in there. */
static inline bool may_become(uid_t uid)
{
	int status = 1;
	pid_t pid = fork();

	if (!pid)
		_exit(setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid));
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

/* It was built beside the tests. */
static inline bool find_broker(const char *program)
{
	const char *slash = strrchr(program, '/');

	if (geteuid()) {
		printf("1..0 # SKIP needs root: it makes a network namespace\n");
		return false;
	}
	if (!may_become(USER)) {
		printf("1..0 # SKIP needs a root that can become other users\n");
		return false;
	}
	snprintf(broker, sizeof(broker), "%.*s../ipsecapid", slash ? (int)(slash - program + 1) : 0,
		 program);
	snprintf(defaults, sizeof(defaults), "%.*s../policy.conf",
		 slash ? (int)(slash - program + 1) : 0, program);
	return true;
}

#endif
