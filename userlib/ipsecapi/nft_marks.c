// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A rule is a list of expressions that load and compare registers. Which bits of the mark matter is
 * seen by following what was loaded of it to where it is written back or used otherwise. What
 * iptables-nft makes has expressions of iptables in it, whose structures are its ABI.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_mark.h>

#include "nft_marks.h"

#define SLOTS	16		/* of 32 bits */
#define ATTRS	16		/* more than any expression here has */

/* What a register has of the mark. */
struct slot {
	uint32_t seen;		/* bits on which it depends */
	uint32_t same;		/* bits that it has where the mark has them */
};

struct follower {
	struct slot at[SLOTS];
	struct mark_use *use;
};

struct attrs {
	const struct nlattr *at[ATTRS];
};

static int collect(const struct nlattr *a, void *arg)
{
	struct attrs *t = arg;

	if (mnl_attr_get_type(a) < ATTRS)
		t->at[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

static struct attrs nested(const struct nlattr *a)
{
	struct attrs t = { { NULL } };

	if (a)
		mnl_attr_parse_nested(a, collect, &t);
	return t;
}

/* Of nf_tables, whose numbers are in network byte order. */
static uint32_t number(const struct nlattr *a)
{
	const uint8_t *p = a && mnl_attr_get_payload_len(a) == 4 ? mnl_attr_get_payload(a) : NULL;

	return p ? (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3] : 0;
}

static uint32_t word(const struct nlattr *a, size_t at)
{
	uint32_t v = 0;

	if (a && mnl_attr_get_payload_len(a) >= at + sizeof(v))
		memcpy(&v, (const char *)mnl_attr_get_payload(a) + at, sizeof(v));
	return v;
}

/* A register has four of 32 bits, which may be named by themselves. */
static struct slot *slot_of(struct follower *f, const struct nlattr *reg)
{
	uint32_t n = number(reg);

	if (n >= NFT_REG_1 && n <= NFT_REG_4)
		return &f->at[(n - NFT_REG_1) * 4];
	return n >= NFT_REG32_00 && n < NFT_REG32_00 + SLOTS ? &f->at[n - NFT_REG32_00] : NULL;
}

/* Whatever uses the registers now, or loads them anew: what they had was not written back. */
static void forget(struct follower *f)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		f->use->looks |= f->at[i].seen;
	memset(f->at, 0, sizeof(f->at));
}

static void load(struct follower *f, const struct nlattr *reg, uint32_t same)
{
	struct slot *s = slot_of(f, reg);

	forget(f);
	if (s)
		*s = (struct slot){ .seen = ~0u, .same = same };
}

static void store(struct follower *f, const struct nlattr *reg)
{
	struct slot *s = slot_of(f, reg);

	f->use->sets |= s ? ~s->same : ~0u;
	if (s)
		*s = (struct slot){ 0 };
	forget(f);
}

static void follow_meta(struct follower *f, const struct attrs *t)
{
	if (number(t->at[NFTA_META_KEY]) != NFT_META_MARK)
		forget(f);
	else if (t->at[NFTA_META_SREG])
		store(f, t->at[NFTA_META_SREG]);
	else
		load(f, t->at[NFTA_META_DREG], ~0u);
}

static void follow_socket(struct follower *f, const struct attrs *t)
{
	if (number(t->at[NFTA_SOCKET_KEY]) == NFT_SOCKET_MARK)
		load(f, t->at[NFTA_SOCKET_DREG], 0);
	else
		forget(f);
}

/* register = register & mask ^ xor; what else there is of it is not taken apart. */
static void follow_bitwise(struct follower *f, const struct attrs *t)
{
	struct slot *from = slot_of(f, t->at[NFTA_BITWISE_SREG]), *to = slot_of(f, t->at[NFTA_BITWISE_DREG]), s;
	struct attrs mask = nested(t->at[NFTA_BITWISE_MASK]), toggle = nested(t->at[NFTA_BITWISE_XOR]);
	uint32_t m = word(mask.at[NFTA_DATA_VALUE], 0), x = word(toggle.at[NFTA_DATA_VALUE], 0);

	if (!from || !to || number(t->at[NFTA_BITWISE_LEN]) != 4 || !mask.at[NFTA_DATA_VALUE]) {
		forget(f);
		return;
	}
	s = (struct slot){ .seen = from->seen & m, .same = from->same & m & ~x };
	*from = (struct slot){ 0 };
	forget(f);
	*to = s;
}

static void follow_match(struct mark_use *use, const struct attrs *t)
{
	if (t->at[NFTA_MATCH_NAME] && !strcmp(mnl_attr_get_str(t->at[NFTA_MATCH_NAME]), "mark"))
		use->looks |= word(t->at[NFTA_MATCH_INFO], offsetof(struct xt_mark_mtinfo1, mask));
}

static void follow_connmark(struct mark_use *use, const struct nlattr *info)
{
	const struct xt_connmark_tginfo1 *c = mnl_attr_get_payload(info);

	if (mnl_attr_get_payload_len(info) < offsetof(struct xt_connmark_tginfo1, mode) + 1)
		return;
	if (c->mode == XT_CONNMARK_SAVE)
		use->looks |= c->nfmask;
	else if (c->mode == XT_CONNMARK_RESTORE)
		use->sets |= c->nfmask | c->ctmask;
}

/* TPROXY begins with a mask and a mark, MARK with a mark and a mask. */
static void follow_target(struct mark_use *use, const struct attrs *t)
{
	const struct nlattr *info = t->at[NFTA_TARGET_INFO];
	const char *name = t->at[NFTA_TARGET_NAME] ? mnl_attr_get_str(t->at[NFTA_TARGET_NAME]) : "";

	if (!strcmp(name, "MARK") || !strcmp(name, "TPROXY"))
		use->sets |= word(info, 0) | word(info, 4);
	else if (info && !strcmp(name, "CONNMARK"))
		follow_connmark(use, info);
}

static void follow(struct follower *f, const char *name, const struct attrs *t)
{
	if (!strcmp(name, "meta"))
		follow_meta(f, t);
	else if (!strcmp(name, "socket"))
		follow_socket(f, t);
	else if (!strcmp(name, "bitwise"))
		follow_bitwise(f, t);
	else
		forget(f);
	if (!strcmp(name, "match"))
		follow_match(f->use, t);
	else if (!strcmp(name, "target"))
		follow_target(f->use, t);
}

void nft_marks_of_rule(const struct nlattr *expressions, struct mark_use *use)
{
	struct follower f = { .use = use };
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, expressions) {
		const struct attrs expr = nested(a), t = nested(expr.at[NFTA_EXPR_DATA]);

		if (expr.at[NFTA_EXPR_NAME])
			follow(&f, mnl_attr_get_str(expr.at[NFTA_EXPR_NAME]), &t);
	}
	forget(&f);
}
