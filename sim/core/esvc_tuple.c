// SPDX-License-Identifier: GPL-2.0-or-later
/* Tuples, their order, and the hash of nodes that they share. */
#include <stdlib.h>
#include <string.h>

#include "esvc_tuple.h"

#define HASH_MIN 64

static uint64_t load64(const uint8_t *p)
{
	return (uint64_t)esvc_get32(p) << 32 | esvc_get32(p + 4);
}

static void load_addr(uint64_t w[2], uint8_t family, const uint8_t *a)
{
	w[0] = family == 4 ? (uint64_t)esvc_get32(a) << 32 : load64(a);
	w[1] = family == 4 ? 0 : load64(a + 8);
}

struct esvc_addrs esvc_addrs_of(uint8_t family, const uint8_t *saddr, const uint8_t *daddr)
{
	struct esvc_addrs a;

	load_addr(a.w, family, saddr);
	load_addr(a.w + 2, family, daddr);
	return a;
}

static void load_mask(uint64_t w[2], unsigned int plen)
{
	w[0] = plen >= 64 ? ~0ull : plen ? ~0ull << (64 - plen) : 0;
	w[1] = plen >= 128 ? ~0ull : plen > 64 ? ~0ull << (128 - plen) : 0;
}

static struct esvc_addrs masked(const struct esvc_addrs *a, const struct esvc_addrs *mask)
{
	struct esvc_addrs m;
	int i;

	for (i = 0; i < 4; i++)
		m.w[i] = a->w[i] & mask->w[i];
	return m;
}

static uint32_t hash_of(const struct esvc_tuples *tab, const struct esvc_tuple *t, const struct esvc_addrs *a,
			uint8_t proto)
{
	uint32_t words[9] = { t->plen_s | t->plen_d << 8 | t->any_proto << 16 | (uint32_t)proto << 24 };

	_Static_assert(sizeof(words) == sizeof(uint32_t) + sizeof(*a) && ESVC_HASH_WORDS >= 9, "addresses are hashed whole");
	memcpy(words + 1, a, sizeof(*a));
	return esvc_hash(&tab->seed, words, 9) & tab->hash_mask;
}

static struct esvc_spd_node *node_find(const struct esvc_tuples *tab, const struct esvc_tuple *t, const struct esvc_addrs *a,
				       uint8_t proto)
{
	struct esvc_spd_node *n;

	if (!tab->hash)
		return NULL;
	for (n = tab->hash[hash_of(tab, t, a, proto)]; n; n = n->next)
		if (n->tuple == t && n->proto == proto && !memcmp(&n->addrs, a, sizeof(*a)))
			return n;
	return NULL;
}

static bool hash_grow(struct esvc_tuples *tab)
{
	uint32_t size = tab->hash ? (tab->hash_mask + 1) * 2 : HASH_MIN, i;
	struct esvc_spd_node **hash, **old, *n;

	if (tab->hash && tab->nr_nodes <= tab->hash_mask)
		return true;
	hash = calloc(size, sizeof(struct esvc_spd_node *));
	if (!hash)
		return tab->hash;	/* longer chains, still right */
	old = tab->hash;
	tab->hash = hash;
	tab->hash_mask = size - 1;
	for (i = 0; old && i < size / 2; i++) {
		while ((n = old[i])) {
			uint32_t slot = hash_of(tab, n->tuple, &n->addrs, n->proto);

			old[i] = n->next;
			n->next = hash[slot];
			hash[slot] = n;
		}
	}
	free(old);
	return true;
}

/* Let tuple i float to its place among better and worse ones. */
static void tuple_raise(struct esvc_tuples *tab, uint32_t i)
{
	struct esvc_tuple *t = tab->tuples[i];

	for (; i && esvc_spd_before(t->best_prio, t->best_age, tab->tuples[i - 1]->best_prio, tab->tuples[i - 1]->best_age); i--)
		tab->tuples[i] = tab->tuples[i - 1];
	tab->tuples[i] = t;
}

static uint32_t tuple_index(const struct esvc_tuples *tab, const struct esvc_tuple *t)
{
	uint32_t i = 0;

	while (tab->tuples[i] != t)
		i++;
	return i;
}

static struct esvc_tuple *tuple_find(const struct esvc_tuples *tab, const struct esv_selector *sel)
{
	uint32_t i;

	for (i = 0; i < tab->nr_tuples; i++) {
		struct esvc_tuple *t = tab->tuples[i];

		if (t->plen_s == sel->plen_s && t->plen_d == sel->plen_d && t->any_proto == !sel->proto)
			return t;
	}
	return NULL;
}

static struct esvc_tuple *tuple_add(struct esvc_tuples *tab, const struct esv_selector *sel)
{
	struct esvc_tuple *t = tuple_find(tab, sel);
	struct esvc_tuple **list;

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

static void tuple_drop(struct esvc_tuples *tab, struct esvc_tuple *t)
{
	uint32_t i;

	if (t->nodes)
		return;
	for (i = tuple_index(tab, t) + 1; i < tab->nr_tuples; i++)
		tab->tuples[i - 1] = tab->tuples[i];
	tab->nr_tuples--;
	free(t);
}

struct esvc_spd_node *esvc_tuples_add(struct esvc_tuples *tab, const struct esv_selector *sel)
{
	struct esvc_tuple *t = tuple_add(tab, sel);
	struct esvc_spd_node *n;
	struct esvc_addrs a;
	uint32_t slot;

	if (!t)
		return NULL;
	a = esvc_addrs_of(sel->family, sel->saddr, sel->daddr);
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
	slot = hash_of(tab, t, &a, sel->proto);
	n->next = tab->hash[slot];
	tab->hash[slot] = n;
	tab->nr_nodes++;
	t->nodes++;
	return n;
}

void esvc_tuples_put(struct esvc_spd_node *n)
{
	struct esvc_tuples *tab = n->table;
	struct esvc_spd_node **pos;

	if (n->first)
		return;
	pos = &tab->hash[hash_of(tab, n->tuple, &n->addrs, n->proto)];
	while (*pos != n)
		pos = &(*pos)->next;
	*pos = n->next;
	tab->nr_nodes--;
	n->tuple->nodes--;
	tuple_drop(tab, n->tuple);
	free(n);
}

void esvc_tuples_best(struct esvc_spd_node *n, uint32_t prio, uint64_t age)
{
	struct esvc_tuple *t = n->tuple;

	if (!esvc_spd_before(prio, age, t->best_prio, t->best_age))
		return;
	t->best_prio = prio;
	t->best_age = age;
	tuple_raise(n->table, tuple_index(n->table, t));
}

struct esvc_spd_node *esvc_tuples_find(const struct esvc_tuples *ts, const struct esvc_tuple *t,
				       const struct esvc_addrs *addrs, uint8_t proto)
{
	struct esvc_addrs a = masked(addrs, &t->mask);

	return node_find(ts, t, &a, t->any_proto ? 0 : proto);
}

int esvc_tuples_init(struct esvc_tuples *ts)
{
	return esvc_hash_init(&ts->seed);
}

void esvc_tuples_flush(struct esvc_tuples *ts)
{
	struct esvc_spd_node *n;
	uint32_t i;

	for (i = 0; ts->hash && i <= ts->hash_mask; i++) {
		while ((n = ts->hash[i])) {
			ts->hash[i] = n->next;
			free(n);
		}
	}
	for (i = 0; i < ts->nr_tuples; i++)
		free(ts->tuples[i]);
	ts->nr_nodes = 0;
	ts->nr_tuples = 0;
}

void esvc_tuples_free(struct esvc_tuples *ts)
{
	esvc_tuples_flush(ts);
	free(ts->hash);
	free(ts->tuples);
	memset(ts, 0, sizeof(*ts));
}
