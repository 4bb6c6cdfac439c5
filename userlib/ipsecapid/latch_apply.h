/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel is told to hold for a socket: the only place that writes socket policies. */
#ifndef IPSECAPID_LATCH_APPLY_H
#define IPSECAPID_LATCH_APPLY_H

#include "latch_record.h"

/*
 * Give the socket the policies of @r: inbound first, so that nothing in clear is taken in any
 * more when the first packet is sent. A gated one has the mark instead of the outbound policy.
 * Returns 0 or a negative errno: then both are gone if
 * @fresh, else it keeps some of what it had, and either is at least as strict.
 */
int latch_apply(int fd, const struct latch_record *r, bool fresh);
/* Take all away. @gate: the bit of the mark. */
int latch_clear(int fd, uint16_t family, uint32_t gate);
/* Is it the socket with this cookie, protocol and family? */
bool latch_is_socket(int fd, const struct ipsecapi_tuple *t);
/*
 * Has the connection carried data, either way? Of a listener: does a connection wait already? Of
 * a socket of datagrams: do some wait? What it had before nothing tells.
 */
bool latch_prior_data(int fd);

#endif
