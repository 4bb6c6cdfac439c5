/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * espvault firmware interface: checks of the layout table at compile time.
 *
 * Every struct has the size that the table says, every member its offset and
 * size, and the members fill the struct with no gap, so no field can be
 * missing from the table. Costs nothing at run time.
 */
#ifndef ESPVAULT_ESV_ASSERT_H
#define ESPVAULT_ESV_ASSERT_H

#include "esv_layout.h"

#ifdef __cplusplus
#define ESV_STATIC_ASSERT(cond, text)	static_assert(cond, text)
#else
#define ESV_STATIC_ASSERT(cond, text)	_Static_assert(cond, text)
#endif

#define ESV_ASSERT_MEMBER(s, m, off, size, type, who, cipher, text) \
	ESV_STATIC_ASSERT(__builtin_offsetof(struct s, m) == (off), "offset of " #s "." #m); \
	ESV_STATIC_ASSERT(sizeof(((struct s *)0)->m) == (size), "size of " #s "." #m);

#define ESV_SUM_MEMBER(s, m, off, size, type, who, cipher, text) + (size)

#define ESV_ASSERT_STRUCT(s, size, clause, text) \
	ESV_STATIC_ASSERT(sizeof(struct s) == (size), "size of " #s); \
	ESV_STATIC_ASSERT(0 ESV_FIELDS_##s(ESV_SUM_MEMBER, s) == (size), "gap in " #s); \
	ESV_FIELDS_##s(ESV_ASSERT_MEMBER, s)

#endif
