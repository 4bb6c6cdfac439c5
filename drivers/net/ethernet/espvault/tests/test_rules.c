// SPDX-License-Identifier: GPL-2.0
/* espvault: what the device can express, in user space, against obvious reference versions. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <linux/kernel.h>
#include <cmocka.h>

/* Each file has its own short names for the same things. */
#include "esv_selector.c"
#undef REFUSE
#undef FINE
#include "esv_sa_rules.c"
#undef REFUSE
#undef FINE
#include "esv_policy_rules.c"

static const __u8 key36[36] = { 1, 2, 3 };
static const __u8 token36[36] = ESV_TOKEN_MAGIC;
static const __u8 zero36[36];

static const struct esv_ipsec_limits device = {
	.flags = ESV_IPSEC_PACKET | ESV_IPSEC_TRANSPORT | ESV_IPSEC_TUNNEL | ESV_IPSEC_ESN,
	.algos = 1 << ESV_ALGO_AES_GCM_16_128 | 1 << ESV_ALGO_AES_GCM_16_256,
	.window_min = 32,
	.window_max = 4096,
};

static xfrm_address_t addr4(const char *text)
{
	xfrm_address_t a = { };

	inet_pton(AF_INET, text, &a);
	return a;
}

static xfrm_address_t addr6(const char *text)
{
	xfrm_address_t a = { };

	inet_pton(AF_INET6, text, &a);
	return a;
}

/* An SA that nothing is wrong with. */
static struct esv_sa_attrs good_sa(void)
{
	return (struct esv_sa_attrs){
		.proto = IPPROTO_ESP,
		.spi = htonl(0x1000),
		.mode = XFRM_MODE_TRANSPORT,
		.family = AF_INET,
		.packet = true,
		.aead = "rfc4106(gcm(aes))",
		.geniv = "seqiv",
		.icv_bits = 128,
		.key = key36,
		.key_bits = 288,
		.reqid = 1,
		.window = 32,
		.sel = { .family = AF_INET },
		.lft = { XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 0, 0, 0, 0 },
		.saddr = addr4("192.0.2.1"),
		.daddr = addr4("192.0.2.2"),
	};
}

struct sa_case {
	void (*spoil)(struct esv_sa_attrs *a);
	int err;
	const char *words;
};

#define SPOIL(name, what) static void name(struct esv_sa_attrs *a) { what; }
SPOIL(crypto_mode, a->packet = false)
SPOIL(ah, a->proto = IPPROTO_AH)
SPOIL(no_family, a->family = AF_UNIX)
SPOIL(beet, a->mode = XFRM_MODE_BEET)
SPOIL(low_spi, a->spi = htonl(255))
SPOIL(no_reqid, a->reqid = 0)
SPOIL(no_daddr, a->daddr = addr4("0.0.0.0"))
SPOIL(no_saddr, a->saddr = addr4("0.0.0.0"))
SPOIL(second_algo, a->other_algos = true)
SPOIL(no_aead, a->aead = NULL)
SPOIL(chacha, a->aead = "rfc7539esp(chacha20,poly1305)")
SPOIL(gmac, a->aead = "rfc4543(gcm(aes))")
SPOIL(echainiv, a->geniv = "echainiv")
SPOIL(short_icv, a->icv_bits = 96)
SPOIL(zero_key, a->key = zero36)
SPOIL(empty_key, a->key_bits = 0)
SPOIL(short_token, (a->key = token36, a->key_bits = 160))
SPOIL(key_192, a->key_bits = 224)
SPOIL(encap, a->encap = true)
SPOIL(keepalive, a->keepalive = true)
SPOIL(coaddr, a->coaddr = true)
SPOIL(security, a->security = true)
SPOIL(pcpu, a->pcpu = true)
SPOIL(tfcpad, a->tfcpad = 100)
SPOIL(mark, a->mark_mask = 1)
SPOIL(smark, a->smark_mask = 1)
SPOIL(if_id, a->if_id = 1)
SPOIL(wildrecv, a->flags = XFRM_STATE_WILDRECV)
SPOIL(may_wrap, a->xflags = XFRM_SA_XFLAG_OSEQ_MAY_WRAP)
SPOIL(high_seq, a->seq = 1ull << 32)
SPOIL(no_window, a->window = 0)
SPOIL(big_window, a->window = 4128)
SPOIL(odd_window, a->window = 33)
SPOIL(zero_bytes, a->lft.hard_byte_limit = 0)
SPOIL(zero_packets, a->lft.soft_packet_limit = 0)
SPOIL(soft_bytes, (a->lft.soft_byte_limit = 2, a->lft.hard_byte_limit = 1))
SPOIL(soft_packets, (a->lft.soft_packet_limit = 2, a->lft.hard_packet_limit = 1))
SPOIL(sel_family, a->sel.family = AF_INET6)
SPOIL(cross_family, (a->mode = XFRM_MODE_TUNNEL, a->out = true, a->sel.family = AF_INET6))
SPOIL(sel_user, a->sel.user = 1)
SPOIL(sel_ifindex, a->sel.ifindex = 1)
SPOIL(gre_key, (a->sel.proto = IPPROTO_GRE, a->sel.sport_mask = 0xffff))
SPOIL(esp_ports, (a->sel.proto = IPPROTO_ESP, a->sel.dport_mask = 0xffff))
SPOIL(long_prefix, a->sel.prefixlen_s = 33)

static const struct sa_case sa_cases[] = {
	{ crypto_mode, EINVAL, "only packet" },
	{ ah, EPROTONOSUPPORT, "Only ESP" },
	{ no_family, EAFNOSUPPORT, "IPv4 or IPv6" },
	{ beet, EINVAL, "transport and tunnel" },
	{ low_spi, EINVAL, "SPI" },
	{ no_reqid, EINVAL, "reqid" },
	{ no_daddr, EADDRNOTAVAIL, "destination" },
	{ no_saddr, EADDRNOTAVAIL, "source" },
	{ second_algo, EINVAL, "Separate" },
	{ no_aead, EINVAL, "AES-GCM" },
	{ chacha, EINVAL, "AES-GCM" },
	{ gmac, EINVAL, "AES-GCM" },
	{ echainiv, EINVAL, "seqiv" },
	{ short_icv, EINVAL, "ICV" },
	{ zero_key, EKEYREJECTED, "empty or all zero" },
	{ empty_key, EKEYREJECTED, "empty or all zero" },
	{ short_token, EKEYREJECTED, "36 bytes" },
	{ key_192, EINVAL, "128 or 256" },
	{ encap, EINVAL, "UDP" },
	{ keepalive, EINVAL, "keepalives" },
	{ coaddr, EINVAL, "Care-of" },
	{ security, EINVAL, "security" },
	{ pcpu, EINVAL, "one CPU" },
	{ tfcpad, EINVAL, "TFC" },
	{ mark, EINVAL, "a mark" },
	{ smark, EINVAL, "output mark" },
	{ if_id, EINVAL, "xfrm interface" },
	{ wildrecv, EINVAL, "flag" },
	{ may_wrap, EINVAL, "extra flag" },
	{ high_seq, EINVAL, "ESN" },
	{ no_window, EINVAL, "needs a replay window" },
	{ big_window, EINVAL, "outside" },
	{ odd_window, EINVAL, "multiple" },
	{ zero_bytes, EINVAL, "Byte limit" },
	{ zero_packets, EINVAL, "Packet limit" },
	{ soft_bytes, EINVAL, "Soft byte" },
	{ soft_packets, EINVAL, "Soft packet" },
	{ sel_family, EINVAL, "differ in family" },
	{ cross_family, EINVAL, "IPv6 in an offloaded IPv4" },
	{ sel_user, EINVAL, "user id" },
	{ sel_ifindex, EINVAL, "interface" },
	{ gre_key, EINVAL, "GRE" },
	{ esp_ports, EINVAL, "without ports" },
	{ long_prefix, EINVAL, "longer than" },
};

static void each_refusal_has_its_words(void **state)
{
	struct esv_sa_attrs a = good_sa();
	struct esv_refusal no = esv_sa_refusal(&a, &device);
	size_t i;

	assert_null(no.text);
	for (i = 0; i < ARRAY_SIZE(sa_cases); i++) {
		a = good_sa();
		sa_cases[i].spoil(&a);
		no = esv_sa_refusal(&a, &device);
		if (!no.text || !strstr(no.text, sa_cases[i].words))
			fail_msg("case %zu: '%s' instead of '%s'", i, no.text ?: "none",
				 sa_cases[i].words);
		assert_int_equal(no.err, -sa_cases[i].err);
		assert_int_not_equal(no.err, -EOPNOTSUPP);
	}
}

static void what_the_device_lacks_is_refused(void **state)
{
	struct esv_ipsec_limits lim = device;
	struct esv_sa_attrs a = good_sa();

	lim.flags &= ~ESV_IPSEC_TRANSPORT;
	assert_non_null(strstr(esv_sa_refusal(&a, &lim).text, "transport"));
	lim = device;
	lim.algos = 1 << ESV_ALGO_AES_GCM_16_128;
	assert_non_null(strstr(esv_sa_refusal(&a, &lim).text, "key length"));
	lim = device;
	lim.flags &= ~ESV_IPSEC_ESN;
	a.flags = XFRM_STATE_ESN;
	assert_non_null(strstr(esv_sa_refusal(&a, &lim).text, "extended"));
}

static void an_outbound_sa_needs_no_window(void **state)
{
	struct esv_sa_attrs a = good_sa();
	struct esv_sa_params p;

	a.out = true;
	a.window = 0;
	assert_null(esv_sa_refusal(&a, &device).text);
	a.window = 64;
	esv_sa_params_set(&p, &a);
	assert_int_equal(p.window, 0);
}

static void an_sa_arrives_whole(void **state)
{
	struct esv_sa_attrs a = good_sa();
	struct esv_sa_params p;

	a.key = token36;
	a.mode = XFRM_MODE_TUNNEL;
	a.family = AF_INET6;
	a.saddr = addr6("2001:db8::1");
	a.daddr = addr6("2001:db8::2");
	a.flags = XFRM_STATE_ESN | XFRM_STATE_NOECN;
	a.xflags = XFRM_SA_XFLAG_DONT_ENCAP_DSCP;
	a.seq = 0x123456789ull;
	a.lft.soft_packet_limit = 5;
	a.lft.hard_packet_limit = 7;
	a.sel.prefixlen_d = 24;
	a.sel.daddr = addr4("10.1.2.3");
	assert_null(esv_sa_refusal(&a, &device).text);
	esv_sa_params_set(&p, &a);
	assert_int_equal(p.spi, htonl(0x1000));
	assert_int_equal(p.family, 6);
	assert_int_equal(p.mode, ESV_SA_TUNNEL);
	assert_int_equal(p.dir, ESV_DIR_IN);
	assert_int_equal(p.algo, ESV_ALGO_AES_GCM_16_256);
	assert_int_equal(le32toh(p.flags), ESV_SA_F_ESN | ESV_SA_F_NOECN | ESV_SA_F_TOKEN |
			 ESV_SA_F_SEL | ESV_SA_F_NOENCAP_DSCP);
	assert_int_equal(le32toh(p.window), 32);
	assert_int_equal(le64toh(p.seq), 0x123456789ull);
	assert_int_equal(le64toh(p.soft_packets), 5);
	assert_int_equal(le64toh(p.hard_packets), 7);
	assert_true(le64toh(p.hard_bytes) == ESV_NO_LIMIT);
	assert_memory_equal(p.daddr, &a.daddr, 16);
	assert_int_equal(le16toh(p.key_len), 36);
	assert_memory_equal(p.key, token36, 36);
	assert_memory_equal(p.key + 36, zero36, sizeof(p.key) - 36);
	assert_int_equal(p.sel.family, 4);
	assert_int_equal(p.sel.daddr[3], 0);
}

static void tokens_are_known_by_their_magic(void **state)
{
	__u8 t[36];

	memcpy(t, token36, sizeof(t));
	assert_true(esv_is_token(t, 36));
	assert_true(esv_is_token(t, 8));
	assert_false(esv_is_token(t, 7));
	t[ESV_TOKEN_VERSION_AT]++;
	assert_true(esv_is_token(t, 36));
	t[7] ^= 1;
	assert_false(esv_is_token(t, 36));
	assert_false(esv_is_token(key36, 36));
	assert_true(esv_is_no_key(zero36, 36));
	assert_true(esv_is_no_key(key36, 0));
	assert_false(esv_is_no_key(key36, 36));
}

/* A policy that nothing is wrong with. */
static struct esv_policy_attrs good_policy(void)
{
	return (struct esv_policy_attrs){
		.dir = XFRM_POLICY_OUT,
		.nr_tmpl = 1,
		.priority = 100,
		.sel = { .family = AF_INET },
		.proto = IPPROTO_ESP,
		.mode = XFRM_MODE_TRANSPORT,
		.reqid = 1,
		.family = AF_INET,
	};
}

struct policy_case {
	void (*spoil)(struct esv_policy_attrs *a);
	const char *words;
};

#define SPOILP(name, what) static void name(struct esv_policy_attrs *a) { what; }
SPOILP(p_fwd, a->dir = XFRM_POLICY_FWD)
SPOILP(p_sub, a->type = 1)
SPOILP(p_mark, a->mark_mask = 1)
SPOILP(p_if_id, a->if_id = 1)
SPOILP(p_security, a->security = true)
SPOILP(p_acquire, a->flags = XFRM_POLICY_CPU_ACQUIRE)
SPOILP(p_icmp, a->flags = XFRM_POLICY_ICMP)
SPOILP(p_two, a->nr_tmpl = 2)
SPOILP(p_block_tmpl, a->action = XFRM_POLICY_BLOCK)
SPOILP(p_use, a->optional = true)
SPOILP(p_ah, a->proto = IPPROTO_AH)
SPOILP(p_beet, a->mode = XFRM_MODE_BEET)
SPOILP(p_spi, (a->spi = htonl(0x1000), a->dir = XFRM_POLICY_IN))
SPOILP(p_reqid, a->reqid = 0)
SPOILP(p_noaddr, a->mode = XFRM_MODE_TUNNEL)
SPOILP(p_cross, (a->mode = XFRM_MODE_TUNNEL, a->family = AF_INET6,
		 a->saddr = addr6("2001:db8::1"), a->daddr = addr6("2001:db8::2")))
SPOILP(p_type, (a->sel.proto = IPPROTO_ICMP, a->sel.sport = htons(256),
		a->sel.sport_mask = 0xffff))

static const struct policy_case policy_cases[] = {
	{ p_fwd, "Forward" },
	{ p_sub, "Sub" },
	{ p_mark, "mark" },
	{ p_if_id, "xfrm interface" },
	{ p_security, "security" },
	{ p_acquire, "flag" },
	{ p_icmp, "flag" },
	{ p_two, "more than one" },
	{ p_block_tmpl, "Block" },
	{ p_use, "level use" },
	{ p_ah, "ESP" },
	{ p_beet, "transport or tunnel" },
	{ p_spi, "fixed SPI" },
	{ p_reqid, "reqid" },
	{ p_noaddr, "both addresses" },
	{ p_cross, "IPv4 in an offloaded IPv6" },
	{ p_type, "above 255" },
};

static void each_policy_refusal_has_its_words(void **state)
{
	struct esv_policy_attrs a = good_policy();
	struct esv_refusal no;
	size_t i;

	assert_null(esv_policy_refusal(&a).text);
	for (i = 0; i < ARRAY_SIZE(policy_cases); i++) {
		a = good_policy();
		policy_cases[i].spoil(&a);
		no = esv_policy_refusal(&a);
		if (!no.text || !strstr(no.text, policy_cases[i].words))
			fail_msg("case %zu: '%s' instead of '%s'", i, no.text ?: "none",
				 policy_cases[i].words);
		assert_int_not_equal(no.err, -EOPNOTSUPP);
	}
}

/* IKE daemons write policies like this. The kernel finds the SA, the device checks the reqid. */
static void an_outbound_template_may_name_an_spi(void **state)
{
	struct esv_policy_attrs a = good_policy();
	struct esv_policy_params p;

	a.spi = htonl(0x1000);
	assert_null(esv_policy_refusal(&a).text);
	esv_policy_params_set(&p, &a);
	assert_int_equal(p.action, ESV_ACTION_PROTECT);
	assert_int_equal(le32toh(p.reqid), 1);
}

/* IKE daemons add these to find out whether packet offload works. */
static void allow_and_block_pass(void **state)
{
	struct esv_policy_attrs a = good_policy();
	struct esv_policy_params p;

	a.nr_tmpl = 0;
	a.sel.proto = IPPROTO_UDP;
	a.sel.sport = htons(500);
	a.sel.sport_mask = 0xffff;
	assert_null(esv_policy_refusal(&a).text);
	esv_policy_params_set(&p, &a);
	assert_int_equal(p.action, ESV_ACTION_ALLOW);
	assert_int_equal(p.reqid, 0);
	a.action = XFRM_POLICY_BLOCK;
	assert_null(esv_policy_refusal(&a).text);
	esv_policy_params_set(&p, &a);
	assert_int_equal(p.action, ESV_ACTION_DROP);
}

/* Same numbers in every run: a failure can be repeated. */
static __u64 rng_state = 88172645463325252ull;

static __u32 rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state >> 16;
}

struct flow {
	__u8 proto;
	__u8 src;
	__u8 dst;
	__u8 sport;
	__u8 dport;
};

/* Addresses and ports of a few bits, so that every flow of a small world can be tried. */
static struct esv_selector small_selector(void)
{
	struct esv_selector s = { .family = 4 };

	s.proto = rng() % 2 ? IPPROTO_UDP : rng() % 2 ? IPPROTO_TCP : 0;
	s.plen_s = 30 + rng() % 3;
	s.plen_d = 30 + rng() % 3;
	s.saddr[3] = rng() % 4 & (0xff << (32 - s.plen_s));
	s.daddr[3] = rng() % 4 & (0xff << (32 - s.plen_d));
	s.sport_mask = htons(s.proto ? rng() % 4 : 0);
	s.dport_mask = htons(s.proto ? rng() % 4 : 0);
	s.sport = htons(rng() % 4) & s.sport_mask;
	s.dport = htons(rng() % 4) & s.dport_mask;
	return s;
}

static bool matches(const struct esv_selector *s, const struct flow *f)
{
	__u8 m_s = 0xff << (32 - s->plen_s), m_d = 0xff << (32 - s->plen_d);

	return (!s->proto || s->proto == f->proto) &&
	       !((s->saddr[3] ^ f->src) & m_s) && !((s->daddr[3] ^ f->dst) & m_d) &&
	       !((ntohs(s->sport) ^ f->sport) & ntohs(s->sport_mask)) &&
	       !((ntohs(s->dport) ^ f->dport) & ntohs(s->dport_mask));
}

static bool overlap_slow(const struct esv_selector *a, const struct esv_selector *b)
{
	unsigned int i;

	for (i = 0; i < 512; i++) {
		struct flow f = { i & 256 ? IPPROTO_TCP : IPPROTO_UDP, i & 3, i >> 2 & 3,
				  i >> 4 & 3, i >> 6 & 3 };

		if (matches(a, &f) && matches(b, &f))
			return true;
	}
	return false;
}

static void overlap_agrees_with_trying_every_flow(void **state)
{
	unsigned int i, yes = 0;

	for (i = 0; i < 20000; i++) {
		struct esv_selector a = small_selector(), b = small_selector();
		bool slow = overlap_slow(&a, &b);

		assert_int_equal(esv_selectors_overlap(&a, &b), slow);
		assert_int_equal(esv_selectors_overlap(&b, &a), slow);
		yes += slow;
	}
	assert_in_range(yes, 1000, 19000);
}

static void prefixes_that_end_inside_a_byte_are_cut(void **state)
{
	struct xfrm_selector sel = { .family = AF_INET6, .prefixlen_s = 61, .prefixlen_d = 0 };
	struct esv_selector s;

	sel.saddr = addr6("2001:db8:1:ffff:ffff::1");
	sel.daddr = addr6("2001:db8::1");
	esv_selector_set(&s, &sel, AF_INET6);
	assert_int_equal(s.saddr[6], 0xff);
	assert_int_equal(s.saddr[7], 0xf8);
	assert_memory_equal(s.saddr + 8, zero36, 8);
	assert_memory_equal(s.daddr, zero36, 16);
}

static struct esv_policy_params entry(const char *src, __u8 plen_s, const char *dst, __u8 plen_d,
				      __u32 priority, __u8 action)
{
	struct esv_policy_params p = { .dir = ESV_DIR_OUT, .action = action,
				       .priority = htole32(priority) };

	p.sel.family = 4;
	p.sel.plen_s = plen_s;
	p.sel.plen_d = plen_d;
	inet_pton(AF_INET, src, p.sel.saddr);
	inet_pton(AF_INET, dst, p.sel.daddr);
	if (action == ESV_ACTION_PROTECT) {
		p.mode = ESV_SA_TRANSPORT;
		p.reqid = htole32(1);
	}
	return p;
}

static void order_that_contradicts_priority_is_found(void **state)
{
	struct esv_policy_params net = entry("10.0.0.0", 24, "10.0.1.0", 24, 200,
					     ESV_ACTION_PROTECT);
	struct esv_policy_params host = entry("10.0.0.1", 32, "10.0.1.1", 32, 100,
					      ESV_ACTION_ALLOW);
	struct esv_policy_params half = entry("10.0.0.0", 25, "10.0.1.0", 24, 100,
					      ESV_ACTION_ALLOW);
	struct esv_policy_params far = entry("10.9.0.0", 24, "10.0.1.0", 24, 300,
					     ESV_ACTION_DROP);
	struct esv_policy_params any = entry("0.0.0.0", 0, "0.0.0.0", 0, 300, ESV_ACTION_DROP);

	/* The kernel takes the whole-address one whatever the order, the device by priority. */
	assert_false(esv_policy_order_contradicts(&net, &host));
	assert_false(esv_policy_order_contradicts(&host, &net));
	host.priority = htole32(250);
	assert_true(esv_policy_order_contradicts(&net, &host));
	assert_true(esv_policy_order_contradicts(&host, &net));

	/* In one list the kernel takes the newer one. */
	assert_false(esv_policy_order_contradicts(&net, &half));
	assert_true(esv_policy_order_contradicts(&half, &net));
	half.priority = net.priority;
	assert_true(esv_policy_order_contradicts(&net, &half));

	/* No packet is selected by both, or it fares the same. */
	assert_false(esv_policy_order_contradicts(&net, &far));
	half.action = ESV_ACTION_PROTECT;
	half.mode = net.mode;
	half.reqid = net.reqid;
	assert_false(esv_policy_order_contradicts(&half, &net));

	/* Between lists the kernel goes by priority as well. */
	assert_false(esv_policy_order_contradicts(&net, &any));
	assert_false(esv_policy_order_contradicts(&any, &net));

	/* Equal selectors replace each other; directions don't meet. */
	far = net;
	far.action = ESV_ACTION_DROP;
	assert_false(esv_policy_order_contradicts(&net, &far));
	half.action = ESV_ACTION_ALLOW;
	half.dir = ESV_DIR_IN;
	assert_false(esv_policy_order_contradicts(&half, &net));
}

static void ike_entries_contradict_nothing(void **state)
{
	struct esv_policy_params ike = entry("0.0.0.0", 0, "0.0.0.0", 0, 1, ESV_ACTION_ALLOW);
	struct esv_policy_params host = entry("10.0.0.1", 32, "10.0.1.1", 32, 100,
					      ESV_ACTION_PROTECT);

	assert_true(esv_policy_order_contradicts(&ike, &host));
	ike.sel.proto = IPPROTO_UDP;
	ike.sel.sport = htons(500);
	ike.sel.sport_mask = 0xffff;
	assert_false(esv_policy_order_contradicts(&ike, &host));
	ike.sel.sport = htons(4500);
	assert_false(esv_policy_order_contradicts(&ike, &host));
	ike.sel.sport = htons(53);
	assert_true(esv_policy_order_contradicts(&ike, &host));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_refusal_has_its_words),
		cmocka_unit_test(what_the_device_lacks_is_refused),
		cmocka_unit_test(an_outbound_sa_needs_no_window),
		cmocka_unit_test(an_sa_arrives_whole),
		cmocka_unit_test(tokens_are_known_by_their_magic),
		cmocka_unit_test(each_policy_refusal_has_its_words),
		cmocka_unit_test(an_outbound_template_may_name_an_spi),
		cmocka_unit_test(allow_and_block_pass),
		cmocka_unit_test(overlap_agrees_with_trying_every_flow),
		cmocka_unit_test(prefixes_that_end_inside_a_byte_are_cut),
		cmocka_unit_test(order_that_contradicts_priority_is_found),
		cmocka_unit_test(ike_entries_contradict_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
