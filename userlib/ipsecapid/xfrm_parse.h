/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IPSECAPID_XFRM_PARSE_H
#define IPSECAPID_XFRM_PARSE_H

#include <libmnl/libmnl.h>
#include <linux/xfrm.h>

#include "records.h"

/* What names an SA to the kernel. Stays inside the scrubber. */
struct sa_key {
	struct xfrm_usersa_id id;
	xfrm_address_t saddr;
	uint32_t mark_value, mark_mask;
};

/**
 * Make the key-free record of a kernel message.
 * @nlh: XFRM_MSG_NEWSA or XFRM_MSG_NEWPOLICY; every length in it is checked here.
 *
 * Returns 0, -EBADMSG for a message that is not of that form. A template that names an SPI is
 * left with spi_sa = NO_SA and its SPI in @spis, for the caller to resolve.
 */
int xfrm_parse_sa(const struct nlmsghdr *nlh, struct rec_sa *sa, struct sa_key *key);
int xfrm_parse_policy(const struct nlmsghdr *nlh, struct rec_policy *p, uint32_t spis[MAX_TEMPLATES]);

#endif
