// SPDX-License-Identifier: GPL-2.0
/*
 * Counters and limits of SAs.
 *
 * xfrm asks for counters where nothing may sleep, so it gets what was read
 * last. A worker reads: at once when an SA was asked for or passed a limit,
 * and a few SAs every second in turn.
 */
#include <linux/hrtimer.h>

#include "esv_ipsec_priv.h"

#ifdef ESV_HAVE_PACKET_OFFLOAD

#define ESV_TICK_MS	1000
#define ESV_TICK_SAS	64
#define ESV_FRESH_MS	100	/* counters younger than this are not read again */

/**
 * esv_sa_want() - have the worker do something for an SA
 * @sa: SA
 * @what: what to do
 *
 * Any context but hard interrupts.
 */
void esv_sa_want(struct esv_sa *sa, enum esv_sa_want what)
{
	struct esv_ipsec *ipsec = sa->ipsec;

	set_bit(what, &sa->want);
	spin_lock_bh(&ipsec->want_lock);
	if (list_empty(&sa->want_node) && !ipsec->stopping) {
		refcount_inc(&sa->ref);
		list_add_tail(&sa->want_node, &ipsec->wanted);
		queue_work(ipsec->edev->wq, &ipsec->work);
	}
	spin_unlock_bh(&ipsec->want_lock);
}

static struct esv_sa *esv_sa_next_wanted(struct esv_ipsec *ipsec)
{
	struct esv_sa *sa;

	spin_lock_bh(&ipsec->want_lock);
	sa = list_first_entry_or_null(&ipsec->wanted, struct esv_sa, want_node);
	if (sa)
		list_del_init(&sa->want_node);
	spin_unlock_bh(&ipsec->want_lock);
	return sa;
}

/**
 * esv_sa_refresh() - read the counters of an SA from the device
 * @sa: SA
 *
 * May sleep. Return: 0 or the errno of the command.
 */
int esv_sa_refresh(struct esv_sa *sa)
{
	struct esv_sa_info info;
	struct esv_cmd cmd = {
		.opcode = ESV_OP_SA_QUERY,
		.object = sa->handle,
		.out = &info,
		.out_cap = sizeof(info),
	};
	u64 replay, window;
	int err;

	err = esv_admin_exec(sa->ipsec->edev, &cmd);
	if (err)
		return err;
	if (cmd.out_len < sizeof(info))
		return -EPROTO;

	replay = le64_to_cpu(info.replay_dropped);
	window = min(le64_to_cpu(info.replay_window_dropped), replay);
	spin_lock_bh(&sa->stats_lock);
	sa->seen = (struct esv_sa_counts){
		.packets = le64_to_cpu(info.packets),
		.bytes = le64_to_cpu(info.bytes),
		.auth_failed = le64_to_cpu(info.auth_failed),
		.replayed = replay - window,
		.too_old = window,
	};
	sa->read_at = jiffies;
	spin_unlock_bh(&sa->stats_lock);
	/* Over a limit, or its key was zeroised: it only drops from now on (SA-22, UNIT-40). */
	if (info.state == ESV_SA_EXPIRED || !info.epoch)
		set_bit(ESV_WANT_EXPIRE, &sa->want);
	return 0;
}

/* Counters never run backwards for xfrm, whatever the device says. */
static u64 esv_gain(u64 seen, u64 *given)
{
	u64 gain = seen > *given ? seen - *given : 0;

	*given += gain;
	return gain;
}

/**
 * esv_sa_give_counts() - add to a state what its SA counted since the last time
 * @x: state; the caller holds one of several locks, so two may come at once
 *
 * Any context but hard interrupts. Never sleeps.
 */
void esv_sa_give_counts(struct xfrm_state *x)
{
	struct net *net = xs_net(x);
	struct esv_sa_counts gain;
	struct esv_sa_user *user;
	struct esv_sa *sa;

	rcu_read_lock();
	user = esv_sa_user(x);
	if (!user)
		goto out;
	sa = user->sa;

	spin_lock_bh(&sa->stats_lock);
	gain.packets = esv_gain(sa->seen.packets, &user->given.packets);
	gain.bytes = esv_gain(sa->seen.bytes, &user->given.bytes);
	gain.auth_failed = esv_gain(sa->seen.auth_failed, &user->given.auth_failed);
	gain.replayed = esv_gain(sa->seen.replayed, &user->given.replayed);
	gain.too_old = esv_gain(sa->seen.too_old, &user->given.too_old);
	x->curlft.packets += gain.packets;
	x->curlft.bytes += gain.bytes;
	x->stats.integrity_failed += gain.auth_failed;
	x->stats.replay += gain.replayed;
	x->stats.replay_window += gain.too_old;
	if (gain.packets && !READ_ONCE(x->curlft.use_time))
		WRITE_ONCE(x->curlft.use_time, ktime_get_real_seconds());
	if (gain.packets)
		x->lastused = ktime_get_real_seconds();
	spin_unlock_bh(&sa->stats_lock);

	if (time_after(jiffies, READ_ONCE(sa->read_at) + msecs_to_jiffies(ESV_FRESH_MS)))
		esv_sa_want(sa, ESV_WANT_STATS);
	XFRM_ADD_STATS(net, LINUX_MIB_XFRMINSTATEPROTOERROR, gain.auth_failed);
	XFRM_ADD_STATS(net, LINUX_MIB_XFRMINSTATESEQERROR, gain.replayed + gain.too_old);
out:
	rcu_read_unlock();
}

/*
 * The state's own timer does it, as it does at the end of a lifetime. False:
 * xfrm is still about to add the state, and would make it valid afterwards.
 */
static bool esv_state_expire(struct esv_ipsec *ipsec, struct xfrm_state *x)
{
	bool decided;

	spin_lock_bh(&x->lock);
	decided = READ_ONCE(x->km.state) != XFRM_STATE_VOID;
	if (x->km.state == XFRM_STATE_VALID) {
		x->km.state = XFRM_STATE_EXPIRED;
		hrtimer_start(&x->mtimer, 0, HRTIMER_MODE_REL_SOFT);
		esv_ipsec_count(ipsec, ESV_IS_SA_EXPIRED);
	}
	spin_unlock_bh(&x->lock);
	return decided;
}

/* Leave it to the tick. False: it has been told already. */
static bool esv_sa_expire_later(struct esv_sa *sa, struct xfrm_state *x)
{
	struct esv_ipsec *ipsec = sa->ipsec;
	bool added = false;

	spin_lock_bh(&ipsec->want_lock);
	if (!sa->late && !ipsec->stopping) {
		refcount_inc(&sa->ref);
		sa->late = x;
		list_add_tail(&sa->late_node, &ipsec->late);
		added = true;
	}
	spin_unlock_bh(&ipsec->want_lock);
	return added;
}

/**
 * esv_sa_expire() - hard expire: tell the key manager and delete the state
 * @sa: SA
 * @x: its state, held; the reference is given away
 *
 * Any context but hard interrupts.
 */
void esv_sa_expire(struct esv_sa *sa, struct xfrm_state *x)
{
	if (esv_state_expire(sa->ipsec, x) || !esv_sa_expire_later(sa, x))
		xfrm_state_put(x);
}

static void esv_sa_expire_late(struct esv_ipsec *ipsec)
{
	struct xfrm_state *x;
	struct esv_sa *sa;
	LIST_HEAD(late);

	spin_lock_bh(&ipsec->want_lock);
	list_splice_init(&ipsec->late, &late);
	while ((sa = list_first_entry_or_null(&late, struct esv_sa, late_node))) {
		list_del_init(&sa->late_node);
		x = sa->late;
		sa->late = NULL;
		spin_unlock_bh(&ipsec->want_lock);
		esv_sa_expire(sa, x);
		esv_sa_put(sa);
		spin_lock_bh(&ipsec->want_lock);
	}
	spin_unlock_bh(&ipsec->want_lock);
}

/* Counters are fresh: a soft limit makes an event, a hard one the end. */
static void esv_state_check(struct xfrm_state *x)
{
	spin_lock_bh(&x->lock);
	if (x->km.state == XFRM_STATE_VALID)
		xfrm_state_check_expire(x);
	spin_unlock_bh(&x->lock);
}

static void esv_sa_do(struct esv_sa *sa)
{
	struct xfrm_state *x;
	bool check, expire;
	int err;

	clear_bit(ESV_WANT_STATS, &sa->want);
	check = test_and_clear_bit(ESV_WANT_CHECK, &sa->want);

	err = esv_sa_refresh(sa);
	expire = test_and_clear_bit(ESV_WANT_EXPIRE, &sa->want);
	if (err == -EBADF && !READ_ONCE(sa->dead)) {
		esv_sa_lose_one(sa);
		return;
	}
	x = esv_sa_state(sa);
	if (!x)
		return;
	if (check)
		esv_state_check(x);
	if (expire)
		esv_sa_expire(sa, x);
	else
		xfrm_state_put(x);
}

void esv_sa_work(struct work_struct *work)
{
	struct esv_ipsec *ipsec = container_of(work, struct esv_ipsec, work);
	struct esv_sa *sa;

	while ((sa = esv_sa_next_wanted(ipsec))) {
		esv_sa_do(sa);
		esv_sa_put(sa);
		cond_resched();
	}
}

/* A few SAs in the order of their handles, so that many of them cost no more than few. */
static void esv_sa_tick_some(struct esv_ipsec *ipsec)
{
	unsigned long handle = ipsec->cursor;
	struct esv_sa *sa;
	int n;

	for (n = 0; n < ESV_TICK_SAS; n++) {
		if (!xa_find(&ipsec->sas, &handle, ULONG_MAX, XA_PRESENT)) {
			ipsec->cursor = 0;
			return;
		}
		sa = esv_sa_get(ipsec, handle);
		if (sa) {
			esv_sa_want(sa, ESV_WANT_STATS);
			esv_sa_put(sa);
		}
		handle++;
	}
	ipsec->cursor = handle;
}

void esv_sa_tick(struct work_struct *work)
{
	struct esv_ipsec *ipsec = container_of(to_delayed_work(work), struct esv_ipsec, tick);

	esv_sa_expire_late(ipsec);
	if (esv_alive(ipsec->edev)) {
		esv_sa_tick_some(ipsec);
		esv_nexthop_kick(ipsec, false);
	}
	if (!READ_ONCE(ipsec->stopping))
		queue_delayed_work(ipsec->edev->wq, &ipsec->tick, msecs_to_jiffies(ESV_TICK_MS));
}

#endif
