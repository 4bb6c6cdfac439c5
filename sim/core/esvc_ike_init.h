/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads an IKE_SA_INIT message as far as AUTH depends on it. The host brings
 * it, so every length is checked here; what it says is compared with what the
 * unit itself used.
 */
#ifndef ESVC_IKE_INIT_H
#define ESVC_IKE_INIT_H

#include "esvc_prf.h"

#include <stdbool.h>

struct esvc_ike_init {
	const uint8_t *spi_i;	/* 8 bytes each */
	const uint8_t *spi_r;
	bool from_initiator;
	bool response;
	uint16_t group;		/* transform id of the KE payload (RFC 7296 3.4) */
	struct esvc_bytes ke;
	struct esvc_bytes nonce;
};

/*
 * 0, or -EBADMSG: not one well-formed IKEv2 message of exchange IKE_SA_INIT and
 * message id 0 with exactly one KE and one Nonce payload and nothing encrypted
 * (RFC 7296 3.1, 3.2, 3.4, 3.9). The pointers lead into msg.
 */
int esvc_ike_init_read(const uint8_t *msg, size_t len, struct esvc_ike_init *out);

#endif
