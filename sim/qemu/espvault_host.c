/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * espvault inline-ESP NIC: what the device core asks of its host.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "crypto/random.h"
#include "hw/pci/msix.h"
#include "qapi/error.h"

#include "espvault.h"
#include "trace.h"

static void espvault_host_irq(void *opaque, unsigned int vector)
{
    EspvaultState *s = opaque;
    PCIDevice *pci_dev = PCI_DEVICE(s);

    if (s->gone) {
        return;
    }
    trace_espvault_irq(vector);
    if (vector <= s->config.queue_pairs && msix_enabled(pci_dev)) {
        msix_notify(pci_dev, vector);
    }
}

static void espvault_host_kick(void *opaque)
{
    EspvaultState *s = opaque;

    if (!s->gone) {
        qemu_bh_schedule(s->run_bh);
    }
}

static void espvault_host_timer(void *opaque, uint64_t deadline_ns)
{
    EspvaultState *s = opaque;

    if (s->gone) {
        return;
    }
    if (deadline_ns) {
        timer_mod_ns(s->timer, MIN(deadline_ns, INT64_MAX));
    } else {
        timer_del(s->timer);
    }
}

static uint64_t espvault_host_time_ns(void *opaque)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* Not the guest's random numbers, which an option can make predictable. */
static int espvault_host_random(void *opaque, void *buf, size_t len)
{
    Error *err = NULL;

    if (qcrypto_random_bytes(buf, len, &err) < 0) {
        error_report_err(err);
        return -EIO;
    }
    return 0;
}

static void espvault_host_guest_error(void *opaque, const char *clause,
                                      const char *text)
{
    qemu_log_mask(LOG_GUEST_ERROR, "espvault: %s: %s\n", clause, text);
}

static void espvault_host_trace(void *opaque, const char *event, uint64_t a,
                                uint64_t b)
{
    trace_espvault_core(event, a, b);
}

const struct esvc_host_ops espvault_host_ops = {
    .dma_read = espvault_dma_read,
    .dma_write = espvault_dma_write,
    .irq = espvault_host_irq,
    .frame_out = espvault_net_frame_out,
    .rx_ready = espvault_net_rx_ready,
    .kick = espvault_host_kick,
    .timer = espvault_host_timer,
    .time_ns = espvault_host_time_ns,
    .random = espvault_host_random,
    .guest_error = espvault_host_guest_error,
    .trace = espvault_host_trace,
};
