// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: seeds DIRECTORY
 *
 * Writes seeds for the fuzz targets to DIRECTORY/{wire,worker,xfrm}: the messages of the protocol
 * as the library makes them, and messages about SAs and policies both as a program sends them to
 * the kernel and, in a namespace of their own, as the kernel gives them back.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libmnl/libmnl.h>
#include <linux/xfrm.h>

#include "../libipsecapi/wire/tlv.h"

#define SA_DIR		33	/* XFRMA_SA_DIR, newer than the oldest headers */
#define GOOD		0x18	/* of fuzz_worker.c: header and version made right */
#define ONE_TCP		0x05	/* and one socket of TCP comes along */

static const char *directory;
static unsigned int count;

static void save(const char *target, const void *data, size_t len)
{
	char name[512];
	FILE *f;

	snprintf(name, sizeof(name), "%s/%s/seed-%u", directory, target, count++);
	f = fopen(name, "wb");
	if (!f || fwrite(data, 1, len, f) != len || fclose(f)) {
		perror(name);
		exit(1);
	}
}

/* --- the protocol ------------------------------------------------------------------------- */

struct conversation {
	uint8_t buf[2048];
	size_t len;
};

static void say(struct conversation *c, uint8_t flags, const uint8_t *message, size_t len)
{
	c->buf[c->len++] = flags;
	c->buf[c->len++] = len;
	c->buf[c->len++] = len >> 8;
	memcpy(c->buf + c->len, message, len);
	c->len += len;
}

static bool takes_socket(uint16_t type)
{
	return type == WIRE_FLOW_OPEN || type == WIRE_REQUIRE || type == WIRE_RELAX;
}

static void put_want(struct tlv_writer *w)
{
	const struct wire_require want = {
		.class = "strong", .protection = 3, .hardware = 1, .disposition = 2, .custody = 1,
		.flags = 3, .family = AF_INET, .port = htons(80), .address = { 10, 0, 0, 2 },
	};

	tlv_put(w, WIRE_ATTR_STRUCT, &want, sizeof(want));
}

static size_t request(uint8_t *buf, size_t cap, uint16_t type)
{
	const struct wire_header hdr = { .type = type, .version = type != WIRE_HELLO, .tag = type };
	struct tlv_writer w;

	tlv_begin(&w, buf, cap, &hdr);
	if (type == WIRE_HELLO) {
		tlv_put_u32(&w, WIRE_ATTR_MIN_VERSION, WIRE_VERSION_MIN);
		tlv_put_u32(&w, WIRE_ATTR_MAX_VERSION, WIRE_VERSION_MAX);
	}
	if (type == WIRE_FLOW_CLOSE || type == WIRE_REPORT || type == WIRE_WHY ||
	    type == WIRE_REQUIRE || type == WIRE_RELAX)
		tlv_put_u32(&w, WIRE_ATTR_FLOW, 0x10000);
	if (type == WIRE_REQUIRE)
		put_want(&w);
	if (type == WIRE_WHY || type == WIRE_CLASS || type == WIRE_INTERFACE || type == WIRE_RULE ||
	    type == WIRE_POLICY)
		tlv_put_u32(&w, WIRE_ATTR_INDEX, 1);
	return tlv_finish(&w);
}

static void reply_seed(void)
{
	const struct wire_header hdr = { .type = WIRE_REPORT | WIRE_REPLY, .version = 1, .tag = 7 };
	static const uint8_t body[160] = { 1 };
	struct tlv_writer w;
	uint8_t buf[512];

	tlv_begin(&w, buf, sizeof(buf), &hdr);
	tlv_put_u32(&w, WIRE_ATTR_FLOW, 0x10000);
	tlv_put(&w, WIRE_ATTR_STRUCT, body, sizeof(body));
	tlv_put_u32(&w, 77 | WIRE_ATTR_OPTIONAL, 1);
	save("wire", buf, tlv_finish(&w));
}

static void protocol_seeds(void)
{
	struct conversation c = { .len = 0 };
	uint8_t buf[256];
	uint16_t type;
	size_t n;

	for (type = WIRE_HELLO; type <= WIRE_REQUEST_MAX; type++) {
		n = request(buf, sizeof(buf), type);
		save("wire", buf, n);
		say(&c, GOOD | (takes_socket(type) ? ONE_TCP : 0), buf, n);
	}
	save("worker", c.buf, c.len);
	reply_seed();
}

/* --- SAs and policies --------------------------------------------------------------------- */

struct nl {
	int sock;	/* -1: no namespace to use */
	uint32_t seq;
	uint8_t buf[32768] __attribute__((aligned(8)));
};

/* Keep a copy of each message that the kernel answers. */
static void keep_answers(struct nl *nl)
{
	const struct nlmsghdr *nlh;
	ssize_t n;
	int left;

	for (;;) {
		n = recv(nl->sock, nl->buf, sizeof(nl->buf), 0);
		if (n <= 0)
			return;
		nlh = (void *)nl->buf;
		for (left = n; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
				return;
			save("xfrm", nlh, nlh->nlmsg_len);
		}
	}
}

static void exchange(struct nl *nl, struct nlmsghdr *nlh, uint16_t flags)
{
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++nl->seq;
	if (nl->sock >= 0 && send(nl->sock, nlh, nlh->nlmsg_len, 0) > 0)
		keep_answers(nl);
}

static struct nlmsghdr *begin(uint8_t *buf, uint16_t type, size_t body, void **extra)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	*extra = mnl_nlmsg_put_extra_header(nlh, body);
	return nlh;
}

static void forever(struct xfrm_lifetime_cfg *l)
{
	l->soft_byte_limit = l->hard_byte_limit = XFRM_INF;
	l->soft_packet_limit = l->hard_packet_limit = XFRM_INF;
}

static void put_aead(struct nlmsghdr *nlh)
{
	struct {
		struct xfrm_algo_aead a;
		uint8_t key[36];
	} v = { .a = { .alg_name = "rfc4106(gcm(aes))", .alg_key_len = 288, .alg_icv_len = 128 } };

	mnl_attr_put(nlh, XFRMA_ALG_AEAD, sizeof(v.a) + sizeof(v.key), &v);
}

static void put_cbc(struct nlmsghdr *nlh)
{
	struct {
		struct xfrm_algo a;
		uint8_t key[32];
	} c = { .a = { .alg_name = "cbc(aes)", .alg_key_len = 256 } };
	struct {
		struct xfrm_algo_auth a;
		uint8_t key[32];
	} h = { .a = { .alg_name = "hmac(sha256)", .alg_key_len = 256, .alg_trunc_len = 128 } };

	mnl_attr_put(nlh, XFRMA_ALG_CRYPT, sizeof(c.a) + sizeof(c.key), &c);
	mnl_attr_put(nlh, XFRMA_ALG_AUTH_TRUNC, sizeof(h.a) + sizeof(h.key), &h);
}

static void put_replay(struct nlmsghdr *nlh)
{
	struct {
		struct xfrm_replay_state_esn e;
		uint32_t bits[4];
	} v = { .e = { .bmp_len = 4, .replay_window = 128 } };

	mnl_attr_put(nlh, XFRMA_REPLAY_ESN_VAL, sizeof(v.e) + sizeof(v.bits), &v);
}

/* @offloaded: as it looks behind a device, which this machine need not have. */
static void sa_seed(struct nl *nl, uint32_t spi, bool aead, bool offloaded)
{
	const struct xfrm_user_offload off = { .ifindex = 2, .flags = 4 };
	const struct xfrm_mark mark = { .v = 1, .m = 0xff };
	struct xfrm_usersa_info *i;
	uint8_t buf[2048] = { 0 };
	struct nlmsghdr *nlh = begin(buf, XFRM_MSG_NEWSA, sizeof(*i), (void **)&i);

	i->family = i->sel.family = AF_INET;
	i->id.proto = IPPROTO_ESP;
	i->id.spi = htonl(spi);
	i->saddr.a4 = htonl(0x0a000001);
	i->id.daddr.a4 = htonl(0x0a000002);
	i->reqid = 5;
	i->mode = aead ? XFRM_MODE_TRANSPORT : XFRM_MODE_TUNNEL;
	forever(&i->lft);
	if (aead)
		put_aead(nlh);
	else
		put_cbc(nlh);
	mnl_attr_put(nlh, XFRMA_MARK, sizeof(mark), &mark);
	if (offloaded) {
		i->flags = XFRM_STATE_ESN;
		put_replay(nlh);
		mnl_attr_put(nlh, XFRMA_OFFLOAD_DEV, sizeof(off), &off);
		mnl_attr_put_u8(nlh, SA_DIR, 2);
	}
	save("xfrm", nlh, nlh->nlmsg_len);
	if (!offloaded)
		exchange(nl, nlh, NLM_F_ACK);
}

static void policy_seed(struct nl *nl, uint8_t dir, unsigned int templates)
{
	struct xfrm_user_tmpl t[6] = { 0 };
	struct xfrm_userpolicy_info *p;
	uint8_t buf[2048] = { 0 };
	struct nlmsghdr *nlh = begin(buf, XFRM_MSG_NEWPOLICY, sizeof(*p), (void **)&p);
	unsigned int i;

	p->sel.family = AF_INET6;
	p->sel.prefixlen_d = 64;
	p->sel.daddr.in6.s6_addr[0] = 0xfd;
	p->sel.proto = IPPROTO_UDP;
	p->sel.dport = htons(7);
	p->sel.dport_mask = 0xffff;
	p->dir = dir;
	p->action = templates ? XFRM_POLICY_ALLOW : XFRM_POLICY_BLOCK;
	p->priority = 9;
	forever(&p->lft);
	for (i = 0; i < templates; i++) {
		t[i].family = AF_INET6;
		t[i].id.proto = IPPROTO_ESP;
		t[i].id.spi = i ? 0 : htonl(0x1000);
		t[i].mode = XFRM_MODE_TRANSPORT;
		t[i].reqid = 5 + i;
		t[i].aalgos = t[i].ealgos = t[i].calgos = ~0u;
	}
	if (templates)
		mnl_attr_put(nlh, XFRMA_TMPL, templates * sizeof(t[0]), t);
	save("xfrm", nlh, nlh->nlmsg_len);
	exchange(nl, nlh, NLM_F_ACK);
}

static void dump(struct nl *nl, uint16_t type)
{
	uint8_t buf[256] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	exchange(nl, nlh, NLM_F_DUMP);
}

static void xfrm_seeds(void)
{
	static struct nl nl = { .sock = -1 };

	/* without privilege there are the messages that a program sends, and that is all */
	if (!unshare(CLONE_NEWNET))
		nl.sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	sa_seed(&nl, 0x1000, true, false);
	sa_seed(&nl, 0x1001, false, false);
	sa_seed(&nl, 0x1002, true, true);
	policy_seed(&nl, XFRM_POLICY_OUT, 1);
	policy_seed(&nl, XFRM_POLICY_IN, 2);
	policy_seed(&nl, XFRM_POLICY_FWD, 0);
	dump(&nl, XFRM_MSG_GETSA);
	dump(&nl, XFRM_MSG_GETPOLICY);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: seeds DIRECTORY\n");
		return 2;
	}
	directory = argv[1];
	protocol_seeds();
	xfrm_seeds();
	printf("%u seeds\n", count);
	return 0;
}
