// SPDX-License-Identifier: GPL-2.0-or-later
/* The applier's part of the system policy: it holds the enforcing rules, as the front says. */
#include <errno.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applier_private.h"
#include "channel.h"

/* Read all of it from a memory file; to free(), or NULL. */
static void *read_memory(int fd, size_t size)
{
	void *data = fd < 0 ? NULL : malloc(size + 1);	/* of nothing, too */

	if (data && pread(fd, data, size, 0) != (ssize_t)size) {
		free(data);
		data = NULL;
	}
	return data;
}

static void say_why(const struct applier *a, int err)
{
	const char *why = a->nft.nft && err == -EIO ? nft_ctx_get_error_buffer(a->nft.nft) : strerror(-err);

	fprintf(stderr, "ipsecapid: the rules of the policy can't be enforced: %.*s\n", (int)strcspn(why, "\n"), why);
}

static void take_policy(struct applier *a, const struct apply_msg *m, int fd)
{
	struct apply_msg answer = { .type = APPLY_ENFORCED, .ticket = m->ticket };
	struct policy *p = read_memory(fd, sizeof(*p));

	answer.status = p ? enforced_rules(&a->enforced, &a->nft, p) : -ENOMEM;
	free(p);
	if (answer.status)
		say_why(a, answer.status);
	chan_send(a->sock, &answer, sizeof(answer), -1, 0);
}

static void take_exempt(struct applier *a, const struct apply_msg *m, int fd)
{
	struct ipsecapi_tuple *t;

	if (m->count > MAX_LATCHES)
		return;
	t = read_memory(fd, m->count * sizeof(*t));
	if (t)
		enforced_exempt(&a->enforced, &a->nft, t, m->count);
	free(t);
}

void rules_take(struct applier *a, const struct apply_msg *m, int fd)
{
	if (m->type == APPLY_ENFORCE)
		take_policy(a, m, fd);
	else
		take_exempt(a, m, fd);
}

void rules_take_class(struct applier *a, const struct apply_listen *m)
{
	enforced_reqids(&a->enforced, &a->nft, m->cookie, &m->reqids);
}
