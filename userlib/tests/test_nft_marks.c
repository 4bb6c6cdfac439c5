// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What rules that iptables-nft makes have to do with marks: api-rules 25. Those that nft makes are
 * tried by check-doctor, with the kernel.
 */
#include <assert.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_mark.h>

#include "../ipsecapi/nft_marks.h"
#include "unit.h"

static uint8_t buf[4096] __attribute__((aligned(8)));
static struct nlmsghdr *nlh;
static struct nlattr *rule;

static void begin(void)
{
	memset(buf, 0, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	rule = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
}

static void put(const char *expression, const char *name, const void *info, size_t length)
{
	struct nlattr *expr = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM), *data;

	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, expression);
	data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	if (name)
		mnl_attr_put_strz(nlh, NFTA_TARGET_NAME, name);	/* a match has them by the same numbers */
	if (info)
		mnl_attr_put(nlh, NFTA_TARGET_INFO, length, info);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, expr);
}

static void expect(uint32_t sets, uint32_t looks)
{
	struct mark_use use = { 0 };

	mnl_attr_nest_end(nlh, rule);
	nft_marks_of_rule(rule, &use);
	assert_int_equal(use.sets, sets);
	assert_int_equal(use.looks, looks);
}

static void targets(void **state)
{
	const struct xt_mark_tginfo2 mark = { .mark = 0x4000, .mask = 0xf000 };
	const struct { uint32_t mask, mark; } proxy = { 0x200, 0x200 };

	(void)state;
	static_assert((int)NFTA_TARGET_NAME == (int)NFTA_MATCH_NAME && (int)NFTA_TARGET_INFO == (int)NFTA_MATCH_INFO,
		      "one function puts both");
	begin();
	put("target", "MARK", &mark, sizeof(mark));
	expect(0xf000, 0);
	begin();
	put("target", "TPROXY", &proxy, sizeof(proxy));
	expect(0x200, 0);
	begin();
	put("target", "ACCEPT", &mark, sizeof(mark));
	expect(0, 0);
}

static void connections(void **state)
{
	struct xt_connmark_tginfo1 c = { .ctmask = 0xff0000, .nfmask = 0xf00, .mode = XT_CONNMARK_SAVE };

	(void)state;
	begin();
	put("target", "CONNMARK", &c, sizeof(c));
	expect(0, 0xf00);
	c.mode = XT_CONNMARK_RESTORE;
	begin();
	put("target", "CONNMARK", &c, sizeof(c));
	expect(0xff0f00, 0);
	c.mode = XT_CONNMARK_SET;
	begin();
	put("target", "CONNMARK", &c, sizeof(c));
	expect(0, 0);
}

static void matches(void **state)
{
	const struct xt_mark_mtinfo1 mark = { .mark = 1, .mask = 0xff };
	const struct xt_mark_tginfo2 to = { .mark = 0x100, .mask = 0x100 };

	(void)state;
	begin();
	put("match", "mark", &mark, sizeof(mark));
	put("counter", NULL, NULL, 0);
	put("target", "MARK", &to, sizeof(to));
	expect(0x100, 0xff);
	begin();
	put("match", "connmark", &mark, sizeof(mark));
	expect(0, 0);
}

/* Nothing is read that is not there. */
static void too_short(void **state)
{
	const uint32_t one = 0xff;

	(void)state;
	begin();
	put("match", "mark", &one, sizeof(one));
	put("match", NULL, NULL, 0);
	put("target", "MARK", NULL, 0);
	put("target", "CONNMARK", &one, sizeof(one));
	put("target", "CONNMARK", NULL, 0);
	put("target", NULL, NULL, 0);
	put("bitwise", NULL, NULL, 0);
	put("socket", NULL, NULL, 0);
	put("meta", NULL, NULL, 0);
	expect(0, 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(targets),
	cmocka_unit_test(connections),
	cmocka_unit_test(matches),
	cmocka_unit_test(too_short),
};
RUN(tests)
