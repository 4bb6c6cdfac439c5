// SPDX-License-Identifier: GPL-2.0-or-later
/* attest, certificate: a unit's signed statement. */
#include "statement.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "file.h"

#define PEM_MAX	4096

/* What the arguments of attest ask for. */
struct asked {
	const char *device, *file;
	bool have_nonce, have_sa, have_spi;
	uint32_t sa, spi;
	uint8_t family;		/* 0: no address */
	uint8_t daddr[16];
	uint8_t nonce[ESPVAULT_NONCE_LEN];
};

enum option_id { O_NONCE, O_SA, O_SPI, O_DADDR };

static const struct option options[] = {
	{ "nonce", 1, NULL, O_NONCE }, { "sa", 1, NULL, O_SA }, { "spi", 1, NULL, O_SPI },
	{ "daddr", 1, NULL, O_DADDR }, { 0 },
};

static int take(void *arg, int option, const char *text)
{
	struct asked *a = arg;

	switch (option) {
	case O_NONCE:
		a->have_nonce = hex_bytes(text, a->nonce, sizeof(a->nonce));
		return a->have_nonce ? EXIT_OK :
		       complain(EXIT_USAGE, "--nonce does not take '%s', but 64 hex digits", text);
	case O_SA:
		a->have_sa = number32(text, 1, UINT32_MAX, &a->sa);
		return a->have_sa ? EXIT_OK :
		       complain(EXIT_USAGE, "--sa does not take '%s', but a number from 1 to 2^32 - 1", text);
	case O_SPI:
		a->have_spi = number32(text, 0, UINT32_MAX, &a->spi);
		return a->have_spi ? EXIT_OK :
		       complain(EXIT_USAGE, "--spi does not take '%s', but a number from 0 to 2^32 - 1", text);
	case O_DADDR:
		a->family = ip_address(text, a->daddr);
		return a->family ? EXIT_OK : complain(EXIT_USAGE, "--daddr does not take '%s', but an IP address", text);
	default:
		a->file = text;
		return *text ? EXIT_OK : complain(EXIT_USAGE, "-o does not take '', but a file name");
	}
}

static int parse(struct tool *t, struct asked *a)
{
	int code = take_options(t, ":o:", options, take, a);

	if (code != EXIT_OK)
		return code;
	if (optind < t->argc)
		a->device = t->argv[optind++];
	if (optind < t->argc)
		return complain(EXIT_USAGE, "attest takes one device, not '%s' as well", t->argv[optind]);
	if (a->have_spi != !!a->family || (a->have_sa && a->have_spi))
		return complain(EXIT_USAGE, "attest takes --sa, or both --daddr and --spi");
	return EXIT_OK;
}

static int complain_sa(const struct espvault *unit, const char *path, int err)
{
	if (err == -ENOENT || err == -EBADF)
		return complain(EXIT_NOT_FOUND, "%s: the device has no such SA", path);
	return complain_unit(unit, path, err);
}

/* A nonce of our own shows only to us that the statement is fresh. */
static int get_statement(struct espvault *unit, const char *path, struct asked *a, struct statement *s)
{
	struct espvault_attest_params p = ESPVAULT_INIT(struct espvault_attest_params);
	struct espvault_sa sa = ESPVAULT_INIT(struct espvault_sa);
	int err = 0;

	if (a->family)
		err = espvault_sa_lookup(unit, a->family, a->daddr, a->spi, &sa);
	if (err)
		return complain_sa(unit, path, err);
	if (!a->have_nonce && getrandom(a->nonce, sizeof(a->nonce), 0) != sizeof(a->nonce))
		return complain(EXIT_REFUSED, "no random nonce: %s", strerror(errno));
	p.sa = a->family ? sa.handle : a->sa;
	p.subject = p.sa ? ESPVAULT_SUBJECT_SA : ESPVAULT_SUBJECT_UNIT;
	memcpy(p.nonce, a->nonce, sizeof(p.nonce));
	s->len = sizeof(s->bytes);
	err = espvault_attest(unit, &p, s->bytes, &s->len);
	return err ? complain_sa(unit, path, err) : EXIT_OK;
}

/* The device's word for itself: what it gave hangs together, and answers this nonce. */
static int check(const char *path, const struct asked *a, const struct statement *s, char pem[PEM_MAX],
		 struct espvault_statement *st)
{
	struct espvault_verify_params p = ESPVAULT_INIT(struct espvault_verify_params);
	size_t len = PEM_MAX;
	char words[200] = "there is no device certificate in it";
	int err = espvault_certificate(s->bytes, s->len, pem, &len);

	p.flags = ESPVAULT_ACCEPT_TEST;
	p.anchor = pem;
	p.anchor_len = len;
	p.nonce = a->nonce;
	p.words = words;
	p.words_size = sizeof(words);
	if (!err)
		err = espvault_verify(s->bytes, s->len, &p, st);
	return err ? complain(EXIT_REFUSED, "%s: the device's own statement is not good: %s", path, words) : EXIT_OK;
}

/* Open, ask, check and close. */
static int ask(struct asked *a, char path[64], struct statement *s, char pem[PEM_MAX], struct espvault_statement *st)
{
	struct espvault *unit;
	int code = open_unit(a->device, 0, &unit, path);

	if (code != EXIT_OK)
		return code;
	code = get_statement(unit, path, a, s);
	espvault_close(unit);
	return code == EXIT_OK ? check(path, a, s, pem, st) : code;
}

int cmd_attest(struct tool *t)
{
	struct espvault_statement st = ESPVAULT_INIT(struct espvault_statement);
	struct asked a = { .device = NULL };
	struct json_object *o;
	struct statement s;
	char path[64], pem[PEM_MAX];
	int code = parse(t, &a);

	if (code == EXIT_OK)
		code = ask(&a, path, &s, pem, &st);
	if (code == EXIT_OK && to_file(t, a.file))
		code = write_file(a.file, s.bytes, s.len);
	if (code != EXIT_OK || stdout_alone(t, a.file))
		return code;
	o = json_object_new_object();
	put_str(o, "device", path);
	statement_put(o, &st);
	if (t->json)
		put_hex(o, "statement", s.bytes, s.len);
	return print_object(t, o);
}

int cmd_certificate(struct tool *t)
{
	struct espvault_statement st = ESPVAULT_INIT(struct espvault_statement);
	struct asked a = { .device = NULL };
	struct json_object *o;
	struct statement s;
	char path[64], pem[PEM_MAX];
	int code;

	if (t->argc > 2 || (t->argc == 2 && t->argv[1][0] == '-'))
		return complain(EXIT_USAGE, "certificate takes one device and nothing else, not '%s'",
				t->argv[t->argc - 1]);
	a.device = t->argc == 2 ? t->argv[1] : NULL;
	code = ask(&a, path, &s, pem, &st);
	if (code != EXIT_OK)
		return code;
	if (!t->json) {
		fputs(pem, stdout);
		return EXIT_OK;
	}
	o = json_object_new_object();
	put_str(o, "device", path);
	put_hex64(o, "device-id", st.device_id);
	put_mode(o, st.mode);
	put_str(o, "certificate", pem);
	return print_object(t, o);
}
