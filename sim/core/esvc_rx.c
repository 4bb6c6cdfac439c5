// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Receive: from the wire through filter and IPsec engine to a queue.
 *
 * A frame that finds no buffers is kept (dev->rx) and holds the wire, for a
 * bounded time: it was already accepted by the replay window, so it can't be
 * offered again (RXC-7).
 */
#include "esvc_csum.h"
#include "esvc_frame.h"
#include "esvc_rxd.h"

#define ETH_HLEN	14
#define PROTO_TCP	6
#define PROTO_UDP	17

static bool listed(const struct esvc_filter *f, const uint8_t *addr)
{
	for (unsigned int i = 0; i < f->count; i++)
		if (!memcmp(f->addr[i], addr, 6))
			return true;
	return false;
}

static bool filter_pass(const struct esvc_dev *dev, const uint8_t *addr)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	if (dev->filter.flags & ESV_FILTER_PROMISC || !memcmp(addr, dev->mac, 6))
		return true;
	if (addr[0] & 1 && (dev->filter.flags & ESV_FILTER_ALLMULTI || !memcmp(addr, broadcast, 6)))
		return true;
	return listed(&dev->filter, addr);
}

static bool has_ports(const struct esvc_frame *h)
{
	return h->l4_off && !h->fragment && h->l4_len >= 8 &&
	       (h->proto == PROTO_TCP || h->proto == PROTO_UDP);
}

/* Hash over what is delivered, so inside the tunnel (RSS-2). */
static void hash(struct esvc_dev *dev, const uint8_t *frame, const struct esvc_frame *h)
{
	struct esvc_rx_frame *f = &dev->rx;
	uint8_t input[ESVC_RSS_INPUT_MAX];
	size_t n = h->family == 4 ? 8 : 32;

	f->hash = 0;
	f->hash_type = ESV_HASH_NONE;
	if (!h->family || !(dev->features & ESV_OFF_RSS))
		return;
	memcpy(input, frame + h->l3_off + (h->family == 4 ? 12 : 8), n);
	f->hash_type = ESV_HASH_L3;
	if (has_ports(h)) {
		memcpy(input + n, frame + h->l4_off, 4);
		n += 4;
		f->hash_type = ESV_HASH_L4;
	}
	f->hash = esvc_rss_hash(&dev->rss, input, n);
}

static bool l4_sum_ok(const uint8_t *frame, const struct esvc_frame *h)
{
	const uint8_t *l4 = frame + h->l4_off;

	if (!has_ports(h))
		return false;
	/* UDP over IPv4 may go without; and its own length must agree with IP's. */
	if (h->proto == PROTO_UDP && ((!l4[6] && !l4[7]) || (uint32_t)(l4[4] << 8 | l4[5]) != h->l4_len))
		return false;
	return !esvc_csum_fold(esvc_csum_add(esvc_csum_pseudo(h->family, frame + h->l3_off, h->proto,
							      h->l4_len), l4, h->l4_len));
}

static void verify_sums(struct esvc_dev *dev, const uint8_t *frame, const struct esvc_frame *h)
{
	struct esvc_rx_frame *f = &dev->rx;

	f->csum = 0;
	if (!(dev->features & ESV_OFF_RX_CSUM))
		return;
	if (h->family == 4 && !esvc_csum_fold(esvc_csum_add(0, frame + h->l3_off, h->l4_off - h->l3_off)))
		f->csum |= ESV_RXC_CSUM_L3;
	if (h->family && l4_sum_ok(frame, h))
		f->csum |= ESV_RXC_CSUM_L4;
}

/* The queue that the hash names; if it does not exist, the lowest one that does. -1: none. */
static int pick_queue(const struct esvc_dev *dev)
{
	unsigned int q = esvc_rss_queue(&dev->rss, dev->rx.hash);

	if (dev->rxq[q].r.live && !dev->rxq[q].r.failed)
		return (int)q;
	for (q = 0; q < dev->cfg.queue_pairs; q++)
		if (dev->rxq[q].r.live && !dev->rxq[q].r.failed)
			return (int)q;
	return -1;
}

static void annotate(struct esvc_dev *dev)
{
	struct esvc_rx_frame *f = &dev->rx;
	struct esvc_frame h;

	esvc_frame_parse(f->buf.data, f->buf.len, f->buf.len, &h);
	f->inner_type = h.ethertype;
	if (h.l3_off != ETH_HLEN && !(dev->features & ESV_OFF_VLAN_PARSE))
		h.family = 0;		/* as if it were not IP */
	f->cqe_flags = f->buf.data[0] & 1 ? ESV_RXC_MCAST : 0;
	hash(dev, f->buf.data, &h);
	verify_sums(dev, f->buf.data, &h);
}

static enum esv_counter judge(struct esvc_dev *dev, const uint8_t *frame, size_t len)
{
	struct esvc_rx_frame *f = &dev->rx;

	f->meta = (struct esvc_rx_meta){ 0 };
	f->buf = (struct esvc_buf){
		.data = dev->rx_buf + ESVC_HEADROOM, .len = len,
		.headroom = ESVC_HEADROOM, .tailroom = ESVC_TAILROOM,
	};
	memcpy(f->buf.data, frame, len);
	if (dev->drop_all)
		return ESV_C_RX_DROP_NOMATCH;
	if (!dev->ipsec)
		return ESV_C_RX_OPEN;
	return esvc_ipsec_input(dev->ipsec, !memcmp(frame, dev->mac, 6), &f->buf, &f->meta);
}

static void park(struct esvc_dev *dev)
{
	struct esvc_rx_frame *f = &dev->rx;

	if (dev->rxq[f->queue].starved) {
		esvc_count(dev, ESV_C_RX_DROP_NOBUF);
		return;
	}
	f->parked = true;
	f->deadline_ns = esvc_now(dev) + ESVC_RX_PARK_NS;
	esvc_arm_timer(dev);
}

static void deliver(struct esvc_dev *dev)
{
	int q = pick_queue(dev);

	if (q < 0) {
		esvc_count(dev, ESV_C_RX_DROP_DOWN);
		return;
	}
	dev->rx.queue = (uint16_t)q;
	if (esvc_rxd_put(dev) == -EAGAIN)
		park(dev);
}

static bool is_pass(enum esv_counter c)
{
	return c >= ESV_C_RX_ESP && c <= ESV_C_RX_BYPASS;
}

/* Reasons to drop before anybody looks inside; ESV_C_COUNT: none. */
static enum esv_counter refuse(const struct esvc_dev *dev, const uint8_t *frame, size_t len)
{
	if (!esvc_running(dev))
		return ESV_C_RX_DROP_DOWN;
	if (len < ETH_HLEN || len > dev->mtu + (size_t)ESVC_L2_MAX)
		return ESV_C_RX_DROP_LENGTH;
	return filter_pass(dev, frame) ? ESV_C_COUNT : ESV_C_RX_DROP_FILTER;
}

static int receive(struct esvc_dev *dev, const uint8_t *frame, size_t len)
{
	enum esv_counter c = refuse(dev, frame, len);
	/* >0 even for a frame of no length, which is dropped like any short one. */
	int taken = len ? (int)len : 1;

	if (c != ESV_C_COUNT) {
		esvc_count(dev, c);
		return taken;
	}
	if (dev->rx.parked)
		return 0;
	esvc_settle(dev);
	c = judge(dev, frame, len);
	if (!is_pass(c)) {
		esvc_count(dev, c);
		return taken;
	}
	dev->rx.counter = c;
	annotate(dev);
	deliver(dev);
	return taken;
}

int esvc_receive(struct esvc_dev *dev, const uint8_t *frame, size_t len)
{
	int taken = receive(dev, frame, len);

	esvc_fatal_wipe(dev);
	return taken;
}

static void unpark(struct esvc_dev *dev)
{
	dev->rx.parked = false;
	esvc_arm_timer(dev);
	dev->ops->rx_ready(dev->opaque);
}

/*
 * The frame had to wait, and commands may have run meanwhile: what they changed
 * holds for it. Decrypted and annotated it stays.
 */
static enum esv_counter judge_again(struct esvc_dev *dev)
{
	struct esvc_rx_frame *f = &dev->rx;

	if (!esvc_running(dev))
		return ESV_C_RX_DROP_DOWN;
	if (!filter_pass(dev, f->buf.data))
		return ESV_C_RX_DROP_FILTER;
	if (dev->drop_all)
		return ESV_C_RX_DROP_NOMATCH;
	return dev->ipsec ? esvc_ipsec_input_again(dev->ipsec, &f->buf, &f->meta) : f->counter;
}

/* Into the buffers, if it still may. 0: gone or dropped and counted, -EAGAIN: no buffers yet. */
static int put_parked(struct esvc_dev *dev)
{
	enum esv_counter c = judge_again(dev);

	if (!is_pass(c)) {
		esvc_count(dev, c);
		return 0;
	}
	dev->rx.counter = c;
	return esvc_rxd_put(dev);
}

void esvc_rx_retry(struct esvc_dev *dev)
{
	if (dev->rx.parked && put_parked(dev) != -EAGAIN)
		unpark(dev);
}

void esvc_rx_expire(struct esvc_dev *dev)
{
	/* The driver may have posted buffers without a doorbell that reached us. */
	if (put_parked(dev) == -EAGAIN) {
		dev->rxq[dev->rx.queue].starved = true;
		esvc_count(dev, ESV_C_RX_DROP_NOBUF);
	}
	unpark(dev);
}

void esvc_rx_forget(struct esvc_dev *dev, unsigned int queue)
{
	if (!dev->rx.parked || dev->rx.queue != queue)
		return;
	esvc_count(dev, ESV_C_RX_DROP_NOBUF);
	unpark(dev);
}
