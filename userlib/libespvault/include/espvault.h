/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libespvault: the trusted unit of an espvault NIC, for privileged programs.
 *
 * A unit is opened by its device node; for development it may be a process
 * instead of a NIC. Objects inside the unit are named by
 * handles; no call returns a secret. Closing the unit zeroises the handles of
 * this session, except ESP keys that were derived with ESPVAULT_DETACH.
 *
 * Return values: 0 or a non-negative result, or a negative errno. After a
 * refusal by the unit, espvault_strerror() says why in its words.
 *
 * Threads: one struct espvault is for one thread at a time; different ones are
 * independent. There is no global state.
 *
 * Every struct begins with its size, which the caller sets (use the
 * ESPVAULT_INIT initialiser); fields that an older library does not know must
 * be zero, or the call answers -E2BIG.
 */
#ifndef ESPVAULT_H
#define ESPVAULT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ESPVAULT_TOKEN_LEN 36
#define ESPVAULT_NONCE_MAX 256
#define ESPVAULT_KE_MAX 2048

struct espvault;
typedef uint64_t espvault_handle;

/* { .size = sizeof(type) } */
#define ESPVAULT_INIT(type) { .size = sizeof(type) }

enum espvault_open_flags {
	ESPVAULT_RDONLY = 1,	/* queries only; needs no CAP_NET_ADMIN beyond the node's mode */
};

/*
 * Open a unit. path: device node, "/dev/espvaultN"; or, for development, a unit
 * that is a process: "unix:PATH", the socket of `espvault-unit --listen PATH`, or
 * "unit:PROGRAM", as espvault_open_backend(). *unit is the caller's until
 * espvault_close(). Errors: of open(2), connect(2), execve(2); -EPROTONOSUPPORT
 * the other side speaks another interface; -ENOTTY not an espvault node; -EPROTO
 * it answers like no unit; -ENODEV the process ended; -ETIMEDOUT it does not
 * answer; -EUSERS it has no room for another client.
 */
int espvault_open(const char *path, unsigned int flags, struct espvault **unit);
/*
 * Start a unit of one's own without a NIC: program, searched in PATH, at the other
 * end of a socket pair. NULL or "": $ESPVAULT_UNIT, or else "espvault-unit". The
 * process, and every key in it, goes with espvault_close(), which waits for it.
 * Do not fork while it is open without execve(2). -EPERM: in a set-id program.
 */
int espvault_open_backend(const char *program, unsigned int flags, struct espvault **unit);
/* Words for err, what an open of path returned; static. path "unit:" stands for espvault_open_backend(). */
const char *espvault_open_strerror(const char *path, int err);
void espvault_close(struct espvault *unit);	/* NULL is allowed */

/* Words for the last refusal on this unit; never NULL; valid until the next call on it. */
const char *espvault_strerror(const struct espvault *unit);

/* Call fn for the node of each unit on this host, in order; stops at its first non-zero result and returns that. */
int espvault_foreach(int (*fn)(const char *path, void *arg), void *arg);

enum espvault_custody {	/* where the key of an SA is, see espvault(8) */
	ESPVAULT_CUSTODY_UNKNOWN = 0,
	ESPVAULT_CUSTODY_L1 = 1,	/* host's key in the device */
	ESPVAULT_CUSTODY_L2 = 2,	/* wrapped to the unit by someone else */
	ESPVAULT_CUSTODY_L3 = 3,	/* derived in the unit, host vouched for the peer */
	ESPVAULT_CUSTODY_L4 = 4,	/* derived in the unit, unit authenticated the peer */
};

#define ESPVAULT_IF_AUTH	0x10001u	/* from this if_version on units can authenticate peers (custody L4) */

struct espvault_info {
	uint32_t size;
	uint32_t if_version;
	uint32_t fw_version;
	uint32_t ifindex;
	uint64_t netns_cookie;	/* namespace that ifindex is in */
	uint64_t epoch;
	uint64_t device_id;
	uint64_t resets;
	uint32_t mode;		/* ESV_MODE_* of the interface */
	uint8_t selftest_ok;
	uint8_t rsvd[3];
	uint32_t handles, handle_max;
	uint32_t keys_installed, keys_pending;
	uint32_t ke_methods, prfs;	/* bit n: value n below */
	char ifname[16];
	char bus_info[32];
	uint32_t sessions, session_max;
	uint8_t selftest_failed;	/* number of the first self-test that failed, 0: none */
	uint8_t rsvd1[7];
	uint32_t algos;		/* bit n: algo n of struct espvault_sa; this and what follows: 0 without ESP */
	uint32_t sa_max, policy_max;
	uint32_t window_min, window_max;	/* replay window, packets */
	uint32_t rsvd2;
	uint8_t provision_key[32];	/* X25519 key of this epoch, on the host's word; seal to that of a statement */
};
/*
 * When the driver answers and the unit does not, the call fails, and ifindex,
 * netns_cookie and what else the driver says are filled in; a cookie of 0 means
 * that they are not.
 */
int espvault_get_info(struct espvault *unit, struct espvault_info *info);

#define ESPVAULT_FEAT_TX_CSUM	0x00001u	/* checksums of what is sent */
#define ESPVAULT_FEAT_TSO4	0x00002u	/* segments TCP over IPv4 */
#define ESPVAULT_FEAT_TSO6	0x00004u
#define ESPVAULT_FEAT_RX_CSUM	0x00008u
#define ESPVAULT_FEAT_RSS	0x00010u	/* spreads flows over queues */
#define ESPVAULT_FEAT_VLAN	0x00020u	/* finds headers behind VLAN tags */
#define ESPVAULT_FEAT_IPSEC	0x10000u	/* SAs and an SPD */
#define ESPVAULT_FEAT_UNIT	0x20000u	/* a trusted unit */

struct espvault_identity {
	uint32_t size;
	uint32_t features;	/* ESPVAULT_FEAT_* that the device has, in use or not */
	uint32_t if_version;	/* these four as in struct espvault_info */
	uint32_t fw_version;
	uint64_t device_id;
	uint64_t epoch;
	char build[40];		/* name of the firmware's build, with its NUL; plain text */
};
/*
 * What the device says of itself and espvault_get_info() does not ask for (ADM-51). Of build, bytes that are no plain
 * text are "?". -EPERM: the unit was opened for reading. -EINVAL: the struct is too short.
 */
int espvault_identify(struct espvault *unit, struct espvault_identity *identity);

/*
 * Run a self-test of the device again, 0: all (ADM-46). *failed: the first that
 * failed, 0: none. A failure in the unit locks and zeroises it.
 */
int espvault_selftest(struct espvault *unit, unsigned int test, unsigned int *failed);

/*
 * Make the port strict: what matches no entry of the SPD is dropped (SPD-31). Only power on takes that back; a port
 * that is strict stays as it is. -EPERM: the unit was opened for reading. -EOPNOTSUPP: the device has no ESP.
 */
int espvault_lock(struct espvault *unit);

/* What passes in clear before the SPD is asked, when it names no SA and is no fragment (BYP-1 to BYP-8). */
#define ESPVAULT_BYPASS_ARP	0x01u
#define ESPVAULT_BYPASS_ND	0x02u	/* ICMPv6 133 to 136 */
#define ESPVAULT_BYPASS_MCAST	0x04u	/* MLD and IGMP */
#define ESPVAULT_BYPASS_DHCP	0x08u	/* client */
#define ESPVAULT_BYPASS_PMTU	0x10u	/* in: ICMP "too big" that quotes ESP of a live SA */
#define ESPVAULT_BYPASS_IKE	0x20u	/* UDP 500 */
#define ESPVAULT_BYPASS_NATT	0x40u	/* IKE and keepalives on UDP 4500 */
#define ESPVAULT_BYPASS_ALL	0x7fu

/*
 * Leave these classes on, ESPVAULT_BYPASS_*, and switch the others off until power on (SPD-30). *on: which are on
 * then; one that is off stays off, whether keep has it or not, so ESPVAULT_BYPASS_ALL asks and changes nothing.
 * -EPROTONOSUPPORT: keep has more bits than the device has classes, and nothing changed. -EPERM: the unit was opened
 * for reading. -EOPNOTSUPP: the device has no ESP.
 */
int espvault_bypass(struct espvault *unit, uint32_t keep, uint32_t *on);

/* ESPVAULT_ML_KEM_768 is a KEM: its initiator calls ke_gen and ke_finish, its responder ke_encap. */
enum espvault_ke {
	ESPVAULT_X25519 = 1,
	ESPVAULT_P256 = 2,
	ESPVAULT_P384 = 3,
	ESPVAULT_MODP2048 = 4,
	ESPVAULT_MODP3072 = 5,
	ESPVAULT_ML_KEM_768 = 6,
};

enum espvault_prf {
	ESPVAULT_PRF_SHA256 = 1,
	ESPVAULT_PRF_SHA384 = 2,
	ESPVAULT_PRF_SHA512 = 3,
	ESPVAULT_PRF_SHA1 = 4,	/* in test mode only, for old vectors */
};
enum espvault_role { ESPVAULT_INITIATOR = 1, ESPVAULT_RESPONDER = 2 };

/* Make a nonce of len (16..256) bytes into nonce; *handle is consumed by one derivation. */
int espvault_nonce_gen(struct espvault *unit, size_t len, uint8_t *nonce, espvault_handle *handle);
/* Make a key exchange value. *value_len: in capacity, out length. */
int espvault_ke_gen(struct espvault *unit, enum espvault_ke method, uint8_t *value, size_t *value_len,
		    espvault_handle *handle);
/* Agree with the peer's value; ke is consumed. -EBADMSG: value is not acceptable. */
int espvault_ke_finish(struct espvault *unit, espvault_handle ke, const uint8_t *peer, size_t peer_len,
		       espvault_handle *secret);
/*
 * A KEM's responder: make a shared secret and its ciphertext for the peer's
 * encapsulation key (FIPS 203 7.2). answer goes to the peer, whose ke_finish
 * takes it. *answer_len: in capacity, out length. -EBADMSG: the key is not
 * acceptable. -EINVAL: method is no KEM. -EPROTONOSUPPORT: this unit lacks it.
 */
int espvault_ke_encap(struct espvault *unit, enum espvault_ke method, const uint8_t *peer, size_t peer_len,
		      uint8_t *answer, size_t *answer_len, espvault_handle *secret);

struct espvault_ike_params {
	uint32_t size;
	uint8_t role;			/* enum espvault_role */
	uint8_t prf;			/* enum espvault_prf */
	uint8_t rsvd[2];
	espvault_handle secret;		/* consumed */
	espvault_handle nonce;		/* own, consumed */
	const uint8_t *peer_nonce;
	size_t peer_nonce_len;
	uint8_t spi_i[8];
	uint8_t spi_r[8];
};
/* RFC 7296 2.14. */
int espvault_ike_derive(struct espvault *unit, const struct espvault_ike_params *params, espvault_handle *ike);
/*
 * RFC 9370 2.2.2: mix a further shared secret, consumed, into an IKE SA; all its
 * keys are made anew. -EBUSY: the peer is authenticated already.
 */
int espvault_ike_update(struct espvault *unit, espvault_handle ike, espvault_handle secret);

#define ESPVAULT_SECRETS_MAX	8

struct espvault_rekey_params {
	uint32_t size;
	uint8_t role;			/* in this exchange */
	uint8_t prf;			/* of the new IKE SA */
	uint8_t rsvd[2];
	espvault_handle ike;		/* the old one, which stays */
	espvault_handle nonce;		/* own, consumed */
	const espvault_handle *secrets;	/* consumed, in the order of the exchanges (RFC 9370 2.2.4) */
	size_t nr_secrets;		/* 1..ESPVAULT_SECRETS_MAX */
	const uint8_t *peer_nonce;
	size_t peer_nonce_len;
	uint8_t spi_i[8];		/* of the new IKE SA */
	uint8_t spi_r[8];
};
/*
 * RFC 7296 2.18: a new IKE SA with the old one's peer and voucher. -EACCES: the
 * peer of the old one is not authenticated.
 */
int espvault_ike_rekey(struct espvault *unit, const struct espvault_rekey_params *params, espvault_handle *ike);

#define ESPVAULT_IKE_TEXT_MAX	4000

/*
 * Encrypt what this side sends in an IKE SA (RFC 7296 3.14, RFC 5282). aad: from the
 * IKE header to the header of the Encrypted payload; text: what the payload
 * protects, with padding and pad length, 1..ESPVAULT_IKE_TEXT_MAX bytes. iv and icv are
 * the message's; sealed gets len bytes and may be text. -EMSGSIZE: too long.
 * -EDQUOT: the IKE SA has sealed all the messages that it may.
 */
int espvault_ike_seal(struct espvault *unit, espvault_handle ike, const void *aad, size_t aad_len,
		      const void *text, size_t len, uint8_t iv[8], void *sealed, uint8_t icv[16]);
/* Decrypt what the other side sent; text gets len bytes. -EBADMSG: it is not authentic, text is as it was. */
int espvault_ike_open(struct espvault *unit, espvault_handle ike, const void *aad, size_t aad_len,
		      const uint8_t iv[8], const void *sealed, size_t len, const uint8_t icv[16], void *text);

enum espvault_secret {
	ESPVAULT_ESP = 5,	/* ESP key of a controller without IKE, for one SA (RFC 9061): espvault_esp_encode() */
	ESPVAULT_PSK = 6,	/* bound to the identity of the peer that it authenticates, or to nobody */
	ESPVAULT_PPK = 7,	/* RFC 8784; at least 32 bytes */
	ESPVAULT_KEK = 8,	/* 32 bytes that wrap others (RFC 5649) */
	ESPVAULT_PRIV = 9,	/* own private key, PKCS#8; bound to the identity that it speaks for, or to nobody */
	ESPVAULT_PUB = 10,	/* a peer's public key, SubjectPublicKeyInfo; bound to its identity */
	ESPVAULT_ANCHOR = 11,	/* certificate of a CA that peers are checked against (X.509, DER) */
	ESPVAULT_CERT = 12,	/* certificate of a peer's chain; public, with ESPVAULT_WRAP_NONE and not encoded */
};

enum espvault_wrap {
	ESPVAULT_WRAP_NONE = 1,		/* in clear: a certificate; in test mode anything */
	ESPVAULT_WRAP_HPKE = 2,		/* RFC 9180, to provision_key of struct espvault_statement */
	ESPVAULT_WRAP_KWP = 3,		/* RFC 5649, under a KEK of this session */
	ESPVAULT_WRAP_STORED = 4,	/* what espvault_provision() gave to be stored */
};

#define ESPVAULT_STORED_MAX	4080

/*
 * What a wrap protects (UNIT-90 of the interface), for whoever wraps it: out is
 * the plaintext of HPKE or key wrap. id_type: RFC 7296 3.5, 0 with id_len 0: not
 * bound. *out_len: in capacity, out length. Needs no unit. -EINVAL, -ENOBUFS.
 */
int espvault_secret_encode(enum espvault_secret type, uint8_t id_type, const void *id, size_t id_len,
			   const void *secret, size_t secret_len, void *out, size_t *out_len);

#define ESPVAULT_ESP_LEN	76

struct espvault_esp_params {
	uint32_t size;
	uint8_t dir;			/* of the only SA that the key is for: 1 out, 2 in */
	uint8_t family;			/* 4 or 6 */
	uint8_t mode;			/* 1 transport, 2 tunnel */
	uint8_t rsvd;
	uint32_t spi;			/* host order, 256 or more */
	uint8_t saddr[16], daddr[16];	/* network order */
	uint8_t key[36];		/* AES-256-GCM, then 4 bytes of salt */
};
/*
 * The secret of type ESPVAULT_ESP (UNIT-100), for espvault_secret_encode(). Needs no unit. secret is wiped by the
 * caller, as the key is. -EINVAL: a field is out of its range. -E2BIG: the struct has fields that are not known.
 */
int espvault_esp_encode(const struct espvault_esp_params *params, uint8_t secret[ESPVAULT_ESP_LEN]);

struct espvault_provision_params {
	uint32_t size;
	uint8_t type;			/* enum espvault_secret */
	uint8_t wrap;			/* enum espvault_wrap */
	uint8_t rsvd[2];
	espvault_handle kek;		/* with ESPVAULT_WRAP_KWP, else 0 */
	const void *data;		/* HPKE: encapsulated key, then ciphertext */
	size_t data_len;
};
/*
 * Bring a wrapped secret into the unit; it goes with the session. stored: NULL, or
 * gets a blob that only this unit opens again, in any session and epoch;
 * *stored_len: in capacity (ESPVAULT_STORED_MAX always does), out length. An ESPVAULT_ESP is not
 * stored; stored must be there and gets its token of ESPVAULT_TOKEN_LEN bytes, good for a minute and until the session
 * ends; the custody of its SA is L2. -EBADMSG: it does not unwrap. -EKEYREJECTED: too weak, or an ESP key that is in
 * use. -EACCES: in clear, and not test mode.
 */
int espvault_provision(struct espvault *unit, const struct espvault_provision_params *params, espvault_handle *secret,
		       void *stored, size_t *stored_len);

/*
 * Mix a PPK into an IKE SA (RFC 8784 3), once and before any AUTH. Until the peer is
 * vouched for, ESPVAULT_NO_PPK stands for the keys from before.
 */
int espvault_ppk_apply(struct espvault *unit, espvault_handle ike, espvault_handle ppk);
/*
 * Chain one message of IKE_INTERMEDIATE into AUTH: A | P of RFC 9242 3.3.2, first
 * the initiator's, then the responder's, before the espvault_ike_update() of that exchange.
 */
int espvault_intauth(struct espvault *unit, espvault_handle ike, enum espvault_role sender, const void *message,
		     size_t len);

/* Signature schemes of AUTH method 14 (RFC 7427, RFC 8420). */
enum espvault_sig {
	ESPVAULT_ECDSA_P256_SHA256 = 1,
	ESPVAULT_ECDSA_P384_SHA384 = 2,
	ESPVAULT_ED25519 = 3,
	ESPVAULT_RSA_PSS_SHA256 = 4,
	ESPVAULT_RSA_PSS_SHA384 = 5,
	ESPVAULT_RSA_PSS_SHA512 = 6,
};

#define ESPVAULT_NO_PPK		1u	/* with the keys from before espvault_ppk_apply() */
#define ESPVAULT_AUTH_MAX	1016
#define ESPVAULT_CERTS_MAX	4

struct espvault_auth_params {
	uint32_t size;
	uint32_t flags;			/* ESPVAULT_NO_PPK */
	espvault_handle ike;
	espvault_handle key;		/* PSK, or to sign PRIV, to verify PUB or ANCHOR */
	uint8_t scheme;			/* PRIV: enum espvault_sig; else 0 */
	uint8_t id_type;		/* RFC 7296 3.5, of who makes the AUTH */
	uint8_t rsvd[6];
	const void *id;
	size_t id_len;
	const void *message;		/* whole IKE_SA_INIT message of who makes the AUTH */
	size_t message_len;
	const espvault_handle *certs;	/* to verify with an ANCHOR: CERTs, the peer's own one first */
	size_t nr_certs;		/* 0..ESPVAULT_CERTS_MAX */
};
/*
 * Make this side's AUTH (RFC 7296 2.15, RFC 7427 3); the unit builds what is signed. *method and
 * auth are the AUTH payload's. *auth_len: in capacity, out length. -EINVAL: the message is not
 * this IKE SA's. -EBUSY: such an AUTH was made already. -EACCES: the key speaks for another identity.
 */
int espvault_auth_sign(struct espvault *unit, const struct espvault_auth_params *params, uint8_t *method, void *auth,
		       size_t *auth_len);
/*
 * Verify the peer's AUTH; then the unit vouches for it (custody L4). With certs the chain must
 * lead to the ANCHOR and the first certificate be of this identity (RFC 5280, RFC 4945); revocation
 * is the caller's to look up. -EBADMSG: not authentic, or the chain or its identity is wrong: the words say.
 */
int espvault_auth_verify(struct espvault *unit, const struct espvault_auth_params *params, uint8_t method,
			 const void *auth, size_t auth_len);

/*
 * The host vouches for the peer (custody L3). id_type: RFC 7296 3.5. id_len 1..256.
 * flags: ESPVAULT_NO_PPK when the peer turned out to have no PPK.
 */
int espvault_auth_assert(struct espvault *unit, espvault_handle ike, uint8_t id_type, const void *id, size_t id_len,
			 uint32_t flags);

#define ESPVAULT_FIRST	1u	/* child of IKE_AUTH: nonces of the IKE SA, once */
#define ESPVAULT_DETACH	2u	/* tokens outlive the session until installed or install_ms passed */

struct espvault_child_params {
	uint32_t size;
	uint32_t flags;			/* ESPVAULT_FIRST, ESPVAULT_DETACH */
	uint8_t role;			/* in this exchange */
	uint8_t rsvd[3];
	uint32_t install_ms;		/* 0: default, one minute */
	espvault_handle ike;
	espvault_handle nonce;		/* own; 0 with FIRST */
	espvault_handle secret;		/* PFS; 0: none */
	const uint8_t *peer_nonce;
	size_t peer_nonce_len;
	uint64_t hard_packets;		/* 0: device's maximum */
	uint64_t hard_bytes;
	const espvault_handle *more_secrets;	/* of further exchanges (RFC 9370 2.2.4), consumed */
	size_t nr_more_secrets;			/* 0..ESPVAULT_SECRETS_MAX - 1; only with secret */
};
struct espvault_child {
	uint32_t size;
	uint32_t rsvd;
	espvault_handle esp_in, esp_out;
	uint8_t token_in[ESPVAULT_TOKEN_LEN];	/* stands for the key in `ip xfrm state add` */
	uint8_t token_out[ESPVAULT_TOKEN_LEN];
};
/* RFC 7296 2.17. -EACCES: the peer is not authenticated yet. */
int espvault_child_derive(struct espvault *unit, const struct espvault_child_params *params,
			  struct espvault_child *child);

struct espvault_handle_info {
	uint32_t size;
	uint8_t type;			/* enum espvault_secret; 1 nonce, 2 key exchange, 3 shared secret, 4 IKE SA, 5 ESP key */
	uint8_t state;			/* 1 new, 2 IKE SA whose peer somebody vouched for, 3 ESP key that an SA uses */
	uint8_t vouch;			/* IKE SA, ESP key: 0 nobody, 1 host, 2 unit */
	uint8_t dir;			/* ESP key: 1 out, 2 in */
};
int espvault_handle_query(struct espvault *unit, espvault_handle handle, struct espvault_handle_info *info);
int espvault_destroy(struct espvault *unit, espvault_handle handle);	/* idempotent */
/* Wipe this session's handles, or, with all, every key of the unit: traffic under them stops. */
int espvault_zeroize(struct espvault *unit, int all);

struct espvault_sa {
	uint32_t size;
	uint32_t handle;
	uint32_t spi;			/* host order */
	uint8_t family;			/* 4 or 6 */
	uint8_t mode;			/* 1 transport, 2 tunnel */
	uint8_t dir;			/* 1 out, 2 in */
	uint8_t algo;			/* 1 AES-128-GCM-16, 2 AES-256-GCM-16 */
	uint32_t reqid;
	uint8_t custody;		/* enum espvault_custody */
	uint8_t vouch;			/* 0 nobody, 1 host, 2 unit */
	uint8_t state;			/* 1 active, 2 soft limit passed, 3 expired */
	uint8_t rsvd;
	uint8_t saddr[16], daddr[16];	/* network order */
	uint64_t seq, packets, bytes;
	uint64_t auth_failed, replay_dropped, other_dropped;
	uint64_t epoch;
};
/*
 * The SA that a packet with this destination (family 4 or 6; 4 or 16 bytes) and
 * SPI (host order) belongs to, as the device itself sees it. -ENOENT: the
 * device has none.
 */
int espvault_sa_lookup(struct espvault *unit, uint8_t family, const uint8_t *daddr, uint32_t spi,
		       struct espvault_sa *sa);
/* The SA with this handle. -EBADF: the device has none. */
int espvault_sa_get(struct espvault *unit, uint32_t handle, struct espvault_sa *sa);
/* Call fn for each SA of the device; stops at its first non-zero result and returns that. */
int espvault_sa_foreach(struct espvault *unit, int (*fn)(const struct espvault_sa *sa, void *arg), void *arg);

/* A traffic selector (RFC 4301 4.4.1.1). Ports and masks in host order; for ICMP and MH sport is the type, dport the code. */
struct espvault_selector {
	uint8_t family;			/* 4 or 6 */
	uint8_t proto;			/* 0: any */
	uint8_t plen_s, plen_d;
	uint16_t sport, sport_mask;
	uint16_t dport, dport_mask;
	uint8_t saddr[16], daddr[16];	/* network order */
};

struct espvault_policy {
	uint32_t size;
	uint32_t handle;
	struct espvault_selector sel;
	uint8_t dir;			/* 1 out, 2 in */
	uint8_t action;			/* 1 allow, 2 protect, 3 drop */
	uint8_t mode;			/* protect: 1 transport, 2 tunnel */
	uint8_t tunnel_family;		/* protect in tunnel mode: of saddr and daddr */
	uint32_t priority;		/* the lower value wins */
	uint32_t reqid;
	uint32_t cookie;
	uint8_t saddr[16], daddr[16];
	uint64_t packets, bytes, drops;
};
/* Call fn for each entry of the device's SPD; stops at its first non-zero result and returns that. */
int espvault_policy_foreach(struct espvault *unit, int (*fn)(const struct espvault_policy *policy, void *arg),
			    void *arg);

/* What may be read off a token; nothing of it is secret, and nothing of it proves that a unit made it. */
struct espvault_token {
	uint32_t size;
	uint32_t slot;
	uint32_t generation;
	uint16_t function;
	uint8_t dir;			/* 1 out, 2 in */
	uint8_t suite;			/* as algo of struct espvault_sa */
};
/* -EINVAL: these bytes are not a token. */
int espvault_token_decode(const uint8_t token[ESPVAULT_TOKEN_LEN], struct espvault_token *out);

#define ESPVAULT_NONCE_LEN	32	/* of a verifier */
#define ESPVAULT_MEASUREMENT_LEN 32
#define ESPVAULT_STATEMENT_MAX	4088
#define ESPVAULT_ID_MAX		256

enum espvault_subject {
	ESPVAULT_SUBJECT_UNIT = 1,	/* the unit and nothing else */
	ESPVAULT_SUBJECT_HANDLE = 2,	/* and an object of this session */
	ESPVAULT_SUBJECT_SA = 3,	/* and an SA of the device, with its key */
};

struct espvault_attest_params {
	uint32_t size;
	uint8_t subject;		/* enum espvault_subject */
	uint8_t rsvd[3];
	uint32_t sa;			/* SUBJECT_SA: handle of struct espvault_sa */
	uint32_t rsvd1;
	espvault_handle handle;		/* SUBJECT_HANDLE */
	uint8_t nonce[ESPVAULT_NONCE_LEN];	/* the verifier's; one that it never used before */
};
/*
 * Let the unit sign what it knows of itself, and of one object (UNIT-98 of the interface). statement
 * gets SignedData of CMS (RFC 5652) in DER. *len: in capacity (ESPVAULT_STATEMENT_MAX always does), out length.
 */
int espvault_attest(struct espvault *unit, const struct espvault_attest_params *params, void *statement, size_t *len);

#define ESPVAULT_ACCEPT_TEST	1u	/* a unit in test mode, whose secrets can be read, is good enough */
#define ESPVAULT_ANY_NONCE	2u	/* nonce is NULL: the statement may be an old one */

struct espvault_verify_params {
	uint32_t size;
	uint32_t flags;			/* ESPVAULT_ACCEPT_TEST, ESPVAULT_ANY_NONCE */
	/*
	 * Who is trusted: the certificate of the device, or of the CA that issued that. One in DER, or
	 * any number in PEM, each of which will do.
	 */
	const void *anchor;
	size_t anchor_len;
	const void *chain;		/* NULL, or certificates in between, in the same form; not trusted */
	size_t chain_len;
	const uint8_t *nonce;		/* ESPVAULT_NONCE_LEN bytes that the verifier chose */
	char *words;			/* NULL, or gets why a statement was refused */
	size_t words_size;
};

/* What a statement says. Fields that its subject does not call for are zero. */
struct espvault_statement {
	uint32_t size;
	uint32_t mode;			/* ESV_MODE_* of the interface */
	uint32_t if_version;
	uint32_t fw_version;
	uint64_t device_id;
	uint64_t epoch;
	uint64_t resets;
	uint8_t nonce[ESPVAULT_NONCE_LEN];
	uint8_t measurement[ESPVAULT_MEASUREMENT_LEN];	/* of the firmware; compare it with the one that you expect */
	uint8_t provision_key[32];	/* as in struct espvault_info, but not just the host's word */
	uint32_t sessions, handles;
	uint32_t keys_installed, keys_pending;
	uint8_t subject;		/* enum espvault_subject */
	uint8_t type;			/* enum espvault_secret, 1 nonce, 2 private value, 3 shared secret, 4 IKE SA, 5 ESP */
	uint8_t state;			/* 1 made, 2 peer is vouched for, 3 an SA uses it */
	uint8_t vouch;			/* 0 nobody, 1 host, 2 unit */
	uint8_t dir;			/* 1 out, 2 in */
	uint8_t custody;		/* enum espvault_custody */
	uint8_t id_type;		/* RFC 7296 3.5, 0: none */
	uint8_t rsvd;
	uint32_t id_len;
	uint32_t sa_handle;		/* this and what follows: the SA, as in struct espvault_sa */
	espvault_handle handle;
	uint8_t id[ESPVAULT_ID_MAX];	/* the peer's, as vouch has it; of a provisioned secret whom it is bound to */
	uint32_t spi;
	uint8_t family, sa_mode, algo, sa_state;
	uint32_t sa_flags;		/* ESV_SA_F_* of the interface */
	uint32_t reqid;
	uint32_t window;
	uint32_t rsvd1;
	uint8_t saddr[16], daddr[16];
	uint64_t seq, packets, bytes;
	uint64_t auth_failed, replay_dropped, other_dropped;
	uint64_t sa_epoch;		/* 0: its key was zeroised */
};

/*
 * Is this what a unit that the anchor stands for said, with this nonce? Needs no unit, no
 * privilege and no network. 0 and *out, or one of these, each with words of its own, and *out as it was:
 *
 * -EBADMSG	it is not one SignedData in DER with one statement in it
 * -EKEYREJECTED	the signature is not over this statement, or by no certificate that is in it
 * -ENOKEY	the certificates do not lead to the anchor
 * -EPROTONOSUPPORT	a version of statements that this library does not know
 * -EPROTO	statement and boot certificate contradict each other
 * -ESTALE	another nonce
 * -EPERM	the unit is in test mode, and ESPVAULT_ACCEPT_TEST was not given
 * -EINVAL	an argument is wrong: no nonce and no ESPVAULT_ANY_NONCE, an anchor that is no certificate
 */
int espvault_verify(const void *statement, size_t len, const struct espvault_verify_params *params,
		    struct espvault_statement *out);

/*
 * The device certificate in a statement, in PEM, for a verifier to keep as its anchor once it was seen
 * on a way that can be trusted; nothing is verified. pem gets text with its NUL. *pem_len: in capacity, out length
 * without the NUL. -EBADMSG: not a statement. -ENOBUFS.
 */
int espvault_certificate(const void *statement, size_t len, char *pem, size_t *pem_len);

/* An algorithm of the unit, the parts that it takes in this order, and what it gives. */
enum espvault_alg {
	ESPVAULT_ALG_PRF = 1,		/* key, message; the tag */
	ESPVAULT_ALG_KE_PUBLIC = 2,	/* private value; the public one */
	ESPVAULT_ALG_KE_SHARED = 3,	/* private value, peer's value; the shared secret */
	ESPVAULT_ALG_KE_ENCAP = 4,	/* encapsulation key, 32 bytes of entropy; ciphertext and shared secret */
	ESPVAULT_ALG_SIGN = 5,		/* private key in PKCS#8, message; Authentication Data of AUTH (RFC 7427) */
	ESPVAULT_ALG_VERIFY = 6,	/* SubjectPublicKeyInfo, message, Authentication Data; nothing */
	ESPVAULT_ALG_KWP_WRAP = 7,	/* KEK of 32 bytes, plaintext; the wrapped */
	ESPVAULT_ALG_KWP_UNWRAP = 8,	/* KEK, wrapped; the plaintext */
	ESPVAULT_ALG_HPKE_OPEN = 9,	/* private key, info, AAD, encapsulated key with ciphertext; the plaintext */
};

#define ESPVAULT_ALG_PARTS	4
#define ESPVAULT_ALG_OUT_MAX	4088

struct espvault_part {
	const void *data;
	size_t len;
};

struct espvault_alg_params {
	uint32_t size;
	uint16_t alg;			/* enum espvault_alg */
	uint16_t param;			/* PRF: enum espvault_prf, KE_*: enum espvault_ke, SIGN: enum espvault_sig; else 0 */
	struct espvault_part part[ESPVAULT_ALG_PARTS];	/* 4080 bytes together; len 0: empty, or no such part */
};
/*
 * Run one of the algorithms that the other calls use on bytes of the caller's, to put vectors to it (UNIT-101); nothing
 * of the unit's own goes into it. out gets what the algorithm gives. *out_len: in capacity
 * (ESPVAULT_ALG_OUT_MAX always does), out length. -EACCES: the unit is not in test mode. -EPROTONOSUPPORT: it lacks
 * the algorithm, or that has no such param. -EMSGSIZE: too long for one command, or a length that the algorithm does
 * not take. -EKEYREJECTED: too weak a key. -EINVAL: no key, or none for this scheme. -EBADMSG: a peer's value that is
 * not acceptable, or what does not verify or open. -ENOBUFS: out is too small. -EPERM: opened for reading.
 */
int espvault_alg_test(struct espvault *unit, const struct espvault_alg_params *params, void *out, size_t *out_len);

/* All counters: fn gets name and value in the order of the interface's list. */
int espvault_counters(struct espvault *unit, int (*fn)(const char *name, uint64_t value, void *arg), void *arg);

/* Version of the library, "major.minor". */
const char *espvault_version(void);

#ifdef __cplusplus
}
#endif

#endif
