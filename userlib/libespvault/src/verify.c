// SPDX-License-Identifier: LGPL-2.1-or-later
/* Is a statement of a unit genuine? The signed form is CMS (RFC 5652), which libcrypto reads and checks. */
#include "priv.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int esp_verify_refuse(const struct esp_verify *v, int err, const char *words)
{
	if (v->p.words && v->p.words_size)
		snprintf(v->p.words, v->p.words_size, "%s", words);
	return err;
}

/* There is one encoding of one SignedData, so that nobody can make a second statement of one. */
static int is_der(CMS_ContentInfo *cms, const void *bytes, size_t len)
{
	unsigned char *again = NULL;
	int n = i2d_CMS_ContentInfo(cms, &again), same = n > 0 && (size_t)n == len && !memcmp(again, bytes, len);

	OPENSSL_free(again);
	return same;
}

/* NULL: no SignedData. *words: why. */
static CMS_ContentInfo *read_cms(const void *bytes, size_t len, const char **words)
{
	const unsigned char *at = bytes;
	CMS_ContentInfo *cms = len <= ESPVAULT_STATEMENT_MAX ? d2i_CMS_ContentInfo(NULL, &at, (long)len) : NULL;

	*words = NULL;
	if (!cms || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
		*words = "this is no signed data of CMS in DER";
	else if (at != (const unsigned char *)bytes + len)
		*words = "there are bytes behind the statement";
	else if (!is_der(cms, bytes, len))
		*words = "the statement is not encoded as DER has it";
	else if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) != 1)
		*words = "the statement has not one signature but none or several";
	if (!*words)
		return cms;
	CMS_ContentInfo_free(cms);
	return NULL;
}

/* Who signed is looked at afterwards: each failure has its own words. content: what was signed. */
static int check_signature(struct esp_verify *v, CMS_ContentInfo *cms, BIO *content)
{
	STACK_OF(X509) *signers;

	if (!CMS_verify(cms, NULL, NULL, NULL, content, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY))
		return esp_verify_refuse(v, -EKEYREJECTED,
					 "the signature does not fit the statement or a certificate in it");
	signers = CMS_get0_signers(cms);
	v->signer = signers ? sk_X509_value(signers, 0) : NULL;
	sk_X509_free(signers);
	return v->signer ? 0 : -ENOMEM;
}

static int verify(struct esp_verify *v, CMS_ContentInfo *cms, struct espvault_statement *out)
{
	BIO *content = BIO_new(BIO_s_mem());
	char *bytes;
	long len;
	int err = content ? check_signature(v, cms, content) : -ENOMEM;

	if (!err)
		err = esp_chain_verify(v, cms);
	if (!err) {
		len = BIO_get_mem_data(content, &bytes);
		err = esp_statement_judge(v, bytes, len > 0 ? (size_t)len : 0, out);
	}
	BIO_free(content);
	return err;
}

static int check_params(const struct esp_verify *v)
{
	if (v->p.flags & ~(ESPVAULT_ACCEPT_TEST | ESPVAULT_ANY_NONCE))
		return esp_verify_refuse(v, -EINVAL, "there are no such flags");
	if (!v->p.nonce != !!(v->p.flags & ESPVAULT_ANY_NONCE))
		return esp_verify_refuse(v, -EINVAL, "give the nonce, or say that any will do");
	return 0;
}

ESPVAULT_API int espvault_verify(const void *statement, size_t len, const struct espvault_verify_params *params,
				 struct espvault_statement *out)
{
	struct esp_verify v = { .signer = NULL };
	CMS_ContentInfo *cms;
	const char *words;
	int err;

	if (!statement || !params || !out)
		return -EINVAL;
	err = esp_struct_in(&v.p, sizeof(v.p), params);
	if (err)
		return err;
	esp_verify_refuse(&v, 0, "");
	err = check_params(&v);
	if (err)
		return err;
	cms = read_cms(statement, len, &words);
	err = cms ? verify(&v, cms, out) : esp_verify_refuse(&v, -EBADMSG, words);
	if (err == -ENOMEM)
		esp_verify_refuse(&v, err, "no memory");
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return err;
}

static X509 *self_signed(STACK_OF(X509) *certs)
{
	for (int i = 0; i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		if (!X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)))
			return cert;
	}
	return NULL;
}

static int put_pem(X509 *cert, char *pem, size_t *pem_len)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int err = -ENOMEM;
	char *text;
	long len;

	if (bio && PEM_write_bio_X509(bio, cert)) {
		len = BIO_get_mem_data(bio, &text);
		err = (size_t)len < *pem_len ? 0 : -ENOBUFS;
		if (!err) {
			memcpy(pem, text, (size_t)len);
			pem[len] = '\0';
			*pem_len = (size_t)len;
		}
	}
	BIO_free(bio);
	return err;
}

ESPVAULT_API int espvault_certificate(const void *statement, size_t len, char *pem, size_t *pem_len)
{
	STACK_OF(X509) *certs;
	CMS_ContentInfo *cms;
	const char *words;
	int err = -EBADMSG;
	X509 *cert;

	if (!statement || !pem || !pem_len)
		return -EINVAL;
	cms = read_cms(statement, len, &words);
	certs = cms ? CMS_get1_certs(cms) : NULL;
	cert = self_signed(certs);
	if (cert)
		err = put_pem(cert, pem, pem_len);
	sk_X509_pop_free(certs, X509_free);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return err;
}
