// SPDX-License-Identifier: GPL-2.0-or-later
/* What is on the wire, judged by decoders that nobody here wrote: python3-cryptography and tshark. */
#include <libgen.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipsec_rig.h"

static struct pkt pkt;
static const char *here;

struct flow {
	uint8_t family, mode;
	bool bits128, esn;
	struct esv_sa_params sa;
	uint32_t handle;
};

static void flow_up(struct irig *r, struct flow *f, unsigned int i)
{
	struct esv_policy_params po;

	f->family = i & 1 ? 6 : 4;
	f->mode = i & 2 ? ESV_SA_TUNNEL : ESV_SA_TRANSPORT;
	f->bits128 = i & 4;
	f->esn = i & 8;
	f->sa = irig_sa(ESV_DIR_OUT, f->family, f->mode, 0x1000 + i);
	if (f->bits128)
		irig_sa_128(&f->sa);
	if (f->esn) {
		f->sa.flags |= htole32(ESV_SA_F_ESN);
		f->sa.seq = htole64(0xfffffff0);
	}
	f->handle = irig_add_sa(r, &f->sa);
	po = irig_policy(ESV_DIR_OUT, f->family, ESV_ACTION_PROTECT, f->mode);
	irig_add_policy(r, &po);
}

static void hex(FILE *f, const uint8_t *p, size_t n)
{
	while (n--)
		fprintf(f, "%02x", *p++);
	fputc(' ', f);
}

/* Build a packet, encrypt it; pkt keeps what it was. */
static void next_frame(struct irig *r, const struct flow *f, uint64_t *seed, unsigned int i)
{
	struct pkt_spec s = irig_spec(f->family, i & 1 ? 17 : 6, i < 40 ? i : rnd(seed) % 1300);

	s.fill = (uint8_t)rnd(seed);
	pkt_build(&pkt, &s);
	assert_counter(irig_send(r, pkt.b, pkt.len, f->handle), TX_ESP);
}

static void decode_all(uint64_t seed)
{
	char cmd[4200];
	FILE *py;

	snprintf(cmd, sizeof(cmd), "python3 %s/esp_decode.py", here);
	fflush(stdout);
	py = popen(cmd, "w");
	assert_non_null(py);
	for (unsigned int i = 0; i < 32; i++) {
		struct irig *r = irig_new_cfg(true, i & 16 ? ESVC_AEAD_EVP : ESVC_AEAD_AUTO, 4, 4, 0);
		struct flow f;

		flow_up(r, &f, i & 15);
		for (unsigned int n = 0; n < 80; n++) {
			uint64_t seq;
			uint8_t hi[4];

			next_frame(r, &f, &seed, n);
			seq = irig_get(r, f.handle)->key->seq;
			pkt16(hi, (uint32_t)(seq >> 48));
			pkt16(hi + 2, (uint32_t)(seq >> 32));
			fprintf(py, "%s ", f.mode == ESV_SA_TUNNEL ? "tunnel" : "transport");
			hex(py, f.sa.key, f.bits128 ? 20 : 36);
			if (f.esn)
				hex(py, hi, 4);
			else
				fputs("- ", py);
			hex(py, r->buf.data, r->buf.len);
			hex(py, pkt.b + 14, pkt.len - 14);
			fputc('\n', py);
		}
		irig_free(r);
	}
	assert_int_equal(pclose(py), 0);
}

/* ESP-1 to ESP-6: what leaves, opened by key and number alone, is the packet that was sent. */
static void test_python(void **state)
{
	if (system("python3 -c 'import cryptography' 2>/dev/null")) {
		print_message("# skip: python3-cryptography is not installed\n");
		skip();
	}
	decode_all(31415926);
	decode_all(fresh_seed("wire"));
}

/* ---- tshark ---- */

static void pcap_frame(FILE *f, const uint8_t *data, uint32_t len)
{
	uint32_t head[4] = { 0, 0, len, len };

	assert_int_equal(fwrite(head, sizeof(head), 1, f), 1);
	assert_int_equal(fwrite(data, len, 1, f), 1);
}

static FILE *pcap_new(char *path)
{
	static const uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 };
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(head, sizeof(head), 1, f), 1);
	return f;
}

static void uat(FILE *cmd, const struct flow *f)
{
	fprintf(cmd, " -o 'uat:esp_sa:\"IPv%u\",\"*\",\"*\",\"0x%08x\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x", f->family,
		be32toh(f->sa.spi));
	for (size_t i = 0; i < (f->bits128 ? 20u : 36u); i++)
		fprintf(cmd, "%02x", f->sa.key[i]);
	fputs("\",\"NULL\",\"\"'", cmd);
}

/* ESP-1, SA-54: the UDP payloads and ICV verdicts that tshark sees must be those that were sent. */
static void test_tshark(void **state)
{
	char path[] = "/tmp/esv-wire-XXXXXX", *cmd_text = NULL, line[8192];
	unsigned int frames = 0;
	size_t cmd_len = 0;
	uint64_t seed = 271828;
	static char sent[8 * 20][4096];
	FILE *cmd, *pcap, *out;

	if (system("command -v tshark >/dev/null")) {
		print_message("# skip: tshark is not installed\n");
		skip();
	}
	pcap = pcap_new(path);
	cmd = open_memstream(&cmd_text, &cmd_len);
	fputs("tshark -n -Q -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE", cmd);
	for (unsigned int i = 0; i < 8; i++) {
		struct irig *r = irig_new(true);
		struct flow f;

		flow_up(r, &f, i);
		uat(cmd, &f);
		for (unsigned int n = 1; n <= 20; n++, frames++) {
			next_frame(r, &f, &seed, 2 * n + 1);
			pcap_frame(pcap, r->buf.data, (uint32_t)r->buf.len);
			for (size_t j = 0; j < pkt.len - pkt.data; j++)
				snprintf(sent[frames] + 2 * j, 3, "%02x", pkt.b[pkt.data + j]);
		}
		irig_free(r);
	}
	fclose(pcap);
	fprintf(cmd, " -r %s -T fields -e esp.icv_good -e udp.payload 2>/dev/null", path);
	fclose(cmd);
	out = popen(cmd_text, "r");
	assert_non_null(out);
	for (unsigned int n = 0; n < frames; n++) {
		char want[8192];

		assert_non_null(fgets(line, sizeof(line), out));
		snprintf(want, sizeof(want), "1\t%s\n", sent[n]);
		if (!strncmp(line, "True", 4))
			memmove(line + 1, line + 4, strlen(line + 4) + 1), line[0] = '1';
		assert_string_equal(line, want);
	}
	assert_null(fgets(line, sizeof(line), out));
	assert_int_equal(pclose(out), 0);
	unlink(path);
	free(cmd_text);
	print_message("# tshark: %u frames\n", frames);
}

int main(void)
{
	static char path[4096];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_python),
		cmocka_unit_test(test_tshark),
	};

	snprintf(path, sizeof(path), "%s", __FILE__);
	here = dirname(path);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
