// SPDX-License-Identifier: GPL-2.0-or-later
/* Key objects: memory, states, ownership, expiry. What may become of one is decided in esvc_key.c. */
#include "esvc_unit_priv.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

static size_t align(size_t n)
{
	return (n + ESVC_ARENA_ALIGN - 1) / ESVC_ARENA_ALIGN * ESVC_ARENA_ALIGN;
}

static bool test_mode(const struct esvc_unit *unit)
{
	return unit->cfg.mode & ESV_MODE_TEST;
}

int esvc_keys_init(struct esvc_unit *unit)
{
	size_t size;

	esvc_list_init(&unit->free);
	esvc_list_init(&unit->pending);
	esvc_list_init(&unit->released);
	unit->salt_off = align(esvc_aead_ctx_size(unit->cfg.aead));
	unit->raw_off = unit->salt_off + ESVC_SALT_LEN;
	size = unit->raw_off + (test_mode(unit) ? ESVC_ESP_MATERIAL : 0);
	unit->key_arena = esvc_arena_new(size, unit->cfg.key_max);
	if (!unit->key_arena)
		return -errno;
	unit->slot = calloc(unit->cfg.key_max, sizeof(*unit->slot));
	if (!unit->slot)
		return -ENOMEM;
	return esvc_imports_init(&unit->imports, unit->cfg.key_max);
}

void esvc_keys_free(struct esvc_unit *unit)
{
	for (uint32_t i = 0; unit->slot && i < unit->slots_used; i++) {
		esvc_replay_free(&unit->slot[i].key.replay);
		free(unit->slot[i].peer);
	}
	esvc_imports_free(&unit->imports);
	esvc_arena_free(unit->key_arena);
	free(unit->slot);
}

uint32_t esvc_key_room(const struct esvc_unit *unit)
{
	uint32_t n = unit->cfg.key_max - unit->slots_used;

	for (const struct esvc_list *l = unit->free.next; l != &unit->free && n < 2; l = l->next)
		n++;
	for (const struct esvc_list *l = unit->released.next; l != &unit->released && n < 2; l = l->next)
		n++;
	return n;
}

/* An unused entry; a token that waits for a second install goes first when there is none. */
static struct esvc_keyslot *take(struct esvc_unit *unit)
{
	struct esvc_keyslot *s;

	if (esvc_list_empty(&unit->free) && unit->slots_used < unit->cfg.key_max) {
		s = &unit->slot[unit->slots_used++];
		s->gen = esvc_life_handles(unit);
		esvc_list_init(&s->link);
		esvc_list_init(&s->owned);
		return s;
	}
	if (esvc_list_empty(&unit->free) && !esvc_list_empty(&unit->released))
		esvc_key_drop(unit, esvc_container(unit->released.next, struct esvc_keyslot, link));
	if (esvc_list_empty(&unit->free))
		return NULL;
	s = esvc_container(unit->free.next, struct esvc_keyslot, link);
	esvc_list_del(&s->link);
	return s;
}

/* Cipher context, salt and, in test mode, the raw key. */
static int fill(struct esvc_unit *unit, struct esvc_keyslot *s, const uint8_t *material, size_t len)
{
	uint8_t *mem;

	if (esvc_arena_get(unit->key_arena, &s->arena))
		return -ENOMEM;
	mem = esvc_arena_at(unit->key_arena, s->arena);
	if (esvc_aead_setkey(unit->cfg.aead, mem, material, len - ESVC_SALT_LEN)) {
		esvc_arena_put(unit->key_arena, s->arena);
		return -EINVAL;
	}
	memcpy(mem + unit->salt_off, material + len - ESVC_SALT_LEN, ESVC_SALT_LEN);
	if (test_mode(unit))
		memcpy(mem + unit->raw_off, material, len);
	s->key.aead_ctx = mem;
	s->key.salt = mem + unit->salt_off;
	return 0;
}

struct esvc_keyslot *esvc_keyslot_new(struct esvc_unit *unit, const uint8_t *material, size_t len)
{
	struct esvc_keyslot *s = take(unit);

	if (!s)
		return NULL;
	memset(&s->key, 0, sizeof(s->key));
	if (fill(unit, s, material, len)) {
		esvc_list_add_tail(&unit->free, &s->link);
		return NULL;
	}
	s->key.epoch = unit->epoch;
	s->key.slot = (uint32_t)(s - unit->slot);
	s->gen = s->gen == UINT32_MAX ? 1 : s->gen + 1;
	s->bound = false;
	s->fixed = false;
	s->detached = false;
	s->import = NULL;
	s->owner = NULL;
	return s;
}

void esvc_keyslot_state(struct esvc_unit *unit, struct esvc_keyslot *s, enum esvc_keyslot_state state)
{
	struct esvc_list *list[] = {
		[ESVC_SLOT_FREE] = &unit->free,
		[ESVC_SLOT_PENDING] = &unit->pending,
		[ESVC_SLOT_RELEASED] = &unit->released,
		[ESVC_SLOT_LIVE] = NULL,
		[ESVC_SLOT_DEAD] = NULL,
	};
	int pending = (state == ESVC_SLOT_PENDING) - (s->state == ESVC_SLOT_PENDING);

	unit->nr_pending += pending;
	unit->nr_live += (state == ESVC_SLOT_LIVE) - (s->state == ESVC_SLOT_LIVE);
	if (s->owner)
		s->owner->nr_pending += pending;
	s->state = (uint8_t)state;
	s->key.installed = state == ESVC_SLOT_LIVE;
	esvc_list_del(&s->link);
	if (list[state])
		esvc_list_add_tail(list[state], &s->link);
}

void esvc_key_disown(struct esvc_keyslot *s)
{
	if (!s->owner)
		return;
	s->owner->nr_pending -= s->state == ESVC_SLOT_PENDING;
	s->owner = NULL;
	esvc_list_del(&s->owned);
}

struct esvc_keyslot *esvc_key_make(struct esvc_unit *unit, struct esvc_session *owner, uint8_t dir,
				   const uint8_t *material)
{
	struct esvc_keyslot *s = esvc_keyslot_new(unit, material, ESVC_ESP_MATERIAL);

	if (!s)
		return NULL;
	s->key.iv_left = ESVC_KEY_PACKETS;
	s->key.max_packets = ESVC_KEY_PACKETS;
	s->key.max_bytes = ESVC_KEY_BYTES;
	s->key.bind.function = owner->function;
	s->key.bind.dir = dir;
	s->key.bind.algo = ESV_ALGO_AES_GCM_16_256;
	s->owner = owner;
	esvc_list_move_tail(&owner->keys, &s->owned);
	esvc_keyslot_state(unit, s, ESVC_SLOT_PENDING);
	return s;
}

int esvc_key_set_peer(struct esvc_keyslot *s, uint8_t id_type, const uint8_t *id, uint16_t id_len)
{
	s->peer = malloc(sizeof(*s->peer) + id_len);
	if (!s->peer)
		return -ENOMEM;
	s->peer->id_type = id_type;
	s->peer->id_len = id_len;
	memcpy(s->peer->id, id, id_len);
	return 0;
}

static void import_save(struct esvc_keyslot *s)
{
	struct esvc_import *imp = s->import;

	imp->iv = s->key.iv;
	imp->iv_left = s->key.iv_left;
	imp->seq = s->key.seq;
	imp->packets = s->key.packets;
	imp->bytes = s->key.bytes;
	if (!s->fixed)	/* the host's own key: its limits bind nobody */
		return;
	imp->max_packets = s->key.max_packets;
	imp->max_bytes = s->key.max_bytes;
}

/* The window moves last: until the SA lets go, it looks into it. */
static void import_detach(struct esvc_unit *unit, struct esvc_keyslot *s)
{
	struct esvc_import *imp = s->import;

	if (s->state != ESVC_SLOT_DEAD)
		import_save(s);
	imp->replay = s->key.replay;
	memset(&s->key.replay, 0, sizeof(s->key.replay));
	esvc_import_set_live(&unit->imports, imp, false);
	s->import = NULL;
}

void esvc_key_drop(struct esvc_unit *unit, struct esvc_keyslot *s)
{
	if (s->import)
		import_detach(unit, s);
	esvc_key_disown(s);
	esvc_replay_free(&s->key.replay);
	free(s->peer);
	s->peer = NULL;
	esvc_arena_put(unit->key_arena, s->arena);
	esvc_keyslot_state(unit, s, ESVC_SLOT_FREE);
	memset(&s->key, 0, sizeof(s->key));
}

/*
 * An SA still points at the key. A fresh random key that nobody knows takes
 * the old one's place, and nothing may be sent: whatever the SA does, it
 * produces and accepts nothing.
 */
static void kill_borrowed(struct esvc_unit *unit, struct esvc_keyslot *s)
{
	uint8_t *mem = s->key.aead_ctx, *fresh = unit->sec->dead;

	if (s->import)
		import_save(s);
	OPENSSL_cleanse(mem, unit->raw_off + (test_mode(unit) ? ESVC_ESP_MATERIAL : 0));
	if (RAND_priv_bytes(fresh, ESVC_ESP_MATERIAL) == 1)
		esvc_aead_setkey(unit->cfg.aead, mem, fresh, ESVC_ESP_MATERIAL - ESVC_SALT_LEN);
	OPENSSL_cleanse(fresh, ESVC_ESP_MATERIAL);
	s->key.iv_left = 0;
	s->key.max_packets = 0;
	s->key.max_bytes = 0;
	s->key.epoch = 0;
	esvc_key_disown(s);
	esvc_keyslot_state(unit, s, ESVC_SLOT_DEAD);
}

void esvc_keys_kill(struct esvc_unit *unit, int function)
{
	for (uint32_t i = 0; i < unit->slots_used; i++) {
		struct esvc_keyslot *s = &unit->slot[i];

		if (function >= 0 && s->key.bind.function != function)
			continue;
		if (s->state == ESVC_SLOT_LIVE)
			kill_borrowed(unit, s);
		else if (s->state == ESVC_SLOT_PENDING || s->state == ESVC_SLOT_RELEASED)
			esvc_key_drop(unit, s);
	}
}

void esvc_keys_zeroize(struct esvc_unit *unit)
{
	esvc_keys_kill(unit, -1);
	for (uint32_t i = 0; i < unit->slots_used; i++)
		unit->slot[i].import = NULL;
	esvc_imports_clear(&unit->imports);
	unit->next_expiry_ns = 0;
}

void esvc_key_deadline(struct esvc_unit *unit, struct esvc_keyslot *s, uint64_t at_ns)
{
	s->deadline_ns = at_ns;
	if (!unit->next_expiry_ns || at_ns < unit->next_expiry_ns)
		unit->next_expiry_ns = at_ns;
}

/* Tokens are few and short-lived, so the list is walked when the earliest of them is due. */
uint64_t esvc_unit_expire(struct esvc_unit *unit, uint64_t now_ns)
{
	struct esvc_list *l, *next;

	if (!unit->next_expiry_ns || now_ns < unit->next_expiry_ns)
		return unit->next_expiry_ns;
	unit->next_expiry_ns = 0;
	for (l = unit->pending.next; l != &unit->pending; l = next) {
		struct esvc_keyslot *s = esvc_container(l, struct esvc_keyslot, link);

		next = l->next;
		if (s->deadline_ns <= now_ns)
			esvc_key_drop(unit, s);
		else
			esvc_key_deadline(unit, s, s->deadline_ns);
	}
	return unit->next_expiry_ns;
}

uint64_t esvc_key_handle(const struct esvc_unit *unit, const struct esvc_keyslot *s)
{
	return (uint64_t)s->gen << 32 | ESVC_HANDLE_ESP | s->key.slot;
}

struct esvc_keyslot *esvc_key_get(struct esvc_unit *unit, const struct esvc_session *owner,
				  uint64_t handle)
{
	uint32_t i = (uint32_t)handle & ~ESVC_HANDLE_ESP;
	struct esvc_keyslot *s;

	if (!(handle & ESVC_HANDLE_ESP) || i >= unit->slots_used)
		return NULL;
	s = &unit->slot[i];
	if (s->state == ESVC_SLOT_FREE || s->owner != owner || s->gen != handle >> 32)
		return NULL;
	return s;
}

/* Keys to receive with are never used up: what was sent may still arrive (SP 800-57 part 1, 5.3.4). */
uint8_t esvc_keyslot_shown(const struct esvc_keyslot *k)
{
	const struct esvc_key *key = &k->key;

	if (key->bind.dir == ESV_DIR_OUT && (!key->iv_left || key->packets >= key->max_packets ||
					     key->bytes >= key->max_bytes))
		return ESV_HS_DEACTIVATED;
	if (key->installed)
		return ESV_HS_INSTALLED;
	return k->state == ESVC_SLOT_RELEASED ? ESV_HS_SUSPENDED : ESV_HS_NEW;
}

const uint8_t *esvc_key_raw(const struct esvc_unit *unit, const struct esvc_keyslot *s)
{
	return (const uint8_t *)s->key.aead_ctx + unit->raw_off;
}
