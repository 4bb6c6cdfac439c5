// SPDX-License-Identifier: GPL-2.0
/*
 * espvault: queue pairs (clauses RNG-1 ff).
 *
 * A pair of a transmit and a receive queue shares a vector and a NAPI context.
 * The device's vectors fire once when a count passes irq_at, so an interrupt
 * masks itself until the poll moves irq_at.
 */

#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/slab.h>

#include "esv_hw.h"
#include "esv_queue.h"
#include "esv_ring.h"

static irqreturn_t esv_queue_irq(int irq, void *data)
{
	struct esv_queue *q = data;

	napi_schedule_irqoff(&q->napi);
	return IRQ_HANDLED;
}

static bool esv_tx_pending(const struct esv_txq *tx)
{
	return READ_ONCE(tx->shadow->head) != cpu_to_le32(tx->clean);
}

static int esv_queue_poll(struct napi_struct *napi, int budget)
{
	struct esv_queue *q = container_of(napi, struct esv_queue, napi);
	int work;

	esv_tx_clean(q, budget);
	if (!budget)
		return 0;
	work = esv_rx_clean(q, budget);
	if (work == budget)
		return budget;
	if (!napi_complete_done(napi, work))
		return work;
	esv_irq_arm(q->rx.shadow, q->rx.seen);
	esv_irq_arm(q->tx.shadow, esv_ring_tx_irq_at(q->tx.clean, READ_ONCE(q->tx.kicked)));
	if (esv_rx_pending(&q->rx) || esv_tx_pending(&q->tx))
		napi_schedule(napi);
	return work;
}

static void esv_queue_free(struct esv_dev *edev, struct esv_queue *q)
{
	if (!q)
		return;
	esv_rx_free(q);
	esv_tx_free(q);
	if (q->shadows)
		dma_free_coherent(&edev->pdev->dev, 2 * sizeof(*q->shadows), q->shadows,
				  q->shadows_dma);
	kfree(q);
}

static struct esv_queue *esv_queue_alloc(struct esv_dev *edev, unsigned int index,
					 const struct esv_config *cfg)
{
	struct esv_queue *q = kzalloc(sizeof(*q), GFP_KERNEL);

	if (!q)
		return NULL;
	q->edev = edev;
	q->index = index;
	q->vector = 1 + index;
	q->stats = &edev->stats[index];
	q->shadows = dma_alloc_coherent(&edev->pdev->dev, 2 * sizeof(*q->shadows),
					&q->shadows_dma, GFP_KERNEL);
	if (!q->shadows)
		goto err;
	q->tx.shadow = &q->shadows[ESV_SHADOW_TX];
	q->rx.shadow = &q->shadows[ESV_SHADOW_RX];
	q->tx.doorbell = ESV_DB_TX(index);
	q->rx.doorbell = ESV_DB_RX(index);
	if (esv_tx_alloc(q, cfg->tx_ring) || esv_rx_alloc(q, cfg->rx_ring, cfg->mtu))
		goto err;
	return q;

err:
	esv_queue_free(edev, q);
	return NULL;
}

void esv_queues_free(struct esv_dev *edev, struct esv_queue **queues, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		esv_queue_free(edev, queues[i]);
	kfree(queues);
}

struct esv_queue **esv_queues_alloc(struct esv_dev *edev, const struct esv_config *cfg)
{
	struct esv_queue **queues;
	unsigned int i;

	queues = kcalloc(cfg->num_queues, sizeof(*queues), GFP_KERNEL);
	if (!queues)
		return NULL;
	for (i = 0; i < cfg->num_queues; i++) {
		queues[i] = esv_queue_alloc(edev, i, cfg);
		if (!queues[i]) {
			esv_queues_free(edev, queues, i);
			return NULL;
		}
	}
	return queues;
}

/* Spread the queues over the processors; transmit from where completions arrive. */
static void esv_queue_place(struct esv_dev *edev, struct esv_queue *q, int irq)
{
	unsigned int cpu = cpumask_local_spread(q->index, dev_to_node(&edev->pdev->dev));

	irq_set_affinity_and_hint(irq, cpumask_of(cpu));
	if (edev->num_queues > 1)
		netif_set_xps_queue(edev->netdev, cpumask_of(cpu), q->index);
}

static int esv_queue_start(struct esv_dev *edev, struct esv_queue *q)
{
	int irq = pci_irq_vector(edev->pdev, q->vector);
	int err;

	snprintf(q->name, sizeof(q->name), "%s-%u", edev->netdev->name, q->index);
	netif_napi_add(edev->netdev, &q->napi, esv_queue_poll);
	q->napi_live = true;
	err = request_irq(irq, esv_queue_irq, 0, q->name, q);
	if (err)
		return err;
	q->irq_live = true;
	esv_queue_place(edev, q, irq);
	esv_napi_bind(edev->netdev, &q->napi, q->index, irq);
	napi_enable(&q->napi);
	return 0;
}

static void esv_queue_stop(struct esv_dev *edev, struct esv_queue *q)
{
	int irq = pci_irq_vector(edev->pdev, q->vector);

	if (q->irq_live) {
		napi_disable(&q->napi);
		esv_napi_unbind(edev->netdev, q->index);
		irq_update_affinity_hint(irq, NULL);
		free_irq(irq, q);
	}
	q->irq_live = false;
	if (q->napi_live)
		netif_napi_del(&q->napi);
	q->napi_live = false;
}

void esv_queues_stop(struct esv_dev *edev)
{
	unsigned int i;

	for (i = 0; i < edev->num_queues; i++)
		esv_queue_stop(edev, edev->queues[i]);
}

int esv_queues_start(struct esv_dev *edev)
{
	unsigned int i;
	int err;

	for (i = 0; i < edev->num_queues; i++) {
		err = esv_queue_start(edev, edev->queues[i]);
		if (err) {
			esv_queues_stop(edev);
			return err;
		}
	}
	return 0;
}

static int esv_queue_create_one(struct esv_queue *q, u8 type)
{
	bool rx = type == ESV_QUEUE_RX;
	struct esv_queue_params p = {
		.type = type,
		.ring_log2 = ilog2(rx ? q->rx.size : q->tx.size),
		.cq_log2 = rx ? q->rx.cq_log2 : 0,
		.vector = cpu_to_le16(q->vector),
		.buf_len = cpu_to_le16(rx ? q->rx.buf_len : 0),
		.ring = cpu_to_le64(rx ? q->rx.ring_dma : q->tx.ring_dma),
		.cq = cpu_to_le64(rx ? q->rx.cq_dma : 0),
		.shadow = cpu_to_le64(q->shadows_dma + (rx ? ESV_SHADOW_RX : ESV_SHADOW_TX) *
				      sizeof(struct esv_shadow)),
	};
	struct esv_cmd cmd = {
		.opcode = ESV_OP_QUEUE_CREATE,
		.object = q->index,
		.in = &p,
		.in_len = sizeof(p),
	};

	return esv_admin_exec(q->edev, &cmd);
}

static int esv_queue_destroy_one(struct esv_queue *q, u8 type)
{
	struct esv_cmd cmd = {
		.opcode = ESV_OP_QUEUE_DESTROY,
		.object = q->index,
		.inl = { type },
	};
	int err = esv_admin_exec(q->edev, &cmd);

	/* Creating it may be what failed. */
	return cmd.answered && cmd.status == ESV_S_NOT_FOUND ? 0 : err;
}

int esv_queues_create(struct esv_dev *edev)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < edev->num_queues && !err; i++) {
		err = esv_queue_create_one(edev->queues[i], ESV_QUEUE_RX);
		if (!err)
			err = esv_queue_create_one(edev->queues[i], ESV_QUEUE_TX);
		if (err)
			netdev_err(edev->netdev, "queue pair %u refused: %pe\n", i, ERR_PTR(err));
	}
	return err;
}

int esv_queues_destroy(struct esv_dev *edev)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < edev->num_queues; i++) {
		err = err ?: esv_queue_destroy_one(edev->queues[i], ESV_QUEUE_TX);
		err = err ?: esv_queue_destroy_one(edev->queues[i], ESV_QUEUE_RX);
	}
	return err;
}

void esv_queues_rescue(struct esv_dev *edev)
{
	unsigned int i;

	for (i = 0; i < edev->num_queues; i++) {
		struct esv_queue *q = edev->queues[i];
		bool missed = esv_rx_pending(&q->rx) || esv_tx_pending(&q->tx);

		if (!missed && !READ_ONCE(q->rx.starved))
			continue;
		local_bh_disable();
		if (napi_schedule_prep(&q->napi)) {
			if (missed)
				esv_count(edev, ESV_SW_IRQ_RESCUED);
			__napi_schedule(&q->napi);
		}
		local_bh_enable();
	}
}
