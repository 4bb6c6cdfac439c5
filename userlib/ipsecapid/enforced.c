// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The enforcing rules, as text for libnftables.
 *
 * A packet crosses the output hook before it is transformed, and after each transform (marks.h).
 * It is judged before the first, where its route names the SA.
 *
 * Whose a packet is the kernel knows only of those that leave, and not of all: what a socket that
 * was closed still has to send is nobody's. So the ends of what a rule selected are kept, and what
 * comes, or has no owner, is judged by the rule that has its ends. Where none has, it passes if
 * any of the rules that may be its own accepts it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "enforced.h"
#include "evaluator.h"
#include "fingerprint.h"
#include "records.h"

#define TABLE	"inet ipsecapi "
#define PREFIX	"enf-"		/* of all names here */
#define PORTS	"{ tcp, udp, udplite, sctp, dccp }"	/* what has some */
#define ANYBODY	"meta skuid 0-4294967295"	/* whose it is, the kernel knows */
/* How long TCP sends again what nobody acknowledges. */
#define LINGER	"925s"

static const char *const chains[] = {
	"enf-out", "enf-in", "enf-judge", "enf-refuse", "enf-own", "enf-app-out", "enf-app-in",
	"enf-if-out", "enf-if-in",
};
#define CHAINS (sizeof(chains) / sizeof(chains[0]))

/*
 * Neighbours and members of multicast groups pass: without them there is no link, and they don't
 * leave it. So does IKE, without which there would be no SA, and what routers say of the size of
 * ESP, for the kernel compares it with its SAs.
 */
#define LINK_OF(chain) \
	"add rule " TABLE chain " icmpv6 type 133-137 ip6 hoplimit 255 accept\n" \
	"add rule " TABLE chain " icmpv6 type { 130-132, 143 } ip6 hoplimit 1 accept\n" \
	"add rule " TABLE chain " meta l4proto igmp ip ttl 1 accept\n"

/*
 * What connects is told that it can't; all else that is dropped fails with EPERM. Not where there
 * is a transform: its SA may be so new that it is not listed yet, and is tried again.
 */
static const char fixed[] =
	"add rule " TABLE "enf-out oifname \"lo\" accept\n"
	"add rule " TABLE "enf-out meta l4proto esp " MARK_TAKE("enforce") "accept\n"
	CROSSING_OWN("enf-out", "enforce")
	"add rule " TABLE "enf-out " MARK_HAS("enforce") "rt ipsec exists accept\n"
	CROSSING_SECOND("enf-out", "enforce", "accept")
	"add rule " TABLE "enf-out rt ipsec exists " MARK_SET("enforce") "\n"
	"add rule " TABLE "enf-out goto enf-judge\n"
	LINK_OF("enf-judge")
	"add rule " TABLE "enf-judge meta skuid 0 udp sport { 500, 4500 } accept\n"
	"add rule " TABLE "enf-judge ip saddr . th sport . ip daddr . th dport . meta l4proto @enf-less4 accept\n"
	"add rule " TABLE "enf-judge ip6 saddr . th sport . ip6 daddr . th dport . meta l4proto @enf-less6 accept\n"
	"add rule " TABLE "enf-judge jump enf-app-out\n"
	"add rule " TABLE "enf-judge jump enf-if-out\n"
	"add rule " TABLE "enf-refuse rt ipsec missing tcp flags & (syn | ack) == syn "
		"reject with icmpx admin-prohibited\n"
	"add rule " TABLE "enf-refuse drop\n"
	"add rule " TABLE "enf-in iifname \"lo\" accept\n"
	"add rule " TABLE "enf-in meta l4proto { esp, ah } accept\n"
	"add rule " TABLE "enf-in udp dport { 500, 4500 } accept\n"
	"add rule " TABLE "enf-in icmp type destination-unreachable icmp code frag-needed @th,136,8 50 accept\n"
	"add rule " TABLE "enf-in icmpv6 type packet-too-big @th,112,8 50 accept\n"
	LINK_OF("enf-in")
	"add rule " TABLE "enf-in ip daddr . th dport . ip saddr . th sport . meta l4proto @enf-less4 accept\n"
	"add rule " TABLE "enf-in ip6 daddr . th dport . ip6 saddr . th sport . meta l4proto @enf-less6 accept\n"
	"add rule " TABLE "enf-in jump enf-app-in\n"
	"add rule " TABLE "enf-in jump enf-if-in\n";

/* --- names ---------------------------------------------------------------------------------- */

/* Nobody gains by two that are the same but who writes the policy. */
static uint64_t class_hash(const struct policy_class *c)
{
	uint64_t h = fingerprint_mix(FINGERPRINT_BASIS, c->name, strlen(c->name));

	h = fingerprint_mix(h, &c->set.peers, sizeof(c->set.peers));
	h = fingerprint_mix(h, c->set.suites, sizeof(c->set.suites));
	h = fingerprint_mix(h, &c->set.modes, 1);
	h = fingerprint_mix(h, &c->set.replay, 1);
	h = fingerprint_mix(h, &c->set.custody, 1);
	h = fingerprint_mix(h, &c->set.makers, 1);
	return fingerprint_mix(h, &c->set.clear, 1);
}

/* By whom and what it selects: what it makes of that may change. */
static uint64_t rule_hash(uint64_t h, const struct policy *p, const struct policy_rule *rule)
{
	struct policy_rule r = *rule;
	uint32_t i;

	r.action = r.class = 0;
	r.priority = 0;
	r.less_group = 0;
	memset(r.groups, 0, sizeof(r.groups));
	h = fingerprint_mix(h, &r, sizeof(r));
	for (i = 0; i < rule->n_groups; i++) {
		const struct policy_group *g = &p->groups[rule->groups[i]];

		h = fingerprint_mix(h, g->members, g->n_members * sizeof(g->members[0]));
	}
	return h;
}

/* --- what a rule selects -------------------------------------------------------------------- */

enum side { OUT, IN };
static const char *const side_words[] = { "out", "in" };

struct writer {
	FILE *to;
	const struct policy *p;
	const struct enforced *e;
	bool keep[POLICY_RULES];	/* rules whose ends are kept */
	uint64_t ends[POLICY_RULES];	/* name the sets of these: those before a rule have their part in it */
};

static void print_prefix(FILE *to, const struct policy_prefix *p, const char *which)
{
	char text[INET6_ADDRSTRLEN];

	if (!p->family)
		return;
	fprintf(to, "%s %s %s/%u ", p->family == AF_INET ? "ip" : "ip6", which,
		inet_ntop(p->family, p->address, text, sizeof(text)), p->bits);
}

static void print_ports(FILE *to, const struct policy_ports *p, const char *which)
{
	if (p->from)
		fprintf(to, "th %s %u-%u ", which, p->from, p->to);
}

static void print_place(const struct writer *w, const struct policy_rule *r, enum side side)
{
	if (r->interface[0])
		fprintf(w->to, "%s \"%s\" ", side == OUT ? "oifname" : "iifname", r->interface);
	print_prefix(w->to, &r->local, side == OUT ? "saddr" : "daddr");
	print_prefix(w->to, &r->remote, side == OUT ? "daddr" : "saddr");
	if (r->protocol)
		fprintf(w->to, "meta l4proto %u ", r->protocol);
	else if (r->local_port.from || r->remote_port.from)
		fputs("meta l4proto " PORTS " ", w->to);
	print_ports(w->to, &r->local_port, side == OUT ? "sport" : "dport");
	print_ports(w->to, &r->remote_port, side == OUT ? "dport" : "sport");
}

static void print_owners(const struct writer *w, const struct policy_rule *r)
{
	const char *comma = "";
	uint32_t i, k;

	if (!policy_names_owners(r))
		return;
	fputs("meta skuid { ", w->to);
	for (i = 0; i < r->n_users; i++, comma = ", ")
		fprintf(w->to, "%s%u", comma, r->users[i]);
	for (i = 0; i < r->n_groups; i++) {
		const struct policy_group *g = &w->p->groups[r->groups[i]];

		for (k = 0; k < g->n_members; k++, comma = ", ")
			fprintf(w->to, "%s%u", comma, g->members[k]);
	}
	fputs(" } ", w->to);
}

/* Groups without members: nobody is selected. */
static bool has_owners(const struct policy *p, const struct policy_rule *r)
{
	uint32_t i, n = r->n_users;

	for (i = 0; i < r->n_groups; i++)
		n += p->groups[r->groups[i]].n_members;
	return n || !policy_names_owners(r);
}

/* --- what becomes of it --------------------------------------------------------------------- */

static uint32_t number_of(const struct writer *w, const struct policy_rule *r)
{
	return r - w->p->rules;
}

/* Can it select what has this version of IP? */
static bool has_version(const struct policy_rule *r, int v)
{
	uint16_t family = r->local.family ? r->local.family : r->remote.family;

	return !family || family == (v == 4 ? AF_INET : AF_INET6);
}

static void print_keep(const struct writer *w, const struct policy_rule *r)
{
	uint64_t h = w->ends[number_of(w, r)];
	int v;

	for (v = 4; v <= 6; v += 2) {
		if (!has_version(r, v))
			continue;
		fprintf(w->to, "add rule " TABLE "enf-do%u-out meta l4proto " PORTS " update @enf-own%d-%016llx { "
			"%s saddr . th sport . %s daddr . th dport . meta l4proto }\n", number_of(w, r), v,
			(unsigned long long)h, v == 4 ? "ip" : "ip6", v == 4 ? "ip" : "ip6");
	}
}

/* The chains of one rule: what they return to is the next layer. */
static void print_verdicts(const struct writer *w, const struct policy_rule *r)
{
	unsigned long long class = w->e->class[r->class];
	uint32_t n = number_of(w, r);

	fprintf(w->to, "add chain " TABLE "enf-do%u-out\nadd chain " TABLE "enf-do%u-in\n", n, n);
	if (w->keep[n])
		print_keep(w, r);
	if (r->action == RULE_CLASS)
		fprintf(w->to, "add rule " TABLE "enf-do%u-out ipsec out reqid @enf-reqid-out-%016llx return\n"
			"add rule " TABLE "enf-do%u-in ipsec in reqid @enf-reqid-in-%016llx return\n", n, class, n, class);
	if (r->action == RULE_CLASS && w->p->classes[r->class].set.clear)
		fprintf(w->to, "add rule " TABLE "enf-do%u-out rt ipsec missing return\n"
			"add rule " TABLE "enf-do%u-in meta ipsec missing return\n", n, n);
	fprintf(w->to, "add rule " TABLE "enf-do%u-out goto enf-refuse\nadd rule " TABLE "enf-do%u-in drop\n", n, n);
}

static void print_decision(const struct writer *w, const struct policy_rule *r, enum side side)
{
	if (r->action == RULE_BYPASS)
		fputs("return\n", w->to);
	else
		fprintf(w->to, "goto enf-do%u-%s\n", number_of(w, r), side_words[side]);
}

/* The rule applies: owners, if it names any, are known. */
static void print_exact(const struct writer *w, const struct policy_rule *r, const char *chain, enum side side)
{
	if (!has_owners(w->p, r))
		return;
	fprintf(w->to, "add rule " TABLE "%s ", chain);
	print_place(w, r, side);
	print_owners(w, r);
	print_decision(w, r, side);
}

/* It may apply, and so may those that follow: what it accepts passes. */
static void print_perhaps(const struct writer *w, const struct policy_rule *r, const char *chain, enum side side)
{
	if (!has_owners(w->p, r) || r->action == RULE_BLOCK)
		return;
	fprintf(w->to, "add rule " TABLE "%s ", chain);
	print_place(w, r, side);
	if (r->action == RULE_CLASS)
		fprintf(w->to, "ipsec %s reqid @enf-reqid-%s-%016llx ", side_words[side], side_words[side],
			(unsigned long long)w->e->class[r->class]);
	fputs("return\n", w->to);
	if (r->action == RULE_BYPASS || !w->p->classes[r->class].set.clear)
		return;
	fprintf(w->to, "add rule " TABLE "%s ", chain);
	print_place(w, r, side);
	fprintf(w->to, "%s ipsec missing return\n", side == OUT ? "rt" : "meta");
}

static void print_kept(const struct writer *w, const struct policy_rule *r, const char *chain, enum side side)
{
	static const char *const ends[] = { "saddr . th sport", "daddr . th dport" };
	int v;

	for (v = 4; v <= 6; v += 2) {
		const char *ip = v == 4 ? "ip" : "ip6";

		if (!has_version(r, v))
			continue;
		fprintf(w->to, "add rule " TABLE "%s %s %s . %s %s . meta l4proto @enf-own%d-%016llx goto enf-do%u-%s\n",
			chain, ip, ends[side], ip, ends[!side], v, (unsigned long long)w->ends[number_of(w, r)],
			number_of(w, r), side_words[side]);
	}
}

static const struct policy_rule *next_rule(const struct policy *p, const struct policy_rule *r, int layer)
{
	for (r = r ? r + 1 : p->rules; r < p->rules + p->n_rules; r++)
		if (r->enforce && r->layer == layer)
			return r;
	return NULL;
}

/* Of packets whose owner is not known. */
static void print_unknown(const struct writer *w, const char *chain, enum side side)
{
	const struct policy_rule *r = NULL;

	while ((r = next_rule(w->p, r, LAYER_APPLICATION)))
		if (w->keep[number_of(w, r)])
			print_kept(w, r, chain, side);
	while ((r = next_rule(w->p, r, LAYER_APPLICATION))) {
		if (policy_names_owners(r))
			print_perhaps(w, r, chain, side);
		else
			print_exact(w, r, chain, side);
	}
}

static void print_layers(const struct writer *w)
{
	const struct policy_rule *r = NULL;

	fputs("add rule " TABLE "enf-app-out " ANYBODY " goto enf-own\n", w->to);
	while ((r = next_rule(w->p, r, LAYER_APPLICATION)))
		print_exact(w, r, "enf-own", OUT);
	print_unknown(w, "enf-app-out", OUT);
	print_unknown(w, "enf-app-in", IN);
	while ((r = next_rule(w->p, r, LAYER_INTERFACE))) {
		print_exact(w, r, "enf-if-out", OUT);
		print_exact(w, r, "enf-if-in", IN);
	}
}

/* --- all of it ------------------------------------------------------------------------------ */

/* What a rule of programs selects is kept from the first that names owners on: before it, nobody needs to know. */
static void find_kept(struct writer *w)
{
	const struct policy_rule *r = NULL;
	uint64_t h = FINGERPRINT_BASIS;
	bool owners = false;

	while ((r = next_rule(w->p, r, LAYER_APPLICATION))) {
		h = w->ends[number_of(w, r)] = rule_hash(h, w->p, r);
		owners |= policy_names_owners(r);
		w->keep[number_of(w, r)] = owners && r->action != RULE_BYPASS && has_owners(w->p, r);
	}
}

static void print_set_of_ends(FILE *to, const char *name, int v, const char *flags)
{
	fprintf(to, "add set " TABLE "%s { type ipv%d_addr . inet_service . ipv%d_addr . inet_service . inet_proto; %s }\n",
		name, v, v, flags);
}

static void print_sets(const struct writer *w)
{
	const struct policy_rule *r;
	char name[64];
	uint32_t i;
	int v;

	print_set_of_ends(w->to, "enf-less4", 4, "");
	print_set_of_ends(w->to, "enf-less6", 6, "");
	for (i = 0; i < w->p->n_classes; i++)
		if (w->e->used[i])
			fprintf(w->to, "add set " TABLE "enf-reqid-out-%016llx { typeof ipsec out reqid; }\n"
				"add set " TABLE "enf-reqid-in-%016llx { typeof ipsec in reqid; }\n",
				(unsigned long long)w->e->class[i], (unsigned long long)w->e->class[i]);
	for (r = w->p->rules; r < w->p->rules + w->p->n_rules; r++) {
		for (v = 4; v <= 6 && w->keep[number_of(w, r)]; v += 2) {
			if (!has_version(r, v))
				continue;
			snprintf(name, sizeof(name), "enf-own%d-%016llx", v, (unsigned long long)w->ends[number_of(w, r)]);
			print_set_of_ends(w->to, name, v, "flags dynamic,timeout; timeout " LINGER "; size 65535;");
		}
	}
}

static void print_rules(const struct writer *w)
{
	const struct policy_rule *r;
	size_t i;

	fputs("add chain " TABLE "enf-out { type filter hook output priority 90; policy accept; }\n"
	      "add chain " TABLE "enf-in { type filter hook input priority 90; policy accept; }\n", w->to);
	for (i = 2; i < CHAINS; i++)
		fprintf(w->to, "add chain " TABLE "%s\n", chains[i]);
	fputs(fixed, w->to);
	for (r = w->p->rules; r < w->p->rules + w->p->n_rules; r++)
		if (r->enforce && r->action != RULE_BYPASS)
			print_verdicts(w, r);
	print_layers(w);
}

/* Is the set of this name among those that @new makes? */
static bool made_by(const char *new, const char *name, size_t n)
{
	char line[128];

	snprintf(line, sizeof(line), "add set " TABLE "%.*s {", (int)n, name);
	return strstr(new, line);
}

/* What is there of ours: chains, and sets that are not made again. */
static void print_removal(FILE *to, const char *table, const char *kind, const char *verb, const char *new)
{
	char word[32];
	const char *at = table;
	size_t n;

	snprintf(word, sizeof(word), "%s " PREFIX, kind);
	while ((at = strstr(at, word))) {
		at += strlen(kind) + 1;
		n = strcspn(at, " \t\n{");
		if (at[n] == ' ' && at[n + 1] == '{' && !(new && made_by(new, at, n)))
			fprintf(to, "%s %s " TABLE "%.*s\n", verb, kind, (int)n, at);
	}
}

/* To free(), or NULL. */
static char *list_table(struct nftable *nft)
{
	unsigned int flags;
	char *text = NULL;

	if (!nft->nft)
		return NULL;
	flags = nft_ctx_output_get_flags(nft->nft);
	nft_ctx_output_set_flags(nft->nft, flags | NFT_CTX_OUTPUT_NUMERIC_ALL | NFT_CTX_OUTPUT_TERSE);
	if (!nft_run_cmd_from_buffer(nft->nft, "list table " TABLE))
		text = strdup(nft_ctx_get_output_buffer(nft->nft));
	nft_ctx_output_set_flags(nft->nft, flags);
	return text;
}

static int replace(struct nftable *nft, struct writer *w, const char *sets)
{
	char *table = list_table(nft);
	struct nft_script s;
	int err = table ? nft_script_begin(&s) : -EIO;

	if (!err) {
		print_removal(s.to, table, "chain", "flush", NULL);
		print_removal(s.to, table, "chain", "delete", NULL);
		print_removal(s.to, table, "set", "delete", sets);
		fputs(sets, s.to);
		w->to = s.to;
		if (w->e->any)
			print_rules(w);
		err = nft_script_run(&s, nft);
	}
	free(table);
	return err;
}

static void look_at(struct enforced *e, const struct policy *p)
{
	const struct policy_rule *r;
	uint32_t i;

	memset(e, 0, sizeof(*e));
	for (r = p->rules; r < p->rules + p->n_rules; r++) {
		e->any |= r->enforce;
		if (r->enforce && r->action == RULE_CLASS)
			e->used[r->class] = true;
	}
	for (i = 0; i < p->n_classes; i++)
		e->class[i] = class_hash(&p->classes[i]);
}

int enforced_rules(struct enforced *e, struct nftable *nft, const struct policy *p)
{
	struct enforced now;
	struct writer w = { .p = p, .e = &now };
	struct nft_script sets;
	int err;

	look_at(&now, p);
	if (!nft->nft)
		return now.any ? -EOPNOTSUPP : 0;
	find_kept(&w);
	err = nft_script_begin(&sets);
	if (err)
		return err;
	w.to = sets.to;
	if (now.any)
		print_sets(&w);
	err = fclose(sets.to) ? -ENOMEM : replace(nft, &w, sets.text);
	free(sets.text);
	if (err && !now.any && !e->any)	/* what earlier lives left stays; there is nothing to claim */
		return 0;
	if (!err)
		*e = now;
	return err;
}

int enforced_reqids(const struct enforced *e, struct nftable *nft, uint32_t class, const struct listen_reqids *r)
{
	struct nft_script s;
	char set[64];
	uint32_t i;
	int err, dir;

	if (class >= POLICY_CLASSES || !e->used[class])
		return 0;	/* of a policy that is not in force any more */
	err = nft_script_begin(&s);
	if (err)
		return err;
	for (dir = DIR_OUT; dir <= DIR_IN; dir++) {
		snprintf(set, sizeof(set), "enf-reqid-%s-%016llx", side_words[dir], (unsigned long long)e->class[class]);
		fprintf(s.to, "flush set " TABLE "%s\n", set);
		for (i = 0; i < r->dir[dir].n; i++)
			fprintf(s.to, "add element " TABLE "%s { %u }\n", set, r->dir[dir].at[i]);
	}
	return nft_script_run(&s, nft);
}

int enforced_exempt(const struct enforced *e, struct nftable *nft, const struct ipsecapi_tuple *t, uint32_t n)
{
	struct nft_script s;
	uint32_t i;
	int err;

	if (!e->any)
		return 0;
	err = nft_script_begin(&s);
	if (err)
		return err;
	fputs("flush set " TABLE "enf-less4\nflush set " TABLE "enf-less6\n", s.to);
	for (i = 0; i < n; i++)
		nft_print_element(s.to, "add", t[i].family == AF_INET6 ? "enf-less6" : "enf-less4", &t[i]);
	return nft_script_run(&s, nft);
}
