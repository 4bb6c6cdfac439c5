// SPDX-License-Identifier: LGPL-2.1-or-later
/* SAs and SPD entries as the device has them, and its counters. */
#include "priv.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_PAGES_MAX	20000	/* 2^24 handles and room for short pages */
#define SA_MIN	offsetof(struct espvault_sa, spi)

static void sa_fill(struct espvault_sa *sa, const struct esv_sa_info *i)
{
	*sa = (struct espvault_sa){
		.size = sizeof(*sa), .handle = le32toh(i->handle), .spi = be32toh(i->spi),
		.family = i->family, .mode = i->mode, .dir = i->dir, .algo = i->algo,
		.reqid = le32toh(i->reqid), .custody = i->custody, .vouch = i->vouch, .state = i->state,
		.seq = le64toh(i->seq), .packets = le64toh(i->packets), .bytes = le64toh(i->bytes),
		.auth_failed = le64toh(i->auth_failed), .replay_dropped = le64toh(i->replay_dropped),
		.other_dropped = le64toh(i->other_dropped), .epoch = le64toh(i->epoch),
	};
	memcpy(sa->saddr, i->saddr, sizeof(sa->saddr));
	memcpy(sa->daddr, i->daddr, sizeof(sa->daddr));
}

/* handle 0: look up by key. */
static int sa_query(struct espvault *unit, uint32_t handle, const struct esv_sa_key *key, struct espvault_sa *sa)
{
	struct esv_sa_info info;
	struct esp_cmd cmd = { .opcode = ESV_OP_SA_QUERY, .object = handle, .in = key, .in_len = key ? sizeof(*key) : 0,
			       .out = &info, .out_len = sizeof(info) };
	int err = esp_cmd(unit, &cmd);

	if (!err)
		sa_fill(sa, &info);
	return err;
}

ESPVAULT_API int espvault_sa_lookup(struct espvault *unit, uint8_t family, const uint8_t *daddr, uint32_t spi,
				    struct espvault_sa *sa)
{
	struct esv_sa_key key = { .spi = htobe32(spi), .family = family, .proto = 50 };
	struct espvault_sa mine;
	int err;

	if (!unit || !daddr || !sa)
		return -EINVAL;
	if (family != 4 && family != 6)
		return esp_refuse(unit, -EINVAL, "family is 4 or 6");
	memcpy(key.daddr, daddr, family == 4 ? 4 : 16);
	err = sa_query(unit, 0, &key, &mine);
	return err ? err : esp_struct_out(sa, &mine, sizeof(mine), SA_MIN);
}

ESPVAULT_API int espvault_sa_get(struct espvault *unit, uint32_t handle, struct espvault_sa *sa)
{
	struct espvault_sa mine;
	int err;

	if (!unit || !sa)
		return -EINVAL;
	if (!handle)
		return esp_refuse(unit, -EBADF, "no SA has the handle 0");
	err = sa_query(unit, handle, NULL, &mine);
	return err ? err : esp_struct_out(sa, &mine, sizeof(mine), SA_MIN);
}

/* One page of handles; the two lists of the interface have one shape. */
_Static_assert(sizeof(struct esv_sa_list) == sizeof(struct esv_policy_list) &&
	       offsetof(struct esv_sa_list, handle) == offsetof(struct esv_policy_list, handle),
	       "lists of SAs and of entries are read by one function");

static int list_page(struct espvault *unit, uint16_t opcode, uint32_t cursor, struct esv_sa_list *list)
{
	struct esp_cmd cmd = { .opcode = opcode, .arg = cursor, .out = list, .out_len = sizeof(*list),
			       .out_min = offsetof(struct esv_sa_list, handle) };
	int err = esp_cmd(unit, &cmd);

	/* count is the device's word: never read more than a page has */
	if (!err && le32toh(list->count) > ESV_LIST_MAX)
		err = esp_refuse(unit, -EPROTO, "the device lists more than a page holds");
	return err;
}

/* Calls one(unit, handle, fn, arg) for everything that is listed; what went meanwhile is left out. */
static int list_all(struct espvault *unit, uint16_t opcode,
		    int (*one)(struct espvault *unit, uint32_t handle, void *fn, void *arg), void *fn, void *arg)
{
	struct esv_sa_list *list = calloc(1, sizeof(*list));
	unsigned int pages = 0;
	uint32_t cursor = 0;
	int err = list ? 0 : -ENOMEM;

	do {
		/* A device that lists in circles must not keep us. */
		if (!err && pages++ == LIST_PAGES_MAX)
			err = esp_refuse(unit, -EPROTO, "the device's list does not end");
		if (!err)
			err = list_page(unit, opcode, cursor, list);
		for (uint32_t i = 0; !err && i < le32toh(list->count); i++) {
			err = one(unit, le32toh(list->handle[i]), fn, arg);
			if (err == -EBADF)
				err = 0;
		}
		cursor = err ? 0 : le32toh(list->next);
	} while (cursor);
	free(list);
	return err;
}

typedef int (*sa_fn)(const struct espvault_sa *sa, void *arg);
typedef int (*policy_fn)(const struct espvault_policy *policy, void *arg);

static int one_sa(struct espvault *unit, uint32_t handle, void *fn, void *arg)
{
	struct espvault_sa sa = ESPVAULT_INIT(struct espvault_sa);
	int err = espvault_sa_get(unit, handle, &sa);

	return err ? err : (*(sa_fn *)fn)(&sa, arg);
}

ESPVAULT_API int espvault_sa_foreach(struct espvault *unit, int (*fn)(const struct espvault_sa *sa, void *arg),
				     void *arg)
{
	return unit && fn ? list_all(unit, ESV_OP_SA_LIST, one_sa, &fn, arg) : -EINVAL;
}

static void selector_fill(struct espvault_selector *to, const struct esv_selector *from)
{
	*to = (struct espvault_selector){
		.family = from->family, .proto = from->proto, .plen_s = from->plen_s, .plen_d = from->plen_d,
		.sport = be16toh(from->sport), .sport_mask = be16toh(from->sport_mask),
		.dport = be16toh(from->dport), .dport_mask = be16toh(from->dport_mask),
	};
	memcpy(to->saddr, from->saddr, sizeof(to->saddr));
	memcpy(to->daddr, from->daddr, sizeof(to->daddr));
}

static void policy_fill(struct espvault_policy *p, uint32_t handle, const struct esv_policy_info *i)
{
	*p = (struct espvault_policy){
		.size = sizeof(*p), .handle = handle, .dir = i->p.dir, .action = i->p.action,
		.mode = i->p.mode, .tunnel_family = i->p.family, .priority = le32toh(i->p.priority),
		.reqid = le32toh(i->p.reqid), .cookie = le32toh(i->p.cookie),
		.packets = le64toh(i->packets), .bytes = le64toh(i->bytes), .drops = le64toh(i->drops),
	};
	selector_fill(&p->sel, &i->p.sel);
	memcpy(p->saddr, i->p.saddr, sizeof(p->saddr));
	memcpy(p->daddr, i->p.daddr, sizeof(p->daddr));
}

static int one_policy(struct espvault *unit, uint32_t handle, void *fn, void *arg)
{
	struct esv_policy_info info;
	struct esp_cmd cmd = { .opcode = ESV_OP_POLICY_QUERY, .object = handle, .out = &info,
			       .out_len = sizeof(info) };
	struct espvault_policy p;
	int err = esp_cmd(unit, &cmd);

	if (err)
		return err;
	policy_fill(&p, handle, &info);
	return (*(policy_fn *)fn)(&p, arg);
}

ESPVAULT_API int espvault_policy_foreach(struct espvault *unit,
					 int (*fn)(const struct espvault_policy *policy, void *arg), void *arg)
{
	return unit && fn ? list_all(unit, ESV_OP_POLICY_LIST, one_policy, &fn, arg) : -EINVAL;
}

#define COUNTER_NAME(name, num, text)	[num] = #name,
static const char *const counter_names[] = { ESV_COUNTER_LIST(COUNTER_NAME) };

ESPVAULT_API int espvault_counters(struct espvault *unit, int (*fn)(const char *name, uint64_t value, void *arg),
				   void *arg)
{
	struct esv_counters c;
	struct esp_cmd cmd = { .opcode = ESV_OP_COUNTERS_READ, .out = &c, .out_len = sizeof(c) };
	int err;

	if (!unit || !fn)
		return -EINVAL;
	err = esp_cmd(unit, &cmd);
	for (unsigned int i = 0; !err && i < ESV_C_COUNT; i++)
		err = fn(counter_names[i], le64toh(c.c[i]), arg);
	return err;
}
