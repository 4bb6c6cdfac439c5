// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules look into the quoted packet, which begins 64 bits into the ICMP message, by offset:
 * nftables has no names for it. So the sets hold plain numbers.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "address.h"
#include "quotedset.h"

#define TABLE "inet ipsecapi"
/* Whom nobody heard by ESP for so long has no path that is worth defending. */
#define CALLER_TIMEOUT "1d"

/* The place of a field in the ICMP message, in bits. */
struct layout {
	char version;
	const char *icmp, *errors, *mtu;
	int address_bits, protocol, source, destination, payload;
	/* of TCP without options: by its header, since nftables knows the port's place in its own */
	const char *heard_from, *heard_at, *heard_port;
};

static const struct layout layouts[] = {
	{ '4', "icmp", "destination-unreachable, time-exceeded, parameter-problem",
	  "icmp code frag-needed icmp mtu", 32, 64 + 72, 64 + 96, 64 + 128, 64 + 160, "@nh,96,32", "@nh,128,32", "@nh,176,16" },
	{ '6', "icmpv6", "destination-unreachable, packet-too-big, time-exceeded, parameter-problem",
	  "icmpv6 mtu", 128, 64 + 48, 64 + 64, 64 + 192, 64 + 320, "@nh,64,128", "@nh,192,128", "@nh,336,16" },
};

static void print_sets(FILE *to, const struct layout *l)
{
	fprintf(to, "add set " TABLE " quoted_to%c { typeof @th,%d,%d . @th,%d,16 . @th,%d,8; }\n",
		l->version, l->destination, l->address_bits, l->payload + 16, l->protocol);
	fprintf(to, "add set " TABLE " quoted_from%c { typeof @th,%d,%d . @th,%d,16; }\n",
		l->version, l->source, l->address_bits, l->payload);
	fprintf(to, "add set " TABLE " quoted_from_any%c { typeof @th,%d,16; }\n",
		l->version, l->payload);
	fprintf(to, "add set " TABLE " quoted_peers%c { typeof @th,%d,%d; }\n",
		l->version, l->destination, l->address_bits);
	fprintf(to, "add set " TABLE " quoted_callers%c { typeof %s; flags dynamic, timeout; }\n",
		l->version, l->heard_from);
	fprintf(to, "add chain " TABLE " quoted%c\nflush chain " TABLE " quoted%c\n",
		l->version, l->version);
}

/* A quoted packet with its protocol and ports at these places, if @when. */
static void drop_ends(FILE *to, const struct layout *l, const char *when, int protocol, int payload)
{
	fprintf(to, "add rule " TABLE " quoted%c %s @th,%d,%d . @th,%d,16 . @th,%d,8 @quoted_to%c drop\n",
		l->version, when, l->destination, l->address_bits, payload + 16, protocol, l->version);
	fprintf(to, "add rule " TABLE " quoted%c %s @th,%d,8 6 @th,%d,%d . @th,%d,16 @quoted_from%c drop\n",
		l->version, when, protocol, l->source, l->address_bits, payload, l->version);
	fprintf(to, "add rule " TABLE " quoted%c %s @th,%d,8 6 @th,%d,16 @quoted_from_any%c drop\n",
		l->version, when, protocol, payload, l->version);
}

static void drop_to_peers(FILE *to, const struct layout *l, const char *when)
{
	fprintf(to, "add rule " TABLE " quoted%c %s @th,%d,%d @quoted_peers%c drop\n",
		l->version, when, l->destination, l->address_bits, l->version);
	fprintf(to, "add rule " TABLE " quoted%c %s @th,%d,%d @quoted_callers%c drop\n",
		l->version, when, l->destination, l->address_bits, l->version);
}

/*
 * The kernel looks for the ports behind options and extension headers. Where these are is not
 * said here but of a fragment's header: errors about others are lost.
 */
static void drop_options(FILE *to, const struct layout *l)
{
	if (l->version == '4') {
		drop_to_peers(to, l, "@th,68,4 != 5");
		return;
	}
	drop_ends(to, l, "@th,112,8 44", l->payload, l->payload + 64);
	drop_to_peers(to, l, "@th,112,8 44 @th,384,8 { 0, 43, 44, 51, 60 }");
	drop_to_peers(to, l, "@th,112,8 { 0, 43, 51, 60 }");
}

/*
 * Whatever is quoted: a path is an address's, and to shorten it takes no secret. The answer to a
 * ping, which the kernel does not remember, will do.
 */
static void drop_below(FILE *to, const struct layout *l, uint32_t floor)
{
	char when[64];

	snprintf(when, sizeof(when), "%s < %u", l->mtu, floor);
	if (floor)
		drop_to_peers(to, l, when);
}

static void note_caller(FILE *to, const struct layout *l, const char *key, const char *scope)
{
	fprintf(to, "add rule " TABLE " callers meta nfproto ipv%c meta l4proto tcp %s%s @quoted_from%s%c "
		"update @quoted_callers%c { %s timeout " CALLER_TIMEOUT " }\n",
		l->version, key, l->heard_port, scope, l->version, l->version, l->heard_from);
}

/* Who calls a listener is known by what comes by ESP. */
static void note_callers(FILE *to, const struct layout *l)
{
	char at[32];

	snprintf(at, sizeof(at), "%s . ", l->heard_at);
	note_caller(to, l, at, "");
	note_caller(to, l, "", "_any");
}

/* What the host tells itself, by loopback, is true: the drop sets answer so. */
void quotedset_rules(FILE *to, uint32_t floor)
{
	size_t i;

	fputs("add chain " TABLE " callers\nflush chain " TABLE " callers\n"
	      "add chain " TABLE " quoted { type filter hook input priority 0; policy accept; }\n"
	      "flush chain " TABLE " quoted\n"
	      "add rule " TABLE " quoted meta ipsec exists jump callers\n"
	      "add rule " TABLE " quoted meta ipsec exists accept\n"
	      "add rule " TABLE " quoted meta iiftype loopback accept\n", to);
	for (i = 0; i < 2; i++) {
		const struct layout *l = &layouts[i];

		print_sets(to, l);
		drop_ends(to, l, "", l->protocol, l->payload);
		drop_options(to, l);
		drop_below(to, l, floor);
		note_callers(to, l);
		fprintf(to, "add rule " TABLE " quoted %s type { %s } jump quoted%c\n",
			l->icmp, l->errors, l->version);
	}
}

static void print_address(FILE *to, const struct quoted_end *end)
{
	size_t i, n = end->family == AF_INET ? 4 : 16;

	fputs("0x", to);
	for (i = 0; i < n; i++)
		fprintf(to, "%02x", end->addr[i]);
}

void quotedset_print(FILE *to, const char *verb, const struct quoted_end *end)
{
	static const char *const names[] = {
		[QUOTED_TO] = "to", [QUOTED_FROM] = "from", [QUOTED_PEER] = "peers" };
	bool any = end->kind == QUOTED_FROM && address_is_any(end->addr);

	fprintf(to, "%s element " TABLE " quoted_%s%s%c { ", verb, names[end->kind],
		any ? "_any" : "", end->family == AF_INET ? '4' : '6');
	if (!any)
		print_address(to, end);
	if (end->kind != QUOTED_PEER)
		fprintf(to, "%s%u", any ? "" : " . ", ntohs(end->port));
	if (end->kind == QUOTED_TO)
		fprintf(to, " . %u", end->protocol);
	fputs(" }\n", to);
}

void quotedset_flush(FILE *to)
{
	static const char *const names[] = { "to", "from", "from_any", "peers" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fprintf(to, "flush set " TABLE " quoted_%s4\nflush set " TABLE " quoted_%s6\n",
			names[i], names[i]);
}
