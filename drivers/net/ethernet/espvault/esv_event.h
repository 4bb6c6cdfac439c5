/* SPDX-License-Identifier: GPL-2.0 */
/* espvault: the event queue (clauses EVT-1 ff). */
#ifndef _ESV_EVENT_H
#define _ESV_EVENT_H

#include "esv.h"

int esv_event_alloc(struct esv_dev *edev);
void esv_event_free(struct esv_dev *edev);

/* Write the address of the empty ring to the device, which has been reset. */
void esv_event_program(struct esv_dev *edev);
u32 esv_event_log2(const struct esv_dev *edev);

/* Look for events soon. Any context. */
void esv_event_kick(struct esv_dev *edev);

/*
 * No event is being handled, none will be until esv_event_start(). Handlers of
 * events never take RTNL, so this may be called with or without it.
 */
void esv_event_stop(struct esv_dev *edev);
void esv_event_start(struct esv_dev *edev);

/* Read the carrier from the device and tell the stack. Process context. */
void esv_event_link(struct esv_dev *edev);

#endif
