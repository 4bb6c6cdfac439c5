// SPDX-License-Identifier: GPL-2.0
/*
 * SAs of the device and the xfrm states that stand for them.
 *
 * A state holds a struct esv_sa_user, which holds a struct esv_sa. The device
 * deletes the SA when its last user is deleted; memory goes when the last
 * state is freed. Delete may come from softirq and under x->lock, so the
 * command is posted; free may come without delete, twice at once, and late.
 */
#include <linux/etherdevice.h>

#include "esv_ipsec_priv.h"

#ifdef ESV_HAVE_PACKET_OFFLOAD

#define ESV_SA_TRIES	8

static void esv_sa_destroy_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct esv_sa, rcu));
}

void esv_sa_put(struct esv_sa *sa)
{
	if (refcount_dec_and_test(&sa->ref))
		call_rcu(&sa->rcu, esv_sa_destroy_rcu);
}

/* By the device's handle; the caller puts it. */
struct esv_sa *esv_sa_get(struct esv_ipsec *ipsec, u32 handle)
{
	struct esv_sa *sa;

	rcu_read_lock();
	sa = xa_load(&ipsec->sas, handle);
	if (sa && !refcount_inc_not_zero(&sa->ref))
		sa = NULL;
	rcu_read_unlock();
	return sa;
}

/* Under RCU or with the state held and not yet freed. */
struct esv_sa_user *esv_sa_user(const struct xfrm_state *x)
{
	return (struct esv_sa_user *)READ_ONCE(x->xso.offload_handle);
}

/* The state of an SA, held; NULL if it is going or gone. */
struct xfrm_state *esv_sa_state(struct esv_sa *sa)
{
	struct xfrm_state *x;

	rcu_read_lock();
	x = rcu_dereference(sa->x);
	if (x && !refcount_inc_not_zero(&x->refcnt))
		x = NULL;
	rcu_read_unlock();
	return x;
}

static bool esv_sa_is(const struct esv_sa *sa, __be32 spi, u8 family, const void *daddr)
{
	return sa->params.spi == spi && sa->params.family == family &&
	       !memcmp(sa->params.daddr, daddr, family == 4 ? 4 : 16);
}

/* G3: is this an SA of the device? Any context. */
bool esv_sa_exists(struct esv_ipsec *ipsec, __be32 spi, u8 family, const void *daddr)
{
	struct esv_sa *sa;
	bool found = false;

	rcu_read_lock();
	hash_for_each_possible_rcu(ipsec->by_spi, sa, spi_node, esv_spi_hash(spi)) {
		found = esv_sa_is(sa, spi, family, daddr);
		if (found)
			break;
	}
	rcu_read_unlock();
	return found;
}

/* The same SA on its way out of the device, held. */
static struct esv_sa *esv_sa_find_dying(struct esv_ipsec *ipsec, const struct esv_sa_params *p)
{
	struct esv_sa *sa, *found = NULL;

	spin_lock_bh(&ipsec->lock);
	hash_for_each_possible(ipsec->by_spi, sa, spi_node, esv_spi_hash(p->spi)) {
		if (sa->dead && sa->params.dir == p->dir &&
		    esv_sa_is(sa, p->spi, p->family, p->daddr)) {
			refcount_inc(&sa->ref);
			found = sa;
			break;
		}
	}
	spin_unlock_bh(&ipsec->lock);
	return found;
}

/*
 * An SA that is added again while the device still deletes it must not be
 * taken for the old one: the delete would hit the new one.
 */
static int esv_sa_await_dying(struct esv_ipsec *ipsec, const struct esv_sa_params *p)
{
	struct esv_sa *sa;
	int err = 0;

	while (!err && (sa = esv_sa_find_dying(ipsec, p))) {
		err = wait_for_completion_killable(&sa->gone);
		esv_sa_put(sa);
	}
	return err;
}

/* The device's object is gone: no more lookups, no more events. */
static void esv_sa_unlink(struct esv_sa *sa)
{
	struct esv_ipsec *ipsec = sa->ipsec;

	spin_lock_bh(&ipsec->lock);
	hash_del_rcu(&sa->spi_node);
	xa_cmpxchg(&ipsec->sas, sa->handle, sa, NULL, GFP_ATOMIC);
	spin_unlock_bh(&ipsec->lock);
	complete_all(&sa->gone);
	esv_sa_put(sa);
}

static void esv_sa_deleted(struct esv_dev *edev, struct esv_cmd *cmd)
{
	struct esv_sa *sa = cmd->priv;
	struct esv_ipsec *ipsec = sa->ipsec;

	esv_ipsec_removed(ipsec, cmd);
	esv_sa_unlink(sa);
	esv_ipsec_answered(ipsec);
}

/* Under ipsec->lock: the SA is used no more by anyone. */
static void esv_sa_kill_locked(struct esv_sa *sa)
{
	WRITE_ONCE(sa->dead, true);
	RCU_INIT_POINTER(sa->x, NULL);
	sa->ipsec->nr_sa--;
	esv_nexthop_detach(sa);
}

static void esv_sa_post_delete(struct esv_sa *sa)
{
	sa->del = (struct esv_cmd){
		.opcode = ESV_OP_SA_DELETE,
		.object = sa->handle,
		.done = esv_sa_deleted,
		.priv = sa,
	};
	if (!esv_ipsec_post(sa->ipsec, &sa->del))
		esv_sa_unlink(sa);
}

static struct esv_sa *esv_sa_alloc(struct esv_ipsec *ipsec, const struct esv_sa_params *params)
{
	struct esv_sa *sa;

	sa = kzalloc(sizeof(*sa), GFP_KERNEL);
	if (!sa)
		return NULL;
	sa->ipsec = ipsec;
	refcount_set(&sa->ref, 1);
	sa->params = *params;
	memzero_explicit(sa->params.key, sizeof(sa->params.key));
	INIT_LIST_HEAD(&sa->users);
	init_completion(&sa->gone);
	INIT_HLIST_NODE(&sa->spi_node);
	INIT_LIST_HEAD(&sa->want_node);
	INIT_LIST_HEAD(&sa->late_node);
	spin_lock_init(&sa->stats_lock);
	INIT_LIST_HEAD(&sa->nexthop.node);
	if (le32_to_cpu(params->flags) & ESV_SA_F_NEXTHOP) {
		ether_addr_copy(sa->nexthop.mac, params->nexthop);
		sa->nexthop.valid = true;
	}
	return sa;
}

/* Under ipsec->lock. A second state of an SA does not take over from the first. */
static void esv_sa_attach_locked(struct esv_sa *sa, struct esv_sa_user *user, struct xfrm_state *x)
{
	refcount_inc(&sa->ref);
	user->sa = sa;
	user->x = x;
	list_add_tail(&user->node, &sa->users);
	if (!rcu_access_pointer(sa->x))
		rcu_assign_pointer(sa->x, x);
	/* Whoever sees the user sees what is in it. */
	smp_store_release(&x->xso.offload_handle, (unsigned long)user);
}

/* A second state of an SA must be one of the very same SA. */
static int esv_sa_join_locked(struct esv_sa *old, const struct esv_sa *sa,
			      struct esv_sa_user *user, struct xfrm_state *x)
{
	if (old->dead)
		return -EAGAIN;
	if (old->params.dir != sa->params.dir ||
	    !esv_sa_is(old, sa->params.spi, sa->params.family, sa->params.daddr))
		return -EPROTO;
	esv_sa_attach_locked(old, user, x);
	return 0;
}

/*
 * Make the handle that the device answered ours. Returns 0; -EAGAIN: the SA is
 * that of a state which has been deleted meanwhile, ask again; -ESTALE: the
 * device was reset since it was asked, or while; -EPROTO: the handle is that of
 * another SA; -ENOMEM.
 */
static int esv_sa_install(struct esv_ipsec *ipsec, struct esv_sa *sa, struct esv_sa_user *user,
			  struct xfrm_state *x, u32 handle)
{
	struct esv_sa *old;
	int err;

	sa->handle = handle;
	/* Reserve first: the slot may need memory. */
	err = xa_reserve_bh(&ipsec->sas, handle, GFP_KERNEL);
	if (err)
		return err;

	spin_lock_bh(&ipsec->lock);
	old = xa_load(&ipsec->sas, handle);
	if (sa->generation != READ_ONCE(ipsec->edev->generation))
		err = -ESTALE;
	else if (old)
		err = esv_sa_join_locked(old, sa, user, x);
	if (err || old) {
		spin_unlock_bh(&ipsec->lock);
		return err;
	}
	refcount_inc(&sa->ref);
	xa_store(&ipsec->sas, handle, sa, GFP_ATOMIC);
	hash_add_rcu(ipsec->by_spi, &sa->spi_node, esv_spi_hash(sa->params.spi));
	ipsec->nr_sa++;
	esv_sa_attach_locked(sa, user, x);
	esv_nexthop_attach(sa);
	spin_unlock_bh(&ipsec->lock);
	return 0;
}

/* Errno for xfrm: -EOPNOTSUPP would be leave to go on in software. */
static int esv_sa_add_errno(int err)
{
	return err == -EOPNOTSUPP ? -EINVAL : err;
}

static int esv_sa_ask_device(struct esv_ipsec *ipsec, struct esv_sa_params *params,
			     struct esv_cmd *cmd, struct netlink_ext_ack *extack)
{
	int err;

	*cmd = (struct esv_cmd){
		.opcode = ESV_OP_SA_ADD,
		.in = params,
		.in_len = sizeof(*params),
	};
	err = esv_admin_exec(ipsec->edev, cmd);
	if (err && cmd->answered)
		NL_SET_ERR_MSG_FMT_MOD(extack, "Device: %s", esv_status_text(cmd->status));
	else if (err)
		NL_SET_ERR_MSG_MOD(extack, "Device did not answer");
	return esv_sa_add_errno(err);
}

/* Counters of an SA that goes on must not be given to the new state again. */
static void esv_sa_continue(struct esv_sa_user *user)
{
	struct esv_sa *sa = user->sa;

	esv_ipsec_count(sa->ipsec, ESV_IS_SA_CONTINUED);
	esv_sa_refresh(sa);
	spin_lock_bh(&sa->stats_lock);
	user->given = sa->seen;
	spin_unlock_bh(&sa->stats_lock);
}

/*
 * The device has the SA, but it can't be used after all. If another state
 * stands for it too, it stays.
 */
static void esv_sa_undo(struct esv_ipsec *ipsec, u32 handle)
{
	struct esv_cmd cmd = { .opcode = ESV_OP_SA_DELETE, .object = handle };
	struct esv_sa *other = esv_sa_get(ipsec, handle);

	if (other) {
		esv_sa_put(other);
		return;
	}
	esv_admin_exec(ipsec->edev, &cmd);
	esv_ipsec_removed(ipsec, &cmd);
}

static int esv_sa_try_add(struct esv_ipsec *ipsec, struct xfrm_state *x,
			  struct esv_sa_params *params, struct esv_sa *sa,
			  struct esv_sa_user *user, struct netlink_ext_ack *extack)
{
	struct esv_cmd cmd;
	int err;

	err = esv_sa_await_dying(ipsec, params);
	if (err)
		return err;
	sa->generation = READ_ONCE(ipsec->edev->generation);
	err = esv_sa_ask_device(ipsec, params, &cmd, extack);
	if (err)
		return err;
	if (x->aead->alg_key_len) {
		err = esv_poison(x, extack);
		if (err)
			goto err_undo;
	}
	err = esv_sa_install(ipsec, sa, user, x, cmd.object_out);
	if (err == -EAGAIN)
		return err;
	if (err)
		goto err_undo;
	if (cmd.result[0] & ESV_SA_R_CONTINUED)
		esv_sa_continue(user);
	return 0;

err_undo:
	/* After a reset the handle names nothing, or else the SA of just now. */
	esv_sa_undo(ipsec, cmd.object_out);
	return err == -ESTALE ? -EAGAIN : err;
}

/**
 * esv_sa_add() - have the device take an SA
 * @ipsec: device
 * @x: state, not visible to anyone yet; gets its offload_handle
 * @params: SA with its key; the caller wipes it
 * @extack: gets the reason of a refusal
 *
 * May sleep. When this fails the device has nothing that it did not have
 * before. Return: 0 or a negative errno other than -EOPNOTSUPP.
 */
int esv_sa_add(struct esv_ipsec *ipsec, struct xfrm_state *x, struct esv_sa_params *params,
	       struct netlink_ext_ack *extack)
{
	struct esv_sa_user *user;
	struct esv_sa *sa;
	int err, tries = ESV_SA_TRIES;

	user = kzalloc(sizeof(*user), GFP_KERNEL);
	if (!user)
		return -ENOMEM;
	INIT_LIST_HEAD(&user->node);
	sa = esv_sa_alloc(ipsec, params);
	if (!sa) {
		err = -ENOMEM;
		goto err_free_user;
	}

	do {
		err = esv_sa_try_add(ipsec, x, params, sa, user, extack);
	} while (err == -EAGAIN && --tries);
	/* The SA's own reference is the device's object; here ends ours. */
	esv_sa_put(sa);
	if (err)
		goto err_free_user;
	if (READ_ONCE(user->sa->dead)) {
		NL_SET_ERR_MSG_MOD(extack, "Device was reset meanwhile");
		esv_sa_release(x);
		return -EAGAIN;
	}

	esv_ipsec_count(ipsec, ESV_IS_SA_ADDED);
	return 0;

err_free_user:
	kfree(user);
	return err;
}

/*
 * Take a state's share away. True: it was the last one and the SA dies with
 * it; the device's reference then belongs to the caller. Any context.
 */
static bool esv_sa_detach(struct esv_sa_user *user, bool *was_dead)
{
	struct esv_sa *sa = user->sa;
	struct esv_sa_user *next;
	bool last = false;

	spin_lock_bh(&sa->ipsec->lock);
	*was_dead = sa->dead;
	if (list_empty(&user->node))
		goto out;
	list_del_init(&user->node);
	next = list_first_entry_or_null(&sa->users, struct esv_sa_user, node);
	if (rcu_access_pointer(sa->x) == user->x)
		rcu_assign_pointer(sa->x, next ? next->x : NULL);
	last = !next && !sa->dead;
	if (last)
		esv_sa_kill_locked(sa);
out:
	spin_unlock_bh(&sa->ipsec->lock);
	return last;
}

/*
 * The kernel tells nobody when it flushes the states of an interface that goes
 * down. Its IKE daemon must know, or it believes in SAs that are gone.
 */
static void esv_sa_tell_flush(struct esv_ipsec *ipsec, struct xfrm_state *x)
{
	if (ipsec->edev->netdev->flags & IFF_UP)
		return;
	esv_ipsec_count(ipsec, ESV_IS_SA_EXPIRED);
	km_state_expired(x, 1, 0);
}

/**
 * esv_sa_delete() - a state was deleted: the device must stop using it
 * @x: state, perhaps with its lock held, perhaps with that of another one held
 *
 * Any context but hard interrupts. Does nothing for a state that never got an
 * SA and when called twice.
 */
void esv_sa_delete(struct xfrm_state *x)
{
	struct esv_sa_user *user = esv_sa_user(x);
	struct esv_sa *sa;
	bool was_dead;

	if (!user)
		return;
	sa = user->sa;
	if (!esv_sa_detach(user, &was_dead))
		return;
	esv_sa_tell_flush(sa->ipsec, x);
	esv_sa_post_delete(sa);
}

static void esv_sa_user_free_rcu(struct rcu_head *rcu)
{
	struct esv_sa_user *user = container_of(rcu, struct esv_sa_user, rcu);

	esv_sa_put(user->sa);
	kfree(user);
}

/**
 * esv_sa_release() - a state goes: give up its share
 * @x: state
 *
 * May be called twice at once. Sleeps only for a state that has an SA, and
 * then only if delete was never called for it, since someone may be about to
 * hold the state through the SA, or if the state is held. An interface that
 * goes down takes its device from states that routes hold; but
 * xfrm_dev_offload_ok() reads that more than once for a packet and checks it
 * the first time only (6.12). The state is dead, so no packet comes to it
 * anew; those that are there already get time to pass.
 */
void esv_sa_release(struct xfrm_state *x)
{
	struct esv_sa_user *user = (struct esv_sa_user *)xchg(&x->xso.offload_handle, 0);
	struct esv_sa *sa;
	bool was_dead;

	if (!user)
		return;
	sa = user->sa;
	if (!list_empty(&user->node)) {
		if (esv_sa_detach(user, &was_dead))
			esv_sa_post_delete(sa);
		synchronize_net();
	} else if (refcount_read(&x->refcnt)) {
		synchronize_net();
	}
	call_rcu(&user->rcu, esv_sa_user_free_rcu);
}

/*
 * The device has lost it. It is dead before its state is expired, so that the
 * delete which follows is not posted: the device may use the handle again.
 */
static void esv_sa_lose(struct esv_sa *sa)
{
	struct xfrm_state *x = esv_sa_state(sa);
	bool was_dead;

	spin_lock_bh(&sa->ipsec->lock);
	was_dead = sa->dead;
	if (!was_dead)
		esv_sa_kill_locked(sa);
	spin_unlock_bh(&sa->ipsec->lock);
	/* One that was dead already is unlinked when its delete is answered. */
	if (!was_dead)
		esv_sa_unlink(sa);
	if (x)
		esv_sa_expire(sa, x);
}

/* Call fn for every SA; it may take it out. */
static void esv_sa_for_all(struct esv_ipsec *ipsec, void (*fn)(struct esv_sa *sa))
{
	unsigned long handle = 0;
	struct esv_sa *sa;

	while (xa_find(&ipsec->sas, &handle, ULONG_MAX, XA_PRESENT)) {
		sa = esv_sa_get(ipsec, handle);
		if (sa) {
			fn(sa);
			esv_sa_put(sa);
		}
		handle++;
	}
}

/* One that was added since the device came back is not lost. */
static void esv_sa_lose_old(struct esv_sa *sa)
{
	struct esv_dev *edev = sa->ipsec->edev;

	if (!esv_alive(edev) || sa->generation != READ_ONCE(edev->generation))
		esv_sa_lose(sa);
}

/**
 * esv_sa_lose_all() - the device was reset and has lost its SAs
 * @ipsec: device
 *
 * Process context. Each state gets a hard expire.
 */
void esv_sa_lose_all(struct esv_ipsec *ipsec)
{
	esv_sa_for_all(ipsec, esv_sa_lose_old);
}

/* The device lost this one, by its own account. */
void esv_sa_lose_one(struct esv_sa *sa)
{
	esv_sa_lose(sa);
}

static void esv_sa_expire_one(struct esv_sa *sa)
{
	esv_sa_want(sa, ESV_WANT_EXPIRE);
}

static void esv_sa_resync_one(struct esv_sa *sa)
{
	esv_sa_want(sa, ESV_WANT_CHECK);
}

/**
 * esv_sa_expire_all() - all SAs must go, though the device has them
 * @ipsec: device
 *
 * Process context. Each state gets a hard expire, and xfrm deletes it.
 */
void esv_sa_expire_all(struct esv_ipsec *ipsec)
{
	esv_sa_for_all(ipsec, esv_sa_expire_one);
}

/* Events were lost: ask the device about every SA. */
void esv_sa_check_all(struct esv_ipsec *ipsec)
{
	esv_sa_for_all(ipsec, esv_sa_resync_one);
}

#endif
