/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static bypass: the few kinds of frames that a host can't do without and that
 * pass in clear before any SPD entry is looked at (clauses BYP-1 to BYP-9).
 * Only frames that name no SA, never fragments.
 */
#ifndef ESVC_BYPASS_H
#define ESVC_BYPASS_H

#include "esvc_parse.h"
#include "esvc_sadb.h"

/*
 * The class that the frame belongs to, one bit of ESV_BYPASS_*; 0: none.
 * dir: enum esv_dir, on the port's side. hdr as in esvc_parse().
 */
uint32_t esvc_bypass_class(const struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len, unsigned int dir,
			   const struct esvc_sadb *sadb);

#endif
