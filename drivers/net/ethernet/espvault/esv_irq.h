/* SPDX-License-Identifier: GPL-2.0 */
/* espvault: interrupt vectors. Vector 0: admin queue and events; 1 + q: queue pair q. */
#ifndef _ESV_IRQ_H
#define _ESV_IRQ_H

#include "esv.h"

#define ESV_VECTOR_ADMIN	0

/*
 * Vectors for the admin queue and as many queue pairs as possible; sets
 * num_vectors and max_queues. From probe to remove.
 */
int esv_irq_alloc(struct esv_dev *edev);
void esv_irq_free(struct esv_dev *edev);

/* The handler of vector 0. */
int esv_irq_request_admin(struct esv_dev *edev);
void esv_irq_release_admin(struct esv_dev *edev);

/* Self-test: does the device's interrupt arrive here? Needs the interface down. */
int esv_irq_test(struct esv_dev *edev, unsigned int vector);

#endif
