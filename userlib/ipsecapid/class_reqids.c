// SPDX-License-Identifier: GPL-2.0-or-later
/* Which SAs are within a class. */
#include <netinet/in.h>
#include <string.h>

#include "class_reqids.h"
#include "standing.h"

/* Few kernels and daemons say which way an SA is; but what comes is for an address of ours. */
static int direction_of(const struct rec_sa *sa, address_own own, void *arg)
{
	if (sa->dir == DIR_OUT || sa->dir == DIR_IN)
		return sa->dir;
	return own(arg, sa->family, sa->daddr) ? DIR_IN : DIR_OUT;
}

static bool is_good(const struct world *w, const struct rec_sa *sa, int dir, const struct outcomes *set,
		    const struct listen_reqids *before)
{
	if (sa->proto != IPPROTO_ESP && sa->proto != IPPROTO_AH)
		return false;
	return standing_sa(w, sa, dir, set) ||
	       (sa->unit == UNIT_NOT_ASKED && before && reqids_has(&before->dir[dir], sa->reqid));
}

/* One SA that will not do spoils its reqid: nothing tells their packets apart. */
void class_reqids(const struct world *w, const struct outcomes *set, address_own own, void *arg,
		  const struct listen_reqids *before, struct listen_reqids *out)
{
	static struct listen_reqids bad;
	uint32_t i;
	int dir;

	memset(out, 0, sizeof(*out));
	memset(&bad, 0, sizeof(bad));
	for (i = 0; i < w->tables->n_sas; i++) {
		const struct rec_sa *sa = &w->tables->sas[i];

		if (sa->state != SA_VALID)
			continue;
		dir = direction_of(sa, own, arg);
		reqids_insert(is_good(w, sa, dir, set, before) ? &out->dir[dir] : &bad.dir[dir], sa->reqid);
	}
	for (dir = DIR_OUT; dir <= DIR_IN; dir++)
		reqids_take_out(&out->dir[dir], &bad.dir[dir]);
}
