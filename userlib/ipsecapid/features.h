/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IPSECAPID_FEATURES_H
#define IPSECAPID_FEATURES_H

#include "links.h"

/* Fill in driver name and ESP offload features of @link. What cannot be read stays empty. */
void features_read(struct links *l, struct link *link);

#endif
