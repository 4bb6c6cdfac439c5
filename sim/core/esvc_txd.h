/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transmit descriptors: from the ring to one checked frame in tx_buf. */
#ifndef ESVC_TXD_H
#define ESVC_TXD_H

#include "esvc_dev.h"

enum esvc_txd_result {
	ESVC_TXD_NONE,		/* no complete frame is there */
	ESVC_TXD_FRAME,		/* dev->tx is filled, tx_buf has the frame; head has not moved */
	ESVC_TXD_DROPPED,	/* something was skipped and counted; head has moved */
	ESVC_TXD_DEAD,		/* the queue's shadow or ring is broken */
};

/* Next frame of queue pair q. r->tail is fresh. */
enum esvc_txd_result esvc_txd_fetch(struct esvc_dev *dev, unsigned int q);

#endif
