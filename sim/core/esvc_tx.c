// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Transmit: frames from the rings through classification, segmentation and
 * ESP to the wire.
 *
 * There is one frame under way at a time (dev->tx). When the wire is full it
 * stays there, with its finished segment, and the queues wait.
 */
#include "esvc_csum.h"
#include "esvc_frame.h"
#include "esvc_ring.h"
#include "esvc_txd.h"

#define ETH_HLEN	14
#define BURST	32	/* frames of one queue before the next one's turn */

static void count_drop(struct esvc_dev *dev, enum esv_counter c)
{
	esvc_count(dev, c);
	dev->tx.active = false;
}

/* Length of the frame, or of its largest segment, before ESP. */
static size_t wire_len(const struct esvc_tx_frame *f)
{
	return f->is_tso ? esvc_tso_max_len(&f->tso) : f->len;
}

static void classify(struct esvc_dev *dev, const uint8_t *frame)
{
	struct esvc_tx_frame *f = &dev->tx;
	uint16_t ethertype;

	f->verdict = (struct esvc_tx_verdict){ .counter = ESV_C_TX_OPEN };
	if (dev->drop_all) {
		f->verdict.counter = ESV_C_TX_DROP_NOMATCH;
	} else if (dev->ipsec) {
		/* The IP header of a frame to be segmented tells the length of all of it. */
		esvc_ipsec_classify(dev->ipsec, frame, f->is_tso ? f->hdr_len : f->kept ? f->kept : f->len, f->len,
				    f->flags & ESV_TXD_TAG, f->sa_handle, &f->verdict);
		return;
	} else if (f->flags & ESV_TXD_TAG) {
		f->verdict.counter = ESV_C_TX_DROP_TAG_STALE;
	}
	f->verdict.l3_off = (uint16_t)esvc_frame_l3(frame, f->len, &ethertype);
}

static bool is_drop(enum esv_counter c)
{
	return c >= ESV_C_TX_DROP_DESC && c <= ESV_C_TX_DROP_TSO;
}

/* What is sent in clear is held to the MTU here; ESP is by the engine, which knows its overhead. */
static bool too_long(const struct esvc_dev *dev, const uint8_t *frame)
{
	const struct esvc_tx_frame *f = &dev->tx;
	uint16_t ethertype;

	if (f->verdict.counter == ESV_C_TX_ESP)
		return false;
	return wire_len(f) - esvc_frame_l3(frame, f->len, &ethertype) > dev->mtu;
}

static bool tso_on(const struct esvc_dev *dev, const uint8_t *frame, const struct esvc_tso *tso)
{
	uint16_t ethertype;

	if (esvc_frame_l3(frame, ESVC_L2_MAX, &ethertype) != ETH_HLEN && !(dev->features & ESV_OFF_VLAN_PARSE))
		return false;
	return dev->features & (tso->family == 4 ? ESV_OFF_TSO4 : ESV_OFF_TSO6);
}

/* What is to happen to the frame, by its bytes and by what the port and the SPD say now. */
static enum esv_counter judge(struct esvc_dev *dev, const uint8_t *frame)
{
	struct esvc_tx_frame *f = &dev->tx;

	if (!dev->port_up || !dev->link_up)
		return ESV_C_TX_DROP_DOWN;
	if (f->is_tso && !tso_on(dev, frame, &f->tso))
		return ESV_C_TX_DROP_TSO;
	classify(dev, frame);
	if (!is_drop(f->verdict.counter) && too_long(dev, frame))
		return ESV_C_TX_DROP_MTU;
	return f->verdict.counter;
}

/* Make the frame in tx_buf final and decide about it. False: it was dropped and counted. */
static bool prepare(struct esvc_dev *dev)
{
	struct esvc_tx_frame *f = &dev->tx;
	uint8_t *frame = dev->tx_buf + ESVC_HEADROOM;
	enum esv_counter verdict;

	f->active = true;
	f->taken = false;
	f->kept = 0;
	if (f->is_tso && esvc_tso_init(&f->tso, frame, f->len, f->hdr_len, f->mss)) {
		count_drop(dev, ESV_C_TX_DROP_TSO);
		return false;
	}
	/* Nothing is written to a frame after the verdict: the field may lie in what decides (TXD-8). */
	if (!f->is_tso && f->flags & ESV_TXD_CSUM)
		esvc_csum_complete(frame, f->len, f->csum_start, f->csum_offset);
	verdict = judge(dev, frame);
	if (is_drop(verdict)) {
		count_drop(dev, verdict);
		return false;
	}
	if (f->is_tso)
		esvc_count(dev, ESV_C_TX_TSO);
	return true;
}

/* Ports, types and codes: what decides about a tagged frame behind its network header (SPD-25). */
#define KEPT_L4	8

/* Encryption overwrites the frame. Its headers stay, should they be asked for again: seg_buf is only TSO's. */
static void keep_headers(struct esvc_dev *dev)
{
	struct esvc_tx_frame *f = &dev->tx;
	uint32_t len = f->verdict.l4_off + KEPT_L4;

	f->kept = len < f->len ? len : f->len;
	memcpy(dev->seg_buf, dev->tx_buf + ESVC_HEADROOM, f->kept);
}

/* What is finished can't become anything else: it is ESP, or clear, and it was made for its SA as that was then. */
static enum esv_counter judge_finished(struct esvc_dev *dev, enum esv_counter verdict)
{
	struct esvc_tx_frame *f = &dev->tx;

	if ((verdict == ESV_C_TX_ESP) != (f->counter == ESV_C_TX_ESP))
		return ESV_C_TX_DROP_TAG_FIT;
	return verdict == ESV_C_TX_ESP ? esvc_ipsec_output_again(dev->ipsec, &f->verdict, &f->out) : verdict;
}

/*
 * The frame had to wait, and commands may have run meanwhile: what they changed
 * holds for the rest of it (TXD-10). False: dropped and counted.
 */
static bool still_goes(struct esvc_dev *dev)
{
	struct esvc_tx_frame *f = &dev->tx;
	enum esv_counter verdict = judge(dev, f->kept ? dev->seg_buf : dev->tx_buf + ESVC_HEADROOM);

	if (!is_drop(verdict) && f->ready)
		verdict = judge_finished(dev, verdict);
	if (is_drop(verdict))
		count_drop(dev, verdict);
	return !is_drop(verdict);
}

/* The next thing to send, in clear: the frame itself, or a segment. False: no more. */
static bool next_clear(struct esvc_dev *dev)
{
	struct esvc_tx_frame *f = &dev->tx;

	f->out.headroom = ESVC_HEADROOM;
	f->out.tailroom = ESVC_TAILROOM;
	if (f->is_tso) {
		f->out.data = dev->seg_buf + ESVC_HEADROOM;
		f->out.len = esvc_tso_next(&f->tso, f->out.data);
		return f->out.len;
	}
	if (f->taken)
		return false;
	f->taken = true;
	if (f->verdict.counter == ESV_C_TX_ESP)
		keep_headers(dev);
	f->out.data = dev->tx_buf + ESVC_HEADROOM;
	f->out.len = f->len;
	return true;
}

/* Make the next frame for the wire. False: the frame is done, or dropped and counted. */
static bool next_out(struct esvc_dev *dev)
{
	struct esvc_tx_frame *f = &dev->tx;

	if (!next_clear(dev)) {
		f->active = false;
		return false;
	}
	f->counter = f->verdict.counter;
	if (dev->ipsec)
		f->counter = esvc_ipsec_output(dev->ipsec, &f->verdict, &f->out);
	if (is_drop(f->counter)) {
		count_drop(dev, f->counter);
		return false;
	}
	f->ready = true;
	return true;
}

/* Send what is under way. 0: done with this frame, -EAGAIN: wire is full, -ENOBUFS: budget is used up. */
static int send_frame(struct esvc_dev *dev, unsigned int *budget)
{
	struct esvc_tx_frame *f = &dev->tx;

	while (f->ready || next_out(dev)) {
		if (!*budget)
			return -ENOBUFS;
		if (dev->ops->frame_out(dev->opaque, f->out.data, f->out.len) == -EAGAIN) {
			dev->wire_full = true;
			return -EAGAIN;
		}
		(*budget)--;
		f->ready = false;
		esvc_count(dev, ESV_C_TX_FRAMES);
		esvc_count(dev, f->counter);
		dev->counters[ESV_C_TX_BYTES] += f->out.len;
	}
	return 0;
}

/* Finish the frame that is under way, if there is one, and give its descriptors back. */
static int finish(struct esvc_dev *dev, unsigned int *budget)
{
	struct esvc_tx_frame *f = &dev->tx;
	int err;

	if (!f->active)
		return 0;
	err = send_frame(dev, budget);
	if (!err)
		dev->txq[f->queue].r.head += f->nr_desc;
	return err;
}

static void kill_queue(struct esvc_dev *dev, unsigned int q, int err)
{
	struct esvc_ring *r = &dev->txq[q].r;

	esvc_queue_error(dev, r, 2 * q, r->head, err == -EPROTO ? ESV_QERR_TAIL : ESV_QERR_SHADOW);
	dev->tx_pending &= ~(1ull << q);
}

/* Frames of one queue until it is empty, the burst or the budget is over or the wire is full. */
static int burst(struct esvc_dev *dev, unsigned int q, unsigned int *budget)
{
	for (unsigned int n = 0; n < BURST; n++) {
		int err;

		if (!*budget)
			return -ENOBUFS;
		switch (esvc_txd_fetch(dev, q)) {
		case ESVC_TXD_FRAME:
			if (!prepare(dev)) {
				dev->txq[q].r.head += dev->tx.nr_desc;
				(*budget)--;
				break;
			}
			err = finish(dev, budget);
			if (err)
				return err;
			break;
		case ESVC_TXD_DROPPED:
			(*budget)--;
			break;
		default:
			return 0;
		}
	}
	return -ENOBUFS;
}

/* Tell the driver what is done; without more to do (state 0), sleep. */
static void publish(struct esvc_dev *dev, unsigned int q, int state)
{
	struct esvc_ring *r = &dev->txq[q].r;
	int err;

	err = esvc_ring_push(dev, r);
	if (!err)
		err = esvc_ring_irq(dev, r, r->head);
	if (!err && !state) {
		err = esvc_ring_sleep(dev, r);
		if (!err)
			dev->tx_pending &= ~(1ull << q);
	}
	if (err < 0)
		kill_queue(dev, q, err);
}

static void run_queue(struct esvc_dev *dev, unsigned int q, unsigned int *budget)
{
	struct esvc_ring *r = &dev->txq[q].r;
	int err;

	if (!r->live || r->failed) {
		dev->tx_pending &= ~(1ull << q);
		return;
	}
	err = esvc_ring_wake(dev, r);
	if (!err)
		err = esvc_ring_pull(dev, r);
	if (err) {
		kill_queue(dev, q, err);
		return;
	}
	publish(dev, q, burst(dev, q, budget));
}

/* Next queue with work, in turn; there is one. */
static unsigned int next_queue(struct esvc_dev *dev)
{
	unsigned int q = dev->tx_next % ESV_MAX_QUEUES;
	uint64_t turned = q ? dev->tx_pending >> q | dev->tx_pending << (64 - q) : dev->tx_pending;

	q = (q + (unsigned int)__builtin_ctzll(turned)) % ESV_MAX_QUEUES;
	dev->tx_next = (uint16_t)(q + 1);
	return q;
}

void esvc_tx_run(struct esvc_dev *dev, unsigned int *budget)
{
	if (dev->tx.active) {
		unsigned int q = dev->tx.queue;

		if (!still_goes(dev))
			dev->txq[q].r.head += dev->tx.nr_desc;
		else if (finish(dev, budget))
			return;
		dev->tx_pending |= 1ull << q;
	}
	while (*budget && dev->tx_pending && !dev->wire_full && !dev->fatal_code)
		run_queue(dev, next_queue(dev), budget);
}

void esvc_tx_forget(struct esvc_dev *dev, unsigned int queue)
{
	dev->tx_pending &= ~(1ull << queue);
	if (dev->tx.active && dev->tx.queue == queue)
		dev->tx.active = false;
}
