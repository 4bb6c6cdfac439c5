// SPDX-License-Identifier: GPL-2.0-or-later
/* Transmit descriptors: bad ones, incomplete ones, wrapped rings, changing ones. */
#include "t.h"

static struct rig r;

static int up(void **state)
{
	rig_start(&r, NULL);
	return 0;
}

static int down(void **state)
{
	rig_down(&r);
	return 0;
}

static struct esv_tx_desc desc(uint16_t flags, uint8_t nr, uint16_t len)
{
	return (struct esv_tx_desc){ .addr = htole64(r.d.tx[0].buf), .len = htole16(len), .flags = htole16(flags),
				     .nr_desc = nr };
}

static unsigned int wire_frames(void)
{
	static uint8_t buf[PKT_MAX];
	unsigned int n = 0;

	while (esvh_wire_take(r.h, buf, sizeof(buf)))
		n++;
	return n;
}

static bool error_event(unsigned int reason, uint32_t index)
{
	struct esv_eqe e;

	while (esvh_event(&r.d, &e))
		if (e.type == ESV_EV_QUEUE_ERROR && le32toh(e.object) == 0 && le32toh(e.arg1) == reason &&
		    le64toh(e.arg0) == index)
			return true;
	return false;
}

/* The queue still works: a good frame passes. */
static void alive(void)
{
	struct pkt_spec s = udp4(100);
	struct pkt p;

	pkt_build(&p, &s);
	wire_frames();
	assert_true(esvh_send(&r.d, 0, p.b, p.len, NULL));
	esvh_pump(r.h);
	assert_int_equal(wire_frames(), 1);
	assert_int_equal(esvh_tx_done(&r.d, 0), r.d.tx[0].tail);
}

/* Post descriptors, expect the error, expect that all of them are given back and life goes on. */
static void rejected(const struct esv_tx_desc *d, unsigned int n, unsigned int reason, enum esv_counter c)
{
	uint64_t before = esvh_counter(&r.d, c);
	uint32_t at = r.d.tx[0].tail;

	esvh_advance(r.h, 1000000000);
	for (unsigned int i = 0; i < n; i++)
		esvh_tx_desc(&r.d, 0, &d[i]);
	esvh_tx_ring(&r.d, 0);
	esvh_pump(r.h);
	assert_int_equal(esvh_tx_done(&r.d, 0), r.d.tx[0].tail);
	assert_int_equal(wire_frames(), 0);
	assert_int_equal(esvh_counter(&r.d, c), before + 1);
	assert_true(error_event(reason, at));
	alive();
}

static void reject1(struct esv_tx_desc d, unsigned int reason)
{
	rejected(&d, 1, reason, ESV_C_TX_DROP_DESC);
}

#define ONE	(ESV_TXD_SOP | ESV_TXD_EOP)

/* TXD-5: the shape of a frame. */
static void shape(void **state)
{
	struct esv_tx_desc d[3];

	reject1(desc(ONE, 0, 64), ESV_QERR_NR_DESC);
	reject1(desc(ONE, 25, 64), ESV_QERR_NR_DESC);
	reject1(desc(ONE, 255, 64), ESV_QERR_NR_DESC);
	reject1(desc(ESV_TXD_EOP, 1, 64), ESV_QERR_SOP);
	reject1(desc(ESV_TXD_SOP, 1, 64), ESV_QERR_EOP);
	d[0] = desc(ONE, 2, 64);
	d[1] = desc(ESV_TXD_EOP, 0, 64);
	rejected(d, 2, ESV_QERR_EOP, ESV_C_TX_DROP_DESC);
	d[0] = desc(ESV_TXD_SOP, 2, 64);
	d[1] = desc(ONE, 0, 64);
	rejected(d, 2, ESV_QERR_SOP, ESV_C_TX_DROP_DESC);
	d[1] = desc(0, 0, 64);
	rejected(d, 2, ESV_QERR_EOP, ESV_C_TX_DROP_DESC);
	d[0] = desc(ESV_TXD_SOP, 3, 64);
	d[1] = desc(ESV_TXD_EOP, 0, 64);
	d[2] = desc(ESV_TXD_EOP, 0, 64);
	rejected(d, 3, ESV_QERR_EOP, ESV_C_TX_DROP_DESC);
}

/* TXD-2, TXD-9: flags and fields. */
static void fields(void **state)
{
	struct esv_tx_desc d = desc(ONE, 1, 64), two[2];

	reject1(desc(ONE | ESV_TXD_VLAN, 1, 64), ESV_QERR_FLAGS);
	reject1(desc(ONE | ESV_TXD_EXT, 1, 64), ESV_QERR_FLAGS);
	reject1(desc(ONE | 0x8000, 1, 64), ESV_QERR_FLAGS);
	two[0] = desc(ESV_TXD_SOP, 2, 64);
	two[1] = desc(ESV_TXD_EOP | ESV_TXD_CSUM, 0, 64);
	rejected(two, 2, ESV_QERR_FLAGS, ESV_C_TX_DROP_DESC);
	d.vlan_tci = 1;
	reject1(d, ESV_QERR_RESERVED);
	d = desc(ONE, 1, 64);
	d.rsvd0 = 1;
	reject1(d, ESV_QERR_RESERVED);
	d = desc(ONE, 1, 64);
	d.rsvd1 = 1;
	reject1(d, ESV_QERR_RESERVED);
	/* Fields of later descriptors are not looked at. */
	two[0] = desc(ESV_TXD_SOP, 2, 64);
	two[1] = desc(ESV_TXD_EOP, 77, 64);
	two[1].mss = two[1].vlan_tci = two[1].rsvd1 = 0xffff;
	esvh_tx_desc(&r.d, 0, &two[0]);
	esvh_tx_desc(&r.d, 0, &two[1]);
	esvh_tx_ring(&r.d, 0);
	esvh_pump(r.h);
	assert_int_equal(wire_frames(), 1);
}

/* TXD-4, TXD-7, TXD-8: lengths and positions. */
static void lengths(void **state)
{
	struct esv_tx_desc d, many[24];

	reject1(desc(ONE, 1, 0), ESV_QERR_LENGTH);
	reject1(desc(ONE, 1, 13), ESV_QERR_LENGTH);
	for (int i = 0; i < 24; i++)
		many[i] = desc(i ? (i == 23 ? ESV_TXD_EOP : 0) : ESV_TXD_SOP, i ? 0 : 24, 16000);
	rejected(many, 24, ESV_QERR_LENGTH, ESV_C_TX_DROP_DESC);
	many[5].len = 0;
	rejected(many, 24, ESV_QERR_LENGTH, ESV_C_TX_DROP_DESC);
	d = desc(ONE | ESV_TXD_CSUM, 1, 64);
	d.csum_start = htole16(34);
	d.csum_offset = htole16(29);
	reject1(d, ESV_QERR_CSUM);
	d.csum_offset = htole16(0xffff);
	reject1(d, ESV_QERR_CSUM);
	d.csum_start = htole16(0xffff);
	reject1(d, ESV_QERR_CSUM);
	d.csum_start = htole16(13);
	d.csum_offset = htole16(6);
	reject1(d, ESV_QERR_CSUM);
	d = desc(ONE | ESV_TXD_TSO, 1, 1000);
	reject1(d, ESV_QERR_TSO);
	d.mss = htole16(100);
	d.hdr_len = htole16(13);
	reject1(d, ESV_QERR_TSO);
	d.hdr_len = htole16(257);
	reject1(d, ESV_QERR_TSO);
	d = desc(ONE | ESV_TXD_TSO, 1, 60);
	d.mss = htole16(100);
	d.hdr_len = htole16(60);
	reject1(d, ESV_QERR_TSO);
}

/* TXD-5: buffers out of reach, whole or in part. */
static void buffers_out_of_reach(void **state)
{
	static const uint64_t addr[] = { 0, 0xdead0000, ~0ull, ESVH_MEM_BASE + MEM - 63, ESVH_MEM_BASE - 1 };

	for (size_t i = 0; i < sizeof(addr) / sizeof(addr[0]); i++) {
		struct esv_tx_desc d = desc(ONE, 1, 64);

		d.addr = htole64(addr[i]);
		rejected(&d, 1, ESV_QERR_DMA, ESV_C_TX_DROP_DMA);
	}
}

/* TXD-4: a frame longer than the MTU in clear; VLAN tags don't count. */
static void mtu(void **state)
{
	for (int vlans = 0; vlans <= 2; vlans++) {
		for (size_t payload = 1472; payload <= 1473; payload++) {
			struct pkt_spec s = udp4(payload);
			uint64_t before = esvh_counter(&r.d, ESV_C_TX_DROP_MTU);
			struct pkt p;

			s.vlans = vlans;
			pkt_build(&p, &s);
			assert_true(esvh_send(&r.d, 0, p.b, p.len, NULL));
			esvh_pump(r.h);
			assert_int_equal(wire_frames(), payload == 1472);
			assert_int_equal(esvh_counter(&r.d, ESV_C_TX_DROP_MTU) - before, payload == 1473);
		}
	}
}

/* TXD-3: an incomplete frame waits, without work, and goes out when the rest comes. */
static void incomplete(void **state)
{
	struct esv_tx_desc d = desc(ESV_TXD_SOP, 3, 64);
	uint32_t head = esvh_tx_done(&r.d, 0);

	esvh_tx_desc(&r.d, 0, &d);
	for (int i = 0; i < 2; i++) {
		esvh_tx_ring(&r.d, 0);
		esvh_pump(r.h);
		assert_int_equal(wire_frames(), 0);
		assert_int_equal(esvh_tx_done(&r.d, 0), head);
		assert_int_equal(le32toh(esvh_shadow(&r.d, r.d.tx[0].shadow)->db_want), 1);
		d = desc(i ? ESV_TXD_EOP : 0, 0, 64);
		esvh_tx_desc(&r.d, 0, &d);
	}
	esvh_tx_ring(&r.d, 0);
	esvh_pump(r.h);
	assert_int_equal(wire_frames(), 1);
	assert_int_equal(esvh_tx_done(&r.d, 0), head + 3);
}

/* RNG-4: frames of 1 to 24 descriptors over many turns of the ring, contents intact. */
static void wrapped(void **state)
{
	static uint8_t got[PKT_MAX];

	for (unsigned int i = 0; i < 1000; i++) {
		struct pkt_spec s = udp4(24 + i % 1400);
		struct esvh_tx_opts o;
		struct pkt p;

		s.fill = (uint8_t)i;
		pkt_build(&p, &s);
		o = (struct esvh_tx_opts){ .frag = (p.len + i % 24) / (1 + i % 24) };
		assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
		esvh_pump(r.h);
		assert_int_equal(esvh_wire_take(r.h, got, sizeof(got)), p.len);
		assert_memory_equal(got, p.b, p.len);
	}
	assert_true(r.d.tx[0].tail > 64 * 100);
}

static unsigned int touched;

static void rewrite(struct esvh_host *h, uint64_t addr, size_t len, bool write)
{
	struct esvh_txq *t = &r.d.tx[0];

	/* As soon as the device has read the ring, turn every descriptor into rubbish. */
	if (write || addr < t->ring || addr >= t->ring + t->size * sizeof(struct esv_tx_desc))
		return;
	touched++;
	memset(esvh_at(h, t->ring, t->size * sizeof(struct esv_tx_desc)), (int)touched * 37,
	       t->size * sizeof(struct esv_tx_desc));
}

/* Frames that left, all of them p. */
static unsigned int wire_same(const struct pkt *p)
{
	static uint8_t got[PKT_MAX];
	unsigned int n = 0;
	size_t len;

	while ((len = esvh_wire_take(r.h, got, sizeof(got))) != 0) {
		assert_int_equal(len, p->len);
		assert_memory_equal(got, p->b, len);
		n++;
	}
	return n;
}

/*
 * TXD-1, RNG-2: a ring that is rewritten under the device's hands: what was
 * judged is what is used. Two frames that lie in the ring in one piece are read
 * at once and leave as they were; of a piece behind the ring's end the device
 * sees only the rubbish.
 */
static void rewritten(void **state)
{
	unsigned int whole = 0;

	for (int i = 0; i < 200; i++) {
		struct pkt_spec s = udp4(500);
		struct esvh_tx_opts o = { .frag = 60 };
		bool in_one_piece = (r.d.tx[0].tail & 63) + 20 <= 64;
		struct pkt p;

		s.fill = (uint8_t)i;
		pkt_build(&p, &s);
		assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
		assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
		r.h->on_dma = rewrite;
		esvh_pump(r.h);
		r.h->on_dma = NULL;
		assert_int_equal(esvh_tx_done(&r.d, 0), r.d.tx[0].tail);
		assert_in_range(wire_same(&p), in_one_piece ? 2 : 0, in_one_piece ? 2 : 1);
		whole += in_one_piece;
		alive();
	}
	assert_true(touched > 0);
	assert_in_range(whole, 50, 199);
}

/* RNG-8: a tail that can't be kills this queue alone, with an event; making it again heals it. */
static void wild_tail(void **state)
{
	static const uint32_t off[] = { 65, 0x80000000, 0xffffffff };

	for (size_t i = 0; i < 3; i++) {
		esvh_shadow(&r.d, r.d.tx[0].shadow)->tail = htole32(esvh_tx_done(&r.d, 0) + off[i]);
		esvc_doorbell(r.h->dev, ESV_DB_TX(0));
		esvh_pump(r.h);
		assert_true(error_event(ESV_QERR_TAIL, esvh_tx_done(&r.d, 0)));
		assert_int_equal(wire_frames(), 0);
		esvh_tx_ring(&r.d, 0);
		ok(esvh_queue_destroy(&r.d, 0, ESV_QUEUE_TX));
		ok(esvh_tx_create(&r.d, 0));
		alive();
	}
}

/* QUE-3: destroying a queue whose frame waits for the wire forgets the frame, and others go on. */
static void destroy_while_waiting(void **state)
{
	struct pkt_spec s = tcp4(30000), small = udp4(100);
	struct esvh_tx_opts o = { .flags = ESV_TXD_TSO, .mss = 1000, .hdr_len = 54 };
	static uint8_t got[2048];
	struct pkt p, other;

	rig_down(&r);
	rig_up(&r, NULL);
	r.d.pairs = 2;
	ok(esvh_drv_start(&r.d));
	r.h->out.depth = 5;
	pkt_build(&p, &s);
	pkt_build(&other, &small);
	assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
	esvh_pump(r.h);
	assert_true(esvh_send(&r.d, 1, other.b, other.len, NULL));
	esvh_pump(r.h);
	assert_int_equal(r.h->out.count, 5);
	ok(esvh_queue_destroy(&r.d, 0, ESV_QUEUE_TX));
	for (int i = 0; i < 5; i++)
		assert_int_equal(esvh_wire_take(r.h, got, sizeof(got)), 1054);
	esvh_pump(r.h);
	assert_int_equal(wire_same(&other), 1);
	assert_int_equal(esvh_tx_done(&r.d, 1), r.d.tx[1].tail);
	ok(esvh_tx_create(&r.d, 0));
	alive();
}

/* PRT-2: with port or link down frames are dropped and counted, not kept. */
static void down_port(void **state)
{
	struct pkt_spec s = udp4(10);
	struct pkt p;

	pkt_build(&p, &s);
	for (int i = 0; i < 2; i++) {
		if (i)
			esvc_link(r.h->dev, false);
		else
			ok(esvh_port(&r.d, false));
		assert_true(esvh_send(&r.d, 0, p.b, p.len, NULL));
		esvh_pump(r.h);
		assert_int_equal(esvh_tx_done(&r.d, 0), r.d.tx[0].tail);
		assert_int_equal(esvh_counter(&r.d, ESV_C_TX_DROP_DOWN), i + 1);
		ok(esvh_port(&r.d, true));
	}
	assert_int_equal(wire_frames(), 0);
}

/* TXD-6: a transmit buffer is never written, whatever is done to the frame. */
static void buffers_untouched(void **state)
{
	struct pkt_spec s = tcp4(5000);
	struct esvh_tx_opts o = { .flags = ESV_TXD_TSO | ESV_TXD_CSUM, .mss = 1000, .hdr_len = 54, .csum_start = 34,
				  .csum_offset = 16 };
	struct pkt p;

	pkt_build(&p, &s);
	assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
	esvh_pump(r.h);
	assert_memory_equal(esvh_at(r.h, r.d.tx[0].buf, p.len), p.b, p.len);
	assert_int_equal(wire_frames(), 5);
}

/* Four pairs with 60 frames each; between two of one pair, each other one sends at most so many. */
static void turns(unsigned int depth, unsigned int most)
{
	struct pkt_spec s = udp4(60);
	struct pkt p;
	static uint8_t got[2048];
	unsigned int seen[4] = { 0 }, before[4][4] = { { 0 } };

	rig_down(&r);
	rig_up(&r, NULL);
	r.d.pairs = 4;
	ok(esvh_drv_start(&r.d));
	r.h->out.depth = depth;
	for (unsigned int q = 0; q < 4; q++) {
		for (int i = 0; i < 60; i++) {
			s.fill = (uint8_t)q;
			pkt_build(&p, &s);
			assert_true(esvh_send(&r.d, q, p.b, p.len, NULL));
		}
	}
	for (int i = 0; i < 240; i++) {
		esvh_pump(r.h);
		assert_int_equal(esvh_wire_take(r.h, got, sizeof(got)), p.len);
		assert_true(got[p.data] < 4);
		seen[got[p.data]]++;
		memset(before[got[p.data]], 0, sizeof(before[0]));
		for (unsigned int q = 0; q < 4; q++)
			if (q != got[p.data] && seen[q] < 60)
				assert_in_range(++before[q][got[p.data]], 1, most);
	}
	for (unsigned int q = 0; q < 4; q++)
		assert_int_equal(esvh_tx_done(&r.d, q), r.d.tx[q].tail);
}

/* TXD-12: over a wire that takes all, and over one that is full: then it is the next one's turn behind each frame. */
static void round_robin(void **state)
{
	turns(1000, 32);
	turns(3, 4);	/* three that it takes at once, and the one that waits */
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(shape), T(fields), T(lengths), T(buffers_out_of_reach), T(mtu), T(incomplete), T(wrapped),
		T(rewritten), T(wild_tail), T(destroy_while_waiting), T(down_port), T(buffers_untouched),
		T(round_robin),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-txd", tests, NULL, NULL) ? 1 : 0;
}
