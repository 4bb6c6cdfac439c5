// SPDX-License-Identifier: GPL-2.0-or-later
/* Tuple space search over SPD entries; esvc_spd.h says what it promises. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "esvc_selector.h"
#include "esvc_objtab.h"
#include "esvc_spd.h"

/* Addresses as two 64-bit numbers each, so that a prefix is a mask. IPv4 is at the top. */
struct addrs {
	uint64_t w[4];		/* source high, low, destination high, low */
};

struct tuple {
	uint8_t plen_s;
	uint8_t plen_d;
	uint8_t any_proto;
	uint32_t nodes;
	uint32_t best_prio;	/* not worse than any entry in the tuple */
	uint64_t best_age;
	struct addrs mask;
};

struct esvc_spd_node {
	struct esvc_spd_node *next;
	struct tuple *tuple;
	struct table *table;
	struct addrs addrs;	/* masked */
	uint8_t proto;
	struct esvc_policy *first;
};

/* One direction and family. */
struct table {
	struct tuple **tuples;	/* best first */
	uint32_t nr_tuples;
	uint32_t room_tuples;
	struct esvc_spd_node **hash;
	uint32_t hash_mask;
	uint32_t nr_nodes;
};

struct esvc_spd {
	struct esvc_objtab objects;
	struct esvc_policy **by_index;
	struct table table[2][2];
	uint32_t guards[2];
	uint64_t age;
};

#define HASH_MIN 64

static struct table *table_of(struct esvc_spd *spd, unsigned int dir, uint8_t family)
{
	return &spd->table[dir == ESV_DIR_IN][family == 6];
}

/* Order of entries and of the best entries of tuples. */
static bool before(uint32_t prio_a, uint64_t age_a, uint32_t prio_b, uint64_t age_b)
{
	return prio_a != prio_b ? prio_a < prio_b : age_a < age_b;
}

static uint64_t load64(const uint8_t *p)
{
	return (uint64_t)esvc_get32(p) << 32 | esvc_get32(p + 4);
}

static void load_addr(uint64_t w[2], uint8_t family, const uint8_t *a)
{
	w[0] = family == 4 ? (uint64_t)esvc_get32(a) << 32 : load64(a);
	w[1] = family == 4 ? 0 : load64(a + 8);
}

static void load_mask(uint64_t w[2], unsigned int plen)
{
	w[0] = plen >= 64 ? ~0ull : plen ? ~0ull << (64 - plen) : 0;
	w[1] = plen >= 128 ? ~0ull : plen > 64 ? ~0ull << (128 - plen) : 0;
}

static struct addrs masked(const struct addrs *a, const struct addrs *mask)
{
	struct addrs m;
	int i;

	for (i = 0; i < 4; i++)
		m.w[i] = a->w[i] & mask->w[i];
	return m;
}

static uint32_t hash_of(const struct tuple *t, const struct addrs *a, uint8_t proto)
{
	uint64_t h = 0x9e3779b97f4a7c15ull * (1 + (t->plen_s | t->plen_d << 8 | t->any_proto << 16 | (uint32_t)proto << 24));
	int i;

	for (i = 0; i < 4; i++) {
		h = (h ^ a->w[i]) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	return (uint32_t)(h ^ h >> 17);
}

static struct esvc_spd_node *node_find(const struct table *tab, const struct tuple *t, const struct addrs *a,
				       uint8_t proto)
{
	struct esvc_spd_node *n;

	if (!tab->hash)
		return NULL;
	for (n = tab->hash[hash_of(t, a, proto) & tab->hash_mask]; n; n = n->next)
		if (n->tuple == t && n->proto == proto && !memcmp(&n->addrs, a, sizeof(*a)))
			return n;
	return NULL;
}

static bool hash_grow(struct table *tab)
{
	uint32_t size = tab->hash ? (tab->hash_mask + 1) * 2 : HASH_MIN, i;
	struct esvc_spd_node **hash, *n;

	if (tab->hash && tab->nr_nodes <= tab->hash_mask)
		return true;
	hash = calloc(size, sizeof(struct esvc_spd_node *));
	if (!hash)
		return tab->hash;	/* longer chains, still right */
	for (i = 0; tab->hash && i <= tab->hash_mask; i++) {
		while ((n = tab->hash[i])) {
			uint32_t slot = hash_of(n->tuple, &n->addrs, n->proto) & (size - 1);

			tab->hash[i] = n->next;
			n->next = hash[slot];
			hash[slot] = n;
		}
	}
	free(tab->hash);
	tab->hash = hash;
	tab->hash_mask = size - 1;
	return true;
}

/* Let tuple i float to its place among better and worse ones. */
static void tuple_raise(struct table *tab, uint32_t i)
{
	struct tuple *t = tab->tuples[i];

	for (; i && before(t->best_prio, t->best_age, tab->tuples[i - 1]->best_prio, tab->tuples[i - 1]->best_age); i--)
		tab->tuples[i] = tab->tuples[i - 1];
	tab->tuples[i] = t;
}

static uint32_t tuple_index(const struct table *tab, const struct tuple *t)
{
	uint32_t i = 0;

	while (tab->tuples[i] != t)
		i++;
	return i;
}

static struct tuple *tuple_find(const struct table *tab, const struct esv_selector *sel)
{
	uint32_t i;

	for (i = 0; i < tab->nr_tuples; i++) {
		struct tuple *t = tab->tuples[i];

		if (t->plen_s == sel->plen_s && t->plen_d == sel->plen_d && t->any_proto == !sel->proto)
			return t;
	}
	return NULL;
}

static struct tuple *tuple_add(struct table *tab, const struct esv_selector *sel)
{
	struct tuple *t = tuple_find(tab, sel);
	struct tuple **list;

	if (t)
		return t;
	if (tab->nr_tuples == tab->room_tuples) {
		list = realloc(tab->tuples, (tab->room_tuples + 16) * sizeof(*list));
		if (!list)
			return NULL;
		tab->tuples = list;
		tab->room_tuples += 16;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->plen_s = sel->plen_s;
	t->plen_d = sel->plen_d;
	t->any_proto = !sel->proto;
	t->best_prio = ESV_PRIO_MAX;
	t->best_age = ~0ull;
	load_mask(t->mask.w, sel->plen_s);
	load_mask(t->mask.w + 2, sel->plen_d);
	tab->tuples[tab->nr_tuples++] = t;
	return t;
}

static void tuple_drop(struct table *tab, struct tuple *t)
{
	uint32_t i;

	if (t->nodes)
		return;
	for (i = tuple_index(tab, t) + 1; i < tab->nr_tuples; i++)
		tab->tuples[i - 1] = tab->tuples[i];
	tab->nr_tuples--;
	free(t);
}

static struct esvc_spd_node *node_add(struct table *tab, const struct esv_selector *sel)
{
	struct tuple *t = tuple_add(tab, sel);
	struct esvc_spd_node *n;
	struct addrs a;
	uint32_t slot;

	if (!t)
		return NULL;
	load_addr(a.w, sel->family, sel->saddr);
	load_addr(a.w + 2, sel->family, sel->daddr);
	a = masked(&a, &t->mask);
	n = node_find(tab, t, &a, sel->proto);
	if (n)
		return n;
	n = hash_grow(tab) ? calloc(1, sizeof(*n)) : NULL;
	if (!n) {
		tuple_drop(tab, t);
		return NULL;
	}
	n->tuple = t;
	n->table = tab;
	n->addrs = a;
	n->proto = sel->proto;
	slot = hash_of(t, &a, sel->proto) & tab->hash_mask;
	n->next = tab->hash[slot];
	tab->hash[slot] = n;
	tab->nr_nodes++;
	t->nodes++;
	return n;
}

static void node_drop(struct esvc_spd_node *n)
{
	struct table *tab = n->table;
	struct esvc_spd_node **pos;

	if (n->first)
		return;
	pos = &tab->hash[hash_of(n->tuple, &n->addrs, n->proto) & tab->hash_mask];
	while (*pos != n)
		pos = &(*pos)->next;
	*pos = n->next;
	tab->nr_nodes--;
	n->tuple->nodes--;
	tuple_drop(tab, n->tuple);
	free(n);
}

/* Put an entry in force: into the node's order, and the tuple to its place. */
static void enforce(struct esvc_policy *pol)
{
	struct esvc_policy **pos = &pol->node->first;
	struct tuple *t = pol->node->tuple;

	while (*pos && before((*pos)->p.priority, (*pos)->age, pol->p.priority, pol->age))
		pos = &(*pos)->next;
	pol->next = *pos;
	*pos = pol;
	if (before(pol->p.priority, pol->age, t->best_prio, t->best_age)) {
		t->best_prio = pol->p.priority;
		t->best_age = pol->age;
		tuple_raise(pol->node->table, tuple_index(pol->node->table, t));
	}
}

/* An entry with equal selectors that is in force keeps the new one back. */
static void attach(struct esvc_policy *pol)
{
	struct esvc_policy *e;

	for (e = pol->node->first; e; e = e->next)
		if (!memcmp(&e->p.sel, &pol->p.sel, sizeof(e->p.sel)))
			break;
	if (!e) {
		enforce(pol);
		return;
	}
	while (e->shadow)
		e = e->shadow;
	e->shadow = pol;
}

/* Take an entry out; the next younger one with equal selectors takes over. */
static void detach(struct esvc_policy *pol)
{
	struct esvc_policy **pos, *e;

	for (pos = &pol->node->first; *pos; pos = &(*pos)->next) {
		if (*pos == pol) {
			*pos = pol->next;
			if (pol->shadow)
				enforce(pol->shadow);
			return;
		}
		for (e = *pos; e; e = e->shadow) {
			if (e->shadow == pol) {
				e->shadow = pol->shadow;
				return;
			}
		}
	}
}

static bool is_guard(const struct esvc_policy *pol)
{
	return ESVC_ACTION_BIT(pol->p.action) & ESVC_ACTIONS_GUARD;
}

struct esvc_spd *esvc_spd_new(uint32_t max)
{
	struct esvc_spd *spd = calloc(1, sizeof(*spd));

	if (!spd)
		return NULL;
	spd->by_index = calloc(max, sizeof(struct esvc_policy *));
	if (spd->by_index && !esvc_objtab_init(&spd->objects, max))
		return spd;
	free(spd->by_index);
	free(spd);
	return NULL;
}

void esvc_spd_flush(struct esvc_spd *spd)
{
	uint32_t index;

	for (index = 0; index < spd->objects.fresh; index++)
		if (spd->by_index[index])
			esvc_spd_delete(spd, spd->by_index[index]);
}

void esvc_spd_free(struct esvc_spd *spd)
{
	unsigned int i;

	if (!spd)
		return;
	esvc_spd_flush(spd);
	for (i = 0; i < 4; i++) {
		free(spd->table[i / 2][i % 2].hash);
		free(spd->table[i / 2][i % 2].tuples);
	}
	esvc_objtab_fini(&spd->objects);
	free(spd->by_index);
	free(spd);
}

static void fill(struct esvc_policy *pol, const struct esv_policy_params *p)
{
	pol->p.sel = p->sel;
	pol->p.dir = p->dir;
	pol->p.action = p->action;
	pol->p.mode = p->mode;
	pol->p.family = p->family;
	pol->p.priority = le32toh(p->priority);
	pol->p.reqid = le32toh(p->reqid);
	memcpy(pol->p.saddr, p->saddr, sizeof(pol->p.saddr));
	memcpy(pol->p.daddr, p->daddr, sizeof(pol->p.daddr));
	pol->cookie = p->cookie;
	pol->function = p->function;
}

enum esv_status esvc_spd_add(struct esvc_spd *spd, const struct esv_policy_params *p, uint32_t *handle)
{
	struct esvc_policy *pol = calloc(1, sizeof(*pol));

	if (!pol)
		return ESV_S_NO_RESOURCE;
	pol->handle = esvc_objtab_get(&spd->objects);
	if (!pol->handle)
		goto no_slot;
	fill(pol, p);
	pol->age = ++spd->age;
	pol->node = node_add(table_of(spd, p->dir, p->sel.family), &p->sel);
	if (!pol->node)
		goto no_node;
	attach(pol);
	spd->by_index[ESV_HANDLE_INDEX(pol->handle)] = pol;
	spd->guards[p->dir == ESV_DIR_IN] += is_guard(pol);
	*handle = pol->handle;
	return ESV_S_OK;

no_node:
	esvc_objtab_put(&spd->objects, pol->handle);
no_slot:
	free(pol);
	return ESV_S_NO_RESOURCE;
}

struct esvc_policy *esvc_spd_get(struct esvc_spd *spd, uint32_t handle)
{
	return esvc_objtab_valid(&spd->objects, handle) ? spd->by_index[ESV_HANDLE_INDEX(handle)] : NULL;
}

void esvc_spd_delete(struct esvc_spd *spd, struct esvc_policy *pol)
{
	detach(pol);
	node_drop(pol->node);
	spd->guards[pol->p.dir == ESV_DIR_IN] -= is_guard(pol);
	spd->by_index[ESV_HANDLE_INDEX(pol->handle)] = NULL;
	esvc_objtab_put(&spd->objects, pol->handle);
	free(pol);
}

void esvc_spd_freeze(struct esvc_spd *spd, struct esvc_policy *pol)
{
	if (pol->p.action == ESV_ACTION_PROTECT)
		pol->p.action = ESV_ACTION_DROP;
}

struct esv_policy_params esvc_spd_params(const struct esvc_policy *pol)
{
	struct esv_policy_params p = {
		.sel = pol->p.sel,
		.dir = pol->p.dir,
		.action = pol->p.action,
		.mode = pol->p.mode,
		.family = pol->p.family,
		.priority = htole32(pol->p.priority),
		.reqid = htole32(pol->p.reqid),
		.cookie = pol->cookie,
		.function = pol->function,
	};

	memcpy(p.saddr, pol->p.saddr, sizeof(p.saddr));
	memcpy(p.daddr, pol->p.daddr, sizeof(p.daddr));
	return p;
}

const struct esvc_objtab *esvc_spd_objects(const struct esvc_spd *spd)
{
	return &spd->objects;
}

bool esvc_spd_guards(const struct esvc_spd *spd, unsigned int dir)
{
	return spd->guards[dir == ESV_DIR_IN];
}

static struct esvc_policy *node_match(const struct esvc_spd_node *n, const struct esvc_pkt *p,
				      unsigned int actions, bool ignore_ports)
{
	struct esvc_policy *pol;

	for (pol = n->first; pol; pol = pol->next)
		if ((ESVC_ACTION_BIT(pol->p.action) & actions) &&
		    (ignore_ports || esvc_selector_match_ports(&pol->p.sel, p)))
			return pol;
	return NULL;
}

struct esvc_policy *esvc_spd_find(struct esvc_spd *spd, unsigned int dir, const struct esvc_pkt *p,
				  unsigned int actions, bool ignore_ports)
{
	const struct table *tab = table_of(spd, dir, p->family);
	struct esvc_policy *best = NULL, *pol;
	struct esvc_spd_node *n;
	struct addrs a, m;
	uint32_t i;

	load_addr(a.w, p->family, p->saddr);
	load_addr(a.w + 2, p->family, p->daddr);
	for (i = 0; i < tab->nr_tuples; i++) {
		const struct tuple *t = tab->tuples[i];

		if (best && before(best->p.priority, best->age, t->best_prio, t->best_age))
			break;
		m = masked(&a, &t->mask);
		n = node_find(tab, t, &m, t->any_proto ? 0 : p->proto);
		pol = n ? node_match(n, p, actions, ignore_ports) : NULL;
		if (pol && (!best || before(pol->p.priority, pol->age, best->p.priority, best->age)))
			best = pol;
	}
	return best;
}
