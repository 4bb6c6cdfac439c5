// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of test_unit_rules.c, each removed once: the same attack fails with the rule in place and reaches its goal
 * without it. A rule is removed by the functions below, which the linker puts in front of those of the core that
 * enforce it; each says what it stands for.
 */
#include "auth_rig.h"

#include <openssl/crypto.h>

#include "esvc_unit_cmd.h"

#define IN_FRONT_OF(function)	__typeof__(function) __real_##function, __wrap_##function
IN_FRONT_OF(esvc_unit_child_derive);
IN_FRONT_OF(esvc_child_keymat);
IN_FRONT_OF(esvc_inputs_consume);
IN_FRONT_OF(esvc_key_from_token);
IN_FRONT_OF(esvc_unit_ike_open);
IN_FRONT_OF(esvc_auth_message_fits);
IN_FRONT_OF(esvc_auth_psk);
IN_FRONT_OF(esvc_unit_auth_verify);
IN_FRONT_OF(esvc_handle_get);
IN_FRONT_OF(esvc_token_read);
IN_FRONT_OF(esvc_rng_get);
IN_FRONT_OF(esvc_unit_provision);
extern const struct esvc_cmd_row __real_esvc_unit_rows[];

enum rule {
	NONE, R1_LAYOUT, R2_FRESH, R3_HALVES, R3_DIRECTION, R3_MESSAGES, R4_ORACLE, R5_ONE_BIT, R6_GATE, R7_OWNER,
	R7_STALE, R7_EPOCH, R8_COPY, R8_EXPORT, R9_ERROR, R10_TEST_MODE,
};

static enum rule removed;
static const char psk[] = "correct horse battery staple";
#define TEXT	16
static const uint8_t text_a[TEXT] = "attack at dawn..", text_b[TEXT] = "retreat to hills";

/* --- rules, removed --- */

static size_t cut;	/* bytes of each key that are derived, 0: all */
static bool deriving;

/* R1: the reserved field becomes the length of the keys. */
enum esv_status __wrap_esvc_unit_child_derive(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esv_child_derive *in = (void *)(uintptr_t)cmd->in;
	enum esv_status status;

	if (removed == R1_LAYOUT) {
		cut = le32toh(in->rsvd);
		in->rsvd = 0;
	}
	deriving = true;
	status = __real_esvc_unit_child_derive(dev, cmd);
	deriving = false;
	cut = 0;
	return status;
}

/* R1, the rest of it. R3: both directions get the same half of KEYMAT. */
int __wrap_esvc_child_keymat(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes sk_d,
			     const struct esvc_nonces *n, const struct esvc_bytes *secrets, unsigned int nr_secrets,
			     uint8_t *block, uint8_t *out, size_t len)
{
	int err = __real_esvc_child_keymat(prfs, prf, sk_d, n, secrets, nr_secrets, block, out, len);

	for (size_t at = cut; deriving && cut && at < ESVC_ESP_MATERIAL; at++)
		out[at] = out[ESVC_ESP_MATERIAL + at] = 0;
	if (deriving && removed == R3_HALVES)
		memcpy(out + ESVC_ESP_MATERIAL, out, ESVC_ESP_MATERIAL);
	return err;
}

/* R2: what a derivation used can be used again. */
void __wrap_esvc_inputs_consume(struct esvc_unit *unit, const struct esvc_inputs *in)
{
	if (removed != R2_FRESH)
		__real_esvc_inputs_consume(unit, in);
}

/* R8: the key of a token that an SA uses already, once more. */
static enum esv_status copied(struct esvc_unit *unit, const uint8_t *token, const struct esvc_binding *bind,
			      struct esvc_key **key)
{
	struct esvc_token_id id = { .device_id = unit->cfg.device_id, .epoch = unit->epoch };
	struct esvc_keyslot *s;

	assert_int_equal(esvc_token_read(&unit->prfs, unit->sec->token_key, token, &id), 0);
	s = esvc_keyslot_new(unit, esvc_key_raw(unit, &unit->slot[id.slot]), ESVC_ESP_MATERIAL);
	assert_non_null(s);
	s->key.bind = *bind;
	esvc_keyslot_state(unit, s, ESVC_SLOT_LIVE);
	*key = &s->key;
	return ESV_S_OK;
}

/* R3: nobody asks which direction the key has. */
enum esv_status __wrap_esvc_key_from_token(struct esvc_unit *unit, const uint8_t token[ESV_TOKEN_LEN],
					   const struct esvc_binding *bind, struct esvc_key **key, bool *continued)
{
	struct esvc_binding b = *bind;
	enum esv_status status;

	if (removed == R3_DIRECTION)
		b.dir = token[offsetof(struct esv_token, dir)];
	status = __real_esvc_key_from_token(unit, token, &b, key, continued);
	return status != ESV_S_OK && removed == R8_COPY ? copied(unit, token, bind, key) : status;
}

/* R3: an IKE SA opens with the key that it seals with. */
enum esv_status __wrap_esvc_unit_ike_open(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_unit *u = dev->unit;
	struct esvc_handle *h = esvc_handle_get(&u->handles, esvc_session_get(&u->sessions, cmd->function, cmd->object),
						esvc_in64(cmd, offsetof(struct esv_ike_open, ike)), ESV_H_IKE);
	struct esvc_ike_sa *ike = h && removed == R3_MESSAGES ? &esvc_handle_object(&u->handles, h)->ike : NULL;
	enum esv_status status;

	if (ike)
		ike->role ^= ESV_ROLE_INITIATOR ^ ESV_ROLE_RESPONDER;
	status = __real_esvc_unit_ike_open(dev, cmd);
	if (ike)
		ike->role ^= ESV_ROLE_INITIATOR ^ ESV_ROLE_RESPONDER;
	return status;
}

/* R4: AUTH over whatever the host calls its IKE_SA_INIT. */
bool __wrap_esvc_auth_message_fits(const struct esvc_auth *a)
{
	return removed == R4_ORACLE || __real_esvc_auth_message_fits(a);
}

static uint8_t expected[ESVC_PRF_MAX];

int __wrap_esvc_auth_psk(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes key,
			 struct esvc_bytes octets, uint8_t block[ESVC_PRF_MAX], uint8_t *out)
{
	int err = __real_esvc_auth_psk(prfs, prf, key, octets, block, out);

	memcpy(expected, out, sizeof(expected));
	return err;
}

/* R5: a refusal tells where it stopped, as a memcmp() does by the time that it takes. */
enum esv_status __wrap_esvc_unit_auth_verify(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const uint8_t *auth = cmd->in + cmd->in_len - 32;
	enum esv_status status = __real_esvc_unit_auth_verify(dev, cmd);

	if (status != ESV_S_AUTH_FAILED || removed != R5_ONE_BIT)
		return status;
	for (cmd->err_off = 0; auth[cmd->err_off] == expected[cmd->err_off]; )
		cmd->err_off++;
	return status;
}

/* R6: every IKE SA counts as one whose peer somebody vouched for. R7: nobody asks whose it is, or of when. */
struct esvc_handle *__wrap_esvc_handle_get(struct esvc_handles *t, const struct esvc_session *owner, uint64_t value,
					   unsigned int type)
{
	struct esvc_handle *h = (uint32_t)value - 1 < t->max ? &t->h[(uint32_t)value - 1] : NULL;

	if (removed == R7_OWNER && h)
		owner = h->owner;
	if (removed == R7_STALE && h)
		value = (uint64_t)h->gen << 32 | (uint32_t)value;
	h = __real_esvc_handle_get(t, owner, value, type);
	if (removed == R6_GATE && h && type == ESV_H_IKE)
		h->state = ESV_HS_AUTHENTICATED;
	return h;
}

/* R7: a token without the MAC, which is what the epoch is in. */
int __wrap_esvc_token_read(const struct esvc_prfs *prfs, const uint8_t *key, const uint8_t token[ESV_TOKEN_LEN],
			   struct esvc_token_id *id)
{
	const struct esv_token *t = (const void *)token;

	if (removed != R7_EPOCH)
		return __real_esvc_token_read(prfs, key, token, id);
	memcpy(&id->slot, t->slot, sizeof(id->slot));
	memcpy(&id->generation, t->generation, sizeof(id->generation));
	memcpy(&id->function, t->function, sizeof(id->function));
	id->dir = t->dir;
	id->suite = t->suite;
	return 0;
}

/* R9: a source that fails its health test is only one that has nothing to give just now. */
int __wrap_esvc_rng_get(struct esvc_rng *rng, void *buf, size_t len)
{
	int err = __real_esvc_rng_get(rng, buf, len);

	return err == -EBADMSG && removed == R9_ERROR ? -EIO : err;
}

/* R10: secrets in clear whatever the mode. */
enum esv_status __wrap_esvc_unit_provision(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	uint32_t mode = dev->unit->cfg.mode;
	enum esv_status status;

	if (removed == R10_TEST_MODE)
		dev->unit->cfg.mode |= ESV_MODE_TEST;
	status = __real_esvc_unit_provision(dev, cmd);
	dev->unit->cfg.mode = mode;
	return status;
}

/* R8: a row of the table that gives the key of a token away. */
#define ROWS		64
#define OP_EXPORT	(ESV_OP_LOOKASIDE - 1)

static enum esv_status give_key(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	memcpy(cmd->out, esvc_key_raw(dev->unit, &dev->unit->slot[0]), ESVC_ESP_MATERIAL);
	cmd->out_len = ESVC_ESP_MATERIAL;
	return ESV_S_OK;
}

struct esvc_cmd_row __wrap_esvc_unit_rows[ROWS];

static void rows_make(void)
{
	unsigned int n = 0;

	memset(__wrap_esvc_unit_rows, 0, sizeof(__wrap_esvc_unit_rows));
	for (; __real_esvc_unit_rows[n].opcode; n++)
		__wrap_esvc_unit_rows[n] = __real_esvc_unit_rows[n];
	assert_in_range(n, 1, ROWS - 2);
	if (removed == R8_EXPORT)
		__wrap_esvc_unit_rows[n] = (struct esvc_cmd_row){ OP_EXPORT, 0, 0, ESVC_ESP_MATERIAL, give_key };
}

/* --- what attackers do --- */

/* The next packet under a key, as the ESP engine makes it. */
struct sealed {
	uint8_t nonce[12], data[TEXT], icv[ESVC_ICV_LEN];
};

static struct sealed seal(struct rig *r, struct esvc_key *key, const uint8_t text[TEXT])
{
	uint64_t iv = htobe64(++key->iv);
	struct sealed s;

	memcpy(s.nonce, key->salt, ESVC_SALT_LEN);
	memcpy(s.nonce + ESVC_SALT_LEN, &iv, sizeof(iv));
	assert_int_equal(esvc_aead_seal(r->dev.aead, key->aead_ctx, s.nonce, NULL, 0, text, s.data, TEXT, s.icv), 0);
	return s;
}

/* The receiving side takes the salt of its own key. */
static bool opens(struct rig *r, const struct esvc_key *key, const struct sealed *s)
{
	uint8_t nonce[12], text[TEXT];

	memcpy(nonce, s->nonce, sizeof(nonce));
	memcpy(nonce, key->salt, ESVC_SALT_LEN);
	return !esvc_aead_open(r->dev.aead, key->aead_ctx, nonce, NULL, 0, s->data, text, TEXT, s->icv);
}

/* With a key that the attacker has. */
static bool opens_with(struct rig *r, const uint8_t *raw, const struct sealed *s)
{
	_Alignas(64) uint8_t ctx[ESVC_AEAD_CTX_SIZE];
	uint8_t text[TEXT];

	assert_int_equal(esvc_aead_setkey(r->dev.aead, ctx, raw, 32), 0);
	return !esvc_aead_open(r->dev.aead, ctx, s->nonce, NULL, 0, s->data, text, TEXT, s->icv);
}

/* One packet of each of two keys: did they use the same key stream? Then either text is known from the other. */
static bool same_stream(struct rig *r, struct esvc_key *a, struct esvc_key *b)
{
	struct sealed x = seal(r, a, text_a), y = seal(r, b, text_b);

	for (unsigned int i = 0; i < TEXT; i++)
		if ((x.data[i] ^ y.data[i]) != (text_a[i] ^ text_b[i]))
			return false;
	return true;
}

static enum esv_status install(struct rig *r, const uint8_t token[ESV_TOKEN_LEN], uint8_t dir, uint32_t spi,
			       struct esvc_key **key)
{
	struct esvc_binding b = rig_bind(dir, ESV_ALGO_AES_GCM_16_256);
	bool continued;

	b.spi = htobe32(spi);
	return esvc_key_from_token(r->dev.unit, token, &b, key, &continued);
}

/* SKEYSEED and all keys of an IKE SA, by who knows its secret. */
static void calculate(struct rig *r, const struct esv_ike_derive *id, const struct esvc_nonces *n,
		      const uint8_t secret[32], struct esvc_ike_keys *keys)
{
	const struct esvc_prfs *prfs = &r->dev.unit->prfs;
	struct esvc_ike_scratch s;
	uint8_t spis[ESVC_SPI_PAIR];

	memcpy(spis, id->spi_i, sizeof(id->spi_i));
	memcpy(spis + sizeof(id->spi_i), id->spi_r, sizeof(id->spi_r));
	assert_int_equal(esvc_ike_seed(prfs, id->prf, n, (struct esvc_bytes){ secret, 32 }, &s, s.seed), 0);
	assert_int_equal(esvc_ike_keys(prfs, id->prf, id->encr, n, (struct esvc_bytes){ s.seed, 32 }, spis, &s, keys), 0);
}

static bool derive_child(struct rig *r, uint32_t session, const struct esv_child_derive *in, struct esv_child_out *out)
{
	bool ok = rig_run(r, ESV_OP_CHILD_DERIVE, session, in, sizeof(*in)) == ESV_S_OK;

	memcpy(out, r->out, sizeof(*out));
	return ok;
}

/* R1 (UNIT-14, TOK-6): ask for a key of one byte, and try all of them. */
static bool short_key(void)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 1);
	struct esv_child_derive in = rig_child_in(rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	uint8_t guess[ESVC_ESP_MATERIAL] = { 0 };
	struct esv_child_out c;
	struct esvc_key *key;
	bool found = false;

	in.rsvd = htole32(1);
	if (!derive_child(r, r->session, &in, &c)) {
		in.rsvd = 0;	/* perhaps the key is short anyway */
		assert_true(derive_child(r, r->session, &in, &c));
	}
	if (install(r, c.token_out, ESV_DIR_OUT, RIG_SPI, &key) == ESV_S_OK) {
		struct sealed s = seal(r, key, text_a);

		for (unsigned int n = 0; n < 256 && !found; n++) {
			guess[0] = (uint8_t)n;
			found = opens_with(r, guess, &s);
		}
	}
	rig_free(r);
	return found;
}

/* R2 (UNIT-11, UNIT-16): the same derivation twice, and a packet under each of the keys. */
static bool repeat(void)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 2);
	struct esv_child_derive in = rig_child_in(rig_ike_ready(r, r->session), 0);
	struct esv_child_out a, b;
	struct esvc_key *ka, *kb;
	bool same;

	in.nonce = htole64(rig_nonce(r, r->session, 32, NULL));
	in.peer_nonce_len = htole16(32);
	assert_true(derive_child(r, r->session, &in, &a));
	same = derive_child(r, r->session, &in, &b) && install(r, a.token_out, ESV_DIR_OUT, RIG_SPI, &ka) == ESV_S_OK &&
	       install(r, b.token_out, ESV_DIR_OUT, RIG_SPI + 1, &kb) == ESV_S_OK && same_stream(r, ka, kb);
	rig_free(r);
	return same;
}

/* R3 (UNIT-13): send a packet of this side back to it. */
static bool reflect(void)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 3);
	struct esv_child_out c = rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	struct esvc_key *in, *out;
	struct sealed s;
	bool opened;

	assert_int_equal(install(r, c.token_out, ESV_DIR_OUT, RIG_SPI, &out), ESV_S_OK);
	assert_int_equal(install(r, c.token_in, ESV_DIR_IN, RIG_SPI, &in), ESV_S_OK);
	s = seal(r, out, text_a);
	opened = opens(r, in, &s);
	rig_free(r);
	return opened;
}

/* R3 (UNIT-13): install the key that sent a recording as one that receives. */
static bool turn_round(void)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 3);
	struct esv_child_out c = rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	struct esvc_key *key;
	struct sealed s;
	bool opened;

	assert_int_equal(install(r, c.token_out, ESV_DIR_OUT, RIG_SPI, &key), ESV_S_OK);
	s = seal(r, key, text_a);
	esvc_key_release(r->dev.unit, key);
	opened = install(r, c.token_out, ESV_DIR_IN, RIG_SPI, &key) == ESV_S_OK && opens(r, key, &s);
	rig_free(r);
	return opened;
}

/* R3 (UNIT-86): have the IKE SA open a message that it sent. */
static bool read_own_message(void)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 3);
	struct esv_ike_seal in = { .ike = htole64(rig_ike_ready(r, r->session)), .len = htole16(TEXT) };
	const struct esv_ike_sealed *sealed = (const void *)r->out;
	struct esv_ike_open open = { .ike = in.ike, .len = in.len };
	bool read;

	memcpy(in.data, text_a, TEXT);
	assert_int_equal(rig_run(r, ESV_OP_IKE_SEAL, r->session, &in, offsetof(struct esv_ike_seal, data) + TEXT),
			 ESV_S_OK);
	memcpy(open.iv, sealed->iv, sizeof(open.iv));
	memcpy(open.icv, sealed->icv, sizeof(open.icv));
	memcpy(open.data, sealed->data, TEXT);
	read = rig_run(r, ESV_OP_IKE_OPEN, r->session, &open, offsetof(struct esv_ike_open, data) + TEXT) == ESV_S_OK &&
	       !memcmp(r->out, text_a, TEXT);
	rig_free(r);
	return read;
}

/*
 * R4 (UNIT-1, UNIT-95): a MAC under the PSK over an IKE_SA_INIT that this IKE SA never had. It is what
 * somebody who knows the PSK would have made.
 */
static bool sign_other(void)
{
	static uint8_t octets[ESVC_AUTH_OCTETS], block[ESVC_PRF_MAX], mac[ESVC_PRF_MAX];
	const struct esv_ike_derive id = rig_ike_in(0, 0);
	uint8_t ke[32], nonce[NONCE_LEN] = { 0x77 };
	static struct blob auth, other;
	struct esvc_auth a;
	struct end i, p;
	uint64_t key;
	size_t len;
	bool got;

	pair(&i, &p);
	key = brought(i.r, ESV_H_PSK, NULL, psk, strlen(psk));
	rig_peer(ke, 42);
	init_message(&other, ESV_ROLE_INITIATOR, id.spi_i, id.spi_r, ke, nonce);
	got = sign_as(&i, i.id, key, 0, 0, &other, &auth) == ESV_S_OK;
	if (got) {
		const struct esvc_prfs *prfs = &i.r->dev.unit->prfs;

		a = (struct esvc_auth){ .ike = ike_of(&i), .role = ESV_ROLE_INITIATOR, .id_type = 2,
					.id = { i.id, strlen(i.id) }, .message = { other.b, other.len } };
		assert_int_equal(esvc_auth_octets(prfs, &a, octets, &len), 0);
		assert_memory_equal(octets, other.b, other.len);
		assert_int_equal(__real_esvc_auth_psk(prfs, a.ike->prf, (struct esvc_bytes){ psk, strlen(psk) },
						      (struct esvc_bytes){ octets, len }, block, mac), 0);
		got = auth.len == 32 && !memcmp(auth.b, mac, auth.len);
	}
	unpair(&i, &p);
	return got;
}

/* R5 (UNIT-96): guess AUTH byte by byte, by what the refusals tell, and be let in without the PSK. */
static bool guess_auth(void)
{
	static struct blob guess;
	struct end i, p;
	unsigned int tries = 0;
	enum esv_status status = ESV_S_AUTH_FAILED;
	uint64_t key;

	pair(&i, &p);
	key = brought(p.r, ESV_H_PSK, NULL, psk, strlen(psk));
	guess.len = 32;
	memset(guess.b, 0, guess.len);
	for (unsigned int at = 0; at < guess.len && tries < 256 * 32; tries++) {
		status = verify(&p, &i, key, ESV_AUTH_METHOD_PSK, &guess);
		if (status != ESV_S_AUTH_FAILED)
			break;
		if (p.r->cmd.err_off > at && p.r->cmd.err_off < guess.len)
			at = p.r->cmd.err_off;	/* right so far */
		else if (!++guess.b[at])
			break;			/* all were tried, and nothing was told */
	}
	unpair(&i, &p);
	return status == ESV_S_OK;
}

/* Calculates the child's keys from the attacker's own private value, as the peer would, and reads a packet. */
static bool read_as_peer(struct rig *r, const struct esv_ike_derive *id, const struct esvc_nonces *n,
			 const uint8_t value[32], const struct sealed *packet)
{
	static const uint8_t priv[32] = { 3, 7, 9 };	/* rig_peer(3) */
	uint8_t shared[ESVC_KE_SECRET_MAX], keymat[ESVC_KEYMAT_MAX], block[ESVC_PRF_MAX];
	struct esvc_ike_keys keys;

	assert_int_equal(esvc_ke_shared(esvc_ke_method(ESV_KE_X25519), priv, value, shared), 0);
	calculate(r, id, n, shared, &keys);
	assert_int_equal(esvc_child_keymat(&r->dev.unit->prfs, id->prf, (struct esvc_bytes){ keys.sk_d, 32 }, n, NULL, 0,
					   block, keymat, ESVC_KEYMAT_MAX), 0);
	return opens_with(r, keymat, packet);
}

/* R6 (UNIT-20): be the other side of a key exchange, and leave out to say who one is. */
static bool in_the_middle(void)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 6);
	uint8_t value[32], own[32], peer[32];
	uint64_t ke = rig_ke(r, r->session, value), nonce = rig_nonce(r, r->session, 32, own);
	struct esv_child_derive in;
	struct esv_ike_derive id;
	struct esv_child_out c;
	struct esvc_key *key;
	bool read = false;

	rig_peer(peer, 3);
	assert_int_equal(rig_finish_status(r, r->session, ke, peer), ESV_S_OK);
	id = rig_ike_in(rig_handle(r), nonce);
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &id, sizeof(id)), ESV_S_OK);
	in = rig_child_in(rig_handle(r), ESV_CHILD_F_FIRST);
	if (derive_child(r, r->session, &in, &c)) {
		const struct esvc_nonces n = { { own, 32 }, { id.peer_nonce, 32 } };
		struct sealed packet;

		assert_int_equal(install(r, c.token_out, ESV_DIR_OUT, RIG_SPI, &key), ESV_S_OK);
		packet = seal(r, key, text_a);
		read = read_as_peer(r, &id, &n, value, &packet);
	}
	rig_free(r);
	return read;
}

/* R7 (UNIT-5): a child of somebody else's IKE SA. */
static bool use_foreign(void)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 7);
	struct esv_child_derive in = rig_child_in(rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	struct esv_child_out c;
	struct esvc_key *key;
	bool got;

	got = derive_child(r, rig_open(r), &in, &c) && install(r, c.token_out, ESV_DIR_OUT, RIG_SPI, &key) == ESV_S_OK;
	rig_free(r);
	return got;
}

/* R7 (UNIT-5): keep a handle until another object has its place, and use that. */
static bool use_stale(void)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 7);
	struct esv_handle_in old = { .handle = htole64(rig_ike_ready(r, r->session)) };
	struct esv_child_derive in = rig_child_in(le64toh(old.handle), ESV_CHILD_F_FIRST);
	struct esv_child_out c;
	bool got = false;

	assert_int_equal(rig_run(r, ESV_OP_DESTROY, r->session, &old, sizeof(old)), ESV_S_OK);
	for (uint32_t i = 0; i < r->dev.unit->handles.max && !got; i++) {
		struct esv_handle_in later = { .handle = htole64(rig_ike_ready(r, r->session)) };

		got = derive_child(r, r->session, &in, &c);
		assert_int_equal(rig_run(r, ESV_OP_DESTROY, r->session, &later, sizeof(later)), ESV_S_OK);
	}
	rig_free(r);
	return got;
}

/* R7 (TOK-3, TOK-4): a token from before power off is that of whatever key has the place now. */
static bool use_old_token(void)
{
	struct rig *before = rig_new(ESV_MODE_TEST, 7), *after = rig_new(ESV_MODE_TEST, 8);
	struct esv_child_out old, new;
	struct esvc_key *key;
	bool got;

	after->dev.unit->life = before->dev.unit->life;	/* the worst case: generations that begin where they began before */
	old = rig_child(before, before->session, rig_ike_ready(before, before->session), ESV_CHILD_F_FIRST);
	new = rig_child(after, after->session, rig_ike_ready(after, after->session), ESV_CHILD_F_FIRST);
	assert_memory_not_equal(old.token_out, new.token_out, ESV_TOKEN_LEN);
	got = install(after, old.token_out, ESV_DIR_OUT, RIG_SPI, &key) == ESV_S_OK;
	rig_free(before);
	rig_free(after);
	return got;
}

/* R8 (TOK-5): one token in two SAs, whose IVs nobody keeps apart. */
static bool install_twice(void)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 8);
	struct esv_child_out c = rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	struct esvc_key *a, *b;
	bool same;

	assert_int_equal(install(r, c.token_out, ESV_DIR_OUT, RIG_SPI, &a), ESV_S_OK);
	same = install(r, c.token_out, ESV_DIR_OUT, RIG_SPI + 1, &b) == ESV_S_OK && same_stream(r, a, b);
	rig_free(r);
	return same;
}

/* R8 (UNIT-1): run every number that the interface does not list, and open packets with what comes out. */
static bool ask_for_key(void)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 8);
	struct esv_child_out c = rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	struct esvc_key *in, *out;
	struct sealed s, t;
	bool read = false;

	assert_int_equal(install(r, c.token_in, ESV_DIR_IN, RIG_SPI, &in), ESV_S_OK);
	assert_int_equal(install(r, c.token_out, ESV_DIR_OUT, RIG_SPI, &out), ESV_S_OK);
	s = seal(r, out, text_a);
	t = seal(r, in, text_a);	/* what the peer sends */
	for (const struct esvc_cmd_row *row = esvc_unit_rows; row->opcode; row++) {
		static const uint8_t none[ESV_ADMIN_BUF];

#define LISTED(name, num, minor, in_s, out_s, text)	|| row->opcode == (num)
		if (0 ESV_OPCODE_LIST(LISTED))
			continue;
#undef LISTED
		if (rig_run(r, row->opcode, r->session, none, row->in_min) == ESV_S_OK)
			read |= opens_with(r, (const uint8_t *)r->out, &s) || opens_with(r, (const uint8_t *)r->out, &t);
	}
	rig_free(r);
	return read;
}

/* R9 (UNIT-30, UNIT-32): break the random source, mend it, and go on with handle and token from before. */
static bool go_on(void)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 9);
	struct esv_child_out c = rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	struct esv_child_derive in = rig_child_in(rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	const struct esv_nonce_gen ng = { .len = htole16(32) };
	struct esvc_key *key;
	bool installed;

	r->random_stuck = true;
	assert_int_not_equal(rig_run(r, ESV_OP_NONCE_GEN, r->session, &ng, sizeof(ng)), ESV_S_OK);
	r->random_stuck = false;
	installed = install(r, c.token_out, ESV_DIR_OUT, RIG_SPI, &key) == ESV_S_OK;
	installed |= derive_child(r, r->session, &in, &c) &&
		     install(r, c.token_out, ESV_DIR_OUT, RIG_SPI + 1, &key) == ESV_S_OK;
	rig_free(r);
	return installed;
}

static uint64_t plain(struct rig *r, uint8_t type, const uint8_t bytes[32])
{
	return bring_bare(r, type, bytes, 32) == ESV_S_OK ? made(r) : 0;
}

/* R10 (UNIT-90): a production unit derives from a secret and a nonce of the attacker's; read what it then sends. */
static bool bring_known(void)
{
	static const uint8_t known[32] = { 1 };
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 10);
	struct esv_ike_derive id = rig_ike_in(plain(r, ESV_H_SECRET, known), plain(r, ESV_H_NONCE, known));
	const struct esvc_nonces n = { { known, 32 }, { id.peer_nonce, 32 } };
	struct esv_ike_seal in = { .len = htole16(TEXT) };
	const struct esv_ike_sealed *sealed = (const void *)r->out;
	struct esvc_ike_keys keys;
	struct sealed message;
	bool read = false;

	memcpy(in.data, text_a, TEXT);
	if (rig_run(r, ESV_OP_IKE_DERIVE, r->session, &id, sizeof(id)) == ESV_S_OK) {
		in.ike = htole64(rig_handle(r));
		assert_int_equal(rig_run(r, ESV_OP_IKE_SEAL, r->session, &in, offsetof(struct esv_ike_seal, data) + TEXT),
				 ESV_S_OK);
		calculate(r, &id, &n, known, &keys);
		memcpy(message.nonce, keys.sk_ei + 32, ESVC_SALT_LEN);
		memcpy(message.nonce + ESVC_SALT_LEN, sealed->iv, sizeof(sealed->iv));
		memcpy(message.data, sealed->data, TEXT);
		memcpy(message.icv, sealed->icv, sizeof(message.icv));
		read = opens_with(r, keys.sk_ei, &message);
	}
	rig_free(r);
	return read;
}

/* --- the tests --- */

static struct attack {
	enum rule rule;
	bool (*run)(void);
	const char *name;
} attacks[] = {
	{ R1_LAYOUT, short_key, "R1 short key" },
	{ R2_FRESH, repeat, "R2 repeated derivation" },
	{ R3_HALVES, reflect, "R3 reflected packet" },
	{ R3_DIRECTION, turn_round, "R3 key turned round" },
	{ R3_MESSAGES, read_own_message, "R3 own message" },
	{ R4_ORACLE, sign_other, "R4 MAC oracle" },
	{ R5_ONE_BIT, guess_auth, "R5 AUTH guessed" },
	{ R6_GATE, in_the_middle, "R6 man in the middle" },
	{ R7_OWNER, use_foreign, "R7 foreign handle" },
	{ R7_STALE, use_stale, "R7 stale handle" },
	{ R7_EPOCH, use_old_token, "R7 old token" },
	{ R8_COPY, install_twice, "R8 two SAs with one key" },
	{ R8_EXPORT, ask_for_key, "R8 export" },
	{ R9_ERROR, go_on, "R9 going on" },
	{ R10_TEST_MODE, bring_known, "R10 known secret" },
};

#define ATTACKS	(sizeof(attacks) / sizeof(attacks[0]))

static void test_attack(void **state)
{
	const struct attack *a = *state;

	removed = NONE;
	rows_make();
	assert_false(a->run());
	removed = a->rule;
	rows_make();
	assert_true(a->run());
	removed = NONE;
}

int main(void)
{
	struct CMUnitTest tests[ATTACKS];

	for (size_t i = 0; i < ATTACKS; i++)
		tests[i] = (struct CMUnitTest){ attacks[i].name, test_attack, NULL, NULL, &attacks[i] };
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
