// SPDX-License-Identifier: GPL-2.0
/*
 * Entries of the device's SPD and the xfrm policies that stand for them.
 *
 * The order of things is the kernel's: an update adds the new policy and then
 * deletes the old one, and a policy that exists already is added, refused by
 * xfrm and deleted again. Entries with equal selectors may therefore coexist
 * for a while; the device keeps to the older one (SPD-6). That includes one
 * that was left to drop: it is taken out when xfrm is known to have taken the
 * policy that succeeds it, for a policy that xfrm refuses must change nothing.
 */
#include "esv_ipsec_priv.h"

#ifdef ESV_HAVE_PACKET_OFFLOAD

/* xfrm decides right after the driver, and tells nobody: look again every so many jiffies. */
#define ESV_REPLACE_TICKS	1

void esv_policy_put(struct esv_policy *pol)
{
	if (refcount_dec_and_test(&pol->ref))
		kfree(pol);
}

static void esv_policy_attrs_tmpl(struct esv_policy_attrs *a, const struct xfrm_tmpl *t)
{
	a->proto = t->id.proto;
	a->mode = t->mode;
	a->optional = t->optional;
	a->spi = t->id.spi;
	a->reqid = t->reqid;
	a->family = t->encap_family;
	a->saddr = t->saddr;
	a->daddr = t->id.daddr;
}

static u8 esv_policy_dir(const struct xfrm_policy *xp)
{
	switch (xp->xdo.dir) {
	case XFRM_DEV_OFFLOAD_IN:
		return XFRM_POLICY_IN;
	case XFRM_DEV_OFFLOAD_OUT:
		return XFRM_POLICY_OUT;
	default:
		return XFRM_POLICY_FWD;
	}
}

static void esv_policy_attrs(struct esv_policy_attrs *a, const struct xfrm_policy *xp)
{
	*a = (struct esv_policy_attrs){
		.dir = esv_policy_dir(xp),
		.type = xp->type,
		.action = xp->action,
		.flags = xp->flags,
		.nr_tmpl = xp->xfrm_nr,
		.mark_mask = xp->mark.m,
		.if_id = xp->if_id,
		.security = xp->security,
		.priority = xp->priority,
		.sel = xp->selector,
	};
	a->sel.family = xp->family;
	/* Whatever the device sees goes through its own interface; IKE daemons name it. */
	if (a->sel.ifindex == xp->xdo.dev->ifindex)
		a->sel.ifindex = 0;
	if (xp->xfrm_nr)
		esv_policy_attrs_tmpl(a, &xp->xfrm_vec[0]);
}

static bool esv_policy_contradicts_any(struct esv_ipsec *ipsec,
				       const struct esv_policy_params *params)
{
	struct esv_policy *pol;
	bool found = false;

	spin_lock_bh(&ipsec->lock);
	list_for_each_entry(pol, &ipsec->policies, node) {
		found = !pol->frozen && esv_policy_order_contradicts(&pol->params, params);
		if (found)
			break;
	}
	spin_unlock_bh(&ipsec->lock);
	return found;
}

static int esv_policy_check(struct esv_ipsec *ipsec, const struct xfrm_policy *xp,
			    struct esv_policy_params *params, struct netlink_ext_ack *extack)
{
	struct esv_policy_attrs attrs;
	struct esv_refusal no;

	esv_policy_attrs(&attrs, xp);
	no = esv_policy_refusal(&attrs);
	if (no.text)
		return esv_refuse(no, extack);
	esv_policy_params_set(params, &attrs);
	params->function = cpu_to_le16(ipsec->edev->function);
	if (esv_policy_contradicts_any(ipsec, params)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "Policy overlaps another one that the kernel would take in a different order than by priority; add the more general one first, with a higher priority value");
		return -ENOTUNIQ;
	}
	if (!esv_alive(ipsec->edev)) {
		NL_SET_ERR_MSG_MOD(extack, "Device is being reset or is gone");
		return -ENODEV;
	}
	return 0;
}

/* Returns 0 and the entry's handle, or a negative errno. */
static int esv_policy_install(const struct esv_policy *pol, u32 *handle,
			      struct netlink_ext_ack *extack)
{
	struct esv_cmd cmd = {
		.opcode = ESV_OP_POLICY_ADD,
		.in = &pol->params,
		.in_len = sizeof(pol->params),
	};
	int err;

	err = esv_admin_exec(pol->ipsec->edev, &cmd);
	if (err && cmd.answered)
		NL_SET_ERR_MSG_FMT_MOD(extack, "Device: %s", esv_status_text(cmd.status));
	else if (err)
		NL_SET_ERR_MSG_MOD(extack, "Device did not answer");
	else
		*handle = cmd.object_out;
	return err == -EOPNOTSUPP ? -EINVAL : err;
}

static void esv_policy_cmd_done(struct esv_dev *edev, struct esv_cmd *cmd)
{
	struct esv_policy *pol = cmd->priv;
	struct esv_ipsec *ipsec = pol->ipsec;

	esv_ipsec_removed(ipsec, cmd);
	esv_policy_put(pol);
	esv_ipsec_answered(ipsec);
}

/* Takes a reference for as long as the command is under way. Any context. */
static void esv_policy_post(struct esv_policy *pol, struct esv_cmd *cmd, u16 opcode, u32 handle)
{
	refcount_inc(&pol->ref);
	*cmd = (struct esv_cmd){
		.opcode = opcode,
		.object = handle,
		.done = esv_policy_cmd_done,
		.priv = pol,
	};
	if (!esv_ipsec_post(pol->ipsec, cmd))
		esv_policy_put(pol);
}

/*
 * Has xfrm taken the policy? It notes the time when nothing can go wrong any
 * more, under the lock under which a policy is found for deletion. Under
 * ipsec->lock, or where the policy is deleted.
 */
static bool esv_policy_taken(const struct xfrm_policy *xp)
{
	return READ_ONCE(xp->curlft.add_time);
}

/* Under ipsec->lock. An heir that was frozen itself has not come to protect. */
static bool esv_policy_succeeds(const struct esv_policy *heir, const struct esv_policy *pol)
{
	return pol->frozen && !heir->frozen && pol->params.dir == heir->params.dir &&
	       esv_selectors_equal(&pol->params.sel, &heir->params.sel);
}

/*
 * @handle: of the entry in the device; 0: a reset took it, and who is about to
 * put it back finds that it is frozen no more, and deletes it.
 */
static struct esv_policy *esv_policy_take_frozen(struct esv_policy *heir, u32 *handle)
{
	struct esv_ipsec *ipsec = heir->ipsec;
	struct esv_policy *pol;

	spin_lock_bh(&ipsec->lock);
	list_for_each_entry(pol, &ipsec->policies, node) {
		if (esv_policy_succeeds(heir, pol)) {
			list_del(&pol->node);
			pol->frozen = false;
			*handle = pol->handle;
			spin_unlock_bh(&ipsec->lock);
			return pol;
		}
	}
	spin_unlock_bh(&ipsec->lock);
	return NULL;
}

/* Entries that were left to drop while the link was down have a successor now. */
static void esv_policy_replace_frozen(struct esv_policy *heir)
{
	struct esv_policy *pol;
	u32 handle;

	while ((pol = esv_policy_take_frozen(heir, &handle))) {
		if (handle)
			esv_policy_post(pol, &pol->delete, ESV_OP_POLICY_DELETE, handle);
		esv_policy_put(pol);
	}
}

/* One that xfrm has taken meanwhile, held. */
static struct esv_policy *esv_policy_next_taken(struct esv_ipsec *ipsec)
{
	struct esv_policy *pol;

	spin_lock_bh(&ipsec->lock);
	list_for_each_entry(pol, &ipsec->fresh, fresh_node) {
		if (esv_policy_taken(pol->xp)) {
			list_del_init(&pol->fresh_node);
			refcount_inc(&pol->ref);
			spin_unlock_bh(&ipsec->lock);
			return pol;
		}
	}
	if (!list_empty(&ipsec->fresh))
		queue_delayed_work(ipsec->edev->wq, &ipsec->replace_work, ESV_REPLACE_TICKS);
	spin_unlock_bh(&ipsec->lock);
	return NULL;
}

void esv_policy_replace_work(struct work_struct *work)
{
	struct esv_ipsec *ipsec = container_of(to_delayed_work(work), struct esv_ipsec,
					       replace_work);
	struct esv_policy *pol;

	while ((pol = esv_policy_next_taken(ipsec))) {
		esv_policy_replace_frozen(pol);
		esv_policy_put(pol);
		cond_resched();
	}
}

/*
 * False: the device was reset since @generation was read, and nobody can say
 * whether it has the entry.
 */
static bool esv_policy_enlist(struct esv_policy *pol, u32 handle, u8 generation)
{
	struct esv_ipsec *ipsec = pol->ipsec;
	bool same;

	spin_lock_bh(&ipsec->lock);
	same = generation == READ_ONCE(ipsec->edev->generation);
	if (same) {
		pol->handle = handle;
		pol->generation = generation;
		list_add_tail(&pol->node, &ipsec->policies);
		list_add_tail(&pol->fresh_node, &ipsec->fresh);
		ipsec->nr_policy++;
	}
	spin_unlock_bh(&ipsec->lock);
	return same;
}

/**
 * esv_policy_add() - have the device take a policy
 * @ipsec: device
 * @xp: policy, not visible to anyone yet; gets its offload_handle
 * @extack: gets the reason of a refusal
 *
 * May sleep. Return: 0 or a negative errno other than -EOPNOTSUPP.
 */
int esv_policy_add(struct esv_ipsec *ipsec, struct xfrm_policy *xp, struct netlink_ext_ack *extack)
{
	u8 generation = READ_ONCE(ipsec->edev->generation);
	struct esv_policy *pol;
	u32 handle;
	int err;

	pol = kzalloc(sizeof(*pol), GFP_KERNEL);
	if (!pol)
		return -ENOMEM;
	pol->ipsec = ipsec;
	pol->xp = xp;
	INIT_LIST_HEAD(&pol->fresh_node);
	INIT_LIST_HEAD(&pol->dead_node);
	refcount_set(&pol->ref, 2);

	err = esv_policy_check(ipsec, xp, &pol->params, extack);
	if (!err)
		err = esv_policy_install(pol, &handle, extack);
	if (err) {
		kfree(pol);
		return err;
	}
	if (!esv_policy_enlist(pol, handle, generation)) {
		NL_SET_ERR_MSG_MOD(extack, "Device was reset meanwhile");
		/* A handle of before the reset names nothing now. */
		esv_policy_post(pol, &pol->delete, ESV_OP_POLICY_DELETE, handle);
		refcount_dec(&pol->ref);
		esv_policy_put(pol);
		return -EAGAIN;
	}
	xp->xdo.offload_handle = (unsigned long)pol;
	queue_delayed_work(ipsec->edev->wq, &ipsec->replace_work, ESV_REPLACE_TICKS);
	esv_ipsec_count(ipsec, ESV_IS_POLICY_ADDED);
	return 0;
}

/*
 * With the interface down, which it already is when the kernel flushes its
 * policies, nothing that protects may give way to clear text: protect entries
 * become drop entries, drop entries stay. One that xfrm refused was never in
 * force, and leaves things as they were.
 */
static bool esv_policy_freezes(const struct esv_policy *pol, bool taken)
{
	return taken && !(pol->ipsec->edev->netdev->flags & IFF_UP) &&
	       pol->params.action != ESV_ACTION_ALLOW;
}

/**
 * esv_policy_delete() - a policy was deleted: take its entry out
 * @xp: policy
 *
 * Softirq at worst: policies have lifetimes. Does nothing when called twice.
 */
void esv_policy_delete(struct xfrm_policy *xp)
{
	struct esv_policy *pol = (struct esv_policy *)READ_ONCE(xp->xdo.offload_handle);
	bool taken = esv_policy_taken(xp);
	struct esv_ipsec *ipsec;
	bool freeze;
	u32 handle;

	if (!pol)
		return;
	ipsec = pol->ipsec;
	freeze = esv_policy_freezes(pol, taken);

	spin_lock_bh(&ipsec->lock);
	if (pol->deleted) {
		spin_unlock_bh(&ipsec->lock);
		return;
	}
	pol->deleted = true;
	pol->frozen = freeze;
	handle = pol->handle;
	ipsec->nr_policy--;
	list_del_init(&pol->fresh_node);
	list_add_tail(&pol->dead_node, &ipsec->dead);
	if (!freeze)
		list_del(&pol->node);
	spin_unlock_bh(&ipsec->lock);

	if (freeze) {
		esv_ipsec_count(ipsec, ESV_IS_POLICY_FROZEN);
		if (handle && pol->params.action == ESV_ACTION_PROTECT)
			esv_policy_post(pol, &pol->freeze, ESV_OP_POLICY_FREEZE, handle);
		return;
	}
	if (handle)
		esv_policy_post(pol, &pol->delete, ESV_OP_POLICY_DELETE, handle);
	/* It may go before it was seen to have taken their place. */
	if (taken)
		esv_policy_replace_frozen(pol);
	esv_policy_put(pol);
}

/**
 * esv_policy_free() - the last reference to a policy is going
 * @xp: policy
 *
 * Any context but hard interrupts.
 */
void esv_policy_free(struct xfrm_policy *xp)
{
	struct esv_policy *pol;

	esv_policy_delete(xp);
	pol = (struct esv_policy *)xchg(&xp->xdo.offload_handle, 0);
	if (!pol)
		return;
	spin_lock_bh(&pol->ipsec->lock);
	list_del_init(&pol->dead_node);
	spin_unlock_bh(&pol->ipsec->lock);
	esv_policy_put(pol);
}

/* Is the entry one that a reset took? Others were added since the device came back. */
static bool esv_policy_lost(const struct esv_policy *pol)
{
	return pol->generation != READ_ONCE(pol->ipsec->edev->generation);
}

/*
 * The entries that the reset took, oldest first, held. Until one is put back it
 * has no handle. Their number can only fall: none is enlisted as lost.
 */
static unsigned int esv_policy_snapshot(struct esv_ipsec *ipsec, struct esv_policy **pols,
					unsigned int max)
{
	struct esv_policy *pol;
	unsigned int n = 0;

	spin_lock_bh(&ipsec->lock);
	list_for_each_entry(pol, &ipsec->policies, node) {
		if (!esv_policy_lost(pol) || n == max)
			continue;
		pol->handle = 0;
		pol->generation = ipsec->edev->generation;
		refcount_inc(&pol->ref);
		pols[n++] = pol;
	}
	spin_unlock_bh(&ipsec->lock);
	return n;
}

static unsigned int esv_policy_count_lost(struct esv_ipsec *ipsec)
{
	struct esv_policy *pol;
	unsigned int n = 0;

	spin_lock_bh(&ipsec->lock);
	list_for_each_entry(pol, &ipsec->policies, node)
		n += esv_policy_lost(pol);
	spin_unlock_bh(&ipsec->lock);
	return n;
}

/* What dropped before the reset drops after it. */
static void esv_policy_params_freeze(struct esv_policy_params *p)
{
	p->action = ESV_ACTION_DROP;
	p->reqid = 0;
	p->mode = ESV_SA_MODE_ANY;
	p->family = 0;
	memset(p->saddr, 0, sizeof(p->saddr));
	memset(p->daddr, 0, sizeof(p->daddr));
}

/* An allow entry that is missing opens nothing; any other one would. */
static int esv_policy_restore_one(struct esv_policy *pol)
{
	struct esv_ipsec *ipsec = pol->ipsec;
	bool gone;
	u32 handle;

	if (pol->frozen)
		esv_policy_params_freeze(&pol->params);
	if (esv_policy_install(pol, &handle, NULL)) {
		esv_ipsec_count(ipsec, ESV_IS_POLICY_LOST);
		netdev_err(ipsec->edev->netdev, "a policy could not be restored\n");
		return pol->params.action == ESV_ACTION_ALLOW ? 0 : -EIO;
	}
	spin_lock_bh(&ipsec->lock);
	pol->handle = handle;
	gone = pol->deleted && !pol->frozen;
	spin_unlock_bh(&ipsec->lock);
	/* It was deleted while it had no handle. */
	if (gone)
		esv_policy_post(pol, &pol->delete, ESV_OP_POLICY_DELETE, handle);
	return 0;
}

/**
 * esv_policy_restore() - put all entries back after the device was reset
 * @ipsec: device
 *
 * Process context. The kernel still believes in its policies; the SAs are
 * gone, so protect entries drop until there are new ones.
 *
 * Return: 0; or a negative errno, and then the port must stay closed, for the
 * device lacks an entry that protects or drops.
 */
int esv_policy_restore(struct esv_ipsec *ipsec)
{
	unsigned int i, n = esv_policy_count_lost(ipsec);
	struct esv_policy **pols;
	int err = 0;

	if (!n)
		return 0;
	pols = kvmalloc_array(n, sizeof(*pols), GFP_KERNEL);
	if (!pols) {
		netdev_err(ipsec->edev->netdev, "no memory to restore %u policies\n", n);
		return -ENOMEM;
	}
	n = esv_policy_snapshot(ipsec, pols, n);
	for (i = 0; i < n; i++) {
		if (!err)
			err = esv_policy_restore_one(pols[i]);
		esv_policy_put(pols[i]);
	}
	kvfree(pols);
	return err;
}

/* The interface is unregistered: only frozen entries can be left. */
void esv_policy_forget_all(struct esv_ipsec *ipsec)
{
	struct esv_policy *pol, *tmp;
	LIST_HEAD(left);

	spin_lock_bh(&ipsec->lock);
	list_splice_init(&ipsec->policies, &left);
	spin_unlock_bh(&ipsec->lock);
	list_for_each_entry_safe(pol, tmp, &left, node) {
		list_del(&pol->node);
		esv_policy_put(pol);
	}
}

#endif
