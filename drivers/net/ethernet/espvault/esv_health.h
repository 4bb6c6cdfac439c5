/* SPDX-License-Identifier: GPL-2.0 */
/* espvault: watchdog and recovery (clauses RST-1 ff); esv_reset_schedule() is in esv.h. */
#ifndef _ESV_HEALTH_H
#define _ESV_HEALTH_H

#include "esv.h"

int esv_health_alloc(struct esv_dev *edev);
void esv_health_free(struct esv_dev *edev);

/*
 * Begin to watch; end for good: after stop no recovery will begin. Whoever was
 * asking for one just then may still queue its work, which then does nothing;
 * settle waits for it once nobody is left who could ask.
 */
void esv_health_start(struct esv_dev *edev);
void esv_health_stop(struct esv_dev *edev);
void esv_health_settle(struct esv_dev *edev);

/*
 * Rings and queues of a device that has just been reset, up to a working admin
 * queue. From probe and recovery. The device may do DMA after this.
 */
int esv_device_start(struct esv_dev *edev);

/* No command, no event any more; waiting ones answer @err. With or without RTNL. */
void esv_device_stop(struct esv_dev *edev, int err);

/* The PCI core resets the function: before and after. Process context, no RTNL. */
void esv_freeze(struct esv_dev *edev);
void esv_thaw(struct esv_dev *edev, enum esv_reset_reason reason);

/* The device is beyond help: everything answers -ENODEV from now on. Any context. */
void esv_device_dead(struct esv_dev *edev, const char *why);

#endif
