// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A socket policy is of one family, and a socket of IPv6 may speak both: api-rules 32 (the floor)
 * and "dual-stack sockets fail open". What is latched must not come to speak IPv4.
 */
#include <netinet/tcp.h>

#include "dropped.h"
#include "latching.h"

static struct sockaddr_in6 place6(const char *addr, uint16_t port)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	CHECK(inet_pton(AF_INET6, addr, &to.sin6_addr) == 1);
	return to;
}

static void speak_both(int fd, int on)
{
	CHECK(!setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ !on }, sizeof(int)));
}

static int listener(struct sockaddr_in *at)
{
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*at);

	*at = place("127.0.0.1", 0);
	CHECK(!bind(l, (struct sockaddr *)at, len) && !listen(l, 1));
	CHECK(!getsockname(l, (struct sockaddr *)at, &len));
	return l;
}

static const struct wire_require far6 = { .class = "strong", .family = AF_INET6,
					  .port = 0x5000, .address = { [15] = 1 },
					  .disposition = IPSECAPI_DISPOSITION_WAIT };

static void wait_latch(int fd, uint32_t latch, uint32_t reason)
{
	struct ipsecapi_report r = { 0 };
	int tries;

	for (tries = 0; tries < 500 && r.latch != latch; tries++) {
		r = report_on(fd);
		poll(NULL, 0, 10);
	}
	assert_int_equal(r.latch, latch);
	assert_int_equal(r.latch_reason, reason);
}

/* A latched socket of IPv6 comes to be connected over IPv4, where nothing asks for protection. */
static int go_astray(const struct wire_require *want, const struct sockaddr_in *at)
{
	struct sockaddr_in6 to = place6("::ffff:127.0.0.1", ntohs(at->sin_port));
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	speak_both(fd, 0);
	assert_int_equal(latch_once(fd, want), -EINPROGRESS);
	speak_both(fd, 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* The drop is of what goes over the wire: IPv4. */
static void t_what_speaks_ipv4_is_dropped(void **state)
{
	struct sockaddr_in at;
	int l = listener(&at), fd = go_astray(&far6, &at), peer = accept(l, NULL, NULL);
	struct tcp_info info;
	socklen_t len = sizeof(info);

	(void)state;
	wait_latch(fd, IPSECAPI_LATCH_BROKEN, IPSECAPI_REASON_DUAL_STACK);
	wait_dropped("drop4", "127.0.0.1", fd);
	CHECK(send(fd, "x", 1, MSG_NOSIGNAL) == 1);
	do {	/* until the kernel has tried again */
		poll(NULL, 0, 10);
		assert_false(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	} while (!info.tcpi_total_retrans && !info.tcpi_probes && !info.tcpi_backoff);
	assert_int_equal(recv(peer, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	disconnect(fd);
	wait_latch(fd, IPSECAPI_LATCH_NEGOTIATING, IPSECAPI_REASON_NO_SA);
	close(fd);
	close(peer);
	close(l);
}

static void t_what_speaks_ipv4_is_reset(void **state)
{
	struct wire_require want = far6;
	struct sockaddr_in at;
	int l = listener(&at), fd, peer;
	struct pollfd pfd = { .events = POLLIN };
	(void)state;

	want.disposition = IPSECAPI_DISPOSITION_RESET;
	pfd.fd = fd = go_astray(&want, &at);
	peer = accept(l, NULL, NULL);
	assert_int_equal(poll(&pfd, 1, 5000), 1);
	assert_int_equal(recv(fd, &(char){ 0 }, 1, 0), -1);
	assert_int_equal(errno, ECONNABORTED);
	close(fd);
	close(peer);
	close(l);
}

/* One step more: it is turned into a socket of IPv4, which no policy of IPv6 asks about. */
static void t_a_socket_turned_into_ipv4(void **state)
{
	struct sockaddr_in at;
	int l = listener(&at), fd = go_astray(&far6, &at), peer = accept(l, NULL, NULL);

	(void)state;
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_ADDRFORM, &(int){ AF_INET }, sizeof(int)), 0);
	wait_latch(fd, IPSECAPI_LATCH_BROKEN, IPSECAPI_REASON_DUAL_STACK);
	wait_dropped("drop4", "127.0.0.1", fd);
	close(fd);
	close(peer);
	close(l);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_what_speaks_ipv4_is_dropped),
	cmocka_unit_test(t_what_speaks_ipv4_is_reset),
	cmocka_unit_test(t_a_socket_turned_into_ipv4),
};

RUN_WITH_LATCHES(tests)
