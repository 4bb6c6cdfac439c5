// SPDX-License-Identifier: GPL-2.0-or-later
/* The run loop: doorbells, bounded work, the timer and the heartbeat. */
#include "esvc_fault.h"
#include "esvc_ring.h"

#define SYNC_ROUNDS	4096
#define SYNC_BUDGET	64

/* Requests that are in the ring by now were written before their driver could know of the load (VMS-4). */
static bool tell_load(struct esvc_dev *dev)
{
	struct esvc_ring *sq = &dev->admin.sq;

	if (esvc_ring_pull(dev, sq)) {
		esvc_fatal(dev, ESV_FATAL_ADMIN_SHADOW, sq->head, 0);
		return false;
	}
	dev->ack_from = sq->tail;
	dev->load_told = true;
	return true;
}

void esvc_settle(struct esvc_dev *dev)
{
	uint64_t epoch = esvc_epoch(dev);

	/* The unit also zeroises itself when its random source goes bad. */
	if (!dev->epoch_event && epoch == dev->epoch_told)
		return;
	dev->epoch_event = false;
	dev->epoch_told = epoch;
	if (dev->drop_all && !dev->load_told && !tell_load(dev))
		return;
	esvc_event(dev, ESV_EV_EPOCH, 0, epoch, 0);
}

static void beat(struct esvc_dev *dev)
{
	if (!esvc_fault_heartbeat(dev))
		dev->heartbeat++;
}

static bool more_work(const struct esvc_dev *dev)
{
	if (!dev->enabled || dev->fatal_code)
		return false;
	return dev->admin_pending || (dev->tx_pending && !dev->wire_full);
}

static void work(struct esvc_dev *dev, unsigned int budget)
{
	if (!dev->enabled || dev->fatal_code)
		return;
	beat(dev);
	esvc_settle(dev);
	if (dev->admin_pending && budget)
		dev->admin_pending = esvc_admin_run(dev, &budget);
	esvc_settle(dev);
	if (dev->rx_pending) {
		dev->rx_pending = false;
		esvc_rx_retry(dev);
	}
	if (dev->tx_pending && !dev->wire_full && budget)
		esvc_tx_run(dev, &budget);
}

bool esvc_run(struct esvc_dev *dev, unsigned int budget)
{
	work(dev, budget);
	esvc_fatal_wipe(dev);
	return more_work(dev);
}

void esvc_work(struct esvc_dev *dev)
{
	if (!dev->cfg.sync) {
		dev->ops->kick(dev->opaque);
		return;
	}
	/* A guest that never stops adding work must not hold the caller for ever. */
	for (int i = 0; i < SYNC_ROUNDS; i++)
		if (!esvc_run(dev, SYNC_BUDGET))
			return;
	dev->ops->kick(dev->opaque);
}

static void ring_queue_bell(struct esvc_dev *dev, uint32_t off)
{
	uint32_t slot = (off - ESV_DB_QUEUE_BASE) / ESV_DB_QUEUE_STRIDE;
	uint32_t q = slot / 2;

	if (q >= dev->cfg.queue_pairs)
		return;
	if (slot & 1)
		dev->rx_pending = true;
	else
		dev->tx_pending |= 1ull << q;
	esvc_work(dev);
}

void esvc_doorbell(struct esvc_dev *dev, uint32_t off)
{
	if (!dev->enabled || dev->fatal_code || off % ESV_DB_QUEUE_STRIDE)
		return;
	if (off == ESV_DB_ADMIN) {
		dev->admin_pending = true;
		esvc_work(dev);
	} else if (off == ESV_DB_EVENT) {
		esvc_event_doorbell(dev);
		esvc_fatal_wipe(dev);
	} else if (off >= ESV_DB_QUEUE_BASE && off < ESV_BAR0_SIZE) {
		ring_queue_bell(dev, off);
	}
}

void esvc_wire_ready(struct esvc_dev *dev)
{
	if (!dev->wire_full)
		return;
	dev->wire_full = false;
	if (more_work(dev))
		esvc_work(dev);
}

void esvc_link(struct esvc_dev *dev, bool up)
{
	if (dev->link_up == up)
		return;
	dev->link_up = up;
	esvc_event(dev, ESV_EV_LINK, 0, up, 0);
	esvc_fatal_wipe(dev);
}

/* The earlier of two deadlines, where 0 is never. */
static uint64_t earlier(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a | b;
	return a < b ? a : b;
}

void esvc_arm_timer(struct esvc_dev *dev)
{
	uint64_t at = dev->unit_at;

	if (dev->enabled)
		at = earlier(at, dev->heartbeat_at);
	if (dev->rx.parked)
		at = earlier(at, dev->rx.deadline_ns);
	if (at == dev->timer_at)
		return;
	dev->timer_at = at;
	dev->ops->timer(dev->opaque, at);
}

void esvc_timer(struct esvc_dev *dev)
{
	uint64_t now = esvc_now(dev);

	dev->timer_at = 0;
	if (dev->unit && dev->unit_at && now >= dev->unit_at)
		dev->unit_at = esvc_unit_expire(dev->unit, now);
	if (dev->enabled && now >= dev->heartbeat_at) {
		dev->heartbeat_at = now + ESVC_HEARTBEAT_NS;
		beat(dev);
		esvc_fault_events(dev);
	}
	if (dev->rx.parked && now >= dev->rx.deadline_ns)
		esvc_rx_expire(dev);
	esvc_fatal_wipe(dev);
	esvc_arm_timer(dev);
}
