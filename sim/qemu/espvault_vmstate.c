/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * espvault inline-ESP NIC: saved state.
 *
 * Rings, NIC configuration and mode are saved. The trusted unit, the SADB and
 * the SPD entries are not: after a load the device drops everything until the
 * driver has set it up again (VMS-1, VMS-3).
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "hw/pci/msix.h"
#include "migration/vmstate.h"

#include "espvault.h"

static int espvault_pre_save(void *opaque)
{
    EspvaultState *s = opaque;
    int ret;

    if (!espvault_enter(s)) {
        return -EBUSY;
    }
    ret = esvc_state_save(s->dev, s->saved);
    espvault_leave(s);
    return ret;
}

/* The core treats the buffer as hostile and changes nothing if it is bad. */
static int espvault_post_load(void *opaque, int version_id)
{
    EspvaultState *s = opaque;
    int ret;

    if (!espvault_enter(s)) {
        return -EBUSY;
    }
    ret = esvc_state_load(s->dev, s->saved);
    espvault_leave(s);
    if (ret < 0) {
        error_report("espvault: the saved state is not valid");
        return ret;
    }
    s->parked_len = 0;
    s->powered = true;
    return 0;
}

const VMStateDescription espvault_vmstate = {
    .name = "espvault",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = espvault_pre_save,
    .post_load = espvault_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, EspvaultState),
        VMSTATE_MSIX(parent_obj, EspvaultState),
        VMSTATE_BUFFER(saved, EspvaultState),
        VMSTATE_END_OF_LIST()
    },
};
