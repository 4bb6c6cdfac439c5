/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system policy: classes of protection. It has no pointers, so that one process can read
 * the files and another have what they say.
 */
#ifndef IPSECAPID_POLICY_H
#define IPSECAPID_POLICY_H

#include "complain.h"
#include "outcomes.h"

#define POLICY_SHIPPED		"/usr/lib/ipsecapi/policy.conf"
#define POLICY_DIRECTORY	"/etc/ipsecapi"

#define POLICY_CLASSES		32
#define POLICY_PEERS		63
#define POLICY_NAME		32	/* of a rule or peer's group, with NUL */
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

struct policy {
	uint32_t n_classes;
	uint32_t n_peers;
	struct policy_class classes[POLICY_CLASSES];	/* weak, standard, strong, then as read */
	char peers[POLICY_PEERS + 1][POLICY_PEER_NAME];	/* from 1 */
};

/* Class number @index as programs see it. Returns 0 or -ENOENT. */
int policy_describe_class(const struct policy *p, uint32_t index, struct ipsecapi_class *cls);

/* The strongest of the shipped classes that takes these algorithms: enum ipsecapi_strength. */
uint8_t policy_strength(const struct policy *p, uint8_t cipher, uint8_t auth);

/* Number of the class of this name, or -1. */
int policy_class_by_name(const struct policy *p, const char *name);

#endif
