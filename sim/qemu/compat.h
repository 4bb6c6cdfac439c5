/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the QEMU releases that espvault builds with
 * (10.0 is the one that is tested, 10.1 and later moved some headers).
 */
#ifndef HW_NET_ESPVAULT_COMPAT_H
#define HW_NET_ESPVAULT_COMPAT_H

#define ESPVAULT_QEMU_AT_LEAST(major, minor) \
    (QEMU_VERSION_MAJOR > (major) || \
     (QEMU_VERSION_MAJOR == (major) && QEMU_VERSION_MINOR >= (minor)))

#if ESPVAULT_QEMU_AT_LEAST(10, 1)
#include "system/memory.h"
#else
#include "exec/memory.h"
#endif

/* What class_init gets is constant from 10.1 on. */
#if ESPVAULT_QEMU_AT_LEAST(10, 1)
typedef const void EspvaultClassData;
#else
typedef void EspvaultClassData;
#endif

#endif
