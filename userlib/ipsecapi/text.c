// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts for people. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

#define W(kind, value) ipsecapi_word(IPSECAPI_WORDS_##kind, value)

const char *bit_words(char *buf, size_t size, uint32_t kind, uint32_t value)
{
	size_t used = 0;
	uint32_t bit;

	buf[0] = 0;
	for (bit = 1; bit && used < size; bit <<= 1)
		if (value & bit)
			used += snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
					 ipsecapi_word(kind, bit));
	return buf;
}

const char *endpoint(char *buf, size_t size, uint16_t family, const uint8_t *addr, uint16_t port)
{
	char a[INET6_ADDRSTRLEN] = "?";

	inet_ntop(family, addr, a, sizeof(a));
	snprintf(buf, size, family == AF_INET6 ? "[%s]:%u" : "%s:%u", a, ntohs(port));
	return buf;
}

const char *prefix(char *buf, size_t size, uint16_t family, const uint8_t *addr, uint8_t bits)
{
	char a[INET6_ADDRSTRLEN] = "?";

	inet_ntop(family, addr, a, sizeof(a));
	snprintf(buf, size, "%s/%u", a, bits);
	return buf;
}

const char *protocol_word(char *buf, size_t size, uint8_t protocol)
{
	switch (protocol) {
	case 0: return "any";
	case IPPROTO_TCP: return "tcp";
	case IPPROTO_UDP: return "udp";
	case IPPROTO_UDPLITE: return "udplite";
	case IPPROTO_ICMP: return "icmp";
	case IPPROTO_ICMPV6: return "icmpv6";
	}
	snprintf(buf, size, "%u", protocol);
	return buf;
}

static void text_direction(const char *name, const struct ipsecapi_direction *d)
{
	char basis[96], caveats[160];

	printf("  %-4s %s, enforced by %s", name, W(PROTECTION, d->protection),
	       W(ENFORCED, d->enforced_by));
	if (d->basis)
		printf(" (%s)", bit_words(basis, sizeof(basis), IPSECAPI_WORDS_BASIS, d->basis));
	printf("\n       custody %s, strength %s, reach %s", W(CUSTODY, d->custody),
	       W(STRENGTH, d->strength), W(REACH, d->reach));
	if (d->packets || d->bytes)
		printf(", %" PRIu64 " packets, %" PRIu64 " bytes", d->packets, d->bytes);
	printf("\n");
	if (d->reason != IPSECAPI_REASON_NONE)
		printf("       because %s\n", ipsecapi_strreason(d->reason));
	if (d->policy >= IPSECAPI_STANDING_SATISFIED)
		printf("       system policy: %s%s%s%s, mode %s\n", W(STANDING, d->policy), d->policy_layer ? " by the " : "",
		       d->policy_layer ? W(POLICY_LAYER, d->policy_layer) : "", d->policy_layer ? " rule" : "",
		       W(POLICY_MODE, d->policy_mode));
	if (d->caveats)
		printf("       note: %s\n", bit_words(caveats, sizeof(caveats),
						       IPSECAPI_WORDS_CAVEAT, d->caveats));
}

static void text_rules(const struct ipsecapi_report *r)
{
	if (!r->application_rule[0] && !r->interface_rule[0])
		return;
	printf("  rules: application %s, interface %s; mode %s\n",
	       r->application_rule[0] ? r->application_rule : "-",
	       r->interface_rule[0] ? r->interface_rule : "-", W(POLICY_MODE, r->policy_mode));
}

void text_tuple(const struct ipsecapi_tuple *t)
{
	char local[64], peer[64], proto[8];

	printf("%s %s -> %s\n", protocol_word(proto, sizeof(proto), t->protocol),
	       endpoint(local, sizeof(local), t->family, t->local, t->local_port),
	       endpoint(peer, sizeof(peer), t->family, t->peer, t->peer_port));
}

void text_latch(const struct ipsecapi_report *r)
{
	printf("  latch %s", W(LATCH, r->latch));
	if (r->latch_class[0])
		printf(", class %s, disposition %s%s", r->latch_class, W(DISPOSITION, r->disposition),
		       r->prior_data ? ", with prior data" : "");
	if (r->latch_reason != IPSECAPI_REASON_NONE && r->latch_reason != IPSECAPI_REASON_UNKNOWN)
		printf(": %s", ipsecapi_strreason(r->latch_reason));
}

void text_report(const struct ipsecapi_report *r)
{
	text_tuple(&r->tuple);
	text_direction("out", &r->dir[IPSECAPI_OUT]);
	text_direction("in", &r->dir[IPSECAPI_IN]);
	text_rules(r);
	printf("  peer identity %s", W(IDENTITY, r->identity_scope));
	if (r->identity_reason)
		printf(": %s", ipsecapi_strreason(r->identity_reason));
	printf("\n");
	text_latch(r);
	printf("; evidence read %.1f ms ago\n", r->age / 1e6);
}

void text_why(const struct ipsecapi_why *w)
{
	printf("  %s %s: %s (%s, %s, %u time%s)\n", w->direction == IPSECAPI_OUT ? "out" : "in",
	       w->current ? "now" : "was", ipsecapi_strreason(w->reason), W(LAYER, w->layer),
	       W(ORIGIN, w->origin), w->count, w->count == 1 ? "" : "s");
}

void text_interface(const struct ipsecapi_interface *i)
{
	char offload[160], suites[96];

	printf("%-15s %-4s driver %s\n", i->name, i->up ? "up" : "down",
	       i->driver[0] ? i->driver : "-");
	bit_words(offload, sizeof(offload), IPSECAPI_WORDS_OFFLOAD, i->offload);
	printf("  offload: %s; best custody %s; trusted unit %s%s\n", offload[0] ? offload : "none",
	       W(CUSTODY, i->best_custody), i->unit_present ? "present" : "absent",
	       i->test_mode ? " in TEST MODE: keys can be read from outside" : "");
	if (i->suites)
		printf("  suites: %s\n", bit_words(suites, sizeof(suites), IPSECAPI_WORDS_SUITE,
						   i->suites));
	if (i->max_sas)
		printf("  limits: %u SAs, %u policies, replay window %u\n", i->max_sas,
		       i->max_policies, i->max_replay_window);
}

void text_caps(const struct ipsecapi_caps *c)
{
	char evidence[96];

	printf("broker: protocol %u; evidence: %s; identity provider %s; latches %s\n", c->protocol,
	       bit_words(evidence, sizeof(evidence), IPSECAPI_WORDS_BASIS, c->evidence),
	       c->identity_provider ? "present" : "absent",
	       c->latching ? "available" : "not available");
	printf("limits: %u sessions and %u flows per user, %u flows per session; lease %.1f s\n",
	       c->max_sessions_user, c->max_flows_user, c->max_flows_session, c->lease / 1e9);
	if (c->marks)
		printf("marks: bits %#x are the broker's\n", c->marks);
}

void text_class(const struct ipsecapi_class *c)
{
	printf("class %s (version %u): %s\n", c->name, c->version, c->description);
}

void text_host(const struct ipsecapi_host *h)
{
	uint32_t i;

	printf("policies: %u out, %u in, %u forward, %u of sockets; %u held by a device\n",
	       h->policies_out, h->policies_in, h->policies_forward, h->policies_socket,
	       h->policies_packet);
	printf("without a policy: out %s, in %s, forward %s\n",
	       h->default_out ? "blocked" : "allowed", h->default_in ? "blocked" : "allowed",
	       h->default_forward ? "blocked" : "allowed");
	printf("SAs: %u (%u software, %u crypto offload, %u packet offload, %u being negotiated)\n",
	       h->sas, h->sas_software, h->sas_crypto, h->sas_packet, h->sas_acquiring);
	printf("custody:");
	for (i = 0; i < 8; i++)
		if (h->sas_custody[i])
			printf(" %s %u", W(CUSTODY, i), h->sas_custody[i]);
	printf("%s\nsystem policy: %u classes, %u rules of which this user may know", h->sas > h->sas_acquiring ? "" : " -",
	       h->policy_classes, h->policy_rules);
	if (h->policy_mistakes)
		printf("; a newer one was refused for %u mistake%s", h->policy_mistakes,
		       h->policy_mistakes == 1 ? "" : "s");
	printf("\nflows of this user: %u; evidence read %.1f ms ago\n", h->flows, h->age / 1e6);
}

static const char *action_word(uint32_t action)
{
	static const char *const words[] = { "unknown", "protect", "bypass", "block" };

	return words[action < 4 ? action : 0];
}

static const char *direction_word(uint32_t dir)
{
	static const char *const words[] = { "out", "in", "forward" };

	return dir < 3 ? words[dir] : "?";
}

void text_rule(const struct ipsecapi_rule *r)
{
	char src[64], dst[64], proto[8];

	printf("%s %s %s -> %s %s", direction_word(r->direction), action_word(r->action),
	       prefix(src, sizeof(src), r->family, r->source, r->source_prefix),
	       prefix(dst, sizeof(dst), r->family, r->destination, r->destination_prefix),
	       protocol_word(proto, sizeof(proto), r->protocol));
	if (r->source_port_mask)
		printf(" sport %u", ntohs(r->source_port));
	if (r->destination_port_mask)
		printf(" dport %u", ntohs(r->destination_port));
	printf(" priority %u%s, %u SA%s\n", r->priority, r->ifindex ? " in the device" : "", r->sas,
	       r->sas == 1 ? "" : "s");
	text_direction(direction_word(r->direction), &r->state);
}
