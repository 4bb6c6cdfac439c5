// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy of a running broker: api-rules 39 (reload is atomic or refused), 12 (who may read
 * files) and 40 (classes of the administrator).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "broker.h"

static char etc[96], log_path[128];

static void put(const char *name, const char *text, mode_t mode)
{
	char file[128];
	FILE *f;

	snprintf(file, sizeof(file), "%s/%s", etc, name);
	f = fopen(file, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(file, mode), 0);
}

static void drop(const char *name)
{
	char file[128];

	snprintf(file, sizeof(file), "%s/%s", etc, name);
	unlink(file);
}

static size_t log_length(void)
{
	struct stat st;

	return stat(log_path, &st) ? 0 : st.st_size;
}

/* What the broker said since its log was so long. */
static const char *said_since(size_t since)
{
	static char words[8192];
	FILE *f = fopen(log_path, "r");
	size_t n = 0;

	if (f && !fseek(f, since, SEEK_SET))
		n = fread(words, 1, sizeof(words) - 1, f);
	if (f)
		fclose(f);
	words[n] = 0;
	return words;
}

/* Have it read again, and wait until it says how that went. Returns what it said. */
static const char *reload(const char *outcome)
{
	size_t since = log_length();
	int tries;

	assert_true(broker_pid > 1);
	assert_int_equal(kill(broker_pid, SIGHUP), 0);
	for (tries = 0; tries < 1000 && !strstr(said_since(since), outcome); tries++)
		poll(NULL, 0, 10);
	print_message("# %s", said_since(since));
	assert_non_null(strstr(said_since(since), outcome));
	return said_since(since);
}

/* Names of the classes beside the shipped ones. The log runs ahead of what programs see: wait. */
static void expect_class(const char *name)
{
	struct ipsecapi_class cls = { 0 };
	struct ipsecapi *ctx;
	bool same = false;
	int tries, err;

	assert_int_equal(ipsecapi_open(path, 0, &ctx), 0);
	for (tries = 0; tries < 500 && !same; tries++) {
		err = ipsecapi_class(ctx, 3, &cls, sizeof(cls));
		same = err ? !name : name && !strcmp(cls.name, name);
		if (!same)
			poll(NULL, 0, 10);
	}
	ipsecapi_close(ctx);
	assert_true(same);
}

#define CLASS(name) "[class " name "]\nencryption = ENCR_AES_GCM_16\n"
#define GOOD "the policy was read again"
#define BAD "the one before stays in force"

static void a_good_policy_comes_into_force(void **state)
{
	(void)state;
	expect_class("first");
	put("policy.d/10.conf", CLASS("second"), 0644);
	drop("policy.conf");
	assert_non_null(strstr(reload(GOOD), "4 classes, 0 rules"));
	expect_class("second");
	/* root's files need not be for everybody's eyes */
	put("policy.d/10.conf", CLASS("third") "[application r]\nuse = weak\nuser = root\ngroup = root\n", 0600);
	assert_non_null(strstr(reload(GOOD), "4 classes, 1 rules"));
	expect_class("third");
}

static void a_bad_policy_leaves_the_old_one(void **state)
{
	const char *words;

	(void)state;
	put("policy.d/10.conf", CLASS("third"), 0644);
	reload(GOOD);
	expect_class("third");
	put("policy.d/10.conf", CLASS("fourth") "[application r]\nuse = nothing\nmode = perhaps\n", 0644);
	words = reload(BAD);
	assert_non_null(strstr(words, "policy.d/10.conf:4: rule r uses class nothing, which no file describes"));
	assert_non_null(strstr(words, "policy.d/10.conf:5: mode: 'perhaps' is none of: report, enforce"));
	assert_non_null(strstr(words, "ipsecapid: the new policy is refused: 2 mistakes"));
	expect_class("third");
	put("policy.d/10.conf", CLASS("fourth"), 0666);
	assert_non_null(strstr(reload(BAD), "others than root may write to it"));
	expect_class("third");
	put("policy.d/10.conf", CLASS("fourth"), 0644);
	reload(GOOD);
	expect_class("fourth");
}

struct asker {
	pid_t pid;
	int out;
};

/* A process of that user asks for it. */
static struct asker begin_asking(uid_t uid)
{
	struct asker a;
	int out[2];

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	a.pid = fork();
	if (!a.pid) {
		dup2(out[1], 2);
		if (setgroups(0, NULL) || setgid(uid) || setuid(uid))
			_exit(126);
		execl(broker, broker, "--reload", "--socket", path, NULL);
		_exit(127);
	}
	close(out[1]);
	a.out = out[0];
	return a;
}

/* Returns the exit status once it is over, with what was said in @words. */
static int end_asking(const struct asker *a, char *words, size_t size)
{
	size_t n = 0;
	ssize_t got;
	int status;

	while ((got = read(a->out, words + n, size - 1 - n)) > 0)
		n += got;
	words[n] = 0;
	close(a->out);
	assert_int_equal(waitpid(a->pid, &status, 0), a->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int asked_by(uid_t uid, char *words, size_t size)
{
	const struct asker a = begin_asking(uid);

	return end_asking(&a, words, size);
}

/* Nothing is waited for: what is answered is in force. */
static bool has_class(const char *name)
{
	struct ipsecapi_class cls;
	struct ipsecapi *ctx;
	bool same;

	assert_int_equal(ipsecapi_open(path, 0, &ctx), 0);
	same = !ipsecapi_class(ctx, 3, &cls, sizeof(cls)) && !strcmp(cls.name, name);
	ipsecapi_close(ctx);
	return same;
}

/* api-rules 39: reload is atomic or refused, and whoever asked is told which. */
static void who_asks_is_told_what_came_of_it(void **state)
{
	static const char enforcing[] = CLASS("asked2") "[application r]\nuse = bypass\nmode = enforce\n";
	char words[512];

	(void)state;
	put("policy.d/10.conf", CLASS("asked"), 0644);
	assert_int_equal(asked_by(0, words, sizeof(words)), 0);
	assert_string_equal(words, "");
	assert_true(has_class("asked"));
	put("policy.d/10.conf", enforcing, 0644);
	assert_int_equal(asked_by(0, words, sizeof(words)), 0);
	assert_true(has_class("asked2"));
	put("policy.d/10.conf", CLASS("asked") "[application r]\nuse = nothing\n", 0644);
	assert_int_equal(asked_by(0, words, sizeof(words)), 1);
	assert_non_null(strstr(words, "ipsecapid: reload: the new policy has a mistake, as the broker's log says"));
	assert_true(has_class("asked2"));
	put("policy.d/10.conf", CLASS("asked"), 0644);
	assert_int_equal(asked_by(USER, words, sizeof(words)), 1);
	assert_string_equal(words, "ipsecapid: reload: there is no such thing that belongs to the caller\n");
	assert_true(has_class("asked2"));
	assert_int_equal(asked_by(0, words, sizeof(words)), 0);
	assert_true(has_class("asked"));
}

/* While the kernel takes one policy, of those that come then the last alone is of interest. */
static void who_is_overtaken_is_told(void **state)
{
	static const char *const texts[] = {
		CLASS("one") "[application r]\nuse = bypass\nmode = enforce\n", CLASS("two"), CLASS("three"),
	};
	pid_t applier = broker_process("ipsecapi-apply");
	struct asker a[3];
	char words[512];
	size_t since;
	int i;

	(void)state;
	assert_true(applier > 1);
	assert_int_equal(kill(applier, SIGSTOP), 0);
	wait_state(applier, 'T');
	for (i = 0; i < 3; i++) {
		since = log_length();
		put("policy.d/10.conf", texts[i], 0644);
		a[i] = begin_asking(0);
		while (!strstr(said_since(since), GOOD))
			poll(NULL, 0, 10);
	}
	assert_int_equal(end_asking(&a[1], words, sizeof(words)), 1);
	assert_non_null(strstr(words, "ipsecapid: reload: the policy was read once more meanwhile"));
	assert_int_equal(kill(applier, SIGCONT), 0);
	assert_int_equal(end_asking(&a[0], words, sizeof(words)), 0);
	assert_int_equal(end_asking(&a[2], words, sizeof(words)), 0);
	assert_true(has_class("three"));
}

static void nobody_to_be_asked(void **state)
{
	char words[512], before[sizeof(path)];
	int status;

	(void)state;
	strcpy(before, path);
	strcpy(path, "/nonexistent/broker.sock");
	status = asked_by(0, words, sizeof(words));
	strcpy(path, before);
	assert_int_equal(status, 1);
	assert_string_equal(words, "ipsecapid: /nonexistent/broker.sock: no broker listens there\n");
}

/* A session and its flows don't notice, but for what they are told. */
static void sessions_outlive_a_reload(void **state)
{
	struct ipsecapi_report rep;
	struct ipsecapi_flow *flow;
	struct ipsecapi *ctx;
	int s = udp_to("10.0.0.7", 7);

	(void)state;
	assert_int_equal(ipsecapi_open(path, 0, &ctx), 0);
	assert_int_equal(ipsecapi_flow_open(ctx, s, &flow), 0);
	put("policy.d/10.conf", CLASS("fifth"), 0644);
	reload(GOOD);
	expect_class("fifth");
	assert_int_equal(ipsecapi_report(flow, &rep, sizeof(rep)), 0);
	assert_int_equal(rep.dir[IPSECAPI_OUT].protection, IPSECAPI_PROTECTION_NONE);
	ipsecapi_close(ctx);
	close(s);
}

#define RULES(use) \
	"[application seven]\nuse = " use "\nremote = 10.0.0.7\n" \
	"[application secret]\nuse = block\nuser = 7\n" \
	"[interface other]\nuse = block\ninterface = eth99\n"

static void expect_standing(const struct ipsecapi_direction *d, uint32_t policy, uint32_t layer)
{
	assert_int_equal(d->policy, policy);
	assert_int_equal(d->policy_layer, layer);
}

/* As wait_event(), which is for children: a test that fails must tear down. */
static struct ipsecapi_event next_event(struct ipsecapi *ctx)
{
	struct pollfd pfd = { .fd = ipsecapi_get_fd(ctx), .events = POLLIN };
	struct ipsecapi_event ev = { 0 };
	int tries;

	for (tries = 0; tries < 50 && ipsecapi_next_event(ctx, &ev, sizeof(ev)) != 1; tries++)
		poll(&pfd, 1, 100);
	return ev;
}

/* Both ways, as the rule names no users. The log runs ahead of what is in force. */
static void expect_mode(struct ipsecapi_flow *flow, uint32_t mode, uint32_t protection)
{
	struct ipsecapi_report rep;
	int tries = 0, d;

	do {
		assert_int_equal(ipsecapi_report(flow, &rep, sizeof(rep)), 0);
	} while (rep.policy_mode != mode && ++tries < 500);
	assert_int_equal(rep.policy_mode, mode);
	for (d = 0; d < 2; d++) {
		assert_int_equal(rep.dir[d].policy_mode, mode);
		assert_int_equal(rep.dir[d].protection, protection);
	}
}

/* api-rules 39: in report mode the report says what would be refused, and nothing is. */
static void reports_name_the_rule_and_whether_it_is_satisfied(void **state)
{
	struct ipsecapi_report rep;
	struct ipsecapi_status st;
	struct ipsecapi_flow *flow;
	struct ipsecapi_event ev;
	struct ipsecapi *ctx;
	int s = udp_to("10.0.0.7", 7), tries = 0;

	(void)state;
	put("policy.d/20.conf", RULES("strong"), 0644);
	reload(GOOD);
	assert_int_equal(ipsecapi_open(path, 0, &ctx), 0);
	assert_int_equal(ipsecapi_flow_open(ctx, s, &flow), 0);
	do {	/* the log runs ahead */
		assert_int_equal(ipsecapi_report(flow, &rep, sizeof(rep)), 0);
	} while (!rep.application_rule[0] && ++tries < 500);
	assert_string_equal(rep.application_rule, "seven");
	assert_string_equal(rep.interface_rule, "");
	assert_int_equal(rep.policy_mode, IPSECAPI_POLICY_MODE_REPORT);
	assert_int_equal(rep.ifindex, if_nametoindex("tun0"));
	expect_standing(&rep.dir[IPSECAPI_OUT], IPSECAPI_STANDING_WOULD_REFUSE,
			IPSECAPI_POLICY_LAYER_APPLICATION);
	assert_int_equal(ipsecapi_status(flow, &st, sizeof(st)), 0);
	expect_standing(&st.dir[IPSECAPI_IN], IPSECAPI_STANDING_WOULD_REFUSE,
			IPSECAPI_POLICY_LAYER_APPLICATION);
	assert_int_equal(send(s, "x", 1, 0), 1);

	put("policy.d/21.conf", "[application seven]\nmode = enforce\n", 0644);
	reload(GOOD);
	expect_mode(flow, IPSECAPI_POLICY_MODE_ENFORCE, IPSECAPI_PROTECTION_BLOCKED);
	assert_int_equal(send(s, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	drop("policy.d/21.conf");
	reload(GOOD);
	/* while the kernel changes from the one to the other nothing is claimed */
	expect_mode(flow, IPSECAPI_POLICY_MODE_REPORT, IPSECAPI_PROTECTION_NONE);
	for (tries = 0; send(s, "x", 1, 0) != 1 && tries < 500; tries++)
		poll(NULL, 0, 10);
	assert_true(tries < 500);

	while (ipsecapi_next_event(ctx, &ev, sizeof(ev)) == 1)
		;
	put("policy.d/20.conf", RULES("bypass"), 0644);
	reload(GOOD);
	ev = next_event(ctx);
	assert_int_equal(ev.type, IPSECAPI_EVENT_CHANGED);
	assert_ptr_equal(ev.flow, flow);
	assert_int_equal(ipsecapi_report(flow, &rep, sizeof(rep)), 0);
	expect_standing(&rep.dir[IPSECAPI_OUT], IPSECAPI_STANDING_SATISFIED, 0);
	drop("policy.d/20.conf");
	reload(GOOD);
	ev = next_event(ctx);
	assert_int_equal(ev.type, IPSECAPI_EVENT_CHANGED);
	assert_int_equal(ipsecapi_report(flow, &rep, sizeof(rep)), 0);
	assert_string_equal(rep.application_rule, "");
	assert_int_equal(rep.policy_mode, IPSECAPI_POLICY_MODE_UNKNOWN);
	expect_standing(&rep.dir[IPSECAPI_OUT], IPSECAPI_STANDING_NO_RULE, 0);
	ipsecapi_close(ctx);
	close(s);
}

static void fetch_text(struct ipsecapi *ctx, char *all, size_t size)
{
	struct ipsecapi_policy_text t;
	size_t used = 0;
	uint32_t i;
	int err;

	for (i = 0; !(err = ipsecapi_policy_text(ctx, i, &t, sizeof(t))); i++) {
		CHECK(used + t.length < size);
		memcpy(all + used, t.text, t.length);
		used += t.length;
	}
	all[used] = 0;
	CHECK(err == -ENOENT && ipsecapi_last_reason(ctx) == IPSECAPI_REASON_NO_SUCH_ENTRY);
}

static bool shows_secret(uint32_t rules)
{
	static char all[32768];
	struct ipsecapi_host host;
	struct ipsecapi *ctx = open_ctx();
	int tries = 0;

	do {	/* the log runs ahead */
		CHECK(!ipsecapi_host(ctx, &host, sizeof(host)));
	} while (host.policy_rules != rules && ++tries < 500);
	CHECK(host.policy_rules == rules);
	fetch_text(ctx, all, sizeof(all));
	CHECK(strstr(all, "[class strong]") && strstr(all, "[application seven]"));
	CHECK(host.policy_classes == 4 && !host.policy_mistakes && host.policy_generation);
	ipsecapi_close(ctx);
	return strstr(all, "secret");
}

static void asks_as_root(void)
{
	CHECK(shows_secret(3));
}

static void asks_as_user(void)
{
	CHECK(!shows_secret(2));
}

/* api-rules 33 */
static void rules_of_other_users_are_not_shown(void **state)
{
	(void)state;
	put("policy.d/20.conf", RULES("strong"), 0644);
	reload(GOOD);
	as_user(0, asks_as_root);
	as_user(USER, asks_as_user);
	drop("policy.d/20.conf");
}

static unsigned long long capabilities(pid_t pid, unsigned int *uid)
{
	unsigned long long caps = 1;
	char file[64], line[256];
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%d/status", pid);
	f = fopen(file, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "Uid: %u", uid);
		sscanf(line, "CapEff: %llx", &caps);
	}
	fclose(f);
	return caps;
}

static void those_that_stay_root_have_no_capability(void **state)
{
	unsigned int uid = 1;

	(void)state;
	assert_int_equal(capabilities(broker_process("ipsecapi-policy"), &uid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(capabilities(broker_process("ipsecapi-ike"), &uid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(capabilities(broker_process("ipsecapi-front"), &uid), 0);
	assert_int_not_equal(uid, 0);
}

/* Someone closes the terminal that the broker was started in. */
static void a_hangup_of_all_processes_ends_none(void **state)
{
	static const char *const names[] = { "ipsecapi-front", "ipsecapi-scrub", "ipsecapi-apply",
					     "ipsecapi-ike", "ipsecapi-policy" };
	pid_t pid[5];
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		pid[i] = broker_process(names[i]);
		assert_true(pid[i] > 1);	/* kill() of -1 reaches all there are */
		assert_int_equal(kill(pid[i], SIGHUP), 0);
	}
	reload(GOOD);
	for (i = 0; i < 5; i++)
		assert_int_equal(broker_process(names[i]), pid[i]);
}

static int begin(void **state)
{
	char file[128];

	strcpy(etc, "/tmp/ipsecapi-etc-XXXXXX");
	if (!mkdtemp(etc) || chmod(etc, 0755))
		return -1;
	snprintf(file, sizeof(file), "%s/policy.d", etc);
	if (mkdir(file, 0755))
		return -1;
	put("policy.conf", CLASS("first"), 0644);
	policy_dir = etc;
	snprintf(log_path, sizeof(log_path), "%s/log", etc);
	log_file = log_path;
	return set_up(state);
}

static int end(void **state)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %s", etc);
	return tear_down(state) || system(line);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_good_policy_comes_into_force),
	cmocka_unit_test(a_bad_policy_leaves_the_old_one),
	cmocka_unit_test(who_asks_is_told_what_came_of_it),
	cmocka_unit_test(who_is_overtaken_is_told),
	cmocka_unit_test(nobody_to_be_asked),
	cmocka_unit_test(sessions_outlive_a_reload),
	cmocka_unit_test(reports_name_the_rule_and_whether_it_is_satisfied),
	cmocka_unit_test(rules_of_other_users_are_not_shown),
	cmocka_unit_test(those_that_stay_root_have_no_capability),
	cmocka_unit_test(a_hangup_of_all_processes_ends_none),
};

int main(int argc, char **argv)
{
	(void)argc;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (!find_broker(argv[0]))
		return 0;
	return cmocka_run_group_tests(tests, begin, end);
}
