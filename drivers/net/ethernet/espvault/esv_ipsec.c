// SPDX-License-Identifier: GPL-2.0
/*
 * The IPsec half's own life: module, function, recovery, events, statistics.
 */
#include <linux/ethtool.h>

#include "esv_chardev.h"
#include "esv_guard.h"
#include "esv_hw.h"
#include "esv_ipsec_priv.h"

int esv_ipsec_module_init(void)
{
	int err;

	err = esv_guard_init();
	if (err)
		return err;
	err = esv_nexthop_init();
	if (err)
		goto err_guard;
	err = esv_upper_init();
	if (err)
		goto err_nexthop;
	err = esv_policy_detach_init();
	if (err)
		goto err_upper;
	return 0;

err_upper:
	esv_upper_exit();
err_nexthop:
	esv_nexthop_exit();
err_guard:
	esv_guard_exit();
	return err;
}

void esv_ipsec_module_exit(void)
{
	esv_policy_detach_exit();
	esv_upper_exit();
	esv_nexthop_exit();
	esv_guard_exit();
	rcu_barrier();
}

#ifdef ESV_HAVE_PACKET_OFFLOAD

#define ESV_ESP_FEATURES	(NETIF_F_HW_ESP | NETIF_F_HW_ESP_TX_CSUM | NETIF_F_GSO_ESP)

/*
 * Not in hw_features: the bits are fixed. Were they cleared, the kernel would
 * leave our states alone when the interface goes down.
 */
static void esv_ipsec_set_features(struct esv_dev *edev)
{
	struct net_device *netdev = edev->netdev;

	if (!(edev->caps.ipsec_flags & ESV_IPSEC_PACKET))
		return;
	netdev->xfrmdev_ops = &esv_xfrmdev_ops;
	netdev->features |= ESV_ESP_FEATURES;
	netdev->hw_enc_features |= ESV_ESP_FEATURES;
}

static void esv_ipsec_init_work(struct esv_ipsec *ipsec)
{
	spin_lock_init(&ipsec->lock);
	spin_lock_init(&ipsec->want_lock);
	INIT_LIST_HEAD(&ipsec->wanted);
	INIT_LIST_HEAD(&ipsec->late);
	INIT_LIST_HEAD(&ipsec->policies);
	INIT_LIST_HEAD(&ipsec->fresh);
	INIT_LIST_HEAD(&ipsec->dead);
	INIT_LIST_HEAD(&ipsec->tunnels);
	INIT_WORK(&ipsec->work, esv_sa_work);
	INIT_WORK(&ipsec->nexthop_work, esv_nexthop_work);
	INIT_DELAYED_WORK(&ipsec->replace_work, esv_policy_replace_work);
	INIT_WORK(&ipsec->detach_work, esv_policy_detach_work);
	INIT_DELAYED_WORK(&ipsec->tick, esv_sa_tick);
	init_waitqueue_head(&ipsec->idle);
	init_waitqueue_head(&ipsec->nexthop_wait);
}

static struct esv_ipsec *esv_ipsec_new(struct esv_dev *edev)
{
	struct esv_ipsec *ipsec;

	ipsec = kvzalloc(sizeof(*ipsec), GFP_KERNEL);
	if (!ipsec)
		return NULL;
	ipsec->counters = __alloc_percpu(ESV_IS_COUNT * sizeof(u64), __alignof__(u64));
	if (!ipsec->counters) {
		kvfree(ipsec);
		return NULL;
	}
	ipsec->edev = edev;
	ipsec->limits = (struct esv_ipsec_limits){
		.flags = edev->caps.ipsec_flags,
		.algos = edev->caps.algos,
		.window_min = edev->caps.window_min,
		.window_max = edev->caps.window_max,
	};
	xa_init_flags(&ipsec->sas, XA_FLAGS_LOCK_BH);
	hash_init(ipsec->by_spi);
	esv_ipsec_init_work(ipsec);
	return ipsec;
}

static void esv_ipsec_destroy(struct esv_ipsec *ipsec)
{
	xa_destroy(&ipsec->sas);
	free_percpu(ipsec->counters);
	kvfree(ipsec);
}

int esv_ipsec_init(struct esv_dev *edev)
{
	struct esv_ipsec *ipsec = NULL;

	if (edev->caps.has_ipsec) {
		ipsec = esv_ipsec_new(edev);
		if (!ipsec)
			return -ENOMEM;
	}
	edev->cdev = esv_chardev_new(edev);
	if (IS_ERR(edev->cdev)) {
		if (ipsec)
			esv_ipsec_destroy(ipsec);
		return PTR_ERR(edev->cdev);
	}
	edev->ipsec = ipsec;
	if (ipsec) {
		esv_ipsec_set_features(edev);
		queue_delayed_work(edev->wq, &ipsec->tick, HZ);
	}
	return 0;
}

/**
 * esv_ipsec_removed() - look at the answer to a command that takes something out of the device
 * @ipsec: device
 * @cmd: delete or freeze, finished
 *
 * What the device would not let go of goes on without anyone who knows of it: an
 * SA with its key, an entry that allows. Then only a reset ends it.
 */
void esv_ipsec_removed(struct esv_ipsec *ipsec, const struct esv_cmd *cmd)
{
	struct esv_dev *edev = ipsec->edev;

	/* Without an answer a reset is due already, and what has no name is gone. */
	if (!cmd->answered || !cmd->err || cmd->status == ESV_S_BAD_HANDLE)
		return;
	netdev_err(edev->netdev, "command %s was refused (%s), resetting the device\n",
		   esv_opcode_text(cmd->opcode), esv_status_text(cmd->status));
	esv_reset_schedule(edev, ESV_RESET_FATAL);
}

/* Nothing new can be wanted, and what was wanted is dropped. */
static void esv_ipsec_stop_work(struct esv_ipsec *ipsec)
{
	struct esv_sa *sa, *tmp;
	LIST_HEAD(left);

	spin_lock_bh(&ipsec->want_lock);
	ipsec->stopping = true;
	list_splice_init(&ipsec->wanted, &left);
	spin_unlock_bh(&ipsec->want_lock);
	list_for_each_entry_safe(sa, tmp, &left, want_node) {
		list_del_init(&sa->want_node);
		esv_sa_put(sa);
	}
	cancel_delayed_work_sync(&ipsec->tick);
	cancel_delayed_work_sync(&ipsec->replace_work);
	cancel_work_sync(&ipsec->nexthop_work);
	cancel_work_sync(&ipsec->detach_work);
	cancel_work_sync(&ipsec->work);
}

/* Nobody watches the device any more, so a command that is not answered ends here. */
static void esv_ipsec_wait_idle(struct esv_ipsec *ipsec)
{
	struct esv_dev *edev = ipsec->edev;

	if (wait_event_timeout(ipsec->idle, !atomic_read(&ipsec->pending),
			       msecs_to_jiffies(esv_hw_command_ms(edev))))
		return;
	esv_reset_schedule(edev, ESV_RESET_ADMIN_TIMEOUT);
	wait_event(ipsec->idle, !atomic_read(&ipsec->pending));
}

/*
 * The interface is unregistered, so every state and policy of it was freed.
 * Their last commands may still be under way; once those are answered no SA
 * is left.
 */
void esv_ipsec_exit(struct esv_dev *edev)
{
	struct esv_ipsec *ipsec = edev->ipsec;

	esv_chardev_free(edev->cdev);
	edev->cdev = NULL;
	if (!ipsec)
		return;
	esv_ipsec_stop_work(ipsec);
	esv_policy_forget_all(ipsec);
	esv_ipsec_wait_idle(ipsec);
	/* Who has read it before is done when the queue is empty. */
	WRITE_ONCE(edev->ipsec, NULL);
	flush_workqueue(edev->wq);
	rcu_barrier();
	esv_ipsec_destroy(ipsec);
}

/* Recovery: see esv.h. */
int esv_ipsec_lost(struct esv_dev *edev, enum esv_reset_reason reason)
{
	struct esv_ipsec *ipsec = READ_ONCE(edev->ipsec);

	if (!ipsec)
		return 0;
	esv_sa_lose_all(ipsec);
	return esv_alive(edev) ? esv_policy_restore(ipsec) : 0;
}

static void esv_ipsec_sa_event(struct esv_ipsec *ipsec, const struct esv_event *ev)
{
	struct esv_sa *sa = esv_sa_get(ipsec, ev->object);

	if (!sa)
		return;
	switch (ev->type) {
	case ESV_EV_SA_SOFT:
		esv_sa_want(sa, ESV_WANT_CHECK);
		break;
	case ESV_EV_SA_HARD:
	case ESV_EV_SA_SEQ:
		esv_sa_want(sa, ESV_WANT_EXPIRE);
		break;
	case ESV_EV_SA_LOST:
		esv_sa_lose_one(sa);
		break;
	default:
		esv_sa_want(sa, ESV_WANT_STATS);
	}
	esv_sa_put(sa);
}

void esv_ipsec_event(struct esv_dev *edev, const struct esv_event *ev)
{
	struct esv_ipsec *ipsec = READ_ONCE(edev->ipsec);

	if (!ipsec)
		return;
	switch (ev->type) {
	case ESV_EV_UNKNOWN_SPI:
		esv_ipsec_count(ipsec, ESV_IS_UNKNOWN_SPI);
		break;
	case ESV_EV_NEXTHOP:
		esv_nexthop_kick(ipsec, true);
		break;
	case ESV_EV_EPOCH:
		/* Without a reset of the function: the unit's keys are gone all the same. */
		esv_sa_check_all(ipsec);
		break;
	default:
		esv_ipsec_sa_event(ipsec, ev);
	}
}

void esv_ipsec_resync(struct esv_dev *edev)
{
	struct esv_ipsec *ipsec = READ_ONCE(edev->ipsec);

	if (!ipsec)
		return;
	esv_sa_check_all(ipsec);
	esv_nexthop_kick(ipsec, true);
}

void esv_ipsec_link(struct esv_dev *edev, bool up)
{
	struct esv_ipsec *ipsec = READ_ONCE(edev->ipsec);

	if (ipsec && up)
		esv_nexthop_kick(ipsec, true);
}

#else

int esv_ipsec_init(struct esv_dev *edev)
{
	edev->cdev = esv_chardev_new(edev);
	return PTR_ERR_OR_ZERO(edev->cdev);
}

void esv_ipsec_exit(struct esv_dev *edev)
{
	esv_chardev_free(edev->cdev);
	edev->cdev = NULL;
}

int esv_ipsec_lost(struct esv_dev *edev, enum esv_reset_reason reason)
{
	return 0;
}

void esv_ipsec_event(struct esv_dev *edev, const struct esv_event *ev) { }
void esv_ipsec_resync(struct esv_dev *edev) { }
void esv_ipsec_link(struct esv_dev *edev, bool up) { }

#endif

/* States and policies come and go with NETDEV_DOWN, which the kernel handles. */
int esv_ipsec_open(struct esv_dev *edev)
{
	return 0;
}

void esv_ipsec_stop(struct esv_dev *edev)
{
}

static const char * const esv_ipsec_strings[] = {
#define ESV_IPSEC_STRING(name, str) str,
	ESV_IPSEC_COUNTER_LIST(ESV_IPSEC_STRING)
	"guard_refused",
};

unsigned int esv_ipsec_stat_count(struct esv_dev *edev)
{
	return edev->ipsec ? ARRAY_SIZE(esv_ipsec_strings) : 0;
}

void esv_ipsec_stat_strings(struct esv_dev *edev, u8 **p)
{
	unsigned int i;

	for (i = 0; i < esv_ipsec_stat_count(edev); i++)
		ethtool_sprintf(p, "%s", esv_ipsec_strings[i]);
}

void esv_ipsec_stats(struct esv_dev *edev, u64 *data)
{
	struct esv_ipsec *ipsec = edev->ipsec;
	unsigned int i;
	int cpu;

	if (!ipsec)
		return;
	for (i = 0; i < ESV_IS_COUNT; i++) {
		data[i] = 0;
		for_each_possible_cpu(cpu)
			data[i] += per_cpu_ptr(ipsec->counters, cpu)[i];
	}
	data[i] = esv_guard_refused();
}
