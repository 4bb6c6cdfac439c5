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
