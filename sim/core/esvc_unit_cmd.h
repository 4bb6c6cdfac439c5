/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command handlers of the trusted unit share. */
#ifndef ESVC_UNIT_CMD_H
#define ESVC_UNIT_CMD_H

#include "esvc_dev.h"
#include "esvc_unit_priv.h"

/* The session that the request names, in a unit that is not locked; expired tokens are gone. */
enum esv_status esvc_unit_enter(struct esvc_dev *dev, struct esvc_cmd *cmd, struct esvc_session **s);
/* Payload bytes [from, to), as far as they were sent, must be zero. */
enum esv_status esvc_unit_zeros(struct esvc_cmd *cmd, size_t from, size_t to);
/* A prf that may be chosen: 0 if not (SHA-1 in test mode only), else its length. */
size_t esvc_unit_prf_len(const struct esvc_unit *unit, unsigned int prf);
/* An identification that can be one (UNIT-21). */
bool esvc_unit_id_ok(uint8_t type, uint16_t len);
/* Somebody vouched for the peer: recorded for good, and the gate for children is open. */
void esvc_unit_vouch(struct esvc_handle *h, struct esvc_ike_sa *ike, uint8_t vouch, uint8_t id_type,
		     struct esvc_bytes id, bool no_ppk);
/* ESV_MODE_* as they are now. */
uint32_t esvc_unit_mode(const struct esvc_dev *dev);
/* n more tokens that are not installed yet, within the quotas of session and function: OK, LIMIT. */
enum esv_status esvc_unit_tokens(const struct esvc_unit *unit, const struct esvc_session *s, uint32_t n);
/* A new handle within the quotas of session and function: OK, LIMIT, NO_RESOURCE. */
enum esv_status esvc_unit_make(struct esvc_unit *unit, struct esvc_session *s, unsigned int type,
			       struct esvc_handle **h);

/* esvc_unit_ke.c */
/* NULL: not known, or libcrypto does not have it. */
const struct esvc_ke_method *esvc_unit_ke_method(const struct esvc_unit *unit, uint16_t number);
enum esv_status esvc_unit_ke_gen(struct esvc_dev *dev, struct esvc_cmd *cmd);
enum esv_status esvc_unit_ke_finish(struct esvc_dev *dev, struct esvc_cmd *cmd);
enum esv_status esvc_unit_ke_encap(struct esvc_dev *dev, struct esvc_cmd *cmd);

/* esvc_unit_ike.c */
enum esv_status esvc_unit_ike_derive(struct esvc_dev *dev, struct esvc_cmd *cmd);
enum esv_status esvc_unit_ike_update(struct esvc_dev *dev, struct esvc_cmd *cmd);
enum esv_status esvc_unit_ike_rekey(struct esvc_dev *dev, struct esvc_cmd *cmd);

/* esvc_unit_ppk.c */
enum esv_status esvc_unit_ppk_apply(struct esvc_dev *dev, struct esvc_cmd *cmd);
/* How it was decided whether the peer has the PPK (RFC 8784 4): the other keys are wiped. */
void esvc_unit_ppk_settle(struct esvc_ike_sa *ike, bool no_ppk);

/* esvc_unit_intauth.c */
enum esv_status esvc_unit_intauth(struct esvc_dev *dev, struct esvc_cmd *cmd);

/* esvc_unit_auth.c */
enum esv_status esvc_unit_auth_sign(struct esvc_dev *dev, struct esvc_cmd *cmd);
enum esv_status esvc_unit_auth_verify(struct esvc_dev *dev, struct esvc_cmd *cmd);

/* esvc_unit_seal.c */
enum esv_status esvc_unit_ike_seal(struct esvc_dev *dev, struct esvc_cmd *cmd);
enum esv_status esvc_unit_ike_open(struct esvc_dev *dev, struct esvc_cmd *cmd);

/* esvc_unit_child.c */
enum esv_status esvc_unit_child_derive(struct esvc_dev *dev, struct esvc_cmd *cmd);

/* esvc_unit_provision.c */
enum esv_status esvc_unit_provision(struct esvc_dev *dev, struct esvc_cmd *cmd);

/* esvc_unit_attest.c */
enum esv_status esvc_unit_attest(struct esvc_dev *dev, struct esvc_cmd *cmd);

/* esvc_unit_alg.c */
enum esv_status esvc_unit_alg_test(struct esvc_dev *dev, struct esvc_cmd *cmd);

/* Offsets in a command's payload. */
struct esvc_input_places {
	size_t nonce;
	size_t secrets;		/* handles, 0: no more */
	unsigned int secret_max;
	size_t peer_nonce_len;
	size_t peer_nonce;
};

/* What a derivation consumes. Zeroed by the caller. */
struct esvc_inputs {
	struct esvc_handle *nonce;
	struct esvc_handle *secret[ESV_SECRETS_MAX];
	unsigned int nr_secrets;
};

/* esvc_unit_inputs.c: look handles up; nothing is consumed. */
enum esv_status esvc_inputs_nonce(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
				  const struct esvc_input_places *at, struct esvc_inputs *in);
/* A list without gaps and without doubles (UNIT-17). */
enum esv_status esvc_inputs_secrets(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
				    const struct esvc_input_places *at, struct esvc_inputs *in);
/* Both nonces, in the order of the roles. */
struct esvc_nonces esvc_inputs_nonces(struct esvc_unit *unit, const struct esvc_inputs *in, uint8_t role,
				      const uint8_t *peer, size_t peer_len);
void esvc_inputs_bytes(struct esvc_unit *unit, const struct esvc_inputs *in,
		       struct esvc_bytes secret[ESV_SECRETS_MAX]);
/* A nonce of this unit that nobody has used yet, in whatever session. */
bool esvc_inputs_nonce_waits(const struct esvc_unit *unit, const uint8_t *bytes, size_t len);
void esvc_inputs_consume(struct esvc_unit *unit, const struct esvc_inputs *in);

#endif
