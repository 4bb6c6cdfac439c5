// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tool's commands do. */
#include <errno.h>
#include <poll.h>
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

static int list_why(struct ipsecapi_flow *flow, struct json_object *array)
{
	struct ipsecapi_why why;
	uint32_t i;
	int err;

	for (i = 0; !(err = ipsecapi_why(flow, i, &why, sizeof(why))); i++) {
		if (array)
			json_object_array_add(array, json_why(&why));
		else
			text_why(&why);
	}
	return err == -ENOENT ? 0 : err;
}

static int print_flow(struct tool *t, struct ipsecapi_flow *flow)
{
	struct json_object *o, *array;
	struct ipsecapi_report rep;
	int err = ipsecapi_report(flow, &rep, sizeof(rep));

	if (err)
		return err;
	if (!t->json) {
		text_report(&rep);
		return t->why ? list_why(flow, NULL) : 0;
	}
	o = json_report(&rep);
	if (t->why) {
		array = json_object_new_array();
		json_object_object_add(o, "why", array);
		err = list_why(flow, array);
	}
	if (err)
		json_object_put(o);
	else
		json_finish(o);
	return err;
}

int cmd_flow(struct tool *t, int fd)
{
	struct ipsecapi_flow *flow;
	int err = ipsecapi_flow_open(t->ctx, fd, &flow), status = 0;

	if (err)
		return fail(t, "flow", err);
	err = print_flow(t, flow);
	if (err)
		status = fail(t, "report", err);
	ipsecapi_flow_close(flow);
	return status;
}

static int print_event(struct tool *t, struct ipsecapi_flow *flow, const struct ipsecapi_event *ev)
{
	if (!t->json)
		printf("event %s\n", ipsecapi_word(IPSECAPI_WORDS_EVENT, ev->type));
	if (ev->type == IPSECAPI_EVENT_CHANGED || ev->type == IPSECAPI_EVENT_BROKER_BACK ||
	    ev->type == IPSECAPI_EVENT_RESYNC)
		return print_flow(t, flow);
	return ev->type == IPSECAPI_EVENT_CLOSED ? -ESTALE : 0;
}

int cmd_watch(struct tool *t, int fd)
{
	struct pollfd pfd = { .fd = ipsecapi_get_fd(t->ctx), .events = POLLIN };
	struct ipsecapi_event ev;
	struct ipsecapi_flow *flow;
	int err = ipsecapi_flow_open(t->ctx, fd, &flow);

	if (err)
		return fail(t, "flow", err);
	err = print_flow(t, flow);
	while (!err) {
		if (fflush(stdout))
			break;	/* nobody reads; main() says so */
		poll(&pfd, 1, ipsecapi_get_timeout(t->ctx));
		while (!err && ipsecapi_next_event(t->ctx, &ev, sizeof(ev)) == 1)
			err = print_event(t, flow, &ev);
		if (err == -ENOLINK)
			err = 0;	/* the next event tells when it is back */
	}
	ipsecapi_flow_close(flow);
	return !err || err == -ESTALE ? 0 : fail(t, "watch", err);
}
