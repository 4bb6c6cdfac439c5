// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of a class. An empty value stands for the default. */
#include <string.h>

#include "policy_build.h"

const char class_key_names[] = "version, description, mode, encryption, integrity, replay, custody, "
			       "hardware, peers";

void class_defaults(struct policy_class *c)
{
	c->version = 1;
	c->set.modes = MODE_ALL;
	c->set.replay = REPLAY_ON;
	c->set.custody = CUSTODY_ALL;
	c->set.makers = MAKER_ALL;
	c->set.peers = PEERS_ALL;
}

static void key_version(struct policy_build *b, const struct place *at, const char *value)
{
	b->class->version = 1;
	if (*value)
		value_number(b, at, "version", value, 1, 999999999, &b->class->version);
}

static void key_description(struct policy_build *b, const struct place *at, const char *value)
{
	struct policy_class *c = b->class;

	if (strlen(value) >= sizeof(c->description))
		complain(b->c, at, "description: %zu bytes are too long; %zu is the most", strlen(value),
			 sizeof(c->description) - 1);
	else
		snprintf(c->description, sizeof(c->description), "%s", value);
}

static void add_mode(struct policy_build *b, const struct place *at, const char *word, void *arg)
{
	static const char *const words[] = { "transport", "tunnel", "clear", NULL };
	int i = value_word(b, at, "mode", word, words);

	(void)arg;
	if (i == 2)
		b->class->set.clear = true;
	else if (i >= 0)
		b->class->set.modes |= 1 << i;
}

static void key_mode(struct policy_build *b, const struct place *at, const char *value)
{
	b->class->set.modes = *value ? 0 : MODE_ALL;
	b->class->set.clear = false;
	if (*value)
		value_list(b, at, "mode", value, add_mode, NULL);
}

static void add_cipher(struct policy_build *b, const struct place *at, const char *word, void *arg)
{
	uint32_t set = ciphers_by_name(word);

	(void)arg;
	b->class->ciphers |= set;
	if (!set)
		complain(b->c, at, "encryption: there is no '%s'; write names of RFC 8221, such as ENCR_AES_GCM_16 "
			 "or, for one length of the key, ENCR_AES_GCM_16/256", word);
}

static void key_encryption(struct policy_build *b, const struct place *at, const char *value)
{
	b->class->ciphers = 0;
	if (*value)
		value_list(b, at, "encryption", value, add_cipher, NULL);
}

static void add_auth(struct policy_build *b, const struct place *at, const char *word, void *arg)
{
	uint32_t set = auths_by_name(word);

	(void)arg;
	b->class->auths |= set;
	if (!set)
		complain(b->c, at, "integrity: there is no '%s'; write names of RFC 8221, such as "
			 "AUTH_HMAC_SHA2_256_128", word);
}

static void key_integrity(struct policy_build *b, const struct place *at, const char *value)
{
	b->class->auths = 0;
	if (*value)
		value_list(b, at, "integrity", value, add_auth, NULL);
}

static void key_replay(struct policy_build *b, const struct place *at, const char *value)
{
	static const char *const words[] = { "required", "any", NULL };
	int i = *value ? value_word(b, at, "replay", value, words) : 0;

	b->class->set.replay = i == 1 ? REPLAY_ALL : REPLAY_ON;
}

static void add_custody(struct policy_build *b, const struct place *at, const char *word, void *arg)
{
	static const char *const words[] = { "any", "L0", "L1", "L2", "L3", "L4", NULL };
	int i = value_word(b, at, "custody", word, words);

	(void)arg;
	if (i == 0)
		b->class->set.custody = CUSTODY_ALL;
	else if (i > 0)
		b->class->set.custody |= CUSTODY_BIT(IPSECAPI_CUSTODY_L0 + i - 1);
}

static void key_custody(struct policy_build *b, const struct place *at, const char *value)
{
	b->class->set.custody = *value ? 0 : CUSTODY_ALL;
	if (*value)
		value_list(b, at, "custody", value, add_custody, NULL);
}

static void key_hardware(struct policy_build *b, const struct place *at, const char *value)
{
	static const char *const words[] = { "any", "prefer", "require", NULL };
	int i = *value ? value_word(b, at, "hardware", value, words) : 0;

	b->class->hardware = i > 0 ? i : HARDWARE_ANY;
	b->class->set.makers = i == HARDWARE_REQUIRE ? MAKER_CRYPTO | MAKER_PACKET : MAKER_ALL;
}

static void add_peer(struct policy_build *b, const struct place *at, const char *word, void *arg)
{
	struct policy *p = b->policy;
	uint32_t i;

	(void)arg;
	if (!strcmp(word, "any")) {
		b->class->set.peers = PEERS_ALL;
		return;
	}
	if (strlen(word) >= POLICY_PEER_NAME || strpbrk(word, " \t")) {
		complain(b->c, at, "peers: '%s' is no name of a peer: at most %d bytes without blanks", word,
			 POLICY_PEER_NAME - 1);
		return;
	}
	for (i = 1; i <= p->n_peers && strcmp(p->peers[i], word); i++)
		;
	if (i > POLICY_PEERS) {
		complain(b->c, at, "peers: '%s' is one too many; all classes together name at most %d", word,
			 POLICY_PEERS);
		return;
	}
	if (i > p->n_peers)
		strcpy(p->peers[++p->n_peers], word);
	b->class->set.peers |= 1ull << i;
}

static void key_peers(struct policy_build *b, const struct place *at, const char *value)
{
	b->class->set.peers = *value ? 0 : PEERS_ALL;
	if (*value)
		value_list(b, at, "peers", value, add_peer, NULL);
}

static const struct policy_key keys[] = {
	{ "version", key_version },		{ "description", key_description },
	{ "mode", key_mode },			{ "encryption", key_encryption },
	{ "integrity", key_integrity },		{ "replay", key_replay },
	{ "custody", key_custody },		{ "hardware", key_hardware },
	{ "peers", key_peers },
};

bool class_key(struct policy_build *b, const struct place *at, const char *key, const char *value)
{
	return policy_key(b, at, keys, sizeof(keys) / sizeof(keys[0]), key, value);
}

void class_finish(struct policy_build *b, struct policy_class *c, const struct place *at)
{
	int i;

	memset(c->set.suites, 0, sizeof(c->set.suites));
	for (i = CIPHER_NULL; i < CIPHERS; i++) {
		if (!(c->ciphers >> i & 1))
			continue;
		c->set.suites[i] = cipher_is_aead(i) ? 1u << AUTH_NONE :
				   i == CIPHER_NULL ? c->auths & ~(1u << AUTH_NONE) : c->auths;
	}
	/* what is known of a flow may be tunnelled: one who wants clear alone says so */
	outcomes_tidy(&c->set);
	if (outcomes_empty(&c->set))
		complain(b->c, at, "class %s accepts nothing: %s", c->name, c->ciphers ?
			 "none of its encryption has integrity of its own; list some under integrity =" :
			 "list what it accepts under encryption =");
}
