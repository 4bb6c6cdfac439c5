// SPDX-License-Identifier: GPL-2.0-or-later
/* Host-keyed SAs and protect entries between two harness drivers. */
#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "esvh_esp.h"

static enum esv_status add_sa(struct esvh_drv *d, const struct esvh_esp *e, enum esv_dir dir, uint32_t *handle)
{
	struct esv_sa_params p = {
		.spi = htonl(e->spi), .family = e->family, .mode = e->mode, .dir = (uint8_t)dir,
		.algo = e->key_len == 20 ? ESV_ALGO_AES_GCM_16_128 : ESV_ALGO_AES_GCM_16_256,
		.reqid = htole32(e->reqid), .window = htole32(dir == ESV_DIR_IN ? 128 : 0),
		.key_len = htole16(e->key_len), .soft_packets = htole64(ESV_NO_LIMIT),
		.hard_packets = htole64(ESV_NO_LIMIT), .soft_bytes = htole64(ESV_NO_LIMIT),
		.hard_bytes = htole64(ESV_NO_LIMIT),
	};
	struct esvh_cmd c = { .opcode = ESV_OP_SA_ADD, .in = &p, .in_len = sizeof(p) };
	enum esv_status s;

	memcpy(p.saddr, e->saddr, 16);
	memcpy(p.daddr, e->daddr, 16);
	if (e->mode == ESV_SA_TUNNEL && dir == ESV_DIR_OUT) {
		p.flags = htole32(ESV_SA_F_NEXTHOP);
		memcpy(p.nexthop, e->nexthop, 6);
	}
	for (int i = 0; i < e->key_len; i++)
		p.key[i] = (uint8_t)(e->spi + i * 7 + 1);
	s = esvh_cmd(d, &c);
	*handle = le32toh(c.cqe.object);
	return s;
}

static enum esv_status add_policy(struct esvh_drv *d, const struct esvh_esp *e, enum esv_dir dir)
{
	uint8_t plen = e->family == 4 ? 32 : 128;
	struct esv_policy_params p = {
		.sel = { .family = e->family, .plen_s = plen, .plen_d = plen },
		.dir = (uint8_t)dir, .action = ESV_ACTION_PROTECT, .mode = e->mode, .priority = htole32(100),
		.reqid = htole32(e->reqid),
	};

	memcpy(p.sel.saddr, e->sel_s, 16);
	memcpy(p.sel.daddr, e->sel_d, 16);
	if (e->mode == ESV_SA_TUNNEL) {
		p.family = e->family;
		memcpy(p.saddr, e->saddr, 16);
		memcpy(p.daddr, e->daddr, 16);
	}
	return esvh_do(d, ESV_OP_POLICY_ADD, 0, &p, sizeof(p));
}

enum esv_status esvh_esp_out(struct esvh_drv *d, const struct esvh_esp *e, uint32_t *handle)
{
	enum esv_status s = add_sa(d, e, ESV_DIR_OUT, handle);

	return s == ESV_S_OK ? add_policy(d, e, ESV_DIR_OUT) : s;
}

enum esv_status esvh_esp_in(struct esvh_drv *d, const struct esvh_esp *e, uint32_t *handle)
{
	enum esv_status s = add_sa(d, e, ESV_DIR_IN, handle);

	return s == ESV_S_OK ? add_policy(d, e, ESV_DIR_IN) : s;
}
