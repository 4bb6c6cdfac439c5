/* SPDX-License-Identifier: GPL-2.0 */
/*
 * espvault: what the parts of the driver share.
 *
 * The NIC half owns struct esv_dev, the admin queue, the rings and all
 * recovery; the IPsec half hangs its own state from esv_dev.ipsec and is
 * called through the esv_ipsec_*() hooks at the end of this file.
 */
#ifndef _ESV_H
#define _ESV_H

#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <espvault/esv_if.h>

#include "compat.h"
#include "esv_hwcaps.h"
#include "esv_status.h"

#define ESV_DRV_NAME	"espvault"

struct esv_admin;
struct esv_chardev;
struct esv_event_queue;
struct esv_health;
struct esv_ipsec;
struct esv_queue;
struct esv_queue_stats;
struct esv_sa_hit;

/* Bits of esv_dev.state. */
enum esv_state_bit {
	ESV_ST_READY,		/* admin queue answers */
	ESV_ST_RESETTING,	/* between teardown and recovery */
	ESV_ST_FROZEN,		/* the PCI core is resetting the function */
	ESV_ST_DEAD,		/* gone, or recovery failed: everything answers -ENODEV */
	ESV_ST_UNWATCHED,	/* probe is not done or remove has begun: no recovery */
	ESV_ST_DATAPATH,	/* queues exist */
};

/**
 * struct esv_dev - one function
 * @pdev: PCI device
 * @netdev: its network interface; this struct is netdev_priv() of it
 * @regs: BAR 0
 * @caps: limits and abilities, constant between probe and remove
 * @if_version: interface version of the device
 * @fw_version: firmware version
 * @function: function id, goes into every request
 * @mode: ESV_MODE_*, as read after the last reset
 * @epoch: epoch of the trusted unit, as read after the last reset
 * @generation: generation of the device, changes with each reset
 * @state: bits of enum esv_state_bit
 * @wq: workqueue of everything that may sleep: events, filters, recovery
 * @admin: admin queue, lives from probe to remove
 * @events: event queue, same life
 * @health: watchdog and recovery
 * @ipsec: state of the IPsec half, NULL when the device has no such capability
 * @cdev: /dev/espvaultN
 * @queues: queue pairs, num_queues of them while ESV_ST_DATAPATH is set
 */
struct esv_dev {
	struct pci_dev *pdev;
	struct net_device *netdev;
	void __iomem *regs;

	struct esv_caps caps;
	u32 if_version;
	u32 fw_version;
	u16 function;
	u32 mode;
	u64 epoch;
	u8 generation;

	unsigned long state;
	struct workqueue_struct *wq;

	struct esv_admin *admin;
	struct esv_event_queue *events;
	struct esv_health *health;
	struct esv_ipsec *ipsec;
	struct esv_chardev *cdev;

	/* Configuration and queues: written under RTNL. */
	unsigned int num_vectors;	/* of the admin queue and all queue pairs */
	unsigned int max_queues;
	unsigned int num_queues;
	unsigned int tx_ring;
	unsigned int rx_ring;
	struct esv_queue **queues;
	struct esv_rss_params rss;
	struct esv_queue_stats *stats;	/* max_queues of them */
	u64 rx_nobuf;			/* as the device last said */
	bool port_up;
	struct work_struct rx_mode_work;
	unsigned long __percpu *sw;	/* ESV_SW_* counters */
};

/* Events that only software sees; each is an ethtool statistic. */
#define ESV_SW_COUNTER_LIST(X) \
	X(TX_DROP_GUARD,	"sw_tx_drop_guard") \
	X(TX_DROP_STALE_SA,	"sw_tx_drop_stale_sa") \
	X(TX_DROP_MAP,		"sw_tx_drop_dma_map") \
	X(TX_DROP_SHAPE,	"sw_tx_drop_shape") \
	X(TX_LINEARIZED,	"sw_tx_linearized") \
	X(RX_NO_PAGE,		"sw_rx_no_page") \
	X(RX_NO_SKB,		"sw_rx_no_skb") \
	X(RX_UNUSED,		"sw_rx_unused") \
	X(RX_DROP_IPSEC,	"sw_rx_drop_ipsec") \
	X(DEV_BAD_TX_HEAD,	"dev_bad_tx_head") \
	X(DEV_BAD_RX_TAG,	"dev_bad_rx_tag") \
	X(DEV_BAD_RX_LEN,	"dev_bad_rx_len") \
	X(DEV_BAD_RX_CHAIN,	"dev_bad_rx_chain") \
	X(DEV_BAD_RX_CRYPTO,	"dev_bad_rx_crypto") \
	X(DEV_BAD_ADMIN_TAG,	"dev_bad_admin_tag") \
	X(DEV_BAD_ADMIN_LEN,	"dev_bad_admin_len") \
	X(EVENT_RESYNC,		"event_resync") \
	X(IRQ_RESCUED,		"irq_rescued") \
	X(ADMIN_TIMEOUT,	"admin_timeout") \
	X(RESETS,		"resets") \
	X(RESETS_FAILED,	"resets_failed")

#define ESV_SW_ENUM(name, str) ESV_SW_##name,
enum esv_sw_counter { ESV_SW_COUNTER_LIST(ESV_SW_ENUM) ESV_SW_COUNT };

static inline void esv_count(struct esv_dev *edev, enum esv_sw_counter c)
{
	this_cpu_inc(edev->sw[c]);
}

static inline bool esv_alive(const struct esv_dev *edev)
{
	return test_bit(ESV_ST_READY, &edev->state) &&
	       !test_bit(ESV_ST_DEAD, &edev->state);
}

/* esv_main.c: is this one of our interfaces? Only then is netdev_priv() ours. */
bool esv_netdev_is_ours(const struct net_device *netdev);

/*
 * Admin commands.
 *
 * The caller fills the request half, zeroes the rest (designated initialiser),
 * and reads the answer half afterwards. @in and @out are ordinary memory; they
 * are copied to and from the queue's own pages, which are wiped after use, so
 * keys and tokens leave no copy there.
 */
struct esv_cmd {
	/* request */
	u16 opcode;		/* enum esv_opcode */
	u32 object;
	u8 inl[ESV_ADMIN_INLINE];
	const void *in;
	u16 in_len;		/* 0..ESV_ADMIN_BUF */
	void *out;
	u16 out_cap;		/* 0..ESV_ADMIN_BUF */

	/* answer */
	int err;		/* 0, errno of @status; -ETIMEDOUT, -ENODEV: not answered */
	u16 status;		/* enum esv_status, valid when the device answered */
	u16 err_off;		/* offset of the offending byte or ESV_ERR_OFF_* */
	u32 object_out;
	u16 out_len;
	u16 retry_ms;
	bool answered;		/* the device answered, whatever it said */
	u8 result[12];

	/* asynchronous use */
	void (*done)(struct esv_dev *edev, struct esv_cmd *cmd);
	void *priv;		/* the caller's own */

	/* private to esv_admin.c */
	struct list_head node;
	struct completion completion;
	unsigned long end;	/* posted: BUSY is final from here on, jiffies */
	unsigned long retry_at;
	bool sync;
	bool again;		/* handed to the device before */
};

/**
 * esv_admin_exec() - run one command and wait for the answer
 * @edev: device
 * @cmd: command; may live on the stack
 *
 * May sleep; works with the interface down. Holds no lock while it waits.
 * A BUSY answer is retried until the command's time is up, and each attempt has that time for
 * its answer. A command that is not answered in time makes the device be reset.
 *
 * Return: 0; the errno of the device's refusal (cmd->status has the details);
 * -ETIMEDOUT if there was no answer; -ENODEV if the device is gone, dead or
 * being reset; -EMSGSIZE if a payload is longer than ESV_ADMIN_BUF.
 */
int esv_admin_exec(struct esv_dev *edev, struct esv_cmd *cmd);

/**
 * esv_admin_post() - run one command without waiting
 * @edev: device
 * @cmd: command with @done set; belongs to the queue until @done is called,
 *	 and so do @in and @out
 *
 * Any context, hard interrupts included. Never fails for want of a slot: the
 * command waits in the queue. @done runs exactly once if and only if this
 * returned 0, in process context on the driver's workqueue, also when the
 * device dies or is reset (cmd->err is -ENODEV or -ETIMEDOUT then); it may
 * free @cmd, and must not call esv_admin_exec(). Commands are handed to the
 * device in the order in which they were posted; one that it answers BUSY is
 * handed to it again, after others perhaps, until the command's time is up.
 *
 * Return: 0, -ENODEV or -EMSGSIZE.
 */
int esv_admin_post(struct esv_dev *edev, struct esv_cmd *cmd);

/*
 * esv_health.c: have the device reset and everything set up anew. Any context.
 * Until that is done admin commands answer -ENODEV.
 */
void esv_reset_schedule(struct esv_dev *edev, enum esv_reset_reason reason);

/* One event, in host byte order. */
struct esv_event {
	u8 type;		/* enum esv_event_type */
	u8 severity;
	u32 seq;
	u32 object;
	u64 arg0;
	u32 arg1;
};

/*
 * Hooks of the IPsec half (esv_ipsec.c and its friends).
 */

enum esv_tx_verdict {
	ESV_TX_PLAIN,		/* not ours: send untagged, the device's SPD decides */
	ESV_TX_TAGGED,		/* *handle goes into the descriptor */
	ESV_TX_DROP,		/* names an SA that is dead or not on this device */
};

/* Module load and unload: AEAD guard (G0), notifiers, character device class. */
int esv_ipsec_module_init(void);
void esv_ipsec_module_exit(void);

/*
 * Probe, process context: the admin queue works, the netdev is not registered
 * yet. Sets xfrmdev_ops and feature bits if edev->caps.has_ipsec, makes
 * /dev/espvaultN. exit: after unregister_netdev(), the admin queue still works
 * unless the device is dead.
 */
int esv_ipsec_init(struct esv_dev *edev);
void esv_ipsec_exit(struct esv_dev *edev);

/* ndo_start_xmit: no locks but the queue's, BH off, perhaps hard interrupts off (netpoll). */
enum esv_tx_verdict esv_ipsec_tx_tag(struct esv_dev *edev, struct sk_buff *skb,
				     u32 *handle);

/* G3, same context, for every frame that is not tagged: may this frame leave? */
bool esv_ipsec_egress_ok(struct esv_dev *edev, struct sk_buff *skb);

/*
 * NAPI poll, for each frame with crypto != ESV_RX_CRYPTO_NONE, after
 * eth_type_trans(). cqe is a private copy of the frame's first completion.
 * Sets sec_path and the metadata that keeps GRO apart. hit is zero at the start
 * of each poll. False: drop the frame.
 */
bool esv_ipsec_rx(struct esv_dev *edev, struct sk_buff *skb, const struct esv_rx_cqe *cqe,
		  struct esv_sa_hit *hit);

/*
 * Event work, process context, no lock held, may sleep and may use
 * esv_admin_exec(). Gets every event but LINK, QUEUE_ERROR, ADMIN_ERROR and
 * NEEDS_RESET. resync: events were lost, ask the device about everything.
 */
void esv_ipsec_event(struct esv_dev *edev, const struct esv_event *ev);
void esv_ipsec_resync(struct esv_dev *edev);

/*
 * Recovery, process context, without RTNL. The device was reset: it has no SA and
 * no entry any more and its unit has a new epoch (edev->epoch). The admin queue
 * works again and the port is still down, so entries can be put back before a
 * frame can pass. Also called once with the device dead (esv_alive() is
 * false): tell the owners of the states. An error: the device lacks an entry
 * that protects, and the port must not come up.
 */
int esv_ipsec_lost(struct esv_dev *edev, enum esv_reset_reason reason);

/* ndo_open and ndo_stop, RTNL held, may sleep; stop: before the queues go. */
int esv_ipsec_open(struct esv_dev *edev);
void esv_ipsec_stop(struct esv_dev *edev);

/* Carrier changed, process context. */
void esv_ipsec_link(struct esv_dev *edev, bool up);

/* ethtool -S: the IPsec half's own counters. RTNL held. */
unsigned int esv_ipsec_stat_count(struct esv_dev *edev);
void esv_ipsec_stat_strings(struct esv_dev *edev, u8 **p);
void esv_ipsec_stats(struct esv_dev *edev, u64 *data);

#endif
