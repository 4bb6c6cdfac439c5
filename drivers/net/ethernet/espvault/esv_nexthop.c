// SPDX-License-Identifier: GPL-2.0
/*
 * Next hops of outbound tunnels.
 *
 * In packet mode the kernel writes the link-layer header for the inner
 * destination, or none at all. So the device writes it, from a next-hop
 * address in the SA, which is kept current here: looked up when the SA is
 * added, when a neighbour or the carrier changes, when the device misses it,
 * and now and then. An SA without next hop drops.
 */
#include <linux/etherdevice.h>
#include <net/addrconf.h>
#include <net/ndisc.h>
#include <net/netevent.h>

#include "esv_ipsec_priv.h"

#ifdef ESV_HAVE_PACKET_OFFLOAD

#define ESV_NEXTHOP_WAIT_MS	100

static bool esv_nexthop_wanted(const struct esv_sa_params *p)
{
	return p->dir == ESV_DIR_OUT && p->mode == ESV_SA_TUNNEL;
}

static struct dst_entry *esv_nexthop_route(struct net_device *netdev,
					   const struct esv_sa_params *p)
{
	struct xfrm_dst_lookup_params params = {
		.net = dev_net(netdev),
		.oif = netdev->ifindex, /* only names the routing domain */
		.ipproto = IPPROTO_ESP,
	};
	xfrm_address_t saddr, daddr;

	memcpy(&saddr, p->saddr, sizeof(p->saddr));
	memcpy(&daddr, p->daddr, sizeof(p->daddr));
	params.saddr = &saddr;
	params.daddr = &daddr;
	return __xfrm_dst_lookup(p->family == 4 ? AF_INET : AF_INET6, &params);
}

/* The neighbour that the tunnel's far end is reached through; ours to release. */
static struct neighbour *esv_nexthop_neigh(struct net_device *netdev,
					   const struct esv_sa_params *p)
{
	struct neighbour *neigh = NULL;
	struct dst_entry *dst;

	dst = esv_nexthop_route(netdev, p);
	if (IS_ERR(dst))
		return NULL;
	if (dst->dev == netdev)
		neigh = dst_neigh_lookup(dst, p->daddr);
	dst_release(dst);
	return IS_ERR(neigh) ? NULL : neigh;
}

#if IS_REACHABLE(CONFIG_IPV6)
/*
 * With the tunnel's own source: neigh_event_send() without a packet asks from
 * a link-local address, and marks the neighbour as failed if there is none.
 */
static void esv_nexthop_ask6(struct net_device *netdev, struct neighbour *neigh,
			     const struct esv_sa_params *p)
{
	const struct in6_addr *target = (const struct in6_addr *)neigh->primary_key;
	struct in6_addr saddr, mcast;
	struct sk_buff *skb;

	/* An answer is not heard for a neighbour that has been given up. */
	if (READ_ONCE(neigh->nud_state) & NUD_FAILED)
		neigh_event_send(neigh, NULL);
	memcpy(&saddr, p->saddr, sizeof(saddr));
	addrconf_addr_solict_mult(target, &mcast);
	skb = ndisc_ns_create(netdev, target, &saddr, 0);
	if (skb)
		ndisc_send_skb(skb, &mcast, &saddr);
}
#else
static void esv_nexthop_ask6(struct net_device *netdev, struct neighbour *neigh,
			     const struct esv_sa_params *p)
{
}
#endif

static void esv_nexthop_ask(struct net_device *netdev, struct neighbour *neigh,
			    const struct esv_sa_params *p)
{
	if (p->family == 6)
		esv_nexthop_ask6(netdev, neigh, p);
	else
		neigh_event_send(neigh, NULL);
}

static bool esv_nexthop_valid(const struct neighbour *neigh)
{
	return READ_ONCE(neigh->nud_state) & NUD_VALID;
}

static bool esv_nexthop_read(struct net_device *netdev, struct neighbour *neigh, u8 mac[ETH_ALEN])
{
	if (!esv_nexthop_valid(neigh))
		return false;
	neigh_ha_snapshot(mac, neigh, netdev);
	return is_valid_ether_addr(mac);
}

/*
 * The tunnel is a user of the neighbour that the kernel does not see, so it is
 * asked for here when its address is uncertain. Where there is none it is
 * asked for only if there is traffic.
 */
static bool esv_nexthop_lookup(struct net_device *netdev, const struct esv_sa_params *p,
			       bool ask, u8 mac[ETH_ALEN])
{
	struct neighbour *neigh = esv_nexthop_neigh(netdev, p);
	u8 state = neigh ? READ_ONCE(neigh->nud_state) : 0;
	bool found;

	if (!neigh)
		return false;
	if (state & NUD_STALE || (ask && !(state & NUD_VALID)))
		esv_nexthop_ask(netdev, neigh, p);
	found = esv_nexthop_read(netdev, neigh, mac);
	neigh_release(neigh);
	return found;
}

/**
 * esv_nexthop_first() - put the next hop into the parameters of a new SA
 * @ipsec: device
 * @params: parameters; unchanged if the SA has no next hop or it is not known
 *
 * May sleep: a neighbour that is not known is asked for and given a moment to
 * answer, for without it the first packets would be lost.
 */
void esv_nexthop_first(struct esv_ipsec *ipsec, struct esv_sa_params *params)
{
	struct net_device *netdev = ipsec->edev->netdev;
	struct neighbour *neigh;
	u8 mac[ETH_ALEN];

	if (!esv_nexthop_wanted(params))
		return;
	neigh = esv_nexthop_neigh(netdev, params);
	if (!neigh)
		return;
	if (!esv_nexthop_valid(neigh) && netif_running(netdev) && netif_carrier_ok(netdev)) {
		esv_nexthop_ask(netdev, neigh, params);
		wait_event_timeout(ipsec->nexthop_wait, esv_nexthop_valid(neigh),
				   msecs_to_jiffies(ESV_NEXTHOP_WAIT_MS));
	}
	if (esv_nexthop_read(netdev, neigh, mac)) {
		ether_addr_copy(params->nexthop, mac);
		params->flags |= cpu_to_le32(ESV_SA_F_NEXTHOP);
	}
	neigh_release(neigh);
}

/* Under ipsec->lock. The address may have changed since it was looked up. */
void esv_nexthop_attach(struct esv_sa *sa)
{
	if (!esv_nexthop_wanted(&sa->params))
		return;
	list_add_tail(&sa->nexthop.node, &sa->ipsec->tunnels);
	esv_nexthop_kick(sa->ipsec, false);
}

/* Under ipsec->lock. */
void esv_nexthop_detach(struct esv_sa *sa)
{
	list_del_init(&sa->nexthop.node);
}

/**
 * esv_nexthop_kick() - look all next hops up again, soon
 * @ipsec: device
 * @ask: ask for neighbours that are not known
 *
 * Any context.
 */
void esv_nexthop_kick(struct esv_ipsec *ipsec, bool ask)
{
	if (list_empty_careful(&ipsec->tunnels) || READ_ONCE(ipsec->stopping))
		return;
	if (ask)
		WRITE_ONCE(ipsec->nexthop_ask, true);
	queue_work(ipsec->edev->wq, &ipsec->nexthop_work);
}

static int esv_nexthop_tell(struct esv_sa *sa)
{
	struct esv_sa_update update = {
		.fields = cpu_to_le32(ESV_SA_U_NEXTHOP),
		.nexthop_valid = sa->nexthop.valid,
	};
	struct esv_cmd cmd = {
		.opcode = ESV_OP_SA_UPDATE,
		.object = sa->handle,
		.in = &update,
		.in_len = sizeof(update),
	};

	if (sa->nexthop.valid)
		memcpy(update.nexthop, sa->nexthop.mac, ETH_ALEN);
	esv_ipsec_count(sa->ipsec, ESV_IS_NEXTHOP_UPDATES);
	return esv_admin_exec(sa->ipsec->edev, &cmd);
}

static void esv_nexthop_update(struct esv_sa *sa, bool ask)
{
	u8 mac[ETH_ALEN];
	bool valid;

	valid = esv_nexthop_lookup(sa->ipsec->edev->netdev, &sa->params, ask, mac);
	if (valid == sa->nexthop.valid && (!valid || !memcmp(mac, sa->nexthop.mac, ETH_ALEN))) {
		/*
		 * The device says once that it misses a next hop. When asking
		 * for it got no answer, it is told once more that there is
		 * none, so that it speaks up again if there is traffic.
		 */
		if (valid || ask || !sa->nexthop.asked) {
			sa->nexthop.asked |= ask;
			return;
		}
	}
	sa->nexthop.asked = false;
	sa->nexthop.valid = valid;
	if (valid)
		memcpy(sa->nexthop.mac, mac, ETH_ALEN);
	/* A device that did not answer is reset and loses its SAs. */
	esv_nexthop_tell(sa);
}

static struct esv_sa *esv_nexthop_next(struct esv_ipsec *ipsec, struct list_head *pending)
{
	struct esv_sa *sa;

	spin_lock_bh(&ipsec->lock);
	sa = list_first_entry_or_null(pending, struct esv_sa, nexthop.node);
	if (sa) {
		list_move_tail(&sa->nexthop.node, &ipsec->tunnels);
		refcount_inc(&sa->ref);
	}
	spin_unlock_bh(&ipsec->lock);
	return sa;
}

/* The one place that tells the device, so two answers can't overtake each other. */
void esv_nexthop_work(struct work_struct *work)
{
	struct esv_ipsec *ipsec = container_of(work, struct esv_ipsec, nexthop_work);
	bool ask = xchg(&ipsec->nexthop_ask, false);
	struct esv_sa *sa;
	LIST_HEAD(pending);

	spin_lock_bh(&ipsec->lock);
	list_splice_init(&ipsec->tunnels, &pending);
	spin_unlock_bh(&ipsec->lock);
	while ((sa = esv_nexthop_next(ipsec, &pending))) {
		if (!READ_ONCE(sa->dead))
			esv_nexthop_update(sa, ask);
		esv_sa_put(sa);
		cond_resched();
	}
}

static int esv_nexthop_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *netdev;
	struct esv_ipsec *ipsec;

	if (event != NETEVENT_NEIGH_UPDATE)
		return NOTIFY_DONE;
	netdev = ((struct neighbour *)ptr)->dev;
	if (!esv_netdev_is_ours(netdev))
		return NOTIFY_DONE;
	ipsec = ((struct esv_dev *)netdev_priv(netdev))->ipsec;
	if (ipsec) {
		wake_up_all(&ipsec->nexthop_wait);
		esv_nexthop_kick(ipsec, false);
	}
	return NOTIFY_DONE;
}

static struct notifier_block esv_nexthop_notifier = {
	.notifier_call = esv_nexthop_event,
};

int esv_nexthop_init(void)
{
	return register_netevent_notifier(&esv_nexthop_notifier);
}

void esv_nexthop_exit(void)
{
	unregister_netevent_notifier(&esv_nexthop_notifier);
}

#endif
