/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * espvault firmware interface: rings, shadows, transmit and receive descriptors.
 */
#ifndef ESPVAULT_ESV_DESC_H
#define ESPVAULT_ESV_DESC_H

#include <linux/types.h>

/*
 * Every queue has a shadow: 64 bytes of host memory, 64-byte aligned (RNG-3).
 * The driver writes the first half, the device the second. Positions run
 * freely modulo 2^32; the ring index is position mod ring size.
 *
 * Doorbell rule (RNG-5): driver writes entries, write barrier, tail, full
 * barrier, reads db_want; rings if it is not zero. Device: writes db_want = 1,
 * then reads tail once more before it sleeps; writes 0 while it works.
 *
 * Interrupt rule (RNG-6): device raises the vector when its count of
 * completions passes irq_at, i.e. when (new - irq_at - 1) < (new - old)
 * modulo 2^32. Driver: writes irq_at = the count that it has seen, full
 * barrier, looks once more.
 *
 * Completion rings are never overrun, because the driver posts no more than
 * they hold. The event ring can be: in its shadow tail counts the events that
 * the driver has taken, and the device keeps head - tail <= ring size (EVT-4).
 */
struct esv_shadow {
	__le32 tail;
	__le32 irq_at;
	__le32 rsvd0[6];
	__le32 head;		/* submission entries consumed; for TX also the completion count */
	__le32 db_want;
	__le32 rsvd1[6];
};

#define ESV_TXD_SOP		0x0001	/* first descriptor of a frame */
#define ESV_TXD_EOP		0x0002	/* last descriptor of a frame */
#define ESV_TXD_CSUM		0x0004	/* complete the L4 checksum at csum_start + csum_offset */
#define ESV_TXD_TSO		0x0008	/* segment by mss; hdr_len bytes are headers */
#define ESV_TXD_TAG		0x0010	/* sa_handle is valid */
#define ESV_TXD_VLAN		0x0020	/* reserved: insert vlan_tci */
#define ESV_TXD_EXT		0x0040	/* reserved: a struct esv_tx_ext follows */
#define ESV_TXD_KNOWN		0x001f

/* Transmit descriptor. Fields after len are read from the first one only (TXD-2). */
struct esv_tx_desc {
	__le64 addr;
	__le16 len;
	__le16 flags;
	__le32 sa_handle;
	__le16 mss;
	__le16 hdr_len;
	__le16 csum_start;
	__le16 csum_offset;
	__le16 vlan_tci;
	__u8 nr_desc;		/* descriptors of this frame, this one included */
	__u8 rsvd0;
	__le32 rsvd1;
};

/* Reserved for crypto mode and per-frame next hop; refused in v1 (TXD-9). */
struct esv_tx_ext {
	__u8 nexthop[6];
	__u8 esp_offset;
	__u8 trailer_len;
	__le32 seq_hi;
	__le32 rsvd[5];
};

/*
 * Reasons of QUEUE_ERROR (event's arg1). Up to LENGTH the frame was skipped;
 * after NR_DESC, SOP and EOP, everything up to tail was (TXD-5). From TAIL on
 * the queue is dead until it is destroyed and made again (RNG-8).
 */
enum esv_queue_error {
	ESV_QERR_NR_DESC = 1,	/* nr_desc is zero or too large */
	ESV_QERR_SOP = 2,	/* SOP missing, or in the middle of a frame */
	ESV_QERR_EOP = 3,	/* EOP missing, or before nr_desc descriptors */
	ESV_QERR_FLAGS = 4,	/* reserved flag, or an offload that is off */
	ESV_QERR_RESERVED = 5,	/* reserved field is not zero */
	ESV_QERR_CSUM = 6,	/* checksum position outside the frame */
	ESV_QERR_TSO = 7,	/* mss or hdr_len out of range */
	ESV_QERR_DMA = 8,	/* descriptor, buffer or completion out of reach */
	ESV_QERR_LENGTH = 9,	/* empty descriptor, frame too short or too long; RX: shorter than buf_len */
	ESV_QERR_TAIL = 10,	/* tail is further from head than the ring is long */
	ESV_QERR_SHADOW = 11,	/* shadow out of reach */
};

/* Receive buffer. */
struct esv_rx_desc {
	__le64 addr;
	__le16 len;
	__le16 tag;
	__le32 rsvd;
};

#define ESV_RXC_PHASE		0x01	/* flips with every pass over the ring, first pass 1 */
#define ESV_RXC_MORE		0x02	/* frame goes on in the next completion */
#define ESV_RXC_MCAST		0x04

#define ESV_RXC_CSUM_L3		0x01	/* IPv4 header checksum verified */
#define ESV_RXC_CSUM_L4		0x02	/* TCP or UDP checksum verified */

enum esv_rx_crypto {
	ESV_RX_CRYPTO_NONE = 0,	/* frame came in clear */
	ESV_RX_CRYPTO_OK = 1,	/* device decrypted, verified and authorised it */
};

enum esv_hash_type {
	ESV_HASH_NONE = 0,
	ESV_HASH_L3 = 1,
	ESV_HASH_L4 = 2,
};

/*
 * Receive completion. Offload fields are valid in the first completion of a
 * frame; flags, tag and len in each. The device writes flags last (RXC-2).
 */
struct esv_rx_cqe {
	__le16 tag;
	__le16 len;
	__le32 sa_handle;	/* with ESV_RX_CRYPTO_OK */
	__le32 spd_id;		/* entry that let the frame pass, 0: none */
	__le32 hash;
	__le32 seq_lo;		/* ESP sequence number, low half */
	__le16 inner_type;	/* ethertype of what is delivered */
	__le16 vlan_tci;	/* reserved */
	__u8 hash_type;
	__u8 csum;
	__u8 crypto;
	__u8 rsvd0;
	__u8 rsvd1[3];
	__u8 flags;
};

#endif
