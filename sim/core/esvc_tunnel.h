/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outer headers of tunnel mode (RFC 4301 5.1.2, RFC 6040; clauses ESP-20 to
 * ESP-26).
 */
#ifndef ESVC_TUNNEL_H
#define ESVC_TUNNEL_H

#include "esvc_sadb.h"

#define ESVC_OUTER_HOP_LIMIT	64

static inline size_t esvc_tunnel_outer_len(const struct esvc_sa *sa)
{
	return sa->family == 4 ? 20 : 40;
}

/*
 * Write the outer IP header of sa to outer. inner: IP header of the same
 * family. esp_len: everything behind the outer header. ip_id: counts the
 * fragmentable IPv4 headers that were made.
 */
void esvc_tunnel_outer(const struct esvc_sa *sa, const uint8_t *inner, uint8_t *outer, size_t esp_len,
		       uint16_t *ip_id);

/*
 * Carry ECN, and DSCP if the SA says so, from the outer to the inner header.
 * False: RFC 6040 4.2 asks for the packet to be dropped (congestion marked on
 * a transport that does not understand it).
 */
bool esvc_tunnel_decap(const struct esvc_sa *sa, uint8_t outer_tos, uint8_t *inner);

/* DSCP and ECN byte of an IPv4 or IPv6 header. */
uint8_t esvc_ip_tos(const uint8_t *ip);

/* Compute the checksum of an IPv4 header. */
void esvc_ip4_checksum(uint8_t *ip);
bool esvc_ip4_checksum_ok(const uint8_t *ip);

#endif
