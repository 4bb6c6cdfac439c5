/* SPDX-License-Identifier: GPL-2.0 */
/* espvault: registers, identity and reset of the device. */
#ifndef _ESV_HW_H
#define _ESV_HW_H

#include <linux/io.h>

#include "esv.h"

#define ESV_GONE	(~0u)	/* what a device that left the bus reads as */

static inline u32 esv_rd(const struct esv_dev *edev, u32 reg)
{
	return readl(edev->regs + reg);
}

static inline void esv_wr(const struct esv_dev *edev, u32 reg, u32 val)
{
	writel(val, edev->regs + reg);
}

/* Write a 64-bit address to a register pair; lo is the name of the first. */
static inline void esv_wr_addr(const struct esv_dev *edev, u32 lo, u64 addr)
{
	esv_wr(edev, lo, lower_32_bits(addr));
	esv_wr(edev, lo + 4, upper_32_bits(addr));
}

/*
 * Ring the doorbell if the device sleeps (RNG-5): entries, barrier, tail, full
 * barrier, db_want. @sh is shared with the device, @tail ours. True: it rang.
 */
static inline bool esv_submit(const struct esv_dev *edev, struct esv_shadow *sh,
			      u32 tail, u32 doorbell)
{
	dma_wmb();
	WRITE_ONCE(sh->tail, cpu_to_le32(tail));
	mb(); /* the device sees tail, or we see that it wants the bell */
	if (!READ_ONCE(sh->db_want))
		return false;
	esv_wr(edev, doorbell, 1);
	return true;
}

/* Ask for an interrupt once more than @seen completions are there (RNG-6). */
static inline void esv_irq_arm(struct esv_shadow *sh, u32 seen)
{
	WRITE_ONCE(sh->irq_at, cpu_to_le32(seen));
	mb(); /* the device sees irq_at, or we see its completion */
}

/**
 * esv_hw_identify() - is this our device, and do we understand it?
 * @edev: device with BAR 0 mapped; versions and capabilities are filled in
 *
 * Return: 0, or a negative errno after one message that says what is wrong.
 */
int esv_hw_identify(struct esv_dev *edev);

/**
 * esv_hw_reset() - reset the device and wait until it is ready again
 * @edev: device
 * @reason: goes into its RESET_REASON register
 *
 * Sleeps for up to the time that the device gives for itself. Afterwards the
 * device does no DMA until esv_hw_enable().
 *
 * Return: 0, -ENODEV if it is gone, -ETIMEDOUT if it does not come back.
 */
int esv_hw_reset(struct esv_dev *edev, enum esv_reset_reason reason);

/* After FLR: wait until the device is ready. Errors as esv_hw_reset(). */
int esv_hw_wait_ready(struct esv_dev *edev);

/* Admin and event rings are programmed: let the device run. */
int esv_hw_enable(struct esv_dev *edev);

/* Read what may change with a reset: mode, epoch, generation. */
void esv_hw_refresh(struct esv_dev *edev);

/* Milliseconds that the device gives itself for a command. */
unsigned int esv_hw_command_ms(struct esv_dev *edev);

/* Permanent address of the port. */
void esv_hw_mac(struct esv_dev *edev, u8 *mac);

#endif
