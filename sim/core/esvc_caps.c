// SPDX-License-Identifier: GPL-2.0-or-later
/* Capability blocks: what this device says about itself (CAP-1 ff). */
#include "esvc_dev.h"
#include "esvc_unit_priv.h"

/* Append one block; links the block before it. */
static void *add(struct esvc_dev *dev, size_t *last, uint16_t id, size_t len, bool must)
{
	size_t at = dev->caps_len;
	struct esv_cap_hdr *hdr = (struct esv_cap_hdr *)(dev->caps + at);

	if (at)
		((struct esv_cap_hdr *)(dev->caps + *last))->next = htole16((uint16_t)(ESVC_CAPS_OFF + at));
	*last = at;
	hdr->id = htole16(id);
	hdr->version = 1;
	hdr->flags = must ? ESV_CAP_F_MUST : 0;
	hdr->length = htole16((uint16_t)len);
	dev->caps_len += (uint32_t)((len + 7) & ~7ul);
	return hdr;
}

static void add_limits(struct esvc_dev *dev, size_t *last)
{
	struct esv_cap_limits *c = add(dev, last, ESV_CAP_LIMITS, sizeof(*c), true);

	c->queue_pairs = htole16(dev->cfg.queue_pairs);
	c->vectors = htole16((uint16_t)esvc_vectors(dev));
	c->ring_min = htole16(1u << ESVC_RING_LOG2_MIN);
	c->ring_max = htole16(1u << ESVC_RING_LOG2_MAX);
	c->max_frags = htole16(ESVC_MAX_FRAGS);
	c->max_mtu = htole16(ESVC_MTU_MAX);
	c->max_tso = htole32(ESVC_MAX_TSO);
	c->admin_max = htole16(1u << ESVC_ADMIN_LOG2_MAX);
	c->event_max = htole16(1u << ESVC_EVENT_LOG2_MAX);
	c->rss_entries = htole16(ESV_RSS_TABLE_LEN);
	c->mac_filters = htole16(ESV_FILTER_MAX);
}

#define OFFLOADS (ESV_OFF_TX_CSUM | ESV_OFF_TSO4 | ESV_OFF_TSO6 | ESV_OFF_RX_CSUM | ESV_OFF_RSS | \
		  ESV_OFF_VLAN_PARSE)

static void add_offload(struct esvc_dev *dev, size_t *last)
{
	struct esv_cap_offload *c = add(dev, last, ESV_CAP_OFFLOAD, sizeof(*c), false);

	c->offloads = htole32(OFFLOADS);
}

static void add_ipsec(struct esvc_dev *dev, size_t *last)
{
	struct esv_cap_ipsec *c = add(dev, last, ESV_CAP_IPSEC, sizeof(*c), false);
	uint32_t flags = ESV_IPSEC_PACKET | ESV_IPSEC_TRANSPORT | ESV_IPSEC_TUNNEL | ESV_IPSEC_ESN |
			 ESV_IPSEC_TSO;

	if (dev->cfg.host_keys)
		flags |= ESV_IPSEC_HOST_KEYS;
	c->flags = htole32(flags);
	c->algos = htole32(1u << ESV_ALGO_AES_GCM_16_128 | 1u << ESV_ALGO_AES_GCM_16_256);
	c->sa_max = htole32(dev->cfg.sa_max);
	c->policy_max = htole32(dev->cfg.policy_max);
	c->window_min = htole32(ESV_WINDOW_MIN);
	c->window_max = htole32(ESV_WINDOW_MAX);
}

static void add_unit(struct esvc_dev *dev, size_t *last)
{
	struct esv_cap_unit *c = add(dev, last, ESV_CAP_UNIT, sizeof(*c), false);

	c->ke_methods = htole32(dev->unit->ke_methods);
	c->prfs = htole32(1u << ESV_PRF_HMAC_SHA2_256 | 1u << ESV_PRF_HMAC_SHA2_384 |
			  1u << ESV_PRF_HMAC_SHA2_512);
	c->session_max = htole32(ESVC_SESSION_SLOTS);
	c->handle_max = htole32(dev->cfg.handle_max);
}

/* Whatever makes this device unfit for production is said aloud (CAP-15). */
static void add_test(struct esvc_dev *dev, size_t *last)
{
	struct esv_cap_test *c = add(dev, last, ESV_CAP_TEST, sizeof(*c), false);

	c->flags = htole32(dev->cfg.test_mode ? ESV_MODE_TEST : 0);
	c->faults = htole32(dev->cfg.fault == ESVC_FAULT_NONE ? 0 : 1u << dev->cfg.fault);
}

void esvc_caps_build(struct esvc_dev *dev)
{
	size_t last = 0;

	_Static_assert(sizeof(struct esv_cap_limits) + sizeof(struct esv_cap_offload) +
		       sizeof(struct esv_cap_ipsec) + sizeof(struct esv_cap_unit) +
		       sizeof(struct esv_cap_test) + 5 * 7 <= ESVC_CAPS_MAX, "blocks fit");
	memset(dev->caps, 0, sizeof(dev->caps));
	dev->caps_len = 0;
	add_limits(dev, &last);
	add_offload(dev, &last);
	if (dev->cfg.ipsec)
		add_ipsec(dev, &last);
	if (dev->cfg.unit)
		add_unit(dev, &last);
	if (dev->cfg.test_mode || dev->cfg.fault != ESVC_FAULT_NONE)
		add_test(dev, &last);
}

uint32_t esvc_features(const struct esvc_dev *dev)
{
	return OFFLOADS | (dev->cfg.ipsec ? ESV_FEAT_IPSEC : 0) | (dev->cfg.unit ? ESV_FEAT_UNIT : 0);
}
