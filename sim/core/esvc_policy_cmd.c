// SPDX-License-Identifier: GPL-2.0-or-later
/* Admin commands about the SPD: entries, the strict lock, bypass classes (clauses SPD-1 ff). */
#include "esvc_dev.h"
#include "esvc_ipsec_priv.h"
#include "esvc_selector.h"

#define OFF(field) offsetof(struct esv_policy_params, field)
#define SQE_OFF(field) (ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, field))

static enum esv_status check_kind(struct esvc_cmd *cmd, const struct esv_policy_params *p)
{
	size_t bad = esvc_selector_check(&p->sel);

	if (bad)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(sel) + bad - 1);
	if (p->dir != ESV_DIR_OUT && p->dir != ESV_DIR_IN)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(dir));
	if (p->action < ESV_ACTION_ALLOW || p->action > ESV_ACTION_DROP)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(action));
	if (le16toh(p->function) != cmd->function)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(function));
	if (p->rsvd0)
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, OFF(rsvd0));
	if (p->rsvd1)
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, OFF(rsvd1));
	return ESV_S_OK;
}

/* Only tunnels have endpoints. */
static enum esv_status check_no_tunnel(struct esvc_cmd *cmd, const struct esv_policy_params *p)
{
	if (p->family)
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, OFF(family));
	if (!esvc_addr_is_zero(p->saddr))
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, OFF(saddr));
	if (!esvc_addr_is_zero(p->daddr))
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, OFF(daddr));
	return ESV_S_OK;
}

/* Entries that protect nothing name no SA. */
static enum esv_status check_plain(struct esvc_cmd *cmd, const struct esv_policy_params *p)
{
	if (p->mode)
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, OFF(mode));
	if (p->reqid)
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, OFF(reqid));
	return check_no_tunnel(cmd, p);
}

static enum esv_status check_tunnel(struct esvc_cmd *cmd, const struct esv_policy_params *p)
{
	if (p->family != 4 && p->family != 6)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(family));
	if (p->dir == ESV_DIR_OUT && p->family != p->sel.family)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_VALUE, OFF(family));
	return esvc_sa_check_addrs(cmd, p->family, p->saddr, p->daddr, OFF(saddr));
}

static enum esv_status check_protect(struct esvc_cmd *cmd, const struct esv_policy_params *p)
{
	if (p->mode != ESV_SA_TRANSPORT && p->mode != ESV_SA_TUNNEL)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(mode));
	if (!p->reqid)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(reqid));
	return p->mode == ESV_SA_TUNNEL ? check_tunnel(cmd, p) : check_no_tunnel(cmd, p);
}

static enum esv_status policy_add(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esv_policy_params p;
	enum esv_status status;

	if (!dev->ipsec)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_OP, SQE_OFF(opcode));
	memcpy(&p, cmd->in, sizeof(p));
	status = check_kind(cmd, &p);
	if (status == ESV_S_OK)
		status = p.action == ESV_ACTION_PROTECT ? check_protect(cmd, &p) : check_plain(cmd, &p);
	if (status != ESV_S_OK)
		return status;
	return esvc_spd_add(dev->ipsec->spd, &p, &cmd->object);
}

/* The entry that the request's object names. */
static struct esvc_policy *named(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_policy *pol = dev->ipsec ? esvc_spd_get(dev->ipsec->spd, cmd->object) : NULL;

	if (!pol)
		cmd->err_off = (uint16_t)SQE_OFF(object);
	return pol;
}

static enum esv_status policy_delete(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_policy *pol = named(dev, cmd);

	if (!pol)
		return ESV_S_BAD_HANDLE;
	esvc_spd_delete(dev->ipsec->spd, pol);
	return ESV_S_OK;
}

static enum esv_status policy_query(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_policy *pol = named(dev, cmd);
	struct esv_policy_info info;

	if (!pol)
		return ESV_S_BAD_HANDLE;
	info = (struct esv_policy_info){
		.p = esvc_spd_params(pol),
		.packets = htole64(pol->packets),
		.bytes = htole64(pol->bytes),
		.drops = htole64(pol->drops),
	};
	memcpy(cmd->out, &info, sizeof(info));
	cmd->out_len = sizeof(info);
	return ESV_S_OK;
}

static enum esv_status policy_list(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	if (!dev->ipsec)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_OP, SQE_OFF(opcode));
	return esvc_objtab_answer(esvc_spd_objects(dev->ipsec->spd), cmd);
}

static enum esv_status policy_freeze(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_policy *pol = named(dev, cmd);

	if (!pol)
		return ESV_S_BAD_HANDLE;
	if (pol->p.action == ESV_ACTION_ALLOW)
		return esvc_refuse(cmd, ESV_S_BAD_STATE, SQE_OFF(object));
	esvc_spd_freeze(dev->ipsec->spd, pol);
	return ESV_S_OK;
}

static enum esv_status spd_lock(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	if (!dev->ipsec)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_OP, SQE_OFF(opcode));
	esvc_ipsec_lock(dev->ipsec);
	return ESV_S_OK;
}

static enum esv_status bypass_set(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	uint32_t keep;

	if (!dev->ipsec)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_OP, SQE_OFF(opcode));
	memcpy(&keep, cmd->sqe.inl, sizeof(keep));
	keep = le32toh(keep);
	if (keep & ~ESV_BYPASS_ALL)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_VALUE, SQE_OFF(inl));
	esvc_ipsec_tighten(dev->ipsec, false, keep);
	keep = htole32(esvc_ipsec_bypass(dev->ipsec));
	memcpy(cmd->result, &keep, sizeof(keep));
	return ESV_S_OK;
}

const struct esvc_cmd_row esvc_policy_rows[] = {
	{ ESV_OP_POLICY_ADD, sizeof(struct esv_policy_params), sizeof(struct esv_policy_params), 0, policy_add },
	{ ESV_OP_POLICY_DELETE, 0, 0, 0, policy_delete },
	{ ESV_OP_POLICY_QUERY, 0, 0, sizeof(struct esv_policy_info), policy_query },
	{ ESV_OP_POLICY_LIST, 0, 0, offsetof(struct esv_policy_list, handle) + 4, policy_list },
	{ ESV_OP_POLICY_FREEZE, 0, 0, 0, policy_freeze },
	{ ESV_OP_SPD_LOCK, 0, 0, 0, spd_lock },
	{ ESV_OP_BYPASS_SET, 0, 0, 0, bypass_set },
	{ 0 }
};
