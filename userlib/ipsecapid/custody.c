// SPDX-License-Identifier: GPL-2.0-or-later
/* Custody of keys, by the statement of the trusted unit. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <espvault.h>
#include <espvault/esv_ipsec.h>
#include <espvault/esv_regs.h>
#include "algorithms.h"
#include "custody.h"

#define MAX_UNITS 64	/* as many nodes as espvault_foreach() shows */

struct unit {
	struct espvault *dev;
	uint32_t ifindex;
	int silent;		/* did not answer; not asked again before the next refresh */
};

struct units {
	uint64_t netns_cookie;
	unsigned int count;
	unsigned int nodes;	/* seen, whatever became of them */
	unsigned int n_without;
	uint32_t without[MAX_UNITS];	/* interfaces whose device says that it has none */
	bool blind;		/* a node does not say whose it is: it may be any device's */
	struct unit at[MAX_UNITS];
};

struct units *units_new(uint64_t netns_cookie)
{
	struct units *u = calloc(1, sizeof(*u));

	if (u)
		u->netns_cookie = netns_cookie;
	return u;
}

static void forget(struct units *u)
{
	while (u->count)
		espvault_close(u->at[--u->count].dev);
}

/* Nothing is behind the node any more, or never was. */
static bool vanished(int err)
{
	return err == -ENOENT || err == -ENODEV || err == -ENXIO || err == -ENOTTY;
}

static int add_unit(const char *path, void *arg)
{
	struct espvault_info info = ESPVAULT_INIT(struct espvault_info);
	struct units *u = arg;
	struct espvault *dev;
	int err;

	if (u->nodes++ == MAX_UNITS)
		return 1;
	err = espvault_open(path, ESPVAULT_RDONLY, &dev);
	if (err) {
		u->blind |= !vanished(err);
		return 0;
	}
	err = espvault_get_info(dev, &info);
	if (info.netns_cookie != u->netns_cookie) {
		u->blind |= !info.netns_cookie && !vanished(err);
		espvault_close(dev);
		return 0;
	}
	if (err == -EOPNOTSUPP) {	/* the device's own word: it does not know the command */
		u->without[u->n_without++] = info.ifindex;
		espvault_close(dev);
		return 0;
	}
	u->at[u->count].dev = dev;
	u->at[u->count].ifindex = info.ifindex;
	u->at[u->count].silent = !!err;
	u->count++;
	return 0;
}

/* A unit that is there and does not answer must not be taken for one that is not there. */
void units_refresh(struct units *u)
{
	forget(u);
	u->nodes = u->n_without = 0;
	u->blind = false;
	if (espvault_foreach(add_unit, u) < 0 || u->nodes == MAX_UNITS)
		u->blind = true;	/* it is a full list that may not be all */
}

static struct unit *unit_of(struct units *u, uint32_t ifindex)
{
	unsigned int i;

	for (i = 0; i < u->count; i++)
		if (u->at[i].ifindex == ifindex)
			return &u->at[i];
	return NULL;
}

static bool unitless(const struct units *u, uint32_t ifindex)
{
	unsigned int i;

	for (i = 0; i < u->n_without; i++)
		if (u->without[i] == ifindex)
			return true;
	return false;
}

static uint8_t custody_of(const struct espvault_sa *sa)
{
	switch (sa->custody) {
	case ESPVAULT_CUSTODY_L1: return IPSECAPI_CUSTODY_L1;
	case ESPVAULT_CUSTODY_L2: return IPSECAPI_CUSTODY_L2;
	case ESPVAULT_CUSTODY_L3: return IPSECAPI_CUSTODY_L3;
	case ESPVAULT_CUSTODY_L4: return IPSECAPI_CUSTODY_L4;
	default: return IPSECAPI_CUSTODY_UNKNOWN;
	}
}

/* The unit must mean the same SA as the kernel, not merely one with the same SPI. */
static int same_sa(const struct espvault_sa *said, const struct rec_sa *sa)
{
	size_t n = sa->family == AF_INET ? 4 : 16;

	return said->reqid == sa->reqid &&
	       said->dir == (sa->dir == DIR_IN ? 2 : 1) &&
	       said->family == (sa->family == AF_INET ? 4 : 6) &&
	       !memcmp(said->saddr, sa->saddr, n) && !memcmp(said->daddr, sa->daddr, n);
}

static void ask_unit(struct unit *unit, struct rec_sa *sa, const struct sa_key *key)
{
	struct espvault_sa said = ESPVAULT_INIT(struct espvault_sa);
	int err;

	err = espvault_sa_lookup(unit->dev, sa->family == AF_INET ? 4 : 6, sa->daddr,
				 ntohl(key->id.spi), &said);
	if (err && err != -ENOENT) {
		unit->silent = 1;
		return;
	}
	if (err || !same_sa(&said, sa)) {
		sa->unit = UNIT_UNKNOWN_SA;
		return;
	}
	sa->unit = UNIT_KNOWS;
	if (said.state == 3)
		sa->state = SA_EXPIRED;
	sa->custody = custody_of(&said);
	sa->unit_packets = said.packets;
	sa->unit_bytes = said.bytes;
	/* the kernel no longer knows the length of a key that the driver took from it */
	if (!sa->host_key && said.algo == 2)
		sa->cipher = CIPHER_GCM_16_256;
}

void units_judge(struct units *u, struct rec_sa *sa, const struct sa_key *key, int ask)
{
	struct unit *unit;

	sa->unit = UNIT_ABSENT;
	sa->custody = IPSECAPI_CUSTODY_L0;
	if (sa->offload == OFFLOAD_NONE)
		return;
	unit = unit_of(u, sa->offload_ifindex);
	if (!unit) {
		sa->unit = unitless(u, sa->offload_ifindex) ? UNIT_NONE :
			   u->blind ? UNIT_SILENT : UNIT_ABSENT;
		sa->custody = sa->unit == UNIT_SILENT ? IPSECAPI_CUSTODY_UNKNOWN :
							IPSECAPI_CUSTODY_L1;
		return;
	}
	sa->custody = IPSECAPI_CUSTODY_UNKNOWN;
	sa->unit = unit->silent ? UNIT_SILENT : UNIT_NOT_ASKED;
	if (!ask || unit->silent || sa->state != SA_VALID)
		return;
	ask_unit(unit, sa, key);
	if (unit->silent)
		sa->unit = UNIT_SILENT;
}

int units_describe(const struct units *u, unsigned int index, struct rec_unit *rec)
{
	struct espvault_info info = ESPVAULT_INIT(struct espvault_info);

	if (index >= u->count)
		return -ENOENT;
	memset(rec, 0, sizeof(*rec));
	rec->ifindex = u->at[index].ifindex;
	rec->silent = u->at[index].silent || espvault_get_info(u->at[index].dev, &info);
	if (rec->silent)
		return 0;	/* it is there, and says no more */
	if (info.algos >> ESV_ALGO_AES_GCM_16_128 & 1)
		rec->suites |= IPSECAPI_SUITE_AES128_GCM16;
	if (info.algos >> ESV_ALGO_AES_GCM_16_256 & 1)
		rec->suites |= IPSECAPI_SUITE_AES256_GCM16;
	rec->max_sas = info.sa_max;
	rec->max_policies = info.policy_max;
	rec->max_window = info.window_max;
	rec->best_custody = info.if_version >= ESPVAULT_IF_AUTH ? IPSECAPI_CUSTODY_L4 : IPSECAPI_CUSTODY_L3;
	rec->test_mode = !!(info.mode & ESV_MODE_TEST);
	return 0;
}
