// SPDX-License-Identifier: GPL-2.0-or-later
/* All checks, and how their findings are told. */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const words[FINDING_STATUSES] = {
	[FINDING_OK] = "ok", [FINDING_UNKNOWN] = "unknown", [FINDING_WARN] = "warn", [FINDING_FAIL] = "fail",
};

static void (*const checks[])(struct doctor *d) = {
	check_broker, check_evidence, check_policy, check_flow, check_units,
	check_kernel, check_lockdown, check_esp, check_offload, check_diag,
	check_switches, check_marks, check_vici,
};

static struct json_object *text_or_null(const char *s)
{
	return s ? json_object_new_string(s) : NULL;
}

static struct json_object *object_of(const char *id, const char *word, const char *sentence, const char *remedy)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "id", json_object_new_string(id));
	json_object_object_add(o, "status", json_object_new_string(word));
	json_object_object_add(o, "finding", json_object_new_string(sentence));
	json_object_object_add(o, "remedy", text_or_null(remedy));
	return o;
}

void finding(struct doctor *d, const char *id, enum finding_status status, const char *remedy, const char *fmt, ...)
{
	char sentence[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	d->n[status]++;
	if (d->findings) {
		json_object_array_add(d->findings, object_of(id, words[status], sentence, remedy));
		return;
	}
	printf("%-8s%-15s %s\n", words[status], id, sentence);
	if (remedy)
		printf("%-8s%-15s remedy: %s\n", "", "", remedy);
}

/* The worst of all; what is not known says nothing about the rest. */
static const char *outcome(const struct doctor *d)
{
	return words[d->n[FINDING_FAIL] ? FINDING_FAIL : d->n[FINDING_WARN] ? FINDING_WARN : FINDING_OK];
}

static void conclude(const struct doctor *d)
{
	struct json_object *o;

	if (!d->findings) {
		printf("%u ok, %u to look at, %u wrong, %u that could not be checked\n", d->n[FINDING_OK],
		       d->n[FINDING_WARN], d->n[FINDING_FAIL], d->n[FINDING_UNKNOWN]);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "status", json_object_new_string(outcome(d)));
	json_object_object_add(o, "unknown", json_object_new_uint64(d->n[FINDING_UNKNOWN]));
	json_object_object_add(o, "findings", d->findings);
	json_finish(o);
}

int cmd_doctor(struct tool *t)
{
	struct doctor d = { .t = t, .findings = t->json ? json_object_new_array() : NULL };
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](&d);
	conclude(&d);
	ipsecapi_close(t->ctx);
	t->ctx = NULL;
	return d.n[FINDING_FAIL] ? 1 : 0;
}
