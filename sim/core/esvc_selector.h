/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traffic selectors: validity and match. The plain reference for the SPD's lookup. */
#ifndef ESVC_SELECTOR_H
#define ESVC_SELECTOR_H

#include "esvc_parse.h"
#include <espvault/esv_if.h>

/*
 * 0, or the offset + 1 of the field that is out of range (SPD-3). Host bits
 * behind the prefix and port bits outside of the mask are allowed and do not
 * decide, as in the kernel.
 */
size_t esvc_selector_check(const struct esv_selector *sel);

/* True if all 16 bytes behind an address of this family are zero, as they must be. */
bool esvc_addr_tail_ok(uint8_t family, const uint8_t addr[16]);
bool esvc_addr_is_zero(const uint8_t addr[16]);
bool esvc_addr_is_multicast(uint8_t family, const uint8_t addr[16]);

/* Address of family equals the first bytes of a 16-byte field. */
bool esvc_addr_eq(uint8_t family, const uint8_t *a, const uint8_t *b);

bool esvc_selector_ports(const struct esv_selector *sel);

/* sel against an IP packet. ignore_ports: could match, whatever the ports are. */
bool esvc_selector_match(const struct esv_selector *sel, const struct esvc_pkt *p, bool ignore_ports);

/* They match the same ports; bits outside of the masks do not count. */
bool esvc_selector_same_ports(const struct esv_selector *a, const struct esv_selector *b);

/* Ports alone; false if the selector asks for ports that the packet does not show. */
bool esvc_selector_match_ports(const struct esv_selector *sel, const struct esvc_pkt *p);

#endif
