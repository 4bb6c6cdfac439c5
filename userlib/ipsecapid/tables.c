// SPDX-License-Identifier: GPL-2.0-or-later
/* Growing arrays of records. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tables.h"

static int grow(void **array, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t want = *cap ? 2 * *cap : 64;
	void *p;

	if (n < *cap)
		return 0;
	p = reallocarray(*array, want, size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*cap = want;
	return 0;
}

void tables_free(struct tables *t)
{
	free(t->policies);
	free(t->latches);
	free(t->system);
	free(t->sas);
	free(t->units);
	memset(t, 0, sizeof(*t));
}

int tables_add_policy(struct tables *t, const struct rec_policy *p)
{
	int err = grow((void **)&t->policies, t->n_policies, &t->cap_policies, sizeof(*p));

	if (!err)
		t->policies[t->n_policies++] = *p;
	return err;
}

int tables_add_sa(struct tables *t, const struct rec_sa *sa)
{
	int err = grow((void **)&t->sas, t->n_sas, &t->cap_sas, sizeof(*sa));

	if (!err)
		t->sas[t->n_sas++] = *sa;
	return err;
}

int tables_add_unit(struct tables *t, const struct rec_unit *u)
{
	int err = grow((void **)&t->units, t->n_units, &t->cap_units, sizeof(*u));

	if (!err)
		t->units[t->n_units++] = *u;
	return err;
}

void tables_order_policies(struct tables *t)
{
	uint32_t i, j;

	for (i = 0, j = t->n_policies; i + 1 < j; i++) {
		struct rec_policy p = t->policies[i];

		t->policies[i] = t->policies[--j];
		t->policies[j] = p;
	}
}

struct latch_key {
	uint64_t latch;
	uint8_t dir;
};

static int compare_key(const struct latch_key *k, const struct rec_policy *p)
{
	if (k->latch != p->latch)
		return k->latch < p->latch ? -1 : 1;
	return (k->dir > p->dir) - (k->dir < p->dir);
}

static int by_latch(const void *a, const void *b, void *arg)
{
	const struct rec_policy *policies = arg, *p = &policies[*(const uint32_t *)a];
	const struct latch_key key = { p->latch, p->dir };

	return compare_key(&key, &policies[*(const uint32_t *)b]);
}

static void index_system(struct tables *t)
{
	uint32_t i, n = 0;

	free(t->system);
	t->system = reallocarray(NULL, t->n_policies + 1, sizeof(*t->system));
	for (i = 0; t->system && i < t->n_policies; i++)
		if (!t->policies[i].of_socket)
			t->system[n++] = i;
	t->n_system = n;
}

const struct rec_policy *tables_next_system(const struct tables *t, uint32_t *i)
{
	uint32_t n = t->system ? t->n_system : t->n_policies;

	while (*i < n) {
		const struct rec_policy *p = &t->policies[t->system ? t->system[*i] : *i];

		++*i;
		if (!p->of_socket)
			return p;
	}
	return NULL;
}

static void index_latches(struct tables *t)
{
	uint32_t i, n = 0;

	free(t->latches);
	t->n_latches = 0;
	t->latches = reallocarray(NULL, t->n_policies + 1, sizeof(*t->latches));
	for (i = 0; t->latches && i < t->n_policies; i++)
		if (t->policies[i].of_socket && t->policies[i].latch)
			t->latches[n++] = i;
	if (n)
		qsort_r(t->latches, n, sizeof(*t->latches), by_latch, t->policies);
	t->n_latches = n;
}

void tables_index(struct tables *t)
{
	index_system(t);
	index_latches(t);
}

static const struct rec_policy *search_all(const struct tables *t, const struct latch_key *key)
{
	uint32_t i;

	for (i = 0; i < t->n_policies; i++)
		if (t->policies[i].of_socket && !compare_key(key, &t->policies[i]))
			return &t->policies[i];
	return NULL;
}

const struct rec_policy *tables_latch(const struct tables *t, uint64_t latch, uint8_t dir)
{
	const struct latch_key key = { latch, dir };
	uint32_t low = 0, high = t->n_latches, mid;

	if (!t->latches)
		return search_all(t, &key);
	while (low < high) {
		mid = (low + high) / 2;
		if (compare_key(&key, &t->policies[t->latches[mid]]) > 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == t->n_latches || compare_key(&key, &t->policies[t->latches[low]]))
		return NULL;
	return &t->policies[t->latches[low]];
}

bool tables_same_sa(const struct rec_sa *a, const struct rec_sa *b)
{
	struct rec_sa x = *a, y = *b;

	x.packets = y.packets = x.bytes = y.bytes = 0;
	x.unit_packets = y.unit_packets = x.unit_bytes = y.unit_bytes = 0;
	if (x.unit == UNIT_NOT_ASKED || y.unit == UNIT_NOT_ASKED) {
		/* nor is it a change of the table that the unit was asked, or was not */
		x.unit = y.unit;
		x.custody = y.custody;
		x.cipher = y.cipher;
		x.strength = y.strength;
	}
	return !memcmp(&x, &y, sizeof(x));
}

bool tables_equal(const struct tables *a, const struct tables *b)
{
	uint32_t i;

	if (a->n_policies != b->n_policies || a->n_sas != b->n_sas || a->n_units != b->n_units ||
	    memcmp(a->default_block, b->default_block, sizeof(a->default_block)))
		return false;
	for (i = 0; i < a->n_policies; i++)
		if (memcmp(&a->policies[i], &b->policies[i], sizeof(a->policies[i])))
			return false;
	for (i = 0; i < a->n_sas; i++)
		if (!tables_same_sa(&a->sas[i], &b->sas[i]))
			return false;
	for (i = 0; i < a->n_units; i++)
		if (memcmp(&a->units[i], &b->units[i], sizeof(a->units[i])))
			return false;
	return true;
}
