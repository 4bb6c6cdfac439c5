// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_token.h"

#include <endian.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "esvc_key.h"

_Static_assert(sizeof(struct esv_token) == ESV_TOKEN_LEN, "a token fills a 256-bit key and its salt");

static const char domain[] = "espvault token 1";

bool esvc_is_token(const uint8_t *bytes, size_t len)
{
	return len >= ESV_TOKEN_MAGIC_LEN && !memcmp(bytes, ESV_TOKEN_MAGIC, ESV_TOKEN_MAGIC_LEN);
}

/* HMAC-SHA-256 cut to 128 bits; every field has a fixed length. */
static int token_mac(const struct esvc_prfs *prfs, const uint8_t *key,
		     const struct esvc_token_id *id, const struct esv_token *t, uint8_t mac[16])
{
	uint64_t device = htole64(id->device_id), epoch = htole64(id->epoch);
	const struct esvc_bytes parts[] = {
		{ domain, sizeof(domain) },
		{ &device, sizeof(device) },
		{ &epoch, sizeof(epoch) },
		{ t, offsetof(struct esv_token, mac) },
	};
	uint8_t full[ESVC_PRF_MAX];
	int err;

	err = esvc_prf(prfs, ESV_PRF_HMAC_SHA2_256, (struct esvc_bytes){ key, ESVC_TOKEN_KEY },
		       parts, 4, full);
	if (!err)
		memcpy(mac, full, sizeof(t->mac));
	OPENSSL_cleanse(full, sizeof(full));
	return err;
}

int esvc_token_make(const struct esvc_prfs *prfs, const uint8_t *key,
		    const struct esvc_token_id *id, uint8_t token[ESV_TOKEN_LEN])
{
	uint32_t slot = htole32(id->slot), generation = htole32(id->generation);
	uint16_t function = htole16(id->function);
	struct esv_token t;
	int err;

	memcpy(t.magic, ESV_TOKEN_MAGIC, sizeof(t.magic));
	memcpy(t.slot, &slot, sizeof(slot));
	memcpy(t.generation, &generation, sizeof(generation));
	memcpy(t.function, &function, sizeof(function));
	t.dir = id->dir;
	t.suite = id->suite;
	err = token_mac(prfs, key, id, &t, t.mac);
	if (!err)
		memcpy(token, &t, sizeof(t));
	return err;
}

int esvc_token_read(const struct esvc_prfs *prfs, const uint8_t *key,
		    const uint8_t token[ESV_TOKEN_LEN], struct esvc_token_id *id)
{
	struct esv_token t;
	uint32_t v32;
	uint16_t v16;
	uint8_t mac[16];
	bool same;

	memcpy(&t, token, sizeof(t));
	if (!esvc_is_token(token, ESV_TOKEN_LEN) || token_mac(prfs, key, id, &t, mac))
		return -EBADMSG;
	same = !CRYPTO_memcmp(mac, t.mac, sizeof(mac));
	OPENSSL_cleanse(mac, sizeof(mac));
	if (!same)
		return -EBADMSG;
	memcpy(&v32, t.slot, sizeof(v32));
	id->slot = le32toh(v32);
	memcpy(&v32, t.generation, sizeof(v32));
	id->generation = le32toh(v32);
	memcpy(&v16, t.function, sizeof(v16));
	id->function = le16toh(v16);
	id->dir = t.dir;
	id->suite = t.suite;
	return 0;
}
