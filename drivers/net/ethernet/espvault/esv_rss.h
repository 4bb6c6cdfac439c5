/* SPDX-License-Identifier: GPL-2.0 */
/* espvault: which queue a received frame goes to (clauses RSS-1 ff). */
#ifndef _ESV_RSS_H
#define _ESV_RSS_H

#include "esv.h"

static inline bool esv_rss_able(const struct esv_dev *edev)
{
	return (edev->caps.offloads & ESV_OFF_RSS) && edev->caps.rss_entries == ESV_RSS_TABLE_LEN;
}

/* A random key and an even spread, as at first. */
void esv_rss_init(struct esv_dev *edev);

/* The number of queues changes: spread anew unless the administrator chose. */
void esv_rss_queues(struct esv_dev *edev, unsigned int num_queues);

/* Does the administrator's table name a queue that would be gone? */
bool esv_rss_conflict(const struct esv_dev *edev, unsigned int num_queues);

/* Hand key and table to the device. RTNL held, may sleep. */
int esv_rss_apply(struct esv_dev *edev);

#endif
