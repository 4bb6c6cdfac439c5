// SPDX-License-Identifier: GPL-2.0-or-later
/* Receive: buffers, jumbo, filter, hash, checksums, waiting for buffers. */
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

static struct pkt mine(size_t payload)
{
	struct pkt_spec s = udp4(payload);
	struct pkt p;

	s.dst = r.d.mac;
	pkt_build(&p, &s);
	return p;
}

static int rx(const struct pkt *p)
{
	return esvc_receive(r.h->dev, p->b, p->len);
}

static void reconfigure(uint16_t buf_len, uint16_t mtu)
{
	rig_down(&r);
	rig_up(&r, NULL);
	r.d.buf_len = buf_len;
	r.d.mtu = mtu;
	ok(esvh_drv_start(&r.d));
}

/* RXC-4, QUE-1: frames of all lengths in buffers of several sizes up to the largest, over many turns of the ring. */
static void multi_buffer(void **state)
{
	static const uint16_t sizes[] = { 256, 320, 2048, 4096, 16384 };
	static uint8_t got[PKT_MAX];

	for (size_t i = 0; i < 5; i++) {
		reconfigure(sizes[i], 9000);
		for (size_t len = 1; len < 8900; len += 131) {
			struct pkt p = mine(len);
			uint32_t before = r.d.rx[0].seen;
			struct esv_rx_cqe c;

			assert_true(rx(&p) > 0);
			assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), &c, true), p.len);
			assert_int_equal(r.d.rx[0].seen - before, (p.len + sizes[i] - 1) / sizes[i]);
			assert_memory_equal(got, p.b, p.len);
			assert_int_equal(c.crypto, ESV_RX_CRYPTO_NONE);
		}
	}
}

/* RXC-4: exact multiples of the buffer size need no empty last buffer. */
static void exact_fit(void **state)
{
	struct esvh_rxq *q;
	static uint8_t got[4096];

	reconfigure(256, 1500);
	q = &r.d.rx[0];
	for (size_t n = 1; n < 6; n++) {
		struct pkt p = mine(256 * n - 42);
		uint32_t before = q->seen;

		assert_int_equal(p.len, 256 * n);
		assert_true(rx(&p) > 0);
		assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), NULL, true), p.len);
		assert_int_equal(q->seen - before, n);
	}
}

/* CNT-10 RX_DROP_LENGTH: too short, too long for the MTU; tags are extra. */
static void length_limits(void **state)
{
	struct pkt p = mine(1472);
	uint64_t n;

	assert_true(rx(&p) > 0);
	assert_true(esvc_receive(r.h->dev, p.b, 13) > 0);
	assert_true(esvc_receive(r.h->dev, p.b, 0) > 0);
	p = mine(1472 + 9);
	assert_true(rx(&p) > 0);
	p = mine(60000);
	assert_true(rx(&p) > 0);
	n = esvh_counter(&r.d, ESV_C_RX_DROP_LENGTH);
	assert_int_equal(n, 4);
	assert_int_equal(esvh_counter(&r.d, ESV_C_RX_FRAMES), 1);
	for (int vlans = 1; vlans <= 2; vlans++) {
		struct pkt_spec s = udp4(1472);

		s.dst = r.d.mac;
		s.vlans = vlans;
		pkt_build(&p, &s);
		assert_true(rx(&p) > 0);
		assert_int_equal(esvh_counter(&r.d, ESV_C_RX_FRAMES), 1 + vlans);
	}
}

static bool passes(const uint8_t mac[6])
{
	uint64_t before = esvh_counter(&r.d, ESV_C_RX_FRAMES);
	uint64_t dropped = esvh_counter(&r.d, ESV_C_RX_DROP_FILTER);
	struct pkt p = mine(30);
	struct esv_rx_cqe c;
	uint8_t got[2048];
	bool pass;

	memcpy(p.b, mac, 6);
	assert_true(rx(&p) > 0);
	pass = esvh_recv(&r.d, 0, got, sizeof(got), &c, true) > 0;
	assert_int_equal(esvh_counter(&r.d, ESV_C_RX_FRAMES), before + pass);
	assert_int_equal(esvh_counter(&r.d, ESV_C_RX_DROP_FILTER), dropped + !pass);
	if (pass)
		assert_int_equal(!!(c.flags & ESV_RXC_MCAST), mac[0] & 1);
	return pass;
}

static void filter(uint16_t flags, uint16_t count, const uint8_t *addr)
{
	struct esv_filter_params f = { .flags = htole16(flags), .count = htole16(count) };

	if (count)
		memcpy(f.addr[count - 1], addr, 6);
	ok(esvh_do(&r.d, ESV_OP_RX_FILTER_SET, 0, &f, sizeof(f)));
}

/* RXF-1: own unicast, broadcast, listed multicast, the two wide modes. */
static void filters(void **state)
{
	static const uint8_t bc[6] = { 255, 255, 255, 255, 255, 255 }, mc[6] = { 1, 0, 0x5e, 1, 2, 3 };
	static const uint8_t mc2[6] = { 1, 0, 0x5e, 1, 2, 4 }, other[6] = { 2, 9, 9, 9, 9, 9 };
	uint8_t old[6];

	assert_true(passes(r.d.mac) && passes(bc));
	assert_false(passes(mc) || passes(other));
	filter(0, 64, mc);
	assert_true(passes(mc) && passes(r.d.mac));
	assert_false(passes(mc2) || passes(other));
	filter(ESV_FILTER_ALLMULTI, 0, NULL);
	assert_true(passes(mc) && passes(mc2));
	assert_false(passes(other));
	filter(ESV_FILTER_PROMISC, 0, NULL);
	assert_true(passes(mc) && passes(other));
	filter(0, 0, NULL);
	assert_false(passes(mc) || passes(other));
	memcpy(old, r.d.mac, 6);
	memcpy(r.d.mac, other, 6);
	ok(esvh_port(&r.d, true));
	assert_true(passes(other));
	assert_false(passes(old));
}

static struct esv_rx_cqe cqe_of(const struct pkt_spec *s, void (*harm)(struct pkt *))
{
	struct pkt_spec spec = *s;
	struct esv_rx_cqe c;
	uint8_t got[2048];
	struct pkt p;

	spec.dst = r.d.mac;
	pkt_build(&p, &spec);
	if (harm)
		harm(&p);
	assert_true(rx(&p) > 0);
	assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), &c, true), p.len);
	return c;
}

static void no_udp_sum(struct pkt *p)
{
	p->b[p->l4 + 6] = p->b[p->l4 + 7] = 0;
}

static void udp_len(struct pkt *p)
{
	p->b[p->l4 + 5]--;
}

static void fragment(struct pkt *p)
{
	uint8_t *ip = p->b + p->l3;

	ip[6] = 0x20;
	ip[10] = ip[11] = 0;
	pkt16(ip + 10, (uint16_t)~slow_sum(0, ip, 20));
}

static void padded(struct pkt *p)
{
	memset(p->b + p->len, 0xaa, 20);
	p->len += 20;
}

static void truncated(struct pkt *p)
{
	p->len -= 4;
}

static void not_ip(struct pkt *p)
{
	p->b[13] = 0x06;
}

#define BOTH (ESV_RXC_CSUM_L3 | ESV_RXC_CSUM_L4)

/* RXC-3: checksum flags are said only of what was verified. */
static void checksum_flags(void **state)
{
	struct pkt_spec s;
	struct esv_rx_cqe c;

	for (size_t n = 0; n < 300; n += 7) {
		s = tcp4(n);
		s.vlans = (int)(n % 3);
		assert_int_equal(cqe_of(&s, NULL).csum, BOTH);
		assert_int_equal(cqe_of(&s, padded).csum, BOTH);
		assert_int_equal(cqe_of(&s, truncated).csum, 0);
		s.bad_l4 = true;
		assert_int_equal(cqe_of(&s, NULL).csum, ESV_RXC_CSUM_L3);
		s.bad_l3 = true;
		assert_int_equal(cqe_of(&s, NULL).csum, 0);
		s.bad_l4 = false;
		assert_int_equal(cqe_of(&s, NULL).csum, ESV_RXC_CSUM_L4);
		s = tcp6(n);
		assert_int_equal(cqe_of(&s, NULL).csum, ESV_RXC_CSUM_L4);
		s.bad_l4 = true;
		assert_int_equal(cqe_of(&s, NULL).csum, 0);
	}
	s = udp4(33);
	assert_int_equal(cqe_of(&s, NULL).csum, BOTH);
	assert_int_equal(cqe_of(&s, no_udp_sum).csum, ESV_RXC_CSUM_L3);
	assert_int_equal(cqe_of(&s, udp_len).csum, ESV_RXC_CSUM_L3);
	assert_int_equal(cqe_of(&s, fragment).csum, ESV_RXC_CSUM_L3);
	c = cqe_of(&s, not_ip);
	assert_int_equal(c.csum, 0);
	assert_int_equal(c.hash_type, ESV_HASH_NONE);
	assert_int_equal(le16toh(c.inner_type), 0x0806);
	s.proto = 132;
	assert_int_equal(cqe_of(&s, NULL).csum, ESV_RXC_CSUM_L3);
}

/* ADM-42: without VLAN_PARSE a tagged frame is no IP frame to hash and checksums; an untagged one is. */
static void vlan_parse_off(void **state)
{
	__le32 feat = htole32(ESV_OFF_RX_CSUM | ESV_OFF_RSS);
	struct esvh_cmd set = { .opcode = ESV_OP_FEATURES_SET, .inl = &feat, .inl_len = 4 };
	struct pkt_spec s = tcp4(40);

	ok(esvh_cmd(&r.d, &set));
	for (s.vlans = 0; s.vlans < 3; s.vlans++) {
		struct esv_rx_cqe c = cqe_of(&s, NULL);

		assert_int_equal(c.csum, s.vlans ? 0 : BOTH);
		assert_int_equal(c.hash_type, s.vlans ? ESV_HASH_NONE : ESV_HASH_L4);
		assert_int_equal(le16toh(c.inner_type), 0x0800);
	}
}

/* Put n bytes of extension headers between IPv6 and TCP: kind, then what each says comes next. */
static struct pkt with_ext(const uint8_t *kinds, size_t n)
{
	struct pkt_spec s = tcp6(40);
	struct pkt p;

	s.dst = r.d.mac;
	pkt_build(&p, &s);
	memmove(p.b + p.l4 + 8 * n, p.b + p.l4, p.len - p.l4);
	memset(p.b + p.l4, 0, 8 * n);
	p.b[p.l3 + 6] = kinds[0];
	for (size_t i = 0; i < n; i++)
		p.b[p.l4 + 8 * i] = i + 1 < n ? kinds[i + 1] : 6;
	pkt16(p.b + p.l3 + 4, (uint32_t)(p.len - p.l4 + 8 * n));
	p.len += 8 * n;
	return p;
}

static struct esv_rx_cqe deliver_cqe(const struct pkt *p)
{
	struct esv_rx_cqe c;
	uint8_t got[2048];

	assert_true(rx(p) > 0);
	assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), &c, true), p->len);
	assert_memory_equal(got, p->b, p->len);
	return c;
}

/* RSS-2, RXC-3: IPv6 extension headers are stepped over; fragments and endless chains have no ports. */
static void extension_headers(void **state)
{
	static const uint8_t known[] = { 0, 60, 43, 60 }, frag[] = { 0, 44 }, odd[] = { 0, 135 };
	static const uint8_t many[] = { 60, 60, 60, 60, 60, 60, 60, 60 };
	struct esv_rx_cqe c;
	struct pkt p;

	for (size_t n = 1; n <= 4; n++) {
		p = with_ext(known, n);
		c = deliver_cqe(&p);
		assert_int_equal(c.hash_type, ESV_HASH_L4);
		assert_int_equal(c.csum, ESV_RXC_CSUM_L4);
	}
	p = with_ext(frag, 2);
	assert_int_equal(deliver_cqe(&p).hash_type, ESV_HASH_L3);
	p = with_ext(odd, 2);
	assert_int_equal(deliver_cqe(&p).hash_type, ESV_HASH_L3);
	p = with_ext(many, 8);
	c = deliver_cqe(&p);
	assert_int_equal(c.hash_type, ESV_HASH_L3);
	assert_int_equal(c.csum, 0);
	/* A header whose length leads out of the packet. */
	p = with_ext(known, 2);
	p.b[p.l4 + 1] = 0xff;
	c = deliver_cqe(&p);
	assert_int_equal(c.hash_type, ESV_HASH_L3);
	/* The packet ends inside of a header. */
	p = with_ext(known, 4);
	p.len = p.l4 + 12;
	pkt16(p.b + p.l3 + 4, 12);
	assert_int_equal(deliver_cqe(&p).csum, 0);
	/* Version that is not the ethertype's. */
	p = with_ext(known, 1);
	p.b[p.l3] = 0x40;
	assert_int_equal(deliver_cqe(&p).hash_type, ESV_HASH_NONE);
}

/* RSS-1, RSS-2: four queues, spread by the table, same flow same queue, hash in the completion. */
static void spread(void **state)
{
	struct esv_rss_params rss = { 0 };
	unsigned int per[4] = { 0 };
	uint8_t got[2048];

	rig_down(&r);
	rig_up(&r, NULL);
	r.d.pairs = 4;
	ok(esvh_drv_start(&r.d));
	for (int i = 0; i < 40; i++)
		rss.key[i] = (uint8_t)(i * 37 + 11);
	for (int i = 0; i < 128; i++)
		rss.table[i] = (uint8_t)(i % 4);
	ok(esvh_do(&r.d, ESV_OP_RSS_SET, 0, &rss, sizeof(rss)));
	for (int i = 0; i < 400; i++) {
		struct pkt_spec s = tcp4(10);
		uint32_t first = 0;
		struct pkt p;

		s.dst = r.d.mac;
		s.sport = (uint16_t)(1024 + i * 7);
		pkt_build(&p, &s);
		for (int twice = 0; twice < 2; twice++) {
			struct esv_rx_cqe c = { 0 };
			unsigned int q, hits = 0;

			assert_true(rx(&p) > 0);
			for (q = 0; q < 4; q++) {
				if (!esvh_recv(&r.d, q, got, sizeof(got), &c, true))
					continue;
				hits++;
				per[q]++;
				assert_int_equal(le32toh(c.hash) % 4, q);
				assert_int_equal(c.hash_type, ESV_HASH_L4);
				if (twice)
					assert_int_equal(le32toh(c.hash), first);
				first = le32toh(c.hash);
			}
			assert_int_equal(hits, 1);
		}
	}
	for (int q = 0; q < 4; q++)
		assert_in_range(per[q], 100, 300);
	/* RSS-1: a table that names a queue that is gone falls to the lowest one that lives. */
	for (unsigned int q = 0; q < 4; q++)
		if (q != 2)
			ok(esvh_queue_destroy(&r.d, q, ESV_QUEUE_RX));
	for (int i = 0; i < 20; i++) {
		struct pkt_spec s = tcp4(10);
		struct pkt p;

		s.dst = r.d.mac;
		s.sport = (uint16_t)i;
		pkt_build(&p, &s);
		assert_true(rx(&p) > 0);
		assert_int_equal(esvh_recv(&r.d, 2, got, sizeof(got), NULL, true), p.len);
	}
	ok(esvh_queue_destroy(&r.d, 2, ESV_QUEUE_RX));
	{
		struct pkt p = mine(10);

		assert_true(rx(&p) > 0);
		assert_int_equal(esvh_counter(&r.d, ESV_C_RX_DROP_DOWN), 1);
	}
}

/* Use up all buffers. */
static void exhaust(void)
{
	struct pkt p = mine(30);

	for (int i = 0; i < 64; i++)
		assert_true(rx(&p) > 0);
}

static unsigned int collect(bool repost)
{
	uint8_t got[2048];
	unsigned int n = 0;

	while (esvh_recv(&r.d, 0, got, sizeof(got), NULL, repost))
		n++;
	return n;
}

/* RXC-7: without buffers one frame waits and holds the wire; a doorbell frees both; nothing is lost. */
static void waits_for_buffers(void **state)
{
	struct pkt p = mine(99);
	unsigned int ready;

	exhaust();
	assert_int_equal(le32toh(esvh_shadow(&r.d, r.d.rx[0].shadow)->db_want), 0);
	assert_true(rx(&p) > 0);
	assert_int_equal(le32toh(esvh_shadow(&r.d, r.d.rx[0].shadow)->db_want), 1);
	assert_int_equal(rx(&p), 0);
	assert_int_equal(rx(&p), 0);
	assert_int_equal(collect(false), 64);
	ready = r.h->rx_ready;
	esvh_rx_post(&r.d, 0, 64);
	esvh_pump(r.h);
	assert_int_equal(r.h->rx_ready, ready + 1);
	assert_int_equal(le32toh(esvh_shadow(&r.d, r.d.rx[0].shadow)->db_want), 0);
	assert_true(rx(&p) > 0);
	assert_int_equal(collect(true), 2);
	assert_int_equal(esvh_counter(&r.d, ESV_C_RX_DROP_NOBUF), 0);
}

/* RXC-7: the wait is bounded; then frames are dropped and counted until buffers come. */
static void bounded_wait(void **state)
{
	struct pkt p = mine(99);
	unsigned int ready;

	exhaust();
	assert_true(rx(&p) > 0);
	assert_int_equal(rx(&p), 0);
	ready = r.h->rx_ready;
	esvh_advance(r.h, 99000000);
	assert_int_equal(rx(&p), 0);
	esvh_advance(r.h, 2000000);
	assert_int_equal(r.h->rx_ready, ready + 1);
	for (int i = 0; i < 10; i++)
		assert_true(rx(&p) > 0);
	assert_int_equal(esvh_counter(&r.d, ESV_C_RX_DROP_NOBUF), 11);
	assert_int_equal(collect(true), 64);
	assert_true(rx(&p) > 0);
	assert_int_equal(collect(true), 1);
	/* And then it waits again. */
	exhaust();
	assert_true(rx(&p) > 0);
	assert_int_equal(rx(&p), 0);
	/* QUE-3: what waits does not outlive the queue. */
	ok(esvh_queue_destroy(&r.d, 0, ESV_QUEUE_RX));
	assert_true(rx(&p) > 0);
}

/* RXC-6, ESVC_FAULT_RX_BUFFER: every nth frame is lost with all its buffers handed back, the others arrive. */
static void buffers_out_of_reach(void **state)
{
	struct esvc_config cfg = plain_config();
	struct pkt p = mine(99);
	uint8_t got[2048];

	rig_down(&r);
	cfg.fault = ESVC_FAULT_RX_BUFFER;
	cfg.fault_n = 3;
	rig_start(&r, &cfg);
	for (int i = 0; i < 9; i++)
		assert_true(rx(&p) > 0);
	for (int i = 0; i < 6; i++)
		assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), NULL, true), p.len);
	assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), NULL, true), 0);
	assert_int_equal(r.d.rx[0].empty, 3);
	assert_int_equal(esvh_counter(&r.d, ESV_C_RX_DROP_DMA), 3);
}

/* RXD-2, RXC-6: bad buffers come back empty, the frame is counted, the next one arrives. */
static void bad_buffers(void **state)
{
	struct esvh_rxq *q = &r.d.rx[0];
	struct esv_rx_desc *d = esvh_at(r.h, q->ring, q->size * sizeof(*d));
	struct pkt p = mine(99);
	struct esv_eqe e;
	unsigned int reason[3] = { 0 };
	uint8_t got[2048];

	d[0].len = htole16(2047);
	d[1].rsvd = htole32(1);
	d[2].addr = htole64(0xdead0000);
	for (int i = 0; i < 3; i++) {
		assert_true(rx(&p) > 0);
		esvh_advance(r.h, 1000000000);
		assert_true(esvh_event(&r.d, &e));
		assert_int_equal(e.type, ESV_EV_QUEUE_ERROR);
		assert_int_equal(le32toh(e.object), 1);
		assert_int_equal(le64toh(e.arg0), i);
		reason[i] = le32toh(e.arg1);
	}
	assert_int_equal(reason[0], ESV_QERR_LENGTH);
	assert_int_equal(reason[1], ESV_QERR_RESERVED);
	assert_int_equal(reason[2], ESV_QERR_DMA);
	assert_int_equal(esvh_counter(&r.d, ESV_C_RX_DROP_DMA), 3);
	assert_true(rx(&p) > 0);
	assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), NULL, true), p.len);
	assert_int_equal(q->empty, 3);
	/* EVT-7: a flood of bad buffers is one event in a while. */
	ok(esvh_queue_destroy(&r.d, 0, ESV_QUEUE_RX));
	ok(esvh_rx_create(&r.d, 0));
	esvh_rx_post(&r.d, 0, q->size);
	for (uint32_t i = 0; i < q->size; i++)
		d[i].rsvd = htole32(1);
	for (int i = 0; i < 20; i++)
		assert_true(rx(&p) > 0);
	assert_true(esvh_event(&r.d, &e));
	assert_false(esvh_event(&r.d, &e));
}

/* RNG-8: a wild tail or a lost ring stops the queue, with an event, and nothing else. */
static void broken_ring(void **state)
{
	struct pkt p = mine(99);
	struct esv_eqe e;
	uint8_t got[2048];

	for (int i = 0; i < 3; i++) {
		exhaust();
		collect(false);
		r.d.rx[0].tail = r.d.rx[0].seen;
		if (i == 0) {
			esvh_shadow(&r.d, r.d.rx[0].shadow)->tail = htole32(r.d.rx[0].seen + 65);
		} else {
			r.h->dma_fail_lo = i == 1 ? r.d.rx[0].shadow : r.d.rx[0].cq;
			r.h->dma_fail_hi = r.h->dma_fail_lo + (i == 1 ? 64 : 64 * 32);
			esvh_rx_post(&r.d, 0, 64);
		}
		assert_true(rx(&p) > 0);
		r.h->dma_fail_hi = 0;
		assert_true(esvh_event(&r.d, &e));
		assert_int_equal(le32toh(e.arg1), i == 0 ? ESV_QERR_TAIL : ESV_QERR_SHADOW);
		assert_true(rx(&p) > 0);
		assert_int_equal(esvh_counter(&r.d, ESV_C_RX_DROP_DOWN), i + 1);
		ok(esvh_queue_destroy(&r.d, 0, ESV_QUEUE_RX));
		ok(esvh_rx_create(&r.d, 0));
		esvh_rx_post(&r.d, 0, 64);
		assert_true(rx(&p) > 0);
		assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), NULL, true), p.len);
	}
}

/* RNG-9, RNG-10: the word with the phase is written after all the rest of the completion and of the frame. */
static struct {
	uint64_t cq;
	unsigned int data, body, flags;
	bool wrong;
} order;

static void watch_order(struct esvh_host *h, uint64_t addr, size_t len, bool write)
{
	if (!write)
		return;
	if (addr >= r.d.rx[0].buf && addr < r.d.rx[0].buf + 64 * 2048) {
		order.data++;
		order.wrong |= order.body != order.flags || order.body;
	} else if (addr >= order.cq && addr < order.cq + 64 * 32) {
		if (addr % 32 == 0 && len <= 28)
			order.body++;
		else if (addr % 32 == 28 && len == 4)
			order.flags++;
		else
			order.wrong = true;
		order.wrong |= order.flags > order.body || !order.data;
	}
}

/* RNG-9, RNG-10: the writes of one frame in one buffer. */
static void write_order(void **state)
{
	struct pkt p = mine(500);

	order.cq = r.d.rx[0].cq;
	r.h->on_dma = watch_order;
	assert_true(rx(&p) > 0);
	r.h->on_dma = NULL;
	assert_false(order.wrong);
	assert_int_equal(order.data, 1);
	assert_int_equal(order.flags, 1);
}

/* PRT-2: port or link down. */
static void port_down(void **state)
{
	struct pkt p = mine(10);

	ok(esvh_port(&r.d, false));
	assert_true(rx(&p) > 0);
	ok(esvh_port(&r.d, true));
	esvc_link(r.h->dev, false);
	assert_true(rx(&p) > 0);
	esvc_link(r.h->dev, true);
	assert_true(rx(&p) > 0);
	assert_int_equal(esvh_counter(&r.d, ESV_C_RX_DROP_DOWN), 2);
	assert_int_equal(collect(true), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(multi_buffer), T(exact_fit), T(length_limits), T(filters), T(checksum_flags), T(vlan_parse_off), T(extension_headers),
		T(spread),
		T(waits_for_buffers), T(bounded_wait), T(buffers_out_of_reach), T(bad_buffers), T(broken_ring),
		T(write_order), T(port_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-rx", tests, NULL, NULL) ? 1 : 0;
}
