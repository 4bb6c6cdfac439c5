/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receive buffers and completions: one frame into the guest's memory. */
#ifndef ESVC_RXD_H
#define ESVC_RXD_H

#include "esvc_dev.h"

/*
 * Put dev->rx into the buffers of its queue, complete them, interrupt. 0: done,
 * delivered or dropped, in either case counted; -EAGAIN: not enough buffers,
 * and the doorbell is asked for.
 */
int esvc_rxd_put(struct esvc_dev *dev);

#endif
