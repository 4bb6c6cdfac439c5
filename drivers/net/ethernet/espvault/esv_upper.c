// SPDX-License-Identifier: GPL-2.0
/*
 * Interfaces on top of ours.
 *
 * Bridges, bonds and the like send frames through the port that xfrm never saw
 * and take frames from it before xfrm sees them. While an SA or a policy
 * exists none may be put on top, and none may be there when one is added. A
 * VRF does no such thing.
 */
#include <linux/if_vlan.h>
#include <linux/netdevice.h>

#include "esv_ipsec_priv.h"

#ifdef ESV_HAVE_PACKET_OFFLOAD

static const char *esv_upper_kind(const struct net_device *upper)
{
	if (netif_is_l3_master(upper))
		return NULL;
	if (netif_is_bridge_master(upper))
		return "bridge";
	if (netif_is_bond_master(upper))
		return "bond";
	if (netif_is_team_master(upper))
		return "team";
	if (netif_is_ovs_master(upper))
		return "Open vSwitch bridge";
	if (netif_is_macvlan(upper))
		return "macvlan";
	if (is_vlan_dev(upper))
		return "VLAN";
	if (upper->rtnl_link_ops && !strcmp(upper->rtnl_link_ops->kind, "ipvlan"))
		return "ipvlan";
	return "stacked interface";
}

/**
 * esv_upper_refusal() - is there an interface on top that forbids offload?
 * @netdev: our interface
 *
 * Any context. Return: what kind it is, or NULL.
 */
const char *esv_upper_refusal(struct net_device *netdev)
{
	const char *kind = NULL;
	struct net_device *upper;
	struct list_head *iter;

	rcu_read_lock();
	netdev_for_each_upper_dev_rcu(netdev, upper, iter) {
		kind = esv_upper_kind(upper);
		if (kind)
			break;
	}
	rcu_read_unlock();
	return kind;
}

static bool esv_upper_in_use(struct esv_ipsec *ipsec)
{
	smp_mb(); /* we see the SA, or who adds it the interface on top */
	return READ_ONCE(ipsec->nr_sa) || READ_ONCE(ipsec->nr_policy);
}

static int esv_upper_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *netdev = netdev_notifier_info_to_dev(ptr);
	struct netdev_notifier_changeupper_info *info = ptr;
	struct esv_ipsec *ipsec;
	const char *kind;

	if (event != NETDEV_PRECHANGEUPPER && event != NETDEV_CHANGEUPPER)
		return NOTIFY_DONE;
	if (!info->linking || !esv_netdev_is_ours(netdev))
		return NOTIFY_DONE;
	ipsec = ((struct esv_dev *)netdev_priv(netdev))->ipsec;
	kind = esv_upper_kind(info->upper_dev);
	if (!ipsec || !kind || !esv_upper_in_use(ipsec))
		return NOTIFY_DONE;

	if (event == NETDEV_CHANGEUPPER) {
		/* An SA came between the question and the deed. */
		netdev_err(netdev, "all SAs are given up: the interface is part of a %s\n", kind);
		esv_sa_expire_all(ipsec);
		return NOTIFY_DONE;
	}
	NL_SET_ERR_MSG_FMT_MOD(info->info.extack,
			       "Offload is in use, so it can't be part of a %s", kind);
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block esv_upper_notifier = {
	.notifier_call = esv_upper_event,
};

int esv_upper_init(void)
{
	return register_netdevice_notifier(&esv_upper_notifier);
}

void esv_upper_exit(void)
{
	unregister_netdevice_notifier(&esv_upper_notifier);
}

#endif
