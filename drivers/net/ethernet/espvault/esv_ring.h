/* SPDX-License-Identifier: GPL-2.0 */
/*
 * espvault: arithmetic of rings and shadows (clauses RNG-1 ff). Pure.
 *
 * Positions run freely modulo 2^32; the index is position mod ring size.
 */
#ifndef _ESV_RING_H
#define _ESV_RING_H

#include <linux/kernel.h>
#include <linux/types.h>

/* Entries that were submitted and not consumed yet. */
static inline u32 esv_ring_used(u32 tail, u32 head)
{
	return tail - head;
}

static inline u32 esv_ring_free(u32 size, u32 tail, u32 head)
{
	return size - (tail - head);
}

/* May the counterpart's position go from seen to now, while we are at tail? */
static inline bool esv_ring_head_ok(u32 seen, u32 now, u32 tail)
{
	return now - seen <= tail - seen;
}

/* Phase that an entry of a completion ring has when it is new, first pass 1. */
static inline u8 esv_ring_phase(u32 pos, unsigned int log2)
{
	return !((pos >> log2) & 1);
}

/* Does the count of completions pass irq_at when it goes from old to now? (RNG-6) */
static inline bool esv_ring_irq_due(u32 irq_at, u32 old, u32 now)
{
	return now - irq_at - 1 < now - old;
}

/*
 * Where a transmit queue wants its next interrupt: when three quarters of what
 * is on its way are done, so that frames are freed in batches, and at the
 * latest with the last one.
 */
static inline u32 esv_ring_tx_irq_at(u32 clean, u32 tail)
{
	u32 pending = tail - clean;

	return clean + pending - (pending + 3) / 4;
}

#endif
