// SPDX-License-Identifier: GPL-2.0-or-later
/* What a message of the kernel says about an SA's end. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "../ipsecapid/xfrm_parse.h"
#include "unit.h"

/* An SA with these counts and limits; @offload: of enum sa_offload. */
static uint8_t state_of(uint64_t packets, uint64_t limit, uint8_t offload)
{
	uint8_t buf[1024] __attribute__((aligned(8))) = { 0 };
	struct xfrm_user_offload off = { .ifindex = 3, .flags = offload == OFFLOAD_PACKET ? 4 : 0 };
	struct {
		struct xfrm_algo_aead aead;
		uint8_t key[36];
	} alg = { .aead = { .alg_name = "rfc4106(gcm(aes))", .alg_key_len = 288, .alg_icv_len = 128 } };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct xfrm_usersa_info *info;
	struct rec_sa sa;
	struct sa_key key;

	nlh->nlmsg_type = XFRM_MSG_NEWSA;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->family = AF_INET;
	info->id.proto = IPPROTO_ESP;
	info->curlft.packets = packets;
	info->lft.hard_packet_limit = limit;
	info->lft.hard_byte_limit = XFRM_INF;
	mnl_attr_put(nlh, XFRMA_ALG_AEAD, sizeof(alg), &alg);
	if (offload != OFFLOAD_NONE)
		mnl_attr_put(nlh, XFRMA_OFFLOAD_DEV, sizeof(off), &off);
	assert_int_equal(xfrm_parse_sa(nlh, &sa, &key), 0);
	assert_int_equal(sa.offload, offload);
	return sa.state;
}

static void an_sa_at_its_limit_has_expired(void **state)
{
	(void)state;
	assert_int_equal(state_of(9, XFRM_INF, OFFLOAD_NONE), SA_VALID);
	assert_int_equal(state_of(9, 10, OFFLOAD_NONE), SA_VALID);
	assert_int_equal(state_of(10, 10, OFFLOAD_NONE), SA_EXPIRED);
	assert_int_equal(state_of(10, 10, OFFLOAD_CRYPTO), SA_EXPIRED);
	/* the kernel stops nothing that a device sends: the device does, and its unit says so */
	assert_int_equal(state_of(10, 10, OFFLOAD_PACKET), SA_VALID);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(an_sa_at_its_limit_has_expired),
};
RUN(tests)
