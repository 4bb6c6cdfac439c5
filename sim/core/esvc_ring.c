// SPDX-License-Identifier: GPL-2.0-or-later
/* Shadows: tail and doorbell suppression (RNG-5), interrupts by index (RNG-6). */
#include "esvc_ring.h"
#include "esvc_fault.h"

/* The guest may run at the same time on another CPU: order our shadow accesses. */
static void full_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

int esvc_ring_start(struct esvc_dev *dev, struct esvc_ring *r, uint64_t base, uint64_t shadow,
		    unsigned int log2, uint16_t vector, bool want)
{
	memset(r, 0, sizeof(*r));
	r->base = base;
	r->shadow = shadow;
	r->mask = (1u << log2) - 1;
	r->vector = vector;
	r->want = want;
	r->live = true;
	return esvc_ring_push(dev, r);
}

int esvc_ring_pull(struct esvc_dev *dev, struct esvc_ring *r)
{
	__le32 tail;

	if (esvc_dma_read(dev, r->shadow + offsetof(struct esv_shadow, tail), &tail, sizeof(tail)))
		return -EIO;
	/* Entries are read after the tail that announced them. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (le32toh(tail) - r->head > r->mask + 1)
		return -EPROTO;
	r->tail = le32toh(tail);
	return 0;
}

int esvc_ring_push(struct esvc_dev *dev, struct esvc_ring *r)
{
	__le32 half[2] = { htole32(r->head), htole32(r->want) };

	_Static_assert(offsetof(struct esv_shadow, db_want) == offsetof(struct esv_shadow, head) + 4,
		       "head and db_want are written together");
	/* Completions are visible before the head that announces them. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (esvc_dma_write(dev, r->shadow + offsetof(struct esv_shadow, head), half, sizeof(half)))
		return -EIO;
	return 0;
}

int esvc_ring_sleep(struct esvc_dev *dev, struct esvc_ring *r)
{
	uint32_t before = r->tail;
	int err;

	if (!r->want) {
		r->want = true;
		err = esvc_ring_push(dev, r);
		if (err)
			return err;
	}
	full_barrier();
	err = esvc_ring_pull(dev, r);
	if (err)
		return err;
	return r->tail != before;
}

int esvc_ring_wake(struct esvc_dev *dev, struct esvc_ring *r)
{
	if (!r->want)
		return 0;
	r->want = false;
	return esvc_ring_push(dev, r);
}

int esvc_ring_irq_due(struct esvc_dev *dev, struct esvc_ring *r, uint32_t count)
{
	uint32_t old = r->irq_seen;
	__le32 irq_at;

	if (count == old)
		return 0;
	r->irq_seen = count;
	full_barrier();
	if (esvc_dma_read(dev, r->shadow + offsetof(struct esv_shadow, irq_at), &irq_at, sizeof(irq_at)))
		return -EIO;
	return count - le32toh(irq_at) - 1 < count - old;
}

int esvc_ring_irq(struct esvc_dev *dev, struct esvc_ring *r, uint32_t count)
{
	int due = esvc_ring_irq_due(dev, r, count);

	if (due > 0)
		esvc_irq(dev, r->vector);
	return due < 0 ? due : 0;
}

void esvc_irq(struct esvc_dev *dev, unsigned int vector)
{
	if (!esvc_fault_irq_lost(dev))
		dev->ops->irq(dev->opaque, vector);
}
