// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <ipsecapi.h>

#include "channel.h"
#include "clock.h"
#include "ike.h"
#include "ike_connection.h"
#include "sandbox.h"

#define BEGUN_NS 5000000000ull	/* for so long a negotiation is under way, seen or not */

static struct ike_end end_of(const struct ike_question *q, uint16_t port, const uint8_t address[16])
{
	struct ike_end e = { .family = q->family, .protocol = q->protocol, .port = port };

	memcpy(e.address, address, sizeof(e.address));
	return e;
}

/* What was begun lately: the daemon does not show it at once. */
struct begun {
	char ike[IKE_NAME], child[IKE_NAME];
	uint64_t at;	/* 0: nothing */
};

static struct begun begun[16];

static struct begun *find_begun(const struct ike_choice *c, uint64_t since)
{
	size_t i;

	for (i = 0; i < sizeof(begun) / sizeof(begun[0]); i++)
		if (begun[i].at > since && !strcmp(begun[i].ike, c->ike) && !strcmp(begun[i].child, c->child))
			return &begun[i];
	return NULL;
}

static void remember(const struct ike_choice *c)
{
	struct begun *b = find_begun(c, 0);
	size_t i;

	if (!b) {
		b = &begun[0];
		for (i = 1; i < sizeof(begun) / sizeof(begun[0]); i++)
			if (begun[i].at < b->at)
				b = &begun[i];
	}
	strcpy(b->ike, c->ike);
	strcpy(b->child, c->child);
	b->at = now_ns();
}

/*
 * Once is enough: what it negotiates already, or has, is not asked for again. It may look up names
 * before it answers, and go on when we do not wait: so it is begun as soon as it is told.
 */
static uint32_t begin(struct vici *v, const struct ike_choice *c, struct ike_answer *a, int *err)
{
	const struct vici_arg args[] = {
		{ "ike", c->ike }, { "child", c->child }, { "timeout", "-1" }, { "init-limits", "yes" }, { NULL, NULL },
	};
	struct vici_reader answer;
	struct vici_item item;
	bool done = false;
	int more;

	remember(c);
	a->begun = 1;
	*err = vici_ask(v, VICI_INITIATE, args, NULL, NULL, &answer);
	if (*err)
		return IPSECAPI_REASON_UNKNOWN;
	while ((more = vici_read(&answer, &item)) > 0)
		if (item.type == VICI_VALUE && vici_named(&item, "success"))
			done = vici_says(&item, "yes");
	*err = more;
	return done ? IPSECAPI_REASON_IKE_STARTED : IPSECAPI_REASON_IKE_REFUSED;
}

static uint32_t look(struct vici *v, const struct ike_question *q, struct ike_answer *a, int *err)
{
	struct ike_choice choice = { .local = end_of(q, q->local_port, q->local),
				     .remote = end_of(q, q->peer_port, q->peer),
				     .called = { .family = q->called_family }, .tunnel = q->tunnel };
	struct ike_progress_of of = { .child = choice.child };
	const struct vici_arg filter[] = { { "ike", choice.ike }, { NULL, NULL } };
	uint64_t now = now_ns();

	memcpy(choice.called.address, q->called, sizeof(q->called));
	*err = vici_ask(v, VICI_LIST_CONNS, NULL, ike_connection_look, &choice, NULL);
	if (*err || !*choice.child)
		return IPSECAPI_REASON_IKE_NO_CONNECTION;
	*err = vici_ask(v, VICI_LIST_SAS, filter, ike_connection_progress, &of, NULL);
	if (*err)
		return IPSECAPI_REASON_UNKNOWN;
	if (of.progress != IKE_IDLE)
		return of.progress == IKE_INSTALLED ? IPSECAPI_REASON_IKE_INSTALLED : IPSECAPI_REASON_IKE_UNDER_WAY;
	if (find_begun(&choice, now > BEGUN_NS ? now - BEGUN_NS : 0))
		return IPSECAPI_REASON_IKE_UNDER_WAY;
	return q->instead != IPSECAPI_REASON_NONE ? q->instead : begin(v, &choice, a, err);
}

static bool nobody(int err)
{
	return err == -ENOENT || err == -ECONNREFUSED || err == -ENOTDIR;
}

static void answer(struct vici *v, const char *path, const struct ike_question *q, struct ike_answer *a)
{
	int err = path ? vici_open(v, path, now_ns() + IKE_ANSWERS_NS) : -ENOENT;

	*a = (struct ike_answer){ .cookie = q->cookie, .reason = IPSECAPI_REASON_IKE_ABSENT };
	if (!nobody(err)) {
		if (!err)
			a->reason = look(v, q, a, &err);
		if (err)
			a->reason = IPSECAPI_REASON_IKE_SILENT;
	}
	vici_close(v);
}

int ike_main(int sock, const char *path)
{
	static struct vici v = { .fd = -1 };
	struct ike_question q;
	struct ike_answer a;
	int err;

	ike_selector_names();
	err = sandbox_enter(SANDBOX_IKE);
	if (err) {
		fprintf(stderr, "ipsecapid: ike: %s\n", strerror(-err));
		return 1;
	}
	while (chan_recv(sock, &q, sizeof(q), NULL, 0) == sizeof(q)) {
		answer(&v, path, &q, &a);
		if (chan_send(sock, &a, sizeof(a), -1, 0))
			break;
	}
	return 0;
}
