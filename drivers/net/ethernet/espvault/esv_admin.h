/* SPDX-License-Identifier: GPL-2.0 */
/* espvault: the admin queue; its callers' half is in esv.h (clauses ADM-1 ff). */
#ifndef _ESV_ADMIN_H
#define _ESV_ADMIN_H

#include "esv.h"

/* Memory of the queue: from probe to remove. */
int esv_admin_alloc(struct esv_dev *edev);
void esv_admin_free(struct esv_dev *edev);

/*
 * Write the addresses of the empty rings to the device, which has been reset.
 * Commands are taken from esv_admin_start() on.
 */
void esv_admin_program(struct esv_dev *edev);
void esv_admin_start(struct esv_dev *edev);

/*
 * Answer everything that is waiting, and everything that comes, with @err or
 * -ENODEV. The device may still write to the queue's pages until it is reset.
 */
void esv_admin_stop(struct esv_dev *edev, int err);

/* Wait until every done() that is due has run. */
void esv_admin_drain(struct esv_dev *edev);

/* log2 of the ring's entries, for ADMIN_SIZE. */
u32 esv_admin_log2(const struct esv_dev *edev);

/* Take completions. Any context; returns how many there were. */
unsigned int esv_admin_reap(struct esv_dev *edev);

/* Watchdog: has a posted command waited longer than the device may take? */
bool esv_admin_overdue(struct esv_dev *edev);

#endif
