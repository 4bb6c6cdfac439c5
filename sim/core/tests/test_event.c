// SPDX-License-Identifier: GPL-2.0-or-later
/* The event queue: order, phases, overflow, recovery. */
#include "t.h"

static struct rig r;

static int up(void **state)
{
	rig_up(&r, NULL);
	r.d.event_log2 = 3;
	ok(esvh_drv_start(&r.d));
	return 0;
}

static int down(void **state)
{
	rig_down(&r);
	return 0;
}

static void toggle(unsigned int n)
{
	static bool up_now = true;

	while (n--) {
		up_now = !up_now;
		esvc_link(r.h->dev, up_now);
	}
	if (!up_now)
		esvc_link(r.h->dev, up_now = true);
}

/* EVT-1, EVT-3, RNG-9: phases over many turns, running numbers, one interrupt for each armed wait. */
static void turns(void **state)
{
	struct esv_eqe e;

	for (uint32_t i = 0; i < 100; i++) {
		uint32_t irqs = r.h->irqs[0];

		esvc_link(r.h->dev, i & 1);
		assert_true(esvh_event(&r.d, &e));
		assert_int_equal(e.type, ESV_EV_LINK);
		assert_int_equal(le32toh(e.seq), i);
		assert_int_equal(le64toh(e.arg0), i & 1);
		assert_int_equal(e.flags & ESV_EQE_LOST, 0);
		assert_false(esvh_event(&r.d, &e));
		assert_int_equal(r.h->irqs[0], irqs + 1);
	}
	assert_int_equal(le32toh(esvh_shadow(&r.d, r.d.eq_shadow)->head), 100);
}

/* EVT-5: a full ring loses the newest, counts them, marks the next one and leaves a gap in the numbers. */
static void overflow(void **state)
{
	struct esv_eqe e;

	toggle(20);
	assert_int_equal(esvh_counter(&r.d, ESV_C_EVENT_LOST), 12);
	for (uint32_t i = 0; i < 8; i++) {
		struct esv_shadow *sh = esvh_shadow(&r.d, r.d.eq_shadow);

		assert_int_equal(le32toh(sh->db_want), i == 0);
		assert_true(esvh_event(&r.d, &e));
		assert_int_equal(le32toh(e.seq), i);
		assert_int_equal(e.flags & ESV_EQE_LOST, 0);
	}
	/* EVT-6: taking the first one rang, and brought news that tell of the loss. */
	assert_true(esvh_event(&r.d, &e));
	assert_int_equal(e.type, ESV_EV_LINK);
	assert_int_equal(le64toh(e.arg0), 1);
	assert_true(e.flags & ESV_EQE_LOST);
	assert_int_equal(le32toh(e.seq), 20);
	assert_false(esvh_event(&r.d, &e));
	toggle(2);
	assert_true(esvh_event(&r.d, &e));
	assert_int_equal(e.flags & ESV_EQE_LOST, 0);
}

/* EVT-4: a driver that claims to have taken more than there was gets no room by it. */
static void lying_driver(void **state)
{
	struct esv_shadow *sh = esvh_shadow(&r.d, r.d.eq_shadow);
	struct esv_eqe e;

	toggle(8);
	sh->tail = htole32(1000);
	toggle(4);
	assert_int_equal(esvh_counter(&r.d, ESV_C_EVENT_LOST), 4);
	sh->tail = htole32(0);
	for (int i = 0; i < 8; i++)
		assert_true(esvh_event(&r.d, &e));
}

/* REG-14: event ring out of reach. */
static void out_of_reach(void **state)
{
	r.h->dma_fail_lo = r.d.eq;
	r.h->dma_fail_hi = r.d.eq + 64;
	toggle(1);
	r.h->dma_fail_hi = 0;
	assert_int_equal(esvh_reg(&r.d, ESV_REG_FATAL_CODE), ESV_FATAL_EVENT);
}

/* I7, EVT-5, ESVC_FAULT_EVENT_FLOOD: survivable. */
static void flood(void **state)
{
	struct esvc_config cfg = plain_config();
	struct esvh_cmd c = { .opcode = ESV_OP_NOP };
	struct esv_eqe e;
	unsigned int n = 0;

	rig_down(&r);
	cfg.fault = ESVC_FAULT_EVENT_FLOOD;
	cfg.fault_n = 1000;
	rig_start(&r, &cfg);
	esvh_advance(r.h, 1000000000);
	while (esvh_event(&r.d, &e))
		n++;
	assert_true(n >= 64);
	ok(esvh_cmd(&r.d, &c));
	assert_true(esvh_counter(&r.d, ESV_C_EVENT_LOST) > 1000);
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = { T(turns), T(overflow), T(lying_driver), T(out_of_reach), T(flood) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-event", tests, NULL, NULL) ? 1 : 0;
}
