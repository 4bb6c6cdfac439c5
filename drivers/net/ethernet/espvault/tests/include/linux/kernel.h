/* SPDX-License-Identifier: GPL-2.0 */
/* What the pure logic of the driver uses of this header, for user space. */
#ifndef _ESV_TESTS_KERNEL_H
#define _ESV_TESTS_KERNEL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#endif
