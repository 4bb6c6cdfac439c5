// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Latches, as the applier gives and takes them. What is written down comes before what the kernel
 * is told; what is taken down, after.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "applier_private.h"
#include "channel.h"
#include "close_within.h"
#include "latch_apply.h"

static void send_front(struct applier *a, const struct apply_msg *m)
{
	chan_send(a->sock, m, sizeof(*m), -1, 0);
}

static void tell_moved(struct applier *a, const struct tracked *t)
{
	const struct apply_msg m = { .type = APPLY_MOVED, .tuple = t->tuple };

	send_front(a, &m);
}

/* Let it pass again. Returns 0 or a negative errno: then it is dropped as before. */
static int mend(struct applier *a, struct tracked *t)
{
	int err = t->dropped.peer_port ? dropset_remove(&a->nft, &t->dropped) : 0;

	if (!err)
		t->dropped.peer_port = 0;
	return err;
}

/* Leave no trace of its latch outside the kernel's socket. */
void latches_end(struct applier *a, struct tracked *t)
{
	struct latch_record *r = t->latch;

	mend(a, t);
	if (t->listen)
		listeners_set(a, t, NULL);
	t->latch = NULL;
	gates_follow(a, t);
	quoted_follow(a, t);
	if (r)
		record_write(a->records, t->slot, NULL);
	free(r);
}

/*
 * Without the sets, or without knowing where the connection is, nothing but its end keeps what it
 * was granted. Returns 0, or a negative errno: neither could be had, and it may pass.
 */
static int drop(struct applier *a, struct tracked *t)
{
	bool notify = t->latch->want.disposition == IPSECAPI_DISPOSITION_NOTIFY;
	bool reset = t->latch->want.disposition == IPSECAPI_DISPOSITION_RESET ||
		     !t->latch->want.disposition;
	int err, ended;

	if (!t->tuple.peer_port) {	/* it will be found as soon as it connects */
		a->doubt = true;
		return 0;
	}
	if (t->dropped.peer_port && memcmp(&t->dropped, &t->tuple, sizeof(t->tuple))) {
		err = mend(a, t);	/* it was elsewhere, and one is kept in mind */
		if (err)
			return err;
	}
	err = dropset_add(&a->nft, &t->tuple, notify);
	if (!err)
		t->dropped = t->tuple;
	if (!err && !reset)
		return 0;
	ended = sockdiag_destroy(&a->diag, &t->tuple, t->ifindex);
	if (!ended)
		latches_disconnected(a, t);
	else	/* another may have the same ends, or this one has others by now */
		a->doubt = true;
	return ended ? err : 0;
}

static void clear_peer(struct ipsecapi_tuple *t)
{
	memset(t->peer, 0, sizeof(t->peer));
	t->peer_port = 0;
}

void latches_disconnected(struct applier *a, struct tracked *t)
{
	mend(a, t);
	clear_peer(&t->tuple);
	quoted_follow(a, t);
	t->latch->tuple = t->tuple;
	record_write(a->records, t->slot, t->latch);
	gates_follow(a, t);
	tell_moved(a, t);
}

void latches_moved(struct applier *a, struct tracked *t)
{
	t->latch->tuple = t->tuple;
	quoted_follow(a, t);
	record_write(a->records, t->slot, t->latch);
	gates_follow(a, t);
	tell_moved(a, t);	/* the front has a broken one dropped again */
	if (t->latch->broken)
		drop(a, t);
}

static int refuse(struct apply_msg *answer, int err, uint32_t reason)
{
	answer->reason = reason;
	return err;
}

/*
 * Take down what was written down and told the kernel, or put back what was there before: of a
 * socket that was latched already it keeps what is at least as strict.
 */
static void undo(struct applier *a, struct tracked *t, int fd, struct latch_record *old)
{
	uint32_t slot = t->slot;

	if (!old) {
		latch_clear(fd, t->tuple.family, a->nft.marks.gate);
		if (t->listen)
			listeners_set(a, t, NULL);
	}
	record_write(a->records, slot, old);
	t->latch = old;
	gates_follow(a, t);
	quoted_follow(a, t);
}

/* The socket has its policies. Has it carried data before? A first latch alone can tell. */
static int settle(struct applier *a, struct tracked *t, int fd, const struct latch_record *old,
		  struct apply_msg *answer)
{
	static const struct listen_reqids none;
	struct latch_record *r = t->latch;

	r->prior_data = old ? old->prior_data : latch_prior_data(fd);
	if (r->prior_data && !old && r->want.flags & WANT_STRICT)
		return refuse(answer, -EEXIST, IPSECAPI_REASON_PRIOR_DATA);
	if (r->listener && !t->listen && listeners_set(a, t, &none))
		return -EIO;
	if (gates_follow(a, t))
		return -EIO;
	return r->prior_data ? record_write(a->records, t->slot, r) : 0;
}

static int latch(struct applier *a, const struct apply_msg *m, int fd, struct apply_msg *answer)
{
	struct latch_record *r = malloc(sizeof(*r)), *old;
	struct tracked *t = r ? followed_get(a, &m->record.tuple) : NULL;
	int err;

	if (!t) {
		free(r);
		return refuse(answer, -ENOMEM, IPSECAPI_REASON_BROKER_BUSY);
	}
	*r = m->record;
	memcpy(r->boot_id, a->boot_id, sizeof(r->boot_id));
	r->gate = a->nft.marks.gate;
	old = t->latch;
	t->latch = r;
	t->slot = m->slot;
	t->tuple = r->tuple;
	t->ifindex = r->bound_ifindex;
	answer->reason = IPSECAPI_REASON_NO_LATCHES;
	err = record_write(a->records, m->slot, r);
	if (!err)
		err = quoted_follow(a, t);
	if (!err)
		err = latch_apply(fd, r, !old);
	if (!err)
		err = settle(a, t, fd, old, answer);
	if (!err && !r->broken)
		err = mend(a, t);
	if (err) {
		undo(a, t, fd, old);
		free(r);
		followed_release(a, t);
		return err;
	}
	free(old);
	answer->record = *r;
	if (r->tuple.family == AF_INET6 || !r->tuple.peer_port || r->gated)
		a->wary = true;
	return 0;
}

static int relax(struct applier *a, const struct apply_msg *m, int fd, struct apply_msg *answer)
{
	struct tracked *t = followed_find(a, m->tuple.cookie);
	int err;

	if (!t || !t->latch)
		return refuse(answer, -ENOENT, IPSECAPI_REASON_NOT_LATCHED);
	err = mend(a, t);
	if (!err)
		err = latch_clear(fd, t->tuple.family, a->nft.marks.gate);
	if (err) {
		if (t->latch->broken)
			drop(a, t);
		return refuse(answer, err, IPSECAPI_REASON_NO_LATCHES);
	}
	latches_end(a, t);
	followed_release(a, t);
	return 0;
}

/* A descriptor that is not the socket that was asked about is not touched. */
static void take_socket(struct applier *a, const struct apply_msg *m, int fd)
{
	const struct ipsecapi_tuple *t = m->type == APPLY_LATCH ? &m->record.tuple : &m->tuple;
	struct apply_msg answer = { .type = APPLY_LATCHED, .slot = m->slot, .ticket = m->ticket,
				    .tuple.cookie = t->cookie };

	if (fd < 0 || !latch_is_socket(fd, t))
		answer.status = refuse(&answer, -ESTALE, IPSECAPI_REASON_SOCKET_CHANGED);
	else if (m->type == APPLY_LATCH)
		answer.status = latch(a, m, fd, &answer);
	else
		answer.status = relax(a, m, fd, &answer);
	send_front(a, &answer);
}

static void take_break(struct applier *a, struct tracked *t, const struct apply_msg *m)
{
	struct apply_msg answer = { .type = APPLY_BROKEN, .ticket = m->ticket, .tuple.cookie = t->cookie };

	t->latch->broken = m->reason;
	record_write(a->records, t->slot, t->latch);
	if (!t->tuple.peer_port)	/* it may be connected by now */
		followed_look(a);
	answer.status = drop(a, t);
	send_front(a, &answer);
}

/* Whoever is told that it holds may send at once: so the drop is gone first. */
static void take_mend(struct applier *a, struct tracked *t, const struct apply_msg *m)
{
	struct apply_msg answer = { .type = APPLY_MENDED, .ticket = m->ticket,
				    .tuple.cookie = t->cookie };

	if (!mend(a, t)) {
		t->latch->broken = 0;
		record_write(a->records, t->slot, t->latch);
	}
	answer.reason = t->latch->broken;
	send_front(a, &answer);
}

static void take_check(struct applier *a, const struct tracked *t)
{
	struct apply_msg m = { .type = APPLY_ALIVE, .tuple.cookie = t->cookie };

	if (t->tuple.peer_port && !sockdiag_lookup(&a->diag, &t->tuple, t->ifindex))
		send_front(a, &m);
	else
		followed_end(a, t->cookie);
}

void latches_take(struct applier *a, const struct apply_msg *m, int fd)
{
	struct tracked *t = followed_find(a, m->tuple.cookie);

	if (m->type == APPLY_LATCH || m->type == APPLY_RELAX)
		take_socket(a, m, fd);
	else if (t && t->latch && m->type == APPLY_BREAK)
		take_break(a, t, m);
	else if (t && t->latch && m->type == APPLY_MEND)
		take_mend(a, t, m);
	else if (t && m->type == APPLY_CHECK)
		take_check(a, t);
	else if (m->type == APPLY_SETTLED)
		listeners_settle(a);
}

void latches_take_listen(struct applier *a, const struct apply_listen *m)
{
	struct tracked *t = followed_find(a, m->cookie);

	if (t && t->latch && t->latch->listener)
		listeners_set(a, t, &m->reqids);
}

/* --- the start ------------------------------------------------------------------------------ */

/*
 * Of a connection that is not there any more the socket may be, and may be connected elsewhere.
 * Whether it is, a look and the kernel's policies tell.
 */
static void forget_connection(struct applier *a, uint32_t slot, struct latch_record *r)
{
	int err = r->tuple.peer_port ?
		  sockdiag_lookup(&a->diag, &r->tuple, r->bound_ifindex) : 0;

	if (err != -ENOENT && err != -ESTALE)
		return;
	clear_peer(&r->tuple);
	record_write(a->records, slot, r);
}

/* Returns 1 when the slot is in use, 0 when not, or a negative errno. */
static int load_slot(struct applier *a, uint32_t slot)
{
	struct apply_msg m = { .type = APPLY_RECORD, .slot = slot };
	struct tracked *t;
	int err = record_read(a->records, slot, a->boot_id, &m.record);

	if (err != 1)
		return err;
	forget_connection(a, slot, &m.record);
	t = followed_get(a, &m.record.tuple);
	if (!t || t->latch)	/* two records of one socket are none of ours */
		return t ? record_write(a->records, slot, NULL) : -ENOMEM;
	t->latch = malloc(sizeof(*t->latch));
	if (!t->latch)
		return -ENOMEM;
	*t->latch = m.record;
	t->slot = slot;
	t->ifindex = m.record.bound_ifindex;
	send_front(a, &m);
	return 1;
}

struct broken_list {
	struct dropped *at;
	uint32_t n;
};

static void collect_broken(const void *node, VISIT which, void *arg)
{
	struct tracked *t = *(struct tracked *const *)node;
	struct broken_list *l = arg;

	if ((which != postorder && which != leaf) || !t->latch || !t->latch->broken ||
	    !t->tuple.peer_port)
		return;
	t->dropped = t->tuple;
	l->at[l->n++] = (struct dropped){
		t->tuple, t->latch->want.disposition == IPSECAPI_DISPOSITION_NOTIFY };
}

/* What the sets have of sockets that ended meanwhile goes. */
static int restore_drops(struct applier *a)
{
	struct broken_list l = { .at = calloc(followed_count(a) + 1, sizeof(*l.at)) };
	int err;

	if (!l.at)
		return -ENOMEM;
	twalk_r(a->tree, collect_broken, &l);
	err = dropset_replace(&a->nft, l.at, l.n);
	free(l.at);
	return err;
}

int latches_load(struct applier *a)
{
	struct apply_msg m = { .type = APPLY_RECORDS_END };
	uint32_t slot;
	int err = 0;

	for (slot = 0; a->records >= 0 && err >= 0 && slot < MAX_LATCHES; slot++)
		err = load_slot(a, slot);
	if (err < 0 && err != -ENODATA)
		return err;
	if (followed_count(a))
		followed_look(a);
	m.count = a->records >= 0 && a->nft.nft && !restore_drops(a) && !gates_restore(a) &&
		  !quoted_restore(a);
	send_front(a, &m);
	return 0;
}
