/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the device can express, decided without touching it: pure functions
 * over plain values, compiled and tested in user space as well.
 */
#ifndef _ESV_RULES_H
#define _ESV_RULES_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#endif
#include <asm/byteorder.h>
#include <linux/xfrm.h>

#include <espvault/esv_if.h>

/* A reason not to offload: its own words and an errno. text NULL: no reason. */
struct esv_refusal {
	int err;
	const char *text;
};

/**
 * struct esv_sa_attrs - an SA as xfrm describes it, in plain values
 * @proto: IPPROTO_*
 * @spi: network byte order
 * @mode: XFRM_MODE_*
 * @family: of @saddr and @daddr, AF_INET or AF_INET6
 * @out: outbound
 * @packet: packet offload was asked for, else crypto offload
 * @aead: name of the AEAD, NULL: none
 * @geniv: IV generator that ESP would use
 * @icv_bits: length of the ICV
 * @key: key material, borrowed
 * @key_bits: its length
 * @other_algos: an authentication, cipher or compression algorithm is set as well
 * @encap: UDP or TCP encapsulation is set
 * @keepalive: NAT keepalives are set
 * @coaddr: a care-of address is set
 * @security: a security context is set
 * @pcpu: the SA belongs to one CPU
 * @tfcpad: traffic flow confidentiality padding, bytes
 * @mark_mask: mask of the mark
 * @smark_mask: mask of the output mark
 * @if_id: xfrm interface
 * @flags: XFRM_STATE_*
 * @xflags: XFRM_SA_XFLAG_*
 * @reqid: as in policies
 * @window: replay window, packets
 * @seq: last sequence number used or seen
 * @sel: selector, copied
 * @lft: limits, copied
 * @saddr: source
 * @daddr: destination
 */
struct esv_sa_attrs {
	__u8 proto;
	__be32 spi;
	__u8 mode;
	__u16 family;
	bool out;
	bool packet;
	const char *aead;
	const char *geniv;
	unsigned int icv_bits;
	const __u8 *key;
	unsigned int key_bits;
	bool other_algos;
	bool encap;
	bool keepalive;
	bool coaddr;
	bool security;
	bool pcpu;
	__u32 tfcpad;
	__u32 mark_mask;
	__u32 smark_mask;
	__u32 if_id;
	__u8 flags;
	__u32 xflags;
	__u32 reqid;
	__u32 window;
	__u64 seq;
	struct xfrm_selector sel;
	struct xfrm_lifetime_cfg lft;
	xfrm_address_t saddr;
	xfrm_address_t daddr;
};

/* What the device offers, from its capability blocks. */
struct esv_ipsec_limits {
	__u32 flags;		/* ESV_IPSEC_* */
	__u32 algos;
	__u32 window_min;
	__u32 window_max;
};

/**
 * struct esv_policy_attrs - a policy as xfrm describes it, in plain values
 * @dir: XFRM_POLICY_*
 * @type: XFRM_POLICY_TYPE_*
 * @action: XFRM_POLICY_ALLOW or _BLOCK
 * @flags: XFRM_POLICY_LOCALOK and so on
 * @nr_tmpl: templates
 * @mark_mask: mask of the mark
 * @if_id: xfrm interface
 * @security: a security context is set
 * @priority: lower wins
 * @sel: selector, copied
 * @proto: template: IPPROTO_*
 * @mode: template: XFRM_MODE_*
 * @optional: template: may be skipped when there is no SA
 * @spi: template: one SPI, or 0
 * @reqid: template
 * @family: template: of @saddr and @daddr
 * @saddr: template: source of a tunnel
 * @daddr: template: destination of a tunnel
 */
struct esv_policy_attrs {
	__u8 dir;
	__u8 type;
	__u8 action;
	__u8 flags;
	unsigned int nr_tmpl;
	__u32 mark_mask;
	__u32 if_id;
	bool security;
	__u32 priority;
	struct xfrm_selector sel;
	__u8 proto;
	__u8 mode;
	bool optional;
	__be32 spi;
	__u32 reqid;
	__u16 family;
	xfrm_address_t saddr;
	xfrm_address_t daddr;
};

/* esv_selector.c */
struct esv_refusal esv_selector_refusal(const struct xfrm_selector *sel);
void esv_selector_set(struct esv_selector *to, const struct xfrm_selector *sel, __u16 family);
bool esv_selector_any(const struct xfrm_selector *sel);
bool esv_selectors_equal(const struct esv_selector *a, const struct esv_selector *b);
bool esv_selectors_overlap(const struct esv_selector *a, const struct esv_selector *b);
void esv_addr_set(__u8 to[16], const xfrm_address_t *from, __u16 family);
bool esv_addr_any(const xfrm_address_t *a, __u16 family);

/* esv_sa_rules.c */
struct esv_refusal esv_sa_refusal(const struct esv_sa_attrs *a, const struct esv_ipsec_limits *lim);
void esv_sa_params_set(struct esv_sa_params *p, const struct esv_sa_attrs *a);

/* esv_policy_rules.c */
struct esv_refusal esv_policy_refusal(const struct esv_policy_attrs *a);
void esv_policy_params_set(struct esv_policy_params *p, const struct esv_policy_attrs *a);
bool esv_policy_order_contradicts(const struct esv_policy_params *older,
				  const struct esv_policy_params *newer);

#endif
