/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * espvault firmware interface: admin queue, event queue, NIC commands.
 */
#ifndef ESPVAULT_ESV_ADMIN_H
#define ESPVAULT_ESV_ADMIN_H

#include <linux/types.h>
#include "esv_list.h"

#define ESV_STATUS_ENUM(name, num, err, retry, text) ESV_S_##name = num,
enum esv_status { ESV_STATUS_LIST(ESV_STATUS_ENUM) };

#define ESV_OPCODE_ENUM(name, num, minor, in, out, text) ESV_OP_##name = num,
enum esv_opcode { ESV_OPCODE_LIST(ESV_OPCODE_ENUM) };

#define ESV_EVENT_ENUM(name, num, text) ESV_EV_##name = num,
enum esv_event_type { ESV_EVENT_LIST(ESV_EVENT_ENUM) };

#define ESV_RESET_ENUM(name, num, text) ESV_RESET_##name = num,
enum esv_reset_reason { ESV_RESET_LIST(ESV_RESET_ENUM) };

#define ESV_COUNTER_ENUM(name, num, text) ESV_C_##name = num,
enum esv_counter { ESV_COUNTER_LIST(ESV_COUNTER_ENUM) ESV_C_COUNT };

#define ESV_ADMIN_BUF		4096	/* largest payload, never crosses a page (ADM-7) */
#define ESV_ADMIN_INLINE	32

/* Admin request. in_len bytes are read from dma, up to out_cap written to it (ADM-3). */
struct esv_sqe {
	__le16 opcode;
	__u8 version;		/* of the command's payload; 1 in this interface */
	__u8 flags;		/* zero */
	__le16 tag;		/* chosen by the driver, unique among those in flight */
	__le16 function;
	__le32 object;		/* queue id, SA or policy handle, or session */
	__le32 rsvd0;
	__u8 inl[ESV_ADMIN_INLINE];
	__le64 dma;
	__le16 in_len;
	__le16 out_cap;
	__le32 rsvd1;
};

#define ESV_CQE_PHASE		0x01	/* flips with every pass over the ring, first pass 1 */

/* Admin completion, in any order. err_off: byte of the request's payload, ESV_ERR_OFF_* else (ADM-12). */
struct esv_cqe {
	__le16 opcode;
	__le16 tag;
	__le16 status;
	__le16 err_off;
	__le32 object;		/* handle made by the command */
	__le16 out_len;
	__le16 retry_ms;	/* with BUSY */
	__u8 result[12];
	__u8 rsvd[3];
	__u8 flags;		/* written last */
};

#define ESV_ERR_OFF_NONE	0xffff
#define ESV_ERR_OFF_SQE		0x8000	/* or'ed: byte of the request itself */

/* Event. On overflow new events are lost, counted, and the next one carries ESV_EQE_LOST (EVT-5). */
struct esv_eqe {
	__u8 type;
	__u8 severity;		/* 0 information, 1 warning, 2 error */
	__le16 function;
	__le32 seq;
	__le32 object;		/* SA handle, policy handle or queue id */
	__le32 rsvd;
	__le64 arg0;
	__le32 arg1;
	__u8 rsvd1[3];
	__u8 flags;		/* written last */
};

#define ESV_EQE_PHASE		0x01
#define ESV_EQE_LOST		0x02

struct esv_identify {
	__le32 if_version;
	__le32 fw_version;
	__le64 device_id;	/* stays for the device's life */
	__le64 epoch;
	char build[32];		/* NUL padded */
	__le32 features;
	__le32 rsvd[17];
};

/*
 * IDENTIFY's features: ESV_OFF_* in the low half, parts above. FEATURES_SET,
 * inl[0..3] as __le32: what stays on, a subset of these; everything is on until
 * then (ADM-42). It also ends the drop-all after a state load (VMS-4).
 */
#define ESV_FEAT_OFFLOADS	0x0000ffffu
#define ESV_FEAT_IPSEC		0x00010000u
#define ESV_FEAT_UNIT		0x00020000u

enum esv_queue_type { ESV_QUEUE_TX = 1, ESV_QUEUE_RX = 2 };

/* QUEUE_CREATE; object: queue pair number. QUEUE_DESTROY: object, inl[0] the type. */
struct esv_queue_params {
	__u8 type;		/* enum esv_queue_type */
	__u8 ring_log2;		/* descriptors */
	__u8 cq_log2;		/* RX completions, >= ring_log2; zero for TX */
	__u8 rsvd0;
	__le16 vector;
	__le16 buf_len;		/* RX: bytes in each buffer; zero for TX */
	__le64 ring;
	__le64 cq;		/* zero for TX */
	__le64 shadow;
};

#define ESV_RSS_KEY_LEN		40
#define ESV_RSS_TABLE_LEN	128

/* Toeplitz hash over the addresses and, for TCP and UDP, ports of what is delivered (RSS-2). */
struct esv_rss_params {
	__u8 key[ESV_RSS_KEY_LEN];
	__u8 table[ESV_RSS_TABLE_LEN];	/* queue pair numbers */
};

#define ESV_FILTER_PROMISC	0x1
#define ESV_FILTER_ALLMULTI	0x2
#define ESV_FILTER_MAX		64

struct esv_filter_params {
	__le16 flags;
	__le16 count;
	__u8 addr[ESV_FILTER_MAX][6];
};

#define ESV_PORT_UP		0x1

struct esv_port_params {
	__le32 flags;
	__le16 mtu;		/* 68..limits.max_mtu, L3 bytes */
	__u8 mac[6];
	__le32 rsvd;
};

struct esv_counters {
	__le64 c[ESV_C_COUNT];
};

#endif
