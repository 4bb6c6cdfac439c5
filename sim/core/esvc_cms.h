/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A signed statement: SignedData of CMS (RFC 5652 5) around it. */
#ifndef ESVC_CMS_H
#define ESVC_CMS_H

#include "esvc_idcert.h"

/*
 * Sign len bytes of content with signer, whose certificate is cert; ca, which issued that, goes along.
 * The same input gives the same bytes. *out_len: in room, out length. 0, -ENOSPC, or -EIO.
 */
int esvc_cms_sign(const struct esvc_signer *signer, const struct esvc_idcert *cert, const struct esvc_idcert *ca,
		  const void *content, size_t len, uint8_t *out, size_t *out_len);

#endif
