/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the IPsec half share. The NIC half sees esv.h only.
 */
#ifndef _ESV_IPSEC_PRIV_H
#define _ESV_IPSEC_PRIV_H

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>
#include <net/neighbour.h>
#include <net/xfrm.h>

#include "esv.h"
#include "esv_rules.h"

/* Packet offload, its policies and counters came to the kernel after 6.1. */
#if IS_ENABLED(CONFIG_XFRM_OFFLOAD) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define ESV_HAVE_PACKET_OFFLOAD 1
#endif

#define ESV_SPI_HASH_BITS	12

/* Counters of this half; each is an ethtool statistic. */
#define ESV_IPSEC_COUNTER_LIST(X) \
	X(TX_REFUSED_DEAD,	"ipsec_tx_refused_dead") \
	X(TX_REFUSED_PATH,	"ipsec_tx_refused_path") \
	X(TX_REFUSED_NESTED,	"ipsec_tx_refused_nested") \
	X(TX_REFUSED_HEADERS,	"ipsec_tx_refused_headers") \
	X(TX_REFUSED_MEMORY,	"ipsec_tx_refused_memory") \
	X(TX_GUARD_ESP,		"ipsec_tx_guard_esp") \
	X(TX_GUARD_NATT,	"ipsec_tx_guard_natt") \
	X(RX_STALE_SA,		"ipsec_rx_stale_sa") \
	X(RX_NO_MEMORY,		"ipsec_rx_no_memory") \
	X(RX_NO_HEADROOM,	"ipsec_rx_no_headroom") \
	X(SA_ADDED,		"ipsec_sa_added") \
	X(SA_CONTINUED,		"ipsec_sa_continued") \
	X(SA_REFUSED,		"ipsec_sa_refused") \
	X(SA_ACQUIRE,		"ipsec_sa_acquire") \
	X(SA_EXPIRED,		"ipsec_sa_expired") \
	X(POLICY_ADDED,		"ipsec_policy_added") \
	X(POLICY_REFUSED,	"ipsec_policy_refused") \
	X(POLICY_FROZEN,	"ipsec_policy_frozen") \
	X(POLICY_LOST,		"ipsec_policy_lost") \
	X(NEXTHOP_UPDATES,	"ipsec_nexthop_updates") \
	X(UNKNOWN_SPI,		"ipsec_unknown_spi")

#define ESV_IPSEC_ENUM(name, str) ESV_IS_##name,
enum esv_ipsec_counter { ESV_IPSEC_COUNTER_LIST(ESV_IPSEC_ENUM) ESV_IS_COUNT };

/* What the device counts for one SA. */
struct esv_sa_counts {
	u64 packets;
	u64 bytes;
	u64 auth_failed;
	u64 replayed;		/* duplicates */
	u64 too_old;
};

/* Bits of esv_sa.want: what the worker is to do for an SA. */
enum esv_sa_want {
	ESV_WANT_STATS,		/* read the counters */
	ESV_WANT_CHECK,		/* a limit was passed: let xfrm look at it */
	ESV_WANT_EXPIRE,	/* the device uses it no more: hard expire */
};

/**
 * struct esv_sa - one SA of the device
 * @ipsec: owner
 * @handle: the device's name for it
 * @ref: one for the device's object, one for each user, and passing ones
 * @params: as installed, without key
 * @users: list of struct esv_sa_user, under ipsec->lock
 * @x: the state that received packets are attributed to; RCU, cleared before
 *     the state can go
 * @generation: of the device in which it was installed
 * @dead: deleted, or lost by the device; set under ipsec->lock, never cleared
 * @gone: completed when the device has deleted it
 * @del: the delete command
 * @spi_node: in ipsec->by_spi
 * @want_node: in ipsec->wanted, under ipsec->want_lock; holds a reference
 * @want: bits of enum esv_sa_want
 * @late_node: in ipsec->late, under ipsec->want_lock; holds a reference
 * @late: the state that is to expire then, held
 * @stats_lock: @seen and @given of the users
 * @seen: counters as last read
 * @read_at: when that was, jiffies
 * @nexthop: tunnel out: what esv_nexthop.c knows
 *
 * More than one xfrm state can stand for one SA: should a device answer the
 * second add of an SA with the SA that it has. One that refuses it (SA-4) makes
 * updates and doubles end with -EEXIST before anything changed.
 */
struct esv_sa {
	struct esv_ipsec *ipsec;
	u32 handle;
	refcount_t ref;
	struct esv_sa_params params;
	struct list_head users;
	struct xfrm_state __rcu *x;
	u8 generation;
	bool dead;
	struct completion gone;
	struct esv_cmd del;
	struct hlist_node spi_node;
	struct list_head want_node;
	unsigned long want;
	struct list_head late_node;
	struct xfrm_state *late;
	spinlock_t stats_lock;		/* counters */
	struct esv_sa_counts seen;
	unsigned long read_at;
	struct {
		struct list_head node;
		u8 mac[ETH_ALEN];
		bool valid;
		bool asked;	/* and nobody has answered yet */
	} nexthop;
	struct rcu_head rcu;
};

/* One xfrm state's share in an SA; x->xso.offload_handle points here. */
struct esv_sa_user {
	struct esv_sa *sa;
	struct xfrm_state *x;
	struct list_head node;		/* empty when deleted */
	struct esv_sa_counts given;	/* already added to @x */
	struct rcu_head rcu;
};

/**
 * struct esv_policy - one SPD entry of the device
 * @ipsec: owner
 * @handle: the device's name for it, 0: not there; under ipsec->lock
 * @params: as installed
 * @generation: of the device in which it was installed, under ipsec->lock
 * @node: in ipsec->policies
 * @xp: its xfrm policy, until @dead_node has left ipsec->dead for good
 * @fresh_node: in ipsec->fresh until xfrm is known to have taken the policy
 * @dead_node: in ipsec->dead from the xfrm policy's deletion to its release
 * @deleted: its xfrm policy is gone; under ipsec->lock
 * @frozen: that happened while the link was down: it drops, until a policy
 *	    with the same selector takes its place; under ipsec->lock
 * @freeze: the freeze command
 * @delete: the delete command
 * @ref: one for the list, one for the xfrm policy, one for each command
 */
struct esv_policy {
	struct esv_ipsec *ipsec;
	u32 handle;
	struct esv_policy_params params;
	u8 generation;
	struct list_head node;
	struct xfrm_policy *xp;
	struct list_head fresh_node;
	struct list_head dead_node;
	bool deleted;
	bool frozen;
	struct esv_cmd freeze;
	struct esv_cmd delete;
	refcount_t ref;
};

/**
 * struct esv_ipsec - state of the IPsec half, one per function
 * @edev: function
 * @limits: what its IPsec block offers
 * @lock: SAs, users, policies; innermost, BH off
 * @sas: handle to struct esv_sa; readers under RCU
 * @by_spi: the same SAs, by SPI; readers under RCU
 * @nr_sa: SAs that are not dead
 * @policies: entries in the order of their age
 * @nr_policy: entries with an xfrm policy
 * @fresh: those that were added just now, and that xfrm may yet refuse
 * @replace_work: has them take the place of frozen ones once it did not
 * @dead: those whose xfrm policy was deleted, but is still held by somebody
 * @detach_work: takes the interface from those
 * @want_lock: @wanted, @late
 * @wanted: SAs with work to do
 * @late: SAs whose state can't expire yet
 * @work: does it
 * @tick: reads counters of all SAs in turn
 * @cursor: where @tick goes on
 * @tunnels: outbound tunnel SAs, under @lock
 * @nexthop_work: looks all their next hops up again
 * @nexthop_ask: and asks for neighbours that are not known
 * @nexthop_wait: woken when a neighbour changes
 * @stopping: no new work
 * @pending: commands under way, whose answers need this struct
 * @idle: woken when there are none
 * @counters: per CPU
 */
struct esv_ipsec {
	struct esv_dev *edev;
	struct esv_ipsec_limits limits;
	spinlock_t lock;		/* SAs, users, policies */
	struct xarray sas;
	DECLARE_HASHTABLE(by_spi, ESV_SPI_HASH_BITS);
	unsigned int nr_sa;
	struct list_head policies;
	unsigned int nr_policy;
	struct list_head fresh;
	struct delayed_work replace_work;
	struct list_head dead;
	struct work_struct detach_work;
	spinlock_t want_lock;		/* wanted, late */
	struct list_head wanted;
	struct list_head late;
	struct work_struct work;
	struct delayed_work tick;
	unsigned long cursor;
	struct list_head tunnels;
	struct work_struct nexthop_work;
	bool nexthop_ask;
	wait_queue_head_t nexthop_wait;
	bool stopping;
	atomic_t pending;
	wait_queue_head_t idle;
	u64 __percpu *counters;
};

static inline void esv_ipsec_count(struct esv_ipsec *ipsec, enum esv_ipsec_counter c)
{
	this_cpu_inc(ipsec->counters[c]);
}

/*
 * Post a command whose answer needs @ipsec; done calls esv_ipsec_answered().
 * False: it was not taken, and done is not called.
 */
static inline bool esv_ipsec_post(struct esv_ipsec *ipsec, struct esv_cmd *cmd)
{
	atomic_inc(&ipsec->pending);
	if (!esv_admin_post(ipsec->edev, cmd))
		return true;
	if (atomic_dec_and_test(&ipsec->pending))
		wake_up(&ipsec->idle);
	return false;
}

static inline void esv_ipsec_answered(struct esv_ipsec *ipsec)
{
	if (atomic_dec_and_test(&ipsec->pending))
		wake_up(&ipsec->idle);
}

void esv_ipsec_removed(struct esv_ipsec *ipsec, const struct esv_cmd *cmd);

static inline u32 esv_spi_hash(__be32 spi)
{
	return (__force u32)spi;
}

#ifdef ESV_HAVE_PACKET_OFFLOAD

/* esv_xfrm.c */
extern const struct xfrmdev_ops esv_xfrmdev_ops;
int esv_refuse(struct esv_refusal no, struct netlink_ext_ack *extack);

/* esv_poison.c: G1 */
int esv_poison(struct xfrm_state *x, struct netlink_ext_ack *extack);

/* esv_sa.c */
int esv_sa_add(struct esv_ipsec *ipsec, struct xfrm_state *x, struct esv_sa_params *params,
	       struct netlink_ext_ack *extack);
void esv_sa_delete(struct xfrm_state *x);
void esv_sa_release(struct xfrm_state *x);
void esv_sa_put(struct esv_sa *sa);
struct esv_sa *esv_sa_get(struct esv_ipsec *ipsec, u32 handle);
struct esv_sa_user *esv_sa_user(const struct xfrm_state *x);
bool esv_sa_exists(struct esv_ipsec *ipsec, __be32 spi, u8 family, const void *daddr);
struct xfrm_state *esv_sa_state(struct esv_sa *sa);
void esv_sa_lose_all(struct esv_ipsec *ipsec);
void esv_sa_lose_one(struct esv_sa *sa);
void esv_sa_expire_all(struct esv_ipsec *ipsec);
void esv_sa_check_all(struct esv_ipsec *ipsec);

/* esv_sa_stats.c */
void esv_sa_want(struct esv_sa *sa, enum esv_sa_want what);
int esv_sa_refresh(struct esv_sa *sa);
void esv_sa_give_counts(struct xfrm_state *x);
void esv_sa_work(struct work_struct *work);
void esv_sa_tick(struct work_struct *work);
void esv_sa_expire(struct esv_sa *sa, struct xfrm_state *x);

/* esv_policy.c */
int esv_policy_add(struct esv_ipsec *ipsec, struct xfrm_policy *xp,
		   struct netlink_ext_ack *extack);
void esv_policy_delete(struct xfrm_policy *xp);
void esv_policy_free(struct xfrm_policy *xp);
void esv_policy_put(struct esv_policy *pol);
void esv_policy_replace_work(struct work_struct *work);
int esv_policy_restore(struct esv_ipsec *ipsec);
void esv_policy_forget_all(struct esv_ipsec *ipsec);

/* esv_policy_detach.c */
int esv_policy_detach_init(void);
void esv_policy_detach_exit(void);
void esv_policy_detach_work(struct work_struct *work);

/* esv_nexthop.c */
int esv_nexthop_init(void);
void esv_nexthop_exit(void);
void esv_nexthop_first(struct esv_ipsec *ipsec, struct esv_sa_params *params);
void esv_nexthop_attach(struct esv_sa *sa);
void esv_nexthop_detach(struct esv_sa *sa);
void esv_nexthop_kick(struct esv_ipsec *ipsec, bool ask);
void esv_nexthop_work(struct work_struct *work);

/* esv_upper.c */
int esv_upper_init(void);
void esv_upper_exit(void);
const char *esv_upper_refusal(struct net_device *netdev);

/* esv_ipsec_tx.c */
bool esv_ipsec_offload_ok(struct sk_buff *skb, struct xfrm_state *x);

#else

static inline bool esv_sa_exists(struct esv_ipsec *ipsec, __be32 spi, u8 family, const void *daddr)
{
	return false;
}

static inline int esv_nexthop_init(void)
{
	return 0;
}

static inline void esv_nexthop_exit(void) { }

static inline int esv_upper_init(void)
{
	return 0;
}

static inline void esv_upper_exit(void) { }

static inline int esv_policy_detach_init(void)
{
	return 0;
}

static inline void esv_policy_detach_exit(void) { }

#endif /* ESV_HAVE_PACKET_OFFLOAD */

#endif
