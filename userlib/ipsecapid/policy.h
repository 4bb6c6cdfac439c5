/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system policy: classes of protection, and rules that use them. It has no pointers, so that one process can read
 * the files and another have what they say.
 */
#ifndef IPSECAPID_POLICY_H
#define IPSECAPID_POLICY_H

#include "complain.h"
#include "outcomes.h"

#define POLICY_SHIPPED		"/usr/lib/ipsecapi/policy.conf"
#define POLICY_DIRECTORY	"/etc/ipsecapi"

#define POLICY_CLASSES		32
#define POLICY_RANKED		3	/* of them: weak, standard and strong come first */
#define POLICY_PEERS		63
#define POLICY_RULES		256
#define POLICY_GROUPS		16
#define POLICY_NAME		32	/* of a rule or group, with NUL, as in struct ipsecapi_report */
#define GROUP_MEMBERS		256
#define RULE_USERS		16
#define RULE_GROUPS		8
#define POLICY_CLASS_NAME	16
#define POLICY_PEER_NAME	64

enum hardware_rule { HARDWARE_ANY = 0, HARDWARE_PREFER = 1, HARDWARE_REQUIRE = 2 };

struct policy_class {
	char name[POLICY_CLASS_NAME];
	char description[232];
	uint32_t version;
	uint32_t strength;	/* enum ipsecapi_strength: that all its suites have */
	bool shipped;
	uint8_t hardware;	/* enum hardware_rule; PREFER accepts what ANY does */
	uint32_t ciphers;	/* as listed, 1 << enum cipher */
	uint16_t auths;		/* as listed, 1 << enum auth; they rank what only authenticates */
	struct outcomes set;
};

/* Rules of one layer know nothing of the other: of each the first that selects a flow applies. */
enum { LAYER_APPLICATION = 0, LAYER_INTERFACE = 1, LAYERS = 2 };

enum rule_action {
	RULE_CLASS = 0,
	RULE_BYPASS = 1,	/* asks nothing: every outcome is accepted */
	RULE_BLOCK = 2,		/* accepts none */
};

/* Selects addresses. */
struct policy_prefix {
	uint16_t family;	/* 0: all */
	uint8_t bits;
	uint8_t rsvd;
	uint8_t address[16];	/* AF_INET uses the first four; 0 past the bits */
};

struct policy_ports {
	uint16_t from, to;	/* host byte order, both included */
};

struct policy_rule {
	char name[POLICY_NAME];
	char interface[16];	/* by which the flow's packets leave; empty: any */
	uint8_t layer;
	uint8_t action;		/* enum rule_action */
	uint8_t class;		/* of RULE_CLASS, its number */
	uint8_t protocol;	/* 0: any */
	uint8_t enforce;	/* 1: what it does not accept does not pass; 0: it only reports */
	uint8_t callable;	/* 1: latches that wait have IKE call the peer */
	uint8_t rsvd[2];
	uint32_t priority;	/* smaller comes first */
	int32_t less_group;	/* number of the group whose members may ask less, or -1 */
	uint32_t n_users, n_groups;	/* both 0: everybody */
	uint32_t users[RULE_USERS];
	uint32_t groups[RULE_GROUPS];	/* by their numbers in the policy */
	struct policy_prefix local, remote;
	struct policy_ports local_port, remote_port;
};

/* Members as they were when the policy was read: who has it as the main group, too. */
struct policy_group {
	char name[POLICY_NAME];
	uint32_t n_members;
	uint32_t members[GROUP_MEMBERS];
};

struct policy {
	uint32_t n_classes;
	uint32_t n_peers;
	uint32_t n_rules;
	uint32_t n_groups;
	uint32_t overflow_uid;	/* stands for users without a mapping; no rule selects it */
	struct policy_class classes[POLICY_CLASSES];	/* weak, standard, strong, then as read */
	struct policy_rule rules[POLICY_RULES];		/* by layer, then by priority, then as read */
	struct policy_group groups[POLICY_GROUPS];
	char peers[POLICY_PEERS + 1][POLICY_PEER_NAME];	/* from 1 */
};

/* Class number @index as programs see it. Returns 0 or -ENOENT. */
int policy_describe_class(const struct policy *p, uint32_t index, struct ipsecapi_class *cls);

/* The strongest of the shipped classes that takes these algorithms: enum ipsecapi_strength. */
uint8_t policy_strength(const struct policy *p, uint8_t cipher, uint8_t auth);

/* Number of the class of this name, or -1. */
int policy_class_by_name(const struct policy *p, const char *name);

#endif
