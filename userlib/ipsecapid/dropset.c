// SPDX-License-Identifier: GPL-2.0-or-later
/* The sets of nftables, by libnftables. */
#include <arpa/inet.h>
#include <errno.h>
#include <nftables/libnftables.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dropset.h"

#define TRIES		50
#define PAUSE_MS	20

/* Rules are made anew each time; elements of sets that exist stay. */
static const char setup[] =
	"add table inet ipsecapi { flags owner, persist; }\n"
	"add set inet ipsecapi drop4 { type ipv4_addr . inet_service . ipv4_addr . inet_service . inet_proto; }\n"
	"add set inet ipsecapi drop6 { type ipv6_addr . inet_service . ipv6_addr . inet_service . inet_proto; }\n"
	"add set inet ipsecapi refuse4 { type ipv4_addr . inet_service . ipv4_addr . inet_service . inet_proto; }\n"
	"add set inet ipsecapi refuse6 { type ipv6_addr . inet_service . ipv6_addr . inet_service . inet_proto; }\n"
	"add chain inet ipsecapi out { type filter hook output priority 0; policy accept; }\n"
	"add chain inet ipsecapi in { type filter hook input priority 0; policy accept; }\n"
	"flush chain inet ipsecapi out\n"
	"flush chain inet ipsecapi in\n"
	"add rule inet ipsecapi out ip saddr . th sport . ip daddr . th dport . meta l4proto @drop4 drop\n"
	"add rule inet ipsecapi out ip6 saddr . th sport . ip6 daddr . th dport . meta l4proto @drop6 drop\n"
	"add rule inet ipsecapi out ip saddr . th sport . ip daddr . th dport . meta l4proto @refuse4 reject with icmpx admin-prohibited\n"
	"add rule inet ipsecapi out ip6 saddr . th sport . ip6 daddr . th dport . meta l4proto @refuse6 reject with icmpx admin-prohibited\n"
	"add rule inet ipsecapi in ip daddr . th dport . ip saddr . th sport . meta l4proto @drop4 drop\n"
	"add rule inet ipsecapi in ip6 daddr . th dport . ip6 saddr . th sport . meta l4proto @drop6 drop\n"
	"add rule inet ipsecapi in ip daddr . th dport . ip saddr . th sport . meta l4proto @refuse4 drop\n"
	"add rule inet ipsecapi in ip6 daddr . th dport . ip6 saddr . th sport . meta l4proto @refuse6 drop\n";

static const char *const sets[] = { "drop4", "drop6", "refuse4", "refuse6" };

static const char *set_of(const struct ipsecapi_tuple *t, bool notify)
{
	return sets[2 * notify + (t->family == AF_INET6)];
}

static int run(struct dropset *d, const char *commands)
{
	return nft_run_cmd_from_buffer(d->nft, commands) ? -EIO : 0;
}

int dropset_open(struct dropset *d)
{
	const char *why;
	int tries, err;

	d->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!d->nft)
		return -ENOMEM;
	nft_ctx_buffer_output(d->nft);
	nft_ctx_buffer_error(d->nft);
	/* the table is the last life's until its last process has ended */
	for (tries = 0; (err = run(d, setup)) && tries < TRIES; tries++)
		poll(NULL, 0, PAUSE_MS);
	if (!err)
		return 0;
	why = nft_ctx_get_error_buffer(d->nft);
	fprintf(stderr, "ipsecapid: nothing can be latched: nftables: %.*s\n", (int)strcspn(why, "\n"), why);
	nft_ctx_free(d->nft);
	d->nft = NULL;
	return err;
}

/* Numbers alone: no name is looked up. */
static void print_element(FILE *to, const struct ipsecapi_tuple *t, const char *verb,
			  const char *set)
{
	char local[INET6_ADDRSTRLEN], peer[INET6_ADDRSTRLEN];

	inet_ntop(t->family, t->local, local, sizeof(local));
	inet_ntop(t->family, t->peer, peer, sizeof(peer));
	fprintf(to, "%s element inet ipsecapi %s { %s . %u . %s . %u . %u }\n", verb, set, local,
		ntohs(t->local_port), peer, ntohs(t->peer_port), t->protocol);
}

struct script {
	char *text;
	size_t length;
	FILE *to;
};

static bool script_begin(struct script *s)
{
	*s = (struct script){ 0 };
	s->to = open_memstream(&s->text, &s->length);
	return s->to;
}

static int script_run(struct script *s, struct dropset *d)
{
	int err = fclose(s->to) ? -ENOMEM : run(d, s->text);

	free(s->text);
	return err;
}

int dropset_add(struct dropset *d, const struct ipsecapi_tuple *t, bool notify)
{
	struct script s;

	if (!d->nft)
		return -EIO;
	if (!script_begin(&s))
		return -ENOMEM;
	print_element(s.to, t, "add", set_of(t, notify));
	return script_run(&s, d);
}

/* "destroy" takes no offence where there is none. */
int dropset_remove(struct dropset *d, const struct ipsecapi_tuple *t)
{
	struct script s;

	if (!d->nft)
		return -EIO;
	if (!script_begin(&s))
		return -ENOMEM;
	print_element(s.to, t, "destroy", set_of(t, false));
	print_element(s.to, t, "destroy", set_of(t, true));
	return script_run(&s, d);
}

int dropset_replace(struct dropset *d, const struct dropped *at, uint32_t n)
{
	struct script s;
	uint32_t i;

	if (!d->nft)
		return -EIO;
	if (!script_begin(&s))
		return -ENOMEM;
	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		fprintf(s.to, "flush set inet ipsecapi %s\n", sets[i]);
	for (i = 0; i < n; i++)
		print_element(s.to, &at[i].tuple, "add", set_of(&at[i].tuple, at[i].notify));
	return script_run(&s, d);
}
