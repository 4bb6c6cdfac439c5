/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keeps the API or IPsec from working on this host. Each check tells at least one finding. */
#ifndef IPSECAPI_DOCTOR_H
#define IPSECAPI_DOCTOR_H

#include "tool.h"

enum finding_status {
	FINDING_OK,
	FINDING_UNKNOWN,	/* the check could not be done */
	FINDING_WARN,		/* may be meant so */
	FINDING_FAIL,
	FINDING_STATUSES,
};

struct doctor {
	struct tool *t;			/* with a session, once check_broker() made one */
	struct json_object *findings;	/* NULL: they are printed at once */
	unsigned int n[FINDING_STATUSES];
};

/*
 * Tell one finding in a sentence. @id: stable, for programs. @remedy: what to do, NULL where there
 * is nothing to do.
 */
void finding(struct doctor *d, const char *id, enum finding_status status, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* doctor_broker.c: what the broker says, and of itself */
void check_broker(struct doctor *d);
void check_evidence(struct doctor *d);
void check_policy(struct doctor *d);
void check_flow(struct doctor *d);
void check_units(struct doctor *d);

/* doctor_kernel.c: what the kernel can do */
void check_kernel(struct doctor *d);
void check_lockdown(struct doctor *d);
void check_esp(struct doctor *d);
void check_offload(struct doctor *d);
void check_diag(struct doctor *d);

/* doctor_switches.c: sysctls that switch IPsec off */
void check_switches(struct doctor *d);

/* doctor_marks.c: who else uses the broker's bits of marks */
void check_marks(struct doctor *d);

/* doctor_ike.c: the IKE daemon */
void check_vici(struct doctor *d);

/* trial.c: what a kernel can do is tried in a network namespace that nobody else sees. */
struct trial {
	int esp[2];		/* 0 or a negative errno: an SA of IPv4, and of IPv6 */
	int nf_tables;
};

/* Returns 0, or a negative errno when there can be no such namespace. */
int trial_run(struct trial *t);

/* module.c: the parts of a kernel */
enum module_state {
	MODULE_UNKNOWN,		/* nothing tells */
	MODULE_ABSENT,
	MODULE_ON_DISK,		/* the kernel loads it when it is needed */
	MODULE_PRESENT,		/* loaded or built in */
};

enum module_state module_state(const char *name);

#endif
