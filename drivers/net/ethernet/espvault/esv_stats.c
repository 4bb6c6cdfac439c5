// SPDX-License-Identifier: GPL-2.0
/* espvault: statistics that are not ethtool's. */

#include "esv_netdev.h"

u64 esv_sw_count(const struct esv_dev *edev, enum esv_sw_counter c)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(edev->sw, cpu)[c];
	return sum;
}

/* All counters of the function since its last reset. May sleep. */
int esv_counters_read(struct esv_dev *edev, u64 *c)
{
	struct esv_counters *raw = kzalloc(sizeof(*raw), GFP_KERNEL);
	struct esv_cmd cmd = {
		.opcode = ESV_OP_COUNTERS_READ,
		.out = raw,
		.out_cap = sizeof(*raw),
	};
	unsigned int i;
	int err;

	if (!raw)
		return -ENOMEM;
	err = esv_admin_exec(edev, &cmd);
	for (i = 0; !err && i < ESV_C_COUNT; i++)
		c[i] = le64_to_cpu(raw->c[i]);
	if (!err)
		WRITE_ONCE(edev->rx_nobuf, c[ESV_C_RX_DROP_NOBUF]);
	kfree(raw);
	return err;
}

static void esv_stats_rx(const struct esv_queue_stats *st, u64 *packets, u64 *bytes)
{
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&st->rx_sync);
		*packets = u64_stats_read(&st->rx_packets);
		*bytes = u64_stats_read(&st->rx_bytes);
	} while (u64_stats_fetch_retry(&st->rx_sync, start));
}

static void esv_stats_tx(const struct esv_queue_stats *st, u64 *packets, u64 *bytes)
{
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&st->tx_sync);
		*packets = u64_stats_read(&st->tx_packets);
		*bytes = u64_stats_read(&st->tx_bytes);
	} while (u64_stats_fetch_retry(&st->tx_sync, start));
}

void esv_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *s)
{
	struct esv_dev *edev = netdev_priv(netdev);
	u64 packets, bytes;
	unsigned int i;

	for (i = 0; i < edev->max_queues; i++) {
		esv_stats_rx(&edev->stats[i], &packets, &bytes);
		s->rx_packets += packets;
		s->rx_bytes += bytes;
		esv_stats_tx(&edev->stats[i], &packets, &bytes);
		s->tx_packets += packets;
		s->tx_bytes += bytes;
	}
	s->rx_missed_errors = READ_ONCE(edev->rx_nobuf);
	s->rx_dropped = esv_sw_count(edev, ESV_SW_RX_NO_SKB) +
			esv_sw_count(edev, ESV_SW_RX_DROP_IPSEC);
	s->tx_dropped = esv_sw_count(edev, ESV_SW_TX_DROP_GUARD) +
			esv_sw_count(edev, ESV_SW_TX_DROP_STALE_SA) +
			esv_sw_count(edev, ESV_SW_TX_DROP_MAP) +
			esv_sw_count(edev, ESV_SW_TX_DROP_SHAPE);
}

#ifdef ESV_HAVE_QSTATS
static void esv_qstats_rx(struct net_device *netdev, int i, struct netdev_queue_stats_rx *s)
{
	struct esv_dev *edev = netdev_priv(netdev);

	if (i < edev->max_queues)
		esv_stats_rx(&edev->stats[i], &s->packets, &s->bytes);
}

static void esv_qstats_tx(struct net_device *netdev, int i, struct netdev_queue_stats_tx *s)
{
	struct esv_dev *edev = netdev_priv(netdev);

	if (i < edev->max_queues)
		esv_stats_tx(&edev->stats[i], &s->packets, &s->bytes);
}

/* Queues that exist no more: their counts belong to the device. */
static void esv_qstats_base(struct net_device *netdev, struct netdev_queue_stats_rx *rx,
			    struct netdev_queue_stats_tx *tx)
{
	struct esv_dev *edev = netdev_priv(netdev);
	u64 packets, bytes;
	unsigned int i;

	rx->packets = 0;
	rx->bytes = 0;
	tx->packets = 0;
	tx->bytes = 0;
	for (i = netdev->real_num_rx_queues; i < edev->max_queues; i++) {
		esv_stats_rx(&edev->stats[i], &packets, &bytes);
		rx->packets += packets;
		rx->bytes += bytes;
		esv_stats_tx(&edev->stats[i], &packets, &bytes);
		tx->packets += packets;
		tx->bytes += bytes;
	}
}

static const struct netdev_stat_ops esv_stat_ops = {
	.get_queue_stats_rx = esv_qstats_rx,
	.get_queue_stats_tx = esv_qstats_tx,
	.get_base_stats = esv_qstats_base,
};
#endif

void esv_stats_ops_init(struct net_device *netdev)
{
#ifdef ESV_HAVE_QSTATS
	netdev->stat_ops = &esv_stat_ops;
#endif
}
