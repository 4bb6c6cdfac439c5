/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every test of the core starts with. */
#ifndef T_H
#define T_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "esvh_drv.h"
#include "pkt.h"

#define MEM	(8u << 20)

#define ok(status)	assert_int_equal(status, ESV_S_OK)


struct rig {
	struct esvh_host *h;
	struct esvh_drv d;
};

/* A plain NIC (no IPsec) or any configuration, driver loaded. */
static inline void rig_up(struct rig *r, struct esvc_config *cfg)
{
	struct esvc_config def;

	if (!cfg) {
		esvc_config_default(&def);
		def.ipsec = false;
		def.unit = false;
		cfg = &def;
	}
	r->h = esvh_host_new(cfg, MEM);
	assert_non_null(r->h->dev);
	esvh_drv_init(&r->d, r->h);
}

static inline void rig_start(struct rig *r, struct esvc_config *cfg)
{
	rig_up(r, cfg);
	ok(esvh_drv_start(&r->d));
}

static inline void rig_down(struct rig *r)
{
	esvh_host_free(r->h);
}

static inline struct esvc_config plain_config(void)
{
	struct esvc_config cfg;

	esvc_config_default(&cfg);
	cfg.ipsec = false;
	cfg.unit = false;
	return cfg;
}

static inline struct pkt_spec udp4(size_t payload)
{
	return (struct pkt_spec){
		.family = 4, .proto = 17, .saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 },
		.sport = 1000, .dport = 2000, .payload = payload,
	};
}

static inline struct pkt_spec tcp4(size_t payload)
{
	struct pkt_spec s = udp4(payload);

	s.proto = 6;
	s.seq = 0xfffff000;
	s.tcp_flags = 0x18;
	return s;
}

static inline struct pkt_spec tcp6(size_t payload)
{
	return (struct pkt_spec){
		.family = 6, .proto = 6, .saddr = { 0xfd, 1 }, .daddr = { 0xfd, 2 },
		.sport = 1000, .dport = 2000, .payload = payload, .seq = 77, .tcp_flags = 0x18,
	};
}

#endif
