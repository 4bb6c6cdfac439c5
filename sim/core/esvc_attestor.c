// SPDX-License-Identifier: GPL-2.0-or-later
/* The two keys that make a statement worth something, and their certificates (UNIT-97). */
#include "esvc_dev.h"
#include "esvc_unit_priv.h"

#include <endian.h>
#include <errno.h>
#include <openssl/sha.h>
#include <string.h>

#include "esvc_unit_kat.h"

/* The odds that even one draw is no scalar of P-256 are 2^-32. */
#define DRAWS	8

/*
 * A real device's measurement is the hash of its image, taken by what starts it. This one can't
 * hash what it is compiled into, so it says its versions and no more.
 */
static void measure(uint8_t measurement[ESV_MEASUREMENT_LEN])
{
	static const char label[] = "espvault measurement 1";
	const uint32_t versions[] = { htole32(ESVC_FW_VERSION), htole32(ESV_IF_VERSION) };
	uint8_t octets[sizeof(label) + sizeof(versions)];

	memcpy(octets, label, sizeof(label));
	memcpy(octets + sizeof(label), versions, sizeof(versions));
	SHA256(octets, sizeof(octets), measurement);
}

static int draw(struct esvc_unit *unit, uint8_t *priv)
{
	for (unsigned int i = 0; i < DRAWS; i++) {
		int err = esvc_rng_get(&unit->sec->rng, priv, ESVC_P256_PRIV);

		if (err || esvc_ke_usable(esvc_ke_method(ESV_KE_P256), priv))
			return err;
	}
	return -EIO;
}

static int open_signer(struct esvc_signer *s, const uint8_t *priv)
{
	s->priv = priv;
	return esvc_ke_public(esvc_ke_method(ESV_KE_P256), priv, s->pub);
}

int esvc_attestor_selftest(struct esvc_unit *unit)
{
	const struct esvc_attestor *a = &unit->attestor;

	return esvc_p256_pairwise(a->device.priv, a->device.pub) || esvc_p256_pairwise(a->boot.priv, a->boot.pub) ?
	       -EKEYREJECTED : 0;
}

int esvc_attestor_init(struct esvc_unit *unit)
{
	struct esvc_attestor *a = &unit->attestor;
	int err = draw(unit, unit->id->boot_key);

	a->facts.device_id = unit->cfg.device_id;
	a->facts.fw_version = ESVC_FW_VERSION;
	a->facts.test = unit->cfg.mode & ESV_MODE_TEST;
	measure(a->facts.measurement);
	if (!err)
		err = open_signer(&a->device, unit->id->device_key);
	if (!err)
		err = open_signer(&a->boot, unit->id->boot_key);
	if (err)
		return err;
	if (unit->cfg.fail_selftest && unit->cfg.fail_n == ESVC_KAT_ATTEST)	/* a fault of the test rig */
		a->boot.pub[0] ^= 1;
	err = esvc_attestor_selftest(unit);
	if (!err)
		err = esvc_idcert_device(&a->facts, &a->device, &a->device_cert);
	if (!err)
		err = esvc_idcert_boot(&a->facts, &a->device, a->boot.pub, &a->boot_cert);
	return err;
}
