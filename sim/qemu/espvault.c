/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * espvault inline-ESP NIC: the PCI device.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_aer.h"
#include "hw/qdev-properties.h"
#include "hw/resettable.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "system/system.h"

#include "espvault.h"
#include "include/espvault/esv_admin.h"
#include "include/espvault/esv_regs.h"
#include "trace.h"

#define ESPVAULT_PM_OFFSET      0x40
#define ESPVAULT_PCIE_OFFSET    0x80
#define ESPVAULT_AER_OFFSET     0x100

bool espvault_enter(EspvaultState *s)
{
    if (s->in_core || s->gone) {
        return false;
    }
    s->in_core = true;
    return true;
}

/* The rest of what espvault_exit() does: nothing of the device is in use. */
static void espvault_end(EspvaultState *s)
{
    espvault_net_exit(s);
    g_clear_pointer(&s->dev, esvc_free);
    g_clear_pointer(&s->timer, timer_free);
    g_clear_pointer(&s->flush_bh, qemu_bh_delete);
    g_clear_pointer(&s->run_bh, qemu_bh_delete);
}

static void espvault_end_later(void *opaque)
{
    EspvaultState *s = opaque;

    espvault_end(s);
    object_unref(OBJECT(s));
}

void espvault_leave(EspvaultState *s)
{
    if (s->reset_wanted && !s->gone) {
        esvc_reset(s->dev, s->reset_reason);
        s->parked_len = 0;
        s->flush_wanted = true;
    }
    s->reset_wanted = false;
    s->in_core = false;
    if (s->gone) {
        /* Callers further up the stack have still to come back through us. */
        aio_bh_schedule_oneshot(qemu_get_aio_context(), espvault_end_later, s);
        return;
    }
    if (s->flush_wanted) {
        s->flush_wanted = false;
        qemu_bh_schedule(s->flush_bh);
    }
}

/*
 * Reentry is possible only through an MSI-X table that points at our own
 * registers, from a path that the reentrancy guard does not cover. One that
 * points at configuration space reaches us in other ways: it can reset the
 * device, or pull it out of its slot, while the core is on the stack.
 */
static bool espvault_mmio_enter(EspvaultState *s, hwaddr addr, unsigned size)
{
    if (size != 4 || (addr & 3)) {
        qemu_log_mask(LOG_GUEST_ERROR, "espvault: REG-2: access of %u bytes "
                      "at 0x%" HWADDR_PRIx " ignored\n", size, addr);
        return false;
    }
    return espvault_enter(s);
}

static uint64_t espvault_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    EspvaultState *s = opaque;
    uint32_t val;

    if (!espvault_mmio_enter(s, addr, size)) {
        return 0;
    }
    val = esvc_reg_read(s->dev, addr);
    espvault_leave(s);
    trace_espvault_mmio_read(addr, val);
    return val;
}

static void espvault_mmio_write(void *opaque, hwaddr addr, uint64_t val,
                                unsigned size)
{
    EspvaultState *s = opaque;

    if (!espvault_mmio_enter(s, addr, size)) {
        return;
    }
    trace_espvault_mmio_write(addr, val);
    if (addr >= ESV_DB_BASE) {
        esvc_doorbell(s->dev, addr);
    } else {
        esvc_reg_write(s->dev, addr, val);
    }
    espvault_leave(s);
}

/* Every size is let in, so that odd ones get the specified answer. */
static const MemoryRegionOps espvault_mmio_ops = {
    .read = espvault_mmio_read,
    .write = espvault_mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = 8,
        .unaligned = true,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 8,
        .unaligned = true,
    },
};

static void espvault_doorbell_rung(EventNotifier *notifier)
{
    EspvaultDoorbell *db = container_of(notifier, EspvaultDoorbell, notifier);
    EspvaultState *s = db->s;

    if (!event_notifier_test_and_clear(notifier) || !espvault_enter(s)) {
        return;
    }
    trace_espvault_doorbell(db->offset);
    esvc_doorbell(s->dev, db->offset);
    espvault_leave(s);
}

static void espvault_doorbells_exit(EspvaultState *s)
{
    unsigned int i;

    for (i = 0; i < s->num_doorbells; i++) {
        EspvaultDoorbell *db = &s->doorbells[i];

        memory_region_del_eventfd(&s->mmio, db->offset, 4, false, 0,
                                  &db->notifier);
        event_notifier_set_handler(&db->notifier, NULL);
        event_notifier_cleanup(&db->notifier);
    }
    s->num_doorbells = 0;
    g_clear_pointer(&s->doorbells, g_free);
}

static bool espvault_doorbell_add(EspvaultState *s, uint32_t offset,
                                  Error **errp)
{
    EspvaultDoorbell *db = &s->doorbells[s->num_doorbells];
    int ret = event_notifier_init(&db->notifier, 0);

    if (ret < 0) {
        error_setg_errno(errp, -ret, "no event notifier for a doorbell");
        return false;
    }
    db->s = s;
    db->offset = offset;
    event_notifier_set_handler(&db->notifier, espvault_doorbell_rung);
    memory_region_add_eventfd(&s->mmio, offset, 4, false, 0, &db->notifier);
    s->num_doorbells++;
    return true;
}

/*
 * Doorbells as event notifiers. They spare KVM an exit to user space; under
 * emulation there is none to spare, and a write that schedules the bottom half
 * itself wakes the main loop once instead of twice. In synchronous mode the
 * work is done inside the write.
 */
static bool espvault_doorbells_init(EspvaultState *s, Error **errp)
{
    unsigned int q;
    bool ok;

    if (!s->ioeventfd || s->config.sync) {
        return true;
    }
    s->doorbells = g_new0(EspvaultDoorbell, 2 + 2 * s->config.queue_pairs);
    memory_region_transaction_begin();
    ok = espvault_doorbell_add(s, ESV_DB_ADMIN, errp) &&
         espvault_doorbell_add(s, ESV_DB_EVENT, errp);
    for (q = 0; ok && q < s->config.queue_pairs; q++) {
        ok = espvault_doorbell_add(s, ESV_DB_TX(q), errp) &&
             espvault_doorbell_add(s, ESV_DB_RX(q), errp);
    }
    memory_region_transaction_commit();
    if (!ok) {
        espvault_doorbells_exit(s);
    }
    return ok;
}

static void espvault_run(void *opaque)
{
    EspvaultState *s = opaque;
    bool more;

    /* A stopped machine's memory must not change; resuming comes back here. */
    if (!runstate_is_running() || !espvault_enter(s)) {
        return;
    }
    more = esvc_run(s->dev, ESPVAULT_BUDGET);
    espvault_leave(s);
    trace_espvault_run(more);
    if (more) {
        qemu_bh_schedule(s->run_bh);
    }
}

static void espvault_timer(void *opaque)
{
    EspvaultState *s = opaque;

    if (espvault_enter(s)) {
        esvc_timer(s->dev);
        espvault_leave(s);
    }
}

static void espvault_vm_state_change(void *opaque, bool running,
                                     RunState state)
{
    EspvaultState *s = opaque;

    if (running) {
        qemu_bh_schedule(s->run_bh);
        qemu_bh_schedule(s->flush_bh);
    }
}

static void espvault_write_config(PCIDevice *pci_dev, uint32_t addr,
                                  uint32_t val, int len)
{
    pci_default_write_config(pci_dev, addr, val, len);
    pcie_cap_flr_write_config(pci_dev, addr, val, len);
    pcie_aer_write_config(pci_dev, addr, val, len);
}

/* The PCIe code clears the FLR bit only after it has reset the device. */
static unsigned int espvault_reset_reason(EspvaultState *s)
{
    PCIDevice *pci_dev = PCI_DEVICE(s);
    uint8_t *devctl = pci_dev->config + pci_dev->exp.exp_cap + PCI_EXP_DEVCTL;

    if (!s->powered) {
        return ESV_RESET_POWER_ON;
    }
    if (pci_get_word(devctl) & PCI_EXP_DEVCTL_BCR_FLR) {
        return ESV_RESET_FLR;
    }
    return ESV_RESET_BUS;
}

static void espvault_reset_hold(Object *obj, ResetType type)
{
    EspvaultState *s = ESPVAULT(obj);
    unsigned int reason = espvault_reset_reason(s);

    trace_espvault_reset(reason);
    s->powered = true;
    s->parked_len = 0;
    s->reset_wanted = true;
    s->reset_reason = reason;
    /* With the core on the stack it is done when the core comes back. */
    if (espvault_enter(s)) {
        espvault_leave(s);
    }
}

static bool espvault_init_capabilities(PCIDevice *pci_dev, Error **errp)
{
    int pos = pci_pm_init(pci_dev, ESPVAULT_PM_OFFSET, errp);

    if (pos < 0) {
        return false;
    }
    pci_set_word(pci_dev->config + pos + PCI_PM_PMC, PCI_PM_CAP_VER_1_1);
    pci_set_word(pci_dev->wmask + pos + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);

    if (pcie_endpoint_cap_init(pci_dev, ESPVAULT_PCIE_OFFSET) < 0) {
        error_setg(errp, "no room for the PCI Express capability");
        return false;
    }
    pcie_cap_flr_init(pci_dev);
    return pcie_aer_init(pci_dev, PCI_ERR_VER, ESPVAULT_AER_OFFSET,
                         PCI_ERR_SIZEOF, errp) >= 0;
}

static bool espvault_init_msix(EspvaultState *s, Error **errp)
{
    PCIDevice *pci_dev = PCI_DEVICE(s);
    unsigned int i, vectors = s->config.queue_pairs + 1;

    if (msix_init_exclusive_bar(pci_dev, vectors, ESV_BAR_MSIX, errp) < 0) {
        return false;
    }
    for (i = 0; i < vectors; i++) {
        msix_vector_use(pci_dev, i);
    }
    return true;
}

static bool espvault_init_core(EspvaultState *s, Error **errp)
{
    qemu_macaddr_default_if_unset(&s->conf.macaddr);
    memcpy(s->config.mac, s->conf.macaddr.a, sizeof(s->config.mac));
    s->config.function = 0;
    s->dev = esvc_new(&s->config, &espvault_host_ops, s);
    /* The trusted unit has its own copy, in locked memory. */
    explicit_bzero(s->config.device_secret, sizeof(s->config.device_secret));
    if (!s->dev) {
        error_setg_errno(errp, errno, "the device core did not start");
        error_append_hint(errp, "Its trusted unit needs some locked memory; "
                          "see 'ulimit -l'.\n");
        return false;
    }
    return true;
}

static void espvault_realize(PCIDevice *pci_dev, Error **errp)
{
    EspvaultState *s = ESPVAULT(pci_dev);
    DeviceState *dev = DEVICE(pci_dev);

    if (!espvault_parse_options(s, errp) ||
        !espvault_init_capabilities(pci_dev, errp)) {
        return;
    }

    /* The core may ask for a run or a timer while it is being made. */
    s->run_bh = qemu_bh_new_guarded(espvault_run, s,
                                    &dev->mem_reentrancy_guard);
    s->flush_bh = qemu_bh_new(espvault_net_flush, s);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, espvault_timer, s);
    espvault_dma_init(s);

    memory_region_init_io(&s->mmio, OBJECT(s), &espvault_mmio_ops, s,
                          "espvault-regs", ESV_BAR0_SIZE);
    pci_register_bar(pci_dev, ESV_BAR_REGS,
                     PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64, &s->mmio);

    if (!espvault_init_msix(s, errp)) {
        goto err_dma;
    }
    if (!espvault_init_core(s, errp)) {
        goto err_msix;
    }
    if (!espvault_doorbells_init(s, errp)) {
        goto err_core;
    }
    espvault_net_init(s);
    s->vmstate_change =
        qdev_add_vm_change_state_handler(dev, espvault_vm_state_change, s);
    return;

err_core:
    g_clear_pointer(&s->dev, esvc_free);
err_msix:
    msix_uninit_exclusive_bar(pci_dev);
err_dma:
    espvault_dma_exit(s);
    g_clear_pointer(&s->timer, timer_free);
    g_clear_pointer(&s->flush_bh, qemu_bh_delete);
    g_clear_pointer(&s->run_bh, qemu_bh_delete);
    pcie_aer_exit(pci_dev);
    pcie_cap_exit(pci_dev);
}

static void espvault_exit(PCIDevice *pci_dev)
{
    EspvaultState *s = ESPVAULT(pci_dev);

    s->gone = true;
    qemu_del_vm_change_state_handler(s->vmstate_change);
    espvault_doorbells_exit(s);
    msix_unuse_all_vectors(pci_dev);
    msix_uninit_exclusive_bar(pci_dev);
    espvault_dma_exit(s);
    pcie_aer_exit(pci_dev);
    pcie_cap_exit(pci_dev);
    if (s->in_core) {
        object_ref(OBJECT(s)); /* until espvault_end_later() */
    } else {
        espvault_end(s);
    }
}

static const Property espvault_properties[] = {
    DEFINE_NIC_PROPERTIES(EspvaultState, conf),
    DEFINE_PROP_UINT16("queues", EspvaultState, config.queue_pairs, 4),
    DEFINE_PROP_UINT32("sa-max", EspvaultState, config.sa_max, 4096),
    DEFINE_PROP_UINT32("policy-max", EspvaultState, config.policy_max, 65536),
    DEFINE_PROP_UINT32("handle-max", EspvaultState, config.handle_max, 1024),
    DEFINE_PROP_UINT32("ke-methods", EspvaultState, config.ke_methods, 0),
    DEFINE_PROP_BOOL("strict", EspvaultState, config.strict, false),
    DEFINE_PROP_BOOL("host-keys", EspvaultState, config.host_keys, true),
    DEFINE_PROP_BOOL("ipsec", EspvaultState, config.ipsec, true),
    DEFINE_PROP_BOOL("unit", EspvaultState, config.unit, true),
    DEFINE_PROP_STRING("aead", EspvaultState, aead),
    DEFINE_PROP_STRING("identity", EspvaultState, identity),
    DEFINE_PROP_BOOL("ioeventfd", EspvaultState, ioeventfd, false),
    DEFINE_PROP_BOOL("x-sync", EspvaultState, config.sync, false),
    DEFINE_PROP_BOOL("x-test-mode", EspvaultState, config.test_mode, false),
    DEFINE_PROP_STRING("x-fault", EspvaultState, fault),
    DEFINE_PROP_UINT32("x-fault-n", EspvaultState, config.fault_n, 1),
};

static void espvault_instance_init(Object *obj)
{
    EspvaultState *s = ESPVAULT(obj);

    device_add_bootindex_property(obj, &s->conf.bootindex, "bootindex",
                                  "/ethernet-phy@0", DEVICE(obj));
}

static void espvault_class_init(ObjectClass *klass, EspvaultClassData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    k->realize = espvault_realize;
    k->exit = espvault_exit;
    k->config_write = espvault_write_config;
    k->vendor_id = ESV_PCI_VENDOR;
    k->device_id = ESV_PCI_DEVICE;
    k->revision = ESV_IF_MAJOR;
    k->class_id = PCI_CLASS_NETWORK_ETHERNET;

    rc->phases.hold = espvault_reset_hold;

    dc->desc = "espvault inline-ESP network controller with trusted unit";
    dc->vmsd = &espvault_vmstate;
    device_class_set_props(dc, espvault_properties);
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);

    object_class_property_add_str(klass, "x-secrets", espvault_get_secrets,
                                  NULL);
    object_class_property_set_description(klass, "x-secrets",
        "every live secret of the trusted unit, as JSON (x-test-mode only)");
}

static const TypeInfo espvault_types[] = {
    {
        .name = TYPE_ESPVAULT,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(EspvaultState),
        .instance_init = espvault_instance_init,
        .class_init = espvault_class_init,
        .interfaces = (InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { }
        },
    },
};

DEFINE_TYPES(espvault_types)
