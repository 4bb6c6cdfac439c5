// SPDX-License-Identifier: GPL-2.0
/* espvault: an inline-ESP NIC whose keys stay in the device. Probe and remove. */

#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>

#include "esv_admin.h"
#include "esv_event.h"
#include "esv_health.h"
#include "esv_hw.h"
#include "esv_irq.h"
#include "esv_netdev.h"

bool esv_netdev_is_ours(const struct net_device *netdev)
{
	return netdev->netdev_ops == &esv_netdev_ops;
}

/* A bus error that nothing recovered from, or a shutdown, has disabled it perhaps. */
static void esv_pci_disable(struct pci_dev *pdev)
{
	if (pci_is_enabled(pdev))
		pci_disable_device(pdev);
}

static int esv_pci_map(struct esv_dev *edev)
{
	struct pci_dev *pdev = edev->pdev;
	int err;

	err = pci_enable_device_mem(pdev);
	if (err)
		return err;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		goto err_disable;
	err = pci_request_mem_regions(pdev, ESV_DRV_NAME);
	if (err)
		goto err_disable;
	err = -ENODEV;
	if (pci_resource_len(pdev, ESV_BAR_REGS) < ESV_BAR0_SIZE) {
		dev_err(&pdev->dev, "register window is too small\n");
		goto err_regions;
	}
	edev->regs = pci_iomap(pdev, ESV_BAR_REGS, ESV_BAR0_SIZE);
	if (!edev->regs)
		goto err_regions;
	return 0;

err_regions:
	pci_release_mem_regions(pdev);
err_disable:
	pci_disable_device(pdev);
	return err;
}

static void esv_pci_unmap(struct esv_dev *edev)
{
	pci_iounmap(edev->pdev, edev->regs);
	pci_release_mem_regions(edev->pdev);
	esv_pci_disable(edev->pdev);
}

static struct esv_dev *esv_dev_alloc(struct pci_dev *pdev)
{
	struct net_device *netdev;
	struct esv_dev *edev;

	netdev = alloc_etherdev_mqs(sizeof(*edev), ESV_MAX_QUEUES, ESV_MAX_QUEUES);
	if (!netdev)
		return NULL;
	SET_NETDEV_DEV(netdev, &pdev->dev);
	edev = netdev_priv(netdev);
	edev->pdev = pdev;
	edev->netdev = netdev;
	set_bit(ESV_ST_UNWATCHED, &edev->state);
	edev->sw = __alloc_percpu(ESV_SW_COUNT * sizeof(*edev->sw), sizeof(*edev->sw));
	/* Not for reclaim: what recovery closes waits for xfrm's own work, which is not either. */
	edev->wq = alloc_workqueue("%s", WQ_UNBOUND, 0, pci_name(pdev));
	if (edev->sw && edev->wq) {
		pci_set_drvdata(pdev, edev);
		return edev;
	}
	if (edev->wq)
		destroy_workqueue(edev->wq);
	free_percpu(edev->sw);
	free_netdev(netdev);
	return NULL;
}

static void esv_dev_free(struct esv_dev *edev)
{
	kfree(edev->stats);
	destroy_workqueue(edev->wq);
	free_percpu(edev->sw);
	free_netdev(edev->netdev);
}

/* Memory of everything that lives from probe to remove. */
static int esv_parts_alloc(struct esv_dev *edev)
{
	int err;

	err = esv_health_alloc(edev);
	if (err)
		return err;
	err = esv_admin_alloc(edev);
	if (err)
		goto err_health;
	err = esv_event_alloc(edev);
	if (err)
		goto err_admin;
	err = esv_irq_alloc(edev);
	if (err)
		goto err_event;
	err = esv_netdev_init(edev);
	if (err)
		goto err_irq;
	return 0;

err_irq:
	esv_irq_free(edev);
err_event:
	esv_event_free(edev);
err_admin:
	esv_admin_free(edev);
err_health:
	esv_health_free(edev);
	return err;
}

static void esv_parts_free(struct esv_dev *edev)
{
	esv_irq_free(edev);
	esv_event_free(edev);
	esv_admin_free(edev);
	esv_health_free(edev);
}

/* The device forgets us and writes nowhere any more. */
static void esv_take_down(struct esv_dev *edev)
{
	esv_device_stop(edev, -ENODEV);
	esv_hw_reset(edev, ESV_RESET_DRIVER_UNLOAD);
	pci_clear_master(edev->pdev);
	esv_irq_release_admin(edev);
	esv_health_settle(edev);
}

/* From a device in any state to a working admin queue. */
static int esv_bring_up(struct esv_dev *edev)
{
	int err;

	err = esv_irq_request_admin(edev);
	if (err)
		return err;
	err = esv_hw_reset(edev, ESV_RESET_DRIVER_LOAD);
	if (!err)
		err = esv_device_start(edev);
	if (!err)
		return 0;
	dev_err(&edev->pdev->dev, "device does not start: %pe\n", ERR_PTR(err));
	/* It may know our queues already, which are freed next. */
	esv_take_down(edev);
	return err;
}

static int esv_register(struct esv_dev *edev)
{
	int err;

	err = esv_ipsec_init(edev);
	if (err) {
		dev_err(&edev->pdev->dev, "IPsec part does not start: %pe\n", ERR_PTR(err));
		return err;
	}
	esv_health_start(edev);
	err = register_netdev(edev->netdev);
	if (err) {
		dev_err(&edev->pdev->dev, "interface refused: %pe\n", ERR_PTR(err));
		esv_health_stop(edev);
		esv_ipsec_exit(edev);
	}
	return err;
}

static int esv_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct esv_dev *edev;
	int err;

	edev = esv_dev_alloc(pdev);
	if (!edev)
		return -ENOMEM;
	err = esv_pci_map(edev);
	if (err)
		goto err_free;
	err = esv_hw_identify(edev);
	if (err)
		goto err_unmap;
	err = esv_parts_alloc(edev);
	if (err)
		goto err_unmap;
	err = esv_bring_up(edev);
	if (err)
		goto err_parts;
	err = esv_register(edev);
	if (err)
		goto err_down;
	pci_save_state(pdev);
	netdev_info(edev->netdev, "interface version %u.%u, %u queue pairs, %s mode%s\n",
		    edev->if_version >> 16, edev->if_version & 0xffff, edev->max_queues,
		    edev->mode & ESV_MODE_STRICT ? "strict" : "open",
		    edev->mode & ESV_MODE_TEST ? ", TEST MODE: secrets are readable" : "");
	return 0;

err_down:
	esv_take_down(edev);
err_parts:
	esv_parts_free(edev);
err_unmap:
	esv_pci_unmap(edev);
err_free:
	esv_dev_free(edev);
	return err;
}

static void esv_remove(struct pci_dev *pdev)
{
	struct esv_dev *edev = pci_get_drvdata(pdev);

	esv_health_stop(edev);
	if (!pci_device_is_present(pdev))
		esv_reset_schedule(edev, ESV_RESET_FATAL);
	unregister_netdev(edev->netdev);
	esv_ipsec_exit(edev);
	esv_take_down(edev);
	esv_parts_free(edev);
	esv_pci_unmap(edev);
	esv_dev_free(edev);
}

static void esv_shutdown(struct pci_dev *pdev)
{
	struct esv_dev *edev = pci_get_drvdata(pdev);

	esv_health_stop(edev);
	rtnl_lock();
	netif_device_detach(edev->netdev);
	dev_close(edev->netdev);
	rtnl_unlock();
	esv_take_down(edev);
	esv_pci_disable(pdev);
}

static pci_ers_result_t esv_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct esv_dev *edev = pci_get_drvdata(pdev);

	esv_freeze(edev);
	esv_pci_disable(pdev);
	return state == pci_channel_io_perm_failure ? PCI_ERS_RESULT_DISCONNECT :
						      PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t esv_slot_reset(struct pci_dev *pdev)
{
	if (pci_enable_device_mem(pdev))
		return PCI_ERS_RESULT_DISCONNECT;
	pci_restore_state(pdev);
	pci_save_state(pdev);
	return PCI_ERS_RESULT_RECOVERED;
}

static void esv_error_resume(struct pci_dev *pdev)
{
	esv_thaw(pci_get_drvdata(pdev), ESV_RESET_BUS);
}

static void esv_reset_prepare(struct pci_dev *pdev)
{
	esv_freeze(pci_get_drvdata(pdev));
}

static void esv_reset_done(struct pci_dev *pdev)
{
	esv_thaw(pci_get_drvdata(pdev), ESV_RESET_FLR);
}

static const struct pci_error_handlers esv_err_handlers = {
	.error_detected	= esv_error_detected,
	.slot_reset	= esv_slot_reset,
	.resume		= esv_error_resume,
	.reset_prepare	= esv_reset_prepare,
	.reset_done	= esv_reset_done,
};

static const struct pci_device_id esv_pci_ids[] = {
	{ PCI_DEVICE(ESV_PCI_VENDOR, ESV_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, esv_pci_ids);

static struct pci_driver esv_pci_driver = {
	.name		= ESV_DRV_NAME,
	.id_table	= esv_pci_ids,
	.probe		= esv_probe,
	.remove		= esv_remove,
	.shutdown	= esv_shutdown,
	.err_handler	= &esv_err_handlers,
};

static int __init esv_module_init(void)
{
	int err;

	err = esv_ipsec_module_init();
	if (err)
		return err;
	err = pci_register_driver(&esv_pci_driver);
	if (err)
		esv_ipsec_module_exit();
	return err;
}
module_init(esv_module_init);

static void __exit esv_module_exit(void)
{
	pci_unregister_driver(&esv_pci_driver);
	esv_ipsec_module_exit();
}
module_exit(esv_module_exit);

MODULE_AUTHOR("The espvault project");
MODULE_DESCRIPTION("espvault inline-ESP NIC");
MODULE_LICENSE("GPL");
