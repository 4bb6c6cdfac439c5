// SPDX-License-Identifier: GPL-2.0-or-later
/* What a watch tells where it has no terminal: a line for each change. */
#include <stdio.h>

#include "watch.h"

#define W(kind, value) ipsecapi_word(IPSECAPI_WORDS_##kind, value)

static void direction(const char *name, const struct ipsecapi_direction *d)
{
	printf(" %s %s/%s/%s/%s", name, W(PROTECTION, d->protection), W(ENFORCED, d->enforced_by),
	       W(CUSTODY, d->custody), W(STRENGTH, d->strength));
	if (d->reason != IPSECAPI_REASON_NONE)
		printf(" (%s)", W(REASON, d->reason));
}

static void flow(const char *event, const struct row *r)
{
	const struct ipsecapi_tuple *t = &r->st.tuple;
	char local[64], peer[64], proto[8];

	printf("%s %s %s -> %s:", event, protocol_word(proto, sizeof(proto), t->protocol),
	       endpoint(local, sizeof(local), t->family, t->local, t->local_port),
	       endpoint(peer, sizeof(peer), t->family, t->peer, t->peer_port));
	direction("out", &r->st.dir[IPSECAPI_OUT]);
	direction("in", &r->st.dir[IPSECAPI_IN]);
	printf(", latch %s, rekeys %u\n", W(LATCH, r->st.latch), r->rekeys);
}

static void object(const struct watch *w, const char *event, const struct row *r)
{
	struct json_object *o = r ? json_status(&r->st) : json_object_new_object();

	json_object_object_add(o, "event", json_object_new_string(event));
	if (r)
		json_object_object_add(o, "rekeys", json_object_new_uint64(r->rekeys));
	if (r && w->process.pid)
		json_object_object_add(o, "process", json_process(w->process.pid, r->number));
	else if (r)
		json_object_object_add(o, "fd", json_object_new_uint64(r->number));
	json_line(o);
}

void line_of(const struct watch *w, const char *event, const struct row *r)
{
	if (w->t->json)
		object(w, event, r);
	else if (r)
		flow(event, r);
	else
		puts(event);
}
