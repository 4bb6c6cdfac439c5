/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run of every command of the interface on a pair of devices, each with what can be wrong
 * about it first. What depends on an answer (a token, an AUTH, a sealed message) is taken from
 * the device that gives it.
 */
#ifndef EVERY_COMMAND_H
#define EVERY_COMMAND_H

#include "twins.h"

#include <openssl/hpke.h>

#define REQID	7

/* --- key exchanges --- */

static void new_nonce(struct end *e)
{
	struct esv_nonce_gen in = { .len = htole16(NONCE_LEN) };

	ok(run(e, ESV_OP_NONCE_GEN, &in, sizeof(in), &e->nonce, sizeof(e->nonce)));
}

static void new_ke(struct end *e, uint16_t method)
{
	struct esv_ke_gen in = { .method = htole16(method) };

	ok(run(e, ESV_OP_KE_GEN, &in, sizeof(in), &e->ke, sizeof(e->ke)));
}

static enum esv_status finish(struct end *e, const struct esv_ke_out *peer)
{
	struct esv_ke_finish in = { .handle = e->ke.handle, .len = peer->len };
	struct esv_handle_out out = { 0 };
	enum esv_status status;

	memcpy(in.value, peer->value, le16toh(peer->len));
	status = run(e, ESV_OP_KE_FINISH, &in, sizeof(in), &out, sizeof(out));
	e->secret = le64toh(out.handle);
	return status;
}

/* Both agree; a value that is no point first. */
static void exchange(struct world *w, uint16_t method)
{
	struct esv_ke_out zero = { .len = htole16(32) };

	new_ke(&w->a, method);
	new_ke(&w->b, method);
	if (method == ESV_KE_X25519) {
		new_ke(&w->a, method);
		is(finish(&w->a, &zero), ESV_S_BAD_PUBLIC_VALUE);
		new_ke(&w->a, method);
	}
	ok(finish(&w->a, &w->b.ke));
	ok(finish(&w->b, &w->a.ke));
}

static void exchange_kem(struct world *w)
{
	struct esv_ke_encap in = { .method = htole16(ESV_KE_ML_KEM_768) };

	new_ke(&w->a, ESV_KE_ML_KEM_768);
	in.len = w->a.ke.len;
	memcpy(in.value, w->a.ke.value, sizeof(in.value));
	ok(run(&w->b, ESV_OP_KE_ENCAP, &in, sizeof(in), &w->b.ke, sizeof(w->b.ke)));
	w->b.secret = le64toh(w->b.ke.handle);
	ok(finish(&w->a, &w->b.ke));
}

static void derive(struct end *e, const struct end *peer)
{
	struct esv_ike_derive in = { .secret = htole64(e->secret), .nonce = e->nonce.handle, .role = e->role,
				     .prf = ESV_PRF_HMAC_SHA2_256, .encr = ESV_ALGO_AES_GCM_16_256,
				     .peer_nonce_len = htole16(NONCE_LEN), .spi_i = "initiat", .spi_r = "respond" };
	struct esv_handle_out out = { 0 };

	memcpy(in.peer_nonce, peer->nonce.nonce, NONCE_LEN);
	init_message(&e->init, e->role, in.spi_i, in.spi_r, e->ke.value, e->nonce.nonce);
	ok(run(e, ESV_OP_IKE_DERIVE, &in, sizeof(in), &out, sizeof(out)));
	e->ike = le64toh(out.handle);
}

/* An IKE SA between both, nobody authenticated. */
static void ike_sa(struct world *w)
{
	exchange(w, ESV_KE_X25519);
	new_nonce(&w->a);
	new_nonce(&w->b);
	derive(&w->a, &w->b);
	derive(&w->b, &w->a);
}

static void intauth(struct end *e, uint8_t sender)
{
	struct esv_intauth in = { .ike = htole64(e->ike), .sender = sender, .len = htole16(9), .data = "A and P" };

	ok(run(e, ESV_OP_INTAUTH, &in, offsetof(struct esv_intauth, data) + 9, NULL, 0));
}

static void update(struct end *e)
{
	struct esv_ike_update in = { .ike = htole64(e->ike), .secret = htole64(e->secret) };

	ok(run(e, ESV_OP_IKE_UPDATE, &in, sizeof(in), NULL, 0));
}

/* IKE_INTERMEDIATE with a second key exchange. */
static void intermediate(struct world *w)
{
	exchange_kem(w);
	for (uint8_t sender = ESV_ROLE_INITIATOR; sender <= ESV_ROLE_RESPONDER; sender++) {
		intauth(&w->a, sender);
		intauth(&w->b, sender);
	}
	update(&w->a);
	update(&w->b);
}

static void rekey(struct end *e, const struct end *peer)
{
	struct esv_ike_rekey in = { .ike = htole64(e->ike), .nonce = e->nonce.handle, .secret = { htole64(e->secret) },
				    .role = e->role, .prf = ESV_PRF_HMAC_SHA2_384, .encr = ESV_ALGO_AES_GCM_16_128,
				    .peer_nonce_len = htole16(NONCE_LEN), .spi_i = "newer", .spi_r = "as new" };
	struct esv_handle_out out = { 0 };

	memcpy(in.peer_nonce, peer->nonce.nonce, NONCE_LEN);
	ok(run(e, ESV_OP_IKE_REKEY, &in, sizeof(in), &out, sizeof(out)));
	e->ike = le64toh(out.handle);
}

/* --- secrets from outside --- */

static enum esv_status provision(struct end *e, uint8_t type, uint8_t wrap, uint16_t flags, uint64_t kek,
				 const struct blob *b, struct esv_provisioned *out)
{
	static struct esv_provision in;

	memset(&in, 0, sizeof(in));
	in.type = type;
	in.wrap = wrap;
	in.flags = htole16(flags);
	in.len = htole16((uint16_t)b->len);
	in.kek = htole64(kek);
	memcpy(in.data, b->b, b->len);
	return run(e, ESV_OP_PROVISION, &in, offsetof(struct esv_provision, data) + b->len, out, sizeof(*out));
}

static void content(struct blob *b, uint8_t type, const char *id, const void *secret, size_t len)
{
	struct esv_secret_hdr h = { .version = ESV_SECRET_VERSION, .type = type, .id_type = id ? 2 : 0,
				    .id_len = htole16(id ? (uint16_t)strlen(id) : 0), .len = htole16((uint16_t)len) };

	b->len = 0;
	put(b, &h, sizeof(h));
	if (id)
		put(b, id, strlen(id));
	put(b, secret, len);
}

static uint64_t clear(struct end *e, uint8_t type, const char *id, const void *secret, size_t len)
{
	static struct esv_provisioned out;
	static struct blob b;

	content(&b, type, id, secret, len);
	ok(provision(e, type, ESV_WRAP_NONE, 0, 0, &b, &out));
	return le64toh(out.handle);
}

/* A KEK to the unit's provisioning key, a PPK under the KEK. */
static void wrapped(struct world *w, struct end *e)
{
	static const OSSL_HPKE_SUITE suite = { OSSL_HPKE_KEM_ID_X25519, OSSL_HPKE_KDF_ID_HKDF_SHA256,
					       OSSL_HPKE_AEAD_ID_AES_GCM_256 };
	struct esv_unit_status st = status_of(e);
	uint8_t info[sizeof(ESV_HPKE_INFO) + 2 * sizeof(uint64_t) + 1] = ESV_HPKE_INFO;
	OSSL_HPKE_CTX *ctx = OSSL_HPKE_CTX_new(OSSL_HPKE_MODE_BASE, suite, OSSL_HPKE_ROLE_SENDER, NULL, NULL);
	static struct esv_provisioned out;
	static struct blob p, sealed;
	size_t enc = ESV_HPKE_ENC_LEN, len;

	memcpy(info + sizeof(ESV_HPKE_INFO), &st.device_id, sizeof(st.device_id));
	memcpy(info + sizeof(ESV_HPKE_INFO) + 8, &st.epoch, sizeof(st.epoch));
	info[sizeof(info) - 1] = ESV_H_KEK;
	content(&p, ESV_H_KEK, NULL, w->kek, sizeof(w->kek));
	len = sizeof(sealed.b) - enc;
	assert_int_equal(OSSL_HPKE_encap(ctx, sealed.b, &enc, st.provision_key, 32, info, sizeof(info)), 1);
	assert_int_equal(OSSL_HPKE_seal(ctx, sealed.b + enc, &len, NULL, 0, p.b, p.len), 1);
	OSSL_HPKE_CTX_free(ctx);
	sealed.len = enc + len;
	ok(provision(e, ESV_H_KEK, ESV_WRAP_HPKE, 0, 0, &sealed, &out));
	e->kek = le64toh(out.handle);
	sealed.b[sealed.len - 1] ^= 1;
	is(provision(e, ESV_H_KEK, ESV_WRAP_HPKE, 0, 0, &sealed, &out), ESV_S_AUTH_FAILED);
	content(&p, ESV_H_PPK, NULL, w->ppk, sizeof(w->ppk));
	assert_int_equal(esvc_kwp_wrap(w->kek, p.b, p.len, sealed.b), 0);
	sealed.len = ESVC_KWP_LEN(p.len);
	ok(provision(e, ESV_H_PPK, ESV_WRAP_KWP, 0, e->kek, &sealed, &out));
	e->ppk = le64toh(out.handle);
}

static const char *id_of(const struct end *e)
{
	return e->role == ESV_ROLE_INITIATOR ? "initiator.example" : "responder.example";
}

/* The PSK goes out as a blob and comes back. */
static void all_secrets(struct world *w, struct end *e, const struct end *peer)
{
	int me = e == &w->b;
	static struct esv_provisioned out;
	static struct blob b;

	content(&b, ESV_H_PSK, id_of(peer), w->psk, sizeof(w->psk));
	ok(provision(e, ESV_H_PSK, ESV_WRAP_NONE, ESV_PROVISION_F_STORE, 0, &b, &out));
	b.len = le16toh(out.stored_len);
	memcpy(b.b, out.stored, b.len);
	ok(provision(e, ESV_H_PSK, ESV_WRAP_STORED, 0, 0, &b, &out));
	e->psk = le64toh(out.handle);
	wrapped(w, e);
	for (int k = 0; k < 2; k++) {
		e->priv[k] = clear(e, ESV_H_PRIV, id_of(e), w->priv[me][k].b, w->priv[me][k].len);
		e->pub[k] = clear(e, ESV_H_PUB, id_of(peer), w->pub[!me][k].b, w->pub[!me][k].len);
	}
}

static void apply_ppk(struct end *e)
{
	struct esv_ppk_apply in = { .ike = htole64(e->ike), .ppk = htole64(e->ppk) };

	ok(run(e, ESV_OP_PPK_APPLY, &in, sizeof(in), NULL, 0));
}

/* --- AUTH --- */

static void sign(struct end *e, uint64_t key, uint8_t scheme)
{
	static struct esv_auth_sign in;
	struct esv_auth_data out = { 0 };
	size_t id = strlen(id_of(e));

	memset(&in, 0, sizeof(in));
	in.ike = htole64(e->ike);
	in.key = htole64(key);
	in.scheme = scheme;
	in.id_type = 2;
	in.id_len = htole16((uint16_t)id);
	in.msg_len = htole16((uint16_t)e->init.len);
	memcpy(in.data, id_of(e), id);
	memcpy(in.data + id, e->init.b, e->init.len);
	ok(run(e, ESV_OP_AUTH_SIGN, &in, offsetof(struct esv_auth_sign, data) + id + e->init.len, &out, sizeof(out)));
	e->auth.len = le16toh(out.len);
	memcpy(e->auth.b, out.data, e->auth.len);
}

/* A wrong AUTH first: the right one must not show in how it is refused. */
static void verify(struct end *e, const struct end *peer, uint64_t key, uint8_t method)
{
	static struct esv_auth_verify in;
	size_t id = strlen(id_of(peer)), at = id + peer->init.len, len = offsetof(struct esv_auth_verify, data) + at;

	memset(&in, 0, sizeof(in));
	in.ike = htole64(e->ike);
	in.key = htole64(key);
	in.method = method;
	in.id_type = 2;
	in.id_len = htole16((uint16_t)id);
	in.msg_len = htole16((uint16_t)peer->init.len);
	in.auth_len = htole16((uint16_t)peer->auth.len);
	memcpy(in.data, id_of(peer), id);
	memcpy(in.data + id, peer->init.b, peer->init.len);
	memcpy(in.data + at, peer->auth.b, peer->auth.len);
	for (size_t n = 0; n < peer->auth.len; n += 13) {
		in.data[at + n] ^= 1;
		is(run(e, ESV_OP_AUTH_VERIFY, &in, len + peer->auth.len, NULL, 0), ESV_S_AUTH_FAILED);
		in.data[at + n] ^= 1;
	}
	ok(run(e, ESV_OP_AUTH_VERIFY, &in, len + peer->auth.len, NULL, 0));
}

static void vouch(struct end *e)
{
	struct esv_auth_assert in = { .ike = htole64(e->ike), .id_type = 2, .id_len = htole16(4), .id = "peer" };

	ok(run(e, ESV_OP_AUTH_ASSERT, &in, sizeof(in), NULL, 0));
}

static void attest(struct end *e)
{
	static struct esv_attested out;
	struct esv_attest in = { .nonce = "a verifier's nonce", .subject = ESV_SUBJECT_UNIT };

	ok(run(e, ESV_OP_ATTEST, &in, sizeof(in), &out, sizeof(out)));
	in.subject = ESV_SUBJECT_HANDLE;
	in.handle = htole64(e->ike);
	ok(run(e, ESV_OP_ATTEST, &in, sizeof(in), &out, sizeof(out)));
	in.handle = 0;
	is(run(e, ESV_OP_ATTEST, &in, sizeof(in), &out, sizeof(out)), ESV_S_BAD_HANDLE);
}

static void algorithm(struct end *e)
{
	static struct esv_alg_test in = { .data = "a keya message" };
	static struct esv_alg_tested out;

	in.alg = htole16(ESV_ALG_PRF);
	in.param = htole16(ESV_PRF_HMAC_SHA2_256);
	in.len[0] = htole16(5);
	in.len[1] = htole16(9);
	ok(run(e, ESV_OP_ALG_TEST, &in, offsetof(struct esv_alg_test, data) + 14, &out, sizeof(out)));
	in.param = 0;
	is(run(e, ESV_OP_ALG_TEST, &in, offsetof(struct esv_alg_test, data) + 14, &out, sizeof(out)),
	   ESV_S_UNSUPPORTED_VALUE);
}

/* --- IKE messages --- */

static void message(struct end *e, struct end *peer, uint16_t len)
{
	static struct esv_ike_seal in;
	static struct esv_ike_sealed sealed;
	static struct esv_ike_open open;
	static uint8_t text[ESV_IKE_TEXT_MAX];
	size_t all = offsetof(struct esv_ike_open, data) + 28 + len;

	memset(&in, 0, sizeof(in));
	memset(&open, 0, sizeof(open));
	in.ike = htole64(e->ike);
	in.aad_len = htole16(28);
	in.len = htole16(len);
	memset(in.data, 0x5c, 28 + (size_t)len);
	ok(run(e, ESV_OP_IKE_SEAL, &in, offsetof(struct esv_ike_seal, data) + 28 + len, &sealed, sizeof(sealed)));
	open.ike = htole64(peer->ike);
	open.aad_len = in.aad_len;
	open.len = in.len;
	memcpy(open.iv, sealed.iv, sizeof(open.iv));
	memcpy(open.icv, sealed.icv, sizeof(open.icv));
	memset(open.data, 0x5c, 28);
	memcpy(open.data + 28, sealed.data, len);
	open.icv[3] ^= 0x80;
	is(run(peer, ESV_OP_IKE_OPEN, &open, all, text, sizeof(text)), ESV_S_AUTH_FAILED);
	open.icv[3] ^= 0x80;
	ok(run(peer, ESV_OP_IKE_OPEN, &open, all, text, sizeof(text)));
}

/* --- children and what they carry --- */

static enum esv_status child(struct end *e, const struct end *peer, uint32_t flags, bool pfs)
{
	struct esv_child_derive in = { .ike = htole64(e->ike), .flags = htole32(flags), .role = e->role,
				       .algo = ESV_ALGO_AES_GCM_16_256, .hard_packets = htole64(ESV_NO_LIMIT),
				       .hard_bytes = htole64(ESV_NO_LIMIT) };

	if (!(flags & ESV_CHILD_F_FIRST)) {
		in.nonce = e->nonce.handle;
		in.peer_nonce_len = htole16(NONCE_LEN);
		memcpy(in.peer_nonce, peer->nonce.nonce, NONCE_LEN);
	}
	if (pfs)
		in.secret[0] = htole64(e->secret);
	return run(e, ESV_OP_CHILD_DERIVE, &in, sizeof(in), &e->child, sizeof(e->child));
}

static struct esv_sa_params sa_params(const struct end *from, const struct end *to, bool sends, uint32_t spi)
{
	struct esv_sa_params p = {
		.spi = htobe32(spi), .family = 4, .mode = ESV_SA_TRANSPORT, .dir = sends ? ESV_DIR_OUT : ESV_DIR_IN,
		.algo = ESV_ALGO_AES_GCM_16_256, .flags = htole32(ESV_SA_F_TOKEN), .reqid = htole32(REQID),
		.window = htole32(sends ? 0 : 64), .key_len = htole16(ESV_TOKEN_LEN),
		.soft_packets = htole64(5), .hard_packets = htole64(7), .soft_bytes = htole64(ESV_NO_LIMIT),
		.hard_bytes = htole64(ESV_NO_LIMIT),
	};

	memcpy(p.saddr, from->addr, 4);
	memcpy(p.daddr, to->addr, 4);
	memcpy(p.key, sends ? from->child.token_out : to->child.token_in, ESV_TOKEN_LEN);
	return p;
}

static void install(struct end *e, const struct end *from, const struct end *to, uint32_t spi, uint32_t *handle)
{
	struct esv_sa_params p = sa_params(from, to, e == from, spi);

	p.key[30] ^= 1;
	add(e, ESV_OP_SA_ADD, &p, sizeof(p), NULL);	/* a forged token */
	p.key[30] ^= 1;
	add(e, ESV_OP_SA_ADD, &p, sizeof(p), handle);
	add(e, ESV_OP_SA_ADD, &p, sizeof(p), NULL);	/* a second install */
}

/* A key of the host's, as any NIC takes one. */
static void host_key(struct end *e, const struct end *peer)
{
	struct esv_sa_params p = sa_params(e, peer, true, 0x5001);
	uint32_t handle = 0;

	p.flags = 0;
	memset(p.key, 0, ESV_TOKEN_LEN);
	is(add(e, ESV_OP_SA_ADD, &p, sizeof(p), NULL), ESV_S_KEY_WEAK);
	for (uint8_t i = 0; i < ESV_TOKEN_LEN; i++)
		p.key[i] = (uint8_t)(i * 7 + 1);
	is_secret(p.key, ESV_TOKEN_LEN);
	ok(add(e, ESV_OP_SA_ADD, &p, sizeof(p), &handle));
	ok(nic(e, ESV_OP_SA_DELETE, handle, 0, 0));
	ok(add(e, ESV_OP_SA_ADD, &p, sizeof(p), &handle));	/* goes on */
}

static uint32_t protect(struct end *e, uint8_t dir, const struct end *from, const struct end *to)
{
	struct esv_policy_params p = {
		.sel = { .family = 4, .plen_s = 32, .plen_d = 32 }, .dir = dir, .action = ESV_ACTION_PROTECT,
		.mode = ESV_SA_TRANSPORT, .priority = htole32(1), .reqid = htole32(REQID),
	};
	uint32_t id = 0;

	memcpy(p.sel.saddr, from->addr, 4);
	memcpy(p.sel.daddr, to->addr, 4);
	add(e, ESV_OP_POLICY_ADD, &p, sizeof(p), &id);
	add(e, ESV_OP_POLICY_ADD, &p, sizeof(p), NULL);
	return id;
}

static void frame(struct world *w, struct end *from, struct end *to, size_t payload)
{
	struct esvh_tx_opts o = { .flags = ESV_TXD_TAG, .sa_handle = from->sa_out };
	struct pkt_spec s = udp4(payload);
	static struct pkt p;
	static uint8_t got[2048];
	struct esv_rx_cqe c;

	w->t->step++;
	s.dst = to->d.mac;
	s.src = from->d.mac;
	memcpy(s.saddr, from->addr, 4);
	memcpy(s.daddr, to->addr, 4);
	pkt_build(&p, &s);
	assert_true(esvh_send(&from->d, 0, p.b, p.len, &o));
	esvh_pump_pair(from->h, to->h);
	while (esvh_recv(&to->d, 0, got, sizeof(got), &c, true))
		;
}

static uint8_t last_frame[2048];
static size_t last_len;

static void keep_frame(void *arg, const uint8_t *f, size_t len)
{
	on_frame(arg, f, len);
	last_len = len < sizeof(last_frame) ? len : 0;
	memcpy(last_frame, f, last_len);
}

/* The last frame once more, then with each part of it wrong. */
static void attacks(struct end *to)
{
	static const size_t at[] = { ESP_AT, ESP_AT + 7, ESP_AT + 10, ESP_AT + 20 };
	static uint8_t bad[sizeof(last_frame)];

	esvc_receive(to->h->dev, last_frame, last_len);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]) && last_len; i++) {
		memcpy(bad, last_frame, last_len);
		bad[at[i]] ^= 1;
		esvc_receive(to->h->dev, bad, last_len);
		esvh_pump(to->h);
	}
	nic(to, ESV_OP_NOP, 0, 0, 0);	/* and its events */
}

static void look(struct end *e)
{
	struct esv_sa_key key = { .spi = htobe32(0x1001), .family = 4, .proto = 50, .daddr = { 10, 0, 0, 2 } };
	struct esvh_cmd c = { .opcode = ESV_OP_SA_QUERY, .in = &key, .in_len = sizeof(key),
			      .out_cap = sizeof(struct esv_sa_info) };

	plain(e, &c);
	nic(e, ESV_OP_SA_QUERY, e->sa_out, 0, sizeof(struct esv_sa_info));
	nic(e, ESV_OP_SA_QUERY, e->sa_in, 0, sizeof(struct esv_sa_info));
	nic(e, ESV_OP_SA_QUERY, 0x12345, 0, sizeof(struct esv_sa_info));
	nic(e, ESV_OP_SA_LIST, 0, 0, sizeof(struct esv_sa_list));
	nic(e, ESV_OP_POLICY_LIST, 0, 0, sizeof(struct esv_policy_list));
	nic(e, ESV_OP_COUNTERS_READ, 0, 0, sizeof(struct esv_counters));
	status_of(e);
}

static void query(struct end *e, uint64_t handle)
{
	struct esv_handle_in in = { .handle = htole64(handle) };
	struct esv_handle_info out;

	run(e, ESV_OP_HANDLE_QUERY, &in, sizeof(in), &out, sizeof(out));
}

static void destroy(struct end *e, uint64_t handle)
{
	struct esv_handle_in in = { .handle = htole64(handle) };

	query(e, handle);
	run(e, ESV_OP_DESTROY, &in, sizeof(in), NULL, 0);
}

static void attest_sa(struct end *e, uint32_t sa)
{
	static struct esv_attested out;
	struct esv_attest in = { .nonce = "a verifier's nonce", .subject = ESV_SUBJECT_SA, .sa = htole32(sa) };

	ok(run(e, ESV_OP_ATTEST, &in, sizeof(in), &out, sizeof(out)));
}

static void traffic(struct world *w, uint32_t spi)
{
	struct end *a = &w->a, *b = &w->b;
	struct esv_sa_update u = { .fields = htole32(ESV_SA_U_LIMITS), .soft_packets = htole64(4),
				   .hard_packets = htole64(6), .soft_bytes = htole64(ESV_NO_LIMIT),
				   .hard_bytes = htole64(ESV_NO_LIMIT) };
	struct esvh_cmd c = { .opcode = ESV_OP_SA_UPDATE, .in = &u, .in_len = sizeof(u) };

	install(a, a, b, spi, &a->sa_out);
	install(b, a, b, spi, &b->sa_in);
	install(b, b, a, spi + 1, &b->sa_out);
	install(a, b, a, spi + 1, &a->sa_in);
	c.object = a->sa_out;
	plain(a, &c);
	for (size_t n = 0; n < 1400; n += 170) {	/* past the limits of the SAs */
		frame(w, a, b, n);
		frame(w, b, a, n);
	}
	if (!tolerant)
		assert_true(esvh_counter(&a->d, ESV_C_RX_ESP) && esvh_counter(&b->d, ESV_C_RX_ESP));
	attacks(a);
	attest_sa(a, a->sa_out);
	attest_sa(b, b->sa_in);
	look(a);
	look(b);
	query(a, le64toh(a->child.esp_out));
	destroy(b, le64toh(b->child.esp_in));	/* an SA uses it */
}

static void remove_sas(struct end *e)
{
	nic(e, ESV_OP_SA_DELETE, e->sa_out, 0, 0);
	nic(e, ESV_OP_SA_DELETE, e->sa_in, 0, 0);
	nic(e, ESV_OP_SA_DELETE, e->sa_in, 0, 0);
}

/* --- the ends of everything --- */

static void save_and_load(struct end *e)
{
	static uint8_t state[ESVC_STATE_SIZE];

	e->w.t->step++;
	assert_int_equal(esvc_state_save(e->h->dev, state), 0);
	record(&e->w, R_STATE, 0, 0, state, sizeof(state));
	assert_int_equal(esvc_state_load(e->h->dev, state), 0);
	nic(e, ESV_OP_NOP, 0, 0, 0);
}

static void zeroize(struct end *e, uint32_t session, uint8_t scope, bool good)
{
	struct esvh_cmd c = { .opcode = ESV_OP_ZEROIZE, .object = session, .inl = &scope, .inl_len = 1 };

	is(plain(e, &c) == ESV_S_OK, good);
	status_of(e);
}

static void the_end(struct end *e)
{
	new_nonce(e);
	zeroize(e, e->session + 1, ESV_ZEROIZE_SESSION, false);
	zeroize(e, e->session, 9, false);
	zeroize(e, e->session, ESV_ZEROIZE_SESSION, true);
	query(e, le64toh(e->nonce.handle));
	ok(nic(e, ESV_OP_SESSION_CLOSE, e->session, 0, 0));
	is(nic(e, ESV_OP_SESSION_CLOSE, e->session, 0, 0), ESV_S_BAD_HANDLE);
	open_session(e);
	zeroize(e, 0, ESV_ZEROIZE_FUNCTION, true);
	open_session(e);
	new_ke(e, ESV_KE_P256);
	zeroize(e, 0, ESV_ZEROIZE_UNIT, true);
	save_and_load(e);
	ok(esvh_drv_start(&e->d));	/* begins with a reset */
	open_session(e);
	new_nonce(e);
	look(e);
	esvc_reset(e->h->dev, ESV_RESET_USER);
	record_registers(&e->w, &e->d);
}

/* An answer that can't be written. */
static void lost_answer(struct end *e)
{
	struct esv_ke_gen in = { .method = htole16(ESV_KE_X25519) };
	struct esvh_cmd c = { .opcode = ESV_OP_KE_GEN, .object = e->session, .in = &in, .in_len = sizeof(in),
			      .out_cap = sizeof(struct esv_ke_out) };

	e->h->dma_fail_in = 4;	/* after tail, request and payload */
	is(plain(e, &c), ESV_S_DMA_ERROR);
}

/* Everything that has no peer, and what needs no IKE SA. */
static void begin(struct world *w, void (*powered)(void))
{
	the_abort(&w->b);
	the_nic(&w->a);
	if (powered)
		powered();
	open_session(&w->a);
	open_session(&w->b);
	for (uint16_t m = ESV_KE_P256; m <= ESV_KE_MODP3072; m++)
		exchange(w, m);
	all_secrets(w, &w->a, &w->b);
	all_secrets(w, &w->b, &w->a);
	w->a.h->tap = keep_frame;
	w->b.h->tap = keep_frame;
}

/* An IKE SA with all that one can have, its first child, and traffic. */
static uint32_t first_ike_sa(struct world *w)
{
	struct end *a = &w->a, *b = &w->b;
	uint32_t policy;

	ike_sa(w);
	intermediate(w);
	apply_ppk(a);
	apply_ppk(b);
	message(a, b, 100);
	message(b, a, 1000);
	is(child(a, b, ESV_CHILD_F_FIRST, false), ESV_S_DENIED);
	sign(a, a->psk, 0);
	verify(b, a, b->psk, ESV_AUTH_METHOD_PSK);
	sign(b, b->priv[0], ESV_SIG_ED25519);
	verify(a, b, a->pub[0], ESV_AUTH_METHOD_SIGNATURE);
	ok(child(a, b, ESV_CHILD_F_FIRST, false));
	ok(child(b, a, ESV_CHILD_F_FIRST, false));
	policy = protect(a, ESV_DIR_OUT, a, b);
	protect(a, ESV_DIR_IN, b, a);
	protect(b, ESV_DIR_OUT, b, a);
	protect(b, ESV_DIR_IN, a, b);
	traffic(w, 0x1001);
	remove_sas(a);
	remove_sas(b);
	host_key(a, b);
	return policy;
}

/* A new IKE SA out of the old one, and a child with PFS. */
static void rekeyed_ike_sa(struct world *w)
{
	struct end *a = &w->a, *b = &w->b;

	exchange(w, ESV_KE_X25519);
	new_nonce(a);
	new_nonce(b);
	rekey(a, b);
	rekey(b, a);
	exchange(w, ESV_KE_P384);
	new_nonce(a);
	new_nonce(b);
	ok(child(a, b, ESV_CHILD_F_DETACH, true));
	ok(child(b, a, 0, true));
	traffic(w, 0x2001);
	message(b, a, ESV_IKE_TEXT_MAX);
}

/* Of others: ECDSA, the host's word, a token that nobody installs. */
static void other_ike_sa(struct world *w)
{
	struct end *a = &w->a, *b = &w->b;

	ike_sa(w);
	sign(a, a->priv[1], ESV_SIG_ECDSA_P256_SHA2_256);
	verify(b, a, b->pub[1], ESV_AUTH_METHOD_SIGNATURE);
	vouch(a);
	ok(child(a, b, ESV_CHILD_F_FIRST, false));
	lost_answer(a);
	w->t->step++;
	esvh_advance(a->h, 61ull * 1000000000);
	look(a);
	destroy(a, le64toh(a->child.esp_in));
	destroy(a, a->psk);
	destroy(a, a->priv[0]);
	destroy(a, a->ike);
}

/* Every command of the interface at least once with success. powered: called behind the self-tests. */
static void every_command(struct world *w, void (*powered)(void))
{
	struct end *a = &w->a;
	uint32_t policy;

	begin(w, powered);
	policy = first_ike_sa(w);
	attest(a);
	attest(&w->b);
	algorithm(a);
	algorithm(&w->b);
	rekeyed_ike_sa(w);
	other_ike_sa(w);
	nic(a, ESV_OP_POLICY_QUERY, policy, 0, sizeof(struct esv_policy_info));
	nic(a, ESV_OP_POLICY_FREEZE, policy, 0, 0);
	nic(a, ESV_OP_POLICY_DELETE, policy, 0, 0);
	nic(a, ESV_OP_POLICY_DELETE, policy, 0, 0);
	the_end(a);
	the_end(&w->b);
}

#endif
