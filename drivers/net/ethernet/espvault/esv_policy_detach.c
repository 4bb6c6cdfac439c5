// SPDX-License-Identifier: GPL-2.0
/*
 * The interface goes, and somebody still holds deleted policies of it.
 *
 * A connected socket keeps the route that it used last, the route its policies,
 * and an offloaded policy the interface: xfrm gives that one up with the policy
 * only, so an idle socket of anybody would keep the driver from being unbound.
 * From a state in the same place xfrm takes the interface away when that is
 * unregistered; this does so for policies.
 */
#include "esv_ipsec_priv.h"

#ifdef ESV_HAVE_PACKET_OFFLOAD

/*
 * Holds the policies that were deleted, whose entries move to @held. One whose
 * last reference has gone is left to esv_policy_free(), one that xfrm has not
 * marked dead yet to the next time: the kernel repeats the announcement.
 */
static void esv_policy_hold_dead(struct esv_ipsec *ipsec, struct list_head *held)
{
	struct esv_policy *pol, *tmp;

	spin_lock_bh(&ipsec->lock);
	list_for_each_entry_safe(pol, tmp, &ipsec->dead, dead_node)
		if (READ_ONCE(pol->xp->walk.dead) && refcount_inc_not_zero(&pol->xp->refcnt))
			list_move_tail(&pol->dead_node, held);
	spin_unlock_bh(&ipsec->lock);
}

/*
 * Who found a policy before it was deleted, or read its device before it was
 * changed, goes on to use that without sleeping, but maybe without RCU.
 */
static void esv_policy_wait_readers(void)
{
	synchronize_rcu_tasks();
	synchronize_rcu();
}

/* From here on xfrm finds a device without operations in it, and puts nothing. */
static void esv_policy_detach(struct esv_policy *pol)
{
	struct net_device *netdev = pol->ipsec->edev->netdev;
	struct xfrm_policy *xp = pol->xp;

	list_del_init(&pol->dead_node);
	xp->xdo.offload_handle = 0;
	esv_policy_put(pol);
	netdev_put(netdev, &xp->xdo.dev_tracker);
	xfrm_pol_put(xp);
}

void esv_policy_detach_work(struct work_struct *work)
{
	struct esv_ipsec *ipsec = container_of(work, struct esv_ipsec, detach_work);
	struct esv_policy *pol, *tmp;
	LIST_HEAD(held);

	esv_policy_hold_dead(ipsec, &held);
	if (list_empty(&held))
		return;
	esv_policy_wait_readers();
	list_for_each_entry(pol, &held, dead_node)
		WRITE_ONCE(pol->xp->xdo.dev, blackhole_netdev);
	esv_policy_wait_readers();
	list_for_each_entry_safe(pol, tmp, &held, dead_node)
		esv_policy_detach(pol);
}

/* Comes after xfrm's own notifier, which deletes the policies, and again until all is given up. */
static int esv_policy_detach_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *netdev = netdev_notifier_info_to_dev(ptr);
	struct esv_ipsec *ipsec;

	if (event != NETDEV_UNREGISTER || !esv_netdev_is_ours(netdev))
		return NOTIFY_DONE;
	ipsec = ((struct esv_dev *)netdev_priv(netdev))->ipsec;
	if (ipsec)
		queue_work(ipsec->edev->wq, &ipsec->detach_work);
	return NOTIFY_DONE;
}

static struct notifier_block esv_policy_detach_notifier = {
	.notifier_call = esv_policy_detach_event,
};

int esv_policy_detach_init(void)
{
	return register_netdevice_notifier(&esv_policy_detach_notifier);
}

void esv_policy_detach_exit(void)
{
	unregister_netdevice_notifier(&esv_policy_detach_notifier);
}

#endif
