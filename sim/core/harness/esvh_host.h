/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In-process host for the device core: guest memory, interrupts, clock, and a
 * wire to a second host. Everything is driven by calls, nothing by threads.
 */
#ifndef ESVH_HOST_H
#define ESVH_HOST_H

#include <esvc.h>
#include <espvault/esv_if.h>

#define ESVH_MEM_BASE	0x100000000ull	/* guest address of mem[0] */

struct esvh_frame {
	struct esvh_frame *next;
	size_t len;
	uint8_t data[];
};

/* Frames on their way out of one host; depth bounds it. */
struct esvh_queue {
	struct esvh_frame *first, **last;
	unsigned int count;
	unsigned int depth;
};

struct esvh_host {
	struct esvc_dev *dev;
	uint8_t *mem;
	size_t size;
	size_t used;			/* bump allocator; tests may set it back */
	size_t dirty;			/* highest used so far: below this, zero again */
	/* DMA faults: the nth access from now fails (0: none), or accesses that touch [lo, hi). */
	uint64_t dma_fail_in;
	uint64_t dma_fail_lo, dma_fail_hi;
	uint64_t dma_ops;
	/* After each successful access; may change memory as a racing driver would. */
	void (*on_dma)(struct esvh_host *h, uint64_t addr, size_t len, bool write);
	void *on_dma_arg;
	/* Each other call of the device, but frame_out: its name and what it passes. */
	void (*on_call)(struct esvh_host *h, const char *what, uint64_t a, uint64_t b);
	void *watch_arg;		/* for whoever set the hooks */
	/* Source of random bytes; NULL: a generator that starts at random_state. */
	int (*random)(struct esvh_host *h, void *buf, size_t len);
	uint32_t irqs[ESV_MAX_VECTORS];
	uint64_t now_ns;
	uint64_t timer_ns;
	bool kicked;
	unsigned int rx_ready;		/* calls so far */
	struct esvh_queue out;
	bool sink;			/* frames vanish on the wire (after tap) */
	struct esvh_host *peer;		/* frames go there; NULL: they stay in out */
	/* Each frame that the wire takes. */
	void (*tap)(void *arg, const uint8_t *frame, size_t len);
	void *tap_arg;
	uint64_t random_state;
	unsigned int guest_errors;
	const char *last_clause;
};

/* A host with size bytes of memory and a device; NULL cfg: defaults. Aborts without memory; dev NULL on a bad config. */
struct esvh_host *esvh_host_new(const struct esvc_config *cfg, size_t size);
/* The same in two steps, so that hooks see the device power on. */
struct esvh_host *esvh_host_bare(size_t size);
void esvh_host_power(struct esvh_host *h, const struct esvc_config *cfg);
void esvh_host_free(struct esvh_host *h);

/* Zeroed guest memory; returns its guest address. Aborts when there is no more. */
uint64_t esvh_alloc(struct esvh_host *h, size_t len, size_t align);
/* The bytes behind a guest address. Aborts outside of memory. */
void *esvh_at(struct esvh_host *h, uint64_t addr, size_t len);

/* Join two hosts by a wire that holds depth frames in each direction. */
void esvh_connect(struct esvh_host *a, struct esvh_host *b, unsigned int depth);

/* Run the device and deliver what it sends until nothing moves. */
void esvh_pump(struct esvh_host *h);
/* The same for both ends of a wire. */
void esvh_pump_pair(struct esvh_host *a, struct esvh_host *b);
/* Take the oldest frame that the device sent and nobody took. Bytes, 0: none. */
size_t esvh_wire_take(struct esvh_host *h, uint8_t *buf, size_t cap);
/* Move the clock and fire the timer as often as it asks for. */
void esvh_advance(struct esvh_host *h, uint64_t ns);

#endif
