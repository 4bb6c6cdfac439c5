// SPDX-License-Identifier: GPL-2.0-or-later
/* Bits of marks that are the broker's, and who else on this host uses them. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "../ipsecapid/netlink.h"
#include "doctor.h"
#include "nft_marks.h"

#define CHAINS_TOLD	16
#define NAME		64	/* as much of a name as is told */
#define REMEDY		"start ipsecapid with --marks and four bits that nothing else uses, or take the bits out there"

/* Have the kernel list something. Returns 0 or a negative errno. */
static int list(int family, struct nlmsghdr *nlh, mnl_cb_t each, void *arg)
{
	static char buf[65536] __attribute__((aligned(8)));
	int fd = netlink_open(family, 0), more = MNL_CB_OK, err = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (send(fd, nlh, nlh->nlmsg_len, 0) < 0)
		err = -errno;
	while (!err && more == MNL_CB_OK) {
		n = recv(fd, buf, sizeof(buf), 0);
		more = n < 0 ? -1 : mnl_cb_run(buf, n, 0, 0, each, arg);
		if (more < 0)
			err = -errno;
	}
	close(fd);
	return err;
}

/* --- nftables ------------------------------------------------------------------------------- */

/* A chain, and what its rules do. The kernel lists those of one chain together. */
struct chain {
	uint8_t family;
	char table[NAME], name[NAME];
	unsigned long long rule;	/* the first of them */
	struct mark_use use;
};

struct search {
	struct doctor *d;
	uint32_t marks;
	struct chain at;
	unsigned int found;
};

static const char *family_word(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET: return "inet";
	case NFPROTO_IPV4: return "ip";
	case NFPROTO_IPV6: return "ip6";
	case NFPROTO_ARP: return "arp";
	case NFPROTO_BRIDGE: return "bridge";
	case NFPROTO_NETDEV: return "netdev";
	}
	return "unknown";
}

static void tell_chain(struct search *s)
{
	const struct chain *c = &s->at;

	if (!c->use.sets && !c->use.looks)
		return;
	if (s->found++ >= CHAINS_TOLD)
		return;
	if (c->use.sets)
		finding(s->d, "mark_nftables", FINDING_WARN, REMEDY,
			"chain %s of nftables table %s %s sets bits %#x of marks, which are the broker's, from rule %llu on",
			c->name, family_word(c->family), c->table, c->use.sets, c->rule);
	else
		finding(s->d, "mark_nftables", FINDING_WARN, REMEDY,
			"chain %s of nftables table %s %s looks at bits %#x of marks, which are the broker's, from rule %llu on",
			c->name, family_word(c->family), c->table, c->use.looks, c->rule);
}

/* Names are others' words: no control characters. */
static void copy_name(char to[NAME], const char *name)
{
	size_t i;

	for (i = 0; i < NAME - 1 && name[i]; i++)
		to[i] = iscntrl((unsigned char)name[i]) ? '?' : name[i];
	to[i] = 0;
}

static int collect(const struct nlattr *a, void *arg)
{
	const struct nlattr **at = arg;

	if (mnl_attr_get_type(a) <= NFTA_RULE_EXPRESSIONS)
		at[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

static unsigned long long handle_of(const struct nlattr *a)
{
	const uint8_t *p = a && mnl_attr_get_payload_len(a) == 8 ? mnl_attr_get_payload(a) : NULL;
	unsigned long long v = 0;
	int i;

	for (i = 0; p && i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static int take_rule(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *at[NFTA_RULE_EXPRESSIONS + 1] = { NULL };
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	struct mark_use use = { 0 };
	struct search *s = arg;
	struct chain now = { 0 };

	mnl_attr_parse(nlh, sizeof(*g), collect, at);
	if (!at[NFTA_RULE_TABLE] || !at[NFTA_RULE_CHAIN] || !at[NFTA_RULE_EXPRESSIONS])
		return MNL_CB_OK;
	now.family = g->nfgen_family;
	copy_name(now.table, mnl_attr_get_str(at[NFTA_RULE_TABLE]));
	copy_name(now.name, mnl_attr_get_str(at[NFTA_RULE_CHAIN]));
	if (now.family == NFPROTO_INET && !strcmp(now.table, "ipsecapi"))
		return MNL_CB_OK;	/* the broker's own */
	if (now.family != s->at.family || strcmp(now.table, s->at.table) || strcmp(now.name, s->at.name)) {
		tell_chain(s);
		s->at = now;
	}
	nft_marks_of_rule(at[NFTA_RULE_EXPRESSIONS], &use);
	if (!s->at.rule && (use.sets | use.looks) & s->marks)
		s->at.rule = handle_of(at[NFTA_RULE_HANDLE]);
	s->at.use.sets |= use.sets & s->marks;
	s->at.use.looks |= use.looks & s->marks;
	return MNL_CB_OK;
}

/* Tables of the older iptables, which nothing but itself can list. */
static void check_legacy(struct doctor *d, const char *path, const char *save)
{
	char names[NAME] = "", remedy[96];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(names, 1, sizeof(names) - 1, f) : 0;

	if (f)
		fclose(f);
	if (!n)
		return;
	while (n--)
		if (names[n] == '\n')
			names[n] = names[n + 1] ? ' ' : 0;
	snprintf(remedy, sizeof(remedy), "look for marks in what %s prints", save);
	finding(d, "mark_nftables", FINDING_UNKNOWN, remedy,
		"what iptables had before nftables is in use, whose rules can't be seen: %s", names);
}

static void check_nftables(struct doctor *d, uint32_t marks)
{
	char buf[64] __attribute__((aligned(8))) = "";
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	static struct search s;
	int err;

	s = (struct search){ .d = d, .marks = marks };
	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nfgenmsg));
	err = list(NETLINK_NETFILTER, nlh, take_rule, &s);
	tell_chain(&s);
	if (s.found > CHAINS_TOLD)
		finding(d, "mark_nftables", FINDING_WARN, REMEDY, "so do %u other chains", s.found - CHAINS_TOLD);
	if (err)
		finding(d, "mark_nftables", FINDING_UNKNOWN, err == -EPERM ? "ask as root" : NULL,
			"rules of nftables can't be listed: %s", strerror(-err));
	else if (!s.found)
		finding(d, "mark_nftables", FINDING_OK, NULL, "no rule of nftables uses bits of marks that are the broker's");
	check_legacy(d, "/proc/net/ip_tables_names", "iptables-legacy-save");
	check_legacy(d, "/proc/net/ip6_tables_names", "ip6tables-legacy-save");
}

/* --- routing -------------------------------------------------------------------------------- */

static int collect_fib(const struct nlattr *a, void *arg)
{
	uint32_t *at = arg;

	if (mnl_attr_get_type(a) <= FRA_MAX && mnl_attr_get_payload_len(a) == sizeof(uint32_t))
		at[mnl_attr_get_type(a)] = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static int take_fib_rule(const struct nlmsghdr *nlh, void *arg)
{
	const struct fib_rule_hdr *h = mnl_nlmsg_get_payload(nlh);
	uint32_t at[FRA_MAX + 1] = { 0 };
	struct search *s = arg;

	mnl_attr_parse(nlh, sizeof(*h), collect_fib, at);
	if (!(at[FRA_FWMASK] & s->marks))
		return MNL_CB_OK;
	s->found++;
	finding(s->d, "mark_routing", FINDING_WARN, REMEDY,
		"the IPv%d routing rule of priority %u looks at bits %#x of marks, which are the broker's",
		h->family == AF_INET6 ? 6 : 4, at[FRA_PRIORITY], at[FRA_FWMASK] & s->marks);
	return MNL_CB_OK;
}

static void check_routing(struct doctor *d, uint32_t marks)
{
	char buf[64] __attribute__((aligned(8))) = "";
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	static struct search s;
	int err;

	s = (struct search){ .d = d, .marks = marks };
	nlh->nlmsg_type = RTM_GETRULE;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct fib_rule_hdr));
	err = list(NETLINK_ROUTE, nlh, take_fib_rule, &s);
	if (err)
		finding(d, "mark_routing", FINDING_UNKNOWN, NULL, "routing rules can't be listed: %s", strerror(-err));
	else if (!s.found)
		finding(d, "mark_routing", FINDING_OK, NULL, "no routing rule uses bits of marks that are the broker's");
}

/* --- IPsec ---------------------------------------------------------------------------------- */

static void check_ipsec(struct doctor *d)
{
	struct ipsecapi_host host;
	int err = ipsecapi_host(d->t->ctx, &host, sizeof(host));

	if (err)
		finding(d, "mark_ipsec", FINDING_UNKNOWN, NULL, "the broker can't read the kernel's tables: %s", strerror(-err));
	else if (host.policies_marked || host.sas_marked)
		finding(d, "mark_ipsec", FINDING_WARN, REMEDY "; ip xfrm policy and ip xfrm state show marks",
			"%u IPsec policies and %u SAs look at bits of marks that are the broker's, or set them",
			host.policies_marked, host.sas_marked);
	else
		finding(d, "mark_ipsec", FINDING_OK, NULL, "no IPsec policy and no SA uses bits of marks that are the broker's");
}

void check_marks(struct doctor *d)
{
	struct ipsecapi_caps caps;

	if (!d->t->ctx || ipsecapi_caps(d->t->ctx, &caps, sizeof(caps)) || !caps.marks) {
		finding(d, "marks", FINDING_UNKNOWN, NULL, "which bits of marks are the broker's only it knows, and it does not say");
		return;
	}
	finding(d, "marks", FINDING_OK, NULL, "bits %#x of packets' marks are the broker's", caps.marks);
	check_nftables(d, caps.marks);
	check_routing(d, caps.marks);
	check_ipsec(d);
}
