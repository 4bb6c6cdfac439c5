// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "vici.h"

enum packet {
	CMD_REQUEST = 0, CMD_RESPONSE = 1, CMD_UNKNOWN = 2,
	EVENT_REGISTER = 3, EVENT_CONFIRM = 5, EVENT_UNKNOWN = 6, EVENT = 7,
};

/* All that is ever asked, with the events that carry a list. */
static const struct {
	const char *name, *event;
} requests[] = {
	[VICI_LIST_CONNS] = { "list-conns", "list-conn" },
	[VICI_LIST_SAS] = { "list-sas", "list-sa" },
	[VICI_INITIATE] = { "initiate", NULL },
};

/* --- reading a message ---------------------------------------------------------------------- */

static bool take_name(struct vici_reader *r, const char **name, size_t *length)
{
	if (r->at == r->end || *r->at >= r->end - r->at)
		return false;
	*length = *r->at++;
	*name = (const char *)r->at;
	r->at += *length;
	return true;
}

static bool take_value(struct vici_reader *r, const char **value, size_t *length)
{
	if (r->end - r->at < 2)
		return false;
	*length = r->at[0] << 8 | r->at[1];
	r->at += 2;
	if (*length > (size_t)(r->end - r->at))
		return false;
	*value = (const char *)r->at;
	r->at += *length;
	return true;
}

static bool take_section(struct vici_reader *r, struct vici_item *item)
{
	if (r->list || r->depth == VICI_DEPTH_MAX || !take_name(r, &item->name, &item->name_length))
		return false;
	r->depth++;
	return true;
}

static bool end_section(struct vici_reader *r)
{
	if (r->list || !r->depth)
		return false;
	r->depth--;
	return true;
}

static bool take_list(struct vici_reader *r, struct vici_item *item)
{
	if (r->list || !take_name(r, &item->name, &item->name_length))
		return false;
	r->list = item->name;
	r->list_length = item->name_length;
	return true;
}

static bool take_item(struct vici_reader *r, struct vici_item *item)
{
	item->name = r->list;
	item->name_length = r->list_length;
	return r->list && take_value(r, &item->value, &item->length);
}

static bool end_list(struct vici_reader *r)
{
	bool open = r->list;

	r->list = NULL;
	return open;
}

int vici_read(struct vici_reader *r, struct vici_item *item)
{
	bool good = false;

	memset(item, 0, sizeof(*item));
	if (r->at == r->end)
		return r->depth || r->list ? -EBADMSG : 0;
	item->type = *r->at++;
	switch (item->type) {
	case VICI_SECTION: good = take_section(r, item); break;
	case VICI_SECTION_END: good = end_section(r); break;
	case VICI_VALUE:
		good = !r->list && take_name(r, &item->name, &item->name_length) &&
		       take_value(r, &item->value, &item->length);
		break;
	case VICI_LIST: good = take_list(r, item); break;
	case VICI_LIST_ITEM: good = take_item(r, item); break;
	case VICI_LIST_END: good = end_list(r); break;
	}
	return good ? 1 : -EBADMSG;
}

static bool same(const char *text, size_t length, const char *word)
{
	return length == strlen(word) && !memcmp(text, word, length);
}

bool vici_named(const struct vici_item *item, const char *name)
{
	return same(item->name, item->name_length, name);
}

bool vici_says(const struct vici_item *item, const char *value)
{
	return same(item->value, item->length, value);
}

/* --- the connection ------------------------------------------------------------------------- */

/* Wait for @events. Returns 0 or a negative errno. */
static int wait_for(const struct vici *v, short events)
{
	struct pollfd p = { .fd = v->fd, .events = events };
	uint64_t now = now_ns();
	int n;

	if (now >= v->until)
		return -ETIMEDOUT;
	n = poll(&p, 1, (v->until - now) / MS + 1);
	if (n < 0 && errno != EINTR)
		return -errno;
	return 0;
}

int vici_open(struct vici *v, const char *path, uint64_t until)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int err;

	v->until = until;
	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	strcpy(a.sun_path, path);
	v->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (v->fd < 0)
		return -errno;
	/* a local socket is connected at once, or its queue is full */
	if (!connect(v->fd, (struct sockaddr *)&a, sizeof(a)))
		return 0;
	err = errno == EAGAIN ? -ETIMEDOUT : -errno;
	vici_close(v);
	return err;
}

void vici_close(struct vici *v)
{
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
	explicit_bzero(v->buf, sizeof(v->buf));
}

/* All of it, or a negative errno. @events: POLLOUT to send it, POLLIN to receive as much. */
static int transfer(const struct vici *v, short events, uint8_t *data, size_t size)
{
	ssize_t n;
	int err;

	while (size) {
		err = wait_for(v, events);
		if (err)
			return err;
		n = events == POLLOUT ? send(v->fd, data, size, MSG_NOSIGNAL) : recv(v->fd, data, size, 0);
		if (!n)
			return -ECONNRESET;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			size -= n;
		}
	}
	return 0;
}

/* A packet that is being made. */
struct packing {
	uint8_t *at, *end;
	bool full;
};

static void put(struct packing *p, const void *data, size_t size)
{
	if (size > (size_t)(p->end - p->at)) {
		p->full = true;
		return;
	}
	memcpy(p->at, data, size);
	p->at += size;
}

static void put_name(struct packing *p, const char *name)
{
	uint8_t n = strlen(name);

	put(p, &n, 1);
	put(p, name, n);
}

static void put_value(struct packing *p, const struct vici_arg *arg)
{
	const uint8_t type = VICI_VALUE;
	uint16_t n = htons(strlen(arg->value));

	put(p, &type, 1);
	put_name(p, arg->key);
	put(p, &n, sizeof(n));
	put(p, arg->value, strlen(arg->value));
}

static int send_packet(struct vici *v, uint8_t type, const char *name, const struct vici_arg *args)
{
	struct packing p = { .at = v->buf + 4, .end = v->buf + sizeof(v->buf) };
	uint32_t n;

	put(&p, &type, 1);
	put_name(&p, name);
	while (args && args->key)
		put_value(&p, args++);
	if (p.full)
		return -EMSGSIZE;
	n = htonl(p.at - v->buf - 4);
	memcpy(v->buf, &n, sizeof(n));
	return transfer(v, POLLOUT, v->buf, p.at - v->buf);
}

static int recv_packet(struct vici *v)
{
	uint32_t n;
	int err = transfer(v, POLLIN, (uint8_t *)&n, sizeof(n));

	if (err)
		return err;
	v->length = ntohl(n);
	if (!v->length || v->length > sizeof(v->buf))
		return -EBADMSG;
	return transfer(v, POLLIN, v->buf, v->length);
}

/* Have what is listed sent here. */
static int follow(struct vici *v, const char *event)
{
	int err = send_packet(v, EVENT_REGISTER, event, NULL);

	if (!err)
		err = recv_packet(v);
	if (err || v->buf[0] == EVENT_CONFIRM)
		return err;
	return v->buf[0] == EVENT_UNKNOWN ? -EOPNOTSUPP : -EBADMSG;
}

/* A message of the list that was asked for, to whoever wants it. */
static int take_event(struct vici *v, const char *event, int (*each)(struct vici_reader *r, void *arg), void *arg)
{
	struct vici_reader r = { .at = v->buf + 1, .end = v->buf + v->length };
	const char *name;
	size_t length;

	if (!event || !take_name(&r, &name, &length) || !same(name, length, event))
		return -EBADMSG;
	return each ? each(&r, arg) : 0;
}

int vici_ask(struct vici *v, enum vici_request request, const struct vici_arg *args,
	     int (*each)(struct vici_reader *r, void *arg), void *arg, struct vici_reader *answer)
{
	const char *event = requests[request].event;
	int err = event ? follow(v, event) : 0;

	if (!err)
		err = send_packet(v, CMD_REQUEST, requests[request].name, args);
	if (!err)
		err = recv_packet(v);
	while (!err && v->buf[0] == EVENT) {
		err = take_event(v, event, each, arg);
		if (!err)
			err = recv_packet(v);
	}
	if (err)
		return err;
	if (v->buf[0] != CMD_RESPONSE)
		return v->buf[0] == CMD_UNKNOWN ? -EOPNOTSUPP : -EBADMSG;
	if (answer)
		*answer = (struct vici_reader){ .at = v->buf + 1, .end = v->buf + v->length };
	return 0;
}
