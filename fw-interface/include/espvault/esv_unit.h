/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * espvault firmware interface: the trusted unit and its tokens.
 *
 * The request's object is the session. No command returns, slices, copies or
 * exports a secret (UNIT-1). Unknown, foreign and stale handles get the same
 * answer, BAD_HANDLE (UNIT-7).
 */
#ifndef ESPVAULT_ESV_UNIT_H
#define ESPVAULT_ESV_UNIT_H

#include <linux/types.h>

#include "esv_ipsec.h"

enum esv_ke {
	ESV_KE_X25519 = 1,
	ESV_KE_P256 = 2,
	ESV_KE_P384 = 3,
	ESV_KE_MODP2048 = 4,
	ESV_KE_MODP3072 = 5,
	ESV_KE_ML_KEM_768 = 6,
};

enum esv_prf {
	ESV_PRF_HMAC_SHA2_256 = 1,
	ESV_PRF_HMAC_SHA2_384 = 2,
	ESV_PRF_HMAC_SHA2_512 = 3,
	ESV_PRF_HMAC_SHA1 = 4,	/* test mode only, for old test vectors */
};

/* Signatures of AUTH payloads of method 14 (RFC 7427). */
enum esv_sig {
	ESV_SIG_ECDSA_P256_SHA2_256 = 1,
	ESV_SIG_ECDSA_P384_SHA2_384 = 2,
	ESV_SIG_ED25519 = 3,
	ESV_SIG_RSA_PSS_SHA2_256 = 4,
	ESV_SIG_RSA_PSS_SHA2_384 = 5,
	ESV_SIG_RSA_PSS_SHA2_512 = 6,
};
enum esv_role { ESV_ROLE_INITIATOR = 1, ESV_ROLE_RESPONDER = 2 };

/* Handle types; the state machine is clause UNIT-10. */
enum esv_handle_type {
	ESV_H_NONCE = 1,	/* consumed by one derivation */
	ESV_H_KE = 2,		/* consumed by KE_FINISH */
	ESV_H_SECRET = 3,	/* consumed by one derivation */
	ESV_H_IKE = 4,		/* an IKE SA's keys */
	ESV_H_ESP = 5,		/* a child key, known outside by its token */
	ESV_H_PSK = 6,		/* provisioned, as are the following */
	ESV_H_PPK = 7,		/* RFC 8784 */
	ESV_H_KEK = 8,		/* opens what is wrapped by RFC 5649 */
	ESV_H_PRIV = 9,		/* signs the unit's own AUTH */
	ESV_H_PUB = 10,		/* verifies the AUTH of the one peer that it is bound to */
	ESV_H_ANCHOR = 11,	/* X.509 trust anchor */
	ESV_H_CERT = 12,	/* X.509 certificate of a peer's chain: public, trusted by nobody */
};

enum esv_handle_state {
	ESV_HS_NEW = 1,
	ESV_HS_AUTHENTICATED = 2,	/* IKE: CHILD_DERIVE is open */
	ESV_HS_INSTALLED = 3,		/* ESP: bound to an SA */
	ESV_HS_SUSPENDED = 4,		/* ESP: its SA is gone, its token can be installed again */
	ESV_HS_DEACTIVATED = 5,		/* ESP: protects no more packets */
};

#define ESV_NONCE_MIN		16
#define ESV_NONCE_MAX		256
#define ESV_KE_VALUE_MAX	2048
#define ESV_ID_MAX		256
#define ESV_SECRETS_MAX		8

struct esv_handle_in {
	__le64 handle;
};

struct esv_handle_out {
	__le64 handle;
};

struct esv_handle_info {
	__le64 handle;
	__u8 type;
	__u8 state;
	__u8 vouch;		/* IKE, ESP: enum esv_vouch */
	__u8 dir;		/* ESP */
	__le32 rsvd;
};

struct esv_nonce_gen {
	__le16 len;		/* 16..256 */
	__le16 rsvd[3];
};

struct esv_nonce_out {
	__le64 handle;
	__le16 len;
	__le16 rsvd[3];
	__u8 nonce[ESV_NONCE_MAX];
};

struct esv_ke_gen {
	__le16 method;		/* enum esv_ke */
	__le16 rsvd[3];
};

struct esv_ke_out {
	__le64 handle;
	__le16 len;
	__le16 rsvd[3];
	__u8 value[ESV_KE_VALUE_MAX];
};

struct esv_ke_finish {
	__le64 handle;
	__le16 len;
	__le16 rsvd[3];
	__u8 value[ESV_KE_VALUE_MAX];	/* peer's; in_len may end after len bytes */
};

struct esv_ke_encap {
	__le16 method;		/* enum esv_ke, one that is a KEM */
	__le16 len;
	__le16 rsvd[2];
	__u8 value[ESV_KE_VALUE_MAX];	/* peer's encapsulation key; in_len may end after len bytes */
};

/* RFC 7296 2.14: SKEYSEED and {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr}. */
struct esv_ike_derive {
	__le64 secret;
	__le64 nonce;		/* own */
	__u8 role;		/* enum esv_role */
	__u8 prf;		/* enum esv_prf */
	__u8 encr;		/* enum esv_algo: keys of the IKE SA itself */
	__u8 rsvd0;
	__le16 peer_nonce_len;
	__le16 rsvd1;
	__u8 spi_i[8];
	__u8 spi_r[8];
	__u8 peer_nonce[ESV_NONCE_MAX];
};

/* RFC 9370 2.2.2: SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr), and all keys anew. */
struct esv_ike_update {
	__le64 ike;
	__le64 secret;
};

/* RFC 7296 2.18, RFC 9370 2.2.4: SKEYSEED = prf(SK_d, SK(0) | Ni | Nr | SK(1) ...) with the old SA's prf. */
struct esv_ike_rekey {
	__le64 ike;		/* the old one */
	__le64 nonce;		/* own */
	__le64 secret[ESV_SECRETS_MAX];	/* one at least; zero: no more */
	__u8 role;		/* in this exchange, enum esv_role */
	__u8 prf;		/* of the new SA, enum esv_prf */
	__u8 encr;		/* enum esv_algo */
	__u8 rsvd0;
	__le16 peer_nonce_len;
	__le16 rsvd1;
	__u8 spi_i[8];
	__u8 spi_r[8];
	__u8 peer_nonce[ESV_NONCE_MAX];
};

/* Encrypted payload of an IKE message (RFC 7296 3.14, RFC 5282); data is the AAD, then the text. */
#define ESV_IKE_TEXT_MAX	4000	/* bytes of text: plaintext with padding and pad length */

struct esv_ike_seal {
	__le64 ike;
	__le16 aad_len;
	__le16 len;		/* 1..ESV_IKE_TEXT_MAX */
	__le32 rsvd;
	__u8 data[4080];	/* in_len ends after aad_len + len bytes */
};

struct esv_ike_sealed {
	__u8 iv[8];
	__u8 icv[16];
	__u8 data[4072];	/* ciphertext; out_len ends with it */
};

/* The answer is the text. */
struct esv_ike_open {
	__le64 ike;
	__le16 aad_len;
	__le16 len;		/* 1..ESV_IKE_TEXT_MAX */
	__le32 rsvd;
	__u8 iv[8];
	__u8 icv[16];
	__u8 data[4056];	/* AAD, then ciphertext; in_len ends after them */
};

/* How the secret of a PROVISION comes. */
enum esv_wrap {
	ESV_WRAP_NONE = 1,	/* in clear: a CERT; in test mode anything */
	ESV_WRAP_HPKE = 2,	/* RFC 9180, to the unit's provisioning key */
	ESV_WRAP_KWP = 3,	/* RFC 5649, under a KEK */
	ESV_WRAP_STORED = 4,	/* as this unit gave it to be stored */
};

#define ESV_PROVISION_F_STORE	0x1	/* answer with a blob that only this unit opens again */

#define ESV_SECRET_VERSION	1
#define ESV_SECRET_MAX		2400	/* bytes of one provisioned secret */
#define ESV_CERTS_MAX		4	/* certificates of one chain, without the anchor */
#define ESV_HPKE_ENC_LEN	32
#define ESV_HPKE_INFO		"espvault provision 1"	/* with its NUL, device id, epoch and type (UNIT-91) */

/* What a wrap protects: this header, the identity, the secret. Little-endian. */
struct esv_secret_hdr {
	__u8 version;		/* ESV_SECRET_VERSION */
	__u8 type;		/* enum esv_handle_type */
	__u8 id_type;		/* RFC 7296 3.5; 0: not bound to an identity */
	__u8 rsvd;
	__le16 id_len;
	__le16 len;
};

/* ESP: the secret. A controller without IKE made it for this SA and no other (RFC 9061, custody L2). */
struct esv_wrapped_esp {
	__u8 dir;		/* enum esv_dir */
	__u8 family;		/* 4 or 6 */
	__u8 mode;		/* enum esv_sa_mode */
	__u8 rsvd;
	__be32 spi;
	__u8 saddr[16];
	__u8 daddr[16];
	__u8 key[36];		/* AES-256-GCM, and salt */
};

struct esv_provision {
	__u8 type;		/* enum esv_handle_type */
	__u8 wrap;		/* enum esv_wrap */
	__le16 flags;		/* ESV_PROVISION_F_* */
	__le16 len;		/* bytes of data */
	__le16 rsvd;
	__le64 kek;		/* KWP: its handle; else 0 */
	__u8 data[4080];	/* HPKE: encapsulated key, then ciphertext; in_len ends after len bytes */
};

struct esv_provisioned {
	__le64 handle;
	__le16 stored_len;	/* with STORE, and of ESP; else 0 */
	__le16 rsvd[3];
	__u8 stored[4080];	/* ESP: the token instead; out_len ends with it */
};

/* RFC 8784 3: SK_d, SK_pi and SK_pr become prf+(PPK, what they were). */
struct esv_ppk_apply {
	__le64 ike;
	__le64 ppk;
};

/* RFC 9242 3.3.2: IntAuth = prf(SK_p, IntAuth before | A | P) of one message. */
struct esv_intauth {
	__le64 ike;
	__u8 sender;		/* enum esv_role of the IKE SA */
	__u8 rsvd0;
	__le16 len;
	__le32 rsvd1;
	__u8 data[4080];	/* A | P; in_len ends with it */
};

#define ESV_AUTH_F_NO_PPK	0x1	/* with the keys from before PPK_APPLY (RFC 8784 4) */

#define ESV_AUTH_METHOD_PSK		2	/* RFC 7296 3.8 */
#define ESV_AUTH_METHOD_SIGNATURE	14	/* RFC 7427 3 */

/* RFC 7296 2.15: the octets to be signed are built inside (UNIT-95). */
struct esv_auth_sign {
	__le64 ike;
	__le64 key;		/* PSK or PRIV */
	__u8 scheme;		/* PRIV: enum esv_sig; PSK: 0 */
	__u8 flags;		/* ESV_AUTH_F_* */
	__u8 id_type;		/* own identity, RFC 7296 3.5 */
	__u8 rsvd0;
	__le16 id_len;		/* 1..256 */
	__le16 msg_len;
	__u8 data[4072];	/* own identity, own IKE_SA_INIT message; in_len ends with it */
};

struct esv_auth_data {
	__u8 method;		/* ESV_AUTH_METHOD_* */
	__u8 rsvd0;
	__le16 len;
	__le32 rsvd1;
	__u8 data[1016];	/* Authentication Data of the AUTH payload; out_len ends with it */
};

/* The answer is OK or AUTH_FAILED, and nothing else comes out (UNIT-96). */
struct esv_auth_verify {
	__le64 ike;
	__le64 key;		/* PSK, PUB or ANCHOR */
	__le64 cert[ESV_CERTS_MAX];	/* ANCHOR: CERTs, the peer's own one first; zero: no more */
	__u8 method;		/* ESV_AUTH_METHOD_* */
	__u8 flags;		/* ESV_AUTH_F_* */
	__u8 id_type;		/* peer's identity */
	__u8 rsvd0;
	__le16 id_len;		/* 1..256 */
	__le16 msg_len;
	__le16 auth_len;
	__le16 rsvd1;
	__le32 rsvd2;
	__u8 data[4032];	/* peer's identity, IKE_SA_INIT message, Authentication Data */
};

#define ESV_ATTEST_NONCE_LEN	32

/* What a statement is about, beside the unit itself. */
enum esv_subject {
	ESV_SUBJECT_UNIT = 1,
	ESV_SUBJECT_HANDLE = 2,	/* an object of the session */
	ESV_SUBJECT_SA = 3,	/* an SA of the function */
};

struct esv_attest {
	__u8 nonce[ESV_ATTEST_NONCE_LEN];	/* the verifier's: shows that the statement is fresh */
	__u8 subject;		/* enum esv_subject */
	__u8 rsvd0[3];
	__le32 sa;		/* SA */
	__le64 handle;		/* HANDLE */
};

struct esv_attested {
	__le16 len;
	__le16 rsvd[3];
	__u8 data[4088];	/* CMS SignedData, DER; out_len ends with it */
};

/* What ALG_TEST runs, and the parts that each takes (UNIT-101). */
enum esv_alg {
	ESV_ALG_PRF = 1,	/* key, message */
	ESV_ALG_KE_PUBLIC = 2,	/* private value */
	ESV_ALG_KE_SHARED = 3,	/* private value, peer's value */
	ESV_ALG_KE_ENCAP = 4,	/* encapsulation key, 32 bytes of entropy */
	ESV_ALG_SIGN = 5,	/* private key in PKCS#8, message */
	ESV_ALG_VERIFY = 6,	/* SubjectPublicKeyInfo, message, Authentication Data */
	ESV_ALG_KWP_WRAP = 7,	/* KEK, plaintext */
	ESV_ALG_KWP_UNWRAP = 8,	/* KEK, wrapped */
	ESV_ALG_HPKE_OPEN = 9,	/* private key, info, AAD, encapsulated key and ciphertext */
};

#define ESV_ALG_PARTS	4

struct esv_alg_test {
	__le16 alg;		/* enum esv_alg */
	__le16 param;		/* PRF: enum esv_prf, KE_*: enum esv_ke, SIGN: enum esv_sig; else zero */
	__le16 len[ESV_ALG_PARTS];
	__le32 rsvd;
	__u8 data[4080];	/* the parts, one behind the other */
};

struct esv_alg_tested {
	__le16 len;
	__le16 rsvd[3];
	__u8 data[4088];	/* out_len ends with it */
};

#define ESV_MEASUREMENT_LEN	32
#define ESV_STATEMENT_VERSION	1
#define ESV_STATEMENT_MAGIC	"espvault attest"	/* with its NUL */

/* The signed content (UNIT-99). Whoever verifies reads it far from any device. */
struct esv_statement {
	__u8 magic[16];		/* ESV_STATEMENT_MAGIC */
	__le16 version;		/* ESV_STATEMENT_VERSION */
	__u8 subject;		/* enum esv_subject */
	__u8 rsvd0;
	__le32 mode;		/* ESV_MODE_* */
	__le32 if_version;
	__le32 fw_version;
	__u8 nonce[ESV_ATTEST_NONCE_LEN];
	__le64 device_id;
	__le64 epoch;
	__le64 resets;
	__u8 measurement[ESV_MEASUREMENT_LEN];
	__u8 provision_key[32];
	__le32 sessions;
	__le32 handles;
	__le32 keys_installed;
	__le32 keys_pending;
	__le64 handle;		/* HANDLE */
	__u8 type;		/* of the object or the SA's key, enum esv_handle_type */
	__u8 state;		/* enum esv_handle_state */
	__u8 vouch;		/* enum esv_vouch */
	__u8 dir;		/* ESP */
	__u8 custody;		/* IKE, ESP: enum esv_custody */
	__u8 id_type;		/* of id, RFC 7296 3.5; 0: none */
	__le16 id_len;
	struct esv_sa_info sa;	/* SA */
	__u8 id[ESV_ID_MAX];	/* who the peer is, as vouch has it */
};

/* The host vouches; custody is L3 at most (UNIT-20). */
struct esv_auth_assert {
	__le64 ike;
	__u8 id_type;		/* RFC 7296 3.5 */
	__u8 flags;		/* ESV_AUTH_F_* */
	__le16 id_len;		/* 1..256 */
	__le32 rsvd1;
	__u8 id[ESV_ID_MAX];
};

#define ESV_CHILD_F_FIRST	0x1	/* nonces of the IKE SA; once */
#define ESV_CHILD_F_DETACH	0x2	/* tokens outlive the session until installed or install_ms passed */

#define ESV_TOKEN_LEN		36
#define ESV_TOKEN_INSTALL_MS	60000	/* default of install_ms */

/* RFC 7296 2.17: KEYMAT = prf+(SK_d, [g^ir |] Ni | Nr), initiator's direction first. */
struct esv_child_derive {
	__le64 ike;
	__le64 nonce;		/* own; zero with FIRST */
	__le64 secret[ESV_SECRETS_MAX];	/* PFS; zero: none */
	__le32 flags;		/* ESV_CHILD_F_* */
	__u8 role;		/* in this exchange, enum esv_role */
	__u8 algo;		/* ESV_ALGO_AES_GCM_16_256 */
	__le16 peer_nonce_len;	/* zero with FIRST */
	__le32 install_ms;	/* 1..600000, 0: default */
	__le32 rsvd;
	__le64 hard_packets;	/* ESV_NO_LIMIT: device's maximum */
	__le64 hard_bytes;
	__u8 peer_nonce[ESV_NONCE_MAX];
};

struct esv_child_out {
	__le64 esp_in;
	__le64 esp_out;
	__u8 token_in[ESV_TOKEN_LEN];
	__u8 token_out[ESV_TOKEN_LEN];
};

/* ZEROIZE: inl[0]. */
enum esv_zeroize_scope { ESV_ZEROIZE_SESSION = 1, ESV_ZEROIZE_FUNCTION = 2, ESV_ZEROIZE_UNIT = 3 };

#define ESV_SELFTEST_OK		1
#define ESV_SELFTEST_FAILED	2

struct esv_unit_status {
	__le64 device_id;
	__le64 epoch;
	__le64 resets;
	__le32 mode;		/* ESV_MODE_* */
	__u8 selftest;		/* ESV_SELFTEST_* */
	__u8 selftest_failed;	/* number of the first test that failed */
	__le16 rsvd0;
	__le32 ke_methods;	/* bit n: enum esv_ke n */
	__le32 prfs;
	__le32 sessions;
	__le32 session_max;
	__le32 handles;
	__le32 handle_max;
	__le32 keys_installed;
	__le32 keys_pending;	/* tokens not yet installed */
	__u8 provision_key[32];	/* X25519, new in every epoch (UNIT-91) */
};

/*
 * A token stands where xfrm expects the 36 bytes of an AES-256-GCM key and its
 * salt (TOK-1). The MAC covers device, function, epoch, direction, suite, slot
 * and generation under a secret of the unit (TOK-3). Multi-byte fields are
 * little-endian and unaligned.
 */
#define ESV_TOKEN_MAGIC		"\xe5\x7a\x1dTOK\x01\x9b"	/* last byte but one: version */
#define ESV_TOKEN_MAGIC_LEN	8

struct esv_token {
	__u8 magic[ESV_TOKEN_MAGIC_LEN];
	__u8 slot[4];
	__u8 generation[4];
	__u8 function[2];
	__u8 dir;
	__u8 suite;
	__u8 mac[16];
};

#endif
