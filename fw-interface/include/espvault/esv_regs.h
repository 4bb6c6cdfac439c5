/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * espvault firmware interface: PCI identity, BAR map, registers, doorbells.
 *
 * All registers are 32 bits wide, little-endian, accessed as aligned 32-bit
 * words (REG-1). Anything else is ignored and reads as zero (REG-2).
 */
#ifndef ESPVAULT_ESV_REGS_H
#define ESPVAULT_ESV_REGS_H

#define ESV_PCI_VENDOR		0x1af4	/* experimental range of this vendor id */
#define ESV_PCI_DEVICE		0x10f5

#define ESV_BAR_REGS		0
#define ESV_BAR_MSIX		2
#define ESV_BAR0_SIZE		0x10000

#define ESV_MAGIC		0x31565345u	/* "ESV1" in memory order */
#define ESV_IF_MAJOR		1
#define ESV_IF_MINOR		1
#define ESV_IF_VERSION		((ESV_IF_MAJOR << 16) | ESV_IF_MINOR)

/* X(NAME, offset, access, text). Clause REG-10. */
#define ESV_REG_LIST(X) \
	X(MAGIC,        0x000, ro, "ESV_MAGIC; all ones means the device is gone") \
	X(IF_VERSION,   0x004, ro, "interface version, major in the high half") \
	X(FW_VERSION,   0x008, ro, "firmware version, major.minor.patch in bytes 2..0") \
	X(FUNCTION,     0x00c, ro, "function id in the low half, bit 16: virtual function") \
	X(CAP_OFF,      0x010, ro, "offset in BAR 0 of the first capability block, 0: none") \
	X(CAP_LEN,      0x014, ro, "bytes of all capability blocks") \
	X(CTRL,         0x018, rw, "ESV_CTRL_*") \
	X(STATUS,       0x01c, ro, "ESV_STATUS_*, generation in bits 15..8") \
	X(HEARTBEAT,    0x020, ro, "counts up while the device lives") \
	X(FATAL_CODE,   0x024, ro, "first fatal error since reset, 0: none") \
	X(FATAL_ARG0,   0x028, ro, "detail of the fatal error") \
	X(FATAL_ARG1,   0x02c, ro, "detail of the fatal error") \
	X(TIMEOUTS,     0x030, ro, "ms until ready in the low half, ms for a command in the high half") \
	X(EPOCH_LO,     0x034, ro, "epoch of the trusted unit") \
	X(EPOCH_HI,     0x038, ro, "epoch of the trusted unit") \
	X(RESET_REASON, 0x03c, ro, "reason of the last reset, ESV_RESET_*") \
	X(MODE,         0x040, ro, "ESV_MODE_*") \
	X(MAC_LO,       0x044, ro, "permanent address, bytes 0..3") \
	X(MAC_HI,       0x048, ro, "permanent address, bytes 4..5") \
	X(LINK,         0x04c, ro, "bit 0: carrier; Mbit/s in the high half") \
	X(ASQ_LO,       0x080, rw, "admin submission ring, address") \
	X(ASQ_HI,       0x084, rw, "admin submission ring, address") \
	X(ACQ_LO,       0x088, rw, "admin completion ring, address") \
	X(ACQ_HI,       0x08c, rw, "admin completion ring, address") \
	X(EQ_LO,        0x090, rw, "event ring, address") \
	X(EQ_HI,        0x094, rw, "event ring, address") \
	X(ADMIN_SHADOW_LO, 0x098, rw, "struct esv_shadow of the admin queue, address") \
	X(ADMIN_SHADOW_HI, 0x09c, rw, "struct esv_shadow of the admin queue, address") \
	X(EQ_SHADOW_LO, 0x0a0, rw, "struct esv_shadow of the event queue, address") \
	X(EQ_SHADOW_HI, 0x0a4, rw, "struct esv_shadow of the event queue, address") \
	X(ADMIN_SIZE,   0x0a8, rw, "log2 entries: ASQ and ACQ in bits 7..0, EQ in bits 15..8") \
	X(ADMIN_VECTOR, 0x0ac, rw, "MSI-X vector of admin completions and events") \
	X(TEST_INVERT,  0x0c0, rw, "reads back inverted") \
	X(TEST_IRQ,     0x0c4, wo, "fires the written vector") \
	X(TEST_DMA_LO,  0x0c8, rw, "page for the DMA test, address") \
	X(TEST_DMA_HI,  0x0cc, rw, "page for the DMA test, address") \
	X(TEST_DMA_GO,  0x0d0, rw, "write n: fill the page with the pattern of seed n; reads 0: running, 1: done, 2: failed")

/* The pattern of seed n: 1024 little-endian words, word i is this (REG-12). */
#define ESV_TEST_DMA_WORDS	1024
#define ESV_TEST_DMA_WORD(n, i)	((n) * 0x9e3779b1u + (i) * 0x85ebca6bu)

#define ESV_CTRL_ENABLE		(1u << 0)	/* rings are valid, device may run */
#define ESV_CTRL_RESET		(1u << 1)	/* self-clearing; reason in bits 15..8 */
#define ESV_CTRL_REASON_SHIFT	8

#define ESV_STAT_READY		(1u << 0)
#define ESV_STAT_ENABLED	(1u << 1)
#define ESV_STAT_NEEDS_RESET	(1u << 2)
#define ESV_STAT_FATAL		(1u << 3)
#define ESV_STAT_GEN_SHIFT	8		/* 8 bits, +1 with every reset */

/* FATAL_CODE (REG-14). After a fatal error the device works on no ring until it is reset. */
enum esv_fatal {
	ESV_FATAL_CONFIG = 1,		/* ENABLE with bad ring registers; arg0: offset of the first bad one */
	ESV_FATAL_ADMIN_SHADOW = 2,	/* admin shadow out of reach, or tail further than the ring is long */
	ESV_FATAL_ADMIN_CQ = 3,		/* admin completion can't be written; arg0: its position */
	ESV_FATAL_EVENT = 4,		/* event ring or its shadow out of reach; arg0: its position */
};

#define ESV_MODE_STRICT		(1u << 0)	/* what matches nothing is dropped */
#define ESV_MODE_TEST		(1u << 1)	/* secrets can be read from outside: never for production */
#define ESV_MODE_HOST_KEYS	(1u << 2)	/* keys of the host are accepted (custody L1) */
#define ESV_MODE_SYNC		(1u << 3)	/* work is done inside the doorbell write */

/* Doorbells: one page per queue group, 8-byte slots. Payload-free: any write rings (DBL-1). */
#define ESV_DB_BASE		0x1000
#define ESV_DB_ADMIN		(ESV_DB_BASE + 0x0)
#define ESV_DB_EVENT		(ESV_DB_BASE + 0x8)
#define ESV_DB_QUEUE_BASE	0x2000
#define ESV_DB_QUEUE_STRIDE	0x8
#define ESV_DB_TX(q)		(ESV_DB_QUEUE_BASE + (2 * (q)) * ESV_DB_QUEUE_STRIDE)
#define ESV_DB_RX(q)		(ESV_DB_QUEUE_BASE + (2 * (q) + 1) * ESV_DB_QUEUE_STRIDE)
#define ESV_MAX_QUEUES		64	/* queue pairs */
#define ESV_MAX_VECTORS		(ESV_MAX_QUEUES + 1)

#define ESV_REG_ENUM(name, off, access, text) ESV_REG_##name = off,
enum esv_reg { ESV_REG_LIST(ESV_REG_ENUM) };

#endif
