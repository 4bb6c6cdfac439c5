/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may pass to and from listening sockets that are latched: nothing but packets of SAs with
 * listed reqids. It holds for the connections that the socket accepts as well, and for what the
 * kernel sends for the port on nobody's behalf.
 */
#ifndef IPSECAPID_LISTENSET_H
#define IPSECAPID_LISTENSET_H

#include <stdint.h>
#include <ipsecapi.h>

#include "nftable.h"

#define LISTEN_REQIDS 512

struct reqids {
	uint32_t n;
	uint32_t at[LISTEN_REQIDS];	/* ascending */
};

/* By DIR_OUT, DIR_IN. */
struct listen_reqids {
	struct reqids dir[2];
};

/* Print what makes sets and rules. */
void listenset_rules(FILE *to);

/* Forget all. */
int listenset_clear(struct nftable *nft);

/*
 * Of the port and address of @t let those of @now pass, where it was those of @was until now.
 * @was: NULL where there was no such socket; @now: NULL where there is none any more.
 */
int listenset_change(struct nftable *nft, const struct ipsecapi_tuple *t,
		     const struct listen_reqids *was, const struct listen_reqids *now);

/* Where it is, or would be. */
uint32_t reqids_place(const struct reqids *r, uint32_t reqid);
bool reqids_has(const struct reqids *r, uint32_t reqid);
/* One that is there, or more than there is room for, changes nothing. */
void reqids_insert(struct reqids *r, uint32_t reqid);
/* Take those of @bad out. If it is full some may not be in it: then all go. */
void reqids_take_out(struct reqids *r, const struct reqids *bad);

bool listen_reqids_same(const struct listen_reqids *a, const struct listen_reqids *b);
/* Keep of @a what @b has as well. */
void listen_reqids_both(struct listen_reqids *a, const struct listen_reqids *b);

#endif
