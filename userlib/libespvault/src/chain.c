// SPDX-License-Identifier: LGPL-2.1-or-later
/* From the certificate that signed a statement to one that the verifier trusts. */
#include "priv.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static int add_der(STACK_OF(X509) *to, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	X509 *cert = d2i_X509(NULL, &at, (long)len);

	if (cert && at == (const unsigned char *)bytes + len && sk_X509_push(to, cert) > 0)
		return 0;
	X509_free(cert);
	return -EINVAL;
}

/* At least one, and every one of them whole. */
static int add_pem(STACK_OF(X509) *to, const void *bytes, size_t len)
{
	BIO *bio = BIO_new_mem_buf(bytes, (int)len);
	X509 *cert = NULL;
	int n = 0;

	while (bio && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) && sk_X509_push(to, cert) > 0)
		n++;
	BIO_free(bio);
	if (n && !cert && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
		return 0;
	return -EINVAL;
}

/* Certificates of a caller, in either form. */
static STACK_OF(X509) *read_certs(const void *bytes, size_t len)
{
	STACK_OF(X509) *certs = sk_X509_new_null();

	if (certs && bytes && len && len <= INT32_MAX &&
	    !(memmem(bytes, len, "-----BEGIN ", 11) ? add_pem(certs, bytes, len) : add_der(certs, bytes, len)))
		return certs;
	sk_X509_pop_free(certs, X509_free);
	return NULL;
}

/*
 * What a statement brings along is not trusted. A certificate that its own key signed leads nowhere
 * unless it is trusted, and would only stand in the way of one that a CA issued for the same key.
 */
static int add_brought(STACK_OF(X509) *to, CMS_ContentInfo *cms)
{
	STACK_OF(X509) *brought = CMS_get1_certs(cms);
	int ok = 1;

	for (int i = 0; i < sk_X509_num(brought); i++) {
		X509 *cert = sk_X509_value(brought, i);

		if (X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)))
			ok &= X509_add_cert(to, cert, X509_ADD_FLAG_UP_REF | X509_ADD_FLAG_NO_DUP);
	}
	sk_X509_pop_free(brought, X509_free);
	return ok ? 0 : -ENOMEM;
}

static X509_STORE *store_of(STACK_OF(X509) *anchors)
{
	X509_STORE *store = X509_STORE_new();
	int ok = store && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);

	for (int i = 0; ok && i < sk_X509_num(anchors); i++)
		ok = X509_STORE_add_cert(store, sk_X509_value(anchors, i));
	if (ok)
		return store;
	X509_STORE_free(store);
	return NULL;
}

static int judge(const struct esp_verify *v, X509_STORE *store, STACK_OF(X509) *between)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int err = -ENOMEM, ok;
	char words[200];

	if (ctx && X509_STORE_CTX_init(ctx, store, v->signer, between)) {
		ok = X509_verify_cert(ctx) == 1;
		snprintf(words, sizeof(words), "the certificates in the statement do not lead to the anchor: %s",
			 X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
		err = ok ? 0 : esp_verify_refuse(v, -ENOKEY, words);
	}
	X509_STORE_CTX_free(ctx);
	return err;
}

/* The signer itself as an anchor would be a promise about one boot of the device: that is allowed. */
int esp_chain_verify(const struct esp_verify *v, CMS_ContentInfo *cms)
{
	STACK_OF(X509) *anchors = read_certs(v->p.anchor, v->p.anchor_len);
	STACK_OF(X509) *between = v->p.chain ? read_certs(v->p.chain, v->p.chain_len) : sk_X509_new_null();
	X509_STORE *store = anchors ? store_of(anchors) : NULL;
	int err = -ENOMEM;

	if (!anchors)
		err = esp_verify_refuse(v, -EINVAL, "the anchor is no certificate in DER or PEM");
	else if (!between && v->p.chain)
		err = esp_verify_refuse(v, -EINVAL, "the chain holds no certificate in DER or PEM");
	else if (store && between && !add_brought(between, cms))
		err = judge(v, store, between);
	X509_STORE_free(store);
	sk_X509_pop_free(between, X509_free);
	sk_X509_pop_free(anchors, X509_free);
	return err;
}
