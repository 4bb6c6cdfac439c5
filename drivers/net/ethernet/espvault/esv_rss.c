// SPDX-License-Identifier: GPL-2.0
/* espvault: which queue a received frame goes to (clauses RSS-1 ff). */

#include <linux/ethtool.h>
#include <linux/netdevice.h>

#include "esv_rss.h"

static_assert(ESV_MAX_QUEUES <= 256, "queue numbers of the table are bytes");

static void esv_rss_spread(struct esv_dev *edev, unsigned int num_queues)
{
	unsigned int i;

	for (i = 0; i < ESV_RSS_TABLE_LEN; i++)
		edev->rss.table[i] = ethtool_rxfh_indir_default(i, num_queues);
}

void esv_rss_init(struct esv_dev *edev)
{
	netdev_rss_key_fill(edev->rss.key, sizeof(edev->rss.key));
	esv_rss_spread(edev, edev->num_queues);
}

void esv_rss_queues(struct esv_dev *edev, unsigned int num_queues)
{
	if (!netif_is_rxfh_configured(edev->netdev))
		esv_rss_spread(edev, num_queues);
}

bool esv_rss_conflict(const struct esv_dev *edev, unsigned int num_queues)
{
	unsigned int i;

	if (!netif_is_rxfh_configured(edev->netdev))
		return false;
	for (i = 0; i < ESV_RSS_TABLE_LEN; i++)
		if (edev->rss.table[i] >= num_queues)
			return true;
	return false;
}

int esv_rss_apply(struct esv_dev *edev)
{
	struct esv_cmd cmd = {
		.opcode = ESV_OP_RSS_SET,
		.in = &edev->rss,
		.in_len = sizeof(edev->rss),
	};

	if (!esv_rss_able(edev))
		return 0;
	return esv_admin_exec(edev, &cmd);
}
