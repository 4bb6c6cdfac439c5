// SPDX-License-Identifier: GPL-2.0-or-later
/* FLR with traffic, and DMA that fails at every single step (RST-2, RST-4, REG-14, RNG-8). */
#include "t.h"

#include "esvc_dev.h"
#include "esvh_esp.h"

static struct pkt_spec spec(size_t payload)
{
	struct pkt_spec s = tcp4(payload);

	s.fill = (uint8_t)payload;
	return s;
}

/* Some of everything: commands, small frames, a large one, frames from the wire, events. */
static void busy_work(struct rig *r)
{
	struct esvh_tx_opts tso = { .flags = ESV_TXD_TSO, .mss = 1000, .hdr_len = 54, .frag = 3000 };
	struct esvh_tx_opts some = { .frag = 200 };
	struct esvh_cmd nop = { .opcode = ESV_OP_NOP };
	struct pkt_spec s = spec(1000), big = spec(20000);
	static struct pkt p, k;

	pkt_build(&p, &s);
	pkt_build(&k, &big);
	esvh_send(&r->d, 0, p.b, p.len, &some);
	esvh_send(&r->d, 0, k.b, k.len, &tso);
	esvh_send(&r->d, 0, p.b, p.len, NULL);
	memcpy(p.b, r->d.mac, 6);
	esvc_receive(r->h->dev, p.b, p.len);
	esvc_link(r->h->dev, false);
	esvc_link(r->h->dev, true);
	esvh_cmd(&r->d, &nop);
	esvc_receive(r->h->dev, p.b, p.len);
	esvh_pump(r->h);
	esvh_advance(r->h, 300000000);
}

static void drain_wire(struct rig *r)
{
	static uint8_t buf[PKT_MAX];

	while (esvh_wire_take(r->h, buf, sizeof(buf)))
		;
}

/* After a reset and a fresh start everything works. */
static void works(struct rig *r)
{
	struct pkt_spec s = udp4(100);
	static uint8_t got[2048];
	struct pkt p;

	r->h->used = 4096;
	memset(r->d.tx, 0, sizeof(r->d.tx));
	memset(r->d.rx, 0, sizeof(r->d.rx));
	ok(esvh_drv_start(&r->d));
	drain_wire(r);
	pkt_build(&p, &s);
	assert_true(esvh_send(&r->d, 0, p.b, p.len, NULL));
	esvh_pump(r->h);
	assert_int_equal(esvh_wire_take(r->h, got, sizeof(got)), p.len);
	memcpy(p.b, r->d.mac, 6);
	assert_true(esvc_receive(r->h->dev, p.b, p.len) > 0);
	assert_int_equal(esvh_recv(&r->d, 0, got, sizeof(got), NULL, true), p.len);
	assert_memory_equal(got, p.b, p.len);
}

/* REG-14, RNG-8: one failing access, at each place in turn: no hang, no crash, and a reset heals. */
static void every_dma_fails(void **state)
{
	unsigned int failed = 0;
	struct rig r;

	rig_start(&r, NULL);
	for (uint64_t n = 1; failed == n - 1; n++) {
		r.h->dma_fail_in = n;
		busy_work(&r);
		failed += !r.h->dma_fail_in;
		r.h->dma_fail_in = 0;
		works(&r);
	}
	assert_in_range(failed, 40, 400);
	rig_down(&r);
}

/* REG-14: from the nth access on nothing is reachable: the device goes quiet. */
static void bus_gone(void **state)
{
	struct rig r;

	rig_start(&r, NULL);
	for (uint64_t n = 0; n < 60; n++) {
		uint64_t ops;

		for (uint64_t i = 0; i < n; i++)
			busy_work(&r);
		r.h->dma_fail_lo = 0;
		r.h->dma_fail_hi = ~0ull;
		busy_work(&r);
		ops = r.h->dma_ops;
		esvh_pump(r.h);
		assert_int_equal(r.h->dma_ops, ops);
		r.h->dma_fail_hi = 0;
		works(&r);
		if (n > 3)
			n += 20;
	}
	rig_down(&r);
}

static uint64_t accesses;

static void count(struct esvh_host *h, uint64_t addr, size_t len, bool write)
{
	accesses++;
}

/* RST-2, RST-5: FLR in the middle of everything: no access to memory after it, and a driver can start anew. */
static void flr(void **state)
{
	struct rig r;

	rig_start(&r, NULL);
	for (unsigned int depth = 0; depth < 24; depth++) {
		uint32_t epoch = esvh_reg(&r.d, ESV_REG_EPOCH_LO);
		uint32_t gen = esvh_reg(&r.d, ESV_REG_STATUS) >> ESV_STAT_GEN_SHIFT & 0xff;

		r.h->out.depth = depth;
		busy_work(&r);
		esvc_reset(r.h->dev, ESV_RESET_FLR);
		r.h->on_dma = count;
		accesses = 0;
		esvc_doorbell(r.h->dev, ESV_DB_TX(0));
		esvc_doorbell(r.h->dev, ESV_DB_RX(0));
		esvc_doorbell(r.h->dev, ESV_DB_ADMIN);
		esvc_doorbell(r.h->dev, ESV_DB_EVENT);
		esvc_wire_ready(r.h->dev);
		esvc_link(r.h->dev, false);
		esvc_link(r.h->dev, true);
		esvh_pump(r.h);
		esvh_advance(r.h, 1000000000);
		assert_true(esvc_receive(r.h->dev, r.d.mac, 6) > 0);
		assert_int_equal(accesses, 0);
		r.h->on_dma = NULL;
		assert_int_equal(esvh_reg(&r.d, ESV_REG_RESET_REASON), ESV_RESET_FLR);
		assert_int_equal(esvh_reg(&r.d, ESV_REG_STATUS) >> ESV_STAT_GEN_SHIFT & 0xff, gen + 1);
		assert_int_not_equal(esvh_reg(&r.d, ESV_REG_EPOCH_LO), epoch);
		drain_wire(&r);
		r.h->out.depth = 1000;
		works(&r);
	}
	rig_down(&r);
}

/* Rings as they were, empty, and no reset by this. */
static void enable(struct rig *r)
{
	const struct { uint32_t reg; uint64_t addr; } rings[] = {
		{ ESV_REG_ASQ_LO, r->d.asq }, { ESV_REG_ACQ_LO, r->d.acq }, { ESV_REG_EQ_LO, r->d.eq },
		{ ESV_REG_ADMIN_SHADOW_LO, r->d.admin_shadow }, { ESV_REG_EQ_SHADOW_LO, r->d.eq_shadow },
	};

	memset(esvh_shadow(&r->d, r->d.admin_shadow), 0, 64);
	memset(esvh_shadow(&r->d, r->d.eq_shadow), 0, 64);
	memset(esvh_at(r->h, r->d.acq, 32 * 32), 0, 32 * 32);
	memset(esvh_at(r->h, r->d.eq, 64 * 32), 0, 64 * 32);
	r->d.sq_tail = r->d.cq_seen = r->d.eq_seen = 0;
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		esvh_reg_set(&r->d, rings[i].reg, (uint32_t)rings[i].addr);
		esvh_reg_set(&r->d, rings[i].reg + 4, (uint32_t)(rings[i].addr >> 32));
	}
	esvh_reg_set(&r->d, ESV_REG_ADMIN_SIZE, r->d.admin_log2 | r->d.event_log2 << 8);
	esvh_reg_set(&r->d, ESV_REG_CTRL, ESV_CTRL_ENABLE);
}

/* Nothing as it is after power on, and at last a fatal error. */
static void configure(struct rig *r)
{
	struct esv_filter_params filter = { .flags = htole16(ESV_FILTER_PROMISC), .count = htole16(1), .addr = { { 1, 2 } } };
	struct esv_rss_params rss = { .key = { 1, 2, 3 } };
	struct esv_port_params port = { .flags = htole32(ESV_PORT_UP), .mtu = htole16(9000), .mac = { 2, 9, 9, 9, 9, 9 } };
	__le32 feat = htole32(ESV_OFF_RSS);
	struct esvh_cmd features = { .opcode = ESV_OP_FEATURES_SET, .inl = &feat, .inl_len = 4 };

	busy_work(r);
	ok(esvh_do(&r->d, ESV_OP_RX_FILTER_SET, 0, &filter, sizeof(filter)));
	ok(esvh_do(&r->d, ESV_OP_RSS_SET, 0, &rss, sizeof(rss)));
	ok(esvh_do(&r->d, ESV_OP_PORT_SET, 0, &port, sizeof(port)));
	ok(esvh_cmd(&r->d, &features));
	esvh_shadow(&r->d, r->d.admin_shadow)->tail = htole32(r->d.sq_tail + 1000);
	esvc_doorbell(r->h->dev, ESV_DB_ADMIN);
	esvh_pump(r->h);
	assert_int_equal(esvh_reg(&r->d, ESV_REG_FATAL_CODE), ESV_FATAL_ADMIN_SHADOW);
}

/* What of it can be seen without a command. */
static void same_settings(const struct esvc_dev *got, const struct esvc_dev *fresh)
{
	static const uint64_t zero[ESV_C_COUNT];

	assert_memory_equal(got->counters, zero, sizeof(zero));
	assert_int_equal(got->port_up, false);
	assert_int_equal(got->mtu, 1500);
	assert_memory_equal(got->mac, got->cfg.mac, 6);
	assert_int_equal(got->features, fresh->features);
	assert_memory_equal(&got->filter, &fresh->filter, sizeof(got->filter));
	assert_memory_equal(&got->rss.params, &fresh->rss.params, sizeof(got->rss.params));
	assert_int_equal(got->fatal_code, 0);
	assert_false(got->enabled);
}

/* RST-4, RST-5: each kind of reset clears filter, RSS, port, counters, features, fatal error, rings and queues. */
static void all_cleared(void **state)
{
	struct rig fresh, r;
	struct pkt p;
	struct pkt_spec s = udp4(100);
	uint8_t got[2048];

	rig_up(&fresh, NULL);
	rig_start(&r, NULL);
	pkt_build(&p, &s);
	for (int way = 0; way < 3; way++) {
		configure(&r);
		if (way)
			esvc_reset(r.h->dev, way == 1 ? ESV_RESET_FLR : ESV_RESET_BUS);
		else
			esvh_reg_set(&r.d, ESV_REG_CTRL, ESV_CTRL_RESET);
		drain_wire(&r);
		same_settings(r.h->dev, fresh.h->dev);
		enable(&r);
		/* A queue that had stayed would exist. */
		ok(esvh_tx_create(&r.d, 0));
		ok(esvh_rx_create(&r.d, 0));
		esvh_rx_post(&r.d, 0, r.d.rx[0].size);
		assert_true(esvh_send(&r.d, 0, p.b, p.len, NULL));
		esvh_pump(r.h);
		assert_int_equal(esvh_counter(&r.d, ESV_C_TX_DROP_DOWN), 1);
		ok(esvh_port(&r.d, true));
		assert_true(esvc_receive(r.h->dev, p.b, p.len) > 0);
		assert_int_equal(esvh_counter(&r.d, ESV_C_RX_DROP_FILTER), 1);
		memcpy(p.b, r.d.mac, 6);
		assert_true(esvc_receive(r.h->dev, p.b, p.len) > 0);
		assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), NULL, true), p.len);
		memset(p.b, 0, 6);
	}
	rig_down(&fresh);
	rig_down(&r);
}

/* SA-40: a reset, which may come when the memory is somebody else's, writes nothing there and raises nothing. */
static void silent(void **state)
{
	struct esvh_esp esp = {
		.family = 4, .mode = ESV_SA_TRANSPORT, .spi = 0x1000, .reqid = 7, .key_len = 36,
		.saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 },
	};
	struct esvc_config cfg;
	uint32_t handle, irqs;
	struct rig r;

	esvc_config_default(&cfg);
	rig_start(&r, &cfg);
	ok(esvh_esp_out(&r.d, &esp, &handle));
	ok(esvh_esp_in(&r.d, &esp, &handle));
	r.h->on_dma = count;
	accesses = 0;
	irqs = r.h->irqs[0];
	esvc_reset(r.h->dev, ESV_RESET_USER);
	esvh_pump(r.h);
	assert_int_equal(accesses, 0);
	assert_int_equal(r.h->irqs[0], irqs);
	rig_down(&r);
}

/* REG-4: disabling stops the rings and leaves the port's settings; enabling begins anew. */
static void disable(void **state)
{
	struct esvh_cmd c = { .opcode = ESV_OP_NOP };
	struct rig r;

	rig_start(&r, NULL);
	r.h->out.depth = 3;
	busy_work(&r);
	esvh_reg_set(&r.d, ESV_REG_CTRL, 0);
	r.h->on_dma = count;
	accesses = 0;
	esvc_doorbell(r.h->dev, ESV_DB_TX(0));
	drain_wire(&r);
	esvh_pump(r.h);
	assert_int_equal(accesses, 0);
	r.h->on_dma = NULL;
	enable(&r);
	ok(esvh_cmd(&r.d, &c));
	ok(esvh_tx_create(&r.d, 0));
	assert_true(esvh_send(&r.d, 0, "01234567890123", 14, NULL));
	esvh_pump(r.h);
	assert_int_equal(r.h->out.count, 1);
	rig_down(&r);
}

/* DBL-1: a doorbell for nothing, for a queue that is not there, beyond the end. */
static void stray_doorbells(void **state)
{
	struct rig r;

	rig_start(&r, NULL);
	for (uint32_t off = ESV_DB_BASE; off < ESV_BAR0_SIZE; off += 4)
		esvh_reg_set(&r.d, off, off);
	esvh_pump(r.h);
	works(&r);
	rig_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dma_fails), cmocka_unit_test(bus_gone), cmocka_unit_test(flr), cmocka_unit_test(all_cleared),
		cmocka_unit_test(silent),
		cmocka_unit_test(disable), cmocka_unit_test(stray_doorbells),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-reset", tests, NULL, NULL) ? 1 : 0;
}
