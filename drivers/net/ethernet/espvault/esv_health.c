// SPDX-License-Identifier: GPL-2.0
/*
 * espvault: watchdog and recovery (clauses RST-1 ff).
 *
 * Entries are put back without RTNL, for there may be thousands of them. What
 * recovery does under RTNL are the few commands that bring the port up; they
 * fail fast once the device is known to be hung.
 */

#include <linux/rtnetlink.h>

#include "esv_admin.h"
#include "esv_event.h"
#include "esv_health.h"
#include "esv_hw.h"
#include "esv_irq.h"
#include "esv_netdev.h"

#define ESV_TICK		(HZ / 2)
#define ESV_HEARTBEAT_MAX	(5 * HZ)	/* how long it may stand still */

/* More resets than this within the period: it does not help. */
#define ESV_RESETS_MAX		8
#define ESV_RESETS_PERIOD	(60 * HZ)

struct esv_health {
	struct esv_dev *edev;
	struct delayed_work tick;
	struct work_struct reset;
	struct mutex lock;		/* one recovery at a time; taken before RTNL */
	unsigned long reason;		/* of the reset that is due */
	u32 heartbeat;
	unsigned long heartbeat_at;	/* jiffies of its last change */
	unsigned int resets;		/* since period_at */
	unsigned long period_at;
};

void esv_device_dead(struct esv_dev *edev, const char *why)
{
	if (test_and_set_bit(ESV_ST_DEAD, &edev->state))
		return;
	dev_err(&edev->pdev->dev, "%s; the interface is out of service\n", why);
	esv_admin_stop(edev, -ENODEV);
	netif_carrier_off(edev->netdev);
	queue_work(edev->wq, &edev->health->reset);
}

void esv_reset_schedule(struct esv_dev *edev, enum esv_reset_reason reason)
{
	if (test_bit(ESV_ST_DEAD, &edev->state))
		return;
	if (test_bit(ESV_ST_UNWATCHED, &edev->state)) {
		/* Nobody will bring it back: let those who wait go on at once. */
		set_bit(ESV_ST_DEAD, &edev->state);
		esv_admin_stop(edev, -ENODEV);
		return;
	}
	if (test_and_set_bit(ESV_ST_RESETTING, &edev->state))
		return;
	clear_bit(ESV_ST_READY, &edev->state);
	WRITE_ONCE(edev->health->reason, reason);
	esv_admin_stop(edev, reason == ESV_RESET_ADMIN_TIMEOUT ? -ETIMEDOUT : -ENODEV);
	queue_work(edev->wq, &edev->health->reset);
}

static int esv_features_set(struct esv_dev *edev)
{
	struct esv_identify *id = kzalloc(sizeof(*id), GFP_KERNEL);
	struct esv_cmd ask = {
		.opcode = ESV_OP_IDENTIFY,
		.out = id,
		.out_cap = sizeof(*id),
	};
	struct esv_cmd set = { .opcode = ESV_OP_FEATURES_SET };
	__le32 use;
	int err;

	if (!id)
		return -ENOMEM;
	err = esv_admin_exec(edev, &ask);
	if (!err && ask.out_len < offsetofend(struct esv_identify, features))
		err = -EPROTO;
	use = id->features & cpu_to_le32(ESV_FEAT_OFFLOADS | ESV_FEAT_IPSEC | ESV_FEAT_UNIT);
	memcpy(set.inl, &use, sizeof(use));
	kfree(id);
	return err ?: esv_admin_exec(edev, &set);
}

int esv_device_start(struct esv_dev *edev)
{
	int err;

	pci_set_master(edev->pdev);
	esv_hw_refresh(edev);
	esv_admin_program(edev);
	esv_event_program(edev);
	esv_wr(edev, ESV_REG_ADMIN_SIZE, esv_admin_log2(edev) | esv_event_log2(edev) << 8);
	esv_wr(edev, ESV_REG_ADMIN_VECTOR, ESV_VECTOR_ADMIN);
	err = esv_hw_enable(edev);
	if (err)
		return err;
	esv_admin_start(edev);
	set_bit(ESV_ST_READY, &edev->state);
	err = esv_features_set(edev);
	if (err)
		esv_admin_stop(edev, err);
	else
		esv_event_start(edev);
	return err;
}

void esv_device_stop(struct esv_dev *edev, int err)
{
	clear_bit(ESV_ST_READY, &edev->state);
	esv_admin_stop(edev, err);
	esv_event_stop(edev);
	cancel_work_sync(&edev->rx_mode_work);
	esv_admin_drain(edev);
}

/* The port as it was. Without success, and no further reset due, the interface is closed. */
static void esv_rebuild_port(struct esv_dev *edev)
{
	struct net_device *netdev = edev->netdev;
	struct esv_config cfg;
	int err = 0;

	rtnl_lock();
	if (netif_running(netdev)) {
		esv_config_get(edev, &cfg);
		err = esv_datapath_up(edev, &cfg);
	}
	if (err && !esv_alive(edev))
		goto out; /* the next reset is due already, the interface stays detached */
	if (err) {
		netdev_err(netdev, "queues failed after the reset, closing the interface: %pe\n",
			   ERR_PTR(err));
		dev_close(netdev);
	}
	netif_device_attach(netdev);
out:
	rtnl_unlock();
}

/* The device is ready and empty, the interface detached: bring back what was there. */
static int esv_rebuild(struct esv_dev *edev, enum esv_reset_reason reason)
{
	int err;

	err = esv_device_start(edev);
	if (err)
		return err;
	/* From here on a further failure may ask for a reset again. */
	clear_bit(ESV_ST_RESETTING, &edev->state);
	err = esv_ipsec_lost(edev, reason);
	if (!esv_alive(edev))
		return 0; /* it is due already */
	if (err) {
		/* It would send in clear what the kernel believes to be protected. */
		netdev_err(edev->netdev, "policies are missing, the port stays closed\n");
		set_bit(ESV_ST_RESETTING, &edev->state);
		esv_device_stop(edev, -ENODEV);
		return err;
	}
	esv_rebuild_port(edev);
	return 0;
}

static void esv_halt(struct esv_dev *edev, int err)
{
	esv_device_stop(edev, err);
	rtnl_lock();
	netif_device_detach(edev->netdev);
	esv_datapath_down(edev);
	rtnl_unlock();
}

/* What is left to do for a device that is gone. */
static void esv_bury(struct esv_dev *edev)
{
	pci_clear_master(edev->pdev);
	esv_halt(edev, -ENODEV);
	esv_ipsec_lost(edev, ESV_RESET_FATAL);
}

static bool esv_reset_allowed(struct esv_health *h)
{
	if (time_after(jiffies, h->period_at + ESV_RESETS_PERIOD)) {
		h->period_at = jiffies;
		h->resets = 0;
	}
	return h->resets++ < ESV_RESETS_MAX;
}

static void esv_reset_report(struct esv_dev *edev, enum esv_reset_reason reason)
{
	u32 code = esv_rd(edev, ESV_REG_FATAL_CODE);

	netdev_warn(edev->netdev, "resetting: %s\n", esv_reset_text(reason));
	if (code && code != ESV_GONE)
		netdev_warn(edev->netdev, "device's fatal error %u, details %#x %#x\n", code,
			    esv_rd(edev, ESV_REG_FATAL_ARG0), esv_rd(edev, ESV_REG_FATAL_ARG1));
}

/* Only a load itself leaves that reason behind: one that was dealt with is not seen again. */
static enum esv_reset_reason esv_reset_word(enum esv_reset_reason reason)
{
	return reason == ESV_RESET_STATE_LOAD ? ESV_RESET_DRIVER_LOAD : reason;
}

static int esv_reset_once(struct esv_dev *edev, enum esv_reset_reason reason)
{
	int err;

	esv_count(edev, ESV_SW_RESETS);
	err = esv_hw_reset(edev, esv_reset_word(reason));
	return err ?: esv_rebuild(edev, reason);
}

/* Again and again, as often as is sensible. @err: how the last attempt ended. */
static int esv_reset_until_good(struct esv_health *h, enum esv_reset_reason reason, int err)
{
	while (err && err != -ENODEV && esv_reset_allowed(h))
		err = esv_reset_once(h->edev, reason);
	return err;
}

static void esv_reset_work(struct work_struct *work)
{
	struct esv_health *h = container_of(work, struct esv_health, reset);
	struct esv_dev *edev = h->edev;
	enum esv_reset_reason reason = READ_ONCE(h->reason);
	int err;

	mutex_lock(&h->lock);
	if (test_bit(ESV_ST_UNWATCHED, &edev->state)) {
		/* It was asked for just before removal began, which resets the device itself. */
		set_bit(ESV_ST_DEAD, &edev->state);
		esv_admin_stop(edev, -ENODEV);
		goto out;
	}
	if (test_bit(ESV_ST_DEAD, &edev->state)) {
		esv_bury(edev);
		goto out;
	}
	if (test_bit(ESV_ST_FROZEN, &edev->state) || !test_bit(ESV_ST_RESETTING, &edev->state))
		goto out;
	esv_reset_report(edev, reason);
	esv_halt(edev, -ENODEV);
	err = esv_reset_until_good(h, reason, -EAGAIN);
	if (err) {
		esv_count(edev, ESV_SW_RESETS_FAILED);
		esv_device_dead(edev, err == -ENODEV ? "device is gone" :
						       "device does not recover");
	}
out:
	mutex_unlock(&h->lock);
}

void esv_freeze(struct esv_dev *edev)
{
	struct esv_health *h = edev->health;

	mutex_lock(&h->lock);
	set_bit(ESV_ST_FROZEN, &edev->state);
	set_bit(ESV_ST_RESETTING, &edev->state);
	if (!test_bit(ESV_ST_DEAD, &edev->state))
		esv_halt(edev, -ENODEV);
	mutex_unlock(&h->lock);
}

void esv_thaw(struct esv_dev *edev, enum esv_reset_reason reason)
{
	struct esv_health *h = edev->health;
	int err;

	mutex_lock(&h->lock);
	/* FLR needs no further reset, but a dead device may have come back by it. */
	clear_bit(ESV_ST_DEAD, &edev->state);
	clear_bit(ESV_ST_FROZEN, &edev->state);
	esv_count(edev, ESV_SW_RESETS);
	err = esv_hw_wait_ready(edev);
	err = err ?: esv_rebuild(edev, reason);
	err = esv_reset_until_good(h, reason, err);
	if (err) {
		esv_count(edev, ESV_SW_RESETS_FAILED);
		esv_device_dead(edev, "device does not come back after a function reset");
	}
	h->heartbeat_at = jiffies;
	mutex_unlock(&h->lock);
}

static void esv_watch_heartbeat(struct esv_health *h)
{
	u32 now = esv_rd(h->edev, ESV_REG_HEARTBEAT);

	if (now != h->heartbeat) {
		h->heartbeat = now;
		h->heartbeat_at = jiffies;
	} else if (time_after(jiffies, h->heartbeat_at + ESV_HEARTBEAT_MAX)) {
		h->heartbeat_at = jiffies;
		esv_reset_schedule(h->edev, ESV_RESET_HEARTBEAT);
	}
}

static void esv_watch_queues(struct esv_dev *edev)
{
	if (esv_admin_reap(edev))
		esv_count(edev, ESV_SW_IRQ_RESCUED);
	if (esv_admin_overdue(edev)) {
		esv_count(edev, ESV_SW_ADMIN_TIMEOUT);
		esv_reset_schedule(edev, ESV_RESET_ADMIN_TIMEOUT);
		return;
	}
	esv_event_kick(edev);
	/* Whoever holds RTNL may be waiting for us: look again next time. */
	if (!rtnl_trylock())
		return;
	if (test_bit(ESV_ST_DATAPATH, &edev->state))
		esv_queues_rescue(edev);
	rtnl_unlock();
}

static void esv_watch(struct work_struct *work)
{
	struct esv_health *h = container_of(to_delayed_work(work), struct esv_health, tick);
	struct esv_dev *edev = h->edev;
	u32 status;

	if (esv_alive(edev)) {
		status = esv_rd(edev, ESV_REG_STATUS);
		if (status == ESV_GONE) {
			esv_device_dead(edev, "device left the bus");
		} else if (status & (ESV_STAT_NEEDS_RESET | ESV_STAT_FATAL)) {
			esv_reset_schedule(edev, ESV_RESET_FATAL);
		} else {
			esv_watch_heartbeat(h);
			esv_watch_queues(edev);
		}
	}
	queue_delayed_work(edev->wq, &h->tick, ESV_TICK);
}

int esv_health_alloc(struct esv_dev *edev)
{
	struct esv_health *h = kzalloc(sizeof(*h), GFP_KERNEL);

	if (!h)
		return -ENOMEM;
	h->edev = edev;
	mutex_init(&h->lock);
	INIT_DELAYED_WORK(&h->tick, esv_watch);
	INIT_WORK(&h->reset, esv_reset_work);
	h->period_at = jiffies;
	edev->health = h;
	return 0;
}

void esv_health_free(struct esv_dev *edev)
{
	mutex_destroy(&edev->health->lock);
	kfree(edev->health);
	edev->health = NULL;
}

void esv_health_start(struct esv_dev *edev)
{
	edev->health->heartbeat_at = jiffies;
	clear_bit(ESV_ST_UNWATCHED, &edev->state);
	queue_delayed_work(edev->wq, &edev->health->tick, ESV_TICK);
}

void esv_health_stop(struct esv_dev *edev)
{
	set_bit(ESV_ST_UNWATCHED, &edev->state);
	cancel_delayed_work_sync(&edev->health->tick);
	cancel_work_sync(&edev->health->reset);
}

void esv_health_settle(struct esv_dev *edev)
{
	cancel_work_sync(&edev->health->reset);
}
