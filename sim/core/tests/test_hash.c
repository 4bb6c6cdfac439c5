// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables that a guest fills stay fast whatever it puts in: keys that all
 * collide under a multiply-and-shift mix without a secret, such as anybody can
 * compute, are spread (SA-2, SPD-9).
 */
#include "esvc_tuple.h"
#include "ipsec_rig.h"

#define N	4096
#define LONGEST	24	/* by chance, of N keys in N lists: about 7 */

/* SA-2: each of these inbound SAs is found, in a list that is short. */
static void sa_chains(void **state)
{
	struct esvc_sadb db;
	unsigned int longest = 0;

	assert_int_equal(esvc_sadb_init(&db, N), 0);
	for (uint32_t i = 0; i < N; i++) {
		struct esvc_sa *sa = esvc_sadb_alloc(&db);
		uint32_t addr = 0x0201000a ^ i << 8;

		assert_non_null(sa);
		sa->spi = 0x01000000 | i;
		sa->family = 4;
		sa->dir = ESV_DIR_IN;
		memcpy(sa->daddr, &addr, 4);
		esvc_sadb_insert(&db, sa);
		assert_ptr_equal(esvc_sadb_find(&db, ESV_DIR_IN, 4, sa->spi, sa->daddr), sa);
	}
	for (uint32_t i = 0; i <= db.hash_mask; i++) {
		unsigned int len = 0;

		for (uint32_t at = db.hash[i]; at; at = db.sa[at - 1].hash_next)
			len++;
		longest = len > longest ? len : longest;
	}
	assert_in_range(longest, 1, LONGEST);
	for (uint32_t i = 0; i < N; i++)
		esvc_sadb_free(&db, &db.sa[i]);
	esvc_sadb_fini(&db);
}

static void put64(uint8_t *p, uint64_t v)
{
	pkt16(p, (uint32_t)(v >> 48));
	pkt16(p + 2, (uint32_t)(v >> 32) & 0xffff);
	pkt16(p + 4, (uint32_t)(v >> 16) & 0xffff);
	pkt16(p + 6, (uint32_t)v & 0xffff);
}

/* SPD-9: the low half of the source takes back what the high half has mixed in. */
static void entry_chains(void **state)
{
	struct esv_selector sel = { .family = 6, .plen_s = 128, .plen_d = 128 };
	unsigned int longest = 0;
	struct esvc_tuples ts;

	memset(&ts, 0, sizeof(ts));
	assert_int_equal(esvc_tuples_init(&ts), 0);
	for (uint64_t i = 0; i < N; i++) {
		uint64_t h = 0x9e3779b97f4a7c15ull * (1 + (128 | 128 << 8 | 1 << 16)), high = 0xfd00000000000000ull | i;

		h = (h ^ high) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
		put64(sel.saddr, high);
		put64(sel.saddr + 8, h);
		assert_non_null(esvc_tuples_add(&ts, &sel));
	}
	assert_int_equal(ts.nr_nodes, N);
	for (uint32_t i = 0; i <= ts.hash_mask; i++) {
		unsigned int len = 0;

		for (const struct esvc_spd_node *n = ts.hash[i]; n; n = n->next)
			len++;
		longest = len > longest ? len : longest;
	}
	assert_in_range(longest, 1, LONGEST);
	esvc_tuples_free(&ts);
}

/* RST-3: a flush takes everything at once, entries out of force included, and the table is as new. */
static void flushed(void **state)
{
	struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_DROP, 0);
	struct esvc_pkt pkt = { .family = 4, .proto = 17, .has_ports = true, .sport = 5, .saddr = ADDR_A[0],
				.daddr = ADDR_B[0] };
	struct esvc_spd *spd = esvc_spd_new(N);
	uint32_t first = 0, handle;

	p.sel.proto = 17;
	p.sel.sport_mask = 0xffff;
	for (unsigned int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < N; i++) {
			p.sel.sport = (uint16_t)(i / 2);
			p.priority = htole32(N - i);
			ok(esvc_spd_add(spd, &p, &handle));
			if (!round && !i)
				first = handle;
			assert_int_not_equal(round ? first : 0, handle);
		}
		assert_int_equal(esvc_spd_add(spd, &p, &handle), ESV_S_NO_RESOURCE);
		assert_true(esvc_spd_guards(spd, ESV_DIR_OUT));
		assert_non_null(esvc_spd_find(spd, ESV_DIR_OUT, &pkt, ESVC_ACTIONS_ANY, false));
		esvc_spd_flush(spd);
		assert_false(esvc_spd_guards(spd, ESV_DIR_OUT));
		assert_null(esvc_spd_find(spd, ESV_DIR_OUT, &pkt, ESVC_ACTIONS_ANY, true));
		assert_null(esvc_spd_get(spd, first));
	}
	esvc_spd_free(spd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sa_chains), cmocka_unit_test(entry_chains), cmocka_unit_test(flushed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-hash", tests, NULL, NULL) ? 1 : 0;
}
