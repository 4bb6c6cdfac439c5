// SPDX-License-Identifier: GPL-2.0
/* espvault: the capability blocks of the device (clauses CAP-1 ff). */

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#include "esv_hwcaps.h"

/* More blocks than any device has: a longer chain is a loop. */
#define ESV_CAPS_MAX	32

static void esv_hwcaps_limits(struct esv_caps *caps, const void *block)
{
	const struct esv_cap_limits *c = block;

	caps->queue_pairs = le16_to_cpu(c->queue_pairs);
	caps->vectors = le16_to_cpu(c->vectors);
	caps->ring_min = le16_to_cpu(c->ring_min);
	caps->ring_max = le16_to_cpu(c->ring_max);
	caps->max_frags = le16_to_cpu(c->max_frags);
	caps->max_mtu = le16_to_cpu(c->max_mtu);
	caps->max_tso = le32_to_cpu(c->max_tso);
	caps->admin_max = le16_to_cpu(c->admin_max);
	caps->event_max = le16_to_cpu(c->event_max);
	caps->rss_entries = le16_to_cpu(c->rss_entries);
	caps->mac_filters = le16_to_cpu(c->mac_filters);
}

static void esv_hwcaps_offload(struct esv_caps *caps, const void *block)
{
	const struct esv_cap_offload *c = block;

	caps->offloads = le32_to_cpu(c->offloads);
}

static void esv_hwcaps_ipsec(struct esv_caps *caps, const void *block)
{
	const struct esv_cap_ipsec *c = block;

	caps->has_ipsec = true;
	caps->ipsec_flags = le32_to_cpu(c->flags);
	caps->algos = le32_to_cpu(c->algos);
	caps->sa_max = le32_to_cpu(c->sa_max);
	caps->policy_max = le32_to_cpu(c->policy_max);
	caps->window_min = le32_to_cpu(c->window_min);
	caps->window_max = le32_to_cpu(c->window_max);
}

static void esv_hwcaps_unit(struct esv_caps *caps, const void *block)
{
	const struct esv_cap_unit *c = block;

	caps->has_unit = true;
	caps->ke_methods = le32_to_cpu(c->ke_methods);
	caps->prfs = le32_to_cpu(c->prfs);
	caps->session_max = le32_to_cpu(c->session_max);
	caps->handle_max = le32_to_cpu(c->handle_max);
}

static void esv_hwcaps_test(struct esv_caps *caps, const void *block)
{
	const struct esv_cap_test *c = block;

	caps->has_test = true;
	caps->test_flags = le32_to_cpu(c->flags);
	caps->test_faults = le32_to_cpu(c->faults);
}

static const struct esv_hwcaps_kind {
	u16 id;
	u16 size;
	void (*read)(struct esv_caps *caps, const void *block);
} esv_hwcaps_kinds[] = {
	{ ESV_CAP_LIMITS, sizeof(struct esv_cap_limits), esv_hwcaps_limits },
	{ ESV_CAP_OFFLOAD, sizeof(struct esv_cap_offload), esv_hwcaps_offload },
	{ ESV_CAP_IPSEC, sizeof(struct esv_cap_ipsec), esv_hwcaps_ipsec },
	{ ESV_CAP_UNIT, sizeof(struct esv_cap_unit), esv_hwcaps_unit },
	{ ESV_CAP_TEST, sizeof(struct esv_cap_test), esv_hwcaps_test },
};

static const struct esv_hwcaps_kind *esv_hwcaps_kind(u16 id)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(esv_hwcaps_kinds); i++)
		if (esv_hwcaps_kinds[i].id == id)
			return &esv_hwcaps_kinds[i];
	return NULL;
}

/* The limits size our rings and loops, so they must make sense. */
static int esv_hwcaps_check(const struct esv_caps *caps, const char **why)
{
	if (!caps->queue_pairs || caps->queue_pairs > 64)
		*why = "number of queue pairs is out of range";
	else if (caps->vectors < 2)
		*why = "fewer than two interrupt vectors";
	else if (caps->ring_min < 2 || caps->ring_max < 64 || caps->ring_min > 64 ||
		 caps->ring_max > 32768)
		*why = "ring sizes are out of range";
	else if (caps->max_frags < 2)
		*why = "fewer than two descriptors per frame";
	else if (caps->max_mtu < 1500)
		*why = "largest MTU is below 1500";
	else if (caps->admin_max < 4 || caps->event_max < 4)
		*why = "admin or event ring is too small";
	else
		return 0;
	return -EPROTO;
}

static int esv_hwcaps_block(struct esv_caps *caps, const void *block,
			    const struct esv_cap_hdr *hdr, const char **why)
{
	const struct esv_hwcaps_kind *kind = esv_hwcaps_kind(le16_to_cpu(hdr->id));

	if (!kind || hdr->version != 1) {
		if (!(hdr->flags & ESV_CAP_F_MUST))
			return 0;
		*why = "it has an ability that this driver does not know and must";
		return -EPROTONOSUPPORT;
	}
	if (le16_to_cpu(hdr->length) < kind->size) {
		*why = "a capability block is shorter than its kind";
		return -EPROTO;
	}
	kind->read(caps, block);
	return 0;
}

int esv_hwcaps_parse(const void *bar, u32 off, u32 len, struct esv_caps *caps,
		     const char **why)
{
	unsigned int n = 0;
	u32 at = off;

	memset(caps, 0, sizeof(*caps));
	*why = "";
	while (at) {
		struct esv_cap_hdr hdr;
		const void *block;
		int err;

		if (n++ == ESV_CAPS_MAX) {
			*why = "the chain of capability blocks does not end";
			return -EPROTO;
		}
		if (at < off || at % 4 || at - off > len ||
		    len - (at - off) < sizeof(hdr)) {
			*why = "a capability block lies outside its window";
			return -EPROTO;
		}
		block = (const u8 *)bar + (at - off);
		memcpy(&hdr, block, sizeof(hdr));
		if (le16_to_cpu(hdr.length) < sizeof(hdr) ||
		    le16_to_cpu(hdr.length) > len - (at - off)) {
			*why = "a capability block has a bad length";
			return -EPROTO;
		}
		err = esv_hwcaps_block(caps, block, &hdr, why);
		if (err)
			return err;
		at = le16_to_cpu(hdr.next);
	}
	if (!caps->queue_pairs && !caps->vectors) {
		*why = "the block of limits is missing";
		return -EPROTONOSUPPORT;
	}
	return esv_hwcaps_check(caps, why);
}
