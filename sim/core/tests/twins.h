/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two devices that talk to each other, with secrets that belong to one world, and commands
 * for them that are recorded. What the random source gives before the first
 * secret is the same in all worlds: it becomes the epoch and where generations begin, which are public. So handles
 * and session ids are compared as they are.
 */
#ifndef TWINS_H
#define TWINS_H

#include "recorder.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "esvc_rng.h"
#include "esvc_unit_cmd.h"
#include "ike_init.h"

#define MEMORY		(2u << 20)
#define HANG_AT		4	/* the command of the second device that is never completed, for ABORT */
#define WRONG_SESSION	0x7fffffff
#define PUBLIC_BLOCKS	(ESVC_RNG_STARTUP / ESVC_RNG_BLOCK + 1)	/* self-test, epoch and generations */

static bool tolerant;	/* a core that was broken on purpose may refuse anything */

static void is(enum esv_status status, enum esv_status wanted)
{
	if (!tolerant)
		assert_int_equal(status, wanted);
}

#undef ok
#define ok(status)	is(status, ESV_S_OK)

struct end;
/* For who follows secrets: each that comes into being outside of the units, and the end of each command. */
static void (*secret_hook)(void *bytes, size_t len);
static void (*command_hook)(struct end *e);
/* For who tries more than refusals(): before each command of the unit, and when it is known how that ended. */
static void (*before_hook)(struct end *e, const struct esvh_cmd *c);
static void (*after_hook)(const struct esvh_cmd *c, enum esv_status status);

static void is_secret(void *bytes, size_t len)
{
	if (secret_hook)
		secret_hook(bytes, len);
}

struct end {
	struct esvh_host *h;
	struct esvh_drv d;
	struct watch w;
	uint64_t seed, blocks;
	uint8_t role, addr[4];
	uint32_t session, sa_out, sa_in;
	/* What the unit gave. */
	struct esv_nonce_out nonce;
	struct esv_ke_out ke;
	uint64_t secret, ike, psk, ppk, priv[2], pub[2], kek;
	struct esv_child_out child;
	struct blob init, auth;
};

struct world {
	struct end a, b;
	struct trace *t;
	uint8_t psk[32], ppk[32], kek[ESVC_KEK_LEN];
	struct blob priv[2][2], pub[2][2];	/* end, Ed25519 and P-256 */
};

/* A byte string that belongs to one world only. */
static void of_world(uint64_t seed, const char *what, uint8_t out[32])
{
	uint8_t in[64] = { 0 };

	memcpy(in, &seed, sizeof(seed));
	strncpy((char *)in + sizeof(seed), what, sizeof(in) - sizeof(seed) - 1);
	SHA256(in, sizeof(in), out);
}

static int source(struct esvh_host *h, void *buf, size_t len)
{
	struct end *e = esvc_container(h->watch_arg, struct end, w);
	uint8_t block[32];

	for (size_t at = 0; at < len; at += ESVC_RNG_BLOCK) {
		uint64_t in[] = { e->role, e->blocks, e->blocks < PUBLIC_BLOCKS ? 0 : e->seed };

		e->blocks++;
		SHA256((const uint8_t *)in, sizeof(in), block);
		memcpy((uint8_t *)buf + at, block, len - at < ESVC_RNG_BLOCK ? len - at : ESVC_RNG_BLOCK);
	}
	if (e->blocks > PUBLIC_BLOCKS)
		is_secret(buf, len);
	return 0;
}

static void power_up(struct world *w, struct end *e, uint8_t n, uint64_t seed)
{
	struct esvc_config cfg;

	esvc_config_default(&cfg);
	cfg.mac[5] = n;
	cfg.queue_pairs = 2;
	cfg.test_mode = true;
	cfg.sa_max = 16;
	cfg.policy_max = 16;
	cfg.handle_max = 256;
	cfg.backend = ESVC_AEAD_EVP;
	cfg.has_device_secret = true;
	if (n == ESV_ROLE_RESPONDER) {
		cfg.fault = ESVC_FAULT_ADMIN_HANG;
		cfg.fault_n = HANG_AT;
	}
	of_world(seed + n, "device", cfg.device_secret);
	is_secret(cfg.device_secret, sizeof(cfg.device_secret));
	e->role = n;
	e->seed = seed;
	memcpy(e->addr, (const uint8_t[]){ 10, 0, 0, n }, 4);
	e->w = (struct watch){ .t = w->t, .d = &e->d, .host = n };
	e->h = esvh_host_bare(MEMORY);
	esvh_drv_init(&e->d, e->h);
	e->d.tx_slot = 2048;
	watch(e->h, &e->w);
	e->h->random = source;
	esvh_host_power(e->h, &cfg);
	assert_non_null(e->h->dev);
	ok(esvh_drv_start(&e->d));
}

/* PKCS#8 says which kind of key it is; the key itself is behind a header of its own. */
static void key_is_secret(struct blob *priv)
{
	static const uint8_t header[] = { 4, 32 };	/* OCTET STRING */
	uint8_t *at = memmem(priv->b, priv->len, header, sizeof(header));

	assert_non_null(at);
	is_secret(at + sizeof(header), 32);
}

static void key_pair(struct blob *priv, struct blob *pub, EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	uint8_t *at = priv->b;

	priv->len = (size_t)i2d_PKCS8_PRIV_KEY_INFO(p8, &at);
	at = pub->b;
	pub->len = (size_t)i2d_PUBKEY(key, &at);
	key_is_secret(priv);
	PKCS8_PRIV_KEY_INFO_free(p8);
	EVP_PKEY_free(key);
}

static struct world *world_new(uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	uint8_t raw[32];

	w->t = trace_new();
	of_world(seed, "psk", w->psk);
	of_world(seed, "ppk", w->ppk);
	of_world(seed, "kek", w->kek);
	for (int k = 0; k < 2; k++) {
		of_world(seed + (uint64_t)k, "key", raw);
		key_pair(&w->priv[k][0], &w->pub[k][0],
			 EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, sizeof(raw)));
		key_pair(&w->priv[k][1], &w->pub[k][1], EVP_EC_gen("P-256"));
	}
	is_secret(w->psk, sizeof(w->psk));
	is_secret(w->ppk, sizeof(w->ppk));
	is_secret(w->kek, sizeof(w->kek));
	power_up(w, &w->a, ESV_ROLE_INITIATOR, seed);
	power_up(w, &w->b, ESV_ROLE_RESPONDER, seed);
	esvh_connect(w->a.h, w->b.h, 64);
	return w;
}

static struct trace *world_free(struct world *w)
{
	struct trace *t = w->t;

	esvh_host_free(w->a.h);
	esvh_host_free(w->b.h);
	free(w);
	return t;
}

/* --- commands --- */

static enum esv_status plain(struct end *e, struct esvh_cmd *c)
{
	enum esv_status status;
	struct esv_eqe ev;

	e->w.t->step++;
	e->w.opcode = c->opcode;
	e->w.hidden = false;
	status = esvh_cmd(&e->d, c);
	e->w.opcode = 0;
	if (command_hook)
		command_hook(e);
	record_registers(&e->w, &e->d);
	while (esvh_event(&e->d, &ev))
		;
	return status;
}

/* The command with one thing wrong in turn: the session, its length, what is reserved, what is a handle. */
static void refusals(struct end *e, const struct esvh_cmd *good)
{
	const struct shape s = shape_of(good->opcode);
	uint8_t in[ESV_ADMIN_BUF];
	struct esvh_cmd c = *good;

	c.object = WRONG_SESSION;
	plain(e, &c);
	c.object = good->object;
	c.out_cap = 0;
	if (good->out_cap)
		plain(e, &c);
	c.out_cap = good->out_cap;
	c.in = in;
	for (const struct field *f = s.in; f->size && f->off + 8u <= good->in_len; f++) {
		if (strncmp(f->name, "rsvd", 4) && strncmp(f->text, "handle", 6))
			continue;
		memcpy(in, good->in, good->in_len);
		in[f->off + (f->size >= 8 ? 7 : f->size - 1)] ^= 0x40;
		plain(e, &c);
	}
	c.in_len = 1;
	if (good->in_len > 1)
		plain(e, &c);
}

static bool has_handles(uint16_t opcode)
{
	for (const struct field *f = shape_of(opcode).in; f->size; f++)
		if (!strncmp(f->text, "handle", 6))
			return true;
	return false;
}

/* What goes wrong first, the command, and the command once more when its inputs are used up. */
static enum esv_status run(struct end *e, uint16_t opcode, const void *in, size_t in_len, void *out, size_t cap)
{
	struct esvh_cmd c = { .opcode = opcode, .object = e->session, .in = in, .in_len = in_len, .out = out,
			      .out_cap = cap };
	enum esv_status status;

	if (before_hook)
		before_hook(e, &c);
	refusals(e, &c);
	status = plain(e, &c);
	if (after_hook)
		after_hook(&c, status);
	c.out = NULL;
	if (status == ESV_S_OK && has_handles(opcode))
		plain(e, &c);
	return status;
}

/* Commands of the NIC: an object, inline bytes, perhaps an answer that is not looked at. */
static enum esv_status nic(struct end *e, uint16_t opcode, uint32_t object, uint32_t arg, size_t cap)
{
	uint32_t inl = htole32(arg);
	struct esvh_cmd c = { .opcode = opcode, .object = object, .inl = &inl, .inl_len = sizeof(inl), .out_cap = cap };

	return plain(e, &c);
}

static enum esv_status add(struct end *e, uint16_t opcode, const void *in, size_t in_len, uint32_t *object)
{
	struct esvh_cmd c = { .opcode = opcode, .in = in, .in_len = in_len };
	enum esv_status status = plain(e, &c);

	if (object)
		*object = le32toh(c.cqe.object);
	return status;
}

static void the_nic(struct end *e)
{
	struct esv_rss_params rss = { .key = { 1, 2, 3 } };
	struct esv_filter_params filter = { .count = htole16(1), .addr = { { 1, 0, 0x5e } } };
	struct esv_queue_params q = { .type = ESV_QUEUE_TX, .ring_log2 = 6, .vector = htole16(2),
				      .ring = htole64(esvh_alloc(e->h, 2048, 64)),
				      .shadow = htole64(esvh_alloc(e->h, 64, 64)) };

	ok(nic(e, ESV_OP_NOP, 0, 0x01020304, 0));
	ok(nic(e, ESV_OP_IDENTIFY, 0, 0, sizeof(struct esv_identify)));
	ok(nic(e, ESV_OP_FEATURES_SET, 0, ESV_FEAT_IPSEC | ESV_FEAT_UNIT, 0));
	is(nic(e, ESV_OP_FEATURES_SET, 0, 1u << 31, 0), ESV_S_BAD_FIELD);
	ok(add(e, ESV_OP_RSS_SET, &rss, sizeof(rss), NULL));
	ok(add(e, ESV_OP_RX_FILTER_SET, &filter, sizeof(filter), NULL));
	ok(nic(e, ESV_OP_SELFTEST, 0, 0, 0));
	e->w.opcode = ESV_OP_QUEUE_CREATE;
	ok(esvh_do(&e->d, ESV_OP_QUEUE_CREATE, 1, &q, sizeof(q)));
	ok(nic(e, ESV_OP_QUEUE_DESTROY, 1, ESV_QUEUE_TX, 0));
	is(nic(e, ESV_OP_QUEUE_DESTROY, 1, ESV_QUEUE_TX, 0), ESV_S_NOT_FOUND);
	ok(nic(e, ESV_OP_BYPASS_SET, 0, ESV_BYPASS_ALL, 0));
	ok(nic(e, ESV_OP_SPD_LOCK, 0, 0, 0));
	is(nic(e, ESV_OP_LOOKASIDE, 0, 0, 0), ESV_S_UNSUPPORTED_OP);
}

/* The responder's fault: one command that hangs until it is aborted. */
static void the_abort(struct end *e)
{
	const struct esv_sqe s = { .opcode = htole16(ESV_OP_NOP), .version = 1 };
	uint16_t tag = esvh_cmd_post(&e->d, &s);

	esvh_pump(e->h);
	is(nic(e, ESV_OP_ABORT, 0, tag + 1u, 0), ESV_S_NOT_FOUND);
	ok(nic(e, ESV_OP_ABORT, 0, tag, 0));
}

static struct esv_unit_status status_of(struct end *e)
{
	struct esv_unit_status st = { 0 };
	struct esvh_cmd c = { .opcode = ESV_OP_UNIT_STATUS, .out = &st, .out_cap = sizeof(st) };

	ok(plain(e, &c));
	return st;
}

static void open_session(struct end *e)
{
	struct esvh_cmd c = { .opcode = ESV_OP_SESSION_OPEN, .object = 1 };

	is(plain(e, &c), ESV_S_RESERVED_NONZERO);
	c.object = 0;
	ok(plain(e, &c));
	e->session = le32toh(c.cqe.object);
	status_of(e);
}

#endif
