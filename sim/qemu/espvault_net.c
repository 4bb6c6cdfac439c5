/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * espvault inline-ESP NIC: the wire, i.e. QEMU's net layer.
 *
 * Nothing is lost between two of our devices: a full peer stops the core
 * until the sent callback, and a frame for which the core has no buffer is
 * parked here while can_receive() holds back the ones behind it, so that the
 * order is kept.
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "hw/qdev-core.h"
#include "system/runstate.h"

#include "espvault.h"
#include "trace.h"

static bool espvault_net_can_receive(NetClientState *nc)
{
    EspvaultState *s = qemu_get_nic_opaque(nc);

    /* A backend may answer from inside our own send. */
    if (s->in_core || s->gone) {
        s->flush_wanted = true;
        return false;
    }
    return !s->parked_len;
}

static void espvault_net_park(EspvaultState *s, const uint8_t *frame,
                              size_t len)
{
    trace_espvault_park(len);
    memcpy(s->parked, frame, len);
    s->parked_len = len;
}

static ssize_t espvault_net_receive(NetClientState *nc, const uint8_t *frame,
                                    size_t len)
{
    EspvaultState *s = qemu_get_nic_opaque(nc);
    int ret;

    if (s->parked_len) {
        return 0;
    }
    if (!espvault_enter(s)) {
        s->flush_wanted = true;
        return 0;
    }
    ret = esvc_receive(s->dev, frame, len);
    espvault_leave(s);
    /* The core judges the length of what it takes, so this never truncates. */
    if (ret == 0 && len <= ESPVAULT_FRAME_MAX) {
        espvault_net_park(s, frame, len);
    }
    return len;
}

static void espvault_net_link(NetClientState *nc)
{
    EspvaultState *s = qemu_get_nic_opaque(nc);

    trace_espvault_link(!nc->link_down);
    /* A backend that was removed never says that it took our frame. */
    if (s->nic->peer_deleted) {
        s->wire_busy = false;
    }
    if (espvault_enter(s)) {
        esvc_link(s->dev, !nc->link_down);
        if (!s->wire_busy) {
            esvc_wire_ready(s->dev);
        }
        espvault_leave(s);
    }
}

static NetClientInfo espvault_net_info = {
    .type = NET_CLIENT_DRIVER_NIC,
    .size = sizeof(NICState),
    .can_receive = espvault_net_can_receive,
    .receive = espvault_net_receive,
    .link_status_changed = espvault_net_link,
};

/* Receive buffers have appeared, or a sender was held back for a moment. */
void espvault_net_flush(void *opaque)
{
    EspvaultState *s = opaque;
    int ret;

    /* Resuming comes back here. */
    if (!runstate_is_running()) {
        return;
    }
    if (s->parked_len) {
        if (!espvault_enter(s)) {
            return;
        }
        ret = esvc_receive(s->dev, s->parked, s->parked_len);
        espvault_leave(s);
        if (ret == 0) {
            return;
        }
        s->parked_len = 0;
    }
    qemu_flush_queued_packets(qemu_get_queue(s->nic));
}

void espvault_net_rx_ready(void *opaque)
{
    EspvaultState *s = opaque;

    if (!s->gone) {
        qemu_bh_schedule(s->flush_bh);
    }
}

static void espvault_net_sent(NetClientState *nc, ssize_t ret)
{
    EspvaultState *s = qemu_get_nic_opaque(nc);

    s->wire_busy = false;
    if (espvault_enter(s)) {
        esvc_wire_ready(s->dev);
        espvault_leave(s);
    } else {
        qemu_bh_schedule(s->run_bh);
    }
}

/* A frame that the net layer queues is taken, but the next one must wait. */
int espvault_net_frame_out(void *opaque, const uint8_t *frame, size_t len)
{
    EspvaultState *s = opaque;

    if (s->gone) {
        return 0;
    }
    if (s->wire_busy) {
        return -EAGAIN;
    }
    s->wire_busy = qemu_send_packet_async(qemu_get_queue(s->nic), frame, len,
                                          espvault_net_sent) == 0;
    return 0;
}

void espvault_net_init(EspvaultState *s)
{
    DeviceState *dev = DEVICE(s);

    s->parked = g_malloc(ESPVAULT_FRAME_MAX);
    s->nic = qemu_new_nic(&espvault_net_info, &s->conf,
                          object_get_typename(OBJECT(s)), dev->id,
                          &dev->mem_reentrancy_guard, s);
    qemu_format_nic_info_str(qemu_get_queue(s->nic), s->conf.macaddr.a);
    espvault_net_link(qemu_get_queue(s->nic));
}

void espvault_net_exit(EspvaultState *s)
{
    /* What the peer has queued names us as its sender. */
    qemu_purge_queued_packets(qemu_get_queue(s->nic));
    g_clear_pointer(&s->nic, qemu_del_nic);
    g_clear_pointer(&s->parked, g_free);
}
