/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IPsec engine with a real unit and nothing else: commands run through
 * their rows, frames go straight through classify, output and input.
 */
#ifndef IPSEC_RIG_H
#define IPSEC_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "esvc_dev.h"
#include "esvc_ipsec_priv.h"
#include "pkt.h"

#define ok(status)	assert_int_equal(status, ESV_S_OK)
#define EVENTS		64
#define FRAME_MAX	(ESVC_HEADROOM + 9100 + ESVC_TAILROOM)

static const uint8_t MAC_A[6] = { 2, 0, 0, 0, 0, 0xa };	/* own */
static const uint8_t MAC_B[6] = { 2, 0, 0, 0, 0, 0xb };	/* peer, or next hop */

struct event {
	unsigned int type;
	uint32_t object;
	uint64_t arg0;
	uint32_t arg1;
};

struct irig {
	struct esvc_dev dev;
	uint64_t random;
	struct event events[EVENTS];
	unsigned int nr_events;
	struct esvc_cmd cmd;
	uint64_t in[ESV_ADMIN_BUF / 8];
	uint64_t out[ESV_ADMIN_BUF / 8];
	/* The frame on its way. */
	uint8_t mem[FRAME_MAX];
	struct esvc_buf buf;
	struct esvc_tx_verdict verdict;
	struct esvc_rx_meta meta;
};

static inline uint64_t irig_time(void *arg)
{
	return 1;
}

/* xorshift: reproducible, different for every call. */
static inline int irig_random(void *arg, void *buf, size_t len)
{
	struct irig *r = arg;
	uint8_t *p = buf;

	for (size_t i = 0; i < len; i++) {
		r->random ^= r->random << 13;
		r->random ^= r->random >> 7;
		r->random ^= r->random << 17;
		p[i] = (uint8_t)(r->random >> 32);
	}
	return 0;
}

static inline void irig_timer(void *arg, uint64_t at)
{
}

static inline void irig_event(void *arg, unsigned int type, uint32_t object, uint64_t arg0, uint32_t arg1)
{
	struct irig *r = arg;

	if (r->nr_events < EVENTS)
		r->events[r->nr_events] = (struct event){ type, object, arg0, arg1 };
	r->nr_events++;
}

static const struct esvc_host_ops irig_ops = {
	.time_ns = irig_time, .random = irig_random, .timer = irig_timer,
};

static inline struct irig *irig_new_cfg(bool strict, enum esvc_backend backend, uint32_t sa_max, uint32_t policy_max,
					uint32_t icv_n)
{
	struct irig *r = calloc(1, sizeof(*r));
	struct esvc_unit_config uc = {
		.ops = &irig_ops, .opaque = r, .device_id = 1, .key_max = sa_max + 8, .handle_max = 16,
		.mode = ESV_MODE_HOST_KEYS,
	};
	struct esvc_ipsec_config ic = {
		.sa_max = sa_max, .policy_max = policy_max, .strict = strict, .fault_icv_n = icv_n,
		.event = irig_event, .time_ns = irig_time, .arg = r,
	};

	r->random = 88172645463325252ull;
	r->dev.ops = &irig_ops;
	r->dev.opaque = r;
	r->dev.aead = ic.aead = uc.aead = esvc_aead_new(backend);
	assert_non_null(r->dev.aead);
	r->dev.unit = ic.unit = esvc_unit_new(&uc);
	assert_non_null(r->dev.unit);
	r->dev.ipsec = esvc_ipsec_new(&ic);
	assert_non_null(r->dev.ipsec);
	return r;
}

static inline struct irig *irig_new(bool strict)
{
	return irig_new_cfg(strict, ESVC_AEAD_AUTO, 32, 64, 0);
}

static inline void irig_free(struct irig *r)
{
	esvc_ipsec_free(r->dev.ipsec);
	esvc_unit_free(r->dev.unit);
	esvc_aead_free(r->dev.aead);
	free(r);
}

static inline const struct esvc_cmd_row *irig_row(unsigned int opcode)
{
	const struct esvc_cmd_row *row;

	for (row = esvc_sa_rows; row->opcode; row++)
		if (row->opcode == opcode)
			return row;
	for (row = esvc_policy_rows; row->opcode; row++)
		if (row->opcode == opcode)
			return row;
	fail_msg("no row for opcode %u", opcode);
	return NULL;
}

/* Run a command as the dispatcher would. */
static inline enum esv_status irig_cmd(struct irig *r, unsigned int opcode, uint32_t object, uint32_t inl,
				       const void *in, size_t in_len)
{
	const struct esvc_cmd_row *row = irig_row(opcode);

	assert_in_range(in_len, row->in_min, row->in_max);
	memset(r->out, 0, sizeof(r->out));
	memset(&r->cmd, 0, sizeof(r->cmd));
	if (in_len)
		memcpy(r->in, in, in_len);
	inl = htole32(inl);
	memcpy(r->cmd.sqe.inl, &inl, 4);
	r->cmd.object = object;
	r->cmd.in = (const uint8_t *)r->in;
	r->cmd.in_len = in_len;
	r->cmd.out = (uint8_t *)r->out;
	r->cmd.out_cap = sizeof(r->out);
	r->cmd.err_off = ESV_ERR_OFF_NONE;
	return row->run(&r->dev, &r->cmd);
}

/* ---- SAs and entries ---- */

static const uint8_t ADDR_A[2][16] = { { 10, 0, 0, 1 }, { 0xfd, 0, 0, 1, [15] = 1 } };
static const uint8_t ADDR_B[2][16] = { { 10, 0, 0, 2 }, { 0xfd, 0, 0, 1, [15] = 2 } };
/* Tunnel endpoints. */
static const uint8_t GW_A[2][16] = { { 192, 0, 2, 1 }, { 0x20, 1, 0xd, 0xb8, [15] = 1 } };
static const uint8_t GW_B[2][16] = { { 192, 0, 2, 2 }, { 0x20, 1, 0xd, 0xb8, [15] = 2 } };

static inline void irig_key(uint8_t *key, size_t len, uint32_t spi)
{
	for (size_t i = 0; i < len; i++)
		key[i] = (uint8_t)((spi >> i % 4 * 8) * 7 + i * 13 + 1);
}

/* A to B. The same for both directions, so that one engine can be its own peer. */
static inline struct esv_sa_params irig_sa(uint8_t dir, uint8_t family, uint8_t mode, uint32_t spi)
{
	struct esv_sa_params p = {
		.spi = htobe32(spi), .family = family, .mode = mode, .dir = dir,
		.algo = ESV_ALGO_AES_GCM_16_256, .reqid = htole32(7),
		.window = htole32(dir == ESV_DIR_IN ? 64 : 0), .key_len = htole16(36),
		.soft_packets = ESV_NO_LIMIT, .hard_packets = ESV_NO_LIMIT,
		.soft_bytes = ESV_NO_LIMIT, .hard_bytes = ESV_NO_LIMIT,
	};
	bool tunnel = mode == ESV_SA_TUNNEL;

	memcpy(p.saddr, tunnel ? GW_A[family == 6] : ADDR_A[family == 6], 16);
	memcpy(p.daddr, tunnel ? GW_B[family == 6] : ADDR_B[family == 6], 16);
	if (tunnel && dir == ESV_DIR_OUT) {
		p.flags = htole32(ESV_SA_F_NEXTHOP);
		memcpy(p.nexthop, MAC_B, 6);
	}
	irig_key(p.key, 36, spi);
	return p;
}

static inline void irig_sa_128(struct esv_sa_params *p)
{
	p->algo = ESV_ALGO_AES_GCM_16_128;
	p->key_len = htole16(20);
	memset(p->key + 20, 0, sizeof(p->key) - 20);
}

static inline uint32_t irig_add_sa(struct irig *r, const struct esv_sa_params *p)
{
	enum esv_status status = irig_cmd(r, ESV_OP_SA_ADD, 0, 0, p, sizeof(*p));

	if (status != ESV_S_OK)
		fail_msg("SA_ADD: status %d at byte %u", status, r->cmd.err_off);
	return r->cmd.object;
}

/* Everything between A and B. */
static inline struct esv_policy_params irig_policy(uint8_t dir, uint8_t family, uint8_t action, uint8_t mode)
{
	struct esv_policy_params p = {
		.sel = { .family = family, .plen_s = family == 4 ? 32 : 128, .plen_d = family == 4 ? 32 : 128 },
		.dir = dir, .action = action, .priority = htole32(100),
	};

	memcpy(p.sel.saddr, ADDR_A[family == 6], 16);
	memcpy(p.sel.daddr, ADDR_B[family == 6], 16);
	if (action != ESV_ACTION_PROTECT)
		return p;
	p.mode = mode;
	p.reqid = htole32(7);
	if (mode == ESV_SA_TUNNEL) {
		p.family = family;
		memcpy(p.saddr, GW_A[family == 6], 16);
		memcpy(p.daddr, GW_B[family == 6], 16);
	}
	return p;
}

static inline uint32_t irig_add_policy(struct irig *r, const struct esv_policy_params *p)
{
	enum esv_status status = irig_cmd(r, ESV_OP_POLICY_ADD, 0, 0, p, sizeof(*p));

	if (status != ESV_S_OK)
		fail_msg("POLICY_ADD: status %d at byte %u", status, r->cmd.err_off);
	return r->cmd.object;
}

static inline struct esvc_sa *irig_get(struct irig *r, uint32_t handle)
{
	struct esvc_sa *sa = esvc_sadb_get(&r->dev.ipsec->sadb, handle);

	assert_non_null(sa);
	return sa;
}

static inline struct esv_sa_info irig_query(struct irig *r, uint32_t handle)
{
	struct esv_sa_info info;

	ok(irig_cmd(r, ESV_OP_SA_QUERY, handle, 0, NULL, 0));
	assert_int_equal(r->cmd.out_len, sizeof(info));
	memcpy(&info, r->out, sizeof(info));
	return info;
}

/* Entries in and out, SAs in and out: a packet that is sent can be received. */
struct pair {
	uint32_t out, in;
	uint32_t pol_out, pol_in;
};

static inline struct pair irig_pair(struct irig *r, uint8_t family, uint8_t mode, uint32_t spi)
{
	struct esv_sa_params so = irig_sa(ESV_DIR_OUT, family, mode, spi), si = irig_sa(ESV_DIR_IN, family, mode, spi);
	struct esv_policy_params po = irig_policy(ESV_DIR_OUT, family, ESV_ACTION_PROTECT, mode);
	struct esv_policy_params pi = irig_policy(ESV_DIR_IN, family, ESV_ACTION_PROTECT, mode);

	return (struct pair){ irig_add_sa(r, &so), irig_add_sa(r, &si), irig_add_policy(r, &po),
			      irig_add_policy(r, &pi) };
}

/* ---- frames ---- */

static inline void irig_load(struct irig *r, const uint8_t *frame, size_t len)
{
	assert_true(len + ESVC_HEADROOM + ESVC_TAILROOM <= sizeof(r->mem));
	memset(r->mem, 0xee, sizeof(r->mem));
	memcpy(r->mem + ESVC_HEADROOM, frame, len);
	r->buf = (struct esvc_buf){ r->mem + ESVC_HEADROOM, len, ESVC_HEADROOM, ESVC_TAILROOM };
}

static inline enum esv_counter irig_send(struct irig *r, const uint8_t *frame, size_t len, uint32_t handle)
{
	irig_load(r, frame, len);
	esvc_ipsec_classify(r->dev.ipsec, r->buf.data, len, len, handle, handle, &r->verdict);
	return esvc_ipsec_output(r->dev.ipsec, &r->verdict, &r->buf);
}

static inline enum esv_counter irig_recv(struct irig *r, const uint8_t *frame, size_t len)
{
	irig_load(r, frame, len);
	return esvc_ipsec_input(r->dev.ipsec, true, &r->buf, &r->meta);
}

static inline struct pkt_spec irig_spec(uint8_t family, uint8_t proto, size_t payload)
{
	struct pkt_spec s = {
		.dst = MAC_B, .src = MAC_A, .family = family, .proto = proto,
		.sport = 1000, .dport = 2000, .payload = payload,
	};

	memcpy(s.saddr, ADDR_A[family == 6], 16);
	memcpy(s.daddr, ADDR_B[family == 6], 16);
	return s;
}

/* Counter by name, for messages. */
static inline const char *irig_counter_name(unsigned int c)
{
#define NAME(name, num, text) [num] = #name,
	static const char *const names[] = { ESV_COUNTER_LIST(NAME) };
#undef NAME
	return c < sizeof(names) / sizeof(names[0]) ? names[c] : "?";
}

#define assert_counter(got, want) do { \
	enum esv_counter got_ = (got); \
	if (got_ != ESV_C_##want) \
		fail_msg("%s, not " #want, irig_counter_name(got_)); \
} while (0)

/* Seeds: a fixed one and a fresh one, which is printed. */
static inline uint64_t fresh_seed(const char *test)
{
	uint64_t seed = 0;
	FILE *f = fopen("/dev/urandom", "r");

	assert_non_null(f);
	assert_int_equal(fread(&seed, sizeof(seed), 1, f), 1);
	fclose(f);
	seed |= 1;
	printf("# %s: seed %#llx\n", test, (unsigned long long)seed);
	return seed;
}

static inline uint32_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)(*s >> 32);
}

#endif
