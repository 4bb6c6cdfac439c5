/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of what an administrator may want to know later: refusals, limits, policies, lost
 * evidence, starts and stops. They go to the journal with fields when standard error goes there,
 * else to standard error as one line each. Nothing of ours waits for who reads them: what does
 * not fit is left out, and the next record says how many were.
 *
 * No record has a key, an SPI, an address, or a user but the one that asked.
 */
#ifndef IPSECAPID_AUDIT_H
#define IPSECAPID_AUDIT_H

#include <stddef.h>
#include <stdint.h>

enum audit_event {
	AUDIT_STARTED,
	AUDIT_STOPPED,
	AUDIT_PROCESS_LOST,
	AUDIT_POLICY_IN_FORCE,
	AUDIT_POLICY_REFUSED,
	AUDIT_EVIDENCE_LOST,
	AUDIT_EVIDENCE_BACK,
	AUDIT_PRIVILEGE,	/* somebody was refused what is not theirs */
	AUDIT_LIMIT,		/* somebody has as much as one may have */
	AUDIT_LEFT_OUT,		/* records of the two before, and the one behind, that were not written */
	AUDIT_LESS_GRANTED,	/* less than rules accept, to somebody whom they let ask for it */
	AUDIT_IKE_STARTED,	/* a rule lets programs have peers called, and one had */
	AUDIT_EVENTS,
};

#define AUDIT_NO_USER UINT32_MAX

/* The message has words; these have fields as well. */
struct audit_fields {
	uint32_t uid;		/* that asked, or AUDIT_NO_USER */
	const char *reason;	/* a word, or NULL */
	uint32_t left_out;	/* records like this that were not written before it */
};

/* Open what records go to. Before the sandbox, and before processes are forked that write. */
void audit_open(void);
/* The process writes none: give up what it would write to. */
void audit_close(void);

/* @fields: NULL for none. */
void audit(enum audit_event event, const struct audit_fields *fields, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A record as it goes to the journal or, as a line, to standard error. Returns its length. */
#define AUDIT_RECORD_MAX 2048
size_t audit_for_journal(char record[AUDIT_RECORD_MAX], enum audit_event event,
			 const struct audit_fields *fields, const char *message);
size_t audit_for_stderr(char record[AUDIT_RECORD_MAX], enum audit_event event,
			const struct audit_fields *fields, const char *message);

#endif
