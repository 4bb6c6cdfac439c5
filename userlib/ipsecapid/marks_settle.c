// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which bits of marks a broker uses, after what earlier lives left.
 *
 * The broker keeps no descriptors, so it can't give sockets that are latched another bit: theirs
 * stays the gate's for as long as there are any. Where the record of them is lost nobody knows when
 * that is; the table tells which bit they may have, and it stays the gate's as long as the table.
 */
#include <nftables/libnftables.h>

#include "latch_record.h"
#include "marks.h"
#include "nftable.h"

static bool sound(const struct marks *m)
{
	return __builtin_popcount(marks_mask(m)) == 4 && m->enforce && m->run && m->gate && m->listen;
}

/* What the table has. False, and nothing changed: there is no table that says. */
static bool read_table(struct marks *m)
{
	struct nftable t = { .nft = nft_ctx_new(NFT_CTX_DEFAULT) };
	struct marks found;
	const char *text;
	uint32_t v[5];
	bool known;

	if (!t.nft)
		return false;
	nft_ctx_buffer_output(t.nft);
	nft_ctx_buffer_error(t.nft);
	text = nft_list_set(&t, "marks");
	known = text && nft_parse_numbers(text, v, 5);
	if (known)
		found = (struct marks){ .enforce = v[0], .run = v[1], .gate = v[2], .listen = v[3], .lost = v[4] };
	nft_ctx_free(t.nft);
	if (!known || !sound(&found))
		return false;
	*m = found;
	return true;
}

uint32_t marks_settle(struct marks *m, uint32_t mask, int records, bool fresh)
{
	uint32_t held = records >= 0 ? records_gate(records) : 0;

	*m = marks_default;
	if (read_table(m)) {
		if (fresh)
			m->lost = m->gate;
		if (m->lost || records < 0)
			held = m->gate;
	}
	marks_assign(m, mask, held);
	return held;
}
