// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tool's commands do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

int fail(const struct tool *t, const char *what, int err)
{
	uint32_t reason = t->ctx ? ipsecapi_last_reason(t->ctx) : IPSECAPI_REASON_NONE;

	if (reason != IPSECAPI_REASON_NONE && reason != IPSECAPI_REASON_UNKNOWN)
		fprintf(stderr, "ipsecapi: %s: %s\n", what, ipsecapi_strreason(reason));
	else
		fprintf(stderr, "ipsecapi: %s: %s\n", what, strerror(-err));
	return 1;
}

static int list_interfaces(struct tool *t, struct json_object *array)
{
	struct ipsecapi_interface ifc;
	uint32_t i;
	int err;

	for (i = 0; !(err = ipsecapi_interface(t->ctx, i, &ifc, sizeof(ifc))); i++) {
		if (array)
			json_object_array_add(array, json_interface(&ifc));
		else
			text_interface(&ifc);
	}
	return err == -ENOENT ? 0 : err;
}

static int list_classes(struct tool *t, struct json_object *array)
{
	struct ipsecapi_class cls;
	uint32_t i;
	int err;

	for (i = 0; !(err = ipsecapi_class(t->ctx, i, &cls, sizeof(cls))); i++) {
		if (array)
			json_object_array_add(array, json_class(&cls));
		else
			text_class(&cls);
	}
	return err == -ENOENT ? 0 : err;
}

static int caps_json(struct tool *t, const struct ipsecapi_caps *caps)
{
	struct json_object *o = json_caps(caps);
	struct json_object *interfaces = json_object_new_array();
	struct json_object *classes = json_object_new_array();
	int err;

	json_object_object_add(o, "interfaces", interfaces);
	json_object_object_add(o, "classes", classes);
	err = list_interfaces(t, interfaces);
	if (!err)
		err = list_classes(t, classes);
	if (err)
		json_object_put(o);
	else
		json_finish(o);
	return err;
}

int cmd_caps(struct tool *t)
{
	struct ipsecapi_caps caps;
	int err = ipsecapi_caps(t->ctx, &caps, sizeof(caps));

	if (!err && t->json) {
		err = caps_json(t, &caps);
	} else if (!err) {
		text_caps(&caps);
		err = list_interfaces(t, NULL);
		if (!err)
			err = list_classes(t, NULL);
	}
	return err ? fail(t, "caps", err) : 0;
}

#define CHANGED (-ESTALE)

static int list_rules(struct tool *t, uint32_t generation, struct json_object *array)
{
	struct ipsecapi_rule rule;
	uint32_t i;
	int err;

	for (i = 0; !(err = ipsecapi_rule(t->ctx, i, &rule, sizeof(rule))); i++) {
		if (rule.generation != generation)
			return CHANGED;
		json_object_array_add(array, json_rule(&rule));
		if (!t->json)
			text_rule(&rule);
	}
	return err == -ENOENT ? 0 : err;
}

static int status_once(struct tool *t)
{
	struct json_object *o, *rules = json_object_new_array();
	struct ipsecapi_host host;
	int err = ipsecapi_host(t->ctx, &host, sizeof(host));

	if (!err && !t->json)
		text_host(&host);
	if (!err && host.rules_visible)
		err = list_rules(t, host.generation, rules);
	if (err || !t->json) {
		json_object_put(rules);
		return err;
	}
	o = json_host(&host);
	json_object_object_add(o, "rules", rules);
	json_finish(o);
	return 0;
}

int cmd_status(struct tool *t)
{
	int err, tries = 0;

	do {	/* the table may change while it is read */
		err = status_once(t);
	} while (err == CHANGED && ++tries < 5);
	return err ? fail(t, "status", err) : 0;
}
