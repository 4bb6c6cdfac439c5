// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections of which nothing may pass. */
#include <string.h>
#include <sys/socket.h>

#include "address.h"
#include "dropset.h"

static const char *const sets[] = { "drop4", "drop6", "refuse4", "refuse6" };
#define SETS (sizeof(sets) / sizeof(sets[0]))

static void rules_of(FILE *to, const char *set, char version, const char *verdict)
{
	const char *ip = version == '4' ? "ip" : "ip6";

	fprintf(to, "add rule inet ipsecapi out %s saddr . th sport . %s daddr . th dport . meta l4proto @%s%c %s\n",
		ip, ip, set, version, verdict);
	fprintf(to, "add rule inet ipsecapi in %s daddr . th dport . %s saddr . th sport . meta l4proto @%s%c drop\n",
		ip, ip, set, version);
}

void dropset_rules(FILE *to)
{
	size_t i;

	for (i = 0; i < SETS; i++)
		fprintf(to, "add set inet ipsecapi %s { type ipv%c_addr . inet_service . ipv%c_addr . inet_service . inet_proto; }\n",
			sets[i], "46"[i % 2], "46"[i % 2]);
	fputs("add chain inet ipsecapi out { type filter hook output priority 0; policy accept; }\n"
	      "add chain inet ipsecapi in { type filter hook input priority 0; policy accept; }\n"
	      "flush chain inet ipsecapi out\n"
	      "flush chain inet ipsecapi in\n", to);
	for (i = 0; i < 2; i++) {
		rules_of(to, "drop", "46"[i], "drop");
		rules_of(to, "refuse", "46"[i], "reject with icmpx admin-prohibited");
	}
}

/* A socket of IPv6 that speaks IPv4 sends what looks like any other of IPv4. */
static struct ipsecapi_tuple on_the_wire(const struct ipsecapi_tuple *t)
{
	struct ipsecapi_tuple v4 = *t;

	if (t->family != AF_INET6 || !address_is_mapped(t->peer))
		return v4;
	v4.family = AF_INET;
	memcpy(v4.local, t->local + 12, 4);
	memcpy(v4.peer, t->peer + 12, 4);
	return v4;
}

static const char *set_of(const struct ipsecapi_tuple *t, bool notify)
{
	return sets[2 * notify + (t->family == AF_INET6)];
}

static void print_element(FILE *to, const struct ipsecapi_tuple *tuple, const char *verb,
			  bool notify)
{
	const struct ipsecapi_tuple wire = on_the_wire(tuple);

	nft_print_element(to, verb, set_of(&wire, notify), &wire);
}

int dropset_add(struct nftable *nft, const struct ipsecapi_tuple *t, bool notify)
{
	struct nft_script s;
	int err = nft_script_begin(&s);

	if (err)
		return err;
	print_element(s.to, t, "add", notify);
	return nft_script_run(&s, nft);
}

/* "destroy" takes no offence where there is none. */
int dropset_remove(struct nftable *nft, const struct ipsecapi_tuple *t)
{
	struct nft_script s;
	int err = nft_script_begin(&s);

	if (err)
		return err;
	print_element(s.to, t, "destroy", false);
	print_element(s.to, t, "destroy", true);
	return nft_script_run(&s, nft);
}

int dropset_replace(struct nftable *nft, const struct dropped *at, uint32_t n)
{
	struct nft_script s;
	int err = nft_script_begin(&s);
	uint32_t i;

	if (err)
		return err;
	for (i = 0; i < SETS; i++)
		fprintf(s.to, "flush set inet ipsecapi %s\n", sets[i]);
	for (i = 0; i < n; i++)
		print_element(s.to, &at[i].tuple, "add", at[i].notify);
	return nft_script_run(&s, nft);
}
