// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A policy as text, and compared with another: api-rules 39 (policy diff before a reload) and 33
 * (rules of other users are not shown).
 */
#include <string.h>

#include "../ipsecapid/policy_diff.h"
#include "../ipsecapid/policy_text.h"
#include "shipped.h"
#include "unit.h"

static const char rich[] =
	"[class own]\nversion = 3\ndescription = of our own\nencryption = ENCR_AES_GCM_16/256, ENCR_AES_CBC, ENCR_NULL\n"
	"integrity = AUTH_HMAC_SHA2_256_128, AUTH_AES_256_GMAC\nmode = tunnel, clear\nreplay = any\n"
	"custody = L1, L4\nhardware = prefer\npeers = one, two\n"
	"[class open]\nmode = clear\n"
	"[application all]\nuse = own\nmay-ask-less = group root\npriority = 5\nprotocol = udp\n"
	"local = 10.0.0.0/8\nremote = 10.1.0.0/16\nlocal-port = 1-9\nremote-port = 80\ninterface = eth0\n"
	"[application his]\nuse = block\ncallable = yes\nuser = 7, root\n"
	"[application theirs]\nuse = bypass\ngroup = root\nmode = enforce\n"
	"[interface six]\nuse = strong\nremote = 2001:db8::/32\nprotocol = tcp\n";

static char *print(const struct policy *p, uint32_t uid)
{
	char *text = NULL;
	size_t n;
	FILE *to = open_memstream(&text, &n);

	policy_print(p, uid, to);
	fclose(to);
	return text;
}

static void read_back(struct policy *p, const char *text)
{
	static struct policy_build b;
	struct complaints c = { .to = stderr };

	policy_build_begin(&b, p, &c);
	policy_build_file(&b, "text", true, text, strlen(text));
	assert_int_equal(policy_build_end(&b), 0);
}

static void text_is_read_back_as_the_same_policy(void **state)
{
	static struct policy p, again;
	char *text, *twice;
	uint32_t i;

	(void)state;
	assert_int_equal(build_policy(&p, rich, stderr), 0);
	text = print(&p, 0);
	read_back(&again, text);
	twice = print(&again, 0);
	assert_string_equal(text, twice);
	free(text);
	free(twice);
	assert_int_equal(p.n_classes, again.n_classes);
	assert_int_equal(p.n_rules, again.n_rules);
	assert_int_equal(p.n_peers, again.n_peers);
	for (i = 0; i < p.n_classes; i++) {
		assert_memory_equal(&p.classes[i].set, &again.classes[i].set, sizeof(p.classes[i].set));
		assert_int_equal(p.classes[i].strength, again.classes[i].strength);
		assert_int_equal(p.classes[i].hardware, again.classes[i].hardware);
		assert_int_equal(p.classes[i].version, again.classes[i].version);
	}
	assert_memory_equal(p.rules, again.rules, sizeof(p.rules));
}

static void rules_of_others_are_not_shown(void **state)
{
	static struct policy p;
	char *text;

	(void)state;
	assert_int_equal(build_policy(&p, rich, stderr), 0);
	text = print(&p, 8);
	assert_non_null(strstr(text, "[application all]"));
	assert_non_null(strstr(text, "[interface six]"));
	assert_null(strstr(text, "[application his]"));
	assert_null(strstr(text, "[application theirs]"));
	free(text);
	text = print(&p, 7);
	assert_non_null(strstr(text, "[application his]"));
	assert_null(strstr(text, "[application theirs]"));
	free(text);
}

/* --- differences ---------------------------------------------------------------------------- */

static void note(const char *kind, const char *name, enum policy_change change, void *arg)
{
	static const char *const words[] = { "?", "added", "removed", "tightened", "loosened", "changed" };
	char *all = arg;

	sprintf(all + strlen(all), "%s %s %s;", words[change], kind, name);
}

static const char *diff(const char *old, const char *new, uint32_t uid)
{
	static struct policy a, b;
	static char all[1024];

	all[0] = 0;
	assert_int_equal(build_policy(&a, old, stderr), 0);
	assert_int_equal(build_policy(&b, new, stderr), 0);
	policy_diff(&a, &b, uid, note, all);
	return all;
}

#define R(rest) "[application r]\n" rest

static void differences_are_named(void **state)
{
	(void)state;
	assert_string_equal(diff(rich, rich, 0), "");
	assert_string_equal(diff("", R("use = weak\n"), 0), "added application r;");
	assert_string_equal(diff(R("use = weak\n"), "", 0), "removed application r;");
	assert_string_equal(diff(R("use = weak\n"), R("use = strong\n"), 0), "tightened application r;");
	assert_string_equal(diff(R("use = strong\n"), R("use = standard\n"), 0), "loosened application r;");
	assert_string_equal(diff(R("use = bypass\n"), R("use = weak\n"), 0), "tightened application r;");
	assert_string_equal(diff(R("use = weak\n"), R("use = block\n"), 0), "tightened application r;");
	assert_string_equal(diff(R("use = weak\n"), R("use = weak\nremote = 10.0.0.1\n"), 0),
			    "changed application r;");
	assert_string_equal(diff(R("use = weak\nuser = 7\n"), R("use = weak\nuser = 8\n"), 0),
			    "changed application r;");
	assert_string_equal(diff(R("use = weak\n"), R("use = weak\ncallable = yes\n"), 0), "changed application r;");
	assert_string_equal(diff(R("use = weak\n"), R("use = weak\nmay-ask-less = group root\n"), 0),
			    "loosened application r;");
	assert_string_equal(diff(R("use = weak\nmay-ask-less = group root\n"), R("use = strong\n"), 0),
			    "tightened application r;");
	/* more of one and less of the other */
	assert_string_equal(diff(R("use = weak\n"), R("use = strong\nmay-ask-less = group root\n"), 0),
			    "changed application r;");
	/* so of what was only reported until now; but not where less is asked for at the same time */
	assert_string_equal(diff(R("use = weak\n"), R("use = weak\nmode = enforce\n"), 0),
			    "tightened application r;");
	assert_string_equal(diff(R("use = weak\nmode = enforce\n"), R("use = weak\n"), 0),
			    "loosened application r;");
	assert_string_equal(diff(R("use = weak\n"), R("use = strong\nmode = enforce\n"), 0),
			    "tightened application r;");
	assert_string_equal(diff(R("use = strong\n"), R("use = weak\nmode = enforce\n"), 0),
			    "changed application r;");
	/* a rule of the same name in the other layer is another */
	assert_string_equal(diff(R("use = weak\n"), "[interface r]\nuse = weak\n", 0),
			    "removed application r;added interface r;");
}

#define C(rest) "[class c]\n" rest "[application r]\nuse = c\n"

static void a_class_changes_its_rules(void **state)
{
	(void)state;
	assert_string_equal(diff(C("encryption = ENCR_AES_GCM_16\n"), C("encryption = ENCR_AES_GCM_16/256\n"), 0),
			    "tightened class c;tightened application r;");
	assert_string_equal(diff(C("encryption = ENCR_AES_GCM_16/256\n"), C("encryption = ENCR_AES_GCM_16/128\n"), 0),
			    "changed class c;changed application r;");
	assert_string_equal(diff(C("encryption = ENCR_AES_GCM_16\n"),
				 C("encryption = ENCR_AES_GCM_16\ndescription = x\n"), 0), "changed class c;");
	/* peers have other numbers in each policy: their names count */
	assert_string_equal(diff(C("encryption = ENCR_AES_GCM_16\npeers = a, b\n"),
				 C("encryption = ENCR_AES_GCM_16\npeers = b, a\n"), 0), "");
	assert_string_equal(diff(C("encryption = ENCR_AES_GCM_16\npeers = a, b\n"),
				 C("encryption = ENCR_AES_GCM_16\npeers = b\n"), 0),
			    "tightened class c;tightened application r;");
	assert_string_equal(diff(C("encryption = ENCR_AES_GCM_16\npeers = a\n"),
				 C("encryption = ENCR_AES_GCM_16\npeers = b\n"), 0),
			    "changed class c;changed application r;");
	assert_string_equal(diff(C("encryption = ENCR_AES_GCM_16\n"),
				 C("encryption = ENCR_AES_GCM_16\npeers = b\n"), 0),
			    "tightened class c;tightened application r;");
}

static void the_order_counts(void **state)
{
	(void)state;
	assert_string_equal(diff("[application a]\nuse = weak\n[application b]\nuse = weak\n",
				 "[application b]\nuse = weak\n[application a]\nuse = weak\n", 0),
			    "changed application a;changed application b;");
	/* one that comes between two others moves neither */
	assert_string_equal(diff("[application a]\nuse = weak\n[application b]\nuse = weak\n",
				 "[application a]\nuse = weak\n[application n]\nuse = weak\n[application b]\nuse = weak\n",
				 0), "added application n;");
}

static void differences_of_others_are_not_shown(void **state)
{
	(void)state;
	assert_string_equal(diff(R("use = weak\nuser = 7\n"), R("use = strong\nuser = 7\n"), 8), "");
	assert_string_equal(diff(R("use = weak\nuser = 7\n"), R("use = strong\nuser = 7\n"), 7),
			    "tightened application r;");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(text_is_read_back_as_the_same_policy),
	cmocka_unit_test(rules_of_others_are_not_shown),
	cmocka_unit_test(differences_are_named),
	cmocka_unit_test(a_class_changes_its_rules),
	cmocka_unit_test(the_order_counts),
	cmocka_unit_test(differences_of_others_are_not_shown),
};
RUN(tests)
