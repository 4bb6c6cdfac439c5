/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic selectors (RFC 7296 section 3.13) and addresses as strongSwan's daemon writes them:
 * "192.0.2.0/24", "2001:db8::1..2001:db8::9", "dynamic", each with "[tcp/http]", "[6/80-90]" or
 * "[17]" behind it or not.
 */
#ifndef IPSECAPID_IKE_SELECTOR_H
#define IPSECAPID_IKE_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One end of the traffic that is to be covered. */
struct ike_end {
	uint16_t family;
	uint8_t protocol;
	uint16_t port;		/* host byte order; 0: not known yet */
	uint8_t address[16];	/* AF_INET uses the first four; all 0: not known yet */
	bool dynamic;		/* it is the address that IKE is spoken from, or to */
};

/*
 * Read the names that the daemon may write for ports and protocols. Once, before the process can't
 * open files any more; without them, what is named covers nothing.
 */
void ike_selector_names(void);

/* Does the selector cover the end? What it has that is not understood covers nothing. */
bool ike_selector_covers(const char *text, size_t length, const struct ike_end *e);

enum ike_address {
	IKE_ADDRESS_OTHER = 0,		/* a name, or what is not understood */
	IKE_ADDRESS_THIS = 1,
	IKE_ADDRESS_ANOTHER = 2,	/* one address, which the end does not have */
	IKE_ADDRESS_AMONG = 3,		/* of a range or a net that has it, or any */
	IKE_ADDRESS_OUTSIDE = 4,	/* of one that has it not */
};

/* What does this entry of a connection's addresses say of the end's? */
enum ike_address ike_address_is(const char *text, size_t length, const struct ike_end *e);

#endif
