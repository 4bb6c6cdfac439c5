// SPDX-License-Identifier: GPL-2.0-or-later
/* Inbound verdicts: what came in clear, and what came out of ESP (SPD-41 ff, ESP-20 ff). */
#include "ipsec_rig.h"

static struct pkt pkt;
static uint8_t wire[FRAME_MAX];
static size_t wire_len;

static void build(uint8_t family, uint8_t proto, uint16_t sport, uint16_t dport)
{
	struct pkt_spec s = irig_spec(family, proto, 40);

	s.sport = sport;
	s.dport = dport;
	pkt_build(&pkt, &s);
}

static enum esv_counter receive(struct irig *r)
{
	return irig_recv(r, pkt.b, pkt.len);
}

static void fix_ip4(void)
{
	pkt16(pkt.b + 24, 0);
	pkt16(pkt.b + 24, (uint16_t)~slow_sum(0, pkt.b + 14, 20));
}

/* SPD-41, SPD-48: clear frames under each action, in either mode. SPD-47, SPD-22, SPD-21, BYP-2: odd ones. */
static void test_clear(void **state)
{
	for (int strict = 0; strict < 2; strict++) {
		struct irig *r = irig_new(strict);
		struct esv_policy_params p = irig_policy(ESV_DIR_IN, 4, ESV_ACTION_ALLOW, 0);
		uint32_t pol;

		build(4, 17, 1, 2);
		assert_int_equal(receive(r), strict ? ESV_C_RX_DROP_NOMATCH : ESV_C_RX_OPEN);
		assert_int_equal(r->meta.policy, 0);
		pol = irig_add_policy(r, &p);
		assert_counter(receive(r), RX_ALLOW);
		assert_int_equal(r->meta.policy, pol);
		assert_int_equal(r->meta.sa_handle, 0);
		assert_int_equal(r->buf.len, pkt.len);
		assert_memory_equal(r->buf.data, pkt.b, pkt.len);
		ok(irig_cmd(r, ESV_OP_POLICY_DELETE, pol, 0, NULL, 0));
		p.action = ESV_ACTION_DROP;
		pol = irig_add_policy(r, &p);
		assert_counter(receive(r), RX_DROP_POLICY);
		ok(irig_cmd(r, ESV_OP_POLICY_DELETE, pol, 0, NULL, 0));
		p = irig_policy(ESV_DIR_IN, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
		pol = irig_add_policy(r, &p);
		assert_counter(receive(r), RX_DROP_CLEAR);
		pkt16(pkt.b + 20, 0x0010);
		fix_ip4();
		assert_counter(receive(r), RX_DROP_FRAGMENT);
		pkt.b[14] = 0x44;
		assert_counter(receive(r), RX_DROP_PARSE);
		pkt16(pkt.b + 12, 0x88cc);
		assert_int_equal(receive(r), strict ? ESV_C_RX_DROP_ETHERTYPE : ESV_C_RX_OPEN);
		pkt16(pkt.b + 12, 0x0806);
		assert_counter(receive(r), RX_BYPASS);
		irig_free(r);
	}
}

/* SPD-2: an OUT entry authorises nothing that comes in. */
static void test_directions_apart(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_ALLOW, 0);

	irig_add_policy(r, &p);
	build(4, 17, 1, 2);
	assert_counter(receive(r), RX_DROP_NOMATCH);
	irig_free(r);
}

/* Encrypt with an engine that has no IN entry in the way. */
static void make_wire(struct irig *r, uint32_t out)
{
	assert_counter(irig_send(r, pkt.b, pkt.len, out), TX_ESP);
	wire_len = r->buf.len;
	memcpy(wire, r->buf.data, wire_len);
}

/* ESP-41: a damaged outer header is not mended by decapsulation. The ICV covers none of it. */
static void test_outer_checksum(void **state)
{
	for (int mode = ESV_SA_TRANSPORT; mode <= ESV_SA_TUNNEL; mode++) {
		struct irig *r = irig_new(true);
		struct pair p = irig_pair(r, 4, (uint8_t)mode, 0x4300);

		build(4, 17, 1000, 2000);
		make_wire(r, p.out);
		wire[22] ^= 1;		/* TTL */
		assert_counter(irig_recv(r, wire, wire_len), RX_DROP_PARSE);
		wire[22] ^= 1;
		wire[25] ^= 1;
		assert_counter(irig_recv(r, wire, wire_len), RX_DROP_PARSE);
		wire[25] ^= 1;
		assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
		irig_free(r);
	}
}

/* SPD-44, SPD-45, RFC 4301 5.2: what came out must be what the IN entry asks for. */
static void test_authorisation(void **state)
{
	enum { NONE, ALLOW, DROP, REQID, MODE, SADDR, DADDR, SEL, FINE };
	static const enum esv_counter want[] = {
		[NONE] = ESV_C_RX_DROP_NOAUTHZ, [ALLOW] = ESV_C_RX_DROP_NOAUTHZ, [DROP] = ESV_C_RX_DROP_POLICY,
		[REQID] = ESV_C_RX_DROP_NOAUTHZ, [MODE] = ESV_C_RX_DROP_MODE, [SADDR] = ESV_C_RX_DROP_MODE,
		[DADDR] = ESV_C_RX_DROP_MODE, [SEL] = ESV_C_RX_DROP_SELECTOR, [FINE] = ESV_C_RX_ESP,
	};

	for (int strict = 0; strict < 2; strict++) {
		for (int what = NONE; what <= FINE; what++) {
			struct irig *r = irig_new(strict);
			struct esv_sa_params so = irig_sa(ESV_DIR_OUT, 6, ESV_SA_TUNNEL, 0x5000);
			struct esv_sa_params si = irig_sa(ESV_DIR_IN, 6, ESV_SA_TUNNEL, 0x5000);
			struct esv_policy_params po = irig_policy(ESV_DIR_OUT, 6, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
			struct esv_policy_params pi = irig_policy(ESV_DIR_IN, 6, ESV_ACTION_PROTECT,
								  what == MODE ? ESV_SA_TRANSPORT : ESV_SA_TUNNEL);
			uint32_t out, in;

			if (what == ALLOW || what == DROP)
				pi = irig_policy(ESV_DIR_IN, 6, what == ALLOW ? ESV_ACTION_ALLOW : ESV_ACTION_DROP, 0);
			if (what == REQID)
				pi.reqid = htole32(8);
			if (what == SADDR)
				pi.saddr[15] = 99;
			if (what == DADDR)
				pi.daddr[15] = 99;
			if (what == SEL) {
				si.flags |= htole32(ESV_SA_F_SEL);
				si.sel = (struct esv_selector){ .family = 6, .proto = 6 };
			}
			out = irig_add_sa(r, &so);
			in = irig_add_sa(r, &si);
			irig_add_policy(r, &po);
			if (what != NONE)
				irig_add_policy(r, &pi);
			build(6, 17, 1, 2);
			make_wire(r, out);
			if (irig_recv(r, wire, wire_len) != want[what])
				fail_msg("case %d", what);
			assert_int_equal(r->meta.sa_handle, what == FINE ? in : 0);
			assert_int_equal(le64toh(irig_query(r, in).other_dropped), what != FINE);
			irig_free(r);
		}
	}
}

/* SPD-44: a tunnel between the hosts themselves does not stand for transport mode, though all addresses are equal. */
static void test_mode_alone(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params so = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TUNNEL, 0x5008);
	struct esv_sa_params si = irig_sa(ESV_DIR_IN, 4, ESV_SA_TUNNEL, 0x5008);
	struct esv_policy_params po = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
	struct esv_policy_params pi = irig_policy(ESV_DIR_IN, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
	uint32_t out;

	memcpy(so.saddr, ADDR_A[0], 16);
	memcpy(so.daddr, ADDR_B[0], 16);
	memcpy(si.saddr, ADDR_A[0], 16);
	memcpy(si.daddr, ADDR_B[0], 16);
	memcpy(po.saddr, ADDR_A[0], 16);
	memcpy(po.daddr, ADDR_B[0], 16);
	out = irig_add_sa(r, &so);
	irig_add_sa(r, &si);
	irig_add_policy(r, &po);
	irig_add_policy(r, &pi);
	build(4, 17, 1, 2);
	make_wire(r, out);
	assert_counter(irig_recv(r, wire, wire_len), RX_DROP_MODE);
	irig_free(r);
}

/* SPD-44: in transport mode the packet's own source must be the SA's. */
static void test_transport_source(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x5001);
	struct esv_policy_params wide = irig_policy(ESV_DIR_IN, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);

	wide.sel.plen_s = 0;
	wide.priority = 0;
	irig_add_policy(r, &wide);
	build(4, 17, 1, 2);
	make_wire(r, p.out);
	wire[29] ^= 0x40;
	pkt_fix_ip4(wire);
	assert_counter(irig_recv(r, wire, wire_len), RX_DROP_MODE);
	irig_free(r);
}

/* SPD-43: dropped with an event; in open mode only where an entry could protect it. */
static void test_unknown_spi(void **state)
{
	struct irig *strict = irig_new(true), *open = irig_new(false);
	struct esv_policy_params p = irig_policy(ESV_DIR_IN, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);

	build(4, 17, 0, 0x777);
	pkt.b[23] = 50;
	fix_ip4();
	assert_counter(receive(strict), RX_DROP_SPI);
	assert_int_equal(strict->events[0].type, ESV_EV_UNKNOWN_SPI);
	assert_int_equal(strict->events[0].arg0, 0x777);
	assert_counter(receive(open), RX_OPEN);
	irig_add_policy(open, &p);
	assert_counter(receive(open), RX_DROP_SPI);
	irig_free(strict);
	irig_free(open);
}

/* SPD-42: ESP that did not come to the port's own address is not decrypted. */
static void test_unicast_only(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x5002);

	build(4, 17, 1, 2);
	make_wire(r, p.out);
	irig_load(r, wire, wire_len);
	assert_counter(esvc_ipsec_input(r->dev.ipsec, false, &r->buf, &r->meta), RX_DROP_NOTMINE);
	assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	irig_free(r);
}

/* SPD-43, BYP-7: the same for ESP in UDP, which has a counter of its own. */
static void test_unknown_spi_in_udp(void **state)
{
	struct irig *strict = irig_new(true), *open = irig_new(false);
	struct esv_policy_params p = irig_policy(ESV_DIR_IN, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);

	build(4, 17, 4500, 4500);
	pkt16(pkt.b + pkt.data, 0x0001);
	pkt16(pkt.b + pkt.data + 2, 0x0777);
	assert_counter(receive(strict), RX_DROP_NATT);
	assert_int_equal(strict->nr_events, 1);
	assert_int_equal(strict->events[0].type, ESV_EV_UNKNOWN_SPI);
	assert_int_equal(strict->events[0].arg0, 0x10777);
	assert_counter(receive(open), RX_OPEN);
	assert_int_equal(open->nr_events, 0);
	irig_add_policy(open, &p);
	assert_counter(receive(open), RX_DROP_NATT);
	assert_int_equal(open->nr_events, 1);
	assert_int_equal(open->events[0].arg0, 0x10777);
	irig_free(strict);
	irig_free(open);
}

/* SPD-46: fragments of ESP, in UDP or not, in strict mode and where an entry decides against them. */
static void test_esp_fragments_guarded(void **state)
{
	for (int udp = 0; udp < 2; udp++) {
		struct irig *strict = irig_new(true), *open = irig_new(false);
		struct esv_policy_params p = irig_policy(ESV_DIR_IN, 4, ESV_ACTION_ALLOW, 0);
		uint32_t h;

		build(4, 17, udp ? 4500 : 0, udp ? 4500 : 0x777);
		if (udp)
			pkt16(pkt.b + pkt.data, 0x0777);
		else
			pkt.b[23] = 50;
		pkt16(pkt.b + 20, 0x2000);
		fix_ip4();
		irig_add_policy(strict, &p);
		assert_counter(receive(strict), RX_DROP_FRAGMENT);
		h = irig_add_policy(open, &p);
		assert_counter(receive(open), RX_ALLOW);
		ok(irig_cmd(open, ESV_OP_POLICY_DELETE, h, 0, NULL, 0));
		p = irig_policy(ESV_DIR_IN, 4, udp ? ESV_ACTION_DROP : ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
		h = irig_add_policy(open, &p);
		assert_counter(receive(open), RX_DROP_FRAGMENT);
		ok(irig_cmd(open, ESV_OP_POLICY_DELETE, h, 0, NULL, 0));
		assert_counter(receive(open), RX_OPEN);
		irig_free(strict);
		irig_free(open);
	}
}

/* SPD-46: in open mode, fragments of ESP are dropped while there is an inbound SA. */
static void test_esp_fragments(void **state)
{
	struct irig *r = irig_new(false);
	struct esv_sa_params si = irig_sa(ESV_DIR_IN, 4, ESV_SA_TRANSPORT, 0x5003);
	uint32_t h;

	build(4, 17, 0, 0x777);
	pkt.b[23] = 50;
	pkt16(pkt.b + 20, 0x2000);
	fix_ip4();
	assert_counter(receive(r), RX_OPEN);
	h = irig_add_sa(r, &si);
	assert_counter(receive(r), RX_DROP_FRAGMENT);
	pkt16(pkt.b + 20, 0x0010);
	fix_ip4();
	assert_counter(receive(r), RX_DROP_FRAGMENT);
	ok(irig_cmd(r, ESV_OP_SA_DELETE, h, 0, NULL, 0));
	assert_counter(receive(r), RX_OPEN);
	irig_free(r);
}

/* ICMP that quotes ESP of ours may say that it was too big. */
static size_t make_pmtu(uint8_t family, uint32_t spi)
{
	size_t ip = family == 4 ? 20 : 40, q = 14 + ip + 8;
	struct pkt_spec s = irig_spec(family, 17, ip + 8);

	/* from a router to A, quoting a packet from A to B */
	memcpy(s.daddr, ADDR_A[family == 6], 16);
	memcpy(s.saddr, GW_B[family == 6], 16);
	pkt_build(&pkt, &s);
	pkt.b[14 + (family == 4 ? 9 : 6)] = family == 4 ? 1 : 58;
	pkt.b[14 + ip] = family == 4 ? 3 : 2;
	pkt.b[14 + ip + 1] = family == 4 ? 4 : 0;
	memset(pkt.b + q, 0, ip + 8);
	pkt.b[q] = family == 4 ? 0x45 : 0x60;
	pkt.b[q + (family == 4 ? 9 : 6)] = 50;
	memcpy(pkt.b + q + (family == 4 ? 12 : 8), ADDR_A[family == 6], family == 4 ? 4 : 16);
	memcpy(pkt.b + q + (family == 4 ? 16 : 24), ADDR_B[family == 6], family == 4 ? 4 : 16);
	pkt16(pkt.b + q + ip, spi >> 16);
	pkt16(pkt.b + q + ip + 2, spi & 0xffff);
	return q;
}

/* BYP-6: an ICMP error that quotes ESP of a live SA passes; each way of quoting something else does not. */
static void test_pmtu(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct irig *r = irig_new(true);
		struct esv_sa_params so = irig_sa(ESV_DIR_OUT, family, ESV_SA_TRANSPORT, 0x5004);
		size_t q, ip = family == 4 ? 20 : 40;
		uint32_t h = irig_add_sa(r, &so);

		q = make_pmtu(family, 0x5004);
		assert_counter(receive(r), RX_BYPASS);
		pkt.b[q + (family == 4 ? 15 : 23)] ^= 1;	/* quoted source is not ours */
		assert_counter(receive(r), RX_DROP_NOMATCH);
		make_pmtu(family, 0x5005);
		assert_counter(receive(r), RX_DROP_NOMATCH);
		make_pmtu(family, 0x5004);
		pkt.b[q + (family == 4 ? 9 : 6)] = 17;		/* quotes UDP */
		assert_counter(receive(r), RX_DROP_NOMATCH);
		make_pmtu(family, 0x5004);
		pkt.b[14 + ip] = 1;				/* another ICMP */
		assert_counter(receive(r), RX_DROP_NOMATCH);
		make_pmtu(family, 0x5004);
		pkt.len -= 1;					/* cut short */
		if (family == 4) {
			pkt16(pkt.b + 16, rd16(pkt.b + 16) - 1);
			fix_ip4();
		} else {
			pkt16(pkt.b + 18, rd16(pkt.b + 18) - 1);
		}
		assert_counter(receive(r), RX_DROP_NOMATCH);
		make_pmtu(family, 0x5004);
		ok(irig_cmd(r, ESV_OP_SA_DELETE, h, 0, NULL, 0));
		assert_counter(receive(r), RX_DROP_NOMATCH);
		irig_free(r);
	}
}

/* BYP-5, BYP-7 to BYP-9: inbound, the local port is the destination. */
static void test_udp_bypass(void **state)
{
	static const struct {
		uint16_t sport, dport;
		enum esv_counter want;
	} cases[] = {
		{ 500, 500, ESV_C_RX_BYPASS }, { 61000, 500, ESV_C_RX_BYPASS }, { 500, 61000, ESV_C_RX_DROP_NOMATCH },
		{ 67, 68, ESV_C_RX_BYPASS }, { 68, 67, ESV_C_RX_DROP_NOMATCH },
	};
	struct irig *r = irig_new(true);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build(4, 17, cases[i].sport, cases[i].dport);
		assert_int_equal(receive(r), cases[i].want);
	}
	build(4, 17, 61000, 4500);
	assert_counter(receive(r), RX_DROP_NATT);
	memset(pkt.b + 42, 0, 4);
	assert_counter(receive(r), RX_DROP_NOMATCH);
	pkt_ike(&pkt, 0x20, 36, 0);
	assert_counter(receive(r), RX_DROP_NOMATCH);
	build(4, 17, 4500, 4500);
	pkt_ike(&pkt, 0x20, 36, 0);
	assert_counter(receive(r), RX_BYPASS);
	pkt_ike(&pkt, 0x20, 36, 4);
	assert_counter(receive(r), RX_DROP_NOMATCH);
	irig_free(r);
}

/* ESP-20, ESP-21: ECN by RFC 6040 figure 4 or not at all, DSCP by the SA's flag. inner, outer -> delivered; -1: dropped. */
static void test_decapsulation(void **state)
{
	static const int table[4][4] = {
		/* outer: Not-ECT, ECT(1), ECT(0), CE */
		{ 0, 0, 0, -1 },	/* inner Not-ECT */
		{ 1, 1, 1, 3 },		/* ECT(1) */
		{ 2, 1, 2, 3 },		/* ECT(0) */
		{ 3, 3, 3, 3 },		/* CE */
	};

	for (unsigned int i = 0; i < 128; i++) {
		uint8_t family = i & 32 ? 6 : 4, inner = i & 3, outer = i >> 2 & 3;
		bool copy_dscp = i & 16, noecn = i & 64;
		struct irig *r = irig_new(true);
		struct esv_sa_params so = irig_sa(ESV_DIR_OUT, family, ESV_SA_TUNNEL, 0x5005);
		struct esv_sa_params si = irig_sa(ESV_DIR_IN, family, ESV_SA_TUNNEL, 0x5005);
		struct esv_policy_params po = irig_policy(ESV_DIR_OUT, family, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
		struct esv_policy_params pi = irig_policy(ESV_DIR_IN, family, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
		int want = noecn ? inner : table[inner][outer];
		uint8_t tos = (uint8_t)(0x28 | inner), tos_out = (uint8_t)(0xb8 | outer), got;
		uint32_t out;

		si.flags |= htole32((copy_dscp ? ESV_SA_F_DECAP_DSCP : 0) | (noecn ? ESV_SA_F_NOECN : 0));
		out = irig_add_sa(r, &so);
		irig_add_sa(r, &si);
		irig_add_policy(r, &po);
		irig_add_policy(r, &pi);
		build(family, 17, 1, 2);
		if (family == 4) {
			pkt.b[15] = tos;
			fix_ip4();
		} else {
			pkt16(pkt.b + 14, 0x6000 | (uint32_t)tos << 4);
		}
		make_wire(r, out);
		if (family == 4) {
			wire[15] = tos_out;
			pkt_fix_ip4(wire);
		} else {
			pkt16(wire + 14, 0x6000 | (uint32_t)tos_out << 4);
		}
		if (want < 0) {
			assert_counter(irig_recv(r, wire, wire_len), RX_DROP_PARSE);
		} else {
			assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
			got = family == 4 ? r->buf.data[15] : (uint8_t)(rd16(r->buf.data + 14) >> 4);
			assert_int_equal(got & 3, want);
			assert_int_equal(got & 0xfc, copy_dscp ? 0xb8 : 0x28);
			if (family == 4)
				assert_int_equal(slow_sum(0, r->buf.data + 14, 20), 0xffff);
		}
		irig_free(r);
	}
}

/* ESP-20 to ESP-23, ESP-25: the outer header that the device makes, by each flag. */
static void test_encapsulation(void **state)
{
	static const struct {
		uint32_t flags;
		uint8_t inner, outer;
		bool df_in, df_out;
	} cases[] = {
		{ 0, 0xb9, 0xb9, true, true },
		{ 0, 0x2b, 0x2b, false, false },
		{ ESV_SA_F_NOECN, 0xb9, 0xb8, true, true },
		{ ESV_SA_F_NOENCAP_DSCP, 0xb9, 0x01, true, true },
		{ ESV_SA_F_NOENCAP_DSCP | ESV_SA_F_NOECN, 0xb9, 0, true, true },
		{ ESV_SA_F_NOPMTUDISC, 0xb9, 0xb9, true, false },
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t family = i & 1 ? 6 : 4;
		struct irig *r = irig_new(true);
		struct esv_sa_params so = irig_sa(ESV_DIR_OUT, family, ESV_SA_TUNNEL, 0x5006);
		struct esv_policy_params po = irig_policy(ESV_DIR_OUT, family, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
		uint32_t out, id = 0;

		so.flags |= htole32(cases[i / 2].flags);
		out = irig_add_sa(r, &so);
		irig_add_policy(r, &po);
		build(family, 17, 1, 2);
		if (family == 4) {
			pkt.b[15] = cases[i / 2].inner;
			pkt16(pkt.b + 20, cases[i / 2].df_in ? 0x4000 : 0);
			fix_ip4();
		} else {
			pkt16(pkt.b + 14, 0x6000 | (uint32_t)cases[i / 2].inner << 4 | 0x3);
			pkt16(pkt.b + 16, 0x4567);
		}
		for (int n = 0; n < 3; n++) {
			make_wire(r, out);
			if (family == 6) {
				assert_int_equal(rd32(wire + 14), 0x60034567 | (uint32_t)cases[i / 2].outer << 20);
				continue;
			}
			assert_int_equal(wire[15], cases[i / 2].outer);
			assert_int_equal(rd16(wire + 20), cases[i / 2].df_out ? 0x4000 : 0);
			/* RFC 6864: identification only where a fragment could be made, and then not twice. */
			if (cases[i / 2].df_out)
				assert_int_equal(rd16(wire + 18), 0);
			else
				assert_int_not_equal(rd16(wire + 18), id);
			id = rd16(wire + 18);
			assert_int_equal(slow_sum(0, wire + 14, 20), 0xffff);
		}
		irig_free(r);
	}
}

/* SPD-49: a fragment that came through a tunnel is authorised by an entry without ports only, and by such a selector. */
static void test_tunnelled_fragment(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TUNNEL, 0x5007);
	struct esv_policy_params ports = irig_policy(ESV_DIR_IN, 4, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);

	build(4, 17, 1, 2);
	pkt16(pkt.b + 20, 0x0010);
	fix_ip4();
	make_wire(r, p.out);
	assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	ports.priority = 0;
	ports.sel.proto = 17;
	ports.sel.dport_mask = 0xffff;
	irig_add_policy(r, &ports);
	make_wire(r, p.out);
	assert_counter(irig_recv(r, wire, wire_len), RX_DROP_FRAGMENT);
	irig_free(r);
}

/* SPD-49: of the SA's own selector only the ports keep a later fragment out. */
static void test_fragment_and_selector(void **state)
{
	for (int ports = 0; ports < 2; ports++) {
		struct irig *r = irig_new(true);
		struct esv_sa_params so = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TUNNEL, 0x5008);
		struct esv_sa_params si = irig_sa(ESV_DIR_IN, 4, ESV_SA_TUNNEL, 0x5008);
		struct esv_policy_params po = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
		struct esv_policy_params pi = irig_policy(ESV_DIR_IN, 4, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
		uint32_t out = irig_add_sa(r, &so);

		si.flags |= htole32(ESV_SA_F_SEL);
		si.sel = (struct esv_selector){ .family = 4, .proto = 17, .dport_mask = ports ? 0xffff : 0 };
		irig_add_sa(r, &si);
		irig_add_policy(r, &po);
		irig_add_policy(r, &pi);
		build(4, 17, 1, 2);
		pkt16(pkt.b + 20, 0x0010);
		fix_ip4();
		make_wire(r, out);
		assert_int_equal(irig_recv(r, wire, wire_len), ports ? ESV_C_RX_DROP_SELECTOR : ESV_C_RX_ESP);
		irig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_directions_apart),
		cmocka_unit_test(test_authorisation),
		cmocka_unit_test(test_outer_checksum),
		cmocka_unit_test(test_mode_alone),
		cmocka_unit_test(test_transport_source),
		cmocka_unit_test(test_unknown_spi),
		cmocka_unit_test(test_unknown_spi_in_udp),
		cmocka_unit_test(test_unicast_only),
		cmocka_unit_test(test_esp_fragments),
		cmocka_unit_test(test_esp_fragments_guarded),
		cmocka_unit_test(test_pmtu),
		cmocka_unit_test(test_udp_bypass),
		cmocka_unit_test(test_decapsulation),
		cmocka_unit_test(test_encapsulation),
		cmocka_unit_test(test_tunnelled_fragment),
		cmocka_unit_test(test_fragment_and_selector),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
