// SPDX-License-Identifier: GPL-2.0-or-later
/* Statements of real device cores, verified by the library: what is genuine is taken, and nothing else. */
#include "fake.h"

#include <endian.h>
#include <errno.h>
#include <espvault.h>
#include <openssl/cms.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "esvc_cms.h"
#include "esvc_dev.h"
#include "esvc_unit_priv.h"

#define SPI	0x1234

static const uint8_t nonce[ESPVAULT_NONCE_LEN] = "a nonce that the verifier chose";

struct stmt {
	size_t len;
	uint8_t b[ESPVAULT_STATEMENT_MAX + 64];
};

struct text {
	size_t len;
	char b[8192];
};

static char words[200];

static struct espvault *open_rw(unsigned int n)
{
	char path[] = "/dev/espvault0";
	struct espvault *u = NULL;

	path[13] = (char)('0' + n);
	assert_int_equal(espvault_open(path, 0, &u), 0);
	return u;
}

static int attest(struct espvault *u, uint8_t subject, uint32_t sa, espvault_handle h, struct stmt *s)
{
	struct espvault_attest_params p = ESPVAULT_INIT(struct espvault_attest_params);

	p.subject = subject;
	p.sa = sa;
	p.handle = h;
	memcpy(p.nonce, nonce, sizeof(nonce));
	s->len = ESPVAULT_STATEMENT_MAX;
	return espvault_attest(u, &p, s->b, &s->len);
}

static void anchor_of(const struct stmt *s, struct text *pem)
{
	pem->len = sizeof(pem->b);
	assert_int_equal(espvault_certificate(s->b, s->len, pem->b, &pem->len), 0);
	assert_int_equal(strlen(pem->b), pem->len);
}

/* A statement about the unit alone, and the certificate to trust. */
static void unit_statement(unsigned int n, struct stmt *s, struct text *pem)
{
	struct espvault *u = open_rw(n);

	assert_int_equal(attest(u, ESPVAULT_SUBJECT_UNIT, 0, 0, s), 0);
	anchor_of(s, pem);
	espvault_close(u);
}

static struct espvault_verify_params question(const struct text *anchor, uint32_t flags)
{
	return (struct espvault_verify_params){
		.size = sizeof(struct espvault_verify_params), .flags = flags, .anchor = anchor->b,
		.anchor_len = anchor->len, .nonce = flags & ESPVAULT_ANY_NONCE ? NULL : nonce, .words = words,
		.words_size = sizeof(words),
	};
}

/* Whatever is refused leaves the answer alone and has words; what is taken has none. */
static int ask(const struct stmt *s, const struct espvault_verify_params *p, struct espvault_statement *st)
{
	struct espvault_statement mine;
	int err;

	memset(&mine, 0x5a, sizeof(mine));
	mine.size = sizeof(mine);
	err = espvault_verify(s->b, s->len, p, &mine);
	assert_true(err ? words[0] : !words[0]);
	if (err)
		assert_int_equal(mine.epoch, 0x5a5a5a5a5a5a5a5aull);
	else
		*st = mine;
	return err;
}

static int verify(const struct stmt *s, const struct text *anchor, uint32_t flags, struct espvault_statement *st)
{
	const struct espvault_verify_params p = question(anchor, flags);

	return ask(s, &p, st);
}

static void refused(const struct stmt *s, const struct text *anchor, uint32_t flags, int err, const char *why)
{
	struct espvault_statement st;
	int got = verify(s, anchor, flags, &st);

	if (got != err || !strstr(words, why))
		fail_msg("%d '%s' instead of %d '%s'", got, words, err, why);
}

static void test_genuine(void **state)
{
	struct espvault_info i = ESPVAULT_INIT(struct espvault_info);
	struct espvault_statement st;
	static struct text pem;
	static struct stmt s;
	struct espvault *u;

	unit_statement(0, &s, &pem);
	assert_int_equal(verify(&s, &pem, 0, &st), 0);
	u = open_rw(0);
	assert_int_equal(espvault_get_info(u, &i), 0);
	assert_int_equal(st.size, sizeof(st));
	assert_true(st.device_id == i.device_id && st.epoch == i.epoch && st.resets == i.resets);
	assert_int_equal(st.mode, i.mode);
	assert_int_equal(st.if_version, i.if_version);
	assert_int_equal(st.fw_version, i.fw_version);
	assert_memory_equal(st.provision_key, i.provision_key, 32);
	assert_memory_equal(st.nonce, nonce, sizeof(nonce));
	assert_int_equal(st.subject, ESPVAULT_SUBJECT_UNIT);
	assert_int_equal(st.type, 0);
	assert_int_equal(st.sa_handle, 0);
	assert_int_equal(st.sessions, 1);
	espvault_close(u);
}

/* The words are the caller's to want; a caller with an older struct gets less. */
static void test_small_callers(void **state)
{
	struct espvault_verify_params p;
	struct espvault_statement st;
	static struct text pem;
	static struct stmt s;

	unit_statement(0, &s, &pem);
	p = question(&pem, 0);
	p.words = NULL;
	st.size = offsetof(struct espvault_statement, spi);
	assert_int_equal(espvault_verify(s.b, s.len, &p, &st), 0);
	assert_int_equal(st.size, offsetof(struct espvault_statement, spi));
	st.size = 8;
	assert_int_equal(espvault_verify(s.b, s.len, &p, &st), -EINVAL);
	p.size = 2;
	assert_int_equal(espvault_verify(s.b, s.len, &p, &st), -EINVAL);
}

static void test_nonce(void **state)
{
	struct espvault_verify_params p;
	struct espvault_statement st;
	uint8_t other[ESPVAULT_NONCE_LEN];
	static struct text pem;
	static struct stmt s;

	unit_statement(0, &s, &pem);
	p = question(&pem, 0);
	p.nonce = other;
	for (unsigned int i = 0; i < sizeof(other); i++) {
		memcpy(other, nonce, sizeof(other));
		other[i] ^= 0x80;
		assert_int_equal(ask(&s, &p, &st), -ESTALE);
		assert_non_null(strstr(words, "another nonce"));
	}
	p.nonce = NULL;
	assert_int_equal(ask(&s, &p, &st), -EINVAL);
	p.flags = ESPVAULT_ANY_NONCE;
	assert_int_equal(ask(&s, &p, &st), 0);
	p.nonce = nonce;	/* one or the other */
	assert_int_equal(ask(&s, &p, &st), -EINVAL);
	p.flags = 8;
	assert_int_equal(ask(&s, &p, &st), -EINVAL);
}

static void test_anchor(void **state)
{
	static struct text mine, other, both, junk = { .len = 4, .b = "junk" };
	static struct stmt s, s2;
	struct espvault_statement st;
	size_t first;

	unit_statement(0, &s, &mine);
	unit_statement(1, &s2, &other);
	refused(&s, &other, 0, -ENOKEY, "do not lead to the anchor");
	both = other;
	memcpy(both.b + both.len, mine.b, mine.len + 1);
	both.len += mine.len;
	assert_int_equal(verify(&s, &both, 0, &st), 0);
	assert_int_equal(verify(&s2, &both, 0, &st), 0);
	first = other.len;
	both.b[first + 200] ^= 1;	/* one of two that is broken is not passed over */
	refused(&s2, &both, 0, -EINVAL, "the anchor is no certificate");
	refused(&s, &junk, 0, -EINVAL, "the anchor is no certificate");
	junk.len = 0;
	refused(&s, &junk, 0, -EINVAL, "the anchor is no certificate");
}

/* A statement of a unit in test mode, and one of production, by the same device. */
static void test_mode(void **state)
{
	struct esvc_config cfg;
	void *given = &cfg;
	static struct text test_pem, pem;
	static struct stmt test, s;
	struct espvault_statement st;

	fake_teardown(state);
	esvc_config_default(&cfg);
	cfg.sa_max = cfg.policy_max = cfg.handle_max = 64;
	cfg.has_device_secret = true;
	cfg.device_secret[0] = 1;
	assert_int_equal(fake_setup(&given), 0);
	unit_statement(0, &s, &pem);
	fake_teardown(state);
	cfg.test_mode = true;
	assert_int_equal(fake_setup(&given), 0);
	unit_statement(0, &test, &test_pem);
	refused(&test, &test_pem, 0, -EPERM, "test mode");
	assert_int_equal(verify(&test, &test_pem, ESPVAULT_ACCEPT_TEST, &st), 0);
	assert_true(st.mode & ESV_MODE_TEST);
	/* Even for one that takes test mode: the anchor is of production. */
	refused(&test, &pem, 0, -ENOKEY, "do not lead");
	refused(&test, &pem, ESPVAULT_ACCEPT_TEST, -ENOKEY, "do not lead");
	refused(&s, &test_pem, ESPVAULT_ACCEPT_TEST, -ENOKEY, "do not lead");
	assert_int_equal(verify(&s, &pem, ESPVAULT_ACCEPT_TEST, &st), 0);
}

static void test_truncated(void **state)
{
	static struct text pem;
	static struct stmt s, cut;

	unit_statement(0, &s, &pem);
	cut = s;
	for (cut.len = 0; cut.len < s.len; cut.len++)
		refused(&cut, &pem, 0, -EBADMSG, "no signed data");
	for (cut.len = s.len + 1; cut.len < s.len + 4; cut.len++)
		refused(&cut, &pem, 0, -EBADMSG, "bytes behind the statement");
	assert_int_equal(espvault_verify(s.b, SIZE_MAX, &(struct espvault_verify_params){
				 .size = sizeof(struct espvault_verify_params), .nonce = nonce },
			 &(struct espvault_statement){ .size = sizeof(struct espvault_statement) }), -EBADMSG);
}

/* One statement has one form and one signature, so that nobody makes a second one of it. */
static void test_form(void **state)
{
	const struct esvc_attestor *b = &fake_unit[1].host->dev->unit->attestor;
	const uint8_t *at = b->boot_cert.der;
	EVP_PKEY *key = esvc_p256_key(b->boot.priv, b->boot.pub);
	X509 *cert = d2i_X509(NULL, &at, (long)b->boot_cert.len);
	static struct stmt s, ber, two;
	static struct text pem;
	CMS_ContentInfo *cms;
	uint8_t *to = two.b;

	unit_statement(0, &s, &pem);
	assert_memory_equal(s.b, "\x30\x82", 2);
	ber = s;
	ber.b[1] = 0x80;	/* indefinite length (X.690 8.1.3.6) */
	memmove(ber.b + 2, ber.b + 4, s.len - 4);
	memset(ber.b + s.len - 2, 0, 2);
	refused(&ber, &pem, 0, -EBADMSG, "not encoded as DER");
	at = s.b;
	cms = d2i_CMS_ContentInfo(NULL, &at, (long)s.len);
	assert_non_null(CMS_add1_signer(cms, cert, key, EVP_sha256(), CMS_REUSE_DIGEST | CMS_NOSMIMECAP));
	two.len = (size_t)i2d_CMS_ContentInfo(cms, NULL);
	assert_in_range(two.len, s.len, ESPVAULT_STATEMENT_MAX);
	i2d_CMS_ContentInfo(cms, &to);
	refused(&two, &pem, 0, -EBADMSG, "not one signature");
	CMS_ContentInfo_free(cms);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/*
 * Some bytes are not signed, as version numbers and the device certificate that comes along: a change
 * there may be taken, but says the same.
 */
static void taken_or_same(const struct stmt *changed, const struct text *pem, const struct espvault_statement *want,
			  unsigned int *taken)
{
	struct espvault_statement st;

	if (verify(changed, pem, 0, &st))
		return;
	assert_memory_equal(&st, want, sizeof(st));
	++*taken;
}

static void test_flipped(void **state)
{
	struct espvault_statement st;
	static struct stmt s, bad;
	static struct text pem;
	unsigned int taken = 0;

	unit_statement(0, &s, &pem);
	assert_int_equal(verify(&s, &pem, 0, &st), 0);
	for (size_t i = 0; i < s.len; i++) {
		bad = s;
		bad.b[i] ^= 1 << i % 8;
		taken_or_same(&bad, &pem, &st, &taken);
	}
	assert_in_range(taken, 0, 600);	/* about what a certificate has */
}

static void test_mutated(void **state)
{
	struct espvault_statement st;
	static struct stmt s, bad;
	static struct text pem;
	unsigned int seed = 7, taken = 0;

	unit_statement(0, &s, &pem);
	assert_int_equal(verify(&s, &pem, 0, &st), 0);
	for (unsigned int n = 0; n < 5000; n++) {
		bad = s;
		for (int k = 1 + rand_r(&seed) % 4; k; k--) {
			size_t at = (size_t)rand_r(&seed) % s.len, len = (size_t)rand_r(&seed) % 16;

			switch (rand_r(&seed) % 4) {
			case 0: bad.b[at] = (uint8_t)rand_r(&seed); break;
			case 1: bad.b[at] ^= 1 << rand_r(&seed) % 8; break;
			case 2: memmove(bad.b + at, bad.b + (size_t)rand_r(&seed) % (s.len - len), at + len < s.len ? len : 0); break;
			default: bad.len = (size_t)rand_r(&seed) % 8 ? bad.len : at; break;
			}
		}
		taken_or_same(&bad, &pem, &st, &taken);
		espvault_certificate(bad.b, bad.len, (char *)bad.b, &bad.len);
	}
}

/* --- what the boot key signs and must not be believed: the tests have that key --- */

static struct esvc_attestor *attestor_of(unsigned int n)
{
	return &fake_unit[n].host->dev->unit->attestor;
}

static void forge(const struct esvc_signer *by, const struct esvc_idcert *cert, const void *content, size_t len,
		  struct stmt *s)
{
	s->len = ESPVAULT_STATEMENT_MAX;
	assert_int_equal(esvc_cms_sign(by, cert, &attestor_of(0)->device_cert, content, len, s->b, &s->len), 0);
}

/* What a true statement holds. */
static void content_of(const struct stmt *s, struct esv_statement *st)
{
	const uint8_t *at = memmem(s->b, s->len, ESV_STATEMENT_MAGIC, sizeof(ESV_STATEMENT_MAGIC));

	assert_non_null(at);
	memcpy(st, at, sizeof(*st));
}

struct change {
	size_t at;
	uint8_t flip;
	int err;
	const char *why;
};

#define AT(field)	offsetof(struct esv_statement, field)

static void test_contradictions(void **state)
{
	static const struct change changes[] = {
		{ AT(magic), 1, -EBADMSG, "no statement of a unit" },
		{ AT(magic) + 15, 1, -EBADMSG, "no statement of a unit" },
		{ AT(version), 2, -EPROTONOSUPPORT, "version that is not known" },
		{ AT(version) + 1, 1, -EPROTONOSUPPORT, "version that is not known" },
		{ AT(subject), 4, -EBADMSG, "out of range" },
		{ AT(id_len) + 1, 2, -EBADMSG, "out of range" },
		{ AT(mode), ESV_MODE_TEST, -EPROTO, "only one of statement and boot certificate says test mode" },
		{ AT(device_id), 1, -EPROTO, "name different devices" },
		{ AT(device_id) + 7, 0x80, -EPROTO, "name different devices" },
		{ AT(measurement), 1, -EPROTO, "different measurements" },
		{ AT(measurement) + 31, 1, -EPROTO, "different measurements" },
		{ AT(nonce), 1, -ESTALE, "another nonce" },
	};
	const struct esvc_attestor *a = attestor_of(0);
	struct esv_statement st;
	static struct stmt s;
	static struct text pem;

	unit_statement(0, &s, &pem);
	content_of(&s, &st);
	for (unsigned int i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint8_t changed[sizeof(st)];

		memcpy(changed, &st, sizeof(st));
		changed[changes[i].at] ^= changes[i].flip;
		forge(&a->boot, &a->boot_cert, changed, sizeof(changed), &s);
		refused(&s, &pem, ESPVAULT_ACCEPT_TEST, changes[i].err, changes[i].why);
	}
	forge(&a->boot, &a->boot_cert, &st, sizeof(st) - 1, &s);
	refused(&s, &pem, 0, -EBADMSG, "not the length");
	forge(&a->boot, &a->boot_cert, &st, 4, &s);
	refused(&s, &pem, 0, -EBADMSG, "no statement of a unit");
	forge(&a->device, &a->device_cert, &st, sizeof(st), &s);	/* the device key speaks for boot keys only */
	refused(&s, &pem, 0, -EPROTO, "no boot certificate");
}

/* Signed by a key that has another certificate than the one that names it. */
static void test_signature(void **state)
{
	const struct esvc_attestor *a = attestor_of(0), *b = attestor_of(1);
	struct esv_statement st;
	static struct stmt s;
	static struct text pem;
	uint8_t *at;

	unit_statement(0, &s, &pem);
	content_of(&s, &st);
	at = memmem(s.b, s.len, st.nonce, sizeof(st.nonce));
	at[0] ^= 1;
	refused(&s, &pem, ESPVAULT_ANY_NONCE, -EKEYREJECTED, "signature does not fit");
	forge(&b->boot, &b->boot_cert, &st, sizeof(st), &s);	/* good, but of somebody else */
	refused(&s, &pem, 0, -ENOKEY, "do not lead");
	forge(&a->boot, &a->boot_cert, &st, sizeof(st), &s);
	refused(&s, &pem, ESPVAULT_ACCEPT_TEST | 16, -EINVAL, "no such flags");
}

/* --- a manufacturer's CA, as openssl(1) makes one --- */

static void slurp(const char *dir, const char *name, struct text *t)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	t->len = fread(t->b, 1, sizeof(t->b) - 1, f);
	t->b[t->len] = '\0';
	fclose(f);
}

static void spill(const char *dir, const char *name, const struct text *t)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(t->b, 1, t->len, f), t->len);
	fclose(f);
}

/* Certificates of a CA and, for the key of device.pem, of the device. */
static const char ca_script[] =
	"cd %s && exec >/dev/null 2>&1 && "
	"openssl ecparam -name P-384 -genkey -noout -out ca.key && "
	"openssl req -x509 -new -key ca.key -subj '/CN=maker' -days 30 -out ca.pem && "
	"openssl x509 -in device.pem -noout -pubkey -out pub.pem && "
	"printf 'basicConstraints=critical,CA:TRUE,pathlen:0\\nkeyUsage=critical,keyCertSign\\n' >ext && "
	"openssl x509 -new -force_pubkey pub.pem -CA ca.pem -CAkey ca.key -days 30 -extfile ext "
	"-subj \"/$(openssl x509 -in device.pem -noout -subject -nameopt sep_comma_plus | sed 's/subject=//')\" -out issued.pem";

static void test_maker(void **state)
{
	static struct text pem, ca, issued;
	char dir[] = "/tmp/attest-XXXXXX", command[1024];
	struct espvault_verify_params p;
	struct espvault_statement st;
	static struct stmt s;

	unit_statement(0, &s, &pem);
	assert_non_null(mkdtemp(dir));
	spill(dir, "device.pem", &pem);
	snprintf(command, sizeof(command), ca_script, dir);
	assert_int_equal(system(command), 0);
	slurp(dir, "ca.pem", &ca);
	slurp(dir, "issued.pem", &issued);
	refused(&s, &ca, 0, -ENOKEY, "do not lead");	/* it does not bring along what the CA issued */
	p = question(&ca, 0);
	p.chain = issued.b;
	p.chain_len = issued.len;
	assert_int_equal(ask(&s, &p, &st), 0);
	p.chain = "rubbish";
	p.chain_len = 7;
	assert_int_equal(ask(&s, &p, &st), -EINVAL);
	assert_non_null(strstr(words, "chain"));
	assert_int_equal(verify(&s, &issued, 0, &st), 0);	/* trusted itself, whoever issued it */
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

/* --- keys and SAs --- */

struct end {
	struct espvault *u;
	uint8_t nonce[32], ke[32];
	size_t ke_len;
	espvault_handle h_nonce, h_ke, ike;
	struct espvault_child child;
};

static void start(struct end *e, unsigned int n)
{
	e->u = open_rw(n);
	e->ke_len = sizeof(e->ke);
	assert_int_equal(espvault_nonce_gen(e->u, 32, e->nonce, &e->h_nonce), 0);
	assert_int_equal(espvault_ke_gen(e->u, ESPVAULT_X25519, e->ke, &e->ke_len, &e->h_ke), 0);
}

static void derive(struct end *e, const struct end *peer, uint8_t role)
{
	struct espvault_child_params c = ESPVAULT_INIT(struct espvault_child_params);
	struct espvault_ike_params p = ESPVAULT_INIT(struct espvault_ike_params);

	assert_int_equal(espvault_ke_finish(e->u, e->h_ke, peer->ke, 32, &p.secret), 0);
	p.role = role;
	p.prf = ESPVAULT_PRF_SHA256;
	p.nonce = e->h_nonce;
	p.peer_nonce = peer->nonce;
	p.peer_nonce_len = 32;
	memcpy(p.spi_i, "ini-spi", 8);
	memcpy(p.spi_r, "res-spi", 8);
	assert_int_equal(espvault_ike_derive(e->u, &p, &e->ike), 0);
	assert_int_equal(espvault_auth_assert(e->u, e->ike, 2, "peer.example", 12, 0), 0);
	c.flags = ESPVAULT_FIRST;
	c.role = role;
	c.ike = e->ike;
	e->child.size = sizeof(e->child);
	assert_int_equal(espvault_child_derive(e->u, &c, &e->child), 0);
}

static void check_peer(const struct espvault_statement *st, uint8_t type)
{
	assert_int_equal(st->type, type);
	assert_int_equal(st->vouch, 1);
	assert_int_equal(st->custody, ESPVAULT_CUSTODY_L3);
	assert_int_equal(st->id_type, 2);
	assert_int_equal(st->id_len, 12);
	assert_memory_equal(st->id, "peer.example", 12);
}

static void test_objects(void **state)
{
	struct espvault_statement st;
	static struct end a, b;
	enum esv_status status;
	static struct stmt s;
	static struct text pem;
	uint32_t sa;

	start(&a, 0);
	start(&b, 1);
	derive(&a, &b, ESPVAULT_INITIATOR);
	assert_int_equal(attest(a.u, ESPVAULT_SUBJECT_HANDLE, 0, a.ike, &s), 0);
	anchor_of(&s, &pem);
	assert_int_equal(verify(&s, &pem, 0, &st), 0);
	check_peer(&st, 4);
	assert_true(st.handle == a.ike);
	assert_int_equal(st.state, 2);
	sa = fake_install(0, a.child.token_out, ESV_DIR_OUT, SPI, &status);
	assert_int_not_equal(sa, 0);
	assert_int_equal(attest(a.u, ESPVAULT_SUBJECT_SA, sa, 0, &s), 0);
	assert_int_equal(verify(&s, &pem, 0, &st), 0);
	check_peer(&st, 5);
	assert_int_equal(st.sa_handle, sa);
	assert_int_equal(st.spi, SPI);
	assert_int_equal(st.family, 4);
	assert_int_equal(st.sa_mode, 1);
	assert_int_equal(st.algo, 2);
	assert_int_equal(st.dir, 1);
	assert_int_equal(st.reqid, 7);
	assert_int_equal(st.sa_state, 1);
	assert_memory_equal(st.daddr, "\x0a\0\0\2", 4);
	assert_true(st.sa_epoch == st.epoch);
	assert_int_equal(attest(a.u, ESPVAULT_SUBJECT_SA, sa + 1, 0, &s), -EBADF);
	assert_non_null(strstr(espvault_strerror(a.u), "ATTEST"));
	assert_int_equal(attest(b.u, ESPVAULT_SUBJECT_HANDLE, 0, a.ike + 99, &s), -EBADF);
	espvault_close(a.u);
	espvault_close(b.u);
}

/* --- arguments, and devices that answer nonsense --- */

static void too_long(uint16_t opcode, uint16_t *status, uint16_t *out_len, void *out)
{
	if (opcode == ESV_OP_ATTEST)
		((struct esv_attested *)out)->len = htole16(4089);
}

static void test_arguments(void **state)
{
	struct espvault_attest_params p = ESPVAULT_INIT(struct espvault_attest_params);
	struct espvault *u = open_rw(0);
	static struct stmt s;
	char small[16];
	size_t len = 10;

	p.subject = ESPVAULT_SUBJECT_UNIT;
	assert_int_equal(espvault_attest(u, &p, s.b, &len), -ENOBUFS);
	assert_int_equal(espvault_attest(u, NULL, s.b, &len), -EINVAL);
	assert_int_equal(espvault_attest(NULL, &p, s.b, &len), -EINVAL);
	assert_int_equal(attest(u, 9, 0, 0, &s), -EPROTONOSUPPORT);
	fake_faults.answer = too_long;
	assert_int_equal(attest(u, ESPVAULT_SUBJECT_UNIT, 0, 0, &s), -EPROTO);
	fake_faults.answer = NULL;
	assert_int_equal(attest(u, ESPVAULT_SUBJECT_UNIT, 0, 0, &s), 0);
	len = sizeof(small);
	assert_int_equal(espvault_certificate(s.b, s.len, small, &len), -ENOBUFS);
	assert_int_equal(espvault_certificate("no", 2, small, &len), -EBADMSG);
	assert_int_equal(espvault_certificate(NULL, 2, small, &len), -EINVAL);
	assert_int_equal(espvault_verify(NULL, 0, NULL, NULL), -EINVAL);
	espvault_close(u);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_genuine), T(test_small_callers), T(test_nonce), T(test_anchor), T(test_mode), T(test_truncated),
		T(test_form), T(test_flipped), T(test_mutated), T(test_contradictions), T(test_signature), T(test_maker),
		T(test_objects), T(test_arguments),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("attest", tests, NULL, NULL) ? 1 : 0;
}
