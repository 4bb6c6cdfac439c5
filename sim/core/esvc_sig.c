// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_sig.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "esvc_p256.h"

#define RSA_BITS_MIN	2048
#define RSA_BITS_MAX	4096

static const struct scheme {
	int key_type;		/* EVP_PKEY_* */
	int curve;		/* EC: NID of the group */
	int oid;		/* NID of the AlgorithmIdentifier */
	const char *digest;	/* NULL: the scheme has its own */
	int digest_nid;
} schemes[] = {
	[ESV_SIG_ECDSA_P256_SHA2_256] = { EVP_PKEY_EC, NID_X9_62_prime256v1, NID_ecdsa_with_SHA256, "SHA256", 0 },
	[ESV_SIG_ECDSA_P384_SHA2_384] = { EVP_PKEY_EC, NID_secp384r1, NID_ecdsa_with_SHA384, "SHA384", 0 },
	[ESV_SIG_ED25519] = { EVP_PKEY_ED25519, 0, NID_ED25519, NULL, 0 },
	[ESV_SIG_RSA_PSS_SHA2_256] = { EVP_PKEY_RSA, 0, NID_rsassaPss, "SHA256", NID_sha256 },
	[ESV_SIG_RSA_PSS_SHA2_384] = { EVP_PKEY_RSA, 0, NID_rsassaPss, "SHA384", NID_sha384 },
	[ESV_SIG_RSA_PSS_SHA2_512] = { EVP_PKEY_RSA, 0, NID_rsassaPss, "SHA512", NID_sha512 },
};

#define NR_SCHEMES	(sizeof(schemes) / sizeof(schemes[0]))

static int curve_of(const EVP_PKEY *key)
{
	char name[32];
	size_t len;

	if (!EVP_PKEY_get_group_name(key, name, sizeof(name), &len))
		return NID_undef;
	return OBJ_txt2nid(name);
}

static bool fits(const struct scheme *s, const EVP_PKEY *key)
{
	return s->key_type && EVP_PKEY_get_base_id(key) == s->key_type && (!s->curve || curve_of(key) == s->curve);
}

static EVP_PKEY *read_private(struct esvc_bytes der)
{
	const uint8_t *at = der.p;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len);
	EVP_PKEY *key = info && at == (const uint8_t *)der.p + der.len ? EVP_PKCS82PKEY(info) : NULL;

	PKCS8_PRIV_KEY_INFO_free(info);
	return key;
}

static EVP_PKEY *read_public(struct esvc_bytes der)
{
	const uint8_t *at = der.p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.len);

	if (key && at == (const uint8_t *)der.p + der.len)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static int key_check(EVP_PKEY *key)
{
	bool known = false;

	for (size_t i = 1; key && i < NR_SCHEMES; i++)
		known |= fits(&schemes[i], key);
	if (!known)
		return -EINVAL;
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
	    (EVP_PKEY_get_bits(key) < RSA_BITS_MIN || EVP_PKEY_get_bits(key) > RSA_BITS_MAX))
		return -EKEYREJECTED;
	return 0;
}

/* check: what libcrypto says of the whole key, 1: it is good. */
static int check_and_free(EVP_PKEY *key, int (*check)(EVP_PKEY_CTX *ctx))
{
	EVP_PKEY_CTX *ctx = NULL;
	int err = key_check(key);

	if (!err) {
		ctx = EVP_PKEY_CTX_new(key, NULL);
		err = ctx && check(ctx) == 1 ? 0 : -EBADMSG;
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

int esvc_sig_private_check(struct esvc_bytes der)
{
	return check_and_free(read_private(der), EVP_PKEY_pairwise_check);
}

int esvc_sig_public_check(struct esvc_bytes der)
{
	return check_and_free(read_public(der), EVP_PKEY_public_check);
}

/* The hash's own MGF1, a salt as long as the hash (RFC 7427 A.4.3, RFC 8247 3.2). */
static int pss_setup(const struct scheme *s, EVP_PKEY_CTX *ctx)
{
	if (s->oid != NID_rsassaPss)
		return 1;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

static int sign(const struct scheme *s, EVP_PKEY *key, struct esvc_bytes octets, uint8_t *out, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	int ok;

	ok = ctx && EVP_DigestSignInit_ex(ctx, &pctx, s->digest, NULL, NULL, key, NULL) > 0 && pss_setup(s, pctx) &&
	     (s->key_type != EVP_PKEY_EC || !esvc_ecdsa_deterministic(pctx)) && EVP_DigestSign(ctx, out, len, octets.p, octets.len) > 0;
	EVP_MD_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

/* Everything but RSASSA-PSS is an object identifier and nothing else. */
static X509_ALGOR *pss_identifier(const struct scheme *s)
{
	X509_ALGOR *alg = X509_ALGOR_new(), *hash = X509_ALGOR_new();
	RSA_PSS_PARAMS *pss = RSA_PSS_PARAMS_new();
	ASN1_STRING *mgf_params = NULL, *params = NULL;
	const EVP_MD *md = EVP_get_digestbynid(s->digest_nid);

	if (alg && hash && pss) {
		X509_ALGOR_set0(hash, OBJ_nid2obj(s->digest_nid), V_ASN1_NULL, NULL);	/* RFC 7427 A.4.3 */
		pss->hashAlgorithm = hash;
		pss->maskGenAlgorithm = X509_ALGOR_new();
		pss->saltLength = ASN1_INTEGER_new();
		mgf_params = ASN1_item_pack(hash, ASN1_ITEM_rptr(X509_ALGOR), NULL);
	}
	if (mgf_params && pss->maskGenAlgorithm && pss->saltLength &&
	    ASN1_INTEGER_set(pss->saltLength, EVP_MD_get_size(md))) {
		X509_ALGOR_set0(pss->maskGenAlgorithm, OBJ_nid2obj(NID_mgf1), V_ASN1_SEQUENCE, mgf_params);
		mgf_params = NULL;
		params = ASN1_item_pack(pss, ASN1_ITEM_rptr(RSA_PSS_PARAMS), NULL);
	}
	ASN1_STRING_free(mgf_params);
	if (pss && pss->hashAlgorithm)
		hash = NULL;
	RSA_PSS_PARAMS_free(pss);
	X509_ALGOR_free(hash);
	if (params && X509_ALGOR_set0(alg, OBJ_nid2obj(NID_rsassaPss), V_ASN1_SEQUENCE, params))
		return alg;
	ASN1_STRING_free(params);
	X509_ALGOR_free(alg);
	return NULL;
}

static X509_ALGOR *identifier(const struct scheme *s)
{
	X509_ALGOR *alg;

	if (s->oid == NID_rsassaPss)
		return pss_identifier(s);
	alg = X509_ALGOR_new();
	if (alg)
		X509_ALGOR_set0(alg, OBJ_nid2obj(s->oid), V_ASN1_UNDEF, NULL);
	return alg;
}

int esvc_sig_sign(unsigned int scheme, struct esvc_bytes der, struct esvc_bytes octets, uint8_t *out, size_t *len)
{
	const struct scheme *s = scheme < NR_SCHEMES ? &schemes[scheme] : &schemes[0];
	EVP_PKEY *key = read_private(der);
	X509_ALGOR *alg = NULL;
	uint8_t *at = out + 1;
	int err = -EIO, n;

	if (key && !fits(s, key)) {
		err = -EINVAL;
	} else if (key) {
		alg = identifier(s);
		n = alg ? i2d_X509_ALGOR(alg, NULL) : 0;
		if (n > 0 && n < 256 && i2d_X509_ALGOR(alg, &at) == n) {
			out[0] = (uint8_t)n;
			*len = ESVC_SIG_AUTH_MAX - 1 - (size_t)n;
			err = sign(s, key, octets, at, len);
			*len += 1 + (size_t)n;
		}
	}
	X509_ALGOR_free(alg);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

static int digest_of(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *oid;

	X509_ALGOR_get0(&oid, NULL, NULL, alg);
	return OBJ_obj2nid(oid);
}

static int mgf_digest(const X509_ALGOR *mgf)
{
	const ASN1_OBJECT *oid;
	const void *params;
	X509_ALGOR *hash;
	int type, nid;

	X509_ALGOR_get0(&oid, &type, &params, mgf);
	if (OBJ_obj2nid(oid) != NID_mgf1 || type != V_ASN1_SEQUENCE)
		return NID_undef;
	hash = ASN1_item_unpack(params, ASN1_ITEM_rptr(X509_ALGOR));
	nid = hash ? digest_of(hash) : NID_undef;
	X509_ALGOR_free(hash);
	return nid;
}

/* Parameters may be written in more than one way, so they are read, not compared. */
static int pss_digest(const void *params, int type)
{
	RSA_PSS_PARAMS *pss;
	int nid = NID_undef;

	pss = type == V_ASN1_SEQUENCE ? ASN1_item_unpack(params, ASN1_ITEM_rptr(RSA_PSS_PARAMS)) : NULL;
	if (pss && pss->hashAlgorithm && pss->maskGenAlgorithm && pss->saltLength) {
		const EVP_MD *md = EVP_get_digestbynid(digest_of(pss->hashAlgorithm));

		if (md && mgf_digest(pss->maskGenAlgorithm) == EVP_MD_get_type(md) &&
		    ASN1_INTEGER_get(pss->saltLength) == EVP_MD_get_size(md) &&
		    (!pss->trailerField || ASN1_INTEGER_get(pss->trailerField) == 1))
			nid = EVP_MD_get_type(md);
	}
	RSA_PSS_PARAMS_free(pss);
	return nid;
}

static const struct scheme *scheme_of(struct esvc_bytes der)
{
	const uint8_t *at = der.p;
	X509_ALGOR *alg = d2i_X509_ALGOR(NULL, &at, (long)der.len);
	const struct scheme *s = NULL;
	const ASN1_OBJECT *oid;
	const void *params;
	int type, nid, digest = 0;

	if (alg && at == (const uint8_t *)der.p + der.len) {
		X509_ALGOR_get0(&oid, &type, &params, alg);
		nid = OBJ_obj2nid(oid);
		if (nid == NID_rsassaPss)
			digest = pss_digest(params, type);
		for (size_t i = 1; i < NR_SCHEMES; i++)
			if (schemes[i].oid == nid && schemes[i].digest_nid == digest)
				s = &schemes[i];
	}
	X509_ALGOR_free(alg);
	return s;
}

static int verify(const struct scheme *s, EVP_PKEY *key, struct esvc_bytes octets, struct esvc_bytes signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	int err = -EIO;

	if (ctx && EVP_DigestVerifyInit_ex(ctx, &pctx, s->digest, NULL, NULL, key, NULL) > 0 && pss_setup(s, pctx))
		err = EVP_DigestVerify(ctx, signature.p, signature.len, octets.p, octets.len) == 1 ? 0 : -EBADMSG;
	EVP_MD_CTX_free(ctx);
	return err;
}

int esvc_sig_verify(struct esvc_bytes der, struct esvc_bytes octets, struct esvc_bytes auth)
{
	const uint8_t *a = auth.p;
	size_t alg_len = auth.len ? 1u + a[0] : 0;
	const struct scheme *s;
	EVP_PKEY *key;
	int err = -EBADMSG;

	if (!alg_len || auth.len <= alg_len)
		return -EBADMSG;
	s = scheme_of((struct esvc_bytes){ a + 1, alg_len - 1 });
	key = s ? read_public(der) : NULL;
	if (key && fits(s, key))
		err = verify(s, key, octets, (struct esvc_bytes){ a + alg_len, auth.len - alg_len });
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}
