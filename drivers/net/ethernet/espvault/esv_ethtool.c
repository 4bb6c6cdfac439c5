// SPDX-License-Identifier: GPL-2.0
/* espvault: ethtool. */

#include <linux/ethtool.h>

#include "esv_hw.h"
#include "esv_netdev.h"
#include "esv_rss.h"
#include "esv_selftest.h"

#define ESV_COUNTER_NAME(name, num, text) #name,
static const char * const esv_counter_names[] = { ESV_COUNTER_LIST(ESV_COUNTER_NAME) };

#define ESV_SW_NAME(name, str) str,
static const char * const esv_sw_names[] = { ESV_SW_COUNTER_LIST(ESV_SW_NAME) };

/* Per queue pair, in the order of esv_ethtool_queue(). */
static const char * const esv_queue_names[] = {
	"rx_packets", "rx_bytes", "rx_csum_ok", "rx_crypto",
	"tx_packets", "tx_bytes", "tx_tso", "tx_doorbells", "tx_stops",
};

static_assert(ARRAY_SIZE(esv_counter_names) == ESV_C_COUNT);
static_assert(ARRAY_SIZE(esv_sw_names) == ESV_SW_COUNT);

static void esv_get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct esv_dev *edev = netdev_priv(netdev);
	u32 fw = edev->fw_version;

	strscpy(info->driver, ESV_DRV_NAME, sizeof(info->driver));
	strscpy(info->bus_info, pci_name(edev->pdev), sizeof(info->bus_info));
	snprintf(info->fw_version, sizeof(info->fw_version), "%u.%u.%u if %u.%u", fw >> 16 & 0xff,
		 fw >> 8 & 0xff, fw & 0xff, edev->if_version >> 16, edev->if_version & 0xffff);
}

static int esv_get_link_ksettings(struct net_device *netdev, struct ethtool_link_ksettings *ks)
{
	struct esv_dev *edev = netdev_priv(netdev);
	u32 link = esv_rd(edev, ESV_REG_LINK);

	ethtool_link_ksettings_zero_link_mode(ks, supported);
	ethtool_link_ksettings_zero_link_mode(ks, advertising);
	ks->base.port = PORT_OTHER;
	ks->base.autoneg = AUTONEG_DISABLE;
	ks->base.duplex = DUPLEX_UNKNOWN;
	ks->base.speed = SPEED_UNKNOWN;
	if (link != ESV_GONE && (link & 1)) {
		ks->base.duplex = DUPLEX_FULL;
		ks->base.speed = link >> 16;
	}
	return 0;
}

static void esv_get_ringparam(struct net_device *netdev, struct ethtool_ringparam *r,
			      struct kernel_ethtool_ringparam *kr, struct netlink_ext_ack *extack)
{
	struct esv_dev *edev = netdev_priv(netdev);

	r->rx_max_pending = edev->caps.ring_max;
	r->tx_max_pending = edev->caps.ring_max;
	r->rx_pending = edev->rx_ring;
	r->tx_pending = edev->tx_ring;
}

static int esv_set_ringparam(struct net_device *netdev, struct ethtool_ringparam *r,
			     struct kernel_ethtool_ringparam *kr, struct netlink_ext_ack *extack)
{
	struct esv_dev *edev = netdev_priv(netdev);
	u32 min = max_t(u32, edev->caps.ring_min, ESV_RING_MIN);
	struct esv_config cfg;

	if (r->rx_mini_pending || r->rx_jumbo_pending) {
		NL_SET_ERR_MSG_MOD(extack, "there are no mini and jumbo rings");
		return -EINVAL;
	}
	if (r->rx_pending < min || r->tx_pending < min) {
		NL_SET_ERR_MSG_MOD(extack, "ring is shorter than the device and a frame allow");
		return -EINVAL;
	}
	if (!is_power_of_2(r->rx_pending) || !is_power_of_2(r->tx_pending)) {
		NL_SET_ERR_MSG_MOD(extack, "ring length is not a power of two");
		return -EINVAL;
	}
	esv_config_get(edev, &cfg);
	cfg.rx_ring = r->rx_pending;
	cfg.tx_ring = r->tx_pending;
	return esv_reconfigure(edev, &cfg);
}

static void esv_get_channels(struct net_device *netdev, struct ethtool_channels *ch)
{
	struct esv_dev *edev = netdev_priv(netdev);

	ch->max_combined = esv_rss_able(edev) ? edev->max_queues : 1;
	ch->combined_count = edev->num_queues;
}

static int esv_set_channels(struct net_device *netdev, struct ethtool_channels *ch)
{
	struct esv_dev *edev = netdev_priv(netdev);
	struct esv_config cfg;

	/* The core checked the maxima. */
	if (!ch->combined_count || ch->rx_count || ch->tx_count || ch->other_count)
		return -EINVAL;
	if (esv_rss_conflict(edev, ch->combined_count)) {
		netdev_err(netdev, "the RSS table names queues that would be gone\n");
		return -EBUSY;
	}
	esv_config_get(edev, &cfg);
	cfg.num_queues = ch->combined_count;
	return esv_reconfigure(edev, &cfg);
}

static int esv_get_sset_count(struct net_device *netdev, int sset)
{
	struct esv_dev *edev = netdev_priv(netdev);

	switch (sset) {
	case ETH_SS_STATS:
		return ESV_C_COUNT + ESV_SW_COUNT + esv_ipsec_stat_count(edev) +
		       edev->max_queues * ARRAY_SIZE(esv_queue_names);
	case ETH_SS_TEST:
		return ESV_SELFTESTS;
	default:
		return -EOPNOTSUPP;
	}
}

/* The device's names are upper case; these strings are lower, like everyone's. */
static void esv_counter_string(u8 **p, const char *name)
{
	char buf[ETH_GSTRING_LEN];
	unsigned int i;

	strscpy(buf, name, sizeof(buf));
	for (i = 0; buf[i]; i++)
		buf[i] = tolower(buf[i]);
	ethtool_sprintf(p, "%s", buf);
}

static void esv_stat_strings(struct esv_dev *edev, u8 *p)
{
	unsigned int i, q;

	for (i = 0; i < ESV_C_COUNT; i++)
		esv_counter_string(&p, esv_counter_names[i]);
	for (i = 0; i < ESV_SW_COUNT; i++)
		ethtool_sprintf(&p, "%s", esv_sw_names[i]);
	esv_ipsec_stat_strings(edev, &p);
	for (q = 0; q < edev->max_queues; q++)
		for (i = 0; i < ARRAY_SIZE(esv_queue_names); i++)
			ethtool_sprintf(&p, "q%u_%s", q, esv_queue_names[i]);
}

static void esv_get_strings(struct net_device *netdev, u32 sset, u8 *p)
{
	switch (sset) {
	case ETH_SS_STATS:
		esv_stat_strings(netdev_priv(netdev), p);
		break;
	case ETH_SS_TEST:
		esv_selftest_strings(p);
		break;
	}
}

static u64 *esv_ethtool_queue(const struct esv_queue_stats *st, u64 *data)
{
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&st->rx_sync);
		data[0] = u64_stats_read(&st->rx_packets);
		data[1] = u64_stats_read(&st->rx_bytes);
		data[2] = u64_stats_read(&st->rx_csum_ok);
		data[3] = u64_stats_read(&st->rx_crypto);
	} while (u64_stats_fetch_retry(&st->rx_sync, start));
	do {
		start = u64_stats_fetch_begin(&st->tx_sync);
		data[4] = u64_stats_read(&st->tx_packets);
		data[5] = u64_stats_read(&st->tx_bytes);
		data[6] = u64_stats_read(&st->tx_tso);
		data[7] = u64_stats_read(&st->tx_doorbells);
		data[8] = u64_stats_read(&st->tx_stops);
	} while (u64_stats_fetch_retry(&st->tx_sync, start));
	return data + ARRAY_SIZE(esv_queue_names);
}

static void esv_get_ethtool_stats(struct net_device *netdev, struct ethtool_stats *stats,
				  u64 *data)
{
	struct esv_dev *edev = netdev_priv(netdev);
	unsigned int i;

	if (esv_counters_read(edev, data))
		memset(data, 0, ESV_C_COUNT * sizeof(*data));
	data += ESV_C_COUNT;
	for (i = 0; i < ESV_SW_COUNT; i++)
		*data++ = esv_sw_count(edev, i);
	esv_ipsec_stats(edev, data);
	data += esv_ipsec_stat_count(edev);
	for (i = 0; i < edev->max_queues; i++)
		data = esv_ethtool_queue(&edev->stats[i], data);
}

static u32 esv_get_rxfh_key_size(struct net_device *netdev)
{
	return esv_rss_able(netdev_priv(netdev)) ? ESV_RSS_KEY_LEN : 0;
}

static u32 esv_get_rxfh_indir_size(struct net_device *netdev)
{
	return esv_rss_able(netdev_priv(netdev)) ? ESV_RSS_TABLE_LEN : 0;
}

static void esv_rss_get(struct esv_dev *edev, u32 *indir, u8 *key)
{
	unsigned int i;

	for (i = 0; indir && i < ESV_RSS_TABLE_LEN; i++)
		indir[i] = edev->rss.table[i];
	if (key)
		memcpy(key, edev->rss.key, ESV_RSS_KEY_LEN);
}

/* The core checked that the table names existing queues only. */
static int esv_rss_set(struct esv_dev *edev, const u32 *indir, const u8 *key)
{
	struct esv_rss_params old = edev->rss;
	unsigned int i;
	int err = 0;

	if (!esv_rss_able(edev))
		return -EOPNOTSUPP;
	for (i = 0; indir && i < ESV_RSS_TABLE_LEN; i++)
		edev->rss.table[i] = indir[i];
	if (key)
		memcpy(edev->rss.key, key, ESV_RSS_KEY_LEN);
	if (test_bit(ESV_ST_DATAPATH, &edev->state))
		err = esv_rss_apply(edev);
	if (err)
		edev->rss = old;
	return err;
}

#ifdef ESV_HAVE_RXFH_PARAM
static int esv_get_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh)
{
	rxfh->hfunc = ETH_RSS_HASH_TOP;
	esv_rss_get(netdev_priv(netdev), rxfh->indir, rxfh->key);
	return 0;
}

static int esv_set_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh,
			struct netlink_ext_ack *extack)
{
	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE && rxfh->hfunc != ETH_RSS_HASH_TOP) {
		NL_SET_ERR_MSG_MOD(extack, "only the Toeplitz hash is there");
		return -EOPNOTSUPP;
	}
	return esv_rss_set(netdev_priv(netdev), rxfh->indir, rxfh->key);
}
#else
static int esv_get_rxfh(struct net_device *netdev, u32 *indir, u8 *key, u8 *hfunc)
{
	if (hfunc)
		*hfunc = ETH_RSS_HASH_TOP;
	esv_rss_get(netdev_priv(netdev), indir, key);
	return 0;
}

static int esv_set_rxfh(struct net_device *netdev, const u32 *indir, const u8 *key,
			const u8 hfunc)
{
	if (hfunc != ETH_RSS_HASH_NO_CHANGE && hfunc != ETH_RSS_HASH_TOP)
		return -EOPNOTSUPP;
	return esv_rss_set(netdev_priv(netdev), indir, key);
}
#endif

#ifdef ESV_HAVE_RX_RING_COUNT
static u32 esv_get_rx_ring_count(struct net_device *netdev)
{
	struct esv_dev *edev = netdev_priv(netdev);

	return edev->num_queues;
}
#else
static int esv_get_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *info, u32 *rules)
{
	struct esv_dev *edev = netdev_priv(netdev);

	if (info->cmd != ETHTOOL_GRXRINGS)
		return -EOPNOTSUPP;
	info->data = edev->num_queues;
	return 0;
}
#endif

static void esv_self_test(struct net_device *netdev, struct ethtool_test *test, u64 *data)
{
	struct esv_dev *edev = netdev_priv(netdev);

	if (esv_selftest(edev, test->flags & ETH_TEST_FL_OFFLINE, data))
		test->flags |= ETH_TEST_FL_FAILED;
}

static const struct ethtool_ops esv_ethtool_ops = {
	.get_drvinfo		= esv_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_link_ksettings	= esv_get_link_ksettings,
	.get_ringparam		= esv_get_ringparam,
	.set_ringparam		= esv_set_ringparam,
	.get_channels		= esv_get_channels,
	.set_channels		= esv_set_channels,
	.get_sset_count		= esv_get_sset_count,
	.get_strings		= esv_get_strings,
	.get_ethtool_stats	= esv_get_ethtool_stats,
	.get_rxfh_key_size	= esv_get_rxfh_key_size,
	.get_rxfh_indir_size	= esv_get_rxfh_indir_size,
	.get_rxfh		= esv_get_rxfh,
	.set_rxfh		= esv_set_rxfh,
#ifdef ESV_HAVE_RX_RING_COUNT
	.get_rx_ring_count	= esv_get_rx_ring_count,
#else
	.get_rxnfc		= esv_get_rxnfc,
#endif
	.self_test		= esv_self_test,
	.get_ts_info		= ethtool_op_get_ts_info,
};

void esv_ethtool_init(struct net_device *netdev)
{
	netdev->ethtool_ops = &esv_ethtool_ops;
}
