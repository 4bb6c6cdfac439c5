// SPDX-License-Identifier: GPL-2.0
/*
 * Transmit: frames carry the name of their SA.
 *
 * Packet mode hands plain frames to the interface. The one place where frame
 * and state meet is xdo_dev_offload_ok, so there the frame gets a sec_path of
 * one state. With olen 0 the rest of the stack takes no notice of it, and it
 * survives qdisc and segmentation. ndo_start_xmit reads it back.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <net/ipv6.h>

#include "esv_ipsec_priv.h"

#ifdef ESV_HAVE_PACKET_OFFLOAD

/* The device builds ESP onto a bare header; options and extensions it would misplace. */
static bool esv_headers_plain(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return ip_hdr(skb)->ihl == 5;
	if (skb->protocol == htons(ETH_P_IPV6))
		return !ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr);
	return false;
}

static bool esv_state_usable(const struct xfrm_state *x)
{
	struct esv_sa_user *user = esv_sa_user(x);

	return user && !READ_ONCE(user->sa->dead) && READ_ONCE(x->km.state) == XFRM_STATE_VALID;
}

static bool esv_tag(struct sk_buff *skb, struct xfrm_state *x)
{
	struct sec_path *sp;

	secpath_reset(skb);
	sp = secpath_set(skb);
	if (!sp)
		return false;
	xfrm_state_hold(x);
	sp->xvec[sp->len++] = x;
	return true;
}

static bool esv_offload_ok_rcu(struct sk_buff *skb, struct xfrm_state *x)
{
	struct net_device *netdev = READ_ONCE(x->xso.dev);
	struct dst_entry *dst = skb_dst(skb);
	enum esv_ipsec_counter why;
	struct esv_ipsec *ipsec;

	if (!netdev || !esv_netdev_is_ours(netdev))
		return false;
	ipsec = ((struct esv_dev *)netdev_priv(netdev))->ipsec;

	if (!esv_state_usable(x))
		why = ESV_IS_TX_REFUSED_DEAD;
	else if (xfrm_dst_path(dst)->dev != netdev)
		why = ESV_IS_TX_REFUSED_PATH;
	else if (xfrm_dst_child(dst)->xfrm)
		why = ESV_IS_TX_REFUSED_NESTED;
	else if (!esv_headers_plain(skb))
		why = ESV_IS_TX_REFUSED_HEADERS;
	else if (!esv_tag(skb, x))
		why = ESV_IS_TX_REFUSED_MEMORY;
	else
		return true;

	esv_ipsec_count(ipsec, why);
	return false;
}

/**
 * esv_ipsec_offload_ok() - may this packet go out under this SA?
 * @skb: packet, its dst still the bundle
 * @x: SA
 *
 * Per packet, in process context too, where nothing keeps the interface from
 * going or its share in the SA from being freed but RCU. False makes xfrm drop
 * the packet. The kernel compares no path device before 6.16; without that a
 * packet that is routed elsewhere would leave there in clear.
 */
bool esv_ipsec_offload_ok(struct sk_buff *skb, struct xfrm_state *x)
{
	bool ok;

	rcu_read_lock();
	ok = esv_offload_ok_rcu(skb, x);
	rcu_read_unlock();
	return ok;
}

/*
 * Forwarded packets of a tunnel come with a link-layer header that nobody
 * wrote. The device replaces its destination, but goes by what protocol it
 * names and keeps its source.
 */
static bool esv_write_l2(struct net_device *netdev, struct sk_buff *skb)
{
	struct ethhdr *eth = (struct ethhdr *)skb->data;

	if (eth->h_proto == skb->protocol &&
	    ether_addr_equal_unaligned(eth->h_source, netdev->dev_addr))
		return true;
	if (skb_cow_head(skb, 0))
		return false;
	eth = (struct ethhdr *)skb->data;
	eth->h_proto = skb->protocol;
	memcpy(eth->h_source, netdev->dev_addr, ETH_ALEN);
	memcpy(eth->h_dest, netdev->dev_addr, ETH_ALEN);
	return true;
}

/**
 * esv_ipsec_tx_tag() - which SA does this frame name?
 * @edev: function
 * @skb: frame
 * @handle: gets the SA's handle
 *
 * Frames that were decrypted on their way in and are forwarded have a sec_path
 * of inbound states: they are plain. A tag whose SA is gone, or belongs to
 * another device, is the one thing that must never become a plain frame.
 */
enum esv_tx_verdict esv_ipsec_tx_tag(struct esv_dev *edev, struct sk_buff *skb, u32 *handle)
{
	const struct sec_path *sp = skb_sec_path(skb);
	enum esv_tx_verdict verdict = ESV_TX_DROP;
	struct esv_sa_user *user;
	struct xfrm_state *x;

	if (!sp || sp->len != 1 || sp->olen)
		return ESV_TX_PLAIN;
	x = sp->xvec[0];
	if (x->xso.dir != XFRM_DEV_OFFLOAD_OUT)
		return ESV_TX_PLAIN;
	if (READ_ONCE(x->xso.dev) != edev->netdev)
		return ESV_TX_DROP;

	rcu_read_lock();
	user = esv_sa_user(x);
	if (user && esv_state_usable(x) &&
	    (user->sa->params.mode != ESV_SA_TUNNEL || esv_write_l2(edev->netdev, skb))) {
		*handle = user->sa->handle;
		verdict = ESV_TX_TAGGED;
	}
	rcu_read_unlock();
	return verdict;
}

#else

enum esv_tx_verdict esv_ipsec_tx_tag(struct esv_dev *edev, struct sk_buff *skb, u32 *handle)
{
	return ESV_TX_PLAIN;
}

#endif
