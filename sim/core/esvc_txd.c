// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Transmit descriptors: from the ring to one checked frame in tx_buf.
 *
 * Descriptors are copied before anything is decided from them: the guest may
 * rewrite the ring while the device works (TXD-1).
 */
#include "esvc_ring.h"
#include "esvc_txd.h"

#define ETH_HLEN	14

static uint32_t tx_object(unsigned int q)
{
	return 2 * q;
}

/* Copy n descriptors from ring position pos; at most two reads. */
static int copy_in(struct esvc_dev *dev, const struct esvc_ring *r, uint32_t pos, struct esv_tx_desc *dst,
		   uint32_t n)
{
	uint32_t index = pos & r->mask;
	uint32_t first = r->mask + 1 - index;
	int err;

	if (first > n)
		first = n;
	err = esvc_dma_read(dev, r->base + (uint64_t)index * sizeof(*dst), dst, first * sizeof(*dst));
	if (err || first == n)
		return err;
	return esvc_dma_read(dev, r->base, dst + first, (n - first) * sizeof(*dst));
}

/* The copy of need descriptors from head on; NULL: ring out of reach. */
static const struct esv_tx_desc *cached(struct esvc_dev *dev, struct esvc_txq *t, uint32_t need)
{
	uint32_t skip = t->r.head - t->cache_at, n;

	_Static_assert(ESVC_DESC_CACHE >= ESVC_MAX_FRAGS, "a frame's descriptors fit");
	if (t->cache_n && skip < t->cache_n && t->cache_n - skip >= need)
		return t->cache + skip;
	n = esvc_ring_avail(&t->r);
	if (n > ESVC_DESC_CACHE)
		n = ESVC_DESC_CACHE;
	t->cache_n = 0;
	if (copy_in(dev, &t->r, t->r.head, t->cache, n))
		return NULL;
	t->cache_at = t->r.head;
	t->cache_n = n;
	return t->cache;
}

/* SOP on the first, EOP on the last, nothing in between. */
static unsigned int check_shape(const struct esv_tx_desc *d, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		uint16_t flags = le16toh(d[i].flags);

		if (!!(flags & ESV_TXD_SOP) != (i == 0))
			return ESV_QERR_SOP;
		if (!!(flags & ESV_TXD_EOP) != (i == nr - 1))
			return ESV_QERR_EOP;
	}
	return 0;
}

static unsigned int check_flags(const struct esvc_dev *dev, const struct esv_tx_desc *d, unsigned int nr)
{
	uint16_t first = le16toh(d[0].flags);

	if (first & ~ESV_TXD_KNOWN)
		return ESV_QERR_FLAGS;
	for (unsigned int i = 1; i < nr; i++)
		if (le16toh(d[i].flags) & ~ESV_TXD_EOP)
			return ESV_QERR_FLAGS;
	if (first & ESV_TXD_CSUM && !(dev->features & ESV_OFF_TX_CSUM))
		return ESV_QERR_FLAGS;
	if (first & ESV_TXD_TSO && !(dev->features & (ESV_OFF_TSO4 | ESV_OFF_TSO6)))
		return ESV_QERR_FLAGS;
	if (d[0].vlan_tci || d[0].rsvd0 || d[0].rsvd1)
		return ESV_QERR_RESERVED;
	return 0;
}

/* Sum of the lengths; 0: one is empty or the sum is out of range. */
static uint32_t total_len(const struct esv_tx_desc *d, unsigned int nr)
{
	uint32_t total = 0;

	for (unsigned int i = 0; i < nr; i++) {
		if (!d[i].len)
			return 0;
		total += le16toh(d[i].len);
	}
	return total >= ETH_HLEN && total <= ESVC_MAX_TSO ? total : 0;
}

static unsigned int check_offloads(const struct esvc_tx_frame *f)
{
	if (f->is_tso)
		return !f->mss || f->hdr_len < ETH_HLEN || f->hdr_len > ESVC_MAX_HDR ||
		       f->hdr_len >= f->len ? ESV_QERR_TSO : 0;
	if (f->flags & ESV_TXD_CSUM &&
	    (f->csum_start < ETH_HLEN || (uint32_t)f->csum_start + f->csum_offset + 2 > f->len))
		return ESV_QERR_CSUM;
	return 0;
}

static unsigned int take_fields(struct esvc_dev *dev, unsigned int q, const struct esv_tx_desc *d,
				unsigned int nr)
{
	struct esvc_tx_frame *f = &dev->tx;
	unsigned int bad = check_flags(dev, d, nr);

	if (bad)
		return bad;
	f->active = false;
	f->ready = false;
	f->queue = (uint16_t)q;
	f->nr_desc = (uint8_t)nr;
	f->flags = le16toh(d[0].flags);
	f->is_tso = f->flags & ESV_TXD_TSO;
	f->sa_handle = le32toh(d[0].sa_handle);
	f->mss = le16toh(d[0].mss);
	f->hdr_len = le16toh(d[0].hdr_len);
	f->csum_start = le16toh(d[0].csum_start);
	f->csum_offset = le16toh(d[0].csum_offset);
	f->len = total_len(d, nr);
	if (!f->len)
		return ESV_QERR_LENGTH;
	return check_offloads(f);
}

static int gather(struct esvc_dev *dev, const struct esv_tx_desc *d, unsigned int nr)
{
	uint8_t *p = dev->tx_buf + ESVC_HEADROOM;

	for (unsigned int i = 0; i < nr; i++) {
		size_t len = le16toh(d[i].len);
		int err = esvc_dma_read(dev, le64toh(d[i].addr), p, len);

		if (err)
			return err;
		p += len;
	}
	return 0;
}

static enum esvc_txd_result drop(struct esvc_dev *dev, unsigned int q, uint32_t skip, enum esv_counter c,
				 unsigned int reason)
{
	struct esvc_ring *r = &dev->txq[q].r;
	uint32_t pos = r->head;

	r->head += skip;
	esvc_count(dev, c);
	esvc_queue_error(dev, r, tx_object(q), pos, reason);
	return ESVC_TXD_DROPPED;
}

enum esvc_txd_result esvc_txd_fetch(struct esvc_dev *dev, unsigned int q)
{
	struct esvc_txq *t = &dev->txq[q];
	uint32_t avail = esvc_ring_avail(&t->r);
	const struct esv_tx_desc *d;
	unsigned int nr, bad;

	if (!avail)
		return ESVC_TXD_NONE;
	d = cached(dev, t, 1);
	if (!d)
		return drop(dev, q, avail, ESV_C_TX_DROP_DMA, ESV_QERR_DMA);
	nr = d->nr_desc;
	if (!(le16toh(d->flags) & ESV_TXD_SOP))
		return drop(dev, q, avail, ESV_C_TX_DROP_DESC, ESV_QERR_SOP);
	if (!nr || nr > ESVC_MAX_FRAGS)
		return drop(dev, q, avail, ESV_C_TX_DROP_DESC, ESV_QERR_NR_DESC);
	if (nr > avail)
		return ESVC_TXD_NONE;
	d = cached(dev, t, nr);
	if (!d)
		return drop(dev, q, avail, ESV_C_TX_DROP_DMA, ESV_QERR_DMA);
	/* A second copy may differ from the first: judge this one alone. */
	bad = d->nr_desc != nr ? ESV_QERR_NR_DESC : check_shape(d, nr);
	if (bad)
		return drop(dev, q, avail, ESV_C_TX_DROP_DESC, bad);
	bad = take_fields(dev, q, d, nr);
	if (bad)
		return drop(dev, q, nr, ESV_C_TX_DROP_DESC, bad);
	if (gather(dev, d, nr))
		return drop(dev, q, nr, ESV_C_TX_DROP_DMA, ESV_QERR_DMA);
	return ESVC_TXD_FRAME;
}
