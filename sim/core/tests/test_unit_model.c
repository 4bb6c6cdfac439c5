// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UNIT-7, UNIT-8, UNIT-10 to UNIT-12, UNIT-16, UNIT-20, UNIT-22, UNIT-82 to UNIT-84, UNIT-90, UNIT-93 to UNIT-96,
 * UNIT-99, TOK-5: the state machine of the unit's handles, against a model of it that is written from the
 * specification (unit_model.h).
 *
 * The walk goes to every state of the model that DEPTH commands reach. In each one, every command is given to the
 * unit with every kind of argument, and must be refused exactly when the model says so, and then change nothing
 * that HANDLE_QUERY tells; what the model allows leads to the next state. Random walks, much longer, look for
 * state that the model does not know of.
 */
#include "provision_rig.h"
#include "unit_model.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>

#define DEPTH		11	/* an IKE SA, its rekeying, and a child installed in it */
#define STATES_MAX	60000
#define WALKS		40
#define WALK_STEPS	400

#define PEER_KE		3
#define PEER_NONCE	0x5a

static const char psk[] = "a preshared key", own_id[] = "own.example", peer_id[] = "peer.example";

static const uint8_t slot_type[SLOTS] = {
	ESV_H_NONCE, ESV_H_KE, ESV_H_SECRET, ESV_H_IKE, ESV_H_IKE, ESV_H_ESP, ESV_H_ESP,
};

/* --- the unit --- */

/* A session with one live handle of each type that no command of the walk ever gets to consume. */
struct set {
	uint32_t session;
	uint64_t h[ESV_H_PUB + 1];
};

struct real {
	struct rig *r;
	struct set own, foreign;
	uint64_t stale;
	uint64_t slot[SLOTS];		/* last value of each, live or not */
	struct esv_child_out child;
	struct esvc_key *key[2];
	uint8_t ke[32], nonce[NONCE_LEN];	/* of the next IKE SA */
	uint8_t ike_ke[32], ike_nonce[NONCE_LEN];	/* of the one that was derived */
	unsigned long commands, refused;
};

/* What somebody brings who knows no better. */
static const uint8_t raw[32] = { 1, 2, 3 };

static uint64_t bring_as(struct rig *r, uint32_t session, uint8_t type, const void *secret, size_t len,
			 const char *id)
{
	struct blob b = { .len = 0 };

	if (type >= ESV_H_PSK)
		secret_plain(&b, type, id, secret, len);
	else
		put(&b, secret, len);
	assert_int_equal(provision_in(r, session, type, ESV_WRAP_NONE, 0, 0, &b), ESV_S_OK);
	return made(r);
}

static void set_up(struct rig *r, struct set *s)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, sizeof(raw));
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	struct esv_ike_derive id;
	uint8_t der[256], *at = der;
	uint64_t ike;

	s->session = rig_open(r);
	s->h[ESV_H_NONCE] = rig_nonce(r, s->session, 32, NULL);
	s->h[ESV_H_KE] = rig_ke(r, s->session, NULL);
	s->h[ESV_H_SECRET] = bring_as(r, s->session, ESV_H_SECRET, raw, sizeof(raw), NULL);
	id = rig_ike_in(bring_as(r, s->session, ESV_H_SECRET, raw, 32, NULL), rig_nonce(r, s->session, 32, NULL));
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, s->session, &id, sizeof(id)), ESV_S_OK);
	ike = s->h[ESV_H_IKE] = rig_handle(r);
	assert_int_equal(rig_assert_id(r, s->session, ike), ESV_S_OK);
	s->h[ESV_H_ESP] = le64toh(rig_child(r, s->session, ike, ESV_CHILD_F_FIRST).esp_in);
	s->h[ESV_H_PSK] = bring_as(r, s->session, ESV_H_PSK, psk, strlen(psk), NULL);
	s->h[ESV_H_PPK] = bring_as(r, s->session, ESV_H_PPK, raw, 32, NULL);
	s->h[ESV_H_KEK] = bring_as(r, s->session, ESV_H_KEK, raw, 32, NULL);
	s->h[ESV_H_PRIV] = bring_as(r, s->session, ESV_H_PRIV, der, (size_t)i2d_PKCS8_PRIV_KEY_INFO(p8, &at), NULL);
	at = der;
	s->h[ESV_H_PUB] = bring_as(r, s->session, ESV_H_PUB, der, (size_t)i2d_PUBKEY(key, &at), peer_id);
	PKCS8_PRIV_KEY_INFO_free(p8);
	EVP_PKEY_free(key);
}

static struct real *real_new(void)
{
	struct real *u = calloc(1, sizeof(*u));
	struct esv_handle_in in;

	u->r = rig_new(ESV_MODE_TEST, 1);
	/* A walk of a minute must not outlive its tokens: time stands still. */
	set_up(u->r, &u->foreign);
	set_up(u->r, &u->own);
	u->stale = rig_nonce(u->r, u->own.session, 32, NULL);
	in.handle = htole64(u->stale);
	assert_int_equal(rig_run(u->r, ESV_OP_DESTROY, u->own.session, &in, sizeof(in)), ESV_S_OK);
	return u;
}

/* What no command had the right to touch is still there. */
static void real_free(struct real *u)
{
	const struct set *sets[] = { &u->own, &u->foreign };

	for (unsigned int i = 0; i < 2; i++) {
		for (unsigned int type = ESV_H_NONCE; type <= ESV_H_PUB; type++) {
			const struct esv_handle_in in = { .handle = htole64(sets[i]->h[type]) };

			assert_int_equal(rig_run(u->r, ESV_OP_HANDLE_QUERY, sets[i]->session, &in, sizeof(in)), ESV_S_OK);
		}
	}
	rig_free(u->r);
	free(u);
}

static __le64 arg(const struct real *u, uint8_t kind, unsigned int type, uint64_t good)
{
	switch (kind) {
	case GOOD: return htole64(good);
	case ZERO: return 0;
	case STALE: return htole64(u->stale);
	case FOREIGN: return htole64(u->foreign.h[type]);
	default: return htole64(u->own.h[kind - OTHER]);
	}
}

static enum esv_status run(struct real *u, unsigned int opcode, const void *in, size_t len)
{
	return rig_run(u->r, opcode, u->own.session, in, len);
}

static struct esvc_ike_sa *inside(struct real *u, uint64_t ike)
{
	struct esvc_unit *unit = u->r->dev.unit;
	struct esvc_handle *h = esvc_handle_get(&unit->handles, esvc_session_get(&unit->sessions, 0, u->own.session), ike,
						ESV_H_IKE);

	return h ? &esvc_handle_object(&unit->handles, h)->ike : NULL;
}

static void init_of(struct real *u, struct blob *b, uint8_t role)
{
	const struct esv_ike_derive id = rig_ike_in(0, 0);
	uint8_t ke[32], nonce[NONCE_LEN];

	rig_peer(ke, PEER_KE);
	memset(nonce, PEER_NONCE, sizeof(nonce));
	if (role == ESV_ROLE_INITIATOR)
		init_message(b, role, id.spi_i, id.spi_r, u->ike_ke, u->ike_nonce);
	else
		init_message(b, role, id.spi_i, id.spi_r, ke, nonce);
}

static enum esv_status do_finish(struct real *u, const struct op *op)
{
	struct esv_ke_finish in = { .handle = arg(u, op->arg[0], ESV_H_KE, u->slot[S_KE]),
				    .len = htole16(op->how & BAD_VALUE_2 ? 31 : 32) };
	enum esv_status status;

	if (!(op->how & BAD_VALUE))
		rig_peer(in.value, PEER_KE);
	status = run(u, ESV_OP_KE_FINISH, &in, offsetof(struct esv_ke_finish, value) + 32);
	if (status == ESV_S_OK)
		u->slot[S_SECRET] = rig_handle(u->r);
	return status;
}

static enum esv_status do_derive(struct real *u, const struct op *op)
{
	struct esv_ike_derive in = rig_ike_in(0, 0);
	enum esv_status status;

	in.secret = arg(u, op->arg[0], ESV_H_SECRET, u->slot[S_SECRET]);
	in.nonce = arg(u, op->arg[1], ESV_H_NONCE, u->slot[S_NONCE]);
	if (op->how & BAD_VALUE)
		in.prf = 99;
	status = run(u, ESV_OP_IKE_DERIVE, &in, sizeof(in));
	if (status != ESV_S_OK)
		return status;
	u->slot[S_IKE] = rig_handle(u->r);
	memcpy(u->ike_ke, u->ke, sizeof(u->ike_ke));
	memcpy(u->ike_nonce, u->nonce, sizeof(u->ike_nonce));
	return status;
}

static enum esv_status do_rekey(struct real *u, const struct op *op)
{
	struct esv_ike_rekey in = { .ike = arg(u, op->arg[0], ESV_H_IKE, u->slot[S_IKE + op->ike]),
				    .secret = { arg(u, op->arg[1], ESV_H_SECRET, u->slot[S_SECRET]) },
				    .nonce = arg(u, op->arg[2], ESV_H_NONCE, u->slot[S_NONCE]),
				    .role = ESV_ROLE_INITIATOR, .prf = ESV_PRF_HMAC_SHA2_256,
				    .encr = ESV_ALGO_AES_GCM_16_256, .peer_nonce_len = htole16(32), .spi_i = "i",
				    .spi_r = "r" };
	enum esv_status status;

	if (op->how & BAD_VALUE)
		in.secret[0] = 0;
	if (op->how & BAD_VALUE_2)
		in.secret[1] = in.secret[0];
	status = run(u, ESV_OP_IKE_REKEY, &in, sizeof(in));
	if (status == ESV_S_OK)
		u->slot[S_IKE_2] = rig_handle(u->r);
	return status;
}

static enum esv_status do_sign(struct real *u, const struct op *op)
{
	static struct esv_auth_sign in;
	struct blob b;

	memset(&in, 0, offsetof(struct esv_auth_sign, data) + 512);
	init_of(u, &b, ESV_ROLE_INITIATOR);
	if (op->how & BAD_VALUE)
		b.b[b.len - 30] ^= 1;	/* in the nonce */
	in.ike = arg(u, op->arg[0], ESV_H_IKE, u->slot[S_IKE + op->ike]);
	in.key = arg(u, op->arg[1], ESV_H_PSK, u->own.h[ESV_H_PSK]);
	in.flags = op->how & NO_PPK ? ESV_AUTH_F_NO_PPK : 0;
	in.id_type = 2;
	in.id_len = htole16((uint16_t)strlen(own_id));
	in.msg_len = htole16((uint16_t)b.len);
	memcpy(in.data, own_id, strlen(own_id));
	memcpy(in.data + strlen(own_id), b.b, b.len);
	return run(u, ESV_OP_AUTH_SIGN, &in, offsetof(struct esv_auth_sign, data) + strlen(own_id) + b.len);
}

/* The peer's AUTH, made from the unit's own keys: this is about states, others test the values. */
static void auth_of_peer(struct real *u, const struct op *op, const struct blob *b, uint8_t mac[ESVC_PRF_MAX])
{
	static uint8_t octets[ESVC_AUTH_OCTETS];
	struct esvc_unit *unit = u->r->dev.unit;
	struct esvc_auth a = { .ike = inside(u, u->slot[S_IKE + op->ike]), .role = ESV_ROLE_RESPONDER,
			       .no_ppk = op->how & NO_PPK, .id_type = 2, .id = { peer_id, strlen(peer_id) },
			       .message = { b->b, b->len } };
	uint8_t key[ESVC_PRF_MAX];
	size_t len;

	memset(mac, 0, ESVC_PRF_MAX);
	if (!a.ike || esvc_auth_octets(&unit->prfs, &a, octets, &len))
		return;
	esvc_auth_psk(&unit->prfs, a.ike->prf, (struct esvc_bytes){ psk, strlen(psk) }, (struct esvc_bytes){ octets, len },
		      key, mac);
}

static enum esv_status do_verify(struct real *u, const struct op *op)
{
	static struct esv_auth_verify in;
	size_t n = strlen(peer_id);
	uint8_t mac[ESVC_PRF_MAX];
	struct blob b;

	memset(&in, 0, offsetof(struct esv_auth_verify, data) + 512);
	init_of(u, &b, ESV_ROLE_RESPONDER);
	auth_of_peer(u, op, &b, mac);
	if (op->how & BAD_VALUE)
		mac[31] ^= 1;
	in.ike = arg(u, op->arg[0], ESV_H_IKE, u->slot[S_IKE + op->ike]);
	in.key = arg(u, op->arg[1], ESV_H_PSK, u->own.h[ESV_H_PSK]);
	in.method = ESV_AUTH_METHOD_PSK;
	in.flags = op->how & NO_PPK ? ESV_AUTH_F_NO_PPK : 0;
	in.id_type = 2;
	in.id_len = htole16((uint16_t)n);
	in.msg_len = htole16((uint16_t)b.len);
	in.auth_len = htole16(32);
	memcpy(in.data, peer_id, n);
	memcpy(in.data + n, b.b, b.len);
	memcpy(in.data + n + b.len, mac, 32);
	return run(u, ESV_OP_AUTH_VERIFY, &in, offsetof(struct esv_auth_verify, data) + n + b.len + 32);
}

static enum esv_status do_child(struct real *u, const struct op *op)
{
	struct esv_child_derive in = rig_child_in(0, op->how & FIRST ? ESV_CHILD_F_FIRST : 0);
	enum esv_status status;

	in.ike = arg(u, op->arg[0], ESV_H_IKE, u->slot[S_IKE + op->ike]);
	if (!(op->how & FIRST)) {
		in.nonce = arg(u, op->arg[1], ESV_H_NONCE, u->slot[S_NONCE]);
		in.peer_nonce_len = htole16(32);
	} else if (op->how & BAD_VALUE) {
		in.nonce = htole64(u->own.h[ESV_H_NONCE]);
	}
	if (op->how & PFS)
		in.secret[0] = op->how & FIRST ? htole64(u->own.h[ESV_H_SECRET]) :
			       arg(u, op->arg[2], ESV_H_SECRET, u->slot[S_SECRET]);
	status = run(u, ESV_OP_CHILD_DERIVE, &in, sizeof(in));
	if (status != ESV_S_OK)
		return status;
	memcpy(&u->child, u->r->out, sizeof(u->child));
	u->slot[S_ESP_IN] = le64toh(u->child.esp_in);
	u->slot[S_ESP_OUT] = le64toh(u->child.esp_out);
	return status;
}

static enum esv_status do_install(struct real *u, const struct op *op)
{
	int d = !!(op->how & OUTBOUND);
	struct esvc_binding b = rig_bind(d != (op->how & BAD_VALUE) ? ESV_DIR_OUT : ESV_DIR_IN, ESV_ALGO_AES_GCM_16_256);
	struct esvc_key *key;
	enum esv_status status;
	bool continued;

	if (op->how & BAD_VALUE_2)
		b.spi ^= 1;
	status = esvc_key_from_token(u->r->dev.unit, d ? u->child.token_out : u->child.token_in, &b, &key, &continued);
	if (status == ESV_S_OK)
		u->key[d] = key;
	return status;
}

static enum esv_status do_message(struct real *u, const struct op *op)
{
	struct esv_ike_seal seal = { .ike = arg(u, op->arg[0], ESV_H_IKE, u->slot[S_IKE + op->ike]), .len = htole16(8) };
	struct esv_ike_open open = { .ike = seal.ike, .len = seal.len };

	if (op->code == IKE_SEAL)
		return run(u, ESV_OP_IKE_SEAL, &seal, offsetof(struct esv_ike_seal, data) + 8);
	return run(u, ESV_OP_IKE_OPEN, &open, offsetof(struct esv_ike_open, data) + 8);
}

static enum esv_status do_make(struct real *u, const struct op *op)
{
	const struct esv_nonce_gen ng = { .len = htole16(op->how ? 8 : NONCE_LEN) };
	const struct esv_ke_gen kg = { .method = htole16(op->how ? 99 : ESV_KE_X25519) };
	bool nonce = op->code == NONCE_GEN;
	enum esv_status status = nonce ? run(u, ESV_OP_NONCE_GEN, &ng, sizeof(ng)) :
					 run(u, ESV_OP_KE_GEN, &kg, sizeof(kg));

	if (status != ESV_S_OK)
		return status;
	u->slot[nonce ? S_NONCE : S_KE] = le64toh(u->r->out[0]);
	if (nonce)
		memcpy(u->nonce, ((const struct esv_nonce_out *)(const void *)u->r->out)->nonce, NONCE_LEN);
	else
		memcpy(u->ke, ((const struct esv_ke_out *)(const void *)u->r->out)->value, 32);
	return status;
}

static enum esv_status do_encap(struct real *u, const struct op *op)
{
	static struct esv_ke_encap in;
	static const uint8_t seed[ESVC_KE_PRIV_MAX] = { 7 };
	enum esv_status status;

	if (!in.value[0])
		assert_int_equal(esvc_ke_public(esvc_ke_method(ESV_KE_ML_KEM_768), seed, in.value), 0);
	in.method = htole16(op->how & BAD_VALUE ? ESV_KE_X25519 : ESV_KE_ML_KEM_768);
	in.len = htole16(op->how & BAD_VALUE_2 ? 1183 : 1184);
	status = run(u, ESV_OP_KE_ENCAP, &in, offsetof(struct esv_ke_encap, value) + le16toh(in.len));
	if (status == ESV_S_OK)
		u->slot[S_SECRET] = le64toh(((const struct esv_ke_out *)(const void *)u->r->out)->handle);
	return status;
}

static enum esv_status do_provision(struct real *u, const struct op *op)
{
	bool wrapped = op->how & BAD_VALUE_2;
	struct esv_provision in = { .type = wrapped ? ESV_H_PSK : ESV_H_SECRET, .len = htole16(sizeof(raw)),
				    .wrap = wrapped ? ESV_WRAP_KWP : op->how & BAD_VALUE ? ESV_WRAP_HPKE : ESV_WRAP_NONE };
	enum esv_status status;

	memcpy(in.data, raw, sizeof(raw));
	if (wrapped)
		in.kek = arg(u, op->arg[0], ESV_H_KEK, u->own.h[ESV_H_KEK]);
	status = run(u, ESV_OP_PROVISION, &in, offsetof(struct esv_provision, data) + sizeof(raw));
	if (status == ESV_S_OK)
		u->slot[S_SECRET] = made(u->r);
	return status;
}

/* As if as many packets had gone out as there may be. */
static enum esv_status do_spend(struct real *u)
{
	if (u->key[1])
		u->key[1]->packets = u->key[1]->max_packets;
	return ESV_S_OK;
}

static enum esv_status do_attest(struct real *u, const struct op *op)
{
	const struct esv_attest in = { .subject = ESV_SUBJECT_HANDLE,
				       .handle = arg(u, op->arg[0], slot_type[op->slot], u->slot[op->slot]) };

	return run(u, ESV_OP_ATTEST, &in, sizeof(in));
}

static enum esv_status do_small(struct real *u, const struct op *op)
{
	const __le64 ike = arg(u, op->arg[0], ESV_H_IKE, u->slot[S_IKE + op->ike]);
	const struct esv_ike_update iu = { .ike = ike, .secret = arg(u, op->arg[1], ESV_H_SECRET, u->slot[S_SECRET]) };
	const struct esv_ppk_apply pa = { .ike = ike, .ppk = arg(u, op->arg[1], ESV_H_PPK, u->own.h[ESV_H_PPK]) };
	const struct esv_intauth ia = { .ike = ike, .len = htole16(4),
					.sender = op->how & RESPONDER ? ESV_ROLE_RESPONDER : ESV_ROLE_INITIATOR };
	struct esv_auth_assert aa = { .ike = ike, .id_type = 2, .id_len = htole16(1), .id = "x",
				      .flags = op->how & NO_PPK ? ESV_AUTH_F_NO_PPK : 0 };

	if (op->how & BAD_VALUE)
		aa.id_type = 77;
	switch (op->code) {
	case IKE_UPDATE: return run(u, ESV_OP_IKE_UPDATE, &iu, sizeof(iu));
	case PPK_APPLY: return run(u, ESV_OP_PPK_APPLY, &pa, sizeof(pa));
	case INTAUTH: return run(u, ESV_OP_INTAUTH, &ia, offsetof(struct esv_intauth, data) + 4);
	default: return run(u, ESV_OP_AUTH_ASSERT, &aa, sizeof(aa));
	}
}

static enum esv_status do_destroy(struct real *u, const struct op *op)
{
	const struct esv_handle_in in = { .handle = arg(u, op->arg[0], slot_type[op->slot], u->slot[op->slot]) };

	return run(u, ESV_OP_DESTROY, &in, sizeof(in));
}

static void release(struct real *u, int d)
{
	if (u->key[d])
		esvc_key_release(u->r->dev.unit, u->key[d]);
	u->key[d] = NULL;
}

/* The session's handles go; SAs that are up are taken down so that the next run has the slots. */
static enum esv_status do_zeroize(struct real *u)
{
	enum esv_status status = rig_zeroize(u->r, u->own.session, ESV_ZEROIZE_SESSION);

	release(u, 0);
	release(u, 1);
	assert_int_equal(run(u, ESV_OP_SESSION_CLOSE, NULL, 0), ESV_S_OK);
	set_up(u->r, &u->own);
	return status;
}

/* The same by the end of the session. What an SA uses goes on; nothing else is there for the id that is gone. */
static enum esv_status do_close(struct real *u)
{
	enum esv_status status = run(u, ESV_OP_SESSION_CLOSE, NULL, 0);

	for (int d = 0; d < 2; d++) {
		if (u->key[d])
			assert_true(u->key[d]->installed && u->key[d]->epoch);
		release(u, d);
	}
	assert_int_equal(run(u, ESV_OP_SESSION_CLOSE, NULL, 0), ESV_S_BAD_HANDLE);
	set_up(u->r, &u->own);
	return status;
}

static enum esv_status perform(struct real *u, const struct op *op)
{
	u->commands++;
	switch (op->code) {
	case NONCE_GEN:
	case KE_GEN: return do_make(u, op);
	case KE_FINISH: return do_finish(u, op);
	case IKE_DERIVE: return do_derive(u, op);
	case IKE_REKEY: return do_rekey(u, op);
	case AUTH_SIGN: return do_sign(u, op);
	case AUTH_VERIFY: return do_verify(u, op);
	case CHILD_DERIVE: return do_child(u, op);
	case IKE_SEAL:
	case IKE_OPEN: return do_message(u, op);
	case INSTALL: return do_install(u, op);
	case RELEASE: release(u, !!(op->how & OUTBOUND)); return ESV_S_OK;
	case KE_ENCAP: return do_encap(u, op);
	case PROVISION: return do_provision(u, op);
	case SPEND: return do_spend(u);
	case ATTEST: return do_attest(u, op);
	case DESTROY: return do_destroy(u, op);
	case ZEROIZE: return do_zeroize(u);
	case SESSION_CLOSE: return do_close(u);
	default: return do_small(u, op);
	}
}

/* --- both --- */

#define AT(type, field)	offsetof(struct type, field)

/* Where the handles of a command lie, in the order of op.arg; the fourth is the second secret of IKE_REKEY. */
static const uint16_t handle_at[CODES][4] = {
	[KE_FINISH] = { AT(esv_ke_finish, handle) },
	[IKE_DERIVE] = { AT(esv_ike_derive, secret), AT(esv_ike_derive, nonce) },
	[IKE_UPDATE] = { AT(esv_ike_update, ike), AT(esv_ike_update, secret) },
	[IKE_REKEY] = { AT(esv_ike_rekey, ike), AT(esv_ike_rekey, secret), AT(esv_ike_rekey, nonce),
			AT(esv_ike_rekey, secret) + 8 },
	[PPK_APPLY] = { AT(esv_ppk_apply, ike), AT(esv_ppk_apply, ppk) },
	[AUTH_SIGN] = { AT(esv_auth_sign, ike), AT(esv_auth_sign, key) },
	[AUTH_VERIFY] = { AT(esv_auth_verify, ike), AT(esv_auth_verify, key) },
	[PROVISION] = { AT(esv_provision, kek) },
	[ATTEST] = { AT(esv_attest, handle) },
	[CHILD_DERIVE] = { AT(esv_child_derive, ike), AT(esv_child_derive, nonce), AT(esv_child_derive, secret) },
};

static void fail_op(const struct op *op, const struct model *before, const char *what, unsigned int got,
		    unsigned int want)
{
	const struct ike_model *i = &before->ike[op->ike];

	fail_msg("command %u of IKE SA %u, how %u, arguments %u %u %u, slot %u: %s %u, not %u; nonce %u ke %u secret %u, "
		 "IKE SA: live %u vouch %u ppk %u half %u auths %u rekeyed %u first_closed %u", op->code, op->ike, op->how,
		 op->arg[0], op->arg[1], op->arg[2], op->slot, what, got, want, before->nonce, before->ke, before->secret,
		 i->live, i->vouch, i->ppk, i->half, i->auths, i->rekeyed, i->first_closed);
}

static void query(struct real *u, const struct model *m, enum slot s, const struct op *op)
{
	const struct esv_handle_in in = { .handle = htole64(u->slot[s]) };
	const struct esv_handle_info *out = (const void *)u->r->out;
	uint8_t dir = s == S_ESP_IN ? ESV_DIR_IN : s == S_ESP_OUT ? ESV_DIR_OUT : 0;
	enum esv_status status = run(u, ESV_OP_HANDLE_QUERY, &in, sizeof(in));

	if (status != (slot_live(m, s) ? ESV_S_OK : ESV_S_BAD_HANDLE))
		fail_op(op, m, "HANDLE_QUERY", status, slot_live(m, s));
	if (status != ESV_S_OK)
		return;
	if (out->type != slot_type[s] || out->state != shown_state(m, s) || out->vouch != shown_vouch(m, s) ||
	    out->dir != dir)
		fail_op(op, m, "what a handle is", out->state, shown_state(m, s));
}

/* The same in a statement. */
static void read_statement(struct real *u, const struct model *m, const struct op *op)
{
	const enum slot s = op->slot;
	const uint8_t *at = memmem(u->r->out, u->r->cmd.out_len, ESV_STATEMENT_MAGIC, sizeof(ESV_STATEMENT_MAGIC));
	struct esv_statement st;

	assert_non_null(at);
	memcpy(&st, at, sizeof(st));
	assert_true(le64toh(st.handle) == u->slot[s]);
	if (st.type != slot_type[s] || st.state != shown_state(m, s) || st.vouch != shown_vouch(m, s))
		fail_op(op, m, "what a statement says", st.state, shown_state(m, s));
}

#define LOOK_EVERY	8

static void look(struct real *u, const struct model *m, const struct op *op)
{
	for (enum slot s = 0; s < SLOTS; s++)
		query(u, m, s, op);
}

/*
 * The command on both. True: it changed the model. After a refusal nothing has changed, which
 * needs no look each time: what went wrong does not come right again.
 */
static bool step(struct real *u, struct model *m, const struct op *op)
{
	const struct model before = *m;
	const struct verdict v = predict(m, op);
	enum esv_status status = perform(u, op);

	u->refused += v.status != ESV_S_OK;
	if (status != v.status)
		fail_op(op, &before, "status", status, v.status);
	if (v.arg >= 0 && u->r->cmd.err_off != handle_at[op->code][v.arg])
		fail_op(op, &before, "offset", u->r->cmd.err_off, handle_at[op->code][v.arg]);
	if (op->code == ATTEST && status == ESV_S_OK)
		read_statement(u, m, op);
	if ((v.status == ESV_S_OK && op->code != ATTEST) || u->commands % LOOK_EVERY == 0)
		look(u, m, op);
	return memcmp(&before, m, sizeof(before));
}

/* --- every command with every kind of argument --- */

#define OPS_MAX	1500

static struct op ops[OPS_MAX];
static unsigned int nr_ops;

/* One handle is wrong at a time: args is how many there are, types what they must be. */
static void offer(struct op op, unsigned int args, const uint8_t *types)
{
	assert_in_range(nr_ops, 0, OPS_MAX - 64);
	ops[nr_ops++] = op;
	for (unsigned int a = 0; a < args; a++) {
		for (unsigned int k = ZERO; k < KINDS; k++) {
			struct op bad = op;

			if (k == OTHER || k == OTHER + (unsigned int)types[a])
				continue;
			bad.arg[a] = (uint8_t)k;
			ops[nr_ops++] = bad;
		}
	}
}

static void offer_ike(uint8_t ike)
{
	static const uint8_t one[] = { ESV_H_IKE }, secret[] = { ESV_H_IKE, ESV_H_SECRET };
	static const uint8_t key[] = { ESV_H_IKE, ESV_H_PSK }, ppk[] = { ESV_H_IKE, ESV_H_PPK };
	static const uint8_t rekey[] = { ESV_H_IKE, ESV_H_SECRET, ESV_H_NONCE };
	static const uint8_t child[] = { ESV_H_IKE, ESV_H_NONCE, ESV_H_SECRET };

	offer((struct op){ .code = IKE_UPDATE, .ike = ike }, 2, secret);
	offer((struct op){ .code = PPK_APPLY, .ike = ike }, 2, ppk);
	for (uint8_t bad = 0; bad <= BAD_VALUE_2; bad++)
		offer((struct op){ .code = IKE_REKEY, .ike = ike, .how = bad }, bad ? 0 : 3, rekey);
	for (uint8_t sender = 0; sender <= RESPONDER; sender += RESPONDER)
		offer((struct op){ .code = INTAUTH, .ike = ike, .how = sender }, 1, one);
	for (uint8_t how = 0; how <= NO_PPK; how += NO_PPK) {
		for (uint8_t bad = 0; bad <= BAD_VALUE; bad++) {
			offer((struct op){ .code = AUTH_SIGN, .ike = ike, .how = how | bad }, bad ? 0 : 2, key);
			offer((struct op){ .code = AUTH_VERIFY, .ike = ike, .how = how | bad }, bad ? 0 : 2, key);
			offer((struct op){ .code = AUTH_ASSERT, .ike = ike, .how = how | bad }, bad ? 0 : 1, one);
		}
	}
	offer((struct op){ .code = CHILD_DERIVE, .ike = ike, .how = FIRST }, 1, child);
	offer((struct op){ .code = CHILD_DERIVE, .ike = ike, .how = FIRST | PFS }, 0, child);
	offer((struct op){ .code = CHILD_DERIVE, .ike = ike, .how = FIRST | BAD_VALUE }, 0, child);
	offer((struct op){ .code = CHILD_DERIVE, .ike = ike, .how = 0 }, 2, child);
	offer((struct op){ .code = CHILD_DERIVE, .ike = ike, .how = PFS }, 3, child);
	offer((struct op){ .code = IKE_SEAL, .ike = ike }, 1, one);
	offer((struct op){ .code = IKE_OPEN, .ike = ike }, 1, one);
}

/* A secret of 0 is no secret with PFS, so that is another command. */
static bool means_itself(const struct op *op)
{
	return op->code != CHILD_DERIVE || !(op->how & PFS) || op->arg[2] != ZERO;
}

static void offer_all(void)
{
	static const uint8_t ke[] = { ESV_H_KE }, kek[] = { ESV_H_KEK }, derive[] = { ESV_H_SECRET, ESV_H_NONCE };
	unsigned int kept = 0;

	nr_ops = 0;
	for (uint8_t bad = 0; bad <= BAD_VALUE; bad++) {
		offer((struct op){ .code = NONCE_GEN, .how = bad }, 0, ke);
		offer((struct op){ .code = KE_GEN, .how = bad }, 0, ke);
		offer((struct op){ .code = IKE_DERIVE, .how = bad }, bad ? 0 : 2, derive);
	}
	for (uint8_t bad = 0; bad <= BAD_VALUE_2; bad++)
		offer((struct op){ .code = KE_FINISH, .how = bad }, bad ? 0 : 1, ke);
	offer_ike(0);
	offer_ike(1);
	for (uint8_t out = 0; out <= OUTBOUND; out += OUTBOUND) {
		for (uint8_t bad = 0; bad <= BAD_VALUE_2; bad++)
			offer((struct op){ .code = INSTALL, .how = out | bad }, 0, ke);
		offer((struct op){ .code = RELEASE, .how = out }, 0, ke);
	}
	for (uint8_t bad = 0; bad <= BAD_VALUE_2; bad++) {
		offer((struct op){ .code = KE_ENCAP, .how = bad }, 0, ke);
		offer((struct op){ .code = PROVISION, .how = bad }, bad == BAD_VALUE_2, kek);
	}
	offer((struct op){ .code = SPEND }, 0, ke);
	for (uint8_t code = ATTEST; code <= DESTROY; code++) {
		for (uint8_t s = 0; s < SLOTS; s++)
			offer((struct op){ .code = code, .slot = s }, 0, ke);
		for (uint8_t k = ZERO; k <= FOREIGN; k++)
			offer((struct op){ .code = code, .arg = { k }, .slot = S_NONCE }, 0, ke);
	}
	offer((struct op){ .code = ZEROIZE }, 0, ke);
	offer((struct op){ .code = SESSION_CLOSE }, 0, ke);
	for (unsigned int i = 0; i < nr_ops; i++)
		if (means_itself(&ops[i]))
			ops[kept++] = ops[i];
	nr_ops = kept;
}

/* --- the walks --- */

struct state {
	struct model m;
	uint32_t from;		/* index of the state before */
	uint16_t op;
	uint8_t depth;
};

static struct state *states;
static uint32_t nr_states;
static uint32_t table[1u << 18];	/* index + 1 by hash */

static bool known(const struct model *m)
{
	const uint8_t *b = (const uint8_t *)m;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < sizeof(*m); i++)
		h = (h ^ b[i]) * 16777619u;
	for (h &= (1u << 18) - 1; table[h]; h = (h + 1) & ((1u << 18) - 1))
		if (!memcmp(&states[table[h] - 1].m, m, sizeof(*m)))
			return true;
	table[h] = nr_states + 1;
	return false;
}

/* Back to nothing, by hand: quicker than a new session. */
static void start(struct real *u, struct model *m)
{
	for (uint8_t i = 0; i < SLOTS; i++) {
		const struct op op = { .code = DESTROY, .slot = i };

		if (i >= S_ESP_IN)
			release(u, i - S_ESP_IN);
		if (slot_live(m, i))
			assert_int_equal(perform(u, &op), ESV_S_OK);
	}
	memset(m, 0, sizeof(*m));
	memset(u->slot, 0, sizeof(u->slot));
	memset(&u->child, 0, sizeof(u->child));
}

/* From nothing to a state, by the commands that first led there. */
static void go(struct real *u, struct model *m, uint32_t to)
{
	uint16_t path[DEPTH + 1];
	unsigned int n = 0;

	for (uint32_t i = to; i; i = states[i].from)
		path[n++] = states[i].op;
	start(u, m);
	while (n) {
		const struct op *op = &ops[path[--n]];
		enum esv_status want = predict(m, op).status;

		assert_int_equal(perform(u, op), want);
	}
	assert_memory_equal(m, &states[to].m, sizeof(*m));
}

/* Everything in one state: what is refused where it stands, the rest each from a fresh start. */
static void explore(struct real *u, struct model *m, uint32_t at)
{
	const struct model *here = &states[at].m;

	go(u, m, at);
	for (uint16_t i = 0; i < nr_ops; i++) {
		struct model next = *here;

		predict(&next, &ops[i]);
		if (!memcmp(&next, here, sizeof(next)))
			step(u, m, &ops[i]);
	}
	look(u, m, &ops[0]);
	for (uint16_t i = 0; i < nr_ops; i++) {
		struct model next = *here;

		predict(&next, &ops[i]);
		/* To which SPI a token was bound first makes no other difference: the long walks have both. */
		if (!memcmp(&next, here, sizeof(next)) || !fits(&next) || next.bound[0] > 1 || next.bound[1] > 1)
			continue;
		go(u, m, at);
		step(u, m, &ops[i]);
		if (states[at].depth == DEPTH || known(&next))
			continue;
		assert_in_range(nr_states, 0, STATES_MAX - 1);
		states[nr_states++] = (struct state){ next, at, i, (uint8_t)(states[at].depth + 1) };
	}
}

static void test_every_state(void **state)
{
	struct real *u = real_new();
	struct model m = { 0 };

	offer_all();
	states = calloc(STATES_MAX, sizeof(*states));
	assert_non_null(states);
	known(&states[0].m);
	nr_states = 1;
	for (uint32_t at = 0; at < nr_states; at++)
		explore(u, &m, at);
	print_message("# depth %u: %u states, %u commands in each, %lu in all, %lu of them refused\n", DEPTH, nr_states,
		      nr_ops, u->commands, u->refused);
	free(states);
	real_free(u);
}

/* Mostly what moves on, now and then what must not. State that the model does not know of would show. */
static const struct op *draw(unsigned int *seed, const struct model *m)
{
	for (;;) {
		const struct op *op = &ops[(unsigned int)rand_r(seed) % nr_ops];
		struct model next = *m;

		predict(&next, op);
		if (!fits(&next) || (op->code >= DESTROY && rand_r(seed) % 16))
			continue;
		if (memcmp(&next, m, sizeof(next)) || !(rand_r(seed) % 64))
			return op;
	}
}

static void test_long_walks(void **state)
{
	struct real *u = real_new();
	unsigned long moves = 0;

	offer_all();
	for (unsigned int walk = 1; walk <= WALKS; walk++) {
		unsigned int seed = walk;
		struct model m = { 0 };

		for (unsigned int n = 0; n < WALK_STEPS; n++)
			moves += step(u, &m, draw(&seed, &m));
		start(u, &m);
	}
	print_message("# %lu commands, %lu refused, %lu changed something\n", u->commands, u->refused, moves);
	real_free(u);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_every_state), cmocka_unit_test(test_long_walks),
};

RIG_MAIN(tests)
