// SPDX-License-Identifier: GPL-2.0-or-later
/* UNIT-93, UNIT-94: post-quantum preshared keys and IKE_INTERMEDIATE, against a second implementation. */
#include "auth_rig.h"

static const char psk[] = "a preshared key";
static const char ppk[] = "thirty-two bytes or more of entropy";

static enum esv_status apply(struct end *e, uint64_t key)
{
	const struct esv_ppk_apply in = { .ike = htole64(e->ike), .ppk = htole64(key) };

	return rig_run(e->r, ESV_OP_PPK_APPLY, e->r->session, &in, sizeof(in));
}

static enum esv_status chain(struct end *e, uint8_t sender, const char *text)
{
	static uint64_t buf[ESV_ADMIN_BUF / 8];
	struct esv_intauth *in = (void *)buf;

	memset(buf, 0, sizeof(buf));
	in->ike = htole64(e->ike);
	in->sender = sender;
	in->len = htole16((uint16_t)strlen(text));
	memcpy(in->data, text, strlen(text));
	return rig_run(e->r, ESV_OP_INTAUTH, e->r->session, in, offsetof(struct esv_intauth, data) + strlen(text));
}

static enum esv_status update(struct end *e)
{
	const struct esv_ike_update in = { .ike = htole64(e->ike),
					   .secret = htole64(rig_secret(e->r, e->r->session)) };

	return rig_run(e->r, ESV_OP_IKE_UPDATE, e->r->session, &in, sizeof(in));
}

/* UNIT-93, RFC 8784 3 for each prf: SK_d and SK_p change, SK_e do not. */
static void test_keys(void **state)
{
	static struct call c;

	for (uint8_t prf = ESV_PRF_HMAC_SHA2_256; prf <= ESV_PRF_HMAC_SHA2_512; prf++) {
		size_t len = esvc_prf_len(prf);
		struct esvc_ike_keys old;
		const struct words *w;
		struct end i, p;

		pair_prf(&i, &p, prf, ESV_MODE_TEST);
		old = ike_of(&i)->keys;
		assert_int_equal(apply(&i, brought(i.r, ESV_H_PPK, NULL, ppk, strlen(ppk))), ESV_S_OK);
		call(&c, "ppk", prf);
		arg(&c, ppk, strlen(ppk));
		arg(&c, old.sk_d, len);
		arg(&c, old.sk_pi, len);
		arg(&c, old.sk_pr, len);
		w = answer(&c);
		assert_memory_equal(ike_of(&i)->keys.sk_d, w->b[0], len);
		assert_memory_equal(ike_of(&i)->keys.sk_pi, w->b[1], len);
		assert_memory_equal(ike_of(&i)->keys.sk_pr, w->b[2], len);
		assert_memory_equal(ike_of(&i)->keys.sk_ei, old.sk_ei, sizeof(old.sk_ei));
		assert_memory_equal(ike_of(&i)->keys.sk_er, old.sk_er, sizeof(old.sk_er));
		unpair(&i, &p);
	}
}

/* UNIT-93: both have it: one AUTH with it and one without; the keys from before go when the peer is known. */
static void test_both_have_it(void **state)
{
	static const struct esvc_ike_keys none;
	static struct blob auth, plain;
	struct end i, p;
	struct end *e[] = { &i, &p };
	uint64_t key[2];

	pair(&i, &p);
	for (int k = 0; k < 2; k++) {
		key[k] = brought(e[k]->r, ESV_H_PSK, NULL, psk, strlen(psk));
		assert_int_equal(apply(e[k], brought(e[k]->r, ESV_H_PPK, NULL, ppk, strlen(ppk))), ESV_S_OK);
	}
	assert_int_equal(sign(&i, key[0], 0, &auth), ESV_S_OK);
	assert_int_equal(sign_as(&i, i.id, key[0], 0, ESV_AUTH_F_NO_PPK, &i.init, &plain), ESV_S_OK);
	assert_memory_not_equal(auth.b, plain.b, auth.len);
	assert_int_equal(sign(&i, key[0], 0, &auth), ESV_S_BAD_STATE);
	assert_int_equal(sign_as(&i, i.id, key[0], 0, ESV_AUTH_F_NO_PPK, &i.init, &plain), ESV_S_BAD_STATE);
	assert_int_equal(verify(&p, &i, key[1], ESV_AUTH_METHOD_PSK, &plain), ESV_S_AUTH_FAILED);
	assert_int_equal(verify(&p, &i, key[1], ESV_AUTH_METHOD_PSK, &auth), ESV_S_OK);
	assert_memory_equal(&ike_of(&p)->no_ppk, &none, sizeof(none));
	assert_int_equal(sign_as(&p, p.id, key[1], 0, ESV_AUTH_F_NO_PPK, &p.init, &plain), ESV_S_BAD_STATE);
	assert_int_equal(sign(&p, key[1], 0, &auth), ESV_S_OK);
	assert_int_equal(verify(&i, &p, key[0], ESV_AUTH_METHOD_PSK, &auth), ESV_S_OK);
	assert_memory_equal(ike_of(&i)->keys.sk_d, ike_of(&p)->keys.sk_d, 32);
	unpair(&i, &p);
}

/* UNIT-93, RFC 8784 4: the responder has none, so both go on with the keys from before. */
static void test_one_has_it(void **state)
{
	static const struct esvc_ike_keys none;
	static struct blob auth, plain;
	struct esvc_ike_keys old;
	struct end i, p;
	uint64_t a, b;

	pair(&i, &p);
	old = ike_of(&i)->keys;
	a = brought(i.r, ESV_H_PSK, NULL, psk, strlen(psk));
	b = brought(p.r, ESV_H_PSK, NULL, psk, strlen(psk));
	assert_int_equal(apply(&i, brought(i.r, ESV_H_PPK, NULL, ppk, strlen(ppk))), ESV_S_OK);
	assert_int_equal(sign(&i, a, 0, &auth), ESV_S_OK);
	assert_int_equal(sign_as(&i, i.id, a, 0, ESV_AUTH_F_NO_PPK, &i.init, &plain), ESV_S_OK);
	assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &auth), ESV_S_AUTH_FAILED);
	assert_int_equal(verify_as(&p, i.id, b, ESV_AUTH_METHOD_PSK, ESV_AUTH_F_NO_PPK, &i.init, &plain),
			 ESV_S_BAD_STATE);
	assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &plain), ESV_S_OK);
	assert_int_equal(sign(&p, b, 0, &auth), ESV_S_OK);
	assert_int_equal(verify(&i, &p, a, ESV_AUTH_METHOD_PSK, &auth), ESV_S_AUTH_FAILED);
	assert_int_equal(verify_as(&i, p.id, a, ESV_AUTH_METHOD_PSK, ESV_AUTH_F_NO_PPK, &p.init, &auth), ESV_S_OK);
	assert_memory_equal(&ike_of(&i)->keys, &old, sizeof(old));
	assert_memory_equal(&ike_of(&i)->no_ppk, &none, sizeof(none));
	unpair(&i, &p);
}

/* UNIT-93: the host vouches: the same choice. */
static void test_assert(void **state)
{
	for (uint8_t flags = 0; flags < 2; flags++) {
		struct esv_auth_assert in = { .id_type = 2, .flags = flags, .id_len = htole16(1), .id = "p" };
		struct esvc_ike_keys old;
		struct end i, p;

		pair(&i, &p);
		in.ike = htole64(i.ike);
		old = ike_of(&i)->keys;
		in.flags = ESV_AUTH_F_NO_PPK;
		assert_int_equal(rig_run(i.r, ESV_OP_AUTH_ASSERT, i.r->session, &in, sizeof(in)), ESV_S_BAD_STATE);
		in.flags = 2;
		assert_int_equal(rig_run(i.r, ESV_OP_AUTH_ASSERT, i.r->session, &in, sizeof(in)),
				 ESV_S_UNSUPPORTED_VALUE);
		in.flags = flags;
		assert_int_equal(apply(&i, brought(i.r, ESV_H_PPK, NULL, ppk, strlen(ppk))), ESV_S_OK);
		assert_int_equal(rig_run(i.r, ESV_OP_AUTH_ASSERT, i.r->session, &in, sizeof(in)), ESV_S_OK);
		if (flags)
			assert_memory_equal(&ike_of(&i)->keys, &old, sizeof(old));
		else
			assert_memory_not_equal(ike_of(&i)->keys.sk_d, old.sk_d, 32);
		unpair(&i, &p);
	}
}

/* UNIT-93, UNIT-83, UNIT-94: once, before any AUTH, and with a PPK. */
static void test_states(void **state)
{
	static struct blob auth;
	struct end i, p;
	uint64_t key, other;

	pair(&i, &p);
	key = brought(i.r, ESV_H_PPK, NULL, ppk, strlen(ppk));
	other = brought(i.r, ESV_H_PSK, NULL, ppk, strlen(ppk));
	assert_int_equal(apply(&i, other), ESV_S_BAD_HANDLE);
	assert_int_equal(apply(&i, 0), ESV_S_BAD_HANDLE);
	assert_int_equal(apply(&i, key), ESV_S_OK);
	assert_int_equal(apply(&i, key), ESV_S_BAD_STATE);
	assert_int_equal(update(&i), ESV_S_BAD_STATE);
	assert_int_equal(chain(&i, ESV_ROLE_INITIATOR, "A|P"), ESV_S_BAD_STATE);
	key = brought(p.r, ESV_H_PPK, NULL, ppk, strlen(ppk));
	other = brought(p.r, ESV_H_PSK, NULL, psk, strlen(psk));
	assert_int_equal(sign(&p, other, 0, &auth), ESV_S_OK);
	assert_int_equal(apply(&p, key), ESV_S_BAD_STATE);
	assert_int_equal(update(&p), ESV_S_BAD_STATE);
	assert_int_equal(rig_assert_id(p.r, p.r->session, p.ike), ESV_S_OK);
	assert_int_equal(apply(&p, key), ESV_S_BAD_STATE);
	unpair(&i, &p);
}

/* IKE_UPDATE with a secret of which both ends have the same bytes. */
static void update_alike(struct end *e)
{
	struct esvc_unit *u = e->r->dev.unit;
	const struct esv_ike_update in = { .ike = htole64(e->ike), .secret = htole64(rig_secret(e->r, e->r->session)) };
	struct esvc_handle *h = esvc_handle_get(&u->handles, esvc_session_get(&u->sessions, 0, e->r->session),
						le64toh(in.secret), ESV_H_SECRET);

	memset(esvc_handle_object(&u->handles, h)->secret.bytes, 7, 32);
	assert_int_equal(rig_run(e->r, ESV_OP_IKE_UPDATE, e->r->session, &in, sizeof(in)), ESV_S_OK);
}

/* One message into both chains; before: the chain's value, which the RFC gives the next one. */
static void chain_both(struct end *i, struct end *p, uint8_t sender, const char *text, struct blob *before)
{
	static struct call c;
	const struct esvc_ike_sa *ike = ike_of(i);
	bool initiator = sender == ESV_ROLE_INITIATOR;

	call(&c, "intauth", ike->prf);
	arg(&c, initiator ? ike->keys.sk_pi : ike->keys.sk_pr, esvc_prf_len(ike->prf));
	arg(&c, before->b, before->len);
	arg(&c, text, strlen(text));
	answer_blob(&c, before);
	assert_int_equal(chain(i, sender, text), ESV_S_OK);
	assert_int_equal(chain(p, sender, text), ESV_S_OK);
	assert_memory_equal(initiator ? ike->intauth_i : ike->intauth_r, before->b, esvc_prf_len(ike->prf));
}

/* UNIT-94, RFC 9242 3.3.2 with a further key exchange in between: each message under the SK_p of its time. */
static void test_intauth(void **state)
{
	static struct blob auth, want, octets, before[2];
	static struct call c;
	struct end i, p;
	struct end *e[] = { &i, &p };
	uint64_t key[2];

	pair_prf(&i, &p, ESV_PRF_HMAC_SHA2_384, ESV_MODE_TEST);
	before[0].len = before[1].len = 0;
	chain_both(&i, &p, ESV_ROLE_INITIATOR, "first request: A and P", &before[0]);
	chain_both(&i, &p, ESV_ROLE_RESPONDER, "first response: A and P", &before[1]);
	update_alike(&i);
	update_alike(&p);
	assert_memory_equal(ike_of(&i)->keys.sk_d, ike_of(&p)->keys.sk_d, 48);
	chain_both(&i, &p, ESV_ROLE_INITIATOR, "second request", &before[0]);
	chain_both(&i, &p, ESV_ROLE_RESPONDER, "second response", &before[1]);
	for (int k = 0; k < 2; k++)
		key[k] = brought(e[k]->r, ESV_H_PSK, NULL, psk, strlen(psk));
	for (int k = 0; k < 2; k++) {
		octets_of(e[k], e[!k], &ike_of(e[k])->keys, &octets);
		assert_int_equal(octets.b[octets.len - 1], 3);	/* IKE_SA_INIT is 0, two exchanges, then IKE_AUTH */
		call(&c, "psk", ESV_PRF_HMAC_SHA2_384);
		arg(&c, psk, strlen(psk));
		arg(&c, octets.b, octets.len);
		answer_blob(&c, &want);
		assert_int_equal(sign(e[k], key[k], 0, &auth), ESV_S_OK);
		assert_memory_equal(auth.b, want.b, want.len);
		assert_int_equal(verify(e[!k], e[k], key[!k], ESV_AUTH_METHOD_PSK, &auth), ESV_S_OK);
	}
	unpair(&i, &p);
}

/* UNIT-94: another message, and AUTH fails: that is what the chain is for. */
static void test_intauth_tampered(void **state)
{
	static struct blob auth;
	struct end i, p;
	uint64_t key;

	pair(&i, &p);
	assert_int_equal(chain(&i, ESV_ROLE_INITIATOR, "request"), ESV_S_OK);
	assert_int_equal(chain(&p, ESV_ROLE_INITIATOR, "request, changed"), ESV_S_OK);
	key = brought(i.r, ESV_H_PSK, NULL, psk, strlen(psk));
	assert_int_equal(sign(&i, key, 0, &auth), ESV_S_BAD_STATE);	/* half an exchange */
	assert_int_equal(update(&i), ESV_S_BAD_STATE);
	assert_int_equal(apply(&i, brought(i.r, ESV_H_PPK, NULL, ppk, strlen(ppk))), ESV_S_BAD_STATE);
	assert_int_equal(chain(&i, ESV_ROLE_INITIATOR, "request"), ESV_S_BAD_STATE);
	assert_int_equal(chain(&i, ESV_ROLE_RESPONDER, "response"), ESV_S_OK);
	assert_int_equal(chain(&p, ESV_ROLE_RESPONDER, "response"), ESV_S_OK);
	assert_int_equal(chain(&p, ESV_ROLE_RESPONDER, "response"), ESV_S_BAD_STATE);
	assert_int_equal(sign(&i, key, 0, &auth), ESV_S_OK);
	assert_int_equal(chain(&i, ESV_ROLE_INITIATOR, "late"), ESV_S_BAD_STATE);
	key = brought(p.r, ESV_H_PSK, NULL, psk, strlen(psk));
	assert_int_equal(verify(&p, &i, key, ESV_AUTH_METHOD_PSK, &auth), ESV_S_AUTH_FAILED);
	unpair(&i, &p);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_keys), cmocka_unit_test(test_both_have_it), cmocka_unit_test(test_one_has_it),
	cmocka_unit_test(test_assert), cmocka_unit_test(test_states), cmocka_unit_test(test_intauth),
	cmocka_unit_test(test_intauth_tampered),
};

RIG_MAIN(tests)
