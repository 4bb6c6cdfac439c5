/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * espvault inline-ESP NIC: state shared by the files of the PCI shim.
 *
 * The device itself is the library in core/; what is here connects it to PCI,
 * guest memory, the net layer and migration. All of it runs under the BQL, so
 * calls into the core never overlap; in_core tells a call from the outside
 * that arrives while the core is on the stack from one that does not.
 */
#ifndef HW_NET_ESPVAULT_H
#define HW_NET_ESPVAULT_H

#include "qemu/event_notifier.h"
#include "qemu/timer.h"
#include "hw/pci/pci_device.h"
#include "net/net.h"
#include "qom/object.h"
#include "compat.h"
#include "core/esvc.h"

#define TYPE_ESPVAULT "espvault"
OBJECT_DECLARE_SIMPLE_TYPE(EspvaultState, ESPVAULT)

/* Longest frame that the net layer can hand over. */
#define ESPVAULT_FRAME_MAX (64 * 1024)

/* Frames and commands that one bottom half works off before it yields. */
#define ESPVAULT_BUDGET 64

typedef struct EspvaultDoorbell {
    EventNotifier notifier;
    EspvaultState *s;
    uint32_t offset;
} EspvaultDoorbell;

/* A piece of guest RAM that DMA reaches with no translation. */
typedef struct EspvaultWindow {
    MemoryRegionCache cache;
    hwaddr base;
    hwaddr len;             /* 0: unused */
} EspvaultWindow;

#define ESPVAULT_WINDOWS 4

struct EspvaultState {
    PCIDevice parent_obj;

    NICState *nic;
    NICConf conf;
    MemoryRegion mmio;
    struct esvc_dev *dev;

    QEMUBH *run_bh;         /* works the queues off */
    QEMUBH *flush_bh;       /* tells the net layer that we receive again */
    QEMUTimer *timer;
    VMChangeStateEntry *vmstate_change;
    EspvaultDoorbell *doorbells;
    unsigned int num_doorbells;

    MemoryListener listener;
    EspvaultWindow windows[ESPVAULT_WINDOWS];
    unsigned int next_window;

    bool in_core;
    bool gone;              /* on its way out: nothing may call the core, and
                               the core gets nothing from us any more */
    bool reset_wanted;      /* for reset_reason, at the end of this call */
    unsigned int reset_reason;
    bool flush_wanted;      /* a sender was told to wait */
    bool wire_busy;         /* the peer queued a frame and will call back */
    bool powered;           /* went through its first reset */
    size_t parked_len;      /* frame that waits for a receive buffer, or 0 */
    uint8_t *parked;

    /* properties */
    struct esvc_config config;
    char *aead;
    char *fault;
    char *identity;         /* id of a secret object */
    bool ioeventfd;         /* doorbells are event notifiers */

    uint8_t saved[ESVC_STATE_SIZE];
};

extern const VMStateDescription espvault_vmstate;
extern const struct esvc_host_ops espvault_host_ops;

/* False, and nothing may be called, if the core is on the stack already. */
bool espvault_enter(EspvaultState *s);
void espvault_leave(EspvaultState *s);

void espvault_dma_init(EspvaultState *s);
void espvault_dma_exit(EspvaultState *s);
int espvault_dma_read(void *opaque, uint64_t addr, void *buf, size_t len);
int espvault_dma_write(void *opaque, uint64_t addr, const void *buf,
                       size_t len);

void espvault_net_init(EspvaultState *s);
void espvault_net_exit(EspvaultState *s);
void espvault_net_flush(void *opaque);
int espvault_net_frame_out(void *opaque, const uint8_t *frame, size_t len);
void espvault_net_rx_ready(void *opaque);

bool espvault_parse_options(EspvaultState *s, Error **errp);
char *espvault_get_secrets(Object *obj, Error **errp);

#endif
