// SPDX-License-Identifier: GPL-2.0
/*
 * G1: once the device has an SA, nothing key-shaped of it stays on the host.
 *
 * The software cipher of the state must stay allocated, its sizes make up the
 * state's MTU, but it loses its key and refuses to work. The copy that dumps
 * and clones are made of loses its bytes and its length: a dump that is added
 * again has no key, and no key is no legal one.
 */
#include <crypto/aead.h>
#include <linux/random.h>

#include "esv_ipsec_priv.h"

#ifdef ESV_HAVE_PACKET_OFFLOAD

/* A good setkey, so that the old key is gone, then one that must fail. */
static bool esv_unkey(struct crypto_aead *tfm, unsigned int len)
{
	u8 junk[ESV_KEY_MAX];
	int err;

	get_random_bytes(junk, sizeof(junk));
	err = crypto_aead_setkey(tfm, junk, len);
	memzero_explicit(junk, sizeof(junk));
	if (err)
		return false;
	if (!crypto_aead_setkey(tfm, junk, 0))
		return false;
	return crypto_aead_get_flags(tfm) & CRYPTO_TFM_NEED_KEY;
}

/**
 * esv_poison() - take the key from a state's software cipher and from its dump
 * @x: state that the device has accepted, not visible to anyone yet
 * @extack: gets the reason of a failure
 *
 * May sleep. Return: 0, or -EIO: the state must not come to life.
 */
int esv_poison(struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	unsigned int len = (x->aead->alg_key_len + 7) / 8;

	if (!x->data || !esv_unkey(x->data, len)) {
		NL_SET_ERR_MSG_MOD(extack, "Software cipher of the SA can't be unkeyed");
		return -EIO;
	}
	memzero_explicit(x->aead->alg_key, len);
	x->aead->alg_key_len = 0;
	return 0;
}

#endif
