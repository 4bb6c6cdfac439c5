// SPDX-License-Identifier: GPL-2.0-or-later
/* The SPD against a list that is searched from end to end (SPD-1 to SPD-9). */
#include "esvc_selector.h"
#include "ipsec_rig.h"

#define SLOW_MAX 600

struct slow_entry {
	struct esv_policy_params p;
	uint32_t handle;
	uint64_t age;
};

struct slow_spd {
	struct slow_entry e[SLOW_MAX];
	unsigned int n;
	uint64_t age;
};

static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	for (unsigned int i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

/* In all bits that count. */
static bool selectors_equal(const struct esv_selector *a, const struct esv_selector *b)
{
	return a->family == b->family && a->proto == b->proto && a->plen_s == b->plen_s && a->plen_d == b->plen_d &&
	       bits_equal(a->saddr, b->saddr, a->plen_s) && bits_equal(a->daddr, b->daddr, a->plen_d) &&
	       a->sport_mask == b->sport_mask && a->dport_mask == b->dport_mask &&
	       (a->sport & a->sport_mask) == (b->sport & b->sport_mask) &&
	       (a->dport & a->dport_mask) == (b->dport & b->dport_mask);
}

/* Equal selectors: only the oldest is in force. */
static bool in_force(const struct slow_spd *s, const struct slow_entry *e)
{
	for (unsigned int i = 0; i < s->n; i++)
		if (s->e[i].age < e->age && s->e[i].p.dir == e->p.dir && selectors_equal(&s->e[i].p.sel, &e->p.sel))
			return false;
	return true;
}

static bool matches(const struct esv_selector *sel, const struct esvc_pkt *p, bool ignore_ports)
{
	if (sel->family != p->family || (sel->proto != 0 && sel->proto != p->proto))
		return false;
	if (!bits_equal(sel->saddr, p->saddr, sel->plen_s) || !bits_equal(sel->daddr, p->daddr, sel->plen_d))
		return false;
	if (ignore_ports || (sel->sport_mask == 0 && sel->dport_mask == 0))
		return true;
	return p->has_ports && (sel->sport & sel->sport_mask) == (p->sport & sel->sport_mask) &&
	       (sel->dport & sel->dport_mask) == (p->dport & sel->dport_mask);
}

static uint32_t slow_find(const struct slow_spd *s, unsigned int dir, const struct esvc_pkt *p, unsigned int actions,
			  bool ignore_ports)
{
	const struct slow_entry *best = NULL;

	for (unsigned int i = 0; i < s->n; i++) {
		const struct slow_entry *e = &s->e[i];

		if (e->p.dir != dir || !(actions & 1u << e->p.action) || !matches(&e->p.sel, p, ignore_ports) ||
		    !in_force(s, e))
			continue;
		if (!best || le32toh(e->p.priority) < le32toh(best->p.priority) ||
		    (e->p.priority == best->p.priority && e->age < best->age))
			best = e;
	}
	return best ? best->handle : 0;
}

/* Few different addresses, so that entries and packets meet. */
static void random_addr(uint64_t *s, uint8_t a[16], int family)
{
	memset(a, 0, 16);
	a[0] = 10;
	a[1] = (uint8_t)(rnd(s) % 3);
	a[3] = (uint8_t)(rnd(s) % 4 ? rnd(s) % 3 : rnd(s));
	if (family == 6) {
		a[8] = (uint8_t)(rnd(s) % 2);
		a[15] = (uint8_t)(rnd(s) % 3);
	}
}

static uint8_t random_plen(uint64_t *s, int family)
{
	static const uint8_t v4[] = { 0, 8, 9, 16, 24, 31, 32 }, v6[] = { 0, 16, 63, 64, 65, 72, 127, 128 };

	return family == 4 ? v4[rnd(s) % sizeof(v4)] : v6[rnd(s) % sizeof(v6)];
}

static const uint8_t protos[] = { 6, 17, 1, 58, 47 };

static void random_entry(uint64_t *s, struct esv_policy_params *p)
{
	static const uint16_t masks[] = { 0, 0xffff, 0xfff0, 0xfffe, 0x8000, 0x0001 };
	int family = rnd(s) & 1 ? 6 : 4;

	memset(p, 0, sizeof(*p));
	p->dir = rnd(s) & 1 ? ESV_DIR_IN : ESV_DIR_OUT;
	p->action = (uint8_t)(1 + rnd(s) % 3);
	p->priority = htole32(rnd(s) % 8 ? rnd(s) % 5 : rnd(s));
	p->cookie = htole32(rnd(s));
	p->sel.family = (uint8_t)family;
	p->sel.proto = rnd(s) % 3 ? protos[rnd(s) % sizeof(protos)] : 0;
	p->sel.plen_s = random_plen(s, family);
	p->sel.plen_d = random_plen(s, family);
	random_addr(s, p->sel.saddr, family);
	random_addr(s, p->sel.daddr, family);
	if (esvc_proto_has_ports(p->sel.proto)) {
		p->sel.sport_mask = htobe16(masks[rnd(s) % 6]);
		p->sel.dport_mask = htobe16(masks[rnd(s) % 6]);
		p->sel.sport = htobe16((uint16_t)(rnd(s) % 4));
		p->sel.dport = htobe16((uint16_t)(rnd(s) % 4));
	}
}

static void random_packet(uint64_t *s, struct esvc_pkt *p, uint8_t a[2][16])
{
	memset(p, 0, sizeof(*p));
	p->family = rnd(s) & 1 ? 6 : 4;
	random_addr(s, a[0], p->family);
	random_addr(s, a[1], p->family);
	p->saddr = a[0];
	p->daddr = a[1];
	p->proto = protos[rnd(s) % sizeof(protos)];
	p->has_ports = esvc_proto_has_ports(p->proto) && rnd(s) % 8;
	p->sport = htobe16((uint16_t)(rnd(s) % 4));
	p->dport = htobe16((uint16_t)(rnd(s) % 4));
}

static void compare(struct esvc_spd *spd, const struct slow_spd *slow, uint64_t *s)
{
	static const unsigned int actions[] = { ESVC_ACTIONS_ANY, ESVC_ACTIONS_GUARD, ESVC_ACTION_BIT(ESV_ACTION_ALLOW) };
	unsigned int dir = rnd(s) & 1 ? ESV_DIR_IN : ESV_DIR_OUT, act = actions[rnd(s) % 3];
	bool ignore = rnd(s) % 3 == 0;
	struct esvc_policy *got;
	struct esvc_pkt p;
	uint8_t a[2][16];

	random_packet(s, &p, a);
	got = esvc_spd_find(spd, dir, &p, act, ignore);
	assert_int_equal(got ? got->handle : 0, slow_find(slow, dir, &p, act, ignore));
	if (got && dir && act == ESVC_ACTIONS_ANY && !ignore)
		assert_true(esvc_selector_match(&got->p.sel, &p, false));
}

static void add(struct esvc_spd *spd, struct slow_spd *slow, uint64_t *s)
{
	struct slow_entry *e = &slow->e[slow->n];

	if (slow->n == SLOW_MAX)
		return;
	if (slow->n && rnd(s) % 5 == 0) {	/* the same selectors again */
		e->p = slow->e[rnd(s) % slow->n].p;
		e->p.action = (uint8_t)(1 + rnd(s) % 3);
		e->p.priority = htole32(rnd(s) % 5);
	} else {
		random_entry(s, &e->p);
	}
	ok(esvc_spd_add(spd, &e->p, &e->handle));
	e->age = ++slow->age;
	slow->n++;
}

static void drop(struct esvc_spd *spd, struct slow_spd *slow, uint64_t *s)
{
	unsigned int i;

	if (!slow->n)
		return;
	i = rnd(s) % slow->n;
	esvc_spd_delete(spd, esvc_spd_get(spd, slow->e[i].handle));
	assert_null(esvc_spd_get(spd, slow->e[i].handle));
	slow->e[i] = slow->e[--slow->n];
}

static void freeze(struct esvc_spd *spd, struct slow_spd *slow, uint64_t *s)
{
	struct slow_entry *e;

	if (!slow->n)
		return;
	e = &slow->e[rnd(s) % slow->n];
	esvc_spd_freeze(spd, esvc_spd_get(spd, e->handle));
	if (e->p.action == ESV_ACTION_PROTECT)
		e->p.action = ESV_ACTION_DROP;
}

static void check_guards(struct esvc_spd *spd, const struct slow_spd *slow)
{
	bool guard[3] = { false };

	for (unsigned int i = 0; i < slow->n; i++)
		guard[slow->e[i].p.dir] |= slow->e[i].p.action != ESV_ACTION_ALLOW;
	assert_int_equal(esvc_spd_guards(spd, ESV_DIR_OUT), guard[ESV_DIR_OUT]);
	assert_int_equal(esvc_spd_guards(spd, ESV_DIR_IN), guard[ESV_DIR_IN]);
}

static void churn(uint64_t seed, unsigned int steps, unsigned int deletes)
{
	struct esvc_spd *spd = esvc_spd_new(SLOW_MAX);
	static struct slow_spd slow;

	memset(&slow, 0, sizeof(slow));
	for (unsigned int i = 0; i < steps; i++) {
		if (rnd(&seed) % 100 < deletes)
			drop(spd, &slow, &seed);
		else
			add(spd, &slow, &seed);
		if (rnd(&seed) % 20 == 0)
			freeze(spd, &slow, &seed);
		check_guards(spd, &slow);
		for (unsigned int j = 0; j < 20; j++)
			compare(spd, &slow, &seed);
	}
	while (slow.n) {
		drop(spd, &slow, &seed);
		compare(spd, &slow, &seed);
	}
	esvc_spd_free(spd);
}

/* SPD-5 to SPD-9: after whatever was added, frozen and deleted, both find the same entry. */
static void test_against_list(void **state)
{
	churn(1, 600, 10);
	churn(2, 2000, 45);
	churn(3, 500, 70);
	churn(fresh_seed("spd"), 1500, 40);
}

/* SA-3: handles of entries, past the wrap of their generations. ADM-20: a full table is NO_RESOURCE. */
static void test_capacity_and_handles(void **state)
{
	struct esvc_spd *spd = esvc_spd_new(4);
	struct esv_policy_params p;
	uint32_t h[4], again, first;
	uint64_t seed = 5;

	for (int i = 0; i < 4; i++) {
		random_entry(&seed, &p);
		ok(esvc_spd_add(spd, &p, &h[i]));
		assert_int_not_equal(ESV_HANDLE_GEN(h[i]), 0);
	}
	assert_int_equal(esvc_spd_add(spd, &p, &again), ESV_S_NO_RESOURCE);
	first = h[2];
	for (int i = 0; i < 600; i++) {
		esvc_spd_delete(spd, esvc_spd_get(spd, first));
		ok(esvc_spd_add(spd, &p, &again));
		assert_int_equal(ESV_HANDLE_INDEX(again), ESV_HANDLE_INDEX(first));
		assert_int_not_equal(again, first);
		assert_int_not_equal(ESV_HANDLE_GEN(again), 0);
		assert_null(esvc_spd_get(spd, first));
		first = again;
	}
	assert_null(esvc_spd_get(spd, 0));
	assert_null(esvc_spd_get(spd, 0xffffffff));
	esvc_spd_flush(spd);
	assert_false(esvc_spd_guards(spd, ESV_DIR_OUT));
	esvc_spd_free(spd);
}

/* An add that the host takes back never comes into force, whatever its priority (SPD-6). */
static void test_rejected_add(void **state)
{
	struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
	struct esvc_spd *spd = esvc_spd_new(8);
	uint32_t old, new;
	struct esvc_pkt pkt = { .family = 4, .proto = 17, .saddr = ADDR_A[0], .daddr = ADDR_B[0] };

	ok(esvc_spd_add(spd, &p, &old));
	p.action = ESV_ACTION_ALLOW;
	p.priority = 0;
	ok(esvc_spd_add(spd, &p, &new));
	assert_int_equal(esvc_spd_find(spd, ESV_DIR_OUT, &pkt, ESVC_ACTIONS_ANY, false)->handle, old);
	esvc_spd_delete(spd, esvc_spd_get(spd, new));
	assert_int_equal(esvc_spd_find(spd, ESV_DIR_OUT, &pkt, ESVC_ACTIONS_ANY, false)->handle, old);
	/* An update: the new one takes over with the old one's delete. */
	ok(esvc_spd_add(spd, &p, &new));
	esvc_spd_delete(spd, esvc_spd_get(spd, old));
	assert_int_equal(esvc_spd_find(spd, ESV_DIR_OUT, &pkt, ESVC_ACTIONS_ANY, false)->handle, new);
	esvc_spd_free(spd);
}

/* SPD-3, SPD-6: bits that do not count make no other selector. */
static void test_bits_that_do_not_count(void **state)
{
	struct esvc_pkt pkt = { .family = 4, .proto = 17, .has_ports = true, .saddr = ADDR_A[0], .daddr = ADDR_B[0] };

	for (int i = 0; i < 2; i++) {
		struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
		struct esvc_spd *spd = esvc_spd_new(8);
		uint32_t old, new;

		p.sel.plen_s = 24;
		p.sel.proto = 17;
		p.sel.sport_mask = 0x00ff;
		ok(esvc_spd_add(spd, &p, &old));
		p.action = ESV_ACTION_ALLOW;
		p.priority = 0;
		if (i)
			p.sel.saddr[3] ^= 0x55;
		else
			p.sel.sport ^= 0x5500;
		ok(esvc_spd_add(spd, &p, &new));
		assert_int_equal(esvc_spd_find(spd, ESV_DIR_OUT, &pkt, ESVC_ACTIONS_ANY, false)->handle, old);
		p.sel.sport ^= 0x0001;		/* this one does */
		ok(esvc_spd_add(spd, &p, &new));
		pkt.sport = p.sel.sport;
		assert_int_equal(esvc_spd_find(spd, ESV_DIR_OUT, &pkt, ESVC_ACTIONS_ANY, false)->handle, new);
		pkt.sport = 0;
		esvc_spd_free(spd);
	}
}

/* SPD-4: only a tunnel has endpoints. */
static void test_endpoints_without_tunnel(void **state)
{
	static const size_t off[] = { offsetof(struct esv_policy_params, family), offsetof(struct esv_policy_params, saddr),
				      offsetof(struct esv_policy_params, daddr) };
	struct irig *r = irig_new(true);

	for (uint8_t action = ESV_ACTION_ALLOW; action <= ESV_ACTION_DROP; action++) {
		for (size_t i = 0; i < 3; i++) {
			struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 4, action, ESV_SA_TRANSPORT);

			((uint8_t *)&p)[off[i]] = 4;
			assert_int_equal(irig_cmd(r, ESV_OP_POLICY_ADD, 0, 0, &p, sizeof(p)), ESV_S_RESERVED_NONZERO);
			assert_int_equal(r->cmd.err_off, off[i]);
		}
	}
	irig_free(r);
}

#define OFF(field) offsetof(struct esv_policy_params, field)

/* One byte of a good entry is changed, and the answer names it, or the field at want_off. */
struct refusal {
	const char *name;
	size_t off;
	uint8_t val;
	enum esv_status status;
	size_t want_off;
};

static const struct refusal any_refusals[] = {
	{ "family 5", OFF(sel.family), 5, ESV_S_BAD_FIELD, OFF(sel.family) },
	{ "family 0", OFF(sel.family), 0, ESV_S_BAD_FIELD, OFF(sel.family) },
	{ "source prefix of 33", OFF(sel.plen_s), 33, ESV_S_BAD_FIELD, OFF(sel.plen_s) },
	{ "destination prefix of 33", OFF(sel.plen_d), 33, ESV_S_BAD_FIELD, OFF(sel.plen_d) },
	{ "source tail", OFF(sel.saddr) + 15, 1, ESV_S_BAD_FIELD, OFF(sel.saddr) },
	{ "destination tail", OFF(sel.daddr) + 4, 1, ESV_S_BAD_FIELD, OFF(sel.daddr) },
	{ "source port of any protocol", OFF(sel.sport_mask), 1, ESV_S_BAD_FIELD, OFF(sel.sport_mask) },
	{ "destination port of any protocol", OFF(sel.dport_mask) + 1, 1, ESV_S_BAD_FIELD, OFF(sel.dport_mask) },
	{ "reserved in the selector", OFF(sel.rsvd) + 3, 1, ESV_S_BAD_FIELD, OFF(sel.rsvd) },
	{ "direction 0", OFF(dir), 0, ESV_S_BAD_FIELD, OFF(dir) },
	{ "direction 3", OFF(dir), 3, ESV_S_BAD_FIELD, OFF(dir) },
	{ "action 0", OFF(action), 0, ESV_S_BAD_FIELD, OFF(action) },
	{ "action 4", OFF(action), 4, ESV_S_BAD_FIELD, OFF(action) },
	{ "other function", OFF(function), 1, ESV_S_BAD_FIELD, OFF(function) },
	{ "reserved", OFF(rsvd0) + 1, 1, ESV_S_RESERVED_NONZERO, OFF(rsvd0) },
	{ "reserved", OFF(rsvd1) + 2, 1, ESV_S_RESERVED_NONZERO, OFF(rsvd1) },
};

static const struct refusal plain_refusals[] = {
	{ "mode", OFF(mode), ESV_SA_TRANSPORT, ESV_S_RESERVED_NONZERO, OFF(mode) },
	{ "reqid", OFF(reqid) + 3, 1, ESV_S_RESERVED_NONZERO, OFF(reqid) },
};

static const struct refusal protect_refusals[] = {
	{ "mode 0", OFF(mode), ESV_SA_MODE_ANY, ESV_S_BAD_FIELD, OFF(mode) },
	{ "mode 3", OFF(mode), 3, ESV_S_BAD_FIELD, OFF(mode) },
	{ "reqid 0", OFF(reqid), 0, ESV_S_BAD_FIELD, OFF(reqid) },
};

static const struct refusal tunnel_refusals[] = {
	{ "no family", OFF(family), 0, ESV_S_BAD_FIELD, OFF(family) },
	{ "tunnel family 5", OFF(family), 5, ESV_S_BAD_FIELD, OFF(family) },
	{ "the other family outbound", OFF(family), 6, ESV_S_UNSUPPORTED_VALUE, OFF(family) },
	{ "source multicast", OFF(saddr), 224, ESV_S_BAD_FIELD, OFF(saddr) },
	{ "destination multicast", OFF(daddr), 239, ESV_S_BAD_FIELD, OFF(daddr) },
	{ "tunnel source tail", OFF(saddr) + 4, 1, ESV_S_RESERVED_NONZERO, OFF(saddr) },
	{ "tunnel destination tail", OFF(daddr) + 15, 1, ESV_S_RESERVED_NONZERO, OFF(daddr) },
};

static void refuse_all(struct irig *r, const struct esv_policy_params *good, const struct refusal *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct esv_policy_params p = *good;
		enum esv_status got;

		((uint8_t *)&p)[list[i].off] = list[i].val;
		got = irig_cmd(r, ESV_OP_POLICY_ADD, 0, 0, &p, sizeof(p));
		if (got != list[i].status || r->cmd.err_off != list[i].want_off)
			fail_msg("%s: status %d at %u", list[i].name, got, r->cmd.err_off);
		assert_int_equal(esvc_spd_objects(r->dev.ipsec->spd)->used, 0);
	}
}

#define REFUSE_ALL(r, good, list) refuse_all(r, good, list, sizeof(list) / sizeof((list)[0]))

/* SPD-2 to SPD-4, ADM-12: each refusal names its byte and adds nothing. */
static void test_refusals(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_policy_params p, cross;

	for (uint8_t action = ESV_ACTION_ALLOW; action <= ESV_ACTION_DROP; action++) {
		p = irig_policy(ESV_DIR_OUT, 4, action, ESV_SA_TRANSPORT);
		REFUSE_ALL(r, &p, any_refusals);
		if (action == ESV_ACTION_PROTECT)
			REFUSE_ALL(r, &p, protect_refusals);
		else
			REFUSE_ALL(r, &p, plain_refusals);
	}
	p = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
	REFUSE_ALL(r, &p, any_refusals);
	REFUSE_ALL(r, &p, tunnel_refusals);
	cross = p;
	memset(cross.saddr, 0, sizeof(cross.saddr));
	assert_int_equal(irig_cmd(r, ESV_OP_POLICY_ADD, 0, 0, &cross, sizeof(cross)), ESV_S_BAD_FIELD);
	irig_add_policy(r, &p);
	/* Inbound a tunnel may be of the other family (SA-11). */
	cross = irig_policy(ESV_DIR_IN, 6, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
	cross.family = 4;
	memcpy(cross.saddr, GW_A[0], 16);
	memcpy(cross.daddr, GW_B[0], 16);
	irig_add_policy(r, &cross);
	irig_free(r);
}

/* SPD-53, SA-53, SA-36: pages of seven in the order of indices, over gaps, each handle once. */
static void test_list(void **state)
{
	struct irig *r = irig_new(true);
	uint32_t cursor = 0, n = 0, pages = 0, h[30];

	for (uint32_t i = 0; i < 30; i++) {
		struct esv_policy_params p = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_DROP, 0);

		p.sel.saddr[3] = (uint8_t)i;
		h[i] = irig_add_policy(r, &p);
	}
	for (uint32_t i = 0; i < 30; i += 3)
		ok(irig_cmd(r, ESV_OP_POLICY_DELETE, h[i], 0, NULL, 0));
	do {
		struct esvc_cmd cmd = { .out = (uint8_t *)r->out, .out_cap = 8 + 7 * 4 + 3 };
		const struct esv_policy_list *page = (const void *)r->out;

		cursor = htole32(cursor);
		memcpy(cmd.sqe.inl, &cursor, 4);
		ok(irig_row(ESV_OP_POLICY_LIST)->run(&r->dev, &cmd));
		assert_int_equal(cmd.out_len, 8 + le32toh(page->count) * 4);
		assert_in_range(le32toh(page->count), 1, 7);
		for (uint32_t i = 0; i < le32toh(page->count); i++, n++)
			assert_int_equal(le32toh(page->handle[i]), h[n + n / 2 + 1]);
		cursor = le32toh(page->next);
		pages++;
	} while (cursor);
	assert_int_equal(n, 20);
	assert_int_equal(pages, 3);
	irig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rejected_add),
		cmocka_unit_test(test_bits_that_do_not_count),
		cmocka_unit_test(test_endpoints_without_tunnel),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_capacity_and_handles),
		cmocka_unit_test(test_against_list),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("spd", tests, NULL, NULL);
}
