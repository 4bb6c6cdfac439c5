// SPDX-License-Identifier: GPL-2.0-or-later
/* No output depends on a secret (UNIT-1), and the scan gets every one of them in test mode only. */
#include "unit_rig.h"

#include <stdio.h>

/* --- the same commands, other secrets --- */

#define TRACE_MAX	(256 * 1024)

struct trace {
	unsigned int good[ESV_OP_HANDLE_QUERY + 1];	/* how often a command answered OK */
	size_t len;
	uint8_t b[TRACE_MAX];
};

static void record(struct trace *t, const void *p, size_t len)
{
	assert_true(t->len + len <= TRACE_MAX);
	memcpy(t->b + t->len, p, len);
	t->len += len;
}

/* What the specification marks as depending on randomness. */
static void blank(unsigned int opcode, uint8_t *out)
{
	struct esv_child_out *child = (void *)out;
	struct esv_unit_status *st = (void *)out;

	switch (opcode) {
	case ESV_OP_NONCE_GEN:
		memset(((struct esv_nonce_out *)(void *)out)->nonce, 0, ESV_NONCE_MAX);
		break;
	case ESV_OP_KE_GEN:
		memset(((struct esv_ke_out *)(void *)out)->value, 0, ESV_KE_VALUE_MAX);
		break;
	case ESV_OP_CHILD_DERIVE:
		memset(child->token_in + offsetof(struct esv_token, mac), 0, 16);
		memset(child->token_out + offsetof(struct esv_token, mac), 0, 16);
		break;
	case ESV_OP_UNIT_STATUS:
		st->epoch = 0;
		memset(st->provision_key, 0, sizeof(st->provision_key));
		break;
	}
}

static enum esv_status step(struct rig *r, struct trace *t, unsigned int opcode, uint32_t session,
			    const void *in, size_t in_len)
{
	uint16_t status = (uint16_t)rig_run(r, opcode, session, in, in_len);

	t->good[opcode] += status == ESV_S_OK;
	blank(opcode, (uint8_t *)r->out);
	record(t, &status, sizeof(status));
	record(t, &r->cmd.object, sizeof(r->cmd.object));
	record(t, &r->cmd.err_off, sizeof(r->cmd.err_off));
	record(t, &r->cmd.out_len, sizeof(r->cmd.out_len));
	record(t, r->cmd.result, sizeof(r->cmd.result));
	record(t, r->out, r->cmd.out_len);
	return status;
}

/* Handles that earlier commands gave, by type. */
struct pool {
	uint64_t h[ESV_H_ESP + 1][32];
	unsigned int n[ESV_H_ESP + 1];
	unsigned int seed;
};

static unsigned int draw(struct pool *p, unsigned int below)
{
	return (unsigned int)rand_r(&p->seed) % below;
}

/* Mostly a live one of the type that fits, sometimes any other one, used up or never seen. */
static uint64_t pick(struct pool *p, unsigned int type)
{
	if (!draw(p, 6))
		type = draw(p, ESV_H_ESP + 1);
	if (!p->n[type])
		return 0x123400000001ull;
	return draw(p, 4) ? p->h[type][p->n[type] - 1] : p->h[type][draw(p, p->n[type])];
}

static void keep(struct pool *p, unsigned int opcode, uint64_t h)
{
	static const uint8_t made[ESV_OP_HANDLE_QUERY + 1] = {
		[ESV_OP_NONCE_GEN] = ESV_H_NONCE, [ESV_OP_KE_GEN] = ESV_H_KE,
		[ESV_OP_KE_FINISH] = ESV_H_SECRET, [ESV_OP_IKE_DERIVE] = ESV_H_IKE,
		[ESV_OP_CHILD_DERIVE] = ESV_H_ESP,
	};
	unsigned int type = made[opcode];

	if (type && p->n[type] < 32)
		p->h[type][p->n[type]++] = h;
}

/* One command drawn by the pool's seed. */
static void draw_command(struct rig *r, struct trace *t, struct pool *p, const uint8_t peer[32])
{
	struct esv_nonce_gen ng = { .len = htole16((uint16_t)(14 + draw(p, 40))) };
	struct esv_ke_gen kg = { .method = htole16((uint16_t)(draw(p, 8) != 0)) };
	struct esv_ke_finish kf = { .handle = htole64(pick(p, ESV_H_KE)), .len = htole16(32) };
	struct esv_ike_derive id = rig_ike_in(pick(p, ESV_H_SECRET), pick(p, ESV_H_NONCE));
	struct esv_auth_assert aa = { .ike = htole64(pick(p, ESV_H_IKE)), .id_type = 2, .id_len = htole16(1),
				      .id = "x" };
	struct esv_child_derive cd = rig_child_in(pick(p, ESV_H_IKE), draw(p, 4));
	struct esv_handle_in hi = { .handle = htole64(pick(p, draw(p, ESV_H_ESP + 1))) };
	const struct {
		unsigned int opcode;
		const void *in;
		size_t len;
	} commands[] = {
		{ ESV_OP_NONCE_GEN, &ng, sizeof(ng) }, { ESV_OP_NONCE_GEN, &ng, sizeof(ng) },
		{ ESV_OP_KE_GEN, &kg, sizeof(kg) }, { ESV_OP_KE_FINISH, &kf, sizeof(kf) },
		{ ESV_OP_IKE_DERIVE, &id, sizeof(id) }, { ESV_OP_IKE_DERIVE, &id, sizeof(id) },
		{ ESV_OP_AUTH_ASSERT, &aa, sizeof(aa) }, { ESV_OP_CHILD_DERIVE, &cd, sizeof(cd) },
		{ ESV_OP_CHILD_DERIVE, &cd, sizeof(cd) }, { ESV_OP_HANDLE_QUERY, &hi, sizeof(hi) },
		{ ESV_OP_DESTROY, &hi, sizeof(hi) }, { ESV_OP_UNIT_STATUS, NULL, 0 },
	};
	unsigned int i = draw(p, sizeof(commands) / sizeof(commands[0]));

	memcpy(kf.value, peer, 32);
	if (!(le32toh(cd.flags) & ESV_CHILD_F_FIRST)) {
		cd.nonce = htole64(pick(p, ESV_H_NONCE));
		cd.peer_nonce_len = htole16(20);
	}
	if (step(r, t, commands[i].opcode, r->session, commands[i].in, commands[i].len) == ESV_S_OK)
		keep(p, commands[i].opcode, le64toh(r->out[0]));
}

static void run_trace(struct trace *t, uint64_t secrets, unsigned int seed)
{
	struct rig *r = rig_new_cfg(ESV_MODE_HOST_KEYS, secrets, 64, 256);
	struct pool p = { .seed = seed };
	uint8_t peer[32];

	rig_peer(peer, 3);
	t->len = 0;
	for (int i = 0; i < 300; i++)
		draw_command(r, t, &p, peer);
	rig_free(r);
}

static void test_non_interference(void **state)
{
	static struct trace a, b;

	for (unsigned int seed = 1; seed <= 40; seed++) {
		run_trace(&a, 1000 + seed, seed);
		run_trace(&b, 2000 + seed, seed);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.b, b.b, a.len);
	}
	for (unsigned int op = ESV_OP_NONCE_GEN; op <= ESV_OP_HANDLE_QUERY; op++)
		if (op != ESV_OP_ZEROIZE)
			assert_in_range(a.good[op], 5, 1000000);	/* the traces went everywhere */
}

/* --- what the scan is told --- */

struct seen {
	unsigned int n;
	char name[64][64];
	size_t len[64];
	uint8_t b[64][240];
};

static void see(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
	struct seen *s = arg;

	assert_in_range(s->n, 0, 63);
	assert_in_range(len, 4, 240);
	snprintf(s->name[s->n], sizeof(s->name[0]), "%s", name);
	memcpy(s->b[s->n], bytes, len);
	s->len[s->n++] = len;
}

static int find(const struct seen *s, const char *name)
{
	for (unsigned int i = 0; i < s->n; i++)
		if (!strcmp(s->name[i], name))
			return (int)i;
	return -1;
}

static void test_enumeration(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST | ESV_MODE_HOST_KEYS, 1);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ESV_ALGO_AES_GCM_16_128);
	static struct seen s;
	uint8_t host[20] = "sixteen bytes...salt";
	struct esvc_key *key;
	int i, w, x;
	bool c;

	rig_ke(r, r->session, NULL);
	rig_secret(r, r->session);
	rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	assert_int_equal(esvc_key_from_host(r->dev.unit, host, sizeof(host), &b, &key, &c), ESV_S_OK);
	assert_int_equal(esvc_unit_test_secrets(r->dev.unit, see, &s), 0);
	assert_true(find(&s, "unit.token_key") >= 0);
	assert_true(find(&s, "unit.import_key") >= 0);
	assert_true(find(&s, "unit.device_key") >= 0);
	assert_true(find(&s, "unit.boot_key") >= 0);
	assert_true(find(&s, "ke[0].private") >= 0);
	i = find(&s, "esp[0].key");
	w = find(&s, "esp[0].round_keys");
	x = find(&s, "esp[0].round_keys_swapped");
	assert_true(i >= 0 && w >= 0 && x >= 0);
	assert_int_equal(s.len[i], 32);
	assert_int_equal(s.len[w], 240);
	assert_memory_equal(s.b[i], s.b[w], 32);
	assert_int_equal(s.b[w][0], s.b[x][3]);
	assert_int_equal(s.len[find(&s, "esp[0].ghash_key")], 16);
	assert_int_equal(s.len[find(&s, "esp[1].salt")], 4);
	assert_memory_equal(s.b[find(&s, "host[2].key")], host, 16);
	assert_int_equal(s.len[find(&s, "host[2].round_keys")], 176);
	rig_free(r);
}

/* UNIT-50: no way to a secret, and no raw key kept, without test mode. */
static void test_production(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	static struct seen s;

	s.n = 0;
	assert_int_equal(esvc_unit_test_secrets(r->dev.unit, see, &s), -EACCES);
	assert_int_equal(s.n, 0);
	rig_free(r);
}

/* FIPS 197 appendix A.1 and A.3: the last words of the schedules. */
static void test_schedule(void **state)
{
	static const uint8_t k128[16] = { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
					  0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c };
	static const uint8_t k256[32] = { 0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe,
					  0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81,
					  0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7,
					  0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4 };
	static const uint8_t zero[16], h[16] = { 0x66, 0xe9, 0x4b, 0xd4, 0xef, 0x8a, 0x2c, 0x3b,
						 0x88, 0x4c, 0xfa, 0x59, 0xca, 0x34, 0x2b, 0x2e };
	uint8_t w[240];

	assert_int_equal(esvc_aes_schedule(k128, 16, w), 176);
	assert_memory_equal(w + 172, "\xb6\x63\x0c\xa6", 4);
	assert_int_equal(esvc_aes_schedule(k256, 32, w), 240);
	assert_memory_equal(w + 236, "\x70\x6c\x63\x1e", 4);
	assert_int_equal(esvc_ghash_key(zero, 16, w), 0);	/* GCM specification, test case 1 */
	assert_memory_equal(w, h, 16);
}

/* A wiped arena slot keeps nothing of the key that was in it. */
static void test_wiped(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 1);
	struct esvc_unit *u = r->dev.unit;
	static struct seen s;
	uint64_t ike = rig_ike_ready(r, r->session);
	const struct esvc_unit_secrets *sec = u->sec;
	static const uint8_t zero[sizeof(sec->ike)];

	rig_child(r, r->session, ike, ESV_CHILD_F_FIRST);
	assert_memory_equal(&sec->ike, zero, sizeof(sec->ike));	/* no intermediate stays */
	assert_memory_equal(sec->keymat, zero, sizeof(sec->keymat));
	assert_int_equal(rig_run(r, ESV_OP_SESSION_CLOSE, r->session, NULL, 0), ESV_S_OK);
	s.n = 0;
	assert_int_equal(esvc_unit_test_secrets(u, see, &s), 0);
	assert_int_equal(s.n, 7);	/* the unit's own: of tokens, imports, provisioning; identity, storage, device, boot */
	rig_free(r);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_non_interference),
	cmocka_unit_test(test_enumeration),
	cmocka_unit_test(test_production),
	cmocka_unit_test(test_schedule),
	cmocka_unit_test(test_wiped),
};

RIG_MAIN(tests)
