/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scrubber: the only process with a NETLINK_XFRM socket, through which keys pass. It sends
 * the front records that hold neither keys nor SPIs (records.h), and asks the trusted units.
 */
#ifndef IPSECAPID_SCRUBBER_H
#define IPSECAPID_SCRUBBER_H

#include <stdint.h>

/* Run until @sock closes. Never returns to its caller's work; the result is an exit status. */
int scrubber_main(int sock, uint64_t netns_cookie);

#endif
