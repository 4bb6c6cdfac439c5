/* SPDX-License-Identifier: GPL-2.0 */
/* espvault: queue pairs, their rings and buffers. */
#ifndef _ESV_QUEUE_H
#define _ESV_QUEUE_H

#include <linux/u64_stats_sync.h>
#include <net/xdp.h>

#include "esv.h"

/* Two of the largest frames must fit. */
#define ESV_RING_MIN	64

/* How the queues are or should be. */
struct esv_config {
	unsigned int num_queues;
	unsigned int tx_ring;
	unsigned int rx_ring;
	unsigned int mtu;
};

/* Of a queue pair; outlives the queue itself. */
struct esv_queue_stats {
	struct u64_stats_sync rx_sync;
	u64_stats_t rx_packets;
	u64_stats_t rx_bytes;
	u64_stats_t rx_csum_ok;
	u64_stats_t rx_crypto;
	struct u64_stats_sync tx_sync;
	u64_stats_t tx_packets;
	u64_stats_t tx_bytes;
	u64_stats_t tx_tso;
	u64_stats_t tx_doorbells;
	u64_stats_t tx_stops;
};

struct esv_tx_buf {
	struct sk_buff *skb;	/* in the last entry of a frame */
	dma_addr_t dma;
	u32 len;
	u32 bytes;		/* of the frame, for BQL; in the last entry */
	bool page;		/* mapped as a page */
};

struct esv_txq {
	u32 tail;		/* ours: entries written */
	u32 kicked;		/* tail as the device knows it */
	u32 size;
	struct esv_tx_desc *ring;
	struct esv_tx_buf *bufs;
	struct esv_shadow *shadow;
	u32 doorbell;
	dma_addr_t ring_dma;

	u32 clean ____cacheline_aligned_in_smp;	/* ours: entries freed */
};

struct esv_rx_buf {
	struct page *page;	/* NULL: the tag is free */
	unsigned int offset;
};

/* SA of the last frame that was decrypted; good within one run of esv_rx_clean(), under RCU. */
struct esv_sa_hit {
	struct esv_sa *sa;
	u32 handle;
};

struct esv_rxq {
	u32 tail;		/* ours: buffers posted */
	u32 seen;		/* completions taken */
	u32 size;
	unsigned int cq_log2;
	unsigned int buf_len;	/* bytes that the device may fill */
	unsigned int truesize;	/* bytes of memory behind one buffer */
	bool starved;		/* a page could not be had */
	bool skip;		/* rest of a frame that is dropped */
	struct sk_buff *skb;	/* frame that goes on in the next completion */
	struct esv_rx_cqe first;	/* its first completion */
	struct esv_sa_hit hit;
	struct esv_rx_desc *ring;
	struct esv_rx_cqe *cq;
	struct esv_rx_buf *bufs;
	u16 *free_tags;
	unsigned int nr_free;
	struct page_pool *pool;
	struct esv_shadow *shadow;
	u32 doorbell;
	dma_addr_t ring_dma;
	dma_addr_t cq_dma;
};

struct esv_queue {
	struct esv_dev *edev;
	struct esv_queue_stats *stats;
	unsigned int index;
	unsigned int vector;
	bool irq_live;
	bool napi_live;
	struct napi_struct napi;
	struct esv_shadow *shadows;	/* page that holds both */
	dma_addr_t shadows_dma;
	char name[IFNAMSIZ + 8];
	struct esv_txq tx;
	struct esv_rxq rx;
};

#define ESV_SHADOW_TX	0
#define ESV_SHADOW_RX	1

/* esv_queue.c: memory only; the device does not know of it yet. */
struct esv_queue **esv_queues_alloc(struct esv_dev *edev, const struct esv_config *cfg);
void esv_queues_free(struct esv_dev *edev, struct esv_queue **queues, unsigned int n);

/* Interrupts and NAPI of all edev->queues. */
int esv_queues_start(struct esv_dev *edev);
void esv_queues_stop(struct esv_dev *edev);

/* Tell the device about all edev->queues, or make it forget them. */
int esv_queues_create(struct esv_dev *edev);
int esv_queues_destroy(struct esv_dev *edev);

/* Watchdog: take up what a lost interrupt or a lack of memory has left. */
void esv_queues_rescue(struct esv_dev *edev);

/* esv_tx.c */
int esv_tx_alloc(struct esv_queue *q, unsigned int size);
void esv_tx_free(struct esv_queue *q);
void esv_tx_clean(struct esv_queue *q, int budget);
netdev_tx_t esv_start_xmit(struct sk_buff *skb, struct net_device *netdev);

/* esv_rx.c */
int esv_rx_alloc(struct esv_queue *q, unsigned int size, unsigned int mtu);
void esv_rx_free(struct esv_queue *q);
void esv_rx_refill(struct esv_queue *q);
int esv_rx_clean(struct esv_queue *q, int budget);
bool esv_rx_pending(const struct esv_rxq *rx);

#endif
