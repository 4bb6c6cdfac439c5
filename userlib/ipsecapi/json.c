// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts for programs. Words are those of ipsecapi_word(); unknown ones are "unknown". */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

#define W(kind, value) ipsecapi_word(IPSECAPI_WORDS_##kind, value)

static void put_str(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void put_u64(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static void put_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static void put_bits(struct json_object *o, const char *key, uint32_t kind, uint32_t value)
{
	struct json_object *a = json_object_new_array();
	uint32_t bit;

	for (bit = 1; bit; bit <<= 1)
		if (value & bit)
			json_object_array_add(a, json_object_new_string(ipsecapi_word(kind, bit)));
	json_object_object_add(o, key, a);
}

static void put_reason(struct json_object *o, const char *key, uint32_t reason)
{
	put_str(o, key, W(REASON, reason));
}

struct json_object *json_direction(const struct ipsecapi_direction *d)
{
	struct json_object *o = json_object_new_object();

	put_str(o, "protection", W(PROTECTION, d->protection));
	put_str(o, "enforced_by", W(ENFORCED, d->enforced_by));
	put_bits(o, "basis", IPSECAPI_WORDS_BASIS, d->basis);
	put_reason(o, "reason", d->reason);
	put_str(o, "explanation", ipsecapi_strreason(d->reason));
	put_str(o, "custody", W(CUSTODY, d->custody));
	put_str(o, "strength", W(STRENGTH, d->strength));
	put_str(o, "reach", W(REACH, d->reach));
	put_bits(o, "caveats", IPSECAPI_WORDS_CAVEAT, d->caveats);
	if (d->policy)
		put_str(o, "policy", W(STANDING, d->policy));
	if (d->policy_layer)
		put_str(o, "policy_layer", W(POLICY_LAYER, d->policy_layer));
	if (d->policy_mode)
		put_str(o, "policy_mode", W(POLICY_MODE, d->policy_mode));
	put_u64(o, "ifindex", d->ifindex);
	put_u64(o, "replay_window", d->replay_window);
	put_u64(o, "packets", d->packets);
	put_u64(o, "bytes", d->bytes);
	return o;
}

static struct json_object *json_tuple(const struct ipsecapi_tuple *t)
{
	struct json_object *o = json_object_new_object();
	char a[INET6_ADDRSTRLEN] = "?", proto[8];

	put_str(o, "protocol", protocol_word(proto, sizeof(proto), t->protocol));
	inet_ntop(t->family, t->local, a, sizeof(a));
	put_str(o, "local", a);
	put_u64(o, "local_port", ntohs(t->local_port));
	inet_ntop(t->family, t->peer, a, sizeof(a));
	put_str(o, "peer", a);
	put_u64(o, "peer_port", ntohs(t->peer_port));
	put_u64(o, "cookie", t->cookie);
	return o;
}

/* null: no rule of this layer applies. */
static void put_rule(struct json_object *o, const char *key, const char *name)
{
	json_object_object_add(o, key, name[0] ? json_object_new_string(name) : NULL);
}

static void put_latch(struct json_object *o, const struct ipsecapi_report *r)
{
	put_str(o, "latch", W(LATCH, r->latch));
	put_reason(o, "latch_reason", r->latch_reason);
	put_str(o, "latch_class", r->latch_class);
	put_str(o, "disposition", W(DISPOSITION, r->disposition));
	json_object_object_add(o, "prior_data", json_object_new_boolean(r->prior_data));
}

struct json_object *json_of_latch(const struct ipsecapi_report *r)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "flow", json_tuple(&r->tuple));
	put_latch(o, r);
	return o;
}

struct json_object *json_report(const struct ipsecapi_report *r)
{
	struct json_object *o = json_object_new_object();
	struct json_object *id = json_object_new_object();

	json_object_object_add(o, "flow", json_tuple(&r->tuple));
	json_object_object_add(o, "out", json_direction(&r->dir[IPSECAPI_OUT]));
	json_object_object_add(o, "in", json_direction(&r->dir[IPSECAPI_IN]));
	put_str(id, "scope", W(IDENTITY, r->identity_scope));
	put_str(id, "assurance", W(ASSURANCE, r->assurance));
	put_reason(id, "reason", r->identity_reason);
	json_object_object_add(o, "identity", id);
	put_rule(o, "application_rule", r->application_rule);
	put_rule(o, "interface_rule", r->interface_rule);
	put_str(o, "policy_mode", W(POLICY_MODE, r->policy_mode));
	put_u64(o, "ifindex", r->ifindex);
	put_latch(o, r);
	put_u64(o, "age_ns", r->age);
	put_u64(o, "lease_ns", r->lease);
	put_u64(o, "generation", r->generation);
	return o;
}

struct json_object *json_status(const struct ipsecapi_status *s)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "flow", json_tuple(&s->tuple));
	json_object_object_add(o, "out", json_direction(&s->dir[IPSECAPI_OUT]));
	json_object_object_add(o, "in", json_direction(&s->dir[IPSECAPI_IN]));
	put_str(o, "latch", W(LATCH, s->latch));
	put_u64(o, "age_ns", s->age);
	put_u64(o, "lease_ns", s->lease);
	put_u64(o, "generation", s->generation);
	return o;
}

struct json_object *json_process(int pid, int fd)
{
	struct json_object *o = json_object_new_object();

	put_u64(o, "pid", pid);
	put_u64(o, "fd", fd);
	return o;
}

struct json_object *json_why(const struct ipsecapi_why *w)
{
	struct json_object *o = json_object_new_object();

	put_str(o, "direction", w->direction == IPSECAPI_OUT ? "out" : "in");
	put_reason(o, "reason", w->reason);
	put_str(o, "explanation", ipsecapi_strreason(w->reason));
	put_str(o, "layer", W(LAYER, w->layer));
	put_str(o, "origin", W(ORIGIN, w->origin));
	put_bool(o, "current", w->current);
	put_u64(o, "count", w->count);
	put_u64(o, "first", w->first);
	put_u64(o, "last", w->last);
	return o;
}

struct json_object *json_interface(const struct ipsecapi_interface *i)
{
	struct json_object *o = json_object_new_object();

	put_str(o, "name", i->name);
	put_u64(o, "ifindex", i->ifindex);
	put_bool(o, "up", i->up);
	put_str(o, "driver", i->driver);
	put_bits(o, "offload", IPSECAPI_WORDS_OFFLOAD, i->offload);
	put_bits(o, "suites", IPSECAPI_WORDS_SUITE, i->suites);
	put_bool(o, "unit_present", i->unit_present);
	put_str(o, "best_custody", W(CUSTODY, i->best_custody));
	put_u64(o, "max_sas", i->max_sas);
	put_u64(o, "max_policies", i->max_policies);
	put_u64(o, "max_replay_window", i->max_replay_window);
	put_bool(o, "test_mode", i->test_mode);
	return o;
}

struct json_object *json_class(const struct ipsecapi_class *c)
{
	struct json_object *o = json_object_new_object();

	put_str(o, "name", c->name);
	put_u64(o, "version", c->version);
	put_str(o, "description", c->description);
	return o;
}

struct json_object *json_caps(const struct ipsecapi_caps *c)
{
	struct json_object *o = json_object_new_object();

	put_u64(o, "protocol", c->protocol);
	put_bits(o, "evidence", IPSECAPI_WORDS_BASIS, c->evidence);
	put_u64(o, "units", c->units);
	put_bool(o, "identity_provider", c->identity_provider);
	put_bool(o, "latching", c->latching);
	put_u64(o, "max_flows_session", c->max_flows_session);
	put_u64(o, "max_flows_user", c->max_flows_user);
	put_u64(o, "max_sessions_user", c->max_sessions_user);
	put_u64(o, "lease_ns", c->lease);
	put_u64(o, "marks", c->marks);
	return o;
}

struct json_object *json_host(const struct ipsecapi_host *h)
{
	struct json_object *o = json_object_new_object();
	struct json_object *custody = json_object_new_object();
	uint32_t i;

	put_u64(o, "age_ns", h->age);
	put_u64(o, "generation", h->generation);
	put_u64(o, "policies_out", h->policies_out);
	put_u64(o, "policies_in", h->policies_in);
	put_u64(o, "policies_forward", h->policies_forward);
	put_u64(o, "policies_socket", h->policies_socket);
	put_u64(o, "policies_packet", h->policies_packet);
	put_bool(o, "default_block_out", h->default_out);
	put_bool(o, "default_block_in", h->default_in);
	put_bool(o, "default_block_forward", h->default_forward);
	put_u64(o, "sas", h->sas);
	put_u64(o, "sas_acquiring", h->sas_acquiring);
	put_u64(o, "sas_software", h->sas_software);
	put_u64(o, "sas_crypto", h->sas_crypto);
	put_u64(o, "sas_packet", h->sas_packet);
	for (i = 0; i < 8; i++)
		if (h->sas_custody[i])
			put_u64(custody, W(CUSTODY, i), h->sas_custody[i]);
	json_object_object_add(o, "sas_custody", custody);
	put_u64(o, "flows", h->flows);
	put_u64(o, "policy_generation", h->policy_generation);
	put_u64(o, "policy_classes", h->policy_classes);
	put_u64(o, "policy_rules", h->policy_rules);
	put_u64(o, "policy_mistakes", h->policy_mistakes);
	put_u64(o, "policies_marked", h->policies_marked);
	put_u64(o, "sas_marked", h->sas_marked);
	return o;
}

struct json_object *json_rule(const struct ipsecapi_rule *r)
{
	static const char *const dirs[] = { "out", "in", "forward", "unknown" };
	static const char *const actions[] = { "unknown", "protect", "bypass", "block" };
	struct json_object *o = json_object_new_object();
	char buf[64];

	put_str(o, "direction", dirs[r->direction < 3 ? r->direction : 3]);
	put_str(o, "action", actions[r->action < 4 ? r->action : 0]);
	put_str(o, "source", prefix(buf, sizeof(buf), r->family, r->source, r->source_prefix));
	put_str(o, "destination",
		prefix(buf, sizeof(buf), r->family, r->destination, r->destination_prefix));
	put_str(o, "protocol", protocol_word(buf, sizeof(buf), r->protocol));
	if (r->source_port_mask)
		put_u64(o, "source_port", ntohs(r->source_port));
	if (r->destination_port_mask)
		put_u64(o, "destination_port", ntohs(r->destination_port));
	put_u64(o, "priority", r->priority);
	put_u64(o, "ifindex", r->ifindex);
	put_u64(o, "sas", r->sas);
	json_object_object_add(o, "state", json_direction(&r->state));
	return o;
}

void json_finish(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
					       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

void json_line(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}
