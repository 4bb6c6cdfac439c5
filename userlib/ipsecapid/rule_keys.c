// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of a rule. An empty value stands for the default. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "policy_build.h"

#define PRIORITY 1000

const char rule_key_names[] = "use, mode, may-ask-less, callable, priority, user, group, protocol, local, remote, "
			      "local-port, remote-port, interface";

void rule_defaults(struct policy_rule *r, int layer)
{
	r->layer = layer;
	r->priority = PRIORITY;
	r->less_group = -1;
	r->local_port.to = r->remote_port.to = UINT16_MAX;
}

static char *class_of(struct policy_build *b)
{
	return b->rule_class[b->rule - b->policy->rules];
}

static void key_use(struct policy_build *b, const struct place *at, const char *value)
{
	char *class = class_of(b);

	class[0] = 0;
	b->rule->action = RULE_CLASS;
	if (!strcmp(value, "bypass"))
		b->rule->action = RULE_BYPASS;
	else if (!strcmp(value, "block"))
		b->rule->action = RULE_BLOCK;
	else if (*value && !value_name_valid(value, POLICY_CLASS_NAME))
		complain(b->c, at, "use: '%s' can't be the name of a class, and is neither bypass nor block", value);
	else
		strcpy(class, value);
	/* one who names a class that doesn't exist is told of it where he did */
	b->rule_at[b->rule - b->policy->rules] = *at;
}

static void key_mode(struct policy_build *b, const struct place *at, const char *value)
{
	static const char *const words[] = { "report", "enforce", NULL };

	b->rule->enforce = *value && value_word(b, at, "mode", value, words) == 1;
}

static void key_less(struct policy_build *b, const struct place *at, const char *value)
{
	uint32_t group;

	b->rule->less_group = -1;
	if (!*value || !strcmp(value, "no"))
		return;
	if (strncmp(value, "group", 5) || !(value[5] == ' ' || value[5] == '\t')) {
		complain(b->c, at, "may-ask-less: '%s' is neither 'no' nor 'group NAME'", value);
		return;
	}
	value += 5 + strspn(value + 5, " \t");
	if (account_group(b, at, "may-ask-less", value, &group))
		b->rule->less_group = group;
}

/* Rules of the other layer hold for every program. */
static bool of_application(struct policy_build *b, const struct place *at, const char *key)
{
	if (b->rule->layer == LAYER_APPLICATION)
		return true;
	complain(b->c, at, "%s: an interface rule holds for everybody; write it as [application NAME]", key);
	return false;
}

static void key_callable(struct policy_build *b, const struct place *at, const char *value)
{
	static const char *const words[] = { "no", "yes", NULL };

	b->rule->callable = *value && of_application(b, at, "callable") &&
			    value_word(b, at, "callable", value, words) == 1;
}

static void key_priority(struct policy_build *b, const struct place *at, const char *value)
{
	b->rule->priority = PRIORITY;
	if (*value)
		value_number(b, at, "priority", value, 0, 65535, &b->rule->priority);
}

static void add_user(struct policy_build *b, const struct place *at, const char *word, void *arg)
{
	struct policy_rule *r = b->rule;
	uint32_t uid;

	(void)arg;
	if (!account_user(b, at, "user", word, &uid))
		return;
	if (r->n_users == RULE_USERS)
		complain(b->c, at, "user: '%s' is one too many; name at most %d, or a group", word, RULE_USERS);
	else
		r->users[r->n_users++] = uid;
}

static void key_user(struct policy_build *b, const struct place *at, const char *value)
{
	b->rule->n_users = 0;
	if (*value && of_application(b, at, "user"))
		value_list(b, at, "user", value, add_user, NULL);
}

static void add_group(struct policy_build *b, const struct place *at, const char *word, void *arg)
{
	struct policy_rule *r = b->rule;
	uint32_t group;

	(void)arg;
	if (!account_group(b, at, "group", word, &group))
		return;
	if (r->n_groups == RULE_GROUPS)
		complain(b->c, at, "group: '%s' is one too many; name at most %d", word, RULE_GROUPS);
	else
		r->groups[r->n_groups++] = group;
}

static void key_group(struct policy_build *b, const struct place *at, const char *value)
{
	b->rule->n_groups = 0;
	if (*value && of_application(b, at, "group"))
		value_list(b, at, "group", value, add_group, NULL);
}

static void key_protocol(struct policy_build *b, const struct place *at, const char *value)
{
	static const char *const words[] = { "any", "tcp", "udp", "udplite", NULL };
	static const uint8_t numbers[] = { 0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE };
	int i = *value ? value_word(b, at, "protocol", value, words) : 0;

	b->rule->protocol = i > 0 ? numbers[i] : 0;
}

/* What is past the prefix must be 0: one who wrote it meant something else. */
static bool ends_in_zeros(const struct policy_prefix *p, unsigned int bytes)
{
	unsigned int i;

	for (i = p->bits; i < 8 * bytes; i++)
		if (p->address[i / 8] >> (7 - i % 8) & 1)
			return false;
	return true;
}

static void take_prefix(struct policy_build *b, const struct place *at, const char *key,
			const char *value, struct policy_prefix *p)
{
	unsigned int bytes = strchr(value, ':') ? 16 : 4;
	char address[INET6_ADDRSTRLEN];
	size_t n = strcspn(value, "/");
	uint32_t bits = 8 * bytes;

	memset(p, 0, sizeof(*p));
	if (!*value || !strcmp(value, "any"))
		return;
	snprintf(address, sizeof(address), "%.*s", (int)n, value);
	if (n >= sizeof(address) || inet_pton(bytes == 16 ? AF_INET6 : AF_INET, address, p->address) != 1) {
		complain(b->c, at, "%s: '%s' is no address, and no prefix like 192.0.2.0/24 or 2001:db8::/32", key,
			 value);
		return;
	}
	if (value[n] && !value_number(b, at, key, value + n + 1, 0, 8 * bytes, &bits))
		return;
	p->bits = bits;
	if (!ends_in_zeros(p, bytes))
		complain(b->c, at, "%s: '%s' has bits set that are not part of the prefix; write them as 0", key, value);
	else
		p->family = bytes == 16 ? AF_INET6 : AF_INET;
}

static void key_local(struct policy_build *b, const struct place *at, const char *value)
{
	take_prefix(b, at, "local", value, &b->rule->local);
}

static void key_remote(struct policy_build *b, const struct place *at, const char *value)
{
	take_prefix(b, at, "remote", value, &b->rule->remote);
}

static void take_ports(struct policy_build *b, const struct place *at, const char *key,
		       const char *value, struct policy_ports *ports)
{
	size_t n = strcspn(value, "-");
	uint32_t from, to;
	char first[16];

	*ports = (struct policy_ports){ .to = UINT16_MAX };
	if (!*value || !strcmp(value, "any"))
		return;
	snprintf(first, sizeof(first), "%.*s", (int)n, value);
	if (!value_number(b, at, key, first, 1, UINT16_MAX, &from))
		return;
	to = from;
	if (value[n] && !value_number(b, at, key, value + n + 1, 1, UINT16_MAX, &to))
		return;
	if (to < from)
		complain(b->c, at, "%s: '%s' ends before it begins; write the smaller port first", key, value);
	else
		*ports = (struct policy_ports){ .from = from, .to = to };
}

static void key_local_port(struct policy_build *b, const struct place *at, const char *value)
{
	take_ports(b, at, "local-port", value, &b->rule->local_port);
}

static void key_remote_port(struct policy_build *b, const struct place *at, const char *value)
{
	take_ports(b, at, "remote-port", value, &b->rule->remote_port);
}

/* One that is not there now may come later. */
static void key_interface(struct policy_build *b, const struct place *at, const char *value)
{
	if (strlen(value) >= IF_NAMESIZE || strpbrk(value, " \t/"))
		complain(b->c, at, "interface: '%s' can't be one: a name has at most %d bytes without blanks", value,
			 IF_NAMESIZE - 1);
	else
		strcpy(b->rule->interface, value);
}

static const struct policy_key keys[] = {
	{ "use", key_use },			{ "mode", key_mode },
	{ "may-ask-less", key_less },		{ "callable", key_callable },
	{ "priority", key_priority },		{ "protocol", key_protocol },
	{ "user", key_user },			{ "group", key_group },
	{ "local", key_local },			{ "remote", key_remote },
	{ "local-port", key_local_port },	{ "remote-port", key_remote_port },
	{ "interface", key_interface },
};

bool rule_key(struct policy_build *b, const struct place *at, const char *key, const char *value)
{
	return policy_key(b, at, keys, sizeof(keys) / sizeof(keys[0]), key, value);
}

void rule_finish(struct policy_build *b, uint32_t number)
{
	struct policy_rule *r = &b->policy->rules[number];
	const struct place *at = &b->rule_at[number];
	const char *name = b->rule_class[number];
	int class;

	if (r->local.family && r->remote.family && r->local.family != r->remote.family)
		complain(b->c, at, "rule %s selects nothing: local and remote are not of one address family", r->name);
	if (r->action != RULE_CLASS)
		return;
	class = policy_class_by_name(b->policy, name);
	if (class >= 0)
		r->class = class;
	else if (*name)
		complain(b->c, at, "rule %s uses class %s, which no file describes", r->name, name);
	else
		complain(b->c, at, "rule %s does not say what it asks for; write use = CLASS, bypass or block",
			 r->name);
}
