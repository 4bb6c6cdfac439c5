/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which refusals an administrator may want to know of. */
#ifndef IPSECAPID_REFUSALS_H
#define IPSECAPID_REFUSALS_H

#include "audit.h"

/* AUDIT_EVENTS: a mistake of the program, or no more than the end of a list. */
enum audit_event refusal_event(uint32_t reason);

#endif
