/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transform that a latch asks of a packet. */
#ifndef IPSECAPID_LATCH_TEMPLATE_H
#define IPSECAPID_LATCH_TEMPLATE_H

#include "latch_record.h"
#include "records.h"

/*
 * What packets in direction @dir must have come through, or must go through. Inbound, where the
 * system asks for nothing, it is what answers that of the outbound direction.
 */
void latch_template(const struct latch_record *r, int dir, struct rec_template *t);

#endif
