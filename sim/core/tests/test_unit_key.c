// SPDX-License-Identifier: GPL-2.0-or-later
/* Key objects: tokens, imports, continuation (TOK-5..TOK-9, KEY-1..KEY-16). */
#include "unit_rig.h"

#define ALGO	ESV_ALGO_AES_GCM_16_256

static enum esv_status install(struct rig *r, const uint8_t *token, const struct esvc_binding *b,
			       struct esvc_key **key, bool *continued)
{
	return esvc_key_from_token(r->dev.unit, token, b, key, continued);
}

static struct esv_child_out pair(struct rig *r, uint32_t flags)
{
	return rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST | flags);
}

/* TOK-5, KEY-1, KEY-2: one SA at a time has the key, and the next one goes on where that stood. */
static void test_install_and_continue(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esv_child_out out = pair(r, 0);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO);
	struct esvc_key *key, *again;
	bool continued = true;

	assert_int_equal(install(r, out.token_out, &b, &key, &continued), ESV_S_OK);
	assert_false(continued);
	assert_true(key->installed);
	assert_int_equal(key->custody, ESV_CUSTODY_L3);
	assert_int_equal(key->vouch, ESV_VOUCH_HOST);
	assert_int_equal(key->epoch, esvc_unit_epoch(r->dev.unit));
	assert_int_equal(key->iv, 0);
	key->iv = 17;
	key->iv_left -= 17;
	key->seq = 17;
	key->packets = 17;
	/* while an SA has it, nobody else gets it */
	assert_int_equal(install(r, out.token_out, &b, &again, &continued), ESV_S_KEY_REJECTED);
	esvc_key_release(r->dev.unit, key);
	assert_int_equal(install(r, out.token_out, &b, &again, &continued), ESV_S_OK);
	assert_true(continued);
	assert_ptr_equal(again, key);
	assert_int_equal(again->iv, 17);
	assert_int_equal(again->seq, 17);
	assert_int_equal(again->packets, 17);
	rig_free(r);
}

/* TOK-5: the first install binds; any other binding is refused, the first one stays good. */
static void test_binding(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esv_child_out out = pair(r, 0);
	const struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO);
	struct esvc_binding w;
	struct esvc_key *key;
	bool c;

	assert_int_equal(install(r, out.token_out, &b, &key, &c), ESV_S_OK);
	esvc_key_release(r->dev.unit, key);
	for (int i = 0; i < 6; i++) {
		w = b;
		w.spi += i == 0;
		w.saddr[3] += i == 1;
		w.daddr[15] += i == 2;
		w.mode = i == 3 ? ESV_SA_TUNNEL : w.mode;
		w.family = i == 4 ? 6 : w.family;
		w.function += i == 5;
		assert_int_equal(install(r, out.token_out, &w, &key, &c), ESV_S_KEY_REJECTED);
	}
	assert_int_equal(install(r, out.token_out, &b, &key, &c), ESV_S_OK);
	assert_true(c);
	rig_free(r);
}

/* UNIT-13: no token works in the other direction, or for another suite. */
static void test_direction(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esv_child_out out = pair(r, 0);
	struct esvc_binding in = rig_bind(ESV_DIR_IN, ALGO), to = rig_bind(ESV_DIR_OUT, ALGO);
	struct esvc_binding small = rig_bind(ESV_DIR_OUT, ESV_ALGO_AES_GCM_16_128);
	struct esvc_key *key;
	bool c;

	assert_int_equal(install(r, out.token_out, &in, &key, &c), ESV_S_KEY_REJECTED);
	assert_int_equal(install(r, out.token_in, &to, &key, &c), ESV_S_KEY_REJECTED);
	assert_int_equal(install(r, out.token_out, &small, &key, &c), ESV_S_KEY_REJECTED);
	assert_int_equal(install(r, out.token_out, &to, &key, &c), ESV_S_OK);
	assert_int_equal(install(r, out.token_in, &in, &key, &c), ESV_S_OK);
	rig_free(r);
}

/* TOK-4: a token with any of its bytes changed. */
static void test_forged(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esv_child_out out = pair(r, 0);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO);
	struct esvc_key *key;
	bool c;

	for (unsigned int i = 0; i < ESV_TOKEN_LEN; i++) {
		out.token_out[i] ^= 0x20;
		assert_int_equal(install(r, out.token_out, &b, &key, &c), ESV_S_KEY_REJECTED);
		out.token_out[i] ^= 0x20;
	}
	assert_int_equal(install(r, out.token_out, &b, &key, &c), ESV_S_OK);
	rig_free(r);
}

/* UNIT-8: closing a session takes its waiting tokens, but not a detached one, nor an SA's key. */
static void test_close(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO);
	struct esv_child_out plain = pair(r, 0), away = pair(r, ESV_CHILD_F_DETACH), used = pair(r, 0);
	struct esvc_key *key, *two;
	bool c;

	assert_int_equal(install(r, used.token_out, &b, &key, &c), ESV_S_OK);
	assert_int_equal(rig_run(r, ESV_OP_SESSION_CLOSE, r->session, NULL, 0), ESV_S_OK);
	assert_true(key->installed);
	assert_int_equal(install(r, plain.token_out, &b, &two, &c), ESV_S_KEY_REJECTED);
	assert_int_equal(install(r, away.token_out, &b, &two, &c), ESV_S_OK);
	/* let go, the plain one is gone, the detached one can be continued */
	esvc_key_release(r->dev.unit, key);
	assert_int_equal(install(r, used.token_out, &b, &key, &c), ESV_S_KEY_REJECTED);
	esvc_key_release(r->dev.unit, two);
	assert_int_equal(install(r, away.token_out, &b, &two, &c), ESV_S_OK);
	assert_true(c);
	rig_free(r);
}

/* TOK-7: a token that nobody installs in time is dropped, on the timer and without it. */
static void test_install_time(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esv_child_derive in = rig_child_in(rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO);
	struct esv_child_out out;
	struct esvc_key *key;
	bool c;

	in.install_ms = htole32(600001);
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_BAD_FIELD);
	in.install_ms = htole32(5);
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_OK);
	memcpy(&out, r->out, sizeof(out));
	assert_int_equal(r->dev.unit_at, r->now + 5000000);
	r->now += 4999999;
	assert_int_equal(install(r, out.token_out, &b, &key, &c), ESV_S_OK);
	r->now += 1;
	assert_int_equal(esvc_unit_expire(r->dev.unit, r->now), 0);
	b.dir = ESV_DIR_IN;
	assert_int_equal(install(r, out.token_in, &b, &key, &c), ESV_S_KEY_REJECTED);
	out = pair(r, 0);
	r->now += ESV_TOKEN_INSTALL_MS * 1000000ull;
	assert_int_equal(install(r, out.token_in, &b, &key, &c), ESV_S_KEY_REJECTED);
	rig_free(r);
}

/* TOK-8: what waits for continuation makes room, what waits for its first install does not. */
static void test_room(void **state)
{
	struct rig *r = rig_new_cfg(0, 1, 4, 64);
	struct esv_child_derive in;
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO);
	struct esv_child_out a = pair(r, 0), z = pair(r, 0);
	struct esvc_key *key;
	bool c;

	in = rig_child_in(rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_LIMIT);
	assert_int_equal(install(r, a.token_out, &b, &key, &c), ESV_S_OK);
	b.dir = ESV_DIR_IN;
	assert_int_equal(install(r, a.token_in, &b, &key, &c), ESV_S_OK);
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_NO_RESOURCE);
	esvc_key_release(r->dev.unit, key);
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_NO_RESOURCE);
	b.dir = ESV_DIR_OUT;
	assert_int_equal(install(r, z.token_out, &b, &key, &c), ESV_S_OK);
	esvc_key_release(r->dev.unit, key);
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_OK);
	assert_int_equal(install(r, z.token_out, &b, &key, &c), ESV_S_KEY_REJECTED);	/* it gave its place */
	rig_free(r);
}

/* UNIT-22, TOK-9: not while an SA uses the key; then once, and its token is worth nothing. */
static void test_destroy_esp(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esv_child_out out = pair(r, 0);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO);
	struct esv_handle_in h = { .handle = out.esp_out };
	struct esvc_key *key;
	bool c;

	assert_int_equal(install(r, out.token_out, &b, &key, &c), ESV_S_OK);
	assert_int_equal(rig_run(r, ESV_OP_DESTROY, r->session, &h, sizeof(h)), ESV_S_BAD_STATE);
	esvc_key_release(r->dev.unit, key);
	assert_int_equal(rig_run(r, ESV_OP_DESTROY, r->session, &h, sizeof(h)), ESV_S_OK);
	assert_int_equal(rig_run(r, ESV_OP_DESTROY, r->session, &h, sizeof(h)), ESV_S_BAD_HANDLE);
	assert_int_equal(install(r, out.token_out, &b, &key, &c), ESV_S_KEY_REJECTED);
	rig_free(r);
}

/* KEY-3: the limits of CHILD_DERIVE lower those of the device, never raise them. */
static void test_limits(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esv_child_derive in = rig_child_in(rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO);
	struct esv_child_out out;
	struct esvc_key *key;
	bool c;

	in.hard_packets = htole64(1000);
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_OK);
	memcpy(&out, r->out, sizeof(out));
	assert_int_equal(install(r, out.token_out, &b, &key, &c), ESV_S_OK);
	assert_int_equal(key->max_packets, 1000);
	assert_int_equal(key->max_bytes, ESVC_KEY_BYTES);
	rig_free(r);
}

/* UNIT-13, RFC 7296 2.17: what the initiator sends, the responder receives, and nothing else fits. */
static void test_two_units_agree(void **state)
{
	struct rig *a = rig_new(ESV_MODE_TEST, 1), *z = rig_new(ESV_MODE_TEST, 2);
	uint8_t ka[32], kz[32], na[32], nz[32];
	uint64_t ha = rig_ke(a, a->session, ka), hz = rig_ke(z, z->session, kz);
	uint64_t oa = rig_nonce(a, a->session, 32, na), oz = rig_nonce(z, z->session, 32, nz);
	struct esv_ike_derive ia, iz;
	struct esvc_keyslot *s[4];
	uint64_t ea, ez;
	struct esv_child_derive in;

	assert_int_equal(rig_finish_status(a, a->session, ha, kz), ESV_S_OK);
	ia = rig_ike_in(rig_handle(a), oa);
	assert_int_equal(rig_finish_status(z, z->session, hz, ka), ESV_S_OK);
	iz = rig_ike_in(rig_handle(z), oz);
	iz.role = ESV_ROLE_RESPONDER;
	memcpy(ia.peer_nonce, nz, 32);
	memcpy(iz.peer_nonce, na, 32);
	assert_int_equal(rig_run(a, ESV_OP_IKE_DERIVE, a->session, &ia, sizeof(ia)), ESV_S_OK);
	ea = rig_handle(a);
	assert_int_equal(rig_run(z, ESV_OP_IKE_DERIVE, z->session, &iz, sizeof(iz)), ESV_S_OK);
	ez = rig_handle(z);
	rig_assert_id(a, a->session, ea);
	rig_assert_id(z, z->session, ez);
	rig_child(a, a->session, ea, ESV_CHILD_F_FIRST);
	in = rig_child_in(ez, ESV_CHILD_F_FIRST);
	in.role = ESV_ROLE_RESPONDER;
	assert_int_equal(rig_run(z, ESV_OP_CHILD_DERIVE, z->session, &in, sizeof(in)), ESV_S_OK);
	for (int i = 0; i < 4; i++)	/* in, out of a; in, out of z */
		s[i] = &(i < 2 ? a : z)->dev.unit->slot[i % 2];
	assert_memory_equal(esvc_key_raw(a->dev.unit, s[1]), esvc_key_raw(z->dev.unit, s[2]), 36);
	assert_memory_equal(esvc_key_raw(a->dev.unit, s[0]), esvc_key_raw(z->dev.unit, s[3]), 36);
	assert_memory_not_equal(esvc_key_raw(a->dev.unit, s[0]), esvc_key_raw(a->dev.unit, s[1]), 32);
	rig_free(a);
	rig_free(z);
}

/* --- imported keys --- */

static const uint8_t host_key[36] = "thirty-two bytes of a host's key!and";

static enum esv_status import(struct rig *r, const struct esvc_binding *b, struct esvc_key **key, bool *c)
{
	return esvc_key_from_host(r->dev.unit, host_key, sizeof(host_key), b, key, c);
}

/* KEY-10, KEY-12: a random IV base once, then continuation. */
static void test_import_continues(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO);
	struct esvc_key *key;
	uint64_t iv;
	bool c;

	assert_int_equal(import(r, &b, &key, &c), ESV_S_OK);
	assert_false(c);
	assert_int_equal(key->custody, ESV_CUSTODY_L1);
	assert_int_equal(key->vouch, ESV_VOUCH_NONE);
	assert_int_equal(key->iv_left, ESVC_IMPORT_IVS);
	iv = key->iv;
	assert_true(iv > UINT32_MAX);
	assert_int_equal(import(r, &b, &key, &c), ESV_S_KEY_REJECTED);	/* a live sender */
	key->iv += 100;
	key->iv_left -= 100;
	key->seq = 100;
	esvc_key_release(r->dev.unit, key);
	assert_int_equal(import(r, &b, &key, &c), ESV_S_OK);
	assert_true(c);
	assert_int_equal(key->iv, iv + 100);
	assert_int_equal(key->iv_left, ESVC_IMPORT_IVS - 100);
	assert_int_equal(key->seq, 100);
	esvc_key_release(r->dev.unit, key);
	b.daddr[0] = 11;	/* moved: the same SPI goes on */
	assert_int_equal(import(r, &b, &key, &c), ESV_S_OK);
	assert_true(c);
	assert_int_equal(key->seq, 100);
	esvc_key_release(r->dev.unit, key);
	b.spi++;		/* KEY-1, KEY-14: another SA takes nothing back, nor does the first one after it */
	assert_int_equal(import(r, &b, &key, &c), ESV_S_OK);
	assert_true(c);
	assert_int_equal(key->seq, 100);
	assert_int_equal(key->iv, iv + 100);
	key->seq++;
	key->packets++;
	key->bytes += 50;
	esvc_key_release(r->dev.unit, key);
	b.spi--;
	assert_int_equal(import(r, &b, &key, &c), ESV_S_OK);
	assert_int_equal(key->seq, 101);
	assert_int_equal(key->packets, 1);
	assert_int_equal(key->bytes, 50);
	rig_free(r);
}

/* KEY-13: one key, two senders at a time: refused whatever they are bound to. */
static void test_import_two_senders(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO), other = b, in = rig_bind(ESV_DIR_IN, ALGO);
	struct esvc_key *key, *second;
	bool c;

	other.spi++;
	other.saddr[0] = 99;
	assert_int_equal(import(r, &b, &key, &c), ESV_S_OK);
	assert_int_equal(import(r, &other, &second, &c), ESV_S_KEY_REJECTED);
	assert_int_equal(import(r, &in, &second, &c), ESV_S_OK);	/* a receiver makes no IVs */
	assert_int_equal(import(r, &in, &second, &c), ESV_S_KEY_REJECTED);
	in.spi++;
	assert_int_equal(import(r, &in, &second, &c), ESV_S_OK);
	rig_free(r);
}

/* KEY-14: a receiver's window goes on, for the same SPI even at another address. */
static void test_import_window(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	struct esvc_binding b = rig_bind(ESV_DIR_IN, ALGO);
	struct esvc_key *key;
	bool c;

	assert_int_equal(import(r, &b, &key, &c), ESV_S_OK);
	assert_int_equal(esvc_replay_init(&key->replay, 64, 0), 0);
	esvc_replay_accept(&key->replay, 500);
	esvc_key_release(r->dev.unit, key);
	b.saddr[1]++;
	assert_int_equal(import(r, &b, &key, &c), ESV_S_OK);
	assert_true(c);
	assert_int_equal(key->replay.top, 500);
	assert_int_equal(esvc_replay_check(&key->replay, 500), ESVC_REPLAY_DUP);
	esvc_key_release(r->dev.unit, key);
	b.spi++;
	assert_int_equal(import(r, &b, &key, &c), ESV_S_OK);
	assert_false(c);
	assert_int_equal(key->replay.window, 0);
	rig_free(r);
}

/* KEY-15, SA-15, SA-16, TOK-2: no key, a salt alone, another length, a token, a device that takes none. */
static void test_import_refused(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1), *closed = rig_new(0, 1);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO);
	struct esv_child_out out = pair(r, 0);
	uint8_t weak[36] = { 0 };
	struct esvc_unit *u = r->dev.unit;
	struct esvc_key *key;
	bool c;

	assert_int_equal(esvc_key_from_host(u, weak, 0, &b, &key, &c), ESV_S_KEY_WEAK);
	assert_int_equal(esvc_key_from_host(u, weak, 36, &b, &key, &c), ESV_S_KEY_WEAK);
	weak[35] = 1;	/* a salt alone is no key */
	assert_int_equal(esvc_key_from_host(u, weak, 36, &b, &key, &c), ESV_S_KEY_WEAK);
	assert_int_equal(esvc_key_from_host(u, host_key, 20, &b, &key, &c), ESV_S_BAD_LENGTH);
	assert_int_equal(esvc_key_from_host(u, out.token_out, 36, &b, &key, &c), ESV_S_KEY_REJECTED);
	assert_int_equal(import(closed, &b, &key, &c), ESV_S_DENIED);
	b.algo = ESV_ALGO_AES_GCM_16_128;
	assert_int_equal(esvc_key_from_host(u, host_key, 20, &b, &key, &c), ESV_S_OK);
	rig_free(r);
	rig_free(closed);
}

/* KEY-11: no more IVs than a random start allows, over all installs. */
static void test_import_used_up(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO);
	struct esvc_key *key;
	bool c;

	assert_int_equal(import(r, &b, &key, &c), ESV_S_OK);
	key->iv_left = 0;
	esvc_key_release(r->dev.unit, key);
	assert_int_equal(import(r, &b, &key, &c), ESV_S_KEY_REJECTED);
	rig_free(r);
}

/* KEY-16: the oldest record gives way to a new one; a live one never does. */
static void test_import_table(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ALGO);
	struct esvc_key *key, *live;
	uint8_t k[36];
	uint64_t iv;
	bool c;

	assert_int_equal(import(r, &b, &live, &c), ESV_S_OK);
	for (unsigned int i = 0; i < ESVC_IMPORT_MIN + 10; i++) {
		memcpy(k, host_key, sizeof(k));
		memcpy(k, &i, sizeof(i));
		assert_int_equal(esvc_key_from_host(r->dev.unit, k, sizeof(k), &b, &key, &c), ESV_S_OK);
		assert_false(c);
		iv = key->iv;
		esvc_key_release(r->dev.unit, key);
	}
	assert_int_equal(r->dev.unit->imports.count, ESVC_IMPORT_MIN);
	assert_int_equal(import(r, &b, &key, &c), ESV_S_KEY_REJECTED);	/* still known, still live */
	assert_int_equal(esvc_key_from_host(r->dev.unit, k, sizeof(k), &b, &key, &c), ESV_S_OK);
	assert_true(c);
	assert_int_equal(key->iv, iv);
	esvc_key_release(r->dev.unit, key);
	memcpy(k, host_key, sizeof(k));
	memset(k, 0, sizeof(unsigned int));	/* the first one of the loop: forgotten */
	assert_int_equal(esvc_key_from_host(r->dev.unit, k, sizeof(k), &b, &key, &c), ESV_S_OK);
	assert_false(c);
	rig_free(r);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_install_and_continue),
	cmocka_unit_test(test_binding),
	cmocka_unit_test(test_direction),
	cmocka_unit_test(test_forged),
	cmocka_unit_test(test_close),
	cmocka_unit_test(test_install_time),
	cmocka_unit_test(test_room),
	cmocka_unit_test(test_destroy_esp),
	cmocka_unit_test(test_limits),
	cmocka_unit_test(test_two_units_agree),
	cmocka_unit_test(test_import_continues),
	cmocka_unit_test(test_import_two_senders),
	cmocka_unit_test(test_import_window),
	cmocka_unit_test(test_import_refused),
	cmocka_unit_test(test_import_used_up),
	cmocka_unit_test(test_import_table),
};

RIG_MAIN(tests)
