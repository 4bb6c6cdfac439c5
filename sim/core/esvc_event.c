// SPDX-License-Identifier: GPL-2.0-or-later
/* The event queue: what the device tells without being asked. */
#include "esvc_ring.h"

static uint8_t severity(unsigned int type)
{
	switch (type) {
	case ESV_EV_LINK:
	case ESV_EV_EPOCH:
		return 0;
	case ESV_EV_ADMIN_ERROR:
	case ESV_EV_QUEUE_ERROR:
	case ESV_EV_NEEDS_RESET:
	case ESV_EV_SA_HARD:
	case ESV_EV_SA_SEQ:
	case ESV_EV_SA_LOST:
		return 2;
	default:
		return 1;
	}
}

/* Room for one more event, with a fresh look at what the driver has taken (EVT-4). */
static bool have_room(struct esvc_dev *dev, struct esvc_ring *r)
{
	__le32 tail;

	if (r->head - r->tail <= r->mask)
		return true;
	if (esvc_dma_read(dev, r->shadow + offsetof(struct esv_shadow, tail), &tail, sizeof(tail))) {
		esvc_fatal(dev, ESV_FATAL_EVENT, r->head, 0);
		return false;
	}
	/* A driver can't have taken more than was made: then believe nothing. */
	if (r->head - le32toh(tail) > r->mask + 1)
		return false;
	r->tail = le32toh(tail);
	return r->head - r->tail <= r->mask;
}

static void lose(struct esvc_dev *dev)
{
	struct esvc_events *ev = &dev->events;

	esvc_count(dev, ESV_C_EVENT_LOST);
	ev->lost = true;
	ev->seq++;
	if (!ev->r.want) {
		ev->r.want = true;
		if (esvc_ring_push(dev, &ev->r))
			esvc_fatal(dev, ESV_FATAL_EVENT, ev->r.head, 0);
	}
}

/* flags is in the last word, which is written after the rest (RNG-9). */
static int put(struct esvc_dev *dev, uint64_t addr, const struct esv_eqe *e)
{
	const uint8_t *p = (const uint8_t *)e;
	int err;

	_Static_assert(sizeof(*e) == 32 && offsetof(struct esv_eqe, flags) == 31, "flags come last");
	err = esvc_dma_write(dev, addr, p, 28);
	if (err)
		return err;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return esvc_dma_write(dev, addr + 28, p + 28, 4);
}

/* False: it was lost, or could not be written. */
static bool post(struct esvc_dev *dev, unsigned int type, uint32_t object, uint64_t arg0, uint32_t arg1)
{
	struct esvc_events *ev = &dev->events;
	struct esvc_ring *r = &ev->r;
	struct esv_eqe e = { 0 };

	if (!have_room(dev, r)) {
		lose(dev);
		return false;
	}
	e.type = (uint8_t)type;
	e.severity = severity(type);
	e.function = htole16(dev->cfg.function);
	e.seq = htole32(ev->seq++);
	e.object = htole32(object);
	e.arg0 = htole64(arg0);
	e.arg1 = htole32(arg1);
	e.flags = r->head & (r->mask + 1) ? 0 : ESV_EQE_PHASE;
	if (ev->lost)
		e.flags |= ESV_EQE_LOST;
	if (put(dev, r->base + (uint64_t)(r->head & r->mask) * sizeof(e), &e)) {
		esvc_fatal(dev, ESV_FATAL_EVENT, r->head, 0);
		return false;
	}
	r->head++;
	ev->lost = false;
	r->want = false;
	if (!esvc_ring_push(dev, r))
		return true;
	esvc_fatal(dev, ESV_FATAL_EVENT, r->head, 0);
	return false;
}

void esvc_event(struct esvc_dev *dev, unsigned int type, uint32_t object, uint64_t arg0, uint32_t arg1)
{
	struct esvc_ring *r = &dev->events.r;

	if (dev->epoch_event && type != ESV_EV_EPOCH)
		esvc_settle(dev);
	if (!dev->enabled || dev->fatal_code)
		return;
	if (post(dev, type, object, arg0, arg1) && esvc_ring_irq(dev, r, r->head))
		esvc_fatal(dev, ESV_FATAL_EVENT, r->head, 0);
}

void esvc_event_fatal(struct esvc_dev *dev, unsigned int code, uint32_t arg0)
{
	if (dev->enabled)
		post(dev, ESV_EV_NEEDS_RESET, 0, code, arg0);
}

/* The driver made room after a loss: say so, with news that is true at any time (EVT-6). */
void esvc_event_doorbell(struct esvc_dev *dev)
{
	if (dev->enabled && dev->events.lost && have_room(dev, &dev->events.r))
		esvc_event(dev, ESV_EV_LINK, 0, dev->link_up, 0);
}

void esvc_queue_error(struct esvc_dev *dev, struct esvc_ring *r, uint32_t object, uint32_t index,
		      unsigned int reason)
{
	uint64_t now = esvc_now(dev);

	if (reason >= ESV_QERR_TAIL)
		r->failed = true;
	else if (now < r->event_after_ns)
		return;
	r->event_after_ns = now + ESVC_EVENT_GAP_NS;
	esvc_event(dev, ESV_EV_QUEUE_ERROR, object, index, reason);
}
