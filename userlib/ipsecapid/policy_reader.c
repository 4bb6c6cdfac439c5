// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the policy while the broker runs. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audit.h"
#include "channel.h"
#include "policy_reader.h"
#include "sandbox.h"

static int write_all(int fd, const void *data, size_t size)
{
	const char *p = data;
	ssize_t n;

	while (size) {
		n = write(fd, p, size);
		if (n < 0)
			return -errno;
		p += n;
		size -= n;
	}
	return 0;
}

/* It is longer than a message may be. */
static int send_policy(int front, uint32_t ticket, const struct policy *p)
{
	const struct policy_news news = { .ticket = ticket };
	int fd = memfd_create("ipsecapi-policy", MFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, p, sizeof(*p));
	if (!err)
		err = chan_send(front, &news, sizeof(news), fd, 0);
	close(fd);
	return err;
}

/* Returns 0, be the policy good or not, or a negative errno. */
static int read_again(int front, uint32_t ticket, const struct policy_source *from, struct policy *p)
{
	struct complaints c = { .to = stderr };
	struct policy_news news = { .ticket = ticket };
	int err = policy_load(from, p, &c);

	if (!err) {
		audit(AUDIT_POLICY_IN_FORCE, NULL, "the policy was read again: %u classes, %u rules", p->n_classes,
		      p->n_rules);
		return send_policy(front, ticket, p);
	}
	news.mistakes = c.n ? c.n : 1;
	audit(AUDIT_POLICY_REFUSED, NULL, "the new policy is refused: %u mistake%s; the one before stays in force",
	      news.mistakes, news.mistakes == 1 ? "" : "s");
	return chan_send(front, &news, sizeof(news), -1, 0);
}

/* Returns 1 with @ticket set when a reading is due, or 0 at the end. */
static int wait_for_one(int keeper, int front, uint32_t *ticket)
{
	struct pollfd p[] = { { .fd = keeper, .events = POLLIN }, { .fd = front, .events = POLLIN } };
	struct policy_wanted wanted = { 0 };
	char byte;

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return -errno;
	if (p[0].revents)
		return chan_recv(keeper, &byte, 1, NULL, 0) > 0;
	if (chan_recv(front, &wanted, sizeof(wanted), NULL, 0) != sizeof(wanted))
		return 0;
	*ticket = wanted.ticket;
	return 1;
}

int reader_main(int keeper, int front, const struct policy_source *from)
{
	struct policy *p = malloc(sizeof(*p));
	int err = p ? sandbox_enter(SANDBOX_READER) : -ENOMEM;
	uint32_t ticket;

	while (err >= 0) {
		ticket = 0;
		err = wait_for_one(keeper, front, &ticket);
		if (!err) {
			free(p);
			return 0;
		}
		if (err > 0)
			err = read_again(front, ticket, from, p);
	}
	fprintf(stderr, "ipsecapid: policy reader: %s\n", strerror(-err));
	return 1;
}

struct policy *reader_take(int sock, struct policy_news *news, int *err)
{
	struct policy *p = NULL;
	int fd;

	*err = chan_recv(sock, news, sizeof(*news), &fd, 0) == sizeof(*news) ? 0 : -EPIPE;
	if (*err)
		return NULL;
	if (fd >= 0) {
		p = malloc(sizeof(*p));
		if (!p || pread(fd, p, sizeof(*p), 0) != sizeof(*p)) {
			free(p);
			p = NULL;
			*err = -ENOMEM;
		}
		close(fd);
	}
	return p;
}
