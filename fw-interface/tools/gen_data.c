// SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT
/* The tables of the headers, expanded. errno.h must stay out: the lists name its constants. */
#include <string.h>

#include <espvault/esv_const.h>
#include <espvault/esv_if.h>
#include <espvault/esv_uapi.h>

#include "gen.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define FIELD(s, m, off, size, type, who, cipher, text) { #m, off, size, #type, #who, cipher, text },
#define FIELDS(s, size, clause, text) \
	static const struct gen_field fields_##s[] = { ESV_FIELDS_##s(FIELD, s) };
ESV_STRUCT_LIST(FIELDS)
ESV_UAPI_STRUCT_LIST(FIELDS)

#define STRUCT(s, size, clause, text) \
	{ #s, size, clause, text, fields_##s, ARRAY_SIZE(fields_##s), false },
#define UAPI_STRUCT(s, size, clause, text) \
	{ #s, size, clause, text, fields_##s, ARRAY_SIZE(fields_##s), true },
const struct gen_struct gen_structs[] = {
	ESV_STRUCT_LIST(STRUCT)
	ESV_UAPI_STRUCT_LIST(UAPI_STRUCT)
};
const size_t gen_nr_structs = ARRAY_SIZE(gen_structs);

#define CONST(g, name, text) { #name, (uint64_t)(ESV_##name), text },
#define CONSTS(g, clause, title) \
	static const struct gen_const consts_##g[] = { ESV_GROUP_##g(CONST) };
ESV_GROUP_LIST(CONSTS)

#define GROUP(g, clause, title) { #g, clause, title, consts_##g, ARRAY_SIZE(consts_##g) },
const struct gen_group gen_groups[] = { ESV_GROUP_LIST(GROUP) };
const size_t gen_nr_groups = ARRAY_SIZE(gen_groups);

#define REG(name, off, access, text) { #name, off, #access, "", 0, text },
static const struct gen_item regs[] = { ESV_REG_LIST(REG) };

#define STATUS(name, num, err, retry, text) { #name, num, #err, "", retry, text },
static const struct gen_item statuses[] = { ESV_STATUS_LIST(STATUS) };

#define OPCODE(name, num, minor, in, out, text) { #name, num, #in, #out, minor, text },
static const struct gen_item opcodes[] = { ESV_OPCODE_LIST(OPCODE) };

#define PLAIN(name, num, text) { #name, num, "", "", 0, text },
static const struct gen_item events[] = { ESV_EVENT_LIST(PLAIN) };
static const struct gen_item resets[] = { ESV_RESET_LIST(PLAIN) };
static const struct gen_item counters[] = { ESV_COUNTER_LIST(PLAIN) };

#define CAP(name, num, must, type, text) { #name, num, #type, "", must, text },
static const struct gen_item caps[] = { ESV_CAP_LIST(CAP) };

const struct gen_list gen_lists[GEN_LISTS] = {
	[GEN_REG] = { "register", "ESV_REG_", "REG-10", regs, ARRAY_SIZE(regs) },
	[GEN_STATUS] = { "status", "ESV_S_", "ADM-20", statuses, ARRAY_SIZE(statuses) },
	[GEN_OPCODE] = { "opcode", "ESV_OP_", "ADM-40", opcodes, ARRAY_SIZE(opcodes) },
	[GEN_EVENT] = { "event", "ESV_EV_", "EVT-10", events, ARRAY_SIZE(events) },
	[GEN_RESET] = { "reset", "ESV_RESET_", "RST-10", resets, ARRAY_SIZE(resets) },
	[GEN_COUNTER] = { "counter", "ESV_C_", "CNT-10", counters, ARRAY_SIZE(counters) },
	[GEN_CAP] = { "capability", "ESV_CAP_", "CAP-10", caps, ARRAY_SIZE(caps) },
};

const struct gen_struct *gen_find_struct(const char *name)
{
	for (size_t i = 0; i < gen_nr_structs; i++)
		if (!strcmp(gen_structs[i].name, name))
			return &gen_structs[i];
	return NULL;
}

const struct gen_group *gen_find_group(const char *name)
{
	for (size_t i = 0; i < gen_nr_groups; i++)
		if (!strcmp(gen_groups[i].name, name))
			return &gen_groups[i];
	return NULL;
}

const struct gen_list *gen_find_list(const char *name)
{
	for (size_t i = 0; i < GEN_LISTS; i++)
		if (!strcmp(gen_lists[i].name, name))
			return &gen_lists[i];
	return NULL;
}

const char *gen_item_name(enum gen_list_id id, unsigned int num)
{
	const struct gen_list *l = &gen_lists[id];

	for (size_t i = 0; i < l->nr; i++)
		if (l->items[i].num == num)
			return l->items[i].name;
	return NULL;
}

size_t gen_elem_size(const struct gen_field *f)
{
	const struct gen_struct *s = gen_find_struct(f->type);

	if (s)
		return s->size;
	if (strstr(f->type, "64"))
		return 8;
	if (strstr(f->type, "32"))
		return 4;
	if (strstr(f->type, "16"))
		return 2;
	return 1;
}

size_t gen_elems(const struct gen_field *f)
{
	return f->size / gen_elem_size(f);
}
