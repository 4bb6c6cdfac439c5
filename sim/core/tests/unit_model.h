/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handles of one session of the unit as the specification has them (UNIT-10 and what follows): which
 * commands are allowed in which state, with what they are refused, and what they change. No secrets in here.
 */
#ifndef UNIT_MODEL_H
#define UNIT_MODEL_H

#include <espvault/esv_if.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct ike_model {
	uint8_t live, vouch, ppk, half, auths, rekeyed, first_closed;
	uint8_t other;		/* its secret is not from the values of the IKE_SA_INIT that it is asked about */
};

/* One place for an object of each kind, two for IKE SAs: one that was derived, one that rekeying made. */
struct model {
	uint8_t nonce, ke, secret;
	uint8_t other;		/* of the secret: as above */
	struct ike_model ike[2];
	uint8_t esp[2], bound[2], installed[2];	/* in, out; bound: to which of two SPIs, 0: none yet */
	uint8_t esp_vouch;
	uint8_t spent;		/* the outbound key's limit was reached */
};

/* What stands where a handle belongs. */
enum kind {
	GOOD, ZERO, STALE, FOREIGN,	/* FOREIGN: the right type, of another session */
	OTHER,				/* + handle type: a live one of that type, wrong if that is another type */
	KINDS = OTHER + ESV_H_PUB + 1,
};

enum code {
	NONCE_GEN, KE_GEN, KE_FINISH, IKE_DERIVE, IKE_UPDATE, IKE_REKEY, PPK_APPLY, INTAUTH, AUTH_SIGN, AUTH_VERIFY,
	AUTH_ASSERT, CHILD_DERIVE, IKE_SEAL, IKE_OPEN, INSTALL, RELEASE, KE_ENCAP, PROVISION, SPEND, ATTEST, DESTROY, ZEROIZE,
	SESSION_CLOSE, CODES
};

/* Bits of op.how, by command. */
#define BAD_VALUE	1	/* something that is no handle is wrong */
#define BAD_VALUE_2	2	/* INSTALL: the other SPI; PROVISION: what a KEK did not wrap */
#define NO_PPK		4	/* AUTH_* */
#define FIRST		4	/* CHILD_DERIVE */
#define PFS		8
#define RESPONDER	4	/* INTAUTH */
#define OUTBOUND	4	/* INSTALL, RELEASE */

struct op {
	uint8_t code, ike, how;
	uint8_t arg[3];		/* enum kind of the handles, in the order in which they are looked at */
	uint8_t slot;		/* DESTROY, ATTEST */
};

enum slot { S_NONCE, S_KE, S_SECRET, S_IKE, S_IKE_2, S_ESP_IN, S_ESP_OUT, SLOTS };

struct verdict {
	enum esv_status status;
	int arg;		/* BAD_HANDLE: which handle */
};

#define VERDICT(s)	((struct verdict){ s, -1 })
#define BAD(n)		((struct verdict){ ESV_S_BAD_HANDLE, n })

static bool slot_live(const struct model *m, enum slot s)
{
	switch (s) {
	case S_NONCE: return m->nonce;
	case S_KE: return m->ke;
	case S_SECRET: return m->secret;
	case S_IKE:
	case S_IKE_2: return m->ike[s - S_IKE].live;
	default: return m->esp[s - S_ESP_IN];
	}
}

static struct verdict model_finish(struct model *m, const struct op *op)
{
	if (op->arg[0] != GOOD || !m->ke)
		return BAD(0);
	if (op->how & BAD_VALUE_2)	/* wrong length: nothing was calculated */
		return VERDICT(ESV_S_BAD_PUBLIC_VALUE);
	m->ke = 0;
	if (op->how & BAD_VALUE)
		return VERDICT(ESV_S_BAD_PUBLIC_VALUE);
	m->secret++;
	m->other = 0;
	return VERDICT(ESV_S_OK);
}

/* The other ways to a secret: a KEM's, and one that somebody brings. */
static struct verdict model_encap(struct model *m, const struct op *op)
{
	if (op->how & BAD_VALUE)	/* no KEM */
		return VERDICT(ESV_S_BAD_FIELD);
	if (op->how & BAD_VALUE_2)	/* wrong length */
		return VERDICT(ESV_S_BAD_PUBLIC_VALUE);
	m->secret++;
	m->other = 1;
	return VERDICT(ESV_S_OK);
}

static struct verdict model_provision(struct model *m, const struct op *op)
{
	if (op->how & BAD_VALUE)	/* in a wrap that its type does not come in */
		return VERDICT(ESV_S_BAD_FIELD);
	if (op->how & BAD_VALUE_2)
		return op->arg[0] == GOOD ? VERDICT(ESV_S_AUTH_FAILED) : BAD(0);
	m->secret++;
	m->other = 1;
	return VERDICT(ESV_S_OK);
}

static void secret_used(struct model *m)
{
	m->secret = m->other = 0;
}

static struct verdict model_derive(struct model *m, const struct op *op)
{
	if (op->how & BAD_VALUE)
		return VERDICT(ESV_S_UNSUPPORTED_VALUE);
	if (op->arg[0] != GOOD || !m->secret)
		return BAD(0);
	if (op->arg[1] != GOOD || !m->nonce)
		return BAD(1);
	m->nonce = 0;
	m->ike[0] = (struct ike_model){ .live = (uint8_t)(m->ike[0].live + 1), .other = m->other };
	secret_used(m);
	return VERDICT(ESV_S_OK);
}

static struct verdict model_update(struct model *m, const struct op *op)
{
	const struct ike_model *i = &m->ike[op->ike];

	if (op->arg[0] != GOOD || !i->live)
		return BAD(0);
	if (i->vouch || i->ppk || i->auths || i->half)
		return VERDICT(ESV_S_BAD_STATE);
	if (op->arg[1] != GOOD || !m->secret)
		return BAD(1);
	secret_used(m);
	return VERDICT(ESV_S_OK);
}

static struct verdict model_rekey(struct model *m, const struct op *op)
{
	struct ike_model *i = &m->ike[op->ike];

	if (op->arg[0] != GOOD || !i->live)
		return BAD(0);
	if (!i->vouch)
		return VERDICT(ESV_S_DENIED);
	if (op->arg[1] != GOOD || !m->secret || op->how & BAD_VALUE)	/* or no secret at all */
		return BAD(1);
	if (op->how & BAD_VALUE_2)	/* the same one twice */
		return BAD(3);
	if (op->arg[2] != GOOD || !m->nonce)
		return BAD(2);
	m->nonce = 0;
	secret_used(m);
	i->first_closed = 1;
	m->ike[1] = (struct ike_model){ .live = (uint8_t)(m->ike[1].live + 1), .vouch = i->vouch, .rekeyed = 1,
					.first_closed = 1 };
	return VERDICT(ESV_S_OK);
}

static struct verdict model_ppk(struct model *m, const struct op *op)
{
	struct ike_model *i = &m->ike[op->ike];

	if (op->arg[0] != GOOD || !i->live)
		return BAD(0);
	if (i->vouch || i->ppk || i->auths || i->half)
		return VERDICT(ESV_S_BAD_STATE);
	if (op->arg[1] != GOOD)
		return BAD(1);
	i->ppk = 1;
	return VERDICT(ESV_S_OK);
}

static struct verdict model_intauth(struct model *m, const struct op *op)
{
	struct ike_model *i = &m->ike[op->ike];

	if (op->arg[0] != GOOD || !i->live)
		return BAD(0);
	if (i->vouch || i->ppk || i->auths || i->half != !!(op->how & RESPONDER))
		return VERDICT(ESV_S_BAD_STATE);
	i->half = !i->half;
	return VERDICT(ESV_S_OK);
}

/* What both AUTH commands ask of the IKE SA. The keys from before the PPK stay until somebody vouched. */
static struct verdict model_auth_ike(const struct ike_model *i, const struct op *op)
{
	if (op->arg[0] != GOOD || !i->live)
		return BAD(0);
	if (i->rekeyed || i->half || (op->how & NO_PPK && (!i->ppk || i->vouch)))
		return VERDICT(ESV_S_BAD_STATE);
	return VERDICT(ESV_S_OK);
}

static struct verdict model_sign(struct model *m, const struct op *op)
{
	struct ike_model *i = &m->ike[op->ike];
	struct verdict v = model_auth_ike(i, op);
	uint8_t kind = op->how & NO_PPK ? 2 : 1;

	if (v.status != ESV_S_OK)
		return v;
	if (op->arg[1] != GOOD)
		return BAD(1);
	if (i->auths & kind)
		return VERDICT(ESV_S_BAD_STATE);
	if (op->how & BAD_VALUE || i->other)	/* a message of another IKE SA */
		return VERDICT(ESV_S_BAD_FIELD);
	i->auths |= kind;
	return VERDICT(ESV_S_OK);
}

/* Who vouches also decides whether the PPK counts. */
static void model_vouch(struct ike_model *i, uint8_t vouch, bool no_ppk)
{
	i->vouch = vouch;
	if (no_ppk)
		i->ppk = 0;
}

static struct verdict model_verify(struct model *m, const struct op *op)
{
	struct ike_model *i = &m->ike[op->ike];
	struct verdict v = model_auth_ike(i, op);

	if (v.status != ESV_S_OK)
		return v;
	if (i->vouch)
		return VERDICT(ESV_S_BAD_STATE);
	if (op->arg[1] != GOOD)
		return BAD(1);
	if (op->how & BAD_VALUE || i->other)
		return VERDICT(ESV_S_AUTH_FAILED);
	model_vouch(i, ESV_VOUCH_UNIT, op->how & NO_PPK);
	return VERDICT(ESV_S_OK);
}

static struct verdict model_assert(struct model *m, const struct op *op)
{
	struct ike_model *i = &m->ike[op->ike];

	if (op->arg[0] != GOOD || !i->live)
		return BAD(0);
	if (i->vouch)
		return VERDICT(ESV_S_BAD_STATE);
	if (op->how & BAD_VALUE)	/* an identity that is none */
		return VERDICT(ESV_S_BAD_FIELD);
	if (op->how & NO_PPK && !i->ppk)
		return VERDICT(ESV_S_BAD_STATE);
	model_vouch(i, ESV_VOUCH_HOST, op->how & NO_PPK);
	return VERDICT(ESV_S_OK);
}

static struct verdict model_child(struct model *m, const struct op *op)
{
	struct ike_model *i = &m->ike[op->ike];

	if (op->arg[0] != GOOD || !i->live)
		return BAD(0);
	if (!i->vouch)
		return VERDICT(ESV_S_DENIED);
	if (op->how & FIRST) {
		if (op->how & (BAD_VALUE | PFS))	/* a nonce or a secret with it */
			return VERDICT(ESV_S_BAD_FIELD);
		if (i->first_closed)
			return VERDICT(ESV_S_BAD_STATE);
	} else {
		if (op->arg[1] != GOOD || !m->nonce)
			return BAD(1);
		if (op->how & PFS && (op->arg[2] != GOOD || !m->secret))
			return BAD(2);
		m->nonce = 0;
		if (op->how & PFS)
			secret_used(m);
	}
	i->first_closed = 1;
	m->esp_vouch = i->vouch;
	m->spent = 0;
	for (int d = 0; d < 2; d++) {
		m->esp[d]++;
		m->bound[d] = m->installed[d] = 0;
	}
	return VERDICT(ESV_S_OK);
}

static struct verdict model_install(struct model *m, const struct op *op)
{
	int d = !!(op->how & OUTBOUND);
	uint8_t spi = op->how & BAD_VALUE_2 ? 2 : 1;

	/* Another direction than the token's; another SPI than it was bound to. */
	if (!m->esp[d] || m->installed[d] || op->how & BAD_VALUE || (m->bound[d] && m->bound[d] != spi))
		return VERDICT(ESV_S_KEY_REJECTED);
	m->bound[d] = spi;
	m->installed[d] = 1;
	return VERDICT(ESV_S_OK);
}

static struct verdict model_destroy(struct model *m, const struct op *op)
{
	if (op->arg[0] != GOOD || !slot_live(m, op->slot))
		return BAD(0);
	switch (op->slot) {
	case S_NONCE: m->nonce = 0; break;
	case S_KE: m->ke = 0; break;
	case S_SECRET: secret_used(m); break;
	case S_IKE:
	case S_IKE_2: memset(&m->ike[op->slot - S_IKE], 0, sizeof(m->ike[0])); break;
	default:
		if (m->installed[op->slot - S_ESP_IN])
			return VERDICT(ESV_S_BAD_STATE);
		m->esp[op->slot - S_ESP_IN] = m->bound[op->slot - S_ESP_IN] = 0;
		if (op->slot == S_ESP_OUT)
			m->spent = 0;
	}
	return VERDICT(ESV_S_OK);
}

/* Keys that an SA uses stay with it, and are nobody's from then on. */
static struct verdict model_zeroize(struct model *m)
{
	memset(m, 0, sizeof(*m));
	return VERDICT(ESV_S_OK);
}

/* The last packet that an outbound key may carry. What it is for then does not depend on SAs any more. */
static struct verdict model_spend(struct model *m)
{
	if (m->installed[1])
		m->spent = 1;
	return VERDICT(ESV_S_OK);
}

/* What HANDLE_QUERY and statements tell of a live handle. */
static uint8_t shown_state(const struct model *m, enum slot s)
{
	if (s == S_IKE || s == S_IKE_2)
		return m->ike[s - S_IKE].vouch ? ESV_HS_AUTHENTICATED : ESV_HS_NEW;
	if (s < S_ESP_IN)
		return ESV_HS_NEW;
	if (s == S_ESP_OUT && m->spent)
		return ESV_HS_DEACTIVATED;
	return m->installed[s - S_ESP_IN] ? ESV_HS_INSTALLED : m->bound[s - S_ESP_IN] ? ESV_HS_SUSPENDED : ESV_HS_NEW;
}

static uint8_t shown_vouch(const struct model *m, enum slot s)
{
	return s == S_IKE || s == S_IKE_2 ? m->ike[s - S_IKE].vouch : s >= S_ESP_IN ? m->esp_vouch : 0;
}

static struct verdict predict(struct model *m, const struct op *op)
{
	switch (op->code) {
	case NONCE_GEN: return op->how ? VERDICT(ESV_S_BAD_FIELD) : (m->nonce++, VERDICT(ESV_S_OK));
	case KE_GEN: return op->how ? VERDICT(ESV_S_UNSUPPORTED_VALUE) : (m->ke++, VERDICT(ESV_S_OK));
	case KE_FINISH: return model_finish(m, op);
	case IKE_DERIVE: return model_derive(m, op);
	case IKE_UPDATE: return model_update(m, op);
	case IKE_REKEY: return model_rekey(m, op);
	case PPK_APPLY: return model_ppk(m, op);
	case INTAUTH: return model_intauth(m, op);
	case AUTH_SIGN: return model_sign(m, op);
	case AUTH_VERIFY: return model_verify(m, op);
	case AUTH_ASSERT: return model_assert(m, op);
	case CHILD_DERIVE: return model_child(m, op);
	case IKE_SEAL: return op->arg[0] == GOOD && m->ike[op->ike].live ? VERDICT(ESV_S_OK) : BAD(0);
	case IKE_OPEN: return op->arg[0] == GOOD && m->ike[op->ike].live ? VERDICT(ESV_S_AUTH_FAILED) : BAD(0);
	case INSTALL: return model_install(m, op);
	case RELEASE: m->installed[!!(op->how & OUTBOUND)] = 0; return VERDICT(ESV_S_OK);
	case KE_ENCAP: return model_encap(m, op);
	case PROVISION: return model_provision(m, op);
	case SPEND: return model_spend(m);
	case ATTEST: return op->arg[0] == GOOD && slot_live(m, op->slot) ? VERDICT(ESV_S_OK) : BAD(0);
	case DESTROY: return model_destroy(m, op);
	default: return model_zeroize(m);
	}
}

/* One object of a kind is enough: a second one in the same place is not offered. */
static bool fits(const struct model *m)
{
	return m->nonce < 2 && m->ke < 2 && m->secret < 2 && !(m->ke && m->secret) && m->ike[0].live < 2 &&
	       m->ike[1].live < 2 && m->esp[0] < 2 && m->esp[1] < 2;
}

#endif
