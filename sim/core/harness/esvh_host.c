// SPDX-License-Identifier: GPL-2.0-or-later
/* In-process host for the device core. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "esvh_host.h"

static bool dma_faulty(struct esvh_host *h, uint64_t addr, size_t len)
{
	h->dma_ops++;
	if (h->dma_fail_in && !--h->dma_fail_in)
		return true;
	if (addr < h->dma_fail_hi && addr + len > h->dma_fail_lo)
		return true;
	return addr < ESVH_MEM_BASE || addr - ESVH_MEM_BASE > h->size || len > h->size - (addr - ESVH_MEM_BASE);
}

static int dma_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	struct esvh_host *h = opaque;

	if (dma_faulty(h, addr, len))
		return -EFAULT;
	memcpy(buf, h->mem + (addr - ESVH_MEM_BASE), len);
	if (h->on_dma)
		h->on_dma(h, addr, len, false);
	return 0;
}

static int dma_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	struct esvh_host *h = opaque;

	if (dma_faulty(h, addr, len))
		return -EFAULT;
	memcpy(h->mem + (addr - ESVH_MEM_BASE), buf, len);
	if (h->on_dma)
		h->on_dma(h, addr, len, true);
	return 0;
}

static void tell(struct esvh_host *h, const char *what, uint64_t a, uint64_t b)
{
	if (h->on_call)
		h->on_call(h, what, a, b);
}

static void irq(void *opaque, unsigned int vector)
{
	struct esvh_host *h = opaque;

	if (vector >= ESV_MAX_VECTORS)
		abort();
	h->irqs[vector]++;
	tell(h, "irq", vector, 0);
}

static int frame_out(void *opaque, const uint8_t *frame, size_t len)
{
	struct esvh_host *h = opaque;
	struct esvh_frame *f;

	if (h->out.count >= h->out.depth)
		return -EAGAIN;
	if (h->tap)
		h->tap(h->tap_arg, frame, len);
	if (h->sink)
		return 0;
	f = malloc(sizeof(*f) + len);
	if (!f)
		abort();
	f->next = NULL;
	f->len = len;
	memcpy(f->data, frame, len);
	*h->out.last = f;
	h->out.last = &f->next;
	h->out.count++;
	return 0;
}

static void rx_ready(void *opaque)
{
	((struct esvh_host *)opaque)->rx_ready++;
	tell(opaque, "rx_ready", 0, 0);
}

static void kick(void *opaque)
{
	((struct esvh_host *)opaque)->kicked = true;
	tell(opaque, "kick", 0, 0);
}

static void timer(void *opaque, uint64_t deadline_ns)
{
	((struct esvh_host *)opaque)->timer_ns = deadline_ns;
	tell(opaque, "timer", deadline_ns, 0);
}

static uint64_t time_ns(void *opaque)
{
	return ((struct esvh_host *)opaque)->now_ns;
}

/* xorshift64*: reproducible runs. */
static int random_bytes(void *opaque, void *buf, size_t len)
{
	struct esvh_host *h = opaque;
	uint8_t *p = buf;

	if (h->random)
		return h->random(h, buf, len);
	while (len--) {
		h->random_state ^= h->random_state >> 12;
		h->random_state ^= h->random_state << 25;
		h->random_state ^= h->random_state >> 27;
		*p++ = (uint8_t)(h->random_state * 0x2545f4914f6cdd1dull >> 56);
	}
	return 0;
}

static void guest_error(void *opaque, const char *clause, const char *text)
{
	struct esvh_host *h = opaque;

	h->guest_errors++;
	h->last_clause = clause;
	tell(h, clause, 0, 0);
}

static void trace(void *opaque, const char *event, uint64_t a, uint64_t b)
{
	tell(opaque, event, a, b);
}

static const struct esvc_host_ops host_ops = {
	.dma_read = dma_read, .dma_write = dma_write, .irq = irq, .frame_out = frame_out,
	.rx_ready = rx_ready, .kick = kick, .timer = timer, .time_ns = time_ns,
	.random = random_bytes, .guest_error = guest_error, .trace = trace,
};

struct esvh_host *esvh_host_bare(size_t size)
{
	static uint64_t seed = 0x9e3779b97f4a7c15ull;
	struct esvh_host *h = calloc(1, sizeof(*h));

	if (!h)
		abort();
	h->mem = calloc(1, size);
	if (!h->mem)
		abort();
	h->size = size;
	h->used = 4096;
	h->now_ns = 1000000000;
	h->out.last = &h->out.first;
	h->out.depth = 1u << 20;
	h->random_state = seed += 0x9e3779b97f4a7c15ull;
	return h;
}

void esvh_host_power(struct esvh_host *h, const struct esvc_config *cfg)
{
	struct esvc_config def;

	esvc_config_default(&def);
	h->dev = esvc_new(cfg ? cfg : &def, &host_ops, h);
}

struct esvh_host *esvh_host_new(const struct esvc_config *cfg, size_t size)
{
	struct esvh_host *h = esvh_host_bare(size);

	esvh_host_power(h, cfg);
	return h;
}

static void drain(struct esvh_host *h)
{
	while (h->out.first) {
		struct esvh_frame *f = h->out.first;

		h->out.first = f->next;
		free(f);
	}
	h->out.last = &h->out.first;
	h->out.count = 0;
}

void esvh_host_free(struct esvh_host *h)
{
	if (!h)
		return;
	esvc_free(h->dev);
	drain(h);
	free(h->mem);
	free(h);
}

uint64_t esvh_alloc(struct esvh_host *h, size_t len, size_t align)
{
	size_t at = (h->used + align - 1) & ~(align - 1);

	if (at > h->size || len > h->size - at)
		abort();
	h->used = at + len;
	if (at < h->dirty)
		memset(h->mem + at, 0, len);
	if (h->used > h->dirty)
		h->dirty = h->used;
	return ESVH_MEM_BASE + at;
}

void *esvh_at(struct esvh_host *h, uint64_t addr, size_t len)
{
	if (addr < ESVH_MEM_BASE || addr - ESVH_MEM_BASE > h->size || len > h->size - (addr - ESVH_MEM_BASE))
		abort();
	return h->mem + (addr - ESVH_MEM_BASE);
}

void esvh_connect(struct esvh_host *a, struct esvh_host *b, unsigned int depth)
{
	a->peer = b;
	b->peer = a;
	a->out.depth = depth;
	b->out.depth = depth;
}

size_t esvh_wire_take(struct esvh_host *h, uint8_t *buf, size_t cap)
{
	struct esvh_frame *f = h->out.first;
	size_t len;

	if (!f)
		return 0;
	len = f->len < cap ? f->len : cap;
	memcpy(buf, f->data, len);
	h->out.first = f->next;
	if (!h->out.first)
		h->out.last = &h->out.first;
	h->out.count--;
	free(f);
	esvc_wire_ready(h->dev);
	return len;
}

/* Offer the oldest frame to the peer. False: none, or the peer wants to wait. */
static bool deliver(struct esvh_host *h)
{
	struct esvh_frame *f = h->out.first;

	if (!f || !h->peer || !esvc_receive(h->peer->dev, f->data, f->len))
		return false;
	h->out.first = f->next;
	if (!h->out.first)
		h->out.last = &h->out.first;
	h->out.count--;
	free(f);
	esvc_wire_ready(h->dev);
	return true;
}

static bool step(struct esvh_host *h)
{
	bool moved = h->kicked;

	if (h->kicked) {
		h->kicked = false;
		if (esvc_run(h->dev, 64))
			h->kicked = true;
	}
	while (deliver(h))
		moved = true;
	return moved;
}

void esvh_pump(struct esvh_host *h)
{
	while (step(h))
		;
}

void esvh_pump_pair(struct esvh_host *a, struct esvh_host *b)
{
	bool moved;

	do {
		moved = step(a);
		moved |= step(b);
	} while (moved);
}

void esvh_advance(struct esvh_host *h, uint64_t ns)
{
	uint64_t end = h->now_ns + ns;

	while (h->timer_ns && h->timer_ns <= end) {
		if (h->timer_ns > h->now_ns)
			h->now_ns = h->timer_ns;
		h->timer_ns = 0;
		esvc_timer(h->dev);
		/* A device that asks for a time that has passed would never let go. */
		if (h->timer_ns && h->timer_ns <= h->now_ns)
			h->now_ns++;
	}
	h->now_ns = end;
}
