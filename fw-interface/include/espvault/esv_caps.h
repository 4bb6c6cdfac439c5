/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * espvault firmware interface: self-describing capability blocks (CAP-1).
 *
 * The chain starts at ESV_REG_CAP_OFF. A driver skips a block that it does not
 * know, unless ESV_CAP_F_MUST is set: then it refuses the device (CAP-3).
 * A block may be longer than the driver's struct; the rest is ignored (CAP-4).
 */
#ifndef ESPVAULT_ESV_CAPS_H
#define ESPVAULT_ESV_CAPS_H

#include <linux/types.h>
#include "esv_list.h"

#define ESV_CAP_ENUM(name, num, must, type, text) ESV_CAP_##name = num,
enum esv_cap_id { ESV_CAP_LIST(ESV_CAP_ENUM) };

#define ESV_CAP_F_MUST		0x01

struct esv_cap_hdr {
	__le16 id;
	__u8 version;
	__u8 flags;
	__le16 length;
	__le16 next;
};

struct esv_cap_limits {
	struct esv_cap_hdr hdr;
	__le16 queue_pairs;
	__le16 vectors;
	__le16 ring_min;
	__le16 ring_max;
	__le16 max_frags;
	__le16 max_mtu;
	__le32 max_tso;
	__le16 admin_max;
	__le16 event_max;
	__le16 rss_entries;
	__le16 mac_filters;
};

#define ESV_OFF_TX_CSUM		(1u << 0)
#define ESV_OFF_TSO4		(1u << 1)
#define ESV_OFF_TSO6		(1u << 2)
#define ESV_OFF_RX_CSUM		(1u << 3)
#define ESV_OFF_RSS		(1u << 4)
#define ESV_OFF_VLAN_PARSE	(1u << 5)

struct esv_cap_offload {
	struct esv_cap_hdr hdr;
	__le32 offloads;
	__le32 rsvd;
};

#define ESV_IPSEC_PACKET	(1u << 0)
#define ESV_IPSEC_TRANSPORT	(1u << 1)
#define ESV_IPSEC_TUNNEL	(1u << 2)
#define ESV_IPSEC_ESN		(1u << 3)
#define ESV_IPSEC_TSO		(1u << 4)
#define ESV_IPSEC_HOST_KEYS	(1u << 5)
#define ESV_IPSEC_CRYPTO	(1u << 6)	/* reserved: crypto mode */
#define ESV_IPSEC_ENCAP		(1u << 7)	/* reserved: ESP in UDP */

struct esv_cap_ipsec {
	struct esv_cap_hdr hdr;
	__le32 flags;
	__le32 algos;		/* bit n: ESV_ALGO_ n */
	__le32 sa_max;
	__le32 policy_max;
	__le32 window_min;
	__le32 window_max;
};

struct esv_cap_unit {
	struct esv_cap_hdr hdr;
	__le32 ke_methods;	/* bit n: ESV_KE_ n */
	__le32 prfs;		/* bit n: ESV_PRF_ n */
	__le32 session_max;
	__le32 handle_max;
};

struct esv_cap_test {
	struct esv_cap_hdr hdr;
	__le32 flags;		/* ESV_MODE_TEST and faults that are armed */
	__le32 faults;
};

#endif
