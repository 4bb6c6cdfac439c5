/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the trusted units say about SAs: custody level and the device's own counters. This is
 * the only file of the broker that knows libespvault.
 */
#ifndef IPSECAPID_CUSTODY_H
#define IPSECAPID_CUSTODY_H

#include "records.h"
#include "xfrm_parse.h"

struct units;

/* @netns_cookie: of the broker's network namespace; units elsewhere are not ours. */
struct units *units_new(uint64_t netns_cookie);

/* Look again which units there are; call it when interfaces changed. */
void units_refresh(struct units *u);

/**
 * Judge the custody of @sa and, for a device with a unit, ask the unit.
 * @ask: false leaves the unit alone and says UNIT_NOT_ASKED.
 */
void units_judge(struct units *u, struct rec_sa *sa, const struct sa_key *key, int ask);

/* Describe unit number @index (from 0). Returns 0 or -ENOENT. */
int units_describe(const struct units *u, unsigned int index, struct rec_unit *rec);

#endif
