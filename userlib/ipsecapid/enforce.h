/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The front's side of enforcing rules. A policy is in force once the applier holds its rules; it
 * is refused if it can't.
 */
#ifndef IPSECAPID_ENFORCE_H
#define IPSECAPID_ENFORCE_H

#include <stdbool.h>

#include "applier.h"
#include "evaluator.h"

struct front;
struct flow;
struct latch;
struct world;
struct flow_facts;

#define OWN_ADDRESSES	256

/* An address, and whether it is one of the host's own. */
struct own_address {
	uint16_t family;	/* 0: nothing is known */
	bool own;
	uint8_t address[16];
};

struct enforcing {
	struct policy *next;	/* to be in force when the applier has its rules, or NULL */
	struct policy *sent;	/* that it was sent; NULL: the one in force */
	uint32_t next_asked, sent_asked;	/* tickets of those who wait for these, or 0 */
	bool due;		/* it is to be sent `next`, or what is in force */
	uint32_t ticket;	/* of what it owes an answer to, or 0 */
	bool settled;		/* it has answered */
	bool rules;		/* it holds some, and they are those of the policy in force */
	struct listen_reqids *told[POLICY_CLASSES];	/* what it lets pass; NULL: not told yet */
	struct ipsecapi_tuple *exempt;			/* what no rule concerns, as it was told */
	uint32_t n_exempt;
	bool exempt_told, exempt_due;
	struct own_address own[OWN_ADDRESSES];
};

/* Have the rules of the policy in force held. */
void enforce_begin(struct front *f);
/* Another policy is to be in force. Takes @p; @asked: ticket of who waits for that, or 0. */
void enforce_policy(struct front *f, struct policy *p, uint32_t asked);
/* The applier has room again. */
void enforce_resume(struct front *f);
/* Returns a negative errno when the front can't go on: the first policy is not held. */
int enforce_answered(struct front *f, const struct apply_msg *m);

/* What is known has changed: tell the applier what passes. @addresses: which are our own, too. */
void enforce_judge(struct front *f, const struct world *w, bool addresses);
/* Add SAs whose units are to be asked to the @n there are, up to READ_MAX. Returns how many there are. */
uint32_t enforce_unasked(const struct front *f, uint32_t *sas, uint32_t n);
/* A latch was given, moved or dropped. */
void enforce_latches_changed(struct front *f);

/*
 * Say of a flow which direction is enforced, and where nothing passes for that. Its verdict is
 * made and not yet compared with the rules.
 */
void enforce_flow(const struct front *f, const struct world *w, struct flow *flow);

/*
 * The enforcing rules that apply to a latch. Of a listener nobody knows who will come, and by which
 * interface: each connection is judged again.
 */
void enforce_rules(const struct front *f, const struct world *w, const struct flow_facts *flow, bool listener,
		   struct policy_rules *r);
/*
 * What the latch was granted and enforcing rules accept today. Returns false where that is
 * nothing. @less: some of them are left out, for who asked was let.
 */
bool enforce_latch(const struct front *f, const struct world *w, const struct latch *l, struct outcomes *set,
		   bool *less);

/* breaks.c: another policy comes into force: which latches does it break? */
void breaks_begin(struct front *f);
/* They were judged by it. */
void breaks_tell(struct front *f);

#endif
