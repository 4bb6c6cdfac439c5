// SPDX-License-Identifier: GPL-2.0
/*
 * espvault: receive (clauses RXD-1, RXC-1 ff).
 *
 * Buffers come from a page_pool and are handed up without a copy. The device
 * names the buffer that it filled by tag; nothing that it says is used as an
 * index or a length before it was checked.
 */

#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>

#include "esv_hw.h"
#include "esv_queue.h"
#include "esv_ring.h"

#define ESV_RX_HEADROOM		(NET_SKB_PAD + NET_IP_ALIGN)
#define ESV_RX_OVERHEAD		(ESV_RX_HEADROOM + \
				 SKB_DATA_ALIGN(sizeof(struct skb_shared_info)))
#define ESV_RX_ALIGN		64	/* of a buffer's length */
#define ESV_RX_SMALL		2048
#define ESV_RX_LARGE		4096

/* Post new buffers in batches: one write of the shadow for many. */
#define ESV_RX_BATCH		16

bool esv_rx_pending(const struct esv_rxq *rx)
{
	const struct esv_rx_cqe *cqe = &rx->cq[rx->seen & ((1u << rx->cq_log2) - 1)];

	return (READ_ONCE(cqe->flags) & ESV_RXC_PHASE) == esv_ring_phase(rx->seen, rx->cq_log2);
}

static bool esv_rx_post(struct esv_queue *q)
{
	struct esv_rxq *rx = &q->rx;
	struct esv_rx_desc *d = &rx->ring[rx->tail & (rx->size - 1)];
	unsigned int offset;
	struct page *page;
	u16 tag;

	page = page_pool_dev_alloc_frag(rx->pool, &offset, rx->truesize);
	if (!page)
		return false;
	tag = rx->free_tags[--rx->nr_free];
	rx->bufs[tag].page = page;
	rx->bufs[tag].offset = offset;
	d->addr = cpu_to_le64(page_pool_get_dma_addr(page) + offset + ESV_RX_HEADROOM);
	d->len = cpu_to_le16(rx->buf_len);
	d->tag = cpu_to_le16(tag);
	d->rsvd = 0;
	rx->tail++;
	return true;
}

void esv_rx_refill(struct esv_queue *q)
{
	struct esv_rxq *rx = &q->rx;
	u32 old = rx->tail;

	while (rx->nr_free && esv_rx_post(q))
		;
	/* With buffers left the next frame brings us back here; else the watchdog does. */
	if (rx->nr_free)
		esv_count(q->edev, ESV_SW_RX_NO_PAGE);
	WRITE_ONCE(rx->starved, rx->nr_free == rx->size);
	if (rx->tail != old)
		esv_submit(q->edev, rx->shadow, rx->tail, rx->doorbell);
}

static void esv_rx_violation(struct esv_queue *q, enum esv_sw_counter c)
{
	esv_count(q->edev, c);
	esv_reset_schedule(q->edev, ESV_RESET_FATAL);
}

/* The next completion, copied out of the device's reach. */
static bool esv_rx_take(struct esv_rxq *rx, struct esv_rx_cqe *copy)
{
	if (!esv_rx_pending(rx))
		return false;
	dma_rmb(); /* flags were written last */
	memcpy(copy, &rx->cq[rx->seen & ((1u << rx->cq_log2) - 1)], sizeof(*copy));
	rx->seen++;
	return true;
}

/*
 * The buffer that a completion names becomes ours. NULL: it names none. One of
 * no length hands the buffer back (RXC-6), but not in the middle of a frame.
 */
static struct page *esv_rx_claim(struct esv_queue *q, const struct esv_rx_cqe *cqe,
				 unsigned int *offset)
{
	struct esv_rxq *rx = &q->rx;
	u16 tag = le16_to_cpu(cqe->tag);
	u16 len = le16_to_cpu(cqe->len);
	struct page *page;

	if (tag >= rx->size || !rx->bufs[tag].page) {
		esv_rx_violation(q, ESV_SW_DEV_BAD_RX_TAG);
		return NULL;
	}
	if (len > rx->buf_len || (!len && (cqe->flags & ESV_RXC_MORE))) {
		esv_rx_violation(q, ESV_SW_DEV_BAD_RX_LEN);
		return NULL;
	}
	page = rx->bufs[tag].page;
	*offset = rx->bufs[tag].offset;
	rx->bufs[tag].page = NULL;
	rx->free_tags[rx->nr_free++] = tag;
	dma_sync_single_range_for_cpu(&q->edev->pdev->dev, page_pool_get_dma_addr(page),
				      *offset + ESV_RX_HEADROOM, len, DMA_FROM_DEVICE);
	return page;
}

static struct sk_buff *esv_rx_begin(struct esv_queue *q, struct page *page, unsigned int offset,
				    unsigned int len)
{
	void *va = page_address(page) + offset;
	struct sk_buff *skb;

	net_prefetch(va + ESV_RX_HEADROOM);
	skb = napi_build_skb(va, q->rx.truesize);
	if (!skb) {
		esv_count(q->edev, ESV_SW_RX_NO_SKB);
		return NULL;
	}
	skb_mark_for_recycle(skb);
	skb_reserve(skb, ESV_RX_HEADROOM);
	__skb_put(skb, len);
	return skb;
}

static bool esv_rx_append(struct esv_queue *q, struct sk_buff *skb, struct page *page,
			  unsigned int offset, unsigned int len)
{
	unsigned int n = skb_shinfo(skb)->nr_frags;

	if (n == MAX_SKB_FRAGS) {
		esv_rx_violation(q, ESV_SW_DEV_BAD_RX_CHAIN);
		return false;
	}
	skb_add_rx_frag(skb, n, page, offset + ESV_RX_HEADROOM, len, q->rx.truesize);
	return true;
}

static void esv_rx_meta(struct esv_queue *q, struct sk_buff *skb, const struct esv_rx_cqe *cqe)
{
	netdev_features_t features = q->edev->netdev->features;

	if ((features & NETIF_F_RXHASH) && cqe->hash_type != ESV_HASH_NONE)
		skb_set_hash(skb, le32_to_cpu(cqe->hash),
			     cqe->hash_type == ESV_HASH_L4 ? PKT_HASH_TYPE_L4 : PKT_HASH_TYPE_L3);
	if ((features & NETIF_F_RXCSUM) && (cqe->csum & ESV_RXC_CSUM_L4))
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb_record_rx_queue(skb, q->index);
	skb->protocol = eth_type_trans(skb, q->edev->netdev);
}

static void esv_rx_stats(struct esv_queue *q, unsigned int packets, unsigned int bytes,
			 unsigned int csum, unsigned int crypto)
{
	struct esv_queue_stats *st = q->stats;

	u64_stats_update_begin(&st->rx_sync);
	u64_stats_add(&st->rx_packets, packets);
	u64_stats_add(&st->rx_bytes, bytes);
	u64_stats_add(&st->rx_csum_ok, csum);
	u64_stats_add(&st->rx_crypto, crypto);
	u64_stats_update_end(&st->rx_sync);
}

/* A whole frame goes up. Returns its bytes, 0 if it was dropped. */
static unsigned int esv_rx_deliver(struct esv_queue *q, struct sk_buff *skb,
				   const struct esv_rx_cqe *cqe)
{
	unsigned int len = skb->len;

	if (skb_headlen(skb) < ETH_HLEN) {
		esv_rx_violation(q, ESV_SW_DEV_BAD_RX_LEN);
		goto drop;
	}
	if (cqe->crypto > ESV_RX_CRYPTO_OK) {
		esv_rx_violation(q, ESV_SW_DEV_BAD_RX_CRYPTO);
		goto drop;
	}
	esv_rx_meta(q, skb, cqe);
	if (cqe->crypto != ESV_RX_CRYPTO_NONE && !esv_ipsec_rx(q->edev, skb, cqe, &q->rx.hit)) {
		esv_count(q->edev, ESV_SW_RX_DROP_IPSEC);
		goto drop;
	}
	napi_gro_receive(&q->napi, skb);
	return len;

drop:
	dev_kfree_skb_any(skb);
	return 0;
}

/* One completion. Returns the frame if it is complete now; its meta is in rx->first. */
static struct sk_buff *esv_rx_one(struct esv_queue *q, const struct esv_rx_cqe *cqe)
{
	struct esv_rxq *rx = &q->rx;
	bool more = cqe->flags & ESV_RXC_MORE;
	u16 len = le16_to_cpu(cqe->len);
	struct sk_buff *skb = rx->skb;
	unsigned int offset;
	struct page *page;
	bool skip = rx->skip;

	rx->skb = NULL;
	rx->skip = more;
	page = esv_rx_claim(q, cqe, &offset);
	if (!page)
		goto drop;
	if (!len) {
		esv_count(q->edev, ESV_SW_RX_UNUSED);
		goto put;
	}
	if (skip)
		goto put;
	if (!skb) {
		rx->first = *cqe;
		skb = esv_rx_begin(q, page, offset, len);
		if (!skb)
			goto put;
	} else if (!esv_rx_append(q, skb, page, offset, len)) {
		goto put;
	}
	rx->skip = false;
	if (!more)
		return skb;
	rx->skb = skb;
	return NULL;

put:
	page_pool_put_full_page(rx->pool, page, true);
drop:
	dev_kfree_skb_any(skb);
	return NULL;
}

int esv_rx_clean(struct esv_queue *q, int budget)
{
	unsigned int packets = 0, bytes = 0, csum = 0, crypto = 0;
	struct esv_rxq *rx = &q->rx;
	unsigned int left = rx->size;
	struct esv_rx_cqe cqe;
	struct sk_buff *skb;
	int work = 0;

	rx->hit = (struct esv_sa_hit){};
	/* A device that never ends a frame does not keep us here for ever. */
	for (; work < budget && left && esv_rx_take(rx, &cqe); left--) {
		unsigned int len;

		work += !(cqe.flags & ESV_RXC_MORE);
		skb = esv_rx_one(q, &cqe);
		if (!skb)
			continue;
		len = esv_rx_deliver(q, skb, &rx->first);
		packets += !!len;
		bytes += len;
		csum += !!(rx->first.csum & ESV_RXC_CSUM_L4);
		crypto += rx->first.crypto != ESV_RX_CRYPTO_NONE;
		if (rx->nr_free >= rx->size / 2)
			esv_rx_refill(q);
	}
	if (rx->nr_free >= ESV_RX_BATCH || rx->nr_free == rx->size)
		esv_rx_refill(q);
	if (packets)
		esv_rx_stats(q, packets, bytes, csum, crypto);
	return left ? work : budget;
}

static int esv_rx_alloc_pool(struct esv_queue *q)
{
	struct page_pool_params pp = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV | ESV_PP_FLAG_FRAG,
		.pool_size = q->rx.size,
		.nid = dev_to_node(&q->edev->pdev->dev),
		.dev = &q->edev->pdev->dev,
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = PAGE_SIZE,
	};

	esv_page_pool_params(&pp, q->edev->netdev, &q->napi);
	q->rx.pool = page_pool_create(&pp);
	if (!IS_ERR(q->rx.pool))
		return 0;
	q->rx.pool = NULL;
	return -ENOMEM;
}

static void esv_rx_geometry(struct esv_rxq *rx, unsigned int mtu)
{
	unsigned int need = mtu + ETH_HLEN + 2 * VLAN_HLEN + ESV_RX_OVERHEAD + ESV_RX_ALIGN;

	rx->truesize = need <= ESV_RX_SMALL ? ESV_RX_SMALL : ESV_RX_LARGE;
	rx->buf_len = round_down(rx->truesize - ESV_RX_OVERHEAD, ESV_RX_ALIGN);
}

int esv_rx_alloc(struct esv_queue *q, unsigned int size, unsigned int mtu)
{
	struct device *dev = &q->edev->pdev->dev;
	struct esv_rxq *rx = &q->rx;
	unsigned int i;

	rx->size = size;
	rx->cq_log2 = ilog2(size);
	esv_rx_geometry(rx, mtu);
	rx->ring = dma_alloc_coherent(dev, size * sizeof(*rx->ring), &rx->ring_dma, GFP_KERNEL);
	rx->cq = dma_alloc_coherent(dev, size * sizeof(*rx->cq), &rx->cq_dma, GFP_KERNEL);
	rx->bufs = kvcalloc(size, sizeof(*rx->bufs), GFP_KERNEL);
	rx->free_tags = kvcalloc(size, sizeof(*rx->free_tags), GFP_KERNEL);
	if (!rx->ring || !rx->cq || !rx->bufs || !rx->free_tags)
		return -ENOMEM;
	for (i = 0; i < size; i++)
		rx->free_tags[i] = size - 1 - i;
	rx->nr_free = size;
	return esv_rx_alloc_pool(q);
}

void esv_rx_free(struct esv_queue *q)
{
	struct device *dev = &q->edev->pdev->dev;
	struct esv_rxq *rx = &q->rx;
	unsigned int i;

	dev_kfree_skb_any(rx->skb);
	for (i = 0; rx->bufs && i < rx->size; i++)
		if (rx->bufs[i].page)
			page_pool_put_full_page(rx->pool, rx->bufs[i].page, false);
	if (rx->pool)
		page_pool_destroy(rx->pool);
	kvfree(rx->free_tags);
	kvfree(rx->bufs);
	if (rx->cq)
		dma_free_coherent(dev, rx->size * sizeof(*rx->cq), rx->cq, rx->cq_dma);
	if (rx->ring)
		dma_free_coherent(dev, rx->size * sizeof(*rx->ring), rx->ring, rx->ring_dma);
}
