// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeping the confined cgroups: limits, and what becomes of those that are removed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "confined.h"

#define LOOK_NS		(1000 * MS)
#define LINGER_NS	(925000 * MS)	/* how long TCP sends again what nobody acknowledges */

static bool is_gone(const struct confined *k)
{
	struct stat st;

	return fstatat(k->fd, "cgroup.procs", &st, 0) && (errno == ENOENT || errno == ENODEV);
}

static struct confined *find(struct confined_set *s, uint64_t id)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (s->at[i].c.id == id)
			return &s->at[i];
	return NULL;
}

static uint32_t count_of(const struct confined_set *s, uint32_t uid)
{
	uint32_t i, n = 0;

	for (i = 0; i < s->n; i++)
		n += s->at[i].c.uid == uid;
	return n;
}

/* The rules are as they were: the next writing, which follows, leaves it out. */
static void forget(struct confined_set *s, struct confined *k)
{
	close(k->fd);
	*k = s->at[--s->n];
}

static void note_gone(struct confined_set *s)
{
	uint64_t now = now_ns();
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (!s->at[i].gone_at && is_gone(&s->at[i]))
			s->at[i].gone_at = now;
	s->looked_at = now;
}

static struct confined *oldest_gone(struct confined_set *s, uint32_t uid)
{
	struct confined *found = NULL;
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (s->at[i].c.uid == uid && s->at[i].gone_at && (!found || s->at[i].gone_at < found->gone_at))
			found = &s->at[i];
	return found;
}

/* Whoever wants more than there is room for gives up what lingers of the same user. */
static int make_room(struct confined_set *s, uint32_t uid, uint32_t *reason)
{
	bool user_full = count_of(s, uid) >= CONFINED_USER;
	struct confined *k;

	if (!user_full && s->n < CONFINED_MAX)
		return 0;
	note_gone(s);
	k = oldest_gone(s, uid);
	if (k) {
		forget(s, k);
		return 0;
	}
	*reason = user_full ? IPSECAPI_REASON_CGROUP_LIMIT_USER : IPSECAPI_REASON_CGROUP_LIMIT;
	return user_full ? -EDQUOT : -EUSERS;
}

/* It may ask for more than before, never for less. */
static int confine_more(struct confined_set *s, struct confined *k, uint32_t flags)
{
	uint32_t old = k->c.flags;
	int err;

	k->c.flags |= flags;
	err = old == k->c.flags ? 0 : confine_rules_write(s->nft, s->at, s->n);
	if (err)
		k->c.flags = old;
	return err;
}

static int confine_new(struct confined_set *s, const struct confinement *c, int fd)
{
	struct confined *k = &s->at[s->n];
	int err;

	*k = (struct confined){ .c = *c, .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0) };
	if (k->fd < 0)
		return -errno;
	err = confine_rules_write(s->nft, s->at, s->n + 1);
	if (err)
		close(k->fd);
	else
		s->n++;
	return err;
}

/* Is it what the worker looked at, and where rules of ours would find it? */
static int check(const struct confined_set *s, const struct confinement *c, int fd, uint32_t *reason)
{
	const struct confined k = { .fd = fd };
	struct stat st;

	*reason = IPSECAPI_REASON_NO_CONFINEMENT;
	if (!s->possible)
		return -EOPNOTSUPP;
	*reason = IPSECAPI_REASON_NOT_A_CGROUP;
	if (fd < 0 || fstat(fd, &st) || st.st_ino != c->id || !c->level)
		return -ENOTDIR;
	*reason = IPSECAPI_REASON_CGROUP_NAMESPACE;
	if (c->root != s->root)
		return -EREMOTE;
	*reason = IPSECAPI_REASON_CGROUP_GONE;
	return is_gone(&k) ? -ENOENT : 0;
}

int confined_add(struct confined_set *s, const struct confinement *c, int fd, uint32_t *reason)
{
	int err = check(s, c, fd, reason);
	struct confined *k;

	if (err)
		return err;
	k = find(s, c->id);
	if (!k)
		err = make_room(s, c->uid, reason);
	if (err)
		return err;
	err = k ? confine_more(s, k, c->flags) : confine_new(s, c, fd);
	if (err)
		*reason = IPSECAPI_REASON_NO_CONFINEMENT;
	return err ? -EOPNOTSUPP : 0;
}

int confined_wait(const struct confined_set *s)
{
	uint64_t now = now_ns(), at = s->looked_at + LOOK_NS;

	if (!s->n)
		return -1;
	return at <= now ? 0 : (at - now) / MS + 1;
}

void confined_look(struct confined_set *s)
{
	uint64_t now = now_ns();
	uint32_t i, before = s->n;

	if (confined_wait(s))
		return;
	note_gone(s);
	for (i = s->n; i--;)
		if (s->at[i].gone_at && now >= s->at[i].gone_at + LINGER_NS)
			forget(s, &s->at[i]);
	if (s->n != before)	/* should it fail, too much is dropped until the next time */
		confine_rules_write(s->nft, s->at, s->n);
}
