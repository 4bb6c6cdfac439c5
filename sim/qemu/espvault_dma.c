/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * espvault inline-ESP NIC: guest memory.
 *
 * A window is a translation of one piece of RAM, kept until the bus master's
 * view of memory changes. What is not plain RAM takes the slow path, which
 * refuses everything but memory, so that DMA never reaches a register.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/rcu.h"
#include "hw/pci/pci_device.h"

#include "espvault.h"
#include "trace.h"

static void espvault_window_close(EspvaultWindow *w)
{
    if (w->len) {
        address_space_cache_destroy(&w->cache);
        w->len = 0;
    }
}

static void espvault_windows_close(EspvaultState *s)
{
    int i;

    for (i = 0; i < ESPVAULT_WINDOWS; i++) {
        espvault_window_close(&s->windows[i]);
    }
}

static void espvault_memory_changed(MemoryListener *listener)
{
    espvault_windows_close(container_of(listener, EspvaultState, listener));
}

typedef struct EspvaultRange {
    hwaddr addr;            /* looked for */
    hwaddr base;
    hwaddr len;             /* 0: not found */
} EspvaultRange;

static bool espvault_range_match(Int128 start, Int128 len,
                                 const MemoryRegion *mr,
                                 hwaddr offset_in_region, void *opaque)
{
    EspvaultRange *r = opaque;
    hwaddr base = int128_get64(start);

    if (r->addr < base || int128_ge(int128_make64(r->addr - base), len) ||
        int128_gethi(len) || !memory_region_is_ram((MemoryRegion *)mr)) {
        return false;
    }
    r->base = base;
    r->len = int128_get64(len);
    return true;
}

static EspvaultWindow *espvault_window_open(EspvaultState *s, hwaddr addr)
{
    EspvaultWindow *w = &s->windows[s->next_window];
    AddressSpace *as = pci_get_address_space(PCI_DEVICE(s));
    EspvaultRange r = { .addr = addr };
    int64_t len;

    RCU_READ_LOCK_GUARD();
    flatview_for_each_range(address_space_to_flatview(as),
                            espvault_range_match, &r);
    if (!r.len) {
        return NULL;
    }
    espvault_window_close(w);
    len = address_space_cache_init(&w->cache, as, r.base, r.len, true);
    if (len <= 0 || !w->cache.ptr) {
        address_space_cache_destroy(&w->cache);
        return NULL;
    }
    w->base = r.base;
    w->len = len;
    s->next_window = (s->next_window + 1) % ESPVAULT_WINDOWS;
    trace_espvault_window(w->base, w->len);
    return w;
}

static bool espvault_window_covers(const EspvaultWindow *w, hwaddr addr,
                                   size_t len)
{
    return addr >= w->base && addr - w->base < w->len &&
           len <= w->len - (addr - w->base);
}

static EspvaultWindow *espvault_window(EspvaultState *s, hwaddr addr,
                                       size_t len)
{
    EspvaultWindow *w;
    int i;

    for (i = 0; i < ESPVAULT_WINDOWS; i++) {
        if (espvault_window_covers(&s->windows[i], addr, len)) {
            return &s->windows[i];
        }
    }
    w = espvault_window_open(s, addr);
    return w && espvault_window_covers(w, addr, len) ? w : NULL;
}

static int espvault_dma_slow(EspvaultState *s, uint64_t addr, void *buf,
                             size_t len, DMADirection dir)
{
    const MemTxAttrs attrs = { .memory = true };
    MemTxResult ret = pci_dma_rw(PCI_DEVICE(s), addr, buf, len, dir, attrs);

    if (ret != MEMTX_OK) {
        trace_espvault_dma_error(addr, len, dir, ret);
        return -EFAULT;
    }
    return 0;
}

int espvault_dma_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    EspvaultState *s = opaque;
    EspvaultWindow *w;

    if (s->gone) {
        return -ENODEV;
    }
    w = espvault_window(s, addr, len);
    if (!w) {
        return espvault_dma_slow(s, addr, buf, len, DMA_DIRECTION_TO_DEVICE);
    }
    smp_mb(); /* our earlier writes are visible before we look */
    address_space_read_cached(&w->cache, addr - w->base, buf, len);
    return 0;
}

int espvault_dma_write(void *opaque, uint64_t addr, const void *buf,
                       size_t len)
{
    EspvaultState *s = opaque;
    EspvaultWindow *w;

    if (s->gone) {
        return -ENODEV;
    }
    w = espvault_window(s, addr, len);
    if (!w) {
        return espvault_dma_slow(s, addr, (void *)buf, len,
                                 DMA_DIRECTION_FROM_DEVICE);
    }
    smp_mb(); /* what we read and wrote before is not overtaken */
    address_space_write_cached(&w->cache, addr - w->base, buf, len);
    /* Tells migration's log and the translator of guest code. */
    address_space_cache_invalidate(&w->cache, addr - w->base, len);
    return 0;
}

void espvault_dma_init(EspvaultState *s)
{
    s->listener = (MemoryListener) {
        .name = "espvault",
        .commit = espvault_memory_changed,
    };
    memory_listener_register(&s->listener,
                             pci_get_address_space(PCI_DEVICE(s)));
}

void espvault_dma_exit(EspvaultState *s)
{
    memory_listener_unregister(&s->listener);
    espvault_windows_close(s);
}
