/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule of nftables has to do with the marks of packets and sockets. */
#ifndef IPSECAPI_NFT_MARKS_H
#define IPSECAPI_NFT_MARKS_H

#include <stdint.h>

struct nlattr;

struct mark_use {
	uint32_t sets;		/* bits that may be others afterwards */
	uint32_t looks;		/* bits by which it decides, or that it copies elsewhere */
};

/* @expressions: NFTA_RULE_EXPRESSIONS of the rule, as the kernel tells it. What it does is added. */
void nft_marks_of_rule(const struct nlattr *expressions, struct mark_use *use);

#endif
