/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Range checks of the NIC's configuration, for what a driver asks and for what a saved state claims. */
#ifndef ESVC_NIC_H
#define ESVC_NIC_H

#include "esvc_dev.h"

/* Offset + 1 in struct esv_queue_params of the first field that is out of range, 0: none (QUE-1). */
size_t esvc_queue_bad_field(const struct esvc_dev *dev, const struct esv_queue_params *p);

/* MTU within the limits, address unicast and not zero. */
bool esvc_port_valid(unsigned int mtu, const uint8_t mac[6]);

#endif
