// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ICMP in clear that would make the path to a latched peer smaller than the floor: api-rules 16.
 * It arrives by an interface of its own, from a router that no policy is about. What ends
 * connections needs connections, and ESP: tests/forged-test.
 */
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#include "dropped.h"
#include "latching.h"

#define LATCHED	"10.0.0.7"	/* as want_latch() has it */
#define OTHER	"10.0.0.8"
#define DEVICE_MTU 1500

static int wire;

static uint16_t checksum(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < n; i += 2)
		sum += p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static void fill_ip(struct iphdr *ip, uint16_t length, uint8_t protocol, const char *from,
		    const char *to)
{
	*ip = (struct iphdr){ .version = 4, .ihl = 5, .tot_len = htons(length), .ttl = 64,
			      .protocol = protocol };
	CHECK(inet_pton(AF_INET, from, &ip->saddr) == 1 && inet_pton(AF_INET, to, &ip->daddr) == 1);
	ip->check = checksum(ip, sizeof(*ip));
}

/* A router says this of a packet to @peer. */
static void say(uint8_t code, uint16_t mtu, const char *peer, uint8_t protocol,
		const uint16_t payload[4])
{
	struct {
		struct iphdr ip;
		struct icmphdr icmp;
		struct iphdr quoted;
		uint16_t payload[4];
	} m;

	memset(&m, 0, sizeof(m));
	fill_ip(&m.ip, sizeof(m), IPPROTO_ICMP, "192.0.2.1", "10.0.0.1");
	fill_ip(&m.quoted, 1500, protocol, "10.0.0.1", peer);
	memcpy(m.payload, payload, sizeof(m.payload));
	m.icmp.type = ICMP_DEST_UNREACH;
	m.icmp.code = code;
	m.icmp.un.frag.mtu = htons(mtu);
	m.icmp.checksum = checksum(&m.icmp, sizeof(m) - sizeof(m.ip));
	/* it is taken in before this returns */
	CHECK(write(wire, &m, sizeof(m)) == sizeof(m));
}

/* A packet with the answer to a ping was too big. It takes no secret. */
static void say_too_big(const char *peer, uint16_t mtu)
{
	static const uint16_t pong[4] = { ICMP_ECHOREPLY };

	say(ICMP_FRAG_NEEDED, mtu, peer, IPPROTO_ICMP, pong);
}

/* What goes there in clear, from no latched socket. */
static int other_to(const char *peer)
{
	const struct xfrm_userpolicy_info clear = {
		.sel.family = AF_INET, .dir = XFRM_POLICY_OUT, .action = XFRM_POLICY_ALLOW,
		.lft = { XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 0, 0, 0, 0 },
	};
	const struct sockaddr_in to = place(peer, 9);
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(!setsockopt(s, IPPROTO_IP, IP_XFRM_POLICY, &clear, sizeof(clear)));
	CHECK(!connect(s, (const struct sockaddr *)&to, sizeof(to)));
	return s;
}

static int path_to(const char *peer)
{
	int s = other_to(peer), mtu = 0;
	socklen_t len = sizeof(mtu);

	CHECK(!getsockopt(s, IPPROTO_IP, IP_MTU, &mtu, &len));
	close(s);
	return mtu;
}

/* Learnt paths are forgotten with the addresses' routes. */
static void forget_paths(void)
{
	CHECK(write_text("/proc/sys/net/ipv4/route/flush", "1"));
}

static int latched(void)
{
	const struct wire_require want = want_latch();
	int fd = tcp_socket(AF_INET);

	CHECK(latch_once(fd, &want) == -EINPROGRESS);
	return fd;
}

static void wait_unlatched(void)
{
	int tries;

	for (tries = 0; tries < 500 && records(); tries++)
		poll(NULL, 0, 10);
	CHECK(!records());
}

static void expect(const char *peer, uint16_t said, int mtu)
{
	say_too_big(peer, said);
	assert_int_equal(path_to(peer), mtu);
}

static void t_not_below_the_floor(void **state)
{
	int fd = latched();

	(void)state;
	expect(LATCHED, 0, DEVICE_MTU);
	expect(LATCHED, 600, DEVICE_MTU);
	expect(LATCHED, 1279, DEVICE_MTU);
	expect(LATCHED, 1400, 1400);
	expect(LATCHED, 1280, 1280);
	expect(LATCHED, 1279, 1280);
	expect(OTHER, 600, 600);	/* whom nobody has latched */
	forget_paths();
	close(fd);
}

static void t_as_long_as_anybody_has_it(void **state)
{
	int one = latched(), two = latched();

	(void)state;
	close(one);
	for (int tries = 0; tries < 500 && records() > 1; tries++)
		poll(NULL, 0, 10);
	expect(LATCHED, 600, DEVICE_MTU);
	close(two);
	wait_unlatched();
	expect(LATCHED, 600, 600);
	forget_paths();
}

static void t_with_and_without_a_broker(void **state)
{
	int fd = latched();

	(void)state;
	kill_broker();
	expect(LATCHED, 600, DEVICE_MTU);
	assert_int_equal(start_broker(), 0);
	expect(LATCHED, 600, DEVICE_MTU);
	kill_broker();
	close(fd);
	assert_int_equal(start_broker(), 0);
	wait_unlatched();
	expect(LATCHED, 600, 600);
	forget_paths();
}

/* A latch is of one port of the peer: who sends to others hears of errors. */
static void t_others_are_told(void **state)
{
	int fd = latched(), other = other_to(LATCHED), err = 0;
	const uint16_t udp[4] = { htons(port_of(other, getsockname)), htons(9), htons(20) };
	socklen_t len = sizeof(err);

	(void)state;
	say(ICMP_PORT_UNREACH, 0, LATCHED, IPPROTO_UDP, udp);
	CHECK(!getsockopt(other, SOL_SOCKET, SO_ERROR, &err, &len));
	assert_int_equal(err, ECONNREFUSED);
	close(other);
	close(fd);
	wait_unlatched();
}

/* --- whose packets nobody may quote --------------------------------------------------------- */

static bool set_has(const char *set, const char *element)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	char command[64];
	bool found;

	snprintf(command, sizeof(command), "list set inet ipsecapi %s", set);
	CHECK(!nft_ctx_buffer_output(nft) && !nft_run_cmd_from_buffer(nft, command));
	found = strstr(nft_ctx_get_output_buffer(nft), element);
	nft_ctx_free(nft);
	return found;
}

static void wait_set(const char *set, const char *element, bool there)
{
	int tries;

	for (tries = 0; tries < 500 && set_has(set, element) != there; tries++)
		poll(NULL, 0, 10);
	assert_int_equal(set_has(set, element), there);
}

/* As it is latched, whether it is connected or only says where to; not when it is neither. */
static void t_it_follows_the_socket(void **state)
{
	const struct wire_require here = { .class = "strong",
					   .disposition = IPSECAPI_DISPOSITION_WAIT };
	int other, fd = connection(&other), apart = latched();
	char element[64];

	(void)state;
	assert_true(set_has("quoted_to4", "0xa000007 . 0x50 . 0x6"));
	snprintf(element, sizeof(element), "0xa000001 . 0x%x . 0x6", port_of(fd, getpeername));
	assert_false(set_has("quoted_to4", element));
	assert_int_equal(latch_once(fd, &here), -EINPROGRESS);
	assert_true(set_has("quoted_to4", element));
	assert_true(set_has("quoted_peers4", "0xa000001"));
	disconnect(fd);
	report_on(fd);
	wait_set("quoted_to4", element, false);
	assert_true(set_has("quoted_to4", "0xa000007 . 0x50 . 0x6"));
	close(fd);
	close(other);
	close(apart);
	wait_set("quoted_to4", "elements", false);
	wait_set("quoted_peers4", "elements", false);
}

static int listener_at(const char *addr, uint16_t *port)
{
	struct sockaddr_in at = place(addr, 0);
	int fd = tcp_socket(AF_INET);

	CHECK(!bind(fd, (struct sockaddr *)&at, sizeof(at)) && !listen(fd, 1));
	*port = port_of(fd, getsockname);
	return fd;
}

/* At one address, and at any; after a restart, too. */
static void t_listeners(void **state)
{
	static const char *const at[] = { "10.0.0.1", "0.0.0.0" };
	static const char *const sets[] = { "quoted_from4", "quoted_from_any4" };
	const struct wire_require will = { .class = "strong", .flags = WANT_LISTEN };
	char element[32];
	uint16_t port;
	int fd, i;

	(void)state;
	for (i = 0; i < 2; i++) {
		fd = listener_at(at[i], &port);
		assert_int_equal(latch_once(fd, &will), 0);
		snprintf(element, sizeof(element), "0x%x", port);
		assert_true(set_has(sets[i], element));
		assert_false(set_has(sets[!i], "elements"));
		kill_broker();
		assert_int_equal(start_broker(), 0);
		assert_true(set_has(sets[i], element));
		close(fd);
		wait_set(sets[i], "elements", false);
	}
}

/* --- the floor that the administrator says ------------------------------------------------- */

static int run_broker(const char *floor)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		execl(broker, broker, "--check", "--defaults", defaults, "--pmtu-floor", floor, NULL);
		_exit(127);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void t_what_is_no_floor(void **state)
{
	static const char *const bad[] = { "", "x", "-1", "1280x", "65536", "99999999999999999999" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(run_broker(bad[i]), 2);
	assert_int_equal(run_broker("0"), 0);
	assert_int_equal(run_broker("65535"), 0);
}

static int add_wire(void)
{
	struct ifreq ifr = { .ifr_name = "wire", .ifr_flags = IFF_TUN | IFF_NO_PI };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	wire = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (s < 0 || wire < 0 || ioctl(wire, TUNSETIFF, &ifr))
		return -1;
	err = netns_set_flags(s, &ifr);
	close(s);
	return err ? -1 : 0;
}

static int set_up_wire(void **state)
{
	return set_up_latching(state) || add_wire() ? -1 : 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_not_below_the_floor),
	cmocka_unit_test(t_as_long_as_anybody_has_it),
	cmocka_unit_test(t_with_and_without_a_broker),
	cmocka_unit_test(t_others_are_told),
	cmocka_unit_test(t_it_follows_the_socket),
	cmocka_unit_test(t_listeners),
	cmocka_unit_test(t_what_is_no_floor),
};

RUN_AFTER(set_up_wire, tests)
