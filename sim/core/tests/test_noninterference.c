// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UNIT-1: two pairs of devices that differ in nothing but their secrets get the same commands and
 * frames. Whatever their hosts see is the same, byte for byte, but for what the
 * interface's tables mark as cipher-dependent.
 */
#include "every_command.h"

#include "esvc_cms.h"
#include "esvc_esp.h"

#define WALKS	12
#define DRAWN	300	/* commands of one walk */

/* --- deliberate leaks: functions of the core that the linker puts these in front of --- */

#define IN_FRONT_OF(function)	__typeof__(function) __real_##function, __wrap_##function
IN_FRONT_OF(esvc_child_keymat);
IN_FRONT_OF(esvc_auth_psk);
IN_FRONT_OF(esvc_unit_auth_verify);
IN_FRONT_OF(esvc_key_token);
IN_FRONT_OF(esvc_key_deadline);
IN_FRONT_OF(esvc_esp_out);
IN_FRONT_OF(esvc_cms_sign);
IN_FRONT_OF(esvc_unit_auth_sign);

static enum leak {
	NONE, IN_STATUS, IN_ERR_OFF, IN_TOKEN, IN_TIME, ON_THE_WIRE, IN_COUNTERS, IN_STATEMENT, IN_LENGTH, LEAKS
} leak, build;	/* in force now; of this run */
static uint8_t leaked;	/* of the last KEYMAT, or of the AUTH that was expected */

int __wrap_esvc_child_keymat(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes sk_d,
			     const struct esvc_nonces *n, const struct esvc_bytes *secrets, unsigned int nr_secrets,
			     uint8_t *block, uint8_t *out, size_t len)
{
	int err = __real_esvc_child_keymat(prfs, prf, sk_d, n, secrets, nr_secrets, block, out, len);

	leaked = out[0];
	/* A branch on a secret that decides about a status. */
	return leak == IN_STATUS && leaked & 1 ? -EIO : err;
}

int __wrap_esvc_auth_psk(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes psk,
			 struct esvc_bytes octets, uint8_t key[ESVC_PRF_MAX], uint8_t *out)
{
	int err = __real_esvc_auth_psk(prfs, prf, psk, octets, key, out);

	leaked = out[0];
	return err;
}

/* What AUTH would have been right, told with the refusal of a wrong one. */
enum esv_status __wrap_esvc_unit_auth_verify(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	enum esv_status status = __real_esvc_unit_auth_verify(dev, cmd);

	if (leak == IN_ERR_OFF && status == ESV_S_AUTH_FAILED)
		cmd->err_off = leaked;
	return status;
}

/* In the public half of a token. */
int __wrap_esvc_key_token(struct esvc_unit *unit, const struct esvc_keyslot *slot, uint8_t token[ESV_TOKEN_LEN])
{
	int err = __real_esvc_key_token(unit, slot, token);

	if (leak == IN_TOKEN)
		token[offsetof(struct esv_token, generation)] ^= leaked;
	return err;
}

/* In when something happens. */
void __wrap_esvc_key_deadline(struct esvc_unit *unit, struct esvc_keyslot *slot, uint64_t at_ns)
{
	__real_esvc_key_deadline(unit, slot, at_ns + (leak == IN_TIME ? leaked : 0));
}

/* In the high half of an IV, where nobody misses it, and in a counter. */
enum esv_counter __wrap_esvc_esp_out(struct esvc_ipsec *ips, struct esvc_sa *sa, struct esvc_buf *b)
{
	enum esv_counter c = __real_esvc_esp_out(ips, sa, b);

	if (leak == ON_THE_WIRE && c == ESV_C_TX_ESP)
		b->data[ESP_AT + 8] = leaked;
	return leak == IN_COUNTERS && leaked & 4 ? ESV_C_TX_DROP_CRYPTO : c;
}

/* In what the unit says of itself, where there is room behind an identity. */
int __wrap_esvc_cms_sign(const struct esvc_signer *signer, const struct esvc_idcert *cert, const struct esvc_idcert *ca,
			 const void *content, size_t len, uint8_t *out, size_t *out_len)
{
	struct esv_statement st;

	if (leak != IN_STATEMENT)
		return __real_esvc_cms_sign(signer, cert, ca, content, len, out, out_len);
	assert_int_equal(len, sizeof(st));
	memcpy(&st, content, sizeof(st));
	st.id[sizeof(st.id) - 1] = leaked;
	return __real_esvc_cms_sign(signer, cert, ca, &st, sizeof(st), out, out_len);
}

/* In how long an AUTH is. */
enum esv_status __wrap_esvc_unit_auth_sign(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	enum esv_status status = __real_esvc_unit_auth_sign(dev, cmd);

	if (status == ESV_S_OK && leak == IN_LENGTH)
		cmd->out_len += leaked & 15;
	return status;
}

/* --- commands that are drawn --- */

/* Handles that earlier commands gave, by type. */
struct pool {
	uint64_t h[ESV_H_PUB + 1][16];
	unsigned int n[ESV_H_PUB + 1];
	unsigned int seed;
	struct esv_child_out child;
};

static unsigned int draw(struct pool *p, unsigned int below)
{
	return (unsigned int)rand_r(&p->seed) % below;
}

/* Mostly the last one of the type that fits, sometimes any other one, used up or never seen. */
static __le64 pick(struct pool *p, unsigned int type)
{
	if (!draw(p, 6))
		type = draw(p, ESV_H_PUB + 1);
	if (!p->n[type])
		return htole64(0x123400000001ull);
	return htole64(p->h[type][draw(p, 4) ? (p->n[type] - 1) % 16 : draw(p, p->n[type] < 16 ? p->n[type] : 16)]);
}

static void keep(struct pool *p, uint16_t opcode, const void *in, const uint64_t *out)
{
	unsigned int type;

	switch (opcode) {
	case ESV_OP_NONCE_GEN: type = ESV_H_NONCE; break;
	case ESV_OP_KE_GEN: type = ESV_H_KE; break;
	case ESV_OP_KE_FINISH:
	case ESV_OP_KE_ENCAP: type = ESV_H_SECRET; break;
	case ESV_OP_IKE_DERIVE:
	case ESV_OP_IKE_REKEY: type = ESV_H_IKE; break;
	case ESV_OP_CHILD_DERIVE: type = ESV_H_ESP; memcpy(&p->child, out, sizeof(p->child)); break;
	case ESV_OP_PROVISION: type = ((const struct esv_provision *)in)->type; break;
	default: return;
	}
	p->h[type][p->n[type]++ % 16] = le64toh(*out);
}

/* One command drawn by the pool's seed; all of them are built, one is run. */
static void draw_command(struct end *e, struct pool *p, uint8_t secret)
{
	struct esv_nonce_gen ng = { .len = htole16((uint16_t)(14 + draw(p, 40))) };
	struct esv_ke_gen kg = { .method = htole16((uint16_t)(draw(p, 8) != 0)) };
	struct esv_ke_finish kf = { .handle = pick(p, ESV_H_KE), .len = htole16(32), .value = { 9 } };
	struct esv_ke_encap ke = { .method = htole16(ESV_KE_ML_KEM_768), .len = htole16(draw(p, 4) ? 1184 : 32) };
	struct esv_ike_derive id = { .secret = pick(p, ESV_H_SECRET), .nonce = pick(p, ESV_H_NONCE),
				     .role = (uint8_t)(1 + draw(p, 2)), .prf = (uint8_t)draw(p, 5),
				     .encr = ESV_ALGO_AES_GCM_16_256, .peer_nonce_len = htole16(20), .spi_i = "i",
				     .spi_r = "r" };
	struct esv_ike_update iu = { .ike = pick(p, ESV_H_IKE), .secret = pick(p, ESV_H_SECRET) };
	struct esv_ike_rekey ir = { .ike = pick(p, ESV_H_IKE), .nonce = pick(p, ESV_H_NONCE),
				    .secret = { pick(p, ESV_H_SECRET) }, .role = ESV_ROLE_INITIATOR,
				    .prf = ESV_PRF_HMAC_SHA2_512, .encr = ESV_ALGO_AES_GCM_16_256,
				    .peer_nonce_len = htole16(20), .spi_i = "i", .spi_r = "r" };
	struct esv_auth_assert aa = { .ike = pick(p, ESV_H_IKE), .id_type = 2, .id_len = htole16(1), .id = "x",
				      .flags = !draw(p, 4) };
	struct esv_ppk_apply pa = { .ike = pick(p, ESV_H_IKE), .ppk = pick(p, ESV_H_PPK) };
	struct esv_intauth ia = { .ike = pick(p, ESV_H_IKE), .sender = (uint8_t)(1 + draw(p, 2)), .len = htole16(8) };
	struct esv_ike_seal is_ = { .ike = pick(p, ESV_H_IKE), .len = htole16(8) };
	struct esv_ike_open io = { .ike = pick(p, ESV_H_IKE), .len = htole16(8) };
	struct esv_auth_sign as = { .ike = pick(p, ESV_H_IKE), .key = pick(p, ESV_H_PSK), .id_type = 2,
				    .id_len = htole16(4), .msg_len = htole16(4) };
	struct esv_auth_verify av = { .ike = pick(p, ESV_H_IKE), .key = pick(p, ESV_H_PSK), .method = 2, .id_type = 2,
				      .id_len = htole16(4), .msg_len = htole16(4), .auth_len = htole16(32) };
	struct esv_child_derive cd = { .ike = pick(p, ESV_H_IKE), .flags = htole32(draw(p, 4)),
				       .role = ESV_ROLE_INITIATOR, .algo = ESV_ALGO_AES_GCM_16_256,
				       .hard_packets = htole64(ESV_NO_LIMIT), .hard_bytes = htole64(ESV_NO_LIMIT) };
	struct esv_handle_in hi = { .handle = pick(p, draw(p, ESV_H_PUB + 1)) };
	static const uint8_t brought[] = { ESV_H_PSK, ESV_H_PPK, ESV_H_PSK, ESV_H_KEK };
	struct esv_secret_hdr hdr = { .version = ESV_SECRET_VERSION, .type = brought[draw(p, 4)], .len = htole16(32) };
	struct esv_provision pr = { .type = hdr.type, .wrap = ESV_WRAP_NONE, .flags = htole16((uint16_t)draw(p, 2)),
				    .len = htole16(sizeof(hdr) + 32) };
	const struct {
		uint16_t opcode;
		const void *in;
		size_t len;
	} commands[] = {
		{ ESV_OP_NONCE_GEN, &ng, sizeof(ng) }, { ESV_OP_NONCE_GEN, &ng, sizeof(ng) },
		{ ESV_OP_KE_GEN, &kg, sizeof(kg) }, { ESV_OP_KE_GEN, &kg, sizeof(kg) },
		{ ESV_OP_KE_FINISH, &kf, sizeof(kf) }, { ESV_OP_KE_ENCAP, &ke, sizeof(ke) },
		{ ESV_OP_IKE_DERIVE, &id, sizeof(id) }, { ESV_OP_IKE_DERIVE, &id, sizeof(id) },
		{ ESV_OP_IKE_DERIVE, &id, sizeof(id) }, { ESV_OP_IKE_UPDATE, &iu, sizeof(iu) },
		{ ESV_OP_IKE_REKEY, &ir, sizeof(ir) }, { ESV_OP_AUTH_ASSERT, &aa, sizeof(aa) },
		{ ESV_OP_PPK_APPLY, &pa, sizeof(pa) },
		{ ESV_OP_INTAUTH, &ia, offsetof(struct esv_intauth, data) + 8 },
		{ ESV_OP_IKE_SEAL, &is_, offsetof(struct esv_ike_seal, data) + 8 },
		{ ESV_OP_IKE_OPEN, &io, offsetof(struct esv_ike_open, data) + 8 },
		{ ESV_OP_AUTH_SIGN, &as, offsetof(struct esv_auth_sign, data) + 8 },
		{ ESV_OP_AUTH_VERIFY, &av, offsetof(struct esv_auth_verify, data) + 40 },
		{ ESV_OP_CHILD_DERIVE, &cd, sizeof(cd) }, { ESV_OP_CHILD_DERIVE, &cd, sizeof(cd) },
		{ ESV_OP_HANDLE_QUERY, &hi, sizeof(hi) }, { ESV_OP_DESTROY, &hi, sizeof(hi) },
		{ ESV_OP_PROVISION, &pr, offsetof(struct esv_provision, data) + sizeof(hdr) + 32 },
		{ ESV_OP_UNIT_STATUS, NULL, 0 },
	};
	unsigned int i = draw(p, sizeof(commands) / sizeof(commands[0]));
	uint64_t out[ESV_ADMIN_BUF / 8];
	struct esvh_cmd c = { .opcode = commands[i].opcode, .object = e->session, .in = commands[i].in,
			      .in_len = commands[i].len, .out = out, .out_cap = sizeof(out) };

	memcpy(pr.data, &hdr, sizeof(hdr));
	memset(pr.data + sizeof(hdr), secret, 32);
	if (!(le32toh(cd.flags) & ESV_CHILD_F_FIRST)) {
		cd.nonce = pick(p, ESV_H_NONCE);
		cd.peer_nonce_len = htole16(20);
	}
	if (plain(e, &c) == ESV_S_OK)
		keep(p, c.opcode, c.in, out);
}

/* A token now and then goes into an SA, or the SA goes; once in a while all is lost. */
static void draw_more(struct end *e, struct pool *p)
{
	struct esv_sa_params sa = sa_params(e, e, true, 0x3000);

	memcpy(sa.key, draw(p, 8) ? p->child.token_out : p->child.token_in, ESV_TOKEN_LEN);
	if (!draw(p, 8))
		add(e, ESV_OP_SA_ADD, &sa, sizeof(sa), &e->sa_out);
	if (!draw(p, 16))
		nic(e, ESV_OP_SA_DELETE, e->sa_out, 0, 0);
	if (!draw(p, 128))
		nic(e, ESV_OP_ZEROIZE, e->session, ESV_ZEROIZE_SESSION, 0);
}

static struct trace *drawn_run(uint64_t secrets, unsigned int seed)
{
	struct world *w = world_new(secrets);
	struct pool p = { .seed = seed };

	open_session(&w->a);
	for (int i = 0; i < DRAWN; i++) {
		draw_command(&w->a, &p, (uint8_t)secrets);
		draw_more(&w->a, &p);
	}
	return world_free(w);
}

static void arm(void)
{
	leak = build;
}

static struct trace *whole_run(uint64_t secrets)
{
	struct world *w = world_new(secrets);

	every_command(w, arm);	/* a self-test would see the leak, and lock the unit */
	leak = NONE;
	return world_free(w);
}

/* --- the tests --- */

/* Nothing is shown by commands that did not run. */
static void reached(const struct trace *t)
{
	unsigned int refusals_seen = 0;
	bool all = true;

	for (unsigned int op = 1; op < 0x100; op++) {
		const struct shape s = shape_of((uint16_t)op);

		for (unsigned int status = 1; status <= ESV_S_AUTH_FAILED; status++)
			refusals_seen += t->refused[op][status];
		if (!strcmp(s.name, "no command") || s.planned || t->good[op])
			continue;
		print_message("# %s never answered OK\n", s.name);
		all = false;
	}
	assert_true(all);
	print_message("# %u steps, %zu bytes, %u kinds of refusal\n", t->step, t->len, refusals_seen);
	assert_in_range(refusals_seen, 75, 10000);
}

static void test_every_command(void **state)
{
	struct trace *x, *y;
	const char *where;

	x = whole_run(1000);
	y = whole_run(2000);
	reached(x);
	where = difference(x, y);
	if (where)
		fail_msg("%s", where);
	trace_free(x);
	trace_free(y);
}

/* Orders of commands that nobody thought of. */
static void test_any_order(void **state)
{
	static unsigned int good[0x100];

	for (unsigned int seed = 1; seed <= WALKS; seed++) {
		struct trace *x = drawn_run(3000 + seed, seed), *y = drawn_run(4000 + seed, seed);
		const char *where = difference(x, y);

		if (where)
			fail_msg("walk %u: %s", seed, where);
		for (unsigned int op = 0; op < 0x100; op++)
			good[op] += x->good[op];
		trace_free(x);
		trace_free(y);
	}
	/* The walks went everywhere; nobody signs or verifies what was drawn. */
	for (unsigned int op = ESV_OP_NONCE_GEN; op <= ESV_OP_INTAUTH; op++)
		if (op != ESV_OP_IKE_OPEN && strcmp(shape_of((uint16_t)op).name, "no command") && !good[op])
			fail_msg("%s never answered OK", shape_of((uint16_t)op).name);
}

/* The comparison is worth something: each of these builds gives a secret away, and is caught. */
static void test_leaks(void **state)
{
	static const char *const what[LEAKS] = {
		[IN_STATUS] = "a status", [IN_ERR_OFF] = "the offset of a refusal", [IN_TOKEN] = "a token's public part",
		[IN_TIME] = "a deadline", [ON_THE_WIRE] = "an IV", [IN_COUNTERS] = "a counter",
		[IN_STATEMENT] = "a statement", [IN_LENGTH] = "the length of an AUTH",
	};

	tolerant = true;
	for (build = NONE + 1; build < LEAKS; build++) {
		struct trace *x = whole_run(1000), *y = whole_run(2000);
		const char *where = difference(x, y);

		if (!where)
			fail_msg("a secret in %s was not seen", what[build]);
		print_message("# in %s: %s\n", what[build], where);
		trace_free(x);
		trace_free(y);
	}
	build = NONE;
	tolerant = false;
}

/* RSA keys are long to make: one for each world. */
static const struct blob *rsa_key(bool other)
{
	static struct blob key[2];
	struct blob *k = &key[other];

	if (!k->len) {
		EVP_PKEY *pair = EVP_RSA_gen(2048);
		PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pair);
		uint8_t *at = k->b;

		k->len = (size_t)i2d_PKCS8_PRIV_KEY_INFO(p8, &at);
		PKCS8_PRIV_KEY_INFO_free(p8);
		EVP_PKEY_free(pair);
	}
	return k;
}

static struct trace *pss_run(uint64_t secrets)
{
	static const uint8_t schemes[] = { ESV_SIG_RSA_PSS_SHA2_256, ESV_SIG_RSA_PSS_SHA2_384, ESV_SIG_RSA_PSS_SHA2_512 };
	struct world *w = world_new(secrets);
	const struct blob *key = rsa_key(secrets == 2000);

	the_abort(&w->b);
	open_session(&w->a);
	open_session(&w->b);
	for (size_t i = 0; i < sizeof(schemes); i++) {
		ike_sa(w);
		sign(&w->a, clear(&w->a, ESV_H_PRIV, NULL, key->b, key->len), schemes[i]);
		assert_in_range(w->a.auth.len, 256, 400);
	}
	return world_free(w);
}

/* UNIT-1: of RSA-PSS not even the length depends on the key, nor does anything else than the data. */
static void test_pss(void **state)
{
	struct trace *x = pss_run(1000), *y = pss_run(2000);
	const char *where = difference(x, y);

	if (where)
		fail_msg("%s", where);
	trace_free(x);
	trace_free(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_command), cmocka_unit_test(test_any_order),
					    cmocka_unit_test(test_pss), cmocka_unit_test(test_leaks) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("non-interference", tests, NULL, NULL) ? 1 : 0;
}
