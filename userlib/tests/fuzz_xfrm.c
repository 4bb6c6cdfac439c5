// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: the scrubber's reading of netlink messages about SAs and policies. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../ipsecapid/xfrm_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t spis[MAX_TEMPLATES];
	struct rec_policy policy;
	struct nlmsghdr *nlh;
	struct sa_key key;
	struct rec_sa sa;
	uint8_t *copy;

	if (size < sizeof(*nlh) || size > 65536)
		return 0;
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	nlh = (struct nlmsghdr *)copy;
	nlh->nlmsg_len = size;
	if (nlh->nlmsg_type == XFRM_MSG_NEWSA) {
		if (!xfrm_parse_sa(nlh, &sa, &key) && sa.strength > IPSECAPI_STRENGTH_STRONG)
			abort();
	} else if (!xfrm_parse_policy(nlh, &policy, spis)) {
		if (policy.templates > MAX_TEMPLATES || policy.dir > DIR_FWD)
			abort();
	}
	free(copy);
	return 0;
}
