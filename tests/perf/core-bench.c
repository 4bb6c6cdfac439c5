// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the device core costs beside the cipher itself (P5).
 *
 * Numerator: packets per second of processor time that a whole device encapsulates, from
 * descriptors in guest memory to frames on a wire that takes everything.
 * Denominator: the same of a bare loop over OpenSSL's AES-256-GCM
 * with a reused context, on as many bytes, in the same process. Both sides are
 * measured in turn, several times; the ratio is of the medians.
 *
 * core-bench [ROUNDS]    prints a JSON list of {id, value, numerator,
 *                        denominator, unit, spread}
 *
 * spread: distance of the 10th from the 90th percentile, relative to the median,
 * both sides added. P5-64 and P5-8192 are other sizes, P5-evp is the device on
 * OpenSSL instead of the flat backend.
 */
#include <endian.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "esvh_esp.h"
#include "pkt.h"

#define ROUNDS_MAX	101
#define ROUND_NS	20000000ull
#define MEM		(32u << 20)
#define RING_LOG2	8

struct side {
	double rate[ROUNDS_MAX];	/* packets per second */
	unsigned int n;
};

/* Processor time: a busy machine takes from both sides alike. */
static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "core-bench: %s\n", what);
	exit(1);
}

/* The bare cipher: what an ESP sender asks of it, and nothing else. */
struct bare {
	EVP_CIPHER_CTX *ctx;
	uint64_t iv;
	uint8_t buf[16384];
};

static void bare_setup(struct bare *b)
{
	static const uint8_t key[32] = { 1, 2, 3 };

	memset(b, 0, sizeof(*b));
	b->ctx = EVP_CIPHER_CTX_new();
	need(b->ctx && EVP_EncryptInit_ex(b->ctx, EVP_aes_256_gcm(), NULL, key, NULL) == 1, "no AES-256-GCM");
}

static void bare_packet(struct bare *b, int len)
{
	uint8_t nonce[12] = { 9, 9, 9, 9 }, aad[8] = { 0 }, icv[16];
	int n;

	b->iv++;
	memcpy(nonce + 4, &b->iv, 8);
	memcpy(aad + 4, &b->iv, 4);
	need(EVP_EncryptInit_ex(b->ctx, NULL, NULL, NULL, nonce) == 1 &&
	     EVP_EncryptUpdate(b->ctx, NULL, &n, aad, sizeof(aad)) == 1 &&
	     EVP_EncryptUpdate(b->ctx, b->buf, &n, b->buf, len) == 1 &&
	     EVP_EncryptFinal_ex(b->ctx, b->buf + n, &n) == 1 &&
	     EVP_CIPHER_CTX_ctrl(b->ctx, EVP_CTRL_AEAD_GET_TAG, sizeof(icv), icv) == 1, "cipher failed");
}

static void bare_round(struct bare *b, int len, struct side *s)
{
	uint64_t start = now(), end = start + ROUND_NS, t;
	unsigned int n = 0;

	do {
		for (int i = 0; i < 256; i++, n++)
			bare_packet(b, len);
		t = now();
	} while (t < end);
	s->rate[s->n++] = n * 1e9 / (double)(t - start);
}

/* A device with one outbound SA and a ring full of equal frames. */
struct device {
	struct esvh_host *h;
	struct esvh_drv d;
	unsigned int ring;
};

static void device_setup(struct device *v, enum esvc_backend backend, size_t esp_payload)
{
	struct esvh_esp esp = { .family = 4, .mode = ESV_SA_TRANSPORT, .spi = 0x1000, .reqid = 1, .key_len = 36,
				.saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 }, .sel_s = { 10, 0, 0, 1 },
				.sel_d = { 10, 0, 0, 2 } };
	struct pkt_spec s = { .family = 4, .proto = 17, .saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 },
			      .sport = 1, .dport = 2, .payload = esp_payload - 8 };
	struct esvh_tx_opts o = { .flags = ESV_TXD_TAG };
	struct esvc_config cfg;
	static struct pkt p;

	esvc_config_default(&cfg);
	cfg.backend = backend;
	cfg.strict = true;
	cfg.sa_max = 64;
	cfg.policy_max = 64;
	v->h = esvh_host_new(&cfg, MEM);
	need(v->h->dev != NULL, "no device");
	v->h->sink = true;
	esvh_drv_init(&v->d, v->h);
	v->d.mtu = 9000;
	v->d.ring_log2 = RING_LOG2;
	/* Buffers as far apart as a driver's for this size. */
	v->d.tx_slot = (esp_payload + 64 + 2047) / 2048 * 2048;
	need(esvh_drv_start(&v->d) == ESV_S_OK, "device does not start");
	need(esvh_esp_out(&v->d, &esp, &o.sa_handle) == ESV_S_OK, "SA is refused");
	s.dst = v->d.mac;
	pkt_build(&p, &s);
	v->ring = 1u << RING_LOG2;
	/* Once around: every slot of the ring holds a frame that can be sent again and again. */
	for (unsigned int i = 0; i < v->ring; i++)
		need(esvh_send(&v->d, 0, p.b, p.len, &o), "ring is full");
	esvh_pump(v->h);
	need(esvh_counter(&v->d, ESV_C_TX_ESP) == v->ring, "frames were dropped");
}

/* The whole ring again: what the driver does is to move tail and ring. */
static void device_batch(struct device *v)
{
	v->d.tx[0].tail += v->ring;
	esvh_tx_ring(&v->d, 0);
	while (esvc_run(v->h->dev, v->ring))
		;
}

static void device_round(struct device *v, struct side *s)
{
	uint64_t start = now(), end = start + ROUND_NS, t;
	uint64_t before = esvh_counter(&v->d, ESV_C_TX_ESP);
	unsigned int n = 0;

	do {
		device_batch(v);
		n += v->ring;
		t = now();
	} while (t < end);
	s->rate[s->n++] = n * 1e9 / (double)(t - start);
	need(esvh_counter(&v->d, ESV_C_TX_ESP) == before + n, "not every frame was encrypted");
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const struct side *s, double q)
{
	double v[ROUNDS_MAX];

	memcpy(v, s->rate, s->n * sizeof(v[0]));
	qsort(v, s->n, sizeof(v[0]), by_value);
	return v[(size_t)(q * (s->n - 1) + 0.5)];
}

static void report(const char *id, const struct side *num, const struct side *den, const char *last)
{
	double n = quantile(num, 0.5), d = quantile(den, 0.5);
	double spread = (quantile(num, 0.9) - quantile(num, 0.1)) / n + (quantile(den, 0.9) - quantile(den, 0.1)) / d;

	printf("  {\"id\": \"%s\", \"value\": %.3f, \"numerator\": %.0f, \"denominator\": %.0f, "
	       "\"unit\": \"packets/s\", \"spread\": %.3f}%s\n", id, n / d, n, d, spread, last);
}

static void compare(const char *id, enum esvc_backend backend, size_t len, unsigned int rounds, const char *last)
{
	struct device v = { 0 };
	struct side dev = { .n = 0 }, raw = { .n = 0 };
	static struct bare b;

	device_setup(&v, backend, len);
	bare_setup(&b);
	/* The first rounds warm both sides up and do not count. */
	device_round(&v, &dev);
	bare_round(&b, (int)len, &raw);
	dev.n = raw.n = 0;
	for (unsigned int i = 0; i < rounds; i++) {
		device_round(&v, &dev);
		bare_round(&b, (int)len, &raw);
	}
	report(id, &dev, &raw, last);
	EVP_CIPHER_CTX_free(b.ctx);
	esvh_host_free(v.h);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? (unsigned int)atoi(argv[1]) : 15;

	need(rounds >= 3 && rounds <= ROUNDS_MAX, "ROUNDS is 3 to 101");
	printf("[\n");
	compare("P5", ESVC_AEAD_AUTO, 1420, rounds, ",");
	compare("P5-64", ESVC_AEAD_AUTO, 64, rounds, ",");
	compare("P5-8192", ESVC_AEAD_AUTO, 8192, rounds, ",");
	compare("P5-evp", ESVC_AEAD_EVP, 1420, rounds, "");
	printf("]\n");
	return 0;
}
