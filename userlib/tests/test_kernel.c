// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The resolver against the kernel itself: random policies are installed in a namespace, the
 * tables are read back the way the scrubber reads them, and what policy_select() predicts is
 * compared with what connect() does. Needs root.
 */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>

#include "../ipsecapid/policy_match.h"
#include "../ipsecapid/routes.h"
#include "../ipsecapid/session.h"
#include "../ipsecapid/verdict.h"
#include "../ipsecapid/xfrm_dump.h"
#include "netns.h"
#include "unit.h"

#define ROUNDS 60
#define POLICIES 12
#define PROBES 40

static struct xfrm_socks xfrm;

/* Send one request of our own and take the kernel's verdict on it. */
static int request(uint16_t type, const void *body, size_t len)
{
	struct {
		struct nlmsghdr nlh;
		uint8_t body[256];
	} msg = { 0 };
	struct {
		struct nlmsghdr nlh;
		struct nlmsgerr err;
		uint8_t more[256];
	} answer;

	memcpy(msg.body, body, len);
	msg.nlh.nlmsg_len = NLMSG_LENGTH(len);
	msg.nlh.nlmsg_type = type;
	msg.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	assert_true(send(xfrm.query, &msg, msg.nlh.nlmsg_len, 0) > 0);
	assert_true(recv(xfrm.query, &answer, sizeof(answer), 0) > 0);
	assert_int_equal(answer.nlh.nlmsg_type, NLMSG_ERROR);
	return answer.err.error;
}

static void random_policy(uint64_t *seed, struct xfrm_userpolicy_info *p)
{
	static const uint8_t lengths[] = { 0, 8, 15, 16, 17, 24, 30, 31, 32 };

	memset(p, 0, sizeof(*p));
	p->sel.family = AF_INET;
	p->sel.saddr.a4 = htonl(0x0a000001);
	p->sel.daddr.a4 = htonl(0x0a000000 + 2 + rnd(seed) % 4);
	p->sel.prefixlen_s = lengths[rnd(seed) % sizeof(lengths)];
	p->sel.prefixlen_d = lengths[rnd(seed) % sizeof(lengths)];
	if (rnd(seed) % 3 == 0) {
		p->sel.proto = rnd(seed) % 4 ? IPPROTO_UDP : IPPROTO_TCP;
		if (rnd(seed) % 2) {
			p->sel.dport = htons(1000 + rnd(seed) % 3);
			p->sel.dport_mask = 0xffff;
		}
	}
	p->priority = rnd(seed) % 4;
	p->dir = XFRM_POLICY_OUT;
	p->action = rnd(seed) % 2 ? XFRM_POLICY_ALLOW : XFRM_POLICY_BLOCK;
	p->lft.soft_byte_limit = p->lft.hard_byte_limit = XFRM_INF;
	p->lft.soft_packet_limit = p->lft.hard_packet_limit = XFRM_INF;
}

static int add_policy(const struct rec_policy *p, const uint32_t *spis, void *arg)
{
	(void)spis;
	return tables_add_policy(arg, p);
}

static int add_sa(const struct rec_sa *sa, const struct sa_key *key, void *arg)
{
	(void)key;
	return tables_add_sa(arg, sa);
}

static void read_tables(struct tables *t)
{
	memset(t, 0, sizeof(*t));
	assert_int_equal(xfrm_dump_sas(&xfrm, add_sa, t), 0);
	assert_int_equal(xfrm_dump_policies(&xfrm, add_policy, t), 0);
	tables_order_policies(t);
	assert_int_equal(xfrm_read_defaults(&xfrm, t->default_block), 0);
	t->read_at = 1;
}

/* What the kernel does to a datagram socket: 0 or -EPERM. */
static int kernel_says(uint32_t daddr, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = daddr,
				  .sin_port = port };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	assert_true(s >= 0);
	err = connect(s, (struct sockaddr *)&to, sizeof(to)) ? -errno : 0;
	close(s);
	return err;
}

static int we_say(const struct tables *t, uint32_t daddr, uint16_t port)
{
	struct packet p = { .family = AF_INET, .protocol = IPPROTO_UDP, .dport = port,
			    .mark_known = true };
	const struct rec_policy *pol;
	uint32_t saddr = htonl(0x0a000001);

	memcpy(p.saddr, &saddr, 4);
	memcpy(p.daddr, &daddr, 4);
	assert_int_equal(policy_select(t, &p, DIR_OUT, &pol), IPSECAPI_REASON_NONE);
	return pol && pol->action == ACTION_BLOCK ? -EPERM : 0;
}

static void flush(void)
{
	const struct xfrm_userpolicy_type none = { 0 };

	/* the body is optional; an empty table is no error for us */
	request(XFRM_MSG_FLUSHPOLICY, &none, 0);
}

static void the_kernel_selects_the_same_policy(void **state)
{
	uint64_t seed = 5;
	int round, i, differ = 0;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		struct tables t;

		for (i = 0; i < POLICIES; i++) {
			struct xfrm_userpolicy_info p;
			int err;

			random_policy(&seed, &p);
			err = request(XFRM_MSG_NEWPOLICY, &p, sizeof(p));
			assert_true(!err || err == -EEXIST);
		}
		read_tables(&t);
		for (i = 0; i < PROBES; i++) {
			uint32_t daddr = htonl(0x0a000000 + 2 + rnd(&seed) % 4);
			uint16_t port = htons(1000 + rnd(&seed) % 3);

			differ += kernel_says(daddr, port) != we_say(&t, daddr, port);
		}
		tables_free(&t);
		flush();
	}
	assert_int_equal(differ, 0);
}

static void the_default_is_read_back(void **state)
{
	struct xfrm_userpolicy_default d = { .in = XFRM_USERPOLICY_BLOCK };
	struct tables t;

	(void)state;
	assert_int_equal(request(XFRM_MSG_SETDEFAULT, &d, sizeof(d)), 0);
	read_tables(&t);
	assert_int_equal(t.default_block[DIR_IN], 1);
	assert_int_equal(t.default_block[DIR_OUT], 0);
	tables_free(&t);
	d.in = XFRM_USERPOLICY_ACCEPT;
	assert_int_equal(request(XFRM_MSG_SETDEFAULT, &d, sizeof(d)), 0);
}

static void a_change_is_announced(void **state)
{
	struct xfrm_userpolicy_info p;
	uint64_t seed = 9;

	(void)state;
	xfrm_drain(&xfrm);
	assert_false(xfrm_drain(&xfrm));
	random_policy(&seed, &p);
	assert_int_equal(request(XFRM_MSG_NEWPOLICY, &p, sizeof(p)), 0);
	assert_true(xfrm_drain(&xfrm));
	flush();
	assert_true(xfrm_drain(&xfrm));
}

static void larval_sas_are_seen_as_such(void **state)
{
	struct xfrm_userspi_info spi = { .min = 0x1000, .max = 0x2000 };
	struct {
		struct nlmsghdr nlh;
		uint8_t more[1024];
	} answer;
	struct {
		struct nlmsghdr nlh;
		struct xfrm_userspi_info spi;
	} msg = { .nlh = { .nlmsg_len = sizeof(msg), .nlmsg_type = XFRM_MSG_ALLOCSPI,
			   .nlmsg_flags = NLM_F_REQUEST } };
	struct tables t;

	(void)state;
	spi.info.family = AF_INET;
	spi.info.id.proto = IPPROTO_ESP;
	spi.info.id.daddr.a4 = htonl(0x0a000001);
	spi.info.saddr.a4 = htonl(0x0a000002);
	msg.spi = spi;
	assert_true(send(xfrm.query, &msg, sizeof(msg), 0) > 0);
	assert_true(recv(xfrm.query, &answer, sizeof(answer), 0) > 0);
	if (answer.nlh.nlmsg_type == NLMSG_ERROR)
		skip();	/* a kernel without ESP allocates none */
	read_tables(&t);
	assert_int_equal(t.n_sas, 1);
	assert_int_equal(t.sas[0].state, SA_ACQUIRING);
	tables_free(&t);
}

static void links_and_routes_are_read(void **state)
{
	struct flow_facts f = { .family = AF_INET, .protocol = IPPROTO_UDP,
				.local = { 10, 0, 0, 1 }, .peer = { 10, 0, 0, 9 },
				.local_port = htons(1), .peer_port = htons(2) };
	struct world w = { 0 };
	const struct link *tun;
	struct links l;

	(void)state;
	assert_int_equal(links_open(&l), 0);
	assert_int_equal(links_read(&l), 0);
	links_show(&l, &w);
	assert_true(w.n_links >= 2);
	tun = world_link(&w, if_nametoindex("tun0"));
	assert_non_null(tun);
	assert_true(tun->up && tun->admin_up && !tun->loopback && !tun->no_policy4);
	assert_string_equal(tun->name, "tun0");
	assert_string_equal(tun->driver, "tun");
	assert_true(world_link(&w, 1)->loopback && world_link(&w, 1)->no_xfrm4);

	routes_flow(&l, &f);
	assert_true(f.route.found && !f.route.local);
	assert_int_equal(f.route.oif, tun->ifindex);
	memcpy(f.peer, f.local, 4);
	routes_flow(&l, &f);
	assert_true(f.route.local);
	f.peer[0] = 11;
	routes_flow(&l, &f);
	assert_false(f.route.found);
	f.peer[0] = 224;
	routes_flow(&l, &f);
	assert_true(f.route.multicast);
	links_close(&l);
}

/* A tunnel's packets go by the route between its ends. */
static void routes_of_tunnels_are_read(void **state)
{
	struct flow_facts f = { .family = AF_INET, .protocol = IPPROTO_UDP,
				.local = { 10, 0, 0, 1 }, .peer = { 10, 0, 0, 9 } };
	struct rec_sa sas[2] = { { .family = AF_INET, .mode = XFRM_MODE_TUNNEL,
				   .offload = OFFLOAD_PACKET, .saddr = { 10, 0, 0, 1 },
				   .daddr = { 127, 0, 0, 5 } },
				 { .family = AF_INET, .mode = XFRM_MODE_TRANSPORT,
				   .offload = OFFLOAD_PACKET } };
	const struct tables t = { .sas = sas, .n_sas = 2 };
	const struct verdict v = { .sa = { 0, 1 }, .n_sas = 2 };
	struct links l;

	(void)state;
	assert_int_equal(links_open(&l), 0);
	routes_flow(&l, &f);
	assert_int_equal(f.route.oif, if_nametoindex("tun0"));
	assert_null(flow_outer(&f, &sas[0]));
	assert_true(routes_outer(&l, &t, &v, &f));
	assert_int_equal(f.n_outer, 1);
	assert_int_equal(flow_outer(&f, &sas[0])->oif, 1);
	assert_false(routes_outer(&l, &t, &v, &f));
	sas[0].daddr[0] = 11;
	assert_true(routes_outer(&l, &t, &v, &f));
	assert_int_equal(flow_outer(&f, &sas[0])->oif, 0);
	routes_flow(&l, &f);	/* what is asked anew is all of it */
	assert_null(flow_outer(&f, &sas[0]));
	links_close(&l);
}

/* What decides about a route besides addresses, and needs no privilege. */
static void the_way_a_socket_sends_is_read(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), tos = 0x48;
	uint32_t out = htonl(if_nametoindex("tun0")), reason;
	struct socket_facts facts;
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	(void)state;
	inet_pton(AF_INET, "10.0.0.9", &to.sin_addr);
	assert_int_equal(connect(s, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(getsockopt(s, SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, &cookie, &len), 0);
	assert_int_equal(socket_inspect(s, cookie, &facts, &reason), 0);
	assert_true(!facts.bound_ifindex && !facts.tos);
	assert_int_equal(setsockopt(s, IPPROTO_IP, IP_UNICAST_IF, &out, sizeof(out)), 0);
	assert_int_equal(setsockopt(s, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)), 0);
	assert_int_equal(socket_inspect(s, cookie, &facts, &reason), 0);
	assert_int_equal(facts.bound_ifindex, if_nametoindex("tun0"));
	assert_int_equal(facts.tos, tos);
	close(s);
}

static void write_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		skip();	/* nothing may be set here */
	assert_int_equal(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

static void switches_are_found_without_an_event(void **state)
{
	static const struct {
		const char *path;
		size_t at;	/* of struct link, or 0 for the host's */
	} set[] = {
		{ "/proc/sys/net/ipv4/conf/tun0/disable_policy", offsetof(struct link, no_policy4) },
		{ "/proc/sys/net/ipv4/conf/tun0/disable_xfrm", offsetof(struct link, no_xfrm4) },
		{ "/proc/sys/net/ipv6/conf/tun0/disable_policy", offsetof(struct link, no_policy6) },
		{ "/proc/sys/net/ipv4/conf/all/disable_policy", 0 },
		{ "/proc/sys/net/ipv4/conf/all/disable_xfrm", 0 },
	};
	struct world w = { 0 };
	struct links l;
	size_t i;

	(void)state;
	assert_int_equal(links_open(&l), 0);
	assert_int_equal(links_read(&l), 0);
	assert_false(links_poll(&l));
	for (i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
		const struct link *tun;

		write_setting(set[i].path, "1");
		assert_false(links_drain(&l));
		assert_true(links_poll(&l));
		links_show(&l, &w);
		tun = world_link(&w, if_nametoindex("tun0"));
		assert_true(set[i].at ? *((const bool *)tun + set[i].at) :
					w.all_no_policy4 || w.all_no_xfrm4);
		assert_string_equal(tun->driver, "tun");	/* what has events is kept */
		write_setting(set[i].path, "0");
		assert_true(links_poll(&l));
		assert_false(links_poll(&l));
	}
	links_close(&l);
}

static unsigned long dropped(void)
{
	unsigned long n, sum = 0;
	char name[64];
	FILE *f = fopen("/proc/net/xfrm_stat", "re");

	assert_non_null(f);
	while (fscanf(f, "%63s %lu", name, &n) == 2)
		if (!strcmp(name, "XfrmInPolBlock") || !strcmp(name, "XfrmInNoPols"))
			sum += n;
	fclose(f);
	return sum;
}

/* Does a datagram to ::1 arrive? -EPERM: it was not even sent. */
static int kernel_delivers(int in, const struct sockaddr_in6 *to)
{
	unsigned long before = dropped();
	struct pollfd pfd = { .fd = in, .events = POLLIN };
	int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;
	char c;

	err = sendto(s, "x", 1, 0, (const struct sockaddr *)to, sizeof(*to)) < 0 ? -errno : 0;
	close(s);
	if (err)
		return err;
	while (poll(&pfd, 1, 10) == 0)
		if (dropped() != before)
			return 0;
	assert_int_equal(recv(in, &c, 1, 0), 1);
	return 1;
}

static int we_say_of_ourselves(uint16_t port)
{
	struct flow_facts f = { .family = AF_INET6, .protocol = IPPROTO_UDP, .local[15] = 1,
				.peer[15] = 1, .local_port = htons(1), .peer_port = port };
	struct world w = { 0 };
	struct tables t;
	struct verdict v;
	struct links l;

	assert_int_equal(links_open(&l), 0);
	assert_int_equal(links_read(&l), 0);
	read_tables(&t);
	links_show(&l, &w);
	w.tables = &t;
	routes_flow(&l, &f);
	verdict_flow(&w, &f, &v);
	links_close(&l);
	tables_free(&t);
	if (v.dir[0].protection == IPSECAPI_PROTECTION_BLOCKED)
		return -EPERM;
	assert_int_equal(v.dir[0].protection, IPSECAPI_PROTECTION_NONE);
	return v.dir[1].protection == IPSECAPI_PROTECTION_NONE;
}

static void block_ipv6(uint8_t dir, bool add)
{
	struct xfrm_userpolicy_info p = { .sel.family = AF_INET6, .dir = dir,
					  .action = XFRM_POLICY_BLOCK };
	struct xfrm_userpolicy_id id = { .sel.family = AF_INET6, .dir = dir };

	p.lft.soft_byte_limit = p.lft.hard_byte_limit = XFRM_INF;
	p.lft.soft_packet_limit = p.lft.hard_packet_limit = XFRM_INF;
	assert_int_equal(add ? request(XFRM_MSG_NEWPOLICY, &p, sizeof(p)) :
			       request(XFRM_MSG_DELPOLICY, &id, sizeof(id)), 0);
}

/* IPv6 does not exempt what a host sends to itself, IPv4 does. */
static void what_we_send_ourselves_is_judged_as_the_kernel_does(void **state)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr.s6_addr[15] = 1 };
	socklen_t len = sizeof(to);
	int in = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), dir;

	(void)state;
	if (in < 0 || bind(in, (struct sockaddr *)&to, sizeof(to)))
		skip();	/* a host without IPv6 */
	assert_int_equal(getsockname(in, (struct sockaddr *)&to, &len), 0);
#define AGREE(wanted) do { \
	assert_int_equal(kernel_delivers(in, &to), wanted); \
	assert_int_equal(we_say_of_ourselves(to.sin6_port), wanted); \
} while (0)
	AGREE(1);
	for (dir = 0; dir < 2; dir++) {
		struct xfrm_userpolicy_default block = { 0 };

		*(dir == DIR_OUT ? &block.out : &block.in) = XFRM_USERPOLICY_BLOCK;
		assert_int_equal(request(XFRM_MSG_SETDEFAULT, &block, sizeof(block)), 0);
		AGREE(dir == DIR_OUT);
		*(dir == DIR_OUT ? &block.out : &block.in) = XFRM_USERPOLICY_ACCEPT;
		assert_int_equal(request(XFRM_MSG_SETDEFAULT, &block, sizeof(block)), 0);
		block_ipv6(dir == DIR_OUT ? XFRM_POLICY_OUT : XFRM_POLICY_IN, true);
		AGREE(dir == DIR_OUT ? -EPERM : 0);
		block_ipv6(dir == DIR_OUT ? XFRM_POLICY_OUT : XFRM_POLICY_IN, false);
	}
	AGREE(1);
	close(in);
}

/* Reading the links may have to wait, so the event itself must be enough. */
static void a_link_is_down_by_its_event(void **state)
{
	struct ifreq ifr = { .ifr_name = "tun0" };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct world w = { 0 };
	const struct link *tun;
	struct links l;

	(void)state;
	assert_int_equal(links_open(&l), 0);
	assert_int_equal(links_read(&l), 0);
	links_show(&l, &w);
	tun = world_link(&w, if_nametoindex("tun0"));
	assert_true(tun->up && !l.fell);
	assert_int_equal(ioctl(s, SIOCGIFFLAGS, &ifr), 0);
	ifr.ifr_flags &= ~IFF_UP;
	assert_int_equal(ioctl(s, SIOCSIFFLAGS, &ifr), 0);
	assert_true(links_drain(&l));
	assert_true(!tun->up && l.fell);
	/* up again only by what is read: the device has lost what it had */
	l.fell = false;
	assert_int_equal(netns_set_flags(s, &ifr), 0);
	assert_true(links_drain(&l));
	assert_true(!tun->up && !l.fell);
	assert_int_equal(links_read(&l), 0);
	links_show(&l, &w);
	tun = world_link(&w, if_nametoindex("tun0"));
	assert_true(tun->up && tun->up_since);
	links_close(&l);
	close(s);
}

static int enter(void **state)
{
	(void)state;
	return netns_enter() < 0 || xfrm_socks_open(&xfrm);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_kernel_selects_the_same_policy),
	cmocka_unit_test(the_default_is_read_back),
	cmocka_unit_test(a_change_is_announced),
	cmocka_unit_test(links_and_routes_are_read),
	cmocka_unit_test(routes_of_tunnels_are_read),
	cmocka_unit_test(the_way_a_socket_sends_is_read),
	cmocka_unit_test(switches_are_found_without_an_event),
	cmocka_unit_test(what_we_send_ourselves_is_judged_as_the_kernel_does),
	cmocka_unit_test(a_link_is_down_by_its_event),
	cmocka_unit_test(larval_sas_are_seen_as_such),
};

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid()) {
		printf("1..0 # SKIP needs root: it makes a network namespace\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, enter, NULL);
}
