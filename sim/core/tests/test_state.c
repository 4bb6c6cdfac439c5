// SPDX-License-Identifier: GPL-2.0-or-later
/* Saved state: round trip under traffic, and hostile input (VMS-1 to VMS-5). */
#include "t.h"

static uint8_t state_buf[ESVC_STATE_SIZE], after[ESVC_STATE_SIZE];

static void rig_four(struct rig *r)
{
	rig_up(r, NULL);
	r->d.pairs = 4;
	ok(esvh_drv_start(&r->d));
}

/* A second device takes over the memory of the first, as after a snapshot. */
static void move(struct rig *r)
{
	struct esvc_config cfg = plain_config();
	struct esvh_host *other = esvh_host_new(&cfg, MEM);
	struct esvc_dev *dev = other->dev;

	assert_int_equal(esvc_state_save(r->h->dev, state_buf), 0);
	memcpy(other->mem, r->h->mem, MEM);
	other->used = r->h->used;
	assert_int_equal(esvc_state_load(dev, state_buf), 0);
	esvh_host_free(r->h);
	r->h = other;
	r->d.h = other;
	esvh_pump(other);
}

static void acknowledge(struct rig *r)
{
	__le32 feat = htole32(ESV_OFF_TX_CSUM | ESV_OFF_TSO4 | ESV_OFF_RX_CSUM | ESV_OFF_RSS);
	struct esvh_cmd c = { .opcode = ESV_OP_FEATURES_SET, .inl = &feat, .inl_len = 4 };

	ok(esvh_cmd(&r->d, &c));
}

/* VMS-1, VMS-4: rings go on where they stood; before the driver answers nothing passes. */
static void round_trip(void **state)
{
	struct pkt_spec s = udp4(100);
	static uint8_t got[2048];
	struct esv_eqe e;
	struct rig r;
	struct pkt p;
	uint32_t gen;

	rig_four(&r);
	gen = esvh_reg(&r.d, ESV_REG_STATUS);
	s.dst = r.d.mac;
	pkt_build(&p, &s);
	for (int i = 0; i < 70; i++) {
		assert_true(esvh_send(&r.d, 3, p.b, p.len, NULL));
		esvh_pump(r.h);
		assert_true(esvh_wire_take(r.h, got, sizeof(got)) > 0);
		assert_true(esvc_receive(r.h->dev, p.b, p.len) > 0);
		assert_true(esvh_recv(&r.d, 0, got, sizeof(got), NULL, true) > 0);
	}
	for (int round = 0; round < 3; round++) {
		uint32_t before = 0, epoch = 0;

		move(&r);
		assert_int_equal(esvh_reg(&r.d, ESV_REG_STATUS), gen);
		assert_int_equal(esvh_reg(&r.d, ESV_REG_RESET_REASON), ESV_RESET_STATE_LOAD);
		assert_true(esvh_event(&r.d, &e));
		assert_int_equal(e.type, ESV_EV_EPOCH);
		epoch = esvh_reg(&r.d, ESV_REG_EPOCH_LO);
		assert_int_equal(le64toh(e.arg0), epoch);
		before = (uint32_t)esvh_counter(&r.d, ESV_C_TX_DROP_NOMATCH);
		assert_true(esvh_send(&r.d, 3, p.b, p.len, NULL));
		esvh_pump(r.h);
		assert_int_equal(r.h->out.count, 0);
		assert_true(esvc_receive(r.h->dev, p.b, p.len) > 0);
		assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), NULL, true), 0);
		assert_int_equal(esvh_counter(&r.d, ESV_C_TX_DROP_NOMATCH), before + 1);
		assert_int_equal(esvh_counter(&r.d, ESV_C_RX_DROP_NOMATCH), round + 1);
		acknowledge(&r);
		for (int i = 0; i < 100; i++) {
			assert_true(esvh_send(&r.d, 3, p.b, p.len, NULL));
			esvh_pump(r.h);
			assert_int_equal(esvh_wire_take(r.h, got, sizeof(got)), p.len);
			assert_true(esvc_receive(r.h->dev, p.b, p.len) > 0);
			assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), NULL, true), p.len);
		}
	}
	rig_down(&r);
}

/* VMS-1: what was posted and not yet sent, and a doorbell that was rung and not yet seen, survive. */
static void pending_work(void **state)
{
	struct pkt_spec s = udp4(100);
	struct rig r;
	struct pkt p;

	rig_four(&r);
	pkt_build(&p, &s);
	r.h->out.depth = 2;
	for (int i = 0; i < 10; i++)
		assert_true(esvh_send(&r.d, 1, p.b, p.len, NULL));
	esvh_pump(r.h);
	assert_int_equal(r.h->out.count, 2);
	move(&r);
	/* All of them were judged in the drop-all state; the ring is not stuck. */
	assert_int_equal(esvh_tx_done(&r.d, 1), 10);
	acknowledge(&r);
	assert_true(esvh_send(&r.d, 1, p.b, p.len, NULL));
	esvh_pump(r.h);
	assert_int_equal(r.h->out.count, 1);
	rig_down(&r);
}

/* VMS-4: an answer that was given before the question does not end the drop-all; the next one does. */
static void early_answer(void **state)
{
	__le32 feat = htole32(ESV_OFF_TX_CSUM);
	struct esv_sqe sqe = { .opcode = htole16(ESV_OP_FEATURES_SET), .version = 1 };
	struct pkt_spec s = udp4(100);
	struct esv_cqe c;
	struct rig r;
	struct pkt p;

	for (int seen = 0; seen < 2; seen++) {
		rig_four(&r);
		pkt_build(&p, &s);
		memcpy(sqe.inl, &feat, sizeof(feat));
		/* Written, and the device may or may not have seen how far the ring goes; not run. */
		r.d.h = r.h;
		esvh_cmd_post(&r.d, &sqe);
		r.h->kicked = false;
		if (seen) {
			assert_int_equal(esvc_state_save(r.h->dev, state_buf), 0);
			assert_int_equal(esvc_state_load(r.h->dev, state_buf), 0);
		}
		move(&r);
		esvc_doorbell(r.h->dev, ESV_DB_ADMIN);
		esvh_pump(r.h);
		assert_true(esvh_cmd_poll(&r.d, &c));
		assert_int_equal(le16toh(c.status), ESV_S_OK);
		assert_true(esvh_send(&r.d, 1, p.b, p.len, NULL));
		esvh_pump(r.h);
		assert_int_equal(r.h->out.count, 0);
		acknowledge(&r);
		assert_true(esvh_send(&r.d, 1, p.b, p.len, NULL));
		esvh_pump(r.h);
		assert_int_equal(r.h->out.count, 1);
		rig_down(&r);
	}
}

/* VMS-4: whatever happens first after a load, EPOCH is told before it. */
static void epoch_first(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct esv_eqe e;
		struct rig r;

		rig_four(&r);
		assert_int_equal(esvc_state_save(r.h->dev, state_buf), 0);
		assert_int_equal(esvc_state_load(r.h->dev, state_buf), 0);
		r.h->kicked = false;
		if (i)
			esvc_link(r.h->dev, false);
		else
			esvh_advance(r.h, 1);
		esvh_pump(r.h);
		if (!i)
			esvc_run(r.h->dev, 1);
		assert_true(esvh_event(&r.d, &e));
		assert_int_equal(e.type, ESV_EV_EPOCH);
		assert_int_equal(esvh_event(&r.d, &e), i);
		if (i)
			assert_int_equal(e.type, ESV_EV_LINK);
		rig_down(&r);
	}
}

/* VMS-1: a hash key and a table that the driver chose are still those after a load. */
static void hash_key(void **state)
{
	struct esv_rss_params rss = { .key = { 1, 2, 3, 4, 5 } };
	struct pkt_spec s = udp4(100);
	static uint8_t got[2048];
	struct esv_rx_cqe c;
	uint32_t hash = 0;
	struct rig r;
	struct pkt p;

	rig_four(&r);
	memset(rss.table, 2, sizeof(rss.table));
	ok(esvh_do(&r.d, ESV_OP_RSS_SET, 0, &rss, sizeof(rss)));
	s.dst = r.d.mac;
	pkt_build(&p, &s);
	for (int i = 0; i < 2; i++) {
		assert_true(esvc_receive(r.h->dev, p.b, p.len) > 0);
		assert_int_equal(esvh_recv(&r.d, 2, got, sizeof(got), &c, true), p.len);
		assert_true(!i || le32toh(c.hash) == hash);
		hash = le32toh(c.hash);
		move(&r);
		acknowledge(&r);
	}
	rig_down(&r);
}

/* VMS-1, VMS-3: a save of a load is the same state but for what a load changes. */
static void stable(void **state)
{
	struct rig r;

	rig_four(&r);
	assert_int_equal(esvc_state_save(r.h->dev, state_buf), 0);
	assert_int_equal(esvc_state_load(r.h->dev, state_buf), 0);
	assert_int_equal(esvc_state_save(r.h->dev, after), 0);
	assert_memory_equal(state_buf, after, ESVC_STATE_SIZE);
	rig_down(&r);
}

/* Anything may happen but a crash, a hang or an access outside of what DMA refuses. */
static void exercise(struct rig *r)
{
	static uint8_t got[PKT_MAX];
	struct pkt p;
	struct pkt_spec s = udp4(100);

	pkt_build(&p, &s);
	for (unsigned int q = 0; q < 4; q++)
		esvc_doorbell(r->h->dev, ESV_DB_TX(q));
	esvc_doorbell(r->h->dev, ESV_DB_ADMIN);
	memset(p.b, 0xff, 6);
	esvc_receive(r->h->dev, p.b, p.len);
	esvh_pump(r->h);
	esvh_advance(r->h, 500000000);
	while (esvh_wire_take(r->h, got, sizeof(got)))
		;
	for (uint32_t off = 0; off < 0x400; off += 4)
		esvh_reg(&r->d, off);
}

/* Bytes of a state with four pairs. The last field is a buffer's length, which is not 0; zeros are behind it. */
static size_t state_len(const uint8_t *b)
{
	size_t n = ESVC_STATE_SIZE;

	while (n && !b[n - 1])
		n--;
	assert_in_range(n, 1000, 2400);
	return n;
}

/* VMS-2: every byte of a good state replaced, one at a time: refused with nothing changed, or harmless. */
static void every_byte(void **state)
{
	unsigned int refused = 0, taken = 0;
	size_t len;
	struct rig r;

	rig_four(&r);
	assert_int_equal(esvc_state_save(r.h->dev, state_buf), 0);
	len = state_len(state_buf);
	for (size_t i = 0; i < len; i++) {
		static const uint8_t with[] = { 0x01, 0x80, 0xff };

		for (size_t k = 0; k < sizeof(with); k++) {
			uint8_t keep = state_buf[i];

			assert_int_equal(esvc_state_save(r.h->dev, after), 0);
			state_buf[i] ^= with[k];
			if (esvc_state_load(r.h->dev, state_buf) == 0) {
				taken++;
				exercise(&r);
			} else {
				static uint8_t again[ESVC_STATE_SIZE];

				refused++;
				assert_int_equal(esvc_state_save(r.h->dev, again), 0);
				assert_memory_equal(after, again, ESVC_STATE_SIZE);
			}
			state_buf[i] = keep;
		}
	}
	print_message("# %u refused, %u taken\n", refused, taken);
	assert_true(refused > 400 && taken > 400);
	/* The device is still one. */
	r.h->used = 4096;
	memset(r.d.tx, 0, sizeof(r.d.tx));
	memset(r.d.rx, 0, sizeof(r.d.rx));
	ok(esvh_drv_start(&r.d));
	rig_down(&r);
}

/* VMS-2: rubbish, truncation, another device's shape. */
static void rubbish(void **state)
{
	struct esvc_config cfg = plain_config();
	uint32_t x = 7;
	struct rig r, other;
	size_t len;

	rig_four(&r);
	cfg.queue_pairs = 2;
	rig_start(&other, &cfg);
	assert_int_equal(esvc_state_save(r.h->dev, state_buf), 0);
	assert_int_equal(esvc_state_load(other.h->dev, state_buf), -EINVAL);
	len = state_len(state_buf);
	for (size_t cut = 0; cut < len; cut += 13) {
		memcpy(after, state_buf, sizeof(after));
		memset(after + cut, 0xff, sizeof(after) - cut);
		if (esvc_state_load(r.h->dev, after) == 0)
			exercise(&r);
	}
	for (int round = 0; round < 200; round++) {
		memcpy(after, state_buf, sizeof(after));
		for (int i = 0; i < 8; i++) {
			x = x * 1664525 + 1013904223;
			after[16 + (x >> 8) % (len - 16)] = (uint8_t)(x >> 24);
		}
		if (esvc_state_load(r.h->dev, after) == 0)
			exercise(&r);
	}
	memset(after, 0, sizeof(after));
	assert_int_equal(esvc_state_load(r.h->dev, after), -EINVAL);
	rig_down(&other);
	rig_down(&r);
}

/* VMS-5: a later or an earlier format is refused, by a device that takes the same state in its own. */
static void other_format(void **state)
{
	const size_t version = 4;	/* behind the magic */
	struct rig r;

	rig_four(&r);
	assert_int_equal(esvc_state_save(r.h->dev, state_buf), 0);
	for (int by = -1; by <= 1; by++) {
		memcpy(after, state_buf, sizeof(after));
		after[version] = (uint8_t)(after[version] + by);
		assert_int_equal(esvc_state_load(r.h->dev, after), by ? -EINVAL : 0);
	}
	rig_down(&r);
}

/* VMS-3, SPD-33: strict mode of the device is never loosened by a state that says otherwise. */
static void mode_only_tightens(void **state)
{
	struct esvc_config cfg;
	struct rig open, strict;

	esvc_config_default(&cfg);
	rig_start(&open, &cfg);
	cfg.strict = true;
	rig_start(&strict, &cfg);
	assert_int_equal(esvc_state_save(open.h->dev, state_buf), 0);
	assert_int_equal(esvc_state_save(strict.h->dev, after), 0);
	memcpy(strict.h->mem, open.h->mem, MEM);
	assert_int_equal(esvc_state_load(strict.h->dev, state_buf), 0);
	assert_true(esvh_reg(&strict.d, ESV_REG_MODE) & ESV_MODE_STRICT);
	assert_int_equal(esvc_state_load(open.h->dev, after), 0);
	assert_true(esvh_reg(&open.d, ESV_REG_MODE) & ESV_MODE_STRICT);
	rig_down(&open);
	rig_down(&strict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip), cmocka_unit_test(pending_work), cmocka_unit_test(stable), cmocka_unit_test(hash_key),
		cmocka_unit_test(early_answer), cmocka_unit_test(epoch_first),
		cmocka_unit_test(every_byte), cmocka_unit_test(rubbish), cmocka_unit_test(other_format),
		cmocka_unit_test(mode_only_tightens),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-state", tests, NULL, NULL) ? 1 : 0;
}
