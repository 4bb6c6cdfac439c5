// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policy files: api-rules 40 (one dialect, drop-ins), 21 (classes) and 34 (nothing odd gets in).
 * Every mistake is named with its place and what would be right, and all of them are.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../ipsecapid/inifile.h"
#include "../ipsecapid/policy_files.h"
#include "../ipsecapid/policy_notes.h"
#include "shipped.h"
#include "unit.h"

/* What is said about a file; static, until the next. */
static const char *said_of(const char *own)
{
	static char words[65536];
	struct policy p;
	FILE *to = fmemopen(words, sizeof(words), "w");
	int err;

	words[0] = 0;
	err = build_policy(&p, own, to);

	fclose(to);
	assert_int_equal(err, words[0] ? -EINVAL : 0);
	return words;
}

#define GOOD "encryption = ENCR_AES_GCM_16\n"

#define RULE "[application r]\nuse = strong\n"

static const struct {
	const char *text, *words;
} wrong[] = {
	{ "[class a\n", "own:1: the section's head does not end in ']'" },
	{ "[klass a]\n", "own:1: there are no sections of kind 'klass'" },
	{ "[class]\n" GOOD, "own:1: '' can't name a class" },
	{ "[class a b]\n" GOOD, "own:1: 'a b' can't name a class" },
	{ "[class block]\n" GOOD, "own:1: 'block' can't name a class" },
	{ "[class abcdefghijklmnop]\n" GOOD, "can't name a class: take 1 to 15 letters" },
	{ "[class strong]\n" GOOD, "own:1: class strong belongs to the shipped file" },
	{ "[class a]\n" GOOD "[class b]\n" GOOD "[class a]\n", "own:5: this file has [class a] already" },
	{ "encryption = x\n", "own:1: the key stands before any section" },
	{ "[class a]\n" GOOD "nonsense\n", "own:3: this is no '[kind name]', 'key = value'" },
	{ "[class a]\n" GOOD "= x\n", "own:3: this is no '[kind name]', 'key = value'" },
	{ "[class a]\n" GOOD "colour = blue\n", "own:3: a class has no 'colour'; it has: version, " },
	{ "[class a]\n" GOOD GOOD, "own:3: the section has encryption already" },
	{ "[class a]\n" GOOD "version = 0\n", "own:3: version: '0' is no number from 1 to 999999999" },
	{ "[class a]\n" GOOD "version = 1x\n", "'1x' is no number" },
	{ "[class a]\n" GOOD "version = -1\n", "'-1' is no number" },
	{ "[class a]\n" GOOD "version = 4294967297\n", "'4294967297' is no number" },
	{ "[class a]\n" GOOD "mode = transport,\n", "own:3: mode: a word is missing beside a comma" },
	{ "[class a]\n" GOOD "mode = trnsport\n", "'trnsport' is none of: transport, tunnel, clear" },
	{ "[class a]\n" GOOD "replay = maybe\n", "'maybe' is none of: required, any" },
	{ "[class a]\n" GOOD "custody = L5\n", "'L5' is none of: any, L0, L1" },
	{ "[class a]\n" GOOD "hardware = yes\n", "'yes' is none of: any, prefer, require" },
	{ "[class a]\nencryption = AES\n", "encryption: there is no 'AES'; write names of RFC 8221" },
	{ "[class a]\nencryption = ENCR_AES_GCM_16/512\n", "there is no 'ENCR_AES_GCM_16/512'" },
	{ "[class a]\n" GOOD "integrity = SHA\n", "integrity: there is no 'SHA'" },
	{ "[class a]\n" GOOD "peers = one two\n", "'one two' is no name of a peer" },
	{ "[class a]\nreplay = any\n", "own:1: class a accepts nothing: list what it accepts under encryption" },
	{ "[class a]\nencryption = ENCR_AES_CBC\n", "list some under integrity" },
	{ "[class a]\nencryption = ENCR_NULL\nintegrity = AUTH_NONE\n", "class a accepts nothing" },
	{ "[application]\nuse = strong\n", "own:1: '' can't name a rule: take 1 to 31 letters" },
	{ "[interface a]\nmode = report\n", "own:1: rule a does not say what it asks for; write use = CLASS" },
	{ "[interface a]\nuse = strnog\n", "own:2: rule a uses class strnog, which no file describes" },
	{ "[interface a]\nuse = a/b\n", "own:2: use: 'a/b' can't be the name of a class" },
	{ RULE "mode = maybe\n", "'maybe' is none of: report, enforce" },
	{ RULE "may-ask-less = yes\n", "own:3: may-ask-less: 'yes' is neither 'no' nor 'group NAME'" },
	{ RULE "may-ask-less = group no-such\n", "own:3: may-ask-less: this host has no group 'no-such'" },
	{ RULE "callable = maybe\n", "own:3: callable: 'maybe' is none of: no, yes" },
	{ "[interface a]\nuse = strong\ncallable = yes\n", "own:3: callable: an interface rule holds for everybody" },
	{ RULE "priority = 65536\n", "'65536' is no number from 0 to 65535" },
	{ RULE "user = no-such\n", "own:3: user: this host has no user 'no-such'" },
	{ RULE "user = 65534\n", "own:3: user: '65534' is user 65534, which stands for users without a mapping" },
	{ RULE "user = 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n", "user: '17' is one too many; name at most 16" },
	{ RULE "group = 5\n", "own:3: group: this host has no group '5'" },
	{ RULE "protocol = sctp\n", "'sctp' is none of: any, tcp, udp, udplite" },
	{ RULE "local = 10.0.0\n", "own:3: local: '10.0.0' is no address, and no prefix like 192.0.2.0/24" },
	{ RULE "local = 10.0.0.0/33\n", "local: '33' is no number from 0 to 32" },
	{ RULE "local = 10.0.0.1/24\n", "'10.0.0.1/24' has bits set that are not part of the prefix" },
	{ RULE "remote = 2001:db8::1/129\n", "remote: '129' is no number from 0 to 128" },
	{ RULE "remote = ::1\nlocal = 10.0.0.1\n", "rule r selects nothing: local and remote are not of one address" },
	{ RULE "local-port = 0\n", "local-port: '0' is no number from 1 to 65535" },
	{ RULE "remote-port = 9-8\n", "remote-port: '9-8' ends before it begins" },
	{ RULE "remote-port = 9-\n", "remote-port: '' is no number" },
	{ RULE "interface = 0123456789abcdef\n", "interface: '0123456789abcdef' can't be one" },
	{ RULE "colour = red\n", "own:3: a rule has no 'colour'; it has: use, mode, " },
	{ RULE RULE, "own:3: this file has [application r] already" },
	{ RULE "use = weak\n", "own:3: the section has use already" },
	{ "[interface a]\nuse = strong\nuser = root\n", "own:3: user: an interface rule holds for everybody" },
	{ "[interface a]\nuse = strong\ngroup = root\n", "own:3: group: an interface rule holds for everybody" },
	{ "[class a]\r\n", "own:1: the line ends in a carriage return" },
	{ "[class a]\n" GOOD "description = \x1b[31m\n", "own:3: byte 0x1b is not plain ASCII" },
	{ "[class a]\n" GOOD "description = \xe2\x80\xae\n", "own:3: byte 0xe2 is not plain ASCII" },
};

static void each_mistake_has_its_words_and_place(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *words = said_of(wrong[i].text);

		if (!strstr(words, wrong[i].words))
			print_message("# wanted: %s\n# got: %s\n", wrong[i].words, words);
		assert_non_null(strstr(words, wrong[i].words));
	}
}

static void all_mistakes_are_named_not_only_the_first(void **state)
{
	const char *words = said_of("[class a]\nversion = x\ncolour = blue\nmode = up\n[oops]\nx = 1\n[class b]\n");

	(void)state;
	assert_non_null(strstr(words, "own:2: "));
	assert_non_null(strstr(words, "own:3: "));
	assert_non_null(strstr(words, "own:4: "));
	assert_non_null(strstr(words, "own:5: "));
	/* of a section that can't be, nothing more is said */
	assert_null(strstr(words, "own:6: "));
	assert_non_null(strstr(words, "own:7: class b accepts nothing"));
}

static void lines_have_an_end(void **state)
{
	char text[3000];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "[class a]\n" GOOD "description = x", strlen("[class a]\n" GOOD "description = x"));
	strcpy(text + strlen("[class a]\n" GOOD) + INI_LINE_MAX - 1, "y\n");
	/* that many bytes are a line; as a description they are too many */
	assert_non_null(strstr(said_of(text), "own:3: description: 986 bytes are too long; 231 is the most"));
	strcpy(text + strlen("[class a]\n" GOOD) + INI_LINE_MAX - 1, "yy\n");
	assert_non_null(strstr(said_of(text), "own:3: the line has 1001 bytes; 1000 is the most"));
}

static void what_is_listed_is_what_is_accepted(void **state)
{
	const struct policy_class *c;
	struct policy p;

	(void)state;
	assert_int_equal(build_policy(&p, "; \xc3\xa4\n[ class  odd ]\n\tencryption=ENCR_AES_GCM_16/256,ENCR_AES_CBC/128\n"
				      "integrity = AUTH_HMAC_SHA2_256_128\nmode = tunnel, clear\nreplay = any\n"
				      "custody = L3, L4\nhardware = require\npeers = a.example, b.example", stderr), 0);
	assert_int_equal(policy_class_by_name(&p, "odd"), 3);
	c = &p.classes[3];
	assert_int_equal(c->set.suites[CIPHER_GCM_16_256], 1 << AUTH_NONE);
	assert_int_equal(c->set.suites[CIPHER_GCM_16_128], 0);
	assert_int_equal(c->set.suites[CIPHER_CBC_128], 1 << AUTH_SHA2_256_128);
	assert_int_equal(c->set.modes, MODE_TUNNEL);
	assert_int_equal(c->set.replay, REPLAY_ALL);
	assert_int_equal(c->set.custody, 1 << IPSECAPI_CUSTODY_L3 | 1 << IPSECAPI_CUSTODY_L4);
	assert_int_equal(c->set.makers, MAKER_CRYPTO | MAKER_PACKET);
	assert_int_equal(c->set.peers, 6);
	assert_true(c->set.clear);
	/* clear is among it: no strength is promised */
	assert_int_equal(c->strength, IPSECAPI_STRENGTH_NONE);
}

static void a_later_file_replaces_keys_and_leaves_others(void **state)
{
	static const char first[] = "[class a]\nencryption = ENCR_AES_GCM_16\nmode = tunnel\nversion = 7\n";
	static const char later[] = "[class a]\nencryption = ENCR_CHACHA20_POLY1305\nmode =\n";
	struct complaints c = { .to = stderr };
	struct policy_build b;
	struct policy p;
	const char *text;
	size_t n;

	(void)state;
	policy_build_begin(&b, &p, &c);
	text = shipped_text(&n);
	policy_build_file(&b, "shipped", true, text, n);
	policy_build_file(&b, "first", false, first, strlen(first));
	policy_build_file(&b, "later", false, later, strlen(later));
	assert_int_equal(policy_build_end(&b), 0);
	assert_int_equal(p.n_classes, 4);
	assert_int_equal(p.classes[3].version, 7);
	assert_int_equal(p.classes[3].set.modes, MODE_ALL);
	assert_int_equal(p.classes[3].set.suites[CIPHER_GCM_16_128], 0);
	assert_int_equal(p.classes[3].set.suites[CIPHER_CHACHA20_POLY1305], 1 << AUTH_NONE);
	assert_int_equal(p.classes[3].strength, IPSECAPI_STRENGTH_STRONG);
}

static void rules_come_by_layer_and_priority(void **state)
{
	static const char *const order[] = { "first", "second", "third", "last", "only" };
	struct policy p;
	uint32_t i;

	(void)state;
	assert_int_equal(build_policy(&p, "[interface only]\nuse = bypass\n[application last]\nuse = weak\n"
				      "priority = 65535\n[application second]\nuse = later\n[application first]\n"
				      "use = block\npriority = 0\n[application third]\nuse = strong\n"
				      "[class later]\n" GOOD, stderr), 0);
	assert_int_equal(p.n_rules, 5);
	for (i = 0; i < 5; i++)
		assert_string_equal(p.rules[i].name, order[i]);
	assert_int_equal(p.rules[0].action, RULE_BLOCK);
	assert_int_equal(p.rules[1].class, 3);
	assert_int_equal(p.rules[4].layer, LAYER_INTERFACE);
}

/* A later file that says nothing of the class is not where the mistake is. */
static void a_rule_is_complained_of_where_it_says_what_it_uses(void **state)
{
	static const char first[] = "[interface a]\n\nuse = nothing\n", later[] = "[interface a]\npriority = 1\n";
	static char words[4096];
	struct complaints c = { .to = fmemopen(words, sizeof(words), "w") };
	struct policy_build b;
	struct policy p;

	(void)state;
	policy_build_begin(&b, &p, &c);
	policy_build_file(&b, "first", false, first, strlen(first));
	policy_build_file(&b, "later", false, later, strlen(later));
	assert_int_equal(policy_build_end(&b), -EINVAL);
	fclose(c.to);
	assert_non_null(strstr(words, "first:3: rule a uses class nothing, which no file describes"));
}

static void selectors_are_read_as_written(void **state)
{
	struct policy p;
	const struct policy_rule *r = &p.rules[0];

	(void)state;
	assert_int_equal(build_policy(&p, RULE "user = root, 7\ngroup = root\nprotocol = tcp\nlocal = 10.0.0.0/8\n"
				      "remote = 192.0.2.1\nlocal-port = 80-90\nremote-port = 443\n"
				      "interface = eth0\nmay-ask-less = group root\nmode = report\n", stderr), 0);
	assert_int_equal(r->n_users, 2);
	assert_int_equal(r->users[0], 0);
	assert_int_equal(r->users[1], 7);
	assert_int_equal(r->n_groups, 1);
	/* no list of the group has root, but its own entry does */
	assert_int_equal(p.groups[r->groups[0]].n_members, 1);
	assert_int_equal(r->less_group, 0);
	assert_int_equal(r->protocol, 6);
	assert_int_equal(r->local.bits, 8);
	assert_int_equal(r->remote.bits, 32);
	assert_int_equal(r->local_port.from, 80);
	assert_int_equal(r->local_port.to, 90);
	assert_int_equal(r->remote_port.from, 443);
	assert_int_equal(r->remote_port.to, 443);
	assert_string_equal(r->interface, "eth0");
	assert_false(r->enforce);
	assert_false(r->callable);
	assert_int_equal(build_policy(&p, RULE "callable = yes\n", stderr), 0);
	assert_true(r->callable);
	assert_int_equal(build_policy(&p, RULE "callable = no\n", stderr), 0);
	assert_false(r->callable);
	assert_int_equal(build_policy(&p, RULE "mode = enforce\n", stderr), 0);
	assert_true(r->enforce);
	assert_int_equal(build_policy(&p, RULE "mode =\n", stderr), 0);
	assert_false(r->enforce);
}

static const char *notes_on(const char *text, uint32_t enforce)
{
	static char words[2048];
	FILE *to = fmemopen(words, sizeof(words), "w");
	struct policy p;

	memset(words, 0, sizeof(words));
	assert_int_equal(build_policy(&p, text, stderr), 0);
	assert_int_equal(policy_notes(&p, to), enforce);
	fclose(to);
	return words;
}

/* --check claims no more than is so. */
static void what_is_not_held_is_noted(void **state)
{
	(void)state;
	assert_string_equal(notes_on(RULE "user = 7\n", 0), "");
	assert_string_equal(notes_on(RULE "mode = enforce\n", 1), "");
	assert_non_null(strstr(notes_on(RULE "mode = enforce\nuser = 7\n", 1), "note: rule r names users or comes after"));
	assert_string_equal(notes_on(RULE "mode = enforce\nuser = 7\nprotocol = tcp\n", 1), "");
	assert_non_null(strstr(notes_on("[application b]\nuse = bypass\nuser = 7\nmode = enforce\npriority = 1\n"
					RULE "mode = enforce\n", 2), "note: rule r names users or comes after"));
	assert_string_equal(notes_on("[application b]\nuse = bypass\nuser = 7\nmode = enforce\npriority = 2000\n"
				     RULE "mode = enforce\n", 2), "");
	assert_non_null(strstr(notes_on(RULE "mode = enforce\nlocal-port = 400-600\n", 1),
			       "note: rule r selects port 500 or 4500"));
}

static void no_more_rules_than_there_is_room_for(void **state)
{
	static char text[65536];
	size_t n = 0;
	int i;

	(void)state;
	for (i = 0; i <= POLICY_RULES; i++)
		n += sprintf(text + n, "[application r%d]\nuse = weak\n", i);
	assert_non_null(strstr(said_of(text), "own:513: rule r256 is one too many; there are at most 256"));
	for (i = 0, n = 0; i < POLICY_CLASSES - 2; i++)
		n += sprintf(text + n, "[class c%d]\n" GOOD, i);
	assert_non_null(strstr(said_of(text), "own:59: class c29 is one too many; there are at most 32"));
}

/* --- files ---------------------------------------------------------------------------------- */

static char root[64];

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, 0644), 0);
}

static const char *said_of_files(void)
{
	static char words[4096], shipped[128];
	const struct policy_source from = { .shipped = shipped, .directory = root, .required = true };
	struct complaints c = { .to = fmemopen(words, sizeof(words), "w") };
	struct policy p;

	words[0] = 0;
	snprintf(shipped, sizeof(shipped), "%s/shipped", root);
	policy_load(&from, &p, &c);
	fclose(c.to);
	print_message("# %s", words[0] ? words : "nothing is wrong\n");
	return words;
}

static int make_root(void **state)
{
	char path[128];
	const char *text;
	size_t n;

	(void)state;
	strcpy(root, "/tmp/policy-test-XXXXXX");
	if (!mkdtemp(root) || chmod(root, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/policy.d", root);
	text = shipped_text(&n);
	put("shipped", text);
	return mkdir(path, 0755);
}

static int remove_root(void **state)
{
	char line[128];

	(void)state;
	snprintf(line, sizeof(line), "rm -rf %s", root);
	return system(line);
}

static void drop_ins_are_read_in_the_order_of_their_names(void **state)
{
	const char *words;

	(void)state;
	put("policy.conf", "[class a]\n" GOOD);
	put("policy.d/20-x.conf", "bad\n");
	put("policy.d/100-x.conf", "worse\n");
	put("policy.d/.hidden.conf", "hidden\n");
	put("policy.d/30-x.conf~", "backup\n");
	words = said_of_files();
	assert_non_null(strstr(words, "100-x.conf:1: "));
	assert_true(strstr(words, "20-x.conf:1: ") > strstr(words, "100-x.conf:1: "));
	assert_null(strstr(words, "hidden"));
	assert_null(strstr(words, "30-x"));
}

static void files_that_others_may_write_are_refused(void **state)
{
	char path[128];

	(void)state;
	put("policy.conf", "[class a]\n" GOOD);
	assert_string_equal(said_of_files(), "");
	snprintf(path, sizeof(path), "%s/policy.conf", root);
	assert_int_equal(chmod(path, 0664), 0);
	assert_non_null(strstr(said_of_files(), "policy.conf: others than root may write to it; chmod go-w it"));
	assert_int_equal(chmod(path, 0600), 0);
	assert_string_equal(said_of_files(), "");
	assert_int_equal(chmod(root, 0777), 0);
	assert_non_null(strstr(said_of_files(), "others than root may write to it"));
	assert_int_equal(chmod(root, 0755), 0);
	if (!chown(path, 1000, 1000))	/* a root of a user namespace may not */
		assert_non_null(strstr(said_of_files(), "policy.conf: it belongs to user 1000; chown root it"));
}

static void what_is_no_file_is_refused_without_waiting(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/policy.conf", root);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_non_null(strstr(said_of_files(), "policy.conf: it is no file"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_non_null(strstr(said_of_files(), "policy.conf: it is no file"));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/nonexistent", path), 0);
	assert_non_null(strstr(said_of_files(), "policy.conf: it can't be read: No such file"));
}

static void the_shipped_file_must_be_there(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/shipped", root);
	assert_int_equal(unlink(path), 0);
	assert_non_null(strstr(said_of_files(), "/shipped: it can't be read: No such file"));
	put("shipped", "[class strong]\n" GOOD);
	assert_non_null(strstr(said_of_files(), "does not begin with the classes weak, standard and strong"));
}

#define FILES(fn) cmocka_unit_test_setup_teardown(fn, make_root, remove_root)

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_mistake_has_its_words_and_place),
	cmocka_unit_test(all_mistakes_are_named_not_only_the_first),
	cmocka_unit_test(lines_have_an_end),
	cmocka_unit_test(what_is_listed_is_what_is_accepted),
	cmocka_unit_test(a_later_file_replaces_keys_and_leaves_others),
	cmocka_unit_test(rules_come_by_layer_and_priority),
	cmocka_unit_test(a_rule_is_complained_of_where_it_says_what_it_uses),
	cmocka_unit_test(selectors_are_read_as_written),
	cmocka_unit_test(what_is_not_held_is_noted),
	cmocka_unit_test(no_more_rules_than_there_is_room_for),
	FILES(drop_ins_are_read_in_the_order_of_their_names),
	FILES(files_that_others_may_write_are_refused),
	FILES(what_is_no_file_is_refused_without_waiting),
	FILES(the_shipped_file_must_be_there),
};

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid()) {
		printf("1..0 # SKIP needs root: policies belong to it\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
