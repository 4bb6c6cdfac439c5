// SPDX-License-Identifier: GPL-2.0
/* espvault: KUnit tests of the NIC half's pure logic. */

#include <kunit/test.h>

#include "esv_hwcaps.c"
#include "esv_status.c"
#include "esv_ring.h"

#define ESV_TEST_CAPS_OFF	0x200

/* A chain of blocks, as BAR 0 would show it from ESV_TEST_CAPS_OFF on. */
struct esv_test_chain {
	struct esv_cap_limits limits;
	struct esv_cap_offload offload;
	struct esv_cap_hdr extra;
} __packed;

static void esv_test_link(struct esv_cap_hdr *hdr, u16 id, u16 length, u16 next)
{
	hdr->id = cpu_to_le16(id);
	hdr->version = 1;
	hdr->length = cpu_to_le16(length);
	hdr->next = cpu_to_le16(next);
}

static void esv_test_chain(struct esv_test_chain *c)
{
	memset(c, 0, sizeof(*c));
	esv_test_link(&c->limits.hdr, ESV_CAP_LIMITS, sizeof(c->limits),
		      ESV_TEST_CAPS_OFF + offsetof(struct esv_test_chain, offload));
	c->limits.hdr.flags = ESV_CAP_F_MUST;
	c->limits.queue_pairs = cpu_to_le16(4);
	c->limits.vectors = cpu_to_le16(5);
	c->limits.ring_min = cpu_to_le16(64);
	c->limits.ring_max = cpu_to_le16(4096);
	c->limits.max_frags = cpu_to_le16(24);
	c->limits.max_mtu = cpu_to_le16(9000);
	c->limits.admin_max = cpu_to_le16(256);
	c->limits.event_max = cpu_to_le16(1024);
	esv_test_link(&c->offload.hdr, ESV_CAP_OFFLOAD, sizeof(c->offload),
		      ESV_TEST_CAPS_OFF + offsetof(struct esv_test_chain, extra));
	c->offload.offloads = cpu_to_le32(ESV_OFF_TX_CSUM | ESV_OFF_RSS);
	esv_test_link(&c->extra, 0x7777, sizeof(c->extra), 0);
}

static int esv_test_parse(struct esv_test_chain *c, struct esv_caps *caps)
{
	const char *why;

	return esv_hwcaps_parse(c, ESV_TEST_CAPS_OFF, sizeof(*c), caps, &why);
}

static void esv_test_caps_good(struct kunit *test)
{
	struct esv_test_chain c;
	struct esv_caps caps;

	esv_test_chain(&c);
	KUNIT_EXPECT_EQ(test, esv_test_parse(&c, &caps), 0);
	KUNIT_EXPECT_EQ(test, caps.queue_pairs, 4);
	KUNIT_EXPECT_EQ(test, caps.max_mtu, 9000);
	KUNIT_EXPECT_EQ(test, caps.offloads, ESV_OFF_TX_CSUM | ESV_OFF_RSS);
	KUNIT_EXPECT_FALSE(test, caps.has_ipsec);
}

static void esv_test_caps_must(struct kunit *test)
{
	struct esv_test_chain c;
	struct esv_caps caps;

	esv_test_chain(&c);
	c.extra.flags = ESV_CAP_F_MUST;
	KUNIT_EXPECT_EQ(test, esv_test_parse(&c, &caps), -EPROTONOSUPPORT);
	esv_test_chain(&c);
	c.limits.hdr.version = 2;
	KUNIT_EXPECT_EQ(test, esv_test_parse(&c, &caps), -EPROTONOSUPPORT);
}

static void esv_test_caps_bad(struct kunit *test)
{
	struct esv_test_chain c;
	struct esv_caps caps;

	esv_test_chain(&c);
	c.extra.next = cpu_to_le16(ESV_TEST_CAPS_OFF);
	KUNIT_EXPECT_EQ(test, esv_test_parse(&c, &caps), -EPROTO);
	esv_test_chain(&c);
	c.extra.next = cpu_to_le16(ESV_TEST_CAPS_OFF + sizeof(c));
	KUNIT_EXPECT_EQ(test, esv_test_parse(&c, &caps), -EPROTO);
	esv_test_chain(&c);
	c.extra.length = cpu_to_le16(sizeof(c.extra) + 1);
	KUNIT_EXPECT_EQ(test, esv_test_parse(&c, &caps), -EPROTO);
	esv_test_chain(&c);
	c.limits.hdr.length = cpu_to_le16(sizeof(c.limits) - 2);
	KUNIT_EXPECT_EQ(test, esv_test_parse(&c, &caps), -EPROTO);
	esv_test_chain(&c);
	c.limits.queue_pairs = cpu_to_le16(65);
	KUNIT_EXPECT_EQ(test, esv_test_parse(&c, &caps), -EPROTO);
}

static void esv_test_ring(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, esv_ring_used(3, 0xfffffffe), 5);
	KUNIT_EXPECT_EQ(test, esv_ring_free(8, 3, 0xfffffffe), 3);
	KUNIT_EXPECT_TRUE(test, esv_ring_head_ok(0xfffffffe, 2, 3));
	KUNIT_EXPECT_FALSE(test, esv_ring_head_ok(0xfffffffe, 4, 3));
	KUNIT_EXPECT_FALSE(test, esv_ring_head_ok(5, 4, 9));
	KUNIT_EXPECT_EQ(test, esv_ring_phase(7, 3), 1);
	KUNIT_EXPECT_EQ(test, esv_ring_phase(8, 3), 0);
	KUNIT_EXPECT_EQ(test, esv_ring_phase(16, 3), 1);
}

static void esv_test_irq_at(struct kunit *test)
{
	u32 pending;

	KUNIT_EXPECT_TRUE(test, esv_ring_irq_due(0, 0, 1));
	KUNIT_EXPECT_FALSE(test, esv_ring_irq_due(1, 0, 1));
	KUNIT_EXPECT_TRUE(test, esv_ring_irq_due(0xffffffff, 0xfffffff0, 1));
	/* Whatever is on its way, its last completion raises the interrupt. */
	for (pending = 1; pending < 600; pending++) {
		u32 clean = 0xffffff00;
		u32 at = esv_ring_tx_irq_at(clean, clean + pending);

		KUNIT_EXPECT_TRUE(test, esv_ring_irq_due(at, clean, clean + pending));
	}
}

static void esv_test_status(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, esv_status_errno(ESV_S_OK), 0);
	KUNIT_EXPECT_EQ(test, esv_status_errno(ESV_S_NO_RESOURCE), -ENOSPC);
	KUNIT_EXPECT_EQ(test, esv_status_errno(ESV_S_KEY_REJECTED), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, esv_status_errno(0xffff), -EIO);
	KUNIT_EXPECT_STREQ(test, esv_opcode_text(ESV_OP_SA_ADD), "SA_ADD");
	KUNIT_EXPECT_STREQ(test, esv_opcode_text(0xffff), "unknown command");
}

static struct kunit_case esv_test_cases[] = {
	KUNIT_CASE(esv_test_caps_good),
	KUNIT_CASE(esv_test_caps_must),
	KUNIT_CASE(esv_test_caps_bad),
	KUNIT_CASE(esv_test_ring),
	KUNIT_CASE(esv_test_irq_at),
	KUNIT_CASE(esv_test_status),
	{ }
};

static struct kunit_suite esv_test_suite = {
	.name = "espvault_nic",
	.test_cases = esv_test_cases,
};

kunit_test_suite(esv_test_suite);

MODULE_DESCRIPTION("KUnit tests of the espvault driver");
MODULE_LICENSE("GPL");
