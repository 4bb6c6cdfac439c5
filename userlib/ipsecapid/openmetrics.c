// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Figures as OpenMetrics text. A figure says what is so now (gauge), or how often something
 * happened since the front started (counter). Labels are words of ours, so that none needs quoting.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../libipsecapi/wire/wire.h"
#include "openmetrics.h"
#include "refusals.h"

static const char *const requests[COUNTED_REQUESTS] = {
	[0] = "other",
	[WIRE_HELLO] = "hello", [WIRE_FLOW_OPEN] = "flow-open", [WIRE_FLOW_CLOSE] = "flow-close",
	[WIRE_REPORT] = "report", [WIRE_WHY] = "why", [WIRE_CAPS] = "caps", [WIRE_CLASS] = "class",
	[WIRE_INTERFACE] = "interface", [WIRE_HOST] = "host", [WIRE_RULE] = "rule",
	[WIRE_POLICY] = "policy", [WIRE_REQUIRE] = "require", [WIRE_RELAX] = "relax",
	[WIRE_ACCEPT] = "accept", [WIRE_RUN] = "run", [WIRE_RELOAD] = "reload",
};

static const char *const directions[2] = { [IPSECAPI_OUT] = "out", [IPSECAPI_IN] = "in" };

const char *openmetrics_request(uint32_t type)
{
	return type < COUNTED_REQUESTS && requests[type] ? requests[type] : requests[0];
}

static void family(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# TYPE ipsecapi_%s %s\n# HELP ipsecapi_%s %s\n", name, type, name, help);
}

static void unit(FILE *f, const char *name)
{
	fprintf(f, "# UNIT ipsecapi_%s seconds\n", name);
}

static void gauge(FILE *f, const char *name, const char *help, uint64_t value)
{
	family(f, name, "gauge", help);
	fprintf(f, "ipsecapi_%s %" PRIu64 "\n", name, value);
}

static void counter(FILE *f, const char *name, const char *help, uint64_t value)
{
	family(f, name, "counter", help);
	fprintf(f, "ipsecapi_%s_total %" PRIu64 "\n", name, value);
}

/* One of a family of gauges, or with @suffix "_total", of counters. */
static void labelled(FILE *f, const char *name, const char *suffix, const char *label, const char *word,
		     uint64_t value)
{
	fprintf(f, "ipsecapi_%s%s{%s=\"%s\"} %" PRIu64 "\n", name, suffix, label, word, value);
}

static void show_program(FILE *f, const struct counters *c)
{
	family(f, "build", "info", "Version of the broker.");
	fprintf(f, "ipsecapi_build_info{version=\"%d.%d\",protocol=\"%d\"} 1\n", IPSECAPI_VERSION_MAJOR,
		IPSECAPI_VERSION_MINOR, WIRE_VERSION_MAX);
	family(f, "start_time_seconds", "gauge", "When the broker started, since the epoch.");
	unit(f, "start_time_seconds");
	fprintf(f, "ipsecapi_start_time_seconds %" PRIu64 "\n", c->started);
}

static void show_flows(FILE *f, const struct counters *c)
{
	uint32_t d, by;

	family(f, "flows", "gauge", "Flows that are open, by direction and by what enforces protection.");
	for (d = 0; d < 2; d++)
		for (by = 0; by <= IPSECAPI_ENFORCED_MIXED; by++)
			fprintf(f, "ipsecapi_flows{direction=\"%s\",enforced=\"%s\"} %" PRIu32 "\n", directions[d],
				ipsecapi_word(IPSECAPI_WORDS_ENFORCED, by), c->flows[d][by]);
}

static void show_use(FILE *f, const struct counters *c)
{
	uint32_t i;

	gauge(f, "sessions", "Sessions that are open.", c->sessions);
	counter(f, "sessions_opened", "Sessions that were opened.", c->sessions_opened);
	show_flows(f, c);
	counter(f, "flows_opened", "Flows that were opened.", c->flows_opened);
	family(f, "requests", "counter", "Requests of programs that reached the front.");
	for (i = 0; i < COUNTED_REQUESTS; i++)
		if (requests[i])
			labelled(f, "requests", "_total", "request", requests[i], c->requests[i]);
}

/* Most reasons are of reports and never of refusals: those that count are here from the start. */
static void show_refusals(FILE *f, const struct counters *c)
{
	uint32_t i;

	family(f, "refusals", "counter", "Requests that were refused, by reason.");
	for (i = 0; i < COUNTED_REASONS; i++)
		if (c->refusals[i] || refusal_event(i) != AUDIT_EVENTS)
			labelled(f, "refusals", "_total", "reason", ipsecapi_word(IPSECAPI_WORDS_REASON, i),
				 c->refusals[i]);
	counter(f, "records_left_out", "Audit records that were not written, for there were too many.",
		c->records_left_out);
}

static void show_events(FILE *f, const struct counters *c)
{
	uint32_t i;

	family(f, "events", "counter", "Events that were sent to programs; a resync stands for lost ones.");
	for (i = IPSECAPI_EVENT_CHANGED; i <= IPSECAPI_EVENT_RESYNC; i++)
		labelled(f, "events", "_total", "event", ipsecapi_word(IPSECAPI_WORDS_EVENT, i), c->events[i]);
}

static void show_dumps(FILE *f, const struct counters *c)
{
	uint64_t n = 0;
	int i;

	family(f, "dump_duration_seconds", "histogram", "What reading all of the kernel's tables took.");
	unit(f, "dump_duration_seconds");
	for (i = 0; i < DUMP_BOUNDS; i++) {
		n += c->dumps[i];
		labelled(f, "dump_duration_seconds", "_bucket", "le", dump_bounds[i].seconds, n);
	}
	n += c->dumps[i];
	labelled(f, "dump_duration_seconds", "_bucket", "le", "+Inf", n);
	fprintf(f, "ipsecapi_dump_duration_seconds_count %" PRIu64 "\n", n);
	fprintf(f, "ipsecapi_dump_duration_seconds_sum %.9f\n", c->dump_ns / 1e9);
	counter(f, "dumps_failed", "Readings of the kernel's tables that failed.", c->dumps_failed);
}

static void show_evidence(FILE *f, const struct counters *c)
{
	gauge(f, "evidence_stale", "1: there is no current evidence, and all flows are unknown.", c->stale);
	counter(f, "evidence_losses", "How often evidence was lost.", c->evidence_losses);
	family(f, "evidence_age_seconds", "gauge", "Since when the kernel's tables were last read.");
	unit(f, "evidence_age_seconds");
	fprintf(f, "ipsecapi_evidence_age_seconds %.3f\n", c->read_ago / 1e9);
	family(f, "units", "gauge", "Trusted units of NICs, by whether they answer.");
	labelled(f, "units", "", "state", "answering", c->units - c->units_silent);
	labelled(f, "units", "", "state", "silent", c->units_silent);
	gauge(f, "interfaces", "Network interfaces.", c->interfaces);
}

static void show_ike(FILE *f, const struct counters *c)
{
	uint32_t i;

	family(f, "ike_answers", "counter", "What the IKE daemon was found to do for latches that wait.");
	for (i = 0; i < COUNTED_IKE; i++)
		labelled(f, "ike_answers", "_total", "answer",
			 ipsecapi_word(IPSECAPI_WORDS_REASON, IPSECAPI_REASON_IKE_ABSENT + i), c->ike[i]);
}

static void show_kernel(FILE *f, const struct ipsecapi_host *h)
{
	uint32_t i;

	family(f, "kernel_policies", "gauge", "IPsec policies of the kernel.");
	labelled(f, "kernel_policies", "", "direction", "out", h->policies_out);
	labelled(f, "kernel_policies", "", "direction", "in", h->policies_in);
	labelled(f, "kernel_policies", "", "direction", "forward", h->policies_forward);
	labelled(f, "kernel_policies", "", "direction", "socket", h->policies_socket);
	gauge(f, "kernel_policies_offloaded", "IPsec policies that a device holds.", h->policies_packet);
	family(f, "sas", "gauge", "Security associations, by who does the cipher.");
	labelled(f, "sas", "", "enforced", "software", h->sas_software);
	labelled(f, "sas", "", "enforced", "hw-crypto", h->sas_crypto);
	labelled(f, "sas", "", "enforced", "hw-packet", h->sas_packet);
	gauge(f, "sas_acquiring", "Security associations that are being negotiated.", h->sas_acquiring);
	family(f, "sas_custody", "gauge", "Security associations, by who has their keys.");
	for (i = 0; i <= IPSECAPI_CUSTODY_L4; i++)
		labelled(f, "sas_custody", "", "custody", ipsecapi_word(IPSECAPI_WORDS_CUSTODY, i), h->sas_custody[i]);
}

static void show_policy(FILE *f, const struct ipsecapi_host *h)
{
	gauge(f, "policy_generation", "How often another system policy came into force.", h->policy_generation);
	gauge(f, "policy_classes", "Classes of the system policy.", h->policy_classes);
	gauge(f, "policy_rules", "Rules of the system policy.", h->policy_rules);
	gauge(f, "policy_mistakes", "Mistakes of a newer system policy that was refused; 0: there is none.",
	      h->policy_mistakes);
}

char *openmetrics_text(const struct counters *c, size_t *length)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, length);

	if (!f)
		return NULL;
	show_program(f, c);
	show_use(f, c);
	show_refusals(f, c);
	show_events(f, c);
	show_dumps(f, c);
	show_evidence(f, c);
	show_ike(f, c);
	show_kernel(f, &c->host);
	show_policy(f, &c->host);
	fputs("# EOF\n", f);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}
