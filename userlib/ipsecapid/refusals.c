// SPDX-License-Identifier: GPL-2.0-or-later
/* What was refused: counted by reason, and recorded where an administrator may want to know. */
#include <stdbool.h>

#include "audit.h"
#include "clock.h"
#include "front.h"

/* AUDIT_EVENTS: a mistake of the program, or no more than the end of a list. */
static enum audit_event event_of(uint32_t reason)
{
	switch (reason) {
	case IPSECAPI_REASON_NOT_PERMITTED:
	case IPSECAPI_REASON_OVERFLOW_UID:
	case IPSECAPI_REASON_CREDENTIALS:
	case IPSECAPI_REASON_FOREIGN_NAMESPACE:
		return AUDIT_PRIVILEGE;
	case IPSECAPI_REASON_SESSION_LIMIT:
	case IPSECAPI_REASON_FLOW_LIMIT_SESSION:
	case IPSECAPI_REASON_FLOW_LIMIT_USER:
	case IPSECAPI_REASON_BROKER_LIMIT:
		return AUDIT_LIMIT;
	}
	return AUDIT_EVENTS;
}

void refusal_note(struct front *f, uint32_t uid, uint32_t reason)
{
	struct audit_fields fields = { .uid = uid, .reason = ipsecapi_word(IPSECAPI_WORDS_REASON, reason) };
	enum audit_event event = event_of(reason);

	if (event == AUDIT_EVENTS ||
	    !audit_limit_pass(&f->audit_limit, uid, now_ns(), &fields.left_out))
		return;
	audit(event, &fields, "user %u was refused: %s", uid, ipsecapi_strreason(reason));
}

void refusals_tell(struct front *f)
{
	struct audit_fields fields = { .uid = AUDIT_NO_USER };

	while (audit_limit_next(&f->audit_limit, now_ns(), &fields.uid, &fields.left_out))
		audit(AUDIT_LEFT_OUT, &fields, "%u records %swere left out", fields.left_out,
		      fields.uid == AUDIT_NO_USER ? "" : "of this user ");
}
