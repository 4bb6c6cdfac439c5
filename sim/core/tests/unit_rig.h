/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trusted unit without the device around it: the command rows run as the
 * dispatcher would run them, time and randomness belong to the test.
 */
#ifndef UNIT_RIG_H
#define UNIT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/sha.h>
#include <stdlib.h>

#include "esvc_dev.h"
#include "esvc_unit_priv.h"

#define RIG_SPI		0x01020304u
#define RIG_KEYS	16

struct rig {
	struct esvc_dev dev;
	uint64_t now;
	uint64_t seed;
	uint64_t drawn;
	bool random_fails;
	bool random_stuck;
	uint64_t timer;
	struct esvc_cmd cmd;
	uint64_t in[ESV_ADMIN_BUF / 8];
	uint64_t out[ESV_ADMIN_BUF / 8];
	uint32_t session;
	uint16_t function;
};

/* Reproducible, and good enough for the health tests. */
static inline int rig_random(void *opaque, void *buf, size_t len)
{
	struct rig *r = opaque;
	uint8_t hash[32];

	if (r->random_fails)
		return -EIO;
	for (size_t at = 0; at < len; at += sizeof(hash)) {
		uint64_t block[2] = { r->seed, r->random_stuck ? 0 : r->drawn++ };
		size_t n = len - at < sizeof(hash) ? len - at : sizeof(hash);

		SHA256((const uint8_t *)block, sizeof(block), hash);
		memcpy((uint8_t *)buf + at, hash, n);
	}
	return 0;
}

static inline uint64_t rig_time(void *opaque)
{
	return ((struct rig *)opaque)->now;
}

static inline void rig_timer(void *opaque, uint64_t at)
{
	((struct rig *)opaque)->timer = at;
}

static const struct esvc_host_ops rig_ops = {
	.time_ns = rig_time, .random = rig_random, .timer = rig_timer,
};

static inline struct esvc_unit_config rig_config(struct rig *r, struct esvc_aead *aead, uint32_t mode)
{
	return (struct esvc_unit_config){
		.aead = aead, .ops = &rig_ops, .opaque = r, .device_id = 0x1122334455667788ull,
		.key_max = RIG_KEYS, .handle_max = 64, .mode = mode,
	};
}

static inline enum esv_status rig_run(struct rig *r, unsigned int opcode, uint32_t object,
				      const void *in, size_t in_len)
{
	const struct esvc_cmd_row *row = esvc_unit_rows;

	while (row->opcode && row->opcode != opcode)
		row++;
	assert_int_equal(row->opcode, opcode);
	assert_in_range(in_len, row->in_min, row->in_max);
	memset(r->out, 0, sizeof(r->out));
	memset(&r->cmd, 0, sizeof(r->cmd));
	if (in_len)
		memcpy(r->in, in, in_len);
	r->cmd.sqe.opcode = htole16((uint16_t)opcode);
	r->cmd.function = r->function;
	r->cmd.object = object;
	r->cmd.in = (const uint8_t *)r->in;
	r->cmd.in_len = in_len;
	r->cmd.out = (uint8_t *)r->out;
	r->cmd.out_cap = sizeof(r->out);
	r->cmd.err_off = ESV_ERR_OFF_NONE;
	return row->run(&r->dev, &r->cmd);
}

/* The same with an inline byte, for ZEROIZE. */
static inline enum esv_status rig_zeroize(struct rig *r, uint32_t object, uint8_t scope)
{
	memset(&r->cmd, 0, sizeof(r->cmd));
	r->cmd.sqe.inl[0] = scope;
	r->cmd.function = r->function;
	r->cmd.object = object;
	for (const struct esvc_cmd_row *row = esvc_unit_rows; row->opcode; row++)
		if (row->opcode == ESV_OP_ZEROIZE)
			return row->run(&r->dev, &r->cmd);
	return ESV_S_UNSUPPORTED_OP;
}

static inline uint32_t rig_open(struct rig *r)
{
	assert_int_equal(rig_run(r, ESV_OP_SESSION_OPEN, 0, NULL, 0), ESV_S_OK);
	return r->cmd.object;
}

static inline struct rig *rig_new_cfg(uint32_t mode, uint64_t seed, uint32_t key_max, uint32_t handle_max)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct esvc_unit_config cfg;

	r->seed = seed;
	r->now = 1000000000ull;
	r->dev.ops = &rig_ops;
	r->dev.opaque = r;
	r->dev.aead = esvc_aead_new(ESVC_AEAD_EVP);
	assert_non_null(r->dev.aead);
	cfg = rig_config(r, r->dev.aead, mode);
	cfg.key_max = key_max;
	cfg.handle_max = handle_max;
	r->dev.unit = esvc_unit_new(&cfg);
	assert_non_null(r->dev.unit);
	r->session = rig_open(r);
	return r;
}

static inline struct rig *rig_new(uint32_t mode, uint64_t seed)
{
	return rig_new_cfg(mode, seed, RIG_KEYS, 64);
}

static inline void rig_free(struct rig *r)
{
	esvc_unit_free(r->dev.unit);
	esvc_aead_free(r->dev.aead);
	free(r);
}

/* Commands with their usual arguments; each returns the handle it made and asserts OK. */

static inline uint64_t rig_nonce(struct rig *r, uint32_t session, uint16_t len, uint8_t *bytes)
{
	const struct esv_nonce_gen in = { .len = htole16(len) };
	const struct esv_nonce_out *out = (const void *)r->out;

	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, session, &in, sizeof(in)), ESV_S_OK);
	assert_int_equal(le16toh(out->len), len);
	if (bytes)
		memcpy(bytes, out->nonce, len);
	return le64toh(out->handle);
}

static inline uint64_t rig_ke(struct rig *r, uint32_t session, uint8_t value[32])
{
	const struct esv_ke_gen in = { .method = htole16(ESV_KE_X25519) };
	const struct esv_ke_out *out = (const void *)r->out;

	assert_int_equal(rig_run(r, ESV_OP_KE_GEN, session, &in, sizeof(in)), ESV_S_OK);
	if (value)
		memcpy(value, out->value, 32);
	return le64toh(out->handle);
}

static inline enum esv_status rig_finish_status(struct rig *r, uint32_t session, uint64_t ke,
						const uint8_t value[32])
{
	struct esv_ke_finish in = { .handle = htole64(ke), .len = htole16(32) };

	memcpy(in.value, value, 32);
	return rig_run(r, ESV_OP_KE_FINISH, session, &in, offsetof(struct esv_ke_finish, value) + 32);
}

static inline uint64_t rig_handle(const struct rig *r)
{
	return le64toh(((const struct esv_handle_out *)(const void *)r->out)->handle);
}

/* A public value of somebody else. */
static inline void rig_peer(uint8_t value[32], uint8_t n)
{
	uint8_t priv[32] = { n, 7, 9 };

	assert_int_equal(esvc_ke_public(esvc_ke_method(ESV_KE_X25519), priv, value), 0);
}

static inline uint64_t rig_secret(struct rig *r, uint32_t session)
{
	uint64_t ke = rig_ke(r, session, NULL);
	uint8_t peer[32];

	rig_peer(peer, 3);
	assert_int_equal(rig_finish_status(r, session, ke, peer), ESV_S_OK);
	return rig_handle(r);
}

static inline struct esv_ike_derive rig_ike_in(uint64_t secret, uint64_t nonce)
{
	struct esv_ike_derive in = {
		.secret = htole64(secret), .nonce = htole64(nonce), .role = ESV_ROLE_INITIATOR,
		.prf = ESV_PRF_HMAC_SHA2_256, .encr = ESV_ALGO_AES_GCM_16_256,
		.peer_nonce_len = htole16(32), .spi_i = "initiat", .spi_r = "respond",
	};

	memset(in.peer_nonce, 0x5a, 32);
	return in;
}

static inline uint64_t rig_ike(struct rig *r, uint32_t session)
{
	uint64_t secret = rig_secret(r, session), nonce = rig_nonce(r, session, 32, NULL);
	struct esv_ike_derive in = rig_ike_in(secret, nonce);

	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, session, &in, sizeof(in)), ESV_S_OK);
	return rig_handle(r);
}

static inline enum esv_status rig_assert_id(struct rig *r, uint32_t session, uint64_t ike)
{
	struct esv_auth_assert in = {
		.ike = htole64(ike), .id_type = 2, .id_len = htole16(11), .id = "peer.invali",
	};

	return rig_run(r, ESV_OP_AUTH_ASSERT, session, &in, sizeof(in));
}

static inline uint64_t rig_ike_ready(struct rig *r, uint32_t session)
{
	uint64_t ike = rig_ike(r, session);

	assert_int_equal(rig_assert_id(r, session, ike), ESV_S_OK);
	return ike;
}

static inline struct esv_child_derive rig_child_in(uint64_t ike, uint32_t flags)
{
	return (struct esv_child_derive){
		.ike = htole64(ike), .flags = htole32(flags), .role = ESV_ROLE_INITIATOR,
		.algo = ESV_ALGO_AES_GCM_16_256, .hard_packets = htole64(ESV_NO_LIMIT),
		.hard_bytes = htole64(ESV_NO_LIMIT),
	};
}

/* A child with fresh nonces, tokens and all. */
static inline struct esv_child_out rig_child(struct rig *r, uint32_t session, uint64_t ike, uint32_t flags)
{
	struct esv_child_derive in = rig_child_in(ike, flags);
	struct esv_child_out out;

	if (!(flags & ESV_CHILD_F_FIRST)) {
		in.nonce = htole64(rig_nonce(r, session, 32, NULL));
		in.peer_nonce_len = htole16(32);
		memset(in.peer_nonce, 0xa5, 32);
	}
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, session, &in, sizeof(in)), ESV_S_OK);
	memcpy(&out, r->out, sizeof(out));
	return out;
}

static inline struct esvc_binding rig_bind(uint8_t dir, uint8_t algo)
{
	return (struct esvc_binding){
		.spi = htobe32(RIG_SPI), .family = 4, .mode = ESV_SA_TRANSPORT, .dir = dir, .algo = algo,
		.saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 },
	};
}

#define RIG_MAIN(tests) \
	int main(void) \
	{ \
		cmocka_set_message_output(CM_OUTPUT_TAP); \
		return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0; \
	}

#endif
