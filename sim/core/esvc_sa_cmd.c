// SPDX-License-Identifier: GPL-2.0-or-later
/* Admin commands about SAs: add, delete, update, query, list (clauses SA-1 ff). */
#include <openssl/crypto.h>

#include "esvc_dev.h"
#include "esvc_ipsec_priv.h"
#include "esvc_lifetime.h"

#define OFF(field) offsetof(struct esv_sa_params, field)
#define UOFF(field) offsetof(struct esv_sa_update, field)
#define SQE_OFF(field) (ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, field))

static enum esv_status get_key(struct esvc_ipsec *ips, struct esvc_cmd *cmd, const struct esv_sa_params *p,
			       struct esvc_key **key, bool *continued)
{
	struct esvc_binding bind = {
		.function = le16toh(p->function),
		.spi = p->spi,
		.family = p->family,
		.mode = p->mode,
		.dir = p->dir,
		.algo = p->algo,
	};
	enum esv_status status;

	if (!ips->cfg.unit)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_OP, SQE_OFF(opcode));
	memcpy(bind.saddr, p->saddr, 16);
	memcpy(bind.daddr, p->daddr, 16);
	if (le32toh(p->flags) & ESV_SA_F_TOKEN)
		status = esvc_key_from_token(ips->cfg.unit, p->key, &bind, key, continued);
	else
		status = esvc_key_from_host(ips->cfg.unit, p->key, le16toh(p->key_len), &bind, key, continued);
	return status == ESV_S_OK ? status : esvc_refuse(cmd, status, OFF(key));
}

static void fill(struct esvc_sa *sa, const struct esv_sa_params *p)
{
	sa->spi = p->spi;
	sa->reqid = le32toh(p->reqid);
	sa->flags = (uint16_t)le32toh(p->flags);
	sa->family = p->family;
	sa->mode = p->mode;
	sa->dir = p->dir;
	sa->algo = p->algo;
	sa->state = ESV_SA_ACTIVE;
	memcpy(sa->saddr, p->saddr, 16);
	memcpy(sa->daddr, p->daddr, 16);
	memcpy(sa->nexthop, p->nexthop, 6);
	sa->nexthop_valid = !!(sa->flags & ESV_SA_F_NEXTHOP);
	sa->cold->sel = p->sel;
	sa->cold->window = le32toh(p->window);
}

/* The key decides how far it has come; the host can only move it forward. */
static enum esv_status start(struct esvc_cmd *cmd, struct esvc_sa *sa, const struct esv_sa_params *p)
{
	const struct esvc_sa_limits limits = {
		le64toh(p->soft_packets), le64toh(p->hard_packets),
		le64toh(p->soft_bytes), le64toh(p->hard_bytes),
	};
	uint64_t seq = le64toh(p->seq);

	if (!esvc_lifetime_start(sa, &limits))
		return esvc_refuse(cmd, ESV_S_LIMIT, OFF(key));
	if (p->dir == ESV_DIR_OUT) {
		if (sa->key->seq < seq)
			sa->key->seq = seq;
		return ESV_S_OK;
	}
	return esvc_replay_init(&sa->key->replay, sa->cold->window, seq) ? ESV_S_NO_RESOURCE : ESV_S_OK;
}

static enum esv_status install(struct esvc_ipsec *ips, struct esvc_cmd *cmd, const struct esv_sa_params *p)
{
	bool continued = false;
	enum esv_status status;
	struct esvc_sa *sa;

	if (esvc_sadb_find(&ips->sadb, p->dir, p->family, p->spi, p->daddr))
		return esvc_refuse(cmd, ESV_S_EXISTS, OFF(spi));
	sa = esvc_sadb_alloc(&ips->sadb);
	if (!sa)
		return ESV_S_NO_RESOURCE;
	status = get_key(ips, cmd, p, &sa->key, &continued);
	if (status != ESV_S_OK)
		goto no_key;
	fill(sa, p);
	status = start(cmd, sa, p);
	if (status != ESV_S_OK)
		goto no_start;
	esvc_lifetime_lower(sa);
	esvc_sadb_insert(&ips->sadb, sa);
	ips->in_sas += sa->dir == ESV_DIR_IN;
	cmd->object = sa->handle;
	cmd->result[0] = continued ? ESV_SA_R_CONTINUED : 0;
	return ESV_S_OK;

no_start:
	esvc_key_release(ips->cfg.unit, sa->key);
no_key:
	esvc_sadb_free(&ips->sadb, sa);
	return status;
}

static enum esv_status sa_add(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_ipsec *ips = dev->ipsec;
	struct esv_sa_params p;
	enum esv_status status;
	bool token;

	if (!ips)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_OP, SQE_OFF(opcode));
	memcpy(&p, cmd->in, sizeof(p));
	token = le32toh(p.flags) & ESV_SA_F_TOKEN;
	status = esvc_sa_check(cmd, &p, cmd->function);
	if (status == ESV_S_OK)
		status = install(ips, cmd, &p);
	OPENSSL_cleanse(&p, sizeof(p));
	dev->counters[status == ESV_S_OK ? ESV_C_SA_INSTALLED : ESV_C_SA_REFUSED]++;
	dev->counters[ESV_C_TOKENS_REJECTED] += token && status == ESV_S_KEY_REJECTED;
	return status;
}

/* The SA that the request's object names. */
static struct esvc_sa *named(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_sa *sa = dev->ipsec ? esvc_sadb_get(&dev->ipsec->sadb, cmd->object) : NULL;

	if (!sa)
		cmd->err_off = (uint16_t)SQE_OFF(object);
	return sa;
}

static enum esv_status sa_delete(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_sa *sa = named(dev, cmd);

	if (!sa)
		return ESV_S_BAD_HANDLE;
	esvc_sa_remove(dev->ipsec, sa);
	return ESV_S_OK;
}

static enum esv_status check_update_nexthop(struct esvc_cmd *cmd, const struct esvc_sa *sa,
					    const struct esv_sa_update *u)
{
	static const uint8_t zero[6];

	if (sa->mode != ESV_SA_TUNNEL || sa->dir != ESV_DIR_OUT)
		return esvc_refuse(cmd, ESV_S_BAD_STATE, UOFF(fields));
	if (u->nexthop_valid > 1)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, UOFF(nexthop_valid));
	if (u->nexthop_valid && ((u->nexthop[0] & 1) || !memcmp(u->nexthop, zero, 6)))
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, UOFF(nexthop));
	return ESV_S_OK;
}

static enum esv_status check_update_addrs(struct esvc_ipsec *ips, struct esvc_cmd *cmd, const struct esvc_sa *sa,
					  const struct esv_sa_update *u)
{
	enum esv_status status = esvc_sa_check_addrs(cmd, sa->family, u->saddr, u->daddr, UOFF(saddr));
	const struct esvc_sa *other;

	if (status != ESV_S_OK)
		return status;
	other = esvc_sadb_find(&ips->sadb, sa->dir, sa->family, sa->spi, u->daddr);
	return !other || other == sa ? ESV_S_OK : esvc_refuse(cmd, ESV_S_EXISTS, UOFF(daddr));
}

static struct esvc_sa_limits update_limits(const struct esv_sa_update *u)
{
	return (struct esvc_sa_limits){ le64toh(u->soft_packets), le64toh(u->hard_packets),
					le64toh(u->soft_bytes), le64toh(u->hard_bytes) };
}

static enum esv_status check_update_limits(struct esvc_cmd *cmd, const struct esvc_sa *sa,
					   const struct esv_sa_update *u)
{
	const struct esvc_sa_limits new = update_limits(u), *old = &sa->cold->limits;

	if (new.soft_packets > old->soft_packets)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, UOFF(soft_packets));
	if (new.hard_packets > old->hard_packets)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, UOFF(hard_packets));
	if (new.soft_bytes > old->soft_bytes)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, UOFF(soft_bytes));
	if (new.hard_bytes > old->hard_bytes)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, UOFF(hard_bytes));
	return esvc_sa_check_limits(cmd, &new, UOFF(soft_packets));
}

static enum esv_status check_update(struct esvc_ipsec *ips, struct esvc_cmd *cmd, const struct esvc_sa *sa,
				    const struct esv_sa_update *u)
{
	uint32_t fields = le32toh(u->fields);
	enum esv_status status = ESV_S_OK;

	if (!fields)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, UOFF(fields));
	if (fields & ~(ESV_SA_U_NEXTHOP | ESV_SA_U_ADDRS | ESV_SA_U_LIMITS))
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_VALUE, UOFF(fields));
	if (u->rsvd0)
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, UOFF(rsvd0));
	if (u->rsvd1)
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, UOFF(rsvd1));
	if (fields & ESV_SA_U_NEXTHOP)
		status = check_update_nexthop(cmd, sa, u);
	if (status == ESV_S_OK && (fields & ESV_SA_U_ADDRS))
		status = check_update_addrs(ips, cmd, sa, u);
	if (status == ESV_S_OK && (fields & ESV_SA_U_LIMITS))
		status = check_update_limits(cmd, sa, u);
	return status;
}

/* The key moves with its SA, so that a later continuation must name the new addresses. */
static void move(struct esvc_ipsec *ips, struct esvc_sa *sa, const struct esv_sa_update *u)
{
	esvc_sadb_unhash(&ips->sadb, sa);
	memcpy(sa->saddr, u->saddr, 16);
	memcpy(sa->daddr, u->daddr, 16);
	memcpy(sa->key->bind.saddr, u->saddr, 16);
	memcpy(sa->key->bind.daddr, u->daddr, 16);
	esvc_sadb_insert(&ips->sadb, sa);
}

/* All or nothing: everything is checked before anything changes. */
static enum esv_status sa_update(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_sa *sa = named(dev, cmd);
	struct esvc_sa_limits limits;
	struct esv_sa_update u;
	enum esv_status status;

	if (!sa)
		return ESV_S_BAD_HANDLE;
	memcpy(&u, cmd->in, sizeof(u));
	status = check_update(dev->ipsec, cmd, sa, &u);
	if (status != ESV_S_OK)
		return status;
	if (le32toh(u.fields) & ESV_SA_U_NEXTHOP) {
		memcpy(sa->nexthop, u.nexthop, 6);
		sa->nexthop_valid = u.nexthop_valid;
		sa->told &= ~ESVC_SA_TOLD_NEXTHOP;
	}
	if (le32toh(u.fields) & ESV_SA_U_ADDRS)
		move(dev->ipsec, sa, &u);
	if (le32toh(u.fields) & ESV_SA_U_LIMITS) {
		limits = update_limits(&u);
		esvc_lifetime_change(dev->ipsec, sa, &limits);
	}
	return ESV_S_OK;
}

static enum esv_status find_by_key(struct esvc_dev *dev, struct esvc_cmd *cmd, struct esvc_sa **sa)
{
	struct esv_sa_key k;

	if (cmd->in_len < sizeof(k))
		return ESV_S_BAD_LENGTH;
	memcpy(&k, cmd->in, sizeof(k));
	if (k.family != 4 && k.family != 6)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, offsetof(struct esv_sa_key, family));
	if (k.dir > ESV_DIR_IN)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, offsetof(struct esv_sa_key, dir));
	*sa = NULL;
	if (k.proto == ESVC_PROTO_ESP && le16toh(k.function) == cmd->function && k.dir != ESV_DIR_OUT)
		*sa = esvc_sadb_find(&dev->ipsec->sadb, ESV_DIR_IN, k.family, k.spi, k.daddr);
	if (!*sa && k.proto == ESVC_PROTO_ESP && le16toh(k.function) == cmd->function && k.dir != ESV_DIR_IN)
		*sa = esvc_sadb_find(&dev->ipsec->sadb, ESV_DIR_OUT, k.family, k.spi, k.daddr);
	return *sa ? ESV_S_OK : ESV_S_NOT_FOUND;
}

static void describe(const struct esvc_ipsec *ips, const struct esvc_sa *sa, struct esv_sa_info *info)
{
	const struct esvc_key *key = sa->key;
	const struct esvc_sa_cold *cold = sa->cold;

	*info = (struct esv_sa_info){
		.handle = htole32(sa->handle), .spi = sa->spi, .family = sa->family, .mode = sa->mode,
		.dir = sa->dir, .algo = sa->algo, .flags = htole32(sa->flags), .reqid = htole32(sa->reqid),
		.window = htole32(cold->window), .custody = key->custody, .vouch = key->vouch,
		.state = sa->state, .function = htole16(ips->cfg.function),
		.seq = htole64(sa->dir == ESV_DIR_OUT ? key->seq : key->replay.top),
		.packets = htole64(sa->packets), .bytes = htole64(sa->bytes),
		.auth_failed = htole64(cold->auth_failed), .replay_dropped = htole64(cold->replay_dropped),
		.replay_window_dropped = htole64(cold->replay_old),
		.other_dropped = htole64(cold->other_dropped), .epoch = htole64(key->epoch),
	};
	memcpy(info->saddr, sa->saddr, 16);
	memcpy(info->daddr, sa->daddr, 16);
}

const struct esvc_key *esvc_ipsec_sa(struct esvc_ipsec *ips, uint32_t handle, struct esv_sa_info *info)
{
	const struct esvc_sa *sa = esvc_sadb_get(&ips->sadb, handle);

	if (!sa)
		return NULL;
	describe(ips, sa, info);
	return sa->key;
}

static enum esv_status sa_query(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	enum esv_status status = ESV_S_OK;
	struct esv_sa_info info;
	struct esvc_sa *sa;

	if (!dev->ipsec)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_OP, SQE_OFF(opcode));
	if (cmd->object) {
		sa = named(dev, cmd);
		status = sa ? ESV_S_OK : ESV_S_BAD_HANDLE;
	} else {
		status = find_by_key(dev, cmd, &sa);
	}
	if (status != ESV_S_OK)
		return status;
	describe(dev->ipsec, sa, &info);
	memcpy(cmd->out, &info, sizeof(info));
	cmd->out_len = sizeof(info);
	return ESV_S_OK;
}

static enum esv_status sa_list(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	if (!dev->ipsec)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_OP, SQE_OFF(opcode));
	return esvc_objtab_answer(&dev->ipsec->sadb.tab, cmd);
}

const struct esvc_cmd_row esvc_sa_rows[] = {
	{ ESV_OP_SA_ADD, sizeof(struct esv_sa_params), sizeof(struct esv_sa_params), 0, sa_add },
	{ ESV_OP_SA_DELETE, 0, 0, 0, sa_delete },
	{ ESV_OP_SA_UPDATE, sizeof(struct esv_sa_update), sizeof(struct esv_sa_update), 0, sa_update },
	{ ESV_OP_SA_QUERY, 0, sizeof(struct esv_sa_key), sizeof(struct esv_sa_info), sa_query },
	{ ESV_OP_SA_LIST, 0, 0, offsetof(struct esv_sa_list, handle) + 4, sa_list },
	{ 0 }
};
