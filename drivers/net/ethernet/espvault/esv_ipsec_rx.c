// SPDX-License-Identifier: GPL-2.0
/*
 * Receive: a frame that the device decrypted, verified and authorised gets the
 * sec_path that xfrm wants to see.
 */
#include "esv_ipsec_priv.h"
#include "esv_queue.h"

#ifdef ESV_HAVE_PACKET_OFFLOAD

/*
 * GRO compares no sec_path, but it does compare metadata. The handle goes
 * there, so nothing is merged with clear text or across SAs.
 */
static bool esv_rx_keep_apart(struct sk_buff *skb, u32 handle)
{
	u8 *end = skb_mac_header(skb);

	if (end - skb->head < sizeof(handle))
		return false;
	memcpy(end - sizeof(handle), &handle, sizeof(handle));
	skb_metadata_set(skb, sizeof(handle));
	return true;
}

static bool esv_rx_secpath(struct sk_buff *skb, struct xfrm_state *x)
{
	struct xfrm_offload *xo;
	struct sec_path *sp;

	sp = secpath_set(skb);
	if (!sp)
		return false;
	sp->xvec[sp->len++] = x;
	sp->olen++;
	xo = xfrm_offload(skb);
	xo->flags = CRYPTO_DONE;
	xo->status = CRYPTO_SUCCESS;
	return true;
}

/*
 * The state that the device's SA stands for, held, if it is still good. Frames come
 * in runs of one SA, and handles are sparse, so the last one is remembered.
 */
static struct xfrm_state *esv_rx_state(struct esv_ipsec *ipsec, struct esv_sa_hit *hit, u32 handle)
{
	struct xfrm_state *x = NULL;
	struct esv_sa *sa;

	rcu_read_lock();
	sa = hit->handle == handle ? hit->sa : xa_load(&ipsec->sas, handle);
	if (sa)
		*hit = (struct esv_sa_hit){ sa, handle };
	if (sa && sa->params.dir == ESV_DIR_IN)
		x = rcu_dereference(sa->x);
	if (x && (READ_ONCE(x->km.state) != XFRM_STATE_VALID ||
		  !refcount_inc_not_zero(&x->refcnt)))
		x = NULL;
	rcu_read_unlock();
	return x;
}

/**
 * esv_ipsec_rx() - attribute a decrypted frame to its SA
 * @edev: function
 * @skb: frame, after eth_type_trans()
 * @cqe: its first completion, a private copy
 * @hit: of this NAPI run, zero at its start
 *
 * NAPI. Return: false, with a counter moved, if the frame must be dropped; it
 * then has no sec_path.
 */
bool esv_ipsec_rx(struct esv_dev *edev, struct sk_buff *skb, const struct esv_rx_cqe *cqe,
		  struct esv_sa_hit *hit)
{
	u32 handle = le32_to_cpu(cqe->sa_handle);
	struct esv_ipsec *ipsec = edev->ipsec;
	struct xfrm_state *x;

	if (!ipsec || cqe->crypto != ESV_RX_CRYPTO_OK)
		return false;
	x = esv_rx_state(ipsec, hit, handle);
	if (!x) {
		esv_ipsec_count(ipsec, ESV_IS_RX_STALE_SA);
		return false;
	}
	if (!esv_rx_keep_apart(skb, handle)) {
		esv_ipsec_count(ipsec, ESV_IS_RX_NO_HEADROOM);
		goto err_put;
	}
	if (!esv_rx_secpath(skb, x)) {
		esv_ipsec_count(ipsec, ESV_IS_RX_NO_MEMORY);
		goto err_put;
	}
	return true;

err_put:
	secpath_reset(skb);
	xfrm_state_put(x);
	return false;
}

#else

bool esv_ipsec_rx(struct esv_dev *edev, struct sk_buff *skb, const struct esv_rx_cqe *cqe,
		  struct esv_sa_hit *hit)
{
	return false;
}

#endif
