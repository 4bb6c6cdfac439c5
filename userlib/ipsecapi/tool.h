/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IPSECAPI_TOOL_H
#define IPSECAPI_TOOL_H

#include <stdbool.h>
#include <ipsecapi.h>
#include <json-c/json.h>

struct tool {
	const char *socket;	/* NULL: default */
	bool json;
	bool why;
	bool only_why;		/* nothing else */
	int timeout_ms;		/* of a probe's connect() */
	bool loopback_blocked;	/* for what is run */
	struct ipsecapi *ctx;
};

/* Complain in one line and give the exit status. */
int fail(const struct tool *t, const char *what, int err);

/* json.c: the same facts for programs */
struct json_object *json_direction(const struct ipsecapi_direction *d);
struct json_object *json_report(const struct ipsecapi_report *r);
/* The flow and its latch alone. */
struct json_object *json_of_latch(const struct ipsecapi_report *r);
struct json_object *json_status(const struct ipsecapi_status *s);
struct json_object *json_process(int pid, int fd);
struct json_object *json_why(const struct ipsecapi_why *w);
struct json_object *json_interface(const struct ipsecapi_interface *i);
struct json_object *json_class(const struct ipsecapi_class *c);
struct json_object *json_caps(const struct ipsecapi_caps *c);
struct json_object *json_host(const struct ipsecapi_host *h);
struct json_object *json_rule(const struct ipsecapi_rule *r);
/* Print and free: over several lines, or on one. */
void json_finish(struct json_object *o);
void json_line(struct json_object *o);

/* text.c: the same facts for people */
void text_report(const struct ipsecapi_report *r);
void text_tuple(const struct ipsecapi_tuple *t);
/* Without the end of the line. */
void text_latch(const struct ipsecapi_report *r);
void text_why(const struct ipsecapi_why *w);
void text_interface(const struct ipsecapi_interface *i);
void text_caps(const struct ipsecapi_caps *c);
void text_class(const struct ipsecapi_class *c);
void text_host(const struct ipsecapi_host *h);
void text_rule(const struct ipsecapi_rule *r);
/* "a, b" for the bits set in @value. */
const char *bit_words(char *buf, size_t size, uint32_t kind, uint32_t value);
const char *endpoint(char *buf, size_t size, uint16_t family, const uint8_t *addr, uint16_t port);
const char *prefix(char *buf, size_t size, uint16_t family, const uint8_t *addr, uint8_t bits);
const char *protocol_word(char *buf, size_t size, uint8_t protocol);

/*
 * probe.c: a connected socket to ask about. @protocol: "tcp" or "udp". Returns a descriptor or a
 * negative errno; -EDESTADDRREQ when it has complained already.
 */
int probe_connect(const char *protocol, const char *host, const char *port, int timeout_ms);
/* A number from 1 to 65535, or what may be the name of a service. */
bool probe_port_valid(const char *port);

/* Where a flow would go, as it was written. */
struct tuple_words {
	const char *protocol, *host, *port;
};

/* policy.c: exit statuses. @user: NULL for who runs the tool. */
int cmd_policy_explain(struct tool *t, const struct tuple_words *w, const char *user);
int cmd_policy_diff(struct tool *t, const char *directory);

/* commands.c: exit statuses */
int cmd_caps(struct tool *t);
int cmd_status(struct tool *t);

/* query.c: exit statuses. @number: of a descriptor of the process; -1: all its sockets. */
struct ends;
int cmd_query(struct tool *t, int fd);
int cmd_query_process(struct tool *t, int pid, int number);
int cmd_query_ends(struct tool *t, const struct ends *e);

/* watch.c: an exit status. @pid: a process, or 0 for descriptors of our own. */
int cmd_watch(struct tool *t, int pid, const int *fds, int n);

/* run.c: an exit status. @command ends with NULL. */
int cmd_run(struct tool *t, char **command);

/* doctor.c: an exit status. Opens the session itself, for it may be what is wrong. */
int cmd_doctor(struct tool *t);

#endif
