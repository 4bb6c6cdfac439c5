// SPDX-License-Identifier: GPL-2.0-or-later
/* SA storage and lookup (clauses SA-2 to SA-4). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "esvc_parse.h"
#include "esvc_sadb.h"

#define LINE 64

static uint32_t hash_of(const struct esvc_sadb *db, uint32_t spi, uint8_t family, const uint8_t *daddr)
{
	uint32_t words[6] = { spi, family };
	size_t len = esvc_addr_len(family);

	memcpy(words + 2, daddr, len);
	return esvc_hash(&db->seed, words, 2 + (unsigned int)len / 4) & db->hash_mask;
}

static uint32_t *bucket(const struct esvc_sadb *db, const struct esvc_sa *sa)
{
	return &db->hash[hash_of(db, sa->spi, sa->family, sa->daddr)];
}

int esvc_sadb_init(struct esvc_sadb *db, uint32_t max)
{
	uint32_t size = 64;

	memset(db, 0, sizeof(*db));
	while (size < max)
		size *= 2;
	/* calloc leaves untouched pages to the system, and the tables are large. */
	db->mem = calloc(1, (size_t)max * sizeof(struct esvc_sa) + LINE);
	db->hash = calloc(size, sizeof(*db->hash));
	db->hash_mask = size - 1;
	if (!db->mem || !db->hash || esvc_objtab_init(&db->tab, max)) {
		free(db->mem);
		free(db->hash);
		return -ENOMEM;
	}
	if (esvc_hash_init(&db->seed)) {
		esvc_sadb_fini(db);
		return -EIO;
	}
	db->sa = (void *)(((uintptr_t)db->mem + LINE - 1) & ~(uintptr_t)(LINE - 1));
	return 0;
}

void esvc_sadb_fini(struct esvc_sadb *db)
{
	free(db->mem);
	free(db->hash);
	esvc_objtab_fini(&db->tab);
	memset(db, 0, sizeof(*db));
}

struct esvc_sa *esvc_sadb_get(const struct esvc_sadb *db, uint32_t handle)
{
	uint32_t index = ESV_HANDLE_INDEX(handle);

	/* The SA itself says which generation lives: no second cache line. */
	if (!handle || index >= db->tab.max || db->sa[index].handle != handle)
		return NULL;
	return &db->sa[index];
}

struct esvc_sa *esvc_sadb_find(const struct esvc_sadb *db, uint8_t dir, uint8_t family, uint32_t spi,
			       const uint8_t *daddr)
{
	uint32_t at = db->hash[hash_of(db, spi, family, daddr)];
	struct esvc_sa *sa;

	for (; at; at = sa->hash_next) {
		sa = &db->sa[at - 1];
		if (sa->spi == spi && sa->dir == dir && sa->family == family &&
		    !memcmp(sa->daddr, daddr, esvc_addr_len(family)))
			return sa;
	}
	return NULL;
}

struct esvc_sa *esvc_sadb_alloc(struct esvc_sadb *db)
{
	struct esvc_sa_cold *cold = calloc(1, sizeof(*cold));
	uint32_t handle = cold ? esvc_objtab_get(&db->tab) : 0;
	struct esvc_sa *sa;

	if (!handle) {
		free(cold);
		return NULL;
	}
	sa = &db->sa[ESV_HANDLE_INDEX(handle)];
	memset(sa, 0, sizeof(*sa));
	sa->handle = handle;
	sa->cold = cold;
	return sa;
}

void esvc_sadb_insert(struct esvc_sadb *db, struct esvc_sa *sa)
{
	uint32_t *head = bucket(db, sa);

	sa->hash_next = *head;
	*head = ESV_HANDLE_INDEX(sa->handle) + 1;
}

void esvc_sadb_unhash(struct esvc_sadb *db, struct esvc_sa *sa)
{
	uint32_t *pos = bucket(db, sa), me = ESV_HANDLE_INDEX(sa->handle) + 1;

	while (*pos != me)
		pos = &db->sa[*pos - 1].hash_next;
	*pos = sa->hash_next;
}

void esvc_sadb_unhash_all(struct esvc_sadb *db)
{
	memset(db->hash, 0, (db->hash_mask + 1ul) * sizeof(*db->hash));
}

void esvc_sadb_free(struct esvc_sadb *db, struct esvc_sa *sa)
{
	esvc_objtab_put(&db->tab, sa->handle);
	free(sa->cold);
	memset(sa, 0, sizeof(*sa));
}
