// SPDX-License-Identifier: GPL-2.0-or-later
/* Life and modes of the IPsec engine (clauses SPD-30 to SPD-34, SA-40). */
#include <errno.h>
#include <stdlib.h>

#include "esvc_ipsec_priv.h"
#include "esvc_unit.h"

#define MTU_DEFAULT 1500

struct esvc_ipsec *esvc_ipsec_new(const struct esvc_ipsec_config *cfg)
{
	struct esvc_ipsec *ips = calloc(1, sizeof(*ips));

	if (!ips)
		return NULL;
	ips->cfg = *cfg;
	ips->strict = cfg->strict;
	ips->started = true;
	ips->mtu = MTU_DEFAULT;
	ips->bypass = ESV_BYPASS_ALL;
	if (esvc_sadb_init(&ips->sadb, cfg->sa_max))
		goto no_sadb;
	if (cfg->unit)
		esvc_objtab_begin(&ips->sadb.tab, esvc_unit_generation(cfg->unit));
	ips->spd = esvc_spd_new(cfg->policy_max);
	if (ips->spd)
		return ips;
	esvc_sadb_fini(&ips->sadb);
no_sadb:
	free(ips);
	errno = ENOMEM;
	return NULL;
}

/* An SA that is in the hash no more. */
static void forget(struct esvc_ipsec *ips, struct esvc_sa *sa)
{
	struct esvc_key *key = sa->key;

	ips->in_sas -= sa->dir == ESV_DIR_IN;
	esvc_sadb_free(&ips->sadb, sa);
	esvc_key_release(ips->cfg.unit, key);
}

void esvc_sa_remove(struct esvc_ipsec *ips, struct esvc_sa *sa)
{
	esvc_sadb_unhash(&ips->sadb, sa);
	forget(ips, sa);
}

/* All SAs go. */
static void drop_sas(struct esvc_ipsec *ips)
{
	uint32_t index;

	esvc_sadb_unhash_all(&ips->sadb);
	for (index = 0; index < ips->sadb.tab.fresh; index++) {
		struct esvc_sa *sa = &ips->sadb.sa[index];

		if (sa->handle)
			forget(ips, sa);
	}
}

void esvc_ipsec_free(struct esvc_ipsec *ips)
{
	if (!ips)
		return;
	drop_sas(ips);
	esvc_sadb_fini(&ips->sadb);
	esvc_spd_free(ips->spd);
	free(ips);
}

/*
 * Entries are gone with the driver that knew why they were there, so what they
 * protected must not leave in clear: all stays closed until esvc_ipsec_start().
 * Only power on takes back a lock or a class that was switched off.
 */
void esvc_ipsec_reset(struct esvc_ipsec *ips, unsigned int reason)
{
	drop_sas(ips);
	esvc_spd_flush(ips->spd);
	ips->started = reason == ESV_RESET_POWER_ON;
	if (reason != ESV_RESET_POWER_ON)
		return;
	ips->strict = ips->cfg.strict;
	ips->bypass = ESV_BYPASS_ALL;
}

void esvc_ipsec_start(struct esvc_ipsec *ips)
{
	ips->started = true;
}

bool esvc_ipsec_strict(const struct esvc_ipsec *ips)
{
	return ips->strict;
}

void esvc_ipsec_lock(struct esvc_ipsec *ips)
{
	ips->strict = true;
}

uint32_t esvc_ipsec_bypass(const struct esvc_ipsec *ips)
{
	return ips->bypass;
}

void esvc_ipsec_tighten(struct esvc_ipsec *ips, bool strict, uint32_t bypass)
{
	ips->strict |= strict;
	ips->bypass &= bypass;
}

void esvc_ipsec_set_mtu(struct esvc_ipsec *ips, uint16_t mtu)
{
	ips->mtu = mtu;
}
