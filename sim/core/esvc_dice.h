/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The extension that says what a certificate's key belongs to (TCG DICE Attestation Architecture, DiceTcbInfo). */
#ifndef ESVC_DICE_H
#define ESVC_DICE_H

#include "esvc_idcert.h"

#include <openssl/x509.h>

/* Add it to a certificate that is not signed yet. 0 or -EIO. */
int esvc_dice_add(X509 *cert, const struct esvc_idcert_facts *facts);

#endif
