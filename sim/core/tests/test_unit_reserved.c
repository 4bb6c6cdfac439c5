// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UNIT-9: in a run of every command, each payload is first sent with one byte of it
 * not zero that must be zero: those of the fields that the interface's tables call
 * reserved, and those behind a length that the payload gives.
 */
#include "every_command.h"

static struct {
	bool done[0x100];		/* by opcode: a command that succeeds has had all its bytes tried */
	unsigned int reserved[0x100], behind[0x100];
	char wrong[160];		/* what was not refused as it should be */
} seen;

static bool is_reserved(const struct field *f)
{
	return !strncmp(f->name, "rsvd", 4);
}

/* err_off names the byte, or the field that it is in. */
static void try_byte(struct end *e, const struct esvh_cmd *good, size_t field, size_t at, uint8_t bit)
{
	static uint8_t in[ESV_ADMIN_BUF];
	struct esvh_cmd c = *good;
	enum esv_status status;

	memcpy(in, good->in, good->in_len);
	in[at] |= bit;
	c.in = in;
	c.out = NULL;
	status = plain(e, &c);
	if ((status != ESV_S_RESERVED_NONZERO || le16toh(c.cqe.err_off) < field || le16toh(c.cqe.err_off) > at) &&
	    !seen.wrong[0])
		snprintf(seen.wrong, sizeof(seen.wrong), "%s, byte %zu: status %d at %u", shape_of(good->opcode).name, at,
			 status, le16toh(c.cqe.err_off));
}

/* The field that says how much of f counts; NULL: none does. */
static const struct field *length_of(const struct shape *s, const struct field *f)
{
	for (const struct field *l = s->in; l->size; l++) {
		size_t n = strlen(l->name);

		if (!strcmp(l->name, "len") && l->size == 2)
			return l;
		if (n > 4 && !strcmp(l->name + n - 4, "_len") && !strncmp(l->name, f->name, n - 4) && !f->name[n - 4])
			return l;
	}
	return NULL;
}

/* Bytes behind what the last field's length says; commands with data of several lengths have none there. */
static void try_behind(struct end *e, const struct esvh_cmd *c, const struct shape *s)
{
	const struct field *last = s->in, *l;
	uint16_t len;

	while (last[1].size)
		last++;
	l = length_of(s, last);
	if (!l || !strcmp(last->name, "data"))
		return;
	memcpy(&len, (const uint8_t *)c->in + l->off, sizeof(len));
	for (size_t at = last->off + le16toh(len); at < c->in_len; at++) {
		try_byte(e, c, at, at, 0x80);
		seen.behind[c->opcode]++;
	}
}

static void before(struct end *e, const struct esvh_cmd *c)
{
	const struct shape s = shape_of(c->opcode);

	seen.wrong[0] = 0;
	if (seen.done[c->opcode])
		return;
	for (const struct field *f = s.in; f->size; f++) {
		for (size_t at = f->off; is_reserved(f) && at < (size_t)f->off + f->size; at++) {
			for (unsigned int bit = 0; bit < 8; bit++)
				try_byte(e, c, f->off, at, (uint8_t)(1u << bit));
			seen.reserved[c->opcode]++;
		}
	}
	try_behind(e, c, &s);
}

static void after(const struct esvh_cmd *c, enum esv_status status)
{
	if (status != ESV_S_OK)	/* then that may be what was said before */
		return;
	if (seen.wrong[0])
		fail_msg("%s", seen.wrong);
	seen.done[c->opcode] = true;
}

/* A command that has reserved bytes succeeded, and all of them were tried before. */
static void check_coverage(uint16_t opcode)
{
	const struct shape s = shape_of(opcode);
	unsigned int n = 0;

	for (const struct field *f = s.in; f->size; f++)
		n += is_reserved(f) ? f->size : 0;
	if (n && (!seen.done[opcode] || seen.reserved[opcode] < n))
		fail_msg("%s: %u of %u reserved bytes", s.name, seen.reserved[opcode], n);
}

/* UNIT-9, ADM-12: every reserved byte of every payload, every bit of it. */
static void test_every_byte(void **state)
{
	static const uint16_t with_length[] = { ESV_OP_KE_FINISH, ESV_OP_KE_ENCAP, ESV_OP_IKE_DERIVE, ESV_OP_IKE_REKEY,
						ESV_OP_CHILD_DERIVE, ESV_OP_AUTH_ASSERT };
	struct world *w = world_new(1);

	before_hook = before;
	after_hook = after;
	every_command(w, NULL);
	trace_free(world_free(w));
	for (uint16_t opcode = ESV_OP_UNIT_STATUS; opcode < ESV_OP_LOOKASIDE; opcode++)
		check_coverage(opcode);
	for (size_t i = 0; i < sizeof(with_length) / sizeof(with_length[0]); i++)
		assert_in_range(seen.behind[with_length[i]], 100, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_byte) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("reserved", tests, NULL, NULL) ? 1 : 0;
}
