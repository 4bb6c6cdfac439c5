// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "ike_connection.h"

/* What is known of a connection, and of the child that is being read. */
struct connection {
	struct ike_choice *choice;
	struct vici_item name, child;
	struct ike_end local, remote;
	bool own, called;	/* which address of its own, and whom it calls, was found */
	bool callable;		/* it is who may be called */
	bool mode, covers_local, covers_remote;
};

static bool keep(char to[IKE_NAME], const struct vici_item *item)
{
	if (!item->name_length || item->name_length >= IKE_NAME || memchr(item->name, 0, item->name_length))
		return false;
	memcpy(to, item->name, item->name_length);
	to[item->name_length] = 0;
	return true;
}

/* It speaks IKE from the first that is an address, or from any of a net. */
static void own_address(struct connection *c, const struct vici_item *item)
{
	enum ike_address is = ike_address_is(item->value, item->length, &c->local);

	if (c->own || is == IKE_ADDRESS_OUTSIDE)
		return;
	c->own = true;
	c->local.dynamic = is == IKE_ADDRESS_THIS || is == IKE_ADDRESS_AMONG;
}

/* It calls the first that is one address, or a name; a net is for those who call. */
static void peer_address(struct connection *c, const struct vici_item *item)
{
	enum ike_address is = ike_address_is(item->value, item->length, &c->choice->called);

	if (c->called || is == IKE_ADDRESS_AMONG || is == IKE_ADDRESS_OUTSIDE)
		return;
	c->called = true;
	c->callable = is == IKE_ADDRESS_THIS;
	c->remote.dynamic = ike_address_is(item->value, item->length, &c->remote) == IKE_ADDRESS_THIS;
}

static void begin_child(struct connection *c, const struct vici_item *item)
{
	c->child = *item;
	c->mode = c->covers_local = c->covers_remote = false;
}

static void end_child(struct connection *c)
{
	struct ike_choice *to = c->choice;

	if (*to->child || !c->callable || !c->mode || !c->covers_local || !c->covers_remote)
		return;
	if (!keep(to->ike, &c->name) || !keep(to->child, &c->child))
		*to->ike = *to->child = 0;
}

/* @depth: so many sections are open: the connection, "children", the child. */
static void take(struct connection *c, const struct vici_item *item, unsigned int depth, bool children)
{
	if (item->type == VICI_LIST_ITEM && depth == 1 && vici_named(item, "local_addrs"))
		own_address(c, item);
	else if (item->type == VICI_LIST_ITEM && depth == 1 && vici_named(item, "remote_addrs"))
		peer_address(c, item);
	else if (!children)
		return;
	else if (item->type == VICI_SECTION && depth == 3)
		begin_child(c, item);
	else if (item->type == VICI_SECTION_END && depth == 2)
		end_child(c);
	else if (item->type == VICI_VALUE && depth == 3 && vici_named(item, "mode"))
		c->mode = vici_says(item, c->choice->tunnel ? "TUNNEL" : "TRANSPORT");
	else if (item->type == VICI_LIST_ITEM && depth == 3 && vici_named(item, "local-ts"))
		c->covers_local |= ike_selector_covers(item->value, item->length, &c->local);
	else if (item->type == VICI_LIST_ITEM && depth == 3 && vici_named(item, "remote-ts"))
		c->covers_remote |= ike_selector_covers(item->value, item->length, &c->remote);
}

int ike_connection_look(struct vici_reader *r, void *choice)
{
	struct connection c = { .choice = choice };
	struct vici_item item;
	bool children = false;
	int more;

	while ((more = vici_read(r, &item)) > 0) {
		if (item.type == VICI_SECTION && r->depth == 1)
			c = (struct connection){ .choice = choice, .name = item, .local = c.choice->local,
						 .remote = c.choice->remote };
		else if (item.type == VICI_SECTION && r->depth == 2)
			children = vici_named(&item, "children");
		take(&c, &item, r->depth, children);
	}
	return more;
}

/* An IKE SA while it is read. */
struct sa {
	struct ike_progress_of *of;
	bool of_child;		/* in a section of the child */
};

static void advance(struct sa *sa, enum ike_progress to)
{
	if (sa->of->progress < to)
		sa->of->progress = to;
}

static void child_state(struct sa *sa, const struct vici_item *item)
{
	static const char *const coming[] = { "CREATED", "INSTALLING", "RETRYING" };
	static const char *const there[] = { "INSTALLED", "UPDATING", "REKEYING", "REKEYED" };
	size_t i;

	for (i = 0; i < sizeof(coming) / sizeof(coming[0]); i++)
		if (vici_says(item, coming[i]))
			advance(sa, IKE_UNDER_WAY);
	for (i = 0; i < sizeof(there) / sizeof(there[0]); i++)
		if (vici_says(item, there[i]))
			advance(sa, IKE_INSTALLED);
}

/* Of a child the name comes before the state. */
static void take_sa(struct sa *sa, const struct vici_item *item, unsigned int depth)
{
	if (item->type == VICI_SECTION && depth == 3)
		sa->of_child = false;
	else if (item->type == VICI_VALUE && depth == 3 && vici_named(item, "name"))
		sa->of_child = vici_says(item, sa->of->child);
	else if (item->type == VICI_VALUE && depth == 3 && sa->of_child && vici_named(item, "state"))
		child_state(sa, item);
	else if (item->type == VICI_VALUE && depth == 1 && vici_named(item, "state") &&
		 (vici_says(item, "CREATED") || vici_says(item, "CONNECTING")))
		advance(sa, IKE_UNDER_WAY);
	else if (item->type == VICI_LIST_ITEM && depth == 1 &&
		 (vici_named(item, "tasks-active") || vici_named(item, "tasks-queued")) &&
		 (vici_says(item, "CHILD_CREATE") || vici_says(item, "QUICK_MODE")))
		advance(sa, IKE_UNDER_WAY);
}

int ike_connection_progress(struct vici_reader *r, void *of)
{
	struct sa sa = { .of = of };
	struct vici_item item;
	int more;

	while ((more = vici_read(r, &item)) > 0)
		take_sa(&sa, &item, r->depth);
	return more;
}
