// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the policy while the broker runs. */
#include <errno.h>
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
static int send_policy(int front, const struct policy *p)
{
	const struct policy_news news = { 0 };
	int fd = memfd_create("ipsecapi-policy", MFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, p, sizeof(*p));
	if (!err)
		err = chan_send(front, &news, sizeof(news), fd, 0);
	close(fd);
	return err;
}

/* Returns 1 when there is a new policy in force, 0 when the old one stays, or a negative errno. */
static int read_again(int front, const struct policy_source *from, struct policy *p)
{
	struct complaints c = { .to = stderr };
	struct policy_news news;
	int err = policy_load(from, p, &c);

	if (!err) {
		audit(AUDIT_POLICY_IN_FORCE, NULL, "the policy was read again: %u classes, %u rules", p->n_classes,
		      p->n_rules);
		err = send_policy(front, p);
		return err ? err : 1;
	}
	news.mistakes = c.n ? c.n : 1;
	audit(AUDIT_POLICY_REFUSED, NULL, "the new policy is refused: %u mistake%s; the one before stays in force",
	      news.mistakes, news.mistakes == 1 ? "" : "s");
	return chan_send(front, &news, sizeof(news), -1, 0);
}

int reader_main(int keeper, int front, const struct policy_source *from)
{
	struct policy *p = malloc(sizeof(*p));
	int done = p ? sandbox_enter(SANDBOX_READER) : -ENOMEM;
	char byte;

	while (done >= 0) {
		if (chan_recv(keeper, &byte, 1, NULL, 0) <= 0) {
			free(p);
			return 0;
		}
		done = read_again(front, from, p);
		byte = done;
		if (done >= 0 && chan_send(keeper, &byte, 1, -1, MSG_DONTWAIT))
			break;
	}
	fprintf(stderr, "ipsecapid: policy reader: %s\n", strerror(done < 0 ? -done : EPIPE));
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
