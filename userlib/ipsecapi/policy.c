// SPDX-License-Identifier: GPL-2.0-or-later
/* The system policy in force: what it grants, and what another would change. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../ipsecapid/evaluator.h"
#include "../ipsecapid/policy_build.h"
#include "../ipsecapid/policy_diff.h"
#include "../ipsecapid/policy_files.h"
#include "../ipsecapid/policy_text.h"
#include "tool.h"

#define TRIES 5

struct text {
	char *at;
	size_t length;
};

static int fetch_once(struct tool *t, struct text *text)
{
	struct ipsecapi_policy_text piece;
	uint32_t i, generation = 0;
	char *more;
	int err;

	text->length = 0;
	for (i = 0; !(err = ipsecapi_policy_text(t->ctx, i, &piece, sizeof(piece))); i++) {
		if (i && piece.generation != generation)
			return -EAGAIN;
		generation = piece.generation;
		more = realloc(text->at, text->length + sizeof(piece.text));
		if (!more || piece.length > sizeof(piece.text))
			return more ? -EPROTO : -ENOMEM;
		text->at = more;
		memcpy(more + text->length, piece.text, piece.length);
		text->length += piece.length;
	}
	return err == -ENOENT ? 0 : err;
}

/* The policy in force, as far as we may see it; to free() with its text. NULL: said why not. */
static struct policy *fetch(struct tool *t, struct text *text)
{
	struct complaints c = { .to = stderr };
	struct policy *p = malloc(sizeof(*p));
	struct policy_build *b = malloc(sizeof(*b));
	int err = p && b ? -EAGAIN : -ENOMEM, tries;

	for (tries = 0; err == -EAGAIN && tries < TRIES; tries++)
		err = fetch_once(t, text);	/* it may change while it is read */
	if (!err) {
		policy_build_begin(b, p, &c);
		policy_build_file(b, "policy in force", true, text->at, text->length);
		err = policy_build_end(b);
	}
	free(b);
	if (!err)
		return p;
	if (c.n)
		fputs("ipsecapi: the broker's policy is not understood here; are both of one version?\n", stderr);
	else
		fail(t, "policy", err);
	free(p);
	return NULL;
}

/* --- diff ----------------------------------------------------------------------------------- */

/* Up to the end of the classes that are shipped: they are the base of both. */
static size_t shipped_length(const struct text *text)
{
	size_t i, heads = 0;

	for (i = 0; i < text->length; i++)
		if (text->at[i] == '[' && (!i || text->at[i - 1] == '\n') && heads++ == POLICY_RANKED)
			return i;
	return text->length;
}

static const char *const changes[] = {
	[CHANGE_NONE] = "same", [CHANGE_ADDED] = "added", [CHANGE_REMOVED] = "removed",
	[CHANGE_TIGHTENED] = "tightened", [CHANGE_LOOSENED] = "loosened", [CHANGE_OTHER] = "changed",
};

static void tell_text(const char *kind, const char *name, enum policy_change change, void *arg)
{
	(void)arg;
	printf("%-9s %s %s\n", changes[change], kind, name);
}

static void tell_json(const char *kind, const char *name, enum policy_change change, void *arg)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "change", json_object_new_string(changes[change]));
	json_object_object_add(o, "kind", json_object_new_string(kind));
	json_object_object_add(o, "name", json_object_new_string(name));
	json_object_array_add(arg, o);
}

static void show_diff(const struct tool *t, const struct policy *old, const struct policy *new)
{
	struct json_object *array;

	if (!t->json) {
		if (!policy_diff(old, new, geteuid(), tell_text, NULL))
			puts("nothing changes");
		return;
	}
	array = json_object_new_array();
	policy_diff(old, new, geteuid(), tell_json, array);
	json_finish(array);
}

int cmd_policy_diff(struct tool *t, const char *directory)
{
	struct complaints c = { .to = stderr };
	struct policy_source from = { .shipped = "shipped classes", .directory = directory, .required = true };
	struct text text = { 0 };
	struct policy *old = fetch(t, &text), *new = malloc(sizeof(*new));
	int err = 1;

	if (old && new) {
		from.text = text.at;
		from.length = shipped_length(&text);
		err = policy_load(&from, new, &c);
		if (err)
			fprintf(stderr, "ipsecapi: the policy of %s is no policy: %u mistake%s\n", directory, c.n,
				c.n == 1 ? "" : "s");
		else
			show_diff(t, old, new);
	}
	free(text.at);
	free(old);
	free(new);
	return err ? 1 : 0;
}

/* --- explain -------------------------------------------------------------------------------- */

struct explanation {
	const struct policy *p;
	struct policy_facts facts;
	struct policy_rules rules, enforcing;
	struct grant grant;
	char interface[IF_NAMESIZE];
};

static const char *use_of(const struct policy *p, const struct policy_rule *r)
{
	return r->action == RULE_BYPASS ? "bypass" : r->action == RULE_BLOCK ? "block" :
	       p->classes[r->class].name;
}

static const char *const layer_words[LAYERS] = { "application", "interface" };

static bool is_everything(const struct outcomes *o)
{
	struct outcomes all;

	outcomes_all(&all);
	return outcomes_within(&all, o);
}

/* Lines of the form "key = word, word". To free(). */
static char *granted_lines(const struct explanation *e)
{
	char *text = NULL;
	size_t n;
	FILE *to = open_memstream(&text, &n);

	if (!to)
		return NULL;
	outcomes_print(e->p, &e->grant.set, to);
	fclose(to);
	return text;
}

static void explain_grant(const struct explanation *e)
{
	char *lines, *rest, *line;

	if (e->grant.status != GRANT_GIVEN) {
		printf("  granted: nothing; the %s rule takes the last\n",
		       ipsecapi_word(IPSECAPI_WORDS_POLICY_LAYER, e->grant.layer));
		return;
	}
	if (is_everything(&e->grant.set)) {
		puts("  granted: everything, packets in clear included");
		return;
	}
	puts("  granted:");
	rest = lines = granted_lines(e);
	while (rest && (line = strsep(&rest, "\n")))
		if (*line)
			printf("    %s\n", line);
	free(lines);
}

static const char *mode_of(const struct policy_rule *r)
{
	return r->enforce ? "enforce" : "report";
}

/* One that only reports comes before one that enforces. */
static bool in_trial(const struct explanation *e, int layer)
{
	return e->enforcing.at[layer] && e->enforcing.at[layer] != e->rules.at[layer];
}

static void explain_text(const struct explanation *e)
{
	const struct policy_facts *f = &e->facts;
	char to[64], proto[8];
	int l;

	printf("%s to %s by %s, user %u\n", protocol_word(proto, sizeof(proto), f->protocol),
	       endpoint(to, sizeof(to), f->family, f->remote, htons(f->remote_port)),
	       f->interface[0] ? f->interface : "no interface", f->uid);
	for (l = 0; l < LAYERS; l++) {
		const struct policy_rule *r = e->rules.at[l];

		if (!r)
			printf("  %s: no rule, everything is accepted\n", layer_words[l]);
		else
			printf("  %s: rule %s, use %s, mode %s, may ask less: %s%s%s\n", layer_words[l], r->name,
			       use_of(e->p, r), mode_of(r), r->less_group < 0 ? "no" : "group ",
			       r->less_group < 0 ? "" : e->p->groups[r->less_group].name,
			       r->callable ? ", callable" : "");
		if (in_trial(e, l))
			printf("    until that enforces: rule %s, use %s\n", e->enforcing.at[l]->name,
			       use_of(e->p, e->enforcing.at[l]));
	}
	explain_grant(e);
}

static void put(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static struct json_object *json_grant(const struct explanation *e)
{
	char *lines = granted_lines(e), *rest = lines, *line, *key, *word;
	struct json_object *o = json_object_new_object(), *array;

	while (rest && (line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		key = strsep(&line, " =");
		array = json_object_new_array();
		while (line && (word = strsep(&line, " ,=")))
			if (*word)
				json_object_array_add(array, json_object_new_string(word));
		json_object_object_add(o, key, array);
	}
	free(lines);
	return o;
}

static void explain_json(const struct explanation *e)
{
	static const char *const keys[LAYERS] = { "application_rule", "interface_rule" };
	struct json_object *o = json_object_new_object(), *rule;
	char text[64];
	int l;

	put(o, "protocol", protocol_word(text, sizeof(text), e->facts.protocol));
	put(o, "peer", endpoint(text, sizeof(text), e->facts.family, e->facts.remote,
				htons(e->facts.remote_port)));
	put(o, "interface", e->facts.interface);
	json_object_object_add(o, "user", json_object_new_uint64(e->facts.uid));
	for (l = 0; l < LAYERS; l++) {
		const struct policy_rule *r = e->rules.at[l];

		rule = r ? json_object_new_object() : NULL;
		json_object_object_add(o, keys[l], rule);	/* null: none */
		if (!r)
			continue;
		put(rule, "name", r->name);
		put(rule, "use", use_of(e->p, r));
		put(rule, "mode", mode_of(r));
		if (in_trial(e, l))
			put(rule, "until_then", e->enforcing.at[l]->name);
		put(rule, "may_ask_less", r->less_group < 0 ? "no" : e->p->groups[r->less_group].name);
		json_object_object_add(rule, "callable", json_object_new_boolean(r->callable));
	}
	json_object_object_add(o, "everything", json_object_new_boolean(e->grant.status == GRANT_GIVEN &&
									is_everything(&e->grant.set)));
	json_object_object_add(o, "granted", e->grant.status == GRANT_GIVEN ? json_grant(e) : NULL);
	if (e->grant.status != GRANT_GIVEN)
		put(o, "refused_by", ipsecapi_word(IPSECAPI_WORDS_POLICY_LAYER, e->grant.layer));
	json_finish(o);
}

/* Whose rules are not ours to see can't be explained. */
static int find_user(const char *name, uint32_t *uid)
{
	const struct passwd *pw;
	char *end;

	*uid = geteuid();
	if (!name)
		return 0;
	pw = getpwnam(name);
	*uid = pw ? pw->pw_uid : strtoul(name, &end, 10);
	if (!pw && (end == name || *end || *name == '-')) {
		fprintf(stderr, "ipsecapi: this host has no user '%s'; write a name that it has, or a number\n", name);
		return 1;
	}
	if (*uid == geteuid() || !geteuid())
		return 0;
	fprintf(stderr, "ipsecapi: only root may see the rules of user '%s'\n", name);
	return 1;
}

/* By which way packets would leave is what the broker says of a socket that is connected there. */
static int find_facts(struct tool *t, const struct tuple_words *w, struct explanation *e)
{
	struct policy_facts *f = &e->facts;
	struct ipsecapi_report rep = { 0 };
	struct ipsecapi_flow *flow;
	int fd, err;

	fd = probe_connect("udp", w->host, w->port, 0);
	if (fd < 0)
		return fd == -EDESTADDRREQ ? 1 : fail(t, "connect", fd);
	err = ipsecapi_flow_open(t->ctx, fd, &flow);
	if (!err) {
		err = ipsecapi_report(flow, &rep, sizeof(rep));
		ipsecapi_flow_close(flow);
	}
	close(fd);
	if (err)
		return fail(t, "report", err);
	f->family = rep.tuple.family;
	f->protocol = strcmp(w->protocol, "udp") ? IPPROTO_TCP : IPPROTO_UDP;
	f->remote_port = ntohs(rep.tuple.peer_port);
	memcpy(f->local, rep.tuple.local, sizeof(f->local));
	memcpy(f->remote, rep.tuple.peer, sizeof(f->remote));
	f->interface = rep.ifindex && if_indextoname(rep.ifindex, e->interface) ? e->interface : "";
	return 0;
}

int cmd_policy_explain(struct tool *t, const struct tuple_words *w, const char *user)
{
	struct explanation e = { .p = NULL };
	struct text text = { 0 };
	struct policy *p = NULL;
	int status = find_user(user, &e.facts.uid);

	if (!status)
		status = find_facts(t, w, &e);
	if (!status) {
		p = fetch(t, &text);
		status = p ? 0 : 1;
	}
	if (!status) {
		e.p = p;
		policy_find(p, &e.facts, &e.rules);
		policy_find_enforcing(p, &e.facts, &e.enforcing);
		policy_evaluate(p, &e.rules, NULL, &e.grant);
		if (t->json)
			explain_json(&e);
		else
			explain_text(&e);
	}
	free(text.at);
	free(p);
	return status;
}
