// SPDX-License-Identifier: GPL-2.0-or-later
/* ESP through two whole devices: descriptors in, ciphertext on the wire, descriptors out. */
#include "t.h"

#include "esvc_dev.h"
#include "esvc_ipsec_priv.h"
#include "esvh_esp.h"

struct pair {
	struct rig a, b;
	uint32_t out, in;
	struct esvh_esp esp;
	/* What the wire saw. */
	unsigned int frames, clear, long_frames;
};

static const uint8_t needle[] = "this text must never be on the wire";

static void tap(void *arg, const uint8_t *frame, size_t len)
{
	struct pair *p = arg;
	unsigned int proto = frame[12] == 0x08 ? frame[23] : frame[20];

	p->frames++;
	p->clear += proto != 50 || memmem(frame, len, needle, sizeof(needle)) != NULL;
	p->long_frames += len > 14 + 1500;
}

static struct pair *pair_up(uint8_t family, uint8_t mode, uint8_t key_len)
{
	struct pair *p = calloc(1, sizeof(*p));
	struct esvc_config cfg;

	esvc_config_default(&cfg);
	cfg.strict = true;
	cfg.sa_max = 16;
	cfg.policy_max = 64;
	rig_start(&p->a, &cfg);
	cfg.mac[5]++;
	rig_start(&p->b, &cfg);
	esvh_connect(p->a.h, p->b.h, 64);
	p->a.h->tap = tap;
	p->a.h->tap_arg = p;
	p->esp = (struct esvh_esp){ .family = family, .mode = mode, .spi = 0x1000, .reqid = 7, .key_len = key_len };
	if (family == 4) {
		memcpy(p->esp.sel_s, (uint8_t[]){ 10, 0, 0, 1 }, 4);
		memcpy(p->esp.sel_d, (uint8_t[]){ 10, 0, 0, 2 }, 4);
	} else {
		memcpy(p->esp.sel_s, (uint8_t[]){ 0xfd, 1 }, 2);
		memcpy(p->esp.sel_d, (uint8_t[]){ 0xfd, 2 }, 2);
	}
	memcpy(p->esp.saddr, p->esp.sel_s, 16);
	memcpy(p->esp.daddr, p->esp.sel_d, 16);
	if (mode == ESV_SA_TUNNEL) {
		p->esp.saddr[family == 4 ? 3 : 15] = 0x71;
		p->esp.daddr[family == 4 ? 3 : 15] = 0x72;
	}
	memcpy(p->esp.nexthop, p->b.d.mac, 6);
	ok(esvh_esp_out(&p->a.d, &p->esp, &p->out));
	ok(esvh_esp_in(&p->b.d, &p->esp, &p->in));
	return p;
}

static void pair_down(struct pair *p)
{
	rig_down(&p->a);
	rig_down(&p->b);
	free(p);
}

static struct pkt_spec spec_for(const struct pair *p, size_t payload)
{
	struct pkt_spec s = p->esp.family == 4 ? tcp4(payload) : tcp6(payload);

	s.dst = p->b.d.mac;
	s.src = p->a.d.mac;
	return s;
}

static void plant(struct pkt *k)
{
	if (k->len - k->data >= sizeof(needle))
		memcpy(k->b + k->data, needle, sizeof(needle));
}

/* Frames of many lengths, checksum completed before encryption, delivered whole with the SA's handle. */
static void roundtrip(struct pair *p)
{
	static uint8_t got[2048];

	for (size_t n = 0; n < 1380; n += 23) {
		struct pkt_spec s = spec_for(p, n);
		struct esvh_tx_opts o = { .flags = ESV_TXD_TAG | ESV_TXD_CSUM, .sa_handle = p->out, .csum_offset = 16,
					  .frag = n % 3 ? 0 : 100 };
		struct esv_rx_cqe c;
		struct pkt k;

		pkt_build(&k, &s);
		plant(&k);
		pkt_partial(&k, &s);
		o.csum_start = (uint16_t)k.l4;
		assert_true(esvh_send(&p->a.d, 0, k.b, k.len, &o));
		esvh_pump_pair(p->a.h, p->b.h);
		assert_int_equal(esvh_recv(&p->b.d, 0, got, sizeof(got), &c, true), k.len);
		assert_true(slow_l4_ok(s.family, got + k.l3, 6, got + k.l4, k.len - k.l4));
		memcpy(got + k.l4 + 16, k.b + k.l4 + 16, 2);
		assert_memory_equal(got, k.b, 12);
		assert_memory_equal(got + k.l4, k.b + k.l4, k.len - k.l4);
		assert_int_equal(c.crypto, ESV_RX_CRYPTO_OK);
		assert_int_equal(le32toh(c.sa_handle), p->in);
		assert_true(c.spd_id != 0);
		assert_true(c.csum & ESV_RXC_CSUM_L4);
		assert_int_equal(c.hash_type, ESV_HASH_L4);
		assert_int_equal(le16toh(c.inner_type), s.family == 4 ? 0x0800 : 0x86dd);
	}
	assert_int_equal(p->clear, 0);
}

/* ESP-1 to ESP-3 through whole devices: {v4, v6} x {transport, tunnel} x {128, 256}. */
static void matrix(void **state)
{
	for (int i = 0; i < 8; i++) {
		struct pair *p = pair_up(i & 1 ? 6 : 4, i & 2 ? ESV_SA_TUNNEL : ESV_SA_TRANSPORT, i & 4 ? 36 : 20);

		roundtrip(p);
		assert_int_equal(esvh_counter(&p->a.d, ESV_C_TX_ESP), 60);
		assert_int_equal(esvh_counter(&p->b.d, ESV_C_RX_ESP), 60);
		pair_down(p);
	}
}

/* TXD-7 with ESP: a large frame becomes segments of at most the MTU, and comes out as the same bytes. */
static void tso(void **state)
{
	static uint8_t got[2048], bytes[65536];
	static struct pkt big;

	for (int i = 0; i < 4; i++) {
		struct pair *p = pair_up(i & 1 ? 6 : 4, i & 2 ? ESV_SA_TUNNEL : ESV_SA_TRANSPORT, 36);
		struct pkt_spec s = spec_for(p, 60000);
		struct esvh_tx_opts o = { .flags = ESV_TXD_TAG | ESV_TXD_TSO, .sa_handle = p->out, .frag = 4096 };
		size_t at = 0, n;

		pkt_build(&big, &s);
		o.hdr_len = (uint16_t)big.data;
		o.mss = (uint16_t)(1500 - (big.data - 14) - (i & 2 ? 40 : 0) - 34 - 3);
		assert_true(esvh_send(&p->a.d, 0, big.b, big.len, &o));
		do {
			esvh_pump_pair(p->a.h, p->b.h);
			n = esvh_recv(&p->b.d, 0, got, sizeof(got), NULL, true);
			if (n) {
				assert_true(slow_l4_ok(s.family, got + big.l3, 6, got + big.l4, n - big.l4));
				assert_int_equal(rd32(got + big.l4 + 4), s.seq + (uint32_t)at);
				memcpy(bytes + at, got + big.data, n - big.data);
				at += n - big.data;
			}
		} while (n);
		assert_int_equal(at, 60000);
		assert_memory_equal(bytes, big.b + big.data, at);
		assert_int_equal(p->clear, 0);
		assert_int_equal(p->long_frames, 0);
		assert_int_equal(p->frames, (60000 + o.mss - 1) / o.mss);
		assert_int_equal(esvh_counter(&p->a.d, ESV_C_TX_TSO), 1);
		pair_down(p);
	}
}

/* SPD-10, SPD-16: nothing that a protect entry selects leaves without its tag, whatever the offload flags say. */
static void no_tag_no_frame(void **state)
{
	struct pair *p = pair_up(4, ESV_SA_TRANSPORT, 36);
	struct pkt_spec s = spec_for(p, 5000);
	struct esvh_tx_opts o = { .flags = ESV_TXD_TSO, .mss = 1000, .hdr_len = 54 };
	static struct pkt k;

	pkt_build(&k, &s);
	assert_true(esvh_send(&p->a.d, 0, k.b, k.len, &o));
	o.flags |= ESV_TXD_TAG;
	o.sa_handle = p->out + (1u << 24);
	assert_true(esvh_send(&p->a.d, 0, k.b, k.len, &o));
	esvh_pump_pair(p->a.h, p->b.h);
	assert_int_equal(p->frames, 0);
	assert_int_equal(esvh_counter(&p->a.d, ESV_C_TX_DROP_NOTAG), 1);
	assert_int_equal(esvh_counter(&p->a.d, ESV_C_TX_DROP_TAG_STALE), 1);
	/* RST-3: after a reset the SA is gone, and strict mode stays. */
	esvc_reset(p->a.h->dev, ESV_RESET_FLR);
	p->a.h->used = 4096;
	memset(p->a.d.tx, 0, sizeof(p->a.d.tx));
	memset(p->a.d.rx, 0, sizeof(p->a.d.rx));
	ok(esvh_drv_start(&p->a.d));
	o.sa_handle = p->out;
	assert_true(esvh_send(&p->a.d, 0, k.b, k.len, &o));
	o.flags = ESV_TXD_TSO;
	assert_true(esvh_send(&p->a.d, 0, k.b, k.len, &o));
	esvh_pump_pair(p->a.h, p->b.h);
	assert_int_equal(p->frames, 0);
	pair_down(p);
}

/* RXC-7 with ESP: a frame that waits for buffers was counted by the replay window once, and arrives once. */
static void waiting_frame_is_no_replay(void **state)
{
	struct pair *p = pair_up(4, ESV_SA_TRANSPORT, 36);
	struct pkt_spec s = spec_for(p, 50);
	struct esvh_tx_opts o = { .flags = ESV_TXD_TAG, .sa_handle = p->out };
	unsigned int n = 0;
	uint8_t got[2048];
	struct pkt k;

	for (int i = 0; i < 100; i++) {
		s.fill = (uint8_t)i;
		pkt_build(&k, &s);
		if (!esvh_send(&p->a.d, 0, k.b, k.len, &o))
			break;
		esvh_pump_pair(p->a.h, p->b.h);
	}
	while (esvh_recv(&p->b.d, 0, got, sizeof(got), NULL, true)) {
		assert_int_equal(got[k.data], n++);
		esvh_pump_pair(p->a.h, p->b.h);
	}
	assert_int_equal(n, 100);
	assert_int_equal(esvh_counter(&p->b.d, ESV_C_RX_DROP_REPLAY), 0);
	assert_int_equal(esvh_counter(&p->b.d, ESV_C_RX_DROP_NOBUF), 0);
	pair_down(p);
}

/* ESP-11: nothing of a frame leaves whose cipher fails, of a segmented one no segment behind it. */
static void cipher_fails(void **state)
{
	struct esvh_esp esp = {
		.family = 4, .mode = ESV_SA_TRANSPORT, .spi = 0x1000, .reqid = 7, .key_len = 36,
		.saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 }, .sel_s = { 10, 0, 0, 1 }, .sel_d = { 10, 0, 0, 2 },
	};
	struct esvh_tx_opts o = { .flags = ESV_TXD_TAG | ESV_TXD_TSO, .mss = 1000, .frag = 4096 };
	struct pkt_spec s = tcp4(20000);
	struct esvc_config cfg;
	static struct pkt k;
	struct esvc_sa *sa;
	struct rig r;

	esvc_config_default(&cfg);
	cfg.backend = ESVC_AEAD_EVP;
	rig_start(&r, &cfg);
	ok(esvh_esp_out(&r.d, &esp, &o.sa_handle));
	sa = esvc_sadb_get(&r.h->dev->ipsec->sadb, o.sa_handle);
	/* Without a key this backend refuses. */
	memset(sa->key->aead_ctx, 0, esvc_aead_ctx_size(r.h->dev->aead));
	pkt_build(&k, &s);
	o.hdr_len = (uint16_t)k.data;
	assert_true(esvh_send(&r.d, 0, k.b, k.len, &o));
	esvh_pump(r.h);
	assert_int_equal(r.h->out.count, 0);
	assert_int_equal(esvh_counter(&r.d, ESV_C_TX_DROP_CRYPTO), 1);
	assert_int_equal(esvh_tx_done(&r.d, 0), r.d.tx[0].tail);
	assert_int_equal(sa->key->seq, 1);
	rig_down(&r);
}

/* VMS-1, VMS-3: a loaded device has no SA, drops what was protected, and says so by epoch. */
static void load_forgets_sas(void **state)
{
	static uint8_t saved[ESVC_STATE_SIZE];
	struct pair *p = pair_up(4, ESV_SA_TRANSPORT, 36);
	struct pkt_spec s = spec_for(p, 50);
	struct esvh_tx_opts o = { .flags = ESV_TXD_TAG, .sa_handle = p->out };
	struct esvh_cmd q = { .opcode = ESV_OP_SA_QUERY, .object = p->out, .out_cap = sizeof(struct esv_sa_info) };
	uint32_t epoch = esvh_reg(&p->a.d, ESV_REG_EPOCH_LO);
	__le32 feat = htole32(ESV_FEAT_IPSEC);
	struct esvh_cmd ack = { .opcode = ESV_OP_FEATURES_SET, .inl = &feat, .inl_len = 4 };
	struct pkt k;

	pkt_build(&k, &s);
	plant(&k);
	assert_int_equal(esvc_state_save(p->a.h->dev, saved), 0);
	assert_int_equal(esvc_state_load(p->a.h->dev, saved), 0);
	assert_int_not_equal(esvh_reg(&p->a.d, ESV_REG_EPOCH_LO), epoch);
	assert_int_equal(esvh_cmd(&p->a.d, &q), ESV_S_BAD_HANDLE);
	for (int i = 0; i < 2; i++) {
		assert_true(esvh_send(&p->a.d, 0, k.b, k.len, &o));
		o.flags ^= ESV_TXD_TAG;
		assert_true(esvh_send(&p->a.d, 0, k.b, k.len, &o));
		o.flags ^= ESV_TXD_TAG;
		esvh_pump_pair(p->a.h, p->b.h);
		assert_int_equal(p->frames, 0);
		ok(esvh_cmd(&p->a.d, &ack));
	}
	pair_down(p);
}

/* VMS-4: an open device passes nothing between load and answer, and is open again after it. */
static void load_then_answer(void **state)
{
	static uint8_t saved[ESVC_STATE_SIZE];
	struct pkt_spec s = udp4(100);
	struct esvc_config cfg;
	__le32 feat = htole32(ESV_FEAT_IPSEC);
	struct esvh_cmd ack = { .opcode = ESV_OP_FEATURES_SET, .inl = &feat, .inl_len = 4 };
	unsigned int want[] = { 1, 1, 2 };
	struct rig r;
	struct pkt k;

	esvc_config_default(&cfg);
	cfg.sa_max = 16;
	cfg.policy_max = 64;
	rig_start(&r, &cfg);
	s.dst = r.d.mac;
	pkt_build(&k, &s);
	for (int i = 0; i < 3; i++) {
		assert_true(esvh_send(&r.d, 0, k.b, k.len, NULL));
		assert_true(esvc_receive(r.h->dev, k.b, k.len) > 0);
		esvh_pump(r.h);
		assert_int_equal(r.h->out.count, want[i]);
		assert_int_equal(esvh_counter(&r.d, ESV_C_RX_FRAMES), want[i]);
		if (i == 0) {
			assert_int_equal(esvc_state_save(r.h->dev, saved), 0);
			assert_int_equal(esvc_state_load(r.h->dev, saved), 0);
		} else {
			ok(esvh_cmd(&r.d, &ack));
		}
	}
	rig_down(&r);
}

/* ADM-42: a part that is off knows no commands, and what it protected stays protected. */
static void part_off(void **state)
{
	struct pair *p = pair_up(4, ESV_SA_TRANSPORT, 36);
	struct pkt_spec s = spec_for(p, 50);
	struct esvh_tx_opts o = { .flags = ESV_TXD_TAG, .sa_handle = p->out };
	struct esv_unit_status st;
	struct esvh_cmd sa = { .opcode = ESV_OP_SA_DELETE, .object = p->out };
	struct esvh_cmd unit = { .opcode = ESV_OP_UNIT_STATUS, .out = &st, .out_cap = sizeof(st) };
	struct pkt k;

	pkt_build(&k, &s);
	plant(&k);
	for (int i = 0; i < 4; i++) {
		__le32 feat = htole32((i & 1 ? ESV_FEAT_IPSEC : 0) | (i & 2 ? ESV_FEAT_UNIT : 0));
		struct esvh_cmd set = { .opcode = ESV_OP_FEATURES_SET, .inl = &feat, .inl_len = 4 };

		ok(esvh_cmd(&p->a.d, &set));
		sa.object = i & 1 ? 0 : p->out;
		assert_int_equal(esvh_cmd(&p->a.d, &sa), i & 1 ? ESV_S_BAD_HANDLE : ESV_S_UNSUPPORTED_OP);
		assert_int_equal(esvh_do(&p->a.d, ESV_OP_SPD_LOCK, 0, NULL, 0), i & 1 ? ESV_S_OK : ESV_S_UNSUPPORTED_OP);
		assert_int_equal(esvh_cmd(&p->a.d, &unit), i & 2 ? ESV_S_OK : ESV_S_UNSUPPORTED_OP);
		o.flags = 0;
		assert_true(esvh_send(&p->a.d, 0, k.b, k.len, &o));
		o.flags = ESV_TXD_TAG;
		assert_true(esvh_send(&p->a.d, 0, k.b, k.len, &o));
		esvh_pump_pair(p->a.h, p->b.h);
		assert_int_equal(p->frames, i + 1);
	}
	assert_int_equal(p->clear, 0);
	pair_down(p);
}

/* VMS-1, I1: the saved state of a device holds no piece of an SA's key. */
static void state_has_no_key(void **state)
{
	static uint8_t saved[ESVC_STATE_SIZE];
	struct pair *p = pair_up(4, ESV_SA_TRANSPORT, 36);
	uint8_t key[36];

	for (int i = 0; i < 36; i++)
		key[i] = (uint8_t)(p->esp.spi + i * 7 + 1);
	assert_int_equal(esvc_state_save(p->a.h->dev, saved), 0);
	for (size_t i = 0; i + 8 <= sizeof(key); i++)
		assert_null(memmem(saved, sizeof(saved), key + i, 8));
	pair_down(p);
}

static void keep_last(void *arg, const uint8_t *frame, size_t len)
{
	struct pkt *k = arg;

	memcpy(k->b, frame, len);
	k->len = len;
}

/* EVT-7: a peer's flood of bad ESP is counted exactly, and makes one event of a kind in 10 ms. */
static void bad_esp_does_not_flood_events(void **state)
{
	struct pair *p = pair_up(4, ESV_SA_TRANSPORT, 36);
	struct pkt_spec s = spec_for(p, 50);
	struct esvh_tx_opts o = { .flags = ESV_TXD_TAG, .sa_handle = p->out };
	unsigned int seen[ESV_EV_UNKNOWN_SPI + 1] = { 0 };
	static struct pkt k, good, bad;
	struct esv_eqe e;

	p->a.h->tap = keep_last;
	p->a.h->tap_arg = &good;
	pkt_build(&k, &s);
	assert_true(esvh_send(&p->a.d, 0, k.b, k.len, &o));
	esvh_pump_pair(p->a.h, p->b.h);
	for (int i = 0; i < 300; i++) {
		bad = good;
		assert_true(esvc_receive(p->b.h->dev, bad.b, bad.len) > 0);	/* replayed */
		bad.b[41]++;
		assert_true(esvc_receive(p->b.h->dev, bad.b, bad.len) > 0);	/* another number, old ICV */
		bad.b[34] ^= 0x80;
		assert_true(esvc_receive(p->b.h->dev, bad.b, bad.len) > 0);	/* another SPI */
		if (i % 100 == 99)
			esvh_advance(p->b.h, 10000000);
	}
	while (esvh_event(&p->b.d, &e))
		seen[e.type <= ESV_EV_UNKNOWN_SPI ? e.type : 0]++;
	assert_int_equal(esvh_counter(&p->b.d, ESV_C_RX_DROP_REPLAY), 300);
	assert_int_equal(esvh_counter(&p->b.d, ESV_C_RX_DROP_AUTH), 300);
	assert_int_equal(esvh_counter(&p->b.d, ESV_C_RX_DROP_SPI), 300);
	assert_int_equal(seen[ESV_EV_REPLAY], 3);
	assert_int_equal(seen[ESV_EV_AUTH_FAIL], 3);
	assert_int_equal(seen[ESV_EV_UNKNOWN_SPI], 3);
	assert_int_equal(esvh_counter(&p->b.d, ESV_C_EVENT_LOST), 0);
	pair_down(p);
}

/* ADM-46, UNIT-31: the self-tests, passed and failed. I7, ESVC_FAULT_SA_ADD_FAIL: one SA_ADD is refused. */
static void faults(void **state)
{
	struct pair *p = pair_up(4, ESV_SA_TRANSPORT, 36);
	struct esvh_cmd test = { .opcode = ESV_OP_SELFTEST };
	struct esvc_config cfg;
	struct rig r;
	uint32_t handle;

	/* ADM-46 with a cipher. */
	ok(esvh_cmd(&p->a.d, &test));
	assert_int_equal(test.cqe.result[0], 0);
	/* And the unit's own, here one that is locked by them. */
	esvc_config_default(&cfg);
	cfg.fault = ESVC_FAULT_SELFTEST;
	cfg.fault_n = 3;
	rig_start(&r, &cfg);
	ok(esvh_cmd(&r.d, &test));
	assert_int_equal(test.cqe.result[0], 5);
	rig_down(&r);
	esvc_config_default(&cfg);
	cfg.fault = ESVC_FAULT_SA_ADD_FAIL;
	cfg.fault_n = 2;
	rig_start(&r, &cfg);
	ok(esvh_esp_out(&r.d, &p->esp, &handle));
	p->esp.spi++;
	assert_int_equal(esvh_esp_out(&r.d, &p->esp, &handle), ESV_S_INTERNAL);
	ok(esvh_esp_out(&r.d, &p->esp, &handle));
	rig_down(&r);
	pair_down(p);
}

/* ADM-9: one POLICY_ADD is refused and leaves no entry behind, the next is taken. */
static void policy_fault(void **state)
{
	struct esv_policy_params p = { .sel.family = 4, .dir = ESV_DIR_OUT, .action = ESV_ACTION_DROP };
	struct esvh_cmd add = { .opcode = ESV_OP_POLICY_ADD, .in = &p, .in_len = sizeof(p) };
	struct esv_policy_list list;
	struct esvh_cmd ask = { .opcode = ESV_OP_POLICY_LIST, .out = &list, .out_cap = sizeof(list) };
	struct esvc_config cfg;
	struct rig r;

	esvc_config_default(&cfg);
	cfg.fault = ESVC_FAULT_POLICY_ADD_FAIL;
	cfg.fault_n = 2;
	rig_start(&r, &cfg);
	ok(esvh_cmd(&r.d, &add));
	assert_int_equal(esvh_cmd(&r.d, &add), ESV_S_INTERNAL);
	ok(esvh_cmd(&r.d, &ask));
	assert_int_equal(le32toh(list.count), 1);
	ok(esvh_cmd(&r.d, &add));
	rig_down(&r);
}

/* ADM-13: the first two attempts change nothing, the third does. */
static void remove_busy(void **state)
{
	struct esv_policy_params p = { .sel.family = 4, .dir = ESV_DIR_OUT, .action = ESV_ACTION_DROP };
	struct esvh_cmd add = { .opcode = ESV_OP_POLICY_ADD, .in = &p, .in_len = sizeof(p) };
	struct esvh_cmd del = { .opcode = ESV_OP_POLICY_DELETE };
	struct esvc_config cfg;
	struct rig r;

	esvc_config_default(&cfg);
	cfg.fault = ESVC_FAULT_REMOVE_BUSY;
	cfg.fault_n = 2;
	rig_start(&r, &cfg);
	ok(esvh_cmd(&r.d, &add));
	del.object = le32toh(add.cqe.object);
	assert_int_equal(esvh_cmd(&r.d, &del), ESV_S_BUSY);
	assert_int_equal(esvh_cmd(&r.d, &del), ESV_S_BUSY);
	ok(esvh_cmd(&r.d, &del));
	assert_int_equal(esvh_cmd(&r.d, &del), ESV_S_BAD_HANDLE);
	rig_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matrix), cmocka_unit_test(tso), cmocka_unit_test(no_tag_no_frame),
		cmocka_unit_test(waiting_frame_is_no_replay), cmocka_unit_test(cipher_fails),
		cmocka_unit_test(load_forgets_sas), cmocka_unit_test(load_then_answer),
		cmocka_unit_test(part_off),
		cmocka_unit_test(state_has_no_key), cmocka_unit_test(bad_esp_does_not_flood_events),
		cmocka_unit_test(faults), cmocka_unit_test(policy_fault), cmocka_unit_test(remove_busy),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-inline", tests, NULL, NULL) ? 1 : 0;
}
