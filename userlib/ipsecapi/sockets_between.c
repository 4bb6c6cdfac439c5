// SPDX-License-Identifier: GPL-2.0-or-later
/* The socket that is connected between two ends: the kernel names its inode, /proc who has it. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/inet_diag.h>

#include "../ipsecapid/sockdiag.h"
#include "sockets.h"

#define MATCHES_MAX 32

struct match {
	uint64_t inode;
	bool seen;
};

struct search {
	struct addrinfo *local, *peer;	/* what the words may mean */
	struct match match[MATCHES_MAX];
	unsigned int n;
	const struct socket_visitor *v;
	unsigned int visited;
	int refusing;		/* process that has one, but does not let us have it; 0: none */
};

static bool same_address(const struct addrinfo *a, uint8_t family, const void *addr, uint16_t port)
{
	const struct sockaddr_in6 *in6 = (const void *)a->ai_addr;
	const struct sockaddr_in *in = (const void *)a->ai_addr;
	const struct in6_addr *got = addr;

	if (in->sin_port != port)	/* the same place in both families */
		return false;
	if (a->ai_family == AF_INET6)
		return family == AF_INET6 && !memcmp(&in6->sin6_addr, addr, 16);
	if (family == AF_INET)
		return !memcmp(&in->sin_addr, addr, 4);
	return IN6_IS_ADDR_V4MAPPED(got) && !memcmp(&in->sin_addr, &got->s6_addr[12], 4);
}

static bool is_one_of(const struct addrinfo *list, uint8_t family, const void *addr, uint16_t port)
{
	for (; list; list = list->ai_next)
		if (same_address(list, family, addr, port))
			return true;
	return false;
}

/* A connection that no program has any more, or not yet, has no inode. */
static void compare(const struct inet_diag_msg *m, void *arg)
{
	struct search *s = arg;

	if (m->idiag_inode && s->n < MATCHES_MAX &&
	    is_one_of(s->local, m->idiag_family, m->id.idiag_src, m->id.idiag_sport) &&
	    is_one_of(s->peer, m->idiag_family, m->id.idiag_dst, m->id.idiag_dport))
		s->match[s->n++].inode = m->idiag_inode;
}

static int ask_kernel(struct search *s, uint8_t protocol)
{
	struct sockdiag *d = malloc(sizeof(*d));
	int err = d ? sockdiag_open(d) : -ENOMEM;

	if (!err) {
		err = sockdiag_dump(d, AF_INET, protocol, compare, s) ?:
		      sockdiag_dump(d, AF_INET6, protocol, compare, s);
		close(d->query);
	}
	free(d);
	if (err)
		fprintf(stderr, "ipsecapi: the kernel can't list its sockets: %s; is the module %s_diag there?\n",
			strerror(-err), protocol == IPPROTO_TCP ? "tcp" : "udp");
	return err;
}

static bool wants(uint64_t inode, void *arg)
{
	struct search *s = arg;
	unsigned int i;

	for (i = 0; i < s->n; i++)
		if (s->match[i].inode == inode)
			return !s->match[i].seen;
	return false;
}

/* Processes may share a socket; one of them is enough. */
static void visit(const struct found_socket *found, void *arg)
{
	struct search *s = arg;
	unsigned int i;

	for (i = 0; i < s->n; i++)
		if (s->match[i].inode == found->inode)
			s->match[i].seen = true;
	s->visited++;
	s->v->visit(found, s->v->arg);
}

/* Of most processes others may not even see what they have: that is no more than absent. */
static void look_into(struct search *s, int pid)
{
	const struct socket_visitor v = { wants, visit, s };
	struct process p;
	char path[32];

	if (process_open(&p, pid))
		return;
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	if (sockets_of(&p, &v) == -EPERM && !access(path, R_OK))
		s->refusing = pid;
	process_close(&p);
}

static void look_everywhere(struct search *s)
{
	DIR *dir = s->n ? opendir("/proc") : NULL;
	struct dirent *e;
	int pid;

	while (dir && s->visited < s->n && (e = readdir(dir))) {
		pid = atoi(e->d_name);
		if (pid > 0)
			look_into(s, pid);
	}
	if (dir)
		closedir(dir);
}

static int resolve(const char *host, const char *port, bool tcp, struct addrinfo **list)
{
	struct addrinfo hints = { .ai_socktype = tcp ? SOCK_STREAM : SOCK_DGRAM };
	int err = getaddrinfo(host, port, &hints, list);

	if (err)
		fprintf(stderr, "ipsecapi: %s port %s: %s\n", host, port, gai_strerror(err));
	return err;
}

static int find(struct search *s, const struct ends *e)
{
	bool tcp = !strcmp(e->protocol, "tcp");

	if (resolve(e->local_host, e->local_port, tcp, &s->local) ||
	    resolve(e->peer_host, e->peer_port, tcp, &s->peer) ||
	    ask_kernel(s, tcp ? IPPROTO_TCP : IPPROTO_UDP))
		return -1;
	look_everywhere(s);
	if (s->visited || !s->refusing)
		return s->visited;
	process_refusal(s->refusing, -1, -EPERM);
	return -1;
}

int sockets_between(const struct ends *e, const struct socket_visitor *v)
{
	struct search s = { .v = v };
	int n = find(&s, e);

	if (s.local)
		freeaddrinfo(s.local);
	if (s.peer)
		freeaddrinfo(s.peer);
	return n;
}
