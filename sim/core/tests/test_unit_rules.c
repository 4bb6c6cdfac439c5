// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules that the unit enforces, R1 to R10, each with the attack that it is there for. An
 * attack does what a hostile daemon or host would do, with all that it can know,
 * and would succeed if the rule were not enforced; test_unit_removed.c removes each and shows that.
 */
#include "auth_rig.h"

static const char psk[] = "correct horse battery staple";

/* The raw key behind a handle of an ESP key, read where only a test can. */
static const uint8_t *raw_key(struct rig *r, uint64_t handle)
{
	struct esvc_unit *u = r->dev.unit;
	struct esvc_keyslot *k = esvc_key_get(u, esvc_session_get(&u->sessions, r->function, r->session), handle);

	assert_non_null(k);
	return esvc_key_raw(u, k);
}

static enum esv_status child_status(struct rig *r, const struct esv_child_derive *in)
{
	return rig_run(r, ESV_OP_CHILD_DERIVE, r->session, in, sizeof(*in));
}

static enum esv_status install_as(struct rig *r, const uint8_t token[ESV_TOKEN_LEN], uint8_t dir, uint32_t spi,
				  struct esvc_key **key)
{
	struct esvc_binding b = rig_bind(dir, ESV_ALGO_AES_GCM_16_256);
	bool continued;

	b.spi = htobe32(spi);
	return esvc_key_from_token(r->dev.unit, token, &b, key, &continued);
}

/*
 * R1 (UNIT-14, TOK-6), fixed layout, one expansion. The attack cuts KEYMAT elsewhere: a shorter key of
 * the same expansion is a part of the longer one, and can be searched for alone.
 */
static void test_r1_layout(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 1);
	uint64_t ike = rig_ike_ready(r, r->session);
	struct esv_child_derive in = rig_child_in(ike, ESV_CHILD_F_FIRST);
	const size_t rsvd = offsetof(struct esv_child_derive, rsvd);

	for (unsigned int algo = 0; algo < 256; algo++) {
		in.algo = (uint8_t)algo;
		if (algo != ESV_ALGO_AES_GCM_16_256)
			assert_int_equal(child_status(r, &in), ESV_S_UNSUPPORTED_VALUE);
	}
	in.algo = ESV_ALGO_AES_GCM_16_256;
	for (size_t i = 0; i < sizeof(in.rsvd); i++) {	/* an offset or a length that nobody documented */
		((uint8_t *)&in)[rsvd + i] = 4;
		assert_int_equal(child_status(r, &in), ESV_S_RESERVED_NONZERO);
		((uint8_t *)&in)[rsvd + i] = 0;
	}
	assert_int_equal(child_status(r, &in), ESV_S_OK);
	rig_free(r);
}

/*
 * R2 (UNIT-11, UNIT-16), a derivation consumes something that the unit made. The attack repeats a derivation: the
 * same key in a second object, whose IVs begin at 1 again.
 */
static void test_r2_fresh(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 2);
	uint64_t secret = rig_secret(r, r->session), nonce = rig_nonce(r, r->session, 32, NULL), ike;
	struct esv_ike_derive id = rig_ike_in(secret, nonce);
	struct esv_child_derive in;

	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &id, sizeof(id)), ESV_S_OK);
	ike = rig_handle(r);
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &id, sizeof(id)), ESV_S_BAD_HANDLE);
	assert_int_equal(rig_assert_id(r, r->session, ike), ESV_S_OK);
	in = rig_child_in(ike, ESV_CHILD_F_FIRST);
	assert_int_equal(child_status(r, &in), ESV_S_OK);
	assert_int_equal(child_status(r, &in), ESV_S_BAD_STATE);
	in = rig_child_in(ike, 0);
	in.nonce = htole64(rig_nonce(r, r->session, 32, NULL));
	in.peer_nonce_len = htole16(32);
	assert_int_equal(child_status(r, &in), ESV_S_OK);
	assert_int_equal(child_status(r, &in), ESV_S_BAD_HANDLE);
	in.nonce = 0;	/* nothing of the unit's at all */
	assert_int_equal(child_status(r, &in), ESV_S_BAD_HANDLE);
	rig_free(r);
}

/* R3 (UNIT-13), first half: an outbound key that opens what it sealed opens every recording of its own traffic. */
static void test_r3_direction(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 3);
	struct esv_child_out c = rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	uint8_t token[ESV_TOKEN_LEN];
	struct esvc_key *key;

	assert_int_equal(install_as(r, c.token_out, ESV_DIR_IN, RIG_SPI, &key), ESV_S_KEY_REJECTED);
	assert_int_equal(install_as(r, c.token_in, ESV_DIR_OUT, RIG_SPI, &key), ESV_S_KEY_REJECTED);
	memcpy(token, c.token_out, sizeof(token));
	token[offsetof(struct esv_token, dir)] = ESV_DIR_IN;
	assert_int_equal(install_as(r, token, ESV_DIR_IN, RIG_SPI, &key), ESV_S_KEY_REJECTED);
	assert_int_equal(install_as(r, c.token_out, ESV_DIR_OUT, RIG_SPI, &key), ESV_S_OK);
	assert_memory_not_equal(raw_key(r, le64toh(c.esp_in)), raw_key(r, le64toh(c.esp_out)), 32);
	rig_free(r);
}

/* R3 (UNIT-86), second half: the same with IKE messages, by an IKE SA that opens what it sealed. */
static void test_r3_messages(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 3);
	struct esv_ike_seal in = { .ike = htole64(rig_ike_ready(r, r->session)), .len = htole16(16),
				   .data = "recorded text" };
	const struct esv_ike_sealed *sealed = (const void *)r->out;
	struct esv_ike_open open = { .ike = in.ike, .len = in.len };

	assert_int_equal(rig_run(r, ESV_OP_IKE_SEAL, r->session, &in, offsetof(struct esv_ike_seal, data) + 16), ESV_S_OK);
	memcpy(open.iv, sealed->iv, sizeof(open.iv));
	memcpy(open.icv, sealed->icv, sizeof(open.icv));
	memcpy(open.data, sealed->data, 16);
	assert_int_equal(rig_run(r, ESV_OP_IKE_OPEN, r->session, &open, offsetof(struct esv_ike_open, data) + 16),
			 ESV_S_AUTH_FAILED);
	assert_null(memmem(r->out, sizeof(r->out), "recorded", 8));
	rig_free(r);
}

/*
 * R4 (UNIT-1, UNIT-95), what comes out of a secret is a handle, AUTH, IKE text or ESP. The attack uses AUTH_SIGN as
 * a MAC under the PSK: over the IKE_SA_INIT of an IKE SA that the attacker has with somebody else, to be this side
 * there.
 */
static void test_r4_no_oracle(void **state)
{
	const struct esv_ike_derive id = rig_ike_in(0, 0);
	static struct blob auth, other;
	struct end i, p, elsewhere;
	uint64_t key;

	pair(&i, &p);
	key = brought(i.r, ESV_H_PSK, NULL, psk, strlen(psk));
	elsewhere = i;
	memset(elsewhere.nonce, 0x77, sizeof(elsewhere.nonce));
	rig_peer(elsewhere.ke, 42);
	init_message(&other, ESV_ROLE_INITIATOR, id.spi_i, id.spi_r, elsewhere.ke, elsewhere.nonce);
	assert_int_equal(sign_as(&i, i.id, key, 0, 0, &other, &auth), ESV_S_BAD_FIELD);
	init_message(&other, ESV_ROLE_INITIATOR, id.spi_i, id.spi_r, i.ke, elsewhere.nonce);
	assert_int_equal(sign_as(&i, i.id, key, 0, 0, &other, &auth), ESV_S_BAD_FIELD);
	init_message(&other, ESV_ROLE_INITIATOR, id.spi_i, id.spi_r, elsewhere.ke, i.nonce);
	assert_int_equal(sign_as(&i, i.id, key, 0, 0, &other, &auth), ESV_S_BAD_FIELD);
	/* The peer's own message: an AUTH that the peer would have to make. */
	assert_int_equal(sign_as(&i, p.id, key, 0, 0, &p.init, &auth), ESV_S_BAD_FIELD);
	/* A secret of one use in another one. */
	assert_int_equal(sign_as(&i, i.id, i.ike, 0, 0, &i.init, &auth), ESV_S_BAD_HANDLE);
	assert_int_equal(sign(&i, rig_secret(i.r, i.r->session), 0, &auth), ESV_S_BAD_HANDLE);
	assert_int_equal(sign(&i, key, 0, &auth), ESV_S_OK);
	unpair(&i, &p);
}

/*
 * R5 (UNIT-96), verify inside and tell one bit. The attacks guess AUTH byte by byte: short ones that would
 * be compared as far as they go, and right beginnings that would be refused otherwise than wrong ones.
 */
static void test_r5_one_bit(void **state)
{
	static struct blob auth, guess;
	struct end i, p;
	uint64_t a, b;

	pair(&i, &p);
	a = brought(i.r, ESV_H_PSK, NULL, psk, strlen(psk));
	b = brought(p.r, ESV_H_PSK, NULL, psk, strlen(psk));
	assert_int_equal(sign(&i, a, 0, &auth), ESV_S_OK);
	guess.len = 1;
	for (unsigned int n = 0; n < 256; n++) {
		guess.b[0] = (uint8_t)n;
		assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &guess), ESV_S_AUTH_FAILED);
	}
	guess.len = 0;
	assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &guess), ESV_S_AUTH_FAILED);
	for (size_t right = 0; right < auth.len; right++) {
		guess = auth;
		guess.b[right] ^= 1;
		assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &guess), ESV_S_AUTH_FAILED);
		assert_int_equal(p.r->cmd.err_off, ESV_ERR_OFF_NONE);
		assert_int_equal(p.r->cmd.out_len, 0);
		assert_null(memmem(p.r->out, sizeof(p.r->out), auth.b, 4));
	}
	unpair(&i, &p);
}

/*
 * R6 (UNIT-20, UNIT-84), nothing leaves an IKE SA for whose peer nobody vouched, and who did is told. The attacks skip
 * AUTH: for a child, for a new IKE SA, and by the host's word that is then called the unit's.
 */
static void test_r6_gate(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 6);
	uint64_t ike = rig_ike(r, r->session);
	struct esv_child_derive in = rig_child_in(ike, ESV_CHILD_F_FIRST);
	struct esv_ike_rekey rk = { .ike = htole64(ike), .secret = { htole64(rig_secret(r, r->session)) },
				    .nonce = htole64(rig_nonce(r, r->session, 32, NULL)), .role = ESV_ROLE_INITIATOR,
				    .prf = ESV_PRF_HMAC_SHA2_256, .encr = ESV_ALGO_AES_GCM_16_256,
				    .peer_nonce_len = htole16(32), .spi_i = "i", .spi_r = "r" };
	struct esv_handle_in q = { .handle = htole64(ike) };
	struct esvc_key *key;

	assert_int_equal(child_status(r, &in), ESV_S_DENIED);
	assert_int_equal(rig_run(r, ESV_OP_IKE_REKEY, r->session, &rk, sizeof(rk)), ESV_S_DENIED);
	assert_int_equal(rig_assert_id(r, r->session, ike), ESV_S_OK);
	assert_int_equal(rig_assert_id(r, r->session, ike), ESV_S_BAD_STATE);	/* another identity, later */
	assert_int_equal(rig_run(r, ESV_OP_HANDLE_QUERY, r->session, &q, sizeof(q)), ESV_S_OK);
	assert_int_equal(((const struct esv_handle_info *)(const void *)r->out)->vouch, ESV_VOUCH_HOST);
	assert_int_equal(child_status(r, &in), ESV_S_OK);
	assert_int_equal(install_as(r, ((const struct esv_child_out *)(const void *)r->out)->token_out, ESV_DIR_OUT, RIG_SPI,
				    &key), ESV_S_OK);
	assert_int_equal(key->custody, ESV_CUSTODY_L3);
	assert_int_equal(key->vouch, ESV_VOUCH_HOST);
	rig_free(r);
}

/* Both ends of an IKE SA in one unit, each in a session of its own; what they have is left to the caller. */
static void pair_within(struct end *e, uint32_t session[2], int first)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 6);
	uint64_t ke[2], nonce[2];

	session[0] = r->session;
	session[1] = rig_open(r);
	for (int k = 0; k < 2; k++) {
		e[k] = (struct end){ .r = r, .role = k ? ESV_ROLE_RESPONDER : ESV_ROLE_INITIATOR,
				     .id = k ? "responder.example" : "initiator.example" };
		ke[k] = rig_ke(r, session[k], e[k].ke);
		nonce[k] = rig_nonce(r, session[k], NONCE_LEN, e[k].nonce);
	}
	for (int n = 0; n < 2; n++) {
		int k = n ^ first;
		struct esv_ike_derive in;

		assert_int_equal(rig_finish_status(r, session[k], ke[k], e[!k].ke), ESV_S_OK);
		in = rig_ike_in(rig_handle(r), nonce[k]);
		in.role = e[k].role;
		memcpy(in.peer_nonce, e[!k].nonce, NONCE_LEN);
		init_message(&e[k].init, e[k].role, in.spi_i, in.spi_r, e[k].ke, e[k].nonce);
		assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, session[k], &in, sizeof(in)), ESV_S_OK);
		e[k].ike = rig_handle(r);
	}
}

/*
 * R6 (UNIT-95, UNIT-96): L4 without a peer. The attack is both ends of an IKE SA in the one unit that has the peer's
 * PSK, so that the unit itself makes the AUTH which it then verifies, whichever end is derived first.
 */
static void test_r6_own_peer(void **state)
{
	for (int first = 0; first < 2; first++) {
		static struct blob auth;
		struct end e[2];
		uint32_t session[2];
		uint64_t key[2];
		enum esv_status status;

		pair_within(e, session, first);
		for (int k = 0; k < 2; k++) {
			e[k].r->session = session[k];
			key[k] = brought(e[k].r, ESV_H_PSK, NULL, psk, strlen(psk));
		}
		memset(&auth, 0, sizeof(auth));
		status = sign(&e[1], key[1], 0, &auth);
		assert_int_equal(status, first ? ESV_S_DENIED : ESV_S_OK);
		e[0].r->session = session[0];
		status = verify(&e[0], &e[1], key[0], ESV_AUTH_METHOD_PSK, &auth);
		assert_int_equal(status, first ? ESV_S_AUTH_FAILED : ESV_S_DENIED);
		assert_int_equal(ike_of(&e[0])->vouch, 0);
		/* What the host says of it is the host's word. */
		assert_int_equal(rig_assert_id(e[0].r, session[0], e[0].ike), ESV_S_OK);
		assert_int_equal(ike_of(&e[0])->vouch, ESV_VOUCH_HOST);
		rig_free(e[0].r);
	}
}

/* R6 (UNIT-95): the attack has the PSK that is bound to the peer sign as that peer. */
static void test_r6_bound_psk(void **state)
{
	static struct blob auth;
	struct end i, p;
	uint64_t key;

	pair(&i, &p);
	key = brought(p.r, ESV_H_PSK, p.id, psk, strlen(psk));
	assert_int_equal(sign(&p, key, 0, &auth), ESV_S_DENIED);
	assert_int_equal(p.r->cmd.err_off, offsetof(struct esv_auth_sign, id_type));
	key = brought(p.r, ESV_H_PSK, i.id, psk, strlen(psk));
	assert_int_equal(sign(&p, key, 0, &auth), ESV_S_OK);
	unpair(&i, &p);
}

/*
 * R7 (UNIT-5, UNIT-7), owner and epoch in every handle, and one answer for all that is wrong with one. The attacks
 * use the handle of another session and of another function.
 */
static void test_r7_owner(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 7);
	uint64_t ike = rig_ike_ready(r, r->session);
	struct esv_child_derive in = rig_child_in(ike, ESV_CHILD_F_FIRST);
	uint32_t other = rig_open(r);

	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, other, &in, sizeof(in)), ESV_S_BAD_HANDLE);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_child_derive, ike));
	r->function = 1;
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_BAD_HANDLE);
	rig_free(r);
}

/* R7 (UNIT-5): the attack waits until the place of an old handle is somebody else's. */
static void test_r7_stale(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 7);
	struct esv_handle_in q = { .handle = htole64(rig_nonce(r, r->session, 32, NULL)) }, later;

	assert_int_equal(rig_run(r, ESV_OP_DESTROY, r->session, &q, sizeof(q)), ESV_S_OK);
	for (uint32_t i = 0; i < r->dev.unit->handles.max; i++) {
		later.handle = htole64(rig_nonce(r, r->session, 32, NULL));
		assert_int_equal(rig_run(r, ESV_OP_HANDLE_QUERY, r->session, &q, sizeof(q)), ESV_S_BAD_HANDLE);
		assert_int_equal(r->cmd.err_off, 0);
		assert_int_equal(rig_run(r, ESV_OP_DESTROY, r->session, &later, sizeof(later)), ESV_S_OK);
	}
	rig_free(r);
}

/* R7 (TOK-3, TOK-4): a token from before power off, when the same places of the same device are in use again. */
static void test_r7_epoch(void **state)
{
	struct rig *before = rig_new(ESV_MODE_TEST, 7), *after = rig_new(ESV_MODE_TEST, 8);
	struct esv_child_out old, new;
	struct esvc_key *key;

	after->dev.unit->life = before->dev.unit->life;	/* the worst case: generations that begin where they began before */
	old = rig_child(before, before->session, rig_ike_ready(before, before->session), ESV_CHILD_F_FIRST);
	new = rig_child(after, after->session, rig_ike_ready(after, after->session), ESV_CHILD_F_FIRST);
	assert_memory_equal(old.token_out, new.token_out, offsetof(struct esv_token, mac));
	assert_int_equal(install_as(after, old.token_out, ESV_DIR_OUT, RIG_SPI, &key), ESV_S_KEY_REJECTED);
	/* And after a zeroisation, the unit's own from before. */
	esvc_unit_zeroize(after->dev.unit);
	assert_int_equal(install_as(after, new.token_out, ESV_DIR_OUT, RIG_SPI, &key), ESV_S_KEY_REJECTED);
	rig_free(before);
	rig_free(after);
}

/*
 * R7 (UNIT-3, UNIT-5): session and handles from before power off, when the same places of the same device are in use
 * again: by a process that does not know that the device was restarted, or one that was told them.
 */
static void test_r7_lives(void **state)
{
	struct rig *before = rig_new(ESV_MODE_TEST, 7), *after = rig_new(ESV_MODE_TEST, 8);
	const struct esv_nonce_gen ng = { .len = htole16(32) };
	struct esv_child_out old, new;
	struct esv_handle_in q[3];

	q[0].handle = htole64(rig_nonce(before, before->session, 32, NULL));
	old = rig_child(before, before->session, rig_ike_ready(before, before->session), ESV_CHILD_F_FIRST);
	q[1].handle = old.esp_in;
	q[2].handle = old.esp_out;
	rig_nonce(after, after->session, 32, NULL);
	new = rig_child(after, after->session, rig_ike_ready(after, after->session), ESV_CHILD_F_FIRST);
	assert_int_equal(le64toh(old.esp_in) & UINT32_MAX, le64toh(new.esp_in) & UINT32_MAX);	/* the same place */
	assert_int_equal(before->session & 0xff, after->session & 0xff);
	assert_int_equal(rig_run(after, ESV_OP_NONCE_GEN, before->session, &ng, sizeof(ng)), ESV_S_BAD_HANDLE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rig_run(after, ESV_OP_HANDLE_QUERY, after->session, &q[i], sizeof(q[i])), ESV_S_BAD_HANDLE);
	rig_free(before);
	rig_free(after);
}

/*
 * R8 (TOK-5, UNIT-1), no copy and no export. The attack installs one token under two SPIs, at once or one after the
 * other: two SAs with one key, whose numbers nobody keeps apart. And no number in reach of the unit is an export.
 */
static void test_r8_no_copy(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 8);
	struct esv_child_out c = rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	struct esvc_key *key, *second;
	unsigned int rows = 0;

	assert_int_equal(install_as(r, c.token_out, ESV_DIR_OUT, RIG_SPI, &key), ESV_S_OK);
	assert_int_equal(install_as(r, c.token_out, ESV_DIR_OUT, RIG_SPI, &second), ESV_S_KEY_REJECTED);
	assert_int_equal(install_as(r, c.token_out, ESV_DIR_OUT, RIG_SPI + 1, &second), ESV_S_KEY_REJECTED);
	key->iv = 77;
	esvc_key_release(r->dev.unit, key);
	assert_int_equal(install_as(r, c.token_out, ESV_DIR_OUT, RIG_SPI + 1, &second), ESV_S_KEY_REJECTED);
	assert_int_equal(install_as(r, c.token_out, ESV_DIR_OUT, RIG_SPI, &second), ESV_S_OK);
	assert_int_equal(second->iv, 77);
	for (const struct esvc_cmd_row *row = esvc_unit_rows; row->opcode; row++)
		rows++;
#define COUNT(name, num, minor, in, out, text) + ((num) >= ESV_OP_UNIT_STATUS && (num) < ESV_OP_LOOKASIDE && \
						   strncmp(text, "reserved:", 9))
	assert_int_equal(rows, 0 ESV_OPCODE_LIST(COUNT));	/* nothing but what the interface lists */
#undef COUNT
	rig_free(r);
}

/* memcmp() that may look at what was given back, which nobody else may. */
static __attribute__((no_sanitize("address"))) bool differs(const uint8_t *at, const uint8_t *bytes, size_t len)
{
	while (len && *at == *bytes)
		at++, bytes++, len--;
	return len;
}

/*
 * R9 (UNIT-30, UNIT-32), an error zeroises. The attack breaks the random source while the unit holds keys, mends it,
 * and goes on with handle and token as if nothing had been.
 */
static void test_r9_error(void **state)
{
	struct end i, p;
	struct esv_nonce_gen ng = { .len = htole16(32) };
	struct esv_child_derive in;
	struct esv_child_out c;
	struct esvc_key *key;
	uint8_t sk_d[32], token_key[ESVC_TOKEN_KEY];
	const uint8_t *sk_d_at, *token_key_at;
	uint64_t epoch;

	pair(&i, &p);
	assert_int_equal(rig_assert_id(i.r, i.r->session, i.ike), ESV_S_OK);
	c = rig_child(i.r, i.r->session, i.ike, ESV_CHILD_F_FIRST);
	sk_d_at = ike_of(&i)->keys.sk_d;
	token_key_at = i.r->dev.unit->sec->token_key;
	memcpy(sk_d, sk_d_at, sizeof(sk_d));
	memcpy(token_key, token_key_at, sizeof(token_key));
	epoch = esvc_unit_epoch(i.r->dev.unit);
	i.r->random_stuck = true;
	assert_int_equal(rig_run(i.r, ESV_OP_NONCE_GEN, i.r->session, &ng, sizeof(ng)), ESV_S_SELFTEST_FAILED);
	i.r->random_stuck = false;
	assert_true(differs(sk_d_at, sk_d, sizeof(sk_d)));
	assert_true(differs(token_key_at, token_key, sizeof(token_key)));
	assert_true(esvc_unit_epoch(i.r->dev.unit) > epoch);
	in = rig_child_in(i.ike, 0);
	assert_int_equal(child_status(i.r, &in), ESV_S_SELFTEST_FAILED);
	assert_int_equal(install_as(i.r, c.token_out, ESV_DIR_OUT, RIG_SPI, &key), ESV_S_SELFTEST_FAILED);
	assert_int_equal(rig_run(i.r, ESV_OP_SESSION_OPEN, 0, NULL, 0), ESV_S_SELFTEST_FAILED);
	unpair(&i, &p);
}

static uint32_t told_mode(struct rig *r)
{
	assert_int_equal(rig_run(r, ESV_OP_UNIT_STATUS, 0, NULL, 0), ESV_S_OK);
	return le32toh(((const struct esv_unit_status *)(const void *)r->out)->mode);
}

static void nobody(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
	fail_msg("%s was told", name);
}

/*
 * R10 (UNIT-50, UNIT-90), secrets in clear in test mode only, and the mode is told. The attacks bring a PSK, a shared
 * secret and a nonce of the attacker's choice into a production unit: all that comes after would then be known.
 */
static void test_r10_test_mode(void **state)
{
	static const uint8_t known[32] = { 1 };
	struct rig *production = rig_new(ESV_MODE_HOST_KEYS, 10), *test = rig_new(ESV_MODE_TEST, 10);
	struct esv_provision in = { .type = ESV_H_SECRET, .wrap = ESV_WRAP_NONE, .len = htole16(32), .data = { 1 } };
	const size_t len = offsetof(struct esv_provision, data) + 32;

	assert_int_equal(bring(production, ESV_H_PSK, NULL, known, sizeof(known)), ESV_S_DENIED);
	assert_int_equal(rig_run(production, ESV_OP_PROVISION, production->session, &in, len), ESV_S_DENIED);
	in.type = ESV_H_NONCE;
	assert_int_equal(rig_run(production, ESV_OP_PROVISION, production->session, &in, len), ESV_S_DENIED);
	assert_int_equal(esvc_unit_test_secrets(production->dev.unit, nobody, NULL), -EACCES);
	assert_false(told_mode(production) & ESV_MODE_TEST);
	assert_int_equal(bring(test, ESV_H_PSK, NULL, known, sizeof(known)), ESV_S_OK);
	assert_true(told_mode(test) & ESV_MODE_TEST);
	rig_free(production);
	rig_free(test);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_r1_layout), cmocka_unit_test(test_r2_fresh), cmocka_unit_test(test_r3_direction),
	cmocka_unit_test(test_r3_messages), cmocka_unit_test(test_r4_no_oracle), cmocka_unit_test(test_r5_one_bit),
	cmocka_unit_test(test_r6_gate), cmocka_unit_test(test_r6_own_peer), cmocka_unit_test(test_r6_bound_psk),
	cmocka_unit_test(test_r7_owner), cmocka_unit_test(test_r7_stale),
	cmocka_unit_test(test_r7_epoch), cmocka_unit_test(test_r7_lives), cmocka_unit_test(test_r8_no_copy),
	cmocka_unit_test(test_r9_error), cmocka_unit_test(test_r10_test_mode),
};

RIG_MAIN(tests)
