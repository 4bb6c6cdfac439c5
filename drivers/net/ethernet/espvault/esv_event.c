// SPDX-License-Identifier: GPL-2.0
/*
 * espvault: the event queue (clauses EVT-1 ff).
 *
 * Events are handled in process context, one after the other. A gap in their
 * numbers or the LOST flag means that the device had no room: then everything
 * that an event could have said is asked for anew.
 */

#include <linux/dma-mapping.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "esv_event.h"
#include "esv_hw.h"
#include "esv_ring.h"

#define ESV_EVENT_LOG2_MAX	8

struct esv_event_queue {
	struct esv_dev *edev;
	struct work_struct work;
	struct mutex link_lock;	/* from reading the carrier to telling the stack */
	bool open;
	bool have_seq;
	bool carrier;
	u32 seq;		/* of the next event */
	u32 head;
	unsigned int log2;
	struct esv_eqe *ring;
	struct esv_shadow *shadow;
	dma_addr_t ring_dma;
	dma_addr_t shadow_dma;
};

void esv_event_link(struct esv_dev *edev)
{
	struct esv_event_queue *eq = edev->events;
	bool changed, up;
	u32 link;

	mutex_lock(&eq->link_lock);
	link = esv_rd(edev, ESV_REG_LINK);
	up = link != ESV_GONE && (link & 1) && edev->port_up;
	if (up)
		netif_carrier_on(edev->netdev);
	else
		netif_carrier_off(edev->netdev);
	changed = up != eq->carrier;
	eq->carrier = up;
	mutex_unlock(&eq->link_lock);
	if (changed)
		esv_ipsec_link(edev, up);
}

/*
 * Was the device's state loaded? It then has no SA and no entry and drops
 * everything: set all up as after a reset.
 */
static bool esv_event_state_loaded(struct esv_dev *edev)
{
	if (esv_rd(edev, ESV_REG_RESET_REASON) != ESV_RESET_STATE_LOAD)
		return false;
	esv_reset_schedule(edev, ESV_RESET_STATE_LOAD);
	return true;
}

static void esv_event_resync(struct esv_dev *edev)
{
	esv_count(edev, ESV_SW_EVENT_RESYNC);
	esv_event_link(edev);
	esv_hw_refresh(edev);
	if (esv_event_state_loaded(edev))
		return;
	if (esv_rd(edev, ESV_REG_STATUS) & (ESV_STAT_NEEDS_RESET | ESV_STAT_FATAL))
		esv_reset_schedule(edev, ESV_RESET_FATAL);
	esv_ipsec_resync(edev);
}

/* The device shows what it disliked; a queue that it gave up needs a reset (RNG-8). */
static void esv_event_queue_error(struct esv_dev *edev, const struct esv_event *ev)
{
	if (net_ratelimit())
		netdev_warn(edev->netdev, "device refused descriptor %llu of %s queue %u, reason %u\n",
			    ev->arg0, ev->object & 1 ? "receive" : "transmit", ev->object / 2,
			    ev->arg1);
	if (ev->arg1 >= ESV_QERR_TAIL)
		esv_reset_schedule(edev, ESV_RESET_FATAL);
}

static void esv_event_handle(struct esv_dev *edev, const struct esv_event *ev)
{
	struct net_device *netdev = edev->netdev;

	switch (ev->type) {
	case ESV_EV_LINK:
		esv_event_link(edev);
		break;
	case ESV_EV_QUEUE_ERROR:
		esv_event_queue_error(edev, ev);
		break;
	case ESV_EV_ADMIN_ERROR:
		if (net_ratelimit())
			netdev_warn(netdev, "device could not read admin request %llu\n", ev->arg0);
		break;
	case ESV_EV_NEEDS_RESET:
		esv_reset_schedule(edev, ESV_RESET_FATAL);
		break;
	case ESV_EV_EPOCH:
		esv_hw_refresh(edev);
		if (esv_event_state_loaded(edev))
			break;
		fallthrough;
	default:
		esv_ipsec_event(edev, ev);
	}
}

/* Take the next entry. Returns 0 when there is none, else its flags. */
static u8 esv_event_take(struct esv_event_queue *eq, struct esv_event *ev)
{
	struct esv_eqe *eqe = &eq->ring[eq->head & ((1u << eq->log2) - 1)];
	u8 flags = READ_ONCE(eqe->flags);

	if ((flags & ESV_EQE_PHASE) != esv_ring_phase(eq->head, eq->log2))
		return 0;
	dma_rmb(); /* flags were written last */
	ev->type = eqe->type;
	ev->severity = eqe->severity;
	ev->seq = le32_to_cpu(eqe->seq);
	ev->object = le32_to_cpu(eqe->object);
	ev->arg0 = le64_to_cpu(eqe->arg0);
	ev->arg1 = le32_to_cpu(eqe->arg1);
	eq->head++;
	/* The entry is the device's again before the event is acted upon. */
	esv_submit(eq->edev, eq->shadow, eq->head, ESV_DB_EVENT);
	return flags | 0x80;
}

static void esv_event_work(struct work_struct *work)
{
	struct esv_event_queue *eq = container_of(work, struct esv_event_queue, work);
	unsigned int budget = 1u << eq->log2;
	struct esv_event ev;
	u8 flags;

	while (READ_ONCE(eq->open)) {
		flags = esv_event_take(eq, &ev);
		if (!flags) {
			u32 seen = eq->head;

			esv_irq_arm(eq->shadow, seen);
			flags = esv_event_take(eq, &ev);
			if (!flags)
				return;
		}
		if ((flags & ESV_EQE_LOST) || (eq->have_seq && ev.seq != eq->seq))
			esv_event_resync(eq->edev);
		eq->have_seq = true;
		eq->seq = ev.seq + 1;
		esv_event_handle(eq->edev, &ev);
		if (!--budget) {
			/* Others on this workqueue get their turn. */
			queue_work(eq->edev->wq, &eq->work);
			return;
		}
	}
}

void esv_event_kick(struct esv_dev *edev)
{
	queue_work(edev->wq, &edev->events->work);
}

void esv_event_stop(struct esv_dev *edev)
{
	WRITE_ONCE(edev->events->open, false);
	cancel_work_sync(&edev->events->work);
}

void esv_event_start(struct esv_dev *edev)
{
	WRITE_ONCE(edev->events->open, true);
	esv_event_kick(edev);
}

u32 esv_event_log2(const struct esv_dev *edev)
{
	return edev->events->log2;
}

void esv_event_program(struct esv_dev *edev)
{
	struct esv_event_queue *eq = edev->events;

	eq->head = 0;
	eq->have_seq = false;
	memset(eq->ring, 0, sizeof(*eq->ring) << eq->log2);
	memset(eq->shadow, 0, sizeof(*eq->shadow));
	esv_wr_addr(edev, ESV_REG_EQ_LO, eq->ring_dma);
	esv_wr_addr(edev, ESV_REG_EQ_SHADOW_LO, eq->shadow_dma);
}

int esv_event_alloc(struct esv_dev *edev)
{
	struct esv_event_queue *eq = kzalloc(sizeof(*eq), GFP_KERNEL);
	struct device *dev = &edev->pdev->dev;

	if (!eq)
		return -ENOMEM;
	eq->edev = edev;
	eq->log2 = min_t(unsigned int, ESV_EVENT_LOG2_MAX, ilog2(edev->caps.event_max));
	INIT_WORK(&eq->work, esv_event_work);
	mutex_init(&eq->link_lock);
	eq->ring = dma_alloc_coherent(dev, sizeof(*eq->ring) << eq->log2, &eq->ring_dma,
				      GFP_KERNEL);
	if (!eq->ring)
		goto err_free;
	eq->shadow = dma_alloc_coherent(dev, sizeof(*eq->shadow), &eq->shadow_dma, GFP_KERNEL);
	if (!eq->shadow)
		goto err_ring;
	edev->events = eq;
	return 0;

err_ring:
	dma_free_coherent(dev, sizeof(*eq->ring) << eq->log2, eq->ring, eq->ring_dma);
err_free:
	kfree(eq);
	return -ENOMEM;
}

void esv_event_free(struct esv_dev *edev)
{
	struct esv_event_queue *eq = edev->events;
	struct device *dev = &edev->pdev->dev;

	/* The interrupt, which is gone by now, may have queued it after esv_event_stop(). */
	cancel_work_sync(&eq->work);
	dma_free_coherent(dev, sizeof(*eq->shadow), eq->shadow, eq->shadow_dma);
	dma_free_coherent(dev, sizeof(*eq->ring) << eq->log2, eq->ring, eq->ring_dma);
	edev->events = NULL;
	mutex_destroy(&eq->link_lock);
	kfree(eq);
}
