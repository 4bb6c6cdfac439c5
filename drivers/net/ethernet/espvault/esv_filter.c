// SPDX-License-Identifier: GPL-2.0
/*
 * espvault: receive address filter.
 *
 * The stack changes its address lists in atomic context, the device is told
 * from a work item.
 */

#include <linux/etherdevice.h>

#include "esv_netdev.h"

static bool esv_filter_add(struct esv_filter_params *p, unsigned int max, const u8 *addr)
{
	unsigned int n = le16_to_cpu(p->count);

	if (n >= max)
		return false;
	ether_addr_copy(p->addr[n], addr);
	p->count = cpu_to_le16(n + 1);
	return true;
}

/* More addresses than the device has places for: take all of that kind. */
static void esv_filter_build(struct esv_dev *edev, struct esv_filter_params *p)
{
	unsigned int max = min_t(unsigned int, edev->caps.mac_filters, ESV_FILTER_MAX);
	struct net_device *netdev = edev->netdev;
	struct netdev_hw_addr *ha;
	u16 flags = 0;

	netif_addr_lock_bh(netdev);
	if (netdev->flags & IFF_PROMISC)
		flags |= ESV_FILTER_PROMISC;
	if (netdev->flags & IFF_ALLMULTI)
		flags |= ESV_FILTER_ALLMULTI;
	netdev_for_each_uc_addr(ha, netdev)
		if (!esv_filter_add(p, max, ha->addr))
			flags |= ESV_FILTER_PROMISC;
	netdev_for_each_mc_addr(ha, netdev)
		if (!(flags & ESV_FILTER_ALLMULTI) && !esv_filter_add(p, max, ha->addr))
			flags |= ESV_FILTER_ALLMULTI;
	netif_addr_unlock_bh(netdev);
	p->flags = cpu_to_le16(flags);
}

int esv_filter_apply(struct esv_dev *edev)
{
	struct esv_filter_params *p = kzalloc(sizeof(*p), GFP_KERNEL);
	struct esv_cmd cmd = {
		.opcode = ESV_OP_RX_FILTER_SET,
		.in = p,
		.in_len = sizeof(*p),
	};
	int err;

	if (!p)
		return -ENOMEM;
	esv_filter_build(edev, p);
	err = esv_admin_exec(edev, &cmd);
	kfree(p);
	return err;
}

static void esv_filter_work(struct work_struct *work)
{
	struct esv_dev *edev = container_of(work, struct esv_dev, rx_mode_work);
	int err;

	if (!test_bit(ESV_ST_DATAPATH, &edev->state))
		return;
	err = esv_filter_apply(edev);
	if (err && esv_alive(edev))
		netdev_warn(edev->netdev, "address filter refused: %pe\n", ERR_PTR(err));
}

void esv_filter_init(struct esv_dev *edev)
{
	INIT_WORK(&edev->rx_mode_work, esv_filter_work);
}

void esv_set_rx_mode(struct net_device *netdev)
{
	struct esv_dev *edev = netdev_priv(netdev);

	queue_work(edev->wq, &edev->rx_mode_work);
}
