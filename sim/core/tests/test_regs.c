// SPDX-License-Identifier: GPL-2.0-or-later
/* Registers, capability chain, enabling, reset by register. */
#include "t.h"

/* REG-10: identity. REG-1, REG-2: only aligned words that exist. */
static void identity(void **state)
{
	struct rig r;

	rig_up(&r, NULL);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_MAGIC), ESV_MAGIC);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_IF_VERSION), ESV_IF_VERSION);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_MAC_LO), 0xe5005452);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_MAC_HI), 0x0176);
	assert_true(esvh_reg(&r.d, ESV_REG_STATUS) & ESV_STAT_READY);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_RESET_REASON), ESV_RESET_POWER_ON);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_LINK) & 1, 1);
	assert_int_equal(esvh_reg(&r.d, 2), 0);
	for (uint32_t off = 0; off < ESV_BAR0_SIZE + 64; off++)
		esvh_reg(&r.d, off);
	esvh_reg_set(&r.d, 1, 5);
	assert_string_equal(r.h->last_clause, "REG-2");
	rig_down(&r);
}

/* REG-3: read-only registers stay, ring registers only while disabled. */
static void writes(void **state)
{
	struct rig r;

	rig_up(&r, NULL);
	esvh_reg_set(&r.d, ESV_REG_MAGIC, 0);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_MAGIC), ESV_MAGIC);
	esvh_reg_set(&r.d, ESV_REG_ASQ_LO, 0x1240);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_ASQ_LO), 0x1240);
	esvh_drv_rings(&r.d);
	esvh_reg_set(&r.d, ESV_REG_ASQ_LO, 0x40);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_ASQ_LO), (uint32_t)r.d.asq);
	assert_string_equal(r.h->last_clause, "REG-3");
	for (uint32_t off = 0; off < ESV_DB_BASE; off++)
		if ((off & ~3u) != ESV_REG_CTRL)
			esvh_reg_set(&r.d, off, 0xffffffff);
	assert_true(esvh_reg(&r.d, ESV_REG_STATUS) & ESV_STAT_ENABLED);
	rig_down(&r);
}

/* CAP-1, CAP-3: the chain is well formed and ends; LIMITS comes with must-understand. */
static void caps(void **state)
{
	static const struct { bool ipsec, test; unsigned int n; } rows[] = { { false, false, 2 }, { true, true, 5 } };

	for (size_t i = 0; i < 2; i++) {
		struct esvc_config cfg;
		unsigned int n = 0;
		struct rig r;
		uint32_t at;

		esvc_config_default(&cfg);
		cfg.ipsec = cfg.unit = rows[i].ipsec;
		cfg.test_mode = rows[i].test;
		rig_up(&r, &cfg);
		for (at = esvh_reg(&r.d, ESV_REG_CAP_OFF); at; at = esvh_reg(&r.d, at + 4) >> 16, n++) {
			uint32_t w = esvh_reg(&r.d, at), len = esvh_reg(&r.d, at + 4) & 0xffff;

			assert_true(at % 8 == 0 && len >= 8);
			assert_true(at + len <= esvh_reg(&r.d, ESV_REG_CAP_OFF) + esvh_reg(&r.d, ESV_REG_CAP_LEN));
			if ((w & 0xffff) == ESV_CAP_LIMITS) {
				assert_int_equal(w >> 24, ESV_CAP_F_MUST);
				assert_int_equal(esvh_reg(&r.d, at + 8) & 0xffff, cfg.queue_pairs);
			} else {
				assert_int_equal(w >> 24, 0);
			}
		}
		assert_int_equal(n, rows[i].n);
		rig_down(&r);
	}
}

/* REG-14: each bad ring register is named and the device waits for a reset. */
static void enable_refusals(void **state)
{
	static const struct { uint32_t off, val, named; } bad[] = {
		{ ESV_REG_ASQ_LO, 32, ESV_REG_ASQ_LO }, { ESV_REG_ACQ_LO, 1, ESV_REG_ACQ_LO },
		{ ESV_REG_EQ_LO, 48, ESV_REG_EQ_LO }, { ESV_REG_ADMIN_SHADOW_LO, 4, ESV_REG_ADMIN_SHADOW_LO },
		{ ESV_REG_EQ_SHADOW_LO, 8, ESV_REG_EQ_SHADOW_LO }, { ESV_REG_ADMIN_SIZE, 1, ESV_REG_ADMIN_SIZE },
		{ ESV_REG_ADMIN_SIZE, 0x0509, ESV_REG_ADMIN_SIZE }, { ESV_REG_ADMIN_SIZE, 0x0b05, ESV_REG_ADMIN_SIZE },
		{ ESV_REG_ADMIN_SIZE, 0x10505, ESV_REG_ADMIN_SIZE }, { ESV_REG_ADMIN_VECTOR, 5, ESV_REG_ADMIN_VECTOR },
	};
	struct rig r;

	rig_up(&r, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		esvh_drv_rings(&r.d);
		assert_true(esvh_reg(&r.d, ESV_REG_STATUS) & ESV_STAT_ENABLED);
		esvh_reg_set(&r.d, ESV_REG_CTRL, 0);
		assert_false(esvh_reg(&r.d, ESV_REG_STATUS) & ESV_STAT_ENABLED);
		esvh_reg_set(&r.d, bad[i].off, bad[i].val);
		esvh_reg_set(&r.d, ESV_REG_CTRL, ESV_CTRL_ENABLE);
		assert_int_equal(esvh_reg(&r.d, ESV_REG_FATAL_CODE), ESV_FATAL_CONFIG);
		assert_int_equal(esvh_reg(&r.d, ESV_REG_FATAL_ARG0), bad[i].named);
		assert_int_equal(esvh_reg(&r.d, ESV_REG_STATUS) & 0xe, ESV_STAT_NEEDS_RESET | ESV_STAT_FATAL);
		/* REG-14: nothing helps but a reset. */
		esvh_reg_set(&r.d, ESV_REG_CTRL, ESV_CTRL_ENABLE);
		assert_false(esvh_reg(&r.d, ESV_REG_STATUS) & ESV_STAT_ENABLED);
	}
	rig_down(&r);
}

/* REG-14: shadows out of reach at start. */
static void enable_dma(void **state)
{
	struct rig r;

	rig_up(&r, NULL);
	for (uint64_t n = 1; n <= 2; n++) {
		esvh_drv_rings(&r.d);
		esvh_reg_set(&r.d, ESV_REG_CTRL, 0);
		r.h->dma_fail_in = n;
		esvh_reg_set(&r.d, ESV_REG_CTRL, ESV_CTRL_ENABLE);
		assert_int_equal(esvh_reg(&r.d, ESV_REG_FATAL_CODE), n == 1 ? ESV_FATAL_ADMIN_SHADOW : ESV_FATAL_EVENT);
	}
	rig_down(&r);
}

/* RST-1, RST-10: reset by register: generation, reason, ring registers gone. What else goes: core-reset. */
static void reset(void **state)
{
	struct rig r;
	uint32_t gen;

	rig_start(&r, NULL);
	gen = esvh_reg(&r.d, ESV_REG_STATUS) >> ESV_STAT_GEN_SHIFT & 0xff;
	for (unsigned int reason = 0; reason < 16; reason++) {
		static const uint8_t own[16] = { [ESV_RESET_DRIVER_LOAD] = 1, [ESV_RESET_DRIVER_UNLOAD] = 1,
			[ESV_RESET_ADMIN_TIMEOUT] = 1, [ESV_RESET_HEARTBEAT] = 1, [ESV_RESET_TX_TIMEOUT] = 1,
			[ESV_RESET_FATAL] = 1 };

		esvh_reg_set(&r.d, ESV_REG_CTRL, ESV_CTRL_RESET | reason << ESV_CTRL_REASON_SHIFT);
		assert_int_equal(esvh_reg(&r.d, ESV_REG_CTRL), 0);
		assert_int_equal(esvh_reg(&r.d, ESV_REG_ASQ_LO), 0);
		assert_int_equal(esvh_reg(&r.d, ESV_REG_RESET_REASON), own[reason] ? reason : ESV_RESET_USER);
		assert_int_equal(esvh_reg(&r.d, ESV_REG_STATUS) >> ESV_STAT_GEN_SHIFT & 0xff, ++gen & 0xff);
	}
	rig_down(&r);
}

/* HBT-1: the heartbeat moves while enabled without any work, and stands still by fault. */
static void heartbeat(void **state)
{
	struct esvc_config cfg = plain_config();

	for (int fault = 0; fault < 2; fault++) {
		struct rig r;
		uint32_t before;

		cfg.fault = fault ? ESVC_FAULT_HEARTBEAT : ESVC_FAULT_NONE;
		rig_start(&r, &cfg);
		for (int i = 0; i < 4; i++) {
			before = esvh_reg(&r.d, ESV_REG_HEARTBEAT);
			esvh_advance(r.h, 500000000);
			assert_int_equal(esvh_reg(&r.d, ESV_REG_HEARTBEAT) != before, !fault);
		}
		esvh_reg_set(&r.d, ESV_REG_CTRL, 0);
		assert_int_equal(r.h->timer_ns, 0);
		rig_down(&r);
	}
}

/* REG-11 to REG-13: scratch, interrupt and DMA tests. */
static void self_test_registers(void **state)
{
	struct rig r;
	uint64_t page;
	__le32 *w;

	rig_up(&r, NULL);
	esvh_reg_set(&r.d, ESV_REG_TEST_INVERT, 0x12345678);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_TEST_INVERT), 0xedcba987);
	esvh_reg_set(&r.d, ESV_REG_TEST_IRQ, 3);
	esvh_reg_set(&r.d, ESV_REG_TEST_IRQ, 5);
	esvh_reg_set(&r.d, ESV_REG_TEST_IRQ, 0xffffffff);
	assert_int_equal(r.h->irqs[3], 1);
	assert_int_equal(r.h->irqs[0] + r.h->irqs[1] + r.h->irqs[2] + r.h->irqs[4] + r.h->irqs[5], 0);
	page = esvh_alloc(r.h, 4096, 4096);
	esvh_reg_set(&r.d, ESV_REG_TEST_DMA_LO, (uint32_t)page);
	esvh_reg_set(&r.d, ESV_REG_TEST_DMA_HI, (uint32_t)(page >> 32));
	esvh_reg_set(&r.d, ESV_REG_TEST_DMA_GO, 7);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_TEST_DMA_GO), 1);
	w = esvh_at(r.h, page, 4096);
	for (uint32_t i = 0; i < ESV_TEST_DMA_WORDS; i++)
		assert_int_equal(le32toh(w[i]), ESV_TEST_DMA_WORD(7u, i));
	r.h->dma_fail_in = 1;
	esvh_reg_set(&r.d, ESV_REG_TEST_DMA_GO, 8);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_TEST_DMA_GO), 2);
	esvh_reg_set(&r.d, ESV_REG_TEST_DMA_LO, (uint32_t)page + 64);
	esvh_reg_set(&r.d, ESV_REG_TEST_DMA_GO, 8);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_TEST_DMA_GO), 2);
	rig_down(&r);
}

/* No clause: configurations that make no device, as CAP-11, CAP-13, CAP-14 or PRT-1 could not hold with them. */
static void bad_config(void **state)
{
	for (int i = 0; i < 7; i++) {
		struct esvc_config cfg;
		struct esvh_host *h;

		esvc_config_default(&cfg);
		switch (i) {
		case 0: cfg.queue_pairs = 0; break;
		case 1: cfg.queue_pairs = 65; break;
		case 2: cfg.mac[0] |= 1; break;
		case 3: cfg.sa_max = 0; break;
		case 4: cfg.sa_max = (1u << 20) + 1; break;
		case 5: cfg.unit = false; break;
		case 6: cfg.handle_max = 0; break;
		}
		h = esvh_host_new(&cfg, 1 << 16);
		assert_null(h->dev);
		esvh_host_free(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity), cmocka_unit_test(writes), cmocka_unit_test(caps),
		cmocka_unit_test(enable_refusals), cmocka_unit_test(enable_dma), cmocka_unit_test(reset),
		cmocka_unit_test(heartbeat), cmocka_unit_test(self_test_registers), cmocka_unit_test(bad_config),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-regs", tests, NULL, NULL) ? 1 : 0;
}
