// SPDX-License-Identifier: GPL-2.0-or-later
/* The sockets of a process. Taking a duplicate needs the rights of a debugger over it. */
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockets.h"

int process_open(struct process *p, int pid)
{
	p->pid = pid;
	p->fd = pidfd_open(pid, 0);
	return p->fd < 0 ? -errno : 0;
}

void process_close(struct process *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

bool process_ended(const struct process *p)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };

	return p->fd < 0 || poll(&pfd, 1, 0) == 1;
}

int process_refusal(int pid, int number, int err)
{
	switch (err) {
	case -ESRCH:
		fprintf(stderr, "ipsecapi: there is no process %d, or it has ended; ps -e lists those that run\n", pid);
		break;
	case -EPERM:
		fprintf(stderr, "ipsecapi: the sockets of process %d can't be had: that needs the rights of a debugger over it; be its user or root, and see kernel.yama.ptrace_scope\n",
			pid);
		break;
	case -EBADF:
		fprintf(stderr, "ipsecapi: process %d has no descriptor %d; ls -l /proc/%d/fd shows those that it has\n",
			pid, number, pid);
		break;
	case -EINVAL:
	case -ENOENT:
		fprintf(stderr, "ipsecapi: %d is a thread; give the number of its process\n", pid);
		break;
	case -ENOSYS:
		fputs("ipsecapi: this kernel shows no descriptors of other processes; that needs Linux 5.6 or later\n", stderr);
		break;
	default:
		fprintf(stderr, "ipsecapi: the sockets of process %d can't be had: %s\n", pid, strerror(-err));
	}
	return 1;
}

int socket_of(const struct process *p, int number, const struct socket_visitor *v)
{
	struct found_socket s = { .pid = p->pid, .number = number };

	s.fd = pidfd_getfd(p->fd, number, 0);
	if (s.fd < 0)
		return -errno;
	v->visit(&s, v->arg);
	close(s.fd);
	return 0;
}

static bool is_inet(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) &&
	       (domain == AF_INET || domain == AF_INET6);
}

/* A connection that protection holds up is one already. */
static bool is_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	struct tcp_info info = { 0 };

	if (!getpeername(fd, (struct sockaddr *)&peer, &len))
		return true;
	len = sizeof(info);
	return !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) && info.tcpi_state == TCP_SYN_SENT;
}

/* An @inode of 0: what this descriptor names is no socket, or it was closed meanwhile. */
static int read_inode(int dir, const char *name, uint64_t *inode)
{
	char link[64] = "";

	*inode = 0;
	if (readlinkat(dir, name, link, sizeof(link) - 1) < 0)
		return errno == EACCES ? -EPERM : 0;
	if (!strncmp(link, "socket:[", 8))
		*inode = strtoull(link + 8, NULL, 10);
	return 0;
}

static int show(const struct process *p, const struct found_socket *s, const struct socket_visitor *v)
{
	struct found_socket found = *s;

	found.fd = pidfd_getfd(p->fd, s->number, 0);
	if (found.fd < 0)
		return errno == EBADF ? 0 : -errno;	/* closed meanwhile */
	if (is_inet(found.fd) && is_connected(found.fd))
		v->visit(&found, v->arg);
	close(found.fd);
	return 0;
}

/* Where processes of others are hidden, so are their folders. */
static DIR *open_descriptors(const struct process *p, int *err)
{
	char path[32];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", p->pid);
	dir = opendir(path);
	if (dir)
		return dir;
	*err = errno == EACCES || errno == ENOENT ? -EPERM : -errno;
	if (process_ended(p))
		*err = -ESRCH;
	return NULL;
}

int sockets_of(const struct process *p, const struct socket_visitor *v)
{
	struct found_socket s = { .pid = p->pid };
	struct dirent *e;
	int err = 0;
	DIR *dir = open_descriptors(p, &err);

	while (dir && !err && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		s.number = atoi(e->d_name);
		err = read_inode(dirfd(dir), e->d_name, &s.inode);
		if (!err && s.inode && (!v->wants || v->wants(s.inode, v->arg)))
			err = show(p, &s, v);
	}
	if (dir)
		closedir(dir);
	return err;
}
