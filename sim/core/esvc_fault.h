/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults that tests arm by configuration; without one, all of these say no. */
#ifndef ESVC_FAULT_H
#define ESVC_FAULT_H

#include "esvc_dev.h"

enum esvc_fault_verdict { ESVC_FV_NONE, ESVC_FV_HANG, ESVC_FV_BUSY, ESVC_FV_INTERNAL };

/* What happens to this admin command instead of being run. */
enum esvc_fault_verdict esvc_fault_admin(struct esvc_dev *dev, uint16_t opcode);
bool esvc_fault_irq_lost(struct esvc_dev *dev);
bool esvc_fault_rx_buffer(struct esvc_dev *dev);
bool esvc_fault_heartbeat(const struct esvc_dev *dev);
/* Spurious SA events, fault_n per call. */
void esvc_fault_events(struct esvc_dev *dev);

#endif
