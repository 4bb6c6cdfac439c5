// SPDX-License-Identifier: GPL-2.0-or-later
/* What was refused: counted by reason, and recorded where an administrator may want to know. */
#include <string.h>

#include "clock.h"
#include "front.h"
#include "refusals.h"

enum audit_event refusal_event(uint32_t reason)
{
	switch (reason) {
	case IPSECAPI_REASON_NOT_PERMITTED:
	case IPSECAPI_REASON_OVERFLOW_UID:
	case IPSECAPI_REASON_CREDENTIALS:
	case IPSECAPI_REASON_FOREIGN_NAMESPACE:
	case IPSECAPI_REASON_ASKS_LESS:
	case IPSECAPI_REASON_NOT_YOUR_LATCH:
	case IPSECAPI_REASON_NOT_YOUR_CGROUP:
		return AUDIT_PRIVILEGE;
	case IPSECAPI_REASON_SESSION_LIMIT:
	case IPSECAPI_REASON_FLOW_LIMIT_SESSION:
	case IPSECAPI_REASON_FLOW_LIMIT_USER:
	case IPSECAPI_REASON_BROKER_LIMIT:
	case IPSECAPI_REASON_LATCH_LIMIT_USER:
	case IPSECAPI_REASON_LATCH_LIMIT:
	case IPSECAPI_REASON_CGROUP_LIMIT_USER:
	case IPSECAPI_REASON_CGROUP_LIMIT:
		return AUDIT_LIMIT;
	}
	return AUDIT_EVENTS;
}

bool record_due(struct front *f, struct audit_fields *fields)
{
	if (allowance_take(&f->records, &allowance_records, fields->uid, now_ns(), &fields->left_out))
		return true;
	f->counters.records_left_out++;
	return false;
}

void refusal_note(struct front *f, uint32_t uid, uint32_t reason)
{
	struct audit_fields fields = { .uid = uid, .reason = ipsecapi_word(IPSECAPI_WORDS_REASON, reason) };
	enum audit_event event = refusal_event(reason);

	if (!strcmp(fields.reason, "unknown"))
		reason = IPSECAPI_REASON_UNKNOWN;
	COUNT(f->counters.refusals, reason);
	if (event == AUDIT_EVENTS)
		return;
	if (record_due(f, &fields))
		audit(event, &fields, "user %u was refused: %s", uid, ipsecapi_strreason(reason));
}

void grant_note(struct front *f, uint32_t uid)
{
	struct audit_fields fields = { .uid = uid };

	if (record_due(f, &fields))
		audit(AUDIT_LESS_GRANTED, &fields, "user %u was granted less than the policy's rules accept, as they let",
		      uid);
}

void refusals_tell(struct front *f)
{
	struct audit_fields fields = { .uid = AUDIT_NO_USER };

	while (allowance_next(&f->records, &allowance_records, now_ns(), &fields.uid, &fields.left_out))
		audit(AUDIT_LEFT_OUT, &fields, "%u records %swere left out", fields.left_out,
		      fields.uid == AUDIT_NO_USER ? "" : "of this user ");
}
