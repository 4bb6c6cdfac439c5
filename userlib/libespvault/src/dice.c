// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads a boot certificate: DiceTcbInfo of the TCG DICE Attestation Architecture, and the device id in the subject. */
#include "priv.h"

#include <errno.h>
#include <openssl/asn1t.h>
#include <openssl/x509.h>
#include <string.h>

#define TCB_INFO	"2.23.133.5.4.1"	/* tcg-dice-TcbInfo */
#define FLAG_DEBUG	3			/* of OperationalFlags */

/* libcrypto's templates want type names. */
typedef struct {
	ASN1_OBJECT *hash;
	ASN1_OCTET_STRING *digest;
} FWID;

DEFINE_STACK_OF(FWID)

typedef struct {
	ASN1_UTF8STRING *vendor, *model, *version;
	ASN1_INTEGER *svn, *layer, *index;
	STACK_OF(FWID) *fwids;
	ASN1_BIT_STRING *flags;
	ASN1_OCTET_STRING *vendor_info, *type;
} TCB_INFO_EXT;

ASN1_SEQUENCE(FWID) = {
	ASN1_SIMPLE(FWID, hash, ASN1_OBJECT),
	ASN1_SIMPLE(FWID, digest, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(FWID)

ASN1_SEQUENCE(TCB_INFO_EXT) = {
	ASN1_IMP_OPT(TCB_INFO_EXT, vendor, ASN1_UTF8STRING, 0),
	ASN1_IMP_OPT(TCB_INFO_EXT, model, ASN1_UTF8STRING, 1),
	ASN1_IMP_OPT(TCB_INFO_EXT, version, ASN1_UTF8STRING, 2),
	ASN1_IMP_OPT(TCB_INFO_EXT, svn, ASN1_INTEGER, 3),
	ASN1_IMP_OPT(TCB_INFO_EXT, layer, ASN1_INTEGER, 4),
	ASN1_IMP_OPT(TCB_INFO_EXT, index, ASN1_INTEGER, 5),
	ASN1_IMP_SEQUENCE_OF_OPT(TCB_INFO_EXT, fwids, FWID, 6),
	ASN1_IMP_OPT(TCB_INFO_EXT, flags, ASN1_BIT_STRING, 7),
	ASN1_IMP_OPT(TCB_INFO_EXT, vendor_info, ASN1_OCTET_STRING, 8),
	ASN1_IMP_OPT(TCB_INFO_EXT, type, ASN1_OCTET_STRING, 9),
} static_ASN1_SEQUENCE_END(TCB_INFO_EXT)

/* One, and nothing behind it. */
static TCB_INFO_EXT *find(X509 *cert)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(TCB_INFO, 1);
	int at = oid ? X509_get_ext_by_OBJ(cert, oid, -1) : -1;
	const ASN1_OCTET_STRING *value = NULL;
	const unsigned char *p;
	TCB_INFO_EXT *info;

	if (at >= 0 && X509_get_ext_by_OBJ(cert, oid, at) < 0)
		value = X509_EXTENSION_get_data(X509_get_ext(cert, at));
	ASN1_OBJECT_free(oid);
	if (!value)
		return NULL;
	p = ASN1_STRING_get0_data(value);
	info = (TCB_INFO_EXT *)ASN1_item_d2i(NULL, &p, ASN1_STRING_length(value), ASN1_ITEM_rptr(TCB_INFO_EXT));
	if (info && p == ASN1_STRING_get0_data(value) + ASN1_STRING_length(value))
		return info;
	ASN1_item_free((ASN1_VALUE *)info, ASN1_ITEM_rptr(TCB_INFO_EXT));
	return NULL;
}

/* Flags that are not there would leave open whether it is test mode. */
static int take(const TCB_INFO_EXT *info, struct esp_boot *boot)
{
	const FWID *f = info->fwids && sk_FWID_num(info->fwids) == 1 ? sk_FWID_value(info->fwids, 0) : NULL;

	if (!f || OBJ_obj2nid(f->hash) != NID_sha256 || !info->flags ||
	    ASN1_STRING_length(f->digest) != ESPVAULT_MEASUREMENT_LEN)
		return -EBADMSG;
	memcpy(boot->measurement, ASN1_STRING_get0_data(f->digest), ESPVAULT_MEASUREMENT_LEN);
	boot->test = ASN1_BIT_STRING_get_bit(info->flags, FLAG_DEBUG);
	return 0;
}

int esp_boot_read(X509 *cert, struct esp_boot *boot)
{
	TCB_INFO_EXT *info = find(cert);
	int err = info ? take(info, boot) : -EBADMSG;
	int n = X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_serialNumber, boot->device_id,
					  sizeof(boot->device_id));

	ASN1_item_free((ASN1_VALUE *)info, ASN1_ITEM_rptr(TCB_INFO_EXT));
	return err || n != 16 ? -EBADMSG : 0;
}
