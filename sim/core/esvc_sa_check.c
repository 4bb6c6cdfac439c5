// SPDX-License-Identifier: GPL-2.0-or-later
/* What an SA_ADD must look like (clauses SA-5 to SA-16). Each refusal names its byte. */
#include <endian.h>
#include <openssl/crypto.h>
#include <string.h>

#include "esvc_ipsec_priv.h"
#include "esvc_selector.h"

#define OFF(field) offsetof(struct esv_sa_params, field)

static bool all_zero(const void *p, size_t len)
{
	const uint8_t *b = p;

	while (len && !*b) {
		b++;
		len--;
	}
	return !len;
}

/* How many zeros a key begins with is its own business. */
static bool key_zero(const uint8_t *key, size_t len)
{
	static const uint8_t zero[ESV_KEY_MAX];

	return !CRYPTO_memcmp(key, zero, len);
}

enum esv_status esvc_sa_check_addrs(struct esvc_cmd *cmd, uint8_t family, const uint8_t *saddr,
				    const uint8_t *daddr, size_t off)
{
	if (!esvc_addr_tail_ok(family, saddr))
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, off);
	if (!esvc_addr_tail_ok(family, daddr))
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, off + 16);
	if (esvc_addr_is_zero(saddr) || esvc_addr_is_multicast(family, saddr))
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, off);
	if (esvc_addr_is_zero(daddr) || esvc_addr_is_multicast(family, daddr))
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, off + 16);
	return ESV_S_OK;
}

static bool limits_ok(uint64_t soft, uint64_t hard)
{
	return soft && hard && (soft == ESV_NO_LIMIT || hard >= soft);
}

enum esv_status esvc_sa_check_limits(struct esvc_cmd *cmd, const struct esvc_sa_limits *l, size_t off)
{
	if (!limits_ok(l->soft_packets, l->hard_packets))
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, off);
	if (!limits_ok(l->soft_bytes, l->hard_bytes))
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, off + 16);
	return ESV_S_OK;
}

static enum esv_status check_kind(struct esvc_cmd *cmd, const struct esv_sa_params *p, uint16_t function)
{
	if (be32toh(p->spi) < 256)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(spi));
	if (p->family != 4 && p->family != 6)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(family));
	if (p->mode != ESV_SA_TRANSPORT && p->mode != ESV_SA_TUNNEL)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(mode));
	if (p->dir != ESV_DIR_OUT && p->dir != ESV_DIR_IN)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(dir));
	if (p->algo != ESV_ALGO_AES_GCM_16_128 && p->algo != ESV_ALGO_AES_GCM_16_256)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_VALUE, OFF(algo));
	if (le32toh(p->flags) & ~ESV_SA_F_KNOWN)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_VALUE, OFF(flags));
	if (!p->reqid)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(reqid));
	if (le16toh(p->function) != function)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(function));
	return ESV_S_OK;
}

static enum esv_status check_reserved(struct esvc_cmd *cmd, const struct esv_sa_params *p)
{
	if (p->encap_type)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_VALUE, OFF(encap_type));
	if (p->encap_sport)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_VALUE, OFF(encap_sport));
	if (p->encap_dport)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_VALUE, OFF(encap_dport));
	if (p->rsvd)
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, OFF(rsvd));
	return ESV_S_OK;
}

static enum esv_status check_window(struct esvc_cmd *cmd, const struct esv_sa_params *p)
{
	uint32_t w = le32toh(p->window);
	bool ok = p->dir == ESV_DIR_OUT ? !w : w >= ESV_WINDOW_MIN && w <= ESV_WINDOW_MAX && !(w % 32);

	return ok ? ESV_S_OK : esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(window));
}

/* The token form exists for 256 bits only, so that no report can say more than the key is. */
static enum esv_status check_key(struct esvc_cmd *cmd, const struct esv_sa_params *p)
{
	bool token = le32toh(p->flags) & ESV_SA_F_TOKEN;
	uint16_t len = le16toh(p->key_len);

	if (token && p->algo != ESV_ALGO_AES_GCM_16_256)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(algo));
	if (!len)
		return esvc_refuse(cmd, ESV_S_KEY_WEAK, OFF(key_len));
	if (len != (p->algo == ESV_ALGO_AES_GCM_16_256 ? 36 : 20))
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(key_len));
	if (!all_zero(p->key + len, ESV_KEY_MAX - len))
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, OFF(key) + len);
	if (key_zero(p->key, len - 4u))
		return esvc_refuse(cmd, ESV_S_KEY_WEAK, OFF(key));
	if (token != esvc_is_token(p->key, len))
		return esvc_refuse(cmd, ESV_S_KEY_REJECTED, OFF(key));
	return ESV_S_OK;
}

static enum esv_status check_nexthop(struct esvc_cmd *cmd, const struct esv_sa_params *p)
{
	bool zero = all_zero(p->nexthop, 6);

	if (!(le32toh(p->flags) & ESV_SA_F_NEXTHOP))
		return zero ? ESV_S_OK : esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, OFF(nexthop));
	if (zero || (p->nexthop[0] & 1))
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(nexthop));
	return ESV_S_OK;
}

static enum esv_status check_selector(struct esvc_cmd *cmd, const struct esv_sa_params *p)
{
	size_t bad;

	if (!(le32toh(p->flags) & ESV_SA_F_SEL)) {
		if (!all_zero(&p->sel, sizeof(p->sel)))
			return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, OFF(sel));
		return ESV_S_OK;
	}
	bad = esvc_selector_check(&p->sel);
	if (bad)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(sel) + bad - 1);
	if (p->sel.family == p->family)
		return ESV_S_OK;
	/* Transport mode has one family; outbound, the host's stack can't send across families. */
	if (p->mode == ESV_SA_TRANSPORT)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(sel.family));
	if (p->dir == ESV_DIR_OUT)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_VALUE, OFF(sel.family));
	return ESV_S_OK;
}

static enum esv_status check_counts(struct esvc_cmd *cmd, const struct esv_sa_params *p)
{
	const struct esvc_sa_limits limits = {
		le64toh(p->soft_packets), le64toh(p->hard_packets),
		le64toh(p->soft_bytes), le64toh(p->hard_bytes),
	};

	if (!(le32toh(p->flags) & ESV_SA_F_ESN) && le64toh(p->seq) > UINT32_MAX)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, OFF(seq));
	return esvc_sa_check_limits(cmd, &limits, OFF(soft_packets));
}

enum esv_status esvc_sa_check(struct esvc_cmd *cmd, const struct esv_sa_params *p, uint16_t function)
{
	enum esv_status status = check_kind(cmd, p, function);

	if (status == ESV_S_OK)
		status = check_window(cmd, p);
	if (status == ESV_S_OK)
		status = check_reserved(cmd, p);
	if (status == ESV_S_OK)
		status = esvc_sa_check_addrs(cmd, p->family, p->saddr, p->daddr, OFF(saddr));
	if (status == ESV_S_OK)
		status = check_nexthop(cmd, p);
	if (status == ESV_S_OK)
		status = check_selector(cmd, p);
	if (status == ESV_S_OK)
		status = check_counts(cmd, p);
	if (status == ESV_S_OK)
		status = check_key(cmd, p);
	return status;
}
