// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a socket can be latched on, and what breaks a latch: RFC 5660 2.2 and 2.3, and api-rules 5
 * (transport mode only), 6 (the reqid of the rule that its own tuple selects), 27 (records), I6.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../ipsecapid/marks.h"
#include "../ipsecapid/latch_check.h"
#include "../ipsecapid/latch_plan.h"
#include "../ipsecapid/latch_template.h"
#include "../ipsecapid/listeners.h"
#include "shipped.h"
#include "unit.h"

enum { OUT = DIR_OUT, IN = DIR_IN };
#define REASON(r) IPSECAPI_REASON_##r

static struct rec_policy policies[8];
static struct rec_sa sas[8];
static struct tables tables;
static struct link eth0;
static struct world w;
static struct flow_facts facts;
static struct latched held;
static struct latch_record record;
static struct latch_plan plan;

static void ends(int dir, uint8_t saddr[16], uint8_t daddr[16])
{
	inet_pton(AF_INET, dir == OUT ? "10.0.0.1" : "10.0.0.2", saddr);
	inet_pton(AF_INET, dir == OUT ? "10.0.0.2" : "10.0.0.1", daddr);
}

static struct rec_policy *add_policy(int dir, uint32_t reqid)
{
	struct rec_policy *p = &policies[tables.n_policies++];

	memset(p, 0, sizeof(*p));
	p->dir = dir;
	p->sel.family = AF_INET;
	p->sel.prefix_s = p->sel.prefix_d = 32;
	ends(dir, p->sel.saddr, p->sel.daddr);
	p->priority = 100;
	p->templates = 1;
	p->tmpl[0] = (struct rec_template){ .family = AF_INET, .proto = IPPROTO_ESP,
		.mode = XFRM_MODE_TRANSPORT, .reqid = reqid, .spi_sa = NO_SA };
	return p;
}

static struct rec_sa *add_sa(int dir, uint32_t reqid)
{
	struct rec_sa *sa = &sas[tables.n_sas++];

	*sa = (struct rec_sa){ .family = AF_INET, .proto = IPPROTO_ESP, .mode = XFRM_MODE_TRANSPORT,
		.reqid = reqid, .dir = DIR_UNKNOWN, .cipher = CIPHER_GCM_16_256, .auth = AUTH_NONE,
		.encrypts = 1, .authenticates = 1, .strength = IPSECAPI_STRENGTH_STRONG,
		.host_key = 1, .replay_window = 64, .custody = IPSECAPI_CUSTODY_L0 };
	ends(dir, sa->saddr, sa->daddr);
	return sa;
}

/* Two policies, two SAs, one link, one connection: nothing is in the way. */
static void begin(void)
{
	memset(&tables, 0, sizeof(tables));
	tables = (struct tables){ .read_at = 10, .policies = policies, .sas = sas };
	eth0 = (struct link){ .ifindex = 2, .up = true, .admin_up = true, .name = "eth0" };
	w = (struct world){ .tables = &tables, .links = &eth0, .n_links = 1 };
	facts = (struct flow_facts){ .family = AF_INET, .protocol = IPPROTO_TCP,
		.local_port = htons(40000), .peer_port = htons(80),
		.route = { .found = true, .oif = 2 } };
	ends(OUT, facts.local, facts.peer);
	add_policy(OUT, 7);
	add_policy(IN, 7);
	add_sa(OUT, 7);
	add_sa(IN, 7);
}

static struct wire_require want(const char *class)
{
	struct wire_require r = { 0 };

	strcpy(r.class, class);
	return r;
}

static uint32_t make_plan(const struct wire_require *r)
{
	struct outcomes set;

	assert_int_equal(latch_wanted(shipped_policy(), r, &set), REASON(NONE));
	latch_plan(&w, &facts, &set, &plan);
	return plan.status;
}

static void expect_refusal(int err, uint32_t reason)
{
	const struct wire_require strong = want("strong");

	assert_int_equal(make_plan(&strong), PLAN_REFUSED);
	assert_int_equal(plan.err, err);
	assert_int_equal(plan.reason, reason);
}

static void expect_plan(uint32_t status, uint32_t reason)
{
	const struct wire_require strong = want("strong");

	assert_int_equal(make_plan(&strong), status);
	assert_int_equal(plan.reason, reason);
}

static void the_reqid_is_the_policys(void **state)
{
	(void)state;
	begin();
	expect_plan(PLAN_LATCH, REASON(NONE));
	assert_int_equal(plan.reqid[OUT], 7);
	assert_int_equal(plan.reqid[IN], 7);
	/* inbound the system may have no policy, or one for any reqid: the latch asks for its own */
	tables.n_policies = 1;
	expect_plan(PLAN_LATCH, REASON(NONE));
	assert_int_equal(plan.reqid[IN], 7);
	add_policy(IN, 0);
	expect_plan(PLAN_LATCH, REASON(NONE));
	assert_int_equal(plan.reqid[IN], 7);
	/* or another, whose SAs are wanted then */
	policies[1].tmpl[0].reqid = 8;
	expect_plan(PLAN_WAIT, REASON(NO_SA));
	add_sa(IN, 8);
	expect_plan(PLAN_LATCH, REASON(NONE));
	assert_int_equal(plan.reqid[IN], 8);
}

/* An IKE daemon's policy names the SPI, too, and another one after each rekeying. */
static void an_spi_of_the_moment(void **state)
{
	(void)state;
	begin();
	policies[0].tmpl[0].has_spi = 1;
	policies[0].tmpl[0].spi_sa = 0;
	expect_plan(PLAN_LATCH, REASON(NONE));
	assert_int_equal(plan.spd[OUT].kind, SPD_PROTECT);
	assert_int_equal(plan.reqid[OUT], 7);
}

static void system_policy_is_not_overridden(void **state)
{
	(void)state;
	begin();
	policies[0].action = ACTION_BLOCK;
	expect_refusal(-EACCES, REASON(LOCAL_POLICY_BLOCK));
	begin();
	policies[1].action = ACTION_BLOCK;
	expect_refusal(-EACCES, REASON(LOCAL_POLICY_BLOCK));
	begin();
	tables.n_policies = 0;
	tables.default_block[OUT] = 1;
	expect_refusal(-EACCES, REASON(DEFAULT_BLOCK));
	begin();
	tables.n_policies = 1;
	tables.default_block[IN] = 1;
	expect_refusal(-EACCES, REASON(DEFAULT_BLOCK));
}

static void what_no_latch_can_hold(void **state)
{
	(void)state;
	begin();
	tables.n_policies = 0;
	expect_refusal(-ENOKEY, REASON(NO_POLICY));
	begin();
	policies[0].templates = 0;
	expect_refusal(-ENOKEY, REASON(BYPASS_POLICY));
	begin();
	policies[0].tmpl[0].optional = 1;
	expect_refusal(-EOPNOTSUPP, REASON(TRANSFORMS));
	begin();
	policies[0].templates = 2;
	expect_refusal(-EOPNOTSUPP, REASON(TRANSFORMS));
	begin();
	policies[0].tmpl[0].mode = XFRM_MODE_BEET;
	expect_refusal(-EOPNOTSUPP, REASON(TRANSFORMS));
	begin();
	policies[1].templates = 2;
	expect_refusal(-EOPNOTSUPP, REASON(TRANSFORMS));
	begin();
	policies[0].tmpl[0].reqid = 0;
	expect_refusal(-EOPNOTSUPP, REASON(NO_REQID));
	begin();
	policies[0].has_label = 1;
	expect_refusal(-EOPNOTSUPP, REASON(SECURITY_LABEL));
	begin();
	facts.route.found = false;
	expect_refusal(-ENETUNREACH, REASON(NO_ROUTE));
	begin();
	eth0.virtual_xfrm = true;
	expect_refusal(-EOPNOTSUPP, REASON(VIRTUAL_INTERFACE));
	begin();
	tables.read_at = 0;
	expect_refusal(-EAGAIN, REASON(EVIDENCE_STALE));
}

static void make_tunnel(int n)
{
	policies[n].tmpl[0].mode = sas[n].mode = XFRM_MODE_TUNNEL;
	inet_pton(AF_INET, n == OUT ? "192.0.2.1" : "192.0.2.2", policies[n].tmpl[0].saddr);
	inet_pton(AF_INET, n == OUT ? "192.0.2.2" : "192.0.2.1", policies[n].tmpl[0].daddr);
	memcpy(sas[n].saddr, policies[n].tmpl[0].saddr, 16);
	memcpy(sas[n].daddr, policies[n].tmpl[0].daddr, 16);
}

static void to_device(int n)
{
	policies[n].offload_ifindex = sas[n].offload_ifindex = 2;
	sas[n].offload = OFFLOAD_PACKET;
	sas[n].host_key = 0;
	sas[n].unit = UNIT_KNOWS;
	sas[n].custody = IPSECAPI_CUSTODY_L1;
}

/* api-rules 3 and 5: outbound no policy of the socket can hold these. */
static void what_the_gate_holds(void **state)
{
	(void)state;
	begin();
	expect_plan(PLAN_LATCH, REASON(NONE));
	assert_false(plan.gated);
	facts.protocol = IPPROTO_UDP;
	expect_plan(PLAN_LATCH, REASON(NONE));
	assert_true(plan.gated);
	begin();
	make_tunnel(OUT);
	make_tunnel(IN);
	expect_plan(PLAN_LATCH, REASON(NONE));
	assert_true(plan.gated);
	begin();
	to_device(OUT);
	to_device(IN);
	expect_plan(PLAN_LATCH, REASON(NONE));
	assert_true(plan.gated);
	begin();	/* what is gated stays so, whatever its mark leads to */
	facts.mark = w.gate_mark = marks_default.gate;
	expect_plan(PLAN_LATCH, REASON(NONE));
	assert_true(plan.gated);
}

/* Inbound a latch asks for the ends of the tunnel, also where the system asks for nothing. */
static void what_a_latch_asks_of_packets(void **state)
{
	struct latch_record r = { .tuple.family = AF_INET, .reqid = { 7, 7 } };
	struct rec_template t;

	(void)state;
	begin();
	make_tunnel(OUT);
	make_tunnel(IN);
	expect_plan(PLAN_LATCH, REASON(NONE));
	memcpy(r.spd, plan.spd, sizeof(r.spd));
	latch_template(&r, IN, &t);
	assert_int_equal(t.mode, XFRM_MODE_TUNNEL);
	assert_memory_equal(t.saddr, policies[1].tmpl[0].saddr, 16);
	assert_memory_equal(t.daddr, policies[1].tmpl[0].daddr, 16);
	tables.n_policies = 1;
	expect_plan(PLAN_LATCH, REASON(NONE));
	memcpy(r.spd, plan.spd, sizeof(r.spd));
	latch_template(&r, IN, &t);
	assert_int_equal(t.mode, XFRM_MODE_TUNNEL);
	assert_memory_equal(t.saddr, policies[1].tmpl[0].saddr, 16);
	assert_memory_equal(t.daddr, policies[1].tmpl[0].daddr, 16);
	begin();
	expect_plan(PLAN_LATCH, REASON(NONE));
	memcpy(r.spd, plan.spd, sizeof(r.spd));
	latch_template(&r, IN, &t);
	assert_int_equal(t.mode, XFRM_MODE_TRANSPORT);
	assert_int_equal(t.reqid, 7);
}

/* Hardware can be asked for where a device holds both directions. */
static void hardware_is_required(void **state)
{
	struct wire_require r = want("strong");

	(void)state;
	r.hardware = IPSECAPI_HARDWARE_REQUIRE;
	begin();
	assert_int_equal(make_plan(&r), PLAN_REFUSED);
	to_device(OUT);
	to_device(IN);
	assert_int_equal(make_plan(&r), PLAN_LATCH);
	eth0.up = false;
	assert_int_equal(make_plan(&r), PLAN_REFUSED);
}

/* Before bind() and connect() only policies that ask for no local port are sure to apply. */
static void a_port_that_is_not_known_yet(void **state)
{
	struct rec_policy *p;

	(void)state;
	begin();
	facts.local_port = 0;
	expect_plan(PLAN_LATCH, REASON(NONE));
	p = add_policy(OUT, 9);
	p->sel.sport = htons(99);
	p->sel.sport_mask = 0xffff;
	expect_refusal(-EINVAL, REASON(NOT_BOUND));
	p->sel.prefix_d = 32;	/* one for another peer does not matter */
	inet_pton(AF_INET, "10.0.0.9", p->sel.daddr);
	expect_plan(PLAN_LATCH, REASON(NONE));
	p = add_policy(IN, 9);
	p->sel.dport = htons(99);
	p->sel.dport_mask = 0xffff;
	expect_refusal(-EINVAL, REASON(NOT_BOUND));
	facts.local_port = htons(40000);
	expect_plan(PLAN_LATCH, REASON(NONE));
}

static void sas_decide(void **state)
{
	(void)state;
	begin();
	sas[1].state = SA_ACQUIRING;
	expect_plan(PLAN_WAIT, REASON(ACQUIRING));
	sas[1].state = SA_EXPIRED;
	expect_plan(PLAN_WAIT, REASON(SA_EXPIRED));
	begin();
	tables.n_sas = 0;
	expect_plan(PLAN_WAIT, REASON(NO_SA));
	begin();
	sas[0].cipher = CIPHER_GCM_16_128;
	expect_refusal(-EOPNOTSUPP, REASON(OUTSIDE_CLASS));
	begin();
	sas[1].cipher = CIPHER_GCM_16_128;
	expect_refusal(-EOPNOTSUPP, REASON(OUTSIDE_CLASS));
	begin();	/* one of two is enough */
	add_sa(IN, 7)->cipher = CIPHER_GCM_16_128;
	expect_refusal(-EOPNOTSUPP, REASON(OUTSIDE_CLASS));
	begin();	/* of an SA in a device's hands no policy of software sends */
	sas[0].offload = OFFLOAD_PACKET;
	sas[0].offload_ifindex = 2;
	expect_plan(PLAN_WAIT, REASON(NO_SA));
}

static void what_is_asked_narrows(void **state)
{
	struct wire_require r = want("weak");
	struct outcomes set;

	(void)state;
	begin();
	sas[0].replay_window = sas[1].replay_window = 0;
	assert_int_equal(make_plan(&r), PLAN_LATCH);
	r.flags = WANT_REPLAY;
	assert_int_equal(make_plan(&r), PLAN_REFUSED);
	r.flags = 0;
	r.custody = IPSECAPI_CUSTODY_L0;
	assert_int_equal(make_plan(&r), PLAN_LATCH);
	r.custody = IPSECAPI_CUSTODY_L1;
	assert_int_equal(make_plan(&r), PLAN_REFUSED);
	r.custody = 0;
	r.hardware = IPSECAPI_HARDWARE_PREFER;
	assert_int_equal(make_plan(&r), PLAN_LATCH);
	r.hardware = IPSECAPI_HARDWARE_REQUIRE;
	assert_int_equal(make_plan(&r), PLAN_REFUSED);
	r.hardware = 0;
	sas[0].cipher = sas[1].cipher = CIPHER_NULL;
	sas[0].auth = sas[1].auth = AUTH_SHA2_256_128;
	sas[0].encrypts = sas[1].encrypts = 0;
	assert_int_equal(make_plan(&r), PLAN_LATCH);
	r.protection = IPSECAPI_PROTECTION_ENCRYPTED;
	assert_int_equal(make_plan(&r), PLAN_REFUSED);
	assert_int_equal(plan.reason, REASON(OUTSIDE_CLASS));
	r = want("nonesuch");
	assert_int_equal(latch_wanted(shipped_policy(), &r, &set), REASON(NO_SUCH_CLASS));
}

/* A class that accepts clear is latched without: a latch that lets clear pass is none. */
static void clear_is_never_granted(void **state)
{
	static struct policy p;
	struct wire_require r = want("open"), shut = want("shut");
	struct outcomes set;

	(void)state;
	assert_int_equal(build_policy(&p, "[class open]\nencryption = ENCR_AES_GCM_16\nmode = clear, transport\n"
				      "[class shut]\nencryption = ENCR_NULL\nintegrity = AUTH_HMAC_SHA2_256_128\n", stderr), 0);
	assert_int_equal(latch_wanted(&p, &r, &set), REASON(NONE));
	assert_false(set.clear);
	shut.protection = IPSECAPI_PROTECTION_ENCRYPTED;
	assert_int_equal(latch_wanted(&p, &shut, &set), REASON(NOTHING_LEFT));
}

/* --- what breaks a latch -------------------------------------------------------------------- */

static void show_latch(void)
{
	int dir;

	for (dir = held.gated ? IN : OUT; dir <= IN; dir++)
		policies[tables.n_policies++] = held.policy[dir];
}

/* The kernel shows what it holds of a latch on what was begun. */
static void grant_here(void)
{
	struct wire_require strong = want("strong");

	assert_int_equal(make_plan(&strong), PLAN_LATCH);
	record = (struct latch_record){ .id = LATCH_ID_MARK << 32 | 5, .tuple.family = AF_INET,
					.gated = plan.gated };
	latch_wanted(shipped_policy(), &strong, &record.set);
	memcpy(record.reqid, plan.reqid, sizeof(record.reqid));
	memcpy(record.spd, plan.spd, sizeof(record.spd));
	held = (struct latched){ .since = 1 };
	latch_policies(&held, &record);
	show_latch();
	facts.latch = &held;
}

static void grant(void)
{
	begin();
	grant_here();
}

static enum latch_finding check(uint32_t *reason)
{
	struct verdict v;

	verdict_flow(&w, &facts, &v);
	return latch_check(&w, &record, &facts, &v, reason);
}

static void expect_finding(enum latch_finding wanted, uint32_t reason)
{
	uint32_t why;

	assert_int_equal(check(&why), wanted);
	assert_int_equal(why, reason);
}

static void the_policy_it_was_granted_under(void **state)
{
	(void)state;
	grant();
	expect_finding(LATCH_HOLDS, REASON(NONE));
	policies[0].action = ACTION_BLOCK;
	expect_finding(LATCH_BREAKS, REASON(POLICY_CHANGED));
	policies[0].action = ACTION_ALLOW;
	expect_finding(LATCH_HOLDS, REASON(NONE));
	policies[0].templates = 0;
	expect_finding(LATCH_BREAKS, REASON(POLICY_CHANGED));
	policies[0].templates = 1;
	policies[0].tmpl[0].reqid = 8;
	expect_finding(LATCH_BREAKS, REASON(POLICY_CHANGED));
	policies[0].tmpl[0].reqid = 7;
	policies[1].tmpl[0].mode = XFRM_MODE_TUNNEL;
	expect_finding(LATCH_BREAKS, REASON(POLICY_CHANGED));
	policies[1].tmpl[0].mode = XFRM_MODE_TRANSPORT;
	expect_finding(LATCH_HOLDS, REASON(NONE));
}

static void sas_that_come_and_go(void **state)
{
	struct rec_sa *other;

	(void)state;
	grant();
	tables.n_sas = 0;	/* RFC 5660 2.3: their absence is no event */
	expect_finding(LATCH_HOLDS, REASON(NONE));
	tables.n_sas = 2;
	other = add_sa(OUT, 7);
	expect_finding(LATCH_HOLDS, REASON(NONE));
	other->cipher = CIPHER_GCM_16_128;
	expect_finding(LATCH_BREAKS, REASON(OUTSIDE_CLASS));
	other->reqid = 8;	/* by which nothing of this socket is sent */
	expect_finding(LATCH_HOLDS, REASON(NONE));
	other->reqid = 7;
	ends(IN, other->saddr, other->daddr);
	expect_finding(LATCH_BREAKS, REASON(OUTSIDE_CLASS));
}

static void what_the_kernel_holds(void **state)
{
	(void)state;
	grant();
	tables.n_policies--;	/* one direction is gone */
	expect_finding(LATCH_MISSING, REASON(NONE));
	held.since = tables.read_at;	/* the tables are older than the latch */
	expect_finding(LATCH_HOLDS, REASON(NONE));
	tables.n_policies++;
	policies[3].latch++;	/* another's */
	held.since = 1;
	expect_finding(LATCH_MISSING, REASON(NONE));
}

/* api-rules 3: what a device held is gone after a link bounce; the gate drops what it was for. */
static void a_gated_one(void **state)
{
	struct verdict v;

	(void)state;
	begin();
	to_device(OUT);
	to_device(IN);
	grant_here();
	expect_finding(LATCH_HOLDS, REASON(NONE));
	verdict_flow(&w, &facts, &v);
	assert_int_equal(v.dir[OUT].enforced_by, IPSECAPI_ENFORCED_HW_PACKET);
	assert_int_equal(v.dir[IN].enforced_by, IPSECAPI_ENFORCED_HW_PACKET);
	assert_true(v.dir[OUT].basis & v.dir[IN].basis & IPSECAPI_BASIS_LATCH);
	policies[0].offload_ifindex = 0;	/* now it is done in software */
	expect_finding(LATCH_BREAKS, REASON(POLICY_CHANGED));
	policies[0].offload_ifindex = 2;
	policies[0].dir = DIR_FWD;		/* there is none any more */
	expect_finding(LATCH_BREAKS, REASON(POLICY_CHANGED));
	verdict_flow(&w, &facts, &v);
	assert_int_equal(v.dir[OUT].protection, IPSECAPI_PROTECTION_BLOCKED);
	assert_int_equal(v.dir[OUT].reason, REASON(NO_POLICY));
	policies[0].dir = OUT;
	expect_finding(LATCH_HOLDS, REASON(NONE));
	tables.n_policies--;			/* nor the one of the socket */
	expect_finding(LATCH_MISSING, REASON(NONE));
}

/* The kernel asks a socket's policy wherever a packet came from; the system's outbound it may not. */
static void a_gate_does_not_hold_what_is_switched_off(void **state)
{
	struct verdict v;

	(void)state;
	begin();
	facts.protocol = IPPROTO_UDP;
	grant_here();
	expect_finding(LATCH_HOLDS, REASON(NONE));
	eth0.no_xfrm4 = true;
	verdict_flow(&w, &facts, &v);
	assert_int_equal(v.dir[OUT].protection, IPSECAPI_PROTECTION_BLOCKED);
	assert_int_equal(v.dir[OUT].reason, REASON(INTERFACE_NO_POLICY));
	assert_int_equal(v.dir[IN].protection, IPSECAPI_PROTECTION_ENCRYPTED);
}

static void where_nothing_can_be_told(void **state)
{
	(void)state;
	grant();
	facts.route.found = false;
	expect_finding(LATCH_HOLDS, REASON(NONE));
	facts.route.found = true;
	w.links_unread = true;
	expect_finding(LATCH_HOLDS, REASON(NONE));
	w.links_unread = false;
	eth0.virtual_xfrm = true;	/* the kernel asks no policy of sockets there */
	expect_finding(LATCH_BREAKS, REASON(VIRTUAL_INTERFACE));
}

static void one_that_waits(void **state)
{
	(void)state;
	grant();
	record.waiting = 1;
	tables.n_sas = 0;
	expect_finding(LATCH_WAITS, REASON(NO_SA));
	tables.n_sas = 2;
	expect_finding(LATCH_READY, REASON(NONE));
	sas[0].cipher = CIPHER_GCM_16_128;
	expect_finding(LATCH_WAITS, REASON(OUTSIDE_CLASS));
	policies[0].templates = 0;
	expect_finding(LATCH_WAITS, REASON(BYPASS_POLICY));
}

/* api-rules 9, 27: a latch of ours puts no other flow in doubt, one that we don't know does. */
static void latches_of_others(void **state)
{
	const uint64_t known[] = { LATCH_ID_MARK << 32 | 5 };
	struct verdict v;

	(void)state;
	grant();
	facts.latch = NULL;
	verdict_flow(&w, &facts, &v);
	assert_int_equal(v.dir[OUT].reason, REASON(SOCKET_POLICY));
	w.latches = known;
	w.n_latches = 1;
	verdict_flow(&w, &facts, &v);
	assert_int_equal(v.dir[OUT].reason, REASON(NONE));
	assert_false(v.dir[OUT].basis & IPSECAPI_BASIS_LATCH);
}

/* --- listeners: api-rules 2 ------------------------------------------------------------------ */

static struct listen_reqids listed;

static void list(const char *class)
{
	struct wire_require r = want(class);

	memset(&record, 0, sizeof(record));
	record.listener = 1;
	record.tuple.family = AF_INET;
	record.tuple.local_port = htons(80);
	latch_wanted(shipped_policy(), &r, &record.set);
	listener_reqids(&w, &record, &listed);
}

static void who_may_come(void **state)
{
	(void)state;
	begin();
	list("strong");
	assert_int_equal(listed.dir[IN].n, 1);
	assert_int_equal(listed.dir[IN].at[0], 7);
	assert_int_equal(listed.dir[OUT].n, 1);
	add_sa(IN, 7)->cipher = CIPHER_GCM_16_128;	/* nothing tells its packets from the others' */
	list("strong");
	assert_int_equal(listed.dir[IN].n, 0);
	assert_int_equal(listed.dir[OUT].n, 1);
	list("standard");
	assert_int_equal(listed.dir[IN].n, 1);
	begin();	/* others at other addresses of this host */
	record.tuple.local[0] = 10;
	sas[1].daddr[3] = 9;
	list("strong");
	assert_int_equal(listed.dir[IN].n, 1);
	memset(record.tuple.local, 0, 16);
	ends(OUT, record.tuple.local, (uint8_t[16]){ 0 });
	listener_reqids(&w, &record, &listed);
	assert_int_equal(listed.dir[IN].n, 0);
}

/* I6: the listener's own policy would let in what the system blocks. */
static void whom_the_system_blocks(void **state)
{
	(void)state;
	begin();
	policies[1].action = ACTION_BLOCK;
	list("strong");
	assert_int_equal(listed.dir[IN].n, 0);
	begin();
	policies[1].tmpl[0].reqid = 8;
	list("strong");
	assert_int_equal(listed.dir[IN].n, 0);
	begin();
	tables.n_policies = 1;	/* none inbound: the listener asks for more than the system */
	list("strong");
	assert_int_equal(listed.dir[IN].n, 1);
	begin();
	policies[0].templates = 0;	/* the answers would leave in clear */
	list("strong");
	assert_int_equal(listed.dir[OUT].n, 0);
}

static void several_at_one_port(void **state)
{
	struct listen_reqids a = { .dir = { { 3, { 1, 2, 3 } }, { 1, { 5 } } } };
	const struct listen_reqids b = { .dir = { { 2, { 2, 9 } }, { 0, { 0 } } } };

	(void)state;
	assert_false(listen_reqids_same(&a, &b));
	listen_reqids_both(&a, &b);
	assert_int_equal(a.dir[OUT].n, 1);
	assert_int_equal(a.dir[OUT].at[0], 2);
	assert_int_equal(a.dir[IN].n, 0);
}

/* --- the file ------------------------------------------------------------------------------- */

static void what_is_written_down(void **state)
{
	char path[] = "/tmp/latches-XXXXXX";
	uint8_t boot[16] = { 1 }, other[16] = { 2 };
	struct latch_record r = { .version = LATCH_RECORD_VERSION, .id = 5, .boot_id = { 1 } }, back;
	int fd = mkstemp(path), again;

	(void)state;
	close(fd);
	fd = records_open(path);
	assert_true(fd >= 0);
	assert_int_equal(record_read(fd, 0, boot, &back), -ENODATA);
	assert_int_equal(record_write(fd, 3, &r), 0);
	assert_int_equal(record_read(fd, 0, boot, &back), 0);
	assert_int_equal(record_read(fd, 3, boot, &back), 1);
	assert_memory_equal(&r, &back, sizeof(r));
	assert_int_equal(record_read(fd, 3, other, &back), 0);	/* the kernel forgot it */
	assert_int_equal(pwrite(fd, "x", 1, 3 * 512 + offsetof(struct latch_record, uid)), 1);
	assert_int_equal(record_read(fd, 3, boot, &back), 0);
	assert_int_equal(record_write(fd, 3, &r), 0);
	assert_int_equal(record_write(fd, 3, NULL), 0);
	assert_int_equal(record_read(fd, 3, boot, &back), 0);
	assert_int_equal(fchmod(fd, 0644), 0);	/* somebody else may have written it */
	again = records_open(path);
	assert_int_equal(again, -EPERM);
	close(fd);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(records_open(path), -EPERM);
	unlink(path);
	assert_int_equal(records_open("/nonexistent/latches"), -ENOENT);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_reqid_is_the_policys),
	cmocka_unit_test(an_spi_of_the_moment),
	cmocka_unit_test(system_policy_is_not_overridden),
	cmocka_unit_test(what_no_latch_can_hold),
	cmocka_unit_test(what_the_gate_holds),
	cmocka_unit_test(what_a_latch_asks_of_packets),
	cmocka_unit_test(hardware_is_required),
	cmocka_unit_test(a_port_that_is_not_known_yet),
	cmocka_unit_test(sas_decide),
	cmocka_unit_test(what_is_asked_narrows),
	cmocka_unit_test(clear_is_never_granted),
	cmocka_unit_test(the_policy_it_was_granted_under),
	cmocka_unit_test(sas_that_come_and_go),
	cmocka_unit_test(what_the_kernel_holds),
	cmocka_unit_test(a_gated_one),
	cmocka_unit_test(a_gate_does_not_hold_what_is_switched_off),
	cmocka_unit_test(where_nothing_can_be_told),
	cmocka_unit_test(one_that_waits),
	cmocka_unit_test(latches_of_others),
	cmocka_unit_test(who_may_come),
	cmocka_unit_test(whom_the_system_blocks),
	cmocka_unit_test(several_at_one_port),
	cmocka_unit_test(what_is_written_down),
};
RUN(tests)
