// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What may pass to and from listening sockets.
 *
 * What goes out crosses the hook before it is transformed and again after (marks.h); where a device
 * does the transform it is the same packet then.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "address.h"
#include "listenset.h"
#include "marks.h"
#include "records.h"

/*
 * By the version of IP, and whether the socket listens at one address or at any, there is a set of
 * ports and, for each direction, one of ports with reqids.
 */
static void rules_of(FILE *to, int dir, char version, bool any)
{
	const char *side = dir == DIR_OUT ? "out" : "in", *end = dir == DIR_OUT ? "s" : "d";
	const char *scope = any ? "_any" : "";
	char key[64];

	snprintf(key, sizeof(key), any ? "%.0s%.0stcp %sport" : "ip%s %saddr . tcp %sport",
		 version == '4' ? "" : "6", end, end);
	fprintf(to, "add set inet ipsecapi pass_%s%s%c { typeof %s . ipsec %s reqid; }\n"
		"add chain inet ipsecapi listen_%s%s%c\n"
		"flush chain inet ipsecapi listen_%s%s%c\n"
		"add rule inet ipsecapi listen_%s%s%c %s . ipsec %s reqid @pass_%s%s%c %s\n"
		"add rule inet ipsecapi listen_%s%s%c drop\n"
		"add rule inet ipsecapi listen_%s meta nfproto ipv%c %s @listen%s%c jump listen_%s%s%c\n",
		side, scope, version, key, side,
		side, scope, version,
		side, scope, version,
		side, scope, version, key, side, side, scope, version,
		dir == DIR_OUT ? MARK_SET("listen") "return" : "return",
		side, scope, version,
		side, version, key, scope, version, side, scope, version);
}

void listenset_rules(FILE *to)
{
	int i;

	fputs("add set inet ipsecapi listen4 { type ipv4_addr . inet_service; }\n"
	      "add set inet ipsecapi listen6 { type ipv6_addr . inet_service; }\n"
	      "add set inet ipsecapi listen_any4 { type inet_service; }\n"
	      "add set inet ipsecapi listen_any6 { type inet_service; }\n"
	      "add chain inet ipsecapi listen_out { type filter hook output priority 0; policy accept; }\n"
	      "add chain inet ipsecapi listen_in { type filter hook input priority 0; policy accept; }\n"
	      "flush chain inet ipsecapi listen_out\n"
	      "flush chain inet ipsecapi listen_in\n"
	      CROSSING_OWN("listen_out", "listen")
	      CROSSING_SECOND("listen_out", "listen", "return"), to);
	for (i = 0; i < 8; i++)
		rules_of(to, i & 1 ? DIR_IN : DIR_OUT, i & 2 ? '6' : '4', i & 4);
}

static const char *scope_of(const struct ipsecapi_tuple *t)
{
	static const char *const names[] = { "4", "6", "_any4", "_any6" };

	return names[2 * address_is_any(t->local) + (t->family == AF_INET6)];
}

static void print_key(FILE *to, const struct ipsecapi_tuple *t)
{
	char local[INET6_ADDRSTRLEN];

	if (!address_is_any(t->local))
		fprintf(to, "%s . ", inet_ntop(t->family, t->local, local, sizeof(local)));
	fprintf(to, "%u", ntohs(t->local_port));
}

static void print_port(FILE *to, const char *verb, const struct ipsecapi_tuple *t)
{
	fprintf(to, "%s element inet ipsecapi listen%s { ", verb, scope_of(t));
	print_key(to, t);
	fputs(" }\n", to);
}

static void print_reqids(FILE *to, const char *verb, const struct ipsecapi_tuple *t,
			 const struct listen_reqids *r)
{
	uint32_t i;
	int dir;

	for (dir = DIR_OUT; r && dir <= DIR_IN; dir++) {
		for (i = 0; i < r->dir[dir].n; i++) {
			fprintf(to, "%s element inet ipsecapi pass_%s%s { ", verb,
				dir == DIR_OUT ? "out" : "in", scope_of(t));
			print_key(to, t);
			fprintf(to, " . %u }\n", r->dir[dir].at[i]);
		}
	}
}

int listenset_change(struct nftable *nft, const struct ipsecapi_tuple *t,
		     const struct listen_reqids *was, const struct listen_reqids *now)
{
	struct nft_script s;
	int err = nft_script_begin(&s);

	if (err)
		return err;
	print_reqids(s.to, "destroy", t, was);
	if (now)
		print_port(s.to, "add", t);
	else
		print_port(s.to, "destroy", t);
	print_reqids(s.to, "add", t, now);
	return nft_script_run(&s, nft);
}

int listenset_clear(struct nftable *nft)
{
	static const char *const scopes[] = { "4", "6", "_any4", "_any6" };
	struct nft_script s;
	int err = nft_script_begin(&s);
	size_t i;

	if (err)
		return err;
	for (i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		fprintf(s.to, "flush set inet ipsecapi listen%s\nflush set inet ipsecapi pass_in%s\n"
			"flush set inet ipsecapi pass_out%s\n", scopes[i], scopes[i], scopes[i]);
	return nft_script_run(&s, nft);
}

uint32_t reqids_place(const struct reqids *r, uint32_t reqid)
{
	uint32_t i;

	for (i = 0; i < r->n && r->at[i] < reqid; i++)
		;
	return i;
}

bool reqids_has(const struct reqids *r, uint32_t reqid)
{
	uint32_t at = reqids_place(r, reqid);

	return at < r->n && r->at[at] == reqid;
}

void reqids_insert(struct reqids *r, uint32_t reqid)
{
	uint32_t at = reqids_place(r, reqid);

	if (reqids_has(r, reqid) || r->n == LISTEN_REQIDS)
		return;
	memmove(&r->at[at + 1], &r->at[at], (r->n - at) * sizeof(r->at[0]));
	r->at[at] = reqid;
	r->n++;
}

void reqids_take_out(struct reqids *r, const struct reqids *bad)
{
	uint32_t i, n;

	for (i = n = 0; i < r->n && bad->n < LISTEN_REQIDS; i++)
		if (!reqids_has(bad, r->at[i]))
			r->at[n++] = r->at[i];
	r->n = n;
}

void listen_reqids_both(struct listen_reqids *a, const struct listen_reqids *b)
{
	uint32_t i, n;
	int dir;

	for (dir = DIR_OUT; dir <= DIR_IN; dir++) {
		struct reqids *r = &a->dir[dir];

		for (i = n = 0; i < r->n; i++)
			if (reqids_has(&b->dir[dir], r->at[i]))
				r->at[n++] = r->at[i];
		r->n = n;
	}
}

static bool same(const struct reqids *a, const struct reqids *b)
{
	return a->n == b->n && !memcmp(a->at, b->at, a->n * sizeof(a->at[0]));
}

bool listen_reqids_same(const struct listen_reqids *a, const struct listen_reqids *b)
{
	return same(&a->dir[DIR_OUT], &b->dir[DIR_OUT]) && same(&a->dir[DIR_IN], &b->dir[DIR_IN]);
}
