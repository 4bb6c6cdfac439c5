/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device from inside: what the parts of the core share.
 *
 * Only files of sim/core include this. Everything in struct esvc_ring but the
 * configuration may have been provoked by the guest and is bounded by mask.
 */
#ifndef ESVC_DEV_H
#define ESVC_DEV_H

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "esvc.h"
#include "esvc_cmd.h"
#include "esvc_ipsec.h"
#include "esvc_rss.h"
#include "esvc_tso.h"
#include "esvc_unit.h"

#define ESVC_FW_VERSION		0x010000u	/* 1.0.0 */
#define ESVC_MAX_FRAGS		24
#define ESVC_MAX_TSO		65536		/* payload and headers before segmentation */
#define ESVC_MAX_HDR		256		/* of a frame that is segmented */
#define ESVC_MTU_MIN		68
#define ESVC_MTU_MAX		9000
#define ESVC_L2_MAX		22		/* Ethernet header and two VLAN tags */
#define ESVC_RING_LOG2_MIN	6
#define ESVC_RING_LOG2_MAX	12
#define ESVC_CQ_LOG2_MAX	13
#define ESVC_ADMIN_LOG2_MIN	2
#define ESVC_ADMIN_LOG2_MAX	8
#define ESVC_EVENT_LOG2_MAX	10
#define ESVC_RX_BUF_MIN		256
#define ESVC_RX_BUF_MAX		16384
#define ESVC_DESC_CACHE		64
#define ESVC_HUNG_MAX		32
#define ESVC_CAPS_OFF		0x200
#define ESVC_CAPS_MAX		256
#define ESVC_LINK_MBPS		10000u
#define ESVC_HEARTBEAT_NS	250000000ull
#define ESVC_RX_PARK_NS		100000000ull	/* longest time the wire waits for receive buffers */
#define ESVC_EVENT_GAP_NS	10000000ull	/* between two events of a kind that is limited (EVT-7) */
#define ESVC_READY_MS		1000u
#define ESVC_COMMAND_MS		2000u

/* A ring in guest memory with its shadow (RNG-3). Positions run freely modulo 2^32. */
struct esvc_ring {
	uint64_t base;
	uint64_t shadow;
	uint32_t mask;			/* entries - 1 */
	uint32_t tail;			/* as last read and found sane */
	uint32_t head;			/* consumed; for the event ring: produced */
	uint32_t irq_seen;		/* completion count at the last interrupt decision */
	uint16_t vector;
	bool live;
	bool want;			/* db_want as last written */
	bool failed;			/* shadow out of reach or broken: dead until re-created */
	uint64_t event_after_ns;	/* rate limit of QUEUE_ERROR */
};

struct esvc_txq {
	struct esvc_ring r;
	uint32_t cache_at;		/* ring position of cache[0] */
	uint32_t cache_n;
	struct esv_tx_desc cache[ESVC_DESC_CACHE];
};

struct esvc_rxq {
	struct esvc_ring r;
	uint64_t cq;
	uint32_t cq_mask;
	uint16_t buf_len;
	uint8_t cq_log2;
	bool starved;			/* buffers did not come in time: drop instead of parking */
	uint32_t cache_at;
	uint32_t cache_n;
	struct esv_rx_desc cache[ESVC_DESC_CACHE];
};

struct esvc_admin {
	struct esvc_ring sq;
	uint64_t cq;
	uint32_t cq_count;
	uint32_t nr_hung;
	struct {
		uint16_t opcode;
		uint16_t tag;
	} hung[ESVC_HUNG_MAX];		/* commands that a fault keeps back, for ABORT */
	uint8_t in[ESV_ADMIN_BUF] __attribute__((aligned(64)));
	uint8_t out[ESV_ADMIN_BUF] __attribute__((aligned(64)));
};

struct esvc_events {
	struct esvc_ring r;		/* tail: events consumed by the driver (EVT-4) */
	uint32_t seq;
	bool lost;
	uint64_t peer_after_ns[3];	/* rate limit of what a peer can cause (EVT-7) */
};

/* The one frame on its way out. It stays here while the wire is full. */
struct esvc_tx_frame {
	bool active;
	bool is_tso;
	bool taken;			/* not TSO: the frame is in out */
	bool ready;			/* out is finished, only the wire is missing */
	uint16_t queue;
	uint8_t nr_desc;
	uint16_t flags;
	uint32_t sa_handle;
	uint16_t mss;
	uint16_t hdr_len;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint32_t len;
	uint32_t kept;			/* not TSO: bytes of headers in seg_buf, the frame in tx_buf is ESP; 0: it is itself */
	enum esv_counter counter;	/* for out, once it is on the wire */
	struct esvc_tx_verdict verdict;
	struct esvc_tso tso;
	struct esvc_buf out;
};

/* A delivered frame that waits for receive buffers. */
struct esvc_rx_frame {
	bool parked;
	enum esv_counter counter;
	uint16_t queue;
	uint8_t hash_type;
	uint8_t csum;
	uint8_t cqe_flags;
	uint16_t inner_type;
	uint32_t hash;
	struct esvc_rx_meta meta;
	struct esvc_buf buf;
	uint64_t deadline_ns;
};

struct esvc_filter {
	uint16_t flags;
	uint16_t count;
	uint8_t addr[ESV_FILTER_MAX][6];
};

struct esvc_dev {
	/* What the command handlers of all parts may use. */
	struct esvc_ipsec *ipsec;	/* NULL: device without the capability */
	struct esvc_unit *unit;		/* NULL: no trusted unit */
	struct esvc_aead *aead;
	const struct esvc_host_ops *ops;
	void *opaque;
	struct esvc_config cfg;
	uint64_t counters[ESV_C_COUNT];

	/* Registers. */
	uint32_t asq_lo, asq_hi, acq_lo, acq_hi, eq_lo, eq_hi;
	uint32_t admin_shadow_lo, admin_shadow_hi, eq_shadow_lo, eq_shadow_hi;
	uint32_t admin_size, admin_vector;
	uint32_t test_invert, test_dma_lo, test_dma_hi, test_dma_result;
	uint32_t heartbeat;
	uint32_t fatal_code, fatal_arg0, fatal_arg1;
	bool fatal_wipe;		/* a fatal error, and the unit still has what it had */
	uint8_t generation;
	uint8_t reset_reason;
	bool enabled;
	bool link_up;
	uint32_t caps_len;
	uint8_t caps[ESVC_CAPS_MAX] __attribute__((aligned(8)));
	uint64_t device_id;
	uint64_t epoch;			/* counts only in a device without unit */

	/* NIC configuration. */
	bool port_up;
	uint16_t mtu;
	uint8_t mac[6];
	uint32_t features;
	struct esvc_filter filter;
	struct esvc_rss rss;

	/* Queues and what is under way. */
	struct esvc_admin admin;
	struct esvc_events events;
	struct esvc_txq *txq;		/* cfg.queue_pairs of them */
	struct esvc_rxq *rxq;
	uint64_t tx_pending;		/* bit per queue that may have work */
	uint16_t tx_next;		/* round robin */
	bool admin_pending;
	bool rx_pending;		/* try the parked frame again */
	bool wire_full;
	bool drop_all;			/* state was loaded, the driver has not yet answered (VMS-3) */
	bool load_told;			/* EPOCH of the load was posted; from ack_from on requests know of it */
	uint32_t ack_from;		/* position in the admin ring */
	bool epoch_event;		/* EPOCH is still to be posted */
	uint64_t epoch_told;		/* the epoch that the driver knows of */
	struct esvc_tx_frame tx;
	struct esvc_rx_frame rx;
	uint8_t *tx_buf;		/* whole frame: headroom, ESVC_MAX_TSO + ESVC_MAX_HDR, tailroom */
	uint8_t *seg_buf;		/* one segment */
	uint8_t *rx_buf;
	uint64_t timer_at;		/* as last told to the host */
	uint64_t heartbeat_at;
	uint64_t unit_at;
	uint32_t fault_seen;		/* chances that the armed fault has had */
};

/* Completion and host-side error codes; see enum esv_fatal, enum esv_queue_error in the interface. */
void esvc_fatal(struct esvc_dev *dev, unsigned int code, uint32_t arg0, uint32_t arg1);
/*
 * The rest of a fatal error, at the end of whatever the host called: the unit is zeroised (UNIT-42).
 * Not where the error is found, since commands and packets that are under way hold parts of the unit.
 */
void esvc_fatal_wipe(struct esvc_dev *dev);
void esvc_guest_error(struct esvc_dev *dev, const char *clause, const char *text);
uint64_t esvc_now(struct esvc_dev *dev);
uint64_t esvc_epoch(const struct esvc_dev *dev);
unsigned int esvc_vectors(const struct esvc_dev *dev);
bool esvc_running(const struct esvc_dev *dev);
void esvc_arm_timer(struct esvc_dev *dev);
/* There is work: do it now (sync), or ask the host to call esvc_run(). */
void esvc_work(struct esvc_dev *dev);
/* Post what a state load left behind, before anything else is seen (VMS-3). */
void esvc_settle(struct esvc_dev *dev);
/* NIC configuration as after a reset. */
void esvc_port_default(struct esvc_dev *dev);
bool esvc_enable(struct esvc_dev *dev);
/* Offset of the first ring register that does not allow to enable, 0: none. */
uint32_t esvc_regs_bad(const struct esvc_dev *dev);
/* Admin and event ring are those that the registers describe. */
bool esvc_regs_rings_match(const struct esvc_dev *dev);
void esvc_disable(struct esvc_dev *dev);

static inline void esvc_count(struct esvc_dev *dev, enum esv_counter c)
{
	dev->counters[c]++;
}

static inline int esvc_dma_read(struct esvc_dev *dev, uint64_t addr, void *buf, size_t len)
{
	return dev->ops->dma_read(dev->opaque, addr, buf, len);
}

static inline int esvc_dma_write(struct esvc_dev *dev, uint64_t addr, const void *buf, size_t len)
{
	return dev->ops->dma_write(dev->opaque, addr, buf, len);
}

/* esvc_caps.c */
void esvc_caps_build(struct esvc_dev *dev);
uint32_t esvc_features(const struct esvc_dev *dev);

/* esvc_admin.c: at most budget commands; true if more may be there. */
bool esvc_admin_run(struct esvc_dev *dev, unsigned int *budget);
enum esv_status esvc_admin_abort(struct esvc_dev *dev, uint16_t tag);

/* esvc_event.c */
void esvc_event(struct esvc_dev *dev, unsigned int type, uint32_t object, uint64_t arg0, uint32_t arg1);
/* NEEDS_RESET, the last event before the reset; the caller raises the vector. */
void esvc_event_fatal(struct esvc_dev *dev, unsigned int code, uint32_t arg0);
void esvc_event_doorbell(struct esvc_dev *dev);
/* Rate limited; index: ring position, reason: enum esv_queue_error. object: 2 * pair, + 1 for receive. */
void esvc_queue_error(struct esvc_dev *dev, struct esvc_ring *r, uint32_t object, uint32_t index,
		      unsigned int reason);

/* esvc_tx.c, esvc_rx.c */
void esvc_tx_run(struct esvc_dev *dev, unsigned int *budget);
void esvc_tx_forget(struct esvc_dev *dev, unsigned int queue);
void esvc_rx_retry(struct esvc_dev *dev);
void esvc_rx_expire(struct esvc_dev *dev);
void esvc_rx_forget(struct esvc_dev *dev, unsigned int queue);

#endif
