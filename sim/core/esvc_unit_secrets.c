// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Test mode only: every live secret by name, for the memory scan. Cipher keys
 * come with what is derived from them, so that a leaked key schedule is found too.
 */
#include "esvc_unit_priv.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define AES_BLOCK	16
#define SCHEDULE_MAX	(15 * AES_BLOCK)

struct visit {
	esvc_secret_fn fn;
	void *arg;
};

static void tell(const struct visit *v, const char *owner, const char *what, const uint8_t *bytes,
		 size_t len)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.%s", owner, what);
	v->fn(v->arg, name, bytes, len);
}

static uint8_t gf_double(uint8_t x)
{
	return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0));
}

/*
 * The S-box of FIPS 197 5.1.1, made instead of stored: p runs through the powers of
 * the generator 3, q through their inverses.
 */
static void sbox_make(uint8_t sbox[256])
{
	uint8_t p = 1, q = 1;

	do {
		uint8_t x;

		p ^= gf_double(p);
		q ^= (uint8_t)(q << 1);
		q ^= (uint8_t)(q << 2);
		q ^= (uint8_t)(q << 4);
		if (q & 0x80)
			q ^= 0x09;
		x = q;
		for (unsigned int i = 1; i <= 4; i++)
			x ^= (uint8_t)(q << i | q >> (8 - i));
		sbox[p] = x ^ 0x63;
	} while (p != 1);
	sbox[0] = 0x63;
}

/* FIPS 197 5.2. Returns the bytes of the schedule. */
size_t esvc_aes_schedule(const uint8_t *key, size_t key_len, uint8_t *w)
{
	size_t nk = key_len / 4, words = 4 * (nk + 7);
	uint8_t sbox[256], rcon = 1;

	sbox_make(sbox);
	memcpy(w, key, key_len);
	for (size_t i = nk; i < words; i++) {
		uint8_t t[4];

		memcpy(t, w + 4 * (i - 1), 4);
		if (i % nk == 0) {
			uint8_t first = t[0];

			t[0] = sbox[t[1]] ^ rcon;
			t[1] = sbox[t[2]];
			t[2] = sbox[t[3]];
			t[3] = sbox[first];
			rcon = gf_double(rcon);
		} else if (nk > 6 && i % nk == 4) {
			for (unsigned int k = 0; k < 4; k++)
				t[k] = sbox[t[k]];
		}
		for (unsigned int k = 0; k < 4; k++)
			w[4 * i + k] = w[4 * (i - nk) + k] ^ t[k];
	}
	return 4 * words;
}

/* Implementations that work on host words keep each of them turned around. */
static void words_swap(uint8_t *w, size_t len)
{
	for (size_t i = 0; i + 4 <= len; i += 4) {
		uint8_t a = w[i], b = w[i + 1];

		w[i] = w[i + 3];
		w[i + 1] = w[i + 2];
		w[i + 2] = b;
		w[i + 3] = a;
	}
}

/* H = AES_K(0^128) (SP 800-38D 6.4). */
int esvc_ghash_key(const uint8_t *key, size_t key_len, uint8_t h[16])
{
	static const uint8_t zero[AES_BLOCK];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const EVP_CIPHER *c = key_len == 16 ? EVP_aes_128_ecb() : EVP_aes_256_ecb();
	int n = 0, ok;

	ok = ctx && EVP_EncryptInit_ex(ctx, c, NULL, key, NULL) &&
	     EVP_EncryptUpdate(ctx, h, &n, zero, AES_BLOCK) && n == AES_BLOCK;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

static void tell_aes(const struct visit *v, const char *owner, const uint8_t *material, size_t len)
{
	size_t key_len = len - ESVC_SALT_LEN, n;
	uint8_t w[SCHEDULE_MAX], h[AES_BLOCK];

	tell(v, owner, "key", material, key_len);
	tell(v, owner, "salt", material + key_len, ESVC_SALT_LEN);
	n = esvc_aes_schedule(material, key_len, w);
	tell(v, owner, "round_keys", w, n);
	words_swap(w, n);
	tell(v, owner, "round_keys_swapped", w, n);
	OPENSSL_cleanse(w, sizeof(w));
	if (!esvc_ghash_key(material, key_len, h))
		tell(v, owner, "ghash_key", h, sizeof(h));
	OPENSSL_cleanse(h, sizeof(h));
}

static void tell_ike(const struct visit *v, const char *owner, const struct esvc_ike_sa *ike)
{
	size_t p = esvc_prf_len(ike->prf), e = esvc_encr_len(ike->encr);
	char part[64];

	tell(v, owner, "sk_d", ike->keys.sk_d, p);
	tell(v, owner, "sk_pi", ike->keys.sk_pi, p);
	tell(v, owner, "sk_pr", ike->keys.sk_pr, p);
	if (ike->intauths || ike->intauth_next == ESV_ROLE_RESPONDER)
		tell(v, owner, "intauth_i", ike->intauth_i, p);
	if (ike->intauths)
		tell(v, owner, "intauth_r", ike->intauth_r, p);
	if (ike->ppk && !ike->vouch) {	/* not settled yet */
		tell(v, owner, "no_ppk.sk_d", ike->no_ppk.sk_d, p);
		tell(v, owner, "no_ppk.sk_pi", ike->no_ppk.sk_pi, p);
		tell(v, owner, "no_ppk.sk_pr", ike->no_ppk.sk_pr, p);
	}
	snprintf(part, sizeof(part), "%s.sk_ei", owner);
	tell_aes(v, part, ike->keys.sk_ei, e);
	snprintf(part, sizeof(part), "%s.sk_er", owner);
	tell_aes(v, part, ike->keys.sk_er, e);
}

static void tell_handle(const struct visit *v, const struct esvc_unit *unit, const struct esvc_handle *h,
			uint32_t i)
{
	const union esvc_object *o = esvc_handle_object(&unit->handles, h);
	char owner[32];

	switch (h->type) {
	case ESV_H_KE:
		snprintf(owner, sizeof(owner), "ke[%u]", i);
		tell(v, owner, "private", o->ke.priv, o->ke.method->priv);
		break;
	case ESV_H_SECRET:
		snprintf(owner, sizeof(owner), "secret[%u]", i);
		tell(v, owner, "shared", o->secret.bytes, o->secret.len);
		break;
	case ESV_H_PSK:
	case ESV_H_PPK:
	case ESV_H_KEK:
	case ESV_H_PRIV:
		snprintf(owner, sizeof(owner), "held[%u]", i);
		tell(v, owner, "secret", o->held.bytes, o->held.len);
		break;
	case ESV_H_IKE:
		snprintf(owner, sizeof(owner), "ike[%u]", i);
		tell_ike(v, owner, &o->ike);
		break;
	default:	/* nonces are public */
		break;
	}
}

/* NULL: the random source failed before there was one. */
static void tell_identity(const struct visit *v, const struct esvc_identity *id)
{
	if (!id)
		return;
	tell(v, "unit", "device_secret", id->secret, sizeof(id->secret));
	tell(v, "unit", "storage_key", id->storage_key, sizeof(id->storage_key));
	tell(v, "unit", "device_key", id->device_key, sizeof(id->device_key));
	tell(v, "unit", "boot_key", id->boot_key, sizeof(id->boot_key));
}

int esvc_unit_test_secrets(struct esvc_unit *unit, esvc_secret_fn fn, void *arg)
{
	const struct visit v = { fn, arg };
	char owner[32];

	if (!(unit->cfg.mode & ESV_MODE_TEST))
		return -EACCES;
	tell(&v, "unit", "token_key", unit->sec->token_key, sizeof(unit->sec->token_key));
	tell(&v, "unit", "import_key", unit->sec->import_key, sizeof(unit->sec->import_key));
	tell(&v, "unit", "provision_key", unit->sec->provision_key, sizeof(unit->sec->provision_key));
	tell_identity(&v, unit->id);
	for (uint32_t i = 0; i < unit->handles.max; i++)
		tell_handle(&v, unit, &unit->handles.h[i], i);
	for (uint32_t i = 0; i < unit->slots_used; i++) {
		const struct esvc_keyslot *s = &unit->slot[i];

		if (s->state == ESVC_SLOT_FREE || s->state == ESVC_SLOT_DEAD)
			continue;
		/* The host knows its own keys: whoever scans tells them apart by the name. */
		snprintf(owner, sizeof(owner), "%s[%u]", s->key.custody == ESV_CUSTODY_L1 ? "host" : "esp", i);
		tell_aes(&v, owner, esvc_key_raw(unit, s), esvc_encr_len(s->key.bind.algo));
	}
	return 0;
}
