/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small driver for the device, in the guest memory of an esvh_host. It keeps
 * the specification's rules for doorbells, phases and shadows, and exposes
 * every address so that tests can break them.
 */
#ifndef ESVH_DRV_H
#define ESVH_DRV_H

#include "esvh_host.h"

struct esvh_txq {
	uint64_t ring, shadow;
	uint64_t buf;			/* one slot of slot bytes for each descriptor */
	size_t slot;
	uint32_t size;
	uint32_t tail;
};

struct esvh_rxq {
	uint64_t ring, cq, shadow, buf;
	uint32_t size, cq_size;
	uint16_t buf_len;
	uint32_t tail;			/* buffers posted */
	uint32_t seen;			/* completions taken */
	unsigned int empty;		/* completions without a frame (RXC-6) */
};

struct esvh_drv {
	struct esvh_host *h;
	uint64_t asq, acq, eq, admin_shadow, eq_shadow, page;
	unsigned int admin_log2, event_log2;
	uint32_t sq_tail, cq_seen, eq_seen;
	uint16_t tag;
	unsigned int pairs;
	unsigned int ring_log2;
	uint16_t buf_len;
	size_t tx_slot;			/* bytes of buffer for each transmit descriptor */
	uint16_t mtu;
	uint8_t mac[6];
	struct esvh_txq tx[ESV_MAX_QUEUES];
	struct esvh_rxq rx[ESV_MAX_QUEUES];
};

struct esvh_cmd {
	uint16_t opcode;
	uint32_t object;
	const void *inl;
	size_t inl_len;
	const void *in;
	size_t in_len;
	void *out;
	size_t out_cap;
	/* Answer. */
	struct esv_cqe cqe;
};

struct esvh_tx_opts {
	uint16_t flags;			/* ESV_TXD_CSUM, TSO, TAG */
	uint32_t sa_handle;
	uint16_t mss, hdr_len, csum_start, csum_offset;
	size_t frag;			/* bytes for each descriptor, 0: as few as possible */
};

/* Defaults: one pair of 64, buffers of 2048, MTU 1500. */
void esvh_drv_init(struct esvh_drv *d, struct esvh_host *h);
/* Reset, admin and event ring, enable. */
void esvh_drv_rings(struct esvh_drv *d);
/* All of it: rings, queue pairs with posted buffers, port up. 0 or the status that was not OK. */
enum esv_status esvh_drv_start(struct esvh_drv *d);

uint32_t esvh_reg(struct esvh_drv *d, uint32_t off);
void esvh_reg_set(struct esvh_drv *d, uint32_t off, uint32_t val);

/* Write a request and ring; does not wait. Returns its tag. */
uint16_t esvh_cmd_post(struct esvh_drv *d, const struct esv_sqe *sqe);
/* Next completion, if there is one. */
bool esvh_cmd_poll(struct esvh_drv *d, struct esv_cqe *cqe);
/* Run one command to its end. ESV_S_INTERNAL with cqe.tag 0xffff if it never completes. */
enum esv_status esvh_cmd(struct esvh_drv *d, struct esvh_cmd *c);
/* Shorthand: command with a payload and no answer. */
enum esv_status esvh_do(struct esvh_drv *d, uint16_t opcode, uint32_t object, const void *in, size_t len);

enum esv_status esvh_tx_create(struct esvh_drv *d, unsigned int q);
enum esv_status esvh_rx_create(struct esvh_drv *d, unsigned int q);
enum esv_status esvh_queue_destroy(struct esvh_drv *d, unsigned int q, enum esv_queue_type type);
enum esv_status esvh_port(struct esvh_drv *d, bool up);

/* Put a raw descriptor at tail, without telling. */
void esvh_tx_desc(struct esvh_drv *d, unsigned int q, const struct esv_tx_desc *desc);
/* Publish tail; ring if the device wants it. */
void esvh_tx_ring(struct esvh_drv *d, unsigned int q);
/* Copy a frame into buffers, describe and publish it. False: ring is full. */
bool esvh_send(struct esvh_drv *d, unsigned int q, const void *frame, size_t len, const struct esvh_tx_opts *o);
/* Descriptors that the device has given back. */
uint32_t esvh_tx_done(struct esvh_drv *d, unsigned int q);

/* Post n buffers and publish. */
void esvh_rx_post(struct esvh_drv *d, unsigned int q, uint32_t n);
/* Take one frame: its length, 0: none. first: its first completion. Buffers are posted again if repost. */
size_t esvh_recv(struct esvh_drv *d, unsigned int q, uint8_t *buf, size_t cap, struct esv_rx_cqe *first,
		 bool repost);
bool esvh_event(struct esvh_drv *d, struct esv_eqe *e);

uint64_t esvh_counter(struct esvh_drv *d, enum esv_counter c);
struct esv_shadow *esvh_shadow(struct esvh_drv *d, uint64_t addr);

#endif
