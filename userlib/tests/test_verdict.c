// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Verdicts: from a host on which all is well in hardware, one thing is changed at a time, and
 * the sentence that must follow is checked in both directions.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/xfrm.h>

#include "../ipsecapid/verdict.h"
#include "unit.h"

#define NIC 3

struct scene {
	struct rec_policy pol[2];	/* by DIR_OUT, DIR_IN */
	struct rec_sa sa[4];		/* out, in, and room for two more */
	struct rec_unit unit;		/* behind the NIC */
	struct link link[3];		/* lo, the NIC, another one */
	struct tables tables;
	struct world world;
	struct flow_facts flow;
	struct verdict v;
};

static const uint8_t us[16] = { 10, 0, 0, 1 }, peer[16] = { 10, 0, 0, 2 };

static void set_policy(struct rec_policy *p, int dir)
{
	const uint8_t *s = dir == DIR_OUT ? us : peer, *d = dir == DIR_OUT ? peer : us;

	p->dir = dir;
	p->offload_ifindex = NIC;
	p->sel.family = AF_INET;
	p->sel.prefix_s = p->sel.prefix_d = 32;
	memcpy(p->sel.saddr, s, 16);
	memcpy(p->sel.daddr, d, 16);
	p->templates = 1;
	p->tmpl[0] = (struct rec_template){ .family = AF_INET, .proto = IPPROTO_ESP,
					    .mode = XFRM_MODE_TRANSPORT, .reqid = 7 };
}

static void set_sa(struct rec_sa *sa, int dir)
{
	*sa = (struct rec_sa){
		.family = AF_INET, .proto = IPPROTO_ESP, .mode = XFRM_MODE_TRANSPORT, .reqid = 7,
		.dir = dir, .offload = OFFLOAD_PACKET, .offload_ifindex = NIC, .encrypts = 1,
		.authenticates = 1, .strength = IPSECAPI_STRENGTH_STRONG, .unit = UNIT_KNOWS,
		.custody = IPSECAPI_CUSTODY_L3, .unit_packets = 5, .unit_bytes = 500,
		.packets = 5, .bytes = 500, .replay_window = dir == DIR_IN ? 64 : 0,
	};
	memcpy(sa->saddr, dir == DIR_OUT ? us : peer, 16);
	memcpy(sa->daddr, dir == DIR_OUT ? peer : us, 16);
}

static void set_scene(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	set_policy(&s->pol[DIR_OUT], DIR_OUT);
	set_policy(&s->pol[DIR_IN], DIR_IN);
	set_sa(&s->sa[0], DIR_OUT);
	set_sa(&s->sa[1], DIR_IN);
	s->link[0] = (struct link){ .ifindex = 1, .up = true, .admin_up = true, .loopback = true,
				    .no_xfrm4 = true, .no_policy4 = true };
	s->link[1] = (struct link){ .ifindex = NIC, .up = true, .admin_up = true,
				    .offload = IPSECAPI_OFFLOAD_ESP };
	s->link[2] = (struct link){ .ifindex = 4 };
	s->tables = (struct tables){ .read_at = 1, .policies = s->pol, .n_policies = 2,
				     .sas = s->sa, .n_sas = 2, .units = &s->unit, .n_units = 1 };
	s->unit.ifindex = NIC;
	s->world = (struct world){ .tables = &s->tables, .links = s->link, .n_links = 3 };
	s->flow = (struct flow_facts){ .family = AF_INET, .protocol = IPPROTO_TCP,
				       .local_port = htons(40000), .peer_port = htons(80),
				       .route = { .found = true, .oif = NIC } };
	memcpy(s->flow.local, us, 16);
	memcpy(s->flow.peer, peer, 16);
}

static const struct ipsecapi_direction *judge(struct scene *s, int dir)
{
	verdict_flow(&s->world, &s->flow, &s->v);
	return &s->v.dir[dir];
}

#define SAYS(s, dir, p, e, r) do { \
	const struct ipsecapi_direction *d_ = judge(s, dir); \
	assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_PROTECTION, d_->protection), p); \
	assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_ENFORCED, d_->enforced_by), e); \
	assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_REASON, d_->reason), r); \
} while (0)

static void all_well_in_hardware(void **state)
{
	struct scene s;
	int dir;

	(void)state;
	set_scene(&s);
	for (dir = 0; dir < 2; dir++) {
		SAYS(&s, dir, "encrypted", "hw-packet", "none");
		assert_int_equal(s.v.dir[dir].basis, IPSECAPI_BASIS_KERNEL |
				 IPSECAPI_BASIS_DEVICE_COUNTERS | IPSECAPI_BASIS_UNIT);
		assert_int_equal(s.v.dir[dir].custody, IPSECAPI_CUSTODY_L3);
		assert_int_equal(s.v.dir[dir].reach, IPSECAPI_REACH_END_TO_END);
		assert_int_equal(s.v.dir[dir].ifindex, NIC);
	}
	assert_int_equal(s.v.n_sas, 2);
	assert_true(s.v.dir[DIR_IN].caveats & IPSECAPI_CAVEAT_SINGLE_PORT);
}

static void hardware_needs_the_packet_flag_of_both(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.pol[DIR_IN].offload_ifindex = 0;
	SAYS(&s, DIR_IN, "encrypted", "mixed", "policy-in-software");
	/* outbound a software policy never takes a packet-mode SA */
	s.pol[DIR_OUT].offload_ifindex = 0;
	SAYS(&s, DIR_OUT, "blocked", "software", "no-sa");
	/* nor one of another device */
	set_scene(&s);
	s.sa[0].offload_ifindex = 4;
	SAYS(&s, DIR_OUT, "blocked", "software", "no-sa");
	/* an offload that fell back: the kernel names no device */
	set_scene(&s);
	s.sa[0].offload = s.sa[1].offload = OFFLOAD_NONE;
	s.pol[0].offload_ifindex = s.pol[1].offload_ifindex = 0;
	s.sa[0].custody = s.sa[1].custody = IPSECAPI_CUSTODY_L0;
	SAYS(&s, DIR_OUT, "encrypted", "software", "none");
	SAYS(&s, DIR_IN, "encrypted", "software", "none");
	assert_int_equal(s.v.dir[0].basis, IPSECAPI_BASIS_KERNEL);
}

static void hardware_needs_a_device_that_works(void **state)
{
	struct scene s;
	int dir;

	(void)state;
	for (dir = 0; dir < 2; dir++) {
		set_scene(&s);
		s.link[1].up = false;
		SAYS(&s, dir, "unknown", "unknown", "link-down");
		/* up again, but the tables are from before: they may show what it lost */
		s.link[1].up = true;
		s.link[1].up_since = 2;
		SAYS(&s, dir, "unknown", "unknown", "link-down");
		s.tables.read_at = 2;
		SAYS(&s, dir, "encrypted", "hw-packet", "none");
		set_scene(&s);
		s.link[1].ifindex = 99;
		SAYS(&s, dir, "unknown", "unknown", "no-such-device");
		set_scene(&s);
		s.sa[dir].unit = UNIT_SILENT;
		SAYS(&s, dir, "unknown", "unknown", "unit-silent");
		set_scene(&s);
		s.sa[dir].unit = UNIT_UNKNOWN_SA;
		SAYS(&s, dir, "unknown", "unknown", "unit-disagrees");
		assert_false(s.v.unasked[dir]);
		/* a unit that was not asked has not agreed */
		set_scene(&s);
		s.sa[dir].unit = UNIT_NOT_ASKED;
		SAYS(&s, dir, "unknown", "unknown", "not-yet");
		assert_true(s.v.unasked[dir] && !s.v.unasked[!dir]);
		/* only a unit's driver takes the key out of the kernel */
		set_scene(&s);
		s.sa[dir].unit = UNIT_ABSENT;
		SAYS(&s, dir, "unknown", "unknown", "unit-silent");
	}
	set_scene(&s);
	s.sa[0].unit = UNIT_NONE;	/* an espvault NIC without one takes it as well */
	SAYS(&s, DIR_OUT, "encrypted", "hw-packet", "none");
	set_scene(&s);
	s.flow.route.oif = 4;
	SAYS(&s, DIR_OUT, "unknown", "unknown", "route-elsewhere");
	set_scene(&s);
	s.flow.route.found = false;
	SAYS(&s, DIR_OUT, "unknown", "unknown", "no-route");
}

static void what_else_could_deliver_makes_it_mixed(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.link[2].admin_up = true;
	SAYS(&s, DIR_IN, "unknown", "mixed", "cleartext-other-interfaces");
	SAYS(&s, DIR_OUT, "encrypted", "hw-packet", "none");
	/* the kernel would decrypt what the device passes up still encrypted */
	set_scene(&s);
	s.sa[0].host_key = s.sa[1].host_key = 1;
	SAYS(&s, DIR_IN, "encrypted", "mixed", "host-key-present");
	SAYS(&s, DIR_OUT, "encrypted", "hw-packet", "none");
}

static void any_other_inline_nic_is_l1(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.sa[0].unit = UNIT_ABSENT;
	s.sa[0].custody = IPSECAPI_CUSTODY_L1;
	s.sa[0].host_key = 1;
	SAYS(&s, DIR_OUT, "encrypted", "hw-packet", "none");
	assert_int_equal(s.v.dir[0].basis, IPSECAPI_BASIS_KERNEL | IPSECAPI_BASIS_DEVICE_COUNTERS);
	s.sa[0].packets = 0;
	judge(&s, DIR_OUT);
	assert_int_equal(s.v.dir[0].basis, IPSECAPI_BASIS_KERNEL);
	assert_true(s.v.dir[0].caveats & IPSECAPI_CAVEAT_NO_TRAFFIC);
}

/* Other NICs may let clear packets pass, which the kernel takes where the device has the policy. */
static void inbound_only_a_unit_vouches(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.tables.n_units = 0;
	s.sa[1].unit = UNIT_ABSENT;
	s.sa[1].custody = IPSECAPI_CUSTODY_L1;
	s.sa[1].host_key = 1;
	SAYS(&s, DIR_IN, "unknown", "mixed", "device-unconfirmed");
	assert_int_equal(reason_layer(s.v.dir[1].reason), IPSECAPI_LAYER_DEVICE);
	s.link[2].admin_up = true;
	SAYS(&s, DIR_IN, "unknown", "mixed", "device-unconfirmed");
	/* nor is anything blocked for want of an SA */
	set_scene(&s);
	s.tables.n_sas = 0;
	SAYS(&s, DIR_IN, "blocked", "software", "no-sa");
	s.unit.silent = 1;
	SAYS(&s, DIR_IN, "unknown", "mixed", "device-unconfirmed");
	s.tables.n_units = 0;
	SAYS(&s, DIR_IN, "unknown", "mixed", "device-unconfirmed");
	SAYS(&s, DIR_OUT, "blocked", "software", "no-sa");
	/* a policy that only software holds lets no clear packet in */
	s.pol[DIR_IN].offload_ifindex = 0;
	SAYS(&s, DIR_IN, "blocked", "software", "no-sa");
	/* the same for a rule */
	set_scene(&s);
	s.tables.n_units = 0;
	s.sa[1].unit = UNIT_ABSENT;
	s.sa[1].host_key = 1;
	assert_int_equal(verdict_policy(&s.world, &s.pol[DIR_IN], &s.v.dir[1]), 1);
	assert_int_equal(s.v.dir[1].reason, IPSECAPI_REASON_DEVICE_UNCONFIRMED);
}

static void crypto_mode_may_fall_back(void **state)
{
	struct scene s;
	int dir;

	(void)state;
	set_scene(&s);
	for (dir = 0; dir < 2; dir++) {
		s.sa[dir].offload = OFFLOAD_CRYPTO;
		s.sa[dir].unit = UNIT_ABSENT;
		s.sa[dir].custody = IPSECAPI_CUSTODY_L1;
		s.pol[dir].offload_ifindex = 0;
	}
	SAYS(&s, DIR_OUT, "encrypted", "mixed", "per-packet-fallback");
	SAYS(&s, DIR_IN, "encrypted", "mixed", "per-packet-fallback");
	/* the device's own count shows that it did them all */
	s.sa[0].unit = UNIT_KNOWS;
	SAYS(&s, DIR_OUT, "encrypted", "hw-crypto", "none");
	s.sa[0].unit_packets = 4;
	SAYS(&s, DIR_OUT, "encrypted", "mixed", "per-packet-fallback");
	s.link[1].offload = 0;
	SAYS(&s, DIR_OUT, "encrypted", "software", "offload-inactive");
	s.link[1].offload = IPSECAPI_OFFLOAD_ESP;
	s.flow.route.oif = 4;
	SAYS(&s, DIR_OUT, "encrypted", "software", "route-elsewhere");
}

static void policies_without_sas(void **state)
{
	struct scene s;
	int dir;

	(void)state;
	for (dir = 0; dir < 2; dir++) {
		set_scene(&s);
		s.tables.n_policies = 0;
		SAYS(&s, dir, "none", "none", "no-policy");
		assert_int_equal(s.v.dir[dir].custody, IPSECAPI_CUSTODY_NO_KEY);
		s.tables.default_block[dir] = 1;
		SAYS(&s, dir, "blocked", "software", "default-block");
		set_scene(&s);
		s.pol[dir].action = ACTION_BLOCK;
		SAYS(&s, dir, "blocked", "software", "local-policy-block");
		set_scene(&s);
		s.pol[dir].templates = 0;
		SAYS(&s, dir, "none", "none", "bypass-policy");
		set_scene(&s);
		s.tables.n_sas = 0;
		SAYS(&s, dir, "blocked", "software", "no-sa");
		set_scene(&s);
		s.sa[dir].state = SA_ACQUIRING;
		SAYS(&s, dir, "negotiating", "software", "acquiring");
		set_scene(&s);
		s.sa[dir].state = SA_EXPIRED;
		SAYS(&s, dir, "blocked", "software", "sa-expired");
		/* an SA that selects by interface may or may not be taken */
		set_scene(&s);
		s.sa[dir].sel.family = AF_INET;
		SAYS(&s, dir, "encrypted", "hw-packet", "none");
		s.sa[dir].sel.ifindex = NIC;
		SAYS(&s, dir, "unknown", "unknown", "unsupported-policy");
		/* a rule may mark a packet after it was looked up, which is done again then */
		set_scene(&s);
		s.pol[dir].mark_mask = 1;
		SAYS(&s, dir, "unknown", "unknown", "unsupported-policy");
	}
}

static void optional_protection(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.pol[0].tmpl[0].optional = s.pol[1].tmpl[0].optional = 1;
	SAYS(&s, DIR_OUT, "encrypted", "hw-packet", "none");
	assert_true(s.v.dir[0].caveats & IPSECAPI_CAVEAT_OPTIONAL);
	SAYS(&s, DIR_IN, "none", "none", "optional-protection");
	s.tables.n_sas = 0;
	SAYS(&s, DIR_OUT, "none", "none", "optional-no-sa");
}

static void other_sas_do_not_count(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.sa[0].reqid = s.sa[1].reqid = 8;
	SAYS(&s, DIR_OUT, "blocked", "software", "no-sa");
	SAYS(&s, DIR_IN, "blocked", "software", "no-sa");
	/* inbound a template without reqid takes any, outbound it must be equal */
	s.pol[0].tmpl[0].reqid = s.pol[1].tmpl[0].reqid = 0;
	SAYS(&s, DIR_IN, "encrypted", "hw-packet", "none");
	SAYS(&s, DIR_OUT, "blocked", "software", "no-sa");
	set_scene(&s);
	s.sa[0].daddr[3] = 3;
	SAYS(&s, DIR_OUT, "blocked", "software", "no-sa");
	set_scene(&s);
	s.sa[0].mode = XFRM_MODE_TUNNEL;
	SAYS(&s, DIR_OUT, "blocked", "software", "no-sa");
	set_scene(&s);
	s.sa[0].if_id = 1;
	SAYS(&s, DIR_OUT, "blocked", "software", "no-sa");
	set_scene(&s);
	s.sa[0].sel.family = AF_INET;
	s.sa[0].sel.protocol = IPPROTO_UDP;	/* of another protocol than the flow */
	SAYS(&s, DIR_OUT, "blocked", "software", "no-sa");
	set_scene(&s);
	s.pol[0].tmpl[0].has_spi = 1;
	s.pol[0].tmpl[0].spi_sa = NO_SA;
	SAYS(&s, DIR_OUT, "blocked", "software", "no-sa");
	s.pol[0].tmpl[0].spi_sa = 0;
	SAYS(&s, DIR_OUT, "encrypted", "hw-packet", "none");
}

/* Inbound the kernel checks less than one would think: what it takes may deliver. */
static void whatever_the_kernel_takes_may_deliver(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.tables.n_sas = 3;
	s.sa[2] = s.sa[1];
	s.sa[2].encrypts = 0;
	s.sa[2].saddr[3] = 77;		/* another peer with the same reqid */
	SAYS(&s, DIR_IN, "unknown", "hw-packet", "several-sas");
	s.sa[2].daddr[3] = 77;		/* but not what comes to another address */
	SAYS(&s, DIR_IN, "encrypted", "hw-packet", "none");
	s.sa[2] = s.sa[1];
	s.sa[2].encrypts = 0;
	s.sa[2].if_id = 5;
	SAYS(&s, DIR_IN, "unknown", "hw-packet", "several-sas");
	s.sa[2].sel = s.pol[DIR_OUT].sel;	/* a selector does count */
	SAYS(&s, DIR_IN, "encrypted", "hw-packet", "none");
	s.sa[2].sel.family = 0;
	s.sa[2].reqid = 8;
	SAYS(&s, DIR_IN, "encrypted", "hw-packet", "none");
	s.pol[DIR_IN].tmpl[0].reqid = 0;
	SAYS(&s, DIR_IN, "unknown", "hw-packet", "several-sas");
}

static void of_a_tunnel_only_the_source_counts(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.pol[DIR_IN].tmpl[0].mode = s.sa[1].mode = XFRM_MODE_TUNNEL;
	memcpy(s.pol[DIR_IN].tmpl[0].saddr, s.sa[1].saddr, 16);
	memcpy(s.pol[DIR_IN].tmpl[0].daddr, s.sa[1].daddr, 16);
	s.tables.n_sas = 3;
	s.sa[2] = s.sa[1];
	s.sa[2].daddr[3] = 99;
	s.sa[2].offload = OFFLOAD_NONE;
	s.sa[2].custody = IPSECAPI_CUSTODY_L0;
	SAYS(&s, DIR_IN, "encrypted", "mixed", "several-sas");
	s.sa[2].family = AF_INET6;	/* and of that as much as the inner address has */
	s.sa[2].saddr[15] = 1;
	SAYS(&s, DIR_IN, "encrypted", "mixed", "several-sas");
	s.sa[2].saddr[3] = 99;
	SAYS(&s, DIR_IN, "encrypted", "hw-packet", "none");
}

static void rekeys_and_mixtures(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.sa[2] = s.sa[1];
	s.sa[2].unit_packets = s.sa[2].packets = 0;
	s.tables.n_sas = 3;
	SAYS(&s, DIR_IN, "encrypted", "hw-packet", "none");
	assert_true(s.v.dir[1].caveats & IPSECAPI_CAVEAT_REKEY);
	assert_true(s.v.dir[1].basis & IPSECAPI_BASIS_DEVICE_COUNTERS);
	/* one of the two is software: a packet may come through either */
	s.sa[2].offload = OFFLOAD_NONE;
	s.sa[2].custody = IPSECAPI_CUSTODY_L0;
	SAYS(&s, DIR_IN, "encrypted", "mixed", "several-sas");
	assert_int_equal(s.v.dir[1].custody, IPSECAPI_CUSTODY_L0);
	s.sa[2].encrypts = 0;
	SAYS(&s, DIR_IN, "unknown", "mixed", "several-sas");
}

static void no_more_sas_than_a_report_reads_again(void **state)
{
	struct rec_sa sas[VERDICT_SAS + 1];
	struct scene s;
	uint32_t i;

	(void)state;
	set_scene(&s);
	sas[0] = s.sa[0];
	for (i = 1; i <= VERDICT_SAS; i++)
		sas[i] = s.sa[1];
	s.tables.sas = sas;
	s.tables.n_sas = VERDICT_SAS;
	SAYS(&s, DIR_IN, "encrypted", "hw-packet", "none");
	assert_int_equal(s.v.n_sas, VERDICT_SAS);
	s.tables.n_sas++;
	SAYS(&s, DIR_IN, "unknown", "unknown", "several-sas");
	SAYS(&s, DIR_OUT, "encrypted", "hw-packet", "none");
}

static void kinds_of_protection(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.sa[0].encrypts = 0;
	SAYS(&s, DIR_OUT, "integrity", "hw-packet", "none");
	s.sa[0].encrypts = 1;
	s.sa[0].authenticates = 0;
	SAYS(&s, DIR_OUT, "encrypted-only", "hw-packet", "none");
	s.sa[0].encrypts = 2;
	SAYS(&s, DIR_OUT, "unknown", "hw-packet", "unknown-algorithm");
	set_scene(&s);
	s.sa[1].replay_window = 0;
	judge(&s, DIR_IN);
	assert_true(s.v.dir[1].caveats & IPSECAPI_CAVEAT_NO_REPLAY);
	set_scene(&s);
	s.sa[0].encap = 1;
	judge(&s, DIR_OUT);
	assert_true(s.v.dir[0].caveats & IPSECAPI_CAVEAT_NAT);
}

static void set_outer(struct scene *s, int sa, uint32_t oif)
{
	struct outer_route *o = &s->flow.outer[0];

	*o = (struct outer_route){ .family = s->sa[sa].family, .oif = oif };
	memcpy(o->saddr, s->sa[sa].saddr, 16);
	memcpy(o->daddr, s->sa[sa].daddr, 16);
	s->flow.n_outer = 1;
}

static void tunnels(void **state)
{
	struct scene s;
	int dir;

	(void)state;
	set_scene(&s);
	for (dir = 0; dir < 2; dir++) {
		struct rec_template *t = &s.pol[dir].tmpl[0];

		t->mode = s.sa[dir].mode = XFRM_MODE_TUNNEL;
		memcpy(t->saddr, s.sa[dir].saddr, 16);
		memcpy(t->daddr, s.sa[dir].daddr, 16);
	}
	/* the route between the ends of the tunnel counts, not that of the flow */
	SAYS(&s, DIR_OUT, "unknown", "unknown", "no-route");
	set_outer(&s, 0, 4);
	SAYS(&s, DIR_OUT, "unknown", "unknown", "route-elsewhere");
	s.flow.outer[0].oif = NIC;
	s.flow.route.oif = 4;
	SAYS(&s, DIR_OUT, "encrypted", "hw-packet", "none");
	assert_int_equal(s.v.dir[0].reach, IPSECAPI_REACH_END_TO_END);
	judge(&s, DIR_IN);
	assert_int_equal(s.v.dir[1].reach, IPSECAPI_REACH_END_TO_END);
	s.pol[0].tmpl[0].daddr[3] = s.sa[0].daddr[3] = 254;
	SAYS(&s, DIR_OUT, "unknown", "unknown", "no-route");
	set_outer(&s, 0, NIC);
	SAYS(&s, DIR_OUT, "encrypted", "hw-packet", "none");
	assert_int_equal(s.v.dir[0].reach, IPSECAPI_REACH_GATEWAY);
	/* what it has wrapped bears a mark of its own */
	s.flow.mark = 0x11;
	SAYS(&s, DIR_OUT, "encrypted", "hw-packet", "none");
	s.sa[0].smark_value = 2;
	s.sa[0].smark_mask = 0xf;
	SAYS(&s, DIR_OUT, "unknown", "unknown", "no-route");
	s.flow.outer[0].mark = 0x12;
	SAYS(&s, DIR_OUT, "encrypted", "hw-packet", "none");
}

static void tunnels_with_crypto_offload(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.pol[0].tmpl[0].mode = s.sa[0].mode = XFRM_MODE_TUNNEL;
	memcpy(s.pol[0].tmpl[0].saddr, s.sa[0].saddr, 16);
	memcpy(s.pol[0].tmpl[0].daddr, s.sa[0].daddr, 16);
	s.pol[0].offload_ifindex = 0;
	s.sa[0].offload = OFFLOAD_CRYPTO;
	set_outer(&s, 0, 4);
	SAYS(&s, DIR_OUT, "encrypted", "software", "route-elsewhere");
	s.flow.outer[0].oif = NIC;
	SAYS(&s, DIR_OUT, "encrypted", "hw-crypto", "none");
}

/* Linux looks for the outer packet's route with an address of the inner one's length. */
static void tunnels_of_another_family(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.pol[0].tmpl[0].mode = s.sa[0].mode = XFRM_MODE_TUNNEL;
	s.pol[0].tmpl[0].family = s.sa[0].family = AF_INET6;
	s.pol[0].tmpl[0].saddr[15] = s.sa[0].saddr[15] = 1;
	s.pol[0].tmpl[0].daddr[15] = s.sa[0].daddr[15] = 2;
	memcpy(s.pol[0].tmpl[0].saddr, s.sa[0].saddr, 16);
	memcpy(s.pol[0].tmpl[0].daddr, s.sa[0].daddr, 16);
	set_outer(&s, 0, NIC);
	SAYS(&s, DIR_OUT, "unknown", "unknown", "route-elsewhere");
	s.pol[0].offload_ifindex = 0;
	s.sa[0].offload = OFFLOAD_NONE;
	SAYS(&s, DIR_OUT, "encrypted", "software", "none");
}

static void sockets_with_policies_of_their_own(void **state)
{
	struct rec_policy pols[3];
	struct scene s;

	(void)state;
	set_scene(&s);
	memcpy(pols, s.pol, sizeof(s.pol));
	pols[2] = (struct rec_policy){ .of_socket = 1, .dir = DIR_OUT, .sel.family = AF_INET };
	s.tables.policies = pols;
	s.tables.n_policies = 3;
	SAYS(&s, DIR_OUT, "unknown", "unknown", "socket-policy");
	s.world.ike_sockets = 2;	/* a daemon's sockets explain it */
	SAYS(&s, DIR_OUT, "encrypted", "hw-packet", "none");
	assert_true(s.v.dir[0].caveats & IPSECAPI_CAVEAT_SOCKET_POLICY);
	s.flow.local_port = htons(500);	/* and this may be one of them */
	SAYS(&s, DIR_OUT, "unknown", "unknown", "socket-policy");
	s.flow.local_port = htons(40000);
	pols[2].action = ACTION_BLOCK;	/* which no daemon's socket has */
	SAYS(&s, DIR_OUT, "unknown", "unknown", "socket-policy");
}

static void switches_that_no_table_shows(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.world.all_no_xfrm4 = true;
	SAYS(&s, DIR_OUT, "none", "none", "interface-no-policy");
	set_scene(&s);
	s.link[1].no_xfrm4 = true;
	SAYS(&s, DIR_OUT, "none", "none", "interface-no-policy");
	set_scene(&s);
	s.link[1].no_policy4 = true;
	SAYS(&s, DIR_IN, "none", "none", "interface-no-policy");
	set_scene(&s);
	s.flow.route.local = true;
	s.flow.route.oif = 1;
	SAYS(&s, DIR_OUT, "none", "none", "loopback");
	SAYS(&s, DIR_IN, "none", "none", "loopback");
	set_scene(&s);
	s.link[1].virtual_xfrm = true;
	SAYS(&s, DIR_OUT, "unknown", "unknown", "virtual-interface");
	set_scene(&s);
	s.tables.read_at = 0;
	SAYS(&s, DIR_OUT, "unknown", "unknown", "not-yet");
	set_scene(&s);
	s.world.links_unread = true;
	SAYS(&s, DIR_OUT, "unknown", "unknown", "evidence-stale");
	set_scene(&s);
	s.flow.route.multicast = true;
	SAYS(&s, DIR_IN, "unknown", "unknown", "multicast");
}

static void nested_transforms(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.pol[0].offload_ifindex = 0;
	s.pol[0].templates = 2;
	s.pol[0].tmpl[1] = s.pol[0].tmpl[0];
	s.pol[0].tmpl[1].proto = IPPROTO_AH;
	s.sa[0].offload = OFFLOAD_NONE;
	SAYS(&s, DIR_OUT, "blocked", "software", "no-sa");
	s.sa[2] = s.sa[0];
	s.sa[2].proto = IPPROTO_AH;
	s.sa[2].encrypts = 0;
	s.tables.n_sas = 3;
	SAYS(&s, DIR_OUT, "encrypted", "software", "nested");
	/* a device's transform is taken for the whole of it */
	s.pol[0].offload_ifindex = NIC;
	s.sa[0].offload = s.sa[2].offload = OFFLOAD_PACKET;
	SAYS(&s, DIR_OUT, "unknown", "unknown", "nested");
	s.pol[0].offload_ifindex = 0;
	s.sa[0].offload = s.sa[2].offload = OFFLOAD_NONE;
	s.pol[0].tmpl[1].proto = IPPROTO_COMP;	/* compression is passed, and protects nothing */
	SAYS(&s, DIR_OUT, "blocked", "software", "no-sa");
	s.pol[0].tmpl[1].optional = 1;
	SAYS(&s, DIR_OUT, "encrypted", "software", "none");
	s.pol[0].tmpl[1].optional = 0;
	s.sa[2].proto = IPPROTO_COMP;
	SAYS(&s, DIR_OUT, "encrypted", "software", "none");
	s.pol[0].tmpl[1].proto = IPPROTO_ROUTING;
	SAYS(&s, DIR_OUT, "unknown", "unknown", "unsupported-transform");
}

/* What a tunnel has wrapped goes between the tunnel's ends: the next template's SA stands there. */
static void transforms_around_a_tunnel(void **state)
{
	struct scene s;
	int dir;

	(void)state;
	for (dir = 0; dir < 2; dir++) {
		struct rec_template *t;

		set_scene(&s);
		t = s.pol[dir].tmpl;
		s.pol[dir].offload_ifindex = 0;
		s.pol[dir].templates = 2;
		t[1] = t[0];
		t[0].mode = XFRM_MODE_TUNNEL;
		t[0].proto = IPPROTO_COMP;
		t[0].saddr[0] = t[0].daddr[0] = 192;
		t[0].saddr[3] = 1;
		t[0].daddr[3] = 2;
		s.tables.n_sas = 3;
		s.sa[dir].offload = OFFLOAD_NONE;
		s.sa[2] = s.sa[dir];
		s.sa[2].proto = IPPROTO_COMP;
		s.sa[2].mode = XFRM_MODE_TUNNEL;
		memcpy(s.sa[2].saddr, t[0].saddr, 16);
		memcpy(s.sa[2].daddr, t[0].daddr, 16);
		/* inbound what destination that is can't be told */
		if (dir == DIR_OUT)
			SAYS(&s, dir, "blocked", "software", "no-sa");
		memcpy(s.sa[dir].saddr, t[0].saddr, 16);
		memcpy(s.sa[dir].daddr, t[0].daddr, 16);
		SAYS(&s, dir, "encrypted", "software", "none");
	}
}

static void traffic_to_oneself(void **state)
{
	struct scene s;

	(void)state;
	set_scene(&s);
	s.flow.family = AF_INET6;
	s.flow.route.local = true;
	s.flow.route.oif = 1;
	SAYS(&s, DIR_OUT, "none", "none", "loopback");
	SAYS(&s, DIR_IN, "none", "none", "loopback");
	s.tables.default_block[DIR_OUT] = s.tables.default_block[DIR_IN] = 1;
	SAYS(&s, DIR_OUT, "none", "none", "loopback");
	SAYS(&s, DIR_IN, "blocked", "software", "default-block");
	s.link[1].no_policy6 = true;	/* it may be the one that has the address */
	SAYS(&s, DIR_IN, "none", "none", "loopback");
	s.link[1].no_policy6 = false;
	s.pol[DIR_IN].sel = s.pol[DIR_OUT].sel = (struct rec_selector){ .family = AF_INET6 };
	SAYS(&s, DIR_IN, "unknown", "unknown", "loopback");
	s.pol[DIR_IN].action = s.pol[DIR_OUT].action = ACTION_BLOCK;
	SAYS(&s, DIR_IN, "blocked", "software", "local-policy-block");
	SAYS(&s, DIR_OUT, "blocked", "software", "local-policy-block");
}

#define RULE_SAYS(s, dir, count, p, e, r) do { \
	struct ipsecapi_direction r_; \
	assert_int_equal(verdict_policy(&(s)->world, &(s)->pol[dir], &r_), count); \
	assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_PROTECTION, r_.protection), p); \
	assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_ENFORCED, r_.enforced_by), e); \
	assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_REASON, r_.reason), r); \
} while (0)

/* A rule of the status is told by the same measure as a flow. */
static void rules_without_a_flow(void **state)
{
	struct scene s;
	int dir;

	(void)state;
	for (dir = 0; dir < 2; dir++) {
		set_scene(&s);
		RULE_SAYS(&s, dir, 1, "encrypted", "hw-packet", "none");
		s.sa[dir].reqid = 8;
		RULE_SAYS(&s, dir, 0, "blocked", "software", "no-sa");
		s.sa[dir].reqid = 7;
		s.sa[dir].state = SA_EXPIRED;
		RULE_SAYS(&s, dir, 0, "blocked", "software", "sa-expired");
	}
	set_scene(&s);
	s.sa[0].if_id = 1;
	RULE_SAYS(&s, DIR_OUT, 0, "blocked", "software", "no-sa");
	set_scene(&s);
	s.sa[0].mark_mask = s.sa[0].mark_value = 1;
	RULE_SAYS(&s, DIR_OUT, 0, "blocked", "software", "no-sa");
	s.pol[0].mark_mask = s.pol[0].mark_value = 1;
	RULE_SAYS(&s, DIR_OUT, 1, "encrypted", "hw-packet", "none");
	/* software takes no SA of a device, and what is optional goes in clear then */
	set_scene(&s);
	s.pol[0].offload_ifindex = 0;
	s.pol[0].tmpl[0].optional = s.pol[1].tmpl[0].optional = 1;
	RULE_SAYS(&s, DIR_OUT, 0, "none", "none", "optional-no-sa");
	RULE_SAYS(&s, DIR_IN, 1, "none", "none", "optional-protection");
	set_scene(&s);
	s.sa[0].offload_ifindex = 4;
	RULE_SAYS(&s, DIR_OUT, 0, "blocked", "software", "no-sa");
	set_scene(&s);
	s.pol[0].tmpl[0].mode = s.sa[0].mode = XFRM_MODE_TUNNEL;
	memcpy(s.pol[0].tmpl[0].saddr, s.sa[0].saddr, 16);
	memcpy(s.pol[0].tmpl[0].daddr, s.sa[0].daddr, 16);
	RULE_SAYS(&s, DIR_OUT, 1, "encrypted", "hw-packet", "none");
	s.sa[0].offload_ifindex = 4;
	RULE_SAYS(&s, DIR_OUT, 0, "blocked", "software", "no-sa");
	/* inbound another peer's may deliver, and another's address is another's */
	set_scene(&s);
	s.sa[1].saddr[3] = 77;
	RULE_SAYS(&s, DIR_IN, 1, "encrypted", "hw-packet", "none");
	s.sa[1].daddr[3] = 77;
	RULE_SAYS(&s, DIR_IN, 0, "blocked", "software", "no-sa");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(all_well_in_hardware),
	cmocka_unit_test(hardware_needs_the_packet_flag_of_both),
	cmocka_unit_test(hardware_needs_a_device_that_works),
	cmocka_unit_test(what_else_could_deliver_makes_it_mixed),
	cmocka_unit_test(any_other_inline_nic_is_l1),
	cmocka_unit_test(inbound_only_a_unit_vouches),
	cmocka_unit_test(crypto_mode_may_fall_back),
	cmocka_unit_test(policies_without_sas),
	cmocka_unit_test(optional_protection),
	cmocka_unit_test(other_sas_do_not_count),
	cmocka_unit_test(whatever_the_kernel_takes_may_deliver),
	cmocka_unit_test(of_a_tunnel_only_the_source_counts),
	cmocka_unit_test(rekeys_and_mixtures),
	cmocka_unit_test(no_more_sas_than_a_report_reads_again),
	cmocka_unit_test(kinds_of_protection),
	cmocka_unit_test(tunnels),
	cmocka_unit_test(tunnels_with_crypto_offload),
	cmocka_unit_test(tunnels_of_another_family),
	cmocka_unit_test(sockets_with_policies_of_their_own),
	cmocka_unit_test(switches_that_no_table_shows),
	cmocka_unit_test(nested_transforms),
	cmocka_unit_test(transforms_around_a_tunnel),
	cmocka_unit_test(traffic_to_oneself),
	cmocka_unit_test(rules_without_a_flow),
};
RUN(tests)
