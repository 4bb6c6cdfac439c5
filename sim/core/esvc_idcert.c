// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_idcert.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "esvc_dice.h"

#define SERIAL_LEN	16
/* RFC 5280 4.1.2.5: no well-defined end. */
#define NOT_BEFORE	"20250101000000Z"
#define NOT_AFTER	"99991231235959Z"

struct ext {
	int nid;
	const char *value;
};

/* In test mode no name can be taken for one of production. */
static int set_name(X509_NAME *name, const char *cn, const char *serial, bool test)
{
	const unsigned char *c = (const void *)cn, *s = (const void *)serial;

	return (!serial || X509_NAME_add_entry_by_NID(name, NID_serialNumber, MBSTRING_ASC, s, -1, -1, 0)) &&
	       (!test || X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_ASC, (const void *)"test mode", -1, -1, 0)) &&
	       X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC, c, -1, -1, 0);
}

static int device_name(X509_NAME *name, const struct esvc_idcert_facts *facts)
{
	char cn[48];

	snprintf(cn, sizeof(cn), "espvault device %016" PRIx64, facts->device_id);
	return set_name(name, cn, NULL, facts->test);
}

static int boot_name(X509_NAME *name, const struct esvc_idcert_facts *facts)
{
	char id[24];

	snprintf(id, sizeof(id), "%016" PRIx64, facts->device_id);
	return set_name(name, "espvault boot key", id, facts->test);
}

/* Unique for each key, since it comes from it; positive and never 0. */
static int set_serial(X509 *cert, const uint8_t *pub)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	BIGNUM *n;
	int ok;

	SHA256(pub, ESVC_P256_PUB, hash);
	hash[0] = (hash[0] & 0x7f) | 0x40;
	n = BN_bin2bn(hash, SERIAL_LEN, NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
	BN_free(n);
	return ok;
}

static int set_validity(X509 *cert)
{
	return ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), NOT_BEFORE) &&
	       ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), NOT_AFTER);
}

static int add_exts(X509 *cert, X509 *issuer, const struct ext *exts)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	for (; exts->nid; exts++) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, exts->nid, exts->value);
		int ok = e && X509_add_ext(cert, e, -1);

		X509_EXTENSION_free(e);
		if (!ok)
			return 0;
	}
	return 1;
}

/* Version, serial number, validity and key; NULL: no. */
static X509 *begin(const uint8_t *pub)
{
	X509 *cert = X509_new();
	EVP_PKEY *key = esvc_p256_key(NULL, pub);

	if (cert && key && X509_set_version(cert, X509_VERSION_3) && set_serial(cert, pub) && set_validity(cert) &&
	    X509_set_pubkey(cert, key)) {
		EVP_PKEY_free(key);
		return cert;
	}
	EVP_PKEY_free(key);
	X509_free(cert);
	return NULL;
}

static int sign(X509 *cert, const struct esvc_signer *by)
{
	EVP_PKEY *key = esvc_p256_key(by->priv, by->pub);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	int ok = key && ctx && EVP_DigestSignInit_ex(ctx, &pctx, "SHA256", NULL, NULL, key, NULL) > 0 &&
		 !esvc_ecdsa_deterministic(pctx) && X509_sign_ctx(cert, ctx) > 0;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok;
}

static int finish(X509 *cert, bool ok, struct esvc_idcert *out)
{
	uint8_t *at = out->der;
	int len = ok ? i2d_X509(cert, NULL) : 0;

	ok = len > 0 && len <= ESVC_IDCERT_MAX && i2d_X509(cert, &at) == len;
	out->len = ok ? (size_t)len : 0;
	X509_free(cert);
	ERR_clear_error();
	return ok ? 0 : -EIO;
}

static const struct ext device_exts[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign" },
	{ NID_subject_key_identifier, "hash" },
	{ 0, NULL },
};

static const struct ext boot_exts[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0, NULL },
};

int esvc_idcert_device(const struct esvc_idcert_facts *facts, const struct esvc_signer *device, struct esvc_idcert *out)
{
	X509 *cert = begin(device->pub);
	bool ok = cert && device_name(X509_get_subject_name(cert), facts) &&
		  device_name(X509_get_issuer_name(cert), facts) && add_exts(cert, cert, device_exts) &&
		  sign(cert, device);

	return finish(cert, ok, out);
}

int esvc_idcert_boot(const struct esvc_idcert_facts *facts, const struct esvc_signer *device,
		   const uint8_t boot[ESVC_P256_PUB], struct esvc_idcert *out)
{
	X509 *cert = begin(boot), *issuer = begin(device->pub);
	bool ok = cert && issuer && add_exts(issuer, issuer, device_exts) &&	/* its key identifier is all that is needed */
		  boot_name(X509_get_subject_name(cert), facts) && device_name(X509_get_issuer_name(cert), facts) &&
		  add_exts(cert, issuer, boot_exts) && !esvc_dice_add(cert, facts) && sign(cert, device);

	X509_free(issuer);
	return finish(cert, ok, out);
}
