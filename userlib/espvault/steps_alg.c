// SPDX-License-Identifier: GPL-2.0-or-later
/* A step that puts vectors to the algorithms of a unit in test mode. */
#include <string.h>

#include "script.h"

static const char *const names[] = { "prf", "ke-public", "ke-shared", "ke-encap", "sign", "verify", "kwp-wrap",
				     "kwp-unwrap", "hpke-open", NULL };
/* As prfs[], and one that only vectors still use. */
static const char *const test_prfs[] = { "sha256", "sha384", "sha512", "sha1", NULL };
static const char *const parts[] = { "key", "peer", "entropy", "message", "auth", "text", "info", "aad" };

/* What each algorithm takes, in the order of the interface. */
static const struct alg {
	const char *const *param;	/* NULL: it has none */
	const char *part[ESPVAULT_ALG_PARTS];
} algs[] = {
	[ESPVAULT_ALG_PRF] = { test_prfs, { "key", "message" } },
	[ESPVAULT_ALG_KE_PUBLIC] = { methods, { "key" } },
	[ESPVAULT_ALG_KE_SHARED] = { methods, { "key", "peer" } },
	[ESPVAULT_ALG_KE_ENCAP] = { methods, { "peer", "entropy" } },
	[ESPVAULT_ALG_SIGN] = { schemes, { "key", "message" } },
	[ESPVAULT_ALG_VERIFY] = { NULL, { "key", "message", "auth" } },
	[ESPVAULT_ALG_KWP_WRAP] = { NULL, { "key", "text" } },
	[ESPVAULT_ALG_KWP_UNWRAP] = { NULL, { "key", "text" } },
	[ESPVAULT_ALG_HPKE_OPEN] = { NULL, { "key", "info", "aad", "text" } },
};

static bool takes(const struct alg *alg, const char *part)
{
	for (unsigned int i = 0; i < ESPVAULT_ALG_PARTS && alg->part[i]; i++)
		if (!strcmp(alg->part[i], part))
			return true;
	return false;
}

/* A part that would not be looked at is a mistake in the vector. */
static void refuse_others(struct line *l, const char *name, const struct alg *alg)
{
	if (!alg->param && may_text(l, "param"))
		line_complain(l, "%s does not take param=", name);
	for (unsigned int i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (may_text(l, parts[i]) && !takes(alg, parts[i]))
			line_complain(l, "%s does not take %s=", name, parts[i]);
}

static int step_alg_test(struct line *l)
{
	struct espvault_alg_params p = ESPVAULT_INIT(struct espvault_alg_params);
	struct bytes part[ESPVAULT_ALG_PARTS];
	uint8_t out[ESPVAULT_ALG_OUT_MAX];
	size_t len = sizeof(out);
	const struct alg *alg;
	int err;

	p.alg = (uint16_t)need_word(l, "alg", names);
	if (l->bad)
		return l->bad;
	alg = &algs[p.alg];
	refuse_others(l, names[p.alg - 1], alg);
	if (alg->param)
		p.param = (uint16_t)need_word(l, "param", alg->param);
	for (unsigned int i = 0; i < ESPVAULT_ALG_PARTS && alg->part[i]; i++) {
		need_bytes(l, alg->part[i], &part[i]);
		p.part[i].data = part[i].b;
		p.part[i].len = part[i].len;
	}
	err = l->bad ? l->bad : espvault_alg_test(l->unit, &p, out, &len);
	if (!err)
		put_hex(l->out, "value", out, len);
	return err;
}

const struct step alg_steps[] = {
	{ "alg-test", "alg=ALGORITHM [param=WORD] [key=BYTES] [peer=BYTES] [entropy=BYTES] [message=BYTES] [auth=BYTES] "
	  "[text=BYTES] [info=BYTES] [aad=BYTES]", step_alg_test },
	{ NULL, NULL, NULL },
};
