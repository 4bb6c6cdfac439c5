// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports on sockets, however they were named. */
#include <errno.h>
#include <stdio.h>

#include "sockets.h"
#include "tool.h"

struct query {
	struct tool *t;
	struct json_object *array;	/* of answers, where there may be several; else NULL */
	unsigned int asked;
	int status;
};

/* Returns how many there are, or a negative errno. */
static int list_why(struct ipsecapi_flow *flow, struct json_object *array)
{
	struct ipsecapi_why why;
	uint32_t i;
	int err;

	for (i = 0; !(err = ipsecapi_why(flow, i, &why, sizeof(why))); i++) {
		if (array)
			json_object_array_add(array, json_why(&why));
		else
			text_why(&why);
	}
	return err == -ENOENT ? (int)i : err;
}

/* Reasons alone: what keeps it from being protected, and what did. */
static int text_reasons(struct ipsecapi_flow *flow, const struct ipsecapi_report *rep)
{
	int n;

	text_tuple(&rep->tuple);
	text_latch(rep);
	printf("\n");
	n = list_why(flow, NULL);
	if (!n)
		printf("  nothing speaks against its protection, nor did since it was first asked about\n");
	return n;
}

static int answer_text(struct query *q, struct ipsecapi_flow *flow, const struct found_socket *s)
{
	struct ipsecapi_report rep;
	int err = ipsecapi_report(flow, &rep, sizeof(rep));

	if (err)
		return err;
	if (s->pid)
		printf("descriptor %d of process %d: ", s->number, s->pid);
	if (q->t->only_why)
		return text_reasons(flow, &rep);
	text_report(&rep);
	return q->t->why ? list_why(flow, NULL) : 0;
}

static int answer_json(struct query *q, struct ipsecapi_flow *flow, const struct found_socket *s)
{
	struct json_object *o, *array;
	struct ipsecapi_report rep;
	int err = ipsecapi_report(flow, &rep, sizeof(rep));

	if (err)
		return err;
	o = q->t->only_why ? json_of_latch(&rep) : json_report(&rep);
	if (s->pid)
		json_object_object_add(o, "process", json_process(s->pid, s->number));
	if (q->t->why) {
		array = json_object_new_array();
		json_object_object_add(o, "why", array);
		err = list_why(flow, array);
	}
	if (err < 0)
		json_object_put(o);
	else if (q->array)
		json_object_array_add(q->array, o);
	else
		json_finish(o);
	return err;
}

static void answer(const struct found_socket *s, void *arg)
{
	struct query *q = arg;
	struct ipsecapi_flow *flow;
	char what[64] = "flow";
	int err = ipsecapi_flow_open(q->t->ctx, s->fd, &flow);

	q->asked++;
	if (s->pid)
		snprintf(what, sizeof(what), "descriptor %d of process %d", s->number, s->pid);
	if (err) {
		q->status = fail(q->t, what, err);
		return;
	}
	err = q->t->json ? answer_json(q, flow, s) : answer_text(q, flow, s);
	if (err < 0)
		q->status = fail(q->t, s->pid ? what : "report", err);
	ipsecapi_flow_close(flow);
}

/* What was refused was said; the array has the rest. */
static int finish(struct query *q)
{
	if (q->array && json_object_array_length(q->array))
		json_finish(q->array);
	else if (q->array)
		json_object_put(q->array);
	return q->status;
}

int cmd_query(struct tool *t, int fd)
{
	const struct found_socket own = { .fd = fd };
	struct query q = { .t = t };

	answer(&own, &q);
	return finish(&q);
}

int cmd_query_process(struct tool *t, int pid, int number)
{
	struct query q = { .t = t, .array = t->json && number < 0 ? json_object_new_array() : NULL };
	const struct socket_visitor v = { .visit = answer, .arg = &q };
	struct process p;
	int err = process_open(&p, pid);

	if (!err)
		err = number < 0 ? sockets_of(&p, &v) : socket_of(&p, number, &v);
	if (err) {
		q.status = process_refusal(pid, number, err);
	} else if (!q.asked) {
		fprintf(stderr, "ipsecapi: process %d has no socket that is connected by IPv4 or IPv6\n", pid);
		q.status = 1;
	}
	process_close(&p);
	return finish(&q);
}

int cmd_query_ends(struct tool *t, const struct ends *e)
{
	struct query q = { .t = t, .array = t->json ? json_object_new_array() : NULL };
	const struct socket_visitor v = { .visit = answer, .arg = &q };
	int n = sockets_between(e, &v);

	/* absent and another user's are told alike */
	if (!n)
		fputs("ipsecapi: no connection between these ends belongs to the caller; ss -tun lists those that there are, and root may ask about all\n",
		      stderr);
	if (n <= 0)
		q.status = 1;
	return finish(&q);
}
