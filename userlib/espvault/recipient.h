/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whom HPKE seals to (UNIT-91): what must be known of a unit, by its signed statement or on somebody's word. */
#ifndef RECIPIENT_H
#define RECIPIENT_H

#include "judge.h"

struct recipient {
	struct judge from;	/* from.statement is the file, NULL: nobody */
	bool unverified;	/* it is the answer of status, which nobody signed */
	struct espvault_statement unit;	/* the answer of status fills device_id, epoch and provision_key only */
};

/* For tables of take_options(); above what a command numbers itself. */
enum recipient_option { R_FIRST = 256, R_TO = R_FIRST, R_UNVERIFIED };
#define RECIPIENT_OPTIONS { "to", 1, NULL, R_TO }, { "unverified", 0, NULL, R_UNVERIFIED }, JUDGE_OPTIONS

/* One of these options. EXIT_OK, or it has complained. */
int recipient_take(struct recipient *r, int option, const char *text);
/* Do the options go together? The same. */
int recipient_check(const struct recipient *r);
/* Fill r->unit. The same. */
int recipient_read(struct recipient *r);
/* Who it is, as members of o. */
void recipient_put(struct json_object *o, const struct recipient *r);

#endif
