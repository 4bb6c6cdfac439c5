// SPDX-License-Identifier: GPL-2.0-or-later
/* Losing the evidence that all answers rest on, and having it again. */
#include "audit.h"
#include "front.h"

/* What comes and goes all the time fills no log either. */
static void say(struct front *f, enum audit_event event, const char *what, const char *why)
{
	struct audit_fields fields = { .uid = AUDIT_NO_USER };

	if (record_due(f, &fields))
		audit(event, &fields, "%s: %s", what, why);
}

void evidence_lost(struct front *f, const char *why)
{
	f->stale = true;
	f->counters.evidence_losses++;
	say(f, AUDIT_EVIDENCE_LOST, "all flows are unknown", why);
	flows_judge(f, false);
}

void evidence_back(struct front *f)
{
	f->stale = false;
	say(f, AUDIT_EVIDENCE_BACK, "flows are known again", "what the kernel has can be read");
	flows_judge(f, false);	/* routes were followed meanwhile */
}
