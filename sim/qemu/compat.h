/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the QEMU releases that espvault builds with
 * (10.0 is the one that is tested, 10.1 and later moved some headers).
 */
#ifndef HW_NET_ESPVAULT_COMPAT_H
#define HW_NET_ESPVAULT_COMPAT_H

#if __has_include("system/memory.h")
#include "system/memory.h"
#else
#include "exec/memory.h"
#endif

/* What class_init gets is constant from 10.1 on. */
#if QEMU_VERSION_MAJOR > 10 || \
    (QEMU_VERSION_MAJOR == 10 && QEMU_VERSION_MINOR >= 1)
typedef const void EspvaultClassData;
#else
typedef void EspvaultClassData;
#endif

#endif
