/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The broker's own table of nftables, inet ipsecapi. It is owned, so that nobody else's flush
 * empties it, and persistent, so that it holds while there is no broker (Linux 6.9).
 */
#ifndef IPSECAPID_NFTABLE_H
#define IPSECAPID_NFTABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <ipsecapi.h>

#include "marks.h"

struct nft_ctx;

struct nftable {
	struct nft_ctx *nft;	/* NULL: there is none */
	/* set before it is opened */
	uint32_t pmtu_floor;
	struct marks marks;
};

/*
 * Make the table, or take over the one that an earlier life left: rules are made anew, the
 * elements of its sets stay. Returns 0 or a negative errno, and has said why. Opens what it needs.
 */
int nftable_open(struct nftable *t);

/* Commands that take effect together or not at all. */
struct nft_script {
	FILE *to;
	char *text;
	size_t length;
};

/* Returns 0 or -ENOMEM. */
int nft_script_begin(struct nft_script *s);
/* Print an element of a set of connections, after @verb: both ends and the protocol, in numbers. */
void nft_print_element(FILE *to, const char *verb, const char *set, const struct ipsecapi_tuple *t);
/*
 * What there is of a set, in numbers; "" where there is nothing. NULL: it can't be read. It is
 * good until the next run.
 */
const char *nft_list_set(struct nftable *t, const char *set);
/* Read @n numbers with dots between. Returns what is behind them, or NULL. */
const char *nft_parse_numbers(const char *s, uint32_t *v, int n);
/* Run it and be done with it; nothing to say is nothing to run. Returns 0 or a negative errno. */
int nft_script_run(struct nft_script *s, struct nftable *t);

#endif
