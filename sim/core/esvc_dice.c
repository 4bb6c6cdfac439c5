// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_dice.h"

#include <errno.h>
#include <openssl/asn1t.h>
#include <stdio.h>

#define TCB_INFO	"2.23.133.5.4.1"	/* tcg-dice-TcbInfo */
#define FLAG_DEBUG	3			/* of OperationalFlags */

/* libcrypto's templates want type names. */
typedef struct {
	ASN1_OBJECT *hash;
	ASN1_OCTET_STRING *digest;
} FWID;

DEFINE_STACK_OF(FWID)

typedef struct {
	ASN1_UTF8STRING *vendor;
	ASN1_UTF8STRING *model;
	ASN1_UTF8STRING *version;
	STACK_OF(FWID) *fwids;
	ASN1_BIT_STRING *flags;
} TCB_INFO_EXT;

ASN1_SEQUENCE(FWID) = {
	ASN1_SIMPLE(FWID, hash, ASN1_OBJECT),
	ASN1_SIMPLE(FWID, digest, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(FWID)

/* Members that no device of ours has are left out of the template. */
ASN1_SEQUENCE(TCB_INFO_EXT) = {
	ASN1_IMP_OPT(TCB_INFO_EXT, vendor, ASN1_UTF8STRING, 0),
	ASN1_IMP_OPT(TCB_INFO_EXT, model, ASN1_UTF8STRING, 1),
	ASN1_IMP_OPT(TCB_INFO_EXT, version, ASN1_UTF8STRING, 2),
	ASN1_IMP_SEQUENCE_OF_OPT(TCB_INFO_EXT, fwids, FWID, 6),
	ASN1_IMP_OPT(TCB_INFO_EXT, flags, ASN1_BIT_STRING, 7),
} static_ASN1_SEQUENCE_END(TCB_INFO_EXT)

static ASN1_UTF8STRING *text_of(const char *text)
{
	ASN1_UTF8STRING *s = ASN1_UTF8STRING_new();

	if (s && ASN1_STRING_set(s, text, -1))
		return s;
	ASN1_UTF8STRING_free(s);
	return NULL;
}

/* The stack owns it. */
static int add_fwid(STACK_OF(FWID) *fwids, const struct esvc_idcert_facts *facts)
{
	FWID *f = (FWID *)ASN1_item_new(ASN1_ITEM_rptr(FWID));

	if (!f)
		return 0;
	ASN1_OBJECT_free(f->hash);
	f->hash = OBJ_nid2obj(NID_sha256);
	if (ASN1_OCTET_STRING_set(f->digest, facts->measurement, ESV_MEASUREMENT_LEN) && sk_FWID_push(fwids, f) > 0)
		return 1;
	ASN1_item_free((ASN1_VALUE *)f, ASN1_ITEM_rptr(FWID));
	return 0;
}

static int fill(TCB_INFO_EXT *t, const struct esvc_idcert_facts *facts)
{
	char version[24];

	snprintf(version, sizeof(version), "%u.%u.%u", facts->fw_version >> 16, facts->fw_version >> 8 & 0xff,
		 facts->fw_version & 0xff);
	t->vendor = text_of("espvault");
	t->model = text_of("espvault-core");
	t->version = text_of(version);
	t->fwids = sk_FWID_new_null();
	t->flags = ASN1_BIT_STRING_new();
	return t->vendor && t->model && t->version && t->fwids && t->flags && add_fwid(t->fwids, facts) &&
	       (!facts->test || ASN1_BIT_STRING_set_bit(t->flags, FLAG_DEBUG, 1));
}

int esvc_dice_add(X509 *cert, const struct esvc_idcert_facts *facts)
{
	TCB_INFO_EXT *t = (TCB_INFO_EXT *)ASN1_item_new(ASN1_ITEM_rptr(TCB_INFO_EXT));
	ASN1_OBJECT *oid = OBJ_txt2obj(TCB_INFO, 1);
	ASN1_OCTET_STRING *value = NULL;
	X509_EXTENSION *ext = NULL;
	int ok;

	if (t && oid && fill(t, facts))
		value = ASN1_item_pack(t, ASN1_ITEM_rptr(TCB_INFO_EXT), NULL);
	/* Not critical: whoever does not know it can still check the signatures. */
	if (value)
		ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
	ok = ext && X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
	ASN1_item_free((ASN1_VALUE *)t, ASN1_ITEM_rptr(TCB_INFO_EXT));
	return ok ? 0 : -EIO;
}
