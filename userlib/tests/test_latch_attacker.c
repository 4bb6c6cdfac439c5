// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: userlib-latch_attacker.t [SEED]
 *
 * Two users who mean harm do what they can with their sockets, in random order. After each step
 * what root reads from the kernel and from the file is compared with a small model: api-rules 30
 * (who asks), 32 (the floor: no socket has less than was granted, and who granted it or root
 * alone lowers it), 27 (one record for each).
 */
#include <inttypes.h>
#include <netinet/tcp.h>

#include "../ipsecapid/latch_plan.h"
#include "latching.h"
#include "shipped.h"

#define STEPS 3200
#define SOCKETS 6
#define OTHER_USER 1001

static const uid_t users[] = { USER, OTHER_USER, 0 };
static const char *const classes[] = { "weak", "standard", "strong" };
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What a socket must have. */
struct model {
	int fd;
	int family;
	uint64_t cookie;
	uid_t owner;
	bool used;	/* it was connected, bound or the like: it may be refused anything */
	bool latched;
	uid_t granted;
	struct outcomes floor;
	uint64_t id;
};

static struct model sockets[SOCKETS];
static int sessions[COUNT(users)];
static uint64_t seed = 1, begun;
static unsigned int step;
static const char *doing;
static unsigned int granted, lowered, refused;

#define MUST(cond) do { \
	if (!(cond)) { \
		printf("# seed %" PRIu64 ", step %u, %s\n", begun, step, doing); \
		CHECK(!#cond); \
	} \
} while (0)

static void become(uid_t uid)
{
	MUST(!setresuid(uid, uid, 0));
}

static void be_root(void)
{
	MUST(!setresuid(0, 0, 0));
}

static void open_sessions(void)
{
	size_t i;

	for (i = 0; i < COUNT(users); i++) {
		become(users[i]);
		sessions[i] = raw_hello();
		be_root();
	}
}

static void close_sessions(void)
{
	size_t i;

	for (i = 0; i < COUNT(users); i++)
		close(sessions[i]);
}

/* --- what they do ------------------------------------------------------------------------- */

static void make(struct model *m)
{
	doing = "make";
	if (m->fd > 0)
		close(m->fd);
	memset(m, 0, sizeof(*m));
	m->owner = users[rnd(&seed) % 2];
	m->family = rnd(&seed) % 4 ? AF_INET : AF_INET6;
	become(m->owner);
	m->fd = tcp_socket(m->family);
	be_root();
	if (m->family == AF_INET6)
		MUST(!setsockopt(m->fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof(int)));
	m->cookie = cookie_of(m->fd);
}

/* To where nothing asks for protection but a latch, if there is one. */
static void go(struct model *m)
{
	struct sockaddr_in to = place("127.0.0.1", 9);
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(9),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	bool v4 = m->family == AF_INET;
	int err;

	doing = "connect";
	m->used = true;
	err = connect(m->fd, v4 ? (void *)&to : (void *)&to6, v4 ? sizeof(to) : sizeof(to6)) ? errno : 0;
	/* nothing passes a latch that waits, not even what would be refused at the other end */
	MUST(!m->latched || (err && err != ECONNREFUSED && err != EINPROGRESS));
}

static void leave(struct model *m)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	doing = "disconnect";
	connect(m->fd, &none, sizeof(none));
}

static void serve(struct model *m)
{
	doing = "listen";
	m->used = true;
	listen(m->fd, 1);
}

static void shut(struct model *m)
{
	doing = "shutdown";
	m->used = true;
	shutdown(m->fd, rnd(&seed) % 3);
}

static void copy(struct model *m)
{
	int fd = fcntl(m->fd, F_DUPFD_CLOEXEC, 0);

	doing = "dup";
	MUST(fd >= 0);
	close(m->fd);
	m->fd = fd;
}

static struct wire_require random_want(const struct model *m, struct outcomes *set)
{
	struct wire_require w = { .family = m->family, .port = htons(80),
				  .disposition = rnd(&seed) % 4, .flags = rnd(&seed) % 4 ? 0 : WANT_REPLAY };

	strcpy(w.class, classes[rnd(&seed) % COUNT(classes)]);
	if (m->family == AF_INET)
		memcpy(w.address, (uint8_t[]){ 10, 0, 0, 7 }, 4);
	else
		w.address[15] = 1;
	MUST(latch_wanted(shipped_policy(), &w, set) == IPSECAPI_REASON_NONE);
	return w;
}

static bool may_ask(const struct model *m, uid_t uid)
{
	return !uid || uid == m->owner;
}

static void note_grant(struct model *m, uid_t uid, const struct outcomes *set)
{
	struct latch_record r;
	uint32_t n;

	granted++;
	MUST(record_of(m->cookie, &r, &n) >= 0 && n == 1);
	if (!m->latched || !uid)	/* what root asked for too, root alone lowers */
		m->granted = uid;
	if (!m->latched) {
		m->floor = *set;
		m->id = r.id;
	} else {
		outcomes_intersect(&m->floor, set);
	}
	m->latched = true;
}

/* By any of the users, with a session of their own. */
static int ask(uint16_t type, struct model *m, size_t who, const struct wire_require *want)
{
	uint8_t buf[256];
	uint32_t flow;
	int err;

	become(users[who]);
	raw_send(sessions[who], buf, message(buf, WIRE_FLOW_OPEN, 1, 0), &m->fd, 1);
	err = take_reply(sessions[who], NULL, &flow);
	if (!err) {
		err = raw_want(sessions[who], type, flow, m->fd, want, NULL);
		raw_send(sessions[who], buf, latch_message(buf, sizeof(buf), WIRE_FLOW_CLOSE, flow, NULL),
			 NULL, 0);
		MUST(!take_reply(sessions[who], NULL, NULL));
	}
	be_root();
	return err;
}

static bool is_refusal(int err)
{
	return err && err != -EINPROGRESS;
}

static void require(struct model *m)
{
	size_t who = rnd(&seed) % COUNT(users);
	struct outcomes set;
	const struct wire_require want = random_want(m, &set);
	int err;

	doing = "require";
	err = ask(WIRE_REQUIRE, m, who, &want);
	MUST(err);	/* there is no SA that could make it 0 */
	MUST(may_ask(m, users[who]) || is_refusal(err));
	MUST(!may_ask(m, users[who]) || m->used || err == -EINPROGRESS);
	if (err == -EINPROGRESS)
		note_grant(m, users[who], &set);
	else
		refused++;
}

static void relax(struct model *m)
{
	size_t who = rnd(&seed) % COUNT(users);
	uid_t uid = users[who];
	int err;

	doing = "relax";
	err = ask(WIRE_RELAX, m, who, NULL);
	MUST(err || (m->latched && may_ask(m, uid) && (!uid || uid == m->granted)));
	MUST(!err || !m->latched || m->used || (uid && uid != m->granted));
	if (err)
		return;
	m->latched = false;
	lowered++;
}

/* Somebody else has the descriptor, and a session of their own. */
static void pass(struct model *m)
{
	uid_t uid = m->owner == USER ? OTHER_USER : USER;
	int status;
	pid_t pid;

	doing = "pass";
	fflush(stdout);
	pid = fork();
	if (!pid) {
		const struct wire_require want = want_latch();
		uint8_t buf[128];
		int s;

		MUST(!setresuid(uid, uid, uid));
		s = raw_hello();
		raw_send(s, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), &m->fd, 1);
		MUST(take_reply(s, NULL, NULL));
		MUST(is_refusal(raw_want(s, WIRE_RELAX, 0x10000, m->fd, NULL, NULL)));
		MUST(is_refusal(raw_want(s, WIRE_REQUIRE, 0x10000, m->fd, &want, NULL)));
		_exit(0);
	}
	MUST(waitpid(pid, &status, 0) == pid && !status);
}

/* What the kernel lets nobody but root do. */
static void set_options(struct model *m)
{
	const struct xfrm_userpolicy_info allow = { .sel.family = m->family, .dir = XFRM_POLICY_OUT };
	bool v4 = m->family == AF_INET;
	int level = v4 ? IPPROTO_IP : IPPROTO_IPV6, name = v4 ? 17 : 35;	/* XFRM_POLICY */

	doing = "setsockopt";
	become(m->owner);
	MUST(setsockopt(m->fd, level, name, NULL, 0) && errno == EPERM);
	MUST(setsockopt(m->fd, level, name, &allow, sizeof(allow)) && errno == EPERM);
	MUST(setsockopt(m->fd, SOL_SOCKET, SO_MARK, &(int){ 1 }, sizeof(int)) && errno == EPERM);
	MUST(setsockopt(m->fd, IPPROTO_TCP, TCP_REPAIR, &(int){ 1 }, sizeof(int)) && errno == EPERM);
	setsockopt(m->fd, IPPROTO_IPV6, IPV6_ADDRFORM, &(int){ AF_INET }, sizeof(int));
	setsockopt(m->fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0);
	setsockopt(m->fd, IPPROTO_TCP, TCP_ULP, "tls", 3);
	be_root();
}

static void restart(struct model *m)
{
	(void)m;
	if (rnd(&seed) % 20)
		return;
	doing = "restart";
	close_sessions();
	kill_broker();
	MUST(!start_broker());
	open_sessions();
}

/* --- what must be ------------------------------------------------------------------------- */

static void compare_record(const struct model *m)
{
	struct latch_record r;
	uint32_t n;

	record_of(m->cookie, &r, &n);
	MUST(n == m->latched);
	if (!m->latched)
		return;
	MUST(r.id == m->id && r.uid == m->granted && r.owner == m->owner);
	MUST(outcomes_within(&r.set, &m->floor) && outcomes_within(&m->floor, &r.set));
}

/* The kernel alone says what a socket has. What was closed may take a moment to end. */
static void compare_kernel(void)
{
	uint32_t latched = 0, tries = 0;
	struct held h;
	size_t i;

	for (i = 0; i < SOCKETS; i++) {
		if (!sockets[i].latched)
			continue;
		h = kernel_holds(sockets[i].id);
		MUST(h.policies == 2 && h.blocking == 2);
		latched++;
	}
	while (h = kernel_holds(0), h.policies != 2 * latched && tries++ < 500)
		poll(NULL, 0, 10);
	MUST(h.policies == 2 * latched);
}

static void compare_report(struct model *m)
{
	struct ipsecapi_flow *flow;
	struct ipsecapi_report r;
	struct ipsecapi *ctx;

	ctx = open_ctx();
	if (!ipsecapi_flow_open(ctx, m->fd, &flow) && !ipsecapi_report(flow, &r, sizeof(r)))
		MUST(r.latch == (m->latched ? IPSECAPI_LATCH_NEGOTIATING : IPSECAPI_LATCH_OBSERVED));
	ipsecapi_close(ctx);
}

static void compare(struct model *m)
{
	size_t i;

	compare_kernel();
	for (i = 0; i < SOCKETS; i++)
		compare_record(&sockets[i]);
	if (!(rnd(&seed) % 24))
		compare_report(m);
}

static void (*const deeds[])(struct model *m) = {
	make, go, leave, serve, shut, copy, copy, require, require, relax, relax, pass, leave, leave,
	set_options, restart,
};

static void attack(void)
{
	size_t i;

	begun = seed;
	for (i = 0; i < SOCKETS; i++)
		make(&sockets[i]);
	for (step = 0; step < STEPS; step++) {
		struct model *m = &sockets[rnd(&seed) % SOCKETS];

		deeds[rnd(&seed) % COUNT(deeds)](m);
		compare(m);
	}
	print_message("# seed %" PRIu64 ": %u steps, %u granted, %u lowered, %u refused\n", begun, step,
		      granted, lowered, refused);
}

static void t_no_socket_has_less_than_was_granted(void **state)
{
	(void)state;
	open_sessions();
	attack();
	close_sessions();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_no_socket_has_less_than_was_granted),
};

int main(int argc, char **argv)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	return find_broker(argv[0]) ? cmocka_run_group_tests(tests, set_up_latching, tear_down) : 0;
}
