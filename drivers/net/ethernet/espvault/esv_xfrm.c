// SPDX-License-Identifier: GPL-2.0
/*
 * What xfrm calls: states and policies of packet offload.
 *
 * A state or policy that the device can't express is refused, each reason in
 * its own words, and never with -EOPNOTSUPP, which xfrm takes as leave to go
 * on in software.
 */
#include "esv_guard.h"
#include "esv_ipsec_priv.h"
#include "esv_token.h"

#ifdef ESV_HAVE_PACKET_OFFLOAD

static u32 esv_state_window(const struct xfrm_state *x)
{
	return x->replay_esn ? x->replay_esn->replay_window : x->props.replay_window;
}

static u64 esv_state_seq(const struct xfrm_state *x, bool out)
{
	const struct xfrm_replay_state_esn *esn = x->replay_esn;

	if (!esn)
		return out ? x->replay.oseq : x->replay.seq;
	if (out)
		return (u64)esn->oseq_hi << 32 | esn->oseq;
	return (u64)esn->seq_hi << 32 | esn->seq;
}

static void esv_state_attrs_key(struct esv_sa_attrs *a, const struct xfrm_state *x)
{
	a->other_algos = x->aalg || x->ealg || x->calg;
	a->geniv = x->geniv;
	if (!x->aead)
		return;
	a->aead = x->aead->alg_name;
	a->icv_bits = x->aead->alg_icv_len;
	a->key = x->aead->alg_key;
	a->key_bits = x->aead->alg_key_len;
}

/* The state in plain values; a->key stays the state's own. */
static void esv_state_attrs(struct esv_sa_attrs *a, const struct xfrm_state *x)
{
	bool out = x->xso.dir == XFRM_DEV_OFFLOAD_OUT;

	*a = (struct esv_sa_attrs){
		.proto = x->id.proto,
		.spi = x->id.spi,
		.mode = x->props.mode,
		.family = x->props.family,
		.out = out,
		.packet = x->xso.type == XFRM_DEV_OFFLOAD_PACKET,
		.encap = x->encap,
		.keepalive = x->nat_keepalive_interval,
		.coaddr = x->coaddr,
		.security = x->security,
		.pcpu = x->pcpu_num != UINT_MAX,
		.tfcpad = x->tfcpad,
		.mark_mask = x->mark.m,
		.smark_mask = x->props.smark.m,
		.if_id = x->if_id,
		.flags = x->props.flags,
		.xflags = x->props.extra_flags,
		.reqid = x->props.reqid,
		.window = esv_state_window(x),
		.seq = esv_state_seq(x, out),
		.sel = x->sel,
		.lft = x->lft,
		.saddr = x->props.saddr,
		.daddr = x->id.daddr,
	};
	esv_state_attrs_key(a, x);
}

/* The texts are constant, and some are too long for the macro that formats. */
int esv_refuse(struct esv_refusal no, struct netlink_ext_ack *extack)
{
	if (extack)
		extack->_msg = no.text;
	return no.err;
}

static int esv_state_check_upper(struct esv_ipsec *ipsec, struct netlink_ext_ack *extack)
{
	const char *upper = esv_upper_refusal(ipsec->edev->netdev);

	if (!upper)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack, "Interface is part of a %s", upper);
	return -EBUSY;
}

/* What can be said against a state without asking the device. */
static int esv_state_check(struct esv_ipsec *ipsec, const struct esv_sa_attrs *a,
			   struct netlink_ext_ack *extack)
{
	struct esv_refusal no = esv_sa_refusal(a, &ipsec->limits);
	int err;

	if (no.text)
		return esv_refuse(no, extack);
	if (esv_is_token(a->key, a->key_bits / 8) && !esv_guard_active()) {
		NL_SET_ERR_MSG_MOD(extack, "Tokens are refused while the cipher guard is off");
		return -EKEYREJECTED;
	}
	err = esv_state_check_upper(ipsec, extack);
	if (err)
		return err;
	if (!esv_alive(ipsec->edev)) {
		NL_SET_ERR_MSG_MOD(extack, "Device is being reset or is gone");
		return -ENODEV;
	}
	return 0;
}

static int esv_state_install(struct esv_ipsec *ipsec, struct xfrm_state *x,
			     const struct esv_sa_attrs *a, struct netlink_ext_ack *extack)
{
	struct esv_sa_params *params;
	int err;

	params = kmalloc(sizeof(*params), GFP_KERNEL);
	if (!params)
		return -ENOMEM;
	esv_sa_params_set(params, a);
	params->function = cpu_to_le16(ipsec->edev->function);
	esv_nexthop_first(ipsec, params);
	err = esv_sa_add(ipsec, x, params, extack);
	kfree_sensitive(params);
	if (err)
		return err;
	smp_mb(); /* we see the interface on top, or its notifier our SA */
	err = esv_state_check_upper(ipsec, extack);
	if (err)
		esv_sa_release(x);
	return err;
}

/* The device of a state or policy, if it is one of ours. A bond's is not. */
static struct esv_ipsec *esv_ipsec_of(const struct xfrm_dev_offload *xso)
{
	struct net_device *netdev = READ_ONCE(xso->dev);

	if (!netdev || !esv_netdev_is_ours(netdev))
		return NULL;
	return ((struct esv_dev *)netdev_priv(netdev))->ipsec;
}

/*
 * Larval states come here without a key, in atomic context and without
 * extack. They need nothing of the device and must not be refused: a full
 * table would keep the key manager from ever being asked.
 */
static int esv_xdo_state_add(struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	struct esv_ipsec *ipsec = esv_ipsec_of(&x->xso);
	struct esv_sa_attrs attrs;
	int err;

	if (!ipsec) {
		NL_SET_ERR_MSG_MOD(extack, "Offload through another device is refused");
		return -EINVAL;
	}
	if (x->xso.flags & XFRM_DEV_OFFLOAD_FLAG_ACQ) {
		esv_ipsec_count(ipsec, ESV_IS_SA_ACQUIRE);
		return 0;
	}

	esv_state_attrs(&attrs, x);
	err = esv_state_check(ipsec, &attrs, extack);
	if (!err)
		err = esv_state_install(ipsec, x, &attrs, extack);
	if (err)
		esv_ipsec_count(ipsec, ESV_IS_SA_REFUSED);
	return err;
}

static int esv_xdo_policy_add(struct xfrm_policy *xp, struct netlink_ext_ack *extack)
{
	struct esv_ipsec *ipsec = esv_ipsec_of(&xp->xdo);
	int err;

	if (!ipsec) {
		NL_SET_ERR_MSG_MOD(extack, "Offload through another device is refused");
		return -EINVAL;
	}
	err = esv_policy_add(ipsec, xp, extack);
	if (err)
		esv_ipsec_count(ipsec, ESV_IS_POLICY_REFUSED);
	return err;
}

const struct xfrmdev_ops esv_xfrmdev_ops = {
	.xdo_dev_state_add = esv_xdo_state_add,
	.xdo_dev_state_delete = esv_sa_delete,
	.xdo_dev_state_free = esv_sa_release,
	.xdo_dev_offload_ok = esv_ipsec_offload_ok,
	.xdo_dev_state_update_stats = esv_sa_give_counts,
	.xdo_dev_policy_add = esv_xdo_policy_add,
	.xdo_dev_policy_delete = esv_policy_delete,
	.xdo_dev_policy_free = esv_policy_free,
};

#endif
