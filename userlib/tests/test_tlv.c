// SPDX-License-Identifier: GPL-2.0-or-later
/* Attributes of the socket protocol, and structures that cross with their size. */
#include <errno.h>
#include <string.h>

#include "../libipsecapi/wire/tlv.h"
#include "unit.h"

static int build(uint8_t *buf, size_t cap)
{
	const struct wire_header hdr = { .type = WIRE_WHY, .version = 1, .tag = 7 };
	struct tlv_writer w;

	tlv_begin(&w, buf, cap, &hdr);
	tlv_put_u32(&w, WIRE_ATTR_FLOW, 0x10003);
	tlv_put(&w, WIRE_ATTR_STRUCT, "abcde", 5);
	return tlv_finish(&w);
}

static void what_is_built_is_parsed(void **state)
{
	struct wire_header hdr;
	struct tlv_set set;
	uint8_t buf[128];
	uint32_t v = 0;
	int n = build(buf, sizeof(buf));

	(void)state;
	assert_int_equal(n, 24 + 8 + 12);
	assert_int_equal(tlv_parse(buf, n, &hdr, &set), 0);
	assert_int_equal(hdr.tag, 7);
	assert_int_equal(tlv_u32(&set, WIRE_ATTR_FLOW, &v), 0);
	assert_int_equal(v, 0x10003);
	assert_int_equal(set.at[WIRE_ATTR_STRUCT].length, 5);
	assert_int_equal(tlv_u32(&set, WIRE_ATTR_INDEX, &v), -ENODATA);
	assert_int_equal(tlv_u32(&set, WIRE_ATTR_STRUCT, &v), -EBADMSG);
}

static void what_does_not_fit_is_not_sent(void **state)
{
	uint8_t buf[128];
	size_t cap;

	(void)state;
	for (cap = 0; cap < 44; cap++)
		assert_int_equal(build(buf, cap), -EMSGSIZE);
	assert_int_equal(build(buf, 44), 44);
}

static void every_cut_is_refused(void **state)
{
	struct wire_header hdr;
	struct tlv_set set;
	uint8_t buf[128];
	int n = build(buf, sizeof(buf)), i;

	(void)state;
	for (i = 0; i < n; i++)
		assert_int_equal(tlv_parse(buf, i, &hdr, &set), -EBADMSG);
}

static void refused(uint8_t *buf, int n, int at, uint8_t value, int err)
{
	struct wire_header hdr;
	struct tlv_set set;
	uint8_t old = buf[at];

	buf[at] = value;
	assert_int_equal(tlv_parse(buf, n, &hdr, &set), err);
	buf[at] = old;
}

static void broken_messages_are_refused(void **state)
{
	uint8_t buf[128];
	int n = build(buf, sizeof(buf));

	(void)state;
	refused(buf, n, 0, 'X', -EBADMSG);		/* magic */
	refused(buf, n, 20, 99, -EBADMSG);		/* length of the attributes */
	refused(buf, n, 26, 200, -EBADMSG);		/* length of one attribute */
	refused(buf, n, 43, 1, -EBADMSG);		/* padding is zero */
	refused(buf, n, 32, WIRE_ATTR_FLOW, -EBADMSG);	/* twice */
	refused(buf, n, 32, 99, -EOPNOTSUPP);		/* unknown */
	refused(buf, n, 32, 0, -EOPNOTSUPP);
}

static void an_optional_attribute_may_be_unknown(void **state)
{
	struct wire_header hdr;
	struct tlv_set set;
	uint8_t buf[128];
	int n = build(buf, sizeof(buf));

	(void)state;
	buf[32] = 99;
	buf[33] = 0x80;
	assert_int_equal(tlv_parse(buf, n, &hdr, &set), 0);
	assert_null(set.at[WIRE_ATTR_STRUCT].data);
}

static void random_bytes_do_no_harm(void **state)
{
	struct wire_header hdr;
	struct tlv_set set;
	uint8_t buf[96];
	uint64_t seed = 1;
	int i, k, n;

	(void)state;
	for (i = 0; i < 200000; i++) {
		n = build(buf, sizeof(buf));
		for (k = rnd(&seed) % 4; k >= 0; k--)
			buf[rnd(&seed) % n] = rnd(&seed);
		if (!tlv_parse(buf, rnd(&seed) % (n + 1), &hdr, &set))
			for (k = 1; k <= WIRE_ATTR_MAX; k++)
				assert_true(!set.at[k].data ||
					    ((const uint8_t *)set.at[k].data >= buf + 24 &&
					     (const uint8_t *)set.at[k].data +
					     set.at[k].length <= buf + n));
	}
}

static void structures_cross_with_their_size(void **state)
{
	uint8_t small[4], big[8];

	(void)state;
	memset(big, 0xff, 8);
	sized_copy_out(big, 8, "abcd", 4);
	assert_memory_equal(big, "abcd\0\0\0\0", 8);
	sized_copy_out(small, 4, "abcdefgh", 8);
	assert_memory_equal(small, "abcd", 4);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_is_built_is_parsed),
	cmocka_unit_test(what_does_not_fit_is_not_sent),
	cmocka_unit_test(every_cut_is_refused),
	cmocka_unit_test(broken_messages_are_refused),
	cmocka_unit_test(an_optional_attribute_may_be_unknown),
	cmocka_unit_test(random_bytes_do_no_harm),
	cmocka_unit_test(structures_cross_with_their_size),
};
RUN(tests)
