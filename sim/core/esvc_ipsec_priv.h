/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IPsec engine from inside. */
#ifndef ESVC_IPSEC_PRIV_H
#define ESVC_IPSEC_PRIV_H

#include "esvc_cmd.h"
#include "esvc_ipsec.h"
#include "esvc_parse.h"
#include "esvc_sadb.h"
#include "esvc_spd.h"

struct esvc_ipsec {
	struct esvc_ipsec_config cfg;
	bool strict;
	bool started;			/* false: drop all */
	uint16_t mtu;
	uint16_t ip_id;			/* of fragmentable outer IPv4 headers */
	uint32_t bypass;		/* classes that are on */
	uint32_t in_sas;		/* inbound SAs */
	uint32_t fault_icv;		/* ICVs sent, for the fault */
	struct esvc_sadb sadb;
	struct esvc_spd *spd;
};

static inline void esvc_ipsec_event(struct esvc_ipsec *ips, unsigned int type, const struct esvc_sa *sa,
				    uint64_t arg0, uint64_t arg1)
{
	if (ips->cfg.event)
		ips->cfg.event(ips->cfg.arg, type, sa ? sa->handle : 0, arg0,
			       arg1 > UINT32_MAX ? UINT32_MAX : (uint32_t)arg1);
}

/* esvc_ipsec.c: take an SA out and give its key back. */
void esvc_sa_remove(struct esvc_ipsec *ips, struct esvc_sa *sa);

/* esvc_policy_cmd.c calls this for SPD_LOCK. */
void esvc_ipsec_lock(struct esvc_ipsec *ips);

/* esvc_sa_check.c: everything but the tables and the key. OK or a refusal with err_off. */
enum esv_status esvc_sa_check(struct esvc_cmd *cmd, const struct esv_sa_params *p, uint16_t function);
/* Addresses of an SA; off: offset of saddr in the payload, daddr follows. */
enum esv_status esvc_sa_check_addrs(struct esvc_cmd *cmd, uint8_t family, const uint8_t *saddr,
				    const uint8_t *daddr, size_t off);
/* off: offset of soft_packets in the payload. */
enum esv_status esvc_sa_check_limits(struct esvc_cmd *cmd, const struct esvc_sa_limits *l, size_t off);

#endif
