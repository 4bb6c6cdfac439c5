// SPDX-License-Identifier: GPL-2.0-or-later
/* Outbound verdicts: each way in which tag, SA and entry can disagree has its counter (SPD-10 to SPD-19). */
#include "ipsec_rig.h"

static struct pkt pkt;

static enum esv_counter transmit(struct irig *r, uint32_t handle)
{
	return irig_send(r, pkt.b, pkt.len, handle);
}

static enum esv_counter send_tagged(struct irig *r, uint32_t handle)
{
	irig_load(r, pkt.b, pkt.len);
	esvc_ipsec_classify(r->dev.ipsec, r->buf.data, pkt.len, pkt.len, true, handle, &r->verdict);
	return r->verdict.counter;
}

static void build(uint8_t family, uint8_t proto, uint16_t sport, uint16_t dport)
{
	struct pkt_spec s = irig_spec(family, proto, 40);

	s.sport = sport;
	s.dport = dport;
	pkt_build(&pkt, &s);
}

/* SPD-10: no entry matches, in either mode. SPD-16: the tag of an SA that is gone. */
static void test_no_entry(void **state)
{
	for (int strict = 0; strict < 2; strict++) {
		struct irig *r = irig_new(strict);
		struct esv_sa_params sa = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x100);
		uint32_t h = irig_add_sa(r, &sa);

		build(4, 17, 1, 2);
		assert_int_equal(transmit(r, 0), strict ? ESV_C_TX_DROP_NOMATCH : ESV_C_TX_OPEN);
		assert_counter(transmit(r, h), TX_DROP_TAG_NOMATCH);
		assert_counter(send_tagged(r, h + (1u << 24)), TX_DROP_TAG_STALE);
		assert_counter(send_tagged(r, 0), TX_DROP_TAG_STALE);
		assert_counter(send_tagged(r, 0xffffff), TX_DROP_TAG_STALE);
		irig_free(r);
	}
}

/* SPD-10: each action with and without a tag. SPD-8: a frozen entry drops. SPD-52: what it counted. */
static void test_actions(void **state)
{
	for (int strict = 0; strict < 2; strict++) {
		struct irig *r = irig_new(strict);
		struct esv_sa_params sa = irig_sa(ESV_DIR_OUT, 6, ESV_SA_TRANSPORT, 0x100);
		struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 6, ESV_ACTION_ALLOW, 0);
		uint32_t h = irig_add_sa(r, &sa), pol = irig_add_policy(r, &p);
		struct esv_policy_info info;

		build(6, 17, 1, 2);
		assert_counter(transmit(r, 0), TX_ALLOW);
		assert_int_equal(r->verdict.policy, pol);
		assert_counter(transmit(r, h), TX_DROP_TAG_ALLOW);
		ok(irig_cmd(r, ESV_OP_POLICY_QUERY, pol, 0, NULL, 0));
		memcpy(&info, r->out, sizeof(info));
		assert_int_equal(le64toh(info.packets), 1);
		assert_int_equal(le64toh(info.bytes), pkt.len);
		assert_int_equal(le64toh(info.drops), 1);
		ok(irig_cmd(r, ESV_OP_POLICY_DELETE, pol, 0, NULL, 0));
		p = irig_policy(ESV_DIR_OUT, 6, ESV_ACTION_DROP, 0);
		pol = irig_add_policy(r, &p);
		assert_counter(transmit(r, 0), TX_DROP_POLICY);
		assert_counter(transmit(r, h), TX_DROP_POLICY);
		ok(irig_cmd(r, ESV_OP_POLICY_DELETE, pol, 0, NULL, 0));
		p = irig_policy(ESV_DIR_OUT, 6, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
		pol = irig_add_policy(r, &p);
		assert_counter(transmit(r, 0), TX_DROP_NOTAG);
		assert_counter(transmit(r, h), TX_ESP);
		ok(irig_cmd(r, ESV_OP_POLICY_FREEZE, pol, 0, NULL, 0));
		assert_counter(transmit(r, h), TX_DROP_POLICY);
		assert_counter(transmit(r, 0), TX_DROP_POLICY);
		irig_free(r);
	}
}

/* SPD-8: an allow entry can't be frozen, and allows on; one that drops already can. */
static void test_freeze(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_ALLOW, 0);
	uint32_t pol = irig_add_policy(r, &p);

	build(4, 17, 1, 2);
	assert_int_equal(irig_cmd(r, ESV_OP_POLICY_FREEZE, pol, 0, NULL, 0), ESV_S_BAD_STATE);
	assert_int_equal(r->cmd.err_off, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, object));
	assert_counter(transmit(r, 0), TX_ALLOW);
	ok(irig_cmd(r, ESV_OP_POLICY_DELETE, pol, 0, NULL, 0));
	assert_int_equal(irig_cmd(r, ESV_OP_POLICY_FREEZE, pol, 0, NULL, 0), ESV_S_BAD_HANDLE);
	p = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_DROP, 0);
	pol = irig_add_policy(r, &p);
	ok(irig_cmd(r, ESV_OP_POLICY_FREEZE, pol, 0, NULL, 0));
	assert_counter(transmit(r, 0), TX_DROP_POLICY);
	irig_free(r);
}

/* SPD-11, SPD-12: every property of an SA that an entry names must fit. */
static void test_fit(void **state)
{
	enum { REQID, MODE, SADDR, DADDR, DIR, SEL, NONE };

	for (int tunnel = 0; tunnel < 2; tunnel++) {
		uint8_t mode = tunnel ? ESV_SA_TUNNEL : ESV_SA_TRANSPORT;

		for (int what = REQID; what <= NONE; what++) {
			struct irig *r = irig_new(true);
			struct esv_sa_params sa = irig_sa(what == DIR ? ESV_DIR_IN : ESV_DIR_OUT, 4,
							  what == MODE ? (uint8_t)(3 - mode) : mode, 0x100);
			struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, mode);
			uint32_t h;

			sa.reqid = htole32(what == REQID ? 8 : 7);
			if (what == SADDR)
				sa.saddr[3] = 99;
			if (what == DADDR)
				sa.daddr[3] = 99;
			if (what == SEL) {
				sa.flags |= htole32(ESV_SA_F_SEL);
				sa.sel = (struct esv_selector){ .family = 4, .proto = 6 };
			}
			h = irig_add_sa(r, &sa);
			irig_add_policy(r, &p);
			build(4, 17, 1, 2);
			assert_int_equal(transmit(r, h), what == NONE ? ESV_C_TX_ESP : ESV_C_TX_DROP_TAG_FIT);
			irig_free(r);
		}
	}
}

/* The packet's family is not the tunnel's: can't be sent (SPD-13). */
static void test_cross_family(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params sa = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TUNNEL, 0x100);
	struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 6, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
	uint32_t h = irig_add_sa(r, &sa);

	irig_add_policy(r, &p);
	build(6, 17, 1, 2);
	assert_counter(transmit(r, h), TX_DROP_TAG_FIT);
	irig_free(r);
}

/* SPD-5: the lowest priority decides. SPD-7: when it is deleted, the next one in order does. */
static void test_priority(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_ALLOW, 0);
	uint32_t low, high;

	build(4, 17, 1, 2);
	p.priority = htole32(50);
	low = irig_add_policy(r, &p);
	p = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
	p.sel.plen_s = 24;
	p.priority = htole32(60);
	high = irig_add_policy(r, &p);
	assert_counter(transmit(r, 0), TX_ALLOW);
	ok(irig_cmd(r, ESV_OP_POLICY_DELETE, low, 0, NULL, 0));
	assert_counter(transmit(r, 0), TX_DROP_NOTAG);
	ok(irig_cmd(r, ESV_OP_POLICY_DELETE, high, 0, NULL, 0));
	assert_counter(transmit(r, 0), TX_DROP_NOMATCH);
	irig_free(r);
}

/* ---- ESP that the host made ---- */

static void build_esp(uint32_t spi)
{
	build(4, 17, (uint16_t)(spi >> 16), (uint16_t)spi);
	pkt.b[23] = 50;
	pkt16(pkt.b + 24, 0);
	pkt16(pkt.b + 24, (uint16_t)~slow_sum(0, pkt.b + 14, 20));
}

static void build_natt(uint32_t spi)
{
	build(4, 17, 4500, 4500);
	pkt16(pkt.b + 42, spi >> 16);
	pkt16(pkt.b + 44, spi & 0xffff);
}

/* SPD-14, SPD-15: ESP, AH and ESP in UDP of the host's: in strict mode, by an entry, by an SPI of ours. */
static void test_host_esp(void **state)
{
	struct irig *strict = irig_new(true), *open = irig_new(false);
	struct esv_sa_params sa = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x4001);
	struct esv_policy_params allow = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_ALLOW, 0);
	struct esv_policy_params drop = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_DROP, 0);
	uint32_t pol;

	irig_add_sa(open, &sa);
	irig_add_policy(strict, &allow);
	build_esp(0x4002);
	assert_counter(transmit(strict, 0), TX_DROP_HOST_ESP);	/* whatever an entry says */
	assert_counter(transmit(open, 0), TX_OPEN);			/* software ESP of the host */
	build_natt(0x4002);
	assert_counter(transmit(strict, 0), TX_DROP_NATT);
	assert_counter(transmit(open, 0), TX_OPEN);
	build_esp(0x4001);
	assert_counter(transmit(open, 0), TX_DROP_HOST_ESP);	/* forges one of ours */
	build_natt(0x4001);
	assert_counter(transmit(open, 0), TX_DROP_NATT);
	pol = irig_add_policy(open, &drop);
	build_esp(0x4002);
	assert_counter(transmit(open, 0), TX_DROP_HOST_ESP);
	allow.priority = htole32(1);
	allow.sel.plen_s = 24;
	irig_add_policy(open, &allow);
	assert_counter(transmit(open, 0), TX_ALLOW);
	ok(irig_cmd(open, ESV_OP_POLICY_DELETE, pol, 0, NULL, 0));
	pkt.b[23] = 51;
	assert_counter(transmit(strict, 0), TX_DROP_HOST_ESP);	/* AH */
	irig_free(strict);
	irig_free(open);
}

/* SPD-15, BYP-7: what can't be seen of a datagram to port 4500 might be ESP, and behind a marker anything. */
static void test_natt_out_of_sight(void **state)
{
	struct irig *r = irig_new(true);
	struct esvc_tx_verdict v;

	build(4, 17, 4500, 4500);
	pkt_ike(&pkt, 0x20, 34, 0);
	for (size_t shown = 42; shown <= 74; shown++) {
		esvc_ipsec_classify(r->dev.ipsec, pkt.b, shown, pkt.len, false, 0, &v);
		assert_int_equal(v.counter, shown < 46 ? ESV_C_TX_DROP_NATT :
				 shown < 74 ? ESV_C_TX_DROP_NOMATCH : ESV_C_TX_BYPASS);
	}
	irig_free(r);
}

/* SPD-14, SPD-10: ESP and AH that are forwarded into a tunnel are payload like any other, with its tag only. */
static void test_esp_in_tunnel(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TUNNEL, 0x4100);
	struct esv_sa_params other = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TUNNEL, 0x4101);
	uint32_t h;

	other.reqid = htole32(8);
	h = irig_add_sa(r, &other);
	for (int i = 0; i < 3; i++) {
		if (i == 2)
			build_natt(0x9999);
		else
			build_esp(0x9999);
		pkt.b[23] = i == 1 ? 51 : pkt.b[23];
		assert_counter(send_tagged(r, p.out), TX_ESP);
		assert_counter(send_tagged(r, h), TX_DROP_TAG_FIT);
		assert_int_equal(transmit(r, 0), i == 2 ? ESV_C_TX_DROP_NATT : ESV_C_TX_DROP_HOST_ESP);
	}
	irig_free(r);
}

/* ---- fragments ---- */

static void make_fragment(uint16_t field)
{
	pkt16(pkt.b + 20, field);
	pkt16(pkt.b + 24, 0);
	pkt16(pkt.b + 24, (uint16_t)~slow_sum(0, pkt.b + 14, 20));
}

/* SPD-17: an untagged later fragment is dropped where a protect entry could match but for its ports. */
static void test_fragments(void **state)
{
	for (int strict = 0; strict < 2; strict++) {
		struct irig *r = irig_new(strict);
		struct esv_policy_params ports = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
		struct esv_policy_params allow = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_ALLOW, 0);
		uint32_t protect, h;
		struct esv_sa_params sa = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x4200);

		build(4, 17, 5000, 6000);
		make_fragment(0x0010);
		assert_int_equal(transmit(r, 0), strict ? ESV_C_TX_DROP_NOMATCH : ESV_C_TX_OPEN);
		h = irig_add_sa(r, &sa);
		ports.sel.proto = 17;
		ports.sel.dport = htobe16(53);
		ports.sel.dport_mask = 0xffff;
		protect = irig_add_policy(r, &ports);
		allow.priority = 0;
		irig_add_policy(r, &allow);
		/* The allow entry is better, but this might be a piece of what is protected. */
		assert_counter(transmit(r, 0), TX_DROP_FRAGMENT);
		ok(irig_cmd(r, ESV_OP_POLICY_DELETE, protect, 0, NULL, 0));
		assert_counter(transmit(r, 0), TX_ALLOW);
		assert_counter(transmit(r, h), TX_DROP_TAG_ALLOW);
		irig_free(r);
	}
}

/* SPD-17, SPD-18: fragments go through tunnels if their entry does not look at ports, never through transport mode. */
static void test_tagged_fragments(void **state)
{
	for (int tunnel = 0; tunnel < 2; tunnel++) {
		struct irig *r = irig_new(true);
		uint8_t mode = tunnel ? ESV_SA_TUNNEL : ESV_SA_TRANSPORT;
		struct pair p = irig_pair(r, 4, mode, 0x4300);
		struct esv_policy_params ports = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, mode);

		build(4, 17, 5000, 6000);
		make_fragment(0x2000);
		assert_int_equal(transmit(r, p.out), tunnel ? ESV_C_TX_ESP : ESV_C_TX_DROP_FRAGMENT);
		make_fragment(0x0010);
		assert_int_equal(transmit(r, p.out), tunnel ? ESV_C_TX_ESP : ESV_C_TX_DROP_FRAGMENT);
		ports.sel.proto = 17;
		ports.sel.dport_mask = 0xffff;
		ports.priority = 0;
		irig_add_policy(r, &ports);
		assert_counter(transmit(r, p.out), TX_DROP_FRAGMENT);
		irig_free(r);
	}
}

/* ---- ethertypes, unparsable frames ---- */

/* SPD-21: another ethertype and an 802.3 length pass in open mode and are dropped in strict mode. */
static void test_ethertypes(void **state)
{
	static const uint16_t types[] = { 0x88cc, 0x8847, 0x8864, 0x0040, 0x888e, 0x9100 };
	struct irig *strict = irig_new(true), *open = irig_new(false);
	struct esv_sa_params sa = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x4400);
	uint32_t h = irig_add_sa(strict, &sa);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		build(4, 17, 1, 2);
		pkt16(pkt.b + 12, types[i]);
		assert_counter(transmit(strict, 0), TX_DROP_ETHERTYPE);
		assert_counter(transmit(strict, h), TX_DROP_TAG_NOMATCH);
		assert_counter(transmit(open, 0), TX_OPEN);
	}
	irig_free(strict);
	irig_free(open);
}

/* SPD-22: dropped in strict mode, and in open mode while an entry of the direction protects. */
static void test_unparsable(void **state)
{
	struct irig *strict = irig_new(true), *open = irig_new(false);
	struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 6, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
	uint32_t pol;

	build(4, 17, 1, 2);
	pkt.b[14] = 0x44;
	assert_counter(transmit(strict, 0), TX_DROP_PARSE);
	assert_counter(transmit(open, 0), TX_OPEN);
	pol = irig_add_policy(open, &p);
	assert_counter(transmit(open, 0), TX_DROP_PARSE);
	ok(irig_cmd(open, ESV_OP_POLICY_DELETE, pol, 0, NULL, 0));
	assert_counter(transmit(open, 0), TX_OPEN);
	irig_free(strict);
	irig_free(open);
}

/* ---- static bypass ---- */

static void build_icmp6(uint8_t type, uint8_t hop_limit)
{
	build(6, 17, 0, 0);
	pkt.b[20] = 58;
	pkt.b[21] = hop_limit;
	pkt.b[54] = type;
	pkt.b[55] = 0;
}

static void build_arp(void)
{
	memset(pkt.b, 0, 60);
	pkt.len = 60;
	pkt16(pkt.b + 12, 0x0806);
}

static void build_igmp(uint8_t ttl)
{
	build(4, 17, 0x1600, 0);
	pkt.b[22] = ttl;
	pkt.b[23] = 2;
}

struct bypass_case {
	const char *name;
	uint32_t class;		/* 0: none */
	void (*make)(void);
};

static void c_arp(void) { build_arp(); }
static void c_ns(void) { build_icmp6(135, 255); }
static void c_na(void) { build_icmp6(136, 255); }
static void c_rs(void) { build_icmp6(133, 255); }
static void c_ns_far(void) { build_icmp6(135, 254); }
static void c_redirect(void) { build_icmp6(137, 255); }
static void c_echo6(void) { build_icmp6(128, 255); }
static void c_mld2(void) { build_icmp6(143, 1); }
static void c_mld_far(void) { build_icmp6(143, 64); }
static void c_igmp(void) { build_igmp(1); }
static void c_igmp_far(void) { build_igmp(64); }
static void c_dhcp4(void) { build(4, 17, 68, 67); }
static void c_dhcp4_server(void) { build(4, 17, 67, 68); }
static void c_dhcp6(void) { build(6, 17, 546, 547); }
static void c_dhcp6_on_4(void) { build(4, 17, 546, 547); }
static void c_ike(void) { build(4, 17, 500, 500); }
static void c_ike_odd_peer(void) { build(6, 17, 500, 61234); }
static void c_to_ike(void) { build(4, 17, 61234, 500); }
static void c_tcp_500(void) { build(4, 6, 500, 500); }
static void ike_on(uint16_t sport, uint16_t dport, uint8_t version, uint8_t exchange, int extra)
{
	build(4, 17, sport, dport);
	pkt_ike(&pkt, version, exchange, extra);
}

static void c_natt_ike(void) { ike_on(4500, 4500, 0x20, 34, 0); }
static void c_natt_later_minor(void) { ike_on(4500, 4500, 0x21, 43, 0); }
static void c_natt_to_500(void) { ike_on(4500, 500, 0x20, 35, 0); }
static void c_natt_odd_peer(void) { ike_on(4500, 53, 0x20, 34, 0); }
static void c_natt_from_odd(void) { ike_on(61234, 4500, 0x20, 34, 0); }
static void c_natt_marker_only(void) { build_natt(0); }
static void c_natt_v1(void) { ike_on(4500, 4500, 0x10, 34, 0); }
static void c_natt_exchange(void) { ike_on(4500, 4500, 0x20, 33, 0); }
static void c_natt_long(void) { ike_on(4500, 4500, 0x20, 34, -1); }
static void c_natt_cut(void) { ike_on(4500, 4500, 0x20, 34, 1); }
static void c_natt_no_spi(void)
{
	c_natt_ike();
	memset(pkt.b + pkt.data + 4, 0, 8);
}
static void c_natt_tiny(void)
{
	struct pkt_spec s = irig_spec(4, 17, 31);

	s.sport = s.dport = 4500;
	pkt_build(&pkt, &s);
	memset(pkt.b + pkt.data, 0, 4);
}
static void c_keepalive_odd_peer(void)
{
	struct pkt_spec s = irig_spec(4, 17, 1);

	s.sport = 4500;
	s.dport = 53;
	s.fill = 0xff;
	pkt_build(&pkt, &s);
}
static void c_keepalive(void)
{
	struct pkt_spec s = irig_spec(4, 17, 1);

	s.sport = s.dport = 4500;
	s.fill = 0xff;
	pkt_build(&pkt, &s);
}
static void c_natt_short(void)
{
	struct pkt_spec s = irig_spec(4, 17, 3);

	s.sport = s.dport = 4500;
	pkt_build(&pkt, &s);
}

#define CLASS(n) ESV_BYPASS_##n
static const struct bypass_case cases[] = {
	{ "ARP", CLASS(ARP), c_arp },
	{ "neighbour solicitation", CLASS(ND), c_ns },
	{ "neighbour advertisement", CLASS(ND), c_na },
	{ "router solicitation", CLASS(ND), c_rs },
	{ "neighbour solicitation from afar", 0, c_ns_far },
	{ "redirect", 0, c_redirect },
	{ "echo request", 0, c_echo6 },
	{ "MLDv2 report", CLASS(MCAST), c_mld2 },
	{ "MLD with hop limit 64", 0, c_mld_far },
	{ "IGMP", CLASS(MCAST), c_igmp },
	{ "IGMP with TTL 64", 0, c_igmp_far },
	{ "DHCPv4 client", CLASS(DHCP), c_dhcp4 },
	{ "DHCPv4 server", 0, c_dhcp4_server },
	{ "DHCPv6 client", CLASS(DHCP), c_dhcp6 },
	{ "DHCPv6 ports on IPv4", 0, c_dhcp6_on_4 },
	{ "IKE", CLASS(IKE), c_ike },
	{ "IKE to a translated peer", CLASS(IKE), c_ike_odd_peer },
	{ "anybody to port 500", 0, c_to_ike },
	{ "TCP 500", 0, c_tcp_500 },
	{ "IKE on 4500", CLASS(NATT), c_natt_ike },
	{ "IKE 2.1, INTERMEDIATE on 4500", CLASS(NATT), c_natt_later_minor },
	{ "IKE from 4500 to 500", CLASS(NATT), c_natt_to_500 },
	{ "IKE from 4500 to anybody", 0, c_natt_odd_peer },
	{ "IKE of anybody to 4500", 0, c_natt_from_odd },
	{ "the marker alone", 0, c_natt_marker_only },
	{ "IKEv1 on 4500", 0, c_natt_v1 },
	{ "no exchange of IKEv2", 0, c_natt_exchange },
	{ "bytes behind IKE", 0, c_natt_long },
	{ "IKE that is cut off", 0, c_natt_cut },
	{ "IKE without SPI", 0, c_natt_no_spi },
	{ "less than IKE's header", 0, c_natt_tiny },
	{ "keepalive to anybody", 0, c_keepalive_odd_peer },
	{ "NAT keepalive", CLASS(NATT), c_keepalive },
	{ "three bytes on 4500", 0, c_natt_short },
};

/* BYP-1 to BYP-5, BYP-7 to BYP-9, SPD-19: each class, and what is nearly of it. SPD-30: off stays off until power on. */
static void test_bypass(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct irig *r = irig_new(true);
		struct esv_sa_params sa = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x4500);
		struct esv_policy_params p;
		uint32_t h = irig_add_sa(r, &sa);
		enum esv_counter none;

		for (int six = 0; six < 2; six++) {
			p = irig_policy(ESV_DIR_OUT, six ? 6 : 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
			p.sel.plen_s = p.sel.plen_d = 0;
			irig_add_policy(r, &p);
		}
		cases[i].make();
		none = cases[i].class == ESV_BYPASS_ARP ? ESV_C_TX_DROP_ETHERTYPE : ESV_C_TX_DROP_NOTAG;
		if (transmit(r, 0) != (cases[i].class ? ESV_C_TX_BYPASS : none))
			fail_msg("%s: %s", cases[i].name, irig_counter_name(r->verdict.counter));
		/* A frame that names an SA is never let past it. */
		assert_int_not_equal(transmit(r, h), ESV_C_TX_BYPASS);
		/* Each class can be switched off, for good. */
		ok(irig_cmd(r, ESV_OP_BYPASS_SET, 0, ESV_BYPASS_ALL & ~cases[i].class, NULL, 0));
		assert_int_equal(transmit(r, 0), none);
		ok(irig_cmd(r, ESV_OP_BYPASS_SET, 0, ESV_BYPASS_ALL, NULL, 0));
		assert_int_equal(transmit(r, 0), none);
		esvc_ipsec_reset(r->dev.ipsec, ESV_RESET_DRIVER_LOAD);
		esvc_ipsec_start(r->dev.ipsec);
		if (!cases[i].class) {
			irig_free(r);
			continue;
		}
		assert_int_not_equal(transmit(r, 0), ESV_C_TX_BYPASS);
		esvc_ipsec_reset(r->dev.ipsec, ESV_RESET_POWER_ON);
		assert_int_equal(transmit(r, 0), ESV_C_TX_BYPASS);
		irig_free(r);
	}
}

/* SPD-40: Linux may tag neighbour discovery that an allow entry lets through; nothing else profits. */
static void test_tagged_neighbour_discovery(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params sa = irig_sa(ESV_DIR_OUT, 6, ESV_SA_TRANSPORT, 0x100);
	struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 6, ESV_ACTION_ALLOW, 0);
	uint32_t h = irig_add_sa(r, &sa);

	memset(p.sel.saddr, 0, sizeof(p.sel.saddr));
	memset(p.sel.daddr, 0, sizeof(p.sel.daddr));
	p.sel.plen_s = p.sel.plen_d = 0;
	irig_add_policy(r, &p);
	c_na();
	assert_counter(send_tagged(r, h), TX_BYPASS);
	c_ns_far();
	assert_counter(send_tagged(r, h), TX_DROP_TAG_ALLOW);
	c_echo6();
	assert_counter(send_tagged(r, h), TX_DROP_TAG_ALLOW);
	ok(irig_cmd(r, ESV_OP_BYPASS_SET, 0, ESV_BYPASS_ALL & ~ESV_BYPASS_ND, NULL, 0));
	c_na();
	assert_counter(send_tagged(r, h), TX_DROP_TAG_ALLOW);
	irig_free(r);
}

/* BYP-1: no class lets a fragment pass. SPD-30, BYP-50: there is no eighth class, and nothing is switched with it. */
static void test_bypass_never_fragments(void **state)
{
	struct irig *r = irig_new(true);

	build(4, 17, 500, 500);
	make_fragment(0x2000);
	assert_counter(transmit(r, 0), TX_DROP_NOMATCH);
	make_fragment(0x2010);
	assert_counter(transmit(r, 0), TX_DROP_NOMATCH);
	assert_int_equal(irig_cmd(r, ESV_OP_BYPASS_SET, 0, 0x80, NULL, 0), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(r->cmd.err_off, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, inl));
	assert_int_equal(esvc_ipsec_bypass(r->dev.ipsec), ESV_BYPASS_ALL);
	irig_free(r);
}

/* ---- modes ---- */

/* SPD-31: strict mode that was locked outlasts every reset but power on. */
static void test_lock(void **state)
{
	struct irig *r = irig_new(false);

	build(4, 17, 1, 2);
	assert_counter(transmit(r, 0), TX_OPEN);
	ok(irig_cmd(r, ESV_OP_SPD_LOCK, 0, 0, NULL, 0));
	assert_true(esvc_ipsec_strict(r->dev.ipsec));
	assert_counter(transmit(r, 0), TX_DROP_NOMATCH);
	for (unsigned int reason = ESV_RESET_DRIVER_LOAD; reason <= ESV_RESET_BUS; reason++) {
		esvc_ipsec_reset(r->dev.ipsec, reason);
		assert_true(esvc_ipsec_strict(r->dev.ipsec));
		esvc_ipsec_start(r->dev.ipsec);
		assert_counter(transmit(r, 0), TX_DROP_NOMATCH);
	}
	esvc_ipsec_reset(r->dev.ipsec, ESV_RESET_POWER_ON);
	assert_false(esvc_ipsec_strict(r->dev.ipsec));
	irig_free(r);
}

/* What an entry protected stays in after any reset, until the driver says that it is back (SPD-32). */
static void test_reset_closes(void **state)
{
	for (unsigned int reason = ESV_RESET_DRIVER_LOAD; reason <= ESV_RESET_BUS; reason++) {
		struct irig *r = irig_new(false);
		struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x4600);

		build(4, 17, 1, 2);
		assert_counter(transmit(r, 0), TX_DROP_NOTAG);
		assert_counter(transmit(r, p.out), TX_ESP);
		esvc_ipsec_reset(r->dev.ipsec, reason);
		assert_int_equal(r->nr_events, 0);
		assert_counter(transmit(r, 0), TX_DROP_DOWN);
		assert_counter(transmit(r, p.out), TX_DROP_DOWN);
		assert_counter(irig_recv(r, pkt.b, pkt.len), RX_DROP_DOWN);
		build_arp();
		assert_counter(transmit(r, 0), TX_DROP_DOWN);
		esvc_ipsec_start(r->dev.ipsec);
		assert_counter(transmit(r, 0), TX_BYPASS);
		build(4, 17, 1, 2);
		assert_counter(send_tagged(r, p.out), TX_DROP_TAG_STALE);
		irig_free(r);
	}
}

/* SPD-33: a load adds strict mode and takes classes away, never the reverse. */
static void test_restore_only_tightens(void **state)
{
	struct irig *r = irig_new(false);

	esvc_ipsec_tighten(r->dev.ipsec, true, ESV_BYPASS_ARP);
	esvc_ipsec_tighten(r->dev.ipsec, false, ESV_BYPASS_ALL);
	assert_true(esvc_ipsec_strict(r->dev.ipsec));
	assert_int_equal(esvc_ipsec_bypass(r->dev.ipsec), ESV_BYPASS_ARP);
	irig_free(r);
}

/* SPD-25: only headers are shown of a frame that will be segmented: its length counts, not its other bytes. */
static void test_headers_only(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x4700);
	struct esvc_tx_verdict v;
	struct pkt_spec s = irig_spec(4, 6, 30000);

	pkt_build(&pkt, &s);
	esvc_ipsec_classify(r->dev.ipsec, pkt.b, pkt.data, pkt.len, true, p.out, &v);
	assert_counter(v.counter, TX_ESP);
	assert_int_equal(v.l4_off, pkt.l4);
	irig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_entry),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_freeze),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_cross_family),
		cmocka_unit_test(test_priority),
		cmocka_unit_test(test_host_esp),
		cmocka_unit_test(test_natt_out_of_sight),
		cmocka_unit_test(test_esp_in_tunnel),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_tagged_fragments),
		cmocka_unit_test(test_ethertypes),
		cmocka_unit_test(test_unparsable),
		cmocka_unit_test(test_bypass),
		cmocka_unit_test(test_tagged_neighbour_discovery),
		cmocka_unit_test(test_bypass_never_fragments),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_reset_closes),
		cmocka_unit_test(test_restore_only_tightens),
		cmocka_unit_test(test_headers_only),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("classify", tests, NULL, NULL);
}
