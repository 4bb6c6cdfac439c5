// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_unit_priv.h"

#include <openssl/crypto.h>
#include <string.h>

int esvc_key_token(struct esvc_unit *unit, const struct esvc_keyslot *s, uint8_t token[ESV_TOKEN_LEN])
{
	const struct esvc_token_id id = {
		.device_id = unit->cfg.device_id,
		.epoch = unit->epoch,
		.slot = s->key.slot,
		.generation = s->gen,
		.function = s->key.bind.function,
		.dir = s->key.bind.dir,
		.suite = s->key.bind.algo,
	};

	return esvc_token_make(&unit->prfs, unit->sec->token_key, &id, token);
}

static bool binding_same(const struct esvc_binding *a, const struct esvc_binding *b)
{
	return a->function == b->function && a->spi == b->spi && a->family == b->family &&
	       a->mode == b->mode && a->dir == b->dir && a->algo == b->algo &&
	       !memcmp(a->saddr, b->saddr, sizeof(a->saddr)) &&
	       !memcmp(a->daddr, b->daddr, sizeof(a->daddr));
}

/* The slot that a token names, if it may still be installed by whoever asks. */
static struct esvc_keyslot *token_slot(struct esvc_unit *unit, const uint8_t token[ESV_TOKEN_LEN],
				    const struct esvc_binding *bind)
{
	struct esvc_token_id id = { .device_id = unit->cfg.device_id, .epoch = unit->epoch };
	struct esvc_keyslot *s;

	if (esvc_token_read(&unit->prfs, unit->sec->token_key, token, &id) ||
	    id.slot >= unit->slots_used)
		return NULL;
	s = &unit->slot[id.slot];
	if (s->gen != id.generation ||
	    (s->state != ESVC_SLOT_PENDING && s->state != ESVC_SLOT_RELEASED))
		return NULL;
	if (bind->function != id.function || bind->dir != id.dir || bind->algo != id.suite)
		return NULL;
	return s;
}

enum esv_status esvc_key_from_token(struct esvc_unit *unit, const uint8_t token[ESV_TOKEN_LEN],
				    const struct esvc_binding *bind, struct esvc_key **key, bool *continued)
{
	struct esvc_keyslot *s;

	if (unit->selftest_failed)
		return ESV_S_SELFTEST_FAILED;
	esvc_unit_expire(unit, unit->cfg.ops->time_ns(unit->cfg.opaque));
	s = token_slot(unit, token, bind);
	if (!s || ((s->bound || s->fixed) && !binding_same(&s->key.bind, bind)))
		return ESV_S_KEY_REJECTED;
	*continued = s->bound;
	s->key.bind = *bind;
	s->bound = true;
	esvc_keyslot_state(unit, s, ESVC_SLOT_LIVE);
	*key = &s->key;
	return ESV_S_OK;
}

/* Nothing but zeros in the cipher key, whatever the salt, is no key. */
static bool material_weak(const uint8_t *material, size_t len)
{
	static const uint8_t zero[ESVC_ESP_MATERIAL];

	return len <= ESVC_SALT_LEN || !CRYPTO_memcmp(material, zero, len - ESVC_SALT_LEN);
}

/* A token that waits to be continued ends when its key is brought once more; the record takes its counters back. */
static void give_way(struct esvc_unit *unit, const struct esvc_import *imp)
{
	for (struct esvc_list *l = unit->released.next; l != &unit->released; l = l->next) {
		struct esvc_keyslot *s = esvc_container(l, struct esvc_keyslot, link);

		if (s->import != imp)
			continue;
		esvc_key_drop(unit, s);
		return;
	}
}

/* A record for a key that is not in use; a new sender's one gets its random IV base. */
static enum esv_status import_record(struct esvc_unit *unit, const uint8_t *material, size_t len,
				     const struct esvc_binding *bind, struct esvc_import **imp)
{
	uint8_t fp[ESVC_FP_LEN];
	enum esv_status status;
	uint64_t base = 0;

	if (esvc_import_fp(&unit->prfs, unit->sec->import_key, bind->dir, bind->spi, material, len, fp))
		return ESV_S_INTERNAL;
	*imp = esvc_import_find(&unit->imports, fp);
	if (*imp && (*imp)->live)
		give_way(unit, *imp);
	if (*imp)
		return (*imp)->live || !(*imp)->iv_left ? ESV_S_KEY_REJECTED : ESV_S_OK;
	if (bind->dir == ESV_DIR_OUT) {
		status = esvc_unit_random(unit, &base, sizeof(base));
		if (status != ESV_S_OK)
			return status;
	}
	*imp = esvc_import_add(&unit->imports, fp);
	if (!*imp)
		return ESV_S_NO_RESOURCE;
	(*imp)->iv = base;
	(*imp)->iv_left = ESVC_IMPORT_IVS;
	(*imp)->max_packets = ESV_NO_LIMIT;
	(*imp)->max_bytes = ESV_NO_LIMIT;
	return ESV_S_OK;
}

/* Hand the record's state to the key object: nothing of it ever goes back, whatever the key is bound to (KEY-14). */
static bool import_resume(struct esvc_unit *unit, struct esvc_import *imp, struct esvc_keyslot *s,
			  const struct esvc_binding *bind)
{
	bool known = imp->spi;

	s->key.iv = imp->iv;
	s->key.iv_left = imp->iv_left;
	s->key.seq = imp->seq;
	s->key.packets = imp->packets;
	s->key.bytes = imp->bytes;
	s->key.max_packets = imp->max_packets;
	s->key.max_bytes = imp->max_bytes;
	s->key.replay = imp->replay;
	memset(&imp->replay, 0, sizeof(imp->replay));
	imp->spi = bind->spi;
	s->import = imp;
	esvc_import_set_live(&unit->imports, imp, true);
	return known;
}

static enum esv_status import_check(const uint8_t *material, size_t len, const struct esvc_binding *bind)
{
	if (len > ESVC_ESP_MATERIAL)
		return ESV_S_BAD_LENGTH;
	if (material_weak(material, len))
		return ESV_S_KEY_WEAK;
	if (len != esvc_encr_len(bind->algo))
		return ESV_S_BAD_LENGTH;
	return esvc_is_token(material, len) ? ESV_S_KEY_REJECTED : ESV_S_OK;
}

/* A slot for key material of somebody else's; the caller says whose, and moves it on. */
static enum esv_status import_key(struct esvc_unit *unit, const uint8_t *material, size_t len,
				  const struct esvc_binding *bind, struct esvc_keyslot **slot, bool *continued)
{
	enum esv_status status = import_check(material, len, bind);
	struct esvc_import *imp;
	struct esvc_keyslot *s;

	if (status == ESV_S_OK)
		status = import_record(unit, material, len, bind, &imp);
	if (status != ESV_S_OK)
		return status;
	s = esvc_keyslot_new(unit, material, len);
	if (!s)
		return ESV_S_NO_RESOURCE;
	*continued = import_resume(unit, imp, s, bind);
	s->key.bind = *bind;
	*slot = s;
	return ESV_S_OK;
}

enum esv_status esvc_key_from_host(struct esvc_unit *unit, const uint8_t *material, size_t len,
				   const struct esvc_binding *bind, struct esvc_key **key, bool *continued)
{
	struct esvc_keyslot *s;
	enum esv_status status;

	if (unit->selftest_failed)
		return ESV_S_SELFTEST_FAILED;
	if (!(unit->cfg.mode & ESV_MODE_HOST_KEYS))
		return ESV_S_DENIED;
	status = import_key(unit, material, len, bind, &s, continued);
	if (status != ESV_S_OK)
		return status;
	s->key.custody = ESV_CUSTODY_L1;
	s->bound = true;
	esvc_keyslot_state(unit, s, ESVC_SLOT_LIVE);
	*key = &s->key;
	return ESV_S_OK;
}

enum esv_status esvc_key_wrapped(struct esvc_unit *unit, struct esvc_session *owner, const uint8_t *material,
				 size_t len, const struct esvc_binding *bind, struct esvc_keyslot **slot)
{
	struct esvc_keyslot *s;
	enum esv_status status;
	bool continued;

	status = import_key(unit, material, len, bind, &s, &continued);
	if (status != ESV_S_OK)
		return status;
	s->key.custody = ESV_CUSTODY_L2;
	s->bound = continued;
	s->fixed = true;
	s->owner = owner;
	esvc_list_move_tail(&owner->keys, &s->owned);
	esvc_keyslot_state(unit, s, ESVC_SLOT_PENDING);
	*slot = s;
	return ESV_S_OK;
}

void esvc_key_release(struct esvc_unit *unit, struct esvc_key *key)
{
	struct esvc_keyslot *s = esvc_container(key, struct esvc_keyslot, key);

	/* A host key has no token to come back by: the record knows how far it came. */
	if (s->state == ESVC_SLOT_DEAD || (s->import && !s->fixed) || (!s->owner && !s->detached))
		esvc_key_drop(unit, s);
	else
		esvc_keyslot_state(unit, s, ESVC_SLOT_RELEASED);
}
