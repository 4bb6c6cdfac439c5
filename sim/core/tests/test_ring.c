// SPDX-License-Identifier: GPL-2.0-or-later
/* Doorbells and interrupts by index: nothing is lost in a race (RNG-5, RNG-6). */
#include "t.h"

#include "esvc_dev.h"

static struct rig r;
static struct pkt p;

static int up(void **state)
{
	struct pkt_spec s = udp4(60);

	rig_start(&r, NULL);
	pkt_build(&p, &s);
	memcpy(p.b, r.d.mac, 6);
	return 0;
}

static int down(void **state)
{
	rig_down(&r);
	return 0;
}

#define BACK	128	/* twice the largest ring: indices and phases stay what they are */

static void set_back(struct esvc_ring *ring)
{
	struct esv_shadow *sh = esvh_shadow(&r.d, ring->shadow);

	ring->head -= BACK;
	ring->tail -= BACK;
	ring->irq_seen -= BACK;
	sh->tail = htole32(le32toh(sh->tail) - BACK);
	sh->irq_at = htole32(le32toh(sh->irq_at) - BACK);
	sh->head = htole32(le32toh(sh->head) - BACK);
}

/* As if all rings had gone round for so long that their positions pass 2^32 after BACK more. */
static void near_wrap(void)
{
	struct esvc_dev *dev = r.h->dev;

	set_back(&dev->admin.sq);
	dev->admin.cq_count -= BACK;
	set_back(&dev->events.r);
	set_back(&dev->txq[0].r);
	set_back(&dev->rxq[0].r);
	dev->txq[0].cache_n = dev->rxq[0].cache_n = 0;
	r.d.sq_tail -= BACK;
	r.d.cq_seen -= BACK;
	r.d.eq_seen -= BACK;
	r.d.tx[0].tail -= BACK;
	r.d.rx[0].tail -= BACK;
	r.d.rx[0].seen -= BACK;
}

/* RNG-1, RNG-9: nothing happens to any ring when its positions pass 2^32. */
static void positions_wrap(void **state)
{
	struct esvh_cmd nop = { .opcode = ESV_OP_NOP };
	struct esvh_tx_opts o = { .frag = 40 };
	uint8_t got[2048];
	struct esv_eqe e;

	near_wrap();
	for (uint32_t i = 0; i < 2 * BACK; i++) {
		assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
		esvh_pump(r.h);
		assert_int_equal(esvh_wire_take(r.h, got, sizeof(got)), p.len);
		assert_memory_equal(got, p.b, p.len);
		assert_true(esvc_receive(r.h->dev, p.b, p.len) > 0);
		assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), NULL, true), p.len);
		assert_memory_equal(got, p.b, p.len);
		ok(esvh_cmd(&r.d, &nop));
		esvc_link(r.h->dev, false);
		esvc_link(r.h->dev, true);
		for (uint64_t up = 0; up < 2; up++) {
			assert_true(esvh_event(&r.d, &e));
			assert_int_equal(e.type, ESV_EV_LINK);
			assert_int_equal(le64toh(e.arg0), up);
			assert_false(e.flags & ESV_EQE_LOST);
		}
	}
	assert_in_range(r.d.tx[0].tail, BACK, 0x10000);
	assert_in_range(r.d.rx[0].seen, BACK, 0x10000);
	assert_in_range(r.d.cq_seen, BACK, 0x10000);
	assert_in_range(r.d.eq_seen, BACK, 0x10000);
}

/* Post one frame at the very moment of the when-th access, as a driver on another CPU would. */
struct race {
	unsigned int when, seen;
	bool fired, rang;
};

static void post_frame(struct esvh_host *h, uint64_t addr, size_t len, bool write)
{
	struct race *k = h->on_dma_arg;
	struct esv_shadow *sh = esvh_shadow(&r.d, r.d.tx[0].shadow);
	struct esvh_txq *t = &r.d.tx[0];
	struct esv_tx_desc d = { .addr = htole64(t->buf), .len = htole16((uint16_t)p.len),
				 .flags = htole16(ESV_TXD_SOP | ESV_TXD_EOP), .nr_desc = 1 };

	if (k->fired || ++k->seen < k->when)
		return;
	k->fired = true;
	memcpy(esvh_at(h, t->buf, p.len), p.b, p.len);
	esvh_tx_desc(&r.d, 0, &d);
	sh->tail = htole32(t->tail);
	/* The device can't be called from inside of itself: the bell comes later, if it is asked for. */
	k->rang = sh->db_want;
}

/* RNG-5: a frame posted between any two accesses of the device goes out, with or without a doorbell. */
static void no_doorbell_lost(void **state)
{
	uint8_t buf[2048];
	unsigned int with = 0, without = 0;

	for (unsigned int when = 1; when < 40; when++) {
		struct race k = { .when = when };
		unsigned int frames = 0, want;

		assert_true(esvh_send(&r.d, 0, p.b, p.len, NULL));
		r.h->on_dma_arg = &k;
		r.h->on_dma = post_frame;
		esvh_pump(r.h);
		r.h->on_dma = NULL;
		want = k.fired ? 2 : 1;
		if (k.fired && k.rang) {
			esvc_doorbell(r.h->dev, ESV_DB_TX(0));
			esvh_pump(r.h);
			with++;
		} else if (k.fired) {
			without++;
		}
		while (esvh_wire_take(r.h, buf, sizeof(buf)))
			frames++;
		assert_int_equal(frames, want);
	}
	assert_true(with > 0 && without > 0);
}

/* While the device works it does not ask for doorbells; asleep it does. */
static unsigned int asked, read_buffers;

static void watch_want(struct esvh_host *h, uint64_t addr, size_t len, bool write)
{
	struct esvh_txq *t = &r.d.tx[0];

	/* At the time that buffers are read, no bell must be wanted. */
	if (write || addr < t->buf || addr >= t->buf + t->size * t->slot)
		return;
	read_buffers++;
	asked += esvh_shadow(&r.d, t->shadow)->db_want != 0;
}

/* RNG-5: db_want is 0 whenever a buffer is read, and 1 when all is done. */
static void doorbell_suppressed(void **state)
{
	for (int i = 0; i < 20; i++)
		assert_true(esvh_send(&r.d, 0, p.b, p.len, NULL));
	asked = read_buffers = 0;
	r.h->on_dma = watch_want;
	esvh_pump(r.h);
	r.h->on_dma = NULL;
	assert_int_equal(read_buffers, 20);
	assert_int_equal(asked, 0);
	assert_int_equal(le32toh(esvh_shadow(&r.d, r.d.tx[0].shadow)->db_want), 1);
}

/* RNG-6: one interrupt when irq_at is passed, none before and none after, over the wrap of 32 bits. */
static void irq_by_index(void **state)
{
	struct esv_shadow *sh = esvh_shadow(&r.d, r.d.rx[0].shadow);
	uint8_t buf[2048];

	near_wrap();
	for (unsigned int round = 0; round < 10; round++) {
		/* With this gap irq_at is 2^32 - 1 once. */
		unsigned int gap = (round + 1) % 10;
		uint32_t irqs = r.h->irqs[1], start = r.d.rx[0].seen;

		assert_true(round != 6 || start + gap == UINT32_MAX);
		sh->irq_at = htole32(start + gap);
		for (unsigned int i = 0; i < 20; i++) {
			assert_true(esvc_receive(r.h->dev, p.b, p.len) > 0);
			assert_int_equal(r.h->irqs[1] - irqs, i >= gap);
		}
		for (int i = 0; i < 20; i++)
			assert_true(esvh_recv(&r.d, 0, buf, sizeof(buf), NULL, true) > 0);
	}
	assert_int_equal(r.d.rx[0].seen, 200 - BACK);
}

/* The driver re-arms at the moment of any access of the device: then looks once more, and misses nothing. */
struct rearm {
	unsigned int when, seen;
	bool fired, found;
	uint32_t count;
};

static void rearm(struct esvh_host *h, uint64_t addr, size_t len, bool write)
{
	struct rearm *k = h->on_dma_arg;
	struct esvh_rxq *q = &r.d.rx[0];
	struct esv_rx_cqe *c;

	if (k->fired || ++k->seen < k->when)
		return;
	k->fired = true;
	esvh_shadow(&r.d, q->shadow)->irq_at = htole32(q->seen);
	c = esvh_at(h, q->cq + (q->seen & (q->cq_size - 1)) * sizeof(*c), sizeof(*c));
	k->found = !!(c->flags & ESV_RXC_PHASE) == !(q->seen & q->cq_size);
}

/* RNG-6: whatever the moment of the re-arming, the look or an interrupt tells of the frame. */
static void no_interrupt_lost(void **state)
{
	uint8_t buf[2048];
	unsigned int by_irq = 0, by_look = 0;

	for (unsigned int when = 1; when < 12; when++) {
		struct rearm k = { .when = when };
		struct esv_shadow *sh = esvh_shadow(&r.d, r.d.rx[0].shadow);
		uint32_t irqs = r.h->irqs[1];

		/* Not armed: as if the driver polls. */
		sh->irq_at = htole32(r.d.rx[0].seen - 1);
		r.h->on_dma_arg = &k;
		r.h->on_dma = rearm;
		assert_true(esvc_receive(r.h->dev, p.b, p.len) > 0);
		r.h->on_dma = NULL;
		if (!k.fired)
			sh->irq_at = htole32(r.d.rx[0].seen);
		else
			assert_true(k.found || r.h->irqs[1] != irqs);
		by_irq += r.h->irqs[1] != irqs;
		by_look += k.found;
		assert_int_equal(esvh_recv(&r.d, 0, buf, sizeof(buf), NULL, true), p.len);
	}
	assert_true(by_irq > 0 && by_look > 0);
}

/* RNG-6 for transmit, over the wrap of 32 bits: the count is head. */
static void tx_interrupt(void **state)
{
	struct esv_shadow *sh = esvh_shadow(&r.d, r.d.tx[0].shadow);

	near_wrap();
	for (unsigned int n = 1; n < 200; n++) {
		uint32_t irqs = r.h->irqs[1];

		sh->irq_at = htole32(esvh_tx_done(&r.d, 0) + 2);
		for (unsigned int i = 0; i < 1 + n % 5; i++)
			assert_true(esvh_send(&r.d, 0, p.b, p.len, NULL));
		esvh_pump(r.h);
		assert_int_equal(r.h->irqs[1] - irqs, 1 + n % 5 > 2);
	}
}

/* I7, REG-13, ESVC_FAULT_IRQ_LOST: every nth interrupt is not raised. */
static void lost_interrupts(void **state)
{
	struct esvc_config cfg = plain_config();
	unsigned int seen;

	rig_down(&r);
	cfg.fault = ESVC_FAULT_IRQ_LOST;
	cfg.fault_n = 3;
	rig_up(&r, &cfg);
	for (int i = 0; i < 9; i++)
		esvh_reg_set(&r.d, ESV_REG_TEST_IRQ, 2);
	seen = r.h->irqs[2];
	assert_int_equal(seen, 6);
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(positions_wrap), T(no_doorbell_lost), T(doorbell_suppressed), T(irq_by_index), T(no_interrupt_lost), T(tx_interrupt),
		T(lost_interrupts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-ring", tests, NULL, NULL) ? 1 : 0;
}
