// SPDX-License-Identifier: GPL-2.0
/*
 * Which SAs the device can express, and how. A flat list, each refusal with
 * its own words. -EOPNOTSUPP is never among the errors: the core takes it as
 * leave to go on in software.
 */
#include "esv_rules.h"
#include "esv_token.h"

#define REFUSE(errno, words) \
	((struct esv_refusal){ .err = -(errno), .text = (words) })
#define FINE	((struct esv_refusal){ })

#define ESV_SA_FLAGS	(XFRM_STATE_NOECN | XFRM_STATE_DECAP_DSCP | XFRM_STATE_NOPMTUDISC | \
			 XFRM_STATE_AF_UNSPEC | XFRM_STATE_ESN)

/* RFC 4106 8.1: the AES key, then four bytes of salt. */
#define ESV_KEY_BITS_128	160
#define ESV_KEY_BITS_256	288

static bool esv_sa_tunnel(const struct esv_sa_attrs *a)
{
	return a->mode == XFRM_MODE_TUNNEL;
}

static struct esv_refusal esv_sa_shape_refusal(const struct esv_sa_attrs *a,
					       const struct esv_ipsec_limits *lim)
{
	if (!a->packet)
		return REFUSE(EINVAL, "Crypto offload is not offered, only packet offload");
	if (a->proto != IPPROTO_ESP)
		return REFUSE(EPROTONOSUPPORT, "Only ESP can be offloaded");
	if (a->family != AF_INET && a->family != AF_INET6)
		return REFUSE(EAFNOSUPPORT, "SA must be IPv4 or IPv6");
	if (a->mode != XFRM_MODE_TRANSPORT && a->mode != XFRM_MODE_TUNNEL)
		return REFUSE(EINVAL, "Only transport and tunnel mode can be offloaded");
	if (esv_sa_tunnel(a) && !(lim->flags & ESV_IPSEC_TUNNEL))
		return REFUSE(EINVAL, "Device does not do tunnel mode");
	if (!esv_sa_tunnel(a) && !(lim->flags & ESV_IPSEC_TRANSPORT))
		return REFUSE(EINVAL, "Device does not do transport mode");
	if (be32_to_cpu(a->spi) < 256)
		return REFUSE(EINVAL, "SPI must be 256 or more");
	if (!a->reqid)
		return REFUSE(EINVAL, "Packet offload needs a reqid other than zero");
	if (esv_addr_any(&a->daddr, a->family))
		return REFUSE(EADDRNOTAVAIL, "SA has no destination address");
	if (esv_addr_any(&a->saddr, a->family))
		return REFUSE(EADDRNOTAVAIL, "SA has no source address");
	return FINE;
}

static struct esv_refusal esv_sa_algo_refusal(const struct esv_sa_attrs *a,
					      const struct esv_ipsec_limits *lim)
{
	unsigned int algo = a->key_bits == ESV_KEY_BITS_256 ? ESV_ALGO_AES_GCM_16_256 :
							      ESV_ALGO_AES_GCM_16_128;

	if (a->other_algos)
		return REFUSE(EINVAL,
			      "Separate authentication, cipher or compression can't be offloaded");
	if (!a->aead || strcmp(a->aead, "rfc4106(gcm(aes))"))
		return REFUSE(EINVAL, "Only AES-GCM with a 16-byte ICV can be offloaded");
	if (!a->geniv || strcmp(a->geniv, "seqiv"))
		return REFUSE(EINVAL, "IV generator must be seqiv");
	if (a->icv_bits != 128)
		return REFUSE(EINVAL, "ICV must have 128 bits");
	if (esv_is_no_key(a->key, a->key_bits / 8))
		return REFUSE(EKEYREJECTED, "Key is empty or all zero");
	if (esv_is_token(a->key, a->key_bits / 8) && a->key_bits != ESV_KEY_BITS_256)
		return REFUSE(EKEYREJECTED, "Token does not have 36 bytes");
	if (a->key_bits != ESV_KEY_BITS_128 && a->key_bits != ESV_KEY_BITS_256)
		return REFUSE(EINVAL, "Key must have 128 or 256 bits and 32 bits of salt");
	if (!(lim->algos & (1u << algo)))
		return REFUSE(EINVAL, "Device does not do AES-GCM with this key length");
	return FINE;
}

static struct esv_refusal esv_sa_option_refusal(const struct esv_sa_attrs *a)
{
	if (a->encap)
		return REFUSE(EINVAL, "ESP in UDP or TCP can't be offloaded");
	if (a->keepalive)
		return REFUSE(EINVAL, "NAT keepalives can't be offloaded");
	if (a->coaddr)
		return REFUSE(EINVAL, "Care-of address can't be offloaded");
	if (a->security)
		return REFUSE(EINVAL, "SA with a security context can't be offloaded");
	if (a->tfcpad)
		return REFUSE(EINVAL, "TFC padding can't be offloaded");
	if (a->mark_mask)
		return REFUSE(EINVAL, "SA with a mark can't be offloaded");
	if (a->smark_mask)
		return REFUSE(EINVAL, "SA with an output mark can't be offloaded");
	if (a->if_id)
		return REFUSE(EINVAL, "SA of an xfrm interface can't be offloaded");
	if (a->pcpu)
		return REFUSE(EINVAL, "SA of one CPU can't be offloaded");
	if (a->flags & ~ESV_SA_FLAGS)
		return REFUSE(EINVAL, "SA has a flag that can't be offloaded");
	if (a->xflags & ~XFRM_SA_XFLAG_DONT_ENCAP_DSCP)
		return REFUSE(EINVAL, "SA has an extra flag that can't be offloaded");
	return FINE;
}

static struct esv_refusal esv_sa_replay_refusal(const struct esv_sa_attrs *a,
						const struct esv_ipsec_limits *lim)
{
	if ((a->flags & XFRM_STATE_ESN) && !(lim->flags & ESV_IPSEC_ESN))
		return REFUSE(EINVAL, "Device does not do extended sequence numbers");
	if (!(a->flags & XFRM_STATE_ESN) && (a->seq >> 32))
		return REFUSE(EINVAL, "Sequence number above 32 bits needs ESN");
	if (a->out)
		return FINE;
	if (!a->window)
		return REFUSE(EINVAL, "Inbound SA needs a replay window");
	if (a->window < lim->window_min || a->window > lim->window_max)
		return REFUSE(EINVAL, "Replay window is outside of what the device does");
	if (a->window % 32)
		return REFUSE(EINVAL, "Replay window must be a multiple of 32");
	return FINE;
}

static struct esv_refusal esv_sa_limit_refusal(const struct xfrm_lifetime_cfg *lft)
{
	if (!lft->soft_byte_limit || !lft->hard_byte_limit)
		return REFUSE(EINVAL, "Byte limit must not be zero");
	if (!lft->soft_packet_limit || !lft->hard_packet_limit)
		return REFUSE(EINVAL, "Packet limit must not be zero");
	if (lft->soft_byte_limit != XFRM_INF && lft->soft_byte_limit > lft->hard_byte_limit)
		return REFUSE(EINVAL, "Soft byte limit is above the hard one");
	if (lft->soft_packet_limit != XFRM_INF && lft->soft_packet_limit > lft->hard_packet_limit)
		return REFUSE(EINVAL, "Soft packet limit is above the hard one");
	return FINE;
}

static struct esv_refusal esv_sa_selector_refusal(const struct esv_sa_attrs *a)
{
	if (!a->sel.family)
		return esv_selector_any(&a->sel) ? FINE :
			REFUSE(EINVAL, "SA selector has no address family");
	if (esv_sa_tunnel(a) && a->out && a->sel.family != a->family)
		return REFUSE(EINVAL, a->family == AF_INET ?
			      "This kernel can't send IPv6 in an offloaded IPv4 tunnel" :
			      "This kernel can't send IPv4 in an offloaded IPv6 tunnel");
	if (!esv_sa_tunnel(a) && a->sel.family != a->family)
		return REFUSE(EINVAL, "Selector and addresses of a transport SA differ in family");
	return esv_selector_refusal(&a->sel);
}

/**
 * esv_sa_refusal() - can the device do this SA?
 * @a: the SA
 * @lim: the device
 *
 * Return: the first reason against it; .text is NULL if there is none.
 */
struct esv_refusal esv_sa_refusal(const struct esv_sa_attrs *a, const struct esv_ipsec_limits *lim)
{
	struct esv_refusal no;

	no = esv_sa_shape_refusal(a, lim);
	if (!no.text)
		no = esv_sa_algo_refusal(a, lim);
	if (!no.text)
		no = esv_sa_option_refusal(a);
	if (!no.text)
		no = esv_sa_replay_refusal(a, lim);
	if (!no.text)
		no = esv_sa_limit_refusal(&a->lft);
	if (!no.text)
		no = esv_sa_selector_refusal(a);
	return no;
}

static __u32 esv_sa_params_flags(const struct esv_sa_attrs *a)
{
	__u32 flags = 0;

	if (a->flags & XFRM_STATE_ESN)
		flags |= ESV_SA_F_ESN;
	if (a->flags & XFRM_STATE_NOECN)
		flags |= ESV_SA_F_NOECN;
	if (a->flags & XFRM_STATE_NOPMTUDISC)
		flags |= ESV_SA_F_NOPMTUDISC;
	if (a->flags & XFRM_STATE_DECAP_DSCP)
		flags |= ESV_SA_F_DECAP_DSCP;
	if (a->xflags & XFRM_SA_XFLAG_DONT_ENCAP_DSCP)
		flags |= ESV_SA_F_NOENCAP_DSCP;
	if (esv_is_token(a->key, a->key_bits / 8))
		flags |= ESV_SA_F_TOKEN;
	if (!esv_selector_any(&a->sel))
		flags |= ESV_SA_F_SEL;
	return flags;
}

/* XFRM_INF is ESV_NO_LIMIT. */
static void esv_sa_params_limits(struct esv_sa_params *p, const struct xfrm_lifetime_cfg *lft)
{
	p->hard_bytes = cpu_to_le64(lft->hard_byte_limit);
	p->hard_packets = cpu_to_le64(lft->hard_packet_limit);
	p->soft_bytes = cpu_to_le64(lft->soft_byte_limit);
	p->soft_packets = cpu_to_le64(lft->soft_packet_limit);
}

/**
 * esv_sa_params_set() - SA in the device's form, key included
 * @p: gets the parameters; the caller wipes it after use
 * @a: SA that esv_sa_refusal() lets pass
 *
 * Function and next hop are for the caller to add.
 */
void esv_sa_params_set(struct esv_sa_params *p, const struct esv_sa_attrs *a)
{
	memset(p, 0, sizeof(*p));
	p->spi = a->spi;
	p->family = a->family == AF_INET ? 4 : 6;
	p->mode = esv_sa_tunnel(a) ? ESV_SA_TUNNEL : ESV_SA_TRANSPORT;
	p->dir = a->out ? ESV_DIR_OUT : ESV_DIR_IN;
	p->algo = a->key_bits == ESV_KEY_BITS_256 ? ESV_ALGO_AES_GCM_16_256 :
						    ESV_ALGO_AES_GCM_16_128;
	p->flags = cpu_to_le32(esv_sa_params_flags(a));
	p->reqid = cpu_to_le32(a->reqid);
	p->window = cpu_to_le32(a->out ? 0 : a->window);
	p->seq = cpu_to_le64(a->seq);
	esv_addr_set(p->saddr, &a->saddr, a->family);
	esv_addr_set(p->daddr, &a->daddr, a->family);
	if (!esv_selector_any(&a->sel))
		esv_selector_set(&p->sel, &a->sel, a->sel.family);
	esv_sa_params_limits(p, &a->lft);
	p->key_len = cpu_to_le16(a->key_bits / 8);
	memcpy(p->key, a->key, a->key_bits / 8);
}
