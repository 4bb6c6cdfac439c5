// SPDX-License-Identifier: GPL-2.0
/*
 * espvault: the admin queue (clauses ADM-1 ff).
 *
 * Each request in flight has a slot: its tag, and a page for its payload. A
 * request without a slot waits in a list, so posting never fails for want of
 * one. The lock covers memory only, never the device's time to answer.
 *
 * A caller that gives up leaves its slot behind as a zombie, because the device
 * may still write to the page; zombies end with the reset that follows.
 */

#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "esv_admin.h"
#include "esv_hw.h"
#include "esv_ring.h"

#define ESV_ADMIN_LOG2_MAX	6
#define ESV_ADMIN_SLOT_BITS	8

/* A lost interrupt delays an answer by no more than this. */
#define ESV_ADMIN_POLL_MS	50

struct esv_admin_slot {
	struct esv_cmd *cmd;		/* NULL: free, or a zombie */
	void *buf;
	dma_addr_t dma;
	unsigned long deadline;		/* jiffies */
	u8 pass;			/* makes a tag unlike the slot's last one */
	bool busy;
	u16 opcode;
	u16 in_len;
	u16 out_cap;
};

struct esv_admin {
	spinlock_t lock;		/* all but the waiting itself; taken in hard interrupts */
	struct esv_dev *edev;
	bool open;
	bool violated;			/* the device broke the protocol */
	unsigned int log2;
	unsigned int ms;
	u32 sq_tail;
	u32 cq_head;
	struct esv_sqe *sq;
	struct esv_cqe *cq;
	struct esv_shadow *shadow;
	dma_addr_t sq_dma;
	dma_addr_t cq_dma;
	dma_addr_t shadow_dma;
	struct esv_admin_slot *slots;
	struct list_head waiting;	/* of esv_cmd: no slot yet */
	struct list_head delayed;	/* of esv_cmd, posted: the device was busy */
	struct delayed_work retry_work;
	struct list_head finished;	/* of esv_cmd: done() is due */
	struct work_struct done_work;
};

static unsigned int esv_admin_size(const struct esv_admin *adm)
{
	return 1u << adm->log2;
}

static u16 esv_admin_tag(const struct esv_admin *adm, const struct esv_admin_slot *slot)
{
	return (slot - adm->slots) | slot->pass << ESV_ADMIN_SLOT_BITS;
}

static struct esv_admin_slot *esv_admin_free_slot(struct esv_admin *adm)
{
	unsigned int i;

	for (i = 0; i < esv_admin_size(adm); i++)
		if (!adm->slots[i].busy)
			return &adm->slots[i];
	return NULL;
}

static void esv_admin_release(struct esv_admin_slot *slot)
{
	/* Payloads may hold keys and tokens. */
	memzero_explicit(slot->buf, max(slot->in_len, slot->out_cap));
	slot->cmd = NULL;
	slot->busy = false;
}

/* When a command that the device was too busy for may be tried again, in ms. */
static unsigned int esv_admin_retry_ms(const struct esv_cmd *cmd)
{
	return clamp_t(u16, cmd->retry_ms, 1, 100);
}

static bool esv_admin_was_busy(const struct esv_cmd *cmd)
{
	return cmd->answered && cmd->status == ESV_S_BUSY;
}

static void esv_admin_finish(struct esv_admin *adm, struct esv_cmd *cmd, int err)
{
	lockdep_assert_held(&adm->lock);
	cmd->err = err;
	if (cmd->sync) {
		complete(&cmd->completion);
		return;
	}
	list_add_tail(&cmd->node, &adm->finished);
	queue_work(adm->edev->wq, &adm->done_work);
}

static void esv_admin_issue(struct esv_admin *adm, struct esv_admin_slot *slot,
			    struct esv_cmd *cmd)
{
	struct esv_sqe *sqe = &adm->sq[adm->sq_tail & (esv_admin_size(adm) - 1)];

	slot->pass++;
	slot->busy = true;
	slot->cmd = cmd;
	slot->opcode = cmd->opcode;
	slot->in_len = cmd->in_len;
	slot->out_cap = cmd->out_cap;
	slot->deadline = jiffies + msecs_to_jiffies(adm->ms);
	if (!cmd->again)
		cmd->end = slot->deadline;
	if (cmd->in_len)
		memcpy(slot->buf, cmd->in, cmd->in_len);

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = cpu_to_le16(cmd->opcode);
	sqe->version = 1;
	sqe->tag = cpu_to_le16(esv_admin_tag(adm, slot));
	sqe->function = cpu_to_le16(adm->edev->function);
	sqe->object = cpu_to_le32(cmd->object);
	memcpy(sqe->inl, cmd->inl, sizeof(sqe->inl));
	if (cmd->in_len || cmd->out_cap)
		sqe->dma = cpu_to_le64(slot->dma);
	sqe->in_len = cpu_to_le16(cmd->in_len);
	sqe->out_cap = cpu_to_le16(cmd->out_cap);
	adm->sq_tail++;
}

/* Move what waits into free slots and tell the device, once for all. */
static void esv_admin_pump(struct esv_admin *adm)
{
	u32 old = adm->sq_tail;

	lockdep_assert_held(&adm->lock);
	while (!list_empty(&adm->waiting)) {
		struct esv_admin_slot *slot = esv_admin_free_slot(adm);
		struct esv_cmd *cmd;

		if (!slot)
			break;
		cmd = list_first_entry(&adm->waiting, struct esv_cmd, node);
		list_del(&cmd->node);
		esv_admin_issue(adm, slot, cmd);
	}
	if (adm->sq_tail != old)
		esv_submit(adm->edev, adm->shadow, adm->sq_tail, ESV_DB_ADMIN);
}

static int esv_admin_queue(struct esv_dev *edev, struct esv_cmd *cmd)
{
	struct esv_admin *adm = edev->admin;
	unsigned long flags;
	int err = -ENODEV;

	if (cmd->in_len > ESV_ADMIN_BUF || cmd->out_cap > ESV_ADMIN_BUF)
		return -EMSGSIZE;
	cmd->answered = false;
	cmd->again = false;
	cmd->status = 0;
	cmd->out_len = 0;
	spin_lock_irqsave(&adm->lock, flags);
	if (adm->open) {
		list_add_tail(&cmd->node, &adm->waiting);
		esv_admin_pump(adm);
		err = 0;
	}
	spin_unlock_irqrestore(&adm->lock, flags);
	return err;
}

int esv_admin_post(struct esv_dev *edev, struct esv_cmd *cmd)
{
	cmd->sync = false;
	return esv_admin_queue(edev, cmd);
}

/* What else the device says can't be believed; the reset is asked for without the lock. */
static void esv_admin_violation(struct esv_admin *adm, enum esv_sw_counter c)
{
	esv_count(adm->edev, c);
	adm->violated = true;
}

static struct esv_admin_slot *esv_admin_find(struct esv_admin *adm,
					     const struct esv_cqe *cqe)
{
	u16 tag = le16_to_cpu(cqe->tag);
	unsigned int i = tag & ((1u << ESV_ADMIN_SLOT_BITS) - 1);
	struct esv_admin_slot *slot;

	if (i >= esv_admin_size(adm))
		return NULL;
	slot = &adm->slots[i];
	if (!slot->busy || esv_admin_tag(adm, slot) != tag ||
	    slot->opcode != le16_to_cpu(cqe->opcode))
		return NULL;
	return slot;
}

/* Nobody waits for a posted command who would try again. False: its time is up. */
static bool esv_admin_delay(struct esv_admin *adm, struct esv_cmd *cmd)
{
	unsigned long ticks = msecs_to_jiffies(esv_admin_retry_ms(cmd));

	if (cmd->sync || !time_before(jiffies, cmd->end))
		return false;
	cmd->again = true;
	cmd->retry_at = jiffies + ticks;
	list_add_tail(&cmd->node, &adm->delayed);
	queue_delayed_work(adm->edev->wq, &adm->retry_work, ticks);
	return true;
}

static void esv_admin_retry_work(struct work_struct *work)
{
	struct esv_admin *adm = container_of(to_delayed_work(work), struct esv_admin, retry_work);
	struct esv_cmd *cmd, *next;

	spin_lock_irq(&adm->lock);
	list_for_each_entry_safe(cmd, next, &adm->delayed, node)
		if (time_after_eq(jiffies, cmd->retry_at))
			list_move_tail(&cmd->node, &adm->waiting);
	esv_admin_pump(adm);
	cmd = list_first_entry_or_null(&adm->delayed, struct esv_cmd, node);
	if (cmd)
		queue_delayed_work(adm->edev->wq, &adm->retry_work,
				   max_t(long, cmd->retry_at - jiffies, 0));
	spin_unlock_irq(&adm->lock);
}

static void esv_admin_answer(struct esv_admin *adm, const struct esv_cqe *cqe)
{
	struct esv_admin_slot *slot = esv_admin_find(adm, cqe);
	u16 out_len = le16_to_cpu(cqe->out_len);
	struct esv_cmd *cmd;
	int err;

	if (!slot) {
		esv_admin_violation(adm, ESV_SW_DEV_BAD_ADMIN_TAG);
		return;
	}
	cmd = slot->cmd;
	err = esv_status_errno(le16_to_cpu(cqe->status));
	if (out_len > slot->out_cap) {
		esv_admin_violation(adm, ESV_SW_DEV_BAD_ADMIN_LEN);
		out_len = 0;
		err = -EPROTO;
	}
	if (cmd) {
		cmd->answered = err != -EPROTO;
		cmd->status = le16_to_cpu(cqe->status);
		cmd->err_off = le16_to_cpu(cqe->err_off);
		cmd->object_out = le32_to_cpu(cqe->object);
		cmd->out_len = out_len;
		cmd->retry_ms = le16_to_cpu(cqe->retry_ms);
		memcpy(cmd->result, cqe->result, sizeof(cmd->result));
		if (out_len)
			memcpy(cmd->out, slot->buf, out_len);
		if (!esv_admin_was_busy(cmd) || !esv_admin_delay(adm, cmd))
			esv_admin_finish(adm, cmd, err);
	}
	esv_admin_release(slot);
}

static bool esv_admin_take(struct esv_admin *adm, struct esv_cqe *copy)
{
	struct esv_cqe *cqe = &adm->cq[adm->cq_head & (esv_admin_size(adm) - 1)];

	if ((READ_ONCE(cqe->flags) & ESV_CQE_PHASE) != esv_ring_phase(adm->cq_head, adm->log2))
		return false;
	dma_rmb(); /* flags were written last */
	memcpy(copy, cqe, sizeof(*copy));
	adm->cq_head++;
	return true;
}

unsigned int esv_admin_reap(struct esv_dev *edev)
{
	struct esv_admin *adm = edev->admin;
	struct esv_cqe cqe;
	unsigned long flags;
	unsigned int n = 0;
	bool violated;

	spin_lock_irqsave(&adm->lock, flags);
	while (adm->open && !adm->violated) {
		u32 seen = adm->cq_head;

		while (!adm->violated && esv_admin_take(adm, &cqe)) {
			esv_admin_answer(adm, &cqe);
			n++;
		}
		esv_admin_pump(adm);
		esv_irq_arm(adm->shadow, adm->cq_head);
		if (seen == adm->cq_head)
			break;
	}
	violated = adm->violated;
	spin_unlock_irqrestore(&adm->lock, flags);
	if (violated)
		esv_reset_schedule(edev, ESV_RESET_FATAL);
	return n;
}

static void esv_admin_done_work(struct work_struct *work)
{
	struct esv_admin *adm = container_of(work, struct esv_admin, done_work);
	struct esv_cmd *cmd, *next;
	LIST_HEAD(list);

	spin_lock_irq(&adm->lock);
	list_splice_init(&adm->finished, &list);
	spin_unlock_irq(&adm->lock);
	list_for_each_entry_safe(cmd, next, &list, node)
		cmd->done(adm->edev, cmd);
}

/* The caller gives up. False: the answer came at the last moment. */
static bool esv_admin_abandon(struct esv_admin *adm, struct esv_cmd *cmd)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&adm->lock, flags);
	if (completion_done(&cmd->completion)) {
		spin_unlock_irqrestore(&adm->lock, flags);
		return false;
	}
	for (i = 0; i < esv_admin_size(adm); i++) {
		if (adm->slots[i].cmd == cmd) {
			adm->slots[i].cmd = NULL;
			goto out;
		}
	}
	list_del(&cmd->node);
out:
	spin_unlock_irqrestore(&adm->lock, flags);
	return true;
}

/* The device has its full time for each attempt, however late the attempt begins. */
static int esv_admin_wait(struct esv_dev *edev, struct esv_cmd *cmd)
{
	unsigned long end = jiffies + msecs_to_jiffies(edev->admin->ms);
	unsigned long step = msecs_to_jiffies(ESV_ADMIN_POLL_MS);

	while (!wait_for_completion_timeout(&cmd->completion, step)) {
		if (esv_admin_reap(edev))
			esv_count(edev, ESV_SW_IRQ_RESCUED);
		if (time_before(jiffies, end) || !esv_admin_abandon(edev->admin, cmd))
			continue;
		esv_count(edev, ESV_SW_ADMIN_TIMEOUT);
		netdev_err(edev->netdev, "command %s was not answered in %u ms, resetting the device\n",
			   esv_opcode_text(cmd->opcode), edev->admin->ms);
		esv_reset_schedule(edev, ESV_RESET_ADMIN_TIMEOUT);
		return -ETIMEDOUT;
	}
	return cmd->err;
}

int esv_admin_exec(struct esv_dev *edev, struct esv_cmd *cmd)
{
	unsigned long last = jiffies + msecs_to_jiffies(edev->admin->ms);
	int err;

	might_sleep();
	cmd->sync = true;
	do {
		init_completion(&cmd->completion);
		err = esv_admin_queue(edev, cmd);
		if (!err)
			err = esv_admin_wait(edev, cmd);
		if (!esv_admin_was_busy(cmd))
			break;
		msleep(esv_admin_retry_ms(cmd));
	} while (time_before(jiffies, last));
	return err;
}

bool esv_admin_overdue(struct esv_dev *edev)
{
	struct esv_admin *adm = edev->admin;
	bool overdue = false;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&adm->lock, flags);
	for (i = 0; adm->open && i < esv_admin_size(adm); i++)
		if (adm->slots[i].busy && time_after(jiffies, adm->slots[i].deadline))
			overdue = true;
	spin_unlock_irqrestore(&adm->lock, flags);
	return overdue;
}

void esv_admin_stop(struct esv_dev *edev, int err)
{
	struct esv_admin *adm = edev->admin;
	struct esv_cmd *cmd, *next;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&adm->lock, flags);
	adm->open = false;
	for (i = 0; i < esv_admin_size(adm); i++) {
		cmd = adm->slots[i].cmd;
		adm->slots[i].cmd = NULL;
		if (cmd)
			esv_admin_finish(adm, cmd, err);
	}
	list_splice_tail_init(&adm->delayed, &adm->waiting);
	list_for_each_entry_safe(cmd, next, &adm->waiting, node) {
		list_del(&cmd->node);
		esv_admin_finish(adm, cmd, err);
	}
	spin_unlock_irqrestore(&adm->lock, flags);
}

void esv_admin_program(struct esv_dev *edev)
{
	struct esv_admin *adm = edev->admin;
	unsigned int i;

	for (i = 0; i < esv_admin_size(adm); i++)
		esv_admin_release(&adm->slots[i]);
	adm->violated = false;
	adm->sq_tail = 0;
	adm->cq_head = 0;
	adm->ms = esv_hw_command_ms(edev);
	memset(adm->cq, 0, esv_admin_size(adm) * sizeof(*adm->cq));
	memset(adm->shadow, 0, sizeof(*adm->shadow));
	adm->shadow->db_want = cpu_to_le32(1);
	esv_wr_addr(edev, ESV_REG_ASQ_LO, adm->sq_dma);
	esv_wr_addr(edev, ESV_REG_ACQ_LO, adm->cq_dma);
	esv_wr_addr(edev, ESV_REG_ADMIN_SHADOW_LO, adm->shadow_dma);
}

void esv_admin_start(struct esv_dev *edev)
{
	struct esv_admin *adm = edev->admin;

	spin_lock_irq(&adm->lock);
	adm->open = true;
	spin_unlock_irq(&adm->lock);
}

static void *esv_admin_dma_alloc(struct esv_dev *edev, size_t size, dma_addr_t *dma)
{
	return dma_alloc_coherent(&edev->pdev->dev, size, dma, GFP_KERNEL);
}

static void esv_admin_dma_free(struct esv_dev *edev, size_t size, void *p, dma_addr_t dma)
{
	if (p)
		dma_free_coherent(&edev->pdev->dev, size, p, dma);
}

static int esv_admin_alloc_slots(struct esv_admin *adm)
{
	unsigned int n = esv_admin_size(adm);
	unsigned int i;

	adm->slots = kcalloc(n, sizeof(*adm->slots), GFP_KERNEL);
	if (!adm->slots)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		adm->slots[i].buf = esv_admin_dma_alloc(adm->edev, ESV_ADMIN_BUF,
							&adm->slots[i].dma);
		if (!adm->slots[i].buf)
			return -ENOMEM;
	}
	return 0;
}

int esv_admin_alloc(struct esv_dev *edev)
{
	struct esv_admin *adm = kzalloc(sizeof(*adm), GFP_KERNEL);
	unsigned int n;
	int err;

	if (!adm)
		return -ENOMEM;
	spin_lock_init(&adm->lock);
	INIT_LIST_HEAD(&adm->waiting);
	INIT_LIST_HEAD(&adm->delayed);
	INIT_LIST_HEAD(&adm->finished);
	INIT_DELAYED_WORK(&adm->retry_work, esv_admin_retry_work);
	INIT_WORK(&adm->done_work, esv_admin_done_work);
	adm->edev = edev;
	adm->log2 = min_t(unsigned int, ESV_ADMIN_LOG2_MAX, ilog2(edev->caps.admin_max));
	adm->ms = esv_hw_command_ms(edev);
	edev->admin = adm;

	n = esv_admin_size(adm);
	adm->sq = esv_admin_dma_alloc(edev, n * sizeof(*adm->sq), &adm->sq_dma);
	adm->cq = esv_admin_dma_alloc(edev, n * sizeof(*adm->cq), &adm->cq_dma);
	adm->shadow = esv_admin_dma_alloc(edev, sizeof(*adm->shadow), &adm->shadow_dma);
	err = adm->sq && adm->cq && adm->shadow ? esv_admin_alloc_slots(adm) : -ENOMEM;
	if (err)
		esv_admin_free(edev);
	return err;
}

void esv_admin_free(struct esv_dev *edev)
{
	struct esv_admin *adm = edev->admin;
	unsigned int n = esv_admin_size(adm);
	unsigned int i;

	cancel_delayed_work_sync(&adm->retry_work);
	cancel_work_sync(&adm->done_work);
	/* Commands that were never answered have left their payloads behind. */
	for (i = 0; adm->slots && i < n; i++)
		if (adm->slots[i].buf)
			esv_admin_release(&adm->slots[i]);
	for (i = 0; adm->slots && i < n; i++)
		esv_admin_dma_free(edev, ESV_ADMIN_BUF, adm->slots[i].buf, adm->slots[i].dma);
	kfree(adm->slots);
	esv_admin_dma_free(edev, sizeof(*adm->shadow), adm->shadow, adm->shadow_dma);
	esv_admin_dma_free(edev, n * sizeof(*adm->cq), adm->cq, adm->cq_dma);
	esv_admin_dma_free(edev, n * sizeof(*adm->sq), adm->sq, adm->sq_dma);
	edev->admin = NULL;
	kfree(adm);
}

void esv_admin_drain(struct esv_dev *edev)
{
	flush_work(&edev->admin->done_work);
}

u32 esv_admin_log2(const struct esv_dev *edev)
{
	return edev->admin->log2;
}
