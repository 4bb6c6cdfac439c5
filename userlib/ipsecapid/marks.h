/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bits of packets' and sockets' marks that are the broker's, and what each is for.
 *
 * A packet that is to be transformed crosses the output hook before that and again after. The
 * second time it is ESP, or it is not: in UDP, or where a device does the transform. Then a bit
 * of its mark says that it was judged, and the second crossing takes the bit away. Each kind of
 * rule has a bit of its own, because each judges by itself.
 *
 * The gate's bit is none of that kind: it is of a socket's mark and says whose packets are asked
 * at all, so that the first crossing takes away what the second must not ask for again.
 */
#ifndef IPSECAPID_MARKS_H
#define IPSECAPID_MARKS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct marks {
	uint32_t enforce;	/* judged by the enforcing rules: enforced.h */
	uint32_t run;		/* by those of confined cgroups: confine_rules.h */
	uint32_t gate;		/* of sockets whose packets the gate asks: gateset.h */
	uint32_t listen;	/* judged as a listener's: listenset.h */
	uint32_t lost;		/* the gate's again, where sockets may have it that are on no record; or 0 */
};

extern const struct marks marks_default;

uint32_t marks_mask(const struct marks *m);
/* A mask of as many bits as there are purposes. */
bool marks_parse(const char *text, uint32_t *mask);
/*
 * Give the bits of @mask their purposes. A bit that has one in @m keeps it, so that no rule of an
 * earlier life takes it for another. @held: bit that sockets have, which stays the gate's also
 * where it is not of @mask; or 0.
 */
void marks_assign(struct marks *m, uint32_t mask, uint32_t held);
/*
 * As above, after what earlier lives left: in the broker's table, and in the record of latches.
 * @records: of latches, or -1; @fresh: it is a new one. Returns the bit that is held, or 0.
 */
uint32_t marks_settle(struct marks *m, uint32_t mask, int records, bool fresh);
/* Print what records them in the table. */
void marks_rules(FILE *to, const struct marks *m);

/*
 * Text for libnftables, where a bit is the name of a member above: these are the variables of
 * that name. A context knows them once it has run what this prints, which it takes but once.
 */
void marks_define(FILE *to, const struct marks *m);

#define MARK_HAS(bit)	"meta mark and $" bit " != 0 "
#define MARK_SET(bit)	"meta mark set meta mark or $" bit " "
#define MARK_TAKE(bit)	"meta mark set meta mark and $not_" bit " "

/*
 * A rule of @chain in front of those that know the second crossing. What a socket put into its
 * own mark says nothing about its packets. Of what has no full socket, such as the answer to a
 * connection that is not made yet, the bit is believed: whoever can forge that can send frames
 * past all this.
 */
#define CROSSING_OWN(chain, bit) \
	"add rule inet ipsecapi " chain " " MARK_HAS(bit) "socket mark and $" bit " != 0 " MARK_TAKE(bit) "\n"
/* The second crossing ends with @verdict. */
#define CROSSING_SECOND(chain, bit, verdict) \
	"add rule inet ipsecapi " chain " " MARK_HAS(bit) MARK_TAKE(bit) verdict "\n"

#endif
