// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults that tests arm by configuration. */
#include "esvc_fault.h"

#define EVENT_FLOOD_MAX	4096

/* True for the fault_n-th chance only; 0 counts as 1. */
static bool nth(struct esvc_dev *dev)
{
	uint32_t n = dev->cfg.fault_n ? dev->cfg.fault_n : 1;

	return ++dev->fault_seen == n;
}

/* True for the first fault_n chances. */
static bool first(struct esvc_dev *dev)
{
	return dev->fault_seen < dev->cfg.fault_n && ++dev->fault_seen;
}

static bool removes(uint16_t opcode)
{
	return opcode == ESV_OP_SA_DELETE || opcode == ESV_OP_POLICY_DELETE ||
	       opcode == ESV_OP_POLICY_FREEZE;
}

enum esvc_fault_verdict esvc_fault_admin(struct esvc_dev *dev, uint16_t opcode)
{
	switch (dev->cfg.fault) {
	case ESVC_FAULT_ADMIN_HANG:
		return nth(dev) ? ESVC_FV_HANG : ESVC_FV_NONE;
	case ESVC_FAULT_ADMIN_BUSY:
		return nth(dev) ? ESVC_FV_BUSY : ESVC_FV_NONE;
	case ESVC_FAULT_SA_ADD_FAIL:
		return opcode == ESV_OP_SA_ADD && nth(dev) ? ESVC_FV_INTERNAL : ESVC_FV_NONE;
	case ESVC_FAULT_POLICY_ADD_FAIL:
		return opcode == ESV_OP_POLICY_ADD && nth(dev) ? ESVC_FV_INTERNAL : ESVC_FV_NONE;
	case ESVC_FAULT_REMOVE_BUSY:
		return removes(opcode) && first(dev) ? ESVC_FV_BUSY : ESVC_FV_NONE;
	default:
		return ESVC_FV_NONE;
	}
}

/* True for each fault_n-th chance. */
static bool every_nth(struct esvc_dev *dev)
{
	if (!nth(dev))
		return false;
	dev->fault_seen = 0;
	return true;
}

bool esvc_fault_irq_lost(struct esvc_dev *dev)
{
	return dev->cfg.fault == ESVC_FAULT_IRQ_LOST && every_nth(dev);
}

bool esvc_fault_rx_buffer(struct esvc_dev *dev)
{
	return dev->cfg.fault == ESVC_FAULT_RX_BUFFER && every_nth(dev);
}

bool esvc_fault_heartbeat(const struct esvc_dev *dev)
{
	return dev->cfg.fault == ESVC_FAULT_HEARTBEAT;
}

void esvc_fault_events(struct esvc_dev *dev)
{
	uint32_t n = dev->cfg.fault_n;

	if (dev->cfg.fault != ESVC_FAULT_EVENT_FLOOD)
		return;
	if (n > EVENT_FLOOD_MAX)
		n = EVENT_FLOOD_MAX;
	while (n--)
		esvc_event(dev, n & 1 ? ESV_EV_SA_SOFT : ESV_EV_UNKNOWN_SPI, 0, n, 0);
}
