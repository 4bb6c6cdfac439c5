// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policy lookup against a slow, obvious reference: lowest priority value, then oldest. Where
 * packet-offloaded policies upset that order, the cases are written out.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include "../ipsecapid/policy_match.h"
#include "unit.h"

static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < bits; i++)
		if ((a[i / 8] >> (7 - i % 8) & 1) != (b[i / 8] >> (7 - i % 8) & 1))
			return false;
	return true;
}

static bool slow_match(const struct rec_policy *pol, const struct packet *p, int dir)
{
	const struct rec_selector *s = &pol->sel;

	if (pol->dir != dir || pol->of_socket || pol->if_id || s->family != p->family)
		return false;
	if (s->protocol && s->protocol != p->protocol)
		return false;
	if (!bits_equal(s->saddr, p->saddr, s->prefix_s) ||
	    !bits_equal(s->daddr, p->daddr, s->prefix_d))
		return false;
	return (p->sport & s->sport_mask) == (s->sport & s->sport_mask) &&
	       (p->dport & s->dport_mask) == (s->dport & s->dport_mask) &&
	       (p->mark & pol->mark_mask) == pol->mark_value;
}

static const struct rec_policy *slow_select(const struct tables *t, const struct packet *p, int dir)
{
	const struct rec_policy *best = NULL;
	uint32_t i;

	for (i = 0; i < t->n_policies; i++)
		if (slow_match(&t->policies[i], p, dir) &&
		    (!best || t->policies[i].priority < best->priority))
			best = &t->policies[i];
	return best;
}

static const uint8_t lengths[] = { 0, 8, 12, 16, 20, 24, 28, 30, 31, 32 };

static void random_policy(uint64_t *seed, struct rec_policy *p)
{
	memset(p, 0, sizeof(*p));
	p->dir = rnd(seed) % 2;
	p->priority = rnd(seed) % 4;
	p->sel.family = AF_INET;
	p->sel.prefix_s = lengths[rnd(seed) % sizeof(lengths)];
	p->sel.prefix_d = lengths[rnd(seed) % sizeof(lengths)];
	p->sel.saddr[0] = p->sel.daddr[0] = 10;
	p->sel.saddr[3] = rnd(seed) % 4;
	p->sel.daddr[3] = rnd(seed) % 4;
	if (rnd(seed) % 3 == 0)
		p->sel.protocol = rnd(seed) % 2 ? IPPROTO_UDP : IPPROTO_TCP;
	if (rnd(seed) % 4 == 0) {
		p->sel.dport = htons(rnd(seed) % 3);
		p->sel.dport_mask = 0xffff;
	}
	if (rnd(seed) % 16 == 0)
		p->of_socket = 1;
	if (rnd(seed) % 16 == 0)
		p->if_id = 1;
	if (rnd(seed) % 8 == 0)
		p->mark_mask = p->mark_value = 1;
}

static void random_packet(uint64_t *seed, struct packet *p)
{
	memset(p, 0, sizeof(*p));
	p->family = AF_INET;
	p->protocol = rnd(seed) % 2 ? IPPROTO_UDP : IPPROTO_TCP;
	p->saddr[0] = p->daddr[0] = 10;
	p->saddr[3] = rnd(seed) % 4;
	p->daddr[3] = rnd(seed) % 4;
	p->dport = htons(rnd(seed) % 3);
	p->mark = rnd(seed) % 2;
	p->mark_known = true;
}

static void software_policies_go_by_priority_and_age(void **state)
{
	uint64_t seed = 11;
	int round, i;

	(void)state;
	for (round = 0; round < 3000; round++) {
		struct tables t = { .read_at = 1 };
		const struct rec_policy *got;
		struct rec_policy p;
		struct packet pkt;

		for (i = rnd(&seed) % 20; i >= 0; i--) {
			random_policy(&seed, &p);
			assert_int_equal(tables_add_policy(&t, &p), 0);
		}
		if (round % 2)	/* which finds no others */
			tables_index(&t);
		for (i = 0; i < 10; i++) {
			int dir = rnd(&seed) % 2;

			random_packet(&seed, &pkt);
			assert_int_equal(policy_select(&t, &pkt, dir, &got),
					 IPSECAPI_REASON_NONE);
			assert_ptr_equal(got, slow_select(&t, &pkt, dir));
		}
		tables_free(&t);
	}
}

static void add(struct tables *t, uint32_t priority, uint8_t prefix, uint32_t device)
{
	struct rec_policy p = { .priority = priority, .offload_ifindex = device };

	p.sel.family = AF_INET;
	p.sel.prefix_s = p.sel.prefix_d = prefix;
	p.sel.saddr[0] = p.sel.daddr[0] = 10;
	tables_add_policy(t, &p);
}

/* Returns the index of the policy that is selected, or -1 for "cannot be told". */
static int selected(struct tables *t)
{
	struct packet p = { .family = AF_INET, .protocol = 6, .saddr = { 10 }, .daddr = { 10 } };
	const struct rec_policy *got;
	uint32_t reason = policy_select(t, &p, DIR_OUT, &got);
	int index = got ? got - t->policies : -2;

	tables_free(t);
	memset(t, 0, sizeof(*t));
	return reason == IPSECAPI_REASON_NONE ? index : -1;
}

static void device_policies_jump_the_queue(void **state)
{
	struct tables t = { 0 };

	(void)state;
	/* the usual pair: protect in the device, and a wider block behind it */
	add(&t, 100, 32, 3);
	add(&t, 200, 24, 0);
	assert_int_equal(selected(&t), 0);
	/* the same, installed the other way round */
	add(&t, 200, 24, 0);
	add(&t, 100, 32, 3);
	assert_int_equal(selected(&t), 1);
	/* the better one in the device was added later, as its driver demands */
	add(&t, 100, 32, 3);
	add(&t, 50, 32, 3);
	assert_int_equal(selected(&t), 1);
	/* the kernel takes the newest, priority says the oldest: nobody can tell */
	add(&t, 50, 32, 3);
	add(&t, 100, 32, 3);
	assert_int_equal(selected(&t), -1);
	add(&t, 50, 32, 0);
	add(&t, 100, 32, 3);
	assert_int_equal(selected(&t), -1);
	/* an exact device policy hides better ones of other prefixes */
	add(&t, 100, 32, 3);
	add(&t, 50, 24, 0);
	assert_int_equal(selected(&t), -1);
}

static void what_cannot_be_seen_is_doubt(void **state)
{
	struct packet p = { .family = AF_INET, .saddr = { 10 }, .daddr = { 10 } };
	const struct rec_policy *got;
	struct tables t = { 0 };

	(void)state;
	add(&t, 1, 32, 0);
	t.policies[0].dir = DIR_IN;
	t.policies[0].has_label = 1;
	assert_int_equal(policy_select(&t, &p, DIR_IN, &got), IPSECAPI_REASON_SECURITY_LABEL);
	t.policies[0].has_label = 0;
	t.policies[0].mark_mask = 1;	/* the mark of an arriving packet is unknown */
	assert_int_equal(policy_select(&t, &p, DIR_IN, &got), IPSECAPI_REASON_UNSUPPORTED_POLICY);
	p.mark_known = true;
	assert_int_equal(policy_select(&t, &p, DIR_IN, &got), IPSECAPI_REASON_NONE);
	assert_non_null(got);
	t.policies[0].sel.ifindex = 5;
	assert_int_equal(policy_select(&t, &p, DIR_IN, &got), IPSECAPI_REASON_UNSUPPORTED_POLICY);
	t.policies[0].sel.ifindex = 0;
	t.policies[0].sub = 1;
	assert_int_equal(policy_select(&t, &p, DIR_IN, &got), IPSECAPI_REASON_UNSUPPORTED_POLICY);
	tables_free(&t);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(software_policies_go_by_priority_and_age),
	cmocka_unit_test(device_policies_jump_the_queue),
	cmocka_unit_test(what_cannot_be_seen_is_doubt),
};
RUN(tests)
