// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * seal: wrap a secret for a unit, on a machine that need not have one. What it
 * must know of the unit is public, but has to come from the unit: a statement.
 */
#include <endian.h>
#include <errno.h>
#include <espvault/esv_unit.h>
#include <getopt.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hpke.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "recipient.h"
#include "secret.h"

enum option_id { O_TYPE, O_SECRET, O_ID, O_KEK, O_OUT, O_DIR, O_SPI, O_SRC, O_DST, O_MODE };

static const struct option options[] = {
	{ "type", 1, NULL, O_TYPE }, { "secret", 1, NULL, O_SECRET }, { "id", 1, NULL, O_ID },
	{ "kek", 1, NULL, O_KEK }, { "out", 1, NULL, O_OUT }, { "dir", 1, NULL, O_DIR },
	{ "spi", 1, NULL, O_SPI }, { "src", 1, NULL, O_SRC }, { "dst", 1, NULL, O_DST }, { "mode", 1, NULL, O_MODE },
	RECIPIENT_OPTIONS, { 0 },
};

struct request {
	enum espvault_secret type;
	const char *secret;
	const char *id;
	struct recipient to;	/* HPKE */
	const char *kek;	/* or key wrap */
	const char *out;
	bool sa;		/* one of the options of an ESP key's SA was there */
	uint8_t src, dst;	/* families, 0: missing */
	struct espvault_esp_params esp;
};

/* Which of two words, from 1. */
static bool one_of(const char *text, const char *one, const char *two, uint8_t *n)
{
	*n = !strcmp(text, one) ? 1 : !strcmp(text, two) ? 2 : 0;
	return *n;
}

/* What the only SA is that an ESP key is for. */
static int take_sa(struct request *r, int option, const char *text)
{
	r->sa = true;
	switch (option) {
	case O_DIR:
		return one_of(text, "out", "in", &r->esp.dir) ? EXIT_OK :
		       complain(EXIT_USAGE, "--dir does not take '%s', but in or out", text);
	case O_SPI:
		return number32(text, 256, UINT32_MAX, &r->esp.spi) ? EXIT_OK :
		       complain(EXIT_USAGE, "--spi does not take '%s', but a number from 256 to 2^32 - 1", text);
	case O_SRC:
		r->src = ip_address(text, r->esp.saddr);
		return r->src ? EXIT_OK : complain(EXIT_USAGE, "--src does not take '%s', but an IP address", text);
	case O_DST:
		r->dst = ip_address(text, r->esp.daddr);
		return r->dst ? EXIT_OK : complain(EXIT_USAGE, "--dst does not take '%s', but an IP address", text);
	default:
		return one_of(text, "transport", "tunnel", &r->esp.mode) ? EXIT_OK :
		       complain(EXIT_USAGE, "--mode does not take '%s', but transport or tunnel", text);
	}
}

static int take(void *arg, int option, const char *text)
{
	struct request *r = arg;

	switch (option) {
	case O_TYPE:
		r->type = secret_type(text);
		if (r->type == ESPVAULT_CERT)
			return complain(EXIT_USAGE, "a certificate of a peer's chain is public and is not sealed: "
					"give it to provision with --wrap none");
		return r->type ? EXIT_OK : complain(EXIT_USAGE, "--type does not take '%s', but " SECRET_TYPES, text);
	case O_SECRET:
		r->secret = text;
		return EXIT_OK;
	case O_ID:
		r->id = text;
		return *text && strlen(text) <= ESPVAULT_NONCE_MAX ? EXIT_OK :
		       complain(EXIT_USAGE, "--id does not take '%s', but an identity of 1 to 256 bytes", text);
	case O_KEK:
		r->kek = text;
		return EXIT_OK;
	case O_OUT:
		r->out = text;
		return EXIT_OK;
	default:
		return option < R_FIRST ? take_sa(r, option, text) : recipient_take(&r->to, option, text);
	}
}

static int check_sa(struct request *r)
{
	if (r->type != ESPVAULT_ESP)
		return r->sa ? complain(EXIT_USAGE, "--dir, --spi, --src, --dst and --mode tell the SA of an ESP key: "
					"they need --type esp") : EXIT_OK;
	if (!r->esp.dir || !r->esp.spi || !r->src || !r->dst)
		return complain(EXIT_USAGE, "an ESP key is for one SA only: tell that with --dir, --spi, --src and --dst");
	if (r->src != r->dst)
		return complain(EXIT_USAGE, "--src and --dst are of different families");
	r->esp.family = r->src;
	if (!r->esp.mode)
		r->esp.mode = 1;
	return EXIT_OK;
}

static int check_id(const struct request *r)
{
	const char *trouble = id_trouble(r->type, r->id);

	return trouble ? complain(EXIT_USAGE, "%s", trouble) : EXIT_OK;
}

static int check_stdin(const struct request *r)
{
	const struct judge *from = &r->to.from;

	return one_stdin((const char *[]){ r->secret, r->kek, from->statement, from->anchor, from->chain }, 5);
}

static int parse(struct tool *t, struct request *r)
{
	int code;

	memset(r, 0, sizeof(*r));
	r->esp.size = sizeof(r->esp);
	code = take_options(t, ":", options, take, r);
	if (code != EXIT_OK)
		return code;
	if (optind < t->argc)
		return complain(EXIT_USAGE, "seal takes options only, not '%s'", t->argv[optind]);
	if (!r->type || !r->secret)
		return complain(EXIT_USAGE, "seal needs --type and --secret, the file with the secret");
	if (!r->to.from.statement == !r->kek)
		return complain(EXIT_USAGE, "seal needs --to, a statement of `espvault attest`, or --kek, the file with "
				"a key of 32 bytes");
	code = recipient_check(&r->to);
	if (code == EXIT_OK)
		code = check_stdin(r);
	if (code == EXIT_OK)
		code = check_id(r);
	return code == EXIT_OK ? check_sa(r) : code;
}

/* UNIT-91: base mode, empty AAD; the encapsulated key, then the ciphertext. */
static bool hpke_seal(const struct espvault_statement *to, uint8_t type, const struct bytes *plain, struct bytes *out)
{
	const OSSL_HPKE_SUITE suite = { OSSL_HPKE_KEM_ID_X25519, OSSL_HPKE_KDF_ID_HKDF_SHA256,
					OSSL_HPKE_AEAD_ID_AES_GCM_256 };
	OSSL_HPKE_CTX *ctx = OSSL_HPKE_CTX_new(OSSL_HPKE_MODE_BASE, suite, OSSL_HPKE_ROLE_SENDER, NULL, NULL);
	const uint64_t device_id = htole64(to->device_id), epoch = htole64(to->epoch);
	uint8_t info[sizeof(ESV_HPKE_INFO) + 17];
	size_t enc_len = ESV_HPKE_ENC_LEN, ct_len = sizeof(out->b) - ESV_HPKE_ENC_LEN;
	bool ok;

	memcpy(info, ESV_HPKE_INFO, sizeof(ESV_HPKE_INFO));
	memcpy(info + sizeof(ESV_HPKE_INFO), &device_id, 8);
	memcpy(info + sizeof(ESV_HPKE_INFO) + 8, &epoch, 8);
	info[sizeof(info) - 1] = type;
	ok = ctx && OSSL_HPKE_encap(ctx, out->b, &enc_len, to->provision_key, sizeof(to->provision_key), info,
			      sizeof(info)) == 1 &&
	     enc_len == ESV_HPKE_ENC_LEN &&
	     OSSL_HPKE_seal(ctx, out->b + enc_len, &ct_len, NULL, 0, plain->b, plain->len) == 1;
	out->len = enc_len + ct_len;
	OSSL_HPKE_CTX_free(ctx);
	return ok;
}

/* RFC 5649 under AES-256. */
static bool key_wrap(const uint8_t kek[32], const struct bytes *plain, struct bytes *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, end = 0;
	bool ok;

	if (ctx)
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = cipher && ctx && plain->len + 16 <= sizeof(out->b) &&
	     EVP_EncryptInit_ex2(ctx, cipher, kek, NULL, NULL) == 1 &&
	     EVP_EncryptUpdate(ctx, out->b, &n, plain->b, (int)plain->len) == 1 &&
	     EVP_EncryptFinal_ex(ctx, out->b + n, &end) == 1;
	out->len = (size_t)(n + end);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return ok;
}

/* Buffers with secrets, to be wiped. */
struct secrets {
	struct bytes secret, plain, kek;
	struct espvault_esp_params esp;
};

static int wrap(const struct request *r, struct secrets *s, struct bytes *out)
{
	int code;

	if (!r->kek)
		return hpke_seal(&r->to.unit, (uint8_t)r->type, &s->plain, out) ? EXIT_OK :
		       complain(EXIT_REFUSED, "%s: nothing can be sealed to this key", r->to.from.statement);
	code = read_bytes(r->kek, &s->kek);
	if (code != EXIT_OK)
		return code;
	if (s->kek.len != 32)
		return complain(EXIT_USAGE, "%s: a key that wraps others has 32 bytes, this one has %zu", r->kek,
				s->kek.len);
	return key_wrap(s->kek.b, &s->plain, out) ? EXIT_OK :
	       complain(EXIT_REFUSED, "libcrypto can't wrap this secret");
}

/* Key and salt become what a controller sends (UNIT-100). */
static int encode_esp(const struct request *r, struct secrets *s)
{
	s->esp = r->esp;
	if (s->secret.len != sizeof(s->esp.key))
		return complain(EXIT_USAGE, "%s: an ESP key has 36 bytes, 32 for AES-256-GCM and 4 of salt; this one has %zu",
				r->secret, s->secret.len);
	memcpy(s->esp.key, s->secret.b, sizeof(s->esp.key));
	s->secret.len = ESPVAULT_ESP_LEN;
	return espvault_esp_encode(&s->esp, s->secret.b) ? complain(EXIT_REFUSED, "the ESP key can't be encoded") : EXIT_OK;
}

static int check_length(const struct request *r, const struct secrets *s)
{
	size_t min, max;

	secret_limits(r->type, &min, &max);
	if (s->secret.len < min)
		return complain(EXIT_USAGE, "%s: it is shorter than the %zu bytes that a secret of its type has at least",
				r->secret, min);
	if (s->secret.len > max)
		return complain(EXIT_USAGE, "%s: it is longer than the %zu bytes that a secret of its type may have",
				r->secret, max);
	return EXIT_OK;
}

/* What the wrap protects (UNIT-90). */
static int encode(const struct request *r, struct secrets *s)
{
	uint8_t id[ESPVAULT_NONCE_MAX];
	size_t id_len = 0;
	uint8_t id_type = r->id ? id_encode(r->id, id, &id_len) : 0;
	int code = read_bytes(r->secret, &s->secret);

	if (code == EXIT_OK)
		code = r->type == ESPVAULT_ESP ? encode_esp(r, s) : check_length(r, s);
	if (code != EXIT_OK)
		return code;
	s->plain.len = sizeof(s->plain.b);
	return espvault_secret_encode(r->type, id_type, id, id_len, s->secret.b, s->secret.len, s->plain.b,
				      &s->plain.len) ? complain(EXIT_REFUSED, "the secret can't be encoded") : EXIT_OK;
}

static int print_sealed(const struct tool *t, const struct request *r, const struct bytes *out)
{
	int code = to_file(t, r->out) ? write_file(r->out, out->b, out->len) : EXIT_OK;
	struct json_object *o;

	if (code != EXIT_OK || stdout_alone(t, r->out))
		return code;
	o = json_object_new_object();
	put_str(o, "wrap", r->kek ? "kwp" : "hpke");
	if (!r->kek)
		recipient_put(o, &r->to);
	put_u64(o, "bytes", out->len);
	if (to_file(t, r->out))
		put_str(o, "file", r->out);
	else
		put_hex(o, "blob", out->b, out->len);
	return print_object(t, o);
}

/* Who gets it is settled before the secret is read. */
static int seal(struct tool *t, struct request *r, struct secrets *s, struct bytes *out)
{
	int code = r->kek ? EXIT_OK : recipient_read(&r->to);

	if (code == EXIT_OK)
		code = encode(r, s);
	if (code == EXIT_OK)
		code = wrap(r, s, out);
	return code == EXIT_OK ? print_sealed(t, r, out) : code;
}

int cmd_seal(struct tool *t)
{
	struct secrets *s;
	struct bytes *out;
	struct request r;
	int code = parse(t, &r);

	if (code != EXIT_OK)
		return code;
	/* from here on there is a secret in this process */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	s = calloc(1, sizeof(*s));
	out = calloc(1, sizeof(*out));
	code = s && out ? seal(t, &r, s, out) : complain(EXIT_REFUSED, "out of memory");
	if (s)
		OPENSSL_cleanse(s, sizeof(*s));
	free(s);
	free(out);
	return code;
}
