// SPDX-License-Identifier: GPL-2.0-or-later
/* A small driver for the device, in the guest memory of an esvh_host. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "esvh_drv.h"

#define NEVER	0xffff

void esvh_drv_init(struct esvh_drv *d, struct esvh_host *h)
{
	memset(d, 0, sizeof(*d));
	d->h = h;
	d->admin_log2 = 5;
	d->event_log2 = 6;
	d->pairs = 1;
	d->ring_log2 = 6;
	d->buf_len = 2048;
	d->tx_slot = 16384;
	d->mtu = 1500;
}

uint32_t esvh_reg(struct esvh_drv *d, uint32_t off)
{
	return esvc_reg_read(d->h->dev, off);
}

void esvh_reg_set(struct esvh_drv *d, uint32_t off, uint32_t val)
{
	esvc_reg_write(d->h->dev, off, val);
}

struct esv_shadow *esvh_shadow(struct esvh_drv *d, uint64_t addr)
{
	return esvh_at(d->h, addr, sizeof(struct esv_shadow));
}

static void set_addr(struct esvh_drv *d, uint32_t off, uint64_t addr)
{
	esvh_reg_set(d, off, (uint32_t)addr);
	esvh_reg_set(d, off + 4, (uint32_t)(addr >> 32));
}

static void read_mac(struct esvh_drv *d)
{
	uint32_t lo = esvh_reg(d, ESV_REG_MAC_LO), hi = esvh_reg(d, ESV_REG_MAC_HI);

	for (int i = 0; i < 6; i++)
		d->mac[i] = (uint8_t)(i < 4 ? lo >> 8 * i : hi >> 8 * (i - 4));
}

void esvh_drv_rings(struct esvh_drv *d)
{
	esvh_reg_set(d, ESV_REG_CTRL, ESV_CTRL_RESET | ESV_RESET_DRIVER_LOAD << ESV_CTRL_REASON_SHIFT);
	d->asq = esvh_alloc(d->h, sizeof(struct esv_sqe) << d->admin_log2, 64);
	d->acq = esvh_alloc(d->h, sizeof(struct esv_cqe) << d->admin_log2, 64);
	d->eq = esvh_alloc(d->h, sizeof(struct esv_eqe) << d->event_log2, 64);
	d->admin_shadow = esvh_alloc(d->h, sizeof(struct esv_shadow), 64);
	d->eq_shadow = esvh_alloc(d->h, sizeof(struct esv_shadow), 64);
	d->page = esvh_alloc(d->h, 4096, 4096);
	d->sq_tail = d->cq_seen = d->eq_seen = 0;
	set_addr(d, ESV_REG_ASQ_LO, d->asq);
	set_addr(d, ESV_REG_ACQ_LO, d->acq);
	set_addr(d, ESV_REG_EQ_LO, d->eq);
	set_addr(d, ESV_REG_ADMIN_SHADOW_LO, d->admin_shadow);
	set_addr(d, ESV_REG_EQ_SHADOW_LO, d->eq_shadow);
	esvh_reg_set(d, ESV_REG_ADMIN_SIZE, d->admin_log2 | d->event_log2 << 8);
	esvh_reg_set(d, ESV_REG_ADMIN_VECTOR, 0);
	esvh_reg_set(d, ESV_REG_CTRL, ESV_CTRL_ENABLE);
	read_mac(d);
}

enum esv_status esvh_drv_start(struct esvh_drv *d)
{
	enum esv_status s = ESV_S_OK;

	esvh_drv_rings(d);
	for (unsigned int q = 0; q < d->pairs && s == ESV_S_OK; q++) {
		s = esvh_tx_create(d, q);
		if (s == ESV_S_OK)
			s = esvh_rx_create(d, q);
		if (s == ESV_S_OK)
			esvh_rx_post(d, q, d->rx[q].size);
	}
	return s == ESV_S_OK ? esvh_port(d, true) : s;
}

uint16_t esvh_cmd_post(struct esvh_drv *d, const struct esv_sqe *sqe)
{
	uint32_t at = d->sq_tail & ((1u << d->admin_log2) - 1);
	struct esv_shadow *sh = esvh_shadow(d, d->admin_shadow);
	struct esv_sqe s = *sqe;

	d->tag = (uint16_t)((d->tag + 1) & 0x7fff);
	s.tag = htole16(d->tag);
	memcpy(esvh_at(d->h, d->asq + at * sizeof(s), sizeof(s)), &s, sizeof(s));
	sh->tail = htole32(++d->sq_tail);
	if (sh->db_want)
		esvc_doorbell(d->h->dev, ESV_DB_ADMIN);
	return d->tag;
}

bool esvh_cmd_poll(struct esvh_drv *d, struct esv_cqe *cqe)
{
	uint32_t n = 1u << d->admin_log2;
	uint64_t at = d->acq + (d->cq_seen & (n - 1)) * sizeof(*cqe);
	uint8_t phase = d->cq_seen & n ? 0 : ESV_CQE_PHASE;

	memcpy(cqe, esvh_at(d->h, at, sizeof(*cqe)), sizeof(*cqe));
	if ((cqe->flags & ESV_CQE_PHASE) != phase)
		return false;
	d->cq_seen++;
	esvh_shadow(d, d->admin_shadow)->irq_at = htole32(d->cq_seen);
	return true;
}

enum esv_status esvh_cmd(struct esvh_drv *d, struct esvh_cmd *c)
{
	struct esv_sqe s = {
		.opcode = htole16(c->opcode), .version = 1, .object = htole32(c->object),
		.in_len = htole16((uint16_t)c->in_len), .out_cap = htole16((uint16_t)c->out_cap),
	};
	uint16_t tag;

	if (c->inl_len)
		memcpy(s.inl, c->inl, c->inl_len);
	if (c->in_len || c->out_cap)
		s.dma = htole64(d->page);
	if (c->in_len)
		memcpy(esvh_at(d->h, d->page, c->in_len), c->in, c->in_len);
	tag = esvh_cmd_post(d, &s);
	esvh_pump(d->h);
	do {
		if (!esvh_cmd_poll(d, &c->cqe)) {
			c->cqe.tag = htole16(NEVER);
			return ESV_S_INTERNAL;
		}
	} while (le16toh(c->cqe.tag) != tag);
	if (c->out && le16toh(c->cqe.out_len) <= c->out_cap)
		memcpy(c->out, esvh_at(d->h, d->page, c->out_cap), le16toh(c->cqe.out_len));
	return le16toh(c->cqe.status);
}

enum esv_status esvh_do(struct esvh_drv *d, uint16_t opcode, uint32_t object, const void *in, size_t len)
{
	struct esvh_cmd c = { .opcode = opcode, .object = object, .in = in, .in_len = len };

	return esvh_cmd(d, &c);
}

enum esv_status esvh_tx_create(struct esvh_drv *d, unsigned int q)
{
	struct esvh_txq *t = &d->tx[q];
	struct esv_queue_params p = {
		.type = ESV_QUEUE_TX, .ring_log2 = (uint8_t)d->ring_log2, .vector = htole16((uint16_t)(1 + q)),
	};

	if (!t->ring) {
		t->size = 1u << d->ring_log2;
		t->slot = d->tx_slot;
		t->ring = esvh_alloc(d->h, t->size * sizeof(struct esv_tx_desc), 64);
		t->shadow = esvh_alloc(d->h, sizeof(struct esv_shadow), 64);
		t->buf = esvh_alloc(d->h, t->size * t->slot, 64);
	}
	t->tail = 0;
	memset(esvh_shadow(d, t->shadow), 0, sizeof(struct esv_shadow));
	p.ring = htole64(t->ring);
	p.shadow = htole64(t->shadow);
	return esvh_do(d, ESV_OP_QUEUE_CREATE, q, &p, sizeof(p));
}

enum esv_status esvh_rx_create(struct esvh_drv *d, unsigned int q)
{
	struct esvh_rxq *r = &d->rx[q];
	struct esv_queue_params p = {
		.type = ESV_QUEUE_RX, .ring_log2 = (uint8_t)d->ring_log2, .cq_log2 = (uint8_t)d->ring_log2,
		.vector = htole16((uint16_t)(1 + q)), .buf_len = htole16(d->buf_len),
	};

	if (!r->ring) {
		r->size = r->cq_size = 1u << d->ring_log2;
		r->buf_len = d->buf_len;
		r->ring = esvh_alloc(d->h, r->size * sizeof(struct esv_rx_desc), 64);
		r->cq = esvh_alloc(d->h, r->cq_size * sizeof(struct esv_rx_cqe), 64);
		r->shadow = esvh_alloc(d->h, sizeof(struct esv_shadow), 64);
		r->buf = esvh_alloc(d->h, (size_t)r->size * r->buf_len, 64);
	}
	r->tail = r->seen = 0;
	memset(esvh_shadow(d, r->shadow), 0, sizeof(struct esv_shadow));
	memset(esvh_at(d->h, r->cq, r->cq_size * sizeof(struct esv_rx_cqe)), 0,
	       r->cq_size * sizeof(struct esv_rx_cqe));
	p.ring = htole64(r->ring);
	p.cq = htole64(r->cq);
	p.shadow = htole64(r->shadow);
	return esvh_do(d, ESV_OP_QUEUE_CREATE, q, &p, sizeof(p));
}

enum esv_status esvh_queue_destroy(struct esvh_drv *d, unsigned int q, enum esv_queue_type type)
{
	uint8_t t = (uint8_t)type;
	struct esvh_cmd c = { .opcode = ESV_OP_QUEUE_DESTROY, .object = q, .inl = &t, .inl_len = 1 };

	return esvh_cmd(d, &c);
}

enum esv_status esvh_port(struct esvh_drv *d, bool up)
{
	struct esv_port_params p = { .flags = htole32(up ? ESV_PORT_UP : 0), .mtu = htole16(d->mtu) };

	memcpy(p.mac, d->mac, sizeof(p.mac));
	return esvh_do(d, ESV_OP_PORT_SET, 0, &p, sizeof(p));
}

void esvh_tx_desc(struct esvh_drv *d, unsigned int q, const struct esv_tx_desc *desc)
{
	struct esvh_txq *t = &d->tx[q];
	uint64_t at = t->ring + (t->tail++ & (t->size - 1)) * sizeof(*desc);

	memcpy(esvh_at(d->h, at, sizeof(*desc)), desc, sizeof(*desc));
}

void esvh_tx_ring(struct esvh_drv *d, unsigned int q)
{
	struct esv_shadow *sh = esvh_shadow(d, d->tx[q].shadow);

	sh->tail = htole32(d->tx[q].tail);
	if (sh->db_want)
		esvc_doorbell(d->h->dev, ESV_DB_TX(q));
}

uint32_t esvh_tx_done(struct esvh_drv *d, unsigned int q)
{
	return le32toh(esvh_shadow(d, d->tx[q].shadow)->head);
}

bool esvh_send(struct esvh_drv *d, unsigned int q, const void *frame, size_t len, const struct esvh_tx_opts *o)
{
	static const struct esvh_tx_opts none;
	struct esvh_txq *t = &d->tx[q];
	size_t frag, nr;

	if (!o)
		o = &none;
	frag = o->frag ? o->frag : t->slot;
	nr = (len + frag - 1) / frag;
	if ((uint32_t)(t->tail + nr - esvh_tx_done(d, q)) > t->size)
		return false;
	for (size_t i = 0; i < nr; i++) {
		size_t n = len - i * frag < frag ? len - i * frag : frag;
		uint64_t addr = t->buf + (t->tail & (t->size - 1)) * t->slot;
		struct esv_tx_desc e = { .addr = htole64(addr), .len = htole16((uint16_t)n) };
		uint16_t flags = i == nr - 1 ? ESV_TXD_EOP : 0;

		memcpy(esvh_at(d->h, addr, n), (const uint8_t *)frame + i * frag, n);
		if (!i) {
			flags |= ESV_TXD_SOP | o->flags;
			e.sa_handle = htole32(o->sa_handle);
			e.mss = htole16(o->mss);
			e.hdr_len = htole16(o->hdr_len);
			e.csum_start = htole16(o->csum_start);
			e.csum_offset = htole16(o->csum_offset);
			e.nr_desc = (uint8_t)nr;
		}
		e.flags = htole16(flags);
		esvh_tx_desc(d, q, &e);
	}
	esvh_tx_ring(d, q);
	return true;
}

void esvh_rx_post(struct esvh_drv *d, unsigned int q, uint32_t n)
{
	struct esvh_rxq *r = &d->rx[q];
	struct esv_shadow *sh = esvh_shadow(d, r->shadow);

	while (n--) {
		uint32_t slot = r->tail & (r->size - 1);
		struct esv_rx_desc e = {
			.addr = htole64(r->buf + (uint64_t)slot * r->buf_len), .len = htole16(r->buf_len),
			.tag = htole16((uint16_t)slot),
		};

		memcpy(esvh_at(d->h, r->ring + slot * sizeof(e), sizeof(e)), &e, sizeof(e));
		r->tail++;
	}
	sh->tail = htole32(r->tail);
	if (sh->db_want)
		esvc_doorbell(d->h->dev, ESV_DB_RX(q));
}

static bool rx_cqe(struct esvh_drv *d, struct esvh_rxq *r, uint32_t pos, struct esv_rx_cqe *c)
{
	uint8_t phase = pos & r->cq_size ? 0 : ESV_RXC_PHASE;
	uint64_t at = r->cq + (pos & (r->cq_size - 1)) * sizeof(*c);

	memcpy(c, esvh_at(d->h, at, sizeof(*c)), sizeof(*c));
	return (c->flags & ESV_RXC_PHASE) == phase;
}

size_t esvh_recv(struct esvh_drv *d, unsigned int q, uint8_t *buf, size_t cap, struct esv_rx_cqe *first,
		 bool repost)
{
	struct esvh_rxq *r = &d->rx[q];
	uint32_t start = r->seen;
	struct esv_rx_cqe c;
	size_t total = 0;

	while (rx_cqe(d, r, r->seen, &c)) {
		size_t len = le16toh(c.len);
		uint64_t at = r->buf + (uint64_t)le16toh(c.tag) * r->buf_len;

		if (len > r->buf_len || le16toh(c.tag) >= r->size)
			abort();
		if (r->seen++ == start && first)
			*first = c;
		if (!len) {
			r->empty++;
			start++;
			continue;
		}
		if (total + len <= cap)
			memcpy(buf + total, esvh_at(d->h, at, len), len);
		total += len;
		if (!(c.flags & ESV_RXC_MORE))
			break;
	}
	esvh_shadow(d, r->shadow)->irq_at = htole32(r->seen);
	if (repost)
		esvh_rx_post(d, q, r->seen + r->size - r->tail);
	return total;
}

bool esvh_event(struct esvh_drv *d, struct esv_eqe *e)
{
	uint32_t n = 1u << d->event_log2;
	uint64_t at = d->eq + (d->eq_seen & (n - 1)) * sizeof(*e);
	struct esv_shadow *sh = esvh_shadow(d, d->eq_shadow);

	memcpy(e, esvh_at(d->h, at, sizeof(*e)), sizeof(*e));
	if ((e->flags & ESV_EQE_PHASE) != (d->eq_seen & n ? 0 : ESV_EQE_PHASE))
		return false;
	d->eq_seen++;
	sh->irq_at = htole32(d->eq_seen);
	sh->tail = htole32(d->eq_seen);
	if (sh->db_want)
		esvc_doorbell(d->h->dev, ESV_DB_EVENT);
	return true;
}

uint64_t esvh_counter(struct esvh_drv *d, enum esv_counter c)
{
	struct esv_counters out;
	struct esvh_cmd cmd = { .opcode = ESV_OP_COUNTERS_READ, .out = &out, .out_cap = sizeof(out) };

	if (esvh_cmd(d, &cmd) != ESV_S_OK)
		abort();
	return le64toh(out.c[c]);
}
