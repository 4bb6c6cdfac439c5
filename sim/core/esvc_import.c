// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_import.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

int esvc_imports_init(struct esvc_imports *t, uint32_t key_max)
{
	uint32_t size = ESVC_IMPORT_MIN;

	memset(t, 0, sizeof(*t));
	esvc_list_init(&t->lru);
	t->max = key_max > ESVC_IMPORT_MIN / 2 ? 2 * key_max : ESVC_IMPORT_MIN;
	while (size < t->max)
		size *= 2;
	t->bucket = calloc(size, sizeof(struct esvc_import *));
	t->mask = size - 1;
	return t->bucket ? 0 : -ENOMEM;
}

void esvc_imports_clear(struct esvc_imports *t)
{
	for (uint32_t i = 0; t->count && i <= t->mask; i++) {
		while (t->bucket[i]) {
			struct esvc_import *imp = t->bucket[i];

			t->bucket[i] = imp->next;
			esvc_replay_free(&imp->replay);
			free(imp);
			t->count--;
		}
	}
	esvc_list_init(&t->lru);
}

void esvc_imports_free(struct esvc_imports *t)
{
	if (t->bucket)
		esvc_imports_clear(t);
	free(t->bucket);
	memset(t, 0, sizeof(*t));
}

int esvc_import_fp(const struct esvc_prfs *prfs, const uint8_t *key, uint8_t dir, uint32_t spi,
		   const uint8_t *material, size_t len, uint8_t fp[ESVC_FP_LEN])
{
	const struct esvc_bytes parts[] = {
		{ &dir, sizeof(dir) },
		{ &spi, dir == ESV_DIR_IN ? sizeof(spi) : 0 },
		{ material, len },
	};
	uint8_t full[ESVC_PRF_MAX];
	int err;

	err = esvc_prf(prfs, ESV_PRF_HMAC_SHA2_256, (struct esvc_bytes){ key, 32 }, parts, 3, full);
	if (!err)
		memcpy(fp, full, ESVC_FP_LEN);
	OPENSSL_cleanse(full, sizeof(full));
	return err;
}

/* A fingerprint is a MAC, so any four bytes of it are as good as a hash. */
static struct esvc_import **bucket_of(struct esvc_imports *t, const uint8_t fp[ESVC_FP_LEN])
{
	uint32_t h;

	memcpy(&h, fp, sizeof(h));
	return &t->bucket[h & t->mask];
}

struct esvc_import *esvc_import_find(struct esvc_imports *t, const uint8_t fp[ESVC_FP_LEN])
{
	struct esvc_import *imp = *bucket_of(t, fp);

	while (imp && CRYPTO_memcmp(imp->fp, fp, ESVC_FP_LEN))
		imp = imp->next;
	return imp;
}

static void drop(struct esvc_imports *t, struct esvc_import *imp)
{
	struct esvc_import **at = bucket_of(t, imp->fp);

	while (*at != imp)
		at = &(*at)->next;
	*at = imp->next;
	esvc_list_del(&imp->lru);
	esvc_replay_free(&imp->replay);
	free(imp);
	t->count--;
}

struct esvc_import *esvc_import_add(struct esvc_imports *t, const uint8_t fp[ESVC_FP_LEN])
{
	struct esvc_import **at = bucket_of(t, fp);
	struct esvc_import *imp;

	if (t->count == t->max && !esvc_list_empty(&t->lru))
		drop(t, esvc_container(t->lru.next, struct esvc_import, lru));
	imp = calloc(1, sizeof(*imp));
	if (!imp)
		return NULL;
	memcpy(imp->fp, fp, ESVC_FP_LEN);
	esvc_list_init(&imp->lru);
	esvc_list_add_tail(&t->lru, &imp->lru);
	imp->next = *at;
	*at = imp;
	t->count++;
	return imp;
}

void esvc_import_set_live(struct esvc_imports *t, struct esvc_import *imp, bool live)
{
	imp->live = live;
	if (live)
		esvc_list_del(&imp->lru);
	else
		esvc_list_move_tail(&t->lru, &imp->lru);
}
