/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/* espvault firmware interface, all of it. See fw-interface/doc. */
#ifndef ESPVAULT_ESV_IF_H
#define ESPVAULT_ESV_IF_H

#include "esv_list.h"
#include "esv_regs.h"
#include "esv_caps.h"
#include "esv_desc.h"
#include "esv_admin.h"
#include "esv_ipsec.h"
#include "esv_unit.h"
#include "esv_assert.h"

ESV_STRUCT_LIST(ESV_ASSERT_STRUCT)

#endif
