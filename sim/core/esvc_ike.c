// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_ike.h"

#include <errno.h>
#include <espvault/esv_ipsec.h>
#include <string.h>

size_t esvc_encr_len(unsigned int algo)
{
	switch (algo) {
	case ESV_ALGO_AES_GCM_16_128:
		return 20;
	case ESV_ALGO_AES_GCM_16_256:
		return 36;
	default:
		return 0;
	}
}

int esvc_ike_seed(const struct esvc_prfs *prfs, unsigned int prf, const struct esvc_nonces *n,
		  struct esvc_bytes secret, struct esvc_ike_scratch *s, uint8_t *out)
{
	struct esvc_bytes key = { s->nonces, n->ni.len + n->nr.len };

	if (key.len > sizeof(s->nonces))
		return -EINVAL;
	memcpy(s->nonces, n->ni.p, n->ni.len);
	memcpy(s->nonces + n->ni.len, n->nr.p, n->nr.len);
	return esvc_prf(prfs, prf, key, &secret, 1, out);
}

int esvc_ike_expand(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes seed,
		    const struct esvc_nonces *n, const uint8_t spis[ESVC_SPI_PAIR],
		    struct esvc_ike_scratch *s, uint8_t *out, size_t len)
{
	const struct esvc_bytes parts[] = { n->ni, n->nr, { spis, ESVC_SPI_PAIR } };

	return esvc_prf_plus(prfs, prf, seed, parts, 3, s->block, out, len);
}

static const uint8_t *cut(uint8_t *to, const uint8_t *from, size_t len)
{
	memcpy(to, from, len);
	return from + len;
}

int esvc_ike_keys(const struct esvc_prfs *prfs, unsigned int prf, unsigned int encr,
		  const struct esvc_nonces *n, struct esvc_bytes seed,
		  const uint8_t spis[ESVC_SPI_PAIR], struct esvc_ike_scratch *s,
		  struct esvc_ike_keys *keys)
{
	size_t p = esvc_prf_len(prf), e = esvc_encr_len(encr);
	const uint8_t *at = s->stream;
	int err = esvc_ike_expand(prfs, prf, seed, n, spis, s, s->stream, 3 * p + 2 * e);

	if (err)
		return err;
	at = cut(keys->sk_d, at, p);
	at = cut(keys->sk_ei, at, e);
	at = cut(keys->sk_er, at, e);
	at = cut(keys->sk_pi, at, p);
	cut(keys->sk_pr, at, p);
	return 0;
}

/* SK(0) | Ni | Nr | SK(1) ...: the first secret stands before the nonces (RFC 9370 2.2.4). */
static unsigned int mix(struct esvc_bytes parts[2 + ESV_SECRETS_MAX], const struct esvc_nonces *n,
			const struct esvc_bytes *secrets, unsigned int nr_secrets)
{
	unsigned int k = 0;

	if (nr_secrets)
		parts[k++] = secrets[0];
	parts[k++] = n->ni;
	parts[k++] = n->nr;
	for (unsigned int i = 1; i < nr_secrets; i++)
		parts[k++] = secrets[i];
	return k;
}

int esvc_ike_reseed(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes sk_d,
		    const struct esvc_nonces *n, const struct esvc_bytes *secrets, unsigned int nr_secrets,
		    uint8_t *out)
{
	struct esvc_bytes parts[2 + ESV_SECRETS_MAX];

	if (nr_secrets > ESV_SECRETS_MAX)
		return -EINVAL;
	return esvc_prf(prfs, prf, sk_d, parts, mix(parts, n, secrets, nr_secrets), out);
}

int esvc_child_keymat(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes sk_d,
		      const struct esvc_nonces *n, const struct esvc_bytes *secrets,
		      unsigned int nr_secrets, uint8_t *block, uint8_t *out, size_t len)
{
	struct esvc_bytes parts[2 + ESV_SECRETS_MAX];

	if (nr_secrets > ESV_SECRETS_MAX)
		return -EINVAL;
	return esvc_prf_plus(prfs, prf, sk_d, parts, mix(parts, n, secrets, nr_secrets), block, out, len);
}
