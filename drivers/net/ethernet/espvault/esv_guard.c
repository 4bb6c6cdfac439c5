// SPDX-License-Identifier: GPL-2.0
/*
 * G0: a token never keys a software cipher on this host.
 *
 * ESP keys a software AEAD with whatever user space gave as a key, before a
 * driver is asked, and uses it when there is no offload. So every AEAD name
 * under which xfrm takes 36 bytes, the length of a token, gets a wrapper with
 * a priority above all others. A token given to a wrapper keys nothing: the SA
 * exists, but encrypts and decrypts nothing. Any other key goes to what would
 * have been used without the wrapper, requests included, asynchronous ones as
 * well.
 *
 * The wrappers have the full name that ESP asks for, geniv template included.
 * On the inner name they would sit below seqiv, and seqiv on top of them may
 * end up on a slower implementation.
 */
#include <crypto/internal/aead.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "esv_guard.h"
#include "esv_token.h"

#define ESV_GUARD_PRIORITY	100000

static bool guard = true;
module_param(guard, bool, 0444);
MODULE_PARM_DESC(guard, "keep tokens out of software ciphers (default on; tokens are refused when off)");

static atomic64_t esv_guard_nr_refused = ATOMIC64_INIT(0);
static bool esv_guard_is_active;

/**
 * struct esv_guard - one guarded name
 * @alg: the wrapper
 * @previous: driver that was the best one when the wrapper was registered
 * @by_driver: ask for @previous by its driver name
 */
struct esv_guard {
	struct aead_alg alg;
	char previous[CRYPTO_MAX_ALG_NAME];
	bool by_driver;
};

struct esv_guard_ctx {
	struct crypto_aead *fallback;
	bool token;
};

/*
 * The fallback is the best implementation but ours. If that would not be the
 * one that was in use before (it needs a fallback itself), it is asked for by
 * its driver name.
 */
static struct crypto_aead *esv_guard_alloc_fallback(const struct esv_guard *g)
{
	if (g->by_driver)
		return crypto_alloc_aead(g->previous, 0, 0);
	return crypto_alloc_aead(g->alg.base.cra_name, 0, CRYPTO_ALG_NEED_FALLBACK);
}

static int esv_guard_init_tfm(struct crypto_aead *tfm)
{
	struct esv_guard *g = container_of(crypto_aead_alg(tfm), struct esv_guard, alg);
	struct esv_guard_ctx *ctx = crypto_aead_ctx(tfm);
	struct crypto_aead *fallback;

	fallback = esv_guard_alloc_fallback(g);
	if (IS_ERR(fallback))
		return PTR_ERR(fallback);

	ctx->fallback = fallback;
	ctx->token = false;
	crypto_aead_set_reqsize(tfm, sizeof(struct aead_request) + crypto_aead_reqsize(fallback));
	return 0;
}

static void esv_guard_exit_tfm(struct crypto_aead *tfm)
{
	struct esv_guard_ctx *ctx = crypto_aead_ctx(tfm);

	crypto_free_aead(ctx->fallback);
}

/* A key of no length is never good; a setkey that fails leaves no key in force. */
static void esv_guard_unkey(struct crypto_aead *fallback)
{
	u8 none = 0;

	crypto_aead_setkey(fallback, &none, 0);
}

static int esv_guard_setkey(struct crypto_aead *tfm, const u8 *key, unsigned int keylen)
{
	struct esv_guard_ctx *ctx = crypto_aead_ctx(tfm);

	ctx->token = false;
	if (esv_is_token(key, keylen)) {
		esv_guard_unkey(ctx->fallback);
		if (keylen != ESV_TOKEN_LEN)
			return -EINVAL;
		ctx->token = true;
		return 0;
	}
	if (esv_is_no_key(key, keylen)) {
		esv_guard_unkey(ctx->fallback);
		return -EINVAL;
	}
	crypto_aead_clear_flags(ctx->fallback, CRYPTO_TFM_REQ_MASK);
	crypto_aead_set_flags(ctx->fallback, crypto_aead_get_flags(tfm) & CRYPTO_TFM_REQ_MASK);
	return crypto_aead_setkey(ctx->fallback, key, keylen);
}

static int esv_guard_setauthsize(struct crypto_aead *tfm, unsigned int authsize)
{
	struct esv_guard_ctx *ctx = crypto_aead_ctx(tfm);

	return crypto_aead_setauthsize(ctx->fallback, authsize);
}

/* The caller's completion is called with the caller's data, as if we were not there. */
static struct aead_request *esv_guard_pass(struct aead_request *req, struct esv_guard_ctx *ctx)
{
	struct aead_request *sub = aead_request_ctx(req);

	aead_request_set_tfm(sub, ctx->fallback);
	aead_request_set_callback(sub, req->base.flags, req->base.complete, req->base.data);
	aead_request_set_crypt(sub, req->src, req->dst, req->cryptlen, req->iv);
	aead_request_set_ad(sub, req->assoclen);
	return sub;
}

static int esv_guard_no_key(void)
{
	atomic64_inc(&esv_guard_nr_refused);
	return -ENOKEY;
}

static int esv_guard_encrypt(struct aead_request *req)
{
	struct esv_guard_ctx *ctx = crypto_aead_ctx(crypto_aead_reqtfm(req));

	if (unlikely(ctx->token))
		return esv_guard_no_key();
	return crypto_aead_encrypt(esv_guard_pass(req, ctx));
}

static int esv_guard_decrypt(struct aead_request *req)
{
	struct esv_guard_ctx *ctx = crypto_aead_ctx(crypto_aead_reqtfm(req));

	if (unlikely(ctx->token))
		return esv_guard_no_key();
	return crypto_aead_decrypt(esv_guard_pass(req, ctx));
}

#define ESV_GUARD(name, driver) {						\
	.alg = {								\
		.init = esv_guard_init_tfm,					\
		.exit = esv_guard_exit_tfm,					\
		.setkey = esv_guard_setkey,					\
		.setauthsize = esv_guard_setauthsize,				\
		.encrypt = esv_guard_encrypt,					\
		.decrypt = esv_guard_decrypt,					\
		.ivsize = 8,							\
		.maxauthsize = 16,						\
		.base = {							\
			.cra_name = (name),					\
			.cra_driver_name = (driver),				\
			.cra_priority = ESV_GUARD_PRIORITY,			\
			.cra_flags = CRYPTO_ALG_NEED_FALLBACK | CRYPTO_ALG_ASYNC, \
			.cra_blocksize = 1,					\
			.cra_ctxsize = sizeof(struct esv_guard_ctx),		\
			.cra_module = THIS_MODULE,				\
		},								\
	},									\
}

static struct esv_guard esv_guards[] = {
	ESV_GUARD("seqiv(rfc4106(gcm(aes)))", "seqiv-rfc4106-gcm-aes-espvault"),
	ESV_GUARD("seqiv(rfc4543(gcm(aes)))", "seqiv-rfc4543-gcm-aes-espvault"),
	ESV_GUARD("seqiv(rfc7539esp(chacha20,poly1305))", "seqiv-rfc7539esp-espvault"),
};

/* What is the best implementation now? The wrapper takes its alignment over. */
static void esv_guard_learn(struct esv_guard *g)
{
	struct crypto_aead *best;

	best = crypto_alloc_aead(g->alg.base.cra_name, 0, 0);
	if (IS_ERR(best))
		return;
	strscpy(g->previous, crypto_tfm_alg_driver_name(crypto_aead_tfm(best)),
		sizeof(g->previous));
	g->alg.base.cra_alignmask = crypto_aead_alignmask(best);
	g->alg.base.cra_blocksize = crypto_aead_blocksize(best);
	crypto_free_aead(best);
}

/* Does an ordinary key still end up where it did before? */
static bool esv_guard_falls_back_well(struct esv_guard *g)
{
	struct crypto_aead *tfm;
	struct esv_guard_ctx *ctx;
	bool same;

	tfm = crypto_alloc_aead(g->alg.base.cra_driver_name, 0, 0);
	if (IS_ERR(tfm))
		return false;
	ctx = crypto_aead_ctx(tfm);
	same = !strcmp(g->previous, crypto_tfm_alg_driver_name(crypto_aead_tfm(ctx->fallback)));
	crypto_free_aead(tfm);
	return same;
}

static int esv_guard_register(struct esv_guard *g)
{
	const char *name = g->alg.base.cra_name;
	int err;

	esv_guard_learn(g);
	err = crypto_register_aead(&g->alg);
	if (err) {
		pr_err("espvault: can't guard %s: %d\n", name, err);
		return err;
	}
	if (!g->previous[0]) {
		pr_info("espvault: %s is guarded, the kernel has no implementation\n", name);
		return 0;
	}
	if (!esv_guard_falls_back_well(g)) {
		g->by_driver = true;
		if (!esv_guard_falls_back_well(g)) {
			pr_err("espvault: %s can't be passed on to %s\n", name, g->previous);
			crypto_unregister_aead(&g->alg);
			return -ENOENT;
		}
	}
	pr_info("espvault: %s is guarded, other keys go to %s\n", name, g->previous);
	return 0;
}

/**
 * esv_guard_init() - put the wrappers in place
 *
 * Return: 0, also when the guard was switched off by parameter; or the error
 * of the crypto API, and then no wrapper is in place.
 */
int esv_guard_init(void)
{
	int i, err;

	if (!guard) {
		pr_warn("espvault: cipher guard is off, tokens are refused\n");
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(esv_guards); i++) {
		err = esv_guard_register(&esv_guards[i]);
		if (err)
			goto err_unregister;
	}
	esv_guard_is_active = true;
	return 0;

err_unregister:
	while (--i >= 0)
		crypto_unregister_aead(&esv_guards[i].alg);
	return err;
}

void esv_guard_exit(void)
{
	int i;

	if (!esv_guard_is_active)
		return;
	esv_guard_is_active = false;
	for (i = ARRAY_SIZE(esv_guards) - 1; i >= 0; i--)
		crypto_unregister_aead(&esv_guards[i].alg);
}

bool esv_guard_active(void)
{
	return esv_guard_is_active;
}

u64 esv_guard_refused(void)
{
	return atomic64_read(&esv_guard_nr_refused);
}
