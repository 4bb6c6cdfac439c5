/* SPDX-License-Identifier: GPL-2.0 */
/* espvault: the network interface. */
#ifndef _ESV_NETDEV_H
#define _ESV_NETDEV_H

#include "esv.h"
#include "esv_queue.h"

extern const struct net_device_ops esv_netdev_ops;

/* Ops, features, limits and address of edev->netdev; before register_netdev(). */
int esv_netdev_init(struct esv_dev *edev);

/* The present configuration. */
void esv_config_get(const struct esv_dev *edev, struct esv_config *cfg);

/*
 * Change queues, rings or MTU; with the interface up the old queues go down
 * only once there is memory for the new ones. RTNL held, may sleep.
 */
int esv_reconfigure(struct esv_dev *edev, const struct esv_config *cfg);

/* Frames flow after this. RTNL held, may sleep. */
int esv_datapath_up(struct esv_dev *edev, const struct esv_config *cfg);

/*
 * No frame flows and no queue exists after this. The device is asked to stop
 * if it answers; if it does not, it is cut off from memory. RTNL held, may sleep.
 */
void esv_datapath_down(struct esv_dev *edev);

/* Tell the device MTU, address and whether the port is up. RTNL held, may sleep. */
int esv_port_apply(struct esv_dev *edev, const u8 *addr, unsigned int mtu, bool up);

/* esv_filter.c: receive address filter. */
void esv_filter_init(struct esv_dev *edev);
void esv_set_rx_mode(struct net_device *netdev);
int esv_filter_apply(struct esv_dev *edev);

/* esv_stats.c */
void esv_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *s);
u64 esv_sw_count(const struct esv_dev *edev, enum esv_sw_counter c);
int esv_counters_read(struct esv_dev *edev, u64 *c);
void esv_stats_ops_init(struct net_device *netdev);

/* esv_ethtool.c */
void esv_ethtool_init(struct net_device *netdev);

#endif
