// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs a program to ask how its socket is protected (P9), on this machine itself.
 *
 * One TCP connection over loopback in a namespace of its own, with a broker there. Each round
 * measures both sides of a pair, one right after the other:
 *
 * P9a: ipsecapi_status(), from the shared page / getsockopt(TCP_INFO)
 * P9b: ipsecapi_flow_open() and ipsecapi_report() / RTM_GETLINK of one interface, on a socket
 *      that is open already
 * P9-open: ipsecapi_flow_open() alone / the same
 *
 * ask-bench [ROUNDS]	as an unprivileged user. Prints a JSON object: an array of pairs
 *			[numerator, denominator] for each, in nanoseconds per call.
 *
 * A status counts only if it is one: known, fresh, and of the right connection. Needs root.
 */
#include <time.h>
#include <netinet/tcp.h>
#include <linux/rtnetlink.h>

#include "broker.h"

#define ROUNDS_MAX	1000
#define STATUS_CALLS	20000
#define FIRST_CALLS	20

struct pair {
	double numerator, denominator;
};

static struct pair status_pairs[ROUNDS_MAX], first_pairs[ROUNDS_MAX], open_pairs[ROUNDS_MAX];
static unsigned int rounds = 101;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* Both ends; the connection that is asked about, and its accepted end, which stays open. */
static int connection(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(at);

	CHECK(!bind(l, (struct sockaddr *)&at, sizeof(at)) && !listen(l, 1));
	CHECK(!getsockname(l, (struct sockaddr *)&at, &len));
	CHECK(!connect(s, (struct sockaddr *)&at, sizeof(at)));
	CHECK(accept(l, NULL, NULL) >= 0);
	return s;
}

static double status_side(struct ipsecapi_flow *flow)
{
	struct ipsecapi_status st;
	double start = now();
	int i;

	for (i = 0; i < STATUS_CALLS; i++) {
		CHECK(!ipsecapi_status(flow, &st, sizeof(st)));
		CHECK(st.dir[IPSECAPI_OUT].protection != IPSECAPI_PROTECTION_UNKNOWN && st.lease);
	}
	return (now() - start) / STATUS_CALLS;
}

static double tcp_info_side(int s)
{
	struct tcp_info info;
	double start = now();
	int i;

	for (i = 0; i < STATUS_CALLS; i++) {
		socklen_t len = sizeof(info);

		CHECK(!getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &len));
	}
	return (now() - start) / STATUS_CALLS;
}

/* @open: receives the part of flow_open(). Closing is not in it. */
static double first_side(struct ipsecapi *ctx, int s, double *open)
{
	struct ipsecapi_report rep;
	struct ipsecapi_flow *flow;
	double start, opened, all = 0;
	int i;

	*open = 0;
	for (i = 0; i < FIRST_CALLS; i++) {
		start = now();
		CHECK(!ipsecapi_flow_open(ctx, s, &flow));
		opened = now();
		CHECK(!ipsecapi_report(flow, &rep, sizeof(rep)));
		all += now() - start;
		*open += opened - start;
		CHECK(rep.dir[IPSECAPI_OUT].protection != IPSECAPI_PROTECTION_UNKNOWN);
		ipsecapi_flow_close(flow);
	}
	*open /= FIRST_CALLS;
	return all / FIRST_CALLS;
}

static double getlink_side(int nl, uint32_t ifindex)
{
	struct {
		struct nlmsghdr nlh;
		struct ifinfomsg ifm;
	} ask = {
		.nlh = { .nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST },
		.ifm = { .ifi_index = ifindex },
	};
	char buf[16384];
	struct nlmsghdr *nlh = (void *)buf;
	double start = now();
	int i;

	for (i = 0; i < FIRST_CALLS; i++) {
		CHECK(send(nl, &ask, sizeof(ask), 0) == sizeof(ask));
		CHECK(recv(nl, buf, sizeof(buf), 0) > 0 && nlh->nlmsg_type == RTM_NEWLINK);
	}
	return (now() - start) / FIRST_CALLS;
}

/* The first round warms both sides up, and the second takes its place. */
static void measure(struct ipsecapi *ctx, int s)
{
	int nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct ipsecapi_flow *flow;
	unsigned int i;

	CHECK(nl >= 0 && !ipsecapi_flow_open(ctx, s, &flow));
	for (i = 0; i <= rounds; i++) {
		const unsigned int at = i ? i - 1 : 0;

		status_pairs[at].numerator = status_side(flow);
		status_pairs[at].denominator = tcp_info_side(s);
		first_pairs[at].numerator = first_side(ctx, s, &open_pairs[at].numerator);
		first_pairs[at].denominator = getlink_side(nl, if_nametoindex("tun0"));
		open_pairs[at].denominator = first_pairs[at].denominator;
	}
	ipsecapi_flow_close(flow);
	close(nl);
}

static void print_pairs(const char *name, const struct pair *p, const char *after)
{
	unsigned int i;

	printf(" \"%s\": [", name);
	for (i = 0; i < rounds; i++)
		printf("%s[%.1f, %.1f]", i ? ", " : "", p[i].numerator, p[i].denominator);
	printf("]%s\n", after);
}

static void ask(void)
{
	struct ipsecapi *ctx = open_ctx();
	int s = connection();

	measure(ctx, s);
	printf("{\n");
	print_pairs("P9a", status_pairs, ",");
	print_pairs("P9b", first_pairs, ",");
	print_pairs("P9-open", open_pairs, "");
	printf("}\n");
	ipsecapi_close(ctx);
	close(s);
}

int main(int argc, char **argv)
{
	int status = 1;
	pid_t pid;

	rounds = argc > 1 ? (unsigned int)atoi(argv[1]) : rounds;
	if (rounds < 3 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "ask-bench: ROUNDS is 3 to %u\n", ROUNDS_MAX);
		return 2;
	}
	if (geteuid() || !may_become(USER)) {
		fprintf(stderr, "ask-bench: it needs root, for a network namespace and to become a user\n");
		return 2;
	}
	find_broker(argv[0]);
	if (!set_up(NULL)) {
		pid = fork();
		if (!pid) {
			CHECK(!setgroups(0, NULL) && !setresgid(USER, USER, USER) && !setresuid(USER, USER, USER));
			ask();
			return 0;
		}
		waitpid(pid, &status, 0);
	} else {
		fprintf(stderr, "ask-bench: the broker does not start\n");
	}
	tear_down(NULL);
	return status ? 1 : 0;
}
