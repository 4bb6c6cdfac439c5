/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shadows: tail and doorbell suppression (RNG-5), interrupts by index (RNG-6).
 */
#ifndef ESVC_RING_H
#define ESVC_RING_H

#include "esvc_dev.h"

/* Fresh ring; writes head 0 and db_want to the shadow. 0 or a negative errno of the DMA. */
int esvc_ring_start(struct esvc_dev *dev, struct esvc_ring *r, uint64_t base, uint64_t shadow,
		    unsigned int log2, uint16_t vector, bool want);

/* Read tail. 0, -EIO: shadow out of reach, -EPROTO: tail further from head than the ring is long. */
int esvc_ring_pull(struct esvc_dev *dev, struct esvc_ring *r);

/* Write head and db_want. 0 or -EIO. */
int esvc_ring_push(struct esvc_dev *dev, struct esvc_ring *r);

/*
 * Ask for a doorbell, then look once more. 1: there is work after all, 0: sleep,
 * or an error of pull or push.
 */
int esvc_ring_sleep(struct esvc_dev *dev, struct esvc_ring *r);

/* No doorbells while we are at work. 0 or -EIO. */
int esvc_ring_wake(struct esvc_dev *dev, struct esvc_ring *r);

/* Entries between head and the last tail read. */
static inline uint32_t esvc_ring_avail(const struct esvc_ring *r)
{
	return r->tail - r->head;
}

/*
 * The driver can see count completions now: was irq_at passed since the last
 * call? 1: raise the interrupt, 0: don't, -EIO.
 */
int esvc_ring_irq_due(struct esvc_dev *dev, struct esvc_ring *r, uint32_t count);
/* The same, and raise it. 0 or -EIO. */
int esvc_ring_irq(struct esvc_dev *dev, struct esvc_ring *r, uint32_t count);

/* Raise a vector, unless a fault eats it. */
void esvc_irq(struct esvc_dev *dev, unsigned int vector);

#endif
