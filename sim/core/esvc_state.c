// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Saving and loading the NIC: rings, configuration and mode, never the unit
 * (VMS-1).
 *
 * A saved state is hostile input. Load reads all of it into a scratch device,
 * judges it there with the rules that hold for a driver, and only then takes
 * it over. One function walks the fields for both directions, so they can't
 * come apart.
 */
#include <stdlib.h>

#include "esvc_nic.h"
#include "esvc_ring.h"

#define STATE_MAGIC	0x53565345u	/* "ESVS" in memory order */
#define STATE_VERSION	1

struct cursor {
	uint8_t *p;
	size_t left;
	bool load;
	bool bad;
};

static void bytes(struct cursor *c, void *field, size_t len)
{
	if (c->bad || len > c->left) {
		c->bad = true;
		return;
	}
	if (c->load)
		memcpy(field, c->p, len);
	else
		memcpy(c->p, field, len);
	c->p += len;
	c->left -= len;
}

static void u8(struct cursor *c, uint8_t *v)
{
	bytes(c, v, 1);
}

static void boolean(struct cursor *c, bool *v)
{
	uint8_t b = *v;

	u8(c, &b);
	if (b > 1)
		c->bad = true;
	*v = b;
}

static void u16(struct cursor *c, uint16_t *v)
{
	uint16_t le = htole16(*v);

	bytes(c, &le, sizeof(le));
	*v = le16toh(le);
}

static void u32(struct cursor *c, uint32_t *v)
{
	uint32_t le = htole32(*v);

	bytes(c, &le, sizeof(le));
	*v = le32toh(le);
}

static void u64(struct cursor *c, uint64_t *v)
{
	uint64_t le = htole64(*v);

	bytes(c, &le, sizeof(le));
	*v = le64toh(le);
}

/* A constant of this device: a state from another one does not fit. */
static void same(struct cursor *c, uint32_t value)
{
	uint32_t v = value;

	u32(c, &v);
	if (v != value)
		c->bad = true;
}

static void registers(struct cursor *c, struct esvc_dev *d)
{
	uint32_t *const words[] = {
		&d->asq_lo, &d->asq_hi, &d->acq_lo, &d->acq_hi, &d->eq_lo, &d->eq_hi,
		&d->admin_shadow_lo, &d->admin_shadow_hi, &d->eq_shadow_lo, &d->eq_shadow_hi,
		&d->admin_size, &d->admin_vector, &d->test_invert, &d->test_dma_lo, &d->test_dma_hi,
		&d->test_dma_result, &d->heartbeat, &d->fatal_code, &d->fatal_arg0, &d->fatal_arg1,
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		u32(c, words[i]);
	u8(c, &d->generation);
	boolean(c, &d->enabled);
}

static void port(struct cursor *c, struct esvc_dev *d)
{
	boolean(c, &d->port_up);
	u16(c, &d->mtu);
	bytes(c, d->mac, sizeof(d->mac));
	u32(c, &d->features);
	u16(c, &d->filter.flags);
	u16(c, &d->filter.count);
	bytes(c, d->filter.addr, sizeof(d->filter.addr));
	bytes(c, &d->rss.params, sizeof(d->rss.params));
	for (size_t i = 0; i < ESV_C_COUNT; i++)
		u64(c, &d->counters[i]);
}

/* head and tail may stand anywhere; only their distance is judged. */
static void ring(struct cursor *c, struct esvc_ring *r)
{
	u64(c, &r->base);
	u64(c, &r->shadow);
	u32(c, &r->mask);
	u32(c, &r->tail);
	u32(c, &r->head);
	u32(c, &r->irq_seen);
	u16(c, &r->vector);
	boolean(c, &r->live);
	boolean(c, &r->want);
	boolean(c, &r->failed);
}

static void queues(struct cursor *c, struct esvc_dev *d)
{
	for (unsigned int q = 0; q < d->cfg.queue_pairs; q++) {
		ring(c, &d->txq[q].r);
		ring(c, &d->rxq[q].r);
		u64(c, &d->rxq[q].cq);
		u8(c, &d->rxq[q].cq_log2);
		u16(c, &d->rxq[q].buf_len);
	}
}

static void rings(struct cursor *c, struct esvc_dev *d)
{
	ring(c, &d->admin.sq);
	u64(c, &d->admin.cq);
	u32(c, &d->admin.cq_count);
	ring(c, &d->events.r);
	u32(c, &d->events.seq);
	boolean(c, &d->events.lost);
	queues(c, d);
}

/* What may only be tightened by a load. */
struct mode {
	bool strict;
	uint32_t bypass;
};

static void walk(struct cursor *c, struct esvc_dev *d, struct mode *m)
{
	same(c, STATE_MAGIC);
	same(c, STATE_VERSION);
	same(c, d->cfg.queue_pairs);
	same(c, d->cfg.function);
	boolean(c, &m->strict);
	u32(c, &m->bypass);
	registers(c, d);
	port(c, d);
	rings(c, d);
}

static struct mode mode_of(const struct esvc_dev *d)
{
	if (!d->ipsec)
		return (struct mode){ .bypass = ESV_BYPASS_ALL };
	return (struct mode){ esvc_ipsec_strict(d->ipsec), esvc_ipsec_bypass(d->ipsec) };
}

/*
 * The frame that waits for the wire is saved by not being consumed: its
 * descriptors are still before head. A parked receive frame is lost, as frames
 * on a wire are.
 */
int esvc_state_save(struct esvc_dev *dev, uint8_t buf[ESVC_STATE_SIZE])
{
	struct cursor c = { .p = buf, .left = ESVC_STATE_SIZE };
	struct mode m = mode_of(dev);

	_Static_assert(ESV_MAX_QUEUES * 110 + ESV_C_COUNT * 8 + 1200 < ESVC_STATE_SIZE, "all of it fits");
	memset(buf, 0, ESVC_STATE_SIZE);
	walk(&c, dev, &m);
	return c.bad ? -EOVERFLOW : 0;
}

static bool log2_of(uint32_t mask, uint8_t *log2)
{
	uint32_t n = mask + 1;

	if (!n || n & mask)
		return false;
	*log2 = (uint8_t)__builtin_ctz(n);
	return true;
}

static bool ring_ok(const struct esvc_dev *d, const struct esvc_ring *r, unsigned int type,
		    const struct esvc_rxq *rx)
{
	struct esv_queue_params p = {
		.type = (uint8_t)type, .vector = htole16(r->vector), .ring = htole64(r->base),
		.shadow = htole64(r->shadow),
	};

	if (!r->live)
		return true;
	if (!d->enabled || !log2_of(r->mask, &p.ring_log2))
		return false;
	if (rx) {
		p.cq = htole64(rx->cq);
		p.cq_log2 = rx->cq_log2;
		p.buf_len = htole16(rx->buf_len);
	}
	return !esvc_queue_bad_field(d, &p) && r->tail - r->head <= r->mask + 1;
}

static bool queues_ok(const struct esvc_dev *d)
{
	for (unsigned int q = 0; q < d->cfg.queue_pairs; q++)
		if (!ring_ok(d, &d->txq[q].r, ESV_QUEUE_TX, NULL) ||
		    !ring_ok(d, &d->rxq[q].r, ESV_QUEUE_RX, &d->rxq[q]))
			return false;
	return true;
}

/* Admin and event ring must be what the registers say. */
static bool admin_ok(const struct esvc_dev *d)
{
	const struct esvc_ring *sq = &d->admin.sq, *eq = &d->events.r;

	if (!d->enabled)
		return true;
	return !esvc_regs_bad(d) && esvc_regs_rings_match(d) && sq->tail - sq->head <= sq->mask + 1 &&
	       eq->head - eq->tail <= eq->mask + 1;
}

static bool port_ok(const struct esvc_dev *d)
{
	if (!esvc_port_valid(d->mtu, d->mac))
		return false;
	if (d->features & ~esvc_features(d) || d->filter.count > ESV_FILTER_MAX)
		return false;
	if (d->filter.flags & ~(ESV_FILTER_PROMISC | ESV_FILTER_ALLMULTI))
		return false;
	for (size_t i = 0; i < ESV_RSS_TABLE_LEN; i++)
		if (d->rss.params.table[i] >= d->cfg.queue_pairs)
			return false;
	return true;
}

/* What the walk read, out of the scratch device into the real one. */
static void adopt(struct esvc_dev *dev, struct esvc_dev *s)
{
	struct cursor out = { .left = ESVC_STATE_SIZE }, in = { .left = ESVC_STATE_SIZE, .load = true };
	uint8_t *buf = (uint8_t *)s->tx_buf;
	struct mode m = { 0 };

	out.p = buf;
	in.p = buf;
	walk(&out, s, &m);
	walk(&in, dev, &m);
}

static void take_over(struct esvc_dev *dev, struct esvc_dev *s, const struct mode *m)
{
	esvc_reset(dev, ESV_RESET_STATE_LOAD);
	adopt(dev, s);
	if (dev->ipsec) {
		esvc_ipsec_tighten(dev->ipsec, m->strict, m->bypass);
		esvc_ipsec_set_mtu(dev->ipsec, dev->mtu);
	}
	/* The walk put the key in place without its tables. */
	dev->rss.ready = false;
	esvc_rss_set(&dev->rss, &s->rss.params);
	for (unsigned int q = 0; q < dev->cfg.queue_pairs; q++) {
		if (dev->rxq[q].r.live)
			dev->rxq[q].cq_mask = (1u << dev->rxq[q].cq_log2) - 1;
		dev->rxq[q].cache_n = 0;
		dev->txq[q].cache_n = 0;
		if (dev->txq[q].r.live)
			dev->tx_pending |= 1ull << q;
	}
	dev->admin_pending = dev->enabled;
	dev->drop_all = true;
	dev->load_told = false;
	dev->epoch_event = dev->enabled;
	dev->heartbeat_at = esvc_now(dev) + ESVC_HEARTBEAT_NS;
	esvc_arm_timer(dev);
	if (dev->enabled)
		dev->ops->kick(dev->opaque);
}

static struct esvc_dev *scratch_new(const struct esvc_dev *dev)
{
	struct esvc_dev *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->cfg = dev->cfg;
	s->txq = calloc(dev->cfg.queue_pairs, sizeof(*s->txq));
	s->rxq = calloc(dev->cfg.queue_pairs, sizeof(*s->rxq));
	s->tx_buf = malloc(ESVC_STATE_SIZE);
	if (s->txq && s->rxq && s->tx_buf)
		return s;
	esvc_free(s);
	return NULL;
}

int esvc_state_load(struct esvc_dev *dev, const uint8_t buf[ESVC_STATE_SIZE])
{
	struct esvc_dev *s = scratch_new(dev);
	struct cursor c = { .left = ESVC_STATE_SIZE, .load = true };
	struct mode m = { 0 };
	int err = -EINVAL;

	if (!s)
		return -ENOMEM;
	/* The cursor only reads when it loads. */
	c.p = (uint8_t *)(uintptr_t)buf;
	walk(&c, s, &m);
	if (!c.bad && !(m.bypass & ~ESV_BYPASS_ALL) && s->fatal_code <= ESV_FATAL_EVENT && port_ok(s) &&
	    admin_ok(s) && queues_ok(s)) {
		take_over(dev, s, &m);
		err = 0;
	}
	esvc_free(s);
	return err;
}
