/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of other processes, shown to a visitor one after the other. Each is a duplicate that
 * lives only during the visit: as long as anybody has one, the connection does not end when its
 * program closes it.
 */
#ifndef IPSECAPI_SOCKETS_H
#define IPSECAPI_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

struct found_socket {
	int fd;			/* ours during the visit */
	int pid;		/* of the process that has it; 0: our own descriptor */
	int number;		/* of its descriptor there */
	uint64_t inode;
};

struct socket_visitor {
	bool (*wants)(uint64_t inode, void *arg);	/* NULL: all */
	void (*visit)(const struct found_socket *s, void *arg);
	void *arg;
};

/* sockets_of.c: of a process, which is held by a descriptor, so that it stays the same one */
struct process {
	int pid;
	int fd;			/* becomes readable when it ends */
};

/* These return 0 or a negative errno; see process_refusal(). */
int process_open(struct process *p, int pid);
void process_close(struct process *p);
bool process_ended(const struct process *p);
/* Whatever its descriptor @number is. */
int socket_of(const struct process *p, int number, const struct socket_visitor *v);
/* All that are connected by IPv4 or IPv6. */
int sockets_of(const struct process *p, const struct socket_visitor *v);
/* Complain; @number: of the descriptor, or -1. Returns an exit status. */
int process_refusal(int pid, int number, int err);

/* Both ends of a connection, as they were written. */
struct ends {
	const char *protocol, *local_host, *local_port, *peer_host, *peer_port;
};

/*
 * sockets_between.c: those that are connected so, in processes of which we may have them.
 * Returns how many were visited, or -1 when it complained already.
 */
int sockets_between(const struct ends *e, const struct socket_visitor *v);

#endif
