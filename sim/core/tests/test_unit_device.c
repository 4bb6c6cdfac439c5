// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two whole devices whose units agree on keys and whose ports then speak ESP:
 * no secret in the memory of either guest, and silence after zeroisation.
 */
#include "t.h"

#include <stdio.h>

#define SPI_A	0x1001	/* what a sends */
#define SPI_B	0x1002
#define REQID	7

struct end {
	struct rig r;
	uint32_t session, sa_out, sa_in;
	uint8_t role;
	uint8_t addr[4];
	struct esv_nonce_out nonce;
	struct esv_ke_out ke;
	uint64_t ike;
	struct esv_child_out child;
};

struct two {
	struct end a, b;
};

static void power_up(struct end *e, uint8_t n)
{
	struct esvc_config cfg;

	esvc_config_default(&cfg);
	cfg.mac[5] = n;
	cfg.strict = true;
	cfg.test_mode = true;
	cfg.sa_max = 16;
	cfg.policy_max = 16;
	cfg.handle_max = 64;
	rig_start(&e->r, &cfg);
	e->role = n;
	memcpy(e->addr, (const uint8_t[]){ 10, 0, 0, n }, 4);
}

static int up(void **state)
{
	struct two *t = calloc(1, sizeof(*t));

	power_up(&t->a, ESV_ROLE_INITIATOR);
	power_up(&t->b, ESV_ROLE_RESPONDER);
	esvh_connect(t->a.r.h, t->b.r.h, 16);
	*state = t;
	return 0;
}

static int down(void **state)
{
	struct two *t = *state;

	rig_down(&t->a.r);
	rig_down(&t->b.r);
	free(t);
	return 0;
}

static enum esv_status run(struct end *e, uint16_t opcode, const void *in, size_t in_len, void *out,
			   size_t out_len)
{
	struct esvh_cmd c = { .opcode = opcode, .object = e->session, .in = in, .in_len = in_len,
			      .out = out, .out_cap = out_len };

	return esvh_cmd(&e->r.d, &c);
}

static void start(struct end *e)
{
	struct esv_nonce_gen ng = { .len = htole16(32) };
	struct esv_ke_gen kg = { .method = htole16(ESV_KE_X25519) };
	struct esvh_cmd open = { .opcode = ESV_OP_SESSION_OPEN };

	ok(esvh_cmd(&e->r.d, &open));
	e->session = le32toh(open.cqe.object);
	ok(run(e, ESV_OP_NONCE_GEN, &ng, sizeof(ng), &e->nonce, sizeof(e->nonce)));
	ok(run(e, ESV_OP_KE_GEN, &kg, sizeof(kg), &e->ke, sizeof(e->ke)));
}

static void derive(struct end *e, const struct end *peer)
{
	struct esv_ke_finish kf = { .handle = e->ke.handle, .len = peer->ke.len };
	struct esv_ike_derive id = { .nonce = e->nonce.handle, .role = e->role, .prf = ESV_PRF_HMAC_SHA2_512,
				     .encr = ESV_ALGO_AES_GCM_16_256, .peer_nonce_len = htole16(32),
				     .spi_i = "i", .spi_r = "r" };
	struct esv_auth_assert aa = { .id_type = 1, .id_len = htole16(4) };
	struct esv_child_derive cd = { .flags = htole32(ESV_CHILD_F_FIRST), .role = e->role,
				       .algo = ESV_ALGO_AES_GCM_16_256, .hard_packets = ESV_NO_LIMIT,
				       .hard_bytes = ESV_NO_LIMIT };
	struct esv_handle_out h;

	memcpy(kf.value, peer->ke.value, le16toh(peer->ke.len));
	ok(run(e, ESV_OP_KE_FINISH, &kf, sizeof(kf), &h, sizeof(h)));
	id.secret = h.handle;
	memcpy(id.peer_nonce, peer->nonce.nonce, 32);
	ok(run(e, ESV_OP_IKE_DERIVE, &id, sizeof(id), &h, sizeof(h)));
	aa.ike = cd.ike = h.handle;
	e->ike = le64toh(h.handle);
	memcpy(aa.id, peer->addr, 4);
	ok(run(e, ESV_OP_AUTH_ASSERT, &aa, sizeof(aa), NULL, 0));
	ok(run(e, ESV_OP_CHILD_DERIVE, &cd, sizeof(cd), &e->child, sizeof(e->child)));
}

static struct esv_sa_params sa_params(const struct end *from, const struct end *to, bool sends)
{
	struct esv_sa_params p = {
		.spi = htobe32(from->role == ESV_ROLE_INITIATOR ? SPI_A : SPI_B), .family = 4,
		.mode = ESV_SA_TRANSPORT, .dir = sends ? ESV_DIR_OUT : ESV_DIR_IN,
		.algo = ESV_ALGO_AES_GCM_16_256, .flags = htole32(ESV_SA_F_TOKEN), .reqid = htole32(REQID),
		.window = htole32(sends ? 0 : 64), .key_len = htole16(ESV_TOKEN_LEN),
		.soft_packets = ESV_NO_LIMIT, .hard_packets = ESV_NO_LIMIT,
		.soft_bytes = ESV_NO_LIMIT, .hard_bytes = ESV_NO_LIMIT,
	};

	memcpy(p.saddr, from->addr, 4);
	memcpy(p.daddr, to->addr, 4);
	memcpy(p.key, sends ? from->child.token_out : to->child.token_in, ESV_TOKEN_LEN);
	return p;
}

static enum esv_status install(struct end *e, const struct esv_sa_params *p, uint32_t *handle)
{
	struct esvh_cmd c = { .opcode = ESV_OP_SA_ADD, .in = p, .in_len = sizeof(*p) };
	enum esv_status status = esvh_cmd(&e->r.d, &c);

	*handle = le32toh(c.cqe.object);
	return status;
}

static void protect(struct end *e, uint8_t dir, const struct end *from, const struct end *to)
{
	struct esv_policy_params p = {
		.sel = { .family = 4, .plen_s = 32, .plen_d = 32 }, .dir = dir, .action = ESV_ACTION_PROTECT,
		.mode = ESV_SA_TRANSPORT, .priority = htole32(1), .reqid = htole32(REQID),
	};

	memcpy(p.sel.saddr, from->addr, 4);
	memcpy(p.sel.daddr, to->addr, 4);
	ok(esvh_do(&e->r.d, ESV_OP_POLICY_ADD, 0, &p, sizeof(p)));
}

static void set_up_esp(struct two *t)
{
	struct esv_sa_params p;

	start(&t->a);
	start(&t->b);
	derive(&t->a, &t->b);
	derive(&t->b, &t->a);
	p = sa_params(&t->a, &t->b, true);
	ok(install(&t->a, &p, &t->a.sa_out));
	p = sa_params(&t->a, &t->b, false);
	ok(install(&t->b, &p, &t->b.sa_in));
	p = sa_params(&t->b, &t->a, true);
	ok(install(&t->b, &p, &t->b.sa_out));
	p = sa_params(&t->b, &t->a, false);
	ok(install(&t->a, &p, &t->a.sa_in));
	protect(&t->a, ESV_DIR_OUT, &t->a, &t->b);
	protect(&t->a, ESV_DIR_IN, &t->b, &t->a);
	protect(&t->b, ESV_DIR_OUT, &t->b, &t->a);
	protect(&t->b, ESV_DIR_IN, &t->a, &t->b);
}

/* Bytes that arrived, 0: none. */
static size_t pass(struct end *from, struct end *to, size_t payload)
{
	struct esvh_tx_opts o = { .flags = ESV_TXD_TAG, .sa_handle = from->sa_out };
	struct pkt_spec s = udp4(payload);
	struct esv_rx_cqe c;
	uint8_t got[2048];
	struct pkt p;
	size_t n;

	s.dst = to->r.d.mac;
	s.src = from->r.d.mac;
	memcpy(s.saddr, from->addr, 4);
	memcpy(s.daddr, to->addr, 4);
	pkt_build(&p, &s);
	assert_true(esvh_send(&from->r.d, 0, p.b, p.len, &o));
	esvh_pump_pair(from->r.h, to->r.h);
	n = esvh_recv(&to->r.d, 0, got, sizeof(got), &c, true);
	if (n)
		assert_memory_equal(got, p.b, p.len);
	return n;
}

/* UNIT-77, TOK-5, ESP-1: unit to unit, token to SA, packet to packet, both ways. */
static void test_esp(void **state)
{
	struct two *t = *state;

	set_up_esp(t);
	for (size_t n = 0; n < 1300; n += 131) {
		assert_int_not_equal(pass(&t->a, &t->b, n), 0);
		assert_int_not_equal(pass(&t->b, &t->a, n), 0);
	}
	assert_int_equal(esvh_counter(&t->a.r.d, ESV_C_TX_ESP), 10);
	assert_int_equal(esvh_counter(&t->b.r.d, ESV_C_RX_ESP), 10);
	assert_int_equal(esvh_counter(&t->a.r.d, ESV_C_TOKENS_MADE), 2);
}

/* --- no key outside the unit --- */

struct scan {
	const struct esvh_host *h;
	unsigned int secrets, hits;
};

/* Every 16-byte piece of a secret; salts are too short to mean anything. */
static void scan_one(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
	struct scan *s = arg;

	s->secrets++;
	for (size_t at = 0; at + 16 <= len; at += 16) {
		if (memmem(s->h->mem, s->h->size, bytes + at, 16)) {
			print_message("# %s at %zu is in guest memory\n", name, at);
			s->hits++;
		}
	}
}

static struct scan scan(struct end *secrets_of, struct end *memory_of)
{
	struct scan s = { .h = memory_of->r.h };

	assert_int_equal(esvc_test_secrets(secrets_of->r.h->dev, scan_one, &s), 0);
	return s;
}

static void plant(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
	struct esvh_host *h = arg;

	if (!strcmp(name, "esp[0].key"))
		memcpy(h->mem + h->size - 64, bytes, 32);
}

/* I1, UNIT-1: no secret of either unit is in either guest's memory, and one that is put there is found. */
static void test_memory(void **state)
{
	struct two *t = *state;

	set_up_esp(t);
	for (int i = 0; i < 5; i++) {
		assert_int_not_equal(pass(&t->a, &t->b, 500), 0);
		assert_int_not_equal(pass(&t->b, &t->a, 500), 0);
	}
	assert_in_range(scan(&t->a, &t->a).secrets, 20, 1000);
	assert_int_equal(scan(&t->a, &t->a).hits, 0);
	assert_int_equal(scan(&t->a, &t->b).hits, 0);
	assert_int_equal(scan(&t->b, &t->a).hits, 0);
	assert_int_equal(scan(&t->b, &t->b).hits, 0);
	/* the scan sees what is there: the key's two halves, as key and as first round keys */
	assert_int_equal(esvc_test_secrets(t->a.r.h->dev, plant, t->a.r.h), 0);
	assert_int_equal(scan(&t->a, &t->a).hits, 4);
	assert_int_equal(scan(&t->b, &t->a).hits, 4);	/* it is b's as well */
}

/* --- zeroisation --- */

static bool epoch_event(struct end *e, uint64_t *epoch)
{
	struct esv_eqe ev;
	bool found = false;

	while (esvh_event(&e->r.d, &ev)) {
		if (ev.type == ESV_EV_EPOCH) {
			*epoch = le64toh(ev.arg0);
			found = true;
		}
	}
	return found;
}

static uint64_t epoch_register(struct end *e)
{
	return (uint64_t)esvh_reg(&e->r.d, ESV_REG_EPOCH_HI) << 32 | esvh_reg(&e->r.d, ESV_REG_EPOCH_LO);
}

/* KEY-20, UNIT-40: a sender that is zeroised sends nothing, a receiver takes nothing, and the driver hears of it. */
static void test_zeroize(void **state)
{
	struct two *t = *state;
	uint8_t scope = ESV_ZEROIZE_UNIT;
	struct esvh_cmd z = { .opcode = ESV_OP_ZEROIZE, .inl = &scope, .inl_len = 1 };
	struct esv_sa_params again;
	uint64_t before, after;
	uint32_t handle;

	set_up_esp(t);
	assert_int_not_equal(pass(&t->a, &t->b, 100), 0);
	before = epoch_register(&t->a);
	ok(esvh_cmd(&t->a.r.d, &z));
	assert_true(epoch_event(&t->a, &after));
	assert_true(after == before + 1 && after == epoch_register(&t->a));
	assert_int_equal(pass(&t->a, &t->b, 100), 0);	/* sender is dead */
	assert_int_equal(esvh_counter(&t->a.r.d, ESV_C_TX_ESP), 1);
	assert_int_equal(pass(&t->b, &t->a, 100), 0);	/* receiver is dead */
	assert_int_equal(esvh_counter(&t->a.r.d, ESV_C_RX_ESP), 0);
	ok(esvh_do(&t->a.r.d, ESV_OP_SA_DELETE, t->a.sa_out, NULL, 0));
	ok(esvh_do(&t->a.r.d, ESV_OP_SA_DELETE, t->a.sa_in, NULL, 0));
	again = sa_params(&t->a, &t->b, true);
	assert_int_equal(install(&t->a, &again, &handle), ESV_S_KEY_REJECTED);
	assert_int_equal(esvh_counter(&t->a.r.d, ESV_C_TOKENS_REJECTED), 1);
}

/* UNIT-40: a function that is zeroised hears of it too, in the epoch that goes on, and its SA says that its key went. */
static void test_zeroize_function(void **state)
{
	struct two *t = *state;
	uint8_t scope = ESV_ZEROIZE_FUNCTION;
	struct esvh_cmd z = { .opcode = ESV_OP_ZEROIZE, .inl = &scope, .inl_len = 1 };
	struct esv_sa_info info;
	struct esvh_cmd q = { .opcode = ESV_OP_SA_QUERY, .out = &info, .out_cap = sizeof(info) };
	uint64_t before = epoch_register(&t->a), told;

	set_up_esp(t);
	assert_int_not_equal(pass(&t->a, &t->b, 100), 0);
	assert_false(epoch_event(&t->a, &told));
	q.object = t->a.sa_out;
	ok(esvh_cmd(&t->a.r.d, &q));
	assert_true(le64toh(info.epoch) == before);
	ok(esvh_cmd(&t->a.r.d, &z));
	assert_true(epoch_event(&t->a, &told));
	assert_true(told == before && epoch_register(&t->a) == before);
	assert_int_equal(pass(&t->a, &t->b, 100), 0);
	ok(esvh_cmd(&t->a.r.d, &q));
	assert_true(info.epoch == 0);
}

/* What a unit has beside what is its own in every epoch. */
static void count_keys(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
	*(unsigned int *)arg += strncmp(name, "unit.", 5) != 0;
}

static unsigned int keys_of(struct end *e)
{
	unsigned int n = 0;

	assert_int_equal(esvc_test_secrets(e->r.h->dev, count_keys, &n), 0);
	return n;
}

/* Ways to a fatal error, each through another call of the host's. */
static void break_device(struct two *t, unsigned int how)
{
	struct esvh_host *h = t->a.r.h;
	struct esvh_drv *d = &t->a.r.d;

	if (how == 0) {		/* a doorbell */
		esvh_shadow(d, d->admin_shadow)->tail = htole32(d->sq_tail + 33);
		esvc_doorbell(h->dev, ESV_DB_ADMIN);
		esvh_pump(h);
		return;
	}
	if (how == 1)		/* a frame: of an SPI that is not known any more */
		ok(esvh_do(d, ESV_OP_SA_DELETE, t->a.sa_in, NULL, 0));
	h->dma_fail_lo = d->eq;
	h->dma_fail_hi = d->eq + (sizeof(struct esv_eqe) << d->event_log2);
	if (how == 1)
		pass(&t->b, &t->a, 100);
	else			/* the link */
		esvc_link(h->dev, false);
	h->dma_fail_hi = 0;
}

/* UNIT-42: a fatal error zeroises the unit at once, and not only when the driver gets to the reset. */
static void test_fatal(void **state)
{
	for (unsigned int how = 0; how < 3; how++) {
		struct two *t;
		uint64_t before;

		up(state);
		t = *state;
		set_up_esp(t);
		assert_int_not_equal(pass(&t->b, &t->a, 100), 0);
		assert_int_not_equal(keys_of(&t->a), 0);
		before = epoch_register(&t->a);
		break_device(t, how);
		assert_int_not_equal(esvh_reg(&t->a.r.d, ESV_REG_FATAL_CODE), 0);
		assert_int_equal(keys_of(&t->a), 0);
		assert_true(epoch_register(&t->a) == before + 1);
		/* Once: what is asked of a dead device later changes nothing. */
		esvc_doorbell(t->a.r.h->dev, ESV_DB_ADMIN);
		esvc_link(t->a.r.h->dev, true);
		assert_true(epoch_register(&t->a) == before + 1);
		ok(esvh_drv_start(&t->a.r.d));
		assert_true(epoch_register(&t->a) == before + 2);
		down(state);
	}
}

/* UNIT-42, REG-14: so does a driver that enables a device without rings, in the write itself. */
static void test_fatal_enable(void **state)
{
	struct end *e = &((struct two *)*state)->a;
	uint64_t before;

	esvc_reset(e->r.h->dev, ESV_RESET_USER);
	before = epoch_register(e);
	esvh_reg_set(&e->r.d, ESV_REG_CTRL, ESV_CTRL_ENABLE);
	assert_int_equal(esvh_reg(&e->r.d, ESV_REG_FATAL_CODE), ESV_FATAL_CONFIG);
	assert_true(epoch_register(e) == before + 1);
}

/* RST-2: a reset leaves no session, no token, no key. */
static void test_reset(void **state)
{
	struct two *t = *state;
	struct esv_nonce_gen ng = { .len = htole16(32) };
	struct esv_nonce_out out;
	struct esv_sa_params again;
	uint64_t before = epoch_register(&t->a);
	uint32_t handle;

	set_up_esp(t);
	ok(esvh_drv_start(&t->a.r.d));	/* begins with a reset */
	assert_true(epoch_register(&t->a) > before);
	assert_int_equal(run(&t->a, ESV_OP_NONCE_GEN, &ng, sizeof(ng), &out, sizeof(out)), ESV_S_BAD_HANDLE);
	again = sa_params(&t->a, &t->b, true);
	assert_int_equal(install(&t->a, &again, &handle), ESV_S_KEY_REJECTED);
}

/* VMS-1, VMS-3: a load is no way to take a unit back to keys that it has used, or kept for later. */
static void test_load(void **state)
{
	static uint8_t saved[ESVC_STATE_SIZE];
	struct two *t = *state;
	struct esv_nonce_gen ng = { .len = htole16(32) };
	struct esv_nonce_out out;
	struct esv_sa_params p;
	uint64_t before, told;
	uint32_t handle;

	start(&t->a);
	start(&t->b);
	derive(&t->a, &t->b);
	derive(&t->b, &t->a);
	p = sa_params(&t->a, &t->b, true);
	ok(install(&t->a, &p, &t->a.sa_out));
	before = epoch_register(&t->a);
	assert_int_equal(esvc_state_save(t->a.r.h->dev, saved), 0);
	assert_int_equal(esvc_state_load(t->a.r.h->dev, saved), 0);
	assert_true(epoch_register(&t->a) > before);
	assert_int_equal(run(&t->a, ESV_OP_NONCE_GEN, &ng, sizeof(ng), &out, sizeof(out)), ESV_S_BAD_HANDLE);
	assert_true(epoch_event(&t->a, &told) && told == epoch_register(&t->a));
	assert_int_equal(install(&t->a, &p, &handle), ESV_S_KEY_REJECTED);
	p = sa_params(&t->b, &t->a, false);
	assert_int_equal(install(&t->a, &p, &handle), ESV_S_KEY_REJECTED);
}

/* TOK-2: a token given as a host's key, or for a cipher that is no AEAD of its length, keys nothing. */
static void test_token_is_no_key(void **state)
{
	struct two *t = *state;
	struct esv_sa_params p;
	uint32_t handle;

	start(&t->a);
	start(&t->b);
	derive(&t->a, &t->b);
	p = sa_params(&t->a, &t->b, true);
	p.flags = 0;
	assert_int_equal(install(&t->a, &p, &handle), ESV_S_KEY_REJECTED);
	p.flags = htole32(ESV_SA_F_TOKEN);
	p.algo = ESV_ALGO_AES_GCM_16_128;
	assert_int_not_equal(install(&t->a, &p, &handle), ESV_S_OK);
	p.algo = ESV_ALGO_AES_GCM_16_256;
	ok(install(&t->a, &p, &handle));
}

/* Number and IV of the youngest ESP on the wire, behind Ethernet, IPv4 and the SPI. */
static uint32_t wire_seq;
static uint64_t wire_iv;

static void see_numbers(void *arg, const uint8_t *frame, size_t len)
{
	assert_true(len > 14 + 20 + 16 && frame[23] == 50);
	wire_seq = rd32(frame + 38);
	wire_iv = (uint64_t)rd32(frame + 42) << 32 | rd32(frame + 46);
}

/* KEY-1, KEY-2: the wire never sees one IV twice, whatever the host does to the SA. */
static void test_reinstall_continues(void **state)
{
	struct two *t = *state;
	struct esv_sa_params p;
	struct esvh_cmd c = { .opcode = ESV_OP_SA_ADD, .in = &p, .in_len = sizeof(p) };
	struct esv_sa_info info;
	struct esvh_cmd q = { .opcode = ESV_OP_SA_QUERY, .out = &info, .out_cap = sizeof(info) };

	set_up_esp(t);
	p = sa_params(&t->a, &t->b, true);
	t->a.r.h->tap = see_numbers;
	for (int i = 1; i <= 3; i++) {
		assert_int_not_equal(pass(&t->a, &t->b, 100), 0);
		assert_int_equal(wire_seq, i);
		assert_int_equal(wire_iv, i);
		ok(esvh_do(&t->a.r.d, ESV_OP_SA_DELETE, t->a.sa_out, NULL, 0));
		ok(esvh_cmd(&t->a.r.d, &c));
		assert_int_equal(c.cqe.result[0], ESV_SA_R_CONTINUED);
		t->a.sa_out = le32toh(c.cqe.object);
		q.object = t->a.sa_out;
		ok(esvh_cmd(&t->a.r.d, &q));
		assert_int_equal(le64toh(info.seq), i);
		assert_int_equal(info.custody, ESV_CUSTODY_L3);
	}
}

/* SA-23, KEY-3: a key that has carried all that it may installs no more, and says so. */
static void test_key_used_up(void **state)
{
	struct two *t = *state;
	struct end *e = &t->a;
	struct esv_child_derive cd = { .role = e->role, .algo = ESV_ALGO_AES_GCM_16_256, .peer_nonce_len = htole16(32),
				       .hard_packets = htole64(3), .hard_bytes = htole64(ESV_NO_LIMIT) };
	struct esv_nonce_gen ng = { .len = htole16(32) };
	struct esv_nonce_out nonce;
	struct esv_sa_params p;
	uint32_t handle;

	set_up_esp(t);
	ok(esvh_do(&e->r.d, ESV_OP_SA_DELETE, e->sa_out, NULL, 0));
	ok(run(e, ESV_OP_NONCE_GEN, &ng, sizeof(ng), &nonce, sizeof(nonce)));
	cd.ike = htole64(e->ike);
	cd.nonce = nonce.handle;
	memset(cd.peer_nonce, 0x5a, 32);
	ok(run(e, ESV_OP_CHILD_DERIVE, &cd, sizeof(cd), &e->child, sizeof(e->child)));
	p = sa_params(e, &t->b, true);
	for (int i = 0; i < 3; i++) {
		ok(install(e, &p, &e->sa_out));
		pass(e, &t->b, 100);
		ok(esvh_do(&e->r.d, ESV_OP_SA_DELETE, e->sa_out, NULL, 0));
	}
	assert_int_equal(esvh_counter(&e->r.d, ESV_C_TX_ESP), 3);
	for (int i = 0; i < 2; i++)
		assert_int_equal(install(e, &p, &handle), ESV_S_LIMIT);
	assert_int_equal(esvh_counter(&e->r.d, ESV_C_TOKENS_REJECTED), 0);
}

/* SPD-31: an open device that was locked says so wherever it tells its mode. */
static void test_lock_is_told(void **state)
{
	struct esvc_config cfg;
	struct rig r;
	struct esv_unit_status st;
	struct esvh_cmd ask = { .opcode = ESV_OP_UNIT_STATUS, .out = &st, .out_cap = sizeof(st) };

	esvc_config_default(&cfg);
	rig_start(&r, &cfg);
	ok(esvh_cmd(&r.d, &ask));
	assert_false(le32toh(st.mode) & ESV_MODE_STRICT);
	assert_int_equal(le32toh(st.mode), esvh_reg(&r.d, ESV_REG_MODE));
	ok(esvh_do(&r.d, ESV_OP_SPD_LOCK, 0, NULL, 0));
	ok(esvh_cmd(&r.d, &ask));
	assert_true(le32toh(st.mode) & ESV_MODE_STRICT);
	assert_int_equal(le32toh(st.mode), esvh_reg(&r.d, ESV_REG_MODE));
	ok(esvh_drv_start(&r.d));
	ok(esvh_cmd(&r.d, &ask));
	assert_true(le32toh(st.mode) & ESV_MODE_STRICT);
	rig_down(&r);
}

static unsigned int key_state(struct end *e, __le64 key)
{
	struct esv_handle_in in = { .handle = key };
	struct esv_handle_info info;

	ok(run(e, ESV_OP_HANDLE_QUERY, &in, sizeof(in), &info, sizeof(info)));
	return info.state;
}

/* UNIT-10: INSTALLED says that an SA uses the key now, SUSPENDED that another one could go on with it. */
static void test_key_state(void **state)
{
	struct two *t = *state;
	struct esv_sa_params p;

	set_up_esp(t);
	assert_int_equal(key_state(&t->a, t->a.child.esp_out), ESV_HS_INSTALLED);
	ok(esvh_do(&t->a.r.d, ESV_OP_SA_DELETE, t->a.sa_out, NULL, 0));
	assert_int_equal(key_state(&t->a, t->a.child.esp_out), ESV_HS_SUSPENDED);
	p = sa_params(&t->a, &t->b, true);
	ok(install(&t->a, &p, &t->a.sa_out));
	assert_int_equal(key_state(&t->a, t->a.child.esp_out), ESV_HS_INSTALLED);
}

static struct esv_unit_status unit_status(struct end *e)
{
	struct esv_unit_status st;

	ok(run(e, ESV_OP_UNIT_STATUS, NULL, 0, &st, sizeof(st)));
	return st;
}

/* ADM-9: an answer that can't be written leaves no handle and no token behind. */
static void test_answer_lost(void **state)
{
	static const uint16_t makes[] = { ESV_OP_NONCE_GEN, ESV_OP_KE_GEN, ESV_OP_CHILD_DERIVE, ESV_OP_KE_ENCAP };
	struct two *t = *state;
	struct end *e = &t->a;
	struct esv_nonce_gen ng = { .len = htole16(32) };
	struct esv_ke_gen kg = { .method = htole16(ESV_KE_X25519) };
	/* All coefficients zero: a key that FIPS 203 7.2 has nothing against. */
	struct esv_ke_encap ee = { .method = htole16(ESV_KE_ML_KEM_768), .len = htole16(1184) };
	struct esv_child_derive cd = { .role = e->role, .algo = ESV_ALGO_AES_GCM_16_256, .peer_nonce_len = htole16(32),
				       .hard_packets = ESV_NO_LIMIT, .hard_bytes = ESV_NO_LIMIT };
	struct esv_unit_status before, after;
	struct esv_nonce_out fresh;
	struct esv_ke_out out;
	uint64_t ops;

	set_up_esp(t);
	cd.ike = htole64(e->ike);
	ok(run(e, ESV_OP_NONCE_GEN, &ng, sizeof(ng), &fresh, sizeof(fresh)));
	cd.nonce = fresh.handle;
	memset(cd.peer_nonce, 0x5a, 32);
	for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
		const void *ins[] = { &ng, &kg, &cd, &ee };
		const size_t lens[] = { sizeof(ng), sizeof(kg), sizeof(cd), sizeof(ee) };

		before = unit_status(e);
		/* Tail, request, payload, and then the answer. */
		ops = 4;
		e->r.h->dma_fail_in = ops;
		assert_int_equal(run(e, makes[i], ins[i], lens[i], &out, sizeof(out)), ESV_S_DMA_ERROR);
		after = unit_status(e);
		assert_int_equal(le32toh(after.handles), le32toh(before.handles) - (i == 2));
		assert_int_equal(after.keys_pending, before.keys_pending);
	}
}

/* Inputs of derivations, as little-endian handles. */
static __le64 fresh_nonce(struct end *e)
{
	struct esv_nonce_gen ng = { .len = htole16(32) };
	struct esv_nonce_out out;

	ok(run(e, ESV_OP_NONCE_GEN, &ng, sizeof(ng), &out, sizeof(out)));
	return out.handle;
}

static __le64 fresh_ke(struct end *e)
{
	struct esv_ke_gen kg = { .method = htole16(ESV_KE_X25519) };
	struct esv_ke_out out;

	ok(run(e, ESV_OP_KE_GEN, &kg, sizeof(kg), &out, sizeof(out)));
	return out.handle;
}

static __le64 fresh_secret(struct end *e, const struct end *peer)
{
	struct esv_ke_finish kf = { .handle = fresh_ke(e), .len = peer->ke.len };
	struct esv_handle_out out;

	memcpy(kf.value, peer->ke.value, 32);
	ok(run(e, ESV_OP_KE_FINISH, &kf, sizeof(kf), &out, sizeof(out)));
	return out.handle;
}

/* The answer of a command that makes something can't be written: handles and tokens there are afterwards. */
static void lost(struct end *e, uint16_t opcode, const void *in, size_t len, int handles, int pending)
{
	struct esv_unit_status before = unit_status(e), after;
	struct esv_provisioned out;

	/* Tail, request, payload, and then the answer. */
	e->r.h->dma_fail_in = 4;
	assert_int_equal(run(e, opcode, in, len, &out, sizeof(out)), ESV_S_DMA_ERROR);
	assert_int_equal(e->r.h->dma_fail_in, 0);
	after = unit_status(e);
	assert_int_equal(le32toh(after.handles), (int)le32toh(before.handles) + handles);
	assert_int_equal(le32toh(after.keys_pending), (int)le32toh(before.keys_pending) + pending);
}

/* PROVISION in clear, which test mode allows: type, header, bytes. Returns the payload's length. */
static size_t in_clear(struct esv_provision *in, uint8_t type, const void *secret, size_t len)
{
	struct esv_secret_hdr h = { .version = ESV_SECRET_VERSION, .type = type, .len = htole16((uint16_t)len) };

	*in = (struct esv_provision){ .type = type, .wrap = ESV_WRAP_NONE, .len = htole16((uint16_t)(sizeof(h) + len)) };
	memcpy(in->data, &h, sizeof(h));
	memcpy(in->data + sizeof(h), secret, len);
	return offsetof(struct esv_provision, data) + sizeof(h) + len;
}

static void lost_provision(struct end *e)
{
	static const uint8_t psk[32] = "a preshared key of thirty-two ch";
	struct esv_wrapped_esp esp = { .dir = ESV_DIR_OUT, .family = 4, .mode = ESV_SA_TRANSPORT, .spi = htobe32(0x4444),
				       .saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 }, .key = "a key" };
	struct esv_provisioned out;
	struct esv_provision in;
	size_t len = in_clear(&in, ESV_H_PSK, psk, sizeof(psk));

	lost(e, ESV_OP_PROVISION, &in, len, 0, 0);
	len = in_clear(&in, ESV_H_ESP, &esp, sizeof(esp));
	lost(e, ESV_OP_PROVISION, &in, len, 0, 0);
	/* Nobody has the key, so that it may come again. */
	ok(run(e, ESV_OP_PROVISION, &in, len, &out, sizeof(out)));
	assert_int_equal(le16toh(out.stored_len), ESV_TOKEN_LEN);
}

/* ADM-9: the inputs of a lost derivation are used up, and what it made is gone; what is brought can be brought again. */
static void test_answer_lost_later(void **state)
{
	struct two *t = *state;
	struct end *e = &t->a;
	struct esv_ke_finish kf = { 0 };
	struct esv_ike_derive id = { .role = e->role, .prf = ESV_PRF_HMAC_SHA2_512, .encr = ESV_ALGO_AES_GCM_16_256,
				     .peer_nonce_len = htole16(32), .spi_i = "i", .spi_r = "r" };
	struct esv_ike_rekey rk = { .role = e->role, .prf = ESV_PRF_HMAC_SHA2_256, .encr = ESV_ALGO_AES_GCM_16_256,
				    .peer_nonce_len = htole16(32), .spi_i = "I", .spi_r = "R" };

	set_up_esp(t);
	kf = (struct esv_ke_finish){ .handle = fresh_ke(e), .len = t->b.ke.len };
	memcpy(kf.value, t->b.ke.value, 32);
	lost(e, ESV_OP_KE_FINISH, &kf, sizeof(kf), -1, 0);
	id.secret = fresh_secret(e, &t->b);
	id.nonce = fresh_nonce(e);
	lost(e, ESV_OP_IKE_DERIVE, &id, sizeof(id), -2, 0);
	rk.ike = htole64(e->ike);
	rk.secret[0] = fresh_secret(e, &t->b);
	rk.nonce = fresh_nonce(e);
	lost(e, ESV_OP_IKE_REKEY, &rk, sizeof(rk), -2, 0);
	/* The old one stays. */
	rk.secret[0] = fresh_secret(e, &t->b);
	rk.nonce = fresh_nonce(e);
	ok(run(e, ESV_OP_IKE_REKEY, &rk, sizeof(rk), &id, sizeof(struct esv_handle_out)));
	lost_provision(e);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_esp), T(test_memory), T(test_zeroize), T(test_zeroize_function), T(test_reset), T(test_load),
		T(test_token_is_no_key), T(test_reinstall_continues),
		T(test_answer_lost), T(test_answer_lost_later), T(test_fatal_enable), T(test_key_state),
		T(test_key_used_up), cmocka_unit_test(test_lock_is_told), cmocka_unit_test(test_fatal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("unit and device", tests, NULL, NULL) ? 1 : 0;
}
