// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_cms.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>

static X509 *read_cert(const struct esvc_idcert *cert)
{
	const uint8_t *at = cert->der;

	return d2i_X509(NULL, &at, (long)cert->len);
}

/* No time, since the unit has none to vouch for, and no S/MIME capabilities. */
static int add_signer(CMS_ContentInfo *cms, X509 *cert, EVP_PKEY *key)
{
	CMS_SignerInfo *si = CMS_add1_signer(cms, cert, key, EVP_sha256(),
					     CMS_KEY_PARAM | CMS_NOSMIMECAP | CMS_NO_SIGNING_TIME);
	EVP_PKEY_CTX *ctx = si ? CMS_SignerInfo_get0_pkey_ctx(si) : NULL;

	return ctx && !esvc_ecdsa_deterministic(ctx);
}

static CMS_ContentInfo *sign(X509 *cert, X509 *ca, EVP_PKEY *key, BIO *content)
{
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_BINARY);

	if (cms && add_signer(cms, cert, key) && CMS_add1_cert(cms, ca) && CMS_final(cms, content, NULL, CMS_BINARY))
		return cms;
	CMS_ContentInfo_free(cms);
	return NULL;
}

int esvc_cms_sign(const struct esvc_signer *signer, const struct esvc_idcert *cert, const struct esvc_idcert *ca,
		  const void *content, size_t len, uint8_t *out, size_t *out_len)
{
	EVP_PKEY *key = esvc_p256_key(signer->priv, signer->pub);
	X509 *x = read_cert(cert), *xca = read_cert(ca);
	BIO *bio = BIO_new_mem_buf(content, (int)len);
	CMS_ContentInfo *cms = key && x && xca && bio ? sign(x, xca, key, bio) : NULL;
	int n = cms ? i2d_CMS_ContentInfo(cms, NULL) : 0, err = -EIO;

	if (n > 0 && (size_t)n > *out_len)
		err = -ENOSPC;
	else if (n > 0 && i2d_CMS_ContentInfo(cms, &out) == n)
		err = 0;
	*out_len = err ? 0 : (size_t)n;
	CMS_ContentInfo_free(cms);
	BIO_free(bio);
	X509_free(xca);
	X509_free(x);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}
