/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets that programs connect to: made here, or passed by systemd. */
#ifndef IPSECAPID_LISTENING_H
#define IPSECAPID_LISTENING_H

#include <sys/types.h>

#define LISTENING_ANY_GROUP ((gid_t)-1)

struct listening {
	const char *path;
	int type;	/* SOCK_SEQPACKET or SOCK_STREAM */
	mode_t mode;
	gid_t group;	/* that it belongs to, or LISTENING_ANY_GROUP */
};

/*
 * Listen there; every message and connection then carries credentials. A socket that a broker
 * left behind is replaced, nothing else is. Returns a descriptor or a negative errno.
 */
int listening_open(const struct listening *at);

/* -1: there is none. */
struct passed_sockets {
	int broker;
	int metrics;	/* has the name "metrics" */
};

/* Take what systemd passed. Returns 0 or a negative errno. */
int listening_passed(struct passed_sockets *passed);

/* What an error of these means, and what to do. */
const char *listening_words(int err);

#endif
