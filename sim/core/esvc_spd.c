// SPDX-License-Identifier: GPL-2.0-or-later
/* SPD entries: which are in force, in which order (clauses SPD-5 to SPD-9). */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "esvc_objtab.h"
#include "esvc_selector.h"
#include "esvc_tuple.h"

struct esvc_spd {
	struct esvc_objtab objects;
	struct esvc_policy **by_index;
	struct esvc_tuples table[2][2];
	uint32_t guards[2];
	uint64_t age;
};

static struct esvc_tuples *table_of(struct esvc_spd *spd, unsigned int dir, uint8_t family)
{
	return &spd->table[dir == ESV_DIR_IN][family == 6];
}

/* Put an entry in force: into the node's order, and the tuple to its place. */
static void enforce(struct esvc_policy *pol)
{
	struct esvc_policy **pos = &pol->node->first;

	while (*pos && esvc_spd_before((*pos)->p.priority, (*pos)->age, pol->p.priority, pol->age))
		pos = &(*pos)->next;
	pol->next = *pos;
	*pos = pol;
	esvc_tuples_best(pol->node, pol->p.priority, pol->age);
}

/* An entry with an equal selector (one node: the rest of it is equal) that is in force keeps the new one back. */
static void attach(struct esvc_policy *pol)
{
	struct esvc_policy *e;

	for (e = pol->node->first; e; e = e->next)
		if (esvc_selector_same_ports(&e->p.sel, &pol->p.sel))
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
	unsigned int i;
	int err = 0;

	if (!spd)
		return NULL;
	for (i = 0; i < 4; i++)
		err |= esvc_tuples_init(&spd->table[i / 2][i % 2]);
	spd->by_index = calloc(max, sizeof(struct esvc_policy *));
	if (!err && spd->by_index && !esvc_objtab_init(&spd->objects, max))
		return spd;
	free(spd->by_index);
	free(spd);
	return NULL;
}

/* Without looking who follows whom: that would be a walk for each entry. */
void esvc_spd_flush(struct esvc_spd *spd)
{
	struct esvc_policy *pol;
	uint32_t index;

	for (index = 0; index < spd->objects.fresh; index++) {
		pol = spd->by_index[index];
		if (!pol)
			continue;
		spd->by_index[index] = NULL;
		esvc_objtab_put(&spd->objects, pol->handle);
		free(pol);
	}
	for (index = 0; index < 4; index++)
		esvc_tuples_flush(&spd->table[index / 2][index % 2]);
	memset(spd->guards, 0, sizeof(spd->guards));
}

void esvc_spd_free(struct esvc_spd *spd)
{
	unsigned int i;

	if (!spd)
		return;
	esvc_spd_flush(spd);
	for (i = 0; i < 4; i++)
		esvc_tuples_free(&spd->table[i / 2][i % 2]);
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
	pol->node = esvc_tuples_add(table_of(spd, p->dir, p->sel.family), &p->sel);
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
	esvc_tuples_put(pol->node);
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
	const struct esvc_tuples *tab = table_of(spd, dir, p->family);
	struct esvc_policy *best = NULL, *pol;
	struct esvc_addrs a = esvc_addrs_of(p->family, p->saddr, p->daddr);
	struct esvc_spd_node *n;
	uint32_t i;

	for (i = 0; i < tab->nr_tuples; i++) {
		const struct esvc_tuple *t = tab->tuples[i];

		if (best && esvc_spd_before(best->p.priority, best->age, t->best_prio, t->best_age))
			break;
		n = esvc_tuples_find(tab, t, &a, p->proto);
		pol = n ? node_match(n, p, actions, ignore_ports) : NULL;
		if (pol && (!best || esvc_spd_before(pol->p.priority, pol->age, best->p.priority, best->age)))
			best = pol;
	}
	return best;
}
