/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements in words, for attest and verify. */
#ifndef STATEMENT_H
#define STATEMENT_H

#include "tool.h"

struct statement {
	size_t len;
	uint8_t bytes[ESPVAULT_STATEMENT_MAX];
};

/* What it says, as members of o. */
void statement_put(struct json_object *o, const struct espvault_statement *st);

#endif
