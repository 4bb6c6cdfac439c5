// SPDX-License-Identifier: GPL-2.0
/*
 * espvault: transmit (clauses TXD-1 ff).
 *
 * A frame is one descriptor per piece of memory. The device is told by the
 * shadow's tail alone while it is awake; completions are the shadow's head.
 */

#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/tcp.h>
#include <net/tcp.h>

#include "esv_hw.h"
#include "esv_queue.h"
#include "esv_ring.h"

/* Room that keeps the queue awake: the largest frame. */
static unsigned int esv_tx_stop_room(const struct esv_dev *edev)
{
	return min_t(unsigned int, edev->caps.max_frags, MAX_SKB_FRAGS + 1);
}

static unsigned int esv_tx_room(const struct esv_txq *tx)
{
	return esv_ring_free(tx->size, tx->tail, READ_ONCE(tx->clean));
}

static struct netdev_queue *esv_tx_netdev_queue(const struct esv_queue *q)
{
	return netdev_get_tx_queue(q->edev->netdev, q->index);
}

static void esv_tx_unmap(struct device *dev, struct esv_tx_buf *buf)
{
	if (buf->page)
		dma_unmap_page(dev, buf->dma, buf->len, DMA_TO_DEVICE);
	else
		dma_unmap_single(dev, buf->dma, buf->len, DMA_TO_DEVICE);
}

/* Take back the entries from @from up to tail, of which the device knows nothing. */
static void esv_tx_unwind(struct esv_queue *q, u32 from)
{
	struct esv_txq *tx = &q->tx;

	while (tx->tail != from) {
		tx->tail--;
		esv_tx_unmap(&q->edev->pdev->dev, &tx->bufs[tx->tail & (tx->size - 1)]);
	}
}

/* One piece of the frame into the next entry. */
static int esv_tx_put(struct esv_queue *q, dma_addr_t dma, u32 len, bool page)
{
	struct esv_txq *tx = &q->tx;
	u32 i = tx->tail & (tx->size - 1);
	struct esv_tx_desc *d = &tx->ring[i];
	struct esv_tx_buf *buf = &tx->bufs[i];

	if (dma_mapping_error(&q->edev->pdev->dev, dma))
		return -ENOMEM;
	memset(d, 0, sizeof(*d));
	d->addr = cpu_to_le64(dma);
	d->len = cpu_to_le16(len);
	buf->skb = NULL;
	buf->dma = dma;
	buf->len = len;
	buf->page = page;
	tx->tail++;
	return 0;
}

static int esv_tx_map(struct esv_queue *q, struct sk_buff *skb)
{
	struct device *dev = &q->edev->pdev->dev;
	u32 from = q->tx.tail;
	unsigned int i;
	int err;

	err = esv_tx_put(q, dma_map_single(dev, skb->data, skb_headlen(skb), DMA_TO_DEVICE),
			 skb_headlen(skb), false);
	for (i = 0; !err && i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];
		u32 len = skb_frag_size(frag);

		err = esv_tx_put(q, skb_frag_dma_map(dev, frag, 0, len, DMA_TO_DEVICE), len, true);
	}
	if (err) {
		esv_tx_unwind(q, from);
		esv_count(q->edev, ESV_SW_TX_DROP_MAP);
	}
	return err;
}

/* Offloads go into the first descriptor of the frame, which is at @from. */
static void esv_tx_offloads(struct esv_queue *q, struct sk_buff *skb, u32 from, bool tagged,
			    u32 handle)
{
	struct esv_txq *tx = &q->tx;
	struct esv_tx_desc *d = &tx->ring[from & (tx->size - 1)];
	struct esv_tx_desc *last = &tx->ring[(tx->tail - 1) & (tx->size - 1)];
	u16 flags = ESV_TXD_SOP;

	d->nr_desc = tx->tail - from;
	if (tagged) {
		flags |= ESV_TXD_TAG;
		d->sa_handle = cpu_to_le32(handle);
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		flags |= ESV_TXD_CSUM;
		d->csum_start = cpu_to_le16(skb_checksum_start_offset(skb));
		d->csum_offset = cpu_to_le16(skb->csum_offset);
	}
	if (skb_is_gso(skb)) {
		flags |= ESV_TXD_TSO;
		d->mss = cpu_to_le16(skb_shinfo(skb)->gso_size);
		d->hdr_len = cpu_to_le16(skb_tcp_all_headers(skb));
	}
	d->flags = cpu_to_le16(flags);
	last->flags |= cpu_to_le16(ESV_TXD_EOP);
}

static void esv_tx_count(struct esv_queue *q, struct sk_buff *skb, bool stopped)
{
	struct esv_queue_stats *st = q->stats;

	u64_stats_update_begin(&st->tx_sync);
	u64_stats_add(&st->tx_packets, skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1);
	u64_stats_add(&st->tx_bytes, skb->len);
	if (skb_is_gso(skb))
		u64_stats_inc(&st->tx_tso);
	if (stopped)
		u64_stats_inc(&st->tx_stops);
	u64_stats_update_end(&st->tx_sync);
}

static void esv_tx_kick(struct esv_queue *q)
{
	struct esv_txq *tx = &q->tx;

	if (tx->kicked == tx->tail)
		return;
	WRITE_ONCE(tx->kicked, tx->tail);
	if (!esv_submit(q->edev, tx->shadow, tx->tail, tx->doorbell))
		return;
	u64_stats_update_begin(&q->stats->tx_sync);
	u64_stats_inc(&q->stats->tx_doorbells);
	u64_stats_update_end(&q->stats->tx_sync);
}

/* Bring the frame into a form that the ring can carry. */
static int esv_tx_shape(struct esv_dev *edev, struct sk_buff *skb)
{
	unsigned int i;

	if (skb_shinfo(skb)->nr_frags + 1 > edev->caps.max_frags) {
		esv_count(edev, ESV_SW_TX_LINEARIZED);
		if (skb_linearize(skb))
			return -ENOMEM;
	}
	if (skb_headlen(skb) > U16_MAX || skb->len < ETH_HLEN)
		return -EMSGSIZE;
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++)
		if (skb_frag_size(&skb_shinfo(skb)->frags[i]) > U16_MAX)
			return -EMSGSIZE;
	return 0;
}

/* May the frame leave, and under which SA? False: it was counted and must be dropped. */
static bool esv_tx_admit(struct esv_dev *edev, struct sk_buff *skb, bool *tagged, u32 *handle)
{
	switch (esv_ipsec_tx_tag(edev, skb, handle)) {
	case ESV_TX_TAGGED:
		*tagged = true;
		return true;
	case ESV_TX_PLAIN:
		*tagged = false;
		if (esv_ipsec_egress_ok(edev, skb))
			return true;
		esv_count(edev, ESV_SW_TX_DROP_GUARD);
		return false;
	default:
		esv_count(edev, ESV_SW_TX_DROP_STALE_SA);
		return false;
	}
}

netdev_tx_t esv_start_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct esv_dev *edev = netdev_priv(netdev);
	struct esv_queue *q = edev->queues[skb_get_queue_mapping(skb)];
	struct netdev_queue *txq = esv_tx_netdev_queue(q);
	unsigned int room = esv_tx_stop_room(edev);
	struct esv_tx_buf *last;
	u32 from = q->tx.tail;
	bool tagged, more;
	u32 handle = 0;
	int stopped;

	if (!netif_txq_maybe_stop(txq, esv_tx_room(&q->tx), room, room)) {
		esv_tx_kick(q);
		return NETDEV_TX_BUSY;
	}
	if (eth_skb_pad(skb))
		goto out; /* it is freed already */
	if (!esv_tx_admit(edev, skb, &tagged, &handle))
		goto drop;
	if (esv_tx_shape(edev, skb)) {
		esv_count(edev, ESV_SW_TX_DROP_SHAPE);
		goto drop;
	}
	if (esv_tx_map(q, skb))
		goto drop;
	esv_tx_offloads(q, skb, from, tagged, handle);
	last = &q->tx.bufs[(q->tx.tail - 1) & (q->tx.size - 1)];
	last->skb = skb;
	last->bytes = skb->len;
	skb_tx_timestamp(skb);
	stopped = netif_txq_maybe_stop(txq, esv_tx_room(&q->tx), room, 2 * room);
	esv_tx_count(q, skb, !stopped);
	more = netdev_xmit_more();
	if (__netdev_tx_sent_queue(txq, skb->len, more) || !stopped)
		esv_tx_kick(q);
	return NETDEV_TX_OK;

drop:
	dev_kfree_skb_any(skb);
out:
	if (!netdev_xmit_more())
		esv_tx_kick(q);
	return NETDEV_TX_OK;
}

/* Free what the device has consumed. */
void esv_tx_clean(struct esv_queue *q, int budget)
{
	struct esv_txq *tx = &q->tx;
	unsigned int packets = 0, bytes = 0;
	u32 head = le32_to_cpu(READ_ONCE(tx->shadow->head));
	u32 clean = tx->clean;

	dma_rmb(); /* the device is done with the entries below head */
	if (!esv_ring_head_ok(clean, head, READ_ONCE(tx->kicked))) {
		esv_count(q->edev, ESV_SW_DEV_BAD_TX_HEAD);
		esv_reset_schedule(q->edev, ESV_RESET_FATAL);
		return;
	}
	for (; clean != head; clean++) {
		struct esv_tx_buf *buf = &tx->bufs[clean & (tx->size - 1)];

		esv_tx_unmap(&q->edev->pdev->dev, buf);
		if (!buf->skb)
			continue;
		packets++;
		bytes += buf->bytes;
		napi_consume_skb(buf->skb, budget);
		buf->skb = NULL;
	}
	WRITE_ONCE(tx->clean, clean);
	netif_txq_completed_wake(esv_tx_netdev_queue(q), packets, bytes, esv_tx_room(tx),
				 2 * esv_tx_stop_room(q->edev));
}

int esv_tx_alloc(struct esv_queue *q, unsigned int size)
{
	struct esv_txq *tx = &q->tx;

	tx->size = size;
	tx->ring = dma_alloc_coherent(&q->edev->pdev->dev, size * sizeof(*tx->ring),
				      &tx->ring_dma, GFP_KERNEL);
	tx->bufs = kvcalloc(size, sizeof(*tx->bufs), GFP_KERNEL);
	return tx->ring && tx->bufs ? 0 : -ENOMEM;
}

/* The device has stopped: frames that were under way are lost. */
static void esv_tx_discard(struct esv_queue *q)
{
	struct esv_txq *tx = &q->tx;

	for (; tx->clean != tx->tail; tx->clean++) {
		struct esv_tx_buf *buf = &tx->bufs[tx->clean & (tx->size - 1)];

		esv_tx_unmap(&q->edev->pdev->dev, buf);
		dev_kfree_skb_any(buf->skb);
	}
}

void esv_tx_free(struct esv_queue *q)
{
	struct esv_txq *tx = &q->tx;

	if (tx->bufs)
		esv_tx_discard(q);
	kvfree(tx->bufs);
	if (tx->ring)
		dma_free_coherent(&q->edev->pdev->dev, tx->size * sizeof(*tx->ring), tx->ring,
				  tx->ring_dma);
}
