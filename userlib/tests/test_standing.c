// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does what is so satisfy the system policy? api-rules 39 (report mode) and 21: what is known of
 * a flow is a set of outcomes, and doubt is not satisfaction.
 */
#include <arpa/inet.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "../ipsecapid/standing.h"
#include "shipped.h"
#include "unit.h"

enum { OUT = IPSECAPI_OUT, IN = IPSECAPI_IN };
enum { UNKNOWN = IPSECAPI_STANDING_UNKNOWN, NO_RULE = IPSECAPI_STANDING_NO_RULE,
       SATISFIED = IPSECAPI_STANDING_SATISFIED, REFUSED = IPSECAPI_STANDING_WOULD_REFUSE,
       UNCLEAR = IPSECAPI_STANDING_UNCLEAR };
enum { APP = IPSECAPI_POLICY_LAYER_APPLICATION, IFC = IPSECAPI_POLICY_LAYER_INTERFACE };

static struct policy p;
static struct rec_sa sas[4];
static const struct tables tables = { .sas = sas, .n_sas = 4 };
static const struct world w = { .tables = &tables };
static struct verdict v;

static const char classes[] =
	"[class tunnelled]\nencryption = ENCR_AES_GCM_16\nmode = tunnel\n"
	"[class either]\nencryption = ENCR_AES_GCM_16\nmode = clear, transport, tunnel\n"
	"[class device]\nencryption = ENCR_AES_GCM_16\nhardware = require\n"
	"[class sealed]\nencryption = ENCR_AES_GCM_16\ncustody = L3, L4\n"
	"[class direct]\nencryption = ENCR_AES_GCM_16\nmode = transport\n"
	"[class friends]\nencryption = ENCR_AES_GCM_16\npeers = a.example\n";

/* Two SAs in transport mode, one for each direction, with all that is good in software. */
static void begin(void)
{
	int d;

	memset(sas, 0, sizeof(sas));
	memset(&v, 0, sizeof(v));
	for (d = 0; d < 2; d++) {
		sas[d] = (struct rec_sa){ .mode = XFRM_MODE_TRANSPORT, .cipher = CIPHER_GCM_16_256,
					  .auth = AUTH_NONE, .host_key = 1, .replay_window = 64,
					  .custody = IPSECAPI_CUSTODY_L0 };
		v.dir[d].protection = IPSECAPI_PROTECTION_ENCRYPTED;
		v.dir[d].enforced_by = IPSECAPI_ENFORCED_SOFTWARE;
		v.dir[d].reason = IPSECAPI_REASON_NONE;
		v.sa[v.n_sas] = d;
		v.sa_dirs[v.n_sas++] = 1 << d;
	}
}

/* One SA more for a direction. */
static struct rec_sa *add_sa(int dir)
{
	uint32_t i = v.n_sas;

	sas[i] = sas[dir];
	v.sa[i] = i;
	v.sa_dirs[i] = 1 << dir;
	v.n_sas++;
	return &sas[i];
}

static void judge(const char *app, const char *ifc)
{
	const struct policy_facts facts = { .family = AF_INET, .interface = "eth0" };
	struct policy_rules r;
	char text[2048];
	int n = snprintf(text, sizeof(text), "%s", classes);

	if (app)
		n += snprintf(text + n, sizeof(text) - n, "[application a]\nuse = %s\n", app);
	if (ifc)
		snprintf(text + n, sizeof(text) - n, "[interface i]\nuse = %s\n", ifc);
	assert_int_equal(build_policy(&p, text, stderr), 0);
	policy_find(&p, &facts, &r);
	standing_judge(&p, &r, &w, &v);
}

static void expect(const char *app, const char *ifc, int dir, uint32_t standing, uint32_t layer)
{
	judge(app, ifc);
	if (v.dir[dir].policy != standing || v.dir[dir].policy_layer != layer)
		print_message("# application %s, interface %s: %s by %s\n", app ?: "-", ifc ?: "-",
			      ipsecapi_word(IPSECAPI_WORDS_STANDING, v.dir[dir].policy),
			      ipsecapi_word(IPSECAPI_WORDS_POLICY_LAYER, v.dir[dir].policy_layer));
	assert_int_equal(v.dir[dir].policy, standing);
	assert_int_equal(v.dir[dir].policy_layer, layer);
}

static void what_rules_accept_satisfies_them(void **state)
{
	(void)state;
	begin();
	expect(NULL, NULL, OUT, NO_RULE, 0);
	expect("strong", NULL, OUT, SATISFIED, 0);
	expect("strong", "weak", IN, SATISFIED, 0);
	expect("bypass", NULL, IN, SATISFIED, 0);
	expect("block", NULL, OUT, REFUSED, APP);
	expect("strong", "block", OUT, REFUSED, IFC);
	sas[OUT].cipher = CIPHER_GCM_16_128;
	expect("strong", NULL, OUT, REFUSED, APP);
	expect("strong", NULL, IN, SATISFIED, 0);
	expect("standard", "strong", OUT, REFUSED, IFC);
	sas[OUT].cipher = CIPHER_UNKNOWN;
	expect("weak", NULL, OUT, REFUSED, APP);
	expect("bypass", NULL, OUT, SATISFIED, 0);
}

static void each_quality_counts(void **state)
{
	(void)state;
	begin();
	expect("tunnelled", NULL, OUT, REFUSED, APP);
	sas[OUT].mode = XFRM_MODE_TUNNEL;
	expect("tunnelled", NULL, OUT, SATISFIED, 0);
	sas[IN].replay_window = 0;
	expect("strong", NULL, IN, REFUSED, APP);
	expect("weak", NULL, IN, SATISFIED, 0);
	sas[OUT].replay_window = 0;	/* which says nothing of what is sent */
	expect("strong", NULL, OUT, SATISFIED, 0);
	expect("sealed", NULL, OUT, REFUSED, APP);
	sas[OUT].custody = IPSECAPI_CUSTODY_UNKNOWN;
	expect("sealed", NULL, OUT, UNCLEAR, APP);
	sas[OUT].custody = IPSECAPI_CUSTODY_L3;
	expect("sealed", NULL, OUT, SATISFIED, 0);
	expect("device", NULL, OUT, REFUSED, APP);
	v.dir[OUT].enforced_by = IPSECAPI_ENFORCED_MIXED;
	expect("device", NULL, OUT, UNCLEAR, APP);
	v.dir[OUT].enforced_by = IPSECAPI_ENFORCED_HW_PACKET;
	expect("device", NULL, OUT, SATISFIED, 0);
	/* nobody tells who the peer is */
	expect("friends", NULL, OUT, UNCLEAR, APP);
}

static void clear_and_blocked(void **state)
{
	(void)state;
	begin();
	v.dir[OUT].protection = IPSECAPI_PROTECTION_NONE;
	expect("weak", NULL, OUT, REFUSED, APP);
	expect("either", NULL, OUT, SATISFIED, 0);
	expect("bypass", "bypass", OUT, SATISFIED, 0);
	/* nothing passes, whatever the rule */
	v.dir[OUT].protection = IPSECAPI_PROTECTION_BLOCKED;
	expect("block", "strong", OUT, SATISFIED, 0);
	v.dir[OUT].protection = IPSECAPI_PROTECTION_NEGOTIATING;
	expect("strong", NULL, OUT, SATISFIED, 0);
	v.dir[OUT].protection = IPSECAPI_PROTECTION_ENCRYPTED;
	v.dir[OUT].caveats = IPSECAPI_CAVEAT_OPTIONAL;
	expect("strong", NULL, OUT, UNCLEAR, APP);
	expect("either", NULL, OUT, SATISFIED, 0);
}

static void doubt_is_not_satisfaction(void **state)
{
	(void)state;
	begin();
	v.dir[OUT].protection = IPSECAPI_PROTECTION_UNKNOWN;
	expect("weak", NULL, OUT, UNCLEAR, APP);
	expect(NULL, "weak", OUT, UNCLEAR, IFC);
	expect("bypass", NULL, OUT, SATISFIED, 0);
	expect("block", NULL, OUT, REFUSED, APP);
	begin();
	/* a driver took the key, and the unit was not asked: it may have any length */
	sas[OUT].cipher = CIPHER_GCM_16_128;
	sas[OUT].host_key = 0;
	sas[OUT].unit = UNIT_NOT_ASKED;
	expect("strong", NULL, OUT, UNCLEAR, APP);
	expect("standard", NULL, OUT, SATISFIED, 0);
	sas[OUT].unit = UNIT_KNOWS;
	expect("strong", NULL, OUT, REFUSED, APP);
}

static void several_sas_must_all_be_accepted(void **state)
{
	(void)state;
	begin();
	add_sa(OUT)->cipher = CIPHER_GCM_16_128;
	expect("strong", NULL, OUT, UNCLEAR, APP);
	expect("standard", NULL, OUT, SATISFIED, 0);
	expect("strong", NULL, IN, SATISFIED, 0);
	sas[OUT].cipher = CIPHER_GCM_16_128;
	expect("strong", NULL, OUT, REFUSED, APP);
	/* nested, each may have what the other lacks */
	v.dir[OUT].reason = IPSECAPI_REASON_NESTED;
	expect("strong", NULL, OUT, UNCLEAR, APP);
}

/* Each rule alone accepts some of it; both together nothing. */
static void both_layers_count_together(void **state)
{
	(void)state;
	begin();
	v.dir[OUT].protection = IPSECAPI_PROTECTION_UNKNOWN;
	expect("tunnelled", "strong", OUT, UNCLEAR, APP);
	expect("strong", "direct", OUT, UNCLEAR, APP);
	expect("tunnelled", "direct", OUT, REFUSED, APP);
	expect("block", "strong", OUT, REFUSED, APP);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_rules_accept_satisfies_them),
	cmocka_unit_test(each_quality_counts),
	cmocka_unit_test(clear_and_blocked),
	cmocka_unit_test(doubt_is_not_satisfaction),
	cmocka_unit_test(several_sas_must_all_be_accepted),
	cmocka_unit_test(both_layers_count_together),
};
RUN(tests)
