// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of exchange, and its lines for ip(8). */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "exchange.h"

enum option_id {
	O_INITIATOR, O_RESPONDER, O_ID_I, O_ID_R, O_PRF, O_INSTALL_MS, O_HARD_PACKETS, O_HARD_BYTES,
	O_SRC, O_DST, O_SPI_I, O_SPI_R, O_REQID, O_DEV_I, O_DEV_R, O_NETNS_I, O_NETNS_R, O_MODE, O_WINDOW, O_ESN,
};

static const struct option options[] = {
	{ "initiator", 1, NULL, O_INITIATOR }, { "responder", 1, NULL, O_RESPONDER },
	{ "id-i", 1, NULL, O_ID_I }, { "id-r", 1, NULL, O_ID_R }, { "prf", 1, NULL, O_PRF },
	{ "install-ms", 1, NULL, O_INSTALL_MS }, { "hard-packets", 1, NULL, O_HARD_PACKETS },
	{ "hard-bytes", 1, NULL, O_HARD_BYTES }, { "src", 1, NULL, O_SRC }, { "dst", 1, NULL, O_DST },
	{ "spi-i", 1, NULL, O_SPI_I }, { "spi-r", 1, NULL, O_SPI_R }, { "reqid", 1, NULL, O_REQID },
	{ "dev-i", 1, NULL, O_DEV_I }, { "dev-r", 1, NULL, O_DEV_R }, { "netns-i", 1, NULL, O_NETNS_I },
	{ "netns-r", 1, NULL, O_NETNS_R }, { "mode", 1, NULL, O_MODE }, { "window", 1, NULL, O_WINDOW },
	{ "esn", 0, NULL, O_ESN },
	{ 0 },
};

/* What each takes, for who gave something else. */
static const char *const takes[] = {
	[O_ID_I] = "an identity of 1 to 256 bytes", [O_ID_R] = "an identity of 1 to 256 bytes",
	[O_PRF] = "sha256, sha384 or sha512", [O_INSTALL_MS] = "a number from 1 to 600000",
	[O_HARD_PACKETS] = "a number from 1 to 2^64 - 2", [O_HARD_BYTES] = "a number from 1 to 2^64 - 2",
	[O_SRC] = "an IP address", [O_DST] = "an IP address",
	[O_SPI_I] = "a number from 256 to 2^32 - 1", [O_SPI_R] = "a number from 256 to 2^32 - 1",
	[O_REQID] = "a number from 1 to 2^32 - 1",
	[O_DEV_I] = "the name of an interface", [O_DEV_R] = "the name of an interface",
	[O_NETNS_I] = "the name of a network namespace", [O_NETNS_R] = "the name of a network namespace",
	[O_MODE] = "transport or tunnel", [O_WINDOW] = "a multiple of 32 from 32 to 4096",
};

static_assert(ESPVAULT_NONCE_MAX == 256, "identities are as long as said");

/* A name that may stand in a line for a shell. */
static bool plain_name(const char *text, const char **out)
{
	*out = text;
	return *text && *text != '-' && strlen(text) < 64 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:@") == strlen(text);
}

static bool identity(const char *text, const char **out)
{
	*out = text;
	return *text && strlen(text) <= ESPVAULT_NONCE_MAX;
}

static bool address(const char *text, const char **out)
{
	uint8_t addr[16];

	*out = text;
	return inet_pton(AF_INET, text, addr) == 1 || inet_pton(AF_INET6, text, addr) == 1;
}

static bool one_of(const char *text, const char *const *words, unsigned int n, unsigned int *which)
{
	for (*which = 0; *which < n; (*which)++)
		if (!strcmp(text, words[*which]))
			return true;
	return false;
}

static bool take_prf(const char *text, enum espvault_prf *prf)
{
	static const char *const words[] = { "sha256", "sha384", "sha512" };
	unsigned int i;
	bool ok = one_of(text, words, 3, &i);

	*prf = (enum espvault_prf)(i + 1);
	return ok;
}

static bool take_mode(const char *text, bool *tunnel)
{
	static const char *const words[] = { "transport", "tunnel" };
	unsigned int i;
	bool ok = one_of(text, words, 2, &i);

	*tunnel = i;
	return ok;
}

static bool take_keys(struct plan *p, int option, const char *text)
{
	switch (option) {
	case O_INITIATOR:
		p->side[0].path = text;
		return true;
	case O_RESPONDER:
		p->side[1].path = text;
		return true;
	case O_ID_I:
		return identity(text, &p->side[0].id);
	case O_ID_R:
		return identity(text, &p->side[1].id);
	case O_PRF:
		return take_prf(text, &p->prf);
	case O_INSTALL_MS:
		return number32(text, 1, 600000, &p->install_ms);
	case O_HARD_PACKETS:
		return number(text, 1, UINT64_MAX - 1, &p->hard_packets);
	default:
		return number(text, 1, UINT64_MAX - 1, &p->hard_bytes);
	}
}

static bool take_xfrm(struct xfrm_plan *x, int option, const char *text)
{
	switch (option) {
	case O_SRC:
		return address(text, &x->src);
	case O_DST:
		return address(text, &x->dst);
	case O_SPI_I:
		return number32(text, 256, UINT32_MAX, &x->spi[0]);
	case O_SPI_R:
		return number32(text, 256, UINT32_MAX, &x->spi[1]);
	case O_REQID:
		return number32(text, 1, UINT32_MAX, &x->reqid);
	case O_DEV_I:
		return plain_name(text, &x->dev[0]);
	case O_DEV_R:
		return plain_name(text, &x->dev[1]);
	case O_NETNS_I:
		return plain_name(text, &x->netns[0]);
	case O_NETNS_R:
		return plain_name(text, &x->netns[1]);
	case O_MODE:
		return take_mode(text, &x->tunnel);
	case O_WINDOW:
		return number32(text, 32, 4096, &x->window) && x->window % 32 == 0;
	default:
		x->esn = true;
		return true;
	}
}

static int plan_check(const struct plan *p, unsigned int xfrm_options)
{
	const struct xfrm_plan *x = &p->xfrm;

	if (!p->side[0].path || !p->side[1].path)
		return complain(EXIT_USAGE, "exchange needs two units: the initiator's and the responder's");
	/* each unit: is a new one */
	if (!strcmp(p->side[0].path, p->side[1].path) && strncmp(p->side[0].path, "unit:", 5))
		return complain(EXIT_USAGE, "a unit can't agree on keys with itself");
	if (!xfrm_options)
		return EXIT_OK;
	if (!x->src || !x->dst || !x->spi[0] || !x->spi[1] || !x->reqid)
		return complain(EXIT_USAGE, "lines for ip(8) need --src, --dst, --spi-i, --spi-r and --reqid");
	if (!strchr(x->src, ':') != !strchr(x->dst, ':'))
		return complain(EXIT_USAGE, "--src and --dst are of different families");
	return EXIT_OK;
}

/* Units may stand without their options. */
static int take_rest(struct tool *t, struct plan *p)
{
	for (int i = 0; optind < t->argc; optind++) {
		while (i < 2 && p->side[i].path)
			i++;
		if (i == 2)
			return complain(EXIT_USAGE, "exchange takes two units, not '%s' as well", t->argv[optind]);
		p->side[i].path = t->argv[optind];
	}
	return EXIT_OK;
}

int plan_parse(struct tool *t, struct plan *p)
{
	unsigned int xfrm_options = 0;
	int option, index = 0, code;

	memset(p, 0, sizeof(*p));
	p->prf = ESPVAULT_PRF_SHA256;
	p->xfrm.window = 128;
	p->side[0].role = ESPVAULT_INITIATOR;
	p->side[1].role = ESPVAULT_RESPONDER;
	p->side[0].id = "initiator";
	p->side[1].id = "responder";
	optind = 0;
	opterr = 0;
	while ((option = getopt_long(t->argc, t->argv, ":", options, &index)) != -1) {
		if (option == ':')
			return complain(EXIT_USAGE, "'%s' misses its value: %s", t->argv[optind - 1], takes[optopt]);
		if (option == '?')
			return complain(EXIT_USAGE, "exchange has no option '%s'; espvault(8) lists them",
					t->argv[optind - 1]);
		xfrm_options += option >= O_SRC;
		if (!(option < O_SRC ? take_keys(p, option, optarg) : take_xfrm(&p->xfrm, option, optarg)))
			return complain(EXIT_USAGE, "--%s does not take '%s', but %s", options[index].name, optarg,
					takes[option]);
	}
	code = take_rest(t, p);
	return code == EXIT_OK ? plan_check(p, xfrm_options) : code;
}

int plan_devices(struct plan *p)
{
	for (int i = 0; i < 2; i++) {
		struct espvault_info info = ESPVAULT_INIT(struct espvault_info);
		int err = espvault_get_info(p->side[i].unit, &info);

		if (err)
			return complain_unit(p->side[i].unit, p->side[i].path, err);
		memcpy(p->xfrm.ifname[i], info.ifname, sizeof(info.ifname));
		if (!p->xfrm.dev[i])
			p->xfrm.dev[i] = p->xfrm.ifname[i];
		if (p->xfrm.src && !*p->xfrm.dev[i])
			return complain(EXIT_USAGE, "%s has no interface: --dev-%c names the one that lines for ip(8) "
					"need", p->side[i].path, "ir"[i]);
	}
	return EXIT_OK;
}

void token_hex(const uint8_t token[ESPVAULT_TOKEN_LEN], char hex[2 * ESPVAULT_TOKEN_LEN + 1])
{
	for (int i = 0; i < ESPVAULT_TOKEN_LEN; i++)
		sprintf(hex + 2 * i, "%02x", token[i]);
}

/* side: who installs; sends: it is the sender. */
static void add_line(struct json_object *a, const struct plan *p, int side, bool sends)
{
	const struct xfrm_plan *x = &p->xfrm;
	bool from_a = (side == 0) == sends;
	const struct espvault_child *c = &p->side[side].child;
	char hex[2 * ESPVAULT_TOKEN_LEN + 1], line[640], netns[96] = "", window[40] = "";

	token_hex(sends ? c->token_out : c->token_in, hex);
	if (x->netns[side])
		snprintf(netns, sizeof(netns), "-n %s ", x->netns[side]);
	if (!sends)
		snprintf(window, sizeof(window), "replay-window %u ", x->window);
	else if (x->esn)
		snprintf(window, sizeof(window), "replay-window 32 ");	/* ip(8) wants one with the flag */
	snprintf(line, sizeof(line),
		 "ip %sxfrm state add src %s dst %s proto esp spi 0x%08x reqid %u mode %s %s%s"
		 "aead 'rfc4106(gcm(aes))' 0x%s 128 offload packet dev %s dir %s",
		 netns, from_a ? x->src : x->dst, from_a ? x->dst : x->src, x->spi[from_a ? 0 : 1], x->reqid,
		 x->tunnel ? "tunnel" : "transport", window, x->esn ? "flag esn " : "", hex, x->dev[side],
		 sends ? "out" : "in");
	json_object_array_add(a, json_object_new_string(line));
}

struct json_object *xfrm_lines(const struct plan *p)
{
	struct json_object *a = json_object_new_array();

	for (int side = 0; side < 2; side++) {
		add_line(a, p, side, false);
		add_line(a, p, side, true);
	}
	return a;
}
