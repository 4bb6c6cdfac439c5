/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * espvault firmware interface: security associations and SPD entries.
 *
 * Addresses are in network byte order; an IPv4 address fills the first four
 * bytes, the rest is zero.
 */
#ifndef ESPVAULT_ESV_IPSEC_H
#define ESPVAULT_ESV_IPSEC_H

#include <linux/types.h>

enum esv_algo {
	ESV_ALGO_AES_GCM_16_128 = 1,	/* RFC 4106, 16-byte ICV */
	ESV_ALGO_AES_GCM_16_256 = 2,
};

enum esv_sa_mode { ESV_SA_MODE_ANY = 0, ESV_SA_TRANSPORT = 1, ESV_SA_TUNNEL = 2 };
enum esv_dir { ESV_DIR_OUT = 1, ESV_DIR_IN = 2 };
enum esv_action { ESV_ACTION_ALLOW = 1, ESV_ACTION_PROTECT = 2, ESV_ACTION_DROP = 3 };

/* Custody of an SA's key, as in ARCHITECTURE.md. */
enum esv_custody { ESV_CUSTODY_UNKNOWN = 0, ESV_CUSTODY_L1 = 1, ESV_CUSTODY_L2 = 2,
		   ESV_CUSTODY_L3 = 3, ESV_CUSTODY_L4 = 4 };

/*
 * Traffic selector (RFC 4301 4.4.1.1). For ICMP, ICMPv6 and MH, sport is the
 * type and dport the code, each in network byte order. proto 0: any.
 */
struct esv_selector {
	__u8 family;		/* 4 or 6; 0 only in an SA without selector */
	__u8 proto;
	__u8 plen_s;		/* prefix length of saddr */
	__u8 plen_d;
	__be16 sport;
	__be16 sport_mask;
	__be16 dport;
	__be16 dport_mask;
	__u8 saddr[16];
	__u8 daddr[16];
	__le32 rsvd;
};

#define ESV_SA_F_ESN		0x0001	/* 64-bit sequence numbers */
#define ESV_SA_F_TOKEN		0x0002	/* key is a token of the unit */
#define ESV_SA_F_SEL		0x0004	/* sel is valid: decrypted packets must match it */
#define ESV_SA_F_NOECN		0x0008	/* tunnel: don't copy ECN (RFC 6040) */
#define ESV_SA_F_NOPMTUDISC	0x0010	/* tunnel over IPv4: clear DF */
#define ESV_SA_F_DECAP_DSCP	0x0020	/* tunnel, in: copy outer DSCP to the inner header */
#define ESV_SA_F_NOENCAP_DSCP	0x0040	/* tunnel, out: outer DSCP zero */
#define ESV_SA_F_NEXTHOP	0x0080	/* nexthop is valid */
#define ESV_SA_F_KNOWN		0x00ff

#define ESV_KEY_MAX		64	/* bytes of key field */
#define ESV_NO_LIMIT		(~0ULL)
#define ESV_WINDOW_MIN		32
#define ESV_WINDOW_MAX		4096

/* SA_ADD (clauses SA-1 ff). Completion: object is the handle, result[0] ESV_SA_R_*. */
struct esv_sa_params {
	__be32 spi;		/* > 255 */
	__u8 family;		/* of saddr, daddr: 4 or 6 */
	__u8 mode;		/* enum esv_sa_mode, not ANY */
	__u8 dir;		/* enum esv_dir */
	__u8 algo;		/* enum esv_algo */
	__le32 flags;		/* ESV_SA_F_* */
	__le32 reqid;		/* not zero */
	__le32 window;		/* in: 32..4096, multiple of 32; out: 0 */
	__le16 function;
	__le16 encap_type;	/* reserved: zero */
	__be16 encap_sport;	/* reserved: zero */
	__be16 encap_dport;	/* reserved: zero */
	__le16 key_len;		/* 20, 36: key and salt, RFC 4106 8.1; 36 with TOKEN */
	__u8 nexthop[6];	/* destination MAC, tunnel out */
	__u8 saddr[16];
	__u8 daddr[16];
	struct esv_selector sel;
	__le32 rsvd;
	__le64 seq;		/* out: last used; in: highest seen. Device takes the larger of this and its own */
	__le64 soft_packets;	/* ESV_NO_LIMIT or > 0 */
	__le64 hard_packets;	/* >= soft */
	__le64 soft_bytes;
	__le64 hard_bytes;
	__u8 key[ESV_KEY_MAX];
};

#define ESV_SA_R_CONTINUED	0x01	/* key was known: counters and window go on */

#define ESV_SA_U_NEXTHOP	0x0001
#define ESV_SA_U_ADDRS		0x0002
#define ESV_SA_U_LIMITS		0x0004	/* limits can only be lowered */

/* SA_UPDATE; object: handle. Key, counters and window are never touched (SA-30). */
struct esv_sa_update {
	__le32 fields;		/* ESV_SA_U_* */
	__u8 nexthop_valid;
	__u8 nexthop[6];
	__u8 rsvd0;
	__u8 saddr[16];
	__u8 daddr[16];
	__le32 rsvd1;
	__le64 soft_packets;
	__le64 hard_packets;
	__le64 soft_bytes;
	__le64 hard_bytes;
};

/* SA_QUERY with object 0: look the SA up by what a packet shows. */
struct esv_sa_key {
	__be32 spi;
	__u8 family;
	__u8 proto;		/* 50 */
	__le16 function;
	__u8 daddr[16];
	__u8 dir;		/* 0: either */
	__u8 rsvd[7];
};

enum esv_sa_state { ESV_SA_ACTIVE = 1, ESV_SA_SOFT = 2, ESV_SA_EXPIRED = 3 };
enum esv_vouch { ESV_VOUCH_NONE = 0, ESV_VOUCH_HOST = 1, ESV_VOUCH_UNIT = 2 };

struct esv_sa_info {
	__le32 handle;
	__be32 spi;
	__u8 family;
	__u8 mode;
	__u8 dir;
	__u8 algo;
	__le32 flags;
	__le32 reqid;
	__le32 window;
	__u8 custody;		/* enum esv_custody */
	__u8 vouch;		/* enum esv_vouch */
	__u8 state;		/* enum esv_sa_state */
	__u8 rsvd0;
	__le16 function;
	__le16 rsvd1;
	__u8 saddr[16];
	__u8 daddr[16];
	__le64 seq;		/* out: last used; in: highest seen */
	__le64 packets;
	__le64 bytes;		/* of payload as xfrm counts them: inner packet for tunnel, L4 for transport */
	__le64 auth_failed;
	__le64 replay_dropped;	/* duplicates and too old */
	__le64 replay_window_dropped; /* too old only */
	__le64 other_dropped;
	__le64 epoch;
};

#define ESV_LIST_MAX		1000

/* SA_LIST; inl[0..3]: cursor as __le32, 0 to begin. next 0: no more. */
struct esv_sa_list {
	__le32 next;
	__le32 count;
	__le32 handle[ESV_LIST_MAX];
};

#define ESV_PRIO_MAX		0xffffffffu

/* POLICY_ADD (clauses SPD-1 ff); a lower priority value wins, then the older entry. Completion: object is the handle. */
struct esv_policy_params {
	struct esv_selector sel;
	__u8 dir;		/* enum esv_dir */
	__u8 action;		/* enum esv_action */
	__u8 mode;		/* PROTECT: not ANY */
	__u8 family;		/* PROTECT tunnel: family of saddr, daddr */
	__le32 priority;
	__le32 reqid;		/* PROTECT: not zero */
	__le32 cookie;		/* driver's own, shown in queries */
	__le16 function;
	__le16 rsvd0;
	__le32 rsvd1;
	__u8 saddr[16];
	__u8 daddr[16];
};

struct esv_policy_info {
	struct esv_policy_params p;
	__le64 packets;
	__le64 bytes;
	__le64 drops;
};

struct esv_policy_list {
	__le32 next;
	__le32 count;
	__le32 handle[ESV_LIST_MAX];
};

/* BYPASS_SET: inl[0..3] as __le32, classes that stay on; bits once off stay off until reset (SPD-30). */
#define ESV_BYPASS_ARP		(1u << 0)
#define ESV_BYPASS_ND		(1u << 1)	/* ICMPv6 133..136 with hop limit 255 */
#define ESV_BYPASS_MCAST	(1u << 2)	/* MLD and IGMP */
#define ESV_BYPASS_DHCP		(1u << 3)	/* client */
#define ESV_BYPASS_PMTU		(1u << 4)	/* in: ICMP too big that quotes ESP of a live SA */
#define ESV_BYPASS_IKE		(1u << 5)	/* UDP 500 */
#define ESV_BYPASS_NATT		(1u << 6)	/* UDP 4500 with zero marker, or a keepalive */
#define ESV_BYPASS_ALL		0x7fu

/* Handles of SAs and policies: index in the low 24 bits, generation in the high 8, never 0 (SA-3). */
#define ESV_HANDLE_INDEX(h)	((h) & 0xffffffu)
#define ESV_HANDLE_GEN(h)	((h) >> 24)

#endif
