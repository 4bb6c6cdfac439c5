// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The scrubber against the kernel itself, in a namespace of its own: what came without an event
 * is found before anything is confirmed. Needs root.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <linux/in.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>

#include "../ipsecapid/channel.h"
#include "../ipsecapid/custody.h"
#include "../ipsecapid/scrubber.h"
#include "netns.h"
#include "unit.h"

static struct meddling {	/* shared with the scrubber */
	int times, err;
	uint32_t policies;
} *meddle;
static int query;

/* Changes the kernel's table by a socket that was opened before the scrubber shut itself in. */
static int add_policy(uint32_t number)
{
	struct {
		struct nlmsghdr nlh;
		struct xfrm_userpolicy_info p;
	} q = { .nlh = { .nlmsg_len = sizeof(q), .nlmsg_type = XFRM_MSG_NEWPOLICY,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK } };
	struct {
		struct nlmsghdr nlh;
		struct nlmsgerr err;
		uint8_t more[512];
	} answer;

	q.p.sel.family = AF_INET;
	q.p.sel.daddr.a4 = htonl(0x0a000000 + number);
	q.p.sel.prefixlen_d = 32;
	q.p.dir = XFRM_POLICY_OUT;
	q.p.lft.soft_byte_limit = q.p.lft.hard_byte_limit = XFRM_INF;
	q.p.lft.soft_packet_limit = q.p.lft.hard_packet_limit = XFRM_INF;
	if (send(query, &q, sizeof(q), 0) < 0 || recv(query, &answer, sizeof(answer), 0) < 0)
		return -errno;
	return answer.err.error;
}

/* No unit: the device's part is tested elsewhere. */
struct units { int none; };

struct units *units_new(uint64_t netns_cookie)
{
	static struct units none;

	(void)netns_cookie;
	return &none;
}

void units_refresh(struct units *u)
{
	(void)u;
}

void units_judge(struct units *u, struct rec_sa *sa, const struct sa_key *key, int ask)
{
	(void)u;
	(void)sa;
	(void)key;
	(void)ask;
}

int units_describe(const struct units *u, unsigned int index, struct rec_unit *rec)
{
	(void)u;
	(void)index;
	(void)rec;
	/* looked at within each dump, so this happens in the middle of one */
	if (meddle->times) {
		meddle->times--;
		meddle->err = add_policy(++meddle->policies);
	}
	return -ENOENT;
}

static int sock = -1;
static pid_t child;
static uint32_t tags;

/* What came up to an answer. */
struct heard {
	uint32_t generation;	/* of the last dump */
	uint32_t begun, dumps, policies, of_socket;
	struct rec_end end;
};

static bool take(struct heard *h, const struct record *r, uint32_t tag)
{
	switch (r->type) {
	case REC_BEGIN:
		h->begun++;
		h->policies = h->of_socket = 0;
		break;
	case REC_POLICY:
		h->policies++;
		h->of_socket += r->body.policy.of_socket;
		break;
	case REC_END:
		h->generation = r->generation;
		h->dumps++;
		break;
	}
	h->end = r->body.end;
	return (r->type == REC_END || r->type == REC_READ_END) && h->end.tag == tag;
}

static void ask(struct heard *h, uint32_t type, bool force)
{
	struct scrub_request req = { .type = type, .tag = ++tags, .force = force,
				     .generation = h->generation };
	static struct record batch[64];
	bool done = false;
	ssize_t n;
	size_t i;

	h->begun = h->dumps = 0;
	assert_int_equal(chan_send(sock, &req, sizeof(req), -1, 0), 0);
	while (!done) {
		n = chan_recv(sock, batch, sizeof(batch), NULL, 0);
		assert_true(n > 0);
		for (i = 0; i < n / sizeof(batch[0]); i++)
			done |= take(h, &batch[i], req.tag);
	}
}

static int socket_policy(int fd, uint8_t action)
{
	struct xfrm_userpolicy_info p = { .sel.family = AF_INET, .dir = XFRM_POLICY_OUT,
					  .action = action };

	p.lft.soft_byte_limit = p.lft.hard_byte_limit = XFRM_INF;
	p.lft.soft_packet_limit = p.lft.hard_packet_limit = XFRM_INF;
	return setsockopt(fd, IPPROTO_IP, IP_XFRM_POLICY, &p, sizeof(p)) ? -errno : 0;
}

static void policies_of_sockets_are_found_without_an_event(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct heard h = { 0 };

	(void)state;
	ask(&h, REQ_SYNC, true);
	assert_int_equal(h.end.status, 0);
	assert_int_equal(h.policies, 0);
	ask(&h, REQ_READ, false);
	assert_true(!h.end.status && !h.dumps && h.end.read_at);

	assert_int_equal(socket_policy(fd, XFRM_POLICY_ALLOW), 0);
	ask(&h, REQ_READ, false);
	assert_int_equal(h.end.status, -EAGAIN);	/* the tables moved: judge again */
	assert_true(h.dumps && h.of_socket == 1);
	ask(&h, REQ_READ, false);
	assert_true(!h.end.status && !h.dumps);

	/* another in its place: the kernel counts as many as before */
	assert_int_equal(socket_policy(fd, XFRM_POLICY_BLOCK), 0);
	ask(&h, REQ_READ, false);
	assert_int_equal(h.end.status, -EAGAIN);
	assert_true(h.dumps && h.of_socket == 1);

	assert_int_equal(close(fd), 0);
	ask(&h, REQ_SYNC, false);
	assert_true(h.dumps && !h.of_socket);
	ask(&h, REQ_SYNC, false);
	assert_true(!h.dumps);
}

static void what_changes_during_a_dump_is_in_it(void **state)
{
	struct heard h = { 0 };

	(void)state;
	meddle->times = 1;
	ask(&h, REQ_SYNC, true);
	assert_int_equal(meddle->err, 0);
	assert_int_equal(h.end.status, 0);
	assert_int_equal(h.policies, 1);
	assert_false(h.end.torn);
	assert_int_equal(h.begun, 1);	/* that of which nothing is true any more does not come */
	/* one that never comes to rest is told as it was last, and read again soon */
	meddle->times = 50;
	ask(&h, REQ_SYNC, true);
	assert_int_equal(h.end.status, 0);
	assert_true(h.policies > 1 && h.end.torn);
	while (h.policies != meddle->policies || meddle->times)
		ask(&h, REQ_SYNC, false);
}

static int enter(void **state)
{
	int sv[2];

	(void)state;
	meddle = mmap(NULL, sizeof(*meddle), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (meddle == MAP_FAILED || netns_enter() < 0)
		return -1;
	query = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	if (query < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv))
		return -1;
	child = fork();
	if (!child) {
		close(sv[0]);
		_exit(scrubber_main(sv[1], 0));
	}
	close(sv[1]);
	sock = sv[0];
	return child < 0;
}

static int leave(void **state)
{
	int status;

	(void)state;
	close(sock);	/* which ends it */
	return waitpid(child, &status, 0) != child || status;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(policies_of_sockets_are_found_without_an_event),
	cmocka_unit_test(what_changes_during_a_dump_is_in_it),
};

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid()) {
		printf("1..0 # SKIP needs root: it makes a network namespace\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, enter, leave);
}
