/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates of peers (RFC 5280, RFC 4945), against an anchor that was provisioned. */
#ifndef ESVC_CERT_H
#define ESVC_CERT_H

#include "esvc_prf.h"

#include <stdbool.h>

#define ESVC_SPKI_MAX	600	/* RSA of 4096 bits */

/* One DER certificate and nothing behind it. 0 or -EINVAL. */
int esvc_cert_check(struct esvc_bytes der);
/* The same, and it may sign others. */
int esvc_cert_anchor_check(struct esvc_bytes der);

struct esvc_cert_chain {
	struct esvc_bytes anchor;
	struct esvc_bytes cert[ESV_CERTS_MAX];	/* the peer's own one first */
	unsigned int nr_certs;			/* at least 1 */
	int64_t now_s;				/* since 1970, UTC */
};

/*
 * Does the chain lead to the anchor, and may the first certificate's key make an AUTH? spki:
 * ESVC_SPKI_MAX bytes, gets that key. 0 and *spki_len; -EBADMSG: no; -EIO.
 */
int esvc_cert_verify(const struct esvc_cert_chain *chain, uint8_t *spki, size_t *spki_len);
/* Does the certificate say that it is of this identity (RFC 4945 3.1)? */
bool esvc_cert_names(struct esvc_bytes der, uint8_t id_type, struct esvc_bytes id);

#endif
