// SPDX-License-Identifier: GPL-2.0-or-later
/* The transform that a latch asks of a packet. */
#include <netinet/in.h>
#include <string.h>
#include <linux/xfrm.h>

#include "latch_template.h"

void latch_template(const struct latch_record *r, int dir, struct rec_template *t)
{
	const struct latch_spd *own = &r->spd[dir];
	const struct latch_spd *from = own->kind == SPD_PROTECT ? own : &r->spd[!dir];

	*t = (struct rec_template){
		.family = r->tuple.family, .proto = IPPROTO_ESP, .mode = XFRM_MODE_TRANSPORT,
		.reqid = r->reqid[dir], .spi_sa = NO_SA,
	};
	if (from->kind != SPD_PROTECT || from->mode != XFRM_MODE_TUNNEL)
		return;
	t->family = from->family;
	t->mode = from->mode;
	memcpy(t->saddr, from == own ? from->saddr : from->daddr, 16);
	memcpy(t->daddr, from == own ? from->daddr : from->saddr, 16);
}
