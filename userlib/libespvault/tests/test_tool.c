// SPDX-License-Identifier: GPL-2.0-or-later
/* espvault(8) over two real device cores: what it prints, and how it ends. */
#include "fake.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../espvault/tool.h"

static char out[65536], err[65536];

static void slurp(FILE *f, char *to, size_t size)
{
	size_t n;

	rewind(f);
	n = fread(to, 1, size - 1, f);
	to[n] = '\0';
	fclose(f);
}

/* Run the tool with words split at blanks; its streams end up in out and err. */
static int run(const char *line)
{
	char copy[1024], *argv[32] = { "espvault" }, *save = NULL, *t;
	int argc = 1, code, keep[2] = { dup(1), dup(2) };
	FILE *f[2] = { tmpfile(), tmpfile() };

	snprintf(copy, sizeof(copy), "%s", line);
	for (t = strtok_r(copy, " ", &save); t; t = strtok_r(NULL, " ", &save))
		argv[argc++] = t;
	fflush(NULL);
	for (int i = 0; i < 2; i++)
		dup2(fileno(f[i]), 1 + i);
	code = tool_main(argc, argv);
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		dup2(keep[i], 1 + i);
		close(keep[i]);
		slurp(f[i], i ? err : out, sizeof(out));
	}
	return code;
}

static void expect(const char *line, int code, const char *in_out, const char *in_err)
{
	int got = run(line);

	if (got != code || (in_out && !strstr(out, in_out)) || (in_err && !strstr(err, in_err)))
		fail_msg("espvault %s: exit %d, stdout '%s', stderr '%s'", line, got, out, err);
}

static struct json_object *parsed(void)
{
	struct json_object *o = json_tokener_parse(out);

	assert_non_null(o);
	return o;
}

static const char *at(struct json_object *o, const char *a, const char *b)
{
	struct json_object *inner;

	assert_true(json_object_object_get_ex(o, a, &inner));
	return get(inner, b);
}

static void test_usage(void **state)
{
	expect("", EXIT_USAGE, NULL, "usage:");
	expect("--help", EXIT_OK, "exchange", NULL);
	expect("--version", EXIT_OK, "espvault 0.", NULL);
	expect("frobnicate", EXIT_USAGE, NULL, "no command 'frobnicate'");
	expect("status --nope", EXIT_USAGE, NULL, "no option '--nope'");
	expect("status /dev/espvault0 /dev/espvault1", EXIT_USAGE, NULL, "one device");
	expect("status", EXIT_USAGE, NULL, "2 units, name one");
	expect("list all", EXIT_USAGE, NULL, "no argument");
	expect("sa", EXIT_USAGE, NULL, "list or show");
	expect("policy show", EXIT_USAGE, NULL, "say list");
	expect("zeroize /dev/espvault0", EXIT_USAGE, NULL, "--all");
	expect("decode", EXIT_USAGE, NULL, "one token");
	expect("decode 0x1234", EXIT_USAGE, NULL, "72 hex digits");
}

static void test_devices(void **state)
{
	expect("list", EXIT_OK, "/dev/espvault1 esv1 0000:00:04.0 ok", NULL);
	expect("list --json", EXIT_OK, "\"interface\":\"esv0\"", NULL);
	expect("status /dev/espvault7", EXIT_NO_DEVICE, NULL, "no such unit");
	fake_faults.open_err = -EACCES;
	expect("status /dev/espvault0", EXIT_NO_DEVICE, NULL, "CAP_NET_ADMIN");
	fake_faults.open_err = -ENOTTY;
	expect("status /dev/null", EXIT_NO_DEVICE, NULL, "not the node");
	fake_faults.open_err = 0;
	fake_faults.units = 1;
	expect("status", EXIT_OK, "self-test        yes", NULL);
	fake_faults.units = 0;
	expect("list", EXIT_NO_DEVICE, NULL, "no unit");
	expect("list --json", EXIT_OK, "[]", NULL);
	expect("caps", EXIT_NO_DEVICE, NULL, "no unit");
}

static void no_identity(uint16_t opcode, uint16_t *status, uint16_t *out_len, void *answer)
{
	if (opcode == ESV_OP_IDENTIFY)
		*status = ESV_S_INTERNAL;
}

static void test_status_and_caps(void **state)
{
	struct json_object *o;

	expect("status /dev/espvault0 --json", EXIT_OK, NULL, NULL);
	o = parsed();
	assert_string_equal(get(o, "self-test"), "true");
	assert_int_equal(strlen(get(o, "epoch")), 18);
	json_object_put(o);
	expect("caps /dev/espvault0", EXIT_OK, "x25519", NULL);
	expect("caps /dev/espvault0", EXIT_OK, "hmac-sha2-256, hmac-sha2-384, hmac-sha2-512", NULL);
	expect("--json caps /dev/espvault0", EXIT_OK, "\"token-cipher\":\"aes-256-gcm-16\"", NULL);
	expect("caps /dev/espvault0", EXIT_OK, "rss, vlan, ipsec, unit\n", NULL);
	expect("caps /dev/espvault0", EXIT_OK, "\nbuild            ", NULL);
	fake_faults.write_err = -EPERM;	/* the device tells its build only to who may write */
	expect("caps /dev/espvault0", EXIT_OK, "x25519", NULL);
	assert_null(strstr(out, "build"));
	fake_faults.open_err = -EPERM;
	expect("caps /dev/espvault0", EXIT_NO_DEVICE, NULL, "CAP_NET_ADMIN");
	fake_faults.open_err = 0;
	fake_faults.write_err = -ENODEV;
	expect("caps /dev/espvault0", EXIT_NO_DEVICE, NULL, "/dev/espvault0: ");
	fake_faults.write_err = 0;
	fake_faults.answer = no_identity;
	expect("caps /dev/espvault0", EXIT_REFUSED, NULL, "IDENTIFY: internal device error");
	fake_faults.answer = NULL;
	fake_faults.cmd_err = -ETIMEDOUT;
	expect("status /dev/espvault0", EXIT_REFUSED, NULL, "did not answer in time");
}

static void bytes_of(const char *hex, uint8_t token[ESV_TOKEN_LEN])
{
	assert_int_equal(strlen(hex), 2 * ESV_TOKEN_LEN);
	for (int i = 0; i < ESV_TOKEN_LEN; i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &token[i]), 1);
}

/* The tokens of the JSON form work, in their direction, on their unit. */
static void test_exchange_json(void **state)
{
	uint8_t token[ESV_TOKEN_LEN];
	struct json_object *o;
	enum esv_status status;

	expect("exchange --json /dev/espvault0 /dev/espvault1", EXIT_OK, NULL, NULL);
	o = parsed();
	assert_string_equal(at(o, "a", "role"), "initiator");
	assert_string_equal(at(o, "b", "device"), "/dev/espvault1");
	bytes_of(at(o, "a", "out"), token);
	assert_int_not_equal(fake_install(0, token, ESV_DIR_OUT, 0x100, &status), 0);
	bytes_of(at(o, "b", "in"), token);
	assert_int_equal(fake_install(0, token, ESV_DIR_IN, 0x100, &status), 0);
	assert_int_not_equal(fake_install(1, token, ESV_DIR_IN, 0x100, &status), 0);
	bytes_of(at(o, "a", "in"), token);
	assert_int_not_equal(fake_install(0, token, ESV_DIR_IN, 0x101, &status), 0);
	json_object_put(o);
	expect("sa list /dev/espvault0", EXIT_OK, "out 10.0.0.1 > 10.0.0.2 spi 0x00000100 transport reqid 7 "
	       "aes-256-gcm-16 L3 active packets 0 bytes 0 vouched-by host\n", NULL);
	/* nobody vouches for what the host made, and its line says no more than it did */
	assert_int_not_equal(fake_install_key(0, (const uint8_t *)"0123456789abcdef0123456789abcdefsalt", ESV_DIR_OUT,
					      0x200), 0);
	expect("sa list /dev/espvault0", EXIT_OK, "spi 0x00000200 transport reqid 7 aes-256-gcm-16 L1 active "
	       "packets 0 bytes 0\n", NULL);
	expect("sa show /dev/espvault1 --daddr 10.0.0.2 --spi 0x100", EXIT_OK, "vouched-by       host", NULL);
	expect("sa show /dev/espvault1 --daddr 10.0.0.2 --spi 0x999", EXIT_NOT_FOUND, NULL, "no such SA");
	expect("sa show /dev/espvault1 --spi 0x999", EXIT_USAGE, NULL, "both --daddr and --spi");
	expect("sa show /dev/espvault1 77", EXIT_NOT_FOUND, NULL, "no such SA");
	expect("sa list /dev/espvault1 --json", EXIT_OK, "\"custody\":\"L3\"", NULL);
}

/* The unit's clock runs: a token that is not installed in time is worth nothing. */
static void test_exchange_install_ms(void **state)
{
	uint8_t token[ESV_TOKEN_LEN];
	struct json_object *o;
	enum esv_status status;

	expect("exchange /dev/espvault0 /dev/espvault1 --install-ms 50 --json", EXIT_OK, NULL, NULL);
	o = parsed();
	bytes_of(at(o, "a", "out"), token);
	json_object_put(o);
	esvh_advance(fake_unit[0].host, 50000000);
	assert_int_equal(fake_install(0, token, ESV_DIR_OUT, 0x100, &status), 0);
	assert_int_equal(status, ESV_S_KEY_REJECTED);
}

static void test_exchange_lines(void **state)
{
	unsigned int lines = 0;

	expect("exchange --initiator /dev/espvault0 --responder /dev/espvault1 --src 10.1.0.1 --dst 10.1.0.2 "
	       "--spi-i 0x1001 --spi-r 0x1002 --reqid 5 --netns-i left --dev-r ens5 --mode tunnel --window 256",
	       EXIT_OK, NULL, NULL);
	for (char *p = out; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 4);
	assert_non_null(strstr(out, "ip -n left xfrm state add src 10.1.0.1 dst 10.1.0.2 proto esp spi 0x00001001 "
			       "reqid 5 mode tunnel aead 'rfc4106(gcm(aes))' 0xe57a1d"));
	assert_non_null(strstr(out, " 128 offload packet dev esv0 dir out\n"));
	assert_non_null(strstr(out, "ip xfrm state add src 10.1.0.1 dst 10.1.0.2 proto esp spi 0x00001001 "
			       "reqid 5 mode tunnel replay-window 256 aead"));
	assert_non_null(strstr(out, " 128 offload packet dev ens5 dir in\n"));
	expect("exchange /dev/espvault0 /dev/espvault1 --src fd00::1 --dst fd00::2 --spi-i 300 --spi-r 301 "
	       "--reqid 5 --esn --json", EXIT_OK, "flag esn", NULL);
}

static void test_exchange_refusals(void **state)
{
	static const char two[] = "exchange /dev/espvault0 /dev/espvault1 ";
	static const struct { const char *args, *words; } cases[] = {
		{ "--prf md5", "--prf does not take 'md5'" },
		{ "--install-ms 0", "--install-ms" },
		{ "--install-ms 600001", "--install-ms" },
		{ "--hard-packets -1", "--hard-packets" },
		{ "--src 10.0.0", "--src does not take" },
		{ "--src 10.0.0.1", "need --src, --dst" },
		{ "--src 10.0.0.1 --dst fd00::1 --spi-i 300 --spi-r 301 --reqid 1", "different families" },
		{ "--spi-i 255", "--spi-i" },
		{ "--window 33", "multiple of 32" },
		{ "--dev-i a;reboot", "--dev-i" },
		{ "--mode beet", "--mode" },
		{ "--bogus", "no option '--bogus'" },
		{ "--esn=1", "no option '--esn=1'" },
		{ "--id-i", "'--id-i' misses its value" },
		{ "/dev/espvault2", "two units" },
	};
	char line[256];

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(line, sizeof(line), "%s%s", two, cases[i].args);
		expect(line, EXIT_USAGE, NULL, cases[i].words);
	}
	expect("exchange /dev/espvault0", EXIT_USAGE, NULL, "two units");
	expect("exchange /dev/espvault0 /dev/espvault0", EXIT_USAGE, NULL, "with itself");
	expect("exchange /dev/espvault0 /dev/espvault5", EXIT_NO_DEVICE, NULL, "no such unit");
	fake_faults.cmd_err = -ENODEV;
	expect(two, EXIT_REFUSED, NULL, "the device is gone");
}

static void refuse_child(uint16_t opcode, uint16_t *status, uint16_t *out_len, void *answer)
{
	if (opcode == ESV_OP_CHILD_DERIVE)
		*status = ESV_S_LIMIT;
}

static void test_exchange_device_says_no(void **state)
{
	fake_faults.answer = refuse_child;
	expect("exchange /dev/espvault0 /dev/espvault1", EXIT_REFUSED, NULL,
	       "/dev/espvault0: CHILD_DERIVE: quota of this owner is used up");
	assert_string_equal(out, "");
}

static void test_decode(void **state)
{
	char line[128] = "decode ", *hex;

	expect("exchange /dev/espvault0 /dev/espvault1", EXIT_OK, "/dev/espvault1 out 0xe57a1d", NULL);
	hex = strstr(out, "/dev/espvault0 out 0x") + 19;
	snprintf(line, sizeof(line), "decode %.74s", hex);
	expect(line, EXIT_OK, "dir              out", NULL);
	memset(line + 9, 'a', 72);
	expect(line, EXIT_REFUSED, NULL, "not a token");
}

static void test_policy_and_counters(void **state)
{
	const struct esv_policy_params p = {
		.sel = { .family = 6, .plen_s = 128, .plen_d = 64, .saddr = { 0xfd, 1 }, .daddr = { 0xfd, 2 } },
		.dir = ESV_DIR_IN, .action = ESV_ACTION_DROP, .priority = htole32(9),
	};

	assert_int_not_equal(fake_policy(0, &p), 0);
	expect("policy list /dev/espvault0", EXIT_OK, "in fd01::/128 > fd02::/64 priority 9 drop packets 0", NULL);
	expect("policy list /dev/espvault0 --json", EXIT_OK, "\"action\":\"drop\"", NULL);
	expect("counters /dev/espvault0", EXIT_OK, "ADMIN_CMDS", NULL);
	assert_null(strstr(out, "TX_DROP_SEQ"));
	expect("counters --all /dev/espvault0 --json", EXIT_OK, "\"TX_DROP_SEQ\":0", NULL);
}

static void test_zeroize(void **state)
{
	uint8_t token[ESV_TOKEN_LEN];
	struct json_object *o;
	enum esv_status status;

	expect("exchange /dev/espvault0 /dev/espvault1 --json", EXIT_OK, NULL, NULL);
	o = parsed();
	bytes_of(at(o, "a", "out"), token);
	json_object_put(o);
	expect("zeroize /dev/espvault0 --all", EXIT_OK, "zeroized         yes", NULL);
	assert_int_equal(fake_install(0, token, ESV_DIR_OUT, 0x100, &status), 0);
	assert_int_equal(status, ESV_S_KEY_REJECTED);
}

static void test_bypass(void **state)
{
	expect("bypass /dev/espvault0", EXIT_OK, "on               arp, nd, mcast, dhcp, pmtu, ike, natt\noff              \n", NULL);
	expect("bypass /dev/espvault0 --keep arp,nd,ike", EXIT_OK, "off              mcast, dhcp, pmtu, natt", NULL);
	expect("bypass --json /dev/espvault0 --keep ike,natt,ike", EXIT_OK, "\"on\":[\n    \"ike\"\n  ]", NULL);
	expect("bypass /dev/espvault0", EXIT_OK, "on               ike\n", NULL);
	expect("bypass --keep=none /dev/espvault0", EXIT_OK, "on               \n", NULL);
	expect("bypass /dev/espvault1", EXIT_OK, "off              \n", NULL);
	fake_faults.units = 1;
	expect("bypass", EXIT_OK, "on               \n", NULL);
	expect("bypass --keep arp", EXIT_USAGE, NULL, "until power on: name the device");
	fake_faults.open_err = -EACCES;
	expect("bypass", EXIT_NO_DEVICE, NULL, "CAP_NET_ADMIN");
	fake_faults.open_err = 0;
	fake_faults.cmd_err = -ETIMEDOUT;
	expect("bypass", EXIT_REFUSED, NULL, "BYPASS_SET: the device did not answer in time");
	assert_string_equal(out, "");
}

static void test_bypass_usage(void **state)
{
	static const char *const wrong[] = { "frob", "ARP", "arp,", ",arp", "arp,,nd", "arp,none", "0x7f" };
	char line[128];

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(line, sizeof(line), "bypass /dev/espvault0 --keep %s", wrong[i]);
		expect(line, EXIT_USAGE, NULL, "but arp, nd, mcast, dhcp, pmtu, ike and natt");
		assert_non_null(strstr(err, wrong[i]));
	}
	expect("bypass", EXIT_USAGE, NULL, "2 units, name one");
	expect("bypass /dev/espvault0 --keep", EXIT_USAGE, NULL, "'--keep' misses its value");
	expect("bypass /dev/espvault0 --frob", EXIT_USAGE, NULL, "bypass has no option '--frob'");
	expect("bypass /dev/espvault0 /dev/espvault1", EXIT_USAGE, NULL, "one device, not '/dev/espvault1' as well");
	expect("bypass /dev/espvault0", EXIT_OK, "off              \n", NULL);
}

static void test_lock(void **state)
{
	expect("lock", EXIT_USAGE, NULL, "until power on: name the device");
	expect("lock /dev/espvault0 now", EXIT_USAGE, NULL, "not 'now'");
	expect("lock --all", EXIT_USAGE, NULL, "not '--all'");
	expect("lock /dev/espvault7", EXIT_NO_DEVICE, NULL, "no such unit");
	expect("caps /dev/espvault0", EXIT_OK, "strict           no", NULL);
	expect("lock /dev/espvault0", EXIT_OK, "strict           yes", NULL);
	expect("lock /dev/espvault0 --json", EXIT_OK, "\"strict\":true", NULL);
	expect("caps /dev/espvault0", EXIT_OK, "strict           yes", NULL);
	expect("caps /dev/espvault1", EXIT_OK, "strict           no", NULL);
	fake_faults.cmd_err = -ENODEV;
	expect("lock /dev/espvault1", EXIT_REFUSED, NULL, "SPD_LOCK: the device is gone");
	assert_string_equal(out, "");
}

#define NONCE	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* A file of its own for each; the certificate is what the tool printed. */
static void keep_file(const char *path)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(out, 1, strlen(out), f), strlen(out));
	fclose(f);
}

static void expect_in(const char *dir, const char *format, int code, const char *in_out, const char *in_err)
{
	char line[512];

	snprintf(line, sizeof(line), format, dir, dir, dir);
	expect(line, code, in_out, in_err);
}

/* From the device to a verifier that has none. */
static void test_attest_and_verify(void **state)
{
	char dir[] = "/tmp/tool-XXXXXX", path[64], line[128];
	struct json_object *o;
	struct stat st;

	assert_non_null(mkdtemp(dir));
	expect("certificate /dev/espvault0", EXIT_OK, "-----BEGIN CERTIFICATE-----", NULL);
	snprintf(path, sizeof(path), "%s/device.pem", dir);
	keep_file(path);
	expect("certificate /dev/espvault1", EXIT_OK, NULL, NULL);
	snprintf(path, sizeof(path), "%s/other.pem", dir);
	keep_file(path);
	expect_in(dir, "attest /dev/espvault0 --nonce " NONCE " -o %s/st", EXIT_OK, "subject          unit", NULL);
	snprintf(path, sizeof(path), "%s/st", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	fake_faults.units = 0;
	expect_in(dir, "verify --anchor %s/device.pem --nonce " NONCE " %s/st", EXIT_OK, "genuine          yes", NULL);
	expect_in(dir, "verify --anchor %s/device.pem --nonce 0x" NONCE " --json %s/st", EXIT_OK, "\"genuine\":true", NULL);
	o = parsed();
	assert_string_equal(get(o, "nonce"), NONCE);
	assert_string_equal(get(o, "nonce-compared"), "true");
	assert_string_equal(get(o, "fw-version"), "1.0.0");
	assert_int_equal(strlen(get(o, "measurement")), 64);
	json_object_put(o);
	expect_in(dir, "verify --anchor %s/device.pem %s/st", EXIT_OK, "nonce-compared   no", NULL);
	expect_in(dir, "verify --anchor %s/device.pem --nonce f" NONCE " %s/st", EXIT_USAGE, NULL, "64 hex digits");
	expect_in(dir, "verify --anchor %s/other.pem %s/st", EXIT_NOT_GENUINE, NULL, "do not lead to the anchor");
	assert_string_equal(out, "");
	memset(line, 'a', 64);
	snprintf(line + 64, sizeof(line) - 64, " %%s/st");
	snprintf(path, sizeof(path), "%s", "verify --anchor %s/device.pem --nonce ");
	memmove(line + strlen(path), line, strlen(line) + 1);
	memcpy(line, path, strlen(path));
	expect_in(dir, line, EXIT_NOT_GENUINE, NULL, "another nonce");
	expect_in(dir, "verify --anchor %s/device.pem %s/device.pem", EXIT_NOT_GENUINE, NULL, "no signed data");
	expect_in(dir, "verify --anchor %s/st %s/st", EXIT_USAGE, NULL, "the anchor is no certificate");
	expect_in(dir, "verify --anchor %s/device.pem --chain %s/st %s/st", EXIT_USAGE, NULL,
		  "/st: the chain holds no certificate");
	expect_in(dir, "verify --anchor %s/none %s/st", EXIT_USAGE, NULL, "none: it can't be read");
	expect_in(dir, "verify --anchor %s/device.pem %s", EXIT_USAGE, NULL, "it can't be read");
	snprintf(line, sizeof(line), "rm -r %s", dir);
	assert_int_equal(system(line), 0);
}

/* To the unit that signs for its key; what status says is anybody's word. */
static void test_seal(void **state)
{
	char dir[] = "/tmp/tool-XXXXXX", path[64], line[128];
	struct json_object *o;

	assert_non_null(mkdtemp(dir));
	expect("certificate /dev/espvault0", EXIT_OK, NULL, NULL);
	snprintf(path, sizeof(path), "%s/device.pem", dir);
	keep_file(path);
	expect("status /dev/espvault0 --json", EXIT_OK, NULL, NULL);
	snprintf(path, sizeof(path), "%s/status", dir);
	keep_file(path);
	expect_in(dir, "attest /dev/espvault0 --nonce " NONCE " -o %s/st", EXIT_OK, NULL, NULL);
	expect_in(dir, "attest /dev/espvault1 --nonce " NONCE " -o %s/other", EXIT_OK, NULL, NULL);
	fake_faults.units = 0;
	expect_in(dir, "seal --type psk --secret %s/status --to %s/st --anchor %s/device.pem --nonce " NONCE " --json",
		  EXIT_OK, "\"verified\":true", NULL);
	o = parsed();
	assert_string_equal(get(o, "wrap"), "hpke");
	assert_int_equal(strlen(get(o, "blob")), 2 * json_object_get_int(json_object_object_get(o, "bytes")));
	json_object_put(o);
	expect_in(dir, "seal --type psk --secret %s/st --to %s/other --anchor %s/device.pem", EXIT_NOT_GENUINE, NULL,
		  "do not lead to the anchor");
	expect_in(dir, "seal --type psk --secret %s/st --to %s/status --anchor %s/device.pem", EXIT_NOT_GENUINE, NULL,
		  "no signed data");
	expect_in(dir, "seal --type psk --secret %s/st --to %s/status", EXIT_USAGE, NULL, "can put a key of its own");
	assert_string_equal(out, "");
	expect_in(dir, "seal --type psk --secret %s/status --to %s/status --unverified", EXIT_OK, "verified         no",
		  NULL);
	expect_in(dir, "seal --type psk --secret %s/st --to %s/st --unverified", EXIT_USAGE, NULL, "not the answer of");
	snprintf(line, sizeof(line), "rm -r %s", dir);
	assert_int_equal(system(line), 0);
}

/* What a statement about an SA says in words; and the device of test mode by its flag. */
static void test_attest_sa(void **state)
{
	uint8_t token[ESV_TOKEN_LEN];
	enum esv_status status;
	struct json_object *o;
	uint32_t sa;
	char line[128];

	expect("exchange --json --id-i a.example --id-r b.example /dev/espvault0 /dev/espvault1", EXIT_OK, NULL, NULL);
	o = parsed();
	bytes_of(at(o, "a", "out"), token);
	json_object_put(o);
	sa = fake_install(0, token, ESV_DIR_OUT, 0x100, &status);
	assert_int_not_equal(sa, 0);
	snprintf(line, sizeof(line), "attest /dev/espvault0 --sa %u", sa);
	expect(line, EXIT_OK, "peer             b.example", NULL);
	expect("attest --daddr 10.0.0.2 --spi 0x100 /dev/espvault0 --json", EXIT_OK, "\"vouched-by\":\"host\"", NULL);
	o = parsed();
	assert_string_equal(get(o, "spi"), "0x00000100");
	assert_string_equal(get(o, "custody"), "L3");
	assert_string_equal(get(o, "peer-type"), "fqdn");
	assert_in_range(strlen(get(o, "statement")), 2000, 2 * ESPVAULT_STATEMENT_MAX);
	json_object_put(o);
	expect("attest /dev/espvault0 --sa 99", EXIT_NOT_FOUND, NULL, "no such SA");
	expect("attest /dev/espvault0 --daddr 10.0.0.2 --spi 0x101", EXIT_NOT_FOUND, NULL, "no such SA");
	expect("attest /dev/espvault0 -o /nonexistent/st", EXIT_REFUSED, NULL, "can't be written");
	expect("attest /dev/espvault0 -o -", EXIT_OK, "\x30\x82", NULL);
}

static void test_attest_usage(void **state)
{
	expect("attest", EXIT_USAGE, NULL, "2 units, name one");
	expect("attest /dev/espvault0 /dev/espvault1", EXIT_USAGE, NULL, "one device");
	expect("attest /dev/espvault0 --nonce 12", EXIT_USAGE, NULL, "64 hex digits");
	expect("attest /dev/espvault0 --nonce", EXIT_USAGE, NULL, "'--nonce' misses its value");
	expect("attest /dev/espvault0 --sa x", EXIT_USAGE, NULL, "a number");
	expect("attest /dev/espvault0 --spi 256", EXIT_USAGE, NULL, "both --daddr and --spi");
	expect("attest /dev/espvault0 --sa 1 --daddr 10.0.0.1 --spi 256", EXIT_USAGE, NULL, "--sa, or both");
	expect("attest /dev/espvault0 --daddr 10.0.0", EXIT_USAGE, NULL, "an IP address");
	expect("attest /dev/espvault0 -o", EXIT_USAGE, NULL, "'-o' misses its value");
	expect("attest /dev/espvault0 --frob", EXIT_USAGE, NULL, "no option '--frob'");
	expect("certificate /dev/espvault0 now", EXIT_USAGE, NULL, "not 'now'");
	expect("certificate --frob", EXIT_USAGE, NULL, "not '--frob'");
	expect("certificate /dev/espvault7", EXIT_NO_DEVICE, NULL, "no such unit");
	expect("verify", EXIT_USAGE, NULL, "needs a statement, and --anchor");
	expect("verify --anchor x", EXIT_USAGE, NULL, "needs a statement, and --anchor");
	expect("verify st", EXIT_USAGE, NULL, "needs a statement, and --anchor");
	expect("verify --anchor", EXIT_USAGE, NULL, "'--anchor' misses its value");
	expect("verify --frob st", EXIT_USAGE, NULL, "no option '--frob'");
	expect("verify --anchor x st st", EXIT_USAGE, NULL, "one statement, not 'st' as well");
	fake_faults.cmd_err = -EIO;
	expect("attest /dev/espvault0", EXIT_REFUSED, NULL, "ATTEST: the device is locked");
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_usage), T(test_devices), T(test_status_and_caps), T(test_exchange_json),
		T(test_exchange_install_ms), T(test_exchange_lines), T(test_exchange_refusals),
		T(test_exchange_device_says_no), T(test_decode), T(test_policy_and_counters), T(test_zeroize),
		T(test_bypass), T(test_bypass_usage), T(test_lock),
		T(test_attest_and_verify), T(test_seal), T(test_attest_sa), T(test_attest_usage),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("espvault", tests, NULL, NULL) ? 1 : 0;
}
