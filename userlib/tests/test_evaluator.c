// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is granted: api-rules 21, ARCHITECTURE I6. The evaluator against a reference that lists
 * every outcome of a small world and asks of each, one by one, whether a class accepts it: over
 * every combination of application rule, interface rule, their modes, request and privilege, and
 * over random policies: rules that only report narrow nothing (39). And which rule selects a flow.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "../ipsecapid/evaluator.h"
#include "shipped.h"
#include "unit.h"

/* --- the reference: outcomes of a small world, listed ---------------------------------------- */

static const struct {
	uint8_t cipher, auth;
} pairs[] = {
	{ CIPHER_GCM_16_256, AUTH_NONE }, { CIPHER_GCM_16_128, AUTH_NONE },
	{ CIPHER_CBC_256, AUTH_SHA2_256_128 }, { CIPHER_CBC_256, AUTH_SHA1_96 },
	{ CIPHER_NULL, AUTH_SHA2_256_128 }, { CIPHER_3DES, AUTH_SHA2_256_128 },
};
enum { GCM256, GCM128, CBC256, CBC256_SHA1, AUTH_ONLY, DES3, PAIRS };

struct point {
	bool clear;
	int pair, mode, replay, custody, maker, peer;	/* each counts from 0 */
};

#define MODES	2
#define REPLAYS	2
#define LEVELS	2	/* L0 and L4 */
#define MAKERS	3
#define NAMED	3	/* anybody else, and two that have names */
#define POINTS	(1 + PAIRS * MODES * REPLAYS * LEVELS * MAKERS * NAMED)

static struct point points[POINTS];

static void list_points(void)
{
	int n = 0, a, b, c, d, e, f;

	points[n++].clear = true;
	for (a = 0; a < PAIRS; a++)
		for (b = 0; b < MODES; b++)
			for (c = 0; c < REPLAYS; c++)
				for (d = 0; d < LEVELS; d++)
					for (e = 0; e < MAKERS; e++)
						for (f = 0; f < NAMED; f++)
							points[n++] = (struct point){ false, a, b, c, d, e, f };
	assert_int_equal(n, POINTS);
}

/* A set is the list of which are in it. */
struct listed {
	bool in[POINTS];
};

/* Does the evaluator's set have this point? */
static bool holds(const struct outcomes *o, const struct point *p)
{
	if (p->clear)
		return o->clear;
	return o->suites[pairs[p->pair].cipher] >> pairs[p->pair].auth & 1 && o->modes >> p->mode & 1 &&
	       o->replay >> p->replay & 1 && o->makers >> p->maker & 1 && o->peers >> p->peer & 1 &&
	       o->custody >> (p->custody ? IPSECAPI_CUSTODY_L4 : IPSECAPI_CUSTODY_L0) & 1;
}

/* What a rule asks for, written down once for the reference and once as text for the parser. */
struct choice {
	const char *use;	/* NULL: there is no rule, or no request */
	bool (*accepts)(const struct point *p);
};

static bool everything(const struct point *p) { return p || !p; }
static bool nothing(const struct point *p) { return !p; }
static bool strong(const struct point *p)
{
	return !p->clear && p->replay && (p->pair == GCM256 || p->pair == CBC256);
}
static bool standard(const struct point *p)
{
	return !p->clear && p->replay && (p->pair == GCM256 || p->pair == GCM128 || p->pair == CBC256);
}
static bool weak(const struct point *p) { return !p->clear; }
static bool tunnelled(const struct point *p) { return !p->clear && p->pair == GCM256 && p->mode == 1; }
static bool opportunistic(const struct point *p) { return p->clear || p->pair == GCM128; }
static bool in_hardware(const struct point *p) { return weak(p) && p->pair == GCM256 && p->maker; }
static bool sealed(const struct point *p) { return weak(p) && p->pair == GCM256 && p->custody; }
static bool known_peer(const struct point *p) { return weak(p) && p->pair == GCM256 && p->peer == 2; }
static bool readable(const struct point *p) { return weak(p) && p->pair == AUTH_ONLY; }

static const char classes[] =
	"[class names]\nencryption = ENCR_AES_GCM_16\npeers = one, two\n"	/* gives them numbers 1 and 2 */
	"[class tunnelled]\nencryption = ENCR_AES_GCM_16/256\nmode = tunnel\nreplay = any\n"
	"[class optional]\nencryption = ENCR_AES_GCM_16/128\nmode = clear, transport, tunnel\nreplay = any\n"
	"[class inhardware]\nencryption = ENCR_AES_GCM_16/256\nhardware = require\nreplay = any\n"
	"[class sealed]\nencryption = ENCR_AES_GCM_16/256\ncustody = L4\nreplay = any\n"
	"[class known]\nencryption = ENCR_AES_GCM_16/256\npeers = two\nreplay = any\n"
	"[class readable]\nencryption = ENCR_NULL\nintegrity = AUTH_HMAC_SHA2_256_128\nreplay = any\n";

static const struct choice choices[] = {
	{ NULL, everything }, { "bypass", everything }, { "block", nothing },
	{ "weak", weak }, { "standard", standard }, { "strong", strong },
	{ "tunnelled", tunnelled }, { "optional", opportunistic }, { "inhardware", in_hardware },
	{ "sealed", sealed }, { "known", known_peer }, { "readable", readable },
};
#define CHOICES (sizeof(choices) / sizeof(choices[0]))

struct expected {
	uint32_t status, layer;
	struct listed set;
};

static bool any(const struct listed *l)
{
	int i;

	for (i = 0; i < POINTS; i++)
		if (l->in[i])
			return true;
	return false;
}

/* The rule itself, point by point. @may: the asking user is let by the rule of that layer. */
static void reference(const struct listed rule[LAYERS], const struct listed *req, bool less,
		      const bool may[LAYERS], struct expected *e)
{
	static const uint32_t layers[] = { IPSECAPI_POLICY_LAYER_APPLICATION, IPSECAPI_POLICY_LAYER_INTERFACE };
	int l, i;

	memset(e, 0, sizeof(*e));
	for (i = 0; i < POINTS; i++)
		e->set.in[i] = true;
	for (l = 0; l < LAYERS; l++) {
		bool subset = true;

		for (i = 0; req && i < POINTS; i++)
			if (req->in[i] && !rule[l].in[i])
				subset = false;
		if (req && less && !subset) {
			if (may[l])
				continue;
			e->status = GRANT_PRIVILEGE;
			e->layer = layers[l];
			return;
		}
		for (i = 0; i < POINTS; i++)
			e->set.in[i] = e->set.in[i] && rule[l].in[i];
		if (!any(&e->set)) {
			e->status = GRANT_EMPTY;
			e->layer = layers[l];
			return;
		}
	}
	for (i = 0; req && i < POINTS; i++)
		e->set.in[i] = e->set.in[i] && req->in[i];
	e->status = any(&e->set) ? GRANT_GIVEN : GRANT_EMPTY;
	e->layer = any(&e->set) ? 0 : IPSECAPI_POLICY_LAYER_REQUEST;
}

static void compare(const struct grant *g, const struct expected *e)
{
	int i;

	assert_int_equal(g->status, e->status);
	assert_int_equal(g->layer, e->layer);
	if (e->status != GRANT_GIVEN)
		return;
	for (i = 0; i < POINTS; i++)
		assert_int_equal(holds(&g->set, &points[i]), e->set.in[i]);
}

static void fill(struct listed *l, const struct choice *c)
{
	int i;

	for (i = 0; i < POINTS; i++)
		l->in[i] = c->accepts(&points[i]);
}

/* Both rules and both groups: "root", of which user 0 is a member and user 7 isn't, or none. */
static void build(struct policy *p, const struct choice *app, const struct choice *ifc, const bool lets[LAYERS],
		  const bool enforces[LAYERS])
{
	static const char *const less[] = { "no", "group root" }, *const modes[] = { "report", "enforce" };
	char text[4096];
	int n = snprintf(text, sizeof(text), "%s", classes);

	if (app->use)
		n += snprintf(text + n, sizeof(text) - n, "[application a]\nuse = %s\nmay-ask-less = %s\nmode = %s\n",
			      app->use, less[lets[0]], modes[enforces[0]]);
	if (ifc->use)
		snprintf(text + n, sizeof(text) - n, "[interface i]\nuse = %s\nmay-ask-less = %s\nmode = %s\n",
			 ifc->use, less[lets[1]], modes[enforces[1]]);
	assert_int_equal(build_policy(p, text, stderr), 0);
}

static void request_of(const struct policy *p, const struct choice *c, struct policy_request *req)
{
	struct policy_rule r = { .action = RULE_CLASS };
	int class = c->use ? policy_class_by_name(p, c->use) : -1;

	if (class >= 0)
		r.class = class;
	else
		r.action = c->accepts == nothing ? RULE_BLOCK : RULE_BYPASS;
	policy_accepts(p, &r, &req->set);
}

static unsigned int combinations;

static void ask_all(const struct policy *p, const struct listed rule[LAYERS], const bool lets[LAYERS],
		    bool enforcing)
{
	const struct policy_facts facts = { .family = AF_INET, .interface = "eth0" };
	struct policy_rules found;
	struct policy_request req;
	struct expected e;
	struct listed asked;
	struct grant g;
	size_t c;
	int how;

	if (enforcing)
		policy_find_enforcing(p, &facts, &found);
	else
		policy_find(p, &facts, &found);
	for (c = 0; c < CHOICES; c++) {
		for (how = 0; how < 4; how++) {	/* asks less or not; in the group or not */
			const bool member = how & 2, may[LAYERS] = { lets[0] && member, lets[1] && member };
			bool some = choices[c].use;

			req.less = how & 1;
			req.uid = member ? 0 : 7;
			request_of(p, &choices[c], &req);
			fill(&asked, &choices[c]);
			reference(rule, some ? &asked : NULL, req.less, may, &e);
			policy_evaluate(p, &found, some ? &req : NULL, &g);
			compare(&g, &e);
			combinations++;
		}
	}
}

static void every_combination_is_as_the_reference_has_it(void **state)
{
	static const struct choice none = { NULL, everything };
	struct listed rule[LAYERS], held[LAYERS];
	struct policy p;
	size_t a, i;
	int how;

	(void)state;
	list_points();
	for (a = 0; a < CHOICES; a++) {
		for (i = 0; i < CHOICES; i++) {
			fill(&rule[0], &choices[a]);
			fill(&rule[1], &choices[i]);
			for (how = 0; how < 16; how++) {
				/* a rule that isn't there lets nobody, and need not; so does one that only reports */
				const bool lets[LAYERS] = { how & 1 && choices[a].use, how & 2 && choices[i].use };
				const bool enforces[LAYERS] = { how & 4, how & 8 };
				const bool both[LAYERS] = { lets[0] && enforces[0], lets[1] && enforces[1] };

				build(&p, &choices[a], &choices[i], lets, enforces);
				if (!(how & 12))
					ask_all(&p, rule, lets, false);
				fill(&held[0], enforces[0] ? &choices[a] : &none);
				fill(&held[1], enforces[1] ? &choices[i] : &none);
				ask_all(&p, held, both, true);
			}
		}
	}
	print_message("# %u combinations of %zu rules, modes, requests and privileges\n", combinations, CHOICES);
}

/* --- random policies ------------------------------------------------------------------------ */

static const char *const pair_text[] = { "ENCR_AES_GCM_16/256", "ENCR_AES_GCM_16/128" };
static const char *const mode_text[] = { "transport", "tunnel", "clear" };
static const char *const custody_text[] = { "L0", "L4" };
static const char *const peer_text[] = { "", "one", "two" };	/* 0 has no name */

static int list(char *text, size_t size, const char *key, const char *const *words, unsigned int set)
{
	int n = snprintf(text, size, "%s =", key), i, first = 1;

	for (i = 0; set >> i; i++)
		if (set >> i & 1) {
			n += snprintf(text + n, size - n, "%s %s", first ? "" : ",", words[i]);
			first = 0;
		}
	return n + snprintf(text + n, size - n, "\n");
}

/* A class by chance, as text and as a list. */
static int chance(uint64_t *seed, char *text, size_t size, const char *name, struct listed *l)
{
	unsigned int suites = 1 + rnd(seed) % 3, modes = 1 + rnd(seed) % 7, levels = 1 + rnd(seed) % 3;
	unsigned int peers = 2 * (1 + rnd(seed) % 3), replay = rnd(seed) % 2, hw = rnd(seed) % 2;
	int n = snprintf(text, size, "[class %s]\nreplay = %s\nhardware = %s\n", name,
			 replay ? "required" : "any", hw ? "require" : "any"), i;

	n += list(text + n, size - n, "encryption", pair_text, suites);
	n += list(text + n, size - n, "mode", mode_text, modes);
	n += list(text + n, size - n, "custody", custody_text, levels);
	n += list(text + n, size - n, "peers", peer_text, peers);
	for (i = 0; i < POINTS; i++) {
		const struct point *p = &points[i];

		if (p->clear)
			l->in[i] = modes & 4;
		else
			l->in[i] = p->pair < 2 && suites >> p->pair & 1 && modes >> p->mode & 1 &&
				   levels >> p->custody & 1 && (!hw || p->maker) && (!replay || p->replay) &&
				   peers >> p->peer & 1;
	}
	return n;
}

static void random_policies_are_as_the_reference_has_them(void **state)
{
	const struct policy_facts facts = { .family = AF_INET, .interface = "eth0" };
	struct policy_request req;
	struct listed rule[LAYERS], asked;
	struct policy_rules found;
	uint64_t seed = 20261129;
	char text[4096];
	struct expected e;
	struct policy p;
	struct grant g;
	int round, n;

	(void)state;
	list_points();
	for (round = 0; round < 3000; round++) {
		const bool member = rnd(&seed) & 1, lets[LAYERS] = { rnd(&seed) & 1, rnd(&seed) & 1 };
		const bool may[LAYERS] = { lets[0] && member, lets[1] && member };

		n = snprintf(text, sizeof(text), "[class names]\nencryption = ENCR_NULL\n"
			     "integrity = AUTH_HMAC_SHA2_256_128\npeers = one, two\n");
		n += chance(&seed, text + n, sizeof(text) - n, "ca", &rule[0]);
		n += chance(&seed, text + n, sizeof(text) - n, "ci", &rule[1]);
		n += chance(&seed, text + n, sizeof(text) - n, "cr", &asked);
		snprintf(text + n, sizeof(text) - n, "[application a]\nuse = ca\nmay-ask-less = %s\n"
			 "[interface i]\nuse = ci\nmay-ask-less = %s\n", lets[0] ? "group root" : "no",
			 lets[1] ? "group root" : "no");
		assert_int_equal(build_policy(&p, text, stderr), 0);
		policy_find(&p, &facts, &found);
		req.set = p.classes[policy_class_by_name(&p, "cr")].set;
		req.less = rnd(&seed) & 1;
		req.uid = member ? 0 : 7;
		reference(rule, &asked, req.less, may, &e);
		policy_evaluate(&p, &found, &req, &g);
		compare(&g, &e);
	}
}

/* --- which rule ----------------------------------------------------------------------------- */

static const char rules[] =
	"[application web]\nuse = strong\nprotocol = tcp\nremote-port = 80-443\nuser = 7\npriority = 1\n"
	"[application net]\nuse = standard\nremote = 192.0.2.0/25\npriority = 2\n"
	"[application six]\nuse = weak\nremote = 2001:db8::/33\n"
	"[application admins]\nuse = bypass\ngroup = root\n"
	"[application elsewhere]\nuse = block\nlocal = 10.0.0.1\n"
	"[application above]\nuse = block\nlocal = 10.0.0.2\nlocal-port = 23-30\n"
	"[application server]\nuse = block\nlocal = 10.0.0.2\nlocal-port = 22\nremote = 203.0.113.0/24\n"
	"[interface wan]\nuse = strong\ninterface = eth0\n";

static const char *which(const char *remote, uint16_t port, uint8_t protocol, uint32_t uid, int layer)
{
	static struct policy p;
	struct policy_facts f = { .protocol = protocol, .remote_port = port, .local_port = 22, .uid = uid,
				  .interface = layer ? "eth0" : "eth1" };
	struct policy_rules r;

	f.family = strchr(remote, ':') ? AF_INET6 : AF_INET;
	inet_pton(f.family, remote, f.remote);
	inet_pton(AF_INET, "10.0.0.2", f.local);
	assert_int_equal(build_policy(&p, rules, stderr), 0);
	policy_find(&p, &f, &r);
	if (!layer)	/* eth1 has no rule of its own */
		assert_null(r.at[LAYER_INTERFACE]);
	return r.at[layer] ? r.at[layer]->name : "";
}

static void the_first_rule_that_selects_applies(void **state)
{
	(void)state;
	assert_string_equal(which("192.0.2.5", 80, IPPROTO_TCP, 7, 0), "web");
	assert_string_equal(which("192.0.2.5", 443, IPPROTO_TCP, 7, 0), "web");
	assert_string_equal(which("192.0.2.5", 79, IPPROTO_TCP, 7, 0), "net");
	assert_string_equal(which("192.0.2.5", 444, IPPROTO_TCP, 7, 0), "net");
	assert_string_equal(which("192.0.2.5", 80, IPPROTO_UDP, 7, 0), "net");
	assert_string_equal(which("192.0.2.5", 80, IPPROTO_TCP, 8, 0), "net");
	assert_string_equal(which("192.0.2.127", 9, IPPROTO_TCP, 8, 0), "net");
	assert_string_equal(which("192.0.2.128", 9, IPPROTO_TCP, 8, 0), "");
	assert_string_equal(which("192.0.2.128", 9, IPPROTO_TCP, 0, 0), "admins");
	assert_string_equal(which("2001:db8:7fff::1", 9, IPPROTO_TCP, 8, 0), "six");
	assert_string_equal(which("2001:db8:8000::1", 9, IPPROTO_TCP, 8, 0), "");
	assert_string_equal(which("203.0.113.1", 9, IPPROTO_TCP, 8, 0), "server");
	assert_string_equal(which("198.51.100.1", 9, IPPROTO_TCP, 8, 1), "wan");
}

/* --- which rule enforces --------------------------------------------------------------------- */

static struct policy trial;

static const char *enforcing(const char *text, uint32_t uid, uint8_t protocol)
{
	const struct policy_facts f = { .family = AF_INET, .protocol = protocol, .uid = uid, .interface = "eth0" };
	struct policy_rules r;

	assert_int_equal(build_policy(&trial, text, stderr), 0);
	policy_find_enforcing(&trial, &f, &r);
	return r.at[0] ? r.at[0]->name : "";
}

#define TRIAL(name, use, mode) "[application " name "]\nuse = " use "\nmode = " mode "\n"

/* api-rules 39: an exception that is only tried is none yet; a stricter rule that is tried takes nothing away. */
static void a_rule_in_trial_changes_nothing(void **state)
{
	(void)state;
	assert_string_equal(enforcing(TRIAL("a", "bypass", "report") TRIAL("b", "strong", "enforce"), 7, 6), "b");
	assert_string_equal(enforcing(TRIAL("a", "block", "report") TRIAL("b", "weak", "enforce"), 7, 6), "b");
	assert_string_equal(enforcing(TRIAL("a", "bypass", "enforce") TRIAL("b", "strong", "enforce"), 7, 6), "a");
	assert_string_equal(enforcing(TRIAL("a", "strong", "report"), 7, 6), "");
	assert_false(policy_enforces(&trial));
	assert_string_equal(enforcing(TRIAL("a", "strong", "enforce") "user = 8\n", 7, 6), "");
	assert_true(policy_enforces(&trial));
}

static bool holds_inbound(const char *text, uint32_t uid, uint8_t protocol)
{
	struct policy_facts f = { .family = AF_INET, .protocol = protocol, .uid = uid, .interface = "eth0" };
	struct policy_rules r;

	assert_string_not_equal(enforcing(text, uid, protocol), "");
	policy_find_enforcing(&trial, &f, &r);
	assert_true(policy_holds(&trial, &f, r.at[0], 0));
	return policy_holds(&trial, &f, r.at[0], 1);
}

/* The kernel does not know whose a datagram is that comes: nothing is claimed then. */
static void what_is_held_of_what_comes(void **state)
{
	(void)state;
	assert_true(holds_inbound(TRIAL("a", "strong", "enforce"), 7, IPPROTO_UDP));
	assert_false(holds_inbound(TRIAL("a", "strong", "enforce") "user = 7\n", 7, IPPROTO_UDP));
	assert_true(holds_inbound(TRIAL("a", "strong", "enforce") "user = 7\n", 7, IPPROTO_TCP));
	/* others may be let receive what this rule does not accept */
	assert_false(holds_inbound(TRIAL("a", "bypass", "enforce") "user = 8\n" TRIAL("b", "strong", "enforce"),
				   7, IPPROTO_UDP));
	assert_true(holds_inbound(TRIAL("a", "bypass", "enforce") "user = 8\nprotocol = tcp\n"
				  TRIAL("b", "strong", "enforce"), 7, IPPROTO_UDP));
	assert_true(holds_inbound(TRIAL("a", "bypass", "report") "user = 8\n" TRIAL("b", "strong", "enforce"),
				  7, IPPROTO_UDP));
	assert_true(holds_inbound(TRIAL("b", "strong", "enforce") TRIAL("a", "bypass", "enforce") "user = 8\n",
				  7, IPPROTO_UDP));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_combination_is_as_the_reference_has_it),
	cmocka_unit_test(random_policies_are_as_the_reference_has_them),
	cmocka_unit_test(the_first_rule_that_selects_applies),
	cmocka_unit_test(a_rule_in_trial_changes_nothing),
	cmocka_unit_test(what_is_held_of_what_comes),
};
RUN(tests)
