/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is what a client asks for well-formed? */
#ifndef IPSECAPID_WANT_H
#define IPSECAPID_WANT_H

#include "../libipsecapi/wire/wire.h"

/* Returns 0, -EBADMSG, or -E2BIG for something that this broker does not know. */
int want_check(const struct wire_require *want);

#endif
