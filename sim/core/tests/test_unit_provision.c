// SPDX-License-Identifier: GPL-2.0-or-later
/* UNIT-90 to UNIT-92: secrets that come from outside, wrapped by somebody else's code. */
#include "provision_rig.h"
#include "vectors.h"

static const uint8_t psk[] = "a preshared key of thirty-two ch";
static const uint8_t kek[ESVC_KEK_LEN] = { 9, 8, 7, 6, 5, 4, 3, 2, 1, [31] = 77 };
static const char peer_id[] = "peer.example";

/* The secret behind a handle, read where only a test can. */
static const struct esvc_held *held(struct rig *r, uint64_t handle, uint8_t type)
{
	struct esvc_unit *u = r->dev.unit;
	struct esvc_handle *h = esvc_handle_get(&u->handles, esvc_session_get(&u->sessions, 0, r->session), handle, type);

	assert_non_null(h);
	return &esvc_handle_object(&u->handles, h)->held;
}

static void put_hex(char **at, const uint8_t *bytes, size_t len)
{
	*(*at)++ = ' ';
	if (!len)
		*(*at)++ = '-';
	for (size_t i = 0; i < len; i++)
		*at += sprintf(*at, "%02x", bytes[i]);
	**at = 0;
}

/* The sender: a program that shares no code with the unit. */
static void foreign(char *args, struct blob *out)
{
	static struct words w;
	FILE *f = vectors("wrap_ref.py", args);
	bool got = next(f, &w);

	assert_int_equal(finish(f, got, "python3-cryptography"), 1);
	out->len = w.len[0];
	memcpy(out->b, w.b[0], out->len);
}

static void seal_hpke(struct rig *r, uint8_t type, const struct blob *p, struct blob *out)
{
	static char args[16384];
	char *at = args + sprintf(args, "hpke");
	static const uint8_t ephemeral[32] = { 1, 2, 3, 4 };
	uint64_t id[2] = { htole64(0x1122334455667788ull), htole64(esvc_unit_epoch(r->dev.unit)) };
	uint8_t info[64];
	size_t n = sizeof(ESV_HPKE_INFO);
	const struct esv_unit_status *st = (const void *)r->out;

	assert_int_equal(rig_run(r, ESV_OP_UNIT_STATUS, 0, NULL, 0), ESV_S_OK);
	memcpy(info, ESV_HPKE_INFO, n);
	memcpy(info + n, id, sizeof(id));
	info[n + sizeof(id)] = type;
	put_hex(&at, ephemeral, sizeof(ephemeral));
	put_hex(&at, st->provision_key, sizeof(st->provision_key));
	put_hex(&at, info, n + sizeof(id) + 1);
	put_hex(&at, NULL, 0);
	put_hex(&at, p->b, p->len);
	foreign(args, out);
}

static void wrap_kwp(const uint8_t *key, const struct blob *p, struct blob *out)
{
	static char args[16384];
	char *at = args + sprintf(args, "kwp");

	put_hex(&at, key, ESVC_KEK_LEN);
	put_hex(&at, p->b, p->len);
	foreign(args, out);
}

/* UNIT-91: sealed by an independent sender, from RFC 9180's text. */
static void test_hpke(void **state)
{
	static struct blob p, sealed, bad;
	struct rig *r = rig_new(0, 21);
	const struct esvc_held *h;

	secret_plain(&p, ESV_H_PSK, peer_id, psk, 32);
	seal_hpke(r, ESV_H_PSK, &p, &sealed);
	assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_HPKE, 0, 0, &sealed), ESV_S_OK);
	assert_int_equal(r->cmd.out_len, offsetof(struct esv_provisioned, stored));
	h = held(r, made(r), ESV_H_PSK);
	assert_int_equal(h->len, 32);
	assert_memory_equal(h->bytes, psk, 32);
	assert_int_equal(h->id_type, 2);
	assert_memory_equal(h->id, peer_id, h->id_len);
	for (size_t i = 0; i < sealed.len; i += 7) {
		bad = sealed;
		bad.b[i] ^= 1;
		assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_HPKE, 0, 0, &bad), ESV_S_AUTH_FAILED);
	}
	for (size_t len = 0; len < sealed.len; len++) {
		bad = sealed;
		bad.len = len;
		assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_HPKE, 0, 0, &bad), ESV_S_AUTH_FAILED);
	}
	/* For another use, and for an epoch that is over. */
	assert_int_equal(provision(r, ESV_H_PPK, ESV_WRAP_HPKE, 0, 0, &sealed), ESV_S_AUTH_FAILED);
	esvc_unit_zeroize(r->dev.unit);
	r->session = rig_open(r);
	assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_HPKE, 0, 0, &sealed), ESV_S_AUTH_FAILED);
	rig_free(r);
}

/* UNIT-91: a blob for one unit does not open in another one, which has another key and id. */
static void test_hpke_foreign_unit(void **state)
{
	static struct blob p, sealed;
	struct rig *a = rig_new(0, 21), *b = rig_new(0, 22);

	secret_plain(&p, ESV_H_PSK, NULL, psk, 32);
	seal_hpke(a, ESV_H_PSK, &p, &sealed);
	assert_int_equal(provision(b, ESV_H_PSK, ESV_WRAP_HPKE, 0, 0, &sealed), ESV_S_AUTH_FAILED);
	assert_int_equal(provision(a, ESV_H_PSK, ESV_WRAP_HPKE, 0, 0, &sealed), ESV_S_OK);
	rig_free(a);
	rig_free(b);
}

static uint64_t new_kek(struct rig *r)
{
	static struct blob p, sealed;

	secret_plain(&p, ESV_H_KEK, NULL, kek, sizeof(kek));
	seal_hpke(r, ESV_H_KEK, &p, &sealed);
	assert_int_equal(provision(r, ESV_H_KEK, ESV_WRAP_HPKE, 0, 0, &sealed), ESV_S_OK);
	return made(r);
}

/* UNIT-92: wrapped by an independent sender under a KEK that came by HPKE. */
static void test_kwp(void **state)
{
	static struct blob p, wrapped, bad;
	struct rig *r = rig_new(0, 23);
	uint64_t key = new_kek(r);
	uint8_t bytes[48];

	memset(bytes, 0xc3, sizeof(bytes));
	for (size_t len = 32; len < 44; len++) {
		secret_plain(&p, ESV_H_PPK, NULL, bytes, len);
		wrap_kwp(kek, &p, &wrapped);
		assert_int_equal(wrapped.len, ESVC_KWP_LEN(p.len));
		assert_int_equal(provision(r, ESV_H_PPK, ESV_WRAP_KWP, 0, key, &wrapped), ESV_S_OK);
		assert_memory_equal(held(r, made(r), ESV_H_PPK)->bytes, p.b + sizeof(struct esv_secret_hdr), len);
	}
	for (size_t i = 0; i < wrapped.len; i++) {
		bad = wrapped;
		bad.b[i] ^= 0x10;
		assert_int_equal(provision(r, ESV_H_PPK, ESV_WRAP_KWP, 0, key, &bad), ESV_S_AUTH_FAILED);
	}
	for (size_t len = 0; len < wrapped.len; len++) {
		bad = wrapped;
		bad.len = len;
		assert_int_equal(provision(r, ESV_H_PPK, ESV_WRAP_KWP, 0, key, &bad), ESV_S_AUTH_FAILED);
	}
	assert_int_equal(provision(r, ESV_H_PPK, ESV_WRAP_KWP, 0, key + 1, &wrapped), ESV_S_BAD_HANDLE);
	assert_int_equal(provision(r, ESV_H_PPK, ESV_WRAP_KWP, 0, made(r), &wrapped), ESV_S_BAD_HANDLE);
	rig_free(r);
}

/* Units whose identity is given. */
static struct rig *born(uint32_t mode, uint64_t seed, uint8_t secret)
{
	struct rig *r = rig_new(mode, seed);
	const uint8_t device_secret[ESVC_DEVICE_SECRET] = { secret };
	struct esvc_unit_config cfg = rig_config(r, r->dev.aead, mode);

	esvc_unit_free(r->dev.unit);
	cfg.device_secret = device_secret;
	r->dev.unit = esvc_unit_new(&cfg);
	assert_non_null(r->dev.unit);
	r->session = rig_open(r);
	return r;
}

/* The blob that was just given. */
static void keep_stored(const struct rig *r, struct blob *stored)
{
	const struct esv_provisioned *out = (const void *)r->out;

	stored->len = le16toh(out->stored_len);
	assert_int_equal(r->cmd.out_len, offsetof(struct esv_provisioned, stored) + stored->len);
	memcpy(stored->b, out->stored, stored->len);
}

/* UNIT-92: a stored blob opens in the same device after everything else changed, and nowhere else. */
static void test_stored(void **state)
{
	static struct blob p, sealed, stored, bad;
	struct rig *r = born(0, 31, 1), *again, *other, *test;
	const struct esvc_held *h;

	secret_plain(&p, ESV_H_PSK, peer_id, psk, 32);
	seal_hpke(r, ESV_H_PSK, &p, &sealed);
	assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_HPKE, ESV_PROVISION_F_STORE, 0, &sealed), ESV_S_OK);
	keep_stored(r, &stored);
	assert_int_equal(stored.len, ESVC_KWP_LEN(p.len));
	assert_null(memmem(stored.b, stored.len, psk, 8));
	esvc_unit_zeroize(r->dev.unit);
	r->session = rig_open(r);
	assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_STORED, 0, 0, &stored), ESV_S_OK);
	again = born(0, 99, 1);
	assert_int_equal(provision(again, ESV_H_PSK, ESV_WRAP_STORED, 0, 0, &stored), ESV_S_OK);
	h = held(again, made(again), ESV_H_PSK);
	assert_memory_equal(h->bytes, psk, 32);
	assert_memory_equal(h->id, peer_id, h->id_len);
	assert_int_equal(provision(again, ESV_H_PPK, ESV_WRAP_STORED, 0, 0, &stored), ESV_S_BAD_FIELD);
	bad = stored;
	bad.b[bad.len - 1] ^= 1;
	assert_int_equal(provision(again, ESV_H_PSK, ESV_WRAP_STORED, 0, 0, &bad), ESV_S_AUTH_FAILED);
	other = born(0, 31, 2);
	assert_int_equal(provision(other, ESV_H_PSK, ESV_WRAP_STORED, 0, 0, &stored), ESV_S_AUTH_FAILED);
	test = born(ESV_MODE_TEST, 31, 1);
	assert_int_equal(provision(test, ESV_H_PSK, ESV_WRAP_STORED, 0, 0, &stored), ESV_S_AUTH_FAILED);
	/* And back: a secret that test mode took in clear, and stored, is none in production. */
	assert_int_equal(provision(test, ESV_H_PSK, ESV_WRAP_NONE, ESV_PROVISION_F_STORE, 0, &p), ESV_S_OK);
	keep_stored(test, &stored);
	assert_int_equal(provision(test, ESV_H_PSK, ESV_WRAP_STORED, 0, 0, &stored), ESV_S_OK);
	assert_int_equal(provision(again, ESV_H_PSK, ESV_WRAP_STORED, 0, 0, &stored), ESV_S_AUTH_FAILED);
	rig_free(r);
	rig_free(again);
	rig_free(other);
	rig_free(test);
}

/* UNIT-90: in clear in test mode only, headers or not. */
static void test_clear(void **state)
{
	static struct blob p, bare = { .len = 8, .b = "8 bytes." };
	struct rig *production = rig_new(0, 41), *r = rig_new(ESV_MODE_TEST, 41);

	secret_plain(&p, ESV_H_PSK, peer_id, psk, 32);
	assert_int_equal(provision(production, ESV_H_PSK, ESV_WRAP_NONE, 0, 0, &p), ESV_S_DENIED);
	assert_int_equal(provision(production, ESV_H_NONCE, ESV_WRAP_NONE, 0, 0, &bare), ESV_S_DENIED);
	assert_int_equal(provision(production, ESV_H_SECRET, ESV_WRAP_NONE, 0, 0, &bare), ESV_S_DENIED);
	assert_int_equal(provision(production, ESV_H_SECRET, ESV_WRAP_HPKE, 0, 0, &bare), ESV_S_BAD_FIELD);
	assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_NONE, 0, 0, &p), ESV_S_OK);
	assert_int_equal(provision(r, ESV_H_NONCE, ESV_WRAP_NONE, 0, 0, &bare), ESV_S_OK);
	assert_int_equal(provision(r, ESV_H_SECRET, ESV_WRAP_NONE, 0, 0, &bare), ESV_S_OK);
	assert_int_equal(provision(r, ESV_H_SECRET, ESV_WRAP_NONE, ESV_PROVISION_F_STORE, 0, &bare), ESV_S_BAD_FIELD);
	bare.len = ESVC_SECRET_BYTES + 1;
	assert_int_equal(provision(r, ESV_H_SECRET, ESV_WRAP_NONE, 0, 0, &bare), ESV_S_BAD_LENGTH);
	bare.len = ESV_NONCE_MAX + 1;
	assert_int_equal(provision(r, ESV_H_NONCE, ESV_WRAP_NONE, 0, 0, &bare), ESV_S_BAD_LENGTH);
	bare.len = 0;
	assert_int_equal(provision(r, ESV_H_NONCE, ESV_WRAP_NONE, 0, 0, &bare), ESV_S_KEY_WEAK);
	rig_free(production);
	rig_free(r);
}

struct bad_case {
	const char *what;
	size_t at;		/* byte of the header */
	uint8_t value;
	enum esv_status status;
};

/* UNIT-90: what was wrapped is checked as everything else is. */
static void test_bad_content(void **state)
{
	static const struct bad_case cases[] = {
		{ "version", 0, 2, ESV_S_UNSUPPORTED_VALUE }, { "type", 1, ESV_H_PPK, ESV_S_BAD_FIELD },
		{ "identity of no type", 2, 0, ESV_S_BAD_FIELD }, { "IPv4 of 12 bytes", 2, 1, ESV_S_BAD_FIELD },
		{ "unknown identity type", 2, 77, ESV_S_BAD_FIELD }, { "reserved", 3, 1, ESV_S_RESERVED_NONZERO },
		{ "identity too long", 4, 200, ESV_S_BAD_LENGTH }, { "identity shorter", 4, 11, ESV_S_BAD_LENGTH },
		{ "secret too long", 6, 33, ESV_S_BAD_LENGTH }, { "secret shorter", 6, 31, ESV_S_BAD_LENGTH },
		{ "secret far too long", 7, 0xff, ESV_S_BAD_LENGTH },
	};
	static const uint8_t zero[64], long_secret[513] = { 1, [511] = 2, 3 };
	static struct blob p;
	struct rig *r = rig_new(ESV_MODE_TEST, 51);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		secret_plain(&p, ESV_H_PSK, peer_id, psk, 32);
		p.b[cases[i].at] = cases[i].value;
		if (provision(r, ESV_H_PSK, ESV_WRAP_NONE, 0, 0, &p) != cases[i].status)
			fail_msg("%s", cases[i].what);
	}
	for (size_t len = 0; len < sizeof(struct esv_secret_hdr); len++) {
		p.len = len;
		assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_NONE, 0, 0, &p), ESV_S_BAD_LENGTH);
	}
	for (uint8_t type = ESV_H_PSK; type <= ESV_H_PPK; type++) {
		secret_plain(&p, type, NULL, long_secret, 513);
		assert_int_equal(provision(r, type, ESV_WRAP_NONE, 0, 0, &p), ESV_S_BAD_LENGTH);
	}
	secret_plain(&p, ESV_H_PSK, NULL, psk, 0);
	assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_NONE, 0, 0, &p), ESV_S_KEY_WEAK);
	secret_plain(&p, ESV_H_PPK, NULL, psk, 31);
	assert_int_equal(provision(r, ESV_H_PPK, ESV_WRAP_NONE, 0, 0, &p), ESV_S_KEY_WEAK);
	secret_plain(&p, ESV_H_KEK, NULL, psk, 16);
	assert_int_equal(provision(r, ESV_H_KEK, ESV_WRAP_NONE, 0, 0, &p), ESV_S_KEY_WEAK);
	secret_plain(&p, ESV_H_KEK, NULL, zero, 32);
	assert_int_equal(provision(r, ESV_H_KEK, ESV_WRAP_NONE, 0, 0, &p), ESV_S_KEY_WEAK);
	secret_plain(&p, ESV_H_PPK, peer_id, psk, 32);
	assert_int_equal(provision(r, ESV_H_PPK, ESV_WRAP_NONE, 0, 0, &p), ESV_S_BAD_FIELD);
	assert_int_equal(r->dev.unit->handles.count, 0);
	/* The longest there are. */
	for (uint8_t type = ESV_H_PSK; type <= ESV_H_PPK; type++)
		assert_int_equal(held(r, brought(r, type, NULL, long_secret, 512), type)->len, 512);
	rig_free(r);
}

/* UNIT-90, UNIT-2: fields of the command; the arena's copy is gone whatever came of it. */
static void test_refused(void **state)
{
	static const uint8_t zero[ESV_ADMIN_BUF];
	static struct blob p;
	struct rig *r = rig_new(ESV_MODE_TEST, 61);
	struct esv_provision *in = (void *)r->in;
	const size_t head = offsetof(struct esv_provision, data);

	secret_plain(&p, ESV_H_PSK, NULL, psk, 32);
	assert_int_equal(provision(r, ESV_H_IKE, ESV_WRAP_NONE, 0, 0, &p), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(provision(r, ESV_H_KE, ESV_WRAP_NONE, 0, 0, &p), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(provision(r, 0, ESV_WRAP_NONE, 0, 0, &p), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(provision(r, 255, ESV_WRAP_NONE, 0, 0, &p), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(provision(r, ESV_H_PSK, 0, 0, 0, &p), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(provision(r, ESV_H_PSK, 5, 0, 0, &p), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_NONE, 2, 0, &p), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_NONE, 0, 1, &p), ESV_S_BAD_FIELD);
	assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_NONE, 0, 0, &p), ESV_S_OK);
	assert_memory_equal(r->dev.unit->sec->wrapped, zero, sizeof(r->dev.unit->sec->wrapped));
	in->rsvd = 1;
	assert_int_equal(rig_run(r, ESV_OP_PROVISION, r->session, in, head + p.len), ESV_S_RESERVED_NONZERO);
	in->rsvd = 0;
	assert_int_equal(rig_run(r, ESV_OP_PROVISION, r->session, in, head + p.len - 1), ESV_S_BAD_LENGTH);
	assert_int_equal(rig_run(r, ESV_OP_PROVISION, r->session, in, head + p.len + 1), ESV_S_BAD_LENGTH);
	assert_int_equal(rig_run(r, ESV_OP_PROVISION, r->session + 1, in, head + p.len), ESV_S_BAD_HANDLE);
	for (unsigned int i = 1; i < r->dev.unit->session_handles; i++)
		assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_NONE, 0, 0, &p), ESV_S_OK);
	assert_int_equal(provision(r, ESV_H_PSK, ESV_WRAP_NONE, 0, 0, &p), ESV_S_LIMIT);
	assert_memory_equal(r->dev.unit->sec->wrapped, zero, sizeof(r->dev.unit->sec->wrapped));
	rig_free(r);
}

static const uint8_t esp_key[36] = { 4, 8, 15, 16, 23, 42, [35] = 1 };

static void wrapped_esp(struct esv_wrapped_esp *e, uint8_t dir)
{
	const struct esvc_binding b = rig_bind(dir, ESV_ALGO_AES_GCM_16_256);

	memset(e, 0, sizeof(*e));
	e->dir = dir;
	e->family = b.family;
	e->mode = b.mode;
	e->spi = b.spi;
	memcpy(e->saddr, b.saddr, 16);
	memcpy(e->daddr, b.daddr, 16);
	memcpy(e->key, esp_key, sizeof(esp_key));
}

static enum esv_status bring_esp(struct rig *r, const struct esv_wrapped_esp *e, uint8_t wrap)
{
	static struct blob p, sealed;

	secret_plain(&p, ESV_H_ESP, NULL, e, sizeof(*e));
	if (wrap == ESV_WRAP_HPKE)
		seal_hpke(r, ESV_H_ESP, &p, &sealed);
	else
		sealed = p;
	return provision(r, ESV_H_ESP, wrap, 0, 0, &sealed);
}

/* UNIT-100: a controller's key, in production mode; its token fits the SA that it came for and no other. */
static void test_esp(void **state)
{
	struct rig *r = rig_new(0, 81);
	struct esvc_binding bind = rig_bind(ESV_DIR_OUT, ESV_ALGO_AES_GCM_16_256), other;
	const struct esv_provisioned *out = (const void *)r->out;
	uint8_t token[ESV_TOKEN_LEN];
	struct esv_wrapped_esp e;
	struct esvc_key *key;
	uint64_t iv;
	bool continued;

	wrapped_esp(&e, ESV_DIR_OUT);
	assert_int_equal(bring_esp(r, &e, ESV_WRAP_HPKE), ESV_S_OK);
	assert_int_equal(le16toh(out->stored_len), ESV_TOKEN_LEN);
	assert_int_equal(r->cmd.out_len, offsetof(struct esv_provisioned, stored) + ESV_TOKEN_LEN);
	memcpy(token, out->stored, sizeof(token));
	for (int i = 0; i < 4; i++) {
		other = bind;
		switch (i) {
		case 0: other.spi ^= htobe32(1); break;
		case 1: other.saddr[3] ^= 1; break;
		case 2: other.daddr[3] ^= 1; break;
		case 3: other.mode = ESV_SA_TUNNEL; break;
		}
		assert_int_equal(esvc_key_from_token(r->dev.unit, token, &other, &key, &continued), ESV_S_KEY_REJECTED);
	}
	assert_int_equal(esvc_key_from_token(r->dev.unit, token, &bind, &key, &continued), ESV_S_OK);
	assert_false(continued);
	assert_int_equal(key->custody, ESV_CUSTODY_L2);
	assert_int_equal(key->vouch, ESV_VOUCH_NONE);
	/* The same blob again: the key is in use; later it goes on where it was, whatever the host says. */
	assert_int_equal(bring_esp(r, &e, ESV_WRAP_HPKE), ESV_S_KEY_REJECTED);
	key->iv += 100;
	key->iv_left -= 100;
	key->seq = 100;
	iv = key->iv;
	esvc_key_release(r->dev.unit, key);
	assert_int_equal(bring_esp(r, &e, ESV_WRAP_HPKE), ESV_S_OK);
	assert_int_equal(esvc_key_from_token(r->dev.unit, token, &bind, &key, &continued), ESV_S_KEY_REJECTED);
	memcpy(token, out->stored, sizeof(token));
	assert_int_equal(esvc_key_from_token(r->dev.unit, token, &bind, &key, &continued), ESV_S_OK);
	assert_true(continued);
	assert_int_equal(key->iv, iv);
	assert_int_equal(key->seq, 100);
	rig_free(r);
}

/* UNIT-100: the same key by the padded key wrap, in production mode; it is one key, however it came. */
static void test_esp_kwp(void **state)
{
	static struct blob p, wrapped;
	struct rig *r = rig_new(0, 83);
	struct esvc_binding bind = rig_bind(ESV_DIR_IN, ESV_ALGO_AES_GCM_16_256), other = bind;
	const struct esv_provisioned *out = (const void *)r->out;
	uint64_t wrapping = new_kek(r);
	uint8_t token[ESV_TOKEN_LEN];
	struct esv_wrapped_esp e;
	struct esvc_key *key;
	bool continued;

	wrapped_esp(&e, ESV_DIR_IN);
	secret_plain(&p, ESV_H_ESP, NULL, &e, sizeof(e));
	wrap_kwp(kek, &p, &wrapped);
	assert_int_equal(provision(r, ESV_H_ESP, ESV_WRAP_KWP, 0, wrapping, &wrapped), ESV_S_OK);
	assert_int_equal(le16toh(out->stored_len), ESV_TOKEN_LEN);
	memcpy(token, out->stored, sizeof(token));
	other.spi ^= htobe32(1);
	assert_int_equal(esvc_key_from_token(r->dev.unit, token, &other, &key, &continued), ESV_S_KEY_REJECTED);
	assert_int_equal(esvc_key_from_token(r->dev.unit, token, &bind, &key, &continued), ESV_S_OK);
	assert_int_equal(key->custody, ESV_CUSTODY_L2);
	assert_memory_equal(key->salt, esp_key + 32, ESVC_SALT_LEN);
	assert_int_equal(bring_esp(r, &e, ESV_WRAP_HPKE), ESV_S_KEY_REJECTED);
	wrapped.b[wrapped.len - 1] ^= 1;
	esvc_key_release(r->dev.unit, key);
	assert_int_equal(provision(r, ESV_H_ESP, ESV_WRAP_KWP, 0, wrapping, &wrapped), ESV_S_AUTH_FAILED);
	rig_free(r);
}

/*
 * TOK-5, UNIT-100, KEY-1: the token goes on after its SA is gone, as when the link comes back, for the same SA only, and
 * neither that nor the blob once more sets a number or a limit back.
 */
static void test_esp_continues(void **state)
{
	struct rig *r = rig_new(0, 83);
	struct esvc_binding bind = rig_bind(ESV_DIR_OUT, ESV_ALGO_AES_GCM_16_256), other = bind;
	const struct esv_provisioned *out = (const void *)r->out;
	uint8_t token[ESV_TOKEN_LEN], second[ESV_TOKEN_LEN];
	struct esv_wrapped_esp e;
	struct esvc_key *key;
	uint64_t iv = 0;
	bool continued;

	wrapped_esp(&e, ESV_DIR_OUT);
	assert_int_equal(bring_esp(r, &e, ESV_WRAP_HPKE), ESV_S_OK);
	memcpy(token, out->stored, sizeof(token));
	other.spi ^= htobe32(1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(esvc_key_from_token(r->dev.unit, token, &bind, &key, &continued), ESV_S_OK);
		assert_int_equal(continued, i > 0);
		assert_true(!i || key->iv == iv);
		assert_int_equal(key->seq, 10 * i);
		assert_int_equal(key->custody, ESV_CUSTODY_L2);
		iv = key->iv += 10;
		key->seq += 10;
		key->max_packets = 50;
		esvc_key_release(r->dev.unit, key);
		assert_int_equal(esvc_key_from_token(r->dev.unit, token, &other, &key, &continued), ESV_S_KEY_REJECTED);
	}
	/* The blob once more: one token at a time. */
	assert_int_equal(bring_esp(r, &e, ESV_WRAP_HPKE), ESV_S_OK);
	memcpy(second, out->stored, sizeof(second));
	assert_int_equal(bring_esp(r, &e, ESV_WRAP_HPKE), ESV_S_KEY_REJECTED);
	assert_int_equal(esvc_key_from_token(r->dev.unit, token, &bind, &key, &continued), ESV_S_KEY_REJECTED);
	assert_int_equal(esvc_key_from_token(r->dev.unit, second, &bind, &key, &continued), ESV_S_OK);
	assert_true(key->iv == iv);
	assert_int_equal(key->seq, 30);
	assert_true(key->max_packets == 50);
	rig_free(r);
}

/* UNIT-100: a token that nobody installs goes, and the key may come again; what is not an SA is refused. */
static void test_esp_refused(void **state)
{
	static struct blob p;
	struct rig *r = rig_new(ESV_MODE_TEST, 82);
	const struct bad_case bad[] = {
		{ "direction", offsetof(struct esv_wrapped_esp, dir), 3, ESV_S_BAD_FIELD },
		{ "family", offsetof(struct esv_wrapped_esp, family), 5, ESV_S_BAD_FIELD },
		{ "mode", offsetof(struct esv_wrapped_esp, mode), 0, ESV_S_BAD_FIELD },
		{ "reserved", offsetof(struct esv_wrapped_esp, rsvd), 1, ESV_S_RESERVED_NONZERO },
	};
	struct esv_wrapped_esp e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		wrapped_esp(&e, ESV_DIR_IN);
		((uint8_t *)&e)[bad[i].at] = bad[i].value;
		assert_int_equal(bring_esp(r, &e, ESV_WRAP_NONE), bad[i].status);
	}
	wrapped_esp(&e, ESV_DIR_IN);
	e.spi = htobe32(255);
	assert_int_equal(bring_esp(r, &e, ESV_WRAP_NONE), ESV_S_BAD_FIELD);
	wrapped_esp(&e, ESV_DIR_IN);
	memset(e.key, 0, 32);
	assert_int_equal(bring_esp(r, &e, ESV_WRAP_NONE), ESV_S_KEY_WEAK);
	wrapped_esp(&e, ESV_DIR_IN);
	secret_plain(&p, ESV_H_ESP, NULL, &e, sizeof(e));
	assert_int_equal(provision(r, ESV_H_ESP, ESV_WRAP_NONE, ESV_PROVISION_F_STORE, 0, &p), ESV_S_BAD_FIELD);
	assert_int_equal(provision(r, ESV_H_ESP, ESV_WRAP_STORED, 0, 0, &p), ESV_S_BAD_FIELD);
	assert_int_equal(provision(r, ESV_H_ESP, ESV_WRAP_NONE, 0, 0, &p), ESV_S_OK);
	assert_int_equal(provision(r, ESV_H_ESP, ESV_WRAP_NONE, 0, 0, &p), ESV_S_KEY_REJECTED);
	r->now += ESV_TOKEN_INSTALL_MS * 1000000ull;
	esvc_unit_expire(r->dev.unit, r->now);
	assert_int_equal(provision(r, ESV_H_ESP, ESV_WRAP_NONE, 0, 0, &p), ESV_S_OK);
	rig_free(r);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_hpke), cmocka_unit_test(test_hpke_foreign_unit), cmocka_unit_test(test_kwp),
	cmocka_unit_test(test_stored), cmocka_unit_test(test_clear), cmocka_unit_test(test_bad_content),
	cmocka_unit_test(test_refused), cmocka_unit_test(test_esp), cmocka_unit_test(test_esp_kwp),
	cmocka_unit_test(test_esp_continues),
	cmocka_unit_test(test_esp_refused),
};

RIG_MAIN(tests)
