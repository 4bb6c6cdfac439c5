// SPDX-License-Identifier: GPL-2.0
/*
 * Which policies the device can express, and where the kernel and the device
 * would disagree about the order of two of them.
 */
#include "esv_rules.h"

#define REFUSE(errno, words) \
	((struct esv_refusal){ .err = -(errno), .text = (words) })
#define FINE	((struct esv_refusal){ })

/* The kernel compiles this in or not; policies of it must never reach us. */
#define ESV_POLICY_TYPE_MAIN	0

#define ESV_IKE_PORT		500
#define ESV_NATT_PORT		4500

static struct esv_refusal esv_policy_shape_refusal(const struct esv_policy_attrs *a)
{
	if (a->dir != XFRM_POLICY_IN && a->dir != XFRM_POLICY_OUT)
		return REFUSE(EINVAL, "Forward policies can't be offloaded");
	if (a->type != ESV_POLICY_TYPE_MAIN)
		return REFUSE(EINVAL, "Sub policies can't be offloaded");
	if (a->mark_mask)
		return REFUSE(EINVAL, "Policy with a mark can't be offloaded");
	if (a->if_id)
		return REFUSE(EINVAL, "Policy of an xfrm interface can't be offloaded");
	if (a->security)
		return REFUSE(EINVAL, "Policy with a security context can't be offloaded");
	if (a->flags & ~XFRM_POLICY_LOCALOK)
		return REFUSE(EINVAL, "Policy has a flag that can't be offloaded");
	if (a->nr_tmpl > 1)
		return REFUSE(EINVAL, "Policy with more than one template can't be offloaded");
	if (a->nr_tmpl && a->action != XFRM_POLICY_ALLOW)
		return REFUSE(EINVAL, "Block policy must have no template");
	return FINE;
}

static struct esv_refusal esv_policy_tmpl_refusal(const struct esv_policy_attrs *a)
{
	if (a->optional)
		return REFUSE(EINVAL, "Optional template (level use) can't be offloaded");
	if (a->proto != IPPROTO_ESP)
		return REFUSE(EPROTONOSUPPORT, "Template must be ESP");
	if (a->mode != XFRM_MODE_TRANSPORT && a->mode != XFRM_MODE_TUNNEL)
		return REFUSE(EINVAL, "Template must be transport or tunnel mode");
	/*
	 * IKE daemons name the SPI outbound, where it is the kernel that finds the
	 * SA by it; the device then checks what SAs that follow each other share,
	 * so that a frame under way while one replaces another is not lost.
	 */
	if (a->spi && a->dir == XFRM_POLICY_IN)
		return REFUSE(EINVAL, "Inbound template with a fixed SPI can't be offloaded");
	if (!a->reqid)
		return REFUSE(EINVAL, "Template needs a reqid other than zero");
	if (a->mode == XFRM_MODE_TRANSPORT)
		return FINE;
	if (a->family != AF_INET && a->family != AF_INET6)
		return REFUSE(EAFNOSUPPORT, "Tunnel must be IPv4 or IPv6");
	if (esv_addr_any(&a->saddr, a->family) || esv_addr_any(&a->daddr, a->family))
		return REFUSE(EADDRNOTAVAIL, "Tunnel template needs both addresses");
	if (a->dir == XFRM_POLICY_OUT && a->family != a->sel.family)
		return REFUSE(EINVAL, a->family == AF_INET ?
			      "This kernel can't send IPv6 in an offloaded IPv4 tunnel" :
			      "This kernel can't send IPv4 in an offloaded IPv6 tunnel");
	return FINE;
}

/**
 * esv_policy_refusal() - can the device do this policy?
 * @a: the policy
 *
 * Return: the first reason against it; .text is NULL if there is none.
 */
struct esv_refusal esv_policy_refusal(const struct esv_policy_attrs *a)
{
	struct esv_refusal no;

	no = esv_policy_shape_refusal(a);
	if (!no.text && a->nr_tmpl)
		no = esv_policy_tmpl_refusal(a);
	if (!no.text)
		no = esv_selector_refusal(&a->sel);
	return no;
}

static __u8 esv_policy_action(const struct esv_policy_attrs *a)
{
	if (a->action == XFRM_POLICY_BLOCK)
		return ESV_ACTION_DROP;
	return a->nr_tmpl ? ESV_ACTION_PROTECT : ESV_ACTION_ALLOW;
}

/**
 * esv_policy_params_set() - policy in the device's form
 * @p: gets the parameters
 * @a: policy that esv_policy_refusal() lets pass
 */
void esv_policy_params_set(struct esv_policy_params *p, const struct esv_policy_attrs *a)
{
	memset(p, 0, sizeof(*p));
	esv_selector_set(&p->sel, &a->sel, a->sel.family);
	p->dir = a->dir == XFRM_POLICY_OUT ? ESV_DIR_OUT : ESV_DIR_IN;
	p->action = esv_policy_action(a);
	p->priority = cpu_to_le32(a->priority);
	if (p->action != ESV_ACTION_PROTECT)
		return;
	p->reqid = cpu_to_le32(a->reqid);
	if (a->mode == XFRM_MODE_TRANSPORT) {
		p->mode = ESV_SA_TRANSPORT;
		return;
	}
	p->mode = ESV_SA_TUNNEL;
	p->family = a->family == AF_INET ? 4 : 6;
	esv_addr_set(p->saddr, &a->saddr, a->family);
	esv_addr_set(p->daddr, &a->daddr, a->family);
}

/*
 * The kernel keeps policies for whole addresses in hash chains and all others
 * in four lists, by which of the two prefixes is short.
 */
enum esv_kernel_list { ESV_KL_EXACT, ESV_KL_BOTH, ESV_KL_SRC, ESV_KL_DST, ESV_KL_ANY };

static enum esv_kernel_list esv_kernel_list(const struct esv_selector *s)
{
	unsigned int whole = s->family == 4 ? 32 : 128;
	unsigned int brief = s->family == 4 ? 16 : 48;
	bool src = s->plen_s >= brief;
	bool dst = s->plen_d >= brief;

	if (s->plen_s == whole && s->plen_d == whole)
		return ESV_KL_EXACT;
	if (src && dst)
		return ESV_KL_BOTH;
	if (src)
		return ESV_KL_SRC;
	return dst ? ESV_KL_DST : ESV_KL_ANY;
}

/*
 * Which of two offloaded policies the kernel takes for a packet that both
 * select: in one list the newer, a whole-address one before any other, and
 * between lists the one with the lower priority value, then the older.
 */
static bool esv_kernel_takes_newer(const struct esv_policy_params *older,
				   const struct esv_policy_params *newer)
{
	enum esv_kernel_list o = esv_kernel_list(&older->sel);
	enum esv_kernel_list n = esv_kernel_list(&newer->sel);

	if (o == n || n == ESV_KL_EXACT)
		return true;
	if (o == ESV_KL_EXACT)
		return false;
	return le32_to_cpu(newer->priority) < le32_to_cpu(older->priority);
}

static bool esv_device_takes_newer(const struct esv_policy_params *older,
				   const struct esv_policy_params *newer)
{
	return le32_to_cpu(newer->priority) < le32_to_cpu(older->priority);
}

/* Whichever of the two is taken, the packet fares the same. */
static bool esv_policies_agree(const struct esv_policy_params *a,
			       const struct esv_policy_params *b)
{
	if (a->action != b->action)
		return false;
	if (a->action != ESV_ACTION_PROTECT)
		return true;
	return a->reqid == b->reqid && a->mode == b->mode && a->family == b->family &&
	       !memcmp(a->saddr, b->saddr, sizeof(a->saddr)) &&
	       !memcmp(a->daddr, b->daddr, sizeof(a->daddr));
}

/*
 * An allow entry for IKE. IKE daemons put these in first and with whatever
 * priority; their sockets have policies of their own, and the device lets IKE
 * pass in any case, so nothing depends on the order.
 */
static bool esv_policy_is_ike(const struct esv_policy_params *p)
{
	__be16 ike = cpu_to_be16(ESV_IKE_PORT), natt = cpu_to_be16(ESV_NATT_PORT);
	const struct esv_selector *s = &p->sel;

	if (p->action != ESV_ACTION_ALLOW || s->proto != IPPROTO_UDP)
		return false;
	return (s->sport_mask == cpu_to_be16(0xffff) && (s->sport == ike || s->sport == natt)) ||
	       (s->dport_mask == cpu_to_be16(0xffff) && (s->dport == ike || s->dport == natt));
}

/**
 * esv_policy_order_contradicts() - would kernel and device pick different ones?
 * @older: entry in force
 * @newer: entry to be added
 *
 * The kernel ignores priorities among offloaded policies of one list, the
 * device does not. Where they disagree packets would be dropped, so the add is
 * refused. Equal selectors are a replacement, not a contradiction: the newer
 * one takes over when the older is deleted.
 */
bool esv_policy_order_contradicts(const struct esv_policy_params *older,
				  const struct esv_policy_params *newer)
{
	if (older->dir != newer->dir || esv_policies_agree(older, newer))
		return false;
	if (esv_selectors_equal(&older->sel, &newer->sel))
		return false;
	if (esv_policy_is_ike(older) || esv_policy_is_ike(newer))
		return false;
	if (!esv_selectors_overlap(&older->sel, &newer->sel))
		return false;
	return esv_kernel_takes_newer(older, newer) != esv_device_takes_newer(older, newer);
}
