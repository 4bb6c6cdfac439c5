// SPDX-License-Identifier: GPL-2.0-or-later
/* Checksum completion and TSO, against a slow segmenter that shares nothing with the core. */
#include "t.h"

static struct rig r;

static int up(void **state)
{
	rig_start(&r, NULL);
	r.d.mtu = 9000;
	ok(esvh_port(&r.d, true));
	return 0;
}

static int down(void **state)
{
	rig_down(&r);
	return 0;
}

static uint32_t rnd(void)
{
	static uint32_t x = 12345;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

/* TXD-8: completed checksums of TCP and UDP over both families, any length and fragmentation. */
static void checksum(void **state)
{
	static uint8_t got[PKT_MAX];

	for (int i = 0; i < 400; i++) {
		struct pkt_spec s = i & 1 ? tcp4(0) : tcp6(0);
		struct esvh_tx_opts o = { .flags = ESV_TXD_CSUM };
		struct pkt p;

		s.proto = i & 2 ? 6 : 17;
		s.vlans = i % 3;
		s.payload = rnd() % 8000;
		s.fill = (uint8_t)rnd();
		pkt_build(&p, &s);
		pkt_partial(&p, &s);
		o.csum_start = (uint16_t)p.l4;
		o.csum_offset = s.proto == 6 ? 16 : 6;
		o.frag = 1 + (p.len - 1) / (1 + rnd() % 24);
		assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
		esvh_pump(r.h);
		assert_int_equal(esvh_wire_take(r.h, got, sizeof(got)), p.len);
		assert_true(slow_l4_ok(s.family, got + p.l3, s.proto, got + p.l4, p.len - p.l4));
		/* Nothing but the checksum changed. */
		memcpy(got + p.l4 + o.csum_offset, p.b + p.l4 + o.csum_offset, 2);
		assert_memory_equal(got, p.b, p.len);
	}
}

/* Sends a packet whose checksum comes out as zero; returns what is on the wire in its place. */
static uint16_t sent_for_zero(struct pkt_spec s, uint16_t csum_offset)
{
	static uint8_t got[2048];
	struct esvh_tx_opts o = {
		.flags = ESV_TXD_CSUM, .csum_start = 34, .csum_offset = csum_offset,
	};
	struct pkt p;
	uint32_t sum;

	pkt_build(&p, &s);
	memset(p.b + p.data, 0, 2);
	pkt_partial(&p, &s);
	/* Make the payload what is missing to all ones. */
	sum = slow_sum(0, p.b + p.l4, p.len - p.l4);
	pkt16(p.b + p.data, 0xffff - sum);
	assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
	esvh_pump(r.h);
	assert_int_equal(esvh_wire_take(r.h, got, sizeof(got)), p.len);
	return rd16(got + p.l4 + csum_offset);
}

/* TXD-8, RFC 768: all ones in place of zero, for UDP and for nothing else. */
static void checksum_zero(void **state)
{
	assert_int_equal(sent_for_zero(udp4(2), 6), 0xffff);
	assert_int_equal(sent_for_zero(tcp4(2), 16), 0);
}

/*
 * The slow segmenter: takes the large packet as a byte stream and builds each
 * packet anew, as RFC 9293 and RFC 791 describe its fields.
 */
static size_t slow_segment(const struct pkt *big, const struct pkt_spec *s, size_t mss, unsigned int n,
			   struct pkt *out)
{
	struct pkt_spec one = *s;
	size_t done = n * mss;
	bool last;

	if (done >= s->payload)
		return 0;
	one.payload = s->payload - done < mss ? s->payload - done : mss;
	last = done + one.payload == s->payload;
	one.fill = (uint8_t)(s->fill + done);
	one.seq = s->seq + (uint32_t)done;
	one.id = (uint16_t)(s->id + n);
	if (!last)
		one.tcp_flags &= (uint8_t)~0x09;
	if (n)
		one.tcp_flags &= 0x7f;
	pkt_build(out, &one);
	return out->len;
}

/* TXD-7: every field of every segment. */
static void tso(void **state)
{
	static uint8_t got[PKT_MAX];
	static struct pkt big, want;

	for (int i = 0; i < 300; i++) {
		struct pkt_spec s = i & 1 ? tcp4(0) : tcp6(0);
		struct esvh_tx_opts o = { .flags = ESV_TXD_TSO | (i & 2 ? ESV_TXD_CSUM : 0) };
		unsigned int n = 0;

		s.vlans = i % 3;
		s.tcp_opts = (uint8_t)(rnd() % 11 * 4);
		s.tcp_flags = (uint8_t)rnd();
		s.seq = rnd();
		s.id = (uint16_t)rnd();
		s.fill = (uint8_t)rnd();
		o.mss = (uint16_t)(1 + rnd() % (i % 5 ? 1460 : 8900));
		s.payload = 1 + rnd() % (65536 - 120);
		if (s.payload / o.mss > 500)
			s.payload = o.mss * 500u;
		pkt_build(&big, &s);
		o.hdr_len = (uint16_t)big.data;
		o.csum_start = (uint16_t)big.l4;
		o.csum_offset = 16;
		/* Lengths and checksums of the large packet are the device's to write. */
		if (i & 4) {
			pkt16(big.b + big.l4 + 16, rnd());
			if (s.family == 4)
				pkt16(big.b + big.l3 + 10, rnd());
			pkt16(big.b + big.l3 + (s.family == 4 ? 2 : 4), rnd());
		}
		o.frag = 4096;
		assert_true(esvh_send(&r.d, 0, big.b, big.len, &o));
		esvh_pump(r.h);
		for (; slow_segment(&big, &s, o.mss, n, &want); n++) {
			assert_int_equal(esvh_wire_take(r.h, got, sizeof(got)), want.len);
			assert_memory_equal(got, want.b, want.len);
		}
		assert_int_equal(r.h->out.count, 0);
	}
	assert_int_equal(esvh_counter(&r.d, ESV_C_TX_TSO), 300);
	assert_int_equal(esvh_counter(&r.d, ESV_C_TX_DROP_TSO), 0);
}

static void refuse(struct pkt *p, struct esvh_tx_opts o, enum esv_counter c)
{
	uint64_t before = esvh_counter(&r.d, c);

	assert_true(esvh_send(&r.d, 0, p->b, p->len, &o));
	esvh_pump(r.h);
	assert_int_equal(r.h->out.count, 0);
	assert_int_equal(esvh_counter(&r.d, c), before + 1);
	assert_int_equal(esvh_tx_done(&r.d, 0), r.d.tx[0].tail);
}

/* TXD-7: what can't be segmented is dropped and counted. */
static void tso_refused(void **state)
{
	struct pkt_spec s = tcp4(5000), s6 = tcp6(5000);
	struct esvh_tx_opts o = { .flags = ESV_TXD_TSO, .mss = 1000, .hdr_len = 54 }, o6 = o;
	static struct pkt p, good;

	pkt_build(&good, &s);
	p = good;
	o.hdr_len = 53;
	refuse(&p, o, ESV_C_TX_DROP_TSO);
	o.hdr_len = 58;
	refuse(&p, o, ESV_C_TX_DROP_TSO);
	o.hdr_len = 54;
	p.b[14] = 0x44;
	refuse(&p, o, ESV_C_TX_DROP_TSO);
	p.b[14] = 0x65;
	refuse(&p, o, ESV_C_TX_DROP_TSO);
	p = good;
	p.b[23] = 17;
	refuse(&p, o, ESV_C_TX_DROP_TSO);
	p = good;
	p.b[20] = 0x20;
	refuse(&p, o, ESV_C_TX_DROP_TSO);
	p.b[20] = 0;
	p.b[21] = 1;
	refuse(&p, o, ESV_C_TX_DROP_TSO);
	p = good;
	p.b[46] = 0x40;
	refuse(&p, o, ESV_C_TX_DROP_TSO);
	p = good;
	p.b[13] = 6;
	refuse(&p, o, ESV_C_TX_DROP_TSO);
	pkt_build(&p, &s6);
	o6.hdr_len = 74;
	p.b[20] = 0;
	refuse(&p, o6, ESV_C_TX_DROP_TSO);
	/* mss and headers above the MTU. */
	o.mss = 8961;
	pkt_build(&p, &s);
	s.payload = 20000;
	pkt_build(&p, &s);
	o.frag = 4000;
	refuse(&p, o, ESV_C_TX_DROP_MTU);
}

/* ADM-42: an offload that is off is a bad flag, or no segmentation for that family. */
static void features_off(void **state)
{
	struct pkt_spec s = tcp6(3000);
	struct esvh_tx_opts o = { .flags = ESV_TXD_TSO, .mss = 1000, .hdr_len = 74 };
	__le32 feat = htole32(ESV_OFF_TSO4);
	struct esvh_cmd c = { .opcode = ESV_OP_FEATURES_SET, .inl = &feat, .inl_len = 4 };
	static struct pkt p;

	ok(esvh_cmd(&r.d, &c));
	pkt_build(&p, &s);
	refuse(&p, o, ESV_C_TX_DROP_TSO);
	/* VLAN_PARSE is off as well. */
	s = tcp4(3000);
	s.vlans = 1;
	pkt_build(&p, &s);
	o.hdr_len = 58;
	refuse(&p, o, ESV_C_TX_DROP_TSO);
	o = (struct esvh_tx_opts){ .flags = ESV_TXD_CSUM, .csum_start = 54, .csum_offset = 16 };
	refuse(&p, o, ESV_C_TX_DROP_DESC);
	feat = 0;
	ok(esvh_cmd(&r.d, &c));
	o = (struct esvh_tx_opts){ .flags = ESV_TXD_TSO, .mss = 1000, .hdr_len = 74 };
	refuse(&p, o, ESV_C_TX_DROP_DESC);
}

/* TXD-10: a large frame over a wire that takes one segment at a time loses and repeats nothing. */
static void tso_back_pressure(void **state)
{
	struct pkt_spec s = tcp4(60000);
	struct esvh_tx_opts o = { .flags = ESV_TXD_TSO, .mss = 1448, .hdr_len = 54, .frag = 4096 };
	static struct pkt big, want;
	static uint8_t got[PKT_MAX];
	unsigned int n = 0;

	pkt_build(&big, &s);
	r.h->out.depth = 1;
	assert_true(esvh_send(&r.d, 0, big.b, big.len, &o));
	for (; slow_segment(&big, &s, o.mss, n, &want); n++) {
		esvh_pump(r.h);
		/* Not given back before the last segment is on the wire (TXD-10). */
		assert_int_equal(esvh_tx_done(&r.d, 0), n == 41 ? r.d.tx[0].tail : 0);
		assert_int_equal(esvh_wire_take(r.h, got, sizeof(got)), want.len);
		assert_memory_equal(got, want.b, want.len);
	}
	esvh_pump(r.h);
	assert_int_equal(n, 42);
	assert_int_equal(esvh_wire_take(r.h, got, sizeof(got)), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(checksum), T(checksum_zero), T(tso), T(tso_refused), T(features_off), T(tso_back_pressure),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-offload", tests, NULL, NULL) ? 1 : 0;
}
