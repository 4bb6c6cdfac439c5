/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two X.509 certificates of a unit (UNIT-97): device and boot key. The same
 * keys and facts give the same bytes.
 */
#ifndef ESVC_IDCERT_H
#define ESVC_IDCERT_H

#include "esvc_p256.h"

#include <espvault/esv_unit.h>
#include <stdbool.h>
#include <stddef.h>

#define ESVC_IDCERT_MAX	1024

struct esvc_idcert {
	size_t len;
	uint8_t der[ESVC_IDCERT_MAX];
};

/* What a certificate says beside its key. */
struct esvc_idcert_facts {
	uint64_t device_id;
	uint32_t fw_version;
	uint8_t measurement[ESV_MEASUREMENT_LEN];
	bool test;
};

struct esvc_signer {
	const uint8_t *priv;
	uint8_t pub[ESVC_P256_PUB];
};

/* Signed by itself, in place of the one that a manufacturer's CA issues. 0 or -EIO. */
int esvc_idcert_device(const struct esvc_idcert_facts *facts, const struct esvc_signer *device, struct esvc_idcert *out);
/* Signed by the device key. 0 or -EIO. */
int esvc_idcert_boot(const struct esvc_idcert_facts *facts, const struct esvc_signer *device,
		   const uint8_t boot[ESVC_P256_PUB], struct esvc_idcert *out);

#endif
