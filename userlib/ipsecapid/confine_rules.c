// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules that confine cgroups, as text for libnftables, which wants a cgroup by its path below
 * /sys/fs/cgroup and takes the inode that it finds there. That of our descriptor is the one that
 * was shown, whatever is mounted where and whoever renames what.
 *
 * A packet crosses the output hook once before it is transformed and once after (marks.h). Before,
 * its route has a transform. After, it is ESP, or has the mark.
 *
 * What is dropped fails with EPERM, but TCP would go on trying to connect: it is told.
 */
#include <errno.h>
#include <nftables/libnftables.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confine_rules.h"

#define TABLE	"inet ipsecapi "
#define LEVELS	256

static const char setup[] =
	"add set " TABLE "runs { type mark . mark . mark . mark; }\n"
	"add chain " TABLE "run-out { type filter hook output priority 100; policy accept; }\n"
	"add chain " TABLE "run-in { type filter hook input priority 100; policy accept; }\n"
	"add chain " TABLE "run-judge-out\n"
	"add chain " TABLE "run-judge-in\n"
	"flush chain " TABLE "run-judge-out\n"
	"flush chain " TABLE "run-judge-in\n"
	"add rule " TABLE "run-judge-out meta l4proto esp " MARK_TAKE("run") "accept\n"
	CROSSING_OWN("run-judge-out", "run")
	"add rule " TABLE "run-judge-out rt ipsec exists " MARK_SET("run") "accept\n"
	CROSSING_SECOND("run-judge-out", "run", "accept")
	"add rule " TABLE "run-judge-out tcp flags & (syn | ack) == syn reject with icmpx admin-prohibited\n"
	"add rule " TABLE "run-judge-out drop\n"
	"add rule " TABLE "run-judge-in meta ipsec exists accept\n"
	"add rule " TABLE "run-judge-in iifname \"lo\" icmp type destination-unreachable accept\n"
	"add rule " TABLE "run-judge-in iifname \"lo\" icmpv6 type destination-unreachable accept\n"
	"add rule " TABLE "run-judge-in drop\n";

int confine_rules_prepare(struct nftable *nft)
{
	return nft_run_cmd_from_buffer(nft->nft, setup) ? -EIO : 0;
}

/* --- the record ----------------------------------------------------------------------------- */

static void print_record(FILE *to, const struct confinement *c)
{
	fprintf(to, "add element " TABLE "runs { %#x . %#x . %#x . %#x }\n", (uint32_t)(c->id >> 32),
		(uint32_t)c->id, c->uid, c->flags);
}

static int parse_records(const char *text, struct confined *at)
{
	uint32_t v[4];
	int n = 0;

	while (n < CONFINED_MAX && (text = nft_parse_numbers(text, v, 4)))
		at[n++] = (struct confined){
			.c = { .id = (uint64_t)v[0] << 32 | v[1], .uid = v[2], .flags = v[3] }, .fd = -1 };
	return n;
}

int confine_rules_read(struct nftable *nft, struct confined *at)
{
	const char *text = nft_list_set(nft, "runs");

	return text ? parse_records(text, at) : -EIO;
}

/* --- the rules ------------------------------------------------------------------------------ */

/* Those of one level that are treated alike. Returns how many; prints none with @to NULL. */
static uint32_t print_members(FILE *to, const struct confined *at, uint32_t n, uint32_t level, uint32_t flags)
{
	uint32_t i, found = 0;

	for (i = 0; i < n; i++) {
		if (at[i].c.level != level || at[i].c.flags != flags)
			continue;
		if (to)
			fprintf(to, "%s\"../../../proc/self/fd/%d\"", found ? ", " : "", at[i].fd);
		found++;
	}
	return found;
}

static void print_rules(FILE *to, const struct confined *at, uint32_t n, uint32_t level, uint32_t flags)
{
	bool all = flags & IPSECAPI_CONFINE_BLOCK_LOOPBACK;

	if (!print_members(NULL, at, n, level, flags))
		return;
	fprintf(to, "add rule " TABLE "run-out %s socket cgroupv2 level %u { ", all ? "" : "oifname != \"lo\"", level);
	print_members(to, at, n, level, flags);
	fputs(" } jump run-judge-out\n", to);
	fprintf(to, "add rule " TABLE "run-in %s socket cgroupv2 level %u { ", all ? "" : "iifname != \"lo\"", level);
	print_members(to, at, n, level, flags);
	fputs(" } jump run-judge-in\n", to);
}

static void print_all(FILE *to, const struct confined *at, uint32_t n)
{
	uint32_t i, level, flags;

	fputs("flush chain " TABLE "run-out\nflush chain " TABLE "run-in\nflush set " TABLE "runs\n", to);
	for (level = 1; level < LEVELS; level++)
		for (flags = 0; flags <= CONFINE_FLAGS; flags++)
			print_rules(to, at, n, level, flags);
	for (i = 0; i < n; i++)
		print_record(to, &at[i].c);
}

int confine_rules_write(struct nftable *nft, const struct confined *at, uint32_t n)
{
	struct nft_script s;
	int err = nft_script_begin(&s);

	if (err)
		return err;
	print_all(s.to, at, n);
	return nft_script_run(&s, nft);
}
