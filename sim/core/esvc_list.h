/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intrusive doubly linked list with a head of its own type. A node that is in no list points at itself. */
#ifndef ESVC_LIST_H
#define ESVC_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct esvc_list {
	struct esvc_list *next;
	struct esvc_list *prev;
};

#define esvc_container(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

static inline void esvc_list_init(struct esvc_list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool esvc_list_empty(const struct esvc_list *l)
{
	return l->next == l;
}

static inline void esvc_list_del(struct esvc_list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	esvc_list_init(n);
}

static inline void esvc_list_add_tail(struct esvc_list *head, struct esvc_list *n)
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

/* n leaves the list it is in, if any, and becomes the last of head. */
static inline void esvc_list_move_tail(struct esvc_list *head, struct esvc_list *n)
{
	esvc_list_del(n);
	esvc_list_add_tail(head, n);
}

#endif
