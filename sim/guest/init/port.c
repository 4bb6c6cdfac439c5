// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port.h"
#include "wire.h"

#define HEADER 9	/* length, id, kind */
#define READ_CHUNK 65536

static bool name_matches(const char *port)
{
	char path[300], name[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", port);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, name, sizeof(name));
	close(fd);
	return n == sizeof(WIRE_PORT_NAME) &&
	       !memcmp(name, WIRE_PORT_NAME "\n", n);
}

static int find_port(void)
{
	char path[300];
	struct dirent *e;
	DIR *dir;
	int fd = -1;

	dir = opendir("/sys/class/virtio-ports");
	if (!dir)
		return -1;
	while (fd < 0 && (e = readdir(dir))) {
		if (e->d_name[0] == '.' || !name_matches(e->d_name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", e->d_name);
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	closedir(dir);
	return fd;
}

/* Ports appear some time after their driver; each appearance is a uevent. */
static int open_uevents(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd;

	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
		    NETLINK_KOBJECT_UEVENT);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		close(fd);
		return -errno;
	}
	return fd;
}

int port_open(struct port *port)
{
	char event[4096];
	int uevents;

	memset(port, 0, sizeof(*port));
	uevents = open_uevents();
	if (uevents < 0)
		return uevents;
	while ((port->fd = find_port()) < 0)
		if (recv(uevents, event, sizeof(event), 0) < 0 &&
		    errno != EINTR && errno != ENOBUFS)
			break;
	close(uevents);
	return port->fd < 0 ? -ENODEV : 0;
}

static int reserve(uint8_t **buf, size_t *size, size_t want)
{
	size_t n = *size ? *size : READ_CHUNK;
	uint8_t *p;

	if (want <= *size)
		return 0;
	while (n < want)
		n *= 2;
	p = realloc(*buf, n);
	if (!p)
		return -ENOMEM;
	*buf = p;
	*size = n;
	return 0;
}

int port_read(struct port *port)
{
	ssize_t n;

	for (;;) {
		if (reserve(&port->in, &port->in_size,
			    port->in_len + READ_CHUNK))
			return -ENOMEM;
		n = read(port->fd, port->in + port->in_len, READ_CHUNK);
		if (n <= 0)
			break;
		port->in_len += n;
	}
	return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

bool port_has_output(const struct port *port)
{
	return port->out_pos < port->out_len;
}

size_t port_backlog(const struct port *port)
{
	return port->out_len - port->out_pos;
}

int port_write(struct port *port)
{
	ssize_t n;

	while (port_has_output(port)) {
		n = write(port->fd, port->out + port->out_pos,
			  port->out_len - port->out_pos);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		port->out_pos += n;
	}
	port->out_pos = 0;
	port->out_len = 0;
	return 0;
}

const uint8_t *port_next(struct port *port, uint32_t *id, uint8_t *kind,
			 size_t *len)
{
	struct wire_in in = { .p = port->in, .left = port->in_len };
	uint32_t total;

	if (port->in_len < HEADER)
		return NULL;
	total = wire_u32(&in);
	*id = wire_u32(&in);
	*kind = wire_u8(&in);
	if (total < HEADER - 4 || total > WIRE_MAX_FRAME) {
		fprintf(stderr, "agent: frame of %u bytes, giving up\n", total);
		exit(1);
	}
	*len = total - (HEADER - 4);
	return in.left < *len ? NULL : in.p;
}

void port_consume(struct port *port, size_t len)
{
	size_t total = HEADER + len;

	port->in_len -= total;
	memmove(port->in, port->in + total, port->in_len);
}

static void put_u32(uint8_t *p, uint32_t v)
{
	p[0] = v;
	p[1] = v >> 8;
	p[2] = v >> 16;
	p[3] = v >> 24;
}

void port_send(struct port *port, uint32_t id, uint8_t kind,
	       const void *head, size_t head_len,
	       const void *body, size_t body_len)
{
	size_t len = HEADER + head_len + body_len;
	uint8_t *p;

	if (reserve(&port->out, &port->out_size, port->out_len + len)) {
		fprintf(stderr, "agent: no memory for %zu bytes\n", len);
		exit(1);
	}
	p = port->out + port->out_len;
	put_u32(p, len - 4);
	put_u32(p + 4, id);
	p[8] = kind;
	if (head_len)
		memcpy(p + HEADER, head, head_len);
	if (body_len)
		memcpy(p + HEADER + head_len, body, body_len);
	port->out_len += len;
}

void port_send_error(struct port *port, uint32_t id, const char *message)
{
	uint8_t len[4];

	put_u32(len, strlen(message));
	port_send(port, id, WIRE_ERROR, len, sizeof(len), message,
		  strlen(message));
}
