// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing what policy_build.c reads. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "evaluator.h"
#include "policy_text.h"

struct list {
	FILE *to;
	unsigned int n;
};

static void list_begin(struct list *l, FILE *to, const char *key)
{
	l->to = to;
	l->n = 0;
	fprintf(to, "%s =", key);
}

static void list_add(struct list *l, const char *word)
{
	fprintf(l->to, "%s %s", l->n++ ? "," : "", word);
}

static void list_end(struct list *l)
{
	fputc('\n', l->to);
}

static void print_modes(const struct outcomes *o, FILE *to)
{
	struct list l;

	list_begin(&l, to, "mode");
	if (o->modes & MODE_TRANSPORT)
		list_add(&l, "transport");
	if (o->modes & MODE_TUNNEL)
		list_add(&l, "tunnel");
	if (o->clear)
		list_add(&l, "clear");
	list_end(&l);
}

static void print_suites(const struct outcomes *o, FILE *to)
{
	uint32_t auths = 0;
	struct list l;
	int i;

	list_begin(&l, to, "encryption");
	for (i = CIPHER_NULL; i < CIPHERS; i++) {
		if (!o->suites[i])
			continue;
		list_add(&l, cipher_name(i));
		if (!cipher_is_aead(i))
			auths |= o->suites[i];
	}
	list_end(&l);
	list_begin(&l, to, "integrity");
	for (i = AUTH_NONE; i < AUTHS; i++)
		if (auths >> i & 1)
			list_add(&l, auth_name(i));
	list_end(&l);
}

static void print_custody(const struct outcomes *o, FILE *to)
{
	static const char *const words[] = { "L0", "L1", "L2", "L3", "L4" };
	struct list l;
	int i;

	list_begin(&l, to, "custody");
	for (i = 0; i < 5; i++)
		if (o->custody >> (IPSECAPI_CUSTODY_L0 + i) & 1)
			list_add(&l, words[i]);
	list_end(&l);
}

/* Without blanks: then the line is no longer than the one that was read. */
static void print_peers(const struct policy *p, const struct outcomes *o, FILE *to)
{
	unsigned int n = 0;
	uint32_t i;

	fprintf(to, "peers=%s", o->peers == PEERS_ALL ? "any" : "");
	for (i = 1; i <= p->n_peers && o->peers != PEERS_ALL; i++)
		if (o->peers >> i & 1)
			fprintf(to, "%s%s", n++ ? "," : "", p->peers[i]);
	fputc('\n', to);
}

static void print_set(const struct policy *p, const struct outcomes *o, const char *hardware,
		      FILE *to)
{
	print_modes(o, to);
	if (!o->peers)		/* nothing but clear */
		return;
	print_suites(o, to);
	fprintf(to, "replay = %s\n", o->replay == REPLAY_ON ? "required" : "any");
	print_custody(o, to);
	fprintf(to, "hardware = %s\n", hardware);
	print_peers(p, o, to);
}

void outcomes_print(const struct policy *p, const struct outcomes *o, FILE *to)
{
	print_set(p, o, o->makers & MAKER_SOFTWARE ? "any" : "require", to);
}

static void print_class(const struct policy *p, const struct policy_class *c, FILE *to)
{
	static const char *const hardware[] = { "any", "prefer", "require" };

	fprintf(to, "[class %s]\nversion = %u\ndescription = %s\n", c->name, c->version, c->description);
	print_set(p, &c->set, hardware[c->hardware], to);
}

static void print_prefix(const char *key, const struct policy_prefix *p, FILE *to)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (p->family && inet_ntop(p->family, p->address, text, sizeof(text)))
		fprintf(to, "%s = %s/%u\n", key, text, p->bits);
}

static void print_ports(const char *key, const struct policy_ports *p, FILE *to)
{
	if (p->from)
		fprintf(to, "%s = %u-%u\n", key, p->from, p->to);
}

static void print_owners(const struct policy *p, const struct policy_rule *r, FILE *to)
{
	char number[16];
	struct list l;
	uint32_t i;

	if (r->n_users)
		list_begin(&l, to, "user");
	for (i = 0; i < r->n_users; i++) {
		snprintf(number, sizeof(number), "%u", r->users[i]);
		list_add(&l, number);
	}
	if (r->n_users)
		list_end(&l);
	if (r->n_groups)
		list_begin(&l, to, "group");
	for (i = 0; i < r->n_groups; i++)
		list_add(&l, p->groups[r->groups[i]].name);
	if (r->n_groups)
		list_end(&l);
}

static const char *protocol_text(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : "udplite";
}

static void print_rule(const struct policy *p, const struct policy_rule *r, FILE *to)
{
	static const char *const kinds[] = { "application", "interface" };

	fprintf(to, "[%s %s]\nuse = %s\nmode = %s\npriority = %u\n", kinds[r->layer], r->name,
		r->action == RULE_BYPASS ? "bypass" : r->action == RULE_BLOCK ? "block" :
		p->classes[r->class].name, r->enforce ? "enforce" : "report", r->priority);
	if (r->less_group >= 0)
		fprintf(to, "may-ask-less = group %s\n", p->groups[r->less_group].name);
	if (r->callable)
		fprintf(to, "callable = yes\n");
	print_owners(p, r, to);
	if (r->protocol)
		fprintf(to, "protocol = %s\n", protocol_text(r->protocol));
	print_prefix("local", &r->local, to);
	print_prefix("remote", &r->remote, to);
	print_ports("local-port", &r->local_port, to);
	print_ports("remote-port", &r->remote_port, to);
	if (r->interface[0])
		fprintf(to, "interface = %s\n", r->interface);
}

bool policy_visible(const struct policy *p, const struct policy_rule *r, uint32_t uid)
{
	return !uid || policy_for_user(p, r, uid);
}

void policy_print(const struct policy *p, uint32_t uid, FILE *to)
{
	uint32_t i;

	for (i = 0; i < p->n_classes; i++)
		print_class(p, &p->classes[i], to);
	for (i = 0; i < p->n_rules; i++)
		if (policy_visible(p, &p->rules[i], uid))
			print_rule(p, &p->rules[i], to);
}
