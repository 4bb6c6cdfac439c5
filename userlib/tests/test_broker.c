// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The library against the real broker, in a namespace of its own, as an unprivileged user; and
 * the broker against clients that mean harm. Needs root to begin with.
 */
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <seccomp.h>

#include <ipsecapi.h>
#include "../libipsecapi/wire/slot.h"
#include "../libipsecapi/wire/tlv.h"
#include "netns.h"
#include "unit.h"

#define USER 1000

static char dir[64], path[96], broker[512];
static pid_t broker_pid;

/* Asserts of a child: say what failed and end it. */
#define CHECK(cond) do { \
	if (!(cond)) { \
		printf("# line %d: %s\n", __LINE__, #cond); \
		fflush(stdout); \
		_exit(1); \
	} \
} while (0)

static bool wait_ready(void)
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

static int start_broker(void)
{
	broker_pid = fork();
	if (!broker_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(broker, broker, "--socket", path, "--user", "nobody", NULL);
		_exit(127);
	}
	return wait_ready() ? 0 : -1;
}

static void kill_broker(void)
{
	kill(broker_pid, SIGKILL);
	waitpid(broker_pid, NULL, 0);
}

/* Run @fn in a child as @uid; the test passes when it returns. */
static void as_user(uid_t uid, void (*fn)(void))
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

static struct ipsecapi *open_ctx(void)
{
	struct ipsecapi *ctx = NULL;

	CHECK(!ipsecapi_open(path, 0, &ctx));
	return ctx;
}

static int udp_to(const char *addr, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, addr, &to.sin_addr);
	CHECK(!connect(s, (struct sockaddr *)&to, sizeof(to)));
	return s;
}

/* --- the library ------------------------------------------------------------------------- */

static void questions(void)
{
	struct ipsecapi_interface ifc;
	struct ipsecapi_class cls;
	struct ipsecapi_rule rule;
	struct ipsecapi_host host;
	struct ipsecapi_caps caps;
	struct ipsecapi *ctx = NULL;
	uint32_t i;

	CHECK(ipsecapi_open(path, 1, &ctx) == -EINVAL);
	CHECK(ipsecapi_open("/nonexistent", 0, &ctx) == -ENOLINK);
	ctx = open_ctx();
	CHECK(!ipsecapi_caps(ctx, &caps, sizeof(caps)));
	CHECK(caps.classes == 3 && caps.interfaces >= 2 && !caps.latching && caps.lease);
	for (i = 0; i < caps.classes; i++)
		CHECK(!ipsecapi_class(ctx, i, &cls, sizeof(cls)));
	CHECK(ipsecapi_class(ctx, i, &cls, sizeof(cls)) == -ENOENT);
	CHECK(ipsecapi_last_reason(ctx) == IPSECAPI_REASON_NO_SUCH_ENTRY);
	for (i = 0; i < caps.interfaces; i++)
		CHECK(!ipsecapi_interface(ctx, i, &ifc, sizeof(ifc)));
	CHECK(ipsecapi_interface(ctx, i, &ifc, sizeof(ifc)) == -ENOENT);
	CHECK(!ipsecapi_host(ctx, &host, sizeof(host)));
	CHECK(!host.rules_visible && ipsecapi_last_reason(ctx) == IPSECAPI_REASON_NONE);
	CHECK(ipsecapi_rule(ctx, 0, &rule, sizeof(rule)) == -EACCES);
	CHECK(ipsecapi_get_timeout(ctx) == -1);
	ipsecapi_close(ctx);
	ipsecapi_close(NULL);
}

static void observe(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_report rep;
	struct ipsecapi_status st;
	struct ipsecapi_flow *flow;
	struct ipsecapi_why why;
	int s = udp_to("10.0.0.7", 7);

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	CHECK(!ipsecapi_report(flow, &rep, sizeof(rep)));
	CHECK(rep.dir[IPSECAPI_OUT].protection == IPSECAPI_PROTECTION_NONE);
	CHECK(rep.dir[IPSECAPI_IN].reason == IPSECAPI_REASON_NO_POLICY);
	CHECK(rep.tuple.peer_port == htons(7) && rep.tuple.peer[3] == 7 && rep.read_at);
	CHECK(rep.latch == IPSECAPI_LATCH_OBSERVED && rep.lease);
	CHECK(rep.identity_scope == IPSECAPI_IDENTITY_NOT_AVAILABLE);
	CHECK(!ipsecapi_status(flow, &st, sizeof(st)));
	CHECK(!memcmp(st.dir, rep.dir, sizeof(st.dir)) && st.lease && st.lease < 3000000000ull);
	CHECK(!memcmp(&st.tuple, &rep.tuple, sizeof(st.tuple)));
	CHECK(!ipsecapi_why(flow, 0, &why, sizeof(why)));
	CHECK(why.reason == IPSECAPI_REASON_NO_POLICY && why.current && why.count == 1);
	CHECK(why.layer == IPSECAPI_LAYER_POLICY && why.first && why.last >= why.first);
	CHECK(!ipsecapi_why(flow, 1, &why, sizeof(why)));
	CHECK(ipsecapi_why(flow, 2, &why, sizeof(why)) == -ENOENT);
	ipsecapi_flow_close(flow);
	ipsecapi_close(ctx);
	close(s);
}

/* A program that was compiled against an older or newer header. */
static void sizes(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	struct {
		struct ipsecapi_report rep;
		uint8_t newer[32];
	} big;
	uint8_t small[60];
	int s = udp_to("10.0.0.7", 7), i;

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	memset(small, 0xee, sizeof(small));
	CHECK(!ipsecapi_report(flow, (struct ipsecapi_report *)small, 56));
	for (i = 56; i < 60; i++)
		CHECK(small[i] == 0xee);
	memset(&big, 0xee, sizeof(big));
	CHECK(!ipsecapi_report(flow, &big.rep, sizeof(big)));
	for (i = 0; i < 32; i++)
		CHECK(!big.newer[i]);
	CHECK(ipsecapi_report(flow, NULL, 8) == -EINVAL);
	CHECK(ipsecapi_report(flow, &big.rep, 0) == -EINVAL);
	ipsecapi_close(ctx);
}

static void forked(void)
{
	struct ipsecapi *ctx = open_ctx(), *other;
	struct ipsecapi_status st;
	struct ipsecapi_report rep;
	struct ipsecapi_event ev;
	struct ipsecapi_caps caps;
	struct ipsecapi_flow *flow;
	int s = udp_to("10.0.0.7", 7), status;

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	if (!fork()) {
		CHECK(ipsecapi_status(flow, &st, sizeof(st)) == -ECHILD);
		CHECK(ipsecapi_report(flow, &rep, sizeof(rep)) == -ECHILD);
		CHECK(ipsecapi_next_event(ctx, &ev, sizeof(ev)) == -ECHILD);
		CHECK(ipsecapi_caps(ctx, &caps, sizeof(caps)) == -ECHILD);
		CHECK(ipsecapi_get_fd(ctx) == -ECHILD);
		CHECK(ipsecapi_flow_open(ctx, s, &flow) == -ECHILD);
		ipsecapi_flow_close(flow);
		ipsecapi_close(ctx);
		CHECK(!ipsecapi_open(path, 0, &other));
		ipsecapi_close(other);
		_exit(0);
	}
	CHECK(wait(&status) > 0 && !status);
	CHECK(!ipsecapi_report(flow, &rep, sizeof(rep)));
	ipsecapi_close(ctx);
}

static void no_system_call(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	struct ipsecapi_status st;
	int s = udp_to("10.0.0.7", 7), i, bad = 0;
	scmp_filter_ctx filter;

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	/* not the strict mode, which forbids reading the time stamp counter as well */
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	CHECK(!seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(exit), 0));
	CHECK(!seccomp_load(filter));
	for (i = 0; i < 1000; i++)
		bad |= ipsecapi_status(flow, &st, sizeof(st));
	bad |= st.dir[0].protection != IPSECAPI_PROTECTION_NONE;
	syscall(SYS_exit, bad);
}

static void expect_refusal(struct ipsecapi *ctx, int fd, int err, uint32_t reason)
{
	struct ipsecapi_flow *flow;

	CHECK(ipsecapi_flow_open(ctx, fd, &flow) == err);
	CHECK(ipsecapi_last_reason(ctx) == reason);
	close(fd);
}

static void kinds_of_sockets(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	int fd, pair[2];

	CHECK(ipsecapi_flow_open(ctx, -1, &flow) == -EBADF);
	CHECK(ipsecapi_flow_open(ctx, 999, &flow) == -EBADF);
	expect_refusal(ctx, open("/dev/null", O_RDONLY), -ENOTSOCK, IPSECAPI_REASON_NOT_A_SOCKET);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	close(pair[1]);
	expect_refusal(ctx, pair[0], -EAFNOSUPPORT, IPSECAPI_REASON_NOT_INET);
	expect_refusal(ctx, socket(AF_INET, SOCK_DGRAM, 0), -ENOTCONN,
		       IPSECAPI_REASON_NOT_CONNECTED);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(!listen(fd, 1));
	expect_refusal(ctx, fd, -ENOTCONN, IPSECAPI_REASON_NOT_CONNECTED);
	fd = socket(AF_INET, SOCK_STREAM, 262);
	if (fd >= 0)
		expect_refusal(ctx, fd, -EPROTONOSUPPORT, IPSECAPI_REASON_MPTCP);
	fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	if (fd >= 0)
		expect_refusal(ctx, fd, -EPROTONOSUPPORT, IPSECAPI_REASON_PING_SOCKET);
	fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
	if (fd >= 0)
		expect_refusal(ctx, fd, -EPROTONOSUPPORT, IPSECAPI_REASON_SCTP);
	ipsecapi_close(ctx);
}

static void mapped_addresses(void)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(7) };
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_report rep;
	struct ipsecapi_flow *flow;
	int s = socket(AF_INET6, SOCK_DGRAM, 0);

	inet_pton(AF_INET6, "::ffff:10.0.0.7", &to.sin6_addr);
	CHECK(!connect(s, (struct sockaddr *)&to, sizeof(to)));
	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	CHECK(!ipsecapi_report(flow, &rep, sizeof(rep)));
	CHECK(rep.tuple.family == AF_INET && rep.tuple.peer[0] == 10 && rep.tuple.peer[3] == 7);
	ipsecapi_close(ctx);
}

static struct ipsecapi_event wait_event(struct ipsecapi *ctx)
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

static void sockets_that_change(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	struct ipsecapi_report rep;
	struct ipsecapi_status st;
	struct ipsecapi_event ev;
	int s = udp_to("10.0.0.7", 7);

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	inet_pton(AF_INET, "10.0.0.8", &to.sin_addr);
	CHECK(!connect(s, (struct sockaddr *)&to, sizeof(to)));
	CHECK(ipsecapi_report(flow, &rep, sizeof(rep)) == -ESTALE);
	CHECK(ipsecapi_last_reason(ctx) == IPSECAPI_REASON_SOCKET_CHANGED);
	ipsecapi_flow_close(flow);

	/* neither side keeps a duplicate: our close() is the last, and is noticed */
	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	close(s);
	ev = wait_event(ctx);
	CHECK(ev.type == IPSECAPI_EVENT_CLOSED && ev.flow == flow);
	CHECK(!ipsecapi_status(flow, &st, sizeof(st)));
	CHECK(st.latch == IPSECAPI_LATCH_CLOSED && !st.dir[0].protection);
	CHECK(ipsecapi_report(flow, &rep, sizeof(rep)) == -ESTALE);
	/* the number may be another socket's now */
	CHECK(udp_to("10.0.0.7", 7) == s);
	CHECK(ipsecapi_report(flow, &rep, sizeof(rep)) == -ESTALE);
	ipsecapi_close(ctx);
}

static void limits(void)
{
	struct ipsecapi *ctx[17];
	struct ipsecapi_flow *flow;
	int i, s = udp_to("10.0.0.7", 7);

	for (i = 0; i < 16; i++)
		ctx[i] = open_ctx();
	CHECK(ipsecapi_open(path, 0, &ctx[16]) == -EDQUOT);
	for (i = 0; i < 256; i++)
		CHECK(!ipsecapi_flow_open(ctx[0], s, &flow));
	CHECK(ipsecapi_flow_open(ctx[0], s, &flow) == -EDQUOT);
	CHECK(ipsecapi_last_reason(ctx[0]) == IPSECAPI_REASON_FLOW_LIMIT_SESSION);
	for (i = 256; i < 1024; i++)
		CHECK(!ipsecapi_flow_open(ctx[i / 256], s, &flow));
	CHECK(ipsecapi_flow_open(ctx[5], s, &flow) == -EDQUOT);
	CHECK(ipsecapi_last_reason(ctx[5]) == IPSECAPI_REASON_FLOW_LIMIT_USER);
	for (i = 0; i < 16; i++)
		ipsecapi_close(ctx[i]);
}

/* --- clients that mean harm --------------------------------------------------------------- */

static int raw_connect(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	CHECK(!connect(s, (struct sockaddr *)&addr, sizeof(addr)));
	return s;
}

static void raw_send(int s, const void *buf, size_t len, const int *fds, int n)
{
	static union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(253 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n) {
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
	}
	CHECK(sendmsg(s, &msg, MSG_NOSIGNAL) == (ssize_t)len);
}

static int message(uint8_t *buf, uint16_t type, uint16_t version, uint16_t attr)
{
	const struct wire_header hdr = { .type = type, .version = version, .tag = 9 };
	struct tlv_writer w;

	tlv_begin(&w, buf, 128, &hdr);
	if (type == WIRE_HELLO) {
		tlv_put_u32(&w, WIRE_ATTR_MIN_VERSION, version ? version : 1);
		tlv_put_u32(&w, WIRE_ATTR_MAX_VERSION, version ? version : 1);
	}
	if (attr)
		tlv_put_u32(&w, attr, 0);
	return tlv_finish(&w);
}

/* Receive a reply: its reason, with the descriptor that came along in @fd. */
static uint32_t reply(int s, int *status, int *fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	uint8_t buf[WIRE_MAX_MESSAGE];
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct wire_header hdr;
	struct tlv_set set;
	struct cmsghdr *c;
	ssize_t n = recvmsg(s, &msg, 0);

	CHECK(n > 0);
	CHECK(!tlv_parse(buf, n, &hdr, &set));
	if (status)
		*status = hdr.status;
	c = CMSG_FIRSTHDR(&msg);
	if (fd)
		*fd = -1;
	if (fd && c && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	return hdr.reason;
}

static int raw_hello(void)
{
	uint8_t buf[128];
	int s = raw_connect(), status;

	raw_send(s, buf, message(buf, WIRE_HELLO, 0, 0), NULL, 0);
	reply(s, &status, NULL);
	CHECK(!status);
	return s;
}

static void expect(uint32_t reason, uint16_t type, uint16_t version, uint16_t attr)
{
	uint8_t buf[128];
	int s = raw_hello();

	raw_send(s, buf, message(buf, type, version, attr), NULL, 0);
	CHECK(reply(s, NULL, NULL) == reason);
	/* a refused request does not end the session */
	raw_send(s, buf, message(buf, WIRE_CAPS, 1, 0), NULL, 0);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_NONE);
	close(s);
}

static void broken_messages(void)
{
	static uint8_t junk[WIRE_MAX_MESSAGE + 100];
	uint8_t buf[128];
	int s = raw_connect(), status;

	raw_send(s, buf, message(buf, WIRE_CAPS, 1, 0), NULL, 0);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_NO_HELLO);
	raw_send(s, junk, 5, NULL, 0);
	CHECK(reply(s, &status, NULL) == IPSECAPI_REASON_MALFORMED && status == -EBADMSG);
	raw_send(s, junk, sizeof(junk), NULL, 0);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_MALFORMED);
	raw_send(s, buf, message(buf, WIRE_HELLO, 77, 0), NULL, 0);
	CHECK(reply(s, &status, NULL) == IPSECAPI_REASON_VERSION && status == -EPROTONOSUPPORT);
	close(s);

	expect(IPSECAPI_REASON_UNKNOWN_REQUEST, 999, 1, 0);
	expect(IPSECAPI_REASON_UNKNOWN_REQUEST, 0, 1, 0);
	expect(IPSECAPI_REASON_UNKNOWN_ATTRIBUTE, WIRE_CAPS, 1, 77);
	expect(IPSECAPI_REASON_NONE, WIRE_CAPS, 1, 77 | WIRE_ATTR_OPTIONAL);
	expect(IPSECAPI_REASON_MALFORMED, WIRE_CAPS, 5, 0);
	expect(IPSECAPI_REASON_MALFORMED, WIRE_HELLO, 0, 0);	/* twice */
	expect(IPSECAPI_REASON_MALFORMED, WIRE_REPORT, 1, 0);	/* which flow? */
	expect(IPSECAPI_REASON_NO_SUCH_FLOW, WIRE_REPORT, 1, WIRE_ATTR_FLOW);
	expect(IPSECAPI_REASON_NO_DESCRIPTOR, WIRE_FLOW_OPEN, 1, 0);
}

static void too_many_descriptors(void)
{
	uint8_t buf[128];
	int fds[253], i, s = raw_hello();

	for (i = 0; i < 253; i++)
		fds[i] = s;
	raw_send(s, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), fds, 253);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_TOO_MANY_DESCRIPTORS);
	raw_send(s, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), fds, 2);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_TOO_MANY_DESCRIPTORS);
	raw_send(s, buf, message(buf, WIRE_CAPS, 1, 0), fds, 1);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_TOO_MANY_DESCRIPTORS);
	/* the session's own socket */
	raw_send(s, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), &s, 1);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_NOT_INET);
	close(s);
}

static void somebody_elses_flow(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	uint8_t buf[128];
	int s = udp_to("10.0.0.7", 7), raw = raw_hello();

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	/* handles are per session: the same number means nothing in another one */
	raw_send(raw, buf, message(buf, WIRE_REPORT, 1, WIRE_ATTR_FLOW), NULL, 0);
	CHECK(reply(raw, NULL, NULL) == IPSECAPI_REASON_NO_SUCH_FLOW);
	close(raw);
	ipsecapi_close(ctx);
}

static void the_page_cannot_be_written(void)
{
	uint8_t buf[128];
	char proc[64];
	int s = raw_connect(), fd, again;
	struct stat st;
	void *p;

	raw_send(s, buf, message(buf, WIRE_HELLO, 0, 0), NULL, 0);
	reply(s, NULL, &fd);
	CHECK(fd >= 0 && !fstat(fd, &st));
	CHECK((fcntl(fd, F_GET_SEALS) & (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW |
					 F_SEAL_FUTURE_WRITE)) ==
	      (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE));
	CHECK(mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK(write(fd, "x", 1) < 0 && ftruncate(fd, 0) && ftruncate(fd, st.st_size * 2));
	p = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED && mprotect(p, st.st_size, PROT_READ | PROT_WRITE));
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	again = open(proc, O_RDWR);
	if (again >= 0)
		CHECK(write(again, "x", 1) < 0 &&
		      mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0) ==
		      MAP_FAILED);
	close(s);
}

/* A connected socket whose last close takes ten seconds. */
static int lingering(void)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 10 };
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	static uint8_t data[1 << 16];
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(!bind(l, (struct sockaddr *)&addr, sizeof(addr)) && !listen(l, 1));
	CHECK(!getsockname(l, (struct sockaddr *)&addr, &len));
	CHECK(!connect(c, (struct sockaddr *)&addr, sizeof(addr)));
	CHECK(accept(l, NULL, NULL) >= 0);
	CHECK(!setsockopt(c, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	while (send(c, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	close(l);
	return c;
}

/*
 * Whose close is the last is a race: when the worker was faster than our close() it answers,
 * and we try again. When it holds the last reference it is lost, and nobody else notices.
 */
static void a_lingering_socket(void)
{
	struct ipsecapi_caps caps;
	struct ipsecapi *ctx;
	uint8_t buf[4096];
	ssize_t n = 1;
	int s, c, tries;

	for (tries = 0; n && tries < 200; tries++) {
		s = raw_hello();
		c = lingering();
		raw_send(s, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), &c, 1);
		close(c);
		ctx = open_ctx();
		CHECK(!ipsecapi_caps(ctx, &caps, sizeof(caps)));
		ipsecapi_close(ctx);
		n = recv(s, buf, sizeof(buf), 0);
		if (n < 0)
			n = 0;
		close(s);
	}
	CHECK(!n);
}

static void flood(void)
{
	uint8_t buf[128];
	int i, s = raw_hello(), n = message(buf, WIRE_HOST, 1, 0);
	struct ipsecapi *ctx;
	struct ipsecapi_caps caps;

	/* a client that asks and never reads blocks nobody but itself */
	for (i = 0; i < 100000 && send(s, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL) == n; i++)
		;
	ctx = open_ctx();
	CHECK(!ipsecapi_caps(ctx, &caps, sizeof(caps)));
	ipsecapi_close(ctx);
	close(s);
}

static void has_no_mapping(void)
{
	struct ipsecapi *ctx;

	CHECK(ipsecapi_open(path, 0, &ctx) == -EACCES);
}

static int inherited;

static void foreign_socket(void)
{
	struct ipsecapi *ctx = open_ctx();

	expect_refusal(ctx, inherited, -EACCES, IPSECAPI_REASON_NOT_PERMITTED);
	ipsecapi_close(ctx);
}

static void other_namespace(void)
{
	struct ipsecapi *ctx = open_ctx();

	expect_refusal(ctx, inherited, -EREMOTE, IPSECAPI_REASON_FOREIGN_NAMESPACE);
	ipsecapi_close(ctx);
}

static int socket_elsewhere(void)
{
	int pair[2], status, fd = -1;
	uint8_t buf[128];
	pid_t pid;

	assert_false(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	pid = fork();
	if (!pid) {
		int s;

		CHECK(netns_enter() >= 0);
		s = udp_to("10.0.0.7", 7);
		message(buf, WIRE_CAPS, 1, 0);
		raw_send(pair[1], buf, message(buf, WIRE_CAPS, 1, 0), &s, 1);
		_exit(0);
	}
	reply(pair[0], NULL, &fd);
	waitpid(pid, &status, 0);
	assert_true(fd >= 0);
	close(pair[0]);
	close(pair[1]);
	return fd;
}

/* --- tests -------------------------------------------------------------------------------- */

#define USER_TEST(fn) static void t_##fn(void **state) { (void)state; as_user(USER, fn); }
USER_TEST(questions)
USER_TEST(observe)
USER_TEST(sizes)
USER_TEST(forked)
USER_TEST(kinds_of_sockets)
USER_TEST(mapped_addresses)
USER_TEST(sockets_that_change)
USER_TEST(limits)
USER_TEST(broken_messages)
USER_TEST(too_many_descriptors)
USER_TEST(somebody_elses_flow)
USER_TEST(the_page_cannot_be_written)
USER_TEST(a_lingering_socket)
USER_TEST(flood)

static void t_status_makes_no_system_call(void **state)
{
	char source[32] = "";
	FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "r");

	(void)state;
	if (f && !fgets(source, sizeof(source), f))
		source[0] = 0;
	if (f)
		fclose(f);
	/* other clock sources need a system call by themselves */
	if (strncmp(source, "tsc", 3) && strncmp(source, "kvm-clock", 9))
		skip();
	as_user(USER, no_system_call);
}

static void t_the_overflow_user_owns_nothing(void **state)
{
	(void)state;
	as_user(65534, has_no_mapping);
}

static void t_a_descriptor_is_not_ownership(void **state)
{
	(void)state;
	inherited = udp_to("10.0.0.7", 7);
	as_user(USER, foreign_socket);
	close(inherited);
}

static void t_a_foreign_namespace_is_refused(void **state)
{
	(void)state;
	inherited = socket_elsewhere();
	as_user(0, other_namespace);
	close(inherited);
}

static void t_the_broker_may_be_restarted(void **state)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	struct ipsecapi_report rep;
	struct ipsecapi_status st;
	int s = udp_to("10.0.0.7", 7);

	(void)state;
	assert_int_equal(ipsecapi_flow_open(ctx, s, &flow), 0);
	kill_broker();
	assert_int_equal(wait_event(ctx).type, IPSECAPI_EVENT_BROKER_LOST);
	assert_int_equal(ipsecapi_status(flow, &st, sizeof(st)), 0);
	assert_int_equal(st.dir[0].reason, IPSECAPI_REASON_BROKER_LOST);
	assert_int_equal(st.dir[0].protection, IPSECAPI_PROTECTION_UNKNOWN);
	assert_int_equal(ipsecapi_report(flow, &rep, sizeof(rep)), -ENOLINK);
	assert_int_equal(ipsecapi_last_reason(ctx), IPSECAPI_REASON_BROKER_LOST);
	assert_true(ipsecapi_get_timeout(ctx) >= 0);
	assert_int_equal(start_broker(), 0);
	/* the same handle, without a word of ours */
	assert_int_equal(ipsecapi_report(flow, &rep, sizeof(rep)), 0);
	assert_int_equal(rep.dir[0].protection, IPSECAPI_PROTECTION_NONE);
	assert_int_equal(wait_event(ctx).type, IPSECAPI_EVENT_BROKER_BACK);
	ipsecapi_close(ctx);
	close(s);
}

static void t_only_the_scrubber_holds_a_key_bearing_socket(void **state)
{
	char line[256];
	int xfrm_sockets = 0;
	FILE *f = fopen("/proc/net/netlink", "r");

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		unsigned int protocol;

		if (sscanf(line, "%*s %u", &protocol) == 1 && protocol == 6 &&
		    !strstr(line, " 0          "))
			xfrm_sockets++;
	}
	fclose(f);
	/* the kernel's own has no port; the scrubber has one to ask and one to listen */
	assert_in_range(xfrm_sockets, 2, 3);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ipsecapi-test-XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/s", dir);
	if (netns_enter() < 0)
		return -1;
	return start_broker();
}

static int tear_down(void **state)
{
	(void)state;
	kill_broker();
	unlink(path);
	return rmdir(dir);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_questions),
	cmocka_unit_test(t_observe),
	cmocka_unit_test(t_sizes),
	cmocka_unit_test(t_forked),
	cmocka_unit_test(t_status_makes_no_system_call),
	cmocka_unit_test(t_kinds_of_sockets),
	cmocka_unit_test(t_mapped_addresses),
	cmocka_unit_test(t_sockets_that_change),
	cmocka_unit_test(t_limits),
	cmocka_unit_test(t_broken_messages),
	cmocka_unit_test(t_too_many_descriptors),
	cmocka_unit_test(t_somebody_elses_flow),
	cmocka_unit_test(t_the_page_cannot_be_written),
	cmocka_unit_test(t_flood),
	cmocka_unit_test(t_a_lingering_socket),
	cmocka_unit_test(t_the_overflow_user_owns_nothing),
	cmocka_unit_test(t_a_descriptor_is_not_ownership),
	cmocka_unit_test(t_a_foreign_namespace_is_refused),
	cmocka_unit_test(t_only_the_scrubber_holds_a_key_bearing_socket),
	cmocka_unit_test(t_the_broker_may_be_restarted),
};

int main(int argc, char **argv)
{
	char *slash = strrchr(argv[0], '/');

	(void)argc;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid()) {
		printf("1..0 # SKIP needs root: it makes a network namespace\n");
		return 0;
	}
	snprintf(broker, sizeof(broker), "%.*s../ipsecapid",
		 slash ? (int)(slash - argv[0] + 1) : 0, argv[0]);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
