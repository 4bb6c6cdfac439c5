// SPDX-License-Identifier: GPL-2.0-or-later
/* UNIT-95, UNIT-96: AUTH between two units and against a second implementation; rules R4, R5 and R6. */
#include "auth_rig.h"

static const char psk[] = "correct horse battery staple";

static void gate(struct end *e, enum esv_status status)
{
	struct esv_child_derive in = rig_child_in(e->ike, ESV_CHILD_F_FIRST);

	in.role = e->role;
	assert_int_equal(rig_run(e->r, ESV_OP_CHILD_DERIVE, e->r->session, &in, sizeof(in)), status);
}

/* Who vouched, and whom the keys of children belong to. */
static void vouched(struct end *e, const struct end *peer)
{
	const struct esvc_ike_sa *ike = ike_of(e);
	const struct esv_child_out *out = (const void *)e->r->out;
	struct esvc_session *s = esvc_session_get(&e->r->dev.unit->sessions, 0, e->r->session);

	assert_int_equal(ike->vouch, ESV_VOUCH_UNIT);
	assert_int_equal(ike->id_len, strlen(peer->id));
	assert_memory_equal(ike->id, peer->id, ike->id_len);
	gate(e, ESV_S_OK);
	for (int k = 0; k < 2; k++) {
		uint64_t h = le64toh(k ? out->esp_in : out->esp_out);
		const struct esvc_keyslot *slot = esvc_key_get(e->r->dev.unit, s, h);

		assert_non_null(slot);
		assert_int_equal(slot->key.custody, ESV_CUSTODY_L4);
		assert_int_equal(slot->key.vouch, ESV_VOUCH_UNIT);
	}
}

/* UNIT-95, UNIT-96, RFC 7296 2.15. Every prf: both sides, and each AUTH is what the RFC says. */
static void test_psk(void **state)
{
	static struct blob auth, want, octets;
	static struct call c;

	for (uint8_t prf = ESV_PRF_HMAC_SHA2_256; prf <= ESV_PRF_HMAC_SHA2_512; prf++) {
		struct end i, p;
		struct end *e[] = { &i, &p };
		uint64_t key[2];

		pair_prf(&i, &p, prf, ESV_MODE_TEST);
		for (int k = 0; k < 2; k++)
			key[k] = brought(e[k]->r, ESV_H_PSK, e[!k]->id, psk, strlen(psk));
		for (int k = 0; k < 2; k++) {
			octets_of(e[k], e[!k], &ike_of(e[k])->keys, &octets);
			call(&c, "psk", prf);
			arg(&c, psk, strlen(psk));
			arg(&c, octets.b, octets.len);
			answer_blob(&c, &want);
			assert_int_equal(sign(e[k], key[k], 0, &auth), ESV_S_OK);
			assert_int_equal(auth.len, want.len);
			assert_memory_equal(auth.b, want.b, want.len);
			gate(e[!k], ESV_S_DENIED);
			assert_int_equal(verify(e[!k], e[k], key[!k], ESV_AUTH_METHOD_PSK, &auth), ESV_S_OK);
			vouched(e[!k], e[k]);
		}
		unpair(&i, &p);
	}
}

/* UNIT-95, UNIT-96: each scheme in both directions: ours before a foreign reader, a foreign signer's before us. */
static void test_signatures(void **state)
{
	static struct blob auth, octets, priv, pub;
	static struct call c;

	for (uint8_t scheme = ESV_SIG_ECDSA_P256_SHA2_256; scheme <= ESV_SIG_RSA_PSS_SHA2_512; scheme++) {
		struct end i, p;
		const struct words *w;
		uint64_t sk, pk;

		pair(&i, &p);
		call(&c, "key", scheme);
		w = answer(&c);
		priv.len = w->len[0];
		pub.len = w->len[1];
		memcpy(priv.b, w->b[0], priv.len);
		memcpy(pub.b, w->b[1], pub.len);
		sk = brought(i.r, ESV_H_PRIV, i.id, priv.b, priv.len);
		pk = brought(p.r, ESV_H_PUB, i.id, pub.b, pub.len);
		octets_of(&i, &p, &ike_of(&i)->keys, &octets);
		assert_int_equal(sign(&i, sk, scheme, &auth), ESV_S_OK);
		call(&c, "verify", scheme);
		arg(&c, pub.b, pub.len);
		arg(&c, octets.b, octets.len);
		arg(&c, auth.b, auth.len);
		assert_int_equal(answer(&c)->b[0][0], 1);
		assert_int_equal(verify(&p, &i, pk, ESV_AUTH_METHOD_SIGNATURE, &auth), ESV_S_OK);
		vouched(&p, &i);
		unpair(&i, &p);
		/* And what somebody else signed. */
		pair(&i, &p);
		pk = brought(p.r, ESV_H_PUB, i.id, pub.b, pub.len);
		octets_of(&i, &p, &ike_of(&i)->keys, &octets);
		call(&c, "sign", scheme);
		arg(&c, priv.b, priv.len);
		arg(&c, octets.b, octets.len);
		answer_blob(&c, &auth);
		for (size_t n = 0; n < auth.len; n += 1 + auth.len / 60) {
			auth.b[n] ^= 1;
			assert_int_equal(verify(&p, &i, pk, ESV_AUTH_METHOD_SIGNATURE, &auth), ESV_S_AUTH_FAILED);
			auth.b[n] ^= 1;
		}
		for (size_t len = 0; len < auth.len; len += 1 + auth.len / 40) {
			struct blob cut = auth;

			cut.len = len;
			assert_int_equal(verify(&p, &i, pk, ESV_AUTH_METHOD_SIGNATURE, &cut), ESV_S_AUTH_FAILED);
		}
		gate(&p, ESV_S_DENIED);
		assert_int_equal(verify(&p, &i, pk, ESV_AUTH_METHOD_SIGNATURE, &auth), ESV_S_OK);
		unpair(&i, &p);
	}
}

/* UNIT-90: keys that are not keys, are weak, or do not belong together. */
static void test_bad_keys(void **state)
{
	static const struct { unsigned int bits; enum esv_status status; } rsa[] = {
		{ 1024, ESV_S_KEY_WEAK }, { 2040, ESV_S_KEY_WEAK }, { 2048, ESV_S_OK }, { 4096, ESV_S_OK },
		{ 4104, ESV_S_KEY_WEAK },
	};
	static struct blob priv, pub;
	static struct call c;
	struct rig *r = rig_new(ESV_MODE_TEST, 3);
	const struct words *w;

	call(&c, "key", ESV_SIG_ECDSA_P256_SHA2_256);
	w = answer(&c);
	priv.len = w->len[0];
	pub.len = w->len[1];
	memcpy(priv.b, w->b[0], priv.len);
	memcpy(pub.b, w->b[1], pub.len);
	assert_int_equal(bring(r, ESV_H_PRIV, NULL, priv.b, priv.len), ESV_S_OK);
	assert_int_equal(bring(r, ESV_H_PUB, NULL, pub.b, pub.len), ESV_S_BAD_FIELD);	/* of nobody */
	assert_int_equal(bring(r, ESV_H_PUB, "a.example", pub.b, pub.len), ESV_S_OK);
	assert_int_equal(bring(r, ESV_H_PUB, "a.example", priv.b, priv.len), ESV_S_BAD_FIELD);
	assert_int_equal(bring(r, ESV_H_PRIV, NULL, pub.b, pub.len), ESV_S_BAD_FIELD);
	assert_int_equal(bring(r, ESV_H_PRIV, NULL, priv.b, priv.len - 1), ESV_S_BAD_FIELD);
	priv.b[priv.len] = 0;
	assert_int_equal(bring(r, ESV_H_PRIV, NULL, priv.b, priv.len + 1), ESV_S_BAD_FIELD);
	priv.b[priv.len - 1] ^= 1;	/* the public half */
	assert_int_equal(bring(r, ESV_H_PRIV, NULL, priv.b, priv.len), ESV_S_BAD_FIELD);
	pub.b[pub.len - 1] ^= 1;
	assert_int_equal(bring(r, ESV_H_PUB, "a.example", pub.b, pub.len), ESV_S_BAD_FIELD);
	for (size_t i = 0; i < sizeof(rsa) / sizeof(rsa[0]); i++) {
		call(&c, "rsa", rsa[i].bits);
		w = answer(&c);
		assert_int_equal(bring(r, ESV_H_PRIV, NULL, w->b[0], w->len[0]), rsa[i].status);
		assert_int_equal(bring(r, ESV_H_PUB, "a.example", w->b[1], w->len[1]), rsa[i].status);
	}
	call(&c, "p521", 0);
	w = answer(&c);
	assert_int_equal(bring(r, ESV_H_PRIV, NULL, w->b[0], w->len[0]), ESV_S_BAD_FIELD);
	rig_free(r);
}

struct change {
	const char *what;
	size_t at;
	uint8_t flip;
};

/* Offsets in init_message(). */
#define AT_KE		(28 + 44 + 4 + 4)
#define AT_GROUP	(AT_KE - 3)
#define AT_NONCE	(AT_KE + 32 + 4)

/*
 * UNIT-95, UNIT-96: nobody gets a signature over a message that is not this IKE SA's: the daemon is the
 * attacker. Over the peer's message the same is one bit (R4, R5).
 */
static void test_message(void **state)
{
	static const struct change changes[] = {
		{ "initiator's SPI", 0, 1 }, { "responder's SPI", 8, 1 }, { "version", 17, 0x10 },
		{ "exchange", 18, 1 }, { "response flag", 19, 0x20 }, { "initiator flag", 19, 0x08 },
		{ "message id", 23, 1 }, { "length", 27, 1 }, { "second KE payload", 16, 3 },
		{ "payload length", 31, 1 }, { "no KE", 28, 1 }, { "group", AT_GROUP, 1 }, { "KE value", AT_KE, 1 },
		{ "last byte of the KE value", AT_KE + 31, 0x80 }, { "nonce", AT_NONCE, 1 },
		{ "last byte of the nonce", AT_NONCE + NONCE_LEN - 1, 1 },
	};
	static struct blob auth, none, message;
	struct end i, p;
	uint64_t a, b;

	pair(&i, &p);
	a = brought(i.r, ESV_H_PSK, NULL, psk, strlen(psk));
	b = brought(p.r, ESV_H_PSK, NULL, psk, strlen(psk));
	for (size_t n = 0; n < sizeof(changes) / sizeof(changes[0]); n++) {
		message = i.init;
		message.b[changes[n].at] ^= changes[n].flip;
		if (sign_as(&i, i.id, a, 0, 0, &message, &none) != ESV_S_BAD_FIELD)
			fail_msg("signed with another %s", changes[n].what);
	}
	for (size_t len = 0; len < i.init.len; len++) {
		message = i.init;
		message.len = len;
		assert_int_equal(sign_as(&i, i.id, a, 0, 0, &message, &none), ESV_S_BAD_FIELD);
	}
	assert_int_equal(sign_as(&i, i.id, a, 0, 0, &p.init, &none), ESV_S_BAD_FIELD);
	assert_int_equal(sign(&i, a, 0, &auth), ESV_S_OK);
	for (size_t n = 0; n < sizeof(changes) / sizeof(changes[0]); n++) {
		message = i.init;
		message.b[changes[n].at] ^= changes[n].flip;
		if (verify_as(&p, i.id, b, ESV_AUTH_METHOD_PSK, 0, &message, &auth) != ESV_S_AUTH_FAILED)
			fail_msg("verified with another %s", changes[n].what);
	}
	assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &auth), ESV_S_OK);
	unpair(&i, &p);
}

/*
 * UNIT-96: a daemon in the middle gives the responder's unit a KE value of its own and passes
 * the initiator's real message, nonce and AUTH on. All of it is authentic, but not about
 * the key that the responder's unit has agreed on.
 */
static void test_man_in_the_middle(void **state)
{
	static struct blob auth;
	struct end i, p, middle = { .role = ESV_ROLE_INITIATOR, .id = "initiator.example" };
	struct esv_ike_derive in;
	uint64_t key, ke;

	pair(&i, &p);
	middle.r = p.r;		/* the responder again, and the attacker's value */
	ke = rig_ke(p.r, p.r->session, NULL);
	rig_peer(middle.ke, 99);
	assert_int_equal(rig_finish_status(p.r, p.r->session, ke, middle.ke), ESV_S_OK);
	ke = rig_handle(p.r);
	in = rig_ike_in(ke, rig_nonce(p.r, p.r->session, NONCE_LEN, p.nonce));
	in.role = ESV_ROLE_RESPONDER;
	memcpy(in.peer_nonce, i.nonce, NONCE_LEN);
	assert_int_equal(rig_run(p.r, ESV_OP_IKE_DERIVE, p.r->session, &in, sizeof(in)), ESV_S_OK);
	p.ike = rig_handle(p.r);
	key = brought(i.r, ESV_H_PSK, NULL, psk, strlen(psk));
	assert_int_equal(sign(&i, key, 0, &auth), ESV_S_OK);
	key = brought(p.r, ESV_H_PSK, NULL, psk, strlen(psk));
	assert_int_equal(verify(&p, &i, key, ESV_AUTH_METHOD_PSK, &auth), ESV_S_AUTH_FAILED);
	memcpy(middle.nonce, i.nonce, NONCE_LEN);
	/* A message that fits, but that nobody signed. */
	init_message(&middle.init, middle.role, in.spi_i, in.spi_r, middle.ke, middle.nonce);
	assert_int_equal(verify(&p, &middle, key, ESV_AUTH_METHOD_PSK, &auth), ESV_S_AUTH_FAILED);
	gate(&p, ESV_S_DENIED);
	unpair(&i, &p);
}

/* UNIT-96: another identity, another key, another method, one's own AUTH coming back, one bit. */
static void test_not_authentic(void **state)
{
	static struct blob auth, bad, own;
	struct end i, p;
	uint64_t a, b, other, bound;

	pair(&i, &p);
	a = brought(i.r, ESV_H_PSK, NULL, psk, strlen(psk));
	b = brought(p.r, ESV_H_PSK, NULL, psk, strlen(psk));
	other = brought(p.r, ESV_H_PSK, NULL, psk, strlen(psk) - 1);
	bound = brought(p.r, ESV_H_PSK, "somebody.else", psk, strlen(psk));
	assert_int_equal(sign(&i, a, 0, &auth), ESV_S_OK);
	assert_int_equal(sign(&p, b, 0, &own), ESV_S_OK);
	for (size_t n = 0; n < auth.len; n++) {
		bad = auth;
		bad.b[n] ^= 1;
		assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &bad), ESV_S_AUTH_FAILED);
		bad = auth;
		bad.len = n;
		assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &bad), ESV_S_AUTH_FAILED);
	}
	bad = auth;
	bad.b[bad.len++] = 0;
	assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &bad), ESV_S_AUTH_FAILED);
	assert_int_equal(verify_as(&p, "initiator.exampla", b, ESV_AUTH_METHOD_PSK, 0, &i.init, &auth),
			 ESV_S_AUTH_FAILED);
	assert_int_equal(verify(&p, &i, other, ESV_AUTH_METHOD_PSK, &auth), ESV_S_AUTH_FAILED);
	assert_int_equal(verify(&p, &i, bound, ESV_AUTH_METHOD_PSK, &auth), ESV_S_DENIED);
	assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_SIGNATURE, &auth), ESV_S_BAD_HANDLE);
	assert_int_equal(verify(&p, &i, b, 1, &auth), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(verify_as(&p, p.id, b, ESV_AUTH_METHOD_PSK, 0, &p.init, &own), ESV_S_AUTH_FAILED);
	gate(&p, ESV_S_DENIED);
	assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &auth), ESV_S_OK);
	assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &auth), ESV_S_BAD_STATE);
	unpair(&i, &p);
}

/* UNIT-95 (R4): one AUTH of a kind, none in a rekeyed IKE SA, none for an identity that the key is not bound to. */
static void test_sign_states(void **state)
{
	static struct blob auth, priv;
	static struct call c;
	struct end i, p;
	uint64_t a, key;
	struct esv_ike_rekey in;

	pair(&i, &p);
	a = brought(i.r, ESV_H_PSK, NULL, psk, strlen(psk));
	call(&c, "key", ESV_SIG_ED25519);
	answer_blob(&c, &priv);
	key = brought(i.r, ESV_H_PRIV, "somebody.else", priv.b, priv.len);
	assert_int_equal(sign(&i, key, ESV_SIG_ED25519, &auth), ESV_S_DENIED);
	assert_int_equal(sign_as(&i, "somebody.else", key, ESV_SIG_ECDSA_P256_SHA2_256, 0, &i.init, &auth),
			 ESV_S_BAD_FIELD);
	assert_int_equal(sign_as(&i, "somebody.else", key, 77, 0, &i.init, &auth), ESV_S_BAD_FIELD);
	assert_int_equal(sign(&i, key, 0, &auth), ESV_S_BAD_HANDLE);
	assert_int_equal(sign(&i, a, ESV_SIG_ED25519, &auth), ESV_S_BAD_HANDLE);
	assert_int_equal(sign_as(&i, i.id, a, 0, ESV_AUTH_F_NO_PPK, &i.init, &auth), ESV_S_BAD_STATE);
	assert_int_equal(sign_as(&i, i.id, a, 0, 2, &i.init, &auth), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(sign(&i, a, 0, &auth), ESV_S_OK);
	assert_int_equal(sign(&i, a, 0, &auth), ESV_S_BAD_STATE);
	assert_int_equal(rig_assert_id(i.r, i.r->session, i.ike), ESV_S_OK);
	memset(&in, 0, sizeof(in));
	in.ike = htole64(i.ike);
	in.secret[0] = htole64(rig_secret(i.r, i.r->session));
	in.nonce = htole64(rig_nonce(i.r, i.r->session, 32, NULL));
	in.role = ESV_ROLE_INITIATOR;
	in.prf = ESV_PRF_HMAC_SHA2_256;
	in.encr = ESV_ALGO_AES_GCM_16_256;
	in.peer_nonce_len = htole16(32);
	memset(in.spi_i, 1, 8);
	memset(in.spi_r, 2, 8);
	assert_int_equal(rig_run(i.r, ESV_OP_IKE_REKEY, i.r->session, &in, sizeof(in)), ESV_S_OK);
	i.ike = rig_handle(i.r);
	assert_int_equal(sign(&i, a, 0, &auth), ESV_S_BAD_STATE);
	unpair(&i, &p);
}

/* UNIT-2: neither the octets nor the AUTH that was expected stay behind. */
static void test_scratch(void **state)
{
	static const uint8_t zero[ESVC_AUTH_OCTETS];
	static struct blob auth;
	struct end i, p;
	const struct esvc_unit_secrets *sec;
	uint64_t a, b;

	pair(&i, &p);
	a = brought(i.r, ESV_H_PSK, NULL, psk, strlen(psk));
	b = brought(p.r, ESV_H_PSK, NULL, psk, strlen(psk));
	assert_int_equal(sign(&i, a, 0, &auth), ESV_S_OK);
	auth.b[0] ^= 1;
	assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &auth), ESV_S_AUTH_FAILED);
	sec = p.r->dev.unit->sec;
	assert_memory_equal(sec->auth, zero, sizeof(sec->auth));
	assert_memory_equal(sec->octets, zero, sizeof(sec->octets));
	assert_memory_equal(sec->ike.block, zero, sizeof(sec->ike.block));
	for (size_t n = 0; n < sizeof(p.r->out); n++)
		assert_int_equal(((const uint8_t *)p.r->out)[n], 0);
	unpair(&i, &p);
}

/* ADM-9, UNIT-95: an AUTH whose answer was lost is none, and the next one is the only one. */
static void test_answer_lost(void **state)
{
	static struct blob auth, again;
	struct end i, p;
	uint64_t key;

	pair(&i, &p);
	key = brought(i.r, ESV_H_PSK, NULL, psk, strlen(psk));
	assert_int_equal(sign(&i, key, 0, &auth), ESV_S_OK);
	i.r->cmd.sqe.object = htole32(i.r->session);	/* which the rig leaves out */
	esvc_unit_undo(i.r->dev.unit, &i.r->cmd);
	assert_int_equal(sign(&i, key, 0, &again), ESV_S_OK);
	assert_int_equal(again.len, auth.len);
	assert_memory_equal(again.b, auth.b, auth.len);
	assert_int_equal(sign(&i, key, 0, &again), ESV_S_BAD_STATE);
	unpair(&i, &p);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_psk), cmocka_unit_test(test_signatures), cmocka_unit_test(test_bad_keys),
	cmocka_unit_test(test_message), cmocka_unit_test(test_man_in_the_middle),
	cmocka_unit_test(test_not_authentic), cmocka_unit_test(test_sign_states), cmocka_unit_test(test_scratch),
	cmocka_unit_test(test_answer_lost),
};

RIG_MAIN(tests)
