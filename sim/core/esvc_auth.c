// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_auth.h"

#include <endian.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "esvc_ike_init.h"

#define SPI_LEN	(ESVC_SPI_PAIR / 2)

static bool same(struct esvc_bytes a, const uint8_t *b, size_t len)
{
	return a.len == len && !memcmp(a.p, b, len);
}

/* The initiator's first message does not know the responder's SPI yet. */
static bool spis_fit(const struct esvc_auth *a, const struct esvc_ike_init *m)
{
	static const uint8_t none[SPI_LEN];
	const uint8_t *spi_r = m->from_initiator ? none : a->ike->spis + SPI_LEN;

	return !memcmp(m->spi_i, a->ike->spis, SPI_LEN) && !memcmp(m->spi_r, spi_r, SPI_LEN);
}

bool esvc_auth_message_fits(const struct esvc_auth *a)
{
	const struct esvc_ike_sa *ike = a->ike;
	bool initiator = a->role == ESV_ROLE_INITIATOR;
	const uint8_t *seen = a->role == ike->role ? ike->seen.own : ike->seen.peer;
	struct esvc_ike_init m;
	uint8_t digest[32];

	if (!ike->seen.known || esvc_ike_init_read(a->message.p, a->message.len, &m) ||
	    m.from_initiator != initiator || m.response == initiator || !spis_fit(a, &m))
		return false;
	if (!same(m.nonce, initiator ? ike->ni : ike->nr, initiator ? ike->ni_len : ike->nr_len))
		return false;
	esvc_ke_digest(m.group, m.ke, digest);
	return !memcmp(digest, seen, sizeof(digest));
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

/* IntAuth_iN | IntAuth_rN | IKE_AUTH_MID; message ids count exchanges, IKE_SA_INIT being number 0. */
static uint8_t *put_intauth(const struct esvc_ike_sa *ike, uint8_t *at)
{
	uint32_t mid = htobe32(ike->intauths + 1);
	size_t len = esvc_prf_len(ike->prf);

	if (!ike->intauths)
		return at;
	at = put(at, ike->intauth_i, len);
	at = put(at, ike->intauth_r, len);
	return put(at, &mid, sizeof(mid));
}

int esvc_auth_octets(const struct esvc_prfs *prfs, const struct esvc_auth *a, uint8_t *out, size_t *len)
{
	const struct esvc_ike_sa *ike = a->ike;
	const struct esvc_ike_keys *keys = a->no_ppk ? &ike->no_ppk : &ike->keys;
	bool initiator = a->role == ESV_ROLE_INITIATOR;
	const struct esvc_bytes sk_p = { initiator ? keys->sk_pi : keys->sk_pr, esvc_prf_len(ike->prf) };
	const uint8_t id_hdr[] = { a->id_type, 0, 0, 0 };	/* RFC 7296 3.5 */
	const struct esvc_bytes id[] = { { id_hdr, sizeof(id_hdr) }, a->id };
	uint8_t *at = put(out, a->message.p, a->message.len);

	at = initiator ? put(at, ike->nr, ike->nr_len) : put(at, ike->ni, ike->ni_len);
	if (esvc_prf(prfs, ike->prf, sk_p, id, 2, at))
		return -EIO;
	at = put_intauth(ike, at + sk_p.len);
	*len = (size_t)(at - out);
	return 0;
}

int esvc_auth_psk(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes psk, struct esvc_bytes octets,
		  uint8_t key[ESVC_PRF_MAX], uint8_t *out)
{
	static const char pad[] = "Key Pad for IKEv2";
	const struct esvc_bytes p = { pad, sizeof(pad) - 1 };
	int err = esvc_prf(prfs, prf, psk, &p, 1, key);

	if (!err)
		err = esvc_prf(prfs, prf, (struct esvc_bytes){ key, esvc_prf_len(prf) }, &octets, 1, out);
	OPENSSL_cleanse(key, ESVC_PRF_MAX);
	return err;
}
