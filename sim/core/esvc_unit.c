// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_unit_priv.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "esvc_unit_kat.h"

#define QUOTA_HANDLES_MIN	8u
#define QUOTA_PENDING_MIN	4u

static uint32_t at_least(uint32_t n, uint32_t min)
{
	return n < min ? min : n;
}

/* A function that is alone has no quota; one that is not leaves as much to others as it can have. */
static uint32_t share(const struct esvc_unit_config *cfg, uint32_t n)
{
	return cfg->functions > 1 ? n / 2 : UINT32_MAX;
}

static void set_quotas(struct esvc_unit *unit)
{
	const struct esvc_unit_config *cfg = &unit->cfg;

	unit->session_handles = at_least(cfg->handle_max / 4, QUOTA_HANDLES_MIN);
	unit->session_pending = at_least(cfg->key_max / 2, QUOTA_PENDING_MIN);
	unit->function_sessions = share(cfg, ESVC_SESSION_SLOTS);
	unit->function_handles = share(cfg, cfg->handle_max);
	unit->function_pending = share(cfg, cfg->key_max);
}

/*
 * A start that no other power-on of any unit is likely to share; it then counts
 * up, and 2^62 zeroisations don't happen. Generations begin anywhere too, so what named something in
 * an earlier life names nothing in this one. Both are public: one block of random bytes makes them.
 */
static int life_start(struct esvc_unit *unit)
{
	uint64_t drawn[ESVC_RNG_BLOCK / sizeof(uint64_t)];
	int err = esvc_rng_get(&unit->sec->rng, drawn, sizeof(drawn));

	unit->epoch = drawn[0] >> 2 | 1;
	unit->life = drawn[1];
	esvc_sessions_begin(&unit->sessions, esvc_life_sessions(unit));
	esvc_handles_begin(&unit->handles, esvc_life_handles(unit));
	return err;
}

static void lock(struct esvc_unit *unit, unsigned int test)
{
	if (!unit->selftest_failed)
		unit->selftest_failed = (uint8_t)test;
}

/* What HPKE seals to, for this epoch; it passes the test of every pair (UNIT-33), and it is that test which fails. */
static int provision_pair(struct esvc_unit *unit)
{
	const struct esvc_ke_method *m = esvc_ke_method(ESV_KE_X25519);
	uint8_t *priv = unit->sec->provision_key;
	int err = esvc_rng_get(&unit->sec->rng, priv, ESVC_HPKE_PRIV);

	if (!err)
		err = esvc_ke_public(m, priv, unit->provision_pub);
	if (err)
		return err;
	err = esvc_ke_pairwise(m, priv, unit->provision_pub, unit->sec->pairwise);
	if (err)
		lock(unit, ESVC_KAT_PAIRWISE);
	return err;
}

static int secrets_draw(struct esvc_unit *unit)
{
	int err = esvc_rng_get(&unit->sec->rng, unit->sec->token_key, sizeof(unit->sec->token_key));

	if (!err)
		err = esvc_rng_get(&unit->sec->rng, unit->sec->import_key,
				   sizeof(unit->sec->import_key));
	return err ? err : provision_pair(unit);
}

/* The identity outlives every zeroisation. */
static int identity_new(struct esvc_unit *unit)
{
	uint8_t *drawn = unit->sec->wrapped;	/* not on the stack, which is no part of the arena */
	uint32_t slot;
	int err;

	unit->id_arena = esvc_arena_new(sizeof(struct esvc_identity), 1);
	err = unit->id_arena ? esvc_arena_get(unit->id_arena, &slot) : -errno;
	if (err)
		return err;
	unit->id = esvc_arena_at(unit->id_arena, slot);
	if (unit->cfg.device_secret)
		return esvc_identity_init(unit->id, unit->cfg.device_secret, unit->cfg.mode);
	err = esvc_rng_get(&unit->sec->rng, drawn, ESVC_DEVICE_SECRET);
	if (!err)
		err = esvc_identity_init(unit->id, drawn, unit->cfg.mode);
	OPENSSL_cleanse(drawn, ESVC_DEVICE_SECRET);
	return err;
}

/* The slot is wiped by giving it back; the arena has only this one. */
static int secrets_new(struct esvc_unit *unit)
{
	uint32_t slot;
	int err = esvc_arena_get(unit->own, &slot);

	if (err)
		return err;
	unit->sec = esvc_arena_at(unit->own, slot);
	esvc_rng_init(&unit->sec->rng, unit->cfg.ops, unit->cfg.opaque);
	return 0;
}

/* The random source's state is wiped with the rest, but what its health tests found is not forgotten. */
static void secrets_forget(struct esvc_unit *unit)
{
	bool bad = unit->sec->rng.failed;

	OPENSSL_cleanse(unit->sec, sizeof(*unit->sec));
	esvc_rng_init(&unit->sec->rng, unit->cfg.ops, unit->cfg.opaque);
	unit->sec->rng.failed = bad;
	memset(unit->provision_pub, 0, sizeof(unit->provision_pub));
}

/* A locked unit is not opened before power off: it holds no secret, not even one that outlives zeroisation (UNIT-30). */
static void forget(struct esvc_unit *unit)
{
	secrets_forget(unit);
	if (unit->id)
		OPENSSL_cleanse(unit->id, sizeof(*unit->id));
}

void esvc_unit_fail(struct esvc_unit *unit, unsigned int test)
{
	lock(unit, test);
	esvc_unit_zeroize(unit);
}

unsigned int esvc_unit_selftest(struct esvc_unit *unit)
{
	unsigned int failed = esvc_kat_run(&unit->prfs, unit->cfg.aead, unit->ke_methods);

	if (!failed && esvc_rng_startup(&unit->sec->rng) == -EBADMSG)
		failed = ESVC_KAT_RANDOM;
	if (!failed && !unit->selftest_failed && esvc_attestor_selftest(unit))
		failed = ESVC_KAT_ATTEST;
	if (failed && !unit->selftest_failed)
		esvc_unit_fail(unit, failed);
	return unit->selftest_failed;
}

/* A fault of the test rig. Those that are not here spoil a pair instead. */
static unsigned int armed(const struct esvc_unit_config *cfg)
{
	if (!cfg->fail_selftest || cfg->fail_n == ESVC_KAT_PAIRWISE || cfg->fail_n == ESVC_KAT_ATTEST)
		return 0;
	return cfg->fail_n ? cfg->fail_n & 0xff : 1;
}

static int power_on_secrets(struct esvc_unit *unit)
{
	int err = secrets_draw(unit);

	if (!err)
		err = identity_new(unit);
	return err ? err : esvc_attestor_init(unit);
}

/* Power-on: every test, then the secrets, in a unit that may have any. */
static int power_on(struct esvc_unit *unit)
{
	unsigned int failed = esvc_kat_run(&unit->prfs, unit->cfg.aead, unit->ke_methods);
	int err;

	lock(unit, failed ? failed : armed(&unit->cfg));
	err = esvc_rng_startup(&unit->sec->rng);
	if (!err)
		err = life_start(unit);
	if (!err && !unit->selftest_failed)
		err = power_on_secrets(unit);
	if (err == -EBADMSG)
		lock(unit, ESVC_KAT_RANDOM);
	if (err == -EKEYREJECTED)
		lock(unit, ESVC_KAT_ATTEST);
	if (unit->selftest_failed)
		forget(unit);
	return err == -EBADMSG || err == -EKEYREJECTED ? 0 : err;
}

struct esvc_unit *esvc_unit_new(const struct esvc_unit_config *cfg)
{
	struct esvc_unit *unit = calloc(1, sizeof(*unit));
	int err;

	if (!unit)
		return NULL;
	unit->cfg = *cfg;
	unit->ke_methods = esvc_ke_methods(cfg->ke_methods);
	set_quotas(unit);
	esvc_sessions_init(&unit->sessions);
	err = esvc_prfs_init(&unit->prfs);
	if (err)
		goto fail;
	unit->own = esvc_arena_new(sizeof(struct esvc_unit_secrets), 1);
	err = unit->own ? secrets_new(unit) : -errno;
	if (err)
		goto fail;
	err = esvc_handles_init(&unit->handles, cfg->handle_max);
	if (err)
		goto fail;
	err = esvc_keys_init(unit);
	if (err)
		goto fail;
	err = power_on(unit);
	if (err)
		goto fail;
	return unit;
fail:
	esvc_unit_free(unit);
	errno = -err;
	return NULL;
}

void esvc_unit_free(struct esvc_unit *unit)
{
	if (!unit)
		return;
	esvc_keys_free(unit);
	esvc_handles_free(&unit->handles);
	esvc_arena_free(unit->own);
	esvc_arena_free(unit->id_arena);
	esvc_prfs_free(&unit->prfs);
	free(unit);
}

void esvc_unit_wipe(struct esvc_unit *unit, struct esvc_session *s, bool detached)
{
	while (!esvc_list_empty(&s->handles))
		esvc_handle_drop(&unit->handles,
				 esvc_container(s->handles.next, struct esvc_handle, link));
	while (!esvc_list_empty(&s->keys)) {
		struct esvc_keyslot *k = esvc_container(s->keys.next, struct esvc_keyslot, owned);

		if (k->state == ESVC_SLOT_LIVE || (k->detached && !detached))
			esvc_key_disown(k);
		else
			esvc_key_drop(unit, k);
	}
}

void esvc_unit_close(struct esvc_unit *unit, struct esvc_session *s)
{
	esvc_unit_wipe(unit, s, false);
	esvc_session_close(&unit->sessions, s);
}

static void close_all(struct esvc_unit *unit, int function)
{
	for (unsigned int i = 0; i < ESVC_SESSION_SLOTS; i++) {
		struct esvc_session *s = &unit->sessions.s[i];

		if (s->open && (function < 0 || s->function == function))
			esvc_unit_close(unit, s);
	}
}

void esvc_unit_zeroize_function(struct esvc_unit *unit, uint16_t function)
{
	close_all(unit, function);
	esvc_keys_kill(unit, function);
}

/* Without randomness the unit is locked: it must not run with the token secret that it had. */
void esvc_unit_zeroize(struct esvc_unit *unit)
{
	close_all(unit, -1);
	esvc_keys_zeroize(unit);
	secrets_forget(unit);
	unit->epoch++;
	unit->resets++;
	if (!unit->selftest_failed && secrets_draw(unit))
		lock(unit, ESVC_KAT_RANDOM);
	if (unit->selftest_failed)
		forget(unit);
}

enum esv_status esvc_unit_random(struct esvc_unit *unit, void *buf, size_t len)
{
	int err = esvc_rng_get(&unit->sec->rng, buf, len);

	if (err != -EBADMSG)
		return err ? ESV_S_NO_RANDOM : ESV_S_OK;
	esvc_unit_fail(unit, ESVC_KAT_RANDOM);
	return ESV_S_SELFTEST_FAILED;
}

uint8_t esvc_unit_generation(const struct esvc_unit *unit)
{
	return (uint8_t)(unit->life >> 56);
}

uint64_t esvc_unit_epoch(const struct esvc_unit *unit)
{
	return unit->epoch;
}

unsigned int esvc_unit_failed(const struct esvc_unit *unit)
{
	return unit->selftest_failed;
}
