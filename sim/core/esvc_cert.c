// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_cert.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

#define STRENGTH	2	/* libcrypto's level of 112 bits */

enum { ID_IPV4 = 1, ID_FQDN = 2, ID_RFC822 = 3, ID_IPV6 = 5, ID_DN = 9 };

static X509 *read_cert(struct esvc_bytes der)
{
	const uint8_t *at = der.p;
	X509 *x = d2i_X509(NULL, &at, (long)der.len);

	if (x && at == (const uint8_t *)der.p + der.len)
		return x;
	X509_free(x);
	return NULL;
}

int esvc_cert_check(struct esvc_bytes der)
{
	X509 *x = read_cert(der);
	int err = x ? 0 : -EINVAL;

	X509_free(x);
	ERR_clear_error();
	return err;
}

int esvc_cert_anchor_check(struct esvc_bytes der)
{
	X509 *x = read_cert(der);
	int err = x && X509_check_ca(x) == 1 ? 0 : -EINVAL;

	X509_free(x);
	ERR_clear_error();
	return err;
}

/* An extension that is not there forbids nothing. */
static bool ike_usage(X509 *x)
{
	uint32_t flags = X509_get_extension_flags(x);
	EXTENDED_KEY_USAGE *eku;
	bool found = false;

	if (flags & EXFLAG_INVALID)
		return false;
	if (flags & EXFLAG_KUSAGE && !(X509_get_key_usage(x) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)))
		return false;
	if (!(flags & EXFLAG_XKUSAGE))
		return true;
	eku = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, i));

		found |= nid == NID_anyExtendedKeyUsage || nid == NID_ipsec_IKE;
	}
	sk_ASN1_OBJECT_pop_free(eku, ASN1_OBJECT_free);
	return found;
}

static X509_STORE_CTX *new_context(X509_STORE *store, X509 *leaf, STACK_OF(X509) *others, int64_t now_s)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;

	if (!ctx || !X509_STORE_CTX_init(ctx, store, leaf, others)) {
		X509_STORE_CTX_free(ctx);
		return NULL;
	}
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
	X509_VERIFY_PARAM_set_depth(param, ESV_CERTS_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, STRENGTH);
	/* The anchor is what was provisioned, whether it signed itself or not. */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT);
	return ctx;
}

static int walk(X509 *anchor, X509 *leaf, STACK_OF(X509) *others, int64_t now_s)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = NULL;
	int err = -EIO;

	if (store && X509_STORE_add_cert(store, anchor))
		ctx = new_context(store, leaf, others, now_s);
	if (ctx)
		err = X509_verify_cert(ctx) == 1 ? 0 : -EBADMSG;
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return err;
}

static int put_key(X509 *leaf, uint8_t *spki, size_t *spki_len)
{
	X509_PUBKEY *key = X509_get_X509_PUBKEY(leaf);
	uint8_t *at = spki;
	int len = i2d_X509_PUBKEY(key, NULL);

	if (len <= 0 || len > ESVC_SPKI_MAX)
		return -EBADMSG;
	*spki_len = (size_t)i2d_X509_PUBKEY(key, &at);
	return 0;
}

int esvc_cert_verify(const struct esvc_cert_chain *chain, uint8_t *spki, size_t *spki_len)
{
	X509 *anchor = read_cert(chain->anchor), *leaf = read_cert(chain->cert[0]);
	STACK_OF(X509) *others = sk_X509_new_null();
	int err = anchor && leaf && others ? 0 : -EIO;

	for (unsigned int i = 1; i < chain->nr_certs && !err; i++) {
		X509 *x = read_cert(chain->cert[i]);

		if (!x || !sk_X509_push(others, x)) {
			X509_free(x);
			err = -EIO;
		}
	}
	if (!err)
		err = ike_usage(leaf) ? walk(anchor, leaf, others, chain->now_s) : -EBADMSG;
	if (!err)
		err = put_key(leaf, spki, spki_len);
	sk_X509_pop_free(others, X509_free);
	X509_free(leaf);
	X509_free(anchor);
	ERR_clear_error();
	return err;
}

static bool same_text(const ASN1_STRING *s, struct esvc_bytes id)
{
	return (size_t)ASN1_STRING_length(s) == id.len &&
	       !strncasecmp((const char *)ASN1_STRING_get0_data(s), id.p, id.len);
}

static bool same_bytes(const ASN1_STRING *s, struct esvc_bytes id)
{
	return (size_t)ASN1_STRING_length(s) == id.len && !memcmp(ASN1_STRING_get0_data(s), id.p, id.len);
}

/* A mailbox is compared as it stands; only a host name has no case (RFC 5280 7.2, 7.5). */
static bool names(const GENERAL_NAME *n, uint8_t id_type, struct esvc_bytes id)
{
	switch (id_type) {
	case ID_FQDN:
		return n->type == GEN_DNS && !memchr(id.p, 0, id.len) && same_text(n->d.dNSName, id);
	case ID_RFC822:
		return n->type == GEN_EMAIL && !memchr(id.p, 0, id.len) && same_bytes(n->d.rfc822Name, id);
	case ID_IPV4:
	case ID_IPV6:
		return n->type == GEN_IPADD && same_bytes(n->d.iPAddress, id);
	default:
		return false;
	}
}

static bool is_subject(X509 *x, struct esvc_bytes id)
{
	const uint8_t *at = id.p;
	X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)id.len);
	bool same = name && at == (const uint8_t *)id.p + id.len && !X509_NAME_cmp(name, X509_get_subject_name(x));

	X509_NAME_free(name);
	return same;
}

bool esvc_cert_names(struct esvc_bytes der, uint8_t id_type, struct esvc_bytes id)
{
	X509 *x = read_cert(der);
	GENERAL_NAMES *alt = x ? X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL) : NULL;
	bool found = x && id_type == ID_DN && is_subject(x, id);

	for (int i = 0; i < sk_GENERAL_NAME_num(alt); i++)
		found |= names(sk_GENERAL_NAME_value(alt, i), id_type, id);
	GENERAL_NAMES_free(alt);
	X509_free(x);
	ERR_clear_error();
	return found;
}
