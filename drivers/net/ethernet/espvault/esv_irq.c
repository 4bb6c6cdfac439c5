// SPDX-License-Identifier: GPL-2.0
/* espvault: interrupt vectors. Vector 0: admin queue and events; 1 + q: queue pair q. */

#include <linux/interrupt.h>

#include "esv_admin.h"
#include "esv_event.h"
#include "esv_hw.h"
#include "esv_irq.h"

/* Queue pairs beyond the number of processors are for tests of RSS alone. */
#define ESV_QUEUES_ENOUGH	8

static irqreturn_t esv_irq_admin(int irq, void *data)
{
	struct esv_dev *edev = data;

	esv_admin_reap(edev);
	esv_event_kick(edev);
	return IRQ_HANDLED;
}

int esv_irq_alloc(struct esv_dev *edev)
{
	unsigned int queues = min_t(unsigned int, edev->caps.queue_pairs,
				    max_t(unsigned int, num_possible_cpus(), ESV_QUEUES_ENOUGH));
	unsigned int want = min_t(unsigned int, edev->caps.vectors, 1 + queues);
	int got;

	got = pci_alloc_irq_vectors(edev->pdev, 2, want, PCI_IRQ_MSIX);
	if (got < 0) {
		dev_err(&edev->pdev->dev, "no two MSI-X vectors to be had: %pe\n", ERR_PTR(got));
		return got;
	}
	edev->num_vectors = got;
	edev->max_queues = got - 1;
	return 0;
}

void esv_irq_free(struct esv_dev *edev)
{
	pci_free_irq_vectors(edev->pdev);
}

int esv_irq_request_admin(struct esv_dev *edev)
{
	return request_irq(pci_irq_vector(edev->pdev, ESV_VECTOR_ADMIN), esv_irq_admin, 0,
			   dev_name(&edev->pdev->dev), edev);
}

void esv_irq_release_admin(struct esv_dev *edev)
{
	free_irq(pci_irq_vector(edev->pdev, ESV_VECTOR_ADMIN), edev);
}

static irqreturn_t esv_irq_seen(int irq, void *data)
{
	complete(data);
	return IRQ_HANDLED;
}

int esv_irq_test(struct esv_dev *edev, unsigned int vector)
{
	int irq = pci_irq_vector(edev->pdev, vector);
	DECLARE_COMPLETION_ONSTACK(seen);
	int err;

	err = request_irq(irq, esv_irq_seen, 0, "espvault-test", &seen);
	if (err)
		return err;
	esv_wr(edev, ESV_REG_TEST_IRQ, vector);
	if (!wait_for_completion_timeout(&seen, HZ))
		err = -EIO;
	free_irq(irq, &seen);
	return err;
}
