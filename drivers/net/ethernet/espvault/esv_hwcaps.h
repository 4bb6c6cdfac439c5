/* SPDX-License-Identifier: GPL-2.0 */
/* espvault: the capability blocks of the device (clauses CAP-1 ff). */
#ifndef _ESV_HWCAPS_H
#define _ESV_HWCAPS_H

#include <linux/kernel.h>
#include <linux/types.h>

#include <espvault/esv_caps.h>

/* What the capability blocks said, in host byte order; constant between probe and remove. */
struct esv_caps {
	u16 queue_pairs;
	u16 vectors;
	u16 ring_min;
	u16 ring_max;
	u16 max_frags;
	u16 max_mtu;
	u32 max_tso;
	u16 admin_max;
	u16 event_max;
	u16 rss_entries;
	u16 mac_filters;

	u32 offloads;		/* ESV_OFF_* */

	bool has_ipsec;
	u32 ipsec_flags;	/* ESV_IPSEC_* */
	u32 algos;		/* bit n: ESV_ALGO_ n */
	u32 sa_max;
	u32 policy_max;
	u32 window_min;
	u32 window_max;

	bool has_unit;
	u32 ke_methods;
	u32 prfs;
	u32 session_max;
	u32 handle_max;

	bool has_test;
	u32 test_flags;
	u32 test_faults;
};

/**
 * esv_hwcaps_parse() - read the chain of capability blocks
 * @bar: copy of the part of BAR 0 that holds the blocks
 * @off: offset of @bar in BAR 0; the first block begins there
 * @len: bytes at @bar
 * @caps: filled in
 * @why: on error what is wrong, for the log
 *
 * Pure: trusts nothing that @bar says.
 *
 * Return: 0; -EPROTO if the chain is malformed; -EPROTONOSUPPORT if it has a
 * block that must be understood and is not, or lacks one that must be there.
 */
int esv_hwcaps_parse(const void *bar, u32 off, u32 len, struct esv_caps *caps,
		     const char **why);

#endif
