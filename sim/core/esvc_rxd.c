// SPDX-License-Identifier: GPL-2.0-or-later
/* Receive buffers and completions: one frame into the guest's memory (RXC-1 ff). */
#include "esvc_fault.h"
#include "esvc_ring.h"
#include "esvc_rxd.h"

static int copy_in(struct esvc_dev *dev, const struct esvc_ring *r, struct esv_rx_desc *dst, uint32_t n)
{
	uint32_t index = r->head & r->mask;
	uint32_t first = r->mask + 1 - index;
	int err;

	if (first > n)
		first = n;
	err = esvc_dma_read(dev, r->base + (uint64_t)index * sizeof(*dst), dst, first * sizeof(*dst));
	if (err || first == n)
		return err;
	return esvc_dma_read(dev, r->base, dst + first, (n - first) * sizeof(*dst));
}

/* Private copies of the next n buffers, n <= ESVC_DESC_CACHE; NULL: ring out of reach. */
static const struct esv_rx_desc *cached(struct esvc_dev *dev, struct esvc_rxq *q, uint32_t n)
{
	uint32_t skip = q->r.head - q->cache_at;
	uint32_t avail = esvc_ring_avail(&q->r);

	if (q->cache_n && skip < q->cache_n && q->cache_n - skip >= n)
		return q->cache + skip;
	if (avail > ESVC_DESC_CACHE)
		avail = ESVC_DESC_CACHE;
	q->cache_n = 0;
	if (copy_in(dev, &q->r, q->cache, avail))
		return NULL;
	q->cache_at = q->r.head;
	q->cache_n = avail;
	return q->cache;
}

static int kill_queue(struct esvc_dev *dev, int err)
{
	struct esvc_rxq *q = &dev->rxq[dev->rx.queue];

	esvc_count(dev, ESV_C_RX_DROP_DMA);
	esvc_queue_error(dev, &q->r, 2u * dev->rx.queue + 1, q->r.head,
			 err == -EPROTO ? ESV_QERR_TAIL : ESV_QERR_SHADOW);
	return 0;
}

/* 0: n buffers are there, -EAGAIN: not, or an error of the shadow. */
static int want_buffers(struct esvc_dev *dev, struct esvc_ring *r, uint32_t n)
{
	int err;

	if (esvc_ring_avail(r) >= n)
		return 0;
	err = esvc_ring_pull(dev, r);
	if (err)
		return err;
	if (esvc_ring_avail(r) < n) {
		err = esvc_ring_sleep(dev, r);
		if (err < 0)
			return err;
	}
	if (esvc_ring_avail(r) < n)
		return -EAGAIN;
	return esvc_ring_wake(dev, r);
}

/* Write the frame; returns buffers used, or -(i + 1) when buffer i is bad, with the reason in *qerr. */
static int fill(struct esvc_dev *dev, const struct esv_rx_desc *d, unsigned int n, unsigned int buf_len,
		unsigned int *qerr)
{
	const struct esvc_buf *b = &dev->rx.buf;

	*qerr = ESV_QERR_DMA;
	if (esvc_fault_rx_buffer(dev))
		return -(int)n;
	for (unsigned int i = 0; i < n; i++) {
		size_t off = (size_t)i * buf_len;
		size_t len = b->len - off < buf_len ? b->len - off : buf_len;

		*qerr = d[i].rsvd ? ESV_QERR_RESERVED : ESV_QERR_LENGTH;
		if (d[i].rsvd || le16toh(d[i].len) < buf_len)
			return -(int)(i + 1);
		*qerr = ESV_QERR_DMA;
		if (esvc_dma_write(dev, le64toh(d[i].addr), b->data + off, len))
			return -(int)(i + 1);
	}
	return (int)n;
}

/* flags has the phase and is in the last word, which is written after the rest (RNG-9). */
static int put_cqe(struct esvc_dev *dev, struct esvc_rxq *q, struct esv_rx_cqe *c)
{
	uint64_t addr = q->cq + (uint64_t)(q->r.head & q->cq_mask) * sizeof(*c);
	const uint8_t *p = (const uint8_t *)c;
	int err;

	_Static_assert(sizeof(*c) == 32 && offsetof(struct esv_rx_cqe, flags) == 31, "flags come last");
	if (!(q->r.head & (q->cq_mask + 1)))
		c->flags |= ESV_RXC_PHASE;
	q->r.head++;
	err = esvc_dma_write(dev, addr, p, 28);
	if (err)
		return err;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return esvc_dma_write(dev, addr + 28, p + 28, 4);
}

static void first_cqe(const struct esvc_rx_frame *f, struct esv_rx_cqe *c)
{
	c->sa_handle = htole32(f->meta.sa_handle);
	c->spd_id = htole32(f->meta.policy);
	c->hash = htole32(f->hash);
	c->seq_lo = htole32(f->meta.seq_lo);
	c->inner_type = htole16(f->inner_type);
	c->hash_type = f->hash_type;
	c->csum = f->csum;
	c->crypto = f->counter == ESV_C_RX_ESP ? ESV_RX_CRYPTO_OK : ESV_RX_CRYPTO_NONE;
}

static int complete(struct esvc_dev *dev, struct esvc_rxq *q, const struct esv_rx_desc *d, unsigned int n)
{
	const struct esvc_rx_frame *f = &dev->rx;

	for (unsigned int i = 0; i < n; i++) {
		size_t left = f->buf.len - (size_t)i * q->buf_len;
		struct esv_rx_cqe c = { .tag = d[i].tag, .flags = f->cqe_flags };
		int err;

		if (!i)
			first_cqe(f, &c);
		if (i + 1 < n)
			c.flags |= ESV_RXC_MORE;
		c.len = htole16((uint16_t)(left < q->buf_len ? left : q->buf_len));
		err = put_cqe(dev, q, &c);
		if (err)
			return err;
	}
	return 0;
}

/* Hand n buffers back unused: completions of no length (RXC-6). */
static int give_back(struct esvc_dev *dev, struct esvc_rxq *q, const struct esv_rx_desc *d, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct esv_rx_cqe c = { .tag = d[i].tag };
		int err = put_cqe(dev, q, &c);

		if (err)
			return err;
	}
	return 0;
}

static int interrupt(struct esvc_dev *dev, struct esvc_ring *r)
{
	int due = esvc_ring_irq_due(dev, r, r->head);

	if (due <= 0)
		return due;
	if (esvc_ring_push(dev, r))
		return -EIO;
	esvc_irq(dev, r->vector);
	return 0;
}

static void count_frame(struct esvc_dev *dev)
{
	esvc_count(dev, ESV_C_RX_FRAMES);
	esvc_count(dev, dev->rx.counter);
	dev->counters[ESV_C_RX_BYTES] += dev->rx.buf.len;
}

/* Into the buffers, which are there. 0 or an error of the ring itself. */
static int put(struct esvc_dev *dev, struct esvc_rxq *q, unsigned int n)
{
	const struct esv_rx_desc *d = cached(dev, q, n);
	unsigned int qerr = 0;
	int used, err;

	if (!d)
		return -EIO;
	used = fill(dev, d, n, q->buf_len, &qerr);
	if (used > 0) {
		err = complete(dev, q, d, n);
		if (!err)
			count_frame(dev);
	} else {
		esvc_queue_error(dev, &q->r, 2u * dev->rx.queue + 1, q->r.head + (unsigned int)-used - 1, qerr);
		err = give_back(dev, q, d, (unsigned int)-used);
		if (!err)
			esvc_count(dev, ESV_C_RX_DROP_DMA);
	}
	return err ? -EIO : 0;
}

int esvc_rxd_put(struct esvc_dev *dev)
{
	struct esvc_rxq *q = &dev->rxq[dev->rx.queue];
	size_t n = (dev->rx.buf.len + q->buf_len - 1) / q->buf_len;
	int err;

	if (n > q->r.mask + 1 || n > ESVC_DESC_CACHE) {
		esvc_count(dev, ESV_C_RX_DROP_LENGTH);
		return 0;
	}
	err = want_buffers(dev, &q->r, (uint32_t)n);
	if (err == -EAGAIN)
		return err;
	if (err)
		return kill_queue(dev, err);
	q->starved = false;
	err = put(dev, q, (unsigned int)n);
	if (err)
		return kill_queue(dev, err);
	err = interrupt(dev, &q->r);
	if (err)
		/* The frame is with the driver and counted; only the queue is lost. */
		esvc_queue_error(dev, &q->r, 2u * dev->rx.queue + 1, q->r.head, ESV_QERR_SHADOW);
	return 0;
}
