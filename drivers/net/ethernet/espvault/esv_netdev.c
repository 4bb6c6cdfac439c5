// SPDX-License-Identifier: GPL-2.0
/* espvault: the network interface. */

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <net/tcp.h>

#include "esv_event.h"
#include "esv_hw.h"
#include "esv_netdev.h"
#include "esv_rss.h"

#define ESV_TX_RING	512
#define ESV_RX_RING	1024

/* Headers of a frame that the device segments. */
#define ESV_TSO_HDR_MAX	256

void esv_config_get(const struct esv_dev *edev, struct esv_config *cfg)
{
	cfg->num_queues = edev->num_queues;
	cfg->tx_ring = edev->tx_ring;
	cfg->rx_ring = edev->rx_ring;
	cfg->mtu = edev->netdev->mtu;
}

static void esv_config_set(struct esv_dev *edev, const struct esv_config *cfg)
{
	edev->num_queues = cfg->num_queues;
	edev->tx_ring = cfg->tx_ring;
	edev->rx_ring = cfg->rx_ring;
	WRITE_ONCE(edev->netdev->mtu, cfg->mtu);
}

int esv_port_apply(struct esv_dev *edev, const u8 *addr, unsigned int mtu, bool up)
{
	struct esv_port_params p = {
		.flags = cpu_to_le32(up ? ESV_PORT_UP : 0),
		.mtu = cpu_to_le16(mtu),
	};
	struct esv_cmd cmd = {
		.opcode = ESV_OP_PORT_SET,
		.in = &p,
		.in_len = sizeof(p),
	};
	int err;

	ether_addr_copy(p.mac, addr);
	err = esv_admin_exec(edev, &cmd);
	edev->port_up = up && !err;
	return err;
}

static void esv_rx_fill_all(struct esv_dev *edev)
{
	unsigned int i;

	for (i = 0; i < edev->num_queues; i++)
		esv_rx_refill(edev->queues[i]);
}

/* The device forgets the queues; one that does not answer may write nowhere any more. */
static void esv_datapath_forget(struct esv_dev *edev)
{
	if (!esv_queues_destroy(edev))
		return;
	pci_clear_master(edev->pdev);
	if (esv_alive(edev))
		esv_reset_schedule(edev, ESV_RESET_FATAL);
}

static int esv_datapath_program(struct esv_dev *edev)
{
	int err;

	err = esv_queues_create(edev);
	err = err ?: esv_rss_apply(edev);
	err = err ?: esv_filter_apply(edev);
	err = err ?: esv_port_apply(edev, edev->netdev->dev_addr, edev->netdev->mtu, true);
	return err;
}

/* Takes over @queues, which fit the present configuration. */
static int esv_datapath_run(struct esv_dev *edev, struct esv_queue **queues)
{
	struct net_device *netdev = edev->netdev;
	unsigned int i;
	int err;

	edev->queues = queues;
	err = netif_set_real_num_queues(netdev, edev->num_queues, edev->num_queues);
	if (err)
		goto err_free;
	/* What earlier queues had under way was never completed. */
	for (i = 0; i < edev->num_queues; i++)
		netdev_tx_reset_queue(netdev_get_tx_queue(netdev, i));
	esv_rx_fill_all(edev);
	err = esv_queues_start(edev);
	if (err)
		goto err_free;
	err = esv_datapath_program(edev);
	if (err)
		goto err_forget;
	set_bit(ESV_ST_DATAPATH, &edev->state);
	netif_tx_wake_all_queues(netdev);
	esv_event_link(edev);
	return 0;

err_forget:
	esv_queues_stop(edev);
	esv_datapath_forget(edev);
err_free:
	edev->queues = NULL;
	esv_queues_free(edev, queues, edev->num_queues);
	return err;
}

int esv_datapath_up(struct esv_dev *edev, const struct esv_config *cfg)
{
	struct esv_queue **queues;

	ASSERT_RTNL();
	queues = esv_queues_alloc(edev, cfg);
	if (!queues)
		return -ENOMEM;
	esv_config_set(edev, cfg);
	esv_rss_queues(edev, cfg->num_queues);
	return esv_datapath_run(edev, queues);
}

void esv_datapath_down(struct esv_dev *edev)
{
	struct net_device *netdev = edev->netdev;

	ASSERT_RTNL();
	if (!test_and_clear_bit(ESV_ST_DATAPATH, &edev->state))
		return;
	/* Without NAPI nobody wakes a transmit queue that is stopped here. */
	esv_queues_stop(edev);
	netif_carrier_off(netdev);
	netif_tx_disable(netdev);
	esv_port_apply(edev, netdev->dev_addr, netdev->mtu, false);
	esv_event_link(edev);
	esv_datapath_forget(edev);
	esv_queues_free(edev, edev->queues, edev->num_queues);
	edev->queues = NULL;
}

int esv_reconfigure(struct esv_dev *edev, const struct esv_config *cfg)
{
	struct esv_queue **queues;
	struct esv_config old;
	int err;

	ASSERT_RTNL();
	if (!test_bit(ESV_ST_DATAPATH, &edev->state)) {
		esv_config_set(edev, cfg);
		esv_rss_queues(edev, cfg->num_queues);
		return netif_set_real_num_queues(edev->netdev, cfg->num_queues, cfg->num_queues);
	}
	esv_config_get(edev, &old);
	queues = esv_queues_alloc(edev, cfg);
	if (!queues)
		return -ENOMEM;
	esv_datapath_down(edev);
	esv_config_set(edev, cfg);
	esv_rss_queues(edev, cfg->num_queues);
	err = esv_datapath_run(edev, queues);
	if (!err)
		return 0;
	netdev_err(edev->netdev, "new queues failed, going back: %pe\n", ERR_PTR(err));
	if (esv_datapath_up(edev, &old) && esv_alive(edev)) {
		netdev_err(edev->netdev, "old queues failed too, closing the interface\n");
		dev_close(edev->netdev);
	}
	return err;
}

static int esv_open(struct net_device *netdev)
{
	struct esv_dev *edev = netdev_priv(netdev);
	struct esv_config cfg;
	int err;

	if (!esv_alive(edev))
		return -ENODEV;
	esv_config_get(edev, &cfg);
	err = esv_datapath_up(edev, &cfg);
	if (err)
		return err;
	err = esv_ipsec_open(edev);
	if (err)
		esv_datapath_down(edev);
	return err;
}

static int esv_stop(struct net_device *netdev)
{
	struct esv_dev *edev = netdev_priv(netdev);

	esv_ipsec_stop(edev);
	esv_datapath_down(edev);
	return 0;
}

static int esv_set_mac_address(struct net_device *netdev, void *p)
{
	struct esv_dev *edev = netdev_priv(netdev);
	const struct sockaddr *sa = p;
	int err;

	if (!is_valid_ether_addr(sa->sa_data))
		return -EADDRNOTAVAIL;
	if (test_bit(ESV_ST_DATAPATH, &edev->state)) {
		err = esv_port_apply(edev, sa->sa_data, netdev->mtu, true);
		if (err)
			return err;
	}
	eth_hw_addr_set(netdev, sa->sa_data);
	return 0;
}

static int esv_change_mtu(struct net_device *netdev, int mtu)
{
	struct esv_dev *edev = netdev_priv(netdev);
	struct esv_config cfg;

	esv_config_get(edev, &cfg);
	cfg.mtu = mtu;
	return esv_reconfigure(edev, &cfg);
}

static void esv_tx_timeout(struct net_device *netdev, unsigned int txqueue)
{
	struct esv_dev *edev = netdev_priv(netdev);

	netdev_warn(netdev, "transmit queue %u stands still\n", txqueue);
	esv_reset_schedule(edev, ESV_RESET_TX_TIMEOUT);
}

/* The device segments plain TCP right behind the IP header, nothing else. */
static bool esv_gso_fits(const struct sk_buff *skb)
{
	unsigned int l3 = skb_transport_offset(skb) - skb_network_offset(skb);

	if (skb->encapsulation || skb_tcp_all_headers(skb) > ESV_TSO_HDR_MAX)
		return false;
	return !(skb_shinfo(skb)->gso_type & SKB_GSO_TCPV6) || l3 == sizeof(struct ipv6hdr);
}

static netdev_features_t esv_features_check(struct sk_buff *skb, struct net_device *netdev,
					    netdev_features_t features)
{
	if (skb_is_gso(skb) && !esv_gso_fits(skb))
		features &= ~NETIF_F_GSO_MASK;
	return vlan_features_check(skb, features);
}

const struct net_device_ops esv_netdev_ops = {
	.ndo_open		= esv_open,
	.ndo_stop		= esv_stop,
	.ndo_start_xmit		= esv_start_xmit,
	.ndo_features_check	= esv_features_check,
	.ndo_set_rx_mode	= esv_set_rx_mode,
	.ndo_set_mac_address	= esv_set_mac_address,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_change_mtu		= esv_change_mtu,
	.ndo_get_stats64	= esv_get_stats64,
	.ndo_tx_timeout		= esv_tx_timeout,
};

static void esv_netdev_features(struct esv_dev *edev)
{
	struct net_device *netdev = edev->netdev;
	netdev_features_t f = NETIF_F_SG | NETIF_F_HIGHDMA;
	u32 able = edev->caps.offloads;

	if (able & ESV_OFF_TX_CSUM)
		f |= NETIF_F_HW_CSUM;
	if (able & ESV_OFF_TSO4)
		f |= NETIF_F_TSO;
	if (able & ESV_OFF_TSO6)
		f |= NETIF_F_TSO6;
	netdev->vlan_features = f;
	netdev->hw_enc_features = f & ~NETIF_F_ALL_TSO;
	if (able & ESV_OFF_RX_CSUM)
		f |= NETIF_F_RXCSUM;
	if (esv_rss_able(edev))
		f |= NETIF_F_RXHASH;
	netdev->hw_features = f & ~NETIF_F_HIGHDMA;
	netdev->features = f;
	netif_set_tso_max_size(netdev, min_t(u32, edev->caps.max_tso, GSO_LEGACY_MAX_SIZE));
}

static void esv_netdev_defaults(struct esv_dev *edev)
{
	u32 max = rounddown_pow_of_two(edev->caps.ring_max);

	edev->tx_ring = min_t(u32, ESV_TX_RING, max);
	edev->rx_ring = min_t(u32, ESV_RX_RING, max);
	edev->num_queues = clamp_t(unsigned int, netif_get_num_default_rss_queues(), 1,
				   esv_rss_able(edev) ? edev->max_queues : 1);
	esv_rss_init(edev);
}

int esv_netdev_init(struct esv_dev *edev)
{
	struct net_device *netdev = edev->netdev;
	u8 mac[ETH_ALEN];
	unsigned int i;
	int err;

	edev->stats = kcalloc(edev->max_queues, sizeof(*edev->stats), GFP_KERNEL);
	if (!edev->stats)
		return -ENOMEM;
	for (i = 0; i < edev->max_queues; i++) {
		u64_stats_init(&edev->stats[i].rx_sync);
		u64_stats_init(&edev->stats[i].tx_sync);
	}
	netdev->netdev_ops = &esv_netdev_ops;
	esv_ethtool_init(netdev);
	esv_stats_ops_init(netdev);
	esv_filter_init(edev);
	esv_netdev_features(edev);
	esv_netdev_defaults(edev);
	/* Anybody may ask for each queue's counters before the interface is ever opened. */
	err = netif_set_real_num_queues(netdev, edev->num_queues, edev->num_queues);
	if (err)
		return err;
	netdev->priv_flags |= IFF_UNICAST_FLT | IFF_LIVE_ADDR_CHANGE;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = edev->caps.max_mtu;
	netdev->watchdog_timeo = 5 * HZ;
	esv_hw_mac(edev, mac);
	if (is_valid_ether_addr(mac)) {
		eth_hw_addr_set(netdev, mac);
	} else {
		dev_warn(&edev->pdev->dev, "device has no valid address, using a random one\n");
		eth_hw_addr_random(netdev);
	}
	netif_carrier_off(netdev);
	return 0;
}
