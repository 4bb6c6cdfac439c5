// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What passes the gate.
 *
 * A packet crosses the output hook before it is transformed and again after (marks.h). The first
 * time takes the bit from its mark, so that the second does not ask again; ESP has no ports to be
 * asked for.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "gateset.h"
#include "marks.h"

/*
 * libnftables keeps what the parts of a key are in 256 bytes: that is four of these, so the
 * protocol is in the set's name. From which of its addresses the socket sends says nothing about
 * what protects it.
 */
static const char *protocol_of(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : "udplite";
}

/* With @to, one for connections whose local port is not known yet. */
static void rule_of(FILE *f, uint8_t protocol, char version, bool to)
{
	const char *ip = version == '4' ? "ip" : "ip6", *proto = protocol_of(protocol);
	char set[32], port[32] = "", key[96];

	snprintf(set, sizeof(set), "%s_%s%c", to ? "gate_to" : "gate", proto, version);
	if (!to)
		snprintf(port, sizeof(port), "%s sport . ", proto);
	snprintf(key, sizeof(key), "%s%s daddr . %s dport . ipsec out reqid", port, ip, proto);
	fprintf(f, "add set inet ipsecapi %s { typeof %s; }\n"
		"add rule inet ipsecapi gate meta nfproto ipv%c %s @%s " MARK_TAKE("gate") "accept\n",
		set, key, version, key, set);
}

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE };
#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

void gateset_rules(FILE *to)
{
	size_t i;

	fputs("add chain inet ipsecapi gate { type filter hook output priority 0; policy accept; }\n"
	      "flush chain inet ipsecapi gate\n"
	      "add rule inet ipsecapi gate meta mark and $gate == 0 accept\n", to);
	for (i = 0; i < PROTOCOLS; i++) {
		rule_of(to, protocols[i], '4', false);
		rule_of(to, protocols[i], '6', false);
	}
	rule_of(to, IPPROTO_TCP, '4', true);
	rule_of(to, IPPROTO_TCP, '6', true);
	/* who connects is told, and does not go on trying */
	fputs("add rule inet ipsecapi gate tcp flags & (syn | ack) == syn reject with icmpx admin-prohibited\n"
	      "add rule inet ipsecapi gate drop\n", to);
}

bool gate_same(const struct gate *a, const struct gate *b)
{
	const struct ipsecapi_tuple *s = &a->tuple, *t = &b->tuple;

	return s->family == t->family && s->protocol == t->protocol && a->reqid == b->reqid &&
	       s->local_port == t->local_port && s->peer_port == t->peer_port &&
	       !memcmp(s->peer, t->peer, sizeof(s->peer));
}

/* Numbers alone: no name is looked up. */
static void print_element(FILE *to, const char *verb, const struct gate *g)
{
	const struct ipsecapi_tuple *t = &g->tuple;
	char peer[INET6_ADDRSTRLEN];

	inet_ntop(t->family, t->peer, peer, sizeof(peer));
	fprintf(to, "%s element inet ipsecapi %s_%s%c { ", verb, t->local_port ? "gate" : "gate_to",
		protocol_of(t->protocol), t->family == AF_INET ? '4' : '6');
	if (t->local_port)
		fprintf(to, "%u . ", ntohs(t->local_port));
	fprintf(to, "%s . %u . %u }\n", peer, ntohs(t->peer_port), g->reqid);
}

int gateset_change(struct nftable *nft, const struct gate *was, const struct gate *now)
{
	struct nft_script s;
	int err = nft_script_begin(&s);

	if (err)
		return err;
	if (was && was->tuple.peer_port)
		print_element(s.to, "destroy", was);
	if (now->tuple.peer_port)
		print_element(s.to, "add", now);
	return nft_script_run(&s, nft);
}

int gateset_replace(struct nftable *nft, const struct gate *at, uint32_t n)
{
	struct nft_script s;
	int err = nft_script_begin(&s);
	uint32_t i;

	if (err)
		return err;
	for (i = 0; i < PROTOCOLS; i++)
		fprintf(s.to, "flush set inet ipsecapi gate_%s4\nflush set inet ipsecapi gate_%s6\n",
			protocol_of(protocols[i]), protocol_of(protocols[i]));
	fputs("flush set inet ipsecapi gate_to_tcp4\nflush set inet ipsecapi gate_to_tcp6\n", s.to);
	for (i = 0; i < n; i++)
		print_element(s.to, "add", &at[i]);
	return nft_script_run(&s, nft);
}
