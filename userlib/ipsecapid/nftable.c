// SPDX-License-Identifier: GPL-2.0-or-later
/* The broker's table, by libnftables. */
#include <arpa/inet.h>
#include <errno.h>
#include <nftables/libnftables.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "dropset.h"
#include "gateset.h"
#include "listenset.h"
#include "nftable.h"
#include "quotedset.h"

#define TRIES		50
#define PAUSE_MS	20

int nft_script_begin(struct nft_script *s)
{
	*s = (struct nft_script){ 0 };
	s->to = open_memstream(&s->text, &s->length);
	return s->to ? 0 : -ENOMEM;
}

/* Numbers alone: no name is looked up. */
void nft_print_element(FILE *to, const char *verb, const char *set, const struct ipsecapi_tuple *t)
{
	char local[INET6_ADDRSTRLEN], peer[INET6_ADDRSTRLEN];

	inet_ntop(t->family, t->local, local, sizeof(local));
	inet_ntop(t->family, t->peer, peer, sizeof(peer));
	fprintf(to, "%s element inet ipsecapi %s { %s . %u . %s . %u . %u }\n", verb, set, local,
		ntohs(t->local_port), peer, ntohs(t->peer_port), t->protocol);
}

int nft_script_run(struct nft_script *s, struct nftable *t)
{
	int err = fclose(s->to) ? -ENOMEM : 0;

	if (!err && s->length && (!t->nft || nft_run_cmd_from_buffer(t->nft, s->text)))
		err = -EIO;
	free(s->text);
	return err;
}

const char *nft_list_set(struct nftable *t, const char *set)
{
	static const char begin[] = "elements = {";
	unsigned int flags = nft_ctx_output_get_flags(t->nft);
	const char *text = NULL;
	char command[64];

	snprintf(command, sizeof(command), "list set inet ipsecapi %s", set);
	nft_ctx_output_set_flags(t->nft, flags | NFT_CTX_OUTPUT_NUMERIC_ALL);
	if (!nft_run_cmd_from_buffer(t->nft, command))
		text = nft_ctx_get_output_buffer(t->nft);
	nft_ctx_output_set_flags(t->nft, flags);
	if (!text)
		return NULL;
	text = strstr(text, begin);
	return text ? text + strlen(begin) : "";
}

const char *nft_parse_numbers(const char *s, uint32_t *v, int n)
{
	char *end;
	int i;

	for (i = 0; i < n; i++) {
		s += strspn(s, " \t\n.,");
		v[i] = strtoul(s, &end, 0);
		if (end == s)
			return NULL;
		s = end;
	}
	return s;
}

/* For all that is run later. */
static int define_marks(struct nftable *t)
{
	struct nft_script s;
	int err = nft_script_begin(&s);

	if (err)
		return err;
	marks_define(s.to, &t->marks);
	return nft_script_run(&s, t);
}

static int set_up(struct nftable *t)
{
	struct nft_script s;
	int err = nft_script_begin(&s);

	if (err)
		return err;
	fputs("add table inet ipsecapi { flags owner, persist; }\n", s.to);
	dropset_rules(s.to);
	gateset_rules(s.to);
	listenset_rules(s.to);
	quotedset_rules(s.to, t->pmtu_floor);
	marks_rules(s.to, &t->marks);
	return nft_script_run(&s, t);
}

/* The table is the last life's until its last process has ended. */
static int take_over(struct nftable *t)
{
	int tries, err;

	for (tries = 0; (err = set_up(t)) && tries < TRIES; tries++)
		poll(NULL, 0, PAUSE_MS);
	return err;
}

int nftable_open(struct nftable *t)
{
	const char *why;
	int err;

	t->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!t->nft)
		return -ENOMEM;
	nft_ctx_buffer_output(t->nft);
	nft_ctx_buffer_error(t->nft);
	err = define_marks(t);
	if (!err)
		err = take_over(t);
	if (!err)
		return 0;
	why = nft_ctx_get_error_buffer(t->nft);
	fprintf(stderr, "ipsecapid: nothing can be latched: nftables: %.*s\n", (int)strcspn(why, "\n"), why);
	nft_ctx_free(t->nft);
	t->nft = NULL;
	return err;
}
