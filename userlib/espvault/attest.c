// SPDX-License-Identifier: GPL-2.0-or-later
/* attest, certificate: a unit's signed statement. */
#include "statement.h"

#include <errno.h>
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

/* One option with its value. EXIT_OK, or it has complained. */
static int take(struct asked *a, const char *option, const char *value)
{
	bool ok = true;

	if (!strcmp(option, "--nonce"))
		ok = a->have_nonce = hex_bytes(value, a->nonce, sizeof(a->nonce));
	else if (!strcmp(option, "--sa"))
		ok = a->have_sa = number32(value, 1, UINT32_MAX, &a->sa);
	else if (!strcmp(option, "--spi"))
		ok = a->have_spi = number32(value, 0, UINT32_MAX, &a->spi);
	else if (!strcmp(option, "--daddr"))
		ok = (a->family = ip_address(value, a->daddr)) != 0;
	else if (!strcmp(option, "-o"))
		ok = *(a->file = value);
	else
		return complain(EXIT_USAGE, "attest has no option '%s'", option);
	if (ok)
		return EXIT_OK;
	return complain(EXIT_USAGE, "%s does not take '%s', but %s", option, value,
			!strcmp(option, "--nonce") ? "64 hex digits" : !strcmp(option, "--daddr") ? "an IP address" :
			!strcmp(option, "-o") ? "a file name" : "a number");
}

static int parse(struct tool *t, struct asked *a)
{
	int code;

	for (int i = 1; i < t->argc; i++) {
		const char *arg = t->argv[i];

		if (arg[0] == '-') {
			code = take(a, arg, i + 1 < t->argc ? t->argv[i + 1] : "");
			if (code != EXIT_OK)
				return code;
			i++;
		} else if (a->device) {
			return complain(EXIT_USAGE, "attest takes one device, not '%s' as well", arg);
		} else {
			a->device = arg;
		}
	}
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
